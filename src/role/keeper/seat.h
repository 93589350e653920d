/* Seats: the places that should always be taken, and when the next one starts (promise P11). */
#ifndef ROLE_KEEPER_SEAT_H
#define ROLE_KEEPER_SEAT_H

#include "role/keeper/keeper.h"
#include "sys/process.h"

/* seat_of - the seat of a role; index counts for edges only */
struct keeper_seat *seat_of(struct keeper *k, enum role role, unsigned index);

/* seat_init - names all seats; nobody is wanted */
void seat_init(struct keeper *k);

/* seat_want - somebody shall sit there from now on; seat_unwant - whoever sits there finishes */
void seat_want(struct keeper_seat *s, uint64_t now_ms);
void seat_unwant(struct keeper_seat *s);

/* seat_give - the seat is c's now; whoever sat there is returned, without a seat */
struct keeper_child *seat_give(struct keeper_seat *s, struct keeper_child *c);

/* seat_on_ready, seat_on_failed, seat_on_end - what happened to a child that may have a seat */
void seat_on_ready(struct keeper_child *c);
void seat_on_failed(struct keeper_child *c);
void seat_on_end(struct keeper_child *c, const struct process_end *end);

/* seat_on_frozen - c has just been stopped for good: another one takes its place, as if it had died
 */
void seat_on_frozen(struct keeper_child *c);

/* seat_all_run - every wanted seat is taken by a role that runs, with the newest image */
bool seat_all_run(const struct keeper *k);

/* seat_tick - starts whom it is time for; the next time, or UINT64_MAX */
uint64_t seat_tick(struct keeper *k);

#endif
