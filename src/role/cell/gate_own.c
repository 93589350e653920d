/* Three paths, each with one question to the authority. */
#include "role/cell/gate_own.h"

#include "role/cell/gate_app.h"
#include "role/cell/gate_facts.h"
#include "role/cell/gate_say.h"
#include "sys/secret.h"

enum own_step { OWN_ENTERED = 1, OWN_KEYS, OWN_LEFT, OWN_STEPS };

typedef void own_begin(struct gate_state *j);
typedef void own_end(struct gate_state *j, const struct ask_answer *a);

/* ---- enter ---- */

/* Back to where the person wanted to go; the first page when that is not known any more. */
static void own_back(struct gate_state *j, struct view lines)
{
	struct view back = view_of(j->back, j->back_n);

	gate_say_to(j, back.n ? back : VIEW("/"), lines);
}

static void own_enter(struct gate_state *j)
{
	struct view code = gate_facts_param(porter_query(j), VIEW("code"));
	struct cell_enter question = { .app = j->app_id, .nonce = j->nonce.hash };
	struct token given = { 0 };
	uint8_t room[160];
	struct wbuf w = wbuf_of(room, sizeof room);

	/* a code that this browser has not asked for would log it in as somebody else */
	if (!j->nonce.is_there || token_read(code, &given) != E_OK) {
		own_back(j, (struct view){ 0 });
		return;
	}
	if (token_make(&j->fresh) != E_OK) {
		gate_say_error(j, 503, "no memory for a token");
		return;
	}
	question.code = given.hash;
	question.token = j->fresh.token.hash;
	(void)cell_enter_put(&w, &question);
	(void)porter_ask(j, CELL_ENTER, &w, OWN_ENTERED);
}

static void own_entered(struct gate_state *j, const struct ask_answer *a)
{
	struct authority_grant grant = { 0 };
	struct porter_hold hold = { 0 };
	uint8_t room[512];
	struct wbuf w = wbuf_of(room, sizeof room);
	bool is_good = a->type == AUTHORITY_GRANT && authority_grant_get(a->body, &grant) == E_OK;

	if (is_good && grant.verdict == GATE_OTHER) {
		gate_say_other(j);
	} else if (is_good && grant.verdict == GATE_DENIED) {
		gate_say_denied(j);
	} else if (a->type == 0) {
		gate_say_error(j, 503, "the authority has gone");
	} else {
		jar_put_gone(&w, JAR_ENTER);
		if (is_good && gate_app_hold(j->porter, &grant, &hold) == E_OK)
			jar_put(&w, JAR_APP, view_of(j->fresh.text, sizeof j->fresh.text), 0);
		own_back(j, wbuf_view(&w)); /* without a session it begins anew there */
		secret_wipe(room, sizeof room);
	}
}

/* ---- keys ---- */

static void own_keys(struct gate_state *j)
{
	struct wbuf nothing = { 0 };

	(void)porter_ask(j, CELL_KEYS, &nothing, OWN_KEYS);
}

static void own_keys_are(struct gate_state *j, const struct ask_answer *a)
{
	struct authority_keys keys = { 0 };
	struct gate_answer answer = { .status = 200,
				      .type = VIEW("application/json"),
				      .lines = VIEW("Cache-Control: public, max-age=300\r\n"),
				      .why = "the keys of assertions" };

	if (a->type != AUTHORITY_KEYS || authority_keys_get(a->body, &keys) != E_OK) {
		gate_say_error(j, 503, "the authority has no keys");
		return;
	}
	answer.body = keys.json;
	gate_answer(j->porter->edge, j->x, &answer);
}

/* ---- logout ---- */

static void own_leave(struct gate_state *j)
{
	struct cell_logout question = { .app = j->app_id, .token = j->at_app.hash };
	uint8_t room[64];
	struct wbuf w = wbuf_of(room, sizeof room);

	if (!j->facts.is_same_origin) {
		gate_say_problem(j, 403); /* another site's page must not end it */
		return;
	}
	if (!j->at_app.is_there) {
		gate_say_to(j, image_view(&j->x->g->image, porter_gateway(j)->origin),
			    (struct view){ 0 });
		return;
	}
	(void)cell_logout_put(&w, &question);
	(void)porter_ask(j, CELL_LOGOUT, &w, OWN_LEFT);
}

static void own_left(struct gate_state *j, const struct ask_answer *a)
{
	uint8_t room[256];
	struct wbuf w = wbuf_of(room, sizeof room);

	if (a->type == 0) {
		gate_say_error(j, 503, "the authority has gone");
		return;
	}
	jar_put_gone(&w, JAR_APP);
	gate_say_to(j, image_view(&j->x->g->image, porter_gateway(j)->origin), wbuf_view(&w));
}

/* ---- paths ---- */

static const struct own_path {
	struct view path;
	bool is_post;
	own_begin *begin;
} own_paths[] = {
	{ VIEW_INIT("/.sluis/enter"), false, own_enter },
	{ VIEW_INIT("/.sluis/jwks.json"), false, own_keys },
	{ VIEW_INIT("/.sluis/logout"), true, own_leave },
};

static own_end *const own_ends[OWN_STEPS] = {
	[OWN_ENTERED] = own_entered,
	[OWN_KEYS] = own_keys_are,
	[OWN_LEFT] = own_left,
};

void gate_own_act(struct gate_state *j)
{
	struct view path = porter_span(j, j->x->path_at);
	bool is_read = j->x->method == METHOD_GET || j->x->method == METHOD_HEAD;

	for (size_t i = 0; i < sizeof own_paths / sizeof own_paths[0]; i++) {
		if (!view_eq(path, own_paths[i].path))
			continue;
		if (own_paths[i].is_post ? j->x->method == METHOD_POST : is_read)
			own_paths[i].begin(j);
		else
			gate_say_method(j, own_paths[i].is_post ? VIEW("POST") : VIEW("GET, HEAD"));
		return;
	}
	gate_say_error(j, 404, "there is no such path of the gate");
}

void gate_own_answered(struct gate_state *j, const struct ask_answer *a)
{
	INVARIANT(j->step < OWN_STEPS && own_ends[j->step]);
	own_ends[j->step](j, a);
}
