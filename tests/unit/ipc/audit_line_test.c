/* Audit lines: escaping (A27, F), the strict reader, keys and hashes. */
#include "ipc/audit_file.h"
#include "ipc/audit_hash.h"
#include "ipc/audit_key.h"
#include "sys/fd.h"
#include "tests/unit/check.h"
#include "tests/unit/guard.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

struct escape {
	const char *name, *in, *out;
};

/* What is UTF-8 by RFC 3629 §4, and how a character beyond U+FFFF is written by RFC 8259 §7. */
static const struct escape escapes[] = {
	{ "plain", "GET /a?b=c;d", "GET /a?b=c;d" },
	{ "quote and backslash", "a\"b\\c", "a\\\"b\\\\c" },
	{ "markup", "<b>&", "\\u003cb\\u003e\\u0026" },
	{ "CRLF", "a\r\nb", "a\\u000d\\u000ab" },
	{ "escape sequence", "\x1b[2J", "\\u001b[2J" },
	{ "delete", "\x7f", "\\u007f" },
	{ "tab", "\t", "\\u0009" },
	{ "shell", "$(reboot);`id`", "$(reboot);`id`" },
	{ "UTF-8", "ca\xc3\xaf \xe2\x82\xac \xf0\x9f\x94\x92",
	  "ca\xc3\xaf \xe2\x82\xac \xf0\x9f\x94\x92" },
	{ "lone continuation", "\x80", "\\u0080" },
	{ "lone lead", "\xc3", "\\u00c3" },
	{ "lead then ASCII", "\xc3z", "\\u00c3z" },
	{ "overlong slash", "\xc0\xaf", "\\u00c0\\u00af" },
	{ "overlong three", "\xe0\x80\xaf", "\\u00e0\\u0080\\u00af" },
	{ "surrogate", "\xed\xa0\x80", "\\u00ed\\u00a0\\u0080" },
	{ "beyond Unicode", "\xf4\x90\x80\x80", "\\u00f4\\u0090\\u0080\\u0080" },
	{ "C1 control",
	  "\xc2\x9b"
	  "2J",
	  "\\u009b2J" },
	{ "right-to-left override", "\xe2\x80\xae", "\\u202e" },
	{ "isolate", "\xe2\x81\xa6", "\\u2066" },
	{ "zero width space", "\xe2\x80\x8b", "\\u200b" },
	{ "line separator", "\xe2\x80\xa8", "\\u2028" },
	{ "byte order mark", "\xef\xbb\xbf", "\\ufeff" },
	{ "tag character", "\xf3\xa0\x81\x81", "\\udb40\\udc41" },
	{ "variation selector", "\xef\xb8\x8f", "\\ufe0f" },
};

static void test_escapes(void **state)
{
	struct guard g = guard_new(64);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(escapes); i++) {
		uint8_t buf[128];
		struct wbuf w = wbuf_of(buf, sizeof buf);

		audit_line_put_text(&w, guard_put(&g, view_str(escapes[i].in)));
		CHECK_ROW(escapes[i].name, view_eq(wbuf_view(&w), view_str(escapes[i].out)));
	}
	guard_done(&g);
}

/* Every pair of bytes: what comes out is a string the strict reader takes, and has no raw control.
 */
static void test_escape_pairs(void **state)
{
	(void)state;
	for (unsigned pair = 0; pair < 65536; pair++) {
		uint8_t in[2] = { (uint8_t)(pair >> 8), (uint8_t)pair }, buf[64];
		struct wbuf w = wbuf_of(buf, sizeof buf);
		struct audit_line_field f = { 0 };
		struct view v = { 0 };

		WBUF_LIT(&w, ",\"k\":\"");
		audit_line_put_text(&w, view_of(in, 2));
		WBUF_LIT(&w, "\"");
		v = wbuf_view(&w);
		assert_int_equal(audit_line_next(&v, &f), E_OK);
		assert_int_equal(v.n, 0);
		for (size_t i = 0; i < w.n; i++)
			assert_true(buf[i] >= 0x20 && buf[i] != 0x7f);
	}
}

static void test_printable_keeps_json(void **state)
{
	static const char line[] = "{\"a\":\"<b>\\\"&\"}";
	uint8_t buf[128];
	struct wbuf w = wbuf_of(buf, sizeof buf);

	(void)state;
	audit_line_put_printable(&w, view_str(line));
	CHECK_VIEW(wbuf_view(&w), line);
	w.n = 0;
	audit_line_put_printable(&w, VIEW("a\x1b[31m\n"));
	CHECK_VIEW(wbuf_view(&w), "a\\u001b[31m\\u000a");
}

