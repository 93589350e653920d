/*
 * What each algorithm does to a pool of ten servers, in a simulation with fixed seeds: prints a
 * table (`make simulate`) and holds the algorithms to what they promise.
 *
 *   share    keys of the busiest server over the mean; 1.00 is perfect
 *   uneven   ... over what its weight gives it, with weights 1, 2, 3, 4, 1, 2, ...
 *   leaves   keys that move when 1 of 10 goes for good (the least possible: 10 %)
 *   down     ... when it can't be chosen for a while
 *   comes    ... when an eleventh comes (least: 9.1 %)
 *   weight   ... when one server's weight is doubled (least: about 9 %)
 *   alike    latency in ms with ten equal servers at half of what they can do
 *   slow     ... with one of them ten times slower
 *   fails    part of the requests that go to one that answers at once, with an error
 *
 * Servers work on eight requests at a time, 10 ms each on average (exponential), and queue the
 * rest; for `first` eight is their limit. Time is in microseconds.
 */
#include "balance/balance.h"
#include "balance/peak_ewma.h"
#include "balance/tables.h"
#include "base/hash.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	SERVERS = 10,
	SERVERS_MAX = SERVERS + 1,
	WORKERS = 8,
	SERVICE_US = 10000,
	REQUESTS = 60000,
	GAP_US = 250, /* 4000 requests a second: half of what ten servers can do */
	LOOK_US = 20000,
	KEYS = 20000,
	TENANTS = 5000
};

static const struct row {
	const char *name;
	enum image_balance algorithm;
	bool hashes;
} rows[] = {
	{ "random", IMAGE_RANDOM, false },
	{ "round_robin", IMAGE_ROUND_ROBIN, false },
	{ "least_requests", IMAGE_LEAST_REQUESTS, false },
	{ "peak_ewma", IMAGE_PEAK_EWMA, false },
	{ "first", IMAGE_FIRST, false },
	{ "maglev", IMAGE_MAGLEV, true },
	{ "ring_hash", IMAGE_RING_HASH, true },
	{ "source_address", IMAGE_SOURCE_ADDRESS, true },
};

struct farm {
	struct balance_pool pool;
	struct balance_server server[SERVERS_MAX];
	struct balance_scratch scratch[SERVERS_MAX];
	void *memory;
};

struct figures {
	double share, uneven, leaves, down, comes, weight;
	double alike_p50, alike_p99, slow_p50, slow_p99, fails;
	double bound; /* greatest load over its bound */
};

#define BALANCE_MIXED (UINT32_MAX - 1) /* as `heavy`: weights from 1 to 4 in turn */

/* Servers 0 .. n - 1, without `but`; server `heavy` has weight 2. */
static struct farm *farm_new(const struct row *row, uint32_t n, uint32_t but, uint32_t heavy,
			     uint16_t load_percent)
{
	struct farm *f = calloc(1, sizeof *f);
	uint32_t k = 0;

	if (!f)
		abort();
	for (uint32_t i = 0; i < n; i++)
		if (i != but)
			f->server[k++] =
				(struct balance_server){ .id = hash_mix(i + 1000),
							 .weight = heavy == BALANCE_MIXED
									   ? (uint16_t)(1 + i % 4)
								   : i == heavy ? 2
										: 1 };
	balance_init(&f->pool, f->server, k, row->algorithm);
	f->pool.load_percent = load_percent;
	f->memory = calloc(tables_bytes(&f->pool) + 1, 1);
	if (!f->memory)
		abort();
	tables_build(&f->pool, f->memory, f->scratch);
	for (uint32_t i = 0; i < k; i++)
		balance_set_usable(&f->pool, i, true);
	return f;
}

static void farm_free(struct farm *f)
{
	free(f->memory);
	free(f);
}

static uint32_t farm_pick(struct farm *f, struct rng *rng, uint64_t key)
{
	return balance_pick(
		&f->pool,
		&(struct balance_facts){ .rng = rng, .hash = hash_mix(key), .has_hash = true });
}

/* ---- keys ---- */

/* Percent of the keys that have another server in b than in a. */
static double moved(struct farm *a, struct farm *b)
{
	struct rng rng = { { 1, 2, 3, 4 } };
	unsigned n = 0;

	for (uint64_t key = 0; key < KEYS; key++)
		n += a->server[farm_pick(a, &rng, key)].id != b->server[farm_pick(b, &rng, key)].id;
	return 100.0 * n / KEYS;
}

