/* A wish is in the store alone; it is read for each question about it. */
#include "role/authority/recover_wish.h"

#include "role/authority/factor.h"
#include "role/authority/recover_gate.h"

enum { RECOVER_WISH_TEXT = 1024 };

static struct view recover_wish_name(const struct recover_wish *w)
{
	return view_of(w->name, w->name_n);
}

static struct view recover_wish_reason(const struct recover_wish *w)
{
	return view_of(w->reason, w->reason_n);
}

/* ---- the store ---- */

static bool recover_wish_read(const struct store_ask *q, struct recover_wish *ret)
{
	struct view name = store_bytes(q, 3), reason = store_bytes(q, 11), by = store_bytes(q, 12);
	uint64_t kind = store_int(q, 1), scope = store_int(q, 2), mask = store_int(q, 4),
		 step = store_int(q, 5), told = store_int(q, 8);

	*ret = (struct recover_wish){ .id = (uint32_t)store_int(q, 0),
				      .uid = (uint32_t)store_int(q, 10),
				      .kind = (uint8_t)kind,
				      .scope = (uint8_t)scope,
				      .step = (uint8_t)step,
				      .mask = (uint16_t)mask,
				      .told = (uint8_t)(told & RECOVER_TOLD_ALL),
				      .until_s = store_int(q, 6),
				      .asked_s = store_int(q, 7),
				      .told_s = store_int(q, 9) };
	ret->name_n = (uint8_t)user_copy(ret->name, sizeof ret->name, name);
	ret->reason_n = (uint16_t)user_copy(ret->reason, sizeof ret->reason, reason);
	ret->by_n = (uint8_t)user_copy(ret->by, sizeof ret->by, by);
	return kind && kind < RECOVER_WISHES && scope && scope < LEVEL_SCOPES &&
	       step > RECOVER_NONE && step < RECOVER_STEPS && mask <= LEVEL_MASK_ALL &&
	       !(mask & LEVEL_BIT(LEVEL_OPEN)) && name.n <= LEVEL_NAME_MAX;
}

static enum err recover_wish_find(struct authority *a, enum store_query query, uint32_t id,
				  struct recover_wish *ret)
{
	struct store_ask q = store_ask(&a->store, query);
	bool is_sound = true;
	enum err e = E_OK;

	store_put_int(&q, id);
	e = store_next(&q);
	if (e == E_OK) {
		is_sound = recover_wish_read(&q, ret);
		store_end(&q);
	}
	if (e == E_OK && !is_sound) /* nobody has asked for this */
		e = recover_wish_end(a, ret) == E_OK ? E_AGAIN : E_SYS;
	return e;
}

static bool recover_wish_is_old(const struct authority *a, uint64_t at_s)
{
	return at_s + RECOVER_WISH_S <= authority_wall_s(a) || at_s > authority_wall_s(a);
}

enum err recover_wish_get(struct authority *a, uint32_t id, struct recover_wish *ret)
{
	enum err e = recover_wish_find(a, Q_WISH_GET, id, ret);

	if (e == E_AGAIN || (e == E_OK && recover_wish_is_old(a, ret->asked_s)))
		return E_CLOSED;
	return e;
}

enum err recover_wish_after(struct authority *a, uint32_t id, struct recover_wish *ret)
{
	enum err e = E_AGAIN;

	while (e == E_AGAIN) {
		e = recover_wish_find(a, Q_WISH_AFTER, id, ret);
		if (e != E_OK && e != E_AGAIN)
			return e;
		id = ret->id;
		if (e == E_OK && recover_wish_is_old(a, ret->asked_s))
			e = E_AGAIN;
	}
	return e;
}

/* The open one that asks for the same, or 0. E_SYS */
static enum err recover_wish_same(struct authority *a, const struct recover_wish *w,
				  uint64_t *ret_id)
{
	struct store_ask q = store_ask(&a->store, Q_WISH_SAME);
	enum err e = E_OK;

	store_put_int(&q, w->kind);
	store_put_int(&q, w->scope);
	store_put_text(&q, recover_wish_name(w));
	store_put_int(&q, w->mask);
	store_put_int(&q, w->step);
	store_put_int(&q, w->until_s);
	store_put_int(&q, authority_wall_s(a) - RECOVER_WISH_S);
	e = store_number(&q, ret_id);
	return e == E_CLOSED ? E_OK : e;
}

