/* The store decides; seats and page follow it, after it is on disk. */
#include "role/authority/session.h"

#include "base/hash.h"
#include "role/authority/cell.h"
#include "role/authority/network.h"
#include "role/authority/reach.h"
#include "role/authority/seat.h"
#include "role/authority/session_cut.h"
#include "role/authority/session_end.h"

enum {
	SESSION_ASKED_MS = 30000, /* so long nobody else is asked to rotate the same token */
	SESSION_SWEEP_MS = 5000,
	SESSION_PURGE_MS = 600000,
	SESSION_SWEEP = 64
};

/* ---- reading ---- */

static void session_read_user(const struct store_ask *q, struct user *u)
{
	u->id = (uint32_t)store_int(q, 1);
	u->name_n = (uint8_t)user_copy(u->name_at, sizeof u->name_at, store_bytes(q, 16));
	u->title_n = (uint8_t)user_copy(u->title_at, sizeof u->title_at, store_bytes(q, 17));
	u->locale_n = (uint8_t)user_copy(u->locale_at, sizeof u->locale_at, store_bytes(q, 18));
	u->is_disabled = store_int(q, 19) != 0;
}

static void session_read_row(const struct store_ask *q, struct session *s)
{
	*s = (struct session){
		.id = (uint32_t)store_int(q, 0),
		.slot = (uint32_t)store_int(q, 2),
		.generation = store_int(q, 3),
		.factors = (uint8_t)store_int(q, 4),
		.began_s = store_int(q, 5),
		.seen_s = store_int(q, 6),
		.factor_s = store_int(q, 7),
		.until_s = store_int(q, 8),
		.ended_s = store_int(q, 9),
		.invite = (uint32_t)store_int(q, 14),
		.is_enrolling = store_int(q, 15) != 0,
	};
	session_read_user(q, &s->user);
	store_hash(q, 10, &s->fingerprint);
	store_ip(q, 11, &s->network);
	store_ip(q, 12, &s->source);
	s->agent_n = (uint16_t)user_copy(s->agent, sizeof s->agent, store_bytes(q, 13));
	if (s->slot >= PAGE_SESSIONS)
		s->slot = 0;
}

static enum err session_read(struct store_ask *q, struct session *ret)
{
	enum err e = store_next(q);

	if (e != E_OK)
		return e;
	session_read_row(q, ret);
	store_end(q);
	return E_OK;
}

enum err session_by_token(struct authority *a, const struct hash32 *token, uint64_t app,
			  struct session *ret)
{
	struct store_ask q = store_ask(&a->store, Q_SESSION_BY_TOKEN);
	enum err e = E_OK;

	if (hash32_is_zero(token))
		return E_CLOSED;
	store_put_hash(&q, token);
	store_put_int(&q, app);
	e = store_next(&q);
	if (e != E_OK)
		return e;
	session_read_row(&q, ret);
	ret->app = app;
	ret->token = *token;
	ret->token_state = (uint8_t)store_int(&q, 21);
	ret->token_made_s = store_int(&q, 22);
	ret->token_until_s = store_int(&q, 23);
	ret->is_denied = store_int(&q, 24) != 0;
	store_end(&q);
	return E_OK;
}

enum err session_by_id(struct authority *a, uint32_t id, struct session *ret)
{
	struct store_ask q = store_ask(&a->store, Q_SESSION_GET);

	store_put_int(&q, id);
	return session_read(&q, ret);
}

enum err session_after(struct authority *a, uint32_t user, uint32_t id, struct session *ret)
{
	struct store_ask q = store_ask(&a->store, user ? Q_SESSION_OF_USER : Q_SESSION_LIVE);

	if (user)
		store_put_int(&q, user);
	store_put_int(&q, id);
	return session_read(&q, ret);
}

/* ---- seats ---- */

enum err session_open(struct authority *a)
{
	struct session s = { 0 };
	enum err e = E_OK;

	for (e = session_after(a, 0, 0, &s); e == E_OK; e = session_after(a, 0, s.id, &s)) {
		if (!s.slot || a->seats[s.slot].session)
			return E_LIMIT; /* the schema excludes it */
		seat_sit(a, &s);
	}
	seat_free_rest(a);
	return e == E_CLOSED ? E_OK : e;
}

