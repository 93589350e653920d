/* Quantiles of streams; pure. */
#include "balance/quantile.h"

enum { QUANTILE_STEP = 8, QUANTILE_LEAST = 16, QUANTILE_MAX = 1 << 30 };

void quantile_add(uint32_t *at, uint64_t sample, uint32_t percent)
{
	uint32_t now = *at, step = now / QUANTILE_STEP + QUANTILE_LEAST;
	uint32_t up = (uint32_t)((uint64_t)step * percent / 100);
	uint32_t down = (uint32_t)((uint64_t)step * (100 - percent) / 100);

	if (now == 0)
		now = sample < QUANTILE_MAX / 2 ? (uint32_t)sample * 2 + 1 : QUANTILE_MAX;
	else if (sample > now)
		now += up;
	else
		now = down < now ? now - down : 1;
	*at = now > QUANTILE_MAX ? QUANTILE_MAX : now;
}
