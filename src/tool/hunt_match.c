/* A record's fields to the tables, what they find to groups, and groups to indicators. */
#include "tool/hunt_match.h"

#include "tool/hunt_nets.h"
#include "tool/hunt_parts.h"
#include "tool/hunt_texts.h"

#include <stdlib.h>
#include <string.h>

enum {
	MATCH_FIELD =
		1 << 14, /* bytes of one field without its escapes; the rest is not looked at */
	MATCH_STACK = 8 * HUNT_DEPTH,
};

struct hunt_match {
	const struct hunt_set *set; /* borrowed */
	struct hunt_nets nets;
	struct hunt_texts texts;
	struct hunt_parts parts[HUNT_FIELDS];
	bool wants[HUNT_FIELDS];
	uint64_t record;   /* number of this one; what has it as stamp holds of it */
	uint64_t *group;   /* stamps */
	uint64_t *touched; /* stamps of indicators */
	uint32_t *hit;	   /* indicators of this record */
	size_t hit_n;
	uint8_t plain[4][MATCH_FIELD]; /* fields without escapes */
	uint8_t lower[MATCH_FIELD];
};

void hunt_match_done(struct hunt_match *m)
{
	if (!m)
		return;
	hunt_nets_done(&m->nets);
	hunt_texts_done(&m->texts);
	for (unsigned f = 0; f < HUNT_FIELDS; f++)
		hunt_parts_done(&m->parts[f]);
	free(m->group);
	free(m->touched);
	free(m->hit);
	free(m);
}

static enum err match_build(struct hunt_match *m)
{
	const struct hunt_set *s = m->set;

	TRY(hunt_nets_new(s, &m->nets));
	TRY(hunt_texts_new(s, &m->texts));
	for (unsigned f = 0; f < HUNT_FIELDS; f++)
		TRY(hunt_parts_new(s, (enum hunt_field)f, &m->parts[f]));
	for (size_t i = 0; i < s->term_n; i++)
		m->wants[s->term[i].value.field] = true;
	m->group = calloc(s->group_n + 1, sizeof *m->group);
	m->touched = calloc(s->indicator_n + 1, sizeof *m->touched);
	m->hit = calloc(s->indicator_n + 1, sizeof *m->hit);
	return m->group && m->touched && m->hit ? E_OK : E_NOMEM;
}

enum err hunt_match_new(const struct hunt_set *s, struct hunt_match **ret)
{
	struct hunt_match *m = calloc(1, sizeof *m);
	enum err e = E_NOMEM;

	if (!m)
		return E_NOMEM;
	m->set = s;
	e = match_build(m);
	if (e != E_OK)
		hunt_match_done(m);
	else
		*ret = m;
	return e;
}

/* ---- what was found ---- */

static void match_found(void *arg, uint32_t term)
{
	struct hunt_match *m = arg;
	uint32_t group = m->set->term[term].group;
	uint32_t indicator = m->set->group[group].indicator;

	m->group[group] = m->record;
	if (m->touched[indicator] == m->record)
		return;
	m->touched[indicator] = m->record;
	m->hit[m->hit_n++] = indicator;
}

/* One step of a formula; n: how many are on the stack, and after it. */
static void match_step(const struct hunt_match *m, int32_t op, bool *stack, size_t *n)
{
	if (op >= 0) {
		INVARIANT(*n < MATCH_STACK);
		stack[(*n)++] = m->group[op] == m->record;
		return;
	}
	INVARIANT(*n >= 2);
	(*n)--;
	if (op == HUNT_OP_AND)
		stack[*n - 1] = stack[*n - 1] && stack[*n];
	else
		stack[*n - 1] = stack[*n - 1] || stack[*n];
}

/* The formula, its operands before their operator. Depth is bounded where it is read. */
static bool match_holds(const struct hunt_match *m, const struct hunt_indicator *i)
{
	bool stack[MATCH_STACK] = { 0 };
	size_t n = 0;

	if (!i->has_and)
		return true;
	for (size_t at = i->op; at < i->op + i->op_n; at++)
		match_step(m, m->set->op[at], stack, &n);
	return n == 1 && stack[0];
}

static void match_sift(struct hunt_match *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->hit_n; i++)
		if (match_holds(m, &m->set->indicator[m->hit[i]]))
			m->hit[n++] = m->hit[i];
	m->hit_n = n;
}

/* ---- fields of a record ---- */

/* As it was before it was escaped for the log. */
static struct view match_plain(struct hunt_match *m, unsigned room, struct view field)
{
	struct wbuf w = wbuf_of(m->plain[room], MATCH_FIELD);

	if (field.n == 0 || !memchr(field.p, '\\', field.n))
		return field;
	(void)(log_scan_text(field, &w) == E_OK);
	return wbuf_view(&w);
}

