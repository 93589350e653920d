/* My applications, the way to one of them, log-out, language, invitations, assets. */
#include "role/cell/gate_facts.h"
#include "role/cell/gate_say.h"
#include "role/cell/portal_route.h"
#include "role/cell/portal_steps.h"
#include "role/cell/portal_view.h"
#include "sys/secret.h"

enum { HOME_APPS = 200 };

/* ---- my applications ---- */

void portal_home_go(struct gate_state *j)
{
	struct cell_page question = { .token = j->session.hash };
	uint8_t room[64];
	struct wbuf w = wbuf_of(room, sizeof room);
	uint64_t from = 0;

	if (view_dec(portal_route_param(j, VIEW("from")), &from) == E_OK)
		question.from = (uint32_t)(from & UINT32_MAX);
	j->notice = (uint8_t)portal_notice(portal_route_param(j, VIEW("done")));
	(void)cell_page_put(&w, &question);
	(void)porter_ask(j, CELL_APPS, &w, PORTAL_STEP_HOME);
}

void portal_home_apps(struct gate_state *j, const struct ask_answer *a)
{
	struct portal_app rows[HOME_APPS];
	struct authority_apps apps = { 0 };
	struct portal_view v = { 0 };
	uint64_t id = 0;

	if (a->type != AUTHORITY_APPS || authority_apps_get(a->body, &apps) != E_OK) {
		portal_view_refused(j, a);
		return;
	}
	portal_view_of(j, &v);
	v.m.apps = rows;
	while (v.m.apps_n < HOME_APPS && view_u64(&apps.ids, &id) == E_OK) {
		const struct image_app *app = porter_app_of(j, id);

		if (app)
			rows[v.m.apps_n++] =
				(struct portal_app){ .title = portal_view_title(j, app),
						     .origin = image_view(&j->x->g->image,
									  app->origin) };
	}
	v.m.next = apps.next;
	portal_view_page(j, PORTAL_APPS, &v, 200);
}

/* ---- to an application ---- */

static void home_ticket(struct gate_state *j)
{
	struct cell_ticket question = { .token = j->session.hash,
					.app = j->wanted->id,
					.nonce = j->asked_nonce };
	uint8_t room[160];
	struct wbuf w = wbuf_of(room, sizeof room);

	if (token_make(&j->fresh) != E_OK) {
		portal_view_error(j, 503, "no memory for a code");
		return;
	}
	question.code = j->fresh.token.hash;
	(void)cell_ticket_put(&w, &question);
	(void)porter_ask(j, CELL_TICKET, &w, PORTAL_STEP_TICKET);
}

void portal_home_enter_go(struct gate_state *j)
{
	if (!j->wanted)
		portal_view_error(j, 404, "there is no such application");
	else if (!j->session.is_there)
		portal_view_to_login(j, false);
	else if (j->has_asked_nonce)
		home_ticket(j);
	else /* it begins there: only the application's host can give this browser a nonce */
		portal_view_go(j, image_view(&j->x->g->image, j->wanted->origin));
}

static void home_denied(struct gate_state *j, uint8_t reason)
{
	struct portal_view v = { 0 };

	j->reason = reason < GATE_REASONS ? reason : GATE_WHY_POLICY;
	portal_view_of(j, &v);
	portal_view_page(j, PORTAL_DENIED, &v, 403);
}

/* It comes back by itself, to the same question. */
static void home_waits(struct gate_state *j, const struct authority_verdict *verdict)
{
	struct portal_view v = { 0 };

	portal_view_of(j, &v);
	v.m.position = verdict->position;
	v.m.waiting = verdict->waiting;
	portal_view_page(j, PORTAL_WAITING, &v, 200);
}

void portal_home_denied_go(struct gate_state *j)
{
	if (j->wanted)
		home_denied(j, GATE_WHY_POLICY);
	else
		portal_view_error(j, 404, "there is no such application");
}

