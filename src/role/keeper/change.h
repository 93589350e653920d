/*
 * Changes: the first start, a reload, the renewal of all roles after an upgrade. One at a time;
 * until it is decided nothing of what runs is touched, and what fails before leaves no trace.
 *
 *   IDLE -> CONFIG   config compiles the file
 *        -> PREPARE  new listeners are bound, the new signer and dialer start; in a renewal the
 *                    new edges too
 *        -> SWAP     decided: edges change over (first start: audit, console and edges start)
 *        -> IDLE     all have; what is in no image any more is closed
 */
#ifndef ROLE_KEEPER_CHANGE_H
#define ROLE_KEEPER_CHANGE_H

#include "role/keeper/keeper.h"
#include "sys/process.h"

/* change_request - starts a change, or remembers that one more is wanted after the present one */
void change_request(struct keeper *k, bool is_renewal);

/* change_request_by - a reload that somebody asks for */
void change_request_by(struct keeper *k, const struct keeper_asker *who);

/* change_request_rekey - new processes with fresh keys (renew.h); nothing else is under way */
void change_request_rekey(struct keeper *k, const struct keeper_asker *who);

/* change_request_edit - the run-time change that waits longest begins, when nothing else is under
 * way */
void change_request_edit(struct keeper *k);

/* change_on_image - the config role's result; takes fd. E_PROTO it is none: ends the role */
enum err change_on_image(struct keeper_child *c, uint32_t generation, int fd);

/* change_on_ready, change_on_end - true: c was part of the change, nothing else to do */
bool change_on_ready(struct keeper_child *c);
bool change_on_end(struct keeper_child *c, const struct process_end *end);

/* change_on_swapped, change_settle - perhaps this was the last thing the change waited for */
void change_on_swapped(struct keeper *k);
void change_settle(struct keeper *k);

/* change_drop - ends what a change that is not decided yet has started */
void change_drop(struct keeper *k);

/* change_tick - a change that was decided does not wait for ever for a role that can't start; the
 * next time, or UINT64_MAX */
uint64_t change_tick(struct keeper *k);

/* change_fail_first - a role could not start before Sluis was ever ready: it stops, status 1 */
void change_fail_first(struct keeper *k);

#endif