uint64_t session_seen_s(const struct authority *a, const struct session *s)
{
	const struct seat *seat = &a->seats[s->slot];

	return s->slot && seat->session == s->id && seat->seen_s > s->seen_s ? seat->seen_s
									     : s->seen_s;
}

static void session_touch(struct authority *a, const struct session *s)
{
	struct seat *seat = &a->seats[s->slot];

	if (!s->slot || seat->session != s->id || seat->seen_s >= authority_wall_s(a))
		return;
	seat->seen_s = (uint32_t)authority_wall_s(a);
	seat->is_dirty = true;
}

/* ---- showing ---- */

static bool session_is_over(const struct authority *a, const struct session *s)
{
	uint64_t now = authority_wall_s(a);

	return s->until_s <= now || session_seen_s(a, s) + authority_gateway(a)->idle_s <= now;
}

bool session_wants_binding(const struct authority *a, const struct authority_cell *c,
			   const struct session *s)
{
	uint8_t binding = authority_gateway(a)->binding;

	if (binding == IMAGE_BINDING_OFF)
		return false;
	return !ip_eq(&c->network, &s->network) ||
	       (binding != IMAGE_BINDING_NETWORK && !hash32_eq(&c->fingerprint, &s->fingerprint));
}

static void session_end_as(struct authority *a, const struct authority_cell *c,
			   const struct session *s, const char *action, const char *why)
{
	const struct tell t = {
		.action = action,
		.result = "ended",
		.actor = user_name(&s->user),
		.detail = view_str(why),
		.cell = c,
		.is_alarm = view_eq(view_str(action), VIEW("session.reuse")) ||
			    view_eq(view_str(action), VIEW("session.moved")),
	};

	/* E_SYS has been logged; the answer is "ended" all the same, and it is tried again */
	if (session_end_one(a, s->id, &t) != E_OK)
		return;
}

static enum gate_verdict session_moved(struct authority *a, struct authority_cell *c,
				       const struct session *s)
{
	bool is_end = authority_gateway(a)->on_mismatch == IMAGE_MISMATCH_END;
	const struct tell t = {
		.action = "session.moved",
		.result = "asked",
		.actor = user_name(&s->user),
		.detail = ip_eq(&c->network, &s->network) ? VIEW("another client program")
							  : VIEW("another network"),
		.cell = c,
		.is_alarm = true,
	};

	PAGE_ADD(a->gate->mismatches, 1);
	if (is_end) {
		session_end_as(a, c, s, "session.moved", "another network or client");
		return GATE_ENDED;
	}
	if (!c->has_moved)
		tell_event(a, &t);
	c->has_moved = true;
	return GATE_MISMATCH;
}

/* The first use of a fresh token: now the one before it counts its last seconds. */
static enum err session_settle(struct authority *a, const struct session *s)
{
	struct store_ask q = { 0 };

	TRY(store_begin(&a->store));
	q = store_ask(&a->store, Q_TOKEN_RETIRE);
	store_put_int(&q, TOKEN_RETIRED);
	store_put_int(&q, authority_wall_s(a) + AUTHORITY_GRACE_S);
	store_put_int(&q, s->id);
	store_put_int(&q, s->app);
	store_put_hash(&q, &s->token);
	TRY(store_run(&q));
	q = store_ask(&a->store, Q_TOKEN_STATE);
	store_put_int(&q, TOKEN_CURRENT);
	store_put_int(&q, 0);
	store_put_hash(&q, &s->token);
	TRY(store_run(&q));
	return store_commit(&a->store);
}

/* Before anything of the session is believed: is it one, and is this its token? */
static enum gate_verdict session_stands(struct authority *a, const struct authority_cell *c,
					const struct session *s)
{
	bool is_late = s->token_until_s <= authority_wall_s(a);

	if (s->ended_s || s->user.is_disabled || !s->slot || a->seats[s->slot].is_cut)
		return GATE_ENDED;
	if (s->token_state == TOKEN_REPLACED && is_late)
		return GATE_NONE;
	if (s->token_state == TOKEN_RETIRED && is_late) {
		PAGE_ADD(a->gate->reuses, 1);
		session_end_as(a, c, s, "session.reuse", "a token came back after it was replaced");
		return GATE_ENDED;
	}
	if (session_is_over(a, s)) {
		session_end_as(a, c, s, "session.ended", "its time is up");
		return GATE_ENDED;
	}
	return GATE_OK;
}

