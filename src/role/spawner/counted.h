/* What cells say that they have counted, added to the stripe of all spawners. */
#ifndef ROLE_SPAWNER_COUNTED_H
#define ROLE_SPAWNER_COUNTED_H

#include "role/spawner/spawner.h"

/* counted_pump - at most budget messages of a cell. E_OK, E_AGAIN it goes on · E_CLOSED it is gone
 * · else it has broken the protocol */
enum err counted_pump(struct spawner_cell_slot *c, unsigned budget);

#endif
