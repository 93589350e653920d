/* The order in which those that wait are served. */
#include "role/edge/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { MANY = 100 };

struct waiting {
	struct list node;
	unsigned level;
};

static struct queue queue;
static struct waiting all[QUEUE_LEVELS][MANY];

static void add(unsigned level, unsigned i, bool in_front)
{
	all[level][i].level = level;
	queue_add(&queue, level, &all[level][i].node, in_front);
}

static struct waiting *serve(void)
{
	struct list *node = queue_next(&queue);
	struct waiting *w = NULL;

	if (!node)
		return NULL;
	w = LIST_OWNER(node, struct waiting, node);
	list_remove(node);
	queue_served(&queue, w->level);
	return w;
}

static void higher_first_and_in_order_within(void **state)
{
	(void)state;
	queue_init(&queue);
	assert_null(queue_next(&queue));
	for (unsigned i = 0; i < 2; i++)
		for (unsigned k = QUEUE_LEVELS; k; k--)
			add(k - 1, i, false);
	for (unsigned k = 0; k < QUEUE_LEVELS; k++)
		for (unsigned i = 0; i < 2; i++)
			assert_ptr_equal(serve(), &all[k][i]);
	assert_null(serve());
}

static void who_was_first_stays_first(void **state)
{
	(void)state;
	queue_init(&queue);
	add(1, 0, false);
	add(1, 1, false);
	add(1, 2, true);
	assert_ptr_equal(serve(), &all[1][2]);
	assert_ptr_equal(serve(), &all[1][0]);
}

/* However many of a higher priority come, each lower one is served in its turn. */
static void nobody_starves(void **state)
{
	unsigned served[QUEUE_LEVELS] = { 0 };
	unsigned last[QUEUE_LEVELS] = { 0 }, gap[QUEUE_LEVELS] = { 0 };

	(void)state;
	queue_init(&queue);
	for (unsigned k = 0; k < QUEUE_LEVELS; k++)
		for (unsigned i = 0; i < MANY; i++)
			add(k, i, false);
	for (unsigned t = 1; t <= 5000; t++) {
		struct waiting *w = serve();
		unsigned k = w->level;

		served[k]++;
		gap[k] = t - last[k] > gap[k] ? t - last[k] : gap[k];
		last[k] = t;
		queue_add(&queue, k, &w->node, false);
	}
	printf("# served %u %u %u, longest gap %u %u %u\n", served[0], served[1], served[2], gap[0],
	       gap[1], gap[2]);
	assert_true(served[0] > served[1] && served[0] > served[2]);
	for (unsigned k = 0; k < QUEUE_LEVELS; k++)
		assert_true(served[k] >= 454 && gap[k] <= 11);
}

/* A level that was empty meanwhile has no claim from before. */
static void old_claims_are_forgotten(void **state)
{
	(void)state;
	queue_init(&queue);
	add(2, 0, false);
	for (unsigned i = 0; i < QUEUE_PASSES; i++) {
		add(0, i, false);
		assert_int_equal(serve()->level, 0);
	}
	list_remove(&all[2][0].node); /* its time was up */
	add(0, 10, false);
	add(2, 1, false);
	assert_int_equal(serve()->level, 0);
}

static void the_newest_of_the_lowest_gives_way(void **state)
{
	(void)state;
	queue_init(&queue);
	assert_null(queue_last_below(&queue, 0));
	add(1, 0, false);
	add(2, 0, false);
	add(2, 1, false);
	assert_ptr_equal(queue_last_below(&queue, 0), &all[2][1].node);
	assert_ptr_equal(queue_last_below(&queue, 1), &all[2][1].node);
	assert_null(queue_last_below(&queue, 2));
	list_remove(&all[2][0].node);
	list_remove(&all[2][1].node);
	assert_ptr_equal(queue_last_below(&queue, 0), &all[1][0].node);
	assert_null(queue_last_below(&queue, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(higher_first_and_in_order_within),
		cmocka_unit_test(who_was_first_stays_first),
		cmocka_unit_test(nobody_starves),
		cmocka_unit_test(old_claims_are_forgotten),
		cmocka_unit_test(the_newest_of_the_lowest_gives_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