static double moved_to(const struct row *row, uint32_t n, uint32_t but, uint32_t heavy)
{
	struct farm *a = farm_new(row, SERVERS, BALANCE_NONE, BALANCE_NONE, 0),
		    *b = farm_new(row, n, but, heavy, 0);
	double percent = moved(a, b);

	farm_free(a);
	farm_free(b);
	return percent;
}

static double moved_down(const struct row *row)
{
	struct farm *a = farm_new(row, SERVERS, BALANCE_NONE, BALANCE_NONE, 0),
		    *b = farm_new(row, SERVERS, BALANCE_NONE, BALANCE_NONE, 0);
	double percent = 0;

	balance_set_usable(&b->pool, 3, false);
	percent = moved(a, b);
	farm_free(a);
	farm_free(b);
	return percent;
}

static double share(const struct row *row)
{
	struct farm *f = farm_new(row, SERVERS, BALANCE_NONE, BALANCE_NONE, 0);
	struct rng rng = { { 5, 6, 7, 8 } };
	unsigned count[SERVERS] = { 0 }, most = 0;

	for (uint64_t key = 0; key < KEYS; key++)
		count[farm_pick(f, &rng, key)]++;
	for (unsigned i = 0; i < SERVERS; i++)
		most = count[i] > most ? count[i] : most;
	farm_free(f);
	return (double)most * SERVERS / KEYS;
}

/* The busiest by weight, of servers of weights 1 to 4: 24 in all. */
static double uneven(const struct row *row)
{
	struct farm *f = farm_new(row, SERVERS, BALANCE_NONE, BALANCE_MIXED, 0);
	struct rng rng = { { 9, 8, 7, 6 } };
	double most = 0, total = 0;
	unsigned count[SERVERS] = { 0 };

	for (uint64_t key = 0; key < KEYS; key++)
		count[farm_pick(f, &rng, key)]++;
	for (unsigned i = 0; i < SERVERS; i++)
		total += f->server[i].full;
	for (unsigned i = 0; i < SERVERS; i++) {
		double part = count[i] * total / f->server[i].full / KEYS;

		most = part > most ? part : most;
	}
	farm_free(f);
	return most;
}

/* ---- time ---- */

struct ending {
	uint64_t at_us;
	uint32_t server, took_us;
};

struct run {
	struct farm *farm;
	struct rng rng;
	struct peak_ewma measured[SERVERS_MAX];
	uint64_t free_us[SERVERS_MAX][WORKERS]; /* when each worker is done */
	struct ending heap[REQUESTS + 1];	/* from 1; the earliest first */
	uint32_t heap_n;
	uint32_t latency_us[REQUESTS];
	uint32_t slow, broken; /* BALANCE_NONE: none */
	uint32_t errors;
	double bound;
};

static void heap_swap(struct run *r, uint32_t a, uint32_t b)
{
	struct ending e = r->heap[a];

	r->heap[a] = r->heap[b];
	r->heap[b] = e;
}

static void heap_add(struct run *r, struct ending e)
{
	uint32_t i = ++r->heap_n;

	r->heap[i] = e;
	for (; i > 1 && r->heap[i / 2].at_us > r->heap[i].at_us; i /= 2)
		heap_swap(r, i, i / 2);
}

static struct ending heap_take(struct run *r)
{
	struct ending first = r->heap[1];
	uint32_t i = 1;

	r->heap[1] = r->heap[r->heap_n--];
	for (;;) {
		uint32_t least = i;

		for (uint32_t k = 2 * i; k <= 2 * i + 1; k++)
			if (k <= r->heap_n && r->heap[k].at_us < r->heap[least].at_us)
				least = k;
		if (least == i)
			return first;
		heap_swap(r, i, least);
		i = least;
	}
}

/* Exponential, by inversion of a logarithm that is close enough: a sum of halvings. */
static uint32_t service_us(struct run *r, uint32_t server)
{
	uint64_t u = rng_next(&r->rng) | 1;
	unsigned whole = (unsigned)__builtin_clzll(u);
	double rest = 1 - (double)(u << whole >> 11) / (double)(1ull << 53); /* 0 .. 0.5 */
	double halvings = whole + rest * (1 + rest * (1 - rest) * 0.7) * 2 * 0.965;
	double us = halvings * 0.693 * SERVICE_US * (server == r->slow ? 10 : 1);

	return server == r->broken ? 100 : (uint32_t)us + 1;
}

