/* access/access.c: who may open an application, over images compiled from text (THREATS A17, G). */
#include "access/access.h"
#include "access/access_text.h"
#include "access/access_time.h"
#include "tests/unit/check.h"
#include "tests/unit/conf/make_image.h"

#include <string.h>

enum { CONFIG_BYTES = 16384 };

static const char head[] =
	"listeners: [{name: l, address: \"127.0.0.1:443\", certificates: [www], isolation: cell, "
	"default_certificate: true}]\n"
	"certificates: [{name: www, chain: " CERTS "/www.crt, key: " CERTS "/dummy.key}]\n"
	"backends: [{name: b, servers: [\"127.0.0.1:8080\"]}]\n"
	"gateway: {host: login.example.nl}\n"
	"zones: [{name: office, networks: [10.0.0.0/8, \"2001:db8::/32\"]}, {name: lab, networks: "
	"[10.9.0.0/16]}]\n";

/* What is given for a case; the rest has a plain value. */
struct given {
	const char *user, *groups, *source; /* user "": nobody; source "": not known */
	uint8_t factors, enrolled;
	const char *now; /* "tue 20:15"; "": not known */
	bool has_certificate;
};

static const char *const days[] = { "", "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

static struct access_clock clock_of(const char *text)
{
	struct access_clock c = { .left_s = 60, .steady_s = UINT32_MAX };
	uint64_t hour = 0, minute = 0;

	if (!*text)
		return c;
	while (strncmp(days[c.weekday], text, 3) != 0 || c.weekday == 0)
		c.weekday++;
	assert_int_equal(view_dec(view_slice(view_str(text), 4, 2), &hour), E_OK);
	assert_int_equal(view_dec(view_slice(view_str(text), 7, 2), &minute), E_OK);
	c.minute = (uint16_t)(hour * 60 + minute);
	return c;
}

static struct access_facts facts_of(const struct given *g)
{
	struct access_facts f = { .user = view_str(g->user ? g->user : "jan"),
				  .groups = view_str(g->groups),
				  .factors = g->factors,
				  .enrolled = g->enrolled,
				  .has_certificate = g->has_certificate,
				  .clock = clock_of(g->now ? g->now : "tue 12:00") };
	const char *source = g->source ? g->source : "192.0.2.1";

	f.has_source = *source != '\0';
	if (f.has_source)
		assert_int_equal(ip_parse(view_str(source), &f.source), E_OK);
	return f;
}

static struct made_image image_of(const char *access, const char *more)
{
	static char yaml[CONFIG_BYTES];

	(void)snprintf(yaml, sizeof yaml,
		       "%s%sapps: [{name: a, host: a.example.nl, backend: b, access: %s}]\n", head,
		       more, access);
	return make_image(yaml, NULL, 0);
}

struct row {
	const char *access;
	struct given given;
	uint8_t verdict, factors;
};

static const struct row rows[] = {
	/* nobody is let in by saying nothing */
	{ "{}", { 0 }, GATE_DENIED, 0 },
	{ "{deny: {user: piet}}", { 0 }, GATE_DENIED, 0 },
	{ "{allow: {everyone: true}}", { 0 }, GATE_OK, 0 },
	{ "{allow: {everyone: true}}", { .user = "" }, GATE_DENIED, 0 },
	{ "{allow: {none: [{group: a}]}}", { .user = "" }, GATE_DENIED, 0 },
	/* names are whole names */
	{ "{allow: {user: jan}}", { 0 }, GATE_OK, 0 },
	{ "{allow: {user: jan}}", { .user = "janne" }, GATE_DENIED, 0 },
	{ "{allow: {group: staff}}", { .groups = "staff" }, GATE_OK, 0 },
	{ "{allow: {group: staff}}", { .groups = "a\nstaff\nb" }, GATE_OK, 0 },
	{ "{allow: {group: staff}}", { .groups = "staff2\nmystaff\nsta" }, GATE_DENIED, 0 },
	{ "{allow: {group: staff}}", { .groups = "" }, GATE_DENIED, 0 },
	{ "{allow: {group: staff}}", { .groups = "\n\nstaff\n" }, GATE_OK, 0 },
	/* deny wins */
	{ "{allow: {everyone: true}, deny: {group: out}}",
	  { .groups = "in\nout" },
	  GATE_DENIED,
	  0 },
	{ "{allow: {everyone: true}, deny: {group: out}}", { .groups = "in" }, GATE_OK, 0 },
	{ "{allow: {user: jan}, deny: {user: jan}}", { 0 }, GATE_DENIED, 0 },
	/* zones, of both families; an address that is not known is in none and not outside */
	{ "{allow: {zone: office}}", { .source = "10.1.2.3" }, GATE_OK, 0 },
	{ "{allow: {zone: office}}", { .source = "2001:db8::1" }, GATE_OK, 0 },
	{ "{allow: {zone: office}}", { .source = "11.1.2.3" }, GATE_DENIED, 0 },
	{ "{allow: {zone: office}}", { .source = "" }, GATE_DENIED, 0 },
	{ "{allow: {none: [{zone: office}]}}", { .source = "" }, GATE_DENIED, 0 },
	{ "{allow: {none: [{zone: office}]}}", { .source = "192.0.2.1" }, GATE_OK, 0 },
	{ "{allow: {everyone: true}, deny: {zone: lab}}", { .source = "" }, GATE_DENIED, 0 },
	{ "{allow: {everyone: true}, deny: {none: [{zone: lab}]}}",
	  { .source = "" },
	  GATE_DENIED,
	  0 },
	/* an unknown one in a list that is decided without it */
	{ "{allow: {any: [{zone: lab}, {user: jan}]}}", { .source = "" }, GATE_OK, 0 },
	{ "{allow: {everyone: true}, deny: {all: [{zone: lab}, {user: piet}]}}",
	  { .source = "" },
	  GATE_OK,
	  0 },
	/* lists */
	{ "{allow: {all: [{user: jan}, {group: a}]}}", { .groups = "a" }, GATE_OK, 0 },
	{ "{allow: {all: [{user: jan}, {group: a}]}}", { .groups = "b" }, GATE_DENIED, 0 },
	{ "{allow: {any: [{user: piet}, {group: a}]}}", { .groups = "a" }, GATE_OK, 0 },
	{ "{allow: {none: [{user: piet}, {group: a}]}}", { .groups = "b" }, GATE_OK, 0 },
	{ "{allow: {none: [{user: piet}, {group: a}]}}", { .groups = "a" }, GATE_DENIED, 0 },
	{ "{allow: {none: [{none: [{user: jan}]}]}}", { 0 }, GATE_OK, 0 },
	/* certificates */
	{ "{allow: {client_certificate: true}}", { 0 }, GATE_DENIED, 0 },
	{ "{allow: {client_certificate: true}}", { .has_certificate = true }, GATE_OK, 0 },
	/* factors: asked for when they alone are missing */
	{ "{allow: {factor: passkey}}", { .factors = GATE_PASSKEY }, GATE_OK, 0 },
	{ "{allow: {factor: passkey}}",
	  { .factors = GATE_PASSWORD | GATE_TOTP },
	  GATE_STEP_UP,
	  GATE_PASSKEY },
	{ "{allow: {factor: totp}}", { .factors = GATE_PASSWORD | GATE_RECOVERY }, GATE_OK, 0 },
	{ "{allow: {all: [{factor: passkey}, {group: a}]}}", { .groups = "b" }, GATE_DENIED, 0 },
	{ "{allow: {all: [{factor: passkey}, {factor: totp}]}}",
	  { 0 },
	  GATE_STEP_UP,
	  GATE_PASSKEY | GATE_TOTP },
	{ "{allow: {any: [{factor: passkey}, {factor: totp}]}}",
	  { 0 },
	  GATE_STEP_UP,
	  GATE_PASSKEY },
	{ "{allow: {any: [{factor: passkey}, {factor: totp}]}}",
	  { .enrolled = GATE_TOTP },
	  GATE_STEP_UP,
	  GATE_TOTP },
	/* two that the user has before one that he lacks */
	{ "{allow: {any: [{factor: passkey}, {all: [{factor: totp}, {factor: password}]}]}}",
	  { .enrolled = GATE_TOTP | GATE_PASSWORD },
	  GATE_STEP_UP,
	  GATE_TOTP | GATE_PASSWORD },
	/* a factor that closes what it opens */
	{ "{allow: {factor: totp}, deny: {factor: totp}}", { 0 }, GATE_DENIED, 0 },
	{ "{allow: {none: [{factor: totp}]}}", { .factors = GATE_TOTP }, GATE_DENIED, 0 },
	{ "{allow: {everyone: true}, deny: {none: [{factor: passkey}]}}",
	  { 0 },
	  GATE_STEP_UP,
	  GATE_PASSKEY },
	/* time */
	{ "{allow: {time: {days: [mon-fri], from: \"07:00\", to: \"19:00\"}}}", { 0 }, GATE_OK, 0 },
	{ "{allow: {time: {days: [mon-fri], from: \"07:00\", to: \"19:00\"}}}",
	  { .now = "sat 12:00" },
	  GATE_DENIED,
	  0 },
	{ "{allow: {time: {days: [mon-fri], from: \"07:00\", to: \"19:00\"}}}",
	  { .now = "mon 06:59" },
	  GATE_DENIED,
	  0 },
	{ "{allow: {time: {days: [mon-fri], from: \"07:00\", to: \"19:00\"}}}",
	  { .now = "mon 07:00" },
	  GATE_OK,
	  0 },
	{ "{allow: {time: {days: [mon-fri], from: \"07:00\", to: \"19:00\"}}}",
	  { .now = "fri 18:59" },
	  GATE_OK,
	  0 },
	{ "{allow: {time: {days: [mon-fri], from: \"07:00\", to: \"19:00\"}}}",
	  { .now = "fri 19:00" },
	  GATE_DENIED,
	  0 },
	{ "{allow: {time: {days: [fri], from: \"22:00\", to: \"06:00\"}}}",
	  { .now = "sat 05:59" },
	  GATE_OK,
	  0 },
	{ "{allow: {time: {days: [fri], from: \"22:00\", to: \"06:00\"}}}",
	  { .now = "fri 05:59" },
	  GATE_DENIED,
	  0 },
	{ "{allow: {time: {days: [sun], from: \"22:00\", to: \"06:00\"}}}",
	  { .now = "mon 05:59" },
	  GATE_OK,
	  0 },
	{ "{allow: {time: {from: \"09:00\"}}}", { .now = "" }, GATE_DENIED, 0 },
	{ "{allow: {none: [{time: {from: \"09:00\"}}]}}", { .now = "" }, GATE_DENIED, 0 },
};

static void test_decisions(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct row *r = &rows[i];
		struct made_image made = image_of(r->access, "");
		struct access_facts f = facts_of(&r->given);
		struct access_answer a = access_decide(&made.im, image_app_at(&made.im, 0), &f);
		char name[300];

		(void)snprintf(name, sizeof name, "row %zu: %s", i, r->access);
		CHECK_ROW(name, a.verdict == r->verdict);
		CHECK_ROW(name, a.factors == r->factors);
		unmake_image(&made);
	}
}

