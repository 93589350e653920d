/*
 * Questions of logging in. What is visible from outside (states, times, delays) is the same for
 * accounts that exist and for those that don't; a try counts as failed from its beginning.
 */
#include "role/authority/cell_table.h"

#include "role/authority/canaries.h"
#include "role/authority/decide.h"
#include "role/authority/factor.h"
#include "role/authority/isolate.h"
#include "role/authority/login_verified.h"
#include "role/authority/session_end.h"
#include "sys/secret.h"

/* ---- beginning ---- */

/* The session whose step-up this is: live, and this cell's; a network that does not fit is what it
 * may be for. */
static bool ask_login_session(struct authority_cell *c, const struct hash32 *token,
			      struct session *ret)
{
	enum gate_verdict v = GATE_NONE;

	if (hash32_is_zero(token) || session_by_token(c->a, token, 0, ret) != E_OK)
		return false;
	v = session_show(c->a, c, ret);
	return v == GATE_OK || v == GATE_MISMATCH;
}

/* For an application that asks for one factor more; anything else takes a whole log-in. */
static uint8_t ask_login_wants(struct authority_cell *c, const struct session *s, uint64_t app)
{
	const struct image_app *of = decide_app_by_id(authority_image(c->a), app);
	struct decision d = { 0 };

	if (!of || decide_here(c, s, of, &d) != E_OK || d.verdict != GATE_STEP_UP)
		return 0;
	return d.factors;
}

enum err ask_login_on_login(void *role, struct frame *f)
{
	struct authority_cell *c = role;
	struct authority *a = c->a;
	struct cell_login ask = { 0 };
	struct question q = { 0 };
	struct session s = { 0 };
	struct login *l = NULL;
	bool has_session = false;

	TRY(cell_login_get(f->body, &ask));
	TRY(cell_asks(c, f, &q));
	if (hash32_is_zero(&ask.transaction)) {
		login_answer(a, &q, NULL, GATE_WHY_EXPIRED);
		return E_OK;
	}
	has_session = ask_login_session(c, &ask.session, &s);
	l = login_find(a, &ask.transaction);
	if (!l || l->session != (has_session ? s.id : 0)) {
		l = login_begin(a, c, &ask.transaction);
		l->session = has_session ? s.id : 0;
		l->user = has_session ? s.user.id : 0;
		l->app = ask.app;
		l->wants = has_session && !session_wants_binding(a, c, &s)
				   ? ask_login_wants(c, &s, ask.app)
				   : 0;
		/* an application that wants the code alone: who it is, is known */
		if (l->wants && !(l->wants & ~(GATE_TOTP | GATE_RECOVERY)))
			l->state = LOGIN_CODE;
	}
	login_answer(a, &q, l, GATE_WHY_NOTHING);
	return E_OK;
}

/* ---- passwords ---- */

/* Names are lower case; people's keyboards begin with a capital. */
static struct view ask_login_name(struct view typed, uint8_t at[GATE_TITLE_MAX])
{
	struct view name = view_trim(typed);
	struct wbuf w = wbuf_of(at, GATE_TITLE_MAX);

	for (size_t i = 0; i < name.n; i++)
		wbuf_u8(&w, name.p[i] >= 'A' && name.p[i] <= 'Z' ? (uint8_t)(name.p[i] + 32)
								 : name.p[i]);
	return wbuf_view(&w);
}

/* Whose password it is to be: the form of a step-up does not ask again who somebody is. E_SYS */
static enum err ask_login_whose(struct authority *a, const struct login *l, struct view typed,
				uint8_t at[GATE_TITLE_MAX], struct view *ret)
{
	struct user u = { 0 };

	*ret = ask_login_name(typed, at);
	if (ret->n || !l->session)
		return E_OK;
	TRY(user_by_id(a, l->user, &u));
	*ret = ask_login_name(user_name(&u), at);
	return E_OK;
}

