/*
 * Comparing. A text is compared as our writer spells it, which costs one comparison of bytes; only
 * a field with an escape in it that did not match is read character by character.
 */
#include "tool/audit_match.h"

#include "ipc/audit_line.h"

#include <string.h>

static bool match_text(const struct audit_match *m, enum audit_match_by by, struct view field)
{
	uint8_t text[AUDIT_MATCH_TEXT];
	struct wbuf w = wbuf_of(text, sizeof text);

	if (!field.p)
		return false;
	if (view_eq(field, m->written[by]))
		return true;
	return view_find(field, '\\') < field.n && log_scan_text(field, &w) == E_OK &&
	       view_eq(wbuf_view(&w), m->by[by]);
}

static bool match_is_access(const struct log_line *l)
{
	return view_eq(l->field[LOG_KIND], VIEW("access"));
}

static bool match_user(const struct audit_match *m, const struct log_line *l)
{
	return match_text(m, AUDIT_MATCH_USER, l->field[LOG_ACTOR]);
}

/* The rule that leads to an application is called after it (conf/check_app.c). */
static bool match_app(const struct audit_match *m, const struct log_line *l)
{
	static const struct view front = VIEW_INIT("app/");
	struct view route = l->field[LOG_ROUTE];

	return route.p && view_starts(route, front) &&
	       match_text(m, AUDIT_MATCH_APP, view_slice(route, front.n, route.n));
}

/* A route, or one of its rules. */
static bool match_route(const struct audit_match *m, const struct log_line *l)
{
	struct view route = l->field[LOG_ROUTE];

	return match_text(m, AUDIT_MATCH_ROUTE, route) ||
	       (route.p &&
		match_text(m, AUDIT_MATCH_ROUTE, view_slice(route, 0, view_find(route, '/'))));
}

struct view audit_match_host(struct view object)
{
	static const struct view mark = VIEW_INIT("://");
	size_t at = view_find(object, ':');

	if (!view_starts(view_slice(object, at, object.n), mark))
		return (struct view){ 0 };
	object = view_slice(object, at + mark.n, object.n);
	object = view_slice(object, 0, view_find(object, '/'));
	if (object.n && object.p[0] == '[')
		return view_slice(object, 0, view_find(object, ']') + 1);
	return view_slice(object, 0, view_find(object, ':'));
}

/* "*.example.nl": all below it. */
static bool match_host(const struct audit_match *m, const struct log_line *l)
{
	struct view want = m->written[AUDIT_MATCH_HOST];
	struct view host = audit_match_host(l->field[LOG_OBJECT]);

	if (view_starts(want, VIEW("*."))) {
		want = view_slice(want, 1, want.n);
		return host.n > want.n && view_ieq(view_slice(host, host.n - want.n, want.n), want);
	}
	return view_ieq(host, want);
}

static bool match_method(const struct audit_match *m, const struct log_line *l)
{
	return match_is_access(l) && match_text(m, AUDIT_MATCH_METHOD, l->field[LOG_ACTION]);
}

/* A status, a hundred of them ("4xx"), or the word that stands where there is none. */
static bool match_status(const struct audit_match *m, const struct log_line *l)
{
	struct view want = m->by[AUDIT_MATCH_STATUS], is = l->field[LOG_RESULT];

	if (want.n == 3 && view_ends(want, VIEW("xx")))
		return is.n == 3 && is.p[0] == want.p[0];
	return match_text(m, AUDIT_MATCH_STATUS, is);
}

static bool match_kind(const struct audit_match *m, const struct log_line *l)
{
	return match_text(m, AUDIT_MATCH_KIND, l->field[LOG_KIND]);
}

static bool match_action(const struct audit_match *m, const struct log_line *l)
{
	return match_text(m, AUDIT_MATCH_ACTION, l->field[LOG_ACTION]);
}

static bool match_has(struct view text, struct view part)
{
	return memmem(text.p, text.n, part.p, part.n) != NULL;
}

/* As it was typed (then it may be part of the line's JSON), or as the writer spells it. */
static bool match_texts(const struct audit_match *m, const struct log_line *l)
{
	struct view want = m->by[AUDIT_MATCH_TEXTS], written = m->written[AUDIT_MATCH_TEXTS];

	return match_has(l->text, want) || (written.n != want.n && match_has(l->text, written));
}

/* What says nothing else of a session is about one: "session 17". */
static bool match_session(const struct audit_match *m, const struct log_line *l)
{
	static const struct view front = VIEW_INIT("session ");
	struct view object = l->field[LOG_OBJECT], want = m->by[AUDIT_MATCH_SESSION];

	return (l->field[LOG_SESSION].p && view_eq(l->field[LOG_SESSION], want)) ||
	       (!match_is_access(l) && view_starts(object, front) &&
		view_eq(view_slice(object, front.n, object.n), want));
}

