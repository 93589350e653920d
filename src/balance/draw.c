/*
 * By rejection, which is independent of the pool's size while most of it is usable, and by a search
 * in the tree of weights when luck does not help (few of many are usable, or one weight dwarfs the
 * others).
 */
#include "balance/draw.h"

#include "balance/weights.h"

enum { DRAW_TRIES = 16 };

/* x, uniform in its lower 32 bits, as a number below n. */
static uint32_t draw_scale(uint64_t x, uint32_t n)
{
	return (uint32_t)(((x & UINT32_MAX) * n) >> 32);
}

uint32_t draw_one(const struct balance_pool *p, const struct balance_choice *c,
		  const struct balance_facts *f, uint32_t but)
{
	uint32_t less = but == BALANCE_NONE ? 0 : p->server[but].weight;

	/* Any server with equal chance, kept with chance weight / weight_max. */
	for (unsigned k = 0; k < DRAW_TRIES; k++) {
		uint64_t u = rng_next(f->rng);
		uint32_t i = 0;

		if (but == BALANCE_NONE) {
			i = draw_scale(u >> 32, p->n);
		} else { /* one of the others, counted from behind `but` */
			i = but + 1 + draw_scale(u >> 32, p->n - 1);
			i = i < p->n ? i : i - p->n;
		}
		if (draw_scale(u, p->weight_max) < p->server[i].weight &&
		    balance_is_left(p, c, f->tried, i))
			return i;
	}
	return weights_find_left(p, c, f->tried, but, rng_below(f->rng, c->total - less));
}

struct draw_pair draw_two(const struct balance_pool *p, const struct balance_choice *c,
			  const struct balance_facts *f)
{
	struct draw_pair d = { .first = draw_one(p, c, f, BALANCE_NONE), .second = BALANCE_NONE };

	if (c->n == 2 && p->n == 2)
		d.second = 1 - d.first;
	else if (c->n == 2)
		d.second = weights_find_left(p, c, f->tried, d.first, 0); /* the other one */
	else if (c->n > 2)
		d.second = draw_one(p, c, f, d.first);
	INVARIANT(d.first < p->n && (d.second < p->n || c->n == 1));
	return d;
}