static bool ask_login_knows(struct authority *a, uint32_t user, const struct ip *network)
{
	struct store_ask q = store_ask(&a->store, Q_NETWORK_KNOWN);
	uint64_t unused = 0;

	store_put_int(&q, user);
	store_put_ip(&q, network);
	store_put_int(&q, authority_wall_s(a) - AUTHORITY_KNOWN_S);
	return user && store_number(&q, &unused) == E_OK;
}

static void ask_login_set_delay(struct authority *a, const struct authority_cell *c,
				struct login *l, struct view name, bool is_known)
{
	l->delay.account = delay_account(&a->delay, name, is_known ? &c->network : NULL);
	l->delay.source = delay_source(&a->delay, &c->network);
}

/* True: it has to wait, which was answered and told. */
static bool ask_login_waits(struct authority_cell *c, const struct question *q, struct login *l)
{
	struct authority *a = c->a;
	const struct tell t = { .action = "login.delayed", .result = "refused", .cell = c };

	if (!delay_wait_s(&a->delay, &l->delay, a->now_ms))
		return false;
	PAGE_ADD(a->gate->logins_delayed, 1);
	if (c->denied_ms <= a->now_ms)
		tell_event(a, &t);
	c->denied_ms = a->now_ms + 1000;
	login_answer(a, q, l, GATE_WHY_WAIT);
	return true;
}

struct ask_login_who {
	struct user user;
	struct factor password; /* id 0: none */
	bool is_known;		/* the network, to this user */
};

static enum err ask_login_look_up(struct authority_cell *c, const struct login *l, struct view name,
				  struct ask_login_who *ret)
{
	struct authority *a = c->a;
	enum err e = user_is_name(name) ? user_by_name(a, name, &ret->user) : E_CLOSED;

	if (e == E_SYS)
		return e;
	/* a step-up is of the one who is logged in, a second factor of whose the first was */
	if (e == E_OK && (l->session || l->shown) && l->user != ret->user.id)
		ret->user.id = 0;
	if (e == E_CLOSED || !ret->user.id) {
		ret->user.id = 0;
		return E_OK;
	}
	ret->is_known = ask_login_knows(a, ret->user.id, &c->network);
	if (ret->user.is_disabled)
		return E_OK;
	e = factor_of_kind(a, ret->user.id, GATE_PASSWORD, &ret->password);
	return e == E_SYS ? E_SYS : E_OK;
}

static void ask_login_verify(struct authority_cell *c, const struct question *q, struct login *l,
			     const struct ask_login_who *who, struct view password)
{
	struct authority *a = c->a;
	struct verify *v = verify_take(a, VERIFY_FOR_LOGIN, q, !who->is_known);
	struct view encoded = view_of(who->password.secret, who->password.secret_n);

	if (!v || !tell_room(a)) {
		if (v)
			verify_free(a, v);
		cell_refuse(a, q, GATE_WHY_BUSY, 0);
		return;
	}
	delay_count(&a->delay, &l->delay, a->now_ms);
	if (!l->session && !l->shown)
		l->user = who->user.id;
	v->login = (uint32_t)(l - a->logins);
	v->login_generation = l->generation;
	v->user = who->user.id;
	v->factor = who->password.id;
	v->password_n = (uint16_t)user_copy(v->password, sizeof v->password, password);
	l->is_busy = true;
	if (verify_password(a, v, who->password.id ? encoded : (struct view){ 0 }, password) ==
	    E_OK)
		return;
	l->is_busy = false;
	cell_refuse(a, q, GATE_WHY_BUSY, 0);
}

static void ask_login_password(struct authority_cell *c, const struct question *q,
			       const struct cell_password *ask)
{
	struct authority *a = c->a;
	struct login *l = login_find(a, &ask->transaction);
	struct ask_login_who who = { 0 };
	uint8_t name_at[GATE_TITLE_MAX];
	struct view name = { 0 };

	/* a flood of log-ins that others began may have taken its place: nothing was in it yet */
	if (!l && !hash32_is_zero(&ask->transaction))
		l = login_begin(a, c, &ask->transaction);
	if (!l || l->state == LOGIN_DONE) {
		login_answer(a, q, NULL, GATE_WHY_EXPIRED);
		return;
	}
	if (!l->is_busy && !(l->shown & GATE_PASSKEY))
		login_reset(l);
	if (l->is_busy || ask_login_whose(a, l, ask->user, name_at, &name) != E_OK ||
	    ask_login_look_up(c, l, name, &who) != E_OK) {
		cell_refuse(a, q, GATE_WHY_BUSY, 0);
		return;
	}
	canaries_look_password(c, ask->password);
	if (who.user.id)
		canaries_look_decoy(c, who.user.id, name);
	ask_login_set_delay(a, c, l, name, who.is_known);
	if (!ask_login_waits(c, q, l))
		ask_login_verify(c, q, l, &who, ask->password);
}

