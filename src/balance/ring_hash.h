/*
 * Consistent hashing: D. Karger et al., "Consistent Hashing and Random Trees", STOC 1997. Every
 * server has points on a circle, in proportion to its weight; a key belongs to the first point
 * behind it. When a server leaves, its keys alone move; when one comes, only to it.
 *
 * Of a server that can't be chosen, or is full (bounded.h), the keys go on along the circle.
 */
#ifndef BALANCE_RING_HASH_H
#define BALANCE_RING_HASH_H

#include "balance/balance.h"

enum {
	RING_HASH_POINTS = 128,	       /* per server and unit of weight, a power of two, ... */
	RING_HASH_POINTS_MAX = 1 << 17 /* ... halved until a pool's sum is within this: 1 MB */
};

struct ring_hash_point {
	uint32_t hash, server;
};

/* ring_hash_size - points of all servers of one kind; 0 for none */
uint32_t ring_hash_size(const struct balance_pool *p, unsigned kind);

/* ring_hash_bytes - memory for that many points and their index */
size_t ring_hash_bytes(uint32_t size);

/* ring_hash_build - fills zeroed memory of ring_hash_bytes. O(size) */
void ring_hash_build(const struct balance_pool *p, unsigned kind, void *memory, uint32_t size);

/* ring_hash_pick - see balance_pick; f->has_hash. O(1) expected, see bounded_any */
uint32_t ring_hash_pick(const struct balance_pool *p, const struct balance_facts *f);

#endif
