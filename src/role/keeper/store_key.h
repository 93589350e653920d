/*
 * The key that opens what the authority's store keeps sealed (secrets of one-time codes):
 * DIR/store.key, 32 bytes, made once. It is not in the store's directory, and the authority can't
 * write it: a copy of the store alone gives no factor away.
 *
 * It is changed with both keys at hand: DIR/store.key.next is written, the authority is born with
 * both, seals everything anew in one transaction and says so, and the next one takes the place of
 * the old one. A stop at any point leaves both files, or one that is right.
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

/* store_key_next - another one, which the next authority seals the store under; the one that waits
 * already, when there is one. E_SYS (logged), E_NOMEM */
enum err store_key_next(struct keeper *k);

/* store_key_resealed - the authority says that the store is under the next one: the old one is
 * gone. E_DENIED there is none · E_SYS (logged) */
enum err store_key_resealed(struct keeper *k);

#endif
