/* What one choice costs, in nanoseconds, by pool size: a figure to look at, not a test. */
#include "balance/balance.h"
#include "balance/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now_ns(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

enum { SERVERS_MAX = 10000, TURNS = 500000, STEPS = 40000 };

static struct balance_server server[SERVERS_MAX];
static struct balance_scratch scratch[SERVERS_MAX];

struct figures {
	double pick_ns, build_us, step_us; /* one step: the longest */
	size_t table_bytes;
};

static struct figures measure(enum image_balance algorithm, uint32_t n)
{
	struct balance_pool p = { 0 };
	struct rng rng = { { 1, 2, 3, 4 } };
	struct figures f = { 0 };
	struct tables_build build = { 0 };
	double from = 0;
	uint64_t sink = 0;
	void *memory = NULL;

	for (uint32_t i = 0; i < n; i++)
		server[i] = (struct balance_server){ .weight = (uint16_t)(1 + i % 3 / 2),
						     .id = rng_next(&rng) };
	balance_init(&p, server, n, algorithm);
	f.table_bytes = tables_bytes(&p);
	memory = calloc(1, f.table_bytes + 1);
	from = now_ns();
	tables_begin(&build, &p, memory, scratch);
	for (bool is_made = false; !is_made;) {
		double began = now_ns(), took = 0;
		uint32_t steps = STEPS;

		is_made = tables_step(&build, &steps);
		took = (now_ns() - began) / 1000;
		f.step_us = took > f.step_us ? took : f.step_us;
	}
	f.build_us = (now_ns() - from) / 1000;
	for (uint32_t i = 0; i < n; i++)
		balance_set_usable(&p, i, true);
	from = now_ns();
	for (uint32_t t = 0; t < TURNS; t++) {
		struct balance_facts facts = { .rng = &rng,
					       .hash = t * 0x9e3779b97f4a7c15u,
					       .has_hash = true };

		sink += balance_pick(&p, &facts);
	}
	f.pick_ns = (now_ns() - from) / TURNS + (sink == 1 ? 1e-9 : 0);
	free(memory);
	return f;
}

int main(void)
{
	static const uint32_t sizes[] = { 1, 2, 3, 10, 32, 100, 1000, SERVERS_MAX };
	static const struct {
		const char *name;
		enum image_balance algorithm;
	} rows[] = {
		{ "least_requests", IMAGE_LEAST_REQUESTS },
		{ "round_robin", IMAGE_ROUND_ROBIN },
		{ "random", IMAGE_RANDOM },
		{ "peak_ewma", IMAGE_PEAK_EWMA },
		{ "maglev", IMAGE_MAGLEV },
		{ "ring_hash", IMAGE_RING_HASH },
		{ "first", IMAGE_FIRST },
		{ "source_address", IMAGE_SOURCE_ADDRESS },
	};

	printf("ns per choice (table: KB, us to build; in one piece of it)\n%-16s", "servers");
	for (unsigned z = 0; z < sizeof sizes / sizeof sizes[0]; z++)
		printf("%8u", sizes[z]);
	printf("\n");
	for (unsigned a = 0; a < sizeof rows / sizeof rows[0]; a++) {
		struct figures f = { 0 };

		printf("%-16s", rows[a].name);
		for (unsigned z = 0; z < sizeof sizes / sizeof sizes[0]; z++) {
			f = measure(rows[a].algorithm, sizes[z]);
			printf("%8.1f", f.pick_ns);
		}
		if (f.table_bytes)
			printf("   (%zu KB, %.0f us; %.0f)", f.table_bytes / 1024, f.build_us,
			       f.step_us);
		printf("\n");
	}
	return 0;
}
