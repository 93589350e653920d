/*
 * The intruder: a role's own program, in which the linker has put a few functions in front of the
 * real ones (--wrap). The role starts, is told everything, closes its sandbox and says that it is
 * ready, all by its own code; what takes over then has exactly what somebody would have who had
 * just exploited it: its descriptors, channels, pages, secrets and system calls.
 *
 * Without a board (a keeper that does not drill) the program ends at once.
 */
#ifndef DRILL_INTRUDER_H
#define DRILL_INTRUDER_H

#include "drill/act.h"

/* intruder_run - tries the acts that are left, from board->next; does not return */
void intruder_run(struct intruder *x) __attribute__((noreturn));

/* intruder_open - finds the board, and bounds how long this process lives: INTRUDER_LIFE_S. False:
 * there is none */
bool intruder_open(struct intruder *x);

#endif
