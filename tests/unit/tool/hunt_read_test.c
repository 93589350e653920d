/* Files of indicators: lists, patterns and bundles of STIX 2.1, advisories of CSAF 2.0; what each
 * says is held against a record, and what is not understood is told. */
#include "tests/unit/check.h"
#include "tests/unit/guard.h"
#include "tests/unit/tool/hunt_kit.h"
#include "tool/hunt_csaf.h"
#include "tool/hunt_list.h"
#include "tool/hunt_pattern.h"
#include "tool/hunt_read.h"
#include "tool/hunt_stix.h"
#include "tool/hunt_value.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CERTIFICATE "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static struct hunt_kit kit(void)
{
	return (struct hunt_kit){
		.origin = "203.0.113.7:4711",
		.object = "https://www.Evil.example:8443/shop/a.php",
		.sni = "sni.example",
		.agent = "curl/8.5.0 (x, 'q' \\u00e9)",
		.actor = "anna",
		.certificate = CERTIFICATE,
	};
}

static size_t hits(const struct hunt_set *s, struct hunt_kit *k)
{
	struct log_line l = hunt_kit_line(k, 1);
	struct hunt_match *m = NULL;
	const uint32_t *hit = NULL;
	size_t n = 0;

	CHECK_OK(hunt_match_new(s, &m));
	n = hunt_match_line(m, &l, &hit);
	assert_int_equal(hunt_match_line(m, &l, &hit), n); /* nothing stays from before */
	hunt_match_done(m);
	return n;
}

struct told {
	unsigned n;
	struct hunt_list_error last;
};

static void on_error(void *arg, const struct hunt_list_error *e)
{
	struct told *t = arg;

	t->n++;
	t->last = *e;
}

/* ---- lists ---- */

struct list_case {
	const char *line, *kind;
	size_t hits;
};

static const struct list_case list_good[] = {
	{ "203.0.113.7", "address", 1 },
	{ "203.0.113.8", "address", 0 },
	{ "  203[.]0[.]113[.]7\t# why", "address", 1 },
	{ "203.0.113.0/24", "network", 1 },
	{ "ip:203.0.113.7", "address", 1 },
	{ "net:0.0.0.0/0", "network", 1 },
	{ "::/0", "network", 1 },
	{ "2001:db8::1", "address", 0 },
	{ "www.evil.example", "host", 1 },
	{ "WWW.EVIL[.]example.", "host", 1 },
	{ "evil.example", "host", 0 },
	{ "*.evil.example", "end of host", 1 },
	{ "host:*.evil.example", "end of host", 1 },
	{ "host~evil", "part of host", 1 },
	{ "host:sni.example", "host", 1 },
	{ "/shop/a.php", "path", 1 },
	{ "/shop/a.ph", "path", 0 },
	{ "/shop/*", "start of path", 1 },
	{ "path-prefix:/shop", "start of path", 1 },
	{ "path~a.php", "part of path", 1 },
	{ "hxxp://www[.]evil[.]example/shop/a.php?x=1#y", "URL", 1 },
	{ "hxxps[:]//www.evil.example/shop/a.php", "URL", 1 },
	{ "https://WWW.evil.example:443/shop/*", "start of URL", 1 },
	{ "url:http://www.evil.example", "URL", 0 },
	{ "curl/8.5.0 (x, 'q' \xc3\xa9)", "user agent", 1 },
	{ "agent:curl/8.5.0", "user agent", 0 },
	{ "agent-prefix:curl/", "start of user agent", 1 },
	{ "agent~8.5", "part of user agent", 1 },
	{ "agent~[.]", "part of user agent", 0 }, /* texts mean what they say */
	{ "user:anna", "user", 1 },
	{ "user:bob", "user", 0 },
	{ "tls:" CERTIFICATE, "TLS fingerprint", 1 },
	{ "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:"
	  "dd:"
	  "ee:ff",
	  "TLS fingerprint", 1 },
	{ "# a comment", NULL, 0 },
	{ "", NULL, 0 },
	{ " \t\r", NULL, 0 },
};

