/*
 * The map of levels is of the newest configuration: a stream of an older one is judged by listener,
 * address and application as they are now. One whose application has left is under what holds for
 * the rest.
 */
#include "role/edge/level.h"

#include "base/date.h"
#include "proto/accept_language.h"
#include "role/edge/access.h"
#include "role/edge/banner.h"
#include "role/edge/client.h"
#include "role/edge/gate.h"
#include "role/edge/local.h"
#include "sys/clock.h"

enum { LEVEL_RETRY_S = 300, LEVEL_RETRY_MAX_S = 3600 };

static uint32_t level_app_index(const struct image *im, uint64_t id)
{
	for (uint32_t i = 0; id && i < image_count(im, IMAGE_APP); i++)
		if (image_app_at(im, i)->id == id)
			return i;
	return IMAGE_NONE;
}

void level_refresh(struct edge *e)
{
	if (e->gate_page && e->now)
		(void)level_map_refresh(&e->levels, &e->gate_page->levels, &e->now->image,
					e->now->number);
}

/* ---- before a request ---- */

static struct view level_field(const struct level_request *q, struct view name)
{
	for (size_t i = 0; q->h && i < q->h->field_n; i++)
		if (view_ieq(field_name_view(q->head, &q->h->fields[i]), name))
			return field_value_view(q->head, &q->h->fields[i]);
	return (struct view){ 0 };
}

static bool level_says(struct view v, struct view word)
{
	for (; v.n >= word.n; v = view_slice(v, 1, v.n))
		if (view_starts(v, word))
			return true;
	return false;
}

/* '_' and '.' for '-', any case. */
static bool level_is_spelt(struct view v, struct view name)
{
	for (size_t i = 0; v.n == name.n && i < v.n; i++) {
		uint8_t c = v.p[i] == '_' || v.p[i] == '.' ? '-' : v.p[i];

		if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != name.p[i])
			return false;
	}
	return v.n == name.n;
}

/* Who reads the answer: a person, in which language, or a program. */
static uint8_t level_reader(const struct level_request *q)
{
	static const struct view languages[] = { VIEW_INIT("en"), VIEW_INIT("nl") };
	struct view mode = level_field(q, VIEW("sec-fetch-mode"));
	bool is_page = mode.n ? view_eq(mode, VIEW("navigate"))
			      : level_says(level_field(q, VIEW("accept")), VIEW("text/html"));
	bool is_dutch =
		accept_language_choose(level_field(q, VIEW("accept-language")), languages, 2) == 1;

	return (uint8_t)((is_page ? X_LEVEL_PAGE : 0) | (is_dutch ? X_LEVEL_DUTCH : 0));
}

static uint8_t level_what(const struct exchange *x)
{
	if (x->flags & X_RAW)
		return LEVEL_FOR_STREAM;
	if (!x->rule)
		return LEVEL_FOR_PUBLIC;
	if (x->rule->action == IMAGE_ACTION_APP)
		return LEVEL_FOR_APP;
	return x->rule->action == IMAGE_ACTION_PORTAL ? LEVEL_FOR_PORTAL : LEVEL_FOR_PUBLIC;
}

/* Frameworks take these for the method, whatever stands in the request line; in any spelling that a
 * server may read as the same (THREATS A5, A26). */
static bool level_is_disguised(const struct level_request *q)
{
	static const struct view names[] = { VIEW_INIT("x-http-method-override"),
					     VIEW_INIT("x-http-method"),
					     VIEW_INIT("x-method-override") };

	for (size_t i = 0; q->h && i < q->h->field_n; i++)
		for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
			if (level_is_spelt(field_name_view(q->head, &q->h->fields[i]), names[k]))
				return true;
	return false;
}

/* What stays known of x as long as it lasts. */
static void level_note(struct exchange *x, const struct level_request *q)
{
	const struct image *im = &x->g->image;
	const struct image_app *app = NULL;

	x->level_what = level_what(x);
	if (x->level_what == LEVEL_FOR_APP)
		app = image_app_at(im, x->rule->app);
	x->level_app = app ? app->id : 0;
	x->level_is_safe = level_is_safe(im, app, x->method, q->path, x->flags & X_WEBSOCKET);
}

static struct level_set level_find(const struct edge *e, const struct exchange *x)
{
	const struct image *im = &e->now->image;

	return level_set_of(&e->levels, im, x->c->slot, level_app_index(im, x->level_app),
			    &x->c->ip);
}