#define HEAD                                                                                       \
	"{\"time\":\"T\",\"id\":\"I\",\"seq\":7,\"kind\":\"event\",\"action\":\"A\","              \
	"\"object\":\"O\",\"result\":\"R\",\"origin\":\"G\",\"actor\":\"-\""
#define PREV ",\"prev\":\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"}"

static void test_parse(void **state)
{
	static const char text[] =
		HEAD ",\"n\":18446744073709551615,\"t\":\"x\\u001by\",\"b\":true" PREV;
	struct audit_line l = { 0 };
	struct audit_line_field f = { 0 };
	const char *why = NULL;

	(void)state;
	CHECK_OK(audit_line_parse(view_str(text), &l, &why));
	CHECK_VIEW(l.time, "T");
	CHECK_VIEW(l.actor, "-");
	assert_int_equal(l.seq, 7);
	assert_int_equal(l.prev.b[31], 0xff);
	assert_true(audit_line_find(&l, VIEW("n"), AUDIT_LINE_NUMBER, &f) &&
		    f.number == UINT64_MAX);
	assert_true(audit_line_find(&l, VIEW("b"), AUDIT_LINE_BOOL, &f) && f.number == 1);
	CHECK_VIEW(f.text, "true");
	assert_true(audit_line_find(&l, VIEW("t"), AUDIT_LINE_TEXT, &f));
	CHECK_VIEW(f.text, "x\\u001by");
	assert_false(audit_line_find(&l, VIEW("t"), AUDIT_LINE_NUMBER, &f));
	assert_false(audit_line_find(&l, VIEW("absent"), AUDIT_LINE_TEXT, &f));
}

struct bad_line {
	const char *name, *text;
};

static void test_parse_refuses(void **state)
{
	static const struct bad_line bad[] = {
		{ "empty", "" },
		{ "no fields", "{}" },
		{ "no prev", HEAD "}" },
		{ "trailing byte", HEAD PREV " " },
		{ "short hash", HEAD ",\"prev\":\"00\"}" },
		{ "upper-case hash",
		  HEAD ",\"prev\":"
		       "\"00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff\"}" },
		{ "raw control", HEAD ",\"x\":\"\x01\"" PREV },
		{ "raw escape", HEAD ",\"x\":\"\x1b\"" PREV },
		{ "raw markup", HEAD ",\"x\":\"<\"" PREV },
		{ "raw override", HEAD ",\"x\":\"\xe2\x80\xae\"" PREV },
		{ "not UTF-8", HEAD ",\"x\":\"\xff\"" PREV },
		{ "unknown escape", HEAD ",\"x\":\"\\q\"" PREV },
		{ "short escape", HEAD ",\"x\":\"\\u12\"" PREV },
		{ "leading zero", HEAD ",\"x\":01" PREV },
		{ "negative", HEAD ",\"x\":-1" PREV },
		{ "2^64", HEAD ",\"x\":18446744073709551616" PREV },
		{ "fraction", HEAD ",\"x\":1.5" PREV },
		{ "null", HEAD ",\"x\":null" PREV },
		{ "nested", HEAD ",\"x\":{}" PREV },
		{ "array", HEAD ",\"x\":[]" PREV },
		{ "space", HEAD ", \"x\":1" PREV },
		{ "a second kind", HEAD ",\"kind\":\"access\"" PREV },
		{ "a second prev", HEAD PREV PREV },
		{ "other order", "{\"id\":\"I\",\"time\":\"T\"" PREV },
		{ "no quote at the end", HEAD ",\"x\":\"abc" PREV },
	};
	struct guard g = guard_new(1024);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct audit_line l = { 0 };
		const char *why = NULL;

		CHECK_ROW(bad[i].name, audit_line_parse(guard_put(&g, view_str(bad[i].text)), &l,
							&why) == E_PROTO);
		CHECK_ROW(bad[i].name, why != NULL);
	}
	guard_done(&g);
}

static void test_parse_cut_anywhere(void **state)
{
	static const char text[] = HEAD ",\"n\":1,\"t\":\"\xc3\xaf\",\"b\":false" PREV;
	struct guard g = guard_new(sizeof text);

	(void)state;
	for (size_t n = 0; n < sizeof text - 1; n++) {
		struct audit_line l = { 0 };
		const char *why = NULL;

		CHECK_ERR(audit_line_parse(guard_put(&g, view_of(text, n)), &l, &why), E_PROTO);
	}
	guard_done(&g);
}