static void home_code(struct gate_state *j)
{
	uint8_t room[512];
	struct wbuf w = wbuf_of(room, sizeof room);

	wbuf_view_put(&w, image_view(&j->x->g->image, j->wanted->origin));
	WBUF_LIT(&w, "/.sluis/enter?code=");
	wbuf_put(&w, j->fresh.text, sizeof j->fresh.text);
	portal_view_go(j, wbuf_view(&w));
	secret_wipe(room, sizeof room);
}

void portal_home_ticket(struct gate_state *j, const struct ask_answer *a)
{
	struct authority_verdict verdict = { 0 };

	if (a->type != AUTHORITY_VERDICT || authority_verdict_get(a->body, &verdict) != E_OK) {
		portal_view_refused(j, a);
		return;
	}
	switch ((enum gate_verdict)verdict.verdict) {
	case GATE_OK:
		home_code(j);
		return;
	case GATE_DENIED:
		home_denied(j, verdict.reason);
		return;
	case GATE_ISOLATED:
		home_denied(j, GATE_WHY_ISOLATED);
		return;
	case GATE_WAIT:
		home_waits(j, &verdict);
		return;
	case GATE_OTHER:
		gate_say_other(j);
		return;
	case GATE_ENROL:
		portal_view_go(j, VIEW("/factors"));
		return;
	case GATE_STEP_UP:
	case GATE_MISMATCH:
		portal_view_to_login(j, true);
		return;
	case GATE_NONE:
	case GATE_ENDED:
	case GATE_VERDICTS:
	default:
		j->drops_session = true;
		gate_say_last(j);
		portal_view_to_login(j, false);
	}
}

/* ---- log-out ---- */

void portal_home_logout_go(struct gate_state *j)
{
	struct cell_logout question = { .token = j->session.hash };
	uint8_t room[64];
	struct wbuf w = wbuf_of(room, sizeof room);
	static const struct ask_answer nobody = { .type = AUTHORITY_DONE };

	if (!j->session.is_there) {
		portal_home_left(j, &nobody);
		return;
	}
	question.everywhere = view_eq(portal_route_field(j, VIEW("everywhere")), VIEW("1"));
	(void)cell_logout_put(&w, &question);
	(void)porter_ask(j, CELL_LOGOUT, &w, PORTAL_STEP_LOGOUT);
}

void portal_home_left(struct gate_state *j, const struct ask_answer *a)
{
	struct portal_view v = { 0 };

	if (a->type == 0) {
		portal_view_refused(j, a); /* it may go on: nothing else may be said */
		return;
	}
	j->drops_session = j->drops_login = true;
	j->is_known = false;
	gate_say_last(j);
	portal_view_of(j, &v);
	v.m.csrf = (struct view){ 0 };
	portal_view_page(j, PORTAL_LOGGED_OUT, &v, 200);
}

/* ---- language ---- */

/* Back to where the switch was: a page of the portal, and nothing else (no open redirect). */
static void home_back(struct gate_state *j)
{
	struct view back = portal_route_field(j, VIEW("back"));
	bool is_good = gate_facts_back(back) &&
		       portal_route_is_page(view_slice(back, 0, view_find(back, '?')));

	j->sets_language = true;
	portal_view_go(j, is_good ? back : VIEW("/"));
}

void portal_home_language_go(struct gate_state *j)
{
	struct view language = portal_route_field(j, VIEW("language"));
	struct cell_locale question = { .token = j->session.hash };
	uint8_t room[64];
	struct wbuf w = wbuf_of(room, sizeof room);

	j->facts.language = portal_language((struct view){ 0 }, language);
	question.locale = portal_language_name(j->facts.language);
	(void)cell_locale_put(&w, &question);
	if (!j->session.is_there || !porter_try(j, CELL_LOCALE, &w, PORTAL_STEP_LOCALE))
		home_back(j);
}

