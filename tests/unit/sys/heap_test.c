/* sys/heap.c: blocks are whole, zero and apart; what nothing is in comes back, for every class
 * (THREATS A22); what is freed twice, or written after it was freed, or run over ends the process
 * (P1, P5). In plain memory and in memory that is hidden. */
#include "sys/heap.h"

#include <string.h>

#include "base/rng.h"
#include "tests/unit/check.h"
#include "tests/unit/sys/dies.h"

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
	heap_trim(&heap, 0); /* what was freed last waits: after this, no longer */
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

/* ---- what a bug does ---- */

static const enum heap_kind kinds[] = { HEAP_PLAIN, HEAP_HIDDEN };

static void anew(enum heap_kind kind)
{
	heap = (struct heap){ 0 };
	assert_int_equal(heap_init(&heap, REGION, kind), E_OK);
}

static void put(void *p)
{
	heap_put(&heap, p);
}

/* Behind a block that fills its slab there is nothing; nor is there where no class has been, nor in
 * front of the first. */
static void test_nothing_lies_beside_a_span(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		uint8_t *p = NULL, *next = NULL;

		anew(kinds[i]);
		p = heap_get(&heap, 65536);
		next = heap_get(&heap, 65536);
		assert_non_null(next);
		assert_int_equal(dies_at(p + 65535), 0);
		assert_int_equal(dies_at(p + 65536), SIGSEGV);
		assert_int_equal(dies_at(next + 65536), SIGSEGV);
		assert_int_equal(dies_at(heap.base + 4 * 65536), SIGSEGV);
		assert_int_equal(dies_at(heap.base - 1), SIGSEGV);
	}
}

static void test_what_was_taken_back_is_out_of_reach(void **state)
{
	uint8_t *old = NULL;

	(void)state;
	anew(HEAP_PLAIN);
	for (unsigned i = 0; i < 40; i++)
		take(i, 65536);
	old = block[20];
	for (unsigned i = 0; i < 40; i++)
		give(i);
	heap_trim(&heap, 0);
	heap_trim(&heap, UINT32_MAX);
	assert_int_equal(dies_at(old), SIGSEGV);
	for (unsigned i = 0; i < 40; i++)
		take(i, 65536); /* zeroed, and there again */
	for (unsigned i = 0; i < 40; i++)
		give(i);
}

static void test_freed_twice(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		uint8_t *p = NULL;

		anew(kinds[i]);
		p = heap_get(&heap, 100);
		assert_int_equal(dies_of(put, p + 16), SIGABRT); /* no block begins there */
		assert_int_equal(dies_of(put, p - 112),
				 SIGABRT); /* never handed out, or no block */
		assert_int_equal(dies_of(put, heap.base + REGION), SIGABRT);
		assert_int_equal(dies_of(put, &heap), SIGABRT);
		heap_put(&heap, p);
		assert_int_equal(dies_of(put, p), SIGABRT);
		for (unsigned n = 0; n < 40; n++) { /* out of the ring, into the span */
			take(n, 100);
			if (block[n] == p)
				break;
			if (n == 39)
				assert_int_equal(dies_of(put, p), SIGABRT);
		}
		for (unsigned n = 0; n < 40 && block[n]; n++)
			give(n);
	}
}

static void take_all(void *unused)
{
	void *p[20];

	(void)unused;
	for (unsigned i = 0; i < COUNT_OF(p); i++)
		p[i] = heap_get(&heap, 100);
	for (unsigned i = 0; i < COUNT_OF(p); i++) /* whoever waits goes back to its span */
		heap_put(&heap, p[i]);
	for (unsigned i = 0; i < 700; i++)
		(void)heap_get(&heap, 100);
}

/* Also by an overflow of the block in front of it: a free block is zero to its last byte. */
static void test_written_after_free(void **state)
{
	static const size_t at[] = { 0, 50, 111 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(at); i++) {
		uint8_t *p = NULL;

		anew(HEAP_PLAIN);
		p = heap_get(&heap, 100);
		heap_put(&heap, p);
		assert_int_equal(dies_of(take_all, NULL), 0);
		p[at[i]] = 1;
		assert_int_equal(dies_of(take_all, NULL), SIGABRT);
	}
}

