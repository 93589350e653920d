/* Rows in three stages: the return, its applications with their gates, what waits for approvals. */
#include "role/authority/tool_recover.h"

#include "role/authority/recover_gate.h"
#include "role/authority/recover_wish.h"
#include "role/authority/room.h"

enum { TOOL_RECOVER_SAY = 400, TOOL_RECOVER_FUTURE_S = 5 };

enum tool_recover_stage { TOOL_RECOVER_HEAD, TOOL_RECOVER_APPS, TOOL_RECOVER_WISHES };

static struct tell tool_recover_who(const struct tool *t)
{
	return (struct tell){ .uid = t->uid, .is_tool = true };
}

static struct view tool_recover_by(const struct tool *t, struct wbuf *w)
{
	wbuf_str(w, "uid:");
	wbuf_dec(w, t->uid);
	return wbuf_view(w);
}

static void tool_recover_busy(struct tool *t)
{
	tool_end(t, false, "the store or the audit log takes nothing now: nothing is changed");
}

/* ---- beginning and end ---- */

void tool_recover_start(struct tool *t, const struct tool_act *act)
{
	const struct tell who = tool_recover_who(t);
	uint8_t by_at[32];
	struct wbuf by = wbuf_of(by_at, sizeof by_at);
	struct recover_wish_to_start w = { .incident_s = act->number,
					   .reason = act->title,
					   .by = tool_recover_by(t, &by),
					   .tell = &who };
	enum err e = E_OK;

	if (!act->title.n) {
		tool_end(t, false, "say why: --reason TEXT");
		return;
	}
	if (w.incident_s > authority_wall_s(t->a) + TOOL_RECOVER_FUTURE_S) {
		tool_end(t, false, "--since is still to come");
		return;
	}
	e = recover_start(t->a, &w);
	if (e == E_DENIED)
		tool_end(t, false, "there is a return already: sluis recover status");
	else if (e == E_CLOSED)
		tool_end(t, false,
			 "no level holds an application: there is nothing to return from");
	else if (e == E_LIMIT)
		tool_end(t, false,
			 "a return has at most %d applications, and levels have room for %d",
			 RECOVER_APPS, LEVEL_ENTRIES);
	else if (e != E_OK)
		tool_recover_busy(t);
	if (e != E_OK)
		return;
	t->n = t->a->recover.n;
	tool_end(t, true, "the return has begun");
}

void tool_recover_stop(struct tool *t, const struct tool_act *act)
{
	const struct tell who = tool_recover_who(t);

	if (!recover_is_on(t->a))
		tool_end(t, false, "there is no return");
	else if (!act->title.n)
		tool_end(t, false, "say why: --reason TEXT");
	else if (recover_stop(t->a, act->title, &who) != E_OK)
		tool_recover_busy(t);
	else
		tool_end(t, true, "the return has ended; levels stay as they are");
}

/* ---- steps ---- */

static bool tool_recover_ask(struct tool *t, struct recover_wish *w)
{
	enum err e = tell_room(t->a) ? recover_wish_add(t->a, w) : E_SYS;

	if (e == E_LIMIT)
		tool_end(t, false, "%d requests wait already: sluis recover withdraw NUMBER",
			 RECOVER_WISH_OPEN);
	else if (e != E_OK)
		tool_recover_busy(t);
	return e == E_OK;
}

static void tool_recover_fill(const struct tool *t, struct recover_wish *w, struct view name,
			      struct view reason)
{
	struct wbuf by = wbuf_of(w->by, sizeof w->by);

	w->uid = t->uid;
	w->by_n = (uint8_t)tool_recover_by(t, &by).n;
	w->name_n = (uint8_t)user_copy(w->name, sizeof w->name, name);
	w->reason_n = (uint16_t)user_copy(w->reason, sizeof w->reason, reason);
}

