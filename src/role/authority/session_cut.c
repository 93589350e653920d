/* The gate page outlives this process, so the next authority finds there what was cut. */
#include "role/authority/session_cut.h"

#include "role/authority/reach.h"
#include "role/authority/seat.h"
#include "role/authority/session_end.h"

enum { SESSION_CUT_WRITES = 64 };

/* Those whose session can't be looked up go too: the disk may not be read either. */
static void session_cut_cells(struct authority *a)
{
	for (uint32_t i = 0; i < CELL_SLOTS; i++) {
		struct authority_cell *c = &a->cells[i];
		struct session s = { 0 };

		if (!c->serial || !c->session ||
		    (session_by_id(a, c->session, &s) == E_OK && !a->seats[s.slot].is_cut))
			continue;
		reach_forbid(a, c);
		c->kill_ms = a->now_ms + AUTHORITY_KILL_MS;
		PAGE_SET(a->gate->logged_in[c->slot], 0);
	}
}

static void session_cut_tell(struct authority *a, uint32_t n, const struct tell *t)
{
	uint8_t text[64];
	struct wbuf w = wbuf_of(text, sizeof text);
	struct tell told = *t;

	wbuf_dec(&w, n);
	wbuf_str(&w, n == 1 ? " session" : " sessions");
	told.action = "session.cut";
	told.object = wbuf_view(&w);
	told.result = "the store can't be written";
	told.is_alarm = true;
	tell_event(a, &told);
}

void session_cut_one(struct authority *a, uint32_t slot, const struct tell *t)
{
	if (!slot || !seat_cut(a, slot))
		return;
	session_cut_cells(a);
	session_cut_tell(a, 1, t);
}

void session_cut_all(struct authority *a, uint32_t user, uint32_t but, const struct tell *t)
{
	uint32_t n = 0;

	for (uint32_t slot = 1; slot < PAGE_SESSIONS; slot++) {
		const struct seat *seat = &a->seats[slot];

		if ((!user || seat->user == user) && seat->session != but)
			n += seat_cut(a, slot);
	}
	if (!n)
		return;
	session_cut_cells(a);
	session_cut_tell(a, n, t);
}

void session_cut_write(struct authority *a)
{
	const struct tell t = { .action = "session.ended",
				.result = "ended",
				.detail = VIEW_INIT("it was cut before") };
	uint32_t n = 0;

	for (uint32_t slot = 1; slot < PAGE_SESSIONS && n < SESSION_CUT_WRITES; slot++) {
		if (!a->seats[slot].is_cut)
			continue;
		if (session_end_one(a, a->seats[slot].session, &t) != E_OK)
			return;
		n++;
	}
}