/* What only the authority knows, it decides. */
static struct level_facts level_facts(const struct edge *e, const struct exchange *x)
{
	struct level_facts f = { .what = x->level_what,
				 .is_safe = x->level_is_safe,
				 .is_fresh = true,
				 .is_pilot = true };

	level_place(&e->now->image, &x->c->ip, &f);
	return f;
}

static const char *const level_whys[LEVELS] = {
	[LEVEL_STEP_UP] = "isolation: a factor is asked for anew",
	[LEVEL_NO_NEW_SESSIONS] = "isolation: nobody new is let in",
	[LEVEL_OFFICE_ONLY] = "isolation: from the office alone",
	[LEVEL_PARTNERS_ONLY] = "isolation: for partners alone",
	[LEVEL_READ_ONLY] = "isolation: reading alone",
	[LEVEL_PILOT_RETURN] = "isolation: the office and the pilot group alone",
	[LEVEL_PILOT] = "isolation: the pilot group alone",
	[LEVEL_CLOSED] = "isolation: closed",
};

static struct level_refusal level_look(struct edge *e, struct exchange *x,
				       const struct level_request *q)
{
	struct page_load_listener *load = &e->load->listener[x->c->slot];
	struct level_set set = { 0 };
	struct level_facts facts = { 0 };
	enum level by = LEVEL_OPEN, would = LEVEL_OPEN;

	set = level_find(e, x);
	if (!(set.on | set.exercise))
		return (struct level_refusal){ 0 };
	if (set.on & LEVEL_BIT(LEVEL_READ_ONLY) || set.exercise & LEVEL_BIT(LEVEL_READ_ONLY))
		x->level_is_safe &= !level_is_disguised(q);
	facts = level_facts(e, x);
	x->level_reader = level_reader(q); /* the authority may refuse later what passes here */
	by = level_judge(set.on, &facts);
	would = level_judge(set.exercise, &facts);
	x->level = (uint8_t)level_strictest(set.on);
	x->level_exercise = (uint8_t)would;
	if (would != LEVEL_OPEN)
		PAGE_ADD(load->exercised, 1);
	if (by == LEVEL_OPEN) {
		banner_ask(x, x->method);
		return (struct level_refusal){ 0 };
	}
	PAGE_ADD(load->isolated, 1);
	x->level_by = (uint8_t)by;
	return (struct level_refusal){ by == LEVEL_CLOSED ? 503 : 403, level_whys[by] };
}

struct level_refusal level_admit(struct edge *e, struct exchange *x, const struct level_request *q)
{
	if (!e->gate_page)
		return (struct level_refusal){ 0 };
	if (x->level_what == 0)
		level_note(x, q);
	level_refresh(e);
	if (!e->levels.has_any)
		return (struct level_refusal){ 0 };
	return level_look(e, x, q);
}

uint16_t level_of_app(struct edge *e, const struct exchange *x)
{
	level_refresh(e);
	return e->gate_page ? level_find(e, x).on : 0;
}

/* ---- what runs ---- */

static void level_look_again(struct edge *e, struct exchange *x)
{
	struct level_facts facts = level_facts(e, x);
	enum level by = LEVEL_OPEN;

	facts.is_running = true;
	by = level_judge(level_find(e, x).on, &facts);
	if (by == LEVEL_OPEN)
		return;
	PAGE_ADD(e->load->listener[x->c->slot].isolated, 1);
	x->level = x->level_by = (uint8_t)by;
	access_why(x, level_whys[by]);
	gate_cut(e, x);
}

void level_tick(struct edge *e)
{
	level_refresh(e);
	if (e->levels_looked == e->levels.made)
		return;
	e->levels_looked = e->levels.made;
	for (uint32_t i = 0; e->levels.has_any && i < e->exchange_high; i++) {
		struct exchange *x = &e->exchanges[i];

		if (x->c && x->c->x == x && x->level_what)
			level_look_again(e, x);
	}
}

/* ---- what clients are told ---- */

struct level_text {
	struct view title, text;
};

