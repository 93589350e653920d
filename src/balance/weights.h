/*
 * The weights of a pool's usable servers laid end to end: who stands at a position, and where does
 * a server begin? P. M. Fenwick, "A New Data Structure for Cumulative Frequency Tables", Software:
 * Practice and Experience 24(3), 1994. One tree per kind of server, kept in the servers themselves.
 */
#ifndef BALANCE_WEIGHTS_H
#define BALANCE_WEIGHTS_H

#include "balance/balance.h"

/* weights_add - server i of this kind weighs so much more, or less (modulo 2^32). O(log n) */
void weights_add(struct balance_pool *p, unsigned kind, uint32_t i, uint32_t more);

/* weights_before - sum of the weights of usable servers of this kind with an index below i. O(log
 * n) */
uint32_t weights_before(const struct balance_pool *p, unsigned kind, uint32_t i);

/* weights_find - the server at position x, x below the sum of all. O(log n) */
uint32_t weights_find(const struct balance_pool *p, unsigned kind, uint32_t x);

/*
 * weights_find_left - likewise among those that a choice has left
 *   x     below c->total, less the weight of `but`
 *   but   one more that is left out; BALANCE_NONE: none
 */
uint32_t weights_find_left(const struct balance_pool *p, const struct balance_choice *c,
			   const struct balance_tried *tried, uint32_t but, uint32_t x);

#endif
