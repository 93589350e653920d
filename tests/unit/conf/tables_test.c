/* The small tables of a compilation: names, slots, and the collector of problems. */
#include "base/wbuf.h"
#include "conf/diag.h"
#include "conf/names.h"
#include "conf/region.h"
#include "conf/slots.h"
#include "tests/unit/check.h"

#include <stdio.h>

static struct arena region;

static int open_region(void **state)
{
	(void)state;
	return region_open(&region) == E_OK ? 0 : -1;
}

static int close_region(void **state)
{
	(void)state;
	region_close(&region);
	return 0;
}

static void test_names_grow_and_keep_the_first(void **state)
{
	struct names t = names_of(&region);
	char text[16];

	(void)state;
	assert_int_equal(names_get(&t, VIEW("a")), NAMES_NONE);
	for (uint32_t i = 0; i < 10000; i++) {
		(void)snprintf(text, sizeof text, "n%u", i);
		assert_int_equal(names_put(&t, region_copy(&region, view_str(text)), i),
				 NAMES_NONE);
	}
	assert_int_equal(t.n, 10000);
	for (uint32_t i = 0; i < 10000; i++) {
		(void)snprintf(text, sizeof text, "n%u", i);
		assert_int_equal(names_get(&t, view_str(text)), i);
		assert_int_equal(names_put(&t, view_str(text), 5), i);
	}
	assert_int_equal(names_get(&t, VIEW("n10000")), NAMES_NONE);
	names_set(&t, VIEW("n7"), 70);
	names_set(&t, VIEW("new"), 71);
	assert_int_equal(names_get(&t, VIEW("n7")), 70);
	assert_int_equal(names_get(&t, VIEW("new")), 71);
}

static void test_names_take_the_empty_one(void **state)
{
	struct names t = names_of(&region);

	(void)state;
	assert_int_equal(names_get(&t, (struct view){ 0 }), NAMES_NONE);
	assert_int_equal(names_put(&t, (struct view){ 0 }, 3), NAMES_NONE);
	assert_int_equal(names_get(&t, VIEW("")), 3);
}

static void test_slots_stay_and_new_ones_are_fresh(void **state)
{
	struct slots s = { 0 };

	(void)state;
	slots_init(&s, &region, 4);
	slots_had(&s, VIEW("a"), 0);
	slots_had(&s, VIEW("gone"), 1);
	slots_had(&s, VIEW("c"), 3);
	assert_int_equal(slots_keep(&s, VIEW("c")), 3);
	assert_int_equal(slots_keep(&s, VIEW("new")), NAMES_NONE);
	assert_int_equal(slots_keep(&s, VIEW("a")), 0);
	assert_int_equal(slots_keep(&s, VIEW("a")), NAMES_NONE); /* one owner only */
	assert_int_equal(slots_take(&s), 2);			 /* nobody had it */
	assert_int_equal(slots_take(&s), 1);			 /* then what fell free */
	assert_int_equal(slots_take(&s), NAMES_NONE);
}

struct heard {
	uint8_t text[4096];
	size_t n;
	unsigned lines;
};

static void on_problem(void *arg, enum diag_level level, const char *text)
{
	struct heard *h = arg;

	struct wbuf w = { .p = h->text, .n = h->n, .cap = sizeof h->text - 1 };

	(void)level;
	h->lines++;
	wbuf_str(&w, text);
	WBUF_LIT(&w, "\n");
	h->n = w.n;
}

static void test_diag_sorts_by_place(void **state)
{
	struct diag d = { 0 };
	struct heard h = { 0 };

	(void)state;
	diag_init(&d, &region);
	d.files[0] = VIEW("a.yaml");
	d.files[1] = VIEW("b.yaml");
	d.file_n = 2;
	diag_error(&d, (struct place){ .file = 1, .line = 1, .column = 1 }, "four");
	diag_error(&d, (struct place){ .file = 0, .line = 2, .column = 9 }, "two");
	diag_warning(&d, (struct place){ .file = 0, .line = 2, .column = 9 }, "three");
	diag_error(&d, (struct place){ .file = 0, .line = 2, .column = 1 }, "one");
	diag_error(&d, (struct place){ .file = 0 }, "zero");
	diag_tell(&d, on_problem, &h);
	assert_string_equal((const char *)h.text, "a.yaml: error: zero\n"
						  "a.yaml:2:1: error: one\n"
						  "a.yaml:2:9: error: two\n"
						  "a.yaml:2:9: warning: three\n"
						  "b.yaml:1:1: error: four\n");
	assert_int_equal(d.errors, 4);
	assert_int_equal(d.warnings, 1);
}

/* THREATS A27: what comes from a file never reaches a terminal as it is. */
static void test_diag_escapes(void **state)
{
	struct diag d = { 0 };
	struct heard h = { 0 };

	(void)state;
	diag_init(&d, &region);
	d.files[0] = VIEW("a\x1b[2J.yaml");
	d.file_n = 1;
	diag_error(&d, (struct place){ .line = 1, .column = 1 }, "%.*s",
		   DIAG_VIEW(VIEW("x\r\n\x7fy")));
	diag_tell(&d, on_problem, &h);
	assert_string_equal((const char *)h.text, "a\\x1b[2J.yaml:1:1: error: x\\x0d\\x0a\\x7fy\n");
}

static void test_diag_counts_what_it_does_not_keep(void **state)
{
	struct diag d = { 0 };
	struct heard h = { 0 };

	(void)state;
	diag_init(&d, &region);
	for (uint32_t i = 0; i < DIAG_MAX + 5; i++)
		diag_error(&d, (struct place){ .line = i + 1, .column = 1 }, "x");
	diag_tell(&d, on_problem, &h);
	assert_int_equal(h.lines, DIAG_MAX + 1);
	assert_int_equal(d.errors, DIAG_MAX + 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names_grow_and_keep_the_first, open_region,
						close_region),
		cmocka_unit_test_setup_teardown(test_names_take_the_empty_one, open_region,
						close_region),
		cmocka_unit_test_setup_teardown(test_slots_stay_and_new_ones_are_fresh, open_region,
						close_region),
		cmocka_unit_test_setup_teardown(test_diag_sorts_by_place, open_region,
						close_region),
		cmocka_unit_test_setup_teardown(test_diag_escapes, open_region, close_region),
		cmocka_unit_test_setup_teardown(test_diag_counts_what_it_does_not_keep, open_region,
						close_region),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