struct time_row {
	const char *access, *now;
	uint32_t holds_s;
};

static const struct time_row times[] = {
	{ "{allow: {everyone: true}}", "mon 00:00", ACCESS_FOR_EVER },
	{ "{allow: {time: {}}}", "mon 00:00", ACCESS_FOR_EVER },
	{ "{allow: {time: {from: \"07:00\", to: \"19:00\"}}}", "mon 00:00", 7 * 3600 },
	{ "{allow: {time: {from: \"07:00\", to: \"19:00\"}}}", "mon 18:59", 60 },
	{ "{allow: {time: {from: \"07:00\", to: \"19:00\"}}}", "sun 19:00", 12 * 3600 },
	{ "{allow: {time: {days: [mon]}}}", "mon 00:00", 24 * 3600 },
	{ "{allow: {time: {days: [mon]}}}", "tue 00:00", 6 * 24 * 3600 },
	/* two days that touch are one time */
	{ "{allow: {time: {days: [mon, tue]}}}", "mon 00:00", 48 * 3600 },
	{ "{allow: {time: {days: [fri], from: \"22:00\", to: \"06:00\"}}}", "fri 23:00", 7 * 3600 },
	{ "{allow: {any: [{user: jan}, {time: {from: \"07:00\"}}]}, deny: {time: {to: \"01:00\"}}}",
	  "mon 00:30", 1800 },
};