enum gate_verdict session_show(struct authority *a, struct authority_cell *c, struct session *s)
{
	enum gate_verdict v = session_stands(a, c, s);

	if (v != GATE_OK)
		return v;
	if (c->user && c->user != s->user.id)
		return GATE_OTHER;
	if (c->session && c->session != s->id)
		reach_forbid(a, c); /* what another session was granted does not outlive it here */
	c->user = s->user.id;
	c->session = s->id;
	cell_remember(c);
	if (session_wants_binding(a, c, s))
		return session_moved(a, c, s);
	if (s->token_state == TOKEN_FRESH) {
		if (session_settle(a, s) != E_OK)
			store_abort(&a->store);
		else
			s->token_state = TOKEN_CURRENT;
	}
	session_touch(a, s);
	c->kill_ms = 0;
	PAGE_SET(a->gate->logged_in[c->slot], c->serial);
	return s->is_enrolling ? GATE_ENROL : GATE_OK;
}

bool session_is_fresh(const struct authority *a, const struct session *s)
{
	return s->factor_s + authority_gateway(a)->step_up_s > authority_wall_s(a);
}

bool session_wants_rotation(struct authority *a, const struct session *s)
{
	uint64_t tag = hash_keyed(a->hash_key, view_of(s->token.b, sizeof s->token.b)) | 1;
	struct asked *asked = &a->asked[tag % AUTHORITY_ASKED];

	if (s->token_state != TOKEN_CURRENT ||
	    s->token_made_s + authority_gateway(a)->rotate_s > authority_wall_s(a))
		return false;
	if (asked->tag == tag && asked->until_ms > a->now_ms)
		return false;
	*asked = (struct asked){ .tag = tag, .until_ms = a->now_ms + SESSION_ASKED_MS };
	return true;
}

/* ---- tokens ---- */

static enum err session_add_token(struct authority *a, uint32_t session, uint64_t app,
				  enum token_state state, const struct hash32 *hash)
{
	struct store_ask q = store_ask(&a->store, Q_TOKEN_ADD);

	store_put_hash(&q, hash);
	store_put_int(&q, session);
	store_put_int(&q, app);
	store_put_int(&q, state);
	store_put_int(&q, authority_wall_s(a));
	return store_run(&q);
}

/* Cookies that were never used are no theft: a few may stand side by side, then all go. */
static enum err session_add_fresh(struct authority *a, const struct session *s,
				  const struct hash32 *fresh)
{
	struct store_ask q = store_ask(&a->store, Q_TOKEN_FRESH_N);
	uint64_t n = 0;

	store_put_int(&q, s->id);
	store_put_int(&q, s->app);
	TRY(store_number(&q, &n));
	if (n >= SESSION_FRESH_MAX) {
		q = store_ask(&a->store, Q_TOKEN_FRESH_CLEAR);
		store_put_int(&q, s->id);
		store_put_int(&q, s->app);
		TRY(store_run(&q));
	}
	return session_add_token(a, s->id, s->app, TOKEN_FRESH, fresh);
}

enum err session_rotate(struct authority *a, const struct session *s, const struct hash32 *fresh)
{
	if (s->token_state != TOKEN_CURRENT || hash32_is_zero(fresh))
		return E_DENIED;
	TRY(store_begin(&a->store));
	if (session_add_fresh(a, s, fresh) == E_OK)
		return store_commit(&a->store);
	store_abort(&a->store);
	return E_SYS;
}

static enum err session_replace(struct authority *a, const struct session *s, uint64_t app,
				const struct hash32 *token)
{
	struct store_ask q = store_ask(&a->store, Q_TOKEN_RETIRE);

	store_put_int(&q, TOKEN_REPLACED);
	store_put_int(&q, authority_wall_s(a) + AUTHORITY_GRACE_S);
	store_put_int(&q, s->id);
	store_put_int(&q, app);
	store_put_hash(&q, token);
	TRY(store_run(&q));
	return session_add_token(a, s->id, app, TOKEN_CURRENT, token);
}

enum err session_enter(struct authority *a, const struct session *s, uint64_t app,
		       const struct hash32 *token)
{
	TRY(store_begin(&a->store));
	if (session_replace(a, s, app, token) == E_OK)
		return store_commit(&a->store);
	store_abort(&a->store);
	return E_SYS;
}

/* ---- making ---- */