static bool tool_recover_gates(struct tool *t, struct recover_app *r, unsigned told)
{
	uint8_t why_at[256];
	struct wbuf why = wbuf_of(why_at, sizeof why_at);
	enum recover_gate gate = recover_gate_refuses(t->a, r, told, &why);
	struct view name = recover_gate_name(gate);

	if (gate == RECOVER_GATES)
		return true;
	tool_end(t, false, "the gate %.*s is closed: %.*s", (int)name.n, (const char *)name.p,
		 (int)why.n, (const char *)why_at);
	return false;
}

void tool_recover_advance(struct tool *t, const struct tool_act *act)
{
	struct recover_app *r = recover_find(t->a, act->name);
	enum recover_step next = r ? recover_gate_next(r) : RECOVER_NONE;
	struct recover_wish w = { .kind = RECOVER_WISH_STEP,
				  .scope = LEVEL_OF_APP,
				  .step = (uint8_t)next,
				  .mask = recover_step_mask(next),
				  .told = (uint8_t)(act->flags & RECOVER_TOLD_ALL) };
	uint8_t say_at[TOOL_RECOVER_SAY];
	struct wbuf say = wbuf_of(say_at, sizeof say_at);
	bool is_done = false, is_free = false;

	if (!r || next == RECOVER_NONE) {
		tool_end(t, false,
			 !recover_is_on(t->a) ? "there is no return: sluis recover start"
			 : !r		      ? "no such application is on its way back"
					      : "it is open already");
		return;
	}
	if (!tool_recover_gates(t, r, w.told))
		return;
	tool_recover_fill(t, &w, act->name, act->title.n ? act->title : VIEW("the next step"));
	is_free = !recover_wish_has_approvers(t->a) && !recover_wish_owner(t->a, &w).n;
	if (!tool_recover_ask(t, &w))
		return;
	is_done = recover_wish_do(t->a, &w, &say);
	t->n = is_done;
	tool_end(t, true, "%.*s%s", (int)say.n, (const char *)say_at,
		 is_done && is_free ? "; nobody else was asked: isolation.approvers is not "
				      "configured"
				    : "");
}

void tool_recover_withdraw(struct tool *t, const struct tool_act *act)
{
	struct recover_wish w = { 0 };
	uint8_t object_at[24];
	struct wbuf object = wbuf_of(object_at, sizeof object_at);
	struct tell tell = tool_recover_who(t);
	enum err e = recover_wish_get(t->a, act->number, &w);

	if (e == E_OK)
		e = recover_wish_end(t->a, &w);
	if (e != E_OK) {
		if (e == E_CLOSED)
			tool_end(t, false, "there is no request %u (any more)", act->number);
		else
			tool_recover_busy(t);
		return;
	}
	WBUF_LIT(&object, "request ");
	wbuf_dec(&object, w.id);
	tell.action = "recover.withdrawn";
	tell.result = "ended";
	tell.object = wbuf_view(&object);
	tell_event(t->a, &tell);
	tool_end(t, true, "withdrawn");
}

/* ---- levels by command ---- */

bool tool_recover_is_loosened(const struct authority *a, const struct isolate_wish *w)
{
	const struct level_book *b = &a->levels.book;

	if (w->is_exercise)
		return false;
	for (uint32_t i = 0; i < b->n; i++) {
		const struct level_entry *e = &b->at[i];

		if (e->scope != w->scope || e->is_exercise ||
		    !view_eq(view_of(e->name, e->name_n), w->name))
			continue;
		/* one that ends by itself sooner is looser too */
		return !w->mask || isolate_is_looser(a, w) ||
		       (w->until_s && (!e->until_s || w->until_s < e->until_s));
	}
	return false;
}

/* An application on its way back is opened by steps, and closed by anybody. */
static bool tool_recover_is_returning(struct tool *t, const struct isolate_wish *w, bool is_looser)
{
	struct recover_app *r =
		w->scope == LEVEL_OF_APP && !w->is_exercise ? recover_find(t->a, w->name) : NULL;

	if (!r || (!is_looser && !w->until_s))
		return false;
	tool_end(t, false,
		 "%.*s is on its way back: `sluis recover advance` takes its next step, `sluis "
		 "recover stop` ends the return",
		 (int)w->name.n, (const char *)w->name.p);
	return true;
}