static void test_how_long_answers_hold(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(times); i++) {
		const struct time_row *r = &times[i];
		struct made_image made = image_of(r->access, "");
		struct access_facts f = facts_of(&(struct given){ .now = r->now });
		struct access_answer a = access_decide(&made.im, image_app_at(&made.im, 0), &f);

		CHECK_ROW(r->access, a.holds_s == r->holds_s);
		/* part of a minute is over */
		f.clock.left_s = 1;
		a = access_decide(&made.im, image_app_at(&made.im, 0), &f);
		CHECK_ROW(r->access, r->holds_s == ACCESS_FOR_EVER || a.holds_s == r->holds_s - 59);
		/* the clock will be moved before, or nobody knows */
		f.clock.steady_s = 30;
		a = access_decide(&made.im, image_app_at(&made.im, 0), &f);
		CHECK_ROW(r->access, r->holds_s == ACCESS_FOR_EVER || a.holds_s <= 30);
		f.clock = (struct access_clock){ f.clock.minute, f.clock.weekday, 7, 0 };
		a = access_decide(&made.im, image_app_at(&made.im, 0), &f);
		CHECK_ROW(r->access, r->holds_s == ACCESS_FOR_EVER || a.holds_s == 7);
		unmake_image(&made);
	}
}

/* Every minute of a week: the answer changes exactly when it said it would. */
static void test_every_minute(void **state)
{
	static const char *const policies[] = {
		"{allow: {time: {days: [mon-fri], from: \"07:30\", to: \"19:00\"}}}",
		"{allow: {time: {days: [fri-mon], from: \"19:00\", to: \"07:00\"}}}",
		"{allow: {time: {days: [wed], from: \"23:59\", to: \"00:00\"}}}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(policies); i++) {
		struct made_image made = image_of(policies[i], "");
		const struct image_condition *c = image_condition_at(&made.im, 0);

		for (uint32_t at = 0; at < 7 * IMAGE_DAY_MINUTES; at++) {
			struct access_clock now = { (uint16_t)(at % IMAGE_DAY_MINUTES),
						    (uint8_t)(at / IMAGE_DAY_MINUTES + 1), 60,
						    UINT32_MAX };
			uint32_t holds = access_time_holds(c, &now), next = at + holds / 60;
			struct access_clock then = { (uint16_t)(next % IMAGE_DAY_MINUTES),
						     (uint8_t)(next / IMAGE_DAY_MINUTES % 7 + 1),
						     60, UINT32_MAX };
			struct access_clock before = then;

			assert_true(holds % 60 == 0 && holds > 0);
			assert_int_not_equal(access_time_is(c, &now), access_time_is(c, &then));
			next--;
			before.minute = (uint16_t)(next % IMAGE_DAY_MINUTES);
			before.weekday = (uint8_t)(next / IMAGE_DAY_MINUTES % 7 + 1);
			assert_int_equal(access_time_is(c, &now), access_time_is(c, &before));
		}
		unmake_image(&made);
	}
}

