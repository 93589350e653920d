/*
 * Two servers are drawn, each with the chance its weight gives, and the one that would be less
 * loaded with one more request is taken. When both are idle the first drawn is taken: an idle pool
 * follows its weights, where "less loaded" would always name the heaviest.
 *
 * A draw is by rejection, which is independent of the pool's size while most of it is usable, and
 * by a scan when luck does not help (few of many are usable, or one weight dwarfs the others).
 */
#include "balance/least_requests.h"

enum { LEAST_REQUESTS_DRAWS = 32 };

/* x, uniform in 32 bits, as a number below n. */
static uint32_t least_requests_scale(uint64_t x, uint32_t n)
{
	return (uint32_t)(((x & UINT32_MAX) * n) >> 32);
}

/* The server at position x of the weights laid end to end, not counting `but`. */
static uint32_t least_requests_scan(const struct balance_pool *p, const struct balance_choice *c,
				    const struct balance_tried *tried, uint32_t but, uint32_t x)
{
	for (uint32_t i = 0; i < p->n; i++) {
		if (i == but || !balance_is_left(p, c, tried, i))
			continue;
		if (x < p->server[i].weight)
			return i;
		x -= p->server[i].weight;
	}
	return BALANCE_NONE;
}

/* One server, with the chance weight / total; not `but`, when that is one. */
static uint32_t least_requests_draw(const struct balance_pool *p, const struct balance_choice *c,
				    const struct balance_tried *tried, uint32_t but, struct rng *r)
{
	/* Any server with equal chance, kept with chance weight / weight_max. */
	for (unsigned k = 0; k < LEAST_REQUESTS_DRAWS; k++) {
		uint64_t u = rng_next(r);
		uint32_t i = 0;

		if (but == BALANCE_NONE) {
			i = least_requests_scale(u >> 32, p->n);
		} else { /* one of the others, counted from behind `but` */
			i = but + 1 + least_requests_scale(u >> 32, p->n - 1);
			i = i < p->n ? i : i - p->n;
		}
		if (least_requests_scale(u, p->weight_max) < p->server[i].weight &&
		    balance_is_left(p, c, tried, i))
			return i;
	}
	return least_requests_scan(
		p, c, tried, but,
		rng_below(r, c->total - (but == BALANCE_NONE ? 0 : p->server[but].weight)));
}

uint32_t least_requests_pick(const struct balance_pool *p, const struct balance_tried *tried,
			     struct rng *r)
{
	const struct balance_choice c = balance_choose(p, tried);
	const struct balance_server *a = NULL, *b = NULL;
	uint32_t first = 0, second = 0;

	if (c.n == 0)
		return BALANCE_NONE;
	first = least_requests_draw(p, &c, tried, BALANCE_NONE, r);
	if (c.n == 1)
		return first;
	second = c.n == 2 ? least_requests_scan(p, &c, tried, first, 0) /* the other one */
			  : least_requests_draw(p, &c, tried, first, r);
	INVARIANT(first < p->n && second < p->n);
	a = &p->server[first];
	b = &p->server[second];
	if ((a->in_flight | b->in_flight) == 0)
		return first;
	/* (a + 1) / weight_a <= (b + 1) / weight_b, without division */
	return ((uint64_t)a->in_flight + 1) * b->weight <= ((uint64_t)b->in_flight + 1) * a->weight
		       ? first
		       : second;
}
