/* Everything of one act in one transaction: a list with one wrong name changes nothing. */
#include "role/authority/tool_people.h"

#include "role/authority/decide.h"
#include "role/authority/session_end.h"
#include "sys/secret.h"

static int tool_people_n(struct view v)
{
	return (int)(v.n > GATE_TITLE_MAX ? (size_t)GATE_TITLE_MAX : v.n);
}

#define NAME(v) tool_people_n(v), (const char *)(v).p

void tool_people_failed(struct tool *t)
{
	store_abort(&t->a->store);
	tool_end(t, false, "the store can't be written: look at the disk, and at the log");
}

void tool_people_cut(struct tool *t)
{
	store_abort(&t->a->store);
	tool_end(t, false,
		 "the store can't be written: the sessions are cut, and it will know when the disk "
		 "has room; look at the log");
}

void tool_people_tell(struct tool *t, const char *action, struct view object, struct view detail)
{
	const struct tell told = { .action = action,
				   .result = "ok",
				   .object = object,
				   .detail = detail,
				   .uid = t->uid,
				   .is_tool = true };

	tell_event(t->a, &told);
}

bool tool_people_user(struct tool *t, struct view name, struct user *ret)
{
	enum err e = user_is_name(name) ? user_by_name(t->a, name, ret) : E_CLOSED;

	if (e == E_CLOSED)
		tool_end(t, false, "there is no user of this name: `sluis user list` has them");
	else if (e != E_OK)
		tool_people_failed(t);
	return e == E_OK;
}

bool tool_people_group(struct tool *t, struct view name, uint32_t *ret)
{
	struct store_ask q = store_ask(&t->a->store, Q_GROUP_BY_NAME);
	uint64_t id = 0;
	enum err e = E_CLOSED;

	store_put_text(&q, name);
	if (user_is_name(name))
		e = store_number(&q, &id);
	if (e == E_CLOSED)
		tool_end(t, false, "there is no group \"%.*s\": `sluis group add` makes one",
			 NAME(name));
	else if (e != E_OK)
		tool_people_failed(t);
	*ret = (uint32_t)id;
	return e == E_OK;
}

/* The next word of a list: names between commas, spaces or lines. False: there is none. */
static bool tool_people_next(struct view *list, struct view *ret)
{
	size_t n = 0;

	while (list->n && (list->p[0] == ',' || list->p[0] == ' ' || list->p[0] == '\n'))
		*list = view_slice(*list, 1, list->n);
	while (n < list->n && list->p[n] != ',' && list->p[n] != ' ' && list->p[n] != '\n')
		n++;
	*ret = view_slice(*list, 0, n);
	*list = view_slice(*list, n, list->n);
	return n != 0;
}

static enum err tool_people_two(struct tool *t, enum store_query query, uint32_t x, uint32_t y)
{
	struct store_ask q = store_ask(&t->a->store, query);

	store_put_int(&q, x);
	store_put_int(&q, y);
	return store_run(&q);
}

/* All groups of a list; false: t has its answer. */
static bool tool_people_join_list(struct tool *t, uint32_t user, struct view list)
{
	uint8_t groups_at[GATE_GROUPS_MAX];
	struct wbuf groups = wbuf_of(groups_at, sizeof groups_at);
	struct view name = { 0 };
	uint32_t group = 0;

	while (tool_people_next(&list, &name)) {
		if (!tool_people_group(t, name, &group))
			return false;
		if (tool_people_two(t, Q_MEMBER_ADD, user, group) != E_OK) {
			tool_people_failed(t);
			return false;
		}
	}
	if (user_groups(t->a, user, &groups) == E_OK)
		return true;
	tool_end(t, false,
		 "the user would be in more groups than fit: their names may have %d "
		 "bytes altogether",
		 GATE_GROUPS_MAX);
	return false;
}

static bool tool_people_room(struct tool *t)
{
	if (tell_room(t->a))
		return true;
	tool_end(t, false, "the audit log does not take records now: nothing is changed");
	return false;
}

static bool tool_people_begin(struct tool *t)
{
	if (!tool_people_room(t))
		return false;
	if (store_begin(&t->a->store) == E_OK)
		return true;
	tool_people_failed(t);
	return false;
}

/* ---- users ---- */

static bool tool_people_texts(struct tool *t, struct view title, struct view locale)
{
	if (title.n && !user_is_title(title)) {
		tool_end(t, false,
			 "a title is at most %d bytes of UTF-8 without control "
			 "characters",
			 GATE_TITLE_MAX);
		return false;
	}
	if (user_is_locale(locale))
		return true;
	tool_end(t, false, "the portal speaks nl and en");
	return false;
}

