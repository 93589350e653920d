/* Closing is an act of somebody's, with a reason, and in the log before it counts. */
#include "role/authority/tool_alarm.h"

#include "role/authority/alarm.h"
#include "role/authority/tell.h"

static enum err tool_alarm_send(struct tool *t, const struct alarm *al)
{
	const struct tool_alarm_row r = { .number = al->number,
					  .first_s = al->first_s,
					  .last_s = al->last_s,
					  .count = al->count,
					  .first_seq = al->first_seq,
					  .last_seq = al->last_seq,
					  .closed_s = al->closed_s,
					  .action = al->action,
					  .object = al->object,
					  .writer = al->writer,
					  .origin = al->origin,
					  .result = al->result,
					  .detail = al->detail,
					  .closed_by = al->closed_by,
					  .reason = al->reason };
	uint8_t body[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(body, sizeof body);

	TRY(tool_alarm_row_put(&w, &r));
	return tool_send(t, AUTHORITY_ALARM, &w);
}

enum err tool_alarm_row(struct tool *t, bool *ret_over)
{
	struct store_ask q = { 0 };
	struct alarm al = { 0 };
	enum err e = alarm_after(t->a, t->after, t->of, &q, &al);

	*ret_over = e == E_CLOSED;
	if (e != E_OK)
		return e == E_CLOSED ? E_OK : e;
	e = tool_alarm_send(t, &al);
	store_end(&q);
	TRY(e);
	t->after = al.number;
	t->n++;
	return E_OK;
}

void tool_alarm_show(struct tool *t, const struct tool_act *act)
{
	struct store_ask q = { 0 };
	struct alarm al = { 0 };
	enum err e = alarm_get(t->a, act->number, &q, &al);

	if (e == E_OK) {
		e = tool_alarm_send(t, &al);
		store_end(&q);
		t->n = 1;
	}
	if (e == E_OK)
		tool_end(t, true, "%s", "");
	else
		tool_end(t, false, "there is no alarm %u", act->number);
}

static void tool_alarm_tell(struct tool *t, uint32_t number, struct view reason)
{
	uint8_t text[24];
	struct wbuf w = wbuf_of(text, sizeof text);
	struct tell told = { .action = "alarm.closed",
			     .result = "ok",
			     .detail = reason,
			     .uid = t->uid,
			     .is_tool = true };

	WBUF_LIT(&w, "alarm ");
	wbuf_dec(&w, number);
	told.object = wbuf_view(&w);
	tell_event(t->a, &told);
}

void tool_alarm_close(struct tool *t, const struct tool_act *act)
{
	uint8_t by_at[32];
	struct wbuf by = wbuf_of(by_at, sizeof by_at);
	enum err e = E_OK;

	if (!act->title.n) {
		tool_end(t, false, "say why: --reason TEXT");
		return;
	}
	if (!tell_room(t->a)) {
		tool_end(t, false, "the audit log does not take records now: nothing is changed");
		return;
	}
	wbuf_str(&by, "uid:");
	wbuf_dec(&by, t->uid);
	e = alarm_close(t->a, act->number, wbuf_view(&by), act->title);
	if (e == E_CLOSED) {
		tool_end(t, false, "there is no open alarm %u", act->number);
		return;
	}
	if (e != E_OK) {
		tool_end(t, false, "the store can't be written: nothing is changed");
		return;
	}
	tool_alarm_tell(t, act->number, act->title);
	t->n = 1;
	tool_end(t, true, "closed");
}