static enum err recover_wish_room(struct authority *a)
{
	struct store_ask q = { 0 };
	uint64_t n = 0, now_s = authority_wall_s(a);

	TRY(store_run_for(&a->store, Q_WISH_PURGE, now_s - RECOVER_WISH_KEPT_S));
	q = store_ask(&a->store, Q_WISH_COUNT);
	TRY(store_number(&q, &n));
	return n < RECOVER_WISH_OPEN ? E_OK : E_LIMIT;
}

static enum err recover_wish_insert(struct authority *a, struct recover_wish *w)
{
	struct store_ask q = store_ask(&a->store, Q_WISH_ADD);

	store_put_int(&q, w->kind);
	store_put_int(&q, w->scope);
	store_put_text(&q, recover_wish_name(w));
	store_put_int(&q, w->mask);
	store_put_int(&q, w->step);
	store_put_int(&q, w->until_s);
	store_put_int(&q, w->asked_s);
	store_put_int(&q, w->told);
	store_put_int(&q, w->told_s);
	store_put_int(&q, w->uid);
	store_put_text(&q, recover_wish_reason(w));
	store_put_text(&q, view_of(w->by, w->by_n));
	TRY(store_run(&q));
	w->id = store_last_id(&a->store);
	return E_OK;
}

static void recover_wish_say(struct authority *a, const struct recover_wish *w, const char *action,
			     struct tell *t)
{
	uint8_t object_at[LEVEL_NAME_MAX + 32], detail_at[400];
	struct wbuf object = wbuf_of(object_at, sizeof object_at),
		    detail = wbuf_of(detail_at, sizeof detail_at);

	wbuf_view_put(&object, level_scope_name((enum level_scope)w->scope));
	if (w->name_n) {
		WBUF_LIT(&object, " ");
		wbuf_view_put(&object, recover_wish_name(w));
	}
	WBUF_LIT(&detail, "request ");
	wbuf_dec(&detail, w->id);
	WBUF_LIT(&detail, ": ");
	wbuf_view_put(&detail, w->kind == RECOVER_WISH_STEP
				       ? recover_step_name((enum recover_step)w->step)
				       : level_name(level_strictest(w->mask)));
	if (t->detail.n) {
		WBUF_LIT(&detail, "; ");
		wbuf_view_put(&detail, view_slice(t->detail, 0, 256));
	}
	t->action = action;
	t->object = wbuf_view(&object);
	t->detail = wbuf_view(&detail);
	t->uid = w->uid;
	t->is_tool = !t->actor.n;
	tell_event(a, t);
}

enum err recover_wish_add(struct authority *a, struct recover_wish *w)
{
	struct tell t = { .result = "waits", .detail = recover_wish_reason(w) };
	struct recover_wish before = { 0 };
	uint64_t id = 0;

	w->asked_s = w->told_s = authority_wall_s(a);
	TRY(recover_wish_same(a, w, &id));
	if (id && recover_wish_get(a, (uint32_t)id, &before) == E_OK) {
		before.told = w->told;
		*w = before;
		return recover_wish_tell(a, w, w->told);
	}
	TRY(recover_wish_room(a));
	TRY(recover_wish_insert(a, w));
	recover_wish_say(a, w, "recover.asked", &t);
	return E_OK;
}

enum err recover_wish_tell(struct authority *a, struct recover_wish *w, unsigned told)
{
	struct store_ask q = store_ask(&a->store, Q_WISH_TOLD);

	w->told = (uint8_t)(told & RECOVER_TOLD_ALL);
	w->told_s = authority_wall_s(a);
	store_put_int(&q, w->told);
	store_put_int(&q, w->told_s);
	store_put_int(&q, w->id);
	return store_run(&q);
}

enum err recover_wish_end(struct authority *a, const struct recover_wish *w)
{
	struct store_ask q = store_ask(&a->store, Q_WISH_END);

	store_put_int(&q, authority_wall_s(a));
	store_put_int(&q, w->id);
	return store_run(&q);
}

void recover_wish_void(struct authority *a, enum recover_kind kind, struct view name,
		       const char *why)
{
	const struct tell t = { .action = "recover.void",
				.object = name.n ? name : VIEW("all"),
				.result = "ended",
				.detail = view_str(why) };
	struct store_ask q = store_ask(&a->store, Q_WISH_END_ALL);

	store_put_int(&q, authority_wall_s(a));
	store_put_int(&q, kind);
	store_put_text(&q, name);
	/* one that stays after all finds its step taken back, and is nothing */
	if (store_run(&q) == E_OK && store_changes(&a->store))
		tell_event(a, &t);
}

