/* Rates, percentiles and screens of `sluis top`, with counters that lie. */
#include "tests/unit/check.h"

#include "tool/top_draw.h"

#include <string.h>

static struct top_row row(const char *name, uint64_t id)
{
	struct top_row r = { .id = id };

	top_sample_name(r.name, sizeof r.name, view_str(name));
	return r;
}

static void test_rates(void **state)
{
	struct top_row a = row("x", 7), b = row("x", 7);
	struct top_sample before = { &a, 1, 1000000000 }, now = { &b, 1, 3000000000 };
	struct top_line l = { 0 };

	(void)state;
	a.requests = 100;
	b.requests = 300;
	b.bytes_in = 4096;
	a.failed = 5;
	b.failed = 4; /* fell: begun anew */
	b.cpu_us = 1000000;
	a.counts[1] = 50;
	b.counts[1] = 150;
	l = top_sample_line(&now, &before, 0);
	assert_int_equal(l.requests_s, 100);
	assert_int_equal(l.bytes_in_s, 2048);
	assert_int_equal(l.failed_s, 0);
	assert_int_equal(l.cpu_permille, 500);
	assert_int_equal(l.p50_us, 375);
	/* another thing under the same place, and the first look */
	a.id = 8;
	assert_int_equal(top_sample_line(&now, &before, 0).requests_s, 150);
	before = (struct top_sample){ 0 };
	assert_int_equal(top_sample_line(&now, &before, 0).requests_s, 0);
}

/* Whatever is claimed, no rate is beyond what a rate can be. */
static void test_absurd(void **state)
{
	struct top_row a = { .id = 1 }, b = { 0 };
	struct top_sample before = { &a, 1, 5 }, now = { &b, 1, 5 };
	struct top_line l = { 0 };

	(void)state;
	memset(&b, 0xff, sizeof b);
	b.id = 1;
	b.name[0] = b.state[0] = 0;
	l = top_sample_line(&now, &before, 0);
	assert_true(l.requests_s == TOP_RATE_MAX);
	assert_true(l.p99_us <= 4096000);
	assert_true(l.cpu_permille <= TOP_RATE_MAX / 1000);
}

static void test_names(void **state)
{
	char name[8];

	(void)state;
	top_sample_name(name, sizeof name, VIEW("a\x1b[2J\xc2\x9b"));
	assert_string_equal(name, "a?[2J??");
}

/* No screen is longer or wider than the terminal, and nothing but our own escapes is in it. */
static void test_screen(void **state)
{
	static struct top_row rows[50], old[50];
	static struct top_line lines[50];
	static char text[65536];
	struct top_sample now = { rows, 50, 2000000000 }, before = { old, 50, 1000000000 };

	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		rows[i] = old[i] = row("server/with a rather long name", i + 1);
		rows[i].requests = UINT64_MAX / (i + 1);
		rows[i].active = UINT64_MAX;
		rows[i].counts[i % 16] = UINT64_MAX;
	}
	for (unsigned order = 0; order < TOP_ORDERS; order++) {
		top_draw_sort(&now, &before, (enum top_order)order, lines);
		for (unsigned n = 4; n < 60; n += 7) {
			struct wbuf w = wbuf_of(text, sizeof text - 1);
			struct top_screen s = { .view = TOP_SERVERS,
						.order = (uint8_t)order,
						.lines = n,
						.columns = 40,
						.from = 3,
						.is_terminal = true };
			unsigned ends = 0;

			top_draw(&w, &s, lines, 50, "title");
			assert_false(w.bad);
			for (size_t i = 0; i < w.n; i++)
				ends += text[i] == '\n';
			assert_true(ends < n);
		}
	}
	assert_true(lines[0].p99_us >= lines[49].p99_us);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_absurd),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_screen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
