/*
 * Questions about invitations. The link's token is known by its hash; an opened invitation makes a
 * session that may enrol factors and nothing else, one at a time: who opens it again goes on with
 * the new one. When its factors suffice the invitation is used up.
 */
#include "role/authority/cell.h"
#include "role/authority/cell_table.h"
#include "role/authority/isolate.h"
#include "role/authority/session_end.h"

struct ask_invite {
	uint32_t id, user;
};

static enum gate_reason ask_invite_look(struct authority *a, const struct hash32 *hash,
					struct ask_invite *ret)
{
	struct store_ask q = store_ask(&a->store, Q_INVITE_BY_HASH);
	enum gate_reason why = GATE_WHY_NOTHING;
	enum err e = E_OK;

	store_put_hash(&q, hash);
	e = store_next(&q);
	if (e != E_OK)
		return e == E_CLOSED ? GATE_WHY_UNKNOWN : GATE_WHY_BUSY;
	*ret = (struct ask_invite){ (uint32_t)store_int(&q, 0), (uint32_t)store_int(&q, 1) };
	if (store_int(&q, 3))
		why = GATE_WHY_USED;
	else if (store_int(&q, 2) <= authority_wall_s(a))
		why = GATE_WHY_EXPIRED;
	else if (store_int(&q, 4))
		why = GATE_WHY_UNKNOWN; /* disabled: nobody is told */
	store_end(&q);
	return why;
}

enum err ask_invite_on_look(void *role, struct frame *f)
{
	struct authority_cell *c = role;
	struct cell_transaction ask = { 0 };
	struct ask_invite invite = { 0 };
	struct question q = { 0 };
	struct authority_verdict r = { 0 };
	uint8_t body[16];
	struct wbuf w = wbuf_of(body, sizeof body);

	TRY(cell_transaction_get(f->body, &ask));
	TRY(cell_asks(c, f, &q));
	r.reason = (uint8_t)ask_invite_look(c->a, &ask.transaction, &invite);
	r.verdict = r.reason == GATE_WHY_NOTHING ? GATE_OK : GATE_DENIED;
	if (authority_verdict_put(&w, &r) != E_OK)
		w.bad = true;
	cell_answer(c->a, &q, AUTHORITY_VERDICT, &w);
	return E_OK;
}

/* The session that was made by opening it before. */
static enum err ask_invite_end_other(struct authority *a, const struct authority_cell *c,
				     uint32_t invite)
{
	struct store_ask q = store_ask(&a->store, Q_SESSION_OF_INVITE);
	const struct tell t = { .action = "session.revoked",
				.result = "ended",
				.detail = VIEW_INIT("the invitation was opened again"),
				.cell = c };
	uint64_t id = 0;
	enum err e = E_OK;

	store_put_int(&q, invite);
	e = store_number(&q, &id);
	if (e != E_OK)
		return e == E_CLOSED ? E_OK : e;
	return session_end_one(a, (uint32_t)id, &t);
}

enum err ask_invite_on_invited(void *role, struct frame *f)
{
	struct authority_cell *c = role;
	struct authority *a = c->a;
	struct cell_invited ask = { 0 };
	struct ask_invite invite = { 0 };
	struct question q = { 0 };
	struct session s = { 0 };
	struct session_wish wish = { .is_enrolling = true };
	struct tell t = { .action = "invite.opened", .result = "ok", .cell = c };
	enum gate_reason why = GATE_WHY_NOTHING;

	TRY(cell_invited_get(f->body, &ask));
	TRY(cell_asks(c, f, &q));
	why = ask_invite_look(a, &ask.invite, &invite);
	if (why == GATE_WHY_NOTHING && !isolate_lets_in(c))
		why = GATE_WHY_ISOLATED;
	if (why == GATE_WHY_NOTHING && c->user && c->user != invite.user) {
		cell_answer_session(a, &q, GATE_OTHER, &s);
		return E_OK;
	}
	wish.user = invite.user;
	wish.invite = invite.id;
	wish.agent = ask.agent;
	if (why == GATE_WHY_NOTHING &&
	    (!tell_room(a) || !cell_may_write(c) || ask_invite_end_other(a, c, invite.id) != E_OK ||
	     session_make(a, c, &wish, &ask.token, &s) != E_OK))
		why = GATE_WHY_BUSY;
	if (why != GATE_WHY_NOTHING) {
		cell_refuse(a, &q, why, 0);
		return E_OK;
	}
	t.actor = user_name(&s.user);
	tell_event(a, &t);
	cell_answer_session(a, &q, session_show(a, c, &s), &s);
	return E_OK;
}
