/* access/level.c and ipc/level_*.c: what a level lets through, and on whom it holds (promise P8).
 */
#include "access/level.h"
#include "proto/http1.h"
#include "tests/unit/check.h"
#include "tests/unit/conf/make_image.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const char config[] =
	"listeners: [{name: gate, address: \"127.0.0.1:443\", certificates: [www], isolation: "
	"cell, "
	"default_certificate: true}, {name: web, address: \"127.0.0.1:80\", protocol: http}, "
	"{name: lan, address: "
	"\"127.0.0.1:81\", protocol: http, inside: true}]\n"
	"certificates: [{name: www, chain: " CERTS "/www.crt, key: " CERTS "/dummy.key}]\n"
	"backends: [{name: b, servers: [\"127.0.0.1:8080\"]}]\n"
	"gateway: {host: login.example.nl}\n"
	"zones: [{name: office, networks: [10.0.0.0/8]}, {name: lab, networks: [10.9.0.0/16]}, "
	"{name: partners, networks: [192.0.2.0/24]}]\n"
	"routes: [{name: r, hosts: [www.example.nl], backend: b}]\n"
	"apps: [{name: mail, host: mail.example.nl, backend: b}, {name: cases, host: "
	"cases.example.nl, backend: b, read_only: {also: [{method: POST, path_prefix: "
	"/search}]}}]\n";

/* ---- judging ---- */

/* What each level asks for, written down a second time: 'o'ffice, 'p'artner, 's'afe, 'r'unning,
 * 'f'resh, 'g'roup; '|': or; '-': nothing helps; '+': nothing is needed. */
static const char *const needs[LEVELS][LEVEL_KINDS] = {
	[LEVEL_STEP_UP] = { "", "+", "f", "+", "+", "+" },
	[LEVEL_NO_NEW_SESSIONS] = { "", "+", "+", "+", "r", "r" },
	[LEVEL_OFFICE_ONLY] = { "", "o", "o", "o", "o", "o" },
	[LEVEL_PARTNERS_ONLY] = { "", "p", "p", "p", "p", "p" },
	[LEVEL_READ_ONLY] = { "", "s", "s", "+", "-", "+" },
	[LEVEL_PILOT_RETURN] = { "", "o", "o|g", "+", "o", "+" },
	[LEVEL_PILOT] = { "", "-", "g", "+", "-", "+" },
	[LEVEL_CLOSED] = { "", "-", "-", "-", "-", "-" },
};

static bool helps(char c, const struct level_facts *f)
{
	switch (c) {
	case 'o':
		return f->is_office;
	case 'p':
		return f->is_partner;
	case 's':
		return f->is_safe;
	case 'r':
		return f->is_running;
	case 'f':
		return f->is_fresh;
	case 'g':
		return f->is_pilot;
	default:
		return c == '+';
	}
}

static bool model_lets(unsigned level, const struct level_facts *f)
{
	for (const char *c = needs[level][f->what]; *c; c++)
		if (helps(*c, f))
			return true;
	return false;
}

static struct level_facts facts_of(unsigned bits)
{
	return (struct level_facts){ .what = (uint8_t)(LEVEL_FOR_PUBLIC + bits % (LEVEL_KINDS - 1)),
				     .is_office = bits >> 8 & 1,
				     .is_partner = bits >> 9 & 1,
				     .is_safe = bits >> 10 & 1,
				     .is_running = bits >> 11 & 1,
				     .is_fresh = bits >> 12 & 1,
				     .is_pilot = bits >> 13 & 1 };
}

/* Every set of levels, every combination of facts: all that apply hold, and the strictest of those
 * that refuse is told. */
static void test_judge_model(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 1u << 14;
	     bits = (bits & 255) == 4 ? (bits | 255) + 1 : bits + 1)
		for (unsigned mask = 0; mask <= LEVEL_MASK_ALL; mask += 2) {
			struct level_facts f = facts_of(bits);
			unsigned worst = LEVEL_OPEN;

			for (unsigned l = 1; l < LEVELS; l++)
				if (mask & LEVEL_BIT(l) && !model_lets(l, &f))
					worst = l;
			if (level_judge((uint16_t)mask, &f) != worst)
				fail_msg("mask %#x, facts %#x", mask, bits);
		}
}