bool tool_recover_may_set(struct tool *t, const struct isolate_wish *wish)
{
	const struct image_isolation *i = &authority_image(t->a)->header->isolation;
	bool is_looser = tool_recover_is_loosened(t->a, wish);
	struct recover_wish w = { .kind = RECOVER_WISH_LEVEL,
				  .scope = wish->scope,
				  .mask = wish->mask,
				  .until_s = wish->until_s,
				  .step = is_looser ? RECOVER_OPEN : RECOVER_CLOSED };
	uint8_t say_at[TOOL_RECOVER_SAY];
	struct wbuf say = wbuf_of(say_at, sizeof say_at);

	if (tool_recover_is_returning(t, wish, is_looser))
		return false;
	if (wish->is_exercise || !recover_wish_has_approvers(t->a) ||
	    (!is_looser && i->to_close <= 1))
		return true;
	tool_recover_fill(t, &w, wish->name, wish->reason);
	if (!tool_recover_ask(t, &w))
		return false;
	t->n = recover_wish_do(t->a, &w, &say);
	tool_end(t, t->n != 0, "%.*s", (int)say.n, (const char *)say_at);
	return false;
}

/* ---- rows ---- */

void tool_recover_list(struct tool *t, const struct tool_act *act)
{
	recover_arrange(t->a);
	t->kind = act->kind;
	t->stage = TOOL_RECOVER_HEAD;
	t->after = t->of = 0;
	t->approval.told = act->flags & RECOVER_TOLD_ALL;
}

static enum err tool_recover_head(struct tool *t)
{
	const struct recover *r = &t->a->recover;
	const struct image *im = authority_image(t->a);
	const struct image_isolation *i = &im->header->isolation;
	const struct tool_return_row row = {
		.to_open = (uint8_t)i->to_open,
		.soak_s = i->soak_s,
		.now_s = authority_wall_s(t->a),
		.began_s = r->began_s,
		.incident_s = r->incident_s,
		.approvers = image_view(im, i->approvers),
		.reason = view_of(r->note.reason, recover_is_on(t->a) ? r->note.reason_n : 0),
		.by = view_of(r->note.by, recover_is_on(t->a) ? r->note.by_n : 0),
	};
	uint8_t body[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(body, sizeof body);

	TRY(tool_return_row_put(&w, &row));
	return tool_send(t, AUTHORITY_RETURN, &w);
}

static void tool_recover_put_needs(const struct authority *a, const struct image_app *app,
				   struct wbuf *w)
{
	const struct image *im = authority_image(a);

	for (uint32_t i = 0; app && i < app->needs.n; i++) {
		uint32_t at = image_need_at(im, app->needs.first + i)->app;
		struct view name = image_view(im, image_app_at(im, at)->name);

		if (wbuf_room(w) < name.n + 1)
			return; /* the list is for people; gates look at all */
		if (w->n)
			WBUF_LIT(w, "\n");
		wbuf_view_put(w, name);
	}
}

static enum err tool_recover_app(struct tool *t, struct recover_app *r)
{
	const struct image *im = authority_image(t->a);
	const struct image_app *app = recover_image_app(t->a, recover_app_name(r));
	uint8_t needs_at[1024], held_at[512], body[FRAME_BODY_MAX];
	struct wbuf needs = wbuf_of(needs_at, sizeof needs_at),
		    held = wbuf_of(held_at, sizeof held_at), w = wbuf_of(body, sizeof body);
	struct tool_return_app_row row = { .step = r->step,
					   .next = (uint8_t)recover_gate_next(r),
					   .is_known = app != NULL,
					   .since_s = r->since_s,
					   .fell_s = r->fell_s,
					   .name = recover_app_name(r),
					   .fell_by = view_of(r->fell_by, r->fell_n) };

