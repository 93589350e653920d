/*
 * Log-in. The state lives with the authority, under the hash of a cookie of its own (JAR_LOGIN)
 * that ends with the log-in; the session gets another token (no fixation: THREATS A15). What was
 * wrong is never said, and looks the same for accounts that don't exist.
 */
#include "base/base64url.h"
#include "role/cell/gate_say.h"
#include "role/cell/portal_route.h"
#include "role/cell/portal_steps.h"
#include "role/cell/portal_view.h"
#include "sys/secret.h"

static const struct token *login_token(const struct gate_state *j)
{
	return j->sets_login ? &j->fresh_login.token : &j->login;
}

/* ---- beginning ---- */

static void login_ask(struct gate_state *j)
{
	struct cell_login question = { .transaction = login_token(j)->hash,
				       .app = j->wanted ? j->wanted->id : 0 };
	uint8_t room[128];
	struct wbuf w = wbuf_of(room, sizeof room);

	if (j->is_step_up && j->session.is_there)
		question.session = j->session.hash;
	(void)cell_login_put(&w, &question);
	(void)porter_ask(j, CELL_LOGIN, &w, PORTAL_STEP_LOGIN_BEGUN);
}

/* With a token that nothing is known of yet. */
static void login_renew(struct gate_state *j)
{
	if (j->was_renewed || token_make(&j->fresh_login) != E_OK) {
		portal_view_error(j, 503, "a log-in can't be begun");
		return;
	}
	j->was_renewed = j->sets_login = true;
	login_ask(j);
}

/* The way on for who has a session: to the application, to what a step-up was for, home. */
static void login_onward(struct gate_state *j)
{
	uint8_t room[512];
	struct wbuf w = wbuf_of(room, sizeof room);
	struct portal_view v = { 0 };

	if (j->known.flags & GATE_IS_ENROLLING) {
		portal_view_go(j, VIEW("/factors"));
		return;
	}
	if (!j->wanted) {
		portal_view_go(j, j->is_step_up ? VIEW("/factors") : VIEW("/"));
		return;
	}
	portal_view_put_enter(j, &w);
	if (!j->form) {
		portal_view_go(j, wbuf_view(&w));
		return;
	}
	/* a form's answer may not lead to another host by a redirect: form-action 'self' */
	portal_view_of(j, &v);
	v.m.onward = wbuf_view(&w);
	portal_view_page(j, PORTAL_ONWARD, &v, 200);
}

void portal_login_go(struct gate_state *j)
{
	if (j->is_known && !j->is_step_up)
		login_onward(j);
	else if (j->login.is_there)
		login_ask(j);
	else
		login_renew(j);
}

/* ---- the page ---- */

static uint16_t login_status(const struct gate_state *j)
{
	if (j->reason == GATE_WHY_WAIT)
		return 429;
	return j->reason == GATE_WHY_NOTHING ? 200 : 403;
}

static void login_page(struct gate_state *j, const struct authority_challenge *c)
{
	struct portal_view v = { 0 };

	portal_view_of(j, &v);
	if (c) {
		v.m.challenge.challenge = view_of(c->challenge.b, sizeof c->challenge.b);
		v.m.challenge.rp_id = image_view(&j->x->g->image, porter_gateway(j)->host);
		v.m.challenge.known = c->known;
	}
	portal_view_page(j, PORTAL_LOGIN, &v, login_status(j));
}

static void login_offer(struct gate_state *j, uint8_t offers)
{
	struct cell_transaction question = { .transaction = login_token(j)->hash };
	uint8_t room[64];
	struct wbuf w = wbuf_of(room, sizeof room);

	j->offers = offers;
	if (!(offers & GATE_PASSKEY)) {
		login_page(j, NULL);
		return;
	}
	(void)cell_transaction_put(&w, &question);
	(void)porter_ask(j, CELL_PASSKEY_ASK, &w, PORTAL_STEP_LOGIN_CHALLENGE);
}

void portal_login_challenge(struct gate_state *j, const struct ask_answer *a)
{
	struct authority_challenge c = { 0 };

	if (a->type == AUTHORITY_CHALLENGE && authority_challenge_get(a->body, &c) == E_OK) {
		login_page(j, &c);
	} else {
		j->offers &= (uint8_t)~GATE_PASSKEY;
		login_page(j, NULL);
	}
}

static bool login_read(struct gate_state *j, const struct ask_answer *a,
		       struct authority_login *ret)
{
	if (a->type != AUTHORITY_LOGIN) {
		portal_view_refused(j, a);
		return false;
	}
	if (authority_login_get(a->body, ret) != E_OK) {
		portal_view_error(j, 503, "the authority's answer makes no sense");
		return false;
	}
	return true;
}

static void login_code_page(struct gate_state *j)
{
	struct portal_view v = { 0 };

	portal_view_of(j, &v);
	portal_view_page(j, PORTAL_CODE, &v, login_status(j));
}

void portal_login_begun(struct gate_state *j, const struct ask_answer *a)
{
	struct authority_login l = { 0 };

	if (!login_read(j, a, &l))
		return;
	/* this page is where a log-in begins: one that has gone further, or wrong, is left behind
	 */
	if (l.state == LOGIN_FIRST) {
		if (l.reason == GATE_WHY_WAIT) {
			j->reason = l.reason;
			j->wait_s = l.wait_s;
		}
		login_offer(j, l.offers);
	} else if (l.state == LOGIN_CODE && j->is_step_up) {
		j->offers = l.offers;
		login_code_page(j); /* who it is, is known: the code is all that is missing */
	} else {
		login_renew(j);
	}
}

/* ---- what is shown ---- */

