/*
 * Grants are kept for as long as the authority says, under the gate page: a session that has ended
 * lets nothing through from the next request on (promises P6, P7).
 */
#include "role/cell/gate_app.h"

#include "role/cell/gate_facts.h"
#include "role/cell/gate_say.h"
#include "role/edge/client.h"
#include "role/edge/level.h"
#include "sys/clock.h"
#include "sys/secret.h"

enum gate_app_step { APP_STEP_ROTATED = 1 };

static uint64_t app_now_s(void)
{
	return (uint64_t)clock_wall_us() / 1000000;
}

static struct porter_grant *app_find(struct porter *p, uint64_t app, const struct token *t)
{
	for (unsigned i = 0; i < PORTER_GRANTS; i++) {
		struct porter_grant *g = &p->grants[i];

		if (g->state != PORTER_GRANT_FREE && g->app == app &&
		    hash32_eq(&g->token, &t->hash))
			return g;
	}
	return NULL;
}

/* A place for another one: a free one, or the one that was used longest ago. NULL: all are being
 * asked for */
static struct porter_grant *app_place(struct porter *p)
{
	struct porter_grant *oldest = NULL;

	for (unsigned i = 0; i < PORTER_GRANTS; i++) {
		struct porter_grant *g = &p->grants[i];

		if (g->state == PORTER_GRANT_FREE)
			return g;
		if (g->state == PORTER_GRANT_HERE && (!oldest || g->used_ms < oldest->used_ms))
			oldest = g;
	}
	return oldest;
}

static void app_forget(struct porter_grant *g)
{
	secret_wipe(g, sizeof *g);
}

/* ---- refusing ---- */

static void app_to_portal(struct gate_state *j)
{
	struct view path = porter_span(j, j->x->path_at), query = porter_query(j);
	uint8_t room[PORTER_BACK_MAX];
	struct wbuf back = wbuf_of(room, sizeof room);
	struct token_fresh nonce = { 0 };

	if (token_make(&nonce) != E_OK) {
		gate_say_error(j, 503, "no memory for a nonce");
		return;
	}
	wbuf_view_put(&back, path);
	if (query.n) {
		WBUF_LIT(&back, "?");
		wbuf_view_put(&back, query);
	}
	if (wbuf_check(&back) != E_OK || !gate_facts_back(wbuf_view(&back)))
		back.n = 0;
	gate_say_enter(j, &nonce, wbuf_view(&back));
	secret_wipe(&nonce, sizeof nonce);
}

static void app_refuse(struct gate_state *j, uint8_t verdict)
{
	if (verdict == GATE_ENDED || porter_has_ended(j->porter))
		gate_say_last(j);
	if (verdict == GATE_ISOLATED)
		gate_say_isolated(j);
	else if (verdict == GATE_OTHER)
		gate_say_other(j);
	else if (verdict == GATE_DENIED)
		gate_say_denied(j);
	else if (j->facts.is_navigation)
		app_to_portal(j);
	else
		gate_say_problem(j, 401);
}

/* ---- going on ---- */

/* What the application is told of who asks: written here alone, its other spellings are gone. */
static enum err app_put_identity(struct gate_state *j, const struct porter_grant *g)
{
	struct wbuf w = wbuf_of(j->porter->lines, sizeof j->porter->lines),
		    user = wbuf_of(j->known.user, sizeof j->known.user);

	wbuf_put(&user, g->user, g->user_n);
	j->known.user_n = (uint8_t)user.n;
	j->known.hold.number = g->hold.number;
	if (j->app->header.n) {
		wbuf_view_put(&w, image_view(&j->x->g->image, j->app->header));
		WBUF_LIT(&w, ": ");
		wbuf_put(&w, g->user, g->user_n);
		WBUF_LIT(&w, "\r\n");
	}
	if (j->app->wants_jwt) {
		WBUF_LIT(&w, "X-Sluis-Assertion: ");
		wbuf_put(&w, g->jwt, g->jwt_n);
		WBUF_LIT(&w, "\r\n");
	}
	TRY(wbuf_check(&w));
	return gate_insert(j->x, wbuf_view(&w));
}

static void app_pass(struct gate_state *j, const struct porter_grant *g)
{
	struct exchange *x = j->x;

	if (app_put_identity(j, g) != E_OK) {
		gate_say_error(j, 431, "the head is too long with the identity in it");
		return;
	}
	j->hold = g->hold;
	j->levels = level_of_app(j->porter->edge, x);
	j->is_passed = true;
	x->request.drops_trailers = true; /* some servers read them as fields (THREATS A5) */
	gate_pass(j->porter->edge, x);
}

/* The authority wants the token changed. Not with an upgrade, whose answer has no place for it. */
static bool app_rotate(struct gate_state *j, struct porter_grant *g)
{
	struct cell_rotate question = { .app = g->app, .old = g->token };
	uint8_t room[128];
	struct wbuf w = wbuf_of(room, sizeof room);

	if (!(g->flags & GATE_WANTS_ROTATION) || j->x->flags & X_WEBSOCKET ||
	    token_make(&j->fresh) != E_OK)
		return false;
	g->flags &= (uint8_t)~GATE_WANTS_ROTATION; /* the others go on with the old one */
	question.fresh = j->fresh.token.hash;
	j->waits = g;
	return cell_rotate_put(&w, &question) == E_OK &&
	       porter_try(j, CELL_ROTATE, &w, APP_STEP_ROTATED);
}

