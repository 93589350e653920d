/* The intrusive ring. */
#include "tests/unit/check.h"

#include "base/list.h"

struct item {
	int v;
	struct list node;
};

static int order(struct list *head)
{
	int digits = 0;

	for (struct list *n = head->next; n != head; n = n->next)
		digits = digits * 10 + LIST_OWNER(n, struct item, node)->v;
	return digits;
}

static int order_back(struct list *head)
{
	int digits = 0;

	for (struct list *n = head->prev; n != head; n = n->prev)
		digits = digits * 10 + LIST_OWNER(n, struct item, node)->v;
	return digits;
}

static void test_push_append_remove(void **state)
{
	struct list head = { 0 };
	struct item items[3] = { { .v = 1 }, { .v = 2 }, { .v = 3 } };

	(void)state;
	list_init(&head);
	assert_true(list_is_empty(&head));
	for (int i = 0; i < 3; i++)
		list_init(&items[i].node);
	list_append(&head, &items[0].node);
	list_append(&head, &items[1].node);
	list_push(&head, &items[2].node);
	assert_int_equal(order(&head), 312);
	assert_int_equal(order_back(&head), 213);
	list_remove(&items[0].node);
	assert_int_equal(order(&head), 32);
	assert_true(list_is_empty(&items[0].node));
	list_remove(&items[0].node); /* twice does no harm */
	list_remove(&items[1].node);
	list_remove(&items[2].node);
	assert_true(list_is_empty(&head));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_push_append_remove) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
