/* Non-cryptographic hash for tables that Sluis itself builds (never for keys that clients choose to
 * insert). */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/view.h"

/* hash_fnv1a - 64-bit FNV-1a, draft-eastlake-fnv-17 §2 */
uint64_t hash_fnv1a(struct view v);

#endif
