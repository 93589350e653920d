/* What was wrong nobody is told: a name that does not exist takes as long as a wrong password. */
#include "role/authority/recover_approve.h"

#include "role/authority/factor.h"
#include "role/authority/recover_wish.h"
#include "sys/secret.h"

enum { RECOVER_APPROVE_SAY = 400 };

static void recover_approve_tell(struct tool *t, const char *action, const char *result,
				 const struct user *u, const char *detail)
{
	uint8_t object_at[24];
	struct wbuf object = wbuf_of(object_at, sizeof object_at);
	struct tell tell = { .action = action, .result = result, .detail = view_str(detail) };

	WBUF_LIT(&object, "request ");
	wbuf_dec(&object, t->approval.wish);
	tell.object = wbuf_view(&object);
	if (u)
		tell.actor = user_name(u);
	tell.uid = t->uid;
	tell.is_tool = !u;
	tell_event(t->a, &tell);
}

static void recover_approve_end(struct tool *t)
{
	t->asleep = 0;
	secret_wipe(t->approval.code, sizeof t->approval.code);
}

/* The machine itself is a network of its own, known to everybody: strangers who fail at the portal
 * don't delay who sits here, nor the other way round. */
static void recover_approve_delay(struct tool *t, struct view name)
{
	const struct ip here = { 0 };

	t->approval.delay.account = delay_account(&t->a->delay, name, &here);
	t->approval.delay.source = delay_source(&t->a->delay, &here);
}

static bool recover_approve_waits(struct tool *t)
{
	uint32_t s = delay_wait_s(&t->a->delay, &t->approval.delay, t->a->now_ms);

	if (s)
		tool_end(t, false, "too many tries: wait %u s", s);
	return s != 0;
}

/* Whose it would be; id 0: nobody's, which is found out as late as a wrong password is. */
static enum err recover_approve_look_up(struct tool *t, struct view name, struct user *u,
					struct factor *password)
{
	enum err e = user_is_name(name) ? user_by_name(t->a, name, u) : E_CLOSED;

	if (e == E_OK && !u->is_disabled)
		e = factor_of_kind(t->a, u->id, GATE_PASSWORD, password);
	else if (e == E_OK)
		u->id = 0;
	return e == E_SYS ? E_SYS : E_OK;
}

static void recover_approve_ask(struct tool *t, const struct tool_act *act)
{
	struct authority *a = t->a;
	const struct question nobody = { 0 };
	struct factor password = { 0 };
	struct user u = { 0 };
	struct verify *v = NULL;

	if (recover_approve_look_up(t, act->name, &u, &password) == E_OK && tell_room(a))
		v = verify_take(a, VERIFY_FOR_APPROVAL, &nobody, false);
	if (!v) {
		tool_end(t, false, "passwords can't be verified just now: try again");
		return;
	}
	delay_count(&a->delay, &t->approval.delay, a->now_ms);
	v->login = (uint32_t)(t - a->tools);
	v->user = u.id;
	v->factor = password.id;
	t->asleep = v->seq;
	t->approval.code_n =
		(uint8_t)user_copy(t->approval.code, sizeof t->approval.code, act->locale);
	if (verify_password(a, v,
			    password.id ? view_of(password.secret, password.secret_n)
					: (struct view){ 0 },
			    act->list) == E_OK)
		return;
	recover_approve_end(t);
	tool_end(t, false, "passwords can't be verified just now: try again");
}

void recover_approve_begin(struct tool *t, const struct tool_act *act)
{
	struct recover_wish w = { 0 };
	enum err e = recover_wish_get(t->a, act->number, &w);

	if (e != E_OK) {
		tool_end(t, false,
			 e == E_CLOSED ? "there is no request %u (any more)"
				       : "request %u: the store can't be read",
			 act->number);
		return;
	}
	if (!act->list.n || act->list.n > GATE_PASSWORD_MAX || !act->locale.n) {
		tool_end(t, false,
			 "an approval takes a user, the password and the code of the "
			 "authenticator app");
		return;
	}
	t->approval.wish = w.id;
	t->approval.told = act->flags & RECOVER_TOLD_ALL;
	recover_approve_delay(t, act->name);
	if (!recover_approve_waits(t))
		recover_approve_ask(t, act);
}

/* ---- the answer ---- */

static struct tool *recover_approve_of(struct authority *a, const struct verify *v)
{
	struct tool *t = v->login < AUTHORITY_TOOLS ? &a->tools[v->login] : NULL;

	return t && t->source.fd >= 0 && t->asleep == v->seq ? t : NULL;
}

static void recover_approve_do(struct tool *t, struct recover_wish *w, const struct user *u)
{
	uint8_t say_at[RECOVER_APPROVE_SAY];
	struct wbuf say = wbuf_of(say_at, sizeof say_at);
	bool is_done = false;
	enum err e = E_OK;

	if (!recover_wish_may(t->a, w, u->id)) {
		recover_approve_tell(t, "recover.refused", "refused", u, "not in the group");
		tool_end(t, false, "%.*s is neither in the group that approves, nor an owner",
			 (int)u->name_n, (const char *)u->name_at);
		return;
	}
	e = tell_room(t->a) ? recover_wish_approve(t->a, w, u->id) : E_SYS;
	if (e == E_DENIED) {
		recover_approve_tell(t, "recover.refused", "refused", u, "approved before");
		tool_end(t, false, "%.*s has approved this already: somebody else has to",
			 (int)u->name_n, (const char *)u->name_at);
		return;
	}
	if (e != E_OK || recover_wish_tell(t->a, w, t->approval.told) != E_OK) {
		tool_end(t, false, "the store or the audit log takes nothing now: try again");
		return;
	}
	recover_approve_tell(t, "recover.approved", "ok", u, "");
	is_done = recover_wish_do(t->a, w, &say);
	t->n = is_done;
	tool_end(t, true, "approved; %.*s", (int)say.n, (const char *)say_at);
}

void recover_approve_verified(struct authority *a, struct verify *v, bool is_right)
{
	struct tool *t = recover_approve_of(a, v);
	struct recover_wish w = { 0 };
	struct user u = { 0 };
	uint32_t user = v->user;
	enum err e = E_DENIED;

	is_right = is_right && v->factor && user;
	verify_free(a, v);
	if (!t)
		return;
	t->asleep = 0;
	if (is_right && user_by_id(a, user, &u) == E_OK && !u.is_disabled)
		e = factor_use_totp(a, user, view_of(t->approval.code, t->approval.code_n));
	recover_approve_end(t);
	if (e != E_OK) {
		recover_approve_tell(t, "recover.refused", "refused", NULL, "password or code");
		tool_end(t, false,
			 "user, password or code is wrong, or the code was used before: wait for "
			 "the next one");
		return;
	}
	delay_forgive(&a->delay, &t->approval.delay);
	if (recover_wish_get(a, t->approval.wish, &w) != E_OK)
		tool_end(t, false, "there is no request %u any more", t->approval.wish);
	else
		recover_approve_do(t, &w, &u);
}

void recover_approve_release(struct authority *a, const struct verify *v)
{
	struct tool *t = recover_approve_of(a, v);

	if (!t)
		return;
	recover_approve_end(t);
	tool_end(t, false, "the password could not be verified just now: try again");
}
