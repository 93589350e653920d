/* What leads to a server: the bytes that are hashed, for each way to name them. */
#include "role/edge/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char head[] = "GET /a/b;c?x=1&tenant=t%201&tenant=2&empty=&flag HTTP/1.1\r\n"
			   "Host: www.example.nl\r\n"
			   "X-Tenant: one\r\n"
			   "Cookie: a=1; b=two;c = 3; b=again\r\n"
			   "x-tenant:  two \r\n"
			   "X-Empty:\r\n"
			   "cookie: late=4\r\n"
			   "X-Forwarded-For: 192.0.2.1\r\n\r\nbody=Cookie: b=body\r\nX-Body: 1\r\n";

/* NULL: there is no key. */
static void expect(enum image_hash kind, const char *name, const char *want)
{
	uint8_t bytes[64];
	struct wbuf w = wbuf_of(bytes, sizeof bytes);
	bool found = key_of_head(view_str(head), kind, view_str(name), &w);

	assert_int_equal(found, want != NULL);
	if (want)
		assert_true(view_eq(wbuf_view(&w), view_str(want)));
}

static void fields(void **state)
{
	(void)state;
	expect(IMAGE_HASH_HEADER, "x-tenant", ",one,two");
	expect(IMAGE_HASH_HEADER, "host", ",www.example.nl");
	expect(IMAGE_HASH_HEADER, "x-empty", NULL);
	expect(IMAGE_HASH_HEADER, "x-absent", NULL);
	expect(IMAGE_HASH_HEADER, "x-tenan", NULL);
	expect(IMAGE_HASH_HEADER, "x-body", NULL);
}

/* RFC 6265 §4.2.1: cookie-pair *( ";" SP cookie-pair ) */
static void cookies(void **state)
{
	(void)state;
	expect(IMAGE_HASH_COOKIE, "a", "1");
	expect(IMAGE_HASH_COOKIE, "b", "two");
	expect(IMAGE_HASH_COOKIE, "late", "4");
	expect(IMAGE_HASH_COOKIE, "c", NULL); /* "c " is another name */
	expect(IMAGE_HASH_COOKIE, "A", NULL);
	expect(IMAGE_HASH_COOKIE, "", NULL);
}

static void target(void **state)
{
	(void)state;
	expect(IMAGE_HASH_PATH, "", "/a/b;c");
	expect(IMAGE_HASH_QUERY, "x", "1");
	expect(IMAGE_HASH_QUERY, "tenant", "t%201");
	expect(IMAGE_HASH_QUERY, "empty", NULL);
	expect(IMAGE_HASH_QUERY, "flag", NULL);
	expect(IMAGE_HASH_QUERY, "Host", NULL);
}

/* Whatever is in the head, nothing outside it is read, and nothing is found that is not there. */
static void odd_heads(void **state)
{
	static const char *const odd[] = { "",	   " ",	   "GET",     "GET /",	     "GET /?",
					   "\r",   "\r\n", "\r\n:",   "x\r\ncookie", "x\r\n\r\n",
					   "\n\r", "a b",  "a b?b=\r" };

	(void)state;
	for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
		for (int kind = IMAGE_HASH_NONE; kind <= IMAGE_HASH_SOURCE; kind++) {
			uint8_t bytes[16];
			struct wbuf w = wbuf_of(bytes, sizeof bytes);

			if (kind != IMAGE_HASH_PATH)
				assert_false(key_of_head(view_str(odd[i]), (enum image_hash)kind,
							 VIEW("cookie"), &w));
			else
				(void)key_of_head(view_str(odd[i]), IMAGE_HASH_PATH, VIEW(""), &w);
		}
}

static void what_does_not_fit_is_no_key(void **state)
{
	uint8_t bytes[3];
	struct wbuf w = wbuf_of(bytes, sizeof bytes);

	(void)state;
	assert_false(key_of_head(view_str(head), IMAGE_HASH_PATH, VIEW(""), &w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields),
		cmocka_unit_test(cookies),
		cmocka_unit_test(target),
		cmocka_unit_test(odd_heads),
		cmocka_unit_test(what_does_not_fit_is_no_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