static void test_list(void **state)
{
	struct guard g = guard_new(8192);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(list_good); i++) {
		const struct list_case *c = &list_good[i];
		struct hunt_set s = { 0 };
		struct told t = { 0 };
		struct hunt_kit k = kit();
		struct view text = guard_put(&g, view_str(c->line));

		CHECK_ROW(c->line, hunt_list_read(&s, VIEW("f"), text, on_error, &t) == E_OK);
		CHECK_ROW(c->line, s.indicator_n == (c->kind != NULL) && t.n == 0);
		if (c->kind) {
			CHECK_ROW(c->line,
				  view_eq(view_str(s.indicator[0].kind), view_str(c->kind)));
			CHECK_ROW(c->line, hits(&s, &k) == c->hits);
		}
		hunt_set_done(&s);
	}
	guard_done(&g);
}

struct list_wrong {
	const char *line;
	uint32_t column;
};

static const struct list_wrong list_bad[] = {
	{ "Firefox?", 1 },
	{ "   localhost", 4 },
	{ "evil.example/x", 1 },
	{ "203.0.113.7/24", 1 },
	{ "ip:  evil.example", 6 },
	{ "203.0.113.999", 1 },
	{ "path:x", 6 },
	{ "host:a.nl/x", 6 },
	{ "host:a.nl:80", 6 },
	{ "agent:", 7 },
	{ "tls:00", 5 },
	{ "url:evil.example", 5 },
	{ "a.nl\x01", 5 },
	{ "/\xff", 2 },
	{ "sha1:0011", 1 },
};

/* The whole file is read: every error is told, with its place; RFC 1123 §2.1 and RFC 2181 §11 say
 * what a host's name is, RFC 3986 §3 a URL, RFC 9110 §10.1.5 a user agent. */
static void test_list_errors(void **state)
{
	char text[256];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(list_bad); i++) {
		struct hunt_set s = { 0 };
		struct told t = { 0 };
		int n = snprintf(text, sizeof text, "\xef\xbb\xbf# x\r\n%s\n192.0.2.1",
				 list_bad[i].line);

		CHECK_ROW(list_bad[i].line, hunt_list_read(&s, VIEW("f"), view_of(text, (size_t)n),
							   on_error, &t) == E_PROTO);
		CHECK_ROW(list_bad[i].line, t.n == 1 && t.last.line == 2);
		CHECK_ROW(list_bad[i].line, t.last.column == list_bad[i].column);
		CHECK_ROW(list_bad[i].line, s.indicator_n == 1 && t.last.why[0]);
		hunt_set_done(&s);
	}
}

/* What is disguised in a host is part of a user agent. */
static void test_list_agent(void **state)
{
	struct hunt_set s = { 0 };
	struct told t = { 0 };

	(void)state;
	CHECK_OK(hunt_list_read(&s, VIEW("f"), VIEW("bot/1 (a[.]b)"), on_error, &t));
	assert_int_equal(s.term[0].value.field, HUNT_AGENT);
	CHECK_VIEW(s.term[0].value.text, "bot/1 (a[.]b)");
	hunt_set_done(&s);
}

/* Arrays and blocks of texts grow while what is in them is in use. */
static void test_list_long(void **state)
{
	enum { LINES = 50000 };
	struct wbuf w = wbuf_of(malloc(LINES * 40), LINES * 40);
	struct hunt_set s = { 0 };
	struct told t = { 0 };

	(void)state;
	for (uint32_t i = 0; i < LINES; i++) {
		WBUF_LIT(&w, "agent~x");
		wbuf_dec(&w, i);
		WBUF_LIT(&w, "y # ");
		wbuf_dec(&w, i);
		WBUF_LIT(&w, "\n");
	}
	CHECK_OK(wbuf_check(&w));
	CHECK_OK(hunt_list_read(&s, VIEW("f"), wbuf_view(&w), on_error, &t));
	assert_int_equal(s.indicator_n, LINES);
	free(w.p);
	for (uint32_t i = 0; i < LINES; i += 7) {
		char text[32], agent[40];
		struct hunt_kit k = { .origin = "-", .object = "-", .agent = agent };

		snprintf(text, sizeof text, "agent~x%uy", (unsigned)i);
		snprintf(agent, sizeof agent, "zx%uy", (unsigned)i);
		CHECK_VIEW(s.indicator[i].text, text);
		CHECK_VIEW(s.indicator[i].file, "f");
		snprintf(text, sizeof text, "%u", (unsigned)i);
		CHECK_VIEW(s.indicator[i].name, text);
		assert_true(i % 5000 || hits(&s, &k) == 1);
	}
	hunt_set_done(&s);
}

