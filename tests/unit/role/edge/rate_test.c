/*
 * Rate limits over several edges' pages: the bound in each mode, keys that are crowded out, pages
 * that lie. Edges are processes here, as they are in life.
 */
#include "role/edge/rate.h"

#include "sys/clock.h"
#include "tests/unit/check.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EDGES = 4, S = 1000000000 };

struct rig {
	struct page_load_page *page[EDGES];
	const struct page_load_page *all[EDGES];
};

static int setup(void **state)
{
	struct rig *r = calloc(1, sizeof *r);

	for (unsigned i = 0; i < EDGES; i++) {
		void *p = mmap(NULL, sizeof *r->page[i], PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		assert_true(p != MAP_FAILED);
		r->page[i] = p;
		r->all[i] = p;
	}
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	struct rig *r = *state;

	for (unsigned i = 0; i < EDGES; i++)
		munmap(r->page[i], sizeof *r->page[i]);
	free(r);
	return 0;
}

static enum err take(struct rig *r, unsigned edge, const struct image_limit *l, uint64_t tag,
		     uint64_t now)
{
	struct rate_pages p = { .own = r->page[edge], .all = r->all, .n = EDGES };
	uint64_t wait = 0;
	enum err got = rate_take(&p, l, tag, now, &wait);

	if (got == E_LIMIT) {
		uint64_t again = 0;

		assert_true(wait > 0);
		/* not a moment earlier, and then it is */
		assert_int_equal(rate_take(&p, l, tag, now + wait - 1, &again), E_LIMIT);
		assert_int_equal(again, 1);
	}
	return got;
}

static const struct image_limit ten = {
	.requests = 10, .per_ms = 1000, .burst = 10, .kind = IMAGE_LIMIT_RATE
};

/* All of it at once, then one each interval; wherever the requests come. */
static void test_bucket(void **state)
{
	struct rig *r = *state;
	uint64_t now = (uint64_t)100 * S;

	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(take(r, i % EDGES, &ten, 7, now), E_OK);
	for (unsigned i = 0; i < EDGES; i++)
		assert_int_equal(take(r, i, &ten, 7, now), E_LIMIT);
	assert_int_equal(take(r, 1, &ten, 8, now), E_OK); /* another key */
	now += S / 10;
	assert_int_equal(take(r, 3, &ten, 7, now), E_OK);
	assert_int_equal(take(r, 0, &ten, 7, now), E_LIMIT);
	now += (uint64_t)60 * S; /* it never has more than its burst */
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(take(r, 2, &ten, 7, now), E_OK);
	assert_int_equal(take(r, 1, &ten, 7, now), E_LIMIT);
}

/* No edge needs a share: all of a key's requests may come to one. */
static void test_one_edge_gets_it_all(void **state)
{
	struct rig *r = *state;
	unsigned n = 0;

	for (uint64_t now = (uint64_t)50 * S; now < (uint64_t)60 * S; now += S / 1000)
		n += take(r, 2, &ten, 9, now) == E_OK;
	assert_in_range(n, 100, 110); /* ten a second and the burst */
}

static void test_a_burst_of_one_is_even(void **state)
{
	static const struct image_limit even = {
		.requests = 3, .per_ms = 1000, .burst = 1, .kind = IMAGE_LIMIT_RATE_EXACT
	};
	struct rig *r = *state;
	unsigned n = 0;

	for (uint64_t now = S; now < (uint64_t)11 * S; now += S / 100)
		n += take(r, (unsigned)(now / (S / 100) % EDGES), &even, 5, now) == E_OK;
	assert_in_range(n, 29, 30);
}

/* The greatest limits that an image may have don't overflow. */
static void test_extremes(void **state)
{
	static const struct image_limit most = { .requests = 1,
						 .per_ms = IMAGE_LIMIT_PER_MAX_MS,
						 .burst = IMAGE_LIMIT_REQUESTS_MAX,
						 .kind = IMAGE_LIMIT_RATE };
	static const struct image_limit least = { .requests = IMAGE_LIMIT_REQUESTS_MAX,
						  .per_ms = 1,
						  .burst = 1,
						  .kind = IMAGE_LIMIT_RATE };
	struct rig *r = *state;

	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(take(r, 0, &most, 1, UINT64_C(1) << 60), E_OK);
	assert_int_equal(take(r, 0, &least, 2, S), E_OK);
	assert_int_equal(take(r, 0, &least, 2, S + 1), E_OK);
}

/* Keys that fill a set: whoever gives way has no fresh start, on this edge or another. */
static void test_crowding_out_resets_nobody(void **state)
{
	static const struct image_limit login = {
		.requests = 5, .per_ms = 60000, .burst = 5, .kind = IMAGE_LIMIT_RATE
	};
	struct rig *r = *state;
	uint64_t now = (uint64_t)1000 * S, victim = 3;
	unsigned n = 0;

	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(take(r, 0, &login, victim, now), E_OK);
	assert_int_equal(take(r, 0, &login, victim, now), E_LIMIT);
	/* keys of the same set, each once, until the victim's place is another's */
	for (uint64_t i = 1; i < 200; i++)
		(void)take(r, 0, &login, victim + i * PAGE_RATE_SETS, now);
	for (unsigned e = 0; e < EDGES; e++)
		n += take(r, e, &login, victim, now + S) == E_OK;
	assert_int_equal(n, 0);
	/* and with patience everybody comes in again */
	assert_int_equal(take(r, 1, &login, victim, now + (uint64_t)600 * S), E_OK);
}

/* THREATS A20: a page that claims the end of time keeps a key waiting, and for no longer than it
 * claims it. */
static void test_lies_are_bounded(void **state)
{
	struct rig *r = *state;
	struct rate_pages p = { .own = r->page[0], .all = r->all, .n = EDGES };
	uint64_t now = (uint64_t)100 * S, wait = 0;

	for (unsigned i = 0; i < PAGE_RATES; i++) {
		atomic_store(&r->page[1]->rate[i].tag, 11);
		atomic_store(&r->page[1]->rate[i].tat_ns, UINT64_MAX - 5);
	}
	assert_int_equal(rate_take(&p, &ten, 11, now, &wait), E_LIMIT);
	assert_true(wait <= S / 10);
	for (unsigned i = 0; i < PAGE_RATES; i++)
		atomic_store(&r->page[1]->rate[i].tat_ns, 0);
	assert_int_equal(rate_take(&p, &ten, 11, now, &wait), E_OK);
}

/* Children hammer one key, each with a page of its own, on the real clock. */
static uint64_t hammer(struct rig *r, const struct image_limit *l, uint64_t key, uint64_t for_ns,
		       uint64_t *ret_ns)
{
	_Atomic uint64_t *let =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t from = clock_mono_ns();

	assert_true(let != MAP_FAILED);
	for (unsigned e = 0; e < EDGES; e++) {
		struct rate_pages p = { .own = r->page[e], .all = r->all, .n = EDGES };
		uint64_t wait = 0;

		if (fork() != 0)
			continue;
		while (clock_mono_ns() - from < for_ns)
			if (rate_take(&p, l, key, clock_mono_ns(), &wait) == E_OK)
				atomic_fetch_add(let, 1);
		_exit(0);
	}
	for (unsigned e = 0; e < EDGES; e++)
		assert_true(wait(NULL) > 0);
	*ret_ns = clock_mono_ns() - from;
	from = *let;
	munmap(let, 4096);
	return from;
}

/* Never one more than burst and rate allow; and no less than the burst, unless the machine stops
 * one of them in the middle: another key then. */
static void test_exact_under_contention(void **state)
{
	static const struct image_limit limits[] = {
		{ .requests = 1000, .per_ms = 1000, .burst = 1000, .kind = IMAGE_LIMIT_RATE_EXACT },
		{ .requests = 200000, .per_ms = 1000, .burst = 1, .kind = IMAGE_LIMIT_RATE_EXACT },
		{ .requests = 1000000,
		  .per_ms = 1000,
		  .burst = 100,
		  .kind = IMAGE_LIMIT_RATE_EXACT },
	};
	struct rig *r = *state;

	for (size_t i = 0; i < COUNT_OF(limits); i++) {
		uint64_t ns = 0, n = 0;

		for (uint64_t key = 21; key < 26 && n < limits[i].burst; key++) {
			n = hammer(r, &limits[i], key, (uint64_t)S / 4, &ns);
			assert_true(n <= limits[i].burst + ns * limits[i].requests / S);
		}
		assert_true(n >= limits[i].burst); /* nobody starves it */
	}
}

static void test_approximate_under_contention(void **state)
{
	static const struct image_limit l = {
		.requests = 1000, .per_ms = 1000, .burst = 500, .kind = IMAGE_LIMIT_RATE
	};
	struct rig *r = *state;
	uint64_t ns = 0, n = hammer(r, &l, 21, (uint64_t)S / 4, &ns), most = 500 + ns * 1000 / S;

	assert_in_range(n, 500, most + most / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bucket, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_edge_gets_it_all, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_burst_of_one_is_even, setup, teardown),
		cmocka_unit_test_setup_teardown(test_extremes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_crowding_out_resets_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lies_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exact_under_contention, setup, teardown),
		cmocka_unit_test_setup_teardown(test_approximate_under_contention, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