enum err ask_login_on_password(void *role, struct frame *f)
{
	struct authority_cell *c = role;
	struct cell_password ask = { 0 };
	struct question q = { 0 };

	TRY(cell_password_get(f->body, &ask));
	TRY(cell_asks(c, f, &q));
	ask_login_password(c, &q, &ask);
	return E_OK;
}

/* ---- codes ---- */

static void ask_login_tell_recovery(struct authority_cell *c, uint32_t user, uint32_t left)
{
	struct user u = { 0 };
	uint8_t text[40];
	struct wbuf w = wbuf_of(text, sizeof text);
	struct tell t = { .action = "factor.used",
			  .result = "ok",
			  .object = VIEW_INIT("recovery code"),
			  .cell = c };

	if (user_by_id(c->a, user, &u) == E_OK)
		t.actor = user_name(&u);
	wbuf_dec(&w, left);
	WBUF_LIT(&w, " left");
	t.detail = wbuf_view(&w);
	tell_event(c->a, &t);
}

/* The code belongs to somebody whose password was right; else it is not looked at. */
static enum err ask_login_code(struct authority_cell *c, struct login *l,
			       const struct cell_code *ask)
{
	struct authority *a = c->a;
	struct user u = { 0 };
	uint32_t left = 0;

	if (l->is_wrong || !l->user || user_by_id(a, l->user, &u) != E_OK || u.is_disabled)
		return E_DENIED;
	if (ask->is_recovery != 1) {
		TRY(factor_use_totp(a, l->user, ask->code));
		l->shown |= GATE_TOTP;
		return E_OK;
	}
	TRY(factor_use_recovery(a, l->user, ask->code, &left));
	l->shown |= GATE_RECOVERY;
	ask_login_tell_recovery(c, l->user, left);
	return E_OK;
}

/* A code that comes alone, or after a passkey, has no password before it that was counted. */
static bool ask_login_code_waits(struct authority_cell *c, const struct question *q,
				 struct login *l)
{
	struct authority *a = c->a;
	struct user u = { 0 };

	if (!l->wants && !(l->shown & GATE_PASSKEY))
		return false;
	if (user_by_id(a, l->user, &u) != E_OK)
		return false;
	ask_login_set_delay(a, c, l, user_name(&u), ask_login_knows(a, u.id, &c->network));
	if (ask_login_waits(c, q, l))
		return true;
	delay_count(&a->delay, &l->delay, a->now_ms);
	return false;
}

enum err ask_login_on_code(void *role, struct frame *f)
{
	struct authority_cell *c = role;
	struct authority *a = c->a;
	struct cell_code ask = { 0 };
	struct question q = { 0 };
	struct login *l = NULL;
	enum err e = E_OK;

	TRY(cell_code_get(f->body, &ask));
	TRY(cell_asks(c, f, &q));
	l = login_find(a, &ask.transaction);
	if (l && l->wants & (GATE_TOTP | GATE_RECOVERY) && l->state != LOGIN_DONE)
		l->state = LOGIN_CODE;
	if (!l || l->state != LOGIN_CODE) {
		login_answer(a, &q, NULL, GATE_WHY_EXPIRED);
		return E_OK;
	}
	if (l->is_busy || !tell_room(a) || !cell_may_write(c)) {
		cell_refuse(a, &q, GATE_WHY_BUSY, 0);
		return E_OK;
	}
	if (ask_login_code_waits(c, &q, l))
		return E_OK;
	e = ask_login_code(c, l, &ask);
	if (e == E_SYS)
		cell_refuse(a, &q, GATE_WHY_BUSY, 0);
	else if (e != E_OK)
		login_verified_fail(a, &q, l, "password or code");
	else
		login_verified_conclude(a, &q, l);
	return E_OK;
}

