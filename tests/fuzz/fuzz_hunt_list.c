/* Lists of indicators: each line is an indicator, an error or nothing; a record that has just what
 * an indicator says is found by it. */
#include "tests/fuzz/fuzz.h"

#include "tests/unit/tool/hunt_kit.h"
#include "tool/hunt_list.h"

#include <stdio.h>

enum { CHECKED = 64, ROOM = 2 * HUNT_VALUE_BYTES };

struct told {
	uint32_t n, line;
};

static void on_error(void *arg, const struct hunt_list_error *e)
{
	struct told *t = arg;

	INVARIANT(e->line > t->line && e->column > 0 && e->why[0]);
	t->line = e->line;
	t->n++;
}

static uint32_t count_lines(struct view text)
{
	uint32_t n = 0;

	for (; text.n; n++)
		text = view_slice(text, view_find(text, '\n') + 1, text.n);
	return n;
}

/* The log would write it as it is, and a URL with it is one: no escapes, no port, no address. */
static bool is_plain(const struct hunt_value *v)
{
	bool is_url = v->field == HUNT_HOST || v->field == HUNT_URL;

	if (is_url && (view_find(v->text, ':') < v->text.n || view_find(v->text, '[') < v->text.n))
		return false;
	if (v->field == HUNT_USER && view_eq(v->text, VIEW("-")))
		return false;
	return view_find(v->text, '\\') == v->text.n;
}

/* A record that says what the value says, as the log would. */
static void check_value(const struct hunt_set *s, struct hunt_match *m, size_t term)
{
	static const enum log_field fields[HUNT_FIELDS] = {
		[HUNT_IP] = LOG_ORIGIN,	 [HUNT_HOST] = LOG_OBJECT,	[HUNT_PATH] = LOG_OBJECT,
		[HUNT_URL] = LOG_OBJECT, [HUNT_AGENT] = LOG_USER_AGENT, [HUNT_USER] = LOG_ACTOR,
		[HUNT_TLS] = LOG_DETAIL,
	};
	const struct hunt_value *v = &s->term[term].value;
	uint8_t *room = malloc(ROOM);
	struct wbuf w = wbuf_of(room, ROOM);
	struct log_line l = { 0 };
	const uint32_t *hit = NULL;
	size_t n = 0;

	if (!room)
		abort();
	if (v->field == HUNT_IP)
		ip_put_endpoint(&w, &v->net.ip, 1);
	if (fields[v->field] == LOG_OBJECT)
		wbuf_view_put(&w, v->field == HUNT_PATH ? VIEW("https://h") : VIEW("https://"));
	if (v->field == HUNT_PATH && v->how == HUNT_HAS)
		WBUF_LIT(&w, "/");
	if (v->field == HUNT_TLS)
		WBUF_LIT(&w, "{\"a\":1,\"client_certificate\":\"");
	wbuf_view_put(&w, v->text);
	if (v->field == HUNT_TLS)
		WBUF_LIT(&w, "\"}");
	l.text = wbuf_view(&w);
	l.field[fields[v->field]] = wbuf_view(&w);
	if (is_plain(v)) {
		bool is_found = false;

		n = hunt_match_line(m, &l, &hit);
		for (size_t i = 0; i < n; i++)
			is_found |= hit[i] == s->group[s->term[term].group].indicator;
		INVARIANT(is_found);
	}
	free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = fuzz_copy(view_of(data, size));
	struct hunt_set s = { 0 };
	struct told t = { 0 };
	struct hunt_match *m = NULL;
	enum err e = hunt_list_read(&s, VIEW("list"), view_of(copy, size), on_error, &t);

	INVARIANT(e == (t.n ? E_PROTO : E_OK));
	INVARIANT(s.indicator_n + t.n <= count_lines(view_of(data, size)));
	INVARIANT(s.term_n == s.indicator_n && s.group_n == s.indicator_n && s.op_n == 0);
	INVARIANT(hunt_match_new(&s, &m) == E_OK || s.term_n > HUNT_SAME);
	for (size_t i = 0; m && i < s.term_n && i < CHECKED; i++)
		check_value(&s, m, i);
	hunt_match_done(m);
	hunt_set_done(&s);
	free(copy);
	return 0;
}
