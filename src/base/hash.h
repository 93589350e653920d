/* Non-cryptographic hash for tables that Sluis itself builds (never for keys that clients choose to
 * insert). */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/view.h"

/* hash_fnv1a - 64-bit FNV-1a, draft-eastlake-fnv-17 §2 */
/*@ requires view_ok(v);
  @ assigns \nothing;
  @*/
uint64_t hash_fnv1a(struct view v);

/* hash_fnv1a_add - the same byte by byte, from HASH_FNV1A_START on */
#define HASH_FNV1A_START 0xcbf29ce484222325u
//@ assigns \nothing;
static inline uint64_t hash_fnv1a_add(uint64_t h, uint8_t byte)
{
	return (h ^ byte) * 0x100000001b3u;
}

/* hash_keyed - SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): for
 * tables whose keys clients choose, under a key that they don't know */
/*@ requires \valid_read(key + (0 .. 1)) && view_ok(v);
  @ assigns \nothing;
  @*/
uint64_t hash_keyed(const uint64_t key[2], struct view v);

/* hash_mix - another number, one to one: the finisher of SplitMix64 (G. L. Steele, D. Lea and C. H.
 * Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014) */
//@ assigns \nothing;
uint64_t hash_mix(uint64_t x);

#endif