struct decides_row {
	const char *access;
	struct given given;
	uint32_t index; /* of the condition, allow first; IMAGE_NONE */
};

static const struct decides_row decisives[] = {
	{ "{}", { 0 }, IMAGE_NONE },
	{ "{allow: {user: jan}}", { 0 }, 0 },
	{ "{allow: {all: [{user: jan}, {group: a}]}}", { .groups = "b" }, 2 },
	{ "{allow: {all: [{user: jan}, {group: a}]}}", { .groups = "a" }, 0 },
	{ "{allow: {any: [{user: piet}, {group: a}]}}", { .groups = "a" }, 2 },
	{ "{allow: {any: [{user: piet}, {group: a}]}}", { .groups = "b" }, 0 },
	{ "{allow: {none: [{user: jan}, {group: a}]}}", { .groups = "a" }, 1 },
	{ "{allow: {all: [{any: [{user: jan}]}, {any: [{none: [{user: jan}]}]}]}}", { 0 }, 3 },
	{ "{allow: {all: [{user: jan}]}, deny: {any: [{user: piet}, {user: jan}]}}", { 0 }, 4 },
	{ "{allow: {user: jan}, deny: {any: [{user: piet}, {zone: lab}]}}", { .source = "" }, 3 },
};

static void test_what_decides(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(decisives); i++) {
		struct made_image made = image_of(decisives[i].access, "");
		struct access_facts f = facts_of(&decisives[i].given);
		struct access_answer a = access_decide(&made.im, image_app_at(&made.im, 0), &f);

		CHECK_ROW(decisives[i].access, a.condition == decisives[i].index);
		unmake_image(&made);
	}
}

struct said {
	const struct image *im;
	const struct access_facts *f;
	char text[4096];
	struct wbuf w;
};

