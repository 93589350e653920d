/* Whole numbers; a count of more than 2^40 is taken as 2^40, so that nothing overflows. */
#include "base/peak.h"

#define PEAK_MOST (UINT64_C(1) << 40)

enum { PEAK_PARTS = 256, PEAK_SHARE = 20 };

static uint64_t peak_least(uint64_t x)
{
	return x < PEAK_MOST ? x : PEAK_MOST;
}

/* While it is high the average follows more slowly, or a long peak would soon be normal. */
static void peak_learn(struct peak *p, uint64_t n)
{
	uint64_t weight = p->is_high ? PEAK_WEIGHT * 8 : PEAK_WEIGHT, x = n * PEAK_PARTS;

	if (p->seen <= PEAK_LEARNS)
		weight = p->seen; /* the plain mean of the first ones */
	if (x >= p->mean)
		p->mean += (x - p->mean) / weight;
	else
		p->mean -= (p->mean - x) / weight;
}

bool peak_feed(struct peak *p, uint64_t n, uint64_t of)
{
	uint64_t count = peak_least(n), mean = p->mean / PEAK_PARTS;
	bool was_high = p->is_high, knows = p->seen >= PEAK_LEARNS;

	p->seen += p->seen <= PEAK_LEARNS;
	if (!knows)
		p->is_high = false;
	else if (was_high)
		p->is_high = count >= p->floor / 2 && count > PEAK_ENDS * mean;
	else
		p->is_high = count >= p->floor && count > PEAK_TIMES * mean &&
			     (!of || count >= peak_least(of) / PEAK_SHARE);
	peak_learn(p, count);
	return p->is_high && !was_high;
}
