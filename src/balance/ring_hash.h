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

/* The points lie sorted behind an index by their top bits: entry b says where the points begin
 * whose top bits are b. */
struct ring_hash {
	struct ring_hash_point *point;
	uint32_t *start; /* 2^bits + 1 */
	unsigned bits;
	uint32_t size;
};

/* A ring in the making. */
struct ring_hash_build {
	const struct balance_pool *p;
	struct ring_hash ring;
	unsigned kind, halvings;
	unsigned stage;
	uint32_t at; /* in this stage */
};

/* ring_hash_begin - in zeroed memory of ring_hash_bytes, which b keeps */
void ring_hash_begin(struct ring_hash_build *b, const struct balance_pool *p, unsigned kind,
		     void *memory, uint32_t size);

/*
 * ring_hash_step - goes on with it; true: it is made
 *   steps   about so many, of some nanoseconds (a server's points are counted, and placed, in one
 *           go: 32768 at most); what is left of them
 * O(size) steps in all.
 */
bool ring_hash_step(struct ring_hash_build *b, uint32_t *steps);

/* ring_hash_pick - see balance_pick; f->has_hash. O(1) expected, see bounded_any */
uint32_t ring_hash_pick(const struct balance_pool *p, const struct balance_facts *f);

#endif