static void test_judge_unknown_bits(void **state)
{
	struct level_facts f = facts_of(0x3f00);

	(void)state;
	assert_int_equal(level_judge(1u << LEVELS, &f), LEVEL_CLOSED);
	assert_int_equal(level_judge(0, &f), LEVEL_OPEN);
}

static void test_names(void **state)
{
	(void)state;
	for (unsigned l = 0; l < LEVELS; l++)
		if (l != LEVEL_PILOT_RETURN)
			assert_int_equal(level_by_name(level_name((enum level)l)), l);
	assert_int_equal(level_by_name(VIEW("")), LEVELS);
	assert_int_equal(level_by_name(VIEW("Closed")), LEVELS);
	assert_int_equal(level_strictest(LEVEL_BIT(LEVEL_STEP_UP) | LEVEL_BIT(LEVEL_READ_ONLY)),
			 LEVEL_READ_ONLY);
	assert_int_equal(level_strictest(0), LEVEL_OPEN);
}

/* ---- on whom ---- */

static struct level_entry entry(uint8_t scope, const char *name, unsigned level)
{
	struct level_entry e = { .scope = scope, .mask = LEVEL_BIT(level), .since_s = 100 + level };
	struct wbuf w = wbuf_of(e.name, sizeof e.name);

	wbuf_str(&w, name);
	e.name_n = (uint8_t)w.n;
	return e;
}

static struct ip ip_of(const char *text)
{
	struct ip ip = { 0 };

	assert_int_equal(ip_parse(view_str(text), &ip), E_OK);
	return ip;
}

static uint32_t slot_of(const struct image *im, const char *name)
{
	for (uint32_t i = 0; i < image_count(im, IMAGE_LISTENER); i++)
		if (view_eq(image_view(im, image_listener_at(im, i)->name), view_str(name)))
			return image_listener_at(im, i)->slot;
	fail();
	return 0;
}

struct scope_row {
	uint8_t scope;
	const char *name, *listener;
	uint32_t app; /* IMAGE_NONE: none */
	const char *ip;
	bool holds;
};

static const struct scope_row scope_rows[] = {
	{ LEVEL_OF_ALL, "", "web", IMAGE_NONE, "198.51.100.1", true },
	{ LEVEL_OF_ALL, "", "gate", 1, "10.1.1.1", true },
	{ LEVEL_OF_ALL, "", "lan", IMAGE_NONE, "198.51.100.1", false }, /* inside: true */
	{ LEVEL_OF_LISTENER, "lan", "lan", IMAGE_NONE, "198.51.100.1", true },
	{ LEVEL_OF_LISTENER, "lan", "web", IMAGE_NONE, "198.51.100.1", false },
	{ LEVEL_OF_LISTENER, "gone", "web", IMAGE_NONE, "198.51.100.1", false },
	{ LEVEL_OF_ZONE, "office", "web", IMAGE_NONE, "10.1.1.1", true },
	{ LEVEL_OF_ZONE, "office", "lan", IMAGE_NONE, "10.9.1.1", true },
	{ LEVEL_OF_ZONE, "office", "web", IMAGE_NONE, "198.51.100.1", false },
	{ LEVEL_OF_ZONE, "lab", "web", IMAGE_NONE, "10.9.1.1", true },
	{ LEVEL_OF_ZONE, "internet", "web", IMAGE_NONE, "198.51.100.1", true },
	{ LEVEL_OF_ZONE, "internet", "web", IMAGE_NONE, "10.1.1.1", false },
	{ LEVEL_OF_ZONE, "internet", "web", IMAGE_NONE, "192.0.2.9", false },
	{ LEVEL_OF_APP, "cases", "gate", 1, "10.1.1.1", true },
	{ LEVEL_OF_APP, "cases", "gate", 0, "10.1.1.1", false },
	{ LEVEL_OF_APP, "cases", "gate", IMAGE_NONE, "10.1.1.1", false },
};

