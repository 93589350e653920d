/* My devices and factors: what there is, adding, removing, the password. While somebody enrols
 * these are the only pages. */
#include "base/base64url.h"
#include "base/ct.h"
#include "role/cell/portal_route.h"
#include "role/cell/portal_steps.h"
#include "role/cell/portal_view.h"
#include "sys/secret.h"

enum { FACTORS_ROWS = 64 };

/* ---- the list ---- */

static void factors_ask(struct gate_state *j, uint8_t step)
{
	struct cell_page question = { .token = j->session.hash };
	uint8_t room[64];
	struct wbuf w = wbuf_of(room, sizeof room);
	uint64_t from = 0;

	if (!j->form && view_dec(portal_route_param(j, VIEW("from")), &from) == E_OK)
		question.from = (uint32_t)(from & UINT32_MAX);
	(void)cell_page_put(&w, &question);
	(void)porter_ask(j, CELL_FACTORS, &w, step);
}

void portal_factors_go(struct gate_state *j)
{
	j->notice = (uint8_t)portal_notice(portal_route_param(j, VIEW("done")));
	factors_ask(j, PORTAL_STEP_FACTORS);
}

/* E_SHORT at the end; another error: the authority's list makes no sense */
static enum err factors_row(struct view *rows, struct portal_factor *ret)
{
	struct authority_factor_row row = { 0 };
	struct view one = { 0 };

	TRY(view_str16(rows, &one));
	if (authority_factor_row_get(one, &row) != E_OK)
		return E_PROTO;
	*ret = (struct portal_factor){ .number = row.number,
				       .kind = row.kind,
				       .is_device_bound = row.is_device_bound,
				       .left = row.left,
				       .created_s = row.created_s,
				       .used_s = row.used_s,
				       .name = row.name };
	return E_OK;
}

static void factors_page(struct gate_state *j, const struct ask_answer *a,
			 enum portal_page_kind kind, uint16_t status)
{
	struct portal_factor rows[FACTORS_ROWS];
	struct authority_list list = { 0 };
	struct portal_view v = { 0 };

	if (a->type != AUTHORITY_LIST || authority_list_get(a->body, &list) != E_OK) {
		portal_view_refused(j, a);
		return;
	}
	portal_view_of(j, &v);
	v.m.factors = rows;
	v.m.next = list.next;
	while (v.m.factors_n < FACTORS_ROWS &&
	       factors_row(&list.rows, &rows[v.m.factors_n]) == E_OK) {
		v.m.has_password |= rows[v.m.factors_n].kind == GATE_PASSWORD;
		v.m.factors_n++;
	}
	portal_view_page(j, kind, &v, status);
}

static uint16_t factors_status(const struct gate_state *j)
{
	bool is_wrong = j->notice == PORTAL_NOTE_DIFFERENT || j->notice == PORTAL_NOTE_INCOMPLETE;

	if (j->reason == GATE_WHY_WAIT)
		return 429;
	return j->reason != GATE_WHY_NOTHING || is_wrong ? 403 : 200;
}

void portal_factors_list(struct gate_state *j, const struct ask_answer *a)
{
	factors_page(j, a, PORTAL_FACTORS, factors_status(j));
}

/* What was refused, kept for the page. False: j is answered already, and may be gone */
static bool factors_take_refusal(struct gate_state *j, const struct ask_answer *a)
{
	struct authority_refused refused = { 0 };

	if (a->type != AUTHORITY_REFUSED || authority_refused_get(a->body, &refused) != E_OK) {
		portal_view_refused(j, a);
		return false;
	}
	if (refused.reason == GATE_WHY_FRESH) { /* a factor has to be shown again first */
		portal_view_to_login(j, true);
		return false;
	}
	j->reason = refused.reason < GATE_REASONS ? refused.reason : GATE_WHY_WRONG;
	j->wait_s = refused.wait_s;
	return true;
}

/* The list again, with what was wrong. */
static void factors_refused(struct gate_state *j, const struct ask_answer *a)
{
	if (factors_take_refusal(j, a))
		factors_ask(j, PORTAL_STEP_FACTORS);
}

/* ---- the password ---- */

void portal_factors_password_form_go(struct gate_state *j)
{
	factors_ask(j, PORTAL_STEP_PASSWORD_FORM);
}

void portal_factors_password_form(struct gate_state *j, const struct ask_answer *a)
{
	factors_page(j, a, PORTAL_PASSWORD, factors_status(j));
}

