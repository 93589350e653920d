/*
 * Maglev hashing: D. E. Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load
 * Balancer", NSDI 2016, section 3.4. A table of prime size in which every server has its share of
 * the places; a key's place names its server in one look.
 *
 * Weights: a server takes turns in proportion. A server that can't be chosen keeps its places: keys
 * of those go on by a stride of their own to other places, so that only they move, and come back.
 * The table is made anew when servers come or leave for good, by a reload; then a little more than
 * the least possible part of the keys moves (the paper's figure 12).
 */
#ifndef BALANCE_MAGLEV_H
#define BALANCE_MAGLEV_H

#include "balance/balance.h"

enum {
	MAGLEV_PLACES = 128,	 /* places per server, at least, ... */
	MAGLEV_SIZE_MAX = 262139 /* ... while the table stays within this: 512 KB */
};

/* maglev_size - places of a table for n servers: a prime; 0 for none */
uint32_t maglev_size(uint32_t n);

/*
 * maglev_build - fills a table for the servers of one kind
 *   place     maglev_size places, of any contents
 *   scratch   p->n of them, of any contents
 * O(size) expected turns (the paper: O(M log M)).
 */
void maglev_build(const struct balance_pool *p, unsigned kind, uint16_t *place, uint32_t size,
		  struct balance_scratch *scratch);

/* maglev_pick - see balance_pick; f->has_hash. O(1) expected, see bounded_any */
uint32_t maglev_pick(const struct balance_pool *p, const struct balance_facts *f);

#endif