static struct view match_lower(struct hunt_match *m, struct view v, struct view rest)
{
	struct wbuf w = wbuf_of(m->lower, MATCH_FIELD);

	for (size_t i = 0; i < v.n && i < MATCH_FIELD; i++)
		wbuf_u8(&w, v.p[i] >= 'A' && v.p[i] <= 'Z' ? v.p[i] | 0x20 : v.p[i]);
	wbuf_view_put(&w, view_slice(rest, 0, wbuf_room(&w)));
	return wbuf_view(&w);
}

static void match_text(struct hunt_match *m, enum hunt_field field, struct view text)
{
	hunt_texts_find(&m->texts, field, text, match_found, m);
	hunt_parts_find(&m->parts[field], text, match_found, m);
}

/* ADDRESS:PORT, [ADDRESS]:PORT or ADDRESS; anything else is no client. */
static void match_origin(struct hunt_match *m, struct view origin)
{
	struct view text = origin;
	struct ip a = { 0 };

	if (origin.n && origin.p[0] == '[')
		text = view_slice(origin, 1, view_find(origin, ']') - 1);
	else if (view_find(origin, '.') < origin.n)
		text = view_slice(origin, 0, view_find(origin, ':'));
	if (ip_parse(text, &a) != E_OK)
		return;
	for (uint32_t n = hunt_nets_first(&m->nets, &a); n != HUNT_NONE; n = m->nets.net[n].inside)
		match_found(m, m->nets.net[n].term);
}

struct match_url {
	struct view host, path;
};

/* scheme://host[:port]/path; what events are about is none. */
static bool match_url(struct view object, struct match_url *ret)
{
	size_t colon = view_find(object, ':');
	struct view rest = view_slice(object, colon + 3, object.n);
	size_t slash = view_find(rest, '/');

	if (!view_eq(view_slice(object, colon, 3), VIEW("://")))
		return false;
	ret->path = view_slice(rest, slash, rest.n);
	ret->host = view_slice(rest, 0, slash);
	if (ret->host.n && ret->host.p[0] == '[')
		colon = view_find(ret->host, ']') + 1;
	else
		colon = view_find(ret->host, ':');
	ret->host = view_slice(ret->host, 0, colon);
	return true;
}

static void match_object(struct hunt_match *m, struct view object)
{
	struct match_url u = { 0 };

	if (!match_url(object, &u))
		return;
	if (m->wants[HUNT_PATH])
		match_text(m, HUNT_PATH, u.path);
	if (m->wants[HUNT_HOST])
		match_text(m, HUNT_HOST, match_lower(m, u.host, (struct view){ 0 }));
	if (m->wants[HUNT_URL])
		match_text(m, HUNT_URL, match_lower(m, u.host, u.path));
}

/* A quote in a value is escaped: these bytes are the field, wherever they are. */
static struct view match_certificate(struct view line)
{
	static const char key[] = ",\"client_certificate\":\"";
	const uint8_t *p = memmem(line.p, line.n, key, sizeof key - 1);
	size_t at = p ? (size_t)(p - line.p) + sizeof key - 1 : line.n;
	struct view rest = view_slice(line, at, line.n);

	return view_slice(rest, 0, view_find(rest, '"'));
}

struct view hunt_match_host(const struct log_line *line)
{
	struct match_url u = { 0 };

	return match_url(line->field[LOG_OBJECT], &u) ? u.host : line->field[LOG_SNI];
}

size_t hunt_match_line(struct hunt_match *m, const struct log_line *line, const uint32_t **ret)
{
	const struct view *f = line->field;

	m->record++;
	m->hit_n = 0;
	if (m->wants[HUNT_IP])
		match_origin(m, f[LOG_ORIGIN]);
	if (m->wants[HUNT_HOST] || m->wants[HUNT_PATH] || m->wants[HUNT_URL])
		match_object(m, match_plain(m, 0, f[LOG_OBJECT]));
	if (m->wants[HUNT_HOST] && f[LOG_SNI].n)
		match_text(m, HUNT_HOST,
			   match_lower(m, match_plain(m, 1, f[LOG_SNI]), (struct view){ 0 }));
	if (m->wants[HUNT_AGENT])
		match_text(m, HUNT_AGENT, match_plain(m, 2, f[LOG_USER_AGENT]));
	if (m->wants[HUNT_USER] && !view_eq(f[LOG_ACTOR], VIEW("-")))
		match_text(m, HUNT_USER, match_plain(m, 3, f[LOG_ACTOR]));
	if (m->wants[HUNT_TLS]) {
		match_text(m, HUNT_TLS, f[LOG_TLS_CLASS]);
		match_text(m, HUNT_TLS, match_certificate(line->text));
	}
	match_sift(m);
	*ret = m->hit;
	return m->hit_n;
}