/* A server at its limit is not usable: `first` means nothing without one. */
static void judge(struct run *r, const struct row *row, uint32_t i)
{
	if (row->algorithm == IMAGE_FIRST)
		balance_set_usable(&r->farm->pool, i, r->farm->server[i].in_flight < WORKERS);
}

static void finish_until(struct run *r, const struct row *row, uint64_t now_us)
{
	while (r->heap_n && r->heap[1].at_us <= now_us) {
		struct ending e = heap_take(r);
		struct balance_server *s = &r->farm->server[e.server];

		balance_set_in_flight(&r->farm->pool, e.server, s->in_flight - 1);
		judge(r, row, e.server);
		peak_ewma_seen(&r->measured[e.server], e.took_us, e.server == r->broken,
			       e.at_us / 1000);
		if (s->latency_us < r->measured[e.server].latency_us)
			s->latency_us = r->measured[e.server].latency_us;
	}
}

/* What the edge does every 20 ms. */
static void look(struct run *r, uint64_t now_us)
{
	for (uint32_t i = 0; i < r->farm->pool.n; i++)
		r->farm->server[i].latency_us = peak_ewma_now(&r->measured[i], now_us / 1000);
}

static void check_bound(struct run *r, uint32_t i)
{
	const struct balance_pool *p = &r->farm->pool;
	double bound = p->load_percent / 100.0 * (double)p->load[0] / p->n;

	/* ceil, and the four that a server may always have */
	bound = bound < 4 ? 4 : (double)(uint64_t)(bound + 0.999999);
	if (p->load_percent && p->server[i].in_flight / bound > r->bound)
		r->bound = p->server[i].in_flight / bound;
}

