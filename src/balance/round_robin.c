/* Weighted round robin, in the three forms that the header tells of. */
#include "balance/round_robin.h"

#include "balance/weights.h"

enum { ROUND_ROBIN_STEPS = 16 };

static bool round_robin_has_credits(const struct balance_pool *p)
{
	return (!p->is_even || p->starting) && p->n <= ROUND_ROBIN_FEW;
}

void round_robin_forget(struct balance_pool *p)
{
	for (uint32_t i = 0; p->n <= ROUND_ROBIN_FEW && i < p->n; i++)
		p->server[i].current = 0;
}

/* The next usable one, around the circle. */
static uint32_t round_robin_next(struct balance_pool *p, const struct balance_choice *c,
				 const struct balance_facts *f)
{
	uint32_t i = p->turn < p->n ? p->turn : 0;

	for (uint32_t k = 0; k < 2 + BALANCE_TRIED_MAX; k++) {
		if (!p->server[i].is_usable || p->server[i].is_backup != c->is_backup) {
			uint32_t x = weights_before(p, c->is_backup, i);

			i = weights_find(p, c->is_backup, x < p->total[c->is_backup] ? x : 0);
		}
		p->turn = i + 1 < p->n ? i + 1 : 0;
		if (balance_is_left(p, c, f->tried, i))
			return i;
		i = p->turn;
	}
	return weights_find_left(p, c, f->tried, BALANCE_NONE, 0);
}

static uint32_t round_robin_richest(struct balance_pool *p, const struct balance_choice *c,
				    const struct balance_facts *f)
{
	uint32_t best = BALANCE_NONE;

	for (uint32_t i = 0; i < p->n; i++) {
		if (!balance_is_left(p, c, f->tried, i))
			continue;
		p->server[i].current += p->server[i].weight;
		if (best == BALANCE_NONE || p->server[i].current > p->server[best].current)
			best = i;
	}
	INVARIANT(best != BALANCE_NONE);
	/* What all earned, one pays: the sum of all credits stays what it was, so none can
	 * overflow: each stays within the sum of the weights (at most 64 * 256 * 64). */
	p->server[best].current -= (int32_t)c->total;
	return best;
}

static uint32_t round_robin_gcd(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t r = a % b;

		a = b;
		b = r;
	}
	return a;
}

/* The golden section of n, made prime to it: every position is met before one is met again. */
static uint32_t round_robin_stride(uint32_t n)
{
	uint32_t s = (uint32_t)((uint64_t)n * 2654435769u >> 32);

	while (round_robin_gcd(s ? s : 1, n) != 1)
		s++;
	return s ? s : 1;
}

static uint32_t round_robin_walk(struct balance_pool *p, const struct balance_choice *c,
				 const struct balance_facts *f)
{
	uint32_t unit = p->starting ? 1 : BALANCE_UNIT, n = p->total[c->is_backup] / unit;

	if (p->strides != n) {
		p->strides = n;
		p->stride = round_robin_stride(n);
	}
	for (unsigned k = 0; k < ROUND_ROBIN_STEPS; k++) {
		uint32_t i = 0;

		p->turn = (uint32_t)(((uint64_t)p->turn + p->stride) % n);
		i = weights_find(p, c->is_backup, p->turn * unit);
		if (balance_is_left(p, c, f->tried, i))
			return i;
	}
	return weights_find_left(p, c, f->tried, BALANCE_NONE, rng_below(f->rng, c->total));
}

uint32_t round_robin_pick(struct balance_pool *p, const struct balance_facts *f)
{
	const struct balance_choice c = balance_choose(p, f->tried);

	if (c.n == 0)
		return BALANCE_NONE;
	if (round_robin_has_credits(p))
		return round_robin_richest(p, &c, f);
	return p->is_even && !p->starting ? round_robin_next(p, &c, f) : round_robin_walk(p, &c, f);
}
