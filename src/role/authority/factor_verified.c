/* A session may have ended while the verifier worked: it is looked at again. */
#include "role/authority/factor_verified.h"

#include "role/authority/factor.h"
#include "role/authority/session_end.h"

void factor_verified_tell(struct authority *a, const struct question *q, const struct user *u,
			  const char *action, uint8_t kind, struct view name)
{
	const struct tell t = {
		.action = action,
		.result = "ok",
		.object = view_str(factor_word(kind)),
		.actor = user_name(u),
		.detail = name,
		.cell = cell_of(a, q),
	};

	tell_event(a, &t);
}

/* The session that asked, if it still may. */
static bool factor_verified_session(struct authority *a, const struct verify *v, struct session *s)
{
	return session_by_id(a, v->session, s) == E_OK && !s->ended_s && !s->user.is_disabled &&
	       s->user.id == v->user;
}

/* ---- invited people ---- */

static enum err factor_verified_promote(struct authority *a, const struct session *s,
					uint8_t factors)
{
	uint64_t now = authority_wall_s(a);
	struct store_ask q = store_ask(&a->store, Q_SESSION_FACTORS);

	store_put_int(&q, factors);
	store_put_int(&q, now);
	store_put_int(&q, s->id);
	TRY(store_run(&q));
	if (!s->is_enrolling || !factor_is_enough(a, factors))
		return E_OK;
	q = store_ask(&a->store, Q_SESSION_FULL);
	store_put_int(&q, now + authority_gateway(a)->lifetime_s);
	store_put_int(&q, s->id);
	TRY(store_run(&q));
	q = store_ask(&a->store, Q_INVITE_USED);
	store_put_int(&q, now);
	store_put_int(&q, s->invite);
	TRY(store_run(&q));
	q = store_ask(&a->store, Q_NETWORK_SEEN);
	store_put_int(&q, s->user.id);
	store_put_ip(&q, &s->network);
	store_put_int(&q, now);
	return store_run(&q);
}

enum err factor_verified_gained(struct authority *a, const struct authority_cell *c,
				uint32_t session, uint8_t kind)
{
	struct session s = { 0 };
	struct tell t = { .action = "invite.used", .result = "ok", .cell = c };
	uint8_t factors = 0;

	TRY(session_by_id(a, session, &s));
	factors = s.factors | kind;
	TRY(store_begin(&a->store));
	if (factor_verified_promote(a, &s, factors) != E_OK) {
		store_abort(&a->store);
		return E_SYS;
	}
	TRY(store_commit(&a->store));
	t.actor = user_name(&s.user);
	if (s.is_enrolling && factor_is_enough(a, factors)) {
		PAGE_ADD(a->gate->invitations, 1);
		tell_event(a, &t);
	}
	return E_OK;
}

/* ---- passwords ---- */

void factor_verified_old(struct authority *a, struct verify *v, bool is_right)
{
	struct question q = v->who;
	struct session s = { 0 };
	struct delay_key delay = { 0 };
	struct authority_cell *c = cell_of(a, &q);

	if (!c || !factor_verified_session(a, v, &s)) {
		cell_refuse(a, &q, GATE_WHY_EXPIRED, 0);
		verify_free(a, v);
		return;
	}
	delay.account = delay_account(&a->delay, user_name(&s.user), &c->network);
	delay.source = delay_source(&a->delay, &c->network);
	if (!is_right) {
		cell_refuse(a, &q, GATE_WHY_WRONG, delay_wait_s(&a->delay, &delay, a->now_ms));
		verify_free(a, v);
		return;
	}
	delay_forgive(&a->delay, &delay);
	v->kind = VERIFY_FOR_NEW;
	if (verify_hash(a, v, view_of(v->password, v->password_n)) != E_OK)
		cell_refuse(a, &q, GATE_WHY_BUSY, 0);
}

/* The user's hash, in the place of the one before. */
static enum err factor_verified_put(struct authority *a, uint32_t user, struct view encoded)
{
	struct factor f = { .user = user, .kind = GATE_PASSWORD };
	struct store_ask q = { 0 };
	enum err e = factor_of_kind(a, user, GATE_PASSWORD, &f);

