/* Classes of clients: real ClientHellos, shuffled ones, broken ones at every length; RFC 8446
 * §4.1.2, §4.2.1; RFC 8701 §2. */
#include "tests/unit/check.h"
#include "tests/unit/guard.h"

#include "proto/tls_class.h"

#include <stdio.h>
#include <string.h>

enum { ROOM = 32 * 1024 };

static const char *corpus;

struct hello {
	uint8_t bytes[ROOM], text[TLS_CLASS_MAX];
	size_t n;
};

static struct view load(struct hello *h, const char *name)
{
	char path[512];
	FILE *f = NULL;

	snprintf(path, sizeof path, "%s/tls_class/%s", corpus, name);
	f = fopen(path, "rb");
	assert_non_null(f);
	h->n = fread(h->bytes, 1, sizeof h->bytes, f);
	fclose(f);
	return view_of(h->bytes, h->n);
}

static struct view class_of(struct hello *h, struct view hello)
{
	struct wbuf w = wbuf_of(h->text, sizeof h->text);

	CHECK_OK(tls_class_put(&w, hello));
	return wbuf_view(&w);
}

static void test_one_browser_is_one_class(void **state)
{
	static struct hello a, b;

	(void)state;
	/* the second of each is of a WebSocket: other ALPN, other order, other GREASE, fewer
	 * extensions */
	assert_true(view_eq(class_of(&a, load(&a, "chromium")),
			    class_of(&b, load(&b, "chromium_websocket"))));
	assert_true(view_eq(class_of(&a, load(&a, "firefox")),
			    class_of(&b, load(&b, "firefox_websocket"))));
}

static void test_programs_differ(void **state)
{
	static const char *const names[] = { "chromium", "firefox", "curl", "python" };
	static struct hello h[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < i; k++)
			assert_false(view_eq(class_of(&h[i], load(&h[i], names[i])),
					     class_of(&h[k], load(&h[k], names[k]))));
}

static void test_text(void **state)
{
	static struct hello h;

	(void)state;
	CHECK_VIEW(class_of(&h, load(&h, "python")),
		   "tls 0304 0067,006b,009e,009f,00ff,1301,1302,1303,c023,c024,c027,c028,c02b,"
		   "c02c,c02f,c030,cca8,cca9 000a,000b,000d,0016,0017,002b,002d,0033 "
		   "0403,0503,0603,0807,0808,0809,080a,080b,0804,0805,0806,0401,0501,0601,"
		   "0303,0301,0302,0402,0502,0602");
}

/* ---- made ones ---- */

static struct view make(struct hello *h, struct view suites, struct view extensions)
{
	struct wbuf w = wbuf_of(h->bytes, sizeof h->bytes);
	size_t n = 2 + 32 + 1 + 2 + suites.n + 2 + (extensions.p ? 2 + extensions.n : 0);

	wbuf_u8(&w, 1);
	wbuf_u8(&w, (uint8_t)(n >> 16));
	wbuf_u16(&w, (uint16_t)n);
	wbuf_u16(&w, 0x0303);
	for (int i = 0; i < 32; i++)
		wbuf_u8(&w, (uint8_t)i);
	wbuf_u8(&w, 0);
	wbuf_str16(&w, suites);
	wbuf_u16(&w, 0x0100);
	if (extensions.p)
		wbuf_str16(&w, extensions);
	CHECK_OK(wbuf_check(&w));
	return wbuf_view(&w);
}

static void test_without_extensions(void **state)
{
	static struct hello h;

	(void)state;
	CHECK_VIEW(class_of(&h, make(&h, VIEW("\x13\x02\x13\x01"), (struct view){ 0 })),
		   "tls 0303 1301,1302  ");
}