/* ---- who ---- */

static bool recover_wish_has_group(struct view groups, struct view name)
{
	while (groups.n) {
		size_t end = view_find(groups, '\n');

		if (name.n && view_eq(view_slice(groups, 0, end), name))
			return true;
		groups = view_slice(groups, end + (end < groups.n), groups.n);
	}
	return false;
}

bool recover_wish_has_approvers(const struct authority *a)
{
	return authority_image(a)->header->isolation.has_approvers && authority_gateway(a)->host.n;
}

static bool recover_wish_is_able(struct authority *a, uint32_t user)
{
	struct user u = { 0 };
	uint8_t kinds = 0;

	return user_by_id(a, user, &u) == E_OK && !u.is_disabled &&
	       factor_kinds(a, user, &kinds) == E_OK && kinds & GATE_PASSWORD && kinds & GATE_TOTP;
}

uint32_t recover_wish_able(struct authority *a)
{
	const struct image *im = authority_image(a);
	struct store_ask q = store_ask(&a->store, Q_GROUP_BY_NAME);
	uint64_t group = 0, user = 0;
	uint32_t n = 0;

	store_put_text(&q, image_view(im, im->header->isolation.approvers));
	if (store_number(&q, &group) != E_OK)
		return 0;
	while (n < IMAGE_APPROVALS_MAX) {
		q = store_ask(&a->store, Q_MEMBER_IDS);
		store_put_int(&q, group);
		store_put_int(&q, user);
		if (store_number(&q, &user) != E_OK)
			return n;
		n += recover_wish_is_able(a, (uint32_t)user);
	}
	return n;
}

struct view recover_wish_owner(const struct authority *a, const struct recover_wish *w)
{
	const struct image_app *app =
		w->kind == RECOVER_WISH_STEP ? recover_image_app(a, recover_wish_name(w)) : NULL;

	return app ? image_view(authority_image(a), app->owner) : (struct view){ 0 };
}

struct recover_wish_right {
	bool is_approver, is_owner;
};

static struct recover_wish_right recover_wish_right(struct authority *a,
						    const struct recover_wish *w, uint32_t user,
						    struct user *ret)
{
	const struct image *im = authority_image(a);
	struct recover_wish_right r = { 0 };
	uint8_t at[GATE_GROUPS_MAX];
	struct wbuf groups = wbuf_of(at, sizeof at);

	if (user_by_id(a, user, ret) != E_OK || ret->is_disabled ||
	    user_groups(a, user, &groups) != E_OK)
		return r;
	r.is_approver = recover_wish_has_group(wbuf_view(&groups),
					       image_view(im, im->header->isolation.approvers));
	r.is_owner = recover_wish_has_group(wbuf_view(&groups), recover_wish_owner(a, w));
	return r;
}

bool recover_wish_may(struct authority *a, const struct recover_wish *w, uint32_t user)
{
	struct user u = { 0 };
	struct recover_wish_right r = recover_wish_right(a, w, user, &u);

	return r.is_approver || r.is_owner;
}

/* SHA-256 of what is approved, by whom, when. */
static void recover_wish_digest(struct authority *a, const struct recover_wish *w, uint32_t user,
				uint64_t at_s, struct hash32 *ret)
{
	uint8_t at[RECOVER_WISH_TEXT];
	struct wbuf t = wbuf_of(at, sizeof at);

	WBUF_LIT(&t, "sluis approval 1");
	wbuf_u32(&t, w->id);
	wbuf_u8(&t, w->kind);
	wbuf_u8(&t, w->scope);
	wbuf_u8(&t, w->step);
	wbuf_u16(&t, w->mask);
	wbuf_u64(&t, w->until_s);
	wbuf_u64(&t, w->asked_s);
	wbuf_u32(&t, w->uid);
	wbuf_str16(&t, recover_wish_name(w));
	wbuf_str16(&t, recover_wish_reason(w));
	wbuf_str16(&t, view_of(w->by, w->by_n));
	wbuf_u32(&t, user);
	wbuf_u64(&t, at_s);
	INVARIANT(wbuf_check(&t) == E_OK);
	vault_hash(&a->vault, wbuf_view(&t), ret);
}

