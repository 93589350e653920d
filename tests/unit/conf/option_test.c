/*
 * Every row of every table, at its bounds: what drives the parser drives this test. For each
 * number, size and duration: min and max are taken, one less, one more and garbage are refused and
 * leave the default. For each other kind: its good and its bad texts.
 */
#include "conf/option.h"
#include "conf/options.h"
#include "conf/region.h"
#include "ipc/gate_words.h"
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

static struct arena region;
static struct diag diag;

/* One value given to one row of a table; the struct that comes out. */
static void *parse(const struct option_table *t, const struct option *row, struct node *value,
		   uint32_t *ret_errors)
{
	struct option_parse p = { .region = &region, .diag = &diag };
	struct node *map = REGION_NEW(&region, struct node, 1);
	void *ret = region_alloc(&region, 1, t->size, 8);
	uint32_t before = 0;

	map->kind = NODE_MAP;
	value->key = view_str(row->name);
	node_append(map, value);
	for (size_t i = 0; i < t->n; i++) {
		struct node *other = REGION_NEW(&region, struct node, 1);

		/* what is required besides, so that its absence is not counted */
		if (&t->rows[i] == row || !(t->rows[i].flags & OPTION_REQUIRED))
			continue;
		other->kind = NODE_SCALAR;
		other->key = view_str(t->rows[i].name);
		other->text = VIEW("127.0.0.1:80");
		if (t->rows[i].kind == OPTION_NAME)
			other->text = VIEW("a");
		if (t->rows[i].kind == OPTION_NUMBER)
			other->text = VIEW("1");
		if (t->rows[i].kind == OPTION_WORD)
			other->text = view_str(t->rows[i].words->p[0].word);
		if (t->rows[i].kind == OPTION_LIST || t->rows[i].kind == OPTION_TEXTS ||
		    t->rows[i].kind == OPTION_NETWORKS)
			other->kind = NODE_LIST;
		node_append(map, other);
	}
	before = diag.errors;
	option_parse(&p, t, map, ret);
	*ret_errors = diag.errors - before;
	return ret;
}

static struct node *scalar(const char *text)
{
	struct node *n = REGION_NEW(&region, struct node, 1);

	n->kind = NODE_SCALAR;
	n->text = region_copy(&region, view_str(text));
	return n;
}

static struct node *list_of(const char *text)
{
	struct node *n = REGION_NEW(&region, struct node, 1);

	n->kind = NODE_LIST;
	node_append(n, scalar(text));
	return n;
}

static const void *field(const void *p, const struct option *row)
{
	return (const uint8_t *)p + row->offset;
}

static const char *number_text(char text[40], const struct option *row, uint64_t x)
{
	if (row->kind == OPTION_FACTOR)
		(void)snprintf(text, 40, "%llu.%02llu", (unsigned long long)x / 100,
			       (unsigned long long)x % 100);
	else
		(void)snprintf(text, 40, row->kind == OPTION_DURATION ? "%llums" : "%llu",
			       (unsigned long long)x);
	return text;
}

static void check_bound(const struct option_table *t, const struct option *row, uint64_t x,
			bool is_good)
{
	char text[40], name[200];
	uint32_t errors = 0, ignored = 0;
	const uint64_t *got = field(parse(t, row, scalar(number_text(text, row, x)), &errors), row);
	const struct option_table *bare = t;
	uint64_t preset = 0;

	(void)snprintf(name, sizeof name, "%s.%s: %s", t->name, row->name, text);
	CHECK_ROW(name, (errors == 0) == is_good);
	preset = *(const uint64_t *)field(parse(bare, row, scalar("garbage"), &ignored), row);
	CHECK_ROW(name, *got == (is_good ? x : preset));
}

static void check_number(const struct option_table *t, const struct option *row)
{
	const char *const garbage[] = { "",	"x",
					"-1",	"1x",
					"1 ",	"true",
					"0x10", row->kind == OPTION_FACTOR ? "1.555" : "1.5",
					"1e3",	"99999999999999999999999" };

	check_bound(t, row, row->min, true);
	check_bound(t, row, row->max, true);
	check_bound(t, row, row->max + 1, false);
	if (row->min > 0)
		check_bound(t, row, row->min - 1, false);
	for (size_t i = 0; i < COUNT_OF(garbage); i++) {
		uint32_t errors = 0;

		(void)parse(t, row, scalar(garbage[i]), &errors);
		CHECK_ROW(row->name, errors == 1);
	}
}

