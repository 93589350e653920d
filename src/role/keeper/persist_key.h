/*
 * The key of persistence cookies: DIR/persistence.key, made once, so that a client stays at its
 * server over restarts and upgrades. Read by the keeper alone, handed to edges at their birth.
 */
#ifndef ROLE_KEEPER_PERSIST_KEY_H
#define ROLE_KEEPER_PERSIST_KEY_H

#include "role/keeper/keeper.h"

/*
 * persist_key_load - reads or makes the file, and k->persist_keys from it
 * A key that is older than any cookie may become is followed by a new one at the next start or
 * upgrade, and still opens the cookies it made. A file that is not ours alone, or not whole, is
 * replaced (logged): clients are balanced anew. When the file can't be written the key lasts as
 * long as this keeper (logged). E_SYS: no memory for it
 */
enum err persist_key_load(struct keeper *k);

/* persist_key_fresh - one that opens nothing that was made before (k->renew has the old ones) */
void persist_key_fresh(struct keeper *k);

/* persist_key_keep - writes the present ones. E_SYS (logged) */
enum err persist_key_keep(const struct keeper *k);

#endif
