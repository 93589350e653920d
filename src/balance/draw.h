/* A random server, each with the chance its weight gives: what random, least_requests and peak_ewma
 * begin with. */
#ifndef BALANCE_DRAW_H
#define BALANCE_DRAW_H

#include "balance/balance.h"

/* draw_one - one of those that c counts (at least one; two with `but`), not `but` when that is one
 * of them. O(1) expected while most are usable, O(log n) always */
uint32_t draw_one(const struct balance_pool *p, const struct balance_choice *c,
		  const struct balance_facts *f, uint32_t but);

/* draw_two - two different ones, the second BALANCE_NONE when c counts only one */
struct draw_pair {
	uint32_t first, second;
};
struct draw_pair draw_two(const struct balance_pool *p, const struct balance_choice *c,
			  const struct balance_facts *f);

#endif