/* A row with a preset: it is good in its own eyes. */
static void check_preset(const struct option_table *t, const struct option *row)
{
	struct option_parse p = { .region = &region, .diag = &diag };
	void *ret = region_alloc(&region, 1, t->size, 8);
	uint32_t before = diag.errors + diag.warnings;

	option_parse(&p, t, NULL, ret);
	CHECK_ROW(row->name, diag.errors + diag.warnings == before);
	CHECK_ROW(row->name, row->doc && row->doc[0]);
}

struct sample {
	uint8_t kind;
	const char *good, *bad; /* scalars; with is_list in a list of one */
	bool is_list;
};

static const struct sample samples[] = {
	{ OPTION_BOOL, "true", "yes", false },
	{ OPTION_BOOL, "false", "", false },
	{ OPTION_BOOL, "false", "1", false },
	{ OPTION_NAME, "a-b.c_9", "a b", false },
	{ OPTION_NAME, "a", "", false },
	{ OPTION_ADDRESS, "127.0.0.1:80", "127.0.0.1", false },
	{ OPTION_ADDRESS, "[::1]:80", "::1", false },
	{ OPTION_NETWORKS, "10.0.0.0/8", "10.0.0.1/8", true },
	{ OPTION_NETWORKS, "::1", "300.1.1.1", true },
	{ OPTION_STATUSES, "200-299", "299-200", true },
	{ OPTION_STATUSES, "404", "4xx", true },
	{ OPTION_ABSENT, "false", "true", false },
	{ OPTION_ABSENT, "off", "on", false },
};

static void check_samples(const struct option_table *t, const struct option *row)
{
	for (size_t i = 0; i < COUNT_OF(samples); i++) {
		const struct sample *s = &samples[i];
		uint32_t errors = 0;

		if (s->kind != row->kind)
			continue;
		(void)parse(t, row, s->is_list ? list_of(s->good) : scalar(s->good), &errors);
		CHECK_ROW(row->name, errors == 0);
		(void)parse(t, row, s->is_list ? list_of(s->bad) : scalar(s->bad), &errors);
		CHECK_ROW(row->name, errors == 1);
		if (row->kind == OPTION_ABSENT)
			continue;
		(void)parse(t, row, s->is_list ? scalar(s->good) : list_of(s->good), &errors);
		CHECK_ROW(row->name, errors == 1);
	}
}

static void check_words(const struct option_table *t, const struct option *row)
{
	uint32_t errors = 0;
	bool is_list = row->kind == OPTION_WORDS;

	for (size_t i = 0; i < row->words->n; i++) {
		const struct option_word *w = &row->words->p[i];
		const uint8_t *got = field(
			parse(t, row, is_list ? list_of(w->word) : scalar(w->word), &errors), row);

		CHECK_ROW(w->word, errors == (w->state == OPTION_WORD_NEVER));
		CHECK_ROW(w->word, *got == w->value);
	}
	(void)parse(t, row, is_list ? list_of("garbage") : scalar("garbage"), &errors);
	CHECK_ROW(row->name, errors == 1);
}

/* A list of lists of words: each word by itself, all of them together, and what is no such list. */
static void check_sets(const struct option_table *t, const struct option *row)
{
	struct node *list = NULL, *inner = NULL;
	const struct model_sets *got = NULL;
	uint32_t errors = 0;
	uint8_t all = 0;

	list = list_of("");
	list->first->kind = NODE_LIST;
	inner = list->first;
	for (size_t i = 0; i < row->words->n; i++) {
		struct node *single = list_of("");

		single->first->kind = NODE_LIST;
		node_append(single->first, scalar(row->words->p[i].word));
		got = field(parse(t, row, single, &errors), row);
		CHECK_ROW(row->words->p[i].word,
			  errors == 0 && got->n == 1 && got->p[0].bits == row->words->p[i].value);
		node_append(inner, scalar(row->words->p[i].word));
		all |= row->words->p[i].value;
	}
	got = field(parse(t, row, list, &errors), row);
	CHECK_ROW(row->name, errors == 0 && got->n == 1 && got->p[0].bits == all);
	(void)parse(t, row, scalar(row->words->p[0].word), &errors);
	CHECK_ROW(row->name, errors == 1);
	(void)parse(t, row, list_of(row->words->p[0].word), &errors);
	CHECK_ROW(row->name, errors == 1);
	list = list_of("");
	list->first->kind = NODE_LIST;
	node_append(list->first, scalar("garbage"));
	(void)parse(t, row, list, &errors);
	CHECK_ROW(row->name, errors == 1);
}