enum err audit_match_address(struct view origin, struct ip *ret)
{
	size_t colon = view_find(origin, ':');

	if (origin.n && origin.p[0] == '[')
		return ip_parse(view_slice(origin, 1, view_find(origin, ']') - 1), ret);
	/* An IPv6 address without a port has more of them. */
	if (view_find(view_slice(origin, colon + 1, origin.n), ':') + colon + 1 >= origin.n)
		origin = view_slice(origin, 0, colon);
	return ip_parse(origin, ret);
}

static bool match_source(const struct audit_match *m, const struct log_line *l)
{
	struct ip ip = { 0 };

	return audit_match_address(l->field[LOG_ORIGIN], &ip) == E_OK &&
	       ip_net_has(&m->source, &ip);
}

typedef bool match_test(const struct audit_match *m, const struct log_line *l);

static match_test *const match_tests[AUDIT_MATCH_N] = {
	[AUDIT_MATCH_USER] = match_user,     [AUDIT_MATCH_APP] = match_app,
	[AUDIT_MATCH_ROUTE] = match_route,   [AUDIT_MATCH_HOST] = match_host,
	[AUDIT_MATCH_METHOD] = match_method, [AUDIT_MATCH_STATUS] = match_status,
	[AUDIT_MATCH_KIND] = match_kind,     [AUDIT_MATCH_ACTION] = match_action,
	[AUDIT_MATCH_TEXTS] = match_texts,   [AUDIT_MATCH_SESSION] = match_session,
	[AUDIT_MATCH_SOURCE] = match_source,
};

bool audit_match_line(const struct audit_match *m, const struct log_line *l)
{
	for (unsigned i = 0; i < AUDIT_MATCH_N; i++)
		if (m->by[i].p && !match_tests[i](m, l))
			return false;
	return true;
}

/* What an event may say in its object instead. */
static bool match_is_about(const struct audit_match *m, unsigned by, const struct log_line *l)
{
	return (by == AUDIT_MATCH_USER || by == AUDIT_MATCH_APP) &&
	       match_text(m, (enum audit_match_by)by, l->field[LOG_OBJECT]);
}

bool audit_match_event(const struct audit_match *m, const struct log_line *l)
{
	for (unsigned i = 0; i < AUDIT_MATCH_N; i++)
		if (m->by[i].p && !match_tests[i](m, l) && !match_is_about(m, i, l))
			return false;
	return true;
}

/* What the text must be, beside of some length. NULL: it is; else what is wrong */
static const char *match_refuse(struct audit_match *m, enum audit_match_by by, struct view text)
{
	static const struct view kinds[] = { VIEW_INIT("access"),   VIEW_INIT("event"),
					     VIEW_INIT("alarm"),    VIEW_INIT("gap"),
					     VIEW_INIT("segment"),  VIEW_INIT("checkpoint"),
					     VIEW_INIT("retention") };
	uint64_t number = 0;
	bool is_kind = false;

	if (by == AUDIT_MATCH_SOURCE && ip_net_parse(text, &m->source) != E_OK)
		return "an address or a network (192.0.2.0/24) is expected; bits behind the "
		       "network's must be zero";
	if (by == AUDIT_MATCH_SESSION && view_dec(text, &number) != E_OK)
		return "the number of a session is expected";
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		is_kind |= view_eq(text, kinds[i]);
	if (by == AUDIT_MATCH_KIND && !is_kind)
		return "access, event, alarm, gap, segment, checkpoint or retention is expected";
	return NULL;
}

enum err audit_match_add(struct audit_match *m, enum audit_match_by by, const char *text,
			 const char **ret_why)
{
	struct view v = view_str(text);
	struct wbuf w = wbuf_of(m->room, sizeof m->room);

	*ret_why = "is empty, too long, or given twice";
	if (v.n == 0 || v.n > AUDIT_MATCH_TEXT || m->by[by].p)
		return E_PROTO;
	*ret_why = match_refuse(m, by, v);
	if (*ret_why)
		return E_PROTO;
	w.n = m->room_n;
	audit_line_put_text(&w, v);
	*ret_why = "is too long";
	if (w.bad)
		return E_PROTO;
	m->by[by] = v;
	m->written[by] = view_slice(wbuf_view(&w), m->room_n, w.n - m->room_n);
	m->room_n = w.n;
	return E_OK;
}