static void app_go(struct gate_state *j, struct porter_grant *g)
{
	g->used_ms = j->porter->edge->loop.now_ms;
	if (!app_rotate(j, g))
		app_pass(j, g);
}

void gate_app_answered(struct gate_state *j, const struct ask_answer *a)
{
	struct porter_grant *g = j->waits;

	j->waits = NULL;
	j->sets_session = a->type == AUTHORITY_DONE;
	if (!j->sets_session)
		secret_wipe(j->fresh.text, sizeof j->fresh.text);
	if (app_find(j->porter, j->app_id, &j->at_app) == g && g->state == PORTER_GRANT_HERE &&
	    porter_is_live(j->porter, &g->hold))
		app_pass(j, g);
	else
		app_refuse(j, GATE_ENDED);
}

/* ---- asking ---- */

static void app_ask(struct gate_state *j, struct porter_grant *g)
{
	struct porter *p = j->porter;

	if (!g) {
		g = app_place(p);
		if (!g) {
			gate_say_error(j, 503, "too many grants are being asked for");
			return;
		}
		app_forget(g);
		g->app = j->app_id;
		g->token = j->at_app.hash;
	}
	if (g->state != PORTER_GRANT_ASKED && !porter_ask_grant(p, g)) {
		app_forget(g);
		gate_say_error(j, 503, "the authority can't be asked now");
		return;
	}
	g->state = PORTER_GRANT_ASKED;
	j->waits = g;
	gate_wait(p->edge, j->x, ask_wait_ms(CELL_GRANT));
}

static bool app_is_foreign_socket(const struct gate_state *j)
{
	return j->x->flags & X_WEBSOCKET && j->facts.is_other_origin;
}

void gate_app_act(struct gate_state *j)
{
	struct porter_grant *g = NULL;

	if (app_is_foreign_socket(j)) {
		gate_say_error(j, 403, "a WebSocket that a page of another origin asks for");
		return;
	}
	if (!j->at_app.is_there) {
		app_refuse(j, GATE_NONE);
		return;
	}
	g = app_find(j->porter, j->app_id, &j->at_app);
	if (g && g->state == PORTER_GRANT_HERE && porter_is_live(j->porter, &g->hold) &&
	    app_now_s() < g->fresh_s)
		app_go(j, g);
	else
		app_ask(j, g);
}

/* ---- answers ---- */

static bool app_is_text(struct view v)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] <= ' ' || v.p[i] >= 0x7f)
			return false;
	return v.n > 0;
}

enum err gate_app_hold(struct porter *p, const struct authority_grant *grant,
		       struct porter_hold *ret)
{
	struct porter_hold h = { .slot = grant->slot,
				 .number = grant->number,
				 .generation = grant->generation,
				 .until_s = grant->until_s };

	if (grant->verdict != GATE_OK || !app_is_text(grant->user) ||
	    (grant->assertion.n && !app_is_text(grant->assertion)) || !porter_is_live(p, &h))
		return E_DENIED;
	*ret = p->own = h;
	return E_OK;
}

/* GATE_OK, and g is filled; or why not. */
static uint8_t app_keep(struct porter *p, struct porter_grant *g, const struct ask_answer *a)
{
	struct authority_grant grant = { 0 };
	struct wbuf user = wbuf_of(g->user, sizeof g->user), jwt = wbuf_of(g->jwt, sizeof g->jwt);

	if (a->type != AUTHORITY_GRANT)
		return 0;
	if (authority_grant_get(a->body, &grant) != E_OK)
		return 0;
	if (grant.verdict != GATE_OK)
		return grant.verdict;
	if (gate_app_hold(p, &grant, &g->hold) != E_OK)
		return GATE_ENDED;
	wbuf_view_put(&user, grant.user);
	wbuf_view_put(&jwt, grant.assertion);
	g->user_n = (uint8_t)user.n;
	g->jwt_n = (uint16_t)jwt.n;
	g->flags = grant.flags;
	g->fresh_s = grant.fresh_s;
	g->state = PORTER_GRANT_HERE;
	return GATE_OK;
}

static void app_tell(struct gate_state *j, struct porter_grant *g, uint8_t verdict)
{
	j->waits = NULL;
	if (verdict == GATE_OK && j->app->wants_jwt && !g->jwt_n)
		verdict = 0; /* never without what the application checks */
	if (verdict == GATE_OK)
		app_go(j, g);
	else if (verdict == 0)
		gate_say_error(j, 503, "the authority has no answer");
	else
		app_refuse(j, verdict);
}

void gate_app_granted(struct porter *p, struct porter_grant *g, const struct ask_answer *a)
{
	uint8_t verdict = app_keep(p, g, a);

	for (uint32_t i = 0; i < p->job_high; i++) {
		struct gate_state *j = &p->jobs[i];
		struct client *c = j->x ? j->x->c : NULL;

		if (!j->x || j->waits != g || j->step == APP_STEP_ROTATED)
			continue;
		app_tell(j, g, verdict);
		client_run_later(p->edge, c);
	}
	if (verdict != GATE_OK)
		app_forget(g);
}