/* ---- passkeys ---- */

enum err ask_login_on_passkey_ask(void *role, struct frame *f)
{
	struct authority_cell *c = role;
	struct authority *a = c->a;
	struct cell_transaction ask = { 0 };
	struct authority_challenge r = { 0 };
	struct question q = { 0 };
	uint8_t known_at[2048], body[FRAME_BODY_MAX];
	struct wbuf known = wbuf_of(known_at, sizeof known_at), w = wbuf_of(body, sizeof body);
	struct login *l = NULL;

	TRY(cell_transaction_get(f->body, &ask));
	TRY(cell_asks(c, f, &q));
	l = login_find(a, &ask.transaction);
	if (!l || l->state == LOGIN_DONE) {
		cell_refuse(a, &q, GATE_WHY_EXPIRED, 0);
		return E_OK;
	}
	secret_random(l->challenge.b, sizeof l->challenge.b);
	l->challenge_ms = a->now_ms + AUTHORITY_CHALLENGE_MS;
	r.challenge = l->challenge;
	/* At a step-up the user's own keys are named; at a log-in none: they know whose they are.
	 */
	if (l->session && factor_credentials(a, l->user, &known) != E_OK)
		w.bad = true;
	r.known = wbuf_view(&known);
	if (w.bad || authority_challenge_put(&w, &r) != E_OK)
		cell_refuse(a, &q, GATE_WHY_BUSY, 0);
	else
		cell_answer(a, &q, AUTHORITY_CHALLENGE, &w);
	return E_OK;
}

/* Whose it is; E_CLOSED: nobody's, or not that of the user it has to be. */
static enum err ask_login_key(struct authority *a, const struct login *l,
			      const struct cell_passkey_prove *ask, struct factor *ret)
{
	struct user u = { 0 };

	TRY(factor_by_credential(a, ask->credential, ret));
	TRY(user_by_id(a, ret->user, &u));
	if (u.is_disabled || ((l->session || l->shown) && l->user != u.id))
		return E_CLOSED;
	/* WebAuthn §7.2 step 6: the handle is the owner's */
	if (ask->user_handle.n && !view_eq(ask->user_handle, view_of(u.handle, sizeof u.handle)))
		return E_CLOSED;
	return E_OK;
}