static bool tool_people_is_new(struct tool *t, struct view name)
{
	struct user u = { 0 };
	enum err e = E_OK;

	if (!user_is_name(name)) {
		tool_end(t, false,
			 "a name has 1 to %d of a-z, 0-9, '.', '_', '-', and does not begin with "
			 "'.' or '-'",
			 GATE_USER_MAX);
		return false;
	}
	e = user_by_name(t->a, name, &u);
	if (e == E_OK)
		tool_end(t, false, "there is a user %.*s already", NAME(name));
	else if (e != E_CLOSED)
		tool_people_failed(t);
	return e == E_CLOSED;
}

static enum err tool_people_insert(struct tool *t, const struct tool_act *act, uint32_t *ret)
{
	struct store_ask q = store_ask(&t->a->store, Q_USER_ADD);
	uint8_t handle[USER_HANDLE];

	secret_random(handle, sizeof handle);
	store_put_text(&q, act->name);
	store_put_text(&q, act->title.n ? act->title : act->name);
	store_put_text(&q, act->locale);
	store_put_int(&q, authority_wall_s(t->a));
	store_put_blob(&q, view_of(handle, sizeof handle));
	TRY(store_run(&q));
	*ret = store_last_id(&t->a->store);
	return E_OK;
}

/* What was begun is kept, and told; or it is not. */
static bool tool_people_commit(struct tool *t, const char *action, struct view object,
			       struct view detail)
{
	if (store_commit(&t->a->store) != E_OK) {
		tool_people_failed(t);
		return false;
	}
	tool_people_tell(t, action, object, detail);
	return true;
}

void tool_people_add(struct tool *t, const struct tool_act *act)
{
	uint32_t id = 0;

	if (!tool_people_is_new(t, act->name) || !tool_people_texts(t, act->title, act->locale) ||
	    !tool_people_begin(t))
		return;
	if (tool_people_insert(t, act, &id) != E_OK) {
		tool_people_failed(t);
		return;
	}
	if (!tool_people_join_list(t, id, act->list)) {
		store_abort(&t->a->store);
		return;
	}
	if (act->flags & 2 && store_run_for(&t->a->store, Q_DECOY_ADD, id) != E_OK) {
		tool_people_failed(t);
		return;
	}
	t->n = 1;
	if (tool_people_commit(t, "user.added", act->name, act->list))
		tool_end(t, true, "%s",
			 act->flags & 2
				 ? "added: who tries this name has read the store; tell nobody"
				 : "added: an invitation lets them set up their factors");
}

void tool_people_change(struct tool *t, const struct tool_act *act)
{
	struct user u = { 0 };
	struct store_ask q = { 0 };
	bool has_list = (act->flags & 1) != 0;

	if (!tool_people_user(t, act->name, &u) || !tool_people_texts(t, act->title, act->locale) ||
	    !tool_people_begin(t))
		return;
	q = store_ask(&t->a->store, Q_USER_CHANGE);
	store_put_text(&q, act->title.n ? act->title : user_title(&u));
	store_put_text(&q, act->locale.n ? act->locale : user_locale(&u));
	store_put_int(&q, u.id);
	if (store_run(&q) != E_OK ||
	    (has_list && store_run_for(&t->a->store, Q_MEMBER_CLEAR, u.id) != E_OK)) {
		tool_people_failed(t);
		return;
	}
	if (has_list && !tool_people_join_list(t, u.id, act->list)) {
		store_abort(&t->a->store);
		return;
	}
	t->n = 1;
	if (!tool_people_commit(t, "user.changed", act->name, act->list))
		return;
	decide_user_again(t->a, u.id);
	tool_end(t, true, "changed");
}

/* Sessions first: whatever comes after, nobody is logged in as somebody who is no more. */
static bool tool_people_end(struct tool *t, const struct user *u, struct view why)
{
	const struct tell ended = { .action = "session.revoked",
				    .result = "ended",
				    .detail = why,
				    .uid = t->uid,
				    .is_tool = true };

	if (!tool_people_room(t))
		return false;
	if (session_end_all(t->a, u->id, 0, &ended, &t->n) == E_OK)
		return true;
	tool_people_cut(t);
	return false;
}

static void tool_people_set(struct tool *t, const struct user *u, bool is_disabled)
{
	if (is_disabled && !tool_people_end(t, u, VIEW("the user was disabled")))
		return;
	if (!tool_people_begin(t))
		return;
	if (tool_people_two(t, Q_USER_ENABLE, is_disabled, u->id) != E_OK) {
		tool_people_failed(t);
		return;
	}
	if (!tool_people_commit(t, is_disabled ? "user.disabled" : "user.enabled", user_name(u),
				(struct view){ 0 }))
		return;
	tool_end(t, true, is_disabled ? "disabled; %u sessions ended" : "enabled", t->n);
}

void tool_people_enable(struct tool *t, const struct tool_act *act)
{
	struct user u = { 0 };

	if (tool_people_user(t, act->name, &u))
		tool_people_set(t, &u, false);
}

void tool_people_disable(struct tool *t, const struct tool_act *act)
{
	struct user u = { 0 };

	if (tool_people_user(t, act->name, &u))
		tool_people_set(t, &u, true);
}

