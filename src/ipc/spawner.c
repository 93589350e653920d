/* The forms of what the spawner says, and is told. */
#include "ipc/spawner.h"

WIRE_FORM(spawner_cell, SPAWNER_CELL_FIELDS)
WIRE_FORM(spawner_kill, SPAWNER_KILL_FIELDS)
