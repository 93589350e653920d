/* role/herald/board.c: what the page says of levels, zones, listeners and applications (P8). */
#include "role/herald/board.h"

#include "base/wbuf.h"
#include "role/herald/sheet.h"
#include "tests/unit/check.h"
#include "tests/unit/conf/make_image.h"

static const char config[] =
	"listeners:\n"
	"  - {name: gate, address: \"127.0.0.1:443\", certificates: [www], isolation: cell, "
	"default_certificate: true}\n"
	"  - {name: gate2, address: \"127.0.0.2:443\", certificates: [www], isolation: cell, "
	"default_certificate: true, inside: true}\n"
	"  - {name: web, address: \"127.0.0.1:80\", protocol: http, title: {nl: Site, en: Web}}\n"
	"  - {name: lan, address: \"127.0.0.1:81\", protocol: http, inside: true, title: "
	"Intranet}\n"
	"  - {name: bare, address: \"127.0.0.1:82\", protocol: http}\n"
	"certificates: [{name: www, chain: " CERTS "/www.crt, key: " CERTS "/dummy.key}]\n"
	"backends: [{name: b, servers: [\"127.0.0.1:8080\"]}]\n"
	"gateway: {host: login.example.nl}\n"
	"zones: [{name: office, networks: [10.0.0.0/8]}]\n"
	"routes: [{name: r, hosts: [www.example.nl], backend: b}]\n"
	"apps:\n"
	"  - {name: cases, title: {nl: Zaken, en: Cases}, host: cases.example.nl, backend: b}\n"
	"  - {name: secret, title: Geheim, host: s.example.nl, backend: b, status_page: false}\n"
	"  - {name: nameless, host: n.example.nl, backend: b}\n"
	"status_page: {address: \"127.0.0.1:83\", title: {nl: Ons, en: Ours}}\n";

enum { CASES, WEB, LAN, SHOWN };

static struct level_entry entry(uint8_t scope, const char *name, uint16_t mask, uint64_t since_s)
{
	struct level_entry e = { .scope = scope, .mask = mask, .since_s = since_s };
	struct wbuf w = wbuf_of(e.name, sizeof e.name);

	wbuf_str(&w, name);
	e.name_n = (uint8_t)w.n;
	return e;
}

struct fixture {
	struct made_image made;
	struct board b, before;
};

static struct fixture x;

static void board_of(const struct level_entry *entries, uint32_t n)
{
	x.b.im = &x.made.im;
	x.b.is_known = true;
	x.b.map.book = (struct level_book){ .version = 2, .n = n };
	for (uint32_t i = 0; i < n; i++)
		x.b.map.book.at[i] = entries[i];
	board_make(&x.b);
	assert_int_equal(x.b.n, SHOWN);
}

#define C LEVEL_BIT(LEVEL_CLOSED)
#define R LEVEL_BIT(LEVEL_READ_ONLY)

struct row {
	const char *what;
	struct level_entry e[3];
	uint8_t state[SHOWN], sum;
	bool is_partly[SHOWN];
	uint64_t since_s; /* of CASES */
};

