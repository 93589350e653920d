/* What is told is on disk before, and room in the log was there before that (promise P9). */
#include "role/authority/incident.h"

#include "sys/log.h"

enum { INCIDENT_DETAIL = INCIDENT_NOTE_MAX + 64, INCIDENT_OBJECT = 24 };

/* ---- what there is ---- */

static enum err incident_count_open(struct authority *a, uint64_t *ret_n, uint64_t *ret_newest)
{
	struct store_ask q = store_ask(&a->store, Q_INCIDENT_OPEN);
	enum err e = store_next(&q);

	if (e != E_OK)
		return E_SYS;
	*ret_n = store_int(&q, 0);
	*ret_newest = store_int(&q, 1);
	store_end(&q);
	return E_OK;
}

static enum err incident_recount(struct authority *a)
{
	uint64_t n = 0, newest = 0;

	TRY(incident_count_open(a, &n, &newest));
	a->incidents_open = (uint32_t)n;
	return E_OK;
}

bool incident_is_open(const struct authority *a)
{
	return a->incidents_open != 0;
}

static void incident_row(const struct store_ask *q, struct incident *ret)
{
	*ret = (struct incident){ .number = (uint32_t)store_int(q, 0),
				  .title = store_bytes(q, 1),
				  .detected_s = store_int(q, 2),
				  .opened_s = store_int(q, 3),
				  .opened_by = store_bytes(q, 4),
				  .closed_s = store_int(q, 5),
				  .closed_by = store_bytes(q, 6),
				  .summary = store_bytes(q, 7),
				  .notes = (uint32_t)store_int(q, 8) };
}

enum err incident_after(struct authority *a, uint32_t number, struct incident *ret,
			struct store_ask *ret_q)
{
	enum err e = E_OK;

	*ret_q = store_ask(&a->store, Q_INCIDENT_AFTER);
	store_put_int(ret_q, number);
	e = store_next(ret_q);
	if (e == E_OK)
		incident_row(ret_q, ret);
	return e;
}

/* Which one is meant; whether it is closed, and how many notes it has. */
static enum err incident_find(struct authority *a, uint32_t number, struct incident *ret)
{
	struct store_ask q = { 0 };
	uint64_t n = 0, newest = 0;
	enum err e = E_OK;

	if (number == 0) {
		TRY(incident_count_open(a, &n, &newest));
		if (n != 1)
			return n ? E_AGAIN : E_DENIED;
		number = (uint32_t)newest;
	}
	e = incident_after(a, number - 1, ret, &q);
	if (e == E_OK)
		store_end(&q);
	if (e == E_OK && ret->number != number)
		e = E_CLOSED;
	ret->title = ret->opened_by = ret->closed_by = ret->summary = (struct view){ 0 };
	return e == E_CLOSED ? E_DENIED : e;
}

/* ---- telling ---- */

static void incident_tell(struct authority *a, const struct incident_act *w, uint32_t number,
			  const struct tell *what)
{
	uint8_t object_at[INCIDENT_OBJECT];
	struct wbuf object = wbuf_of(object_at, sizeof object_at);
	struct tell t = *what;

	WBUF_LIT(&object, "incident ");
	wbuf_dec(&object, number);
	t.object = wbuf_view(&object);
	t.uid = w->uid;
	t.is_tool = true;
	tell_event(a, &t);
}

/* ---- the steps ---- */

static enum err incident_insert(struct authority *a, const struct incident_act *w,
				uint32_t *ret_number)
{
	struct store_ask q = store_ask(&a->store, Q_INCIDENT_ADD);

	store_put_text(&q, w->text);
	store_put_int(&q, w->detected_s);
	store_put_int(&q, authority_wall_s(a));
	store_put_text(&q, w->by);
	TRY(store_run(&q));
	*ret_number = store_last_id(&a->store);
	return E_OK;
}

enum err incident_add(struct authority *a, const struct incident_act *w, uint32_t *ret_number)
{
	uint8_t detail_at[INCIDENT_DETAIL];
	struct wbuf detail = wbuf_of(detail_at, sizeof detail_at);
	struct store_ask q = store_ask(&a->store, Q_INCIDENT_COUNT);
	uint64_t n = 0;