static void test_scopes(void **state)
{
	static struct level_map m;
	struct made_image made = make_image(config, NULL, 0);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(scope_rows); i++) {
		const struct scope_row *r = &scope_rows[i];
		struct ip ip = ip_of(r->ip);
		uint32_t slot = slot_of(&made.im, r->listener);
		struct level_set s = { 0 };

		m.book.version = 2;
		m.book.n = 1;
		m.book.at[0] = entry(r->scope, r->name, LEVEL_CLOSED);
		level_map_make(&m, &made.im);
		s = level_set_of(&m, &made.im, slot, r->app, &ip);
		CHECK_ROW(r->name, s.on == (r->holds ? LEVEL_BIT(LEVEL_CLOSED) : 0));
		CHECK_ROW(r->name, s.exercise == 0);
		if (r->holds)
			CHECK_ROW(r->name, level_since(&m, &made.im, slot, r->app, &ip,
						       LEVEL_CLOSED) == 100 + LEVEL_CLOSED);
		m.book.at[0].is_exercise = true;
		level_map_make(&m, &made.im);
		s = level_set_of(&m, &made.im, slot, r->app, &ip);
		CHECK_ROW(r->name, s.exercise == (r->holds ? LEVEL_BIT(LEVEL_CLOSED) : 0));
		CHECK_ROW(r->name, s.on == 0);
	}
	shm_unmap(made.p, made.n);
}

/* Several hold together, and the newest word on one is what counts as its beginning. */
static void test_together(void **state)
{
	static struct level_map m;
	struct made_image made = make_image(config, NULL, 0);
	struct ip home = ip_of("198.51.100.1"), office = ip_of("10.0.0.1");
	uint32_t gate = slot_of(&made.im, "gate");

	(void)state;
	m.book.version = 2;
	m.book.n = 3;
	m.book.at[0] = entry(LEVEL_OF_ALL, "", LEVEL_STEP_UP);
	m.book.at[1] = entry(LEVEL_OF_APP, "cases", LEVEL_READ_ONLY);
	m.book.at[2] = entry(LEVEL_OF_ZONE, "internet", LEVEL_STEP_UP);
	m.book.at[2].since_s = 500;
	level_map_make(&m, &made.im);
	assert_int_equal(level_set_of(&m, &made.im, gate, 1, &home).on,
			 LEVEL_BIT(LEVEL_STEP_UP) | LEVEL_BIT(LEVEL_READ_ONLY));
	assert_int_equal(level_since(&m, &made.im, gate, 1, &home, LEVEL_STEP_UP), 500);
	assert_int_equal(level_since(&m, &made.im, gate, 1, &office, LEVEL_STEP_UP),
			 100 + LEVEL_STEP_UP);
	assert_int_equal(level_since(&m, &made.im, gate, 0, &office, LEVEL_READ_ONLY), 0);
	shm_unmap(made.p, made.n);
}

static void test_place(void **state)
{
	struct made_image made = make_image(config, NULL, 0);
	struct ip office = ip_of("10.9.0.1"), partner = ip_of("192.0.2.1"),
		  home = ip_of("198.51.100.1");
	struct level_facts f = { 0 };

	(void)state;
	level_place(&made.im, &home, &f);
	assert_false(f.is_office || f.is_partner);
	level_place(&made.im, &office, &f);
	assert_true(f.is_office && !f.is_partner);
	f = (struct level_facts){ 0 };
	level_place(&made.im, &partner, &f);
	assert_true(!f.is_office && f.is_partner);
	shm_unmap(made.p, made.n);
}

struct safe_row {
	const char *path;
	uint8_t method;
	int app; /* -1: none */
	bool is_websocket, is_safe;
};

static const struct safe_row safe_rows[] = {
	{ "/", METHOD_GET, -1, false, true },
	{ "/", METHOD_HEAD, -1, false, true },
	{ "/", METHOD_OPTIONS, -1, false, true },
	{ "/", METHOD_TRACE, -1, false, false },
	{ "/", METHOD_POST, -1, false, false },
	{ "/", METHOD_OTHER, -1, false, false },
	{ "/", METHOD_GET, -1, true, false },
	{ "/", METHOD_GET, 0, false, true },
	{ "/search", METHOD_POST, 0, false, false },
	{ "/search", METHOD_POST, 1, false, true },
	{ "/search/", METHOD_POST, 1, false, true },
	{ "/search/x", METHOD_POST, 1, false, true },
	{ "/searching", METHOD_POST, 1, false, false },
	{ "/", METHOD_POST, 1, false, false },
	{ "/search", METHOD_PUT, 1, false, false },
	{ "/search", METHOD_OTHER, 1, false, false },
	{ "/", METHOD_GET, 1, true, false },
	{ "/", METHOD_DELETE, 1, false, false },
};

