/*
 * New programs in place of the running ones, without a lost connection: the new keeper program
 * first checks itself and whether it understands what would be handed over; only then this process
 * executes it. It keeps its pid, its children and its sockets.
 */
#ifndef ROLE_KEEPER_UPGRADE_H
#define ROLE_KEEPER_UPGRADE_H

#include "role/keeper/keeper.h"

/* upgrade_request - as soon as nothing else is under way */
void upgrade_request(struct keeper *k);

/* upgrade_tick - goes on with one that was asked for; the next time, or UINT64_MAX */
uint64_t upgrade_tick(struct keeper *k);

/* upgrade_on_check - handler of the loop: the new program's check of itself has ended */
void upgrade_on_check(void *owner, struct loop_source *source, uint32_t events);

/* upgrade_self_check - this program's answer to its predecessor: are all programs there, is the
 * handover (-1: none) understood? The exit status */
int upgrade_self_check(struct keeper *k, int handover_fd);

#endif