void tool_people_remove(struct tool *t, const struct tool_act *act)
{
	struct user u = { 0 };

	if (!tool_people_user(t, act->name, &u) ||
	    !tool_people_end(t, &u, VIEW("the user was removed")) || !tool_people_begin(t))
		return;
	if (store_run_for(&t->a->store, Q_USER_REMOVE, u.id) != E_OK) {
		tool_people_failed(t);
		return;
	}
	t->n = 1;
	if (tool_people_commit(t, "user.removed", act->name, (struct view){ 0 }))
		tool_end(t, true, "removed");
}

void tool_people_reset(struct tool *t, const struct tool_act *act)
{
	struct user u = { 0 };

	if (!tool_people_user(t, act->name, &u) ||
	    !tool_people_end(t, &u, VIEW("the user's factors were reset")) || !tool_people_begin(t))
		return;
	if (store_run_for(&t->a->store, Q_FACTOR_RESET, u.id) != E_OK ||
	    store_run_for(&t->a->store, Q_RECOVERY_CLEAR, u.id) != E_OK) {
		tool_people_failed(t);
		return;
	}
	t->n = 1;
	if (tool_people_commit(t, "user.reset", act->name, (struct view){ 0 }))
		tool_end(t, true, "all factors are gone: an invitation lets them set up new ones");
}

/* ---- groups ---- */

void tool_people_group_add(struct tool *t, const struct tool_act *act)
{
	struct store_ask q = store_ask(&t->a->store, Q_GROUP_BY_NAME);
	uint64_t unused = 0;
	enum err e = E_OK;

	if (!user_is_name(act->name)) {
		tool_end(t, false, "a name has 1 to %d of a-z, 0-9, '.', '_', '-'", GATE_USER_MAX);
		return;
	}
	store_put_text(&q, act->name);
	e = store_number(&q, &unused);
	if (e == E_OK) {
		tool_end(t, false, "there is a group of this name already");
		return;
	}
	if (!tool_people_texts(t, act->title, (struct view){ 0 }) || !tool_people_begin(t))
		return;
	q = store_ask(&t->a->store, Q_GROUP_ADD);
	store_put_text(&q, act->name);
	store_put_text(&q, act->title.n ? act->title : act->name);
	store_put_int(&q, authority_wall_s(t->a));
	if (e == E_SYS || store_run(&q) != E_OK) {
		tool_people_failed(t);
		return;
	}
	t->n = 1;
	if (tool_people_commit(t, "group.added", act->name, (struct view){ 0 }))
		tool_end(t, true, "added");
}

void tool_people_group_remove(struct tool *t, const struct tool_act *act)
{
	uint32_t id = 0;

	if (!tool_people_group(t, act->name, &id) || !tool_people_begin(t))
		return;
	if (store_run_for(&t->a->store, Q_GROUP_REMOVE, id) != E_OK) {
		tool_people_failed(t);
		return;
	}
	t->n = 1;
	if (!tool_people_commit(t, "group.removed", act->name, (struct view){ 0 }))
		return;
	decide_all_again(t->a);
	tool_end(t, true, "removed");
}

/* False: t has its answer. */
static bool tool_people_move_one(struct tool *t, struct view name, uint32_t group, bool is_joining)
{
	uint8_t groups_at[GATE_GROUPS_MAX];
	struct wbuf groups = wbuf_of(groups_at, sizeof groups_at);
	struct user u = { 0 };

	if (!tool_people_user(t, name, &u))
		return false;
	if (tool_people_two(t, is_joining ? Q_MEMBER_ADD : Q_MEMBER_REMOVE, u.id, group) != E_OK) {
		tool_people_failed(t);
		return false;
	}
	t->n += store_changes(&t->a->store);
	if (user_groups(t->a, u.id, &groups) == E_OK)
		return true;
	tool_end(t, false, "%.*s would be in more groups than fit", NAME(name));
	return false;
}

static void tool_people_move(struct tool *t, const struct tool_act *act, bool is_joining)
{
	struct view list = act->list, name = { 0 };
	struct user u = { 0 };
	uint32_t group = 0;

	if (!tool_people_group(t, act->name, &group) || !tool_people_begin(t))
		return;
	while (tool_people_next(&list, &name))
		if (!tool_people_move_one(t, name, group, is_joining)) {
			store_abort(&t->a->store);
			return;
		}
	if (!tool_people_commit(t, is_joining ? "group.joined" : "group.left", act->name,
				act->list))
		return;
	for (list = act->list; tool_people_next(&list, &name);)
		if (user_by_name(t->a, name, &u) == E_OK)
			decide_user_again(t->a, u.id);
	tool_end(t, true, "%u %s", t->n, is_joining ? "joined" : "left");
}

void tool_people_join(struct tool *t, const struct tool_act *act)
{
	tool_people_move(t, act, true);
}

void tool_people_leave(struct tool *t, const struct tool_act *act)
{
	tool_people_move(t, act, false);
}
