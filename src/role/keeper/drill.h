/*
 * A drill (docs/drill.md). In a twin (--drill ROLE, started by `sluis drill` with a board as its
 * descriptor 1) one seat is filled by the intruder, a program beside the roles' own, once all have
 * started: it is ended again and again by what it tries, and begins anew at once. In the instance
 * that is drilled the keeper only writes into the log what the command says.
 */
#ifndef ROLE_KEEPER_DRILL_H
#define ROLE_KEEPER_DRILL_H

#include "role/keeper/keeper.h"
#include "sys/process.h"

/* drill_open - the board, when options.drill names a role. E_DENIED there is none (logged) */
enum err drill_open(struct keeper *k);

/* drill_program - the name of the program that is to fill this role's place: row's, or the
 * intruder's */
const char *drill_program(const struct keeper *k, enum role role, uint16_t index,
			  const char *program);

/* drill_has_seat - the intruder sits there, and is replaced without a back-off; drill_is_over:
 * never again */
bool drill_has_seat(const struct keeper *k, enum role role, uint16_t index);
bool drill_is_over(const struct keeper *k);

/* drill_on_end - c has ended: it may have been the intruder */
void drill_on_end(const struct keeper_child *c, const struct process_end *end);

/* drill_tick - lets the intruder in when everything runs; config, which runs at changes only, is
 * asked for one after the other */
void drill_tick(struct keeper *k);

/* drill_note - TOOL_DRILL: a drill of this instance has begun or ended, for the log. E_PROTO */
enum err drill_note(struct keeper_client *c, struct view body);

#endif
