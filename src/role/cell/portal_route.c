/* A table of paths, a table of steps, and what stands in front of both. */
#include "role/cell/portal_route.h"

#include "base/ct.h"
#include "role/cell/gate_app.h"
#include "role/cell/gate_facts.h"
#include "role/cell/gate_say.h"
#include "role/cell/portal_steps.h"
#include "role/cell/portal_view.h"
#include "role/edge/conn.h"
#include "sys/secret.h"

enum route_flag {
	ROUTE_POST = 1,	   /* a form; others are read: GET and HEAD */
	ROUTE_PREFIX = 2,  /* of the path */
	ROUTE_SESSION = 4, /* for who is logged in */
	ROUTE_ENROL = 8,   /* ... and for an invited person too */
	ROUTE_ASKS = 16,   /* whether somebody is logged in makes a difference */
	ROUTE_BACK = 32	   /* a page that the language switch may come back to */
};

struct portal_route {
	struct view path;
	unsigned flags; /* enum route_flag */
	portal_go *go;
};

static const struct portal_route routes[] = {
	{ VIEW_INIT("/"), ROUTE_SESSION | ROUTE_BACK, portal_home_go },
	{ VIEW_INIT("/login"), ROUTE_ASKS | ROUTE_BACK, portal_login_go },
	{ VIEW_INIT("/login"), ROUTE_POST, portal_login_password_go },
	{ VIEW_INIT("/login/code"), ROUTE_POST, portal_login_code_go },
	{ VIEW_INIT("/login/passkey"), ROUTE_POST, portal_login_passkey_go },
	{ VIEW_INIT("/logout"), ROUTE_POST, portal_home_logout_go },
	{ VIEW_INIT("/enter"), 0, portal_home_enter_go },
	{ VIEW_INIT("/denied"), ROUTE_SESSION | ROUTE_BACK, portal_home_denied_go },
	{ VIEW_INIT("/factors"), ROUTE_SESSION | ROUTE_ENROL | ROUTE_BACK, portal_factors_go },
	{ VIEW_INIT("/factors/password"), ROUTE_SESSION | ROUTE_ENROL | ROUTE_BACK,
	  portal_factors_password_form_go },
	{ VIEW_INIT("/factors/password"), ROUTE_POST | ROUTE_SESSION | ROUTE_ENROL,
	  portal_factors_password_go },
	{ VIEW_INIT("/factors/totp"), ROUTE_POST | ROUTE_SESSION | ROUTE_ENROL,
	  portal_factors_totp_go },
	{ VIEW_INIT("/factors/totp/confirm"), ROUTE_POST | ROUTE_SESSION | ROUTE_ENROL,
	  portal_factors_totp_end_go },
	{ VIEW_INIT("/factors/passkey"), ROUTE_POST | ROUTE_SESSION | ROUTE_ENROL,
	  portal_factors_passkey_go },
	{ VIEW_INIT("/factors/passkey/confirm"), ROUTE_POST | ROUTE_SESSION | ROUTE_ENROL,
	  portal_factors_passkey_end_go },
	{ VIEW_INIT("/factors/remove"), ROUTE_POST | ROUTE_SESSION | ROUTE_ENROL,
	  portal_factors_remove_go },
	{ VIEW_INIT("/factors/recovery"), ROUTE_POST | ROUTE_SESSION | ROUTE_ENROL,
	  portal_factors_recovery_go },
	{ VIEW_INIT("/sessions"), ROUTE_SESSION | ROUTE_BACK, portal_sessions_go },
	{ VIEW_INIT("/sessions/end"), ROUTE_POST | ROUTE_SESSION, portal_sessions_end_go },
	{ VIEW_INIT("/invite/"), ROUTE_PREFIX | ROUTE_BACK, portal_home_invite_go },
	{ VIEW_INIT("/invite"), ROUTE_POST, portal_home_invited_go },
	{ VIEW_INIT("/language"), ROUTE_POST, portal_home_language_go },
	{ VIEW_INIT("/assets/"), ROUTE_PREFIX, portal_home_asset_go },
};

static portal_end route_session, route_rotated;