void portal_factors_password_go(struct gate_state *j)
{
	struct cell_password_set question = { .token = j->session.hash,
					      .old = portal_route_field(j, VIEW("old")),
					      .fresh = portal_route_field(j, VIEW("fresh")) };
	uint8_t room[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(room, sizeof room);

	if (question.fresh.n == 0)
		j->notice = PORTAL_NOTE_INCOMPLETE;
	else if (!ct_equal(question.fresh, portal_route_field(j, VIEW("again"))))
		j->notice = PORTAL_NOTE_DIFFERENT;
	else if (cell_password_set_put(&w, &question) != E_OK)
		j->reason = GATE_WHY_WEAK; /* longer than a password may be */
	if (j->notice || j->reason)
		factors_ask(j, PORTAL_STEP_PASSWORD_FORM);
	else
		(void)porter_ask(j, CELL_PASSWORD_SET, &w, PORTAL_STEP_PASSWORD_SET);
	secret_wipe(room, sizeof room);
}

void portal_factors_password_set(struct gate_state *j, const struct ask_answer *a)
{
	if (a->type == AUTHORITY_DONE)
		portal_view_go(j, VIEW("/factors?done=password"));
	else if (factors_take_refusal(j, a))
		factors_ask(j, PORTAL_STEP_PASSWORD_FORM);
}

/* ---- an authenticator app ---- */

static void factors_ask_token(struct gate_state *j, uint8_t type, uint8_t step)
{
	struct cell_token question = { .token = j->session.hash };
	uint8_t room[64];
	struct wbuf w = wbuf_of(room, sizeof room);

	(void)cell_token_put(&w, &question);
	(void)porter_ask(j, type, &w, step);
}

void portal_factors_totp_go(struct gate_state *j)
{
	factors_ask_token(j, CELL_TOTP_BEGIN, PORTAL_STEP_TOTP);
}

void portal_factors_totp(struct gate_state *j, const struct ask_answer *a)
{
	struct authority_secret secret = { 0 };
	struct portal_view v = { 0 };

	if (a->type != AUTHORITY_SECRET || authority_secret_get(a->body, &secret) != E_OK) {
		factors_refused(j, a);
		return;
	}
	portal_view_of(j, &v);
	v.m.base32 = secret.base32;
	v.m.otpauth_uri = secret.uri;
	portal_view_page(j, PORTAL_TOTP, &v, factors_status(j));
}

void portal_factors_totp_end_go(struct gate_state *j)
{
	struct cell_totp_end question = { .token = j->session.hash,
					  .name = portal_route_field(j, VIEW("name")),
					  .code = portal_route_field(j, VIEW("code")) };
	uint8_t room[256];
	struct wbuf w = wbuf_of(room, sizeof room);

	if (cell_totp_end_put(&w, &question) == E_OK) {
		(void)porter_ask(j, CELL_TOTP_END, &w, PORTAL_STEP_TOTP_END);
	} else {
		j->reason = GATE_WHY_WRONG; /* longer than a code or a name may be */
		portal_factors_totp_go(j);
	}
	secret_wipe(room, sizeof room);
}

void portal_factors_totp_ended(struct gate_state *j, const struct ask_answer *a)
{
	if (a->type == AUTHORITY_DONE)
		portal_view_go(j, VIEW("/factors?done=added"));
	else if (factors_take_refusal(j, a))
		portal_factors_totp_go(
			j); /* the same secret again: nothing has to be scanned anew */
}

/* ---- a passkey ---- */

void portal_factors_passkey_go(struct gate_state *j)
{
	factors_ask_token(j, CELL_PASSKEY_BEGIN, PORTAL_STEP_PASSKEY);
}

void portal_factors_passkey(struct gate_state *j, const struct ask_answer *a)
{
	struct authority_challenge c = { 0 };
	struct portal_view v = { 0 };

	if (a->type != AUTHORITY_CHALLENGE || authority_challenge_get(a->body, &c) != E_OK) {
		factors_refused(j, a);
		return;
	}
	portal_view_of(j, &v);
	v.m.challenge = (struct portal_challenge){
		.challenge = view_of(c.challenge.b, sizeof c.challenge.b),
		.rp_id = image_view(&j->x->g->image, porter_gateway(j)->host),
		.user_handle = c.user_handle,
		.user = c.user,
		.title = c.title,
		.known = c.known
	};
	portal_view_page(j, PORTAL_PASSKEY, &v, factors_status(j));
}

static enum err factors_passkey(const struct gate_state *j, struct wbuf *w)
{
	struct cell_passkey_end question = { .token = j->session.hash,
					     .name = portal_route_field(j, VIEW("name")) };
	uint8_t data[GATE_CLIENT_DATA_MAX], object[GATE_ATTESTATION_MAX];
	struct wbuf client = wbuf_of(data, sizeof data), made = wbuf_of(object, sizeof object);

	TRY(base64url_get(portal_route_field(j, VIEW("client_data")), &client));
	TRY(base64url_get(portal_route_field(j, VIEW("attestation")), &made));
	question.client_data = wbuf_view(&client);
	question.attestation = wbuf_view(&made);
	return cell_passkey_end_put(w, &question);
}

void portal_factors_passkey_end_go(struct gate_state *j)
{
	uint8_t room[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(room, sizeof room);

	if (factors_passkey(j, &w) == E_OK) {
		(void)porter_ask(j, CELL_PASSKEY_END, &w, PORTAL_STEP_PASSKEY_END);
	} else {
		j->reason = GATE_WHY_ATTESTATION;
		factors_ask(j, PORTAL_STEP_FACTORS);
	}
}

void portal_factors_passkey_ended(struct gate_state *j, const struct ask_answer *a)
{
	if (a->type == AUTHORITY_DONE)
		portal_view_go(j, VIEW("/factors?done=added"));
	else
		factors_refused(j, a);
}

/* ---- others ---- */

void portal_factors_remove_go(struct gate_state *j)
{
	portal_route_ask_number(j, CELL_FACTOR_REMOVE, PORTAL_STEP_REMOVED,
				"a factor without a number");
}

void portal_factors_removed(struct gate_state *j, const struct ask_answer *a)
{
	if (a->type == AUTHORITY_DONE)
		portal_view_go(j, VIEW("/factors?done=removed"));
	else
		factors_refused(j, a);
}

void portal_factors_recovery_go(struct gate_state *j)
{
	factors_ask_token(j, CELL_RECOVERY, PORTAL_STEP_CODES);
}

void portal_factors_codes(struct gate_state *j, const struct ask_answer *a)
{
	struct authority_codes codes = { 0 };
	struct portal_view v = { 0 };

	if (a->type != AUTHORITY_CODES || authority_codes_get(a->body, &codes) != E_OK) {
		factors_refused(j, a);
		return;
	}
	portal_view_of(j, &v);
	v.m.codes = codes.lines;
	portal_view_page(j, PORTAL_RECOVERY, &v, 200);
}
