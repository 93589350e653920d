/* sys/heap.c: blocks are whole, zero and apart; what nothing is in comes back, for every class
 * (THREATS A22). */
#include "sys/heap.h"

#include "base/rng.h"
#include "tests/unit/check.h"

enum { REGION = 8 << 20, BLOCKS = 2000, STEPS = 200000 };

static struct heap heap;
static uint8_t *block[BLOCKS];
static size_t size[BLOCKS];

static bool is_all(const uint8_t *p, size_t n, uint8_t value)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != value)
			return false;
	return true;
}

static void take(unsigned i, size_t n)
{
	block[i] = heap_get(&heap, n);
	size[i] = block[i] ? n : 0;
	if (!block[i])
		return;
	assert_true(is_all(block[i], n, 0));
	for (size_t k = 0; k < n; k++)
		block[i][k] = (uint8_t)(i | 1);
}

static void give(unsigned i)
{
	assert_true(is_all(block[i], size[i], (uint8_t)(i | 1))); /* nobody else wrote here */
	heap_put(&heap, block[i]);
	block[i] = NULL;
}

/* Blocks of all sizes come and go, and the heap is trimmed now and then. */
static void test_blocks_are_apart(void **state)
{
	struct rng r = { { 1, 2, 3, 4 } };

	(void)state;
	heap = (struct heap){ 0 };
	assert_int_equal(heap_init(&heap, REGION, HEAP_PLAIN), E_OK);
	for (unsigned n = 0; n < STEPS; n++) {
		unsigned i = rng_below(&r, BLOCKS);

		if (block[i])
			give(i);
		else
			take(i, 1 + rng_below(&r, 1u << rng_below(&r, 14)));
		if (n % 1000 == 0)
			heap_trim(&heap, 4);
	}
	for (unsigned i = 0; i < BLOCKS; i++)
		if (block[i])
			give(i);
	assert_int_equal(heap.stat.used, 0);
	heap_trim(&heap, UINT32_MAX);
	assert_true(heap.stat.reached <= (size_t)HEAP_CLASSES * 4 * 65536);
}

/* One class takes everything; when it is free again others can have it. */
static void test_no_class_keeps_what_it_had(void **state)
{
	unsigned n = 0;
	size_t full = 0;

	(void)state;
	heap = (struct heap){ 0 };
	assert_int_equal(heap_init(&heap, REGION, HEAP_PLAIN), E_OK);
	for (take(n, 5000); n < BLOCKS - 1 && block[n]; take(n, 5000))
		n++;
	assert_true(n > 1000 && n < BLOCKS);
	assert_null(heap_get(&heap, 100));
	assert_int_equal(heap.stat.failed, 2);
	full = heap.stat.reached;
	while (n)
		give(--n);
	heap_trim(&heap, 3);
	assert_int_equal(heap.stat.reached, full - (size_t)3 * 4 * 65536);
	heap_trim(&heap, UINT32_MAX);
	assert_int_equal(heap.stat.reached, 4 * 65536); /* one span is kept */
	for (n = 0; n < BLOCKS; n++)
		take(n, 3000);
	assert_non_null(block[BLOCKS - 1]);
	while (n)
		give(--n);
}

/* What is used stays where it is. */
static void test_trim_takes_nothing_that_is_used(void **state)
{
	(void)state;
	heap = (struct heap){ 0 };
	assert_int_equal(heap_init(&heap, REGION, HEAP_PLAIN), E_OK);
	for (unsigned i = 0; i < BLOCKS; i++)
		take(i, 1000);
	for (unsigned i = 0; i < BLOCKS; i++)
		if (i % 64)
			give(i);
	heap_trim(&heap, UINT32_MAX);
	for (unsigned i = 0; i < BLOCKS; i += 64)
		give(i);
	assert_int_equal(heap.stat.used, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks_are_apart),
		cmocka_unit_test(test_no_class_keeps_what_it_had),
		cmocka_unit_test(test_trim_takes_nothing_that_is_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
