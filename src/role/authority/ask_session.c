/* Questions about sessions themselves. */
#include "role/authority/cell.h"

#include "role/authority/canaries.h"
#include "role/authority/cell_table.h"
#include "role/authority/session_end.h"

enum { ASK_SESSION_ROWS = 20 };

enum err ask_session_on_hello(void *role, struct frame *f)
{
	struct authority_cell *c = role;
	struct cell_hello hello = { 0 };

	TRY(cell_hello_get(f->body, &hello));
	if (c->has_hello || f->seq)
		return E_DENIED;
	c->has_hello = true;
	c->fingerprint = hello.fingerprint;
	c->has_certificate = !hash32_is_zero(&hello.certificate);
	canaries_keep_cell(c, &hello.canary);
	return E_OK;
}

/* Use of a long exchange keeps its session from being idle; of one that this cell has shown. */
enum err ask_session_on_used(void *role, struct frame *f)
{
	struct authority_cell *c = role;
	struct authority *a = c->a;
	struct cell_used used = { 0 };
	struct seat *seat = NULL;

	TRY(cell_used_get(f->body, &used));
	if (!c->has_hello || f->seq || used.slot >= PAGE_SESSIONS)
		return E_DENIED;
	seat = &a->seats[used.slot];
	if (!c->session || seat->session != c->session || !used.generation ||
	    PAGE_GET(a->gate->session[used.slot]) != used.generation)
		return E_OK; /* it has ended meanwhile */
	if (seat->seen_s < authority_wall_s(a)) {
		seat->seen_s = (uint32_t)authority_wall_s(a);
		seat->is_dirty = true;
	}
	return E_OK;
}

enum err ask_session_on_session(void *role, struct frame *f)
{
	struct authority_cell *c = role;
	struct cell_token ask = { 0 };
	struct question q = { 0 };
	struct session s = { 0 };
	enum err e = E_OK;

	TRY(cell_token_get(f->body, &ask));
	TRY(cell_asks(c, f, &q));
	e = session_by_token(c->a, &ask.token, 0, &s);
	if (e == E_CLOSED)
		canaries_look(c, &ask.token);
	if (e == E_SYS)
		cell_refuse(c->a, &q, GATE_WHY_BUSY, 0);
	else
		cell_answer_session(c->a, &q, e == E_OK ? session_show(c->a, c, &s) : GATE_NONE,
				    &s);
	return E_OK;
}

enum err ask_session_on_rotate(void *role, struct frame *f)
{
	struct authority_cell *c = role;
	struct cell_rotate ask = { 0 };
	struct question q = { 0 };
	struct session s = { 0 };
	enum gate_verdict v = GATE_NONE;
	enum err e = E_OK;

	TRY(cell_rotate_get(f->body, &ask));
	TRY(cell_asks(c, f, &q));
	e = session_by_token(c->a, &ask.old, ask.app, &s);
	if (e == E_OK)
		v = session_show(c->a, c, &s);
	if (e == E_OK && (v == GATE_OK || v == GATE_ENROL) && !cell_may_write(c))
		e = E_SYS;
	else if (e == E_OK && (v == GATE_OK || v == GATE_ENROL))
		e = session_rotate(c->a, &s, &ask.fresh);
	else if (e != E_SYS)
		e = E_DENIED;
	if (e == E_OK)
		cell_done(c->a, &q);
	else
		cell_refuse(c->a, &q, e == E_DENIED ? GATE_WHY_EXPIRED : GATE_WHY_BUSY, 0);
	return E_OK;
}

/* Who leaves need not be fresh, nor on the right network. */
enum err ask_session_on_logout(void *role, struct frame *f)
{
	struct authority_cell *c = role;
	struct cell_logout ask = { 0 };
	struct question q = { 0 };
	struct session s = { 0 };
	struct tell t = { .action = "logout", .result = "ok", .cell = c };
	enum err e = E_OK;

	TRY(cell_logout_get(f->body, &ask));
	TRY(cell_asks(c, f, &q));
	e = session_by_token(c->a, &ask.token, ask.app, &s);
	if (e == E_OK && (c->user == 0 || c->user == s.user.id) && !s.ended_s) {
		bool may_all =
			ask.everywhere == 1 && !ask.app && session_show(c->a, c, &s) == GATE_OK;

		t.actor = user_name(&s.user);
		e = may_all ? session_end_all(c->a, s.user.id, 0, &t, NULL)
			    : session_end_one(c->a, s.id, &t);
	}
	if (e == E_OK)
		c->kill_ms = 0; /* it has asked for this, and shows what comes next */
	if (e == E_SYS)
		cell_refuse(c->a, &q, GATE_WHY_BUSY, 0);
	else
		cell_done(c->a, &q); /* what is not there has ended */
	return E_OK;
}