	if (incident_is_open(a) && !w->is_another)
		return E_DENIED;
	if (store_number(&q, &n) != E_OK || !tell_room(a))
		return E_SYS;
	if (n >= INCIDENTS_MAX)
		return E_LIMIT;
	if (incident_insert(a, w, ret_number) != E_OK)
		return E_SYS;
	a->incidents_open++;
	/* The report reads it back: tool/incident_gather.c */
	WBUF_LIT(&detail, "detected ");
	wbuf_dec(&detail, w->detected_s);
	WBUF_LIT(&detail, "; ");
	wbuf_view_put(&detail, w->text);
	incident_tell(a, w, *ret_number,
		      &(struct tell){ .action = "incident.opened",
				      .result = "open",
				      .detail = wbuf_view(&detail) });
	return E_OK;
}

enum err incident_note(struct authority *a, const struct incident_act *w, uint32_t *ret_number)
{
	struct incident i = { 0 };
	struct store_ask q = { 0 };

	TRY(incident_find(a, w->number, &i));
	if (i.notes >= INCIDENT_NOTES)
		return E_LIMIT;
	if (!tell_room(a))
		return E_SYS;
	q = store_ask(&a->store, Q_INCIDENT_NOTE_ADD);
	store_put_int(&q, i.number);
	store_put_int(&q, authority_wall_s(a));
	store_put_text(&q, w->by);
	store_put_text(&q, w->text);
	if (store_run(&q) != E_OK)
		return E_SYS;
	*ret_number = i.number;
	incident_tell(
		a, w, i.number,
		&(struct tell){ .action = "incident.note", .result = "ok", .detail = w->text });
	return E_OK;
}

enum err incident_close(struct authority *a, const struct incident_act *w, uint32_t *ret_number)
{
	struct incident i = { 0 };
	struct store_ask q = { 0 };

	TRY(incident_find(a, w->number, &i));
	if (i.closed_s)
		return E_CLOSED;
	if (!tell_room(a))
		return E_SYS;
	q = store_ask(&a->store, Q_INCIDENT_CLOSE);
	store_put_int(&q, authority_wall_s(a));
	store_put_text(&q, w->by);
	store_put_text(&q, w->text);
	store_put_int(&q, i.number);
	if (store_run(&q) != E_OK || incident_recount(a) != E_OK)
		return E_SYS;
	*ret_number = i.number;
	incident_tell(a, w, i.number,
		      &(struct tell){
			      .action = "incident.closed", .result = "closed", .detail = w->text });
	return E_OK;
}

/* ---- the notice ---- */

static void incident_take(struct notice *n, enum notice_language language, struct view text)
{
	struct wbuf w = wbuf_of(n->text[language], NOTICE_MAX);

	if (text.n && !incident_words_fit(text, NOTICE_MAX, false))
		wbuf_view_put(&w, text);
	n->n[language] = (uint16_t)w.n;
}

static enum err incident_store_notice(struct authority *a, const struct notice *n)
{
	struct store_ask q = store_ask(&a->store, Q_NOTICE_SET);

	store_put_int(&q, n->since_s);
	for (unsigned l = 0; l < NOTICE_LANGUAGES; l++)
		store_put_text(&q, notice_page_text(n, (enum notice_language)l));
	return store_run(&q);
}

enum err incident_say(struct authority *a, const struct view text[NOTICE_LANGUAGES], uint32_t uid)
{
	struct notice n = { 0 };
	struct tell t = { .action = "notice.set",
			  .object = VIEW_INIT("status page"),
			  .result = "shown",
			  .uid = uid,
			  .is_tool = true };

	for (unsigned l = 0; l < NOTICE_LANGUAGES; l++)
		incident_take(&n, (enum notice_language)l, text[l]);
	if (n.n[NOTICE_NL] + n.n[NOTICE_EN])
		n.since_s = authority_wall_s(a);
	else
		t.result = "cleared";
	if (!tell_room(a) || incident_store_notice(a, &n) != E_OK)
		return E_SYS;
	notice_page_publish(&a->gate->notice, &n);
	t.detail = notice_page_text(&n, n.n[NOTICE_NL] ? NOTICE_NL : NOTICE_EN);
	tell_event(a, &t);
	return E_OK;
}

static enum err incident_read_notice(struct authority *a)
{
	struct store_ask q = store_ask(&a->store, Q_NOTICE_GET);
	struct notice n = { 0 };
	enum err e = store_next(&q);

	if (e == E_OK) {
		n.since_s = store_int(&q, 0);
		for (unsigned l = 0; l < NOTICE_LANGUAGES; l++)
			incident_take(&n, (enum notice_language)l, store_bytes(&q, (int)l + 1));
		store_end(&q);
	}
	if (e == E_SYS)
		return E_SYS;
	notice_page_publish(&a->gate->notice, &n);
	return E_OK;
}

enum err incident_open(struct authority *a)
{
	TRY(incident_recount(a));
	return incident_read_notice(a);
}