static const struct level_text level_texts[LEVELS][2] = {
	[LEVEL_STEP_UP] = { { VIEW_INIT("Please log in again"),
			      VIEW_INIT("Everybody is asked to show who they are anew.") },
			    { VIEW_INIT("Log opnieuw in"),
			      VIEW_INIT(
				      "Iedereen wordt gevraagd zich opnieuw bekend te maken.") } },
	[LEVEL_NO_NEW_SESSIONS] = { { VIEW_INIT("Nobody new can log in"),
				      VIEW_INIT("Whoever is logged in can go on working.") },
				    { VIEW_INIT("Nieuw inloggen kan nu niet"),
				      VIEW_INIT("Wie al is ingelogd kan doorwerken.") } },
	[LEVEL_OFFICE_ONLY] = { { VIEW_INIT("Only from the office"),
				  VIEW_INIT("This can be used at our offices alone at "
					    "present.") },
				{ VIEW_INIT("Alleen op kantoor"),
				  VIEW_INIT("Dit werkt op onze kantoren, en voorlopig niet van "
					    "elders.") } },
	[LEVEL_PARTNERS_ONLY] = { { VIEW_INIT("Only for partner organisations"),
				    VIEW_INIT("This is open to partner organisations alone for "
					      "now.") },
				  { VIEW_INIT("Alleen voor ketenpartners"),
				    VIEW_INIT(
					    "Dit is voorlopig alleen open voor ketenpartners.") } },
	[LEVEL_READ_ONLY] = { { VIEW_INIT("Reading only"),
				VIEW_INIT("You can look things up. Nothing can be changed or sent "
					  "at present, and "
					  "what you just tried was not done.") },
			      { VIEW_INIT("Alleen lezen"),
				VIEW_INIT("U kunt gegevens bekijken. Wijzigen of versturen kan "
					  "voorlopig niet, "
					  "en wat u zojuist probeerde is niet uitgevoerd.") } },
	[LEVEL_PILOT_RETURN] = { { VIEW_INIT("Only at the office, and for the pilot group"),
				   VIEW_INIT("This is coming back step by step. You can use it at "
					     "our offices.") },
				 { VIEW_INIT("Alleen op kantoor en voor de proefgroep"),
				   VIEW_INIT("Dit komt geleidelijk terug. Op onze kantoren kunt u "
					     "het gebruiken.") } },
	[LEVEL_PILOT] = { { VIEW_INIT("Only for the pilot group"),
			    VIEW_INIT("This is open to a small group of users alone at present.") },
			  { VIEW_INIT("Alleen voor de proefgroep"),
			    VIEW_INIT("Dit is voorlopig alleen open voor een kleine groep "
				      "gebruikers.") } },
	[LEVEL_CLOSED] = { { VIEW_INIT("Closed"),
			     VIEW_INIT("This service has been closed as a precaution.") },
			   { VIEW_INIT("Gesloten"),
			     VIEW_INIT("Deze dienst is uit voorzorg tijdelijk gesloten.") } },
};

/* 0: since when is not known, because nothing was published. */
static uint64_t level_since_s(const struct edge *e, const struct exchange *x, enum level level)
{
	const struct image *im = &e->now->image;

	return level_since(&e->levels, im, x->c->slot, level_app_index(im, x->level_app), &x->c->ip,
			   level);
}

/* To the second: RFC 3339. */
static void level_put_time(struct wbuf *w, uint64_t wall_s)
{
	uint8_t text[32];
	struct wbuf t = wbuf_of(text, sizeof text);

	date_put_utc(&t, (int64_t)(wall_s * 1000000));
	wbuf_view_put(w, view_slice(wbuf_view(&t), 0, sizeof "2026-01-02T03:04:05" - 1));
	WBUF_LIT(w, "Z");
}

/* A URL of the configuration, which has no quotes. */
static void level_put_url(struct wbuf *w, struct view url)
{
	for (size_t i = 0; i < url.n; i++)
		if (url.p[i] == '&')
			WBUF_LIT(w, "&amp;");
		else
			wbuf_u8(w, url.p[i]);
}

void level_put_where(struct wbuf *w, const struct edge *e, const struct exchange *x,
		     enum level level)
{
	bool is_dutch = x->level_reader & X_LEVEL_DUTCH;
	struct view news = image_view(&e->now->image, e->now->image.header->isolation.news);
	uint64_t since_s = level_since_s(e, x, level);

	if (since_s) {
		wbuf_view_put(w, is_dutch ? VIEW(" Sinds <time>") : VIEW(" Since <time>"));
		level_put_time(w, since_s);
		WBUF_LIT(w, "</time>.");
	}
	if (news.n) {
		wbuf_view_put(w,
			      is_dutch ? VIEW(" Nieuws: <a href=\"") : VIEW(" News: <a href=\""));
		level_put_url(w, news);
		WBUF_LIT(w, "\">");
		level_put_url(w, news);
		WBUF_LIT(w, "</a>");
	}
}

