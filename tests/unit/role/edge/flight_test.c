/* Requests under way over several edges' pages: never one too many, and none is left behind. */
#include "role/edge/flight.h"

#include "tests/unit/check.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EDGES = 4, MOST = 3, ROUNDS = 20000 };

static struct page_load_page *pages[EDGES];

static struct edge *edge_of(unsigned index)
{
	struct edge *e = calloc(1, sizeof *e);

	e->load = pages[index];
	for (unsigned i = 0; i < EDGES; i++)
		e->loads[i] = pages[i];
	e->load_n = EDGES;
	return e;
}

static int setup(void **state)
{
	(void)state;
	for (unsigned i = 0; i < EDGES; i++) {
		void *p = mmap(NULL, sizeof *pages[i], PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (p == MAP_FAILED)
			return -1;
		pages[i] = p;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (unsigned i = 0; i < EDGES; i++)
		munmap(pages[i], sizeof *pages[i]);
	return 0;
}

static void test_counts_over_edges(void **state)
{
	struct edge *a = edge_of(0), *b = edge_of(1);
	struct exchange x[4] = { 0 };

	(void)state;
	assert_int_equal(flight_enter(a, &x[0], 77, 2), E_OK);
	assert_int_equal(flight_enter(b, &x[1], 77, 2), E_OK);
	assert_int_equal(flight_enter(a, &x[2], 77, 2), E_LIMIT);
	assert_int_equal(flight_enter(b, &x[2], 77, 2), E_LIMIT);
	assert_int_equal(x[2].flight_n, 0);
	assert_int_equal(flight_enter(b, &x[2], 78, 2), E_OK); /* another key */
	flight_leave(a, &x[0]);
	assert_int_equal(flight_enter(b, &x[3], 77, 2), E_OK);
	flight_leave(b, &x[3]);
	flight_leave(b, &x[3]); /* twice is once */
	flight_leave(b, &x[1]);
	flight_leave(b, &x[2]);
	assert_int_equal(flight_enter(a, &x[0], 77, 1), E_OK);
	flight_reset(a->load); /* its edge is another process now */
	x[0].flight_n = 0;
	assert_int_equal(flight_enter(b, &x[1], 77, 1), E_OK);
	flight_leave(b, &x[1]);
	free(a);
	free(b);
}

/* One request in several limits, no more than it has room for. */
static void test_several_limits(void **state)
{
	struct edge *e = edge_of(2);
	struct exchange x = { 0 }, y = { 0 };

	(void)state;
	for (uint64_t i = 0; i < FLIGHTS_MAX; i++)
		assert_int_equal(flight_enter(e, &x, 1000 * i, 1), E_OK);
	assert_int_equal(flight_enter(e, &x, 5000, 1), E_LIMIT);
	assert_int_equal(flight_enter(e, &y, 2000, 1), E_LIMIT);
	flight_leave(e, &x);
	assert_int_equal(flight_enter(e, &y, 2000, 1), E_OK);
	flight_leave(e, &y);
	free(e);
}

/* THREATS A20: a page that says anything has requests refused, and nothing worse. */
static void test_a_page_that_lies(void **state)
{
	struct edge *e = edge_of(0);
	struct exchange x = { 0 };

	(void)state;
	for (unsigned row = 0; row < PAGE_FLIGHT_ROWS; row++)
		for (unsigned i = 0; i < PAGE_FLIGHTS; i++)
			atomic_store(&pages[3]->flight[row][i], UINT32_MAX);
	assert_int_equal(flight_enter(e, &x, 42, 1000000), E_LIMIT);
	PAGE_SET(pages[3]->has_flights, 1);
	flight_reset(pages[3]);
	assert_int_equal(flight_enter(e, &x, 42, 1), E_OK);
	flight_leave(e, &x);
	free(e);
}

/* Edges as processes, each in and out as fast as it can; how many are in is counted beside. */
static void test_never_one_too_many(void **state)
{
	_Atomic uint32_t *in =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct edge *e = NULL;
	struct exchange x = { 0 };

	(void)state;
	assert_true(in != MAP_FAILED);
	for (unsigned i = 0; i < EDGES; i++) {
		struct exchange y[2] = { 0 };

		if (fork() != 0)
			continue;
		e = edge_of(i);
		for (unsigned k = 0; k < ROUNDS; k++) {
			struct exchange *now = &y[k & 1];

			if (flight_enter(e, now, 99, MOST) != E_OK)
				continue;
			if (atomic_fetch_add(&in[0], 1) >= MOST)
				atomic_store(&in[1], 1);
			atomic_fetch_add(&in[2], 1);
			atomic_fetch_sub(&in[0], 1);
			flight_leave(e, now);
		}
		_exit(0);
	}
	for (unsigned i = 0; i < EDGES; i++)
		assert_true(wait(NULL) > 0);
	assert_int_equal(in[0], 0);
	assert_int_equal(in[1], 0);
	assert_true(in[2] > ROUNDS / 4); /* and it lets in */
	e = edge_of(0);
	assert_int_equal(flight_enter(e, &x, 99, 1), E_OK); /* nothing is left */
	flight_leave(e, &x);
	free(e);
	munmap(in, 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts_over_edges),
		cmocka_unit_test(test_several_limits),
		cmocka_unit_test(test_a_page_that_lies),
		cmocka_unit_test(test_never_one_too_many),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