static void test_grease_is_left_out(void **state)
{
	static struct hello h;
	struct view suites = VIEW("\x0a\x0a\x13\x01\xfa\xfa"),
		    extensions = VIEW("\xda\xda\0\0"		     /* an extension */
				      "\0\x2b\0\7\6\x8a\x8a\3\4\3\3" /* a version */
				      "\0\x0d\0\6\0\4\x1a\x1a\4\3"   /* an algorithm */
				      "\x0a\x1a\0\0"); /* looks like it, and is none */

	(void)state;
	CHECK_VIEW(class_of(&h, make(&h, suites, extensions)), "tls 0304 1301 000d,002b,0a1a 0403");
}

static void test_broken_ones(void **state)
{
	static const struct view extensions[] = {
		VIEW_INIT("\0\x2b\0\2\3\3"),	   /* versions: longer than there is */
		VIEW_INIT("\0\x2b\0\4\2\3\4\0"),   /* ... and shorter */
		VIEW_INIT("\0\x2b\0\4\3\3\4\3"),   /* ... and half a version */
		VIEW_INIT("\0\x0d\0\3\0\1\4"),	   /* half an algorithm */
		VIEW_INIT("\0\x0d\0\5\0\2\4\3\0"), /* something behind them */
		VIEW_INIT("\0\x33\0\1"),	   /* longer than the rest */
		VIEW_INIT("\0\x33\0"),
	};
	static struct hello h;

	(void)state;
	for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++) {
		struct wbuf w = wbuf_of(h.text, sizeof h.text);

		assert_int_equal(tls_class_put(&w, make(&h, VIEW("\x13\x01"), extensions[i])),
				 E_PROTO);
	}
}

static void test_cut_at_every_place(void **state)
{
	static struct hello h;
	struct guard g = { 0 };
	struct view whole = load(&h, "firefox");

	(void)state;
	g = guard_new(whole.n);
	for (size_t n = 0; n < whole.n; n++) {
		struct wbuf w = wbuf_of(h.text, sizeof h.text);
		enum err got = tls_class_put(&w, guard_put(&g, view_slice(whole, 0, n)));

		/* without its extensions it is one of the old ones */
		assert_true(got == E_PROTO || (got == E_OK && n < 120));
	}
	guard_done(&g);
}

static void test_too_many_numbers(void **state)
{
	static struct hello h;
	uint8_t suites[2 * (TLS_CLASS_NUMBERS + 1)];
	struct wbuf s = wbuf_of(suites, sizeof suites), w = wbuf_of(h.text, sizeof h.text);

	(void)state;
	for (unsigned i = 0; i <= TLS_CLASS_NUMBERS; i++)
		wbuf_u16(&s, (uint16_t)(0xc000 + TLS_CLASS_NUMBERS - i));
	assert_int_equal(tls_class_put(&w, make(&h, wbuf_view(&s), (struct view){ 0 })), E_LIMIT);
	w = wbuf_of(h.text, sizeof h.text);
	CHECK_OK(tls_class_put(&w,
			       make(&h, view_of(suites, sizeof suites - 2), (struct view){ 0 })));
	assert_true(view_starts(wbuf_view(&w), VIEW("tls 0303 c001,c002,")));
	w = wbuf_of(h.text, 20);
	assert_int_equal(tls_class_put(&w, make(&h, wbuf_view(&s), (struct view){ 0 })), E_LIMIT);
}

static void test_other_messages(void **state)
{
	static struct hello h;
	struct wbuf w = wbuf_of(h.text, sizeof h.text);

	(void)state;
	(void)make(&h, VIEW("\x13\x01"), (struct view){ 0 });
	h.bytes[0] = 2;
	assert_int_equal(tls_class_put(&w, view_of(h.bytes, 60)), E_PROTO);
	assert_int_equal(tls_class_put(&w, (struct view){ 0 }), E_PROTO);
}

int main(int n, char **arguments)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_browser_is_one_class),
		cmocka_unit_test(test_programs_differ),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_without_extensions),
		cmocka_unit_test(test_grease_is_left_out),
		cmocka_unit_test(test_broken_ones),
		cmocka_unit_test(test_cut_at_every_place),
		cmocka_unit_test(test_too_many_numbers),
		cmocka_unit_test(test_other_messages),
	};

	corpus = n > 1 ? arguments[1] : ".";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
