/*
 * The key by which edges hash what leads to servers (balance: maglev, ring_hash, source_address):
 * DIR/hash.key, 16 bytes, made once. All edges have it, and have it again after a restart, so that
 * clients come back to their servers; another installation has another, so that nobody can work out
 * elsewhere which keys meet at one server.
 */
#ifndef ROLE_KEEPER_HASH_KEY_H
#define ROLE_KEEPER_HASH_KEY_H

#include "role/keeper/keeper.h"

/* hash_key_load - reads or makes it; the state directory is open. One that can't be kept serves
 * until the next start (logged). E_SYS: no memory for it (logged) */
enum err hash_key_load(struct keeper *k);

/* hash_key_keep - writes the present one. E_SYS (logged) */
enum err hash_key_keep(const struct keeper *k);

#endif
