/* Answers, put together from fixed texts and words of the configuration. */
#include "role/cell/gate_say.h"

#include "base/base64url.h"
#include "role/cell/portal_view.h"
#include "role/edge/h2_client.h"
#include "role/edge/level.h"
#include "role/edge/local.h"
#include "sys/secret.h"

#define SAY_NO_STORE "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"

static struct view say_text(const struct gate_state *j, struct image_str s)
{
	return image_view(&j->x->g->image, s);
}

static struct wbuf say_lines(struct gate_state *j)
{
	struct wbuf w = wbuf_of(j->porter->lines, sizeof j->porter->lines);

	WBUF_LIT(&w, SAY_NO_STORE);
	return w;
}

void gate_say_error(struct gate_state *j, uint16_t status, const char *why)
{
	if (j->app) {
		j->x->flags &= ~(uint32_t)X_GATE;
		local_error(j->porter->edge, j->x, status, why);
	} else {
		portal_view_error(j, status, why);
	}
}

/* Where somebody who is not logged in can be sent. */
static void say_renew(struct wbuf *w, const struct gate_state *j)
{
	wbuf_view_put(w, say_text(j, porter_gateway(j)->origin));
	WBUF_LIT(w, "/enter?app=");
	wbuf_view_put(w, say_text(j, j->app->name));
}

static struct view say_title(uint16_t status)
{
	switch (status) {
	case 401:
		return VIEW("Unauthorized");
	case 403:
		return VIEW("Forbidden");
	default:
		return VIEW("Not Found");
	}
}

void gate_say_problem(struct gate_state *j, uint16_t status)
{
	struct wbuf lines = say_lines(j);
	struct wbuf body = wbuf_of(j->porter->page_bytes, sizeof j->porter->page_bytes);
	struct gate_answer a = { .status = status, .type = VIEW("application/problem+json") };

	WBUF_LIT(&body, "{\"type\":\"about:blank\",\"title\":\"");
	wbuf_view_put(&body, say_title(status));
	WBUF_LIT(&body, "\",\"status\":");
	wbuf_dec(&body, status);
	if (status == 401) {
		WBUF_LIT(&body, ",\"renew\":\"");
		say_renew(&body, j);
		WBUF_LIT(&body, "\"");
		WBUF_LIT(&lines, "WWW-Authenticate: Sluis realm=\"");
		wbuf_view_put(&lines, say_text(j, j->app->name));
		WBUF_LIT(&lines, "\", renew=\"");
		say_renew(&lines, j);
		WBUF_LIT(&lines, "\"\r\n");
	}
	WBUF_LIT(&body, "}\n");
	a.lines = wbuf_view(&lines);
	a.body = wbuf_view(&body);
	a.why = status == 401 ? "not logged in" : "refused at the gate";
	gate_answer(j->porter->edge, j->x, &a);
}

void gate_say_method(struct gate_state *j, struct view allow)
{
	struct wbuf lines = say_lines(j);
	struct gate_answer a = { .status = 405, .why = "a method that this path does not take" };

	WBUF_LIT(&lines, "Allow: ");
	wbuf_view_put(&lines, allow);
	WBUF_LIT(&lines, "\r\n");
	a.lines = wbuf_view(&lines);
	gate_answer(j->porter->edge, j->x, &a);
}

void gate_say_to(struct gate_state *j, struct view location, struct view more)
{
	struct porter *p = j->porter;
	struct wbuf lines = say_lines(j);
	struct gate_answer a = { .status = 303, .why = "a way through the gate" };

	WBUF_LIT(&lines, "Location: ");
	wbuf_view_put(&lines, location);
	WBUF_LIT(&lines, "\r\n");
	wbuf_view_put(&lines, more);
	a.lines = wbuf_view(&lines);
	p->wipes_piece = true;
	if (wbuf_check(&lines) == E_OK)
		gate_answer(p->edge, j->x, &a);
	else
		gate_say_error(j, 500, "an answer is too long");
	secret_wipe(p->lines, lines.n); /* cookies may be among them */
}

void gate_say_enter(struct gate_state *j, const struct token_fresh *nonce, struct view back)
{
	uint8_t cookie[TOKEN_TEXT + 1 + 2 * PORTER_BACK_MAX], place[1024],
		line[sizeof cookie + 256];
	struct wbuf value = wbuf_of(cookie, sizeof cookie), to = wbuf_of(place, sizeof place),
		    set = wbuf_of(line, sizeof line);

	wbuf_put(&value, nonce->text, sizeof nonce->text);
	WBUF_LIT(&value, ".");
	base64url_put(&value, back.n ? back : VIEW("/"));
	say_renew(&to, j);
	WBUF_LIT(&to, "&nonce=");
	token_put(&to, &nonce->token.hash);
	jar_put(&set, JAR_ENTER, wbuf_view(&value), PORTER_LOGIN_S);
	gate_say_to(j, wbuf_view(&to), wbuf_view(&set));
}

void gate_say_denied(struct gate_state *j)
{
	uint8_t place[1024];
	struct wbuf to = wbuf_of(place, sizeof place);

	if (!j->facts.is_navigation) {
		gate_say_problem(j, 403);
		return;
	}
	wbuf_view_put(&to, say_text(j, porter_gateway(j)->origin));
	WBUF_LIT(&to, "/denied?app=");
	wbuf_view_put(&to, say_text(j, j->app->name));
	gate_say_to(j, wbuf_view(&to), (struct view){ 0 });
}

void gate_say_last(struct gate_state *j)
{
	struct conn *k = &j->x->c->conn;

	j->x->flags |= X_CLIENT_CLOSE;
	if (k->stream)
		h2_client_drain(j->porter->edge,
				OWNER_OF(k->stream->session->conn, struct client, conn));
}

void gate_say_other(struct gate_state *j)
{
	struct edge *e = j->porter->edge;

	gate_say_last(j);
	j->x->flags &= ~(uint32_t)X_GATE;
	local_error(e, j->x, 421, "this connection is another user's");
}

void gate_say_isolated(struct gate_state *j)
{
	struct exchange *x = j->x;
	uint16_t asks = level_of_app(j->porter->edge, x) & LEVEL_ASKS;

	x->level_by = (uint8_t)(asks ? level_strictest(asks) : LEVEL_CLOSED);
	level_refuse(j->porter->edge, x);
}