/* Eight others are freed before a block comes back, and then one of eight does. */
static void test_freed_blocks_wait(void **state)
{
	uint8_t *p = NULL;
	unsigned back = 0;

	(void)state;
	anew(HEAP_PLAIN);
	p = heap_get(&heap, 100);
	for (unsigned i = 0; i < 32; i++)
		take(i, 100);
	heap_put(&heap, p);
	for (unsigned i = 0; i < 7; i++) {
		give(i);
		take(100 + i, 100);
		assert_ptr_not_equal(block[100 + i], p);
	}
	for (unsigned i = 7; i < 32; i++)
		give(i);
	for (unsigned i = 200; i < 300 && !back; i++) {
		take(i, 100);
		back = block[i] == p;
	}
	for (unsigned i = 0; i < 300; i++)
		if (block[i])
			give(i);
}

/* Where blocks lie, and in what order, is another in each heap (and after heap_shuffle). */
static void test_places_differ(void **state)
{
	enum { N = 64, HEAPS = 4 };
	static size_t at[HEAPS][N];
	unsigned same = 0;

	(void)state;
	for (unsigned h = 0; h < HEAPS; h++) {
		anew(HEAP_PLAIN);
		for (unsigned i = 0; i < N; i++)
			at[h][i] = (size_t)((uint8_t *)heap_get(&heap, 64) - heap.base);
	}
	for (unsigned i = 0; i < N; i++)
		for (unsigned h = 1; h < HEAPS; h++)
			same += at[h][i] == at[0][i];
	assert_true(same < N / 2); /* of 192, by chance one or two */
}

/* All classes at both ends of each block: what is handed out is that block's alone. */
static void test_every_class(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		anew(kinds[i]);
		for (size_t n = 16; n <= 1 << 20; n += n / 3) {
			uint8_t *p = heap_get(&heap, n), *q = heap_get(&heap, n);

			assert_non_null(p);
			assert_non_null(q);
			assert_true(is_all(p, n, 0) && is_all(q, n, 0));
			p[0] = p[n - 1] = 1;
			assert_true(is_all(q, n, 0));
			heap_put(&heap, p);
			heap_put(&heap, q);
		}
		assert_int_equal(heap.stat.used, 0);
	}
}

/* What is handed out keeps every byte over a rest, beside blocks that are free; those are zero. */
static void test_rest(void **state)
{
	static const size_t sizes[] = { 16, 48, 320, 1024, 2560, 4096, 9216, 16896, 65536 };
	enum { REST_BLOCKS = 40 };
	static uint8_t *blocks[COUNT_OF(sizes)][REST_BLOCKS];
	struct heap h = { 0 };

	(void)state;
	assert_int_equal(heap_init(&h, (size_t)64 << 20, HEAP_PLAIN), E_OK);
	for (size_t c = 0; c < COUNT_OF(sizes); c++)
		for (unsigned i = 0; i < REST_BLOCKS; i++) {
			blocks[c][i] = heap_get(&h, sizes[c]);
			assert_non_null(blocks[c][i]);
			memset(blocks[c][i], (int)(c + i + 1), sizes[c]);
		}
	for (unsigned round = 0; round < 3; round++) {
		for (size_t c = 0; c < COUNT_OF(sizes); c++)
			for (unsigned i = round; i < REST_BLOCKS; i += 3) {
				heap_put(&h, blocks[c][i]);
				blocks[c][i] = NULL;
			}
		heap_rest(&h);
		for (size_t c = 0; c < COUNT_OF(sizes); c++)
			for (unsigned i = 0; i < REST_BLOCKS; i++)
				for (size_t n = 0; blocks[c][i] && n < sizes[c]; n++)
					assert_int_equal(blocks[c][i][n], (uint8_t)(c + i + 1));
		for (size_t c = 0; c < COUNT_OF(sizes); c++)
			for (unsigned i = round; i < REST_BLOCKS; i += 3) {
				blocks[c][i] = heap_get(&h, sizes[c]);
				for (size_t n = 0; n < sizes[c]; n++)
					assert_int_equal(blocks[c][i][n], 0);
				memset(blocks[c][i], (int)(c + i + 1), sizes[c]);
			}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks_are_apart),
		cmocka_unit_test(test_no_class_keeps_what_it_had),
		cmocka_unit_test(test_trim_takes_nothing_that_is_used),
		cmocka_unit_test(test_nothing_lies_beside_a_span),
		cmocka_unit_test(test_what_was_taken_back_is_out_of_reach),
		cmocka_unit_test(test_freed_twice),
		cmocka_unit_test(test_written_after_free),
		cmocka_unit_test(test_freed_blocks_wait),
		cmocka_unit_test(test_places_differ),
		cmocka_unit_test(test_every_class),
		cmocka_unit_test(test_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