static portal_end *const route_ends[PORTAL_STEPS] = {
	[PORTAL_STEP_SESSION] = route_session,
	[PORTAL_STEP_ROTATED] = route_rotated,
	[PORTAL_STEP_LOGIN_BEGUN] = portal_login_begun,
	[PORTAL_STEP_LOGIN_CHALLENGE] = portal_login_challenge,
	[PORTAL_STEP_LOGIN_SHOWN] = portal_login_shown,
	[PORTAL_STEP_LOGIN_ENDED] = portal_login_ended,
	[PORTAL_STEP_HOME] = portal_home_apps,
	[PORTAL_STEP_TICKET] = portal_home_ticket,
	[PORTAL_STEP_LOGOUT] = portal_home_left,
	[PORTAL_STEP_SESSIONS] = portal_sessions_list,
	[PORTAL_STEP_SESSION_END] = portal_sessions_ended,
	[PORTAL_STEP_INVITE_LOOK] = portal_home_invite_look,
	[PORTAL_STEP_INVITED] = portal_home_invited,
	[PORTAL_STEP_LOCALE] = portal_home_locale,
	[PORTAL_STEP_FACTORS] = portal_factors_list,
	[PORTAL_STEP_PASSWORD_FORM] = portal_factors_password_form,
	[PORTAL_STEP_PASSWORD_SET] = portal_factors_password_set,
	[PORTAL_STEP_TOTP] = portal_factors_totp,
	[PORTAL_STEP_TOTP_END] = portal_factors_totp_ended,
	[PORTAL_STEP_PASSKEY] = portal_factors_passkey,
	[PORTAL_STEP_PASSKEY_END] = portal_factors_passkey_ended,
	[PORTAL_STEP_REMOVED] = portal_factors_removed,
	[PORTAL_STEP_CODES] = portal_factors_codes,
};

/* ---- finding ---- */

static bool route_takes(const struct portal_route *r, struct view path)
{
	return r->flags & ROUTE_PREFIX ? view_starts(path, r->path) : view_eq(path, r->path);
}

static bool route_is_method(const struct portal_route *r, uint8_t method)
{
	bool is_read = method == METHOD_GET || method == METHOD_HEAD;

	return r->flags & ROUTE_POST ? method == METHOD_POST : is_read;
}

static const struct portal_route *route_of(struct view path, uint8_t method, unsigned *ret_allow)
{
	const struct portal_route *found = NULL;

	*ret_allow = 0;
	for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
		if (!route_takes(&routes[i], path))
			continue;
		*ret_allow |= routes[i].flags & ROUTE_POST ? 2 : 1;
		if (route_is_method(&routes[i], method))
			found = &routes[i];
	}
	return found;
}

bool portal_route_is_page(struct view path)
{
	unsigned allow = 0;
	const struct portal_route *r = route_of(path, METHOD_GET, &allow);

	return r && r->flags & ROUTE_BACK;
}

struct view portal_route_field(const struct gate_state *j, struct view name)
{
	return j->form ? form_get(&j->form->form, name) : (struct view){ 0 };
}

struct view portal_route_param(const struct gate_state *j, struct view name)
{
	return j->form ? portal_route_field(j, name) : gate_facts_param(porter_query(j), name);
}

void portal_route_ask_number(struct gate_state *j, uint8_t type, uint8_t step, const char *why)
{
	struct cell_number question = { .token = j->session.hash };
	uint8_t room[64];
	struct wbuf w = wbuf_of(room, sizeof room);
	uint64_t number = 0;

	if (view_dec(portal_route_field(j, VIEW("number")), &number) != E_OK ||
	    number > UINT32_MAX) {
		portal_view_error(j, 400, why);
		return;
	}
	question.number = (uint32_t)number;
	(void)cell_number_put(&w, &question);
	(void)porter_ask(j, type, &w, step);
}

/* ---- who ---- */