static void check_text(const struct option_table *t, const struct option *row)
{
	uint32_t errors = 0;
	bool is_list = row->kind == OPTION_TEXTS;
	char *text = region_alloc(&region, row->max + 2, 1, 1);

	memset(text, 'x', row->max);
	(void)parse(t, row, is_list ? list_of(text) : scalar(text), &errors);
	CHECK_ROW(row->name, errors == 0);
	text[row->max] = 'x';
	(void)parse(t, row, is_list ? list_of(text) : scalar(text), &errors);
	CHECK_ROW(row->name, errors == 1);
	(void)parse(t, row, is_list ? list_of("") : scalar(""), &errors);
	CHECK_ROW(row->name, errors == (row->min > 0));
	(void)parse(t, row, is_list ? list_of("a\nb") : scalar("a\nb"), &errors);
	CHECK_ROW(row->name, errors == !(row->flags & OPTION_LINES));
}

static void check_row(const struct option_table *t, const struct option *row)
{
	check_preset(t, row);
	check_samples(t, row);
	if (row->kind == OPTION_NUMBER || row->kind == OPTION_SIZE ||
	    row->kind == OPTION_DURATION || row->kind == OPTION_FACTOR)
		check_number(t, row);
	if (row->kind == OPTION_WORD || row->kind == OPTION_WORDS)
		check_words(t, row);
	if (row->kind == OPTION_SETS)
		check_sets(t, row);
	if (row->kind == OPTION_TEXT || row->kind == OPTION_TEXTS)
		check_text(t, row);
}

/* Tables may hold one another, and themselves. */
static bool is_known(const struct option_table *const *all, size_t n, const struct option_table *t)
{
	for (size_t i = 0; i < n; i++)
		if (all[i] == t)
			return true;
	return false;
}

static void test_every_row(void **state)
{
	const struct option_table *todo[64] = { options_top() };
	size_t n = 1, rows = 0;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < todo[i]->n; k++) {
			const struct option *row = &todo[i]->rows[k];

			assert_int_equal(region_open(&region), E_OK);
			diag_init(&diag, &region);
			check_row(todo[i], row);
			region_close(&region);
			rows++;
			if (row->table && !is_known(todo, n, row->table)) {
				assert_true(n < COUNT_OF(todo));
				todo[n++] = row->table;
			}
		}
	}
	assert_true(rows > 100); /* the walk reached them */
}