static void ask(struct run *r, const struct row *row, uint32_t n, uint64_t now_us)
{
	uint32_t i = farm_pick(r->farm, &r->rng, rng_below(&r->rng, TENANTS)), worker = 0;
	uint64_t *free_us = NULL, from = 0;

	i = i == BALANCE_NONE ? SERVERS - 1 : i; /* all are full: the last one queues */
	free_us = r->free_us[i];

	for (uint32_t k = 1; k < WORKERS; k++)
		worker = free_us[k] < free_us[worker] ? k : worker;
	from = free_us[worker] > now_us ? free_us[worker] : now_us;
	free_us[worker] = from + service_us(r, i);
	r->latency_us[n] = (uint32_t)(free_us[worker] - now_us);
	r->errors += i == r->broken;
	balance_set_in_flight(&r->farm->pool, i, r->farm->server[i].in_flight + 1ull);
	judge(r, row, i);
	check_bound(r, i);
	heap_add(r, (struct ending){ free_us[worker], i, r->latency_us[n] });
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static struct run *simulate(const struct row *row, uint32_t slow, uint32_t broken, uint16_t bound)
{
	struct run *r = calloc(1, sizeof *r);
	uint64_t now_us = 1000000, looked_us = 0;

	if (!r)
		abort();
	r->farm = farm_new(row, SERVERS, BALANCE_NONE, BALANCE_NONE, bound);
	r->rng = (struct rng){ { 11, 12, 13, 14 } };
	r->slow = slow;
	r->broken = broken;
	for (uint32_t n = 0; n < REQUESTS; n++) {
		now_us += rng_below(&r->rng, 2 * GAP_US + 1);
		finish_until(r, row, now_us);
		if (now_us - looked_us >= LOOK_US) {
			look(r, now_us);
			looked_us = now_us;
		}
		ask(r, row, n, now_us);
	}
	farm_free(r->farm);
	qsort(r->latency_us, REQUESTS, sizeof *r->latency_us, by_size);
	return r;
}

static double percentile(const struct run *r, uint32_t percent)
{
	return r->latency_us[(uint64_t)REQUESTS * percent / 100] / 1000.0;
}

static struct figures measure(const struct row *row)
{
	uint16_t bound = row->hashes && row->algorithm != IMAGE_SOURCE_ADDRESS ? 125 : 0;
	struct figures f = { .share = share(row), .uneven = uneven(row) };
	struct run *r = NULL;

	if (row->hashes) {
		f.leaves = moved_to(row, SERVERS, 3, BALANCE_NONE);
		f.comes = moved_to(row, SERVERS + 1, BALANCE_NONE, BALANCE_NONE);
		f.weight = moved_to(row, SERVERS, BALANCE_NONE, 3);
		f.down = moved_down(row);
	}
	r = simulate(row, BALANCE_NONE, BALANCE_NONE, bound);
	f.alike_p50 = percentile(r, 50);
	f.alike_p99 = percentile(r, 99);
	f.bound = r->bound;
	free(r);
	r = simulate(row, 3, BALANCE_NONE, bound);
	f.slow_p50 = percentile(r, 50);
	f.slow_p99 = percentile(r, 99);
	f.bound = r->bound > f.bound ? r->bound : f.bound;
	free(r);
	r = simulate(row, BALANCE_NONE, 3, bound);
	f.fails = 100.0 * r->errors / REQUESTS;
	free(r);
	return f;
}

static void print(const struct row *row, const struct figures *f)
{
	printf("# %-14s %5.2f %6.2f", row->name, f->share, f->uneven);
	if (row->hashes)
		printf("  %5.1f%% %5.1f%% %5.1f%% %5.1f%%", f->leaves, f->down, f->comes,
		       f->weight);
	else
		printf("  %6s %6s %6s %6s", "-", "-", "-", "-");
	printf("  %7.1f %7.1f  %7.1f %8.1f  %5.1f%%\n", f->alike_p50, f->alike_p99, f->slow_p50,
	       f->slow_p99, f->fails);
}

/* ---- promises ---- */

static int failures;

static void expect(bool holds, const char *name, const char *promise)
{
	if (holds)
		return;
	printf("FAILED: %s: %s\n", name, promise);
	failures++;
}

static void expect_hash(const struct row *row, const struct figures *f)
{
	bool is_ring = row->algorithm == IMAGE_RING_HASH;

	expect(f->share < (is_ring ? 1.30 : 1.06), row->name, "keys are shared evenly");
	expect(f->down < 10 * f->share + 0.5, row->name, "only the keys of who is down move");
	expect(f->leaves < (is_ring ? 10 * f->share + 0.5 : 15), row->name, "few move on leaving");
	expect(f->comes < (is_ring ? 12 : 16), row->name, "few move on coming");
	expect(f->weight < (is_ring ? 12 : 16), row->name, "few move on a change of weight");
	expect(f->bound <= 1.0, row->name, "no load above its bound");
}

int main(void)
{
	enum { N = sizeof rows / sizeof rows[0] };
	struct figures f[N];

	printf("# 10 servers of 8 workers, 10 ms each, 4000 requests/s\n");
	printf("# %-14s %5s %6s  %6s %6s %6s %6s  %7s %7s  %7s %8s  %6s\n", "algorithm", "share",
	       "uneven", "leaves", "down", "comes", "weight", "p50", "p99", "slowp50", "slowp99",
	       "fails");
	for (unsigned i = 0; i < N; i++) {
		f[i] = measure(&rows[i]);
		print(&rows[i], &f[i]);
		if (rows[i].hashes)
			expect_hash(&rows[i], &f[i]);
	}
	for (unsigned i = 0; i < N; i++)
		if (rows[i].algorithm != IMAGE_FIRST)
			expect(f[i].uneven < (rows[i].algorithm == IMAGE_RING_HASH ? 1.30 : 1.08),
			       rows[i].name, "shares follow weights");
	for (unsigned i = 5; i < 7; i++) /* but for source_address, which has no bound */
		expect(f[i].slow_p99 * 20 < f[7].slow_p99, rows[i].name,
		       "its bound keeps keys from the slow one");
	expect(f[1].share == 1.0, "round_robin", "perfectly even");
	expect(f[2].alike_p99 <= f[0].alike_p99, "least_requests", "better than random");
	expect(f[2].slow_p99 * 5 < f[1].slow_p99, "least_requests", "avoids the slow one");
	expect(f[3].slow_p99 * 20 < f[1].slow_p99, "peak_ewma", "avoids the slow one");
	expect(f[3].slow_p99 < f[2].slow_p99, "peak_ewma", "... better than least_requests");
	expect(f[4].alike_p99 < 100, "first", "fills one after the other, none beyond its limit");
	expect(f[3].fails < 2, "peak_ewma", "failing fast is not being fast");
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
