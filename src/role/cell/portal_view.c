/* From a model to an answer. */
#include "role/cell/portal_view.h"

#include "role/cell/gate_say.h"
#include "sys/clock.h"
#include "sys/secret.h"

enum { VIEW_YEAR_S = 365 * 24 * 3600 };

struct view portal_view_title(const struct gate_state *j, const struct image_app *app)
{
	const struct image *im = &j->x->g->image;
	struct view language = portal_language_name(j->facts.language);
	struct view best = { 0 };

	for (uint32_t i = 0; i < app->titles.n; i++) {
		const struct image_title *t = image_title_at(im, app->titles.first + i);

		if (view_eq(image_view(im, t->language), language))
			return image_view(im, t->text);
		if (!best.n || !t->language.n)
			best = image_view(im, t->text);
	}
	return best.n ? best : image_view(im, app->name);
}

/* Forms are bound to a token that this browser has: the one it gets now, or has already. */
static const struct hash32 *view_form(const struct gate_state *j)
{
	if (j->sets_session)
		return &j->fresh.token.form;
	if (j->is_known && j->session.is_there)
		return &j->session.form;
	if (j->sets_login)
		return &j->fresh_login.token.form;
	return j->login.is_there ? &j->login.form : NULL;
}

void portal_view_of(const struct gate_state *j, struct portal_view *ret)
{
	const struct image_gateway *g = porter_gateway(j);
	struct wbuf csrf = wbuf_of(ret->csrf, sizeof ret->csrf),
		    nonce = wbuf_of(ret->nonce, sizeof ret->nonce);
	const struct hash32 *form = view_form(j);
	struct portal_model *m = &ret->m;

	*m = (struct portal_model){ .language = j->facts.language };
	m->organisation = image_view(&j->x->g->image, g->title);
	if (j->is_known)
		m->user = j->known.title_n ? view_of(j->known.title, j->known.title_n)
					   : view_of(j->known.user, j->known.user_n);
	m->is_enrolling = j->known.flags & GATE_IS_ENROLLING;
	if (form)
		token_put(&csrf, form);
	m->csrf = wbuf_view(&csrf);
	if (j->has_asked_nonce)
		token_put(&nonce, &j->asked_nonce);
	m->nonce = wbuf_view(&nonce);
	m->here = VIEW("/");
	if (j->x->method == METHOD_GET && j->x->path_at.n)
		m->here = view_of(j->x->head->p + j->x->path_at.at,
				  j->x->path_at.n + (j->x->query_n ? j->x->query_n + 1 : 0));
	m->reference = view_of(j->x->request_id, sizeof j->x->request_id);
	m->reason = j->reason;
	m->notice = j->notice;
	m->wait_s = j->wait_s;
	m->now_s = (uint64_t)clock_wall_us() / 1000000;
	m->offers = j->offers;
	m->is_step_up = j->is_step_up;
	if (j->wanted) {
		m->app_title = portal_view_title(j, j->wanted);
		m->app = image_view(&j->x->g->image, j->wanted->name);
	}
	if (g->factors.n)
		m->combinations = image_factors_at(&j->x->g->image, g->factors.first);
	m->combinations_n = g->factors.n;
}

static void view_put_cookies(struct wbuf *w, const struct gate_state *j)
{
	if (j->sets_session)
		jar_put(w, JAR_SESSION, view_of(j->fresh.text, sizeof j->fresh.text), 0);
	else if (j->drops_session)
		jar_put_gone(w, JAR_SESSION);
	if (j->sets_login)
		jar_put(w, JAR_LOGIN, view_of(j->fresh_login.text, sizeof j->fresh_login.text),
			PORTER_LOGIN_S);
	else if (j->drops_login)
		jar_put_gone(w, JAR_LOGIN);
	if (j->sets_language)
		jar_put(w, JAR_LANGUAGE, portal_language_name(j->facts.language), VIEW_YEAR_S);
}

static void view_send(struct gate_state *j, struct gate_answer *a, struct wbuf *lines)
{
	struct porter *p = j->porter;

	view_put_cookies(lines, j);
	if (a->status == 429) {
		WBUF_LIT(lines, "Retry-After: ");
		wbuf_dec(lines, j->wait_s ? j->wait_s : 1);
		WBUF_LIT(lines, "\r\n");
	}
	a->lines = wbuf_view(lines);
	gate_answer(p->edge, j->x, a);
	secret_wipe(p->lines, lines->n);
	p->wipes_piece = true;
}

