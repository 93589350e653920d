/* The matcher against one that tries every value of every indicator, over thousands of records and
 * indicators made at random; and what is counted of them. */
#include "base/rng.h"
#include "tests/unit/check.h"
#include "tests/unit/tool/hunt_kit.h"
#include "tool/hunt_found.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INDICATORS = 400, RECORDS = 1500, ROUNDS = 6 };

/* Few letters, so that much of it meets. */
static struct view some_text(struct rng *r, struct wbuf *w, size_t max)
{
	size_t n = 1 + rng_below(r, (uint32_t)max), from = w->n;

	for (size_t i = 0; i < n; i++)
		wbuf_u8(w, (uint8_t)('a' + rng_below(r, 2)));
	return view_slice(wbuf_view(w), from, n);
}

static struct ip some_ip(struct rng *r)
{
	char text[40];
	struct ip a = { 0 };

	if (rng_below(r, 4))
		snprintf(text, sizeof text, "10.%u.%u.%u", rng_below(r, 2), rng_below(r, 3),
			 rng_below(r, 4));
	else
		snprintf(text, sizeof text, "2001:db8::%x:%x", rng_below(r, 3), rng_below(r, 3));
	assert_int_equal(ip_parse(view_str(text), &a), E_OK);
	return a;
}

static struct ip_net some_net(struct rng *r)
{
	struct ip_net net = { .ip = some_ip(r), .bits = (uint8_t)(128 - rng_below(r, 34)) };

	if (rng_below(r, 50) == 0)
		net.bits = (uint8_t)rng_below(r, 129);
	for (unsigned i = net.bits; i < 128; i++)
		net.ip.b[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
	return net;
}

static void some_value(struct rng *r, struct hunt_set *s)
{
	uint8_t room[64];
	struct wbuf w = wbuf_of(room, sizeof room);
	struct hunt_value v = { .field = (enum hunt_field)rng_below(r, HUNT_FIELDS) };

	if (v.field == HUNT_IP) {
		v.net = some_net(r);
	} else {
		v.how = (enum hunt_how)rng_below(r, HUNT_HOWS);
		if (v.field == HUNT_URL || v.field == HUNT_PATH)
			wbuf_u8(&w, '/');
		v.text = some_text(r, &w, 6);
		if (rng_below(r, 2) == 0)
			v.text = wbuf_view(&w);
	}
	CHECK_OK(hunt_set_value(s, &v));
}

static void some_indicator(struct rng *r, struct hunt_set *s)
{
	unsigned groups = rng_below(r, 3) ? 1 : 1 + rng_below(r, 4);

	CHECK_OK(hunt_set_begin(s, &(struct hunt_indicator){ .kind = "" }));
	for (unsigned g = 0; g < groups; g++) {
		unsigned values = rng_below(r, 4) ? 1 : 3;

		CHECK_OK(hunt_set_group(s));
		while (values--)
			some_value(r, s);
		if (g)
			CHECK_OK(hunt_set_op(s, rng_below(r, 2) ? HUNT_OP_AND : HUNT_OP_OR));
	}
	hunt_set_end(s);
}

/* What a record says, in the form that values have. */
struct plain {
	struct ip ip;
	struct view text[HUNT_FIELDS][2]; /* a host may be there twice */
};

static bool value_holds(const struct hunt_value *v, const struct plain *p)
{
	if (v->field == HUNT_IP)
		return ip_net_has(&v->net, &p->ip);
	for (int i = 0; i < 2; i++) {
		struct view t = p->text[v->field][i];

		if (t.n && ((v->how == HUNT_IS && view_eq(t, v->text)) ||
			    (v->how == HUNT_BEGINS && view_starts(t, v->text)) ||
			    (v->how == HUNT_ENDS && view_ends(t, v->text)) ||
			    (v->how == HUNT_HAS && memmem(t.p, t.n, v->text.p, v->text.n))))
			return true;
	}
	return false;
}

static bool group_holds(const struct hunt_set *s, uint32_t group, const struct plain *p)
{
	for (size_t i = 0; i < s->term_n; i++)
		if (s->term[i].group == group && value_holds(&s->term[i].value, p))
			return true;
	return false;
}

static bool holds(const struct hunt_set *s, uint32_t indicator, const struct plain *p)
{
	const struct hunt_indicator *d = &s->indicator[indicator];
	bool stack[16] = { 0 }, any = false;
	size_t n = 0;

	for (uint32_t g = 0; g < s->group_n; g++)
		if (s->group[g].indicator == indicator)
			any |= group_holds(s, g, p);
	for (size_t i = d->op; i < d->op + d->op_n; i++) {
		if (s->op[i] >= 0) {
			stack[n++] = group_holds(s, (uint32_t)s->op[i], p);
		} else {
			n--;
			stack[n - 1] = s->op[i] == HUNT_OP_AND ? stack[n - 1] && stack[n]
							       : stack[n - 1] || stack[n];
		}
	}
	return d->has_and ? stack[0] : any;
}

struct record {
	struct hunt_kit kit;
	struct plain plain;
	char origin[64], object[64], host[16], url[64], sni[16], agent[16], escaped[128];
	char actor[16], certificate[16], tls_class[16];
};

static struct view copied(char *to, struct view v)
{
	struct wbuf w = wbuf_of(to, 15);