static void test_list_bounds(void **state)
{
	static char text[8192];
	struct hunt_set s = { 0 };
	struct told t = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = i ? 'a' : '/';
	CHECK_OK(hunt_list_read(&s, VIEW("f"), view_of(text, HUNT_VALUE_BYTES), on_error, &t));
	CHECK_ERR(hunt_list_read(&s, VIEW("f"), view_of(text, HUNT_VALUE_BYTES + 1), on_error, &t),
		  E_PROTO);
	CHECK_ERR(hunt_list_read(&s, VIEW("f"), view_of(text, sizeof text), on_error, &t), E_PROTO);
	assert_int_equal(t.n, 2);
	hunt_set_done(&s);
	/* More than may be looked for inside others. */
	CHECK_OK(hunt_set_begin(&s, &(struct hunt_indicator){ .kind = "" }));
	CHECK_OK(hunt_set_group(&s));
	s.part_bytes = HUNT_PARTS - 1;
	CHECK_ERR(hunt_set_value(&s, &(struct hunt_value){ .field = HUNT_PATH,
							   .how = HUNT_HAS,
							   .text = VIEW("ab") }),
		  E_LIMIT);
	s.text_bytes = HUNT_TEXT;
	CHECK_ERR(hunt_set_keep(&s, VIEW("a"), &(struct view){ 0 }), E_LIMIT);
	hunt_set_done(&s);
}

/* ---- patterns ---- */

enum { NO, YES, PARTLY };

struct pattern_case {
	const char *pattern;
	int usable; /* NO: not understood */
	size_t hits;
};

#define AGENT	  "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'"
#define FILE_HASH "file:hashes.'SHA-256' = 'ab'"
#define SOURCE	  "network-traffic:src_ref.value"