	if (e == E_SYS)
		return e;
	if (e == E_OK) {
		q = store_ask(&a->store, Q_FACTOR_SECRET);
		store_put_blob(&q, encoded);
		store_put_int(&q, f.id);
		return store_run(&q);
	}
	f = (struct factor){ .user = user, .kind = GATE_PASSWORD };
	f.secret_n = (uint16_t)user_copy(f.secret, sizeof f.secret, encoded);
	return factor_add(a, &f);
}

/* Today's parameters for the hash of a password that was right a moment ago, if it is still this
 * one's. */
static void factor_verified_again(struct authority *a, const struct verify *v, struct view encoded)
{
	struct factor f = { 0 };
	struct store_ask q = { 0 };

	if (factor_get(a, v->user, v->factor, &f) != E_OK)
		return;
	q = store_ask(&a->store, Q_FACTOR_SECRET);
	store_put_blob(&q, encoded);
	store_put_int(&q, f.id);
	if (store_run(&q) != E_OK)
		return; /* logged; the old hash is good */
}

void factor_verified_hash(struct authority *a, struct verify *v, struct view encoded)
{
	struct question q = v->who;
	const struct tell others = { .action = "session.revoked",
				     .result = "ended",
				     .detail = VIEW_INIT("the password was changed"),
				     .cell = cell_of(a, &q) };
	struct session s = { 0 };
	uint32_t id = v->session;
	bool is_good = v->kind == VERIFY_FOR_NEW && factor_verified_session(a, v, &s);

	if (v->kind == VERIFY_FOR_AGAIN)
		factor_verified_again(a, v, encoded);
	verify_free(a, v);
	if (!q.serial)
		return;
	if (!is_good) {
		cell_refuse(a, &q, GATE_WHY_EXPIRED, 0);
		return;
	}
	if (factor_verified_put(a, s.user.id, encoded) != E_OK ||
	    factor_verified_gained(a, cell_of(a, &q), id, GATE_PASSWORD) != E_OK) {
		cell_refuse(a, &q, GATE_WHY_BUSY, 0);
		return;
	}
	factor_verified_tell(a, &q, &s.user, "password.changed", GATE_PASSWORD, (struct view){ 0 });
	/* who knew the old one may be logged in elsewhere */
	if (session_end_all(a, s.user.id, id, &others, NULL) != E_OK)
		cell_refuse(a, &q, GATE_WHY_BUSY, 0);
	else
		cell_done(a, &q);
}

/* ---- passkeys ---- */

static enum err factor_verified_add_key(struct authority *a, const struct verify *v,
					const struct verified_credential *got)
{
	struct factor f = { .user = v->user,
			    .kind = GATE_PASSKEY,
			    .algorithm = got->algorithm,
			    .count = got->count,
			    .flags = got->flags };
	struct factor other = { 0 };
	enum err e = factor_by_credential(a, got->credential, &other);

	if (e != E_CLOSED)
		return e == E_OK ? E_DENIED : e; /* WebAuthn §7.1 step 26: registered before */
	if (!got->credential.n || !got->key.n)
		return E_DENIED;
	f.name_n = (uint8_t)user_copy(f.name, sizeof f.name, view_of(v->name, v->name_n));
	f.secret_n = (uint16_t)user_copy(f.secret, sizeof f.secret, got->key);
	f.credential_n = (uint16_t)user_copy(f.credential, sizeof f.credential, got->credential);
	return factor_add(a, &f);
}

void factor_verified_credential(struct authority *a, struct verify *v,
				const struct verified_credential *got)
{
	struct question q = v->who;
	struct session s = { 0 };
	enum err e = E_DENIED;

	if (!factor_verified_session(a, v, &s)) {
		cell_refuse(a, &q, GATE_WHY_EXPIRED, 0);
		verify_free(a, v);
		return;
	}
	if (got->is_right == 1)
		e = factor_verified_add_key(a, v, got);
	if (e == E_OK)
		e = factor_verified_gained(a, cell_of(a, &q), s.id, GATE_PASSKEY);
	if (e == E_OK) {
		factor_verified_tell(a, &q, &s.user, "factor.added", GATE_PASSKEY,
				     view_of(v->name, v->name_n));
		cell_done(a, &q);
	} else {
		cell_refuse(a, &q, e == E_DENIED ? GATE_WHY_ATTESTATION : GATE_WHY_BUSY, 0);
	}
	verify_free(a, v);
}
