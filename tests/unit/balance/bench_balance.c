/* What one choice costs, in nanoseconds, by pool size: a figure to look at, not a test. */
#include "balance/balance.h"

#include <stdio.h>
#include <time.h>

static double now_ns(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(void)
{
	static const uint32_t sizes[] = { 1, 2, 3, 10, 32, 100, 1000 };
	static struct balance_server server[1000];
	enum { TURNS = 2000000 };

	printf("servers  least_requests  round_robin   (ns per choice)\n");
	for (unsigned z = 0; z < 7; z++) {
		double ns[2] = { 0 };

		for (unsigned a = 0; a < 2; a++) {
			struct balance_pool p = { 0 };
			struct rng rng = { { 1, 2, 3, 4 } };
			uint32_t turns = sizes[z] > 100 ? TURNS / 100 : TURNS;
			double from = 0;
			uint64_t sink = 0;

			for (uint32_t i = 0; i < sizes[z]; i++)
				server[i] = (struct balance_server){ .weight = 1 };
			balance_init(&p, server, sizes[z],
				     a ? IMAGE_ROUND_ROBIN : IMAGE_LEAST_REQUESTS);
			for (uint32_t i = 0; i < sizes[z]; i++)
				balance_set_usable(&p, i, true);
			from = now_ns();
			for (uint32_t t = 0; t < turns; t++)
				sink += balance_pick(&p, NULL, &rng);
			ns[a] = (now_ns() - from) / (double)turns + (sink == 1 ? 1e-9 : 0);
		}
		printf("%7u  %14.1f  %11.1f\n", sizes[z], ns[0], ns[1]);
	}
	return 0;
}