void portal_home_locale(struct gate_state *j, const struct ask_answer *a)
{
	(void)a; /* the cookie holds, whoever is logged in */
	home_back(j);
}

/* ---- invitations ---- */

static struct view home_invite(const struct gate_state *j)
{
	struct view path = porter_span(j, j->x->path_at);

	return view_slice(path, sizeof "/invite/" - 1, path.n);
}

static void home_ask_invite(struct gate_state *j, const struct token *invite)
{
	struct cell_transaction question = { .transaction = invite->hash };
	uint8_t room[64];
	struct wbuf w = wbuf_of(room, sizeof room);

	(void)cell_transaction_put(&w, &question);
	(void)porter_ask(j, CELL_INVITE_LOOK, &w, PORTAL_STEP_INVITE_LOOK);
}

/* Only looked at: programs that open links in mail must not use it up. */
void portal_home_invite_go(struct gate_state *j)
{
	struct token invite = { 0 };

	if (token_read(home_invite(j), &invite) != E_OK)
		portal_view_error(j, 404, "there is no such invitation");
	else if (!j->login.is_there && token_make(&j->fresh_login) != E_OK)
		portal_view_error(j, 503, "no memory for a token");
	else
		home_ask_invite(j, &invite);
}

void portal_home_invite_look(struct gate_state *j, const struct ask_answer *a)
{
	struct authority_verdict verdict = { 0 };
	struct portal_view v = { 0 };

	if (a->type != AUTHORITY_VERDICT || authority_verdict_get(a->body, &verdict) != E_OK) {
		portal_view_refused(j, a);
		return;
	}
	if (verdict.verdict != GATE_OK) {
		j->reason = verdict.reason < GATE_REASONS ? verdict.reason : GATE_WHY_EXPIRED;
		portal_view_error(j, 410, "an invitation that is not good any more");
		return;
	}
	j->sets_login = !j->login.is_there; /* for the form's sake */
	portal_view_of(j, &v);
	v.m.invite = home_invite(j);
	portal_view_page(j, PORTAL_INVITE, &v, 200);
}

void portal_home_invited_go(struct gate_state *j)
{
	struct cell_invited question = { 0 };
	struct token invite = { 0 };
	uint8_t room[512];
	struct wbuf w = wbuf_of(room, sizeof room);

	if (token_read(portal_route_field(j, VIEW("invite")), &invite) != E_OK) {
		portal_view_error(j, 404, "there is no such invitation");
		return;
	}
	if (token_make(&j->fresh) != E_OK) {
		portal_view_error(j, 503, "no memory for a token");
		return;
	}
	question.invite = invite.hash;
	question.token = j->fresh.token.hash;
	question.agent = view_slice(porter_span(j, j->x->agent_at), 0, 256);
	(void)cell_invited_put(&w, &question);
	(void)porter_ask(j, CELL_INVITED, &w, PORTAL_STEP_INVITED);
}

void portal_home_invited(struct gate_state *j, const struct ask_answer *a)
{
	struct authority_session s = { 0 };

	if (a->type != AUTHORITY_SESSION || authority_session_get(a->body, &s) != E_OK) {
		portal_view_refused(j, a);
	} else if (s.verdict == GATE_OK || s.verdict == GATE_ENROL) {
		j->sets_session = j->drops_login = true;
		portal_view_go(j, VIEW("/factors"));
	} else if (s.verdict == GATE_OTHER) {
		gate_say_other(j);
	} else {
		j->reason = s.reason < GATE_REASONS ? s.reason : GATE_WHY_EXPIRED;
		portal_view_error(j, 410, "an invitation that is not good any more");
	}
}

/* ---- assets ---- */

void portal_home_asset_go(struct gate_state *j)
{
	struct portal_asset asset = { 0 };

	if (portal_asset(porter_span(j, j->x->path_at), &asset))
		portal_view_asset(j, &asset);
	else
		portal_view_error(j, 404, "there is no such asset");
}
