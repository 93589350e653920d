/* From the word of the command to the function; lists are begun here. */
#include "role/authority/tool_act.h"

#include "role/authority/explain.h"
#include "role/authority/recover_approve.h"
#include "role/authority/session_end.h"
#include "role/authority/tool_alarm.h"
#include "role/authority/tool_incident.h"
#include "role/authority/tool_isolate.h"
#include "role/authority/tool_people.h"
#include "role/authority/tool_recover.h"

enum { TOOL_ACT_INVITE_MIN_S = 60, TOOL_ACT_INVITE_MAX_S = 30 * 24 * 3600 };

typedef void tool_act_of(struct tool *t, const struct tool_act *act);

static void tool_act_begin(struct tool *t, const struct tool_act *act, uint32_t of)
{
	t->kind = act->kind;
	t->of = of;
	t->after = 0;
	t->after_n = 0;
	t->stage = 0;
}

static void tool_act_list(struct tool *t, const struct tool_act *act)
{
	tool_act_begin(t, act, 0);
}

/* From number on; t->of: closed ones too. */
static void tool_act_list_alarms(struct tool *t, const struct tool_act *act)
{
	tool_act_begin(t, act, act->flags & 1);
	t->after = act->number;
}

static void tool_act_list_notes(struct tool *t, const struct tool_act *act)
{
	tool_act_begin(t, act, act->number);
}

static void tool_act_list_user(struct tool *t, const struct tool_act *act)
{
	struct user u = { 0 };

	if (tool_people_user(t, act->name, &u))
		tool_act_begin(t, act, u.id);
}

static void tool_act_list_group(struct tool *t, const struct tool_act *act)
{
	uint32_t id = 0;

	if (tool_people_group(t, act->name, &id))
		tool_act_begin(t, act, id);
}

static void tool_act_list_sessions(struct tool *t, const struct tool_act *act)
{
	if (act->name.n)
		tool_act_list_user(t, act);
	else
		tool_act_begin(t, act, 0);
}

static void tool_act_revoke_one(struct tool *t, uint32_t number)
{
	const struct tell ended = { .action = "session.revoked",
				    .result = "ended",
				    .detail = VIEW_INIT("by command"),
				    .uid = t->uid,
				    .is_tool = true };
	struct session s = { 0 };
	enum err e = session_by_id(t->a, number, &s);

	if (e == E_CLOSED || (e == E_OK && s.ended_s)) {
		tool_end(t, false, "there is no session %u (any more)", number);
		return;
	}
	if (e != E_OK) {
		tool_people_failed(t);
		return;
	}
	if (session_end_one(t->a, number, &ended) != E_OK) {
		tool_people_cut(t);
		return;
	}
	t->n = 1;
	tool_end(t, true, "ended");
}

static void tool_act_revoke(struct tool *t, const struct tool_act *act)
{
	struct store_ask q = { 0 };
	uint64_t n = 0;

	if (!tell_room(t->a)) {
		tool_end(t, false, "the audit log does not take records now: nothing is changed");
		return;
	}
	if (act->number) {
		tool_act_revoke_one(t, act->number);
	} else if (act->name.n) {
		tool_act_list_user(t, act);
		q = store_ask(&t->a->store, Q_USER_SESSIONS);
		store_put_int(&q, t->of);
		if (t->kind && store_number(&q, &n) == E_OK)
			t->after = (uint32_t)n;
	} else if (act->flags & 1) {
		tool_act_begin(t, act, 0);
		t->after = t->a->session_n;
	} else {
		tool_end(t, false, "say which: a number, a user, or all");
	}
}

/* ---- invitations ---- */

static enum err tool_act_insert_invite(struct tool *t, const struct tool_act *act, uint32_t user)
{
	struct store_ask q = store_ask(&t->a->store, Q_INVITE_ADD);
	uint8_t by_at[32];
	struct wbuf by = wbuf_of(by_at, sizeof by_at);
	uint64_t now = authority_wall_s(t->a);

	wbuf_str(&by, "uid:");
	wbuf_dec(&by, t->uid);
	store_put_int(&q, user);
	store_put_hash(&q, &act->secret);
	store_put_int(&q, now);
	store_put_int(&q, now + act->number);
	store_put_text(&q, wbuf_view(&by));
	return store_run(&q);
}