/* STIX 2.1 §9; the section of each is in front. */
static const struct pattern_case patterns[] = {
	/* §9.6 comparisons */
	{ "[ipv4-addr:value = '203.0.113.7']", YES, 1 },
	{ "[ipv4-addr:value='203.0.113.8']", YES, 0 },
	{ " [ ipv4-addr:value = '203.0.113.0/24' ] ", YES, 1 },
	{ "[ipv6-addr:value = '2001:db8::1']", YES, 0 },
	{ "[" SOURCE " = '203.0.113.7']", YES, 1 },
	{ "[network-traffic:dst_ref.value = '203.0.113.7']", NO, 0 },
	{ "[domain-name:value = 'WWW.evil.example']", YES, 1 },
	{ "[url:value = 'https://www.evil.example/shop/a.php']", YES, 1 },
	{ "[" AGENT " LIKE 'curl/%']", YES, 1 },
	{ "[user-account:user_id = 'anna']", YES, 1 },
	{ "[x509-certificate:hashes.'SHA-256' = '" CERTIFICATE "']", YES, 1 },
	{ "[network-traffic:extensions.'http-request-ext'.request_value = '/shop/a.php']", YES, 1 },
	/* §9.6.1 operators */
	{ "[ipv4-addr:value ISSUBSET '203.0.113.0/25']", YES, 1 },
	{ "[domain-name:value ISSUBSET 'www.evil.example']", NO, 0 },
	{ "[ipv4-addr:value IN ('192.0.2.1', '203.0.113.7')]", YES, 1 },
	{ "[ipv4-addr:value IN ('192.0.2.1', 'x')]", PARTLY, 0 },
	{ "[ipv4-addr:value IN ('x')]", NO, 0 },
	{ "[domain-name:value LIKE '%.evil.example']", YES, 1 },
	{ "[domain-name:value LIKE '%evil%']", YES, 1 },
	{ "[domain-name:value LIKE 'www.%']", YES, 1 },
	{ "[domain-name:value LIKE 'w_w.evil.example']", NO, 0 },
	{ "[domain-name:value LIKE 'a%b']", NO, 0 },
	{ "[domain-name:value LIKE '%']", NO, 0 },
	{ "[url:value LIKE 'https://www.evil.example/sh%']", YES, 1 },
	{ "[url:value LIKE '%/shop/a.php']", YES, 1 },
	{ "[ipv4-addr:value LIKE '203.%']", NO, 0 },
	{ "[ipv4-addr:value != '203.0.113.7']", NO, 0 },
	{ "[ipv4-addr:value NOT = '203.0.113.7']", NO, 0 },
	{ "[ipv4-addr:value NOT IN ('203.0.113.7', '192.0.2.1')]", NO, 0 },
	{ "[domain-name:value MATCHES '^evil']", NO, 0 },
	{ "[ipv4-addr:value ISSUPERSET '203.0.113.7']", NO, 0 },
	{ "[network-traffic:dst_port > 80]", NO, 0 },
	{ "[EXISTS file:name]", NO, 0 },
	{ "[file:created = t'2026-01-02T03:04:05Z']", NO, 0 },
	/* AND binds tighter than OR */
	{ "[" SOURCE " = '203.0.113.7' AND " AGENT " LIKE '%curl%']", YES, 1 },
	{ "[" SOURCE " = '203.0.113.7' AND " AGENT " LIKE '%wget%']", YES, 0 },
	{ "[" SOURCE " = '1.2.3.4' OR " SOURCE " = '203.0.113.7']", YES, 1 },
	{ "[" SOURCE " = '203.0.113.7' OR " SOURCE " = '1.1.1.1' AND " AGENT " = 'x']", YES, 1 },
	{ "[(" SOURCE " = '203.0.113.7' OR " SOURCE " = '1.1.1.1') AND " AGENT " = 'x']", YES, 0 },
	{ "[(" SOURCE " = '1.1.1.1' OR " SOURCE " = '203.0.113.7') AND (" AGENT
	  " LIKE 'curl%' OR " AGENT " = 'x')]",
	  YES, 1 },
	/* what is not understood: the other side of an OR stays, of an AND not */
	{ "[" FILE_HASH "]", NO, 0 },
	{ "[" FILE_HASH " OR ipv4-addr:value = '203.0.113.7']", PARTLY, 1 },
	{ "[ipv4-addr:value = '203.0.113.7' OR " FILE_HASH "]", PARTLY, 1 },
	{ "[ipv4-addr:value = '203.0.113.7' AND " FILE_HASH "]", NO, 0 },
	{ "[" FILE_HASH " AND ipv4-addr:value = '203.0.113.7']", NO, 0 },
	{ "[(" FILE_HASH " AND ipv4-addr:value = '203.0.113.7') OR domain-name:value = "
	  "'sni.example']",
	  PARTLY, 1 },
	/* §9.5 observations */
	{ "[" FILE_HASH "] OR [ipv4-addr:value = '203.0.113.7']", PARTLY, 1 },
	{ "([ipv4-addr:value = '1.1.1.1'] OR [ipv4-addr:value = '203.0.113.7'])", YES, 1 },
	{ "[ipv4-addr:value = '203.0.113.7'] AND [domain-name:value = 'sni.example']", NO, 0 },
	{ "[ipv4-addr:value = '203.0.113.7'] FOLLOWEDBY [domain-name:value = 'a.nl']", NO, 0 },
	{ "[ipv4-addr:value = '203.0.113.7'] REPEATS 5 TIMES WITHIN 60 SECONDS", NO, 0 },
	{ "([ipv4-addr:value = '203.0.113.7'] AND [file:name = 'x']) OR [url:value = "
	  "'http://a.nl/']",
	  NO, 0 },
	/* §9.2 constants */
	{ "[" AGENT " LIKE '%\\'q\\'%']", YES, 1 },
	{ "[ipv4-addr:value = 5]", NO, 0 },
	/* no patterns */
	{ "", NO, 0 },
	{ "[", NO, 0 },
	{ "[]", NO, 0 },
	{ "[ipv4-addr:value]", NO, 0 },
	{ "[ipv4-addr:value =]", NO, 0 },
	{ "[ipv4-addr:value = '203.0.113.7'", NO, 0 },
	{ "[ipv4-addr:value = '203.0.113.7]", NO, 0 },
	{ "[ipv4-addr:value = '203.0.113.7'] x", NO, 0 },
	{ "[ipv4-addr:value = ('203.0.113.7')]", NO, 0 },
	{ "[ipv4-addr:value IN '203.0.113.7']", NO, 0 },
	{ "[ipv4-addr:value IN ('203.0.113.7']", NO, 0 },
	{ "[ipv4-addr:value = '203.0.113.7' OR]", NO, 0 },
	{ "[ipv4-addr:value = '203.0.113.7' XOR ipv4-addr:value = '1.1.1.1']", NO, 0 },
};

