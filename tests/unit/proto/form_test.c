/* Form bodies: the encoding of browsers, and nothing besides. */
#include "tests/unit/check.h"
#include "tests/unit/guard.h"

#include "base/wbuf.h"
#include "proto/form.h"

static struct guard guard;

static enum err parse(struct view v, struct form *ret)
{
	struct view copy = guard_put(&guard, v);

	return form_parse(guard.map + (copy.p - guard.map), copy.n, ret);
}

static void test_good(void **state)
{
	static const struct {
		const char *body, *name, *value;
		size_t n;
	} rows[] = {
		{ "", "a", "", 0 },
		{ "a=", "a", "", 1 },
		{ "a=1", "a", "1", 1 },
		{ "a=1&b=2", "b", "2", 2 },
		{ "a=1&b=2", "c", "", 2 },
		{ "user=jan+de+boer", "user", "jan de boer", 1 },
		{ "p=%c3%a9%2B%26%3D%25", "p", "\xc3\xa9+&=%", 1 },
		{ "%75ser=x", "user", "x", 1 },
		{ "p=%E2%82%AC", "p", "\xe2\x82\xac", 1 },
		{ "p=%0A%0D%09", "p", "\n\r\t", 1 },
		{ "p=*-._~!'()/?:@,;$", "p", "*-._~!'()/?:@,;$", 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct form f = { 0 };

		CHECK_ROW(rows[i].body, parse(view_str(rows[i].body), &f) == E_OK);
		CHECK_ROW(rows[i].body, f.n == rows[i].n);
		CHECK_ROW(rows[i].body,
			  view_eq(form_get(&f, view_str(rows[i].name)), view_str(rows[i].value)));
	}
}

static void test_bad(void **state)
{
	static const char *const rows[] = {
		"a",	     "&",	   "a=1&",     "&a=1",	      "a=1&&b=2", "=1",
		"a=1&a=2",   /* twice: which one counts? */
		"a=1&%61=2", /* twice, spelled another way */
		"a==1",	     "a=1=2",	   "a=%",      "a=%2",	      "a=%zz",	  "a=%+1",
		"a=%00",     "a=%C3",	   "a=%C0%80", "a=%ED%A0%80", "a=%ff",	  "a=\x01",
		"a=b c",     "a=\xc3\xa9", "a=1#b",    "a=1\r\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct form f = { .n = 77 };

		CHECK_ROW(rows[i], parse(view_str(rows[i]), &f) == E_PROTO);
		CHECK_ROW(rows[i], f.n == 77);
	}
	CHECK_ERR(parse(view_of("a=\0", 3), &(struct form){ 0 }), E_PROTO);
}

static void test_limit(void **state)
{
	uint8_t body[FORM_FIELDS * 8];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct form f = { 0 };

	(void)state;
	for (unsigned i = 0; i < FORM_FIELDS; i++) {
		wbuf_str(&w, i ? "&f" : "f");
		wbuf_dec(&w, i);
		WBUF_LIT(&w, "=1");
	}
	CHECK_OK(parse(wbuf_view(&w), &f));
	assert_int_equal(f.n, FORM_FIELDS);
	assert_true(form_has(&f, VIEW("f0")) && !form_has(&f, VIEW("f")));
	WBUF_LIT(&w, "&x=1");
	CHECK_ERR(parse(wbuf_view(&w), &f), E_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_limit),
	};
	int failed = 0;

	guard = guard_new(4096);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	guard_done(&guard);
	return failed;
}