enum err recover_wish_approve(struct authority *a, const struct recover_wish *w, uint32_t user)
{
	uint8_t seal_at[128];
	struct wbuf seal = wbuf_of(seal_at, sizeof seal_at);
	struct store_ask q = store_ask(&a->store, Q_APPROVAL_ADD);
	uint64_t now_s = authority_wall_s(a);
	struct hash32 digest = { 0 };
	enum err e = E_OK;

	recover_wish_digest(a, w, user, now_s, &digest);
	if (vault_seal(&a->vault, view_of(digest.b, sizeof digest.b), user, &seal) != E_OK)
		return E_SYS;
	store_put_int(&q, w->id);
	store_put_int(&q, user);
	store_put_int(&q, now_s);
	store_put_blob(&q, wbuf_view(&seal));
	e = store_run(&q);
	return e == E_OK || e == E_DENIED ? e : E_SYS;
}

static bool recover_wish_is_sealed(struct authority *a, const struct recover_wish *w, uint32_t user,
				   uint64_t at_s, struct view seal)
{
	uint8_t plain_at[VAULT_PLAIN_MAX];
	struct wbuf plain = wbuf_of(plain_at, sizeof plain_at);
	struct hash32 digest = { 0 };

	recover_wish_digest(a, w, user, at_s, &digest);
	return vault_unseal(&a->vault, seal, user, &plain) == E_OK &&
	       view_eq(wbuf_view(&plain), view_of(digest.b, sizeof digest.b));
}

/* One approval more; who has one as an owner alone counts once, however many there are. */
static void recover_wish_vote(struct authority *a, const struct recover_wish *w, uint32_t user,
			      struct recover_votes *v, struct wbuf *people)
{
	struct user u = { 0 };
	struct recover_wish_right r = recover_wish_right(a, w, user, &u);

	if (!r.is_approver && (!r.is_owner || v->has_owner))
		return;
	v->have++;
	v->has_owner |= r.is_owner;
	if (!people || wbuf_room(people) < GATE_USER_MAX + 1u)
		return;
	if (people->n)
		WBUF_LIT(people, "\n");
	wbuf_view_put(people, user_name(&u));
}

static uint8_t recover_wish_want(const struct authority *a, const struct recover_wish *w)
{
	const struct image_isolation *i = &authority_image(a)->header->isolation;

	if (!recover_wish_has_approvers(a))
		return 0;
	/* closing: who has typed the command is the first of them */
	return (uint8_t)(w->step == RECOVER_CLOSED ? i->to_close - 1 : i->to_open);
}

enum err recover_wish_count(struct authority *a, const struct recover_wish *w,
			    struct recover_votes *ret, struct wbuf *people)
{
	struct recover_votes v = { .want = recover_wish_want(a, w) };
	uint32_t user = 0;
	enum err e = E_OK;

	for (;;) {
		struct store_ask q = store_ask(&a->store, Q_APPROVAL_AFTER);
		uint64_t at_s = 0;
		bool is_good = false;

		store_put_int(&q, w->id);
		store_put_int(&q, user);
		e = store_next(&q);
		if (e != E_OK)
			break;
		user = (uint32_t)store_int(&q, 0);
		at_s = store_int(&q, 1);
		is_good = !recover_wish_is_old(a, at_s) &&
			  recover_wish_is_sealed(a, w, user, at_s, store_bytes(&q, 2));
		store_end(&q);
		if (is_good && v.have < UINT8_MAX)
			recover_wish_vote(a, w, user, &v, people);
	}
	if (e != E_CLOSED)
		return e;
	v.has_owner |= !recover_wish_owner(a, w).n;
	*ret = v;
	return E_OK;
}

/* ---- doing ---- */

static bool recover_wish_failed(struct wbuf *say, enum err e)
{
	wbuf_str(say, e == E_LIMIT ? "there are too many levels already"
		      : e == E_SYS ? "the store or the audit log takes nothing now: try again"
				   : "the configuration has no such thing any more");
	return false;
}