static enum err session_insert(struct authority *a, const struct authority_cell *c,
			       const struct session_wish *w, struct session *s)
{
	struct store_ask q = store_ask(&a->store, Q_SESSION_ADD);

	store_put_int(&q, w->user);
	store_put_int(&q, s->slot);
	store_put_int(&q, s->generation);
	store_put_int(&q, w->factors);
	store_put_int(&q, s->began_s);
	store_put_int(&q, s->began_s);
	store_put_int(&q, w->factors ? s->began_s : 0);
	store_put_int(&q, s->until_s);
	store_put_hash(&q, &c->fingerprint);
	store_put_ip(&q, &c->network);
	store_put_ip(&q, &c->ip);
	store_put_text(&q, view_slice(w->agent, 0, SESSION_AGENT));
	store_put_int(&q, w->invite);
	store_put_int(&q, w->is_enrolling);
	TRY(store_run(&q));
	s->id = store_last_id(&a->store);
	return E_OK;
}

/* The network is known from now on: strangers' failures don't delay this user there. */
static enum err session_note(struct authority *a, const struct authority_cell *c,
			     const struct session_wish *w)
{
	struct store_ask q = store_ask(&a->store, Q_USER_SEEN);

	store_put_int(&q, authority_wall_s(a));
	store_put_int(&q, w->user);
	TRY(store_run(&q));
	if (w->is_enrolling)
		return E_OK;
	q = store_ask(&a->store, Q_NETWORK_SEEN);
	store_put_int(&q, w->user);
	store_put_ip(&q, &c->network);
	store_put_int(&q, authority_wall_s(a));
	return store_run(&q);
}

static enum err session_write(struct authority *a, const struct authority_cell *c,
			      const struct session_wish *w, const struct hash32 *token,
			      struct session *s)
{
	TRY(store_begin(&a->store));
	TRY(session_insert(a, c, w, s));
	TRY(session_add_token(a, s->id, 0, TOKEN_CURRENT, token));
	TRY(session_note(a, c, w));
	return store_commit(&a->store);
}

/* So many sessions of one user at a time; the one that was not used for longest makes room. */
static enum err session_make_room(struct authority *a, uint32_t user)
{
	struct store_ask q = store_ask(&a->store, Q_USER_SESSIONS);
	const struct tell t = { .action = "session.revoked",
				.result = "ended",
				.detail = VIEW_INIT("the user has too many") };
	uint64_t n = 0, id = 0;

	store_put_int(&q, user);
	TRY(store_number(&q, &n));
	if (n < AUTHORITY_SESSIONS_PER_USER)
		return E_OK;
	q = store_ask(&a->store, Q_SESSION_OLDEST);
	store_put_int(&q, user);
	TRY(store_number(&q, &id));
	return session_end_one(a, (uint32_t)id, &t);
}

enum err session_make(struct authority *a, struct authority_cell *c, const struct session_wish *w,
		      const struct hash32 *token, struct session *ret)
{
	struct session s = { .user.id = w->user };
	uint64_t now = authority_wall_s(a);

	if (hash32_is_zero(token))
		return E_DENIED;
	TRY(session_make_room(a, w->user));
	s.slot = seat_take(a);
	if (!s.slot)
		return E_LIMIT;
	s.generation = seat_new_generation();
	s.began_s = s.seen_s = now;
	s.until_s = now + (w->is_enrolling ? (uint32_t)AUTHORITY_ENROL_S
					   : authority_gateway(a)->lifetime_s);
	if (session_write(a, c, w, token, &s) != E_OK) {
		store_abort(&a->store);
		seat_free(a, s.slot);
		return E_SYS;
	}
	seat_sit(a, &s);
	return session_by_token(a, token, 0, ret) == E_OK ? E_OK : E_SYS;
}

static enum err session_write_raise(struct authority *a, const struct authority_cell *c,
				    const struct session *s, const struct hash32 *token)
{
	const struct session_wish w = { .user = s->user.id };
	struct store_ask q = { 0 };

	TRY(store_begin(&a->store));
	q = store_ask(&a->store, Q_SESSION_RAISE);
	store_put_int(&q, s->factors);
	store_put_int(&q, s->factor_s);
	store_put_hash(&q, &c->fingerprint);
	store_put_ip(&q, &c->network);
	store_put_ip(&q, &c->ip);
	store_put_int(&q, s->id);
	TRY(store_run(&q));
	TRY(session_add_fresh(a, s, token));
	TRY(session_note(a, c, &w));
	return store_commit(&a->store);
}

