/* A row counts as told when the kernel has it: until then the same one is made again. */
#include "role/authority/tool_list.h"

#include "role/authority/explain.h"
#include "role/authority/factor.h"
#include "role/authority/session_end.h"
#include "role/authority/tool_alarm.h"
#include "role/authority/tool_incident.h"
#include "role/authority/tool_isolate.h"
#include "role/authority/tool_people.h"
#include "role/authority/tool_recover.h"

static struct view tool_list_after(const struct tool *t)
{
	return view_of(t->after_name, t->after_n);
}

static void tool_list_advance(struct tool *t, struct view name)
{
	t->after_n = (uint16_t)user_copy(t->after_name, sizeof t->after_name, name);
	t->n++;
}

/* ---- users ---- */

static enum err tool_list_send_user(struct tool *t, const struct user *u)
{
	uint8_t groups_at[GATE_GROUPS_MAX], body[FRAME_BODY_MAX];
	struct wbuf groups = wbuf_of(groups_at, sizeof groups_at), w = wbuf_of(body, sizeof body);
	struct store_ask q = store_ask(&t->a->store, Q_USER_SESSIONS);
	struct tool_user_row r = { .is_disabled = u->is_disabled,
				   .created_s = u->created_s,
				   .seen_s = u->seen_s,
				   .name = user_name(u),
				   .title = user_title(u),
				   .locale = user_locale(u) };
	uint64_t sessions = 0;

	store_put_int(&q, u->id);
	TRY(store_number(&q, &sessions));
	TRY(factor_kinds(t->a, u->id, &r.factors));
	TRY(user_groups(t->a, u->id, &groups));
	r.sessions = (uint32_t)sessions;
	r.groups = wbuf_view(&groups);
	TRY(tool_user_row_put(&w, &r));
	return tool_send(t, AUTHORITY_USER, &w);
}

static enum err tool_list_users(struct tool *t, bool *ret_over)
{
	struct user u = { 0 };
	enum err e = user_after(t->a, tool_list_after(t), &u);

	*ret_over = e == E_CLOSED;
	if (e != E_OK)
		return e == E_CLOSED ? E_OK : e;
	TRY(tool_list_send_user(t, &u));
	tool_list_advance(t, user_name(&u));
	return E_OK;
}

/* ---- groups ---- */

static enum err tool_list_groups(struct tool *t, bool *ret_over)
{
	struct store_ask q = store_ask(&t->a->store, Q_GROUP_AFTER), count = { 0 };
	uint8_t body[512], name_at[GATE_USER_MAX], title_at[GATE_TITLE_MAX];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct tool_group_row r = { 0 };
	uint64_t id = 0, n = 0;
	enum err e = E_OK;

	store_put_text(&q, tool_list_after(t));
	e = store_next(&q);
	*ret_over = e == E_CLOSED;
	if (e != E_OK)
		return e == E_CLOSED ? E_OK : e;
	id = store_int(&q, 0);
	r.name = view_of(name_at, user_copy(name_at, sizeof name_at, store_bytes(&q, 1)));
	r.title = view_of(title_at, user_copy(title_at, sizeof title_at, store_bytes(&q, 2)));
	store_end(&q);
	count = store_ask(&t->a->store, Q_GROUP_USERS);
	store_put_int(&count, id);
	TRY(store_number(&count, &n));
	r.users = (uint32_t)n;
	TRY(tool_group_row_put(&w, &r));
	TRY(tool_send(t, AUTHORITY_GROUP, &w));
	tool_list_advance(t, r.name);
	return E_OK;
}

static enum err tool_list_members(struct tool *t, bool *ret_over)
{
	struct store_ask q = store_ask(&t->a->store, Q_MEMBER_AFTER);
	struct user u = { 0 };
	uint64_t id = 0;
	enum err e = E_OK;

	store_put_int(&q, t->of);
	store_put_text(&q, tool_list_after(t));
	e = store_number(&q, &id);
	*ret_over = e == E_CLOSED;
	if (e != E_OK)
		return e == E_CLOSED ? E_OK : e;
	TRY(user_by_id(t->a, (uint32_t)id, &u));
	TRY(tool_list_send_user(t, &u));
	tool_list_advance(t, user_name(&u));
	return E_OK;
}

/* ---- factors and sessions ---- */

static enum err tool_list_factors(struct tool *t, bool *ret_over)
{
	struct factor f = { 0 };
	uint8_t body[512];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct authority_factor_row r = { 0 };
	enum err e = factor_after(t->a, t->of, t->after, &f);

	*ret_over = e == E_CLOSED;
	if (e != E_OK)
		return e == E_CLOSED ? E_OK : e;
	r.number = f.id;
	r.kind = f.kind;
	r.is_device_bound = f.kind == GATE_PASSKEY && !(f.flags & VERIFIED_BACKUP_ELIGIBLE);
	r.created_s = f.created_s;
	r.used_s = f.used_s;
	r.name = view_of(f.name, f.name_n);
	TRY(authority_factor_row_put(&w, &r));
	TRY(tool_send(t, AUTHORITY_TOOL_FACTOR, &w));
	t->after = f.id;
	t->n++;
	return E_OK;
}

static enum err tool_list_apps(struct authority *a, uint32_t session, uint16_t *ret)
{
	struct store_ask q = store_ask(&a->store, Q_SESSION_APPS);
	enum err e = E_OK;

	store_put_int(&q, session);
	for (e = store_next(&q); e == E_OK; e = store_next(&q))
		(*ret)++;
	return e == E_CLOSED ? E_OK : e;
}

