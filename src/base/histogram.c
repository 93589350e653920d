/* Buckets by powers of two: no table, no search. */
#include "base/histogram.h"

unsigned histogram_bucket(uint64_t us)
{
	unsigned i = 0;

	if (us <= HISTOGRAM_FIRST_US)
		return 0;
	i = 64u - (unsigned)__builtin_clzll((us - 1) / HISTOGRAM_FIRST_US);
	return i < HISTOGRAM_BUCKETS ? i : HISTOGRAM_BUCKETS - 1;
}

uint64_t histogram_bound_us(unsigned i)
{
	return i < HISTOGRAM_BUCKETS - 1 ? (uint64_t)HISTOGRAM_FIRST_US << i : UINT64_MAX;
}

static uint64_t histogram_add(uint64_t a, uint64_t b)
{
	uint64_t sum = 0;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/* part of whole, in parts of width; no product overflows, whatever was counted */
static uint64_t histogram_share(uint64_t width, uint64_t part, uint64_t whole)
{
	return (uint64_t)((unsigned __int128)width * part / whole);
}

uint64_t histogram_quantile_us(const uint64_t *counts, unsigned permille)
{
	uint64_t total = 0, rank = 0, before = 0;
	unsigned i = 0;

	for (i = 0; i < HISTOGRAM_BUCKETS; i++)
		total = histogram_add(total, counts[i]);
	if (total == 0)
		return 0;
	rank = histogram_share(total, permille < 1000 ? permille : 1000, 1000);
	rank = rank ? rank : 1;
	for (i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
		uint64_t low = i ? histogram_bound_us(i - 1) : 0;

		if (rank - before <= counts[i])
			return low + histogram_share(histogram_bound_us(i) - low, rank - before,
						     counts[i]);
		before = histogram_add(before, counts[i]);
	}
	return histogram_bound_us(HISTOGRAM_BUCKETS - 2);
}