static const char *view_why(uint16_t status)
{
	return status == 429 ? "too many tries" : status >= 400 ? "refused by the portal" : NULL;
}

void portal_view_page(struct gate_state *j, enum portal_page_kind kind, const struct portal_view *v,
		      uint16_t status)
{
	struct porter *p = j->porter;
	struct wbuf lines = wbuf_of(p->lines, sizeof p->lines),
		    body = wbuf_of(p->page_bytes, sizeof p->page_bytes);
	struct gate_answer a = { .status = status, .why = view_why(status) };

	portal_put_headers(&lines, v->m.language);
	if (portal_page(&body, kind, &v->m) != E_OK) {
		if (kind == PORTAL_ERROR)
			gate_cut(p->edge, j->x);
		else
			portal_view_error(j, 500, "a page is too long");
		return;
	}
	a.body = wbuf_view(&body);
	view_send(j, &a, &lines);
	secret_wipe(p->page_bytes, body.n);
}

void portal_view_error(struct gate_state *j, uint16_t status, const char *why)
{
	struct porter *p = j->porter;
	struct wbuf lines = wbuf_of(p->lines, sizeof p->lines),
		    body = wbuf_of(p->page_bytes, sizeof p->page_bytes);
	struct gate_answer a = { .status = status, .why = why };
	struct portal_view v = { 0 };

	portal_view_of(j, &v);
	v.m.status = status;
	v.m.csrf = (struct view){ 0 };
	portal_put_headers(&lines, v.m.language);
	if (portal_page(&body, PORTAL_ERROR, &v.m) != E_OK)
		body.n = 0;
	a.body = wbuf_view(&body);
	view_send(j, &a, &lines);
}

void portal_view_refused(struct gate_state *j, const struct ask_answer *a)
{
	struct authority_refused refused = { 0 };

	if (a->type != AUTHORITY_REFUSED || authority_refused_get(a->body, &refused) != E_OK) {
		portal_view_error(j, 503, "the authority has no answer");
		return;
	}
	j->reason = refused.reason < GATE_REASONS ? refused.reason : GATE_WHY_NOTHING;
	j->wait_s = refused.wait_s;
	if (j->reason == GATE_WHY_WAIT)
		portal_view_error(j, 429, "too many tries");
	else if (j->reason == GATE_WHY_BUSY)
		portal_view_error(j, 503, "the authority has no room");
	else
		portal_view_error(j, 403, "the authority refused it");
}

void portal_view_go(struct gate_state *j, struct view location)
{
	struct wbuf lines = wbuf_of(j->porter->lines, sizeof j->porter->lines);
	struct gate_answer a = { .status = 303 };

	WBUF_LIT(&lines, "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nLocation: ");
	wbuf_view_put(&lines, location);
	WBUF_LIT(&lines, "\r\n");
	view_send(j, &a, &lines);
}

/* "app=NAME&nonce=HASH", as far as there is something. */
static void view_put_purpose(const struct gate_state *j, struct wbuf *w)
{
	if (!j->wanted)
		return;
	WBUF_LIT(w, "app=");
	wbuf_view_put(w, image_view(&j->x->g->image, j->wanted->name));
	if (!j->has_asked_nonce)
		return;
	WBUF_LIT(w, "&nonce=");
	token_put(w, &j->asked_nonce);
}

void portal_view_put_enter(const struct gate_state *j, struct wbuf *w)
{
	WBUF_LIT(w, "/enter?");
	view_put_purpose(j, w);
}

void portal_view_to_login(struct gate_state *j, bool is_step_up)
{
	uint8_t room[512];
	struct wbuf w = wbuf_of(room, sizeof room);
	size_t bare = 0;

	WBUF_LIT(&w, "/login");
	bare = w.n;
	WBUF_LIT(&w, "?");
	view_put_purpose(j, &w);
	if (is_step_up)
		wbuf_view_put(&w, j->wanted ? VIEW("&step=1") : VIEW("step=1"));
	if (w.n == bare + 1)
		w.n = bare;
	portal_view_go(j, wbuf_view(&w));
}

void portal_view_asset(struct gate_state *j, const struct portal_asset *asset)
{
	struct wbuf lines = wbuf_of(j->porter->lines, sizeof j->porter->lines);
	struct gate_answer a = { .status = 200, .body = asset->body };

	portal_asset_put_headers(&lines, asset);
	a.lines = wbuf_view(&lines);
	gate_answer(j->porter->edge, j->x, &a);
}
