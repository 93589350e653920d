/*
 * Two passes: the first finds the incident and follows all levels from the log's beginning, the
 * second takes what happened in its time. Memory is of a fixed size; what finds no room is counted.
 */
#include "tool/incident_gather.h"

#include "base/date.h"
#include "base/hash.h"
#include "sys/fd.h"

#include <stdio.h>
#include <stdlib.h>

enum { GATHER_SESSION_SLOTS = 2 * GATHER_SESSIONS };

enum err incident_gather_init(struct gather *g)
{
	g->entry = calloc(GATHER_ENTRIES, sizeof g->entry[0]);
	g->span = calloc(GATHER_SPANS, sizeof g->span[0]);
	g->session = calloc(GATHER_SESSION_SLOTS, sizeof g->session[0]);
	g->text = malloc(GATHER_TEXT);
	if (!g->entry || !g->span || !g->session || !g->text)
		return E_NOMEM;
	return reached_table_init(&g->reached);
}

void incident_gather_done(struct gather *g)
{
	reached_table_done(&g->reached);
	free(g->entry);
	free(g->span);
	free(g->session);
	free(g->text);
	*g = (struct gather){ 0 };
}

static bool gather_room(const struct gather *g, size_t n)
{
	return n <= GATHER_TEXT - g->text_n;
}

static struct view gather_keep(struct gather *g, struct view v)
{
	struct wbuf w = wbuf_of(g->text, GATHER_TEXT);
	size_t at = w.n = g->text_n;

	wbuf_view_put(&w, v);
	g->text_n = w.n;
	return view_slice(wbuf_view(&w), at, v.n);
}

static uint64_t gather_number(struct view field)
{
	uint64_t n = 0;

	return field.p && log_scan_number(field, &n) == E_OK ? n : 0;
}

/* The authority's word: nobody else may say so (role/audit/render.c). */
static bool gather_is_word(const struct log_line *l)
{
	return !view_eq(l->field[LOG_KIND], VIEW("access")) &&
	       view_eq(l->field[LOG_WRITER], VIEW("authority[0]"));
}

/* ---- the first pass ---- */

static void gather_end_span(struct gather *g, struct view object, int64_t us)
{
	for (size_t i = 0; i < g->spans; i++)
		if (!g->span[i].until_us && (!object.n || view_eq(g->span[i].object, object)))
			g->span[i].until_us = us;
}

static void gather_level(struct gather *g, const struct log_line *l)
{
	struct view object = l->field[LOG_OBJECT], level = l->field[LOG_RESULT];
	bool is_damaged = view_eq(l->field[LOG_ACTION], VIEW("isolation.damaged"));

	if (!is_damaged && !view_eq(l->field[LOG_ACTION], VIEW("isolation.set")))
		return;
	gather_end_span(g, is_damaged ? (struct view){ 0 } : object, l->time_us);
	if (view_eq(level, VIEW("open")))
		return;
	if (g->spans == GATHER_SPANS || !gather_room(g, object.n + level.n)) {
		g->spans_more++;
		return;
	}
	g->span[g->spans].from_us = l->time_us;
	g->span[g->spans].object = gather_keep(g, object);
	g->span[g->spans++].level = gather_keep(g, level);
}

/* "detected 1752733800; what it is called": role/authority/incident.c. */
static void gather_opened(struct gather *g, const struct log_line *l, uint32_t number)
{
	static const struct view front = VIEW_INIT("detected ");
	struct view rest = l->field[LOG_DETAIL];
	size_t cut = 0;
	uint64_t s = 0;

	if (!gather_room(g, rest.n + l->field[LOG_ACTOR].n))
		return;
	g->number = number;
	g->opened_us = g->detected_us = l->time_us;
	g->closed_us = 0;
	g->closed_by = g->summary = (struct view){ 0 };
	g->opened_by = gather_keep(g, l->field[LOG_ACTOR]);
	if (view_starts(rest, front)) {
		rest = view_slice(rest, front.n, rest.n);
		cut = view_find(rest, ';');
		if (view_dec(view_slice(rest, 0, cut), &s) == E_OK && s &&
		    s <= (uint64_t)l->time_us / 1000000)
			g->detected_us = (int64_t)s * 1000000;
		rest = view_trim(view_slice(rest, cut + 1, rest.n));
	}
	g->title = gather_keep(g, rest);
}

static void gather_closed(struct gather *g, const struct log_line *l)
{
	if (!gather_room(g, l->field[LOG_ACTOR].n + l->field[LOG_DETAIL].n))
		return;
	g->closed_us = l->time_us;
	g->closed_by = gather_keep(g, l->field[LOG_ACTOR]);
	g->summary = gather_keep(g, l->field[LOG_DETAIL]);
}