static void ask_session_put_row(struct authority *a, const struct session *s, uint32_t own,
				struct wbuf *rows)
{
	const struct authority_session_row r = {
		.number = s->id,
		.is_own = s->id == own,
		.factors = s->factors,
		.source = s->source,
		.began_s = s->began_s,
		.seen_s = session_seen_s(a, s),
		.agent = view_of(s->agent, s->agent_n),
	};
	uint8_t body[512];
	struct wbuf w = wbuf_of(body, sizeof body);

	if (authority_session_row_put(&w, &r) == E_OK)
		wbuf_str16(rows, wbuf_view(&w));
}

/* from: the number of the last one that was told, and so is `next`. */
enum err ask_session_on_list(void *role, struct frame *f)
{
	struct authority_cell *c = role;
	struct cell_page ask = { 0 };
	struct question q = { 0 };
	struct session own = { 0 }, s = { 0 };
	struct authority_list list = { 0 };
	uint8_t rows_at[3600], body[FRAME_BODY_MAX];
	struct wbuf rows = wbuf_of(rows_at, sizeof rows_at), w = wbuf_of(body, sizeof body);
	enum err e = E_OK;

	TRY(cell_page_get(f->body, &ask));
	TRY(cell_asks(c, f, &q));
	if (!cell_session(c, &q, &ask.token, 0, &own))
		return E_OK;
	s.id = ask.from;
	for (unsigned n = 0; n < ASK_SESSION_ROWS && e == E_OK && wbuf_room(&rows) > 400; n++) {
		e = session_after(c->a, own.user.id, s.id, &s);
		if (e == E_OK)
			ask_session_put_row(c->a, &s, own.id, &rows);
	}
	list.next = e == E_OK ? s.id : 0;
	list.rows = wbuf_view(&rows);
	if (e == E_SYS || authority_list_put(&w, &list) != E_OK)
		cell_refuse(c->a, &q, GATE_WHY_BUSY, 0);
	else
		cell_answer(c->a, &q, AUTHORITY_LIST, &w);
	return E_OK;
}

enum err ask_session_on_end(void *role, struct frame *f)
{
	struct authority_cell *c = role;
	struct cell_number ask = { 0 };
	struct question q = { 0 };
	struct session own = { 0 }, s = { 0 };
	struct tell t = { .action = "session.revoked",
			  .result = "ended",
			  .detail = VIEW_INIT("by the user"),
			  .cell = c };
	enum err e = E_OK;

	TRY(cell_number_get(f->body, &ask));
	TRY(cell_asks(c, f, &q));
	if (!cell_session(c, &q, &ask.token, CELL_WRITES, &own))
		return E_OK;
	e = session_by_id(c->a, ask.number, &s);
	if (e == E_OK && s.user.id == own.user.id && !s.ended_s) {
		t.actor = user_name(&own.user);
		e = session_end_one(c->a, s.id, &t);
	} else if (e == E_OK) {
		e = E_CLOSED; /* another's is as good as none */
	}
	if (e == E_OK)
		cell_done(c->a, &q);
	else
		cell_refuse(c->a, &q, e == E_CLOSED ? GATE_WHY_UNKNOWN : GATE_WHY_BUSY, 0);
	return E_OK;
}

enum err ask_session_on_locale(void *role, struct frame *f)
{
	struct authority_cell *c = role;
	struct cell_locale ask = { 0 };
	struct question q = { 0 };
	struct session s = { 0 };
	struct store_ask change = { 0 };

	TRY(cell_locale_get(f->body, &ask));
	TRY(cell_asks(c, f, &q));
	if (!cell_session(c, &q, &ask.token, CELL_MAY_ENROL | CELL_WRITES, &s))
		return E_OK;
	if (!ask.locale.n || !user_is_locale(ask.locale)) {
		cell_refuse(c->a, &q, GATE_WHY_UNKNOWN, 0);
		return E_OK;
	}
	change = store_ask(&c->a->store, Q_USER_LOCALE);
	store_put_text(&change, ask.locale);
	store_put_int(&change, s.user.id);
	if (store_run(&change) == E_OK)
		cell_done(c->a, &q);
	else
		cell_refuse(c->a, &q, GATE_WHY_BUSY, 0);
	return E_OK;
}