static void test_names(void **state)
{
	static const char *const bad[] = { "",
					   "audit-00000000000000000007.json",
					   "audit-0000000000000000000x.jsonl",
					   "audit-10000000000000000007.jsonl",
					   "audit-00000000000000000007.jsonl.gz",
					   "next.tmp",
					   "audit.pub",
					   "../it-00000000000000000007.jsonl" };
	uint8_t buf[AUDIT_FILE_NAME];
	struct wbuf w = wbuf_of(buf, sizeof buf);
	uint64_t seq = 0;

	(void)state;
	audit_file_put_name(&w, 7);
	CHECK_VIEW(wbuf_view(&w), "audit-00000000000000000007.jsonl");
	CHECK_OK(audit_file_get_name(wbuf_view(&w), &seq));
	assert_int_equal(seq, 7);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		CHECK_ROW(bad[i], audit_file_get_name(view_str(bad[i]), &seq) == E_PROTO);
}

static void test_reader(void **state)
{
	static uint8_t buf[AUDIT_FILE_BUFFER], big[AUDIT_LINE_MAX + 10];
	struct audit_file_reader r = { .buf = buf };
	struct view v = { 0 };
	int fd = memfd_create("lines", 0);

	(void)state;
	/* 40,000 lines of 40 bytes: the buffer is refilled and moved. */
	for (unsigned i = 0; i < 40000; i++)
		assert_int_equal(dprintf(fd, "%039u\n", i), 40);
	assert_int_equal(dprintf(fd, "torn"), 4);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	r.fd = fd;
	for (unsigned i = 0; i < 40000; i++) {
		uint64_t x = 0;

		CHECK_OK(audit_file_next(&r, &v));
		assert_int_equal(v.n, 39);
		CHECK_OK(view_dec(view_slice(v, 21, 18), &x));
		assert_int_equal(x, i);
	}
	CHECK_ERR(audit_file_next(&r, &v), E_AGAIN);
	CHECK_VIEW(v, "torn");
	assert_int_equal(r.bytes, 1600000);
	/* The file grows: the same reader goes on. */
	assert_int_equal(pwrite(fd, "ed\nx", 4, 1600004), 4);
	CHECK_OK(audit_file_next(&r, &v));
	CHECK_VIEW(v, "torned");
	CHECK_ERR(audit_file_next(&r, &v), E_AGAIN);
	assert_int_equal(pwrite(fd, big, sizeof big, 1600008), sizeof big);
	CHECK_ERR(audit_file_next(&r, &v), E_LIMIT);
	close(fd);
}

/*
 * The key of RFC 8032 §7.1, test 2, encoded as §5.1.5 has it (RFC 8032 §5.1.5), in the one form of
 * RFC 8410 §4, in base64 of which only the canonical spelling is taken (RFC 4648 §4).
 */
static void test_key_text(void **state)
{
	static const char hex[] =
		"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
	static const char pem[] = "-----BEGIN PUBLIC KEY-----\n"
				  "MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=\n"
				  "-----END PUBLIC KEY-----\n";
	struct audit_key key = { 0 }, back = { 0 };
	uint8_t buf[AUDIT_KEY_PEM_MAX];
	struct wbuf w = wbuf_of(buf, sizeof buf);

	(void)state;
	CHECK_OK(audit_line_get_hex(view_str(hex), key.b, sizeof key.b));
	audit_key_put_pem(&w, &key);
	CHECK_VIEW(wbuf_view(&w), pem);
	CHECK_OK(audit_key_get_pem(view_str(pem), &back));
	assert_true(audit_key_eq(&key, &back));
	for (size_t i = 0; i < sizeof pem - 1; i++) {
		char bad[sizeof pem];
		struct audit_key k = { 0 };

		memcpy(bad, pem, sizeof bad);
		bad[i] ^= 1;
		/* Any changed byte is refused, or is another key. */
		if (audit_key_get_pem(view_str(bad), &k) == E_OK)
			assert_false(audit_key_eq(&k, &key));
		CHECK_ERR(audit_key_get_pem(view_of(pem, i), &k), E_PROTO);
	}
}

/* FIPS 180-4 (SHA-256): the published examples. */
static void test_hash(void **state)
{
	struct audit_hash h = { 0 };
	struct audit_line_hash out = { 0 };
	uint8_t hex[64];
	struct wbuf w = wbuf_of(hex, sizeof hex);

	(void)state;
	CHECK_OK(audit_hash_init(&h));
	for (unsigned again = 0; again < 3; again++) {
		w.n = 0;
		CHECK_OK(audit_hash_of(&h, VIEW("abc"), &out));
		wbuf_hex(&w, view_of(out.b, sizeof out.b));
		CHECK_VIEW(wbuf_view(&w),
			   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	}
	audit_hash_done(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_escape_pairs),
		cmocka_unit_test(test_printable_keeps_json),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_parse_cut_anywhere),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_reader),
		cmocka_unit_test(test_key_text),
		cmocka_unit_test(test_hash),
	};

	return cmocka_run_group_tests_name("audit_line", tests, NULL, NULL);
}