static void gather_incident(struct gather *g, const struct log_line *l)
{
	static const struct view front = VIEW_INIT("incident ");
	struct view object = l->field[LOG_OBJECT];
	uint64_t number = 0;

	if (!view_starts(object, front) ||
	    view_dec(view_slice(object, front.n, object.n), &number) != E_OK || number == 0 ||
	    number > UINT32_MAX)
		return;
	if (view_eq(l->field[LOG_ACTION], VIEW("incident.opened")) &&
	    (g->wanted == 0 || g->wanted == number))
		gather_opened(g, l, (uint32_t)number);
	if (view_eq(l->field[LOG_ACTION], VIEW("incident.closed")) && g->number == number)
		gather_closed(g, l);
}

static enum err gather_first(void *arg, const struct log_line *l)
{
	struct gather *g = arg;
	uint64_t seq = gather_number(l->field[LOG_SEQ]);

	if (g->first_seq == 0)
		g->first_seq = seq;
	g->last_seq = seq;
	if (gather_is_word(l)) {
		gather_level(g, l);
		gather_incident(g, l);
	}
	return E_OK;
}

/* ---- the second pass ---- */

/* What belongs in a timeline, beside all alarms and gaps; measure: what it counts as. */
static const struct gather_kind {
	struct view action; /* or how it begins */
	uint8_t measure;    /* enum gather_measure; GATHER_MEASURES: none */
} gather_kinds[] = {
	{ VIEW_INIT("isolation.set"), GATHER_LEVELS },
	{ VIEW_INIT("isolation."), GATHER_MEASURES },
	{ VIEW_INIT("session.revoked"), GATHER_REVOKED },
	{ VIEW_INIT("session.cut"), GATHER_MEASURES },
	{ VIEW_INIT("session.moved"), GATHER_MEASURES },
	{ VIEW_INIT("rotate."), GATHER_ROTATED },
	{ VIEW_INIT("evidence."), GATHER_EVIDENCE },
	{ VIEW_INIT("recover."), GATHER_RECOVERY },
	{ VIEW_INIT("config."), GATHER_CONFIG },
	{ VIEW_INIT("incident.note"), GATHER_NOTES },
	{ VIEW_INIT("incident."), GATHER_MEASURES },
	{ VIEW_INIT("notice."), GATHER_MEASURES },
	{ VIEW_INIT("user."), GATHER_MEASURES },
	{ VIEW_INIT("group."), GATHER_MEASURES },
	{ VIEW_INIT("factor.reset"), GATHER_MEASURES },
	{ VIEW_INIT("role."), GATHER_MEASURES },
	{ VIEW_INIT("worker."), GATHER_MEASURES },
	{ VIEW_INIT("canary."), GATHER_MEASURES },
	{ VIEW_INIT("sluis."), GATHER_MEASURES },
	{ VIEW_INIT("ipc.violation"), GATHER_MEASURES },
};

static const struct gather_kind *gather_kind(struct view action)
{
	for (size_t i = 0; i < sizeof gather_kinds / sizeof gather_kinds[0]; i++)
		if (view_starts(action, gather_kinds[i].action))
			return &gather_kinds[i];
	return NULL;
}

static void gather_entry(struct gather *g, const struct log_line *l)
{
	static const uint8_t fields[] = { LOG_KIND,   LOG_ACTION, LOG_OBJECT, LOG_RESULT,
					  LOG_ORIGIN, LOG_ACTOR,  LOG_DETAIL };
	struct gather_entry *e = &g->entry[g->entries];
	struct view *to[] = { &e->kind,	  &e->action, &e->object, &e->result,
			      &e->origin, &e->actor,  &e->detail };
	size_t n = 0;

	for (size_t i = 0; i < sizeof fields; i++)
		n += l->field[fields[i]].n;
	if (g->entries == GATHER_ENTRIES || !gather_room(g, n)) {
		g->more++;
		return;
	}
	for (size_t i = 0; i < sizeof fields; i++)
		*to[i] = gather_keep(g, l->field[fields[i]]);
	e->time_us = l->time_us;
	e->seq = gather_number(l->field[LOG_SEQ]);
	g->entries++;
}

/* Notes of another incident that is open beside this one are its own. */
static bool gather_is_others(const struct gather *g, const struct log_line *l)
{
	uint8_t own_at[24];
	struct wbuf own = wbuf_of(own_at, sizeof own_at);

	if (!view_starts(l->field[LOG_ACTION], VIEW("incident.")))
		return false;
	WBUF_LIT(&own, "incident ");
	wbuf_dec(&own, g->number);
	return !view_eq(l->field[LOG_OBJECT], wbuf_view(&own));
}

static void gather_event(struct gather *g, const struct log_line *l)
{
	const struct gather_kind *k = gather_kind(l->field[LOG_ACTION]);
	bool is_alarm = view_eq(l->field[LOG_KIND], VIEW("alarm")),
	     is_gap = view_eq(l->field[LOG_KIND], VIEW("gap"));

	if ((!k && !is_alarm && !is_gap) || gather_is_others(g, l))
		return;
	/* Of processes what went wrong, not that one began or ended as it should */
	if (view_starts(l->field[LOG_ACTION], VIEW("role.")) && !is_alarm &&
	    view_eq(l->field[LOG_RESULT], VIEW("ok")))
		return;
	if (l->time_us >= g->detected_us && k && k->measure < GATHER_MEASURES)
		g->measure[k->measure]++;
	if (is_alarm)
		g->measure[GATHER_ALARMS]++;
	gather_entry(g, l);
}

