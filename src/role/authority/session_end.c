/* Many at once in one transaction: a disk that takes milliseconds must not make them seconds. */
#include "role/authority/session_end.h"

#include "role/authority/reach.h"
#include "role/authority/seat.h"
#include "role/authority/session_cut.h"

enum { SESSION_END_BATCH = 128, SESSION_END_OBJECT = 32 };

/* What is to be known of one after it has ended. */
struct ended {
	uint32_t id, slot;
	uint8_t name_n, name[GATE_USER_MAX];
};

static void session_end_note(struct ended *to, const struct session *s)
{
	to->id = s->id;
	to->slot = s->slot;
	to->name_n = (uint8_t)user_copy(to->name, sizeof to->name, user_name(&s->user));
}

static enum err session_end_write(struct authority *a, const struct ended *s)
{
	struct store_ask q = store_ask(&a->store, Q_SESSION_END);

	store_put_int(&q, authority_wall_s(a));
	store_put_int(&q, s->id);
	TRY(store_run(&q));
	return store_run_for(&a->store, Q_TOKEN_DROP_ENDED, s->id);
}

static enum err session_end_commit(struct authority *a, const struct ended *s, uint32_t n)
{
	TRY(store_begin(&a->store));
	for (uint32_t i = 0; i < n; i++)
		TRY(session_end_write(a, &s[i]));
	return store_commit(&a->store);
}

static void session_end_tell(struct authority *a, const struct ended *s, const struct tell *t)
{
	uint8_t text[SESSION_END_OBJECT];
	struct wbuf w = wbuf_of(text, sizeof text);
	struct tell told = *t;

	WBUF_LIT(&w, "session ");
	wbuf_dec(&w, s->id);
	told.object = wbuf_view(&w);
	if (!told.actor.n)
		told.actor = view_of(s->name, s->name_n);
	tell_event(a, &told);
}

/* Ids are in order. */
static bool session_end_has(const struct ended *s, uint32_t n, uint32_t id)
{
	uint32_t low = 0;

	while (n) {
		uint32_t half = n / 2;

		if (s[low + half].id == id)
			return true;
		if (s[low + half].id < id) {
			low += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return false;
}

static void session_end_cells(struct authority *a, const struct ended *s, uint32_t n)
{
	for (uint32_t i = 0; i < CELL_SLOTS; i++) {
		struct authority_cell *c = &a->cells[i];

		if (!c->serial || !c->session || !session_end_has(s, n, c->session))
			continue;
		reach_forbid(a, c);
		c->kill_ms = a->now_ms + AUTHORITY_KILL_MS;
		PAGE_SET(a->gate->logged_in[c->slot], 0);
	}
}

/* On disk: now everybody may know, those first who stream. */
static enum err session_end_apply(struct authority *a, const struct ended *s, uint32_t n,
				  const struct tell *t)
{
	enum err e = session_end_commit(a, s, n);

	if (e != E_OK) {
		store_abort(&a->store);
		return e;
	}
	for (uint32_t i = 0; i < n; i++)
		if (s[i].slot && a->seats[s[i].slot].session == s[i].id)
			seat_free(a, s[i].slot);
	PAGE_ADD(a->gate->revocations, n);
	session_end_cells(a, s, n);
	for (uint32_t i = 0; i < n; i++)
		session_end_tell(a, &s[i], t);
	return E_OK;
}

enum err session_end_one(struct authority *a, uint32_t id, const struct tell *t)
{
	struct session s = { 0 };
	struct ended one = { 0 };
	enum err e = session_by_id(a, id, &s);

	if (e != E_OK || s.ended_s)
		return e == E_SYS ? E_SYS : E_OK;
	session_end_note(&one, &s);
	e = session_end_apply(a, &one, 1, t);
	if (e != E_OK)
		session_cut_one(a, s.slot, t);
	return e;
}

enum err session_end_some(struct authority *a, uint32_t user, uint32_t but, const struct tell *t,
			  uint32_t *ret_n)
{
	struct ended batch[SESSION_END_BATCH];
	struct session s = { 0 };
	uint32_t n = 0;
	enum err e = E_OK;

	while (n < SESSION_END_BATCH) {
		e = session_after(a, user, s.id, &s);
		if (e != E_OK)
			break;
		if (s.id != but)
			session_end_note(&batch[n++], &s);
	}
	e = e == E_SYS ? E_SYS : E_OK;
	if (e == E_OK && n)
		e = session_end_apply(a, batch, n, t);
	if (e == E_OK)
		*ret_n = n;
	else
		session_cut_all(a, user, but, t);
	return e;
}

enum err session_end_all(struct authority *a, uint32_t user, uint32_t but, const struct tell *t,
			 uint32_t *ret_n)
{
	uint32_t all = 0, n = 0;

	do {
		TRY(session_end_some(a, user, but, t, &n));
		all += n;
		if (ret_n)
			*ret_n = all;
	} while (n);
	return E_OK;
}
