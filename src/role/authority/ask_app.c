/*
 * Questions about applications: which there are, a code to enter one with, and what its token is
 * good for. Whatever is granted the dialers know before the cell does.
 */
#include "role/authority/cell.h"

#include "role/authority/canaries.h"
#include "role/authority/cell_table.h"
#include "role/authority/decide.h"
#include "role/authority/isolate.h"
#include "role/authority/reach.h"
#include "role/authority/room.h"
#include "role/authority/sign.h"

enum { ASK_APP_FRESH_S = 60, ASK_APP_PAGE = 100, ASK_APP_DENIED_MS = 1000 };

static void ask_app_tell(struct authority_cell *c, const struct session *s,
			 const struct image_app *app, bool is_granted)
{
	const struct tell t = {
		.action = is_granted ? "access.granted" : "access.denied",
		.result = is_granted ? "ok" : "refused",
		.object = app ? image_view(authority_image(c->a), app->name) : VIEW("-"),
		.actor = user_name(&s->user),
		.cell = c,
	};

	if (!is_granted && c->denied_ms > c->a->now_ms)
		return; /* a page asks many times: once a second is enough to know */
	if (!is_granted)
		c->denied_ms = c->a->now_ms + ASK_APP_DENIED_MS;
	tell_event(c->a, &t);
}

static uint8_t ask_app_reason(const struct decision *d)
{
	if (d->verdict == GATE_ISOLATED)
		return GATE_WHY_ISOLATED;
	return d->verdict == GATE_DENIED ? GATE_WHY_POLICY : GATE_WHY_NOTHING;
}

static void ask_app_answer_verdict(struct authority_cell *c, const struct question *q,
				   const struct decision *d)
{
	const struct authority_verdict r = {
		.verdict = d->verdict,
		.reason = ask_app_reason(d),
		.factors = d->factors,
		.position = d->position,
		.waiting = d->waiting,
	};
	uint8_t body[16];
	struct wbuf w = wbuf_of(body, sizeof body);

	if (authority_verdict_put(&w, &r) != E_OK)
		w.bad = true;
	cell_answer(c->a, q, AUTHORITY_VERDICT, &w);
}