	wbuf_view_put(&w, v);
	to[w.n] = '\0';
	return wbuf_view(&w);
}

/* Written in capitals, with a port: neither counts. */
static void some_object(struct rng *r, struct record *x)
{
	uint8_t room[32];
	struct wbuf t = wbuf_of(room, sizeof room), w = wbuf_of(x->object, sizeof x->object - 1);
	struct view host = some_text(r, &t, 5);
	bool is_loud = rng_below(r, 2);
	size_t at = 0;

	WBUF_LIT(&w, "https://");
	for (size_t i = 0; i < host.n; i++)
		wbuf_u8(&w, is_loud ? host.p[i] & 0xdf : host.p[i]);
	wbuf_view_put(&w, rng_below(r, 2) ? VIEW(":8443") : VIEW(""));
	at = w.n;
	WBUF_LIT(&w, "/");
	(void)some_text(r, &w, 6);
	x->object[w.n] = '\0';
	x->plain.text[HUNT_PATH][0] = view_slice(wbuf_view(&w), at, w.n);
	x->plain.text[HUNT_HOST][0] = copied(x->host, host);
	t = wbuf_of(x->url, sizeof x->url);
	wbuf_view_put(&t, host);
	wbuf_view_put(&t, x->plain.text[HUNT_PATH][0]);
	x->plain.text[HUNT_URL][0] = wbuf_view(&t);
}

/* Escaped for the log, every letter: what is looked for is what it stands for. */
static void escape(struct record *x)
{
	struct wbuf w = wbuf_of(x->escaped, sizeof x->escaped - 1);
	struct view v = x->plain.text[HUNT_AGENT][0];

	for (size_t i = 0; i < v.n; i++) {
		WBUF_LIT(&w, "\\u00");
		wbuf_hex(&w, view_slice(v, i, 1));
	}
	x->escaped[w.n] = '\0';
	x->kit.agent = x->escaped;
}

static void some_record(struct rng *r, struct record *x)
{
	uint8_t room[64];
	struct wbuf w = wbuf_of(room, sizeof room), o = wbuf_of(x->origin, sizeof x->origin - 1);

	*x = (struct record){ 0 };
	x->plain.ip = some_ip(r);
	ip_put_endpoint(&o, &x->plain.ip, 4711);
	some_object(r, x);
	x->plain.text[HUNT_HOST][1] = copied(x->sni, some_text(r, &w, 5));
	x->plain.text[HUNT_USER][0] = copied(x->actor, some_text(r, &w, 5));
	x->plain.text[HUNT_TLS][0] = copied(x->certificate, some_text(r, &w, 5));
	x->plain.text[HUNT_TLS][1] = copied(x->tls_class, some_text(r, &w, 5));
	x->plain.text[HUNT_AGENT][0] = copied(x->agent, some_text(r, &w, 12));
	x->kit = (struct hunt_kit){ x->origin, x->object,      x->sni,	     x->agent,
				    x->actor,  x->certificate, x->tls_class, "" };
	if (rng_below(r, 3) == 0)
		escape(x);
}

static void check_record(struct rng *r, struct hunt_match *m, const struct hunt_set *s)
{
	static struct record x;
	const uint32_t *hit = NULL;
	bool found[INDICATORS] = { false };
	struct log_line l = { 0 };
	size_t n = 0;

	some_record(r, &x);
	l = hunt_kit_line(&x.kit, 1);
	n = hunt_match_line(m, &l, &hit);
	for (size_t i = 0; i < n; i++) {
		assert_false(found[hit[i]]); /* each once */
		found[hit[i]] = true;
	}
	for (uint32_t i = 0; i < s->indicator_n; i++)
		if (found[i] != holds(s, i, &x.plain))
			fail_msg("indicator %u: %s %s %s %s %s: %d", i, x.origin, x.object, x.sni,
				 x.agent, x.actor, found[i]);
}

static void test_same_as_trying_all(void **state)
{
	struct rng r = { { 1, 2, 3, 4 } };

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct hunt_set s = { 0 };
		struct hunt_match *m = NULL;

		for (int i = 0; i < (round ? INDICATORS : 1); i++)
			some_indicator(&r, &s);
		CHECK_OK(hunt_match_new(&s, &m));
		for (int i = 0; i < RECORDS / ROUNDS; i++)
			check_record(&r, m, &s);
		hunt_match_done(m);
		hunt_set_done(&s);
	}
}