static void gather_session(struct gather *g, uint64_t session)
{
	size_t at = hash_mix(session) % GATHER_SESSION_SLOTS;

	while (g->session[at] && g->session[at] != session)
		at = (at + 1) % GATHER_SESSION_SLOTS;
	if (g->session[at] == session)
		return;
	if (g->sessions == GATHER_SESSIONS) {
		g->sessions_full = true;
		return;
	}
	g->session[at] = session;
	g->sessions++;
}

static enum err gather_second(void *arg, const struct log_line *l)
{
	struct gather *g = arg;
	uint64_t session = 0;

	if (!view_eq(l->field[LOG_KIND], VIEW("access"))) {
		gather_event(g, l);
		return E_OK;
	}
	if (l->time_us < g->detected_us)
		return E_OK;
	reached_table_add(&g->reached, l);
	session = gather_number(l->field[LOG_SESSION]);
	if (session)
		gather_session(g, session);
	return E_OK;
}

/* ---- what it comes to ---- */

static int gather_compare(const void *a, const void *b)
{
	const struct view *x = a, *y = b;

	for (size_t i = 0; i < x->n && i < y->n; i++)
		if (x->p[i] != y->p[i])
			return x->p[i] < y->p[i] ? -1 : 1;
	return x->n == y->n ? 0 : x->n < y->n ? -1 : 1;
}

static enum err gather_users(struct gather *g)
{
	size_t n = g->reached.rows;
	struct view *user = calloc(n + 1, sizeof user[0]);

	if (!user)
		return E_NOMEM;
	for (size_t i = 0; i < n; i++)
		user[i] = g->reached.row[i].by[REACHED_USER];
	if (n)
		qsort(user, n, sizeof user[0], gather_compare);
	for (size_t i = 0; i < n; i++)
		if (!view_eq(user[i], VIEW("-")) && (i == 0 || !view_eq(user[i - 1], user[i])))
			g->users++;
	free(user);
	return E_OK;
}

static bool gather_has_closed(struct view level)
{
	while (level.n) {
		size_t cut = view_find(level, ',');

		if (view_eq(view_trim(view_slice(level, 0, cut)), VIEW("closed")))
			return true;
		level = view_slice(level, cut + 1, level.n);
	}
	return false;
}

/* From which moment at or after `from` an object is closed, and until when. */
static bool gather_next_closed(const struct gather *g, struct view object, int64_t from,
			       int64_t *ret_from, int64_t *ret_until)
{
	bool has = false;

	for (size_t i = 0; i < g->spans; i++) {
		const struct gather_span *s = &g->span[i];
		int64_t until = s->until_us ? s->until_us : g->until_us;
		int64_t begin = s->from_us > from ? s->from_us : from;

		if (!gather_has_closed(s->level) || until <= from || begin >= g->until_us ||
		    (!view_eq(s->object, object) && !view_eq(s->object, VIEW("all"))))
			continue;
		if (has && begin >= *ret_from)
			continue;
		*ret_from = begin;
		*ret_until = until < g->until_us ? until : g->until_us;
		has = true;
	}
	return has;
}

uint64_t incident_gather_closed_us(const struct gather *g, struct view object)
{
	int64_t from = g->detected_us, begin = 0, until = 0, sum = 0;

	while (gather_next_closed(g, object, from, &begin, &until)) {
		sum += until - begin;
		from = until;
	}
	return (uint64_t)sum;
}

static enum err gather_pass(struct gather *g, int dir,
			    enum err (*on_line)(void *, const struct log_line *))
{
	struct log_scan s = { .dir_fd = dir, .on_line = on_line, .arg = g };
	enum err e = E_OK;

	if (g->until_us) {
		s.since_us = g->from_us;
		s.until_us = g->until_us + 1;
	}
	e = log_scan_run(&s, &g->result);
	if (e != E_OK)
		(void)fprintf(stderr, "sluis incident: %s\n",
			      e == E_CLOSED ? "there is no segment in the log directory"
					    : "the log can't be read to its end");
	return e == E_CLOSED ? E_SYS : e;
}

enum err incident_gather_run(struct gather *g)
{
	AUTO_FD dir = -1;

	TRY(audit_place_open(&g->place, &dir));
	TRY(gather_pass(g, dir, gather_first));
	if (!g->number)
		return E_CLOSED;
	g->until_us = g->closed_us ? g->closed_us : g->now_us;
	g->from_us = g->detected_us > g->margin_us ? g->detected_us - g->margin_us : 1;
	TRY(gather_pass(g, dir, gather_second));
	reached_table_sort(&g->reached);
	return gather_users(g);
}