	if (app) {
		row.owner = image_view(im, app->owner);
		row.waiting = room_waiting(t->a, app->id);
	}
	tool_recover_put_needs(t->a, app, &needs);
	recover_put_held(t->a, &held);
	row.needs = wbuf_view(&needs);
	row.held = wbuf_view(&held);
	TRY(tool_return_app_row_put(&w, &row));
	return tool_send(t, AUTHORITY_RETURN_APP, &w);
}

static enum err tool_recover_gate(struct tool *t, struct recover_app *r, enum recover_gate gate)
{
	uint8_t why_at[256], body[512];
	struct wbuf why = wbuf_of(why_at, sizeof why_at), w = wbuf_of(body, sizeof body);
	struct tool_return_gate_row row = { .gate = (uint8_t)gate,
					    .is_told = recover_gate_is_told(gate) };

	row.state = (uint8_t)recover_gate_look(t->a, r, gate, t->approval.told, &why);
	row.why = wbuf_view(&why);
	TRY(tool_return_gate_row_put(&w, &row));
	return tool_send(t, AUTHORITY_RETURN_GATE, &w);
}

/* t->after: the place in the order; t->of: 0 the application itself, then its gates. */
static enum err tool_recover_apps(struct tool *t, bool *ret_over)
{
	struct recover_app *r = NULL;

	*ret_over = t->after >= t->a->recover.n;
	if (*ret_over)
		return E_OK;
	r = &t->a->recover.at[t->a->recover.order[t->after]];
	TRY(t->of ? tool_recover_gate(t, r, (enum recover_gate)t->of) : tool_recover_app(t, r));
	t->of = recover_gate_next(r) == RECOVER_NONE ? (uint32_t)RECOVER_GATES : t->of + 1;
	if (t->of < RECOVER_GATES)
		return E_OK;
	t->of = 0;
	t->after++;
	t->n++;
	return E_OK;
}

static enum err tool_recover_wishes(struct tool *t, bool *ret_over)
{
	struct recover_wish wish = { 0 };
	struct recover_votes v = { 0 };
	struct tool_return_wish_row row = { 0 };
	uint8_t people_at[1024], body[FRAME_BODY_MAX];
	struct wbuf people = wbuf_of(people_at, sizeof people_at), w = wbuf_of(body, sizeof body);
	enum err e = recover_wish_after(t->a, t->after, &wish);

	*ret_over = e == E_CLOSED;
	if (e != E_OK)
		return e == E_CLOSED ? E_OK : e;
	TRY(recover_wish_count(t->a, &wish, &v, &people));
	row = (struct tool_return_wish_row){
		.number = wish.id,
		.kind = wish.kind,
		.scope = wish.scope,
		.step = wish.step,
		.have = v.have,
		.want = v.want,
		.has_owner = v.has_owner,
		.mask = wish.mask,
		.asked_s = wish.asked_s,
		.until_s = wish.asked_s + RECOVER_WISH_S,
		.name = view_of(wish.name, wish.name_n),
		.owner = recover_wish_owner(t->a, &wish),
		.reason = view_of(wish.reason, wish.reason_n),
		.by = view_of(wish.by, wish.by_n),
		.people = wbuf_view(&people),
	};
	TRY(tool_return_wish_row_put(&w, &row));
	TRY(tool_send(t, AUTHORITY_RETURN_WISH, &w));
	t->after = wish.id;
	return E_OK;
}

enum err tool_recover_row(struct tool *t, bool *ret_over)
{
	bool is_over = true;

	*ret_over = false;
	if (t->stage == TOOL_RECOVER_HEAD)
		TRY(tool_recover_head(t));
	else if (t->stage == TOOL_RECOVER_APPS)
		TRY(tool_recover_apps(t, &is_over));
	else
		return tool_recover_wishes(t, ret_over);
	if (is_over) {
		t->stage++;
		t->after = t->of = 0;
	}
	return E_OK;
}