/* False: there is no log-in any more, and a new one has begun. */
static bool login_is_under_way(struct gate_state *j)
{
	if (j->login.is_there)
		return true;
	j->reason = GATE_WHY_EXPIRED;
	login_renew(j);
	return false;
}

static void login_ask_secret(struct gate_state *j, uint8_t type, struct wbuf *w, enum err made)
{
	if (made != E_OK) {
		j->reason = GATE_WHY_WRONG; /* longer than any that is right */
		login_renew(j);
	} else {
		(void)porter_ask(j, type, w, PORTAL_STEP_LOGIN_SHOWN);
	}
	secret_wipe(w->p, w->n);
}

void portal_login_password_go(struct gate_state *j)
{
	struct cell_password question = { .transaction = j->login.hash,
					  .user = portal_route_field(j, VIEW("user")),
					  .password = portal_route_field(j, VIEW("password")) };
	uint8_t room[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(room, sizeof room);

	if (login_is_under_way(j))
		login_ask_secret(j, CELL_PASSWORD, &w, cell_password_put(&w, &question));
}

void portal_login_code_go(struct gate_state *j)
{
	bool is_recovery = form_has(&j->form->form, VIEW("recovery"));
	struct cell_code question = { .transaction = j->login.hash, .is_recovery = is_recovery };
	uint8_t room[256];
	struct wbuf w = wbuf_of(room, sizeof room);

	question.code = portal_route_field(j, is_recovery ? VIEW("recovery") : VIEW("code"));
	if (login_is_under_way(j))
		login_ask_secret(j, CELL_CODE, &w, cell_code_put(&w, &question));
}

/* A field of bytes, decoded into the room behind what is there. */
static enum err login_bytes(const struct gate_state *j, struct view name, struct wbuf *room,
			    struct view *ret)
{
	size_t from = room->n;

	TRY(base64url_get(portal_route_field(j, name), room));
	*ret = view_slice(wbuf_view(room), from, room->n);
	return E_OK;
}

static enum err login_passkey(const struct gate_state *j, struct wbuf *w)
{
	struct cell_passkey_prove q = { .transaction = j->login.hash };
	uint8_t bytes[FRAME_BODY_MAX];
	struct wbuf room = wbuf_of(bytes, sizeof bytes);

	TRY(login_bytes(j, VIEW("credential"), &room, &q.credential));
	TRY(login_bytes(j, VIEW("client_data"), &room, &q.client_data));
	TRY(login_bytes(j, VIEW("auth_data"), &room, &q.auth_data));
	TRY(login_bytes(j, VIEW("signature"), &room, &q.signature));
	TRY(login_bytes(j, VIEW("user_handle"), &room, &q.user_handle));
	return cell_passkey_prove_put(w, &q);
}

void portal_login_passkey_go(struct gate_state *j)
{
	uint8_t room[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(room, sizeof room);

	if (login_is_under_way(j))
		login_ask_secret(j, CELL_PASSKEY_PROVE, &w, login_passkey(j, &w));
}

/* ---- what the authority makes of it ---- */

static void login_end(struct gate_state *j)
{
	struct cell_login_end question = { .transaction = j->login.hash };
	uint8_t room[512];
	struct wbuf w = wbuf_of(room, sizeof room);

	if (token_make(&j->fresh) != E_OK) {
		portal_view_error(j, 503, "no memory for a token");
		return;
	}
	question.token = j->fresh.token.hash;
	question.agent = view_slice(porter_span(j, j->x->agent_at), 0, 256);
	(void)cell_login_end_put(&w, &question);
	(void)porter_ask(j, CELL_LOGIN_END, &w, PORTAL_STEP_LOGIN_ENDED);
}

void portal_login_shown(struct gate_state *j, const struct ask_answer *a)
{
	struct authority_login l = { 0 };

	if (!login_read(j, a, &l))
		return;
	j->reason = l.reason < GATE_REASONS ? l.reason : GATE_WHY_WRONG;
	j->wait_s = l.wait_s;
	j->offers = l.offers;
	switch ((enum authority_login_state)l.state) {
	case LOGIN_DONE:
		j->reason = GATE_WHY_NOTHING;
		login_end(j);
		return;
	case LOGIN_CODE:
		login_code_page(j);
		return;
	case LOGIN_FIRST:
		login_offer(j, l.offers);
		return;
	case LOGIN_FAILED:
	case LOGIN_GONE:
		if (j->reason == GATE_WHY_NOTHING)
			j->reason = l.state == LOGIN_GONE ? GATE_WHY_EXPIRED : GATE_WHY_WRONG;
		login_renew(j);
		return;
	default:
		portal_view_error(j, 503, "the authority's answer makes no sense");
	}
}

void portal_login_ended(struct gate_state *j, const struct ask_answer *a)
{
	struct authority_session s = { 0 };

	if (a->type != AUTHORITY_SESSION || authority_session_get(a->body, &s) != E_OK) {
		portal_view_refused(j, a);
	} else if (s.verdict == GATE_OK || s.verdict == GATE_ENROL) {
		if (s.verdict == GATE_ENROL)
			s.flags |= GATE_IS_ENROLLING;
		j->known.flags = s.flags;
		j->sets_session = j->drops_login = true;
		if (s.locale.n)
			j->facts.language = portal_language((struct view){ 0 }, s.locale);
		login_onward(j);
	} else {
		j->reason = s.reason < GATE_REASONS ? s.reason : GATE_WHY_WRONG;
		if (s.verdict == GATE_OTHER) { /* of a session that has just ended here */
			j->reason = GATE_WHY_EXPIRED;
			gate_say_last(j);
		}
		login_renew(j);
	}
}
