/* A keeper without roles: children are forked sleepers, whose side of the channel the test plays.
 */
#ifndef TESTS_IPC_KEEPER_KIT_H
#define TESTS_IPC_KEEPER_KIT_H

#include "role/keeper/keeper.h"

/* keeper_kit_new - a keeper with a loop, and no process, socket or file; aborts when it can't */
struct keeper *keeper_kit_new(void);
void keeper_kit_free(struct keeper *k);

/* keeper_kit_child - a child in that state with a live process; *ret_peer is the role's end */
struct keeper_child *keeper_kit_child(struct keeper *k, enum role role,
				      enum keeper_child_state state, int *ret_peer);

/* keeper_kit_client - a command that has connected; *ret_peer is its end */
struct keeper_client *keeper_kit_client(struct keeper *k, int *ret_peer);

/* keeper_kit_turn - lets the keeper work until nothing happens for some milliseconds */
void keeper_kit_turn(struct keeper *k);

#endif
