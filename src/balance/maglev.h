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
	MAGLEV_PLACES = 128,	  /* places per server, at least, ... */
	MAGLEV_SIZE_MAX = 262139, /* ... while the table stays within this: 512 KB */
	MAGLEV_ROUNDS = 512 /* of turns, that lie ahead; two of a server are at most 256 apart */
};

/* maglev_size - places of a table for n servers: a prime; 0 for none */
uint32_t maglev_size(uint32_t n);

/* A table in the making. */
struct maglev_build {
	const struct balance_pool *p;
	struct balance_scratch *s;
	uint16_t *place;
	uint32_t size, filled;
	uint32_t weight_max;
	unsigned kind;
	unsigned stage;
	uint32_t at;		       /* in this stage */
	uint32_t turn;		       /* rounds that were begun */
	uint32_t i;		       /* whose turn it is; MAGLEV_END: the next round's first */
	uint32_t round[MAGLEV_ROUNDS]; /* first server of each list */
};

/*
 * maglev_begin - a table for the servers of one kind
 *   place     keeps: maglev_size places, of any contents
 *   scratch   keeps: p->n of them, of any contents
 */
void maglev_begin(struct maglev_build *b, const struct balance_pool *p, unsigned kind,
		  uint16_t *place, uint32_t size, struct balance_scratch *scratch);

/*
 * maglev_step - goes on with it; true: it is made
 *   steps   at most so many, of some nanoseconds; what is left of them
 * O(M log M) steps for M places in all (the paper, section 3.4).
 */
bool maglev_step(struct maglev_build *b, uint32_t *steps);

/* maglev_pick - see balance_pick; f->has_hash. O(1) expected, see bounded_any */
uint32_t maglev_pick(const struct balance_pool *p, const struct balance_facts *f);

#endif