static void level_put_page(struct wbuf *w, const struct edge *e, const struct exchange *x)
{
	bool is_dutch = x->level_reader & X_LEVEL_DUTCH;
	const struct level_text *t = &level_texts[x->level_by][is_dutch];

	WBUF_LIT(w, "<!doctype html>\n<html lang=\"");
	wbuf_view_put(w, is_dutch ? VIEW("nl") : VIEW("en"));
	WBUF_LIT(w, "\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
		    "content=\"width=device-width\"><title>");
	wbuf_view_put(w, t->title);
	WBUF_LIT(w, "</title></head>\n<body><main><h1>");
	wbuf_view_put(w, t->title);
	WBUF_LIT(w, "</h1><p>");
	wbuf_view_put(w, t->text);
	level_put_where(w, e, x, (enum level)x->level_by);
	wbuf_view_put(w, is_dutch ? VIEW("</p><p>Verzoek <code>") : VIEW("</p><p>Request <code>"));
	wbuf_put(w, x->request_id, sizeof x->request_id);
	WBUF_LIT(w, "</code></p></main></body></html>\n");
}

/* RFC 9457; what programs can act on has members of its own. */
static void level_put_problem(struct wbuf *w, const struct edge *e, const struct exchange *x,
			      uint16_t status)
{
	const struct level_text *t = &level_texts[x->level_by][0];
	struct view news = image_view(&e->now->image, e->now->image.header->isolation.news);
	uint64_t since_s = level_since_s(e, x, (enum level)x->level_by);

	WBUF_LIT(w, "{\"type\":\"about:blank\",\"title\":\"");
	wbuf_view_put(w, t->title);
	WBUF_LIT(w, "\",\"status\":");
	wbuf_dec(w, status);
	WBUF_LIT(w, ",\"detail\":\"");
	wbuf_view_put(w, t->text);
	WBUF_LIT(w, "\",\"level\":\"");
	wbuf_view_put(w, level_name((enum level)x->level_by));
	if (since_s) {
		WBUF_LIT(w, "\",\"since\":\"");
		level_put_time(w, since_s);
	}
	if (news.n) {
		WBUF_LIT(w, "\",\"news\":\"");
		wbuf_view_put(w, news);
	}
	WBUF_LIT(w, "\"}\n");
}

static uint64_t level_until_s(const struct edge *e, const struct exchange *x)
{
	uint64_t until_s = 0;

	for (uint32_t i = 0; i < e->levels.book.n; i++) {
		const struct level_entry *l = &e->levels.book.at[i];

		if (l->mask & LEVEL_BIT(x->level_by) && l->until_s > until_s)
			until_s = l->until_s;
	}
	return until_s;
}

/* RFC 9110 §10.2.3. */
static void level_put_retry(struct wbuf *w, const struct edge *e, const struct exchange *x)
{
	uint64_t now_s = (uint64_t)clock_wall_us() / 1000000, until_s = level_until_s(e, x),
		 wait_s = until_s > now_s ? until_s - now_s : LEVEL_RETRY_S;

	WBUF_LIT(w, "Retry-After: ");
	wbuf_dec(w, wait_s > LEVEL_RETRY_MAX_S ? LEVEL_RETRY_MAX_S : wait_s);
	WBUF_LIT(w, "\r\n");
}

void level_refuse(struct edge *e, struct exchange *x)
{
	uint16_t status = x->level_by == LEVEL_CLOSED ? 503 : 403;
	bool is_page = x->level_reader & X_LEVEL_PAGE;
	uint8_t lines_at[512];
	struct wbuf body = wbuf_of(e->frame, sizeof e->frame),
		    lines = wbuf_of(lines_at, sizeof lines_at);
	struct gate_answer a = { .status = status, .why = level_whys[x->level_by] };

	x->flags &= ~(uint32_t)X_GATE;
	if (x->flags & X_RAW) {
		local_error(e, x, status, a.why);
		return;
	}
	if (is_page)
		level_put_page(&body, e, x);
	else
		level_put_problem(&body, e, x, status);
	WBUF_LIT(&lines, "Cache-Control: no-store\r\nContent-Security-Policy: default-src 'none'; "
			 "frame-ancestors 'none'; base-uri 'none'; form-action 'none'\r\n"
			 "Referrer-Policy: no-referrer\r\nVary: Accept, Accept-Language, "
			 "Sec-Fetch-Mode\r\n");
	level_put_retry(&lines, e, x);
	a.type = is_page ? VIEW("text/html; charset=utf-8") : VIEW("application/problem+json");
	a.lines = wbuf_view(&lines);
	a.body = wbuf_view(&body);
	local_own(e, x, &a);
}