enum err session_raise(struct authority *a, struct authority_cell *c, struct session *s,
		       uint8_t factors, const struct hash32 *token)
{
	if (hash32_is_zero(token))
		return E_DENIED;
	s->factors |= factors;
	s->factor_s = authority_wall_s(a);
	if (session_write_raise(a, c, s, token) != E_OK) {
		store_abort(&a->store);
		return E_SYS;
	}
	c->has_moved = false;
	return E_OK;
}

enum err session_set_denied(struct authority *a, uint32_t id, uint64_t app, bool is_denied)
{
	struct store_ask q = store_ask(&a->store, Q_TOKEN_DENIED);

	store_put_int(&q, is_denied);
	store_put_int(&q, id);
	store_put_int(&q, app);
	return store_run(&q);
}

enum err session_forget_generation(struct authority *a, uint32_t id)
{
	struct store_ask q = store_ask(&a->store, Q_SESSION_GENERATION);
	const struct tell t = { .action = "session.cut",
				.detail = VIEW_INIT("it may do less than before") };
	uint64_t g = seat_new_generation();
	struct session s = { 0 };
	enum err e = E_OK;

	store_put_int(&q, g);
	store_put_int(&q, id);
	e = store_run(&q);
	TRY(session_by_id(a, id, &s));
	if (e != E_OK) {
		session_cut_one(a, s.slot, &t); /* what was granted may be less now */
		return e;
	}
	if (s.slot && a->seats[s.slot].session == id)
		PAGE_SET(a->gate->session[s.slot], g);
	reach_forbid_session(a, id);
	return E_OK;
}

/* ---- time ---- */

static enum err session_write_seen(struct authority *a)
{
	TRY(store_begin(&a->store));
	for (uint32_t slot = 1; slot < PAGE_SESSIONS; slot++) {
		struct seat *seat = &a->seats[slot];
		struct store_ask q = { 0 };

		if (!seat->is_dirty)
			continue;
		q = store_ask(&a->store, Q_SESSION_SEEN);
		store_put_int(&q, seat->seen_s);
		store_put_int(&q, seat->session);
		TRY(store_run(&q));
		seat->is_dirty = false;
	}
	return store_commit(&a->store);
}

static void session_end_stale(struct authority *a)
{
	const struct tell t = { .action = "session.ended",
				.result = "ended",
				.detail = VIEW_INIT("its time is up") };
	uint64_t now = authority_wall_s(a), idle_s = authority_gateway(a)->idle_s;

	for (unsigned i = 0; i < SESSION_SWEEP; i++) {
		struct store_ask q = store_ask(&a->store, Q_SESSION_STALE);
		struct session s = { 0 };
		uint64_t id = 0;

		store_put_int(&q, now);
		store_put_int(&q, now > idle_s ? now - idle_s : 0);
		if (store_number(&q, &id) != E_OK || session_by_id(a, (uint32_t)id, &s) != E_OK)
			return;
		/* what it was used last may be newer than the store, which is written first */
		if (!session_is_over(a, &s) || session_end_one(a, s.id, &t) != E_OK)
			return;
	}
}

static void session_purge(struct authority *a)
{
	uint64_t now = authority_wall_s(a);

	if (store_run_for(&a->store, Q_SESSION_PURGE, now - AUTHORITY_KEPT_S) != E_OK ||
	    store_run_for(&a->store, Q_INVITE_PURGE, now - AUTHORITY_KNOWN_S) != E_OK ||
	    store_run_for(&a->store, Q_NETWORK_PURGE, now - AUTHORITY_KNOWN_S) != E_OK)
		return; /* logged; the next round tries again */
}

void session_tick(struct authority *a)
{
	if (a->now_ms - a->seen_ms >= AUTHORITY_SEEN_S * 1000ull) {
		a->seen_ms = a->now_ms;
		if (session_write_seen(a) != E_OK)
			store_abort(&a->store);
	}
	if (a->now_ms - a->purge_ms >= SESSION_PURGE_MS) {
		a->purge_ms = a->now_ms;
		session_purge(a);
	}
	if (a->now_ms - a->sweep_ms >= SESSION_SWEEP_MS) {
		a->sweep_ms = a->now_ms;
		session_cut_write(a);
		session_end_stale(a);
	}
}
