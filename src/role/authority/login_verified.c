/* Nothing here depends on whether the account exists but what is told to the audit log. */
#include "role/authority/login_verified.h"

#include "role/authority/factor.h"
#include "role/authority/factor_verified.h"

static struct login *login_verified_of(struct authority *a, const struct verify *v)
{
	struct login *l = &a->logins[v->login];

	return l->state && l->generation == v->login_generation &&
			       l->born_ms + AUTHORITY_LOGIN_MS > a->now_ms
		       ? l
		       : NULL;
}

void login_verified_release(struct authority *a, const struct verify *v)
{
	struct login *l = login_verified_of(a, v);

	if (l && (v->kind == VERIFY_FOR_LOGIN || v->kind == VERIFY_FOR_PASSKEY))
		l->is_busy = false;
}

void login_verified_fail(struct authority *a, const struct question *q, struct login *l,
			 const char *detail)
{
	struct user u = { 0 };
	bool is_known = l->user && user_by_id(a, l->user, &u) == E_OK;
	const struct tell t = {
		.action = "login.failed",
		.result = "refused",
		.actor = is_known ? user_name(&u) : (struct view){ 0 },
		.detail = view_str(detail),
		.cell = cell_of(a, q),
	};

	PAGE_ADD(a->gate->logins_failed, 1);
	tell_event(a, &t);
	login_reset(l);
	l->state = LOGIN_FAILED;
	login_answer(a, q, l, GATE_WHY_WRONG);
}

/* What is left to be shown of what an application wants. */
static uint8_t login_verified_left(const struct login *l)
{
	uint8_t have = l->shown & GATE_RECOVERY ? l->shown | GATE_TOTP : l->shown;

	return l->wants & (uint8_t)~have;
}

static enum authority_login_state login_verified_state(const struct authority *a,
						       const struct login *l)
{
	uint8_t left = login_verified_left(l);

	if (l->wants ? !left : factor_is_enough(a, l->shown))
		return LOGIN_DONE;
	if (!l->wants)
		left = factor_offers(a, l->shown);
	if (left == GATE_TOTP)
		return LOGIN_CODE;
	return left ? LOGIN_FIRST : LOGIN_FAILED;
}

void login_verified_conclude(struct authority *a, const struct question *q, struct login *l)
{
	enum authority_login_state state = login_verified_state(a, l);

	if (l->is_wrong || state == LOGIN_FAILED) {
		login_verified_fail(a, q, l, l->is_wrong ? "password" : "not enough factors");
		return;
	}
	l->state = (uint8_t)state;
	if (state == LOGIN_DONE && l->delay.account)
		delay_forgive(&a->delay, &l->delay);
	login_answer(a, q, l, GATE_WHY_NOTHING);
}

/* The password that was right is hashed anew, as today's settings ask. */
static void login_verified_renew(struct authority *a, const struct verify *v)
{
	const struct question nobody = { 0 };
	struct verify *again = verify_take(a, VERIFY_FOR_AGAIN, &nobody, true);

	if (!again)
		return; /* the next time will do */
	again->user = v->user;
	again->factor = v->factor;
	if (verify_hash(a, again, view_of(v->password, v->password_n)) != E_OK)
		return;
}

void login_verified_password(struct authority *a, struct verify *v, bool is_right, bool is_old)
{
	struct login *l = login_verified_of(a, v);
	struct question q = v->who;

	/* v->factor is 0 when there was no hash to compare with: then nothing is right */
	is_right = is_right && v->factor;
	if (is_right && is_old)
		login_verified_renew(a, v);
	verify_free(a, v);
	if (!l) {
		login_answer(a, &q, NULL, GATE_WHY_EXPIRED);
		return;
	}
	l->is_busy = false;
	l->is_wrong = !is_right;
	if (is_right)
		l->shown |= GATE_PASSWORD;
	if (!l->wants && !(l->shown & GATE_PASSKEY) && factor_asks_code(a)) {
		l->state = LOGIN_CODE; /* right or wrong: nobody is told which */
		login_answer(a, &q, l, GATE_WHY_NOTHING);
		return;
	}
	login_verified_conclude(a, &q, l);
}

/* A counter that does not go up means that there are two of what should be one (WebAuthn §6.1.1);
 * keys that have no counter always say 0. */
static bool login_verified_is_copied(const struct factor *f, uint32_t count)
{
	return (f->count || count) && count <= f->count;
}

static enum err login_verified_use(struct authority *a, const struct factor *f,
				   const struct verified_assertion *got)
{
	struct store_ask q = store_ask(&a->store, Q_FACTOR_USED);

	store_put_int(&q, got->count);
	store_put_int(&q, authority_wall_s(a));
	store_put_int(&q, (f->flags & VERIFIED_ATTESTED) |
				  (got->flags & (VERIFIED_BACKUP_ELIGIBLE | VERIFIED_BACKED_UP)));
	store_put_int(&q, f->id);
	return store_run(&q);
}

static void login_verified_alarm(struct authority *a, const struct question *q,
				 const struct factor *f)
{
	struct user u = { 0 };
	struct tell t = { .action = "factor.copied",
			  .result = "refused",
			  .object = view_of(f->name, f->name_n),
			  .detail = VIEW_INIT("the passkey's counter went back"),
			  .cell = cell_of(a, q),
			  .is_alarm = true };

	if (user_by_id(a, f->user, &u) == E_OK)
		t.actor = user_name(&u);
	tell_event(a, &t);
}

void login_verified_passkey(struct authority *a, struct verify *v,
			    const struct verified_assertion *got)
{
	struct login *l = login_verified_of(a, v);
	struct question q = v->who;
	struct factor f = { 0 };
	struct user u = { 0 };
	const char *why = NULL;

	if (!l) {
		verify_free(a, v);
		login_answer(a, &q, NULL, GATE_WHY_EXPIRED);
		return;
	}
	l->is_busy = false;
	l->user = v->user;
	if (got->is_right != 1 || factor_get(a, v->user, v->factor, &f) != E_OK ||
	    user_by_id(a, v->user, &u) != E_OK || u.is_disabled) {
		why = "passkey";
	} else if (login_verified_is_copied(&f, got->count)) {
		login_verified_alarm(a, &q, &f);
		why = "passkey counter";
	} else if (login_verified_use(a, &f, got) != E_OK) {
		why = "the store";
	}
	verify_free(a, v);
	if (why) {
		login_verified_fail(a, &q, l, why);
		return;
	}
	l->shown |= GATE_PASSKEY;
	login_verified_conclude(a, &q, l);
}
