/* traceparent by W3C Trace Context §3.2: each byte that may be wrong, and versions to come (§4.4).
 */
#include "tests/unit/check.h"

#include "proto/traceparent.h"

#define GOOD "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

static enum err parse(const char *text, struct traceparent *ret)
{
	return traceparent_parse(view_str(text), ret);
}

static void test_good(void **state)
{
	struct traceparent t = { 0 };
	char out[64] = "";
	struct wbuf w = wbuf_of(out, sizeof out);

	(void)state;
	assert_int_equal(parse(GOOD, &t), E_OK);
	assert_true(view_eq(t.trace_id, VIEW("4bf92f3577b34da6a3ce929d0e0e4736")));
	assert_true(view_eq(t.parent_id, VIEW("00f067aa0ba902b7")));
	assert_true(t.is_sampled);
	traceparent_put(&w, &t);
	assert_true(view_eq(wbuf_view(&w), VIEW(GOOD)));
	assert_int_equal(w.n, TRACEPARENT_BYTES);
	assert_int_equal(parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-fe", &t),
			 E_OK);
	assert_false(t.is_sampled); /* other flags are not for us */
	assert_int_equal(parse("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", &t),
			 E_OK);
	assert_int_equal(parse("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later", &t),
			 E_OK);
}

static void test_bad(void **state)
{
	static const char *const bad[] = {
		"",
		"00",
		GOOD "-",
		GOOD "0",
		"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		"cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01later",
		"0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
		"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
		"00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
		"00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		(" " GOOD),
	};
	struct traceparent t = { .is_sampled = true };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (parse(bad[i], &t) != E_PROTO)
			fail_msg("taken: %s", bad[i]);
		assert_true(t.is_sampled && t.trace_id.n == 0); /* untouched */
	}
}

/* Every cut, and every byte changed to one that can't stand there. */
static void test_every_byte(void **state)
{
	struct traceparent t = { 0 };

	(void)state;
	for (size_t i = 0; i < TRACEPARENT_BYTES; i++) {
		char text[TRACEPARENT_BYTES + 1] = GOOD;

		assert_int_equal(traceparent_parse(view_of(GOOD, i), &t), E_PROTO);
		text[i] = 'g';
		assert_int_equal(parse(text, &t), E_PROTO);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
