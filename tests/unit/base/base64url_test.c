/* base/base64url: RFC 4648 §5, without padding. */
#include "tests/unit/check.h"

#include "base/base64url.h"

static const struct {
	const char *plain;
	size_t n;
	const char *text;
} vectors[] = {
	/* RFC 4648 §10, without padding */
	{ "foobar", 0, "" },	     { "foobar", 1, "Zg" },	    { "foobar", 2, "Zm8" },
	{ "foobar", 3, "Zm9v" },     { "foobar", 4, "Zm9vYg" },	    { "foobar", 5, "Zm9vYmE" },
	{ "foobar", 6, "Zm9vYmFy" }, { "\xfb\xff\xbe", 3, "-_--" },
};

static void test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		struct view plain = view_slice(view_str(vectors[i].plain), 0, vectors[i].n);
		uint8_t bytes[32];
		struct wbuf w = wbuf_of(bytes, sizeof bytes);

		base64url_put(&w, plain);
		assert_true(view_eq(wbuf_view(&w), view_str(vectors[i].text)));
		w.n = 0;
		assert_int_equal(base64url_get(view_str(vectors[i].text), &w), E_OK);
		assert_true(view_eq(wbuf_view(&w), plain));
	}
}

/* RFC 4648 §3.3, §3.5: other bytes, padding, and bits left over are refused. */
static void test_refused(void **state)
{
	static const char *const bad[] = { "Z",	     "Zm9vY", "Zg==", "Zm8=",  "Zh",	 "Zm9",
					   "Zm9v\n", "+/++",  "Zm 9", "Zm9v.", "\x80gAA" };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		uint8_t bytes[32];
		struct wbuf w = wbuf_of(bytes, sizeof bytes);

		assert_int_equal(base64url_get(view_str(bad[i]), &w), E_PROTO);
	}
}

static void test_room(void **state)
{
	uint8_t bytes[2];
	struct wbuf w = wbuf_of(bytes, sizeof bytes);

	(void)state;
	assert_int_equal(base64url_get(VIEW("Zm9v"), &w), E_LIMIT);
	w = wbuf_of(bytes, sizeof bytes);
	base64url_put(&w, VIEW("foo"));
	assert_int_equal(wbuf_check(&w), E_LIMIT);
}

static void test_every_byte(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 70; n++) {
		uint8_t plain[70], text[100], back[70];
		struct wbuf t = wbuf_of(text, sizeof text), b = wbuf_of(back, sizeof back);

		for (unsigned i = 0; i < n; i++)
			plain[i] = (uint8_t)(n * 31 + i * 7);
		base64url_put(&t, view_of(plain, n));
		assert_int_equal(base64url_get(wbuf_view(&t), &b), E_OK);
		assert_true(view_eq(wbuf_view(&b), view_of(plain, n)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