static void ask_login_prove(struct authority_cell *c, const struct question *q, struct login *l,
			    const struct cell_passkey_prove *ask)
{
	struct authority *a = c->a;
	const struct image_gateway *g = authority_gateway(a);
	struct factor key = { 0 };
	struct verify_assertion to = {
		.challenge = l->challenge,
		.host = image_view(authority_image(a), g->host),
		.origin = image_view(authority_image(a), g->origin),
		.client_data = ask->client_data,
		.auth_data = ask->auth_data,
		.signature = ask->signature,
	};
	uint8_t body[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct verify *v = NULL;
	enum err e = ask_login_key(a, l, ask, &key);

	if (e == E_CLOSED) {
		login_verified_fail(a, q, l, "passkey");
		return;
	}
	if (e == E_OK)
		v = verify_take(a, VERIFY_FOR_PASSKEY, q,
				!ask_login_knows(a, key.user, &c->network));
	if (!v || !tell_room(a)) {
		if (v)
			verify_free(a, v);
		cell_refuse(a, q, GATE_WHY_BUSY, 0);
		return;
	}
	v->login = (uint32_t)(l - a->logins);
	v->login_generation = l->generation;
	v->user = key.user;
	v->factor = key.id;
	to.algorithm = key.algorithm;
	to.key = view_of(key.secret, key.secret_n);
	if (verify_assertion_put(&w, &to) != E_OK)
		w.bad = true;
	l->is_busy = true;
	if (verify_send(a, v, VERIFY_ASSERTION, &w) == E_OK)
		return;
	l->is_busy = false;
	cell_refuse(a, q, GATE_WHY_BUSY, 0);
}

enum err ask_login_on_passkey_prove(void *role, struct frame *f)
{
	struct authority_cell *c = role;
	struct authority *a = c->a;
	struct cell_passkey_prove ask = { 0 };
	struct question q = { 0 };
	struct login *l = NULL;

	TRY(cell_passkey_prove_get(f->body, &ask));
	TRY(cell_asks(c, f, &q));
	l = login_find(a, &ask.transaction);
	if (!l || l->state == LOGIN_DONE || l->challenge_ms <= a->now_ms) {
		login_answer(a, &q, NULL, GATE_WHY_EXPIRED);
		return E_OK;
	}
	if (l->is_busy) {
		cell_refuse(a, &q, GATE_WHY_BUSY, 0);
		return E_OK;
	}
	if (l->state == LOGIN_CODE && !l->wants)
		login_reset(l); /* a key instead of password and code */
	l->challenge_ms = 0;	/* good once, right or wrong */
	ask_login_prove(c, &q, l, &ask);
	return E_OK;
}

/* ---- the end ---- */

static void ask_login_tell_ok(struct authority_cell *c, const struct session *s, bool is_step_up)
{
	uint8_t text[32];
	struct wbuf w = wbuf_of(text, sizeof text);
	struct tell t = {
		.action = "login.ok",
		.result = "ok",
		.actor = user_name(&s->user),
		.detail = is_step_up ? VIEW("step-up") : (struct view){ 0 },
		.cell = c,
	};

	WBUF_LIT(&w, "session ");
	wbuf_dec(&w, s->id);
	t.object = wbuf_view(&w);
	PAGE_ADD(c->a->gate->logins, 1);
	tell_event(c->a, &t);
}

static enum err ask_login_make(struct authority_cell *c, const struct login *l,
			       const struct cell_login_end *ask, struct session *s)
{
	const struct session_wish wish = { .user = l->user,
					   .factors = l->shown,
					   .agent = ask->agent };
	struct user u = { 0 };

	TRY(user_by_id(c->a, l->user, &u));
	if (u.is_disabled || (c->user && c->user != u.id))
		return E_DENIED;
	if (!l->session)
		return session_make(c->a, c, &wish, &ask->token, s);
	TRY(session_by_id(c->a, l->session, s));
	if (s->ended_s || s->user.id != l->user)
		return E_DENIED;
	TRY(session_raise(c->a, c, s, l->shown, &ask->token));
	return session_by_token(c->a, &ask->token, 0, s);
}

enum err ask_login_on_end(void *role, struct frame *f)
{
	struct authority_cell *c = role;
	struct authority *a = c->a;
	struct cell_login_end ask = { 0 };
	struct question q = { 0 };
	struct session s = { 0 };
	struct login *l = NULL;
	enum err e = E_CLOSED;

	TRY(cell_login_end_get(f->body, &ask));
	TRY(cell_asks(c, f, &q));
	l = login_find(a, &ask.transaction);
	if (l && !l->session && !isolate_lets_in(c)) {
		login_end(a, l);
		cell_refuse(a, &q, GATE_WHY_ISOLATED, 0);
		return E_OK;
	}
	if (l && l->state == LOGIN_DONE)
		e = tell_room(a) && cell_may_write(c) ? ask_login_make(c, l, &ask, &s) : E_LIMIT;
	if (e == E_SYS || e == E_LIMIT) {
		cell_refuse(a, &q, GATE_WHY_BUSY, 0);
		return E_OK;
	}
	if (e == E_OK) {
		ask_login_tell_ok(c, &s, l->session != 0);
		login_end(a, l);
		cell_answer_session(a, &q, session_show(a, c, &s), &s);
		return E_OK;
	}
	cell_answer_session(a, &q,
			    e == E_DENIED && l && c->user != l->user ? GATE_OTHER : GATE_NONE, &s);
	if (l)
		login_end(a, l);
	return E_OK;
}