static bool recover_wish_take_step(struct authority *a, struct recover_wish *w, struct wbuf *say)
{
	const struct tell who = { .uid = w->uid, .is_tool = true };
	const struct isolate_wish why = { .reason = recover_wish_reason(w),
					  .by = view_of(w->by, w->by_n),
					  .tell = &who };
	struct recover_app *r = recover_find(a, recover_wish_name(w));
	uint8_t at[256];
	struct wbuf found = wbuf_of(at, sizeof at);
	enum recover_gate gate = RECOVER_GATES;
	enum err e = E_OK;

	if (!r || recover_gate_next(r) != w->step || r->since_s > w->asked_s) {
		wbuf_str(say, "it is not the next step any more: ask again");
		return false;
	}
	gate = recover_gate_refuses(a, r, w->told, &found);
	if (gate != RECOVER_GATES) {
		WBUF_LIT(say, "the gate ");
		wbuf_view_put(say, recover_gate_name(gate));
		WBUF_LIT(say, " is closed: ");
		wbuf_view_put(say, wbuf_view(&found));
		return false;
	}
	e = recover_take(a, r, (enum recover_step)w->step, &why);
	if (e != E_OK)
		return recover_wish_failed(say, e);
	wbuf_view_put(say, recover_wish_name(w));
	WBUF_LIT(say, " is ");
	wbuf_view_put(say, recover_step_name((enum recover_step)w->step));
	WBUF_LIT(say, " now");
	return true;
}

/* Since when the level that w changes holds. */
static uint64_t recover_wish_level_since(const struct authority *a, const struct recover_wish *w)
{
	const struct level_book *b = &a->levels.book;

	for (uint32_t i = 0; i < b->n; i++)
		if (b->at[i].scope == w->scope && !b->at[i].is_exercise &&
		    view_eq(view_of(b->at[i].name, b->at[i].name_n), recover_wish_name(w)))
			return b->at[i].since_s;
	return 0;
}

static bool recover_wish_take_level(struct authority *a, struct recover_wish *w, struct wbuf *say)
{
	const struct tell who = { .uid = w->uid, .is_tool = true };
	const struct isolate_wish wish = { .scope = w->scope,
					   .mask = w->mask,
					   .until_s = w->until_s,
					   .name = recover_wish_name(w),
					   .reason = recover_wish_reason(w),
					   .by = view_of(w->by, w->by_n),
					   .tell = &who };
	bool is_looser = isolate_is_looser(a, &wish) || !w->mask;
	enum err e = E_OK;

	if (recover_wish_level_since(a, w) > w->asked_s ||
	    (is_looser && w->step == RECOVER_CLOSED) ||
	    (w->until_s && w->until_s <= authority_wall_s(a))) {
		wbuf_str(say, "levels have changed since it was asked for: ask again");
		return false;
	}
	e = isolate_set(a, &wish);
	if (e != E_OK)
		return recover_wish_failed(say, e);
	recover_closed(a, &wish);
	wbuf_str(say, "in force");
	return true;
}

static void recover_wish_say_missing(const struct authority *a, const struct recover_wish *w,
				     const struct recover_votes *v, struct wbuf *say)
{
	const struct image *im = authority_image(a);
	struct view owner = recover_wish_owner(a, w);

	WBUF_LIT(say, "request ");
	wbuf_dec(say, w->id);
	WBUF_LIT(say, " has ");
	wbuf_dec(say, v->have);
	WBUF_LIT(say, " of ");
	wbuf_dec(say, v->want ? v->want : 1);
	WBUF_LIT(say, " approvals");
	if (v->want) {
		WBUF_LIT(say, " by members of ");
		wbuf_view_put(say, image_view(im, im->header->isolation.approvers));
	}
	if (!v->has_owner) {
		WBUF_LIT(say, ", of which one by the owner, ");
		wbuf_view_put(say, owner);
	}
	WBUF_LIT(say, ": sluis recover approve ");
	wbuf_dec(say, w->id);
}

bool recover_wish_do(struct authority *a, struct recover_wish *w, struct wbuf *say)
{
	struct tell t = { .result = "ok", .detail = recover_wish_reason(w) };
	struct recover_votes v = { 0 };
	bool is_done = false;

	if (!tell_room(a) || recover_wish_count(a, w, &v, NULL) != E_OK)
		return recover_wish_failed(say, E_SYS);
	if (v.have < v.want || !v.has_owner) {
		recover_wish_say_missing(a, w, &v, say);
		return false;
	}
	is_done = w->kind == RECOVER_WISH_STEP ? recover_wish_take_step(a, w, say)
					       : recover_wish_take_level(a, w, say);
	if (!is_done)
		return false;
	recover_wish_say(a, w, "recover.done", &t);
	/* left over it asks for what is so already: a step that is not the next one any more */
	return recover_wish_end(a, w) == E_OK || is_done;
}
