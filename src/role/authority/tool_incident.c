/* What people write is looked at before anything is kept. */
#include "role/authority/tool_incident.h"

#include "role/authority/incident.h"

enum { TOOL_INCIDENT_BY = 32 };

static void tool_incident_refuse(struct tool *t, enum err e, uint32_t number)
{
	if (e == E_DENIED && number)
		tool_end(t, false, "there is no incident %u", number);
	else if (e == E_DENIED)
		tool_end(t, false, "no incident is open: `sluis incident open TITLE`");
	else if (e == E_AGAIN)
		tool_end(t, false, "several incidents are open: say which, `sluis incident list`");
	else if (e == E_CLOSED)
		tool_end(t, false, "incident %u is closed already", number);
	else if (e == E_LIMIT)
		tool_end(t, false,
			 "there is no room for more: %d notes of an incident, %d incidents",
			 INCIDENT_NOTES, INCIDENTS_MAX);
	else
		tool_end(t, false,
			 "the store or the audit log takes nothing now: nothing is changed");
}

typedef enum err tool_incident_step(struct authority *a, const struct incident_act *w,
				    uint32_t *ret_number);

struct tool_incident_kind {
	tool_incident_step *step;
	size_t max;
	bool is_long, may_be_empty;
	const char *done;
};

static const struct tool_incident_kind *tool_incident_kind(uint8_t act)
{
	static const struct tool_incident_kind kinds[ACT_KINDS] = {
		[ACT_INCIDENT_OPEN] = { incident_add, INCIDENT_TITLE_MAX, false, false, "opened" },
		[ACT_INCIDENT_NOTE] = { incident_note, INCIDENT_NOTE_MAX, true, false, "noted" },
		[ACT_INCIDENT_CLOSE] = { incident_close, INCIDENT_NOTE_MAX, true, true, "closed" },
	};

	return &kinds[act];
}

void tool_incident_do(struct tool *t, const struct tool_act *act)
{
	const struct tool_incident_kind *k = tool_incident_kind(act->kind);
	const char *why = NULL;
	uint8_t by_at[TOOL_INCIDENT_BY];
	struct wbuf by = wbuf_of(by_at, sizeof by_at);
	struct incident_act w = { .number = act->number,
				  .text = act->list,
				  .uid = t->uid,
				  .is_another = act->flags & 1 };
	uint32_t number = 0;
	enum err e = E_OK;

	wbuf_str(&by, "uid:");
	wbuf_dec(&by, t->uid);
	w.by = wbuf_view(&by);
	if (act->kind == ACT_INCIDENT_OPEN) {
		w.number = 0;
		w.detected_s = act->number ? act->number : authority_wall_s(t->a);
	}
	if (act->list.n || !k->may_be_empty)
		why = incident_words_fit(act->list, k->max, k->is_long);
	if (!why && w.detected_s > authority_wall_s(t->a))
		why = "the moment of detection is still to come";
	if (why) {
		tool_end(t, false, "%s", why);
		return;
	}
	e = k->step(t->a, &w, &number);
	if (e == E_DENIED && act->kind == ACT_INCIDENT_OPEN) {
		tool_end(t, false,
			 "an incident is open already: write it down there with "
			 "`sluis incident note`, or open --another");
		return;
	}
	if (e != E_OK) {
		tool_incident_refuse(t, e, w.number);
		return;
	}
	t->n = number;
	tool_end(t, true, "incident %u: %s", number, k->done);
}

void tool_incident_say(struct tool *t, const struct tool_act *act)
{
	size_t cut = view_find(act->list, '\n');
	struct view text[NOTICE_LANGUAGES] = {
		[NOTICE_NL] = view_slice(act->list, 0, cut),
		[NOTICE_EN] = view_slice(act->list, cut + 1, act->list.n),
	};

	for (unsigned l = 0; l < NOTICE_LANGUAGES; l++) {
		const char *why = text[l].n ? incident_words_fit(text[l], NOTICE_MAX, false) : NULL;

		if (why) {
			tool_end(t, false, "%s: %s", l == NOTICE_NL ? "--nl" : "--en", why);
			return;
		}
	}
	if (incident_say(t->a, text, t->uid) != E_OK) {
		tool_incident_refuse(t, E_SYS, 0);
		return;
	}
	t->n = 1;
	tool_end(t, true, "%s", text[NOTICE_NL].n + text[NOTICE_EN].n ? "shown" : "cleared");
}

/* ---- lists ---- */

enum err tool_incident_row(struct tool *t, bool *ret_over)
{
	struct incident i = { 0 };
	struct store_ask q = { 0 };
	struct tool_incident_row r = { 0 };
	uint8_t body[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(body, sizeof body);
	enum err e = incident_after(t->a, t->after, &i, &q);

	*ret_over = e == E_CLOSED;
	if (e != E_OK)
		return e == E_CLOSED ? E_OK : e;
	r = (struct tool_incident_row){ .number = i.number,
					.notes = i.notes,
					.detected_s = i.detected_s,
					.opened_s = i.opened_s,
					.closed_s = i.closed_s,
					.title = i.title,
					.opened_by = i.opened_by,
					.closed_by = i.closed_by,
					.summary = i.summary };
	e = tool_incident_row_put(&w, &r);
	store_end(&q);
	TRY(e);
	TRY(tool_send(t, AUTHORITY_INCIDENT, &w));
	t->after = i.number;
	t->n++;
	return E_OK;
}

enum err tool_incident_note(struct tool *t, bool *ret_over)
{
	struct store_ask q = store_ask(&t->a->store, Q_INCIDENT_NOTE_AFTER);
	struct tool_note_row r = { 0 };
	uint8_t body[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(body, sizeof body);
	enum err e = E_OK;

	store_put_int(&q, t->of);
	store_put_int(&q, t->after);
	e = store_next(&q);
	*ret_over = e == E_CLOSED;
	if (e != E_OK)
		return e == E_CLOSED ? E_OK : e;
	r.number = (uint32_t)store_int(&q, 0);
	r.incident = t->of;
	r.at_s = store_int(&q, 1);
	r.by = store_bytes(&q, 2);
	r.text = store_bytes(&q, 3);
	e = tool_note_row_put(&w, &r);
	store_end(&q);
	TRY(e);
	TRY(tool_send(t, AUTHORITY_NOTE, &w));
	t->after = r.number;
	t->n++;
	return E_OK;
}