static void test_rows(void **state)
{
	const struct row rows[] = {
		{ "nothing", { { 0 } }, { 0, 0, 0 }, BOARD_OPEN, { 0 }, 0 },
		/* one of its two listeners is spared */
		{ "all closed",
		  { entry(LEVEL_OF_ALL, "", C, 5) },
		  { BOARD_LIMITED, BOARD_CLOSED, BOARD_OPEN },
		  BOARD_LIMITED,
		  { true, false, false },
		  5 },
		{ "an app read-only",
		  { entry(LEVEL_OF_APP, "cases", R, 6) },
		  { BOARD_LIMITED, BOARD_OPEN, BOARD_OPEN },
		  BOARD_LIMITED,
		  { false },
		  6 },
		{ "an app closed, first and again",
		  { entry(LEVEL_OF_APP, "cases", C, 9), entry(LEVEL_OF_ALL, "", C, 7) },
		  { BOARD_CLOSED, BOARD_CLOSED, BOARD_OPEN },
		  BOARD_LIMITED,
		  { false },
		  7 },
		{ "another app",
		  { entry(LEVEL_OF_APP, "secret", C, 9) },
		  { 0, 0, 0 },
		  BOARD_OPEN,
		  { 0 },
		  0 },
		{ "all of its listeners",
		  { entry(LEVEL_OF_LISTENER, "gate", C, 8),
		    entry(LEVEL_OF_LISTENER, "gate2", C, 4) },
		  { BOARD_CLOSED, BOARD_OPEN, BOARD_OPEN },
		  BOARD_LIMITED,
		  { false },
		  4 },
		{ "those from the internet",
		  { entry(LEVEL_OF_ZONE, "internet", C, 3) },
		  { BOARD_LIMITED, BOARD_LIMITED, BOARD_LIMITED },
		  BOARD_LIMITED,
		  { true, true, true },
		  3 },
		{ "all zones",
		  { entry(LEVEL_OF_ZONE, "internet", C, 3), entry(LEVEL_OF_ZONE, "office", C, 2) },
		  { BOARD_CLOSED, BOARD_CLOSED, BOARD_CLOSED },
		  BOARD_CLOSED,
		  { false },
		  2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct row *r = &rows[i];
		uint32_t n = 0;

		while (n < COUNT_OF(r->e) && r->e[n].mask)
			n++;
		board_of(r->e, n);
		for (unsigned k = 0; k < SHOWN; k++) {
			CHECK_ROW(r->what, x.b.at[k].state == r->state[k]);
			CHECK_ROW(r->what, x.b.at[k].is_partly == r->is_partly[k]);
		}
		CHECK_ROW(r->what, x.b.state == r->sum);
		CHECK_ROW(r->what, x.b.at[CASES].since_s == r->since_s);
	}
}

static void test_exercise(void **state)
{
	struct level_entry e = entry(LEVEL_OF_ALL, "", C, 5);

	(void)state;
	e.is_exercise = true;
	board_of(&e, 1);
	assert_int_equal(x.b.state, BOARD_OPEN);
	assert_int_equal(x.b.at[WEB].since_s, 0);
}

/* What can't be read is not known: never open, and never since some moment. */
static void test_unknown(void **state)
{
	static struct level_page p;
	static uint8_t text[1 << 16];
	struct wbuf w = wbuf_of(text, sizeof text - 1);

	(void)state;
	for (unsigned version = 0; version < 2; version++) {
		atomic_store(&p.version, version);
		x.b.im = &x.made.im;
		x.b.is_known = level_page_read(&p, &x.b.map.book) == E_OK;
		board_make(&x.b);
		assert_int_equal(x.b.state, BOARD_UNKNOWN);
		for (unsigned k = 0; k < SHOWN; k++) {
			assert_int_equal(x.b.at[k].state, BOARD_UNKNOWN);
			assert_int_equal(x.b.at[k].since_s, 0);
		}
	}
	sheet_html(&w, &x.b, NOTICE_EN);
	assert_false(w.bad);
	assert_non_null(strstr((const char *)text, "being looked into"));
}

static void test_reopened(void **state)
{
	struct level_entry e = entry(LEVEL_OF_APP, "cases", C, 5);

	(void)state;
	board_of(&e, 1);
	x.before = x.b;
	board_of(NULL, 0);
	board_remember(&x.b, &x.before, 77);
	assert_int_equal(x.b.at[CASES].reopened_s, 77);
	assert_int_equal(x.b.at[WEB].reopened_s, 0);
	x.before = x.b;
	board_of(NULL, 0);
	board_remember(&x.b, &x.before, 99);
	assert_int_equal(x.b.at[CASES].reopened_s, 77);
}

static void test_titles(void **state)
{
	struct image_range none = { 0 };

	(void)state;
	board_of(NULL, 0);
	CHECK_VIEW(x.b.at[CASES].title[NOTICE_NL], "Zaken");
	CHECK_VIEW(x.b.at[CASES].title[NOTICE_EN], "Cases");
	CHECK_VIEW(x.b.at[LAN].title[NOTICE_EN], "Intranet");
	assert_int_equal(board_title(&x.made.im, none, NOTICE_NL).n, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),	cmocka_unit_test(test_exercise),
		cmocka_unit_test(test_unknown), cmocka_unit_test(test_reopened),
		cmocka_unit_test(test_titles),
	};

	x.made = make_image(config, NULL, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