static void on_step(void *arg, const struct access_step *step)
{
	static const char *const truths[] = { "no   ", "?    ", "yes  " };
	struct said *s = arg;

	wbuf_str(&s->w, truths[step->truth]);
	for (unsigned i = 0; i < step->depth; i++)
		WBUF_LIT(&s->w, "  ");
	access_text_put(&s->w, s->im, step, s->f);
	wbuf_str(&s->w, step->decides ? " <-\n" : "\n");
}

static void test_visit_tells_every_condition(void **state)
{
	struct made_image made = image_of(
		"{allow: {all: [{any: [{zone: office}, {factor: passkey}, {time: {days: [mon-fri], "
		"from: \"07:00\", to: \"19:30\"}}]}, {group: staff}, {none: [{client_certificate: "
		"true}]}, {user: jan}, {everyone: true}]}, deny: {zone: lab}}",
		"");
	struct access_facts f = facts_of(&(struct given){
		.groups = "a\nb", .factors = GATE_PASSWORD | GATE_TOTP, .now = "sat 08:05" });
	struct said s = { .im = &made.im, .f = &f };
	struct access_answer a = { 0 }, b = { 0 };

	(void)state;
	s.w = wbuf_of(s.text, sizeof s.text - 1);
	a = access_visit(&made.im, image_app_at(&made.im, 0), &f, on_step, &s);
	b = access_decide(&made.im, image_app_at(&made.im, 0), &f);
	assert_int_equal(a.verdict, b.verdict);
	assert_int_equal(a.condition, b.condition);
	assert_string_equal(
		s.text,
		"no   deny: zone lab (10.9.0.0/16): the address is 192.0.2.1\n"
		"no   allow: all of\n"
		"no     any of <-\n"
		"no       zone office (10.0.0.0/8, 2001:db8::/32): the address is 192.0.2.1\n"
		"no       factor passkey: shown: password, totp\n"
		"no       time mon,tue,wed,thu,fri 07:00-19:30: it is sat 08:05\n"
		"no     group staff: the user is in a, b\n"
		"yes    none of\n"
		"no       client_certificate: none was shown\n"
		"yes    user jan\n"
		"yes    everyone\n");
	f.has_source = false;
	f.clock.weekday = 0;
	f.groups = VIEW("");
	s.w.n = 0;
	(void)access_visit(&made.im, image_app_at(&made.im, 0), &f, on_step, &s);
	s.text[s.w.n] = '\0';
	assert_non_null(
		strstr(s.text, "?    deny: zone lab (10.9.0.0/16): the address is not known <-\n"));
	assert_non_null(
		strstr(s.text, "?        time mon,tue,wed,thu,fri 07:00-19:30: it is not known\n"));
	assert_non_null(strstr(s.text, "no     group staff: the user is in none\n"));
	unmake_image(&made);
}

static void test_words_of_factors(void **state)
{
	char text[100] = "";
	struct wbuf w = wbuf_of(text, sizeof text - 1);

	(void)state;
	access_text_factors(&w, GATE_PASSWORD | GATE_PASSKEY | GATE_RECOVERY | GATE_CERTIFICATE);
	assert_string_equal(text, "passkey, password, recovery, client_certificate");
}

static void test_combinations_of_factors(void **state)
{
	struct made_image made = image_of(
		"{allow: {everyone: true}}",
		"factors: {require: [[password, totp], [passkey], [password, passkey]]}\n");
	const struct image *im = &made.im;

	(void)state;
	assert_false(access_factors_suffice(im, 0));
	assert_false(access_factors_suffice(im, GATE_PASSWORD));
	assert_false(access_factors_suffice(im, GATE_TOTP | GATE_CERTIFICATE));
	assert_true(access_factors_suffice(im, GATE_PASSKEY));
	assert_true(access_factors_suffice(im, GATE_PASSWORD | GATE_TOTP));
	/* a recovery code stands for totp, and for nothing else */
	assert_true(access_factors_suffice(im, GATE_PASSWORD | GATE_RECOVERY));
	assert_false(access_factors_suffice(im, GATE_RECOVERY));
	unmake_image(&made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decisions),
		cmocka_unit_test(test_how_long_answers_hold),
		cmocka_unit_test(test_every_minute),
		cmocka_unit_test(test_what_decides),
		cmocka_unit_test(test_visit_tells_every_condition),
		cmocka_unit_test(test_words_of_factors),
		cmocka_unit_test(test_combinations_of_factors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
