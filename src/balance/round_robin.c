/* Smooth weighted round robin. */
#include "balance/round_robin.h"

uint32_t round_robin_pick(struct balance_pool *p, const struct balance_tried *tried)
{
	const struct balance_choice c = balance_choose(p, tried);
	uint32_t best = BALANCE_NONE;

	if (c.n == 0)
		return BALANCE_NONE;
	for (uint32_t i = 0; i < p->n; i++) {
		if (!balance_is_left(p, &c, tried, i))
			continue;
		p->server[i].current += p->server[i].weight;
		if (best == BALANCE_NONE || p->server[i].current > p->server[best].current)
			best = i;
	}
	INVARIANT(best != BALANCE_NONE);
	/* What all earned, one pays: the sum of all credits stays what it was, so none can
	 * overflow: each stays within the sum of the weights (at most 16384 * 256). */
	p->server[best].current -= (int32_t)c.total;
	return best;
}