/* What a log-in is for; what makes no sense is not there. */
static void route_purpose(struct gate_state *j)
{
	j->wanted = porter_app(j, portal_route_param(j, VIEW("app")));
	j->has_asked_nonce =
		token_hash_read(portal_route_param(j, VIEW("nonce")), &j->asked_nonce) == E_OK;
	j->is_step_up = view_eq(portal_route_param(j, VIEW("step")), VIEW("1"));
}

static void route_begin(struct gate_state *j)
{
	struct cell_token question = { .token = j->session.hash };
	uint8_t room[64];
	struct wbuf w = wbuf_of(room, sizeof room);

	route_purpose(j);
	if (!(j->route->flags & (ROUTE_SESSION | ROUTE_ASKS)) ||
	    (!j->session.is_there && j->route->flags & ROUTE_ASKS)) {
		j->route->go(j);
	} else if (!j->session.is_there) {
		portal_view_to_login(j, false);
	} else {
		(void)cell_token_put(&w, &question);
		(void)porter_ask(j, CELL_SESSION, &w, PORTAL_STEP_SESSION);
	}
}

/* E_DENIED: it makes no sense, or is over already (THREATS A20) */
static enum err route_know(struct gate_state *j, const struct authority_session *s)
{
	struct porter_session *k = &j->known;
	struct wbuf user = wbuf_of(k->user, sizeof k->user),
		    title = wbuf_of(k->title, sizeof k->title);

	k->hold = (struct porter_hold){ .slot = s->slot,
					.number = s->number,
					.generation = s->generation,
					.until_s = s->until_s };
	if (!porter_is_live(j->porter, &k->hold))
		return E_DENIED;
	j->porter->own = k->hold;
	wbuf_view_put(&user, s->user);
	wbuf_view_put(&title, s->title);
	k->user_n = (uint8_t)user.n;
	k->title_n = (uint8_t)title.n;
	k->factors = s->factors;
	k->flags = s->flags;
	if (s->verdict == GATE_ENROL)
		k->flags |= GATE_IS_ENROLLING;
	if (s->locale.n)
		j->facts.language = portal_language((struct view){ 0 }, s->locale);
	j->is_known = true;
	return E_OK;
}

/* With the pages that are read: what a form leads to is another one of those. */
static bool route_rotate(struct gate_state *j)
{
	struct cell_rotate question = { .old = j->session.hash };
	uint8_t room[128];
	struct wbuf w = wbuf_of(room, sizeof room);

	if (!(j->known.flags & GATE_WANTS_ROTATION) || j->route->flags & ROUTE_POST ||
	    token_make(&j->fresh) != E_OK)
		return false;
	question.fresh = j->fresh.token.hash;
	(void)cell_rotate_put(&w, &question);
	return porter_try(j, CELL_ROTATE, &w, PORTAL_STEP_ROTATED);
}

static void route_rotated(struct gate_state *j, const struct ask_answer *a)
{
	j->sets_session = a->type == AUTHORITY_DONE;
	j->route->go(j);
}

static void route_known(struct gate_state *j)
{
	bool is_for_all = j->route->flags & (ROUTE_ENROL | ROUTE_ASKS);

	if (j->known.flags & GATE_IS_ENROLLING && !is_for_all)
		portal_view_go(j, VIEW("/factors"));
	else if (!route_rotate(j))
		j->route->go(j);
}

/* Not logged in, or not enough. */
static void route_unknown(struct gate_state *j, uint8_t verdict)
{
	bool wants_more = verdict == GATE_MISMATCH || verdict == GATE_STEP_UP;

	j->drops_session = !wants_more;
	if (verdict == GATE_ENDED || porter_has_ended(j->porter))
		gate_say_last(j);
	if (verdict == GATE_OTHER)
		gate_say_other(j);
	else if (verdict == GATE_DENIED)
		portal_view_error(j, 403, "the user may not log in");
	else if (j->route->flags & ROUTE_ASKS)
		j->route->go(j);
	else
		portal_view_to_login(j, wants_more);
}