static void test_patterns(void **state)
{
	struct guard g = guard_new(8192);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(patterns); i++) {
		const struct pattern_case *c = &patterns[i];
		struct view text = guard_put(&g, view_str(c->pattern));
		struct hunt_set s = { 0 };
		struct hunt_pattern p = { 0 };
		struct hunt_kit k = kit();

		CHECK_OK(hunt_set_begin(&s, &(struct hunt_indicator){ .kind = "" }));
		CHECK_OK(hunt_pattern_read(&s, text, &p));
		CHECK_ROW(c->pattern, p.is_usable == (c->usable != NO));
		CHECK_ROW(c->pattern, p.is_partly == (c->usable != YES));
		CHECK_ROW(c->pattern, !p.is_partly || (p.why[0] && p.at <= text.n));
		if (p.is_usable)
			hunt_set_end(&s);
		else
			CHECK_ROW(c->pattern, s.group_n == 0 && s.term_n == 0 && s.op_n == 0);
		CHECK_ROW(c->pattern, !p.is_usable || hits(&s, &k) == c->hits);
		hunt_set_done(&s);
	}
	guard_done(&g);
}

static void test_pattern_depth(void **state)
{
	char text[512];

	(void)state;
	for (int depth = 0; depth < 100; depth++) {
		struct hunt_set s = { 0 };
		struct hunt_pattern p = { 0 };
		struct hunt_kit k = kit();
		struct wbuf w = wbuf_of(text, sizeof text);

		WBUF_LIT(&w, "[");
		for (int i = 0; i < depth; i++)
			WBUF_LIT(&w, "(");
		WBUF_LIT(&w, SOURCE " = '203.0.113.7' AND " AGENT " LIKE 'curl%'");
		for (int i = 0; i < depth; i++)
			WBUF_LIT(&w, ")");
		WBUF_LIT(&w, "]");
		CHECK_OK(hunt_set_begin(&s, &(struct hunt_indicator){ .kind = "" }));
		CHECK_OK(hunt_pattern_read(&s, wbuf_view(&w), &p));
		assert_int_equal(p.is_usable, depth < HUNT_DEPTH);
		if (p.is_usable) {
			hunt_set_end(&s);
			assert_int_equal(hits(&s, &k), 1);
		}
		hunt_set_done(&s);
	}
}

/* ---- documents ---- */

static enum err read_text(struct hunt_set *s, enum hunt_format f, const char *text)
{
	int keep = dup(STDERR_FILENO), none = open("/dev/null", O_WRONLY | O_CLOEXEC);
	enum err e = E_OK;

	dup2(none, STDERR_FILENO);
	e = hunt_read_text(s, f, "file", view_str(text));
	dup2(keep, STDERR_FILENO);
	close(keep);
	close(none);
	return e;
}

