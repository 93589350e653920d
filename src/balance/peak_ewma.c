/* Fixed point, no libm: e^-x is 2^-(x / ln 2), a shift and a straight line between two of its
 * points, at most 6 % above the curve. */
#include "balance/peak_ewma.h"

#include "balance/draw.h"

enum {
	PEAK_EWMA_HALF_MS = 6931, /* PEAK_EWMA_DECAY_MS * ln 2 */
	PEAK_EWMA_ONE = 1 << 16,
	PEAK_EWMA_SPAN = 8,
	PEAK_EWMA_PENDING_MAX = 1 << 22
};

/* What is left of ONE after so long. */
static uint32_t peak_ewma_left(uint32_t ms)
{
	uint32_t halvings = ms / PEAK_EWMA_HALF_MS, rest = ms % PEAK_EWMA_HALF_MS;

	if (halvings > 16)
		return 0;
	return (PEAK_EWMA_ONE - rest * (PEAK_EWMA_ONE / 2) / PEAK_EWMA_HALF_MS) >> halvings;
}

/* Time since m; a stamp ahead of ours (another edge's, or a lie) is now. */
static uint32_t peak_ewma_age(const struct peak_ewma *m, uint64_t now_ms)
{
	uint32_t age = (uint32_t)now_ms - m->at_ms;

	return age > INT32_MAX ? 0 : age;
}

uint32_t peak_ewma_now(const struct peak_ewma *m, uint64_t now_ms)
{
	uint64_t x = m->latency_us < PEAK_EWMA_MAX_US ? m->latency_us : PEAK_EWMA_MAX_US;

	if (x == 0)
		return 0;
	x = x * peak_ewma_left(peak_ewma_age(m, now_ms)) / PEAK_EWMA_ONE;
	return x ? (uint32_t)x : 1;
}

void peak_ewma_seen(struct peak_ewma *m, uint64_t latency_us, bool has_failed, uint64_t now_ms)
{
	uint64_t left = peak_ewma_left(peak_ewma_age(m, now_ms)), x = latency_us;

	if (has_failed && x < PEAK_EWMA_FAILURE_US)
		x = PEAK_EWMA_FAILURE_US;
	x = x < PEAK_EWMA_MAX_US ? x : PEAK_EWMA_MAX_US;
	if (m->latency_us > x)
		x = (m->latency_us * left + x * (PEAK_EWMA_ONE - left)) / PEAK_EWMA_ONE;
	m->latency_us = x ? (uint32_t)x : 1;
	m->at_ms = (uint32_t)now_ms;
}

uint32_t peak_ewma_limit(uint32_t mine, uint32_t claim)
{
	uint64_t most = mine ? (uint64_t)mine * PEAK_EWMA_SPAN : PEAK_EWMA_MAX_US;
	uint32_t least = mine / PEAK_EWMA_SPAN;

	most = most < PEAK_EWMA_MAX_US ? most : PEAK_EWMA_MAX_US;
	if (claim > most)
		return (uint32_t)most;
	return claim > least ? claim : least;
}

uint32_t peak_ewma_join(uint32_t mine, uint64_t others, uint32_t n)
{
	n += mine != 0;
	return n ? (uint32_t)((mine + others) / n) : 0;
}

/* The next request there would cost this much, by weight. Nothing is known of a server: it is worth
 * a try, but one at a time. */
static uint64_t peak_ewma_cost(const struct balance_server *s)
{
	uint64_t pending =
		s->in_flight < PEAK_EWMA_PENDING_MAX ? s->in_flight : PEAK_EWMA_PENDING_MAX;
	uint64_t latency = s->latency_us;

	if (latency == 0)
		latency = pending ? PEAK_EWMA_MAX_US : 0;
	return latency * (pending + 1);
}

uint32_t peak_ewma_pick(const struct balance_pool *p, const struct balance_facts *f)
{
	const struct balance_choice c = balance_choose(p, f->tried);
	const struct balance_server *a = NULL, *b = NULL;
	struct draw_pair d = { 0 };

	if (c.n == 0)
		return BALANCE_NONE;
	d = draw_two(p, &c, f);
	if (d.second == BALANCE_NONE)
		return d.first;
	a = &p->server[d.first];
	b = &p->server[d.second];
	/* cost_a / weight_a <= cost_b / weight_b; 2^26 * 2^22 * 2^14 at most on each side */
	return peak_ewma_cost(a) * b->weight <= peak_ewma_cost(b) * a->weight ? d.first : d.second;
}