static enum err tool_list_sessions(struct tool *t, bool *ret_over)
{
	struct session s = { 0 };
	uint8_t body[512];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct tool_session_row r = { 0 };
	enum err e = session_after(t->a, t->of, t->after, &s);

	*ret_over = e == E_CLOSED;
	if (e != E_OK)
		return e == E_CLOSED ? E_OK : e;
	r.number = s.id;
	r.factors = s.factors;
	TRY(tool_list_apps(t->a, s.id, &r.apps));
	r.source = s.source;
	r.began_s = s.began_s;
	r.seen_s = session_seen_s(t->a, &s);
	r.until_s = s.until_s;
	r.user = user_name(&s.user);
	r.agent = view_of(s.agent, s.agent_n);
	TRY(tool_session_row_put(&w, &r));
	TRY(tool_send(t, AUTHORITY_TOOL_SESSION, &w));
	t->after = s.id;
	t->n++;
	return E_OK;
}

static enum err tool_list_invites(struct tool *t, bool *ret_over)
{
	struct store_ask q = store_ask(&t->a->store, Q_INVITE_AFTER);
	uint8_t body[512], user_at[GATE_USER_MAX], by_at[64];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct tool_invite_row r = { 0 };
	enum err e = E_OK;

	store_put_int(&q, t->after);
	e = store_next(&q);
	*ret_over = e == E_CLOSED;
	if (e != E_OK)
		return e == E_CLOSED ? E_OK : e;
	r.number = (uint32_t)store_int(&q, 0);
	r.is_used = store_int(&q, 1) != 0;
	r.created_s = store_int(&q, 2);
	r.until_s = store_int(&q, 3);
	r.user = view_of(user_at, user_copy(user_at, sizeof user_at, store_bytes(&q, 4)));
	r.by = view_of(by_at, user_copy(by_at, sizeof by_at, store_bytes(&q, 5)));
	store_end(&q);
	TRY(tool_invite_row_put(&w, &r));
	TRY(tool_send(t, AUTHORITY_INVITE, &w));
	t->after = r.number;
	t->n++;
	return E_OK;
}

/* A user, then their factors, then their sessions. */
static enum err tool_list_show(struct tool *t, bool *ret_over)
{
	struct user u = { 0 };
	bool is_over = true;

	*ret_over = false;
	if (t->stage == 0) {
		TRY(user_by_id(t->a, t->of, &u));
		TRY(tool_list_send_user(t, &u));
	} else if (t->stage == 1) {
		TRY(tool_list_factors(t, &is_over));
	} else {
		TRY(tool_list_sessions(t, ret_over));
		return E_OK;
	}
	if (is_over) {
		t->stage++;
		t->after = 0;
	}
	return E_OK;
}

/* Sessions end by batches; the command sees how far it is. */
static enum err tool_list_revoke(struct tool *t, bool *ret_over)
{
	const struct tell ended = { .action = "session.revoked",
				    .result = "ended",
				    .detail = VIEW_INIT("by command"),
				    .uid = t->uid,
				    .is_tool = true };
	struct tool_progress r = { .of = t->after };
	uint8_t body[16];
	struct wbuf w = wbuf_of(body, sizeof body);
	uint32_t n = 0;

	if (!tell_room(t->a))
		return E_AGAIN; /* none ends that the log does not hear of */
	TRY(session_end_some(t->a, t->of, 0, &ended, &n));
	t->n += n;
	*ret_over = !n;
	r.done = t->n;
	if (!n || t->n >= t->after)
		return E_OK;
	TRY(tool_progress_put(&w, &r));
	return tool_send(t, AUTHORITY_PROGRESS, &w) == E_CLOSED ? E_CLOSED : E_OK;
}

enum err tool_list_step(struct tool *t)
{
	static enum err (*const lists[ACT_KINDS])(struct tool * t, bool *ret_over) = {
		[ACT_USER_LIST] = tool_list_users,	   [ACT_USER_SHOW] = tool_list_show,
		[ACT_GROUP_LIST] = tool_list_groups,	   [ACT_GROUP_SHOW] = tool_list_members,
		[ACT_SESSION_LIST] = tool_list_sessions,   [ACT_SESSION_REVOKE] = tool_list_revoke,
		[ACT_INVITE_LIST] = tool_list_invites,	   [ACT_EXPLAIN] = explain_step,
		[ACT_LEVEL_LIST] = tool_isolate_row,	   [ACT_ALARM_LIST] = tool_alarm_row,
		[ACT_RECOVER_LIST] = tool_recover_row,	   [ACT_INCIDENT_LIST] = tool_incident_row,
		[ACT_INCIDENT_NOTES] = tool_incident_note,
	};
	bool is_over = false;
	enum err e = E_OK;

	INVARIANT(t->kind < ACT_KINDS && lists[t->kind]);
	e = lists[t->kind](t, &is_over);
	if (e == E_SYS && t->kind == ACT_SESSION_REVOKE)
		tool_people_cut(t);
	else if (e == E_SYS || e == E_LIMIT)
		tool_end(t, false, "the store can't be read: look at the log");
	else if (e == E_OK && is_over && t->kind == ACT_EXPLAIN)
		explain_end(t);
	else if (e == E_OK && is_over)
		tool_end(t, true, "%s", t->kind == ACT_SESSION_REVOKE ? "ended" : "");
	return e == E_SYS || e == E_LIMIT ? E_OK : e;
}
