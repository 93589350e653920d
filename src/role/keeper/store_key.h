/*
 * The key that opens what the authority's store keeps sealed (secrets of one-time codes):
 * DIR/store.key, 32 bytes, made once. It is not in the store's directory, and the authority can't
 * write it: a copy of the store alone gives no factor away.
 */
#ifndef ROLE_KEEPER_STORE_KEY_H
#define ROLE_KEEPER_STORE_KEY_H

#include "role/keeper/keeper.h"

/*
 * store_key_load - reads or makes it; the state directory is open
 * E_DENIED it is there and damaged, or others can read it: nobody may make a new one, which would
 * open nothing any more (logged with what to do) · E_SYS (logged)
 */
enum err store_key_load(struct keeper *k);

#endif