/* RFC 9110 §9.2.1, and what an application declares. */
static void test_safe(void **state)
{
	struct made_image made = make_image(config, NULL, 0);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(safe_rows); i++) {
		const struct safe_row *r = &safe_rows[i];
		const struct image_app *app =
			r->app < 0 ? NULL : image_app_at(&made.im, (uint32_t)r->app);

		CHECK_ROW(r->path, level_is_safe(&made.im, app, r->method, view_str(r->path),
						 r->is_websocket) == r->is_safe);
	}
	shm_unmap(made.p, made.n);
}

/* ---- the page ---- */

static struct level_page *page_new(void)
{
	void *p = mmap(NULL, sizeof(struct level_page), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(p != MAP_FAILED);
	return p;
}

static bool closes_all(const struct level_book *b)
{
	return b->n == 1 && b->at[0].scope == LEVEL_OF_ALL && !b->at[0].is_exercise &&
	       b->at[0].mask == LEVEL_BIT(LEVEL_CLOSED);
}

static void test_page(void **state)
{
	static struct level_book b;
	struct level_page *p = page_new();
	struct level_entry in[2] = { entry(LEVEL_OF_APP, "cases", LEVEL_READ_ONLY),
				     entry(LEVEL_OF_ALL, "", LEVEL_STEP_UP) };

	(void)state;
	CHECK_ERR(level_page_read(p, &b), E_AGAIN); /* before the first word */
	assert_true(closes_all(&b));
	in[0].until_s = 77;
	in[1].is_exercise = true;
	level_page_publish(p, in, 2);
	CHECK_OK(level_page_read(p, &b));
	assert_int_equal(b.n, 2);
	assert_memory_equal(b.at, in, sizeof in);
	assert_int_equal(b.version, level_page_version(p));
	level_page_publish(p, in, 0);
	CHECK_OK(level_page_read(p, &b));
	assert_int_equal(b.n, 0);
	p->version |= 1; /* its writer was stopped in the middle */
	CHECK_ERR(level_page_read(p, &b), E_AGAIN);
	assert_true(closes_all(&b));
	level_page_publish(p, in, 2); /* ... and the next one goes on */
	CHECK_OK(level_page_read(p, &b));
	assert_int_equal(b.n, 2);
	p->n = LEVEL_ENTRIES + 1;
	CHECK_ERR(level_page_read(p, &b), E_AGAIN);
	assert_true(closes_all(&b));
	p->n = 1;
	p->words[0][0] =
		LEVEL_OF_APP | UINT64_C(200) << 8 | UINT64_C(2) << 16; /* a name of 200 bytes */
	CHECK_ERR(level_page_read(p, &b), E_AGAIN);
	assert_true(closes_all(&b));
	munmap(p, sizeof *p);
}

/* A reader beside a writer sees one table or the other, never a mixture. */
static void test_page_torn(void **state)
{
	static struct level_entry in[2][64];
	static struct level_book b;
	struct level_page *p = page_new();
	pid_t pid = 0;
	unsigned seen = 0;

	(void)state;
	for (unsigned k = 0; k < 64; k++) {
		in[0][k] = entry(LEVEL_OF_APP, "aaaa", LEVEL_STEP_UP);
		in[1][k] = entry(LEVEL_OF_ZONE, "bbbbbbbb", LEVEL_CLOSED);
	}
	level_page_publish(p, in[0], 64);
	pid = fork();
	if (pid == 0) {
		for (unsigned i = 0; i < 200000; i++)
			level_page_publish(p, in[i & 1], 64);
		_exit(0);
	}
	while (waitpid(pid, NULL, WNOHANG) == 0) {
		if (level_page_read(p, &b) != E_OK)
			continue;
		assert_int_equal(b.n, 64);
		for (unsigned k = 1; k < 64; k++)
			assert_memory_equal(&b.at[k], &b.at[0], sizeof b.at[0]);
		seen++;
	}
	assert_true(seen > 0);
	munmap(p, sizeof *p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge_model), cmocka_unit_test(test_judge_unknown_bits),
		cmocka_unit_test(test_names),	    cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_together),    cmocka_unit_test(test_place),
		cmocka_unit_test(test_safe),	    cmocka_unit_test(test_page),
		cmocka_unit_test(test_page_torn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