static const char bundle[] =
	"{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":["
	"{\"type\":\"malware\",\"name\":\"x\"},"
	"{\"type\":\"indicator\",\"id\":\"indicator--1\",\"name\":\"C2\",\"pattern_type\":\"stix\","
	"\"pattern\":\"[ipv4-addr:value = '203.0.113.7']\",\"valid_from\":\"2026-01-01T00:00:00Z\","
	"\"valid_until\":\"2026-02-01T00:00:00.5Z\"},"
	"{\"type\":\"indicator\",\"id\":\"indicator--2\",\"revoked\":true,\"pattern_type\":"
	"\"stix\","
	"\"pattern\":\"[ipv4-addr:value = '203.0.113.7']\"},"
	"{\"type\":\"indicator\",\"id\":\"indicator--3\",\"pattern_type\":\"yara\",\"pattern\":"
	"\"x\"},"
	"{\"type\":\"indicator\",\"id\":\"indicator--4\",\"pattern_type\":\"stix\",\"pattern\":"
	"\"[" FILE_HASH "]\"},"
	"{\"type\":\"indicator\",\"id\":\"indicator--5\",\"pattern_type\":\"stix\",\"pattern\":7},"
	"5,[],null]}";

/* STIX 2.1 §8, §4.7, §3.2 */
static void test_stix(void **state)
{
	struct hunt_set s = { 0 };
	struct hunt_kit k = kit();

	(void)state;
	CHECK_OK(read_text(&s, HUNT_ANY, bundle));
	assert_int_equal(s.indicator_n, 1);
	CHECK_VIEW(s.indicator[0].id, "indicator--1");
	CHECK_VIEW(s.indicator[0].name, "C2");
	CHECK_VIEW(s.indicator[0].where, "objects[1]");
	assert_int_equal(s.indicator[0].from_us, INT64_C(1767225600000000));
	assert_int_equal(s.indicator[0].until_us, INT64_C(1769904000500000));
	assert_int_equal(s.counted[HUNT_REVOKED], 1);
	assert_int_equal(s.counted[HUNT_NOT_UNDERSTOOD], 3);
	assert_int_equal(s.remark_n, 4);
	CHECK_VIEW(s.remark[0].id, "indicator--2");
	assert_int_equal(hits(&s, &k), 1);
	hunt_set_done(&s);
}

static const char advisory[] =
	"{\"document\":{\"csaf_version\":\"2.0\",\"tracking\":{\"id\":\"EX-1\"},\"notes\":["
	"{\"category\":\"summary\",\"text\":\"Fixed in 1.2.3.4; see https://vendor.example/ and "
	"vendor.example, or evil[.]example (hxxps://www[.]evil[.]example/shop/a.php).\"}]},"
	"\"vulnerabilities\":[{},{\"notes\":[{\"category\":\"details\",\"title\":\"Indicators of "
	"Compromise\",\"text\":\"**203.0.113.7**, 198.51.100.0/24\\nplain.example "
	"http://x.example/y (2001:db8[:]:1), a[.]b[.]c!d\"},7]}]}";

/* CSAF 2.0 §3.1.5, §3.2.1.7, §3.2.3.8: disguised words anywhere, plain ones where they are meant.
 */
static void test_csaf(void **state)
{
	static const char *const texts[] = {
		"evil[.]example",     "hxxps://www[.]evil[.]example/shop/a.php",
		"203.0.113.7",	      "198.51.100.0/24",
		"http://x.example/y", "2001:db8[:]:1"
	};
	struct hunt_set s = { 0 };
	struct hunt_kit k = kit();

	(void)state;
	CHECK_OK(read_text(&s, HUNT_ANY, advisory));
	for (size_t i = 0; i < s.indicator_n && i < COUNT_OF(texts); i++)
		CHECK_VIEW(s.indicator[i].text, texts[i]);
	assert_int_equal(s.indicator_n, COUNT_OF(texts));
	CHECK_VIEW(s.indicator[0].where, "document.notes[0] (summary)");
	CHECK_VIEW(s.indicator[2].where, "vulnerabilities[1].notes[0] (Indicators of Compromise)");
	CHECK_VIEW(s.indicator[2].id, "EX-1");
	assert_int_equal(s.counted[HUNT_NOT_UNDERSTOOD], 1);
	CHECK_VIEW(s.remark[0].what, "a[.]b[.]c!d");
	assert_int_equal(hits(&s, &k), 2);
	hunt_set_done(&s);
}

static void test_formats(void **state)
{
	struct hunt_set s = { 0 };
	enum hunt_format f = HUNT_ANY;

	(void)state;
	CHECK_OK(hunt_read_format("csaf", &f));
	assert_int_equal(f, HUNT_CSAF);
	CHECK_ERR(hunt_read_format("any", &f), E_PROTO);
	CHECK_OK(read_text(&s, HUNT_ANY, "192.0.2.1\n"));
	CHECK_OK(read_text(&s, HUNT_LIST, "192.0.2.1\n"));
	assert_int_equal(s.indicator_n, 2);
	CHECK_ERR(read_text(&s, HUNT_STIX, "192.0.2.1\n"), E_PROTO);
	CHECK_ERR(read_text(&s, HUNT_STIX, advisory), E_PROTO);
	CHECK_ERR(read_text(&s, HUNT_CSAF, bundle), E_PROTO);
	CHECK_ERR(read_text(&s, HUNT_LIST, bundle), E_PROTO);
	CHECK_ERR(read_text(&s, HUNT_ANY, "{}"), E_PROTO);
	CHECK_ERR(read_text(&s, HUNT_ANY, "{\"type\":\"bundle\",\"objects\":5}"), E_PROTO);
	CHECK_ERR(read_text(&s, HUNT_ANY, "{\"type\":\"bundle\",\"type\":\"bundle\"}"), E_PROTO);
	CHECK_ERR(read_text(&s, HUNT_ANY, "{\"type\":"), E_PROTO);
	CHECK_OK(read_text(&s, HUNT_ANY, "{\"type\":\"bundle\"}"));
	assert_int_equal(s.indicator_n, 2);
	hunt_set_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),	      cmocka_unit_test(test_list_errors),
		cmocka_unit_test(test_list_bounds),   cmocka_unit_test(test_list_long),
		cmocka_unit_test(test_list_agent),    cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_pattern_depth), cmocka_unit_test(test_stix),
		cmocka_unit_test(test_csaf),	      cmocka_unit_test(test_formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