static void route_session(struct gate_state *j, const struct ask_answer *a)
{
	struct authority_session s = { 0 };

	if (a->type != AUTHORITY_SESSION) {
		portal_view_refused(j, a);
		return;
	}
	if (authority_session_get(a->body, &s) != E_OK) {
		portal_view_error(j, 503, "the authority's answer makes no sense");
		return;
	}
	if (s.verdict != GATE_OK && s.verdict != GATE_ENROL)
		route_unknown(j, s.verdict);
	else if (route_know(j, &s) == E_OK)
		route_known(j);
	else
		route_unknown(j, GATE_ENDED);
}

/* ---- forms ---- */

static struct porter_form *route_form(struct porter *p)
{
	for (unsigned i = 0; i < PORTER_FORMS; i++) {
		struct porter_form *f = &p->forms[i];

		if (f->is_used)
			continue;
		f->is_used = true;
		f->form = (struct form){ 0 };
		f->w = wbuf_of(f->bytes, sizeof f->bytes);
		return f;
	}
	return NULL;
}

/* Field t is bound to a token that only this browser has: a page of another site can't know it. */
static bool route_is_ours(const struct gate_state *j)
{
	struct view given = portal_route_field(j, VIEW("t"));
	const struct token *tokens[] = { &j->session, &j->login };

	for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
		uint8_t text[TOKEN_TEXT];
		struct wbuf w = wbuf_of(text, sizeof text);

		if (!tokens[i]->is_there)
			continue;
		token_put(&w, &tokens[i]->form);
		if (ct_equal(given, wbuf_view(&w)))
			return true;
	}
	return false;
}

static void route_posted(struct gate_state *j)
{
	struct porter_form *f = j->form;

	if (form_parse(f->bytes, f->w.n, &f->form) != E_OK) {
		portal_view_error(j, 400, "the form is not valid");
	} else if (!route_is_ours(j)) {
		j->reason = GATE_WHY_EXPIRED;
		portal_view_error(j, 403, "the form is not of this session");
	} else {
		route_begin(j);
	}
}

void portal_route_read(struct gate_state *j)
{
	struct edge *e = j->porter->edge;
	enum err got = E_OK;

	if (j->x->request.is_done && j->step != PORTAL_STEP_NONE)
		return; /* it waits for the authority */
	got = gate_body(e, j->x, &j->form->w);
	if (got == E_OK)
		route_posted(j);
	else if (got == E_AGAIN)
		gate_wait(e, j->x, j->x->listener->request_body_idle_ms);
	else if (got == E_LIMIT)
		portal_view_error(j, 413, "the form is too large");
	else if (got == E_CLOSED)
		gate_cut(e, j->x);
	else
		portal_view_error(j, 400, "the form did not come whole");
}

static void route_post(struct gate_state *j)
{
	struct edge *e = j->porter->edge;

	if (!j->facts.is_same_origin) {
		portal_view_error(j, 403, "a form that no page of the portal has posted");
		return;
	}
	if (!j->facts.is_form) {
		portal_view_error(j, 415, "content that is no form");
		return;
	}
	j->form = route_form(j->porter);
	if (!j->form) {
		portal_view_error(j, 503, "too many forms at one time");
		return;
	}
	if (j->facts.wants_continue && !j->x->request.is_done)
		(void)conn_send(e, &j->x->c->conn, VIEW("HTTP/1.1 100 Continue\r\n\r\n"));
	portal_route_read(j);
}

/* ---- from outside ---- */

void portal_route_act(struct gate_state *j)
{
	static const struct view allowed[] = { VIEW_INIT(""), VIEW_INIT("GET, HEAD"),
					       VIEW_INIT("POST"), VIEW_INIT("GET, HEAD, POST") };
	unsigned allow = 0;

	j->route = route_of(porter_span(j, j->x->path_at), j->x->method, &allow);
	if (!j->route && allow)
		gate_say_method(j, allowed[allow]);
	else if (!j->route)
		portal_view_error(j, 404, "there is no such page of the portal");
	else if (j->route->flags & ROUTE_POST)
		route_post(j);
	else
		route_begin(j);
}

void portal_route_answered(struct gate_state *j, const struct ask_answer *a)
{
	uint8_t step = j->step;

	INVARIANT(step < PORTAL_STEPS && route_ends[step]);
	route_ends[step](j, a);
}
