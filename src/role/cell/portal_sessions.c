/* My sessions: to see them, and to end one that is somewhere else. */
#include "role/cell/portal_route.h"
#include "role/cell/portal_steps.h"
#include "role/cell/portal_view.h"

enum { SESSIONS_ROWS = 64 };

void portal_sessions_go(struct gate_state *j)
{
	struct cell_page question = { .token = j->session.hash };
	uint8_t room[64];
	struct wbuf w = wbuf_of(room, sizeof room);
	uint64_t from = 0;

	if (view_dec(portal_route_param(j, VIEW("from")), &from) == E_OK)
		question.from = (uint32_t)(from & UINT32_MAX);
	j->notice = (uint8_t)portal_notice(portal_route_param(j, VIEW("done")));
	(void)cell_page_put(&w, &question);
	(void)porter_ask(j, CELL_SESSIONS, &w, PORTAL_STEP_SESSIONS);
}

/* E_SHORT at the end; another error: the authority's list makes no sense */
static enum err sessions_row(struct view *rows, struct portal_session *ret)
{
	struct authority_session_row row = { 0 };
	struct view one = { 0 };

	TRY(view_str16(rows, &one));
	if (authority_session_row_get(one, &row) != E_OK)
		return E_PROTO;
	*ret = (struct portal_session){ .number = row.number,
					.is_own = row.is_own,
					.factors = row.factors,
					.source = row.source,
					.began_s = row.began_s,
					.seen_s = row.seen_s,
					.agent = row.agent };
	return E_OK;
}

void portal_sessions_list(struct gate_state *j, const struct ask_answer *a)
{
	struct portal_session rows[SESSIONS_ROWS];
	struct authority_list list = { 0 };
	struct portal_view v = { 0 };

	if (a->type != AUTHORITY_LIST || authority_list_get(a->body, &list) != E_OK) {
		portal_view_refused(j, a);
		return;
	}
	portal_view_of(j, &v);
	v.m.sessions = rows;
	v.m.next = list.next;
	while (v.m.sessions_n < SESSIONS_ROWS &&
	       sessions_row(&list.rows, &rows[v.m.sessions_n]) == E_OK)
		v.m.sessions_n++;
	portal_view_page(j, PORTAL_SESSIONS, &v, 200);
}

void portal_sessions_end_go(struct gate_state *j)
{
	portal_route_ask_number(j, CELL_SESSION_END, PORTAL_STEP_SESSION_END,
				"a session without a number");
}

void portal_sessions_ended(struct gate_state *j, const struct ask_answer *a)
{
	if (a->type == AUTHORITY_DONE)
		portal_view_go(j, VIEW("/sessions?done=ended"));
	else
		portal_view_refused(j, a);
}
