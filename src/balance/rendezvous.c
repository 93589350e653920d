/*
 * The score of a server is -ln(u) / weight with u in (0, 1) drawn from key and server: the time of
 * the first event of a Poisson process whose rate is the weight. The least one wins, which happens
 * with a chance of weight over the sum of all weights. Computed with integers: logarithms to base 2
 * order scores as well, and every process must come to the same result.
 */
#include "balance/rendezvous.h"

enum { RENDEZVOUS_FRACTION = 20 /* bits of the logarithm behind the point */ };

static uint64_t rendezvous_mix(uint64_t x)
{
	/* The finalizer of splitmix64: S. Vigna, after D. Stafford's variant 13. */
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

/* -log2(u / 2^64), u > 0, in units of 2^-20: squaring the mantissa gives one bit after another. */
static uint64_t rendezvous_minus_log2(uint64_t u)
{
	unsigned shift = (unsigned)__builtin_clzll(u);
	uint64_t m = u << shift >> 32; /* 1.0 is 2^31 */
	uint64_t fraction = 0;

	for (unsigned i = 0; i < RENDEZVOUS_FRACTION; i++) {
		m = m * m >> 31;
		fraction = fraction << 1 | m >> 32;
		if (m >> 32)
			m >>= 1;
	}
	return ((uint64_t)(shift + 1) << RENDEZVOUS_FRACTION) - fraction;
}

uint32_t rendezvous_pick(const struct balance_pool *p, const struct balance_tried *tried,
			 const struct image_server *servers, uint64_t key)
{
	const struct balance_choice c = balance_choose(p, tried);
	uint32_t best = BALANCE_NONE;
	uint64_t best_score = 0, best_weight = 1;

	for (uint32_t i = 0; c.n && i < p->n; i++) {
		uint64_t score = 0, weight = p->server[i].weight;

		if (!balance_is_left(p, &c, tried, i))
			continue;
		score = rendezvous_minus_log2(
			rendezvous_mix(key ^ rendezvous_mix(servers[i].persist_id)) | 1);
		/* score / weight < best_score / best_weight, without division */
		if (best == BALANCE_NONE || score * best_weight < best_score * weight) {
			best = i;
			best_score = score;
			best_weight = weight;
		}
	}
	return best;
}