static void ask_app_answer_no(struct authority_cell *c, const struct question *q,
			      const struct decision *d)
{
	const struct authority_grant r = {
		.verdict = d->verdict,
		.reason = ask_app_reason(d),
		.factors = d->factors,
	};
	uint8_t body[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(body, sizeof body);

	if (authority_grant_put(&w, &r) != E_OK)
		w.bad = true;
	cell_answer(c->a, q, AUTHORITY_GRANT, &w);
}

/* What the rules say, counted and told. E_SYS, E_LIMIT: nobody can tell. */
static enum err ask_app_decide(struct authority_cell *c, const struct session *s,
			       const struct image_app *app, bool is_entry, struct decision *d)
{
	struct authority *a = c->a;

	*d = (struct decision){ .verdict = GATE_DENIED };
	if (app)
		TRY(decide_here(c, s, app, d));
	if (d->verdict == GATE_OK && is_entry && !isolate_lets_enter(c, app))
		d->verdict = GATE_ISOLATED;
	if (d->verdict == GATE_STEP_UP)
		PAGE_ADD(a->gate->step_ups, 1);
	if (d->verdict == GATE_DENIED) {
		PAGE_ADD(a->gate->denials, 1);
		ask_app_tell(c, s, app, false);
	}
	return E_OK;
}

/* The session is good: may it open the application, and as whom? */
static void ask_app_grant(struct authority_cell *c, const struct question *q, struct session *s,
			  bool is_entry)
{
	struct authority *a = c->a;
	const struct image_app *app = decide_app_by_id(authority_image(a), s->app);
	struct authority_grant g = { .verdict = GATE_OK };
	struct decision d = { 0 };

	if (ask_app_decide(c, s, app, is_entry, &d) != E_OK) {
		cell_refuse(a, q, GATE_WHY_BUSY, 0);
		return;
	}
	if (d.verdict != GATE_OK) {
		ask_app_answer_no(c, q, &d);
		return;
	}
	if ((s->is_denied && session_set_denied(a, s->id, app->id, false) != E_OK) ||
	    reach_allow(a, c, app->id) != E_OK) {
		cell_refuse(a, q, GATE_WHY_BUSY, 0);
		return;
	}
	if (is_entry)
		ask_app_tell(c, s, app, true);
	PAGE_ADD(a->gate->grants, 1);
	g.flags = session_wants_rotation(a, s) ? GATE_WANTS_ROTATION : 0;
	g.factors = s->factors;
	g.number = s->id;
	g.slot = s->slot;
	g.generation = s->generation;
	g.until_s = s->until_s;
	g.fresh_s = authority_wall_s(a) + ASK_APP_FRESH_S;
	if (d.until_s && d.until_s < g.fresh_s)
		g.fresh_s = d.until_s;
	sign_grant(a, q, s, app, &g);
}

enum err ask_app_on_grant(void *role, struct frame *f)
{
	struct authority_cell *c = role;
	struct cell_token ask = { 0 };
	struct question q = { 0 };
	struct session s = { 0 };
	struct decision d = { .verdict = GATE_NONE };
	enum err e = E_OK;

	TRY(cell_token_get(f->body, &ask));
	TRY(cell_asks(c, f, &q));
	e = ask.app ? session_by_token(c->a, &ask.token, ask.app, &s) : E_CLOSED;
	if (e == E_CLOSED)
		canaries_look(c, &ask.token);
	if (e == E_SYS) {
		cell_refuse(c->a, &q, GATE_WHY_BUSY, 0);
		return E_OK;
	}
	if (e == E_OK)
		d.verdict = (uint8_t)session_show(c->a, c, &s);
	if (d.verdict == GATE_OK)
		ask_app_grant(c, &q, &s, false);
	else
		ask_app_answer_no(c, &q, &d);
	return E_OK;
}

/* from, next: a place in the image. */
enum err ask_app_on_apps(void *role, struct frame *f)
{
	struct authority_cell *c = role;
	const struct image *im = authority_image(c->a);
	struct cell_page ask = { 0 };
	struct question q = { 0 };
	struct session s = { 0 };
	struct authority_apps r = { 0 };
	uint8_t ids_at[ASK_APP_PAGE * 8], body[FRAME_BODY_MAX];
	struct wbuf ids = wbuf_of(ids_at, sizeof ids_at), w = wbuf_of(body, sizeof body);
	const struct decide_from from = { .ip = c->ip, .has_certificate = c->has_certificate };
	struct decide_facts facts;
	uint32_t i = 0;

	TRY(cell_page_get(f->body, &ask));
	TRY(cell_asks(c, f, &q));
	if (!cell_session(c, &q, &ask.token, 0, &s))
		return E_OK;
	if (decide_facts(c->a, &s, &from, &facts) != E_OK) {
		cell_refuse(c->a, &q, GATE_WHY_BUSY, 0);
		return E_OK;
	}
	for (i = ask.from; i < image_count(im, IMAGE_APP) && wbuf_room(&ids) >= 8; i++) {
		const struct image_app *app = image_app_at(im, i);

		if (decide(c->a, app, &facts).verdict != GATE_DENIED)
			wbuf_u64(&ids, app->id);
	}
	r.next = i < image_count(im, IMAGE_APP) ? i : 0;
	r.ids = wbuf_view(&ids);
	if (authority_apps_put(&w, &r) != E_OK)
		w.bad = true;
	cell_answer(c->a, &q, AUTHORITY_APPS, &w);
	return E_OK;
}

/* ---- codes: from the portal's host to the application's ---- */

static struct ticket *ask_app_take_ticket(struct authority *a, uint32_t session)
{
	struct ticket *oldest = NULL, *own = NULL, *free = NULL;
	unsigned n = 0;

	for (unsigned i = 0; i < AUTHORITY_TICKETS; i++) {
		struct ticket *t = &a->tickets[i];

		if (!t->until_ms || t->until_ms <= a->now_ms) {
			free = t;
			continue;
		}
		if (!oldest || t->until_ms < oldest->until_ms)
			oldest = t;
		if (t->session != session)
			continue;
		n++;
		if (!own || t->until_ms < own->until_ms)
			own = t;
	}
	if (n >= AUTHORITY_TICKETS_PER_SESSION)
		return own;
	return free ? free : oldest;
}

/* A place in the waiting room is asked for where the code to enter with is made: nobody has a code
 * without one. */
static void ask_app_wait(struct authority_cell *c, const struct session *s, uint64_t app,
			 struct decision *d)
{
	const struct image_app *of = decide_app_by_id(authority_image(c->a), app);
	struct room_answer room = { 0 };

	if (d->verdict != GATE_OK || !of || room_enter(c->a, s->user.id, of, &room))
		return;
	*d = (struct decision){ .verdict = GATE_WAIT,
				.position = room.position,
				.waiting = room.waiting };
}

enum err ask_app_on_ticket(void *role, struct frame *f)
{
	struct authority_cell *c = role;
	struct cell_ticket ask = { 0 };
	struct question q = { 0 };
	struct session s = { 0 };
	struct decision d = { .verdict = GATE_NONE };
	enum err e = E_OK;

	TRY(cell_ticket_get(f->body, &ask));
	TRY(cell_asks(c, f, &q));
	e = session_by_token(c->a, &ask.token, 0, &s);
	if (e == E_OK)
		d.verdict = (uint8_t)session_show(c->a, c, &s);
	if (d.verdict == GATE_OK)
		e = ask_app_decide(c, &s, decide_app_by_id(authority_image(c->a), ask.app), true,
				   &d);
	if ((e != E_OK && e != E_CLOSED) || hash32_is_zero(&ask.code) ||
	    hash32_is_zero(&ask.nonce)) {
		cell_refuse(c->a, &q, GATE_WHY_BUSY, 0);
		return E_OK;
	}
	if (e == E_OK)
		ask_app_wait(c, &s, ask.app, &d);
	if (d.verdict == GATE_OK)
		*ask_app_take_ticket(c->a, s.id) = (struct ticket){
			.code = ask.code,
			.nonce = ask.nonce,
			.app = ask.app,
			.until_ms = c->a->now_ms + AUTHORITY_TICKET_MS,
			.session = s.id,
		};
	ask_app_answer_verdict(c, &q, &d);
	return E_OK;
}

/* The session that a code stands for; the code is good once, right or wrong. */
static enum err ask_app_redeem(struct authority *a, const struct cell_enter *ask,
			       struct session *ret)
{
	for (unsigned i = 0; i < AUTHORITY_TICKETS; i++) {
		struct ticket t = a->tickets[i];

		if (t.until_ms <= a->now_ms || !hash32_eq(&t.code, &ask->code))
			continue;
		a->tickets[i] = (struct ticket){ 0 };
		if (t.app != ask->app || !hash32_eq(&t.nonce, &ask->nonce))
			return E_CLOSED;
		return session_by_id(a, t.session, ret);
	}
	return E_CLOSED;
}

static void ask_app_let_in(struct authority_cell *c, const struct question *q, struct session *s,
			   uint64_t app)
{
	room_entered(c->a, s->user.id, app);
	ask_app_grant(c, q, s, true);
}

enum err ask_app_on_enter(void *role, struct frame *f)
{
	struct authority_cell *c = role;
	struct cell_enter ask = { 0 };
	struct question q = { 0 };
	struct session s = { 0 };
	struct decision d = { .verdict = GATE_NONE };
	enum err e = E_OK;

	TRY(cell_enter_get(f->body, &ask));
	TRY(cell_asks(c, f, &q));
	e = ask_app_redeem(c->a, &ask, &s);
	if (e == E_OK) {
		s.app = ask.app;
		s.token = ask.token;
		s.token_state = TOKEN_CURRENT;
		s.token_made_s = authority_wall_s(c->a);
		d.verdict = (uint8_t)session_show(c->a, c, &s);
	}
	if (d.verdict == GATE_OK &&
	    (hash32_is_zero(&ask.token) || !tell_room(c->a) || !cell_may_write(c) ||
	     session_enter(c->a, &s, ask.app, &ask.token) != E_OK))
		e = E_SYS;
	if (e == E_SYS)
		cell_refuse(c->a, &q, GATE_WHY_BUSY, 0);
	else if (d.verdict == GATE_OK)
		ask_app_let_in(c, &q, &s, ask.app);
	else
		ask_app_answer_no(c, &q, &d);
	return E_OK;
}

enum err ask_app_on_keys(void *role, struct frame *f)
{
	struct authority_cell *c = role;
	struct authority *a = c->a;
	const struct authority_keys r = { .json = view_of(a->keys, a->keys_n) };
	struct question q = { 0 };
	uint8_t body[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(body, sizeof body);

	TRY(cell_asks(c, f, &q));
	if (!a->keys_n || authority_keys_put(&w, &r) != E_OK)
		cell_refuse(a, &q, GATE_WHY_BUSY, 0);
	else
		cell_answer(a, &q, AUTHORITY_KEYS, &w);
	return E_OK;
}