static void tool_act_invite(struct tool *t, const struct tool_act *act)
{
	struct user u = { 0 };

	if (!tool_people_user(t, act->name, &u))
		return;
	if (act->number < TOOL_ACT_INVITE_MIN_S || act->number > TOOL_ACT_INVITE_MAX_S) {
		tool_end(t, false, "an invitation is good for a minute to thirty days");
		return;
	}
	if (hash32_is_zero(&act->secret)) {
		tool_end(t, false, "the invitation has no secret");
		return;
	}
	if (u.is_disabled) {
		tool_end(t, false, "the user is disabled: `sluis user enable` first");
		return;
	}
	if (!tell_room(t->a) || tool_act_insert_invite(t, act, u.id) != E_OK) {
		tool_people_failed(t);
		return;
	}
	t->n = 1;
	tool_people_tell(t, "invite.made", act->name, (struct view){ 0 });
	tool_end(t, true, "invited");
}

static void tool_act_uninvite(struct tool *t, const struct tool_act *act)
{
	struct store_ask q = store_ask(&t->a->store, Q_INVITE_GET);
	const struct tell ended = { .action = "session.revoked",
				    .result = "ended",
				    .detail = VIEW_INIT("the invitation was revoked"),
				    .uid = t->uid,
				    .is_tool = true };
	uint64_t id = 0, session = 0;
	enum err e = E_OK;

	store_put_int(&q, act->number);
	e = store_number(&q, &id);
	if (e == E_CLOSED) {
		tool_end(t, false, "there is no invitation %u", act->number);
		return;
	}
	q = store_ask(&t->a->store, Q_SESSION_OF_INVITE);
	store_put_int(&q, id);
	if (e == E_OK && store_number(&q, &session) == E_OK)
		e = session_end_one(t->a, (uint32_t)session, &ended);
	if (e != E_OK || store_run_for(&t->a->store, Q_INVITE_REMOVE, id) != E_OK) {
		tool_people_failed(t);
		return;
	}
	t->n = 1;
	tool_people_tell(t, "invite.revoked", VIEW("invitation"), (struct view){ 0 });
	tool_end(t, true, "revoked");
}

void tool_act_do(struct tool *t, const struct tool_act *act)
{
	static tool_act_of *const acts[ACT_KINDS] = {
		[ACT_USER_LIST] = tool_act_list,
		[ACT_USER_SHOW] = tool_act_list_user,
		[ACT_USER_ADD] = tool_people_add,
		[ACT_USER_CHANGE] = tool_people_change,
		[ACT_USER_ENABLE] = tool_people_enable,
		[ACT_USER_DISABLE] = tool_people_disable,
		[ACT_USER_REMOVE] = tool_people_remove,
		[ACT_USER_RESET] = tool_people_reset,
		[ACT_GROUP_LIST] = tool_act_list,
		[ACT_GROUP_SHOW] = tool_act_list_group,
		[ACT_GROUP_ADD] = tool_people_group_add,
		[ACT_GROUP_REMOVE] = tool_people_group_remove,
		[ACT_GROUP_JOIN] = tool_people_join,
		[ACT_GROUP_LEAVE] = tool_people_leave,
		[ACT_SESSION_LIST] = tool_act_list_sessions,
		[ACT_SESSION_REVOKE] = tool_act_revoke,
		[ACT_INVITE_ADD] = tool_act_invite,
		[ACT_INVITE_LIST] = tool_act_list,
		[ACT_INVITE_REVOKE] = tool_act_uninvite,
		[ACT_EXPLAIN] = explain_begin,
		[ACT_LEVEL_LIST] = tool_act_list,
		[ACT_LEVEL_SET] = tool_isolate_set,
		[ACT_ALARM_LIST] = tool_act_list_alarms,
		[ACT_ALARM_SHOW] = tool_alarm_show,
		[ACT_ALARM_CLOSE] = tool_alarm_close,
		[ACT_RECOVER_LIST] = tool_recover_list,
		[ACT_RECOVER_START] = tool_recover_start,
		[ACT_RECOVER_STOP] = tool_recover_stop,
		[ACT_RECOVER_ADVANCE] = tool_recover_advance,
		[ACT_RECOVER_APPROVE] = recover_approve_begin,
		[ACT_RECOVER_WITHDRAW] = tool_recover_withdraw,
		[ACT_INCIDENT_OPEN] = tool_incident_do,
		[ACT_INCIDENT_NOTE] = tool_incident_do,
		[ACT_INCIDENT_CLOSE] = tool_incident_do,
		[ACT_INCIDENT_LIST] = tool_act_list,
		[ACT_INCIDENT_NOTES] = tool_act_list_notes,
		[ACT_NOTICE_SET] = tool_incident_say,
	};

	if (act->kind <= ACT_EXPLAIN && !authority_gateway(t->a)->host.n)
		tool_end(t, false, "there are no users here: the configuration has no `gateway`");
	else if (act->kind < ACT_KINDS && acts[act->kind])
		acts[act->kind](t, act);
	else
		tool_end(t, false, "this version has no such act");
}
