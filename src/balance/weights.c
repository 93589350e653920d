/* Node k (from 1) of a tree holds the sum of the k & -k weights that end with the k-th server. */
#include "balance/weights.h"

void weights_add(struct balance_pool *p, unsigned kind, uint32_t i, uint32_t more)
{
	for (uint32_t k = i + 1; k <= p->n; k += k & -k)
		p->server[k - 1].sum[kind] += more;
}

uint32_t weights_before(const struct balance_pool *p, unsigned kind, uint32_t i)
{
	uint32_t sum = 0;

	for (uint32_t k = i; k; k &= k - 1)
		sum += p->server[k - 1].sum[kind];
	return sum;
}

uint32_t weights_find(const struct balance_pool *p, unsigned kind, uint32_t x)
{
	uint32_t at = 0, step = 1;

	while (step <= p->n / 2)
		step *= 2;
	for (; step; step /= 2) {
		uint32_t k = at + step;

		if (k > p->n || p->server[k - 1].sum[kind] > x)
			continue;
		at = k;
		x -= p->server[k - 1].sum[kind];
	}
	INVARIANT(at < p->n);
	return at;
}

/* The smallest exception at or above `from`; BALANCE_NONE: no more. They are few: no sorting. */
static uint32_t weights_next(const struct balance_pool *p, const struct balance_choice *c,
			     const struct balance_tried *tried, uint32_t but, uint32_t from)
{
	uint32_t best = but != BALANCE_NONE && but >= from ? but : BALANCE_NONE;

	for (uint32_t k = 0; c->has_exceptions && k < tried->n; k++) {
		uint32_t i = tried->index[k];

		if (i < p->n && i >= from && i < best && p->server[i].is_usable &&
		    p->server[i].is_backup == c->is_backup)
			best = i;
	}
	return best;
}

uint32_t weights_find_left(const struct balance_pool *p, const struct balance_choice *c,
			   const struct balance_tried *tried, uint32_t but, uint32_t x)
{
	uint32_t i = 0;

	/* Positions behind an exception move up by what it weighs. */
	while ((i = weights_next(p, c, tried, but, i)) != BALANCE_NONE) {
		if (x >= weights_before(p, c->is_backup, i))
			x += p->server[i].weight;
		i++;
	}
	return weights_find(p, c->is_backup, x);
}