static void test_defaults_are_the_documented_ones(void **state)
{
	struct option_parse p = { .region = &region, .diag = &diag };
	struct model m = { 0 };
	const struct option_table *backend = NULL, *listener = NULL;
	struct model_backend b = { 0 };
	struct model_listener l = { 0 };

	(void)state;
	assert_int_equal(region_open(&region), E_OK);
	diag_init(&diag, &region);
	option_parse(&p, options_top(), NULL, &m);
	for (size_t i = 0; i < options_top()->n; i++) {
		if (view_eq(view_str(options_top()->rows[i].name), VIEW("backends")))
			backend = options_top()->rows[i].table;
		if (view_eq(view_str(options_top()->rows[i].name), VIEW("listeners")))
			listener = options_top()->rows[i].table;
	}
	option_parse(&p, backend, NULL, &b);
	option_parse(&p, listener, NULL, &l);
	assert_int_equal(diag.errors, 0);
	assert_int_equal(m.edges, 0);
	assert_int_equal(m.log.audit_retention_ms, (uint64_t)1095 * 86400000);
	assert_true(m.log.access);
	assert_int_equal(l.protocol, IMAGE_HTTPS);
	assert_int_equal(l.limits.connections, 20000);
	assert_int_equal(l.limits.connections_per_address, 200);
	assert_int_equal(l.limits.header_size, 16384);
	assert_int_equal(l.limits.headers, 100);
	assert_int_equal(l.limits.body_size, 0);
	assert_int_equal(l.timeouts.handshake_ms, 5000);
	assert_int_equal(l.timeouts.request_header_ms, 10000);
	assert_int_equal(l.timeouts.request_body_idle_ms, 30000);
	assert_int_equal(l.timeouts.request_body_rate, 100);
	assert_int_equal(l.timeouts.keep_alive_ms, 60000);
	assert_int_equal(l.timeouts.response_idle_ms, 60000);
	assert_int_equal(l.timeouts.datagram_idle_ms, 30000);
	assert_int_equal(l.datagrams.size, IMAGE_DATAGRAM_MAX);
	assert_int_equal(l.datagrams.waiting, 8);
	assert_int_equal(l.datagrams.replies, 0);
	assert_int_equal(l.datagrams.reply_ratio, 0);
	assert_int_equal(b.protocol, IMAGE_HTTP);
	assert_int_equal(b.balance, IMAGE_LEAST_REQUESTS);
	assert_int_equal(b.outlier.consecutive_errors, 5);
	assert_int_equal(b.outlier.eject_for_ms, 10000);
	assert_int_equal(b.outlier.max_ejected_percent, 50);
	assert_int_equal(b.limits.queue, 1000);
	assert_int_equal(b.limits.queue_timeout_ms, 5000);
	assert_int_equal(b.retries.attempts, 2);
	assert_int_equal(b.retries.on, IMAGE_RETRY_CONNECT_FAILURE | IMAGE_RETRY_RESET);
	assert_int_equal(b.retries.budget_percent, 20);
	assert_int_equal(b.timeouts.connect_ms, 2000);
	assert_int_equal(b.timeouts.first_byte_ms, 60000);
	assert_int_equal(b.timeouts.idle_connection_ms, 55000);
	assert_int_equal(b.health.interval_ms, 2000);
	assert_int_equal(b.health.expect_status.n, 1);
	assert_int_equal(b.health.expect_status.p[0].to, 399);
	assert_true(b.tls.verify);
	assert_null(b.health.at);
	assert_null(m.gateway.at);
	assert_int_equal(m.gateway.session.idle_ms, 30 * 60000);
	assert_int_equal(m.gateway.session.lifetime_ms, 10 * 3600000);
	assert_int_equal(m.gateway.session.rotate_ms, 5 * 60000);
	assert_int_equal(m.gateway.session.step_up_ms, 5 * 60000);
	assert_int_equal(m.gateway.session.binding, IMAGE_BINDING_STRICT);
	assert_int_equal(m.gateway.session.on_mismatch, IMAGE_MISMATCH_STEP_UP);
	assert_int_equal(m.gateway.cells.total, 5000);
	assert_int_equal(m.gateway.cells.per_address, 64);
	assert_int_equal(m.gateway.cells.before_login, 1000);
	assert_int_equal(m.gateway.cells.spawner_lifetime_ms, 5 * 60000);
	assert_int_equal(m.factors.require.n, 2);
	assert_int_equal(m.factors.require.p[0].bits, GATE_PASSKEY);
	assert_int_equal(m.factors.require.p[1].bits, GATE_PASSWORD | GATE_TOTP);
	assert_int_equal(m.factors.argon2.memory, 0);
	assert_int_equal(m.factors.argon2.passes, 0);
	assert_null(m.isolation.at);
	assert_null(m.isolation.approvers.at);
	assert_int_equal(m.isolation.approvers.to_open, 2);
	assert_int_equal(m.isolation.approvers.to_close, 1);
	assert_int_equal(m.isolation.fallback_on, 0);
	assert_null(m.isolation.office.p);
	assert_null(m.isolation.partners.p);
	CHECK_VIEW(m.isolation.pilot, "pilot");
	assert_int_equal(m.isolation.news.n, 0);
	assert_int_equal(m.isolation.soak_ms, 0);
	assert_false(l.is_inside);
	region_close(&region);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row),
		cmocka_unit_test(test_defaults_are_the_documented_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