static void test_strange_records(void **state)
{
	static const char *const origins[] = { "",     "-", "edge[0]", "[",    "]",
					       "[]:1", ":", "1.2.3.4", "[::1", "config" };
	static const char *const objects[] = {
		"",	     "-",     ":",     "://",		"a://", "://a", "https://",
		"https:///", "a:b:c", "x://[", "x://[::1]:5/p", "\\",	"\\u",	"\\ud800"
	};
	struct hunt_set s = { 0 };
	struct hunt_match *m = NULL;
	struct rng r = { { 7, 7, 7, 7 } };
	const uint32_t *hit = NULL;

	(void)state;
	for (int i = 0; i < INDICATORS; i++)
		some_indicator(&r, &s);
	CHECK_OK(hunt_match_new(&s, &m));
	for (size_t o = 0; o < COUNT_OF(origins); o++) {
		for (size_t b = 0; b < COUNT_OF(objects); b++) {
			struct hunt_kit k = { .origin = origins[o],
					      .object = objects[b],
					      .agent = objects[b],
					      .sni = objects[b] };
			struct log_line l = hunt_kit_line(&k, 1);

			assert_true(hunt_match_line(m, &l, &hit) <= s.indicator_n);
		}
	}
	hunt_match_done(m);
	hunt_set_done(&s);
}

/* A set without anything finds nothing. */
static void test_empty(void **state)
{
	struct hunt_set s = { 0 };
	struct hunt_match *m = NULL;
	struct hunt_kit k = { .origin = "1.2.3.4:5", .object = "https://a/" };
	struct log_line l = hunt_kit_line(&k, 1);
	const uint32_t *hit = NULL;

	(void)state;
	CHECK_OK(hunt_match_new(&s, &m));
	assert_int_equal(hunt_match_line(m, &l, &hit), 0);
	hunt_match_done(m);
	hunt_set_done(&s);
}

/* A record finds each of them: as many as that are refused, one less are found. */
static void test_same_value(void **state)
{
	static const struct hunt_value values[] = {
		{ .field = HUNT_IP, .net = { .bits = 0 } },
		{ .field = HUNT_AGENT, .how = HUNT_IS, .text = VIEW_INIT("curl") },
		{ .field = HUNT_AGENT, .how = HUNT_ENDS, .text = VIEW_INIT("rl") },
		{ .field = HUNT_AGENT, .how = HUNT_HAS, .text = VIEW_INIT("ur") },
	};

	(void)state;
	for (size_t v = 0; v < COUNT_OF(values); v++) {
		struct hunt_kit k = { .origin = "1.2.3.4:5", .object = "-", .agent = "curl" };
		struct log_line l = hunt_kit_line(&k, 1);
		struct hunt_indicator d = { .kind = "" };
		struct hunt_set s = { 0 };
		struct hunt_match *m = NULL;
		const uint32_t *hit = NULL;

		for (int i = 0; i < HUNT_SAME; i++)
			CHECK_OK(hunt_set_add(&s, &d, &values[v]));
		CHECK_OK(hunt_match_new(&s, &m));
		assert_int_equal(hunt_match_line(m, &l, &hit), HUNT_SAME);
		hunt_match_done(m);
		CHECK_OK(hunt_set_add(&s, &d, &values[v]));
		CHECK_ERR(hunt_match_new(&s, &m), E_LIMIT);
		hunt_set_done(&s);
	}
}

static void test_counts(void **state)
{
	struct hunt_set s = { 0 };
	struct hunt_found f = { 0 };
	struct hunt_indicator d = { .kind = "", .from_us = 1000, .until_us = 21000 };
	const uint32_t both[] = { 0, 1 };

	(void)state;
	CHECK_OK(hunt_set_begin(&s, &d));
	CHECK_OK(hunt_set_begin(&s, &d));
	CHECK_OK(hunt_set_begin(&s, &d));
	CHECK_OK(hunt_found_new(&s, 2, &f));
	for (unsigned i = 0; i < 30000; i++) {
		char origin[40], object[40], actor[16];
		struct hunt_kit k = { .origin = origin, .object = object, .actor = actor };
		struct log_line l = { 0 };

		snprintf(origin, sizeof origin, "10.0.%u.%u:%u", i / 100 % 100, i % 100, i);
		snprintf(object, sizeof object, "https://h%u.nl/%u", i % 7, i);
		snprintf(actor, sizeof actor, i % 2 ? "u%u" : "-", i % 10);
		l = hunt_kit_line(&k, i);
		CHECK_OK(hunt_found_add(&f, &l, both, i % 3 ? 1 : 2));
		CHECK_OK(hunt_found_add(&f, &l, both, 0));
	}
	assert_int_equal(f.matched, 30000);
	assert_int_equal(f.matching, 2);
	assert_int_equal(f.row[0].hits, 30000);
	assert_int_equal(f.row[1].hits, 10000);
	assert_int_equal(f.row[2].hits, 0);
	assert_int_equal(f.row[0].outside, 10000);
	assert_int_equal(f.row[0].first_us, 0);
	assert_int_equal(f.row[0].last_us, 29999);
	assert_int_equal(f.row[1].last_us, 29997);
	assert_int_equal(f.row[0].distinct[HUNT_SOURCES], 10000); /* ports are not sources */
	assert_int_equal(f.row[0].distinct[HUNT_USERS], 5);
	assert_int_equal(f.row[0].distinct[HUNT_HOSTS], 7);
	assert_int_equal(f.row[0].record_n, 2);
	assert_false(f.is_over || f.is_cut);
	hunt_found_done(&f);
	hunt_set_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_as_trying_all),
		cmocka_unit_test(test_strange_records),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_same_value),
		cmocka_unit_test(test_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
