/*
 * Isolation and return: zones and groups that levels let in, where news is, and of each application
 * what changes nothing, what it waits for, and whose word it needs. Whether a group has members is
 * the store's to know: nothing is said about it here.
 */
#include "conf/check.h"

#include "conf/region.h"
#include "proto/http1.h"
#include "proto/scan.h"
#include "proto/uri.h"

enum { CHECK_INCIDENT_SHOWN = 8 /* of a long circle of needs */ };

static void check_incident_zone(struct check *c, uint32_t i, bool is_office)
{
	struct model_zone *z = NULL;

	if (i == IMAGE_NONE)
		return;
	z = MODEL_AT(struct model_zone, c->model->zones, i);
	if (is_office)
		z->is_office = true;
	else
		z->is_partner = true;
}

/* The zones that a level lets in: those that are given, else the one with the option's name. */
static void check_incident_zones(struct check *c, const char *option, struct model_texts given,
				 bool is_office)
{
	const struct node *at = c->model->isolation.at, *list = node_get(at, option);
	uint32_t preset = names_get(&c->zones, view_str(option));

	_Static_assert((uint32_t)NAMES_NONE == IMAGE_NONE, "no such name is no such index");
	if (!given.p) {
		check_incident_zone(c, preset, is_office);
		if (preset == IMAGE_NONE && at && !list && is_office)
			diag_warning(c->diag, at->at,
				     "no zone is named office: the level office_only would let "
				     "nobody in; write office: [ZONE]");
		return;
	}
	for (uint32_t i = 0; i < given.n; i++)
		check_incident_zone(
			c, check_resolve(c, &c->zones, "zone", given.p[i].text, given.p[i].at->at),
			is_office);
	if (list->n == 0)
		diag_warning(c->diag, list->at, "no zone: the level %s_only would let nobody in",
			     option);
}

/* NULL: it is a URL that may stand in a page. */
static const char *check_incident_news(struct view url)
{
	uint8_t text[3 * IMAGE_NEWS_MAX];
	struct wbuf scratch = wbuf_of(text, sizeof text);
	struct view authority = { 0 }, rest = { 0 };
	struct uri_target target = { 0 };
	struct uri_host host = { 0 };
	const char *why = "that is no path that a request can have";
	bool is_https = false;

	if (scan_vchar(url) != url.n)
		return "a URL is visible ASCII: write xn--... for names, %XX for other bytes";
	for (size_t i = 0; i < url.n; i++)
		if (view_find(VIEW("\"'<>\\^`{|}"), url.p[i]) != VIEW("\"'<>\\^`{|}").n)
			return "quotes, brackets and the like are written as %XX in a URL";
	if (view_find(url, '#') != url.n)
		return "leave '#' and what is behind it out";
	if ((!view_starts(url, VIEW("https://")) && !view_starts(url, VIEW("http://"))) ||
	    uri_absolute_split(url, &is_https, &authority, &rest) != E_OK)
		return "write the whole URL: https://status.example.nl/";
	if (uri_host_parse(authority, &scratch, &host) != E_OK)
		return "that is no host, with or without a port: write "
		       "https://status.example.nl/";
	scratch.n = 0;
	return uri_target_parse(rest, &scratch, &target, &why) == E_OK ? NULL : why;
}

static void check_incident_isolation(struct check *c, const struct model_isolation *m)
{
	const char *why = m->news.n ? check_incident_news(m->news) : NULL;

	check_incident_zones(c, "office", m->office, true);
	check_incident_zones(c, "partners", m->partners, false);
	if (m->approvers.group.n && !c->model->gateway.host.n)
		diag_warning(
			c->diag, m->approvers.at->at,
			"without a gateway nobody can log in, and one command opens and closes "
			"alone");
	if (m->approvers.group.n)
		(void)check_condition_name(c, node_place(m->approvers.at, "group"), "group",
					   m->approvers.group);
	for (uint32_t i = 0; i < m->waiting_room.urgent.n; i++)
		(void)check_condition_name(c, m->waiting_room.urgent.p[i].at->at, "group",
					   m->waiting_room.urgent.p[i].text);
	if (m->waiting_room.urgent.n && !m->waiting_room.per_minute && !m->waiting_room.at_a_time)
		diag_warning(c->diag, node_place(m->waiting_room.at, "urgent"),
			     "nobody waits: write per_minute or at_a_time too");
	(void)check_condition_name(c, node_place(m->at, "pilot"), "group", m->pilot);
	if (why)
		diag_error(c->diag, node_place(m->at, "news"), "\"%.*s\": %s", DIAG_VIEW(m->news),
			   why);
}

static void check_incident_methods(struct check *c, const struct model_read_only *m)
{
	const struct node *list = node_get(m->at, "methods");

	if (!list || list->kind != NODE_LIST)
		return;
	if (list->n == 0)
		diag_error(c->diag, list->at, "no method: leave it out for GET, HEAD and OPTIONS");
	for (const struct node *n = list->first; n; n = n->next) {
		enum http_method id = http_method_of(n->text);

		/* RFC 9110 §9.2.1: the others may change something */
		if (m->methods & 1u << id && !http_method_is_safe(id))
			diag_warning(c->diag, n->at,
				     "the level read_only would let every %.*s pass: write also: "
				     "[{method: %.*s, path_prefix: /search}]",
				     DIAG_VIEW(n->text), DIAG_VIEW(n->text));
	}
}

static void check_incident_call(struct check *c, const struct model_read_only *m,
				struct model_safe_call *call)
{
	struct view method = http_method_name((enum http_method)call->method);
	struct place at = node_place(call->at, "path_prefix");

	if (view_find(call->path_prefix, '?') != call->path_prefix.n) {
		diag_error(c->diag, at, "a path has no '?': write what is in front of it");
		return;
	}
	if (call->path_prefix.n == 0 || !check_route_prefix(c, at, &call->path_prefix))
		return;
	if (call->method && m->methods & 1u << call->method)
		diag_warning(c->diag, node_place(call->at, "method"),
			     "this is never needed: every %.*s passes, by methods",
			     DIAG_VIEW(method));
	else if (call->path_prefix.n == 1 && !http_method_is_safe((enum http_method)call->method))
		diag_warning(c->diag, at,
			     "the level read_only would let every %.*s pass: write the path of "
			     "what changes nothing",
			     DIAG_VIEW(method));
}

/* Each name once, to an index; itself is none. */
static void check_incident_needs(struct check *c, struct model_app *a)
{
	struct names seen = names_of(c->region);
	struct model_texts *list = &a->needs;
	uint32_t n = 0;

	for (uint32_t i = 0; i < list->n; i++) {
		struct model_text t = list->p[i];

		if (view_eq(t.text, a->name)) {
			diag_error(c->diag, t.at->at, "application \"%.*s\" needs itself",
				   DIAG_VIEW(a->name));
			continue;
		}
		if (names_put(&seen, t.text, i) != NAMES_NONE) {
			diag_warning(c->diag, t.at->at, "\"%.*s\" is in this list twice",
				     DIAG_VIEW(t.text));
			continue;
		}
		t.index = check_resolve(c, &c->apps, "application", t.text, t.at->at);
		if (t.index != IMAGE_NONE)
			list->p[n++] = t;
	}
	list->n = n;
}

static void check_incident_app(struct check *c, struct model_app *a)
{
	struct model_read_only *m = &a->read_only;

	check_incident_methods(c, m);
	for (uint32_t i = 0; i < m->also.n; i++)
		check_incident_call(c, m, MODEL_AT(struct model_safe_call, m->also, i));
	check_incident_needs(c, a);
	if (a->owner.n)
		(void)check_condition_name(c, node_place(a->at, "owner"), "group", a->owner);
}

enum check_incident_state { CHECK_INCIDENT_NEW, CHECK_INCIDENT_ON_WAY, CHECK_INCIDENT_DONE };

/* A walk along needs: those on the way from the first to the one that is looked at. */
struct check_incident_walk {
	struct check *c;
	uint32_t *way, *next; /* next: per application, which of its needs is its turn */
	uint8_t *state;	      /* per application: enum check_incident_state */
	uint32_t depth;
};

static struct model_app *check_incident_at(const struct check *c, uint32_t i)
{
	return MODEL_AT(struct model_app, c->model->apps, i);
}

static void check_incident_step(const struct check_incident_walk *w, struct wbuf *out,
				bool is_first, uint32_t app)
{
	wbuf_str(out, is_first ? " needs " : ", which needs ");
	wbuf_view_put(out, check_incident_at(w->c, app)->name);
}

/* "cases needs registry, which needs cases"; the middle of a long one is left out. */
static void check_incident_circle(const struct check_incident_walk *w,
				  const struct model_text *last)
{
	uint8_t text[(CHECK_INCIDENT_SHOWN + 3) * 80];
	struct wbuf out = wbuf_of(text, sizeof text);
	struct view end = check_incident_at(w->c, last->index)->name;
	uint32_t from = 0;

	while (w->way[from] != last->index)
		from++;
	wbuf_view_put(&out, end);
	for (uint32_t i = from + 1; i < w->depth; i++) {
		if (i - from > CHECK_INCIDENT_SHOWN && i + 1 < w->depth)
			continue;
		if (i - from > CHECK_INCIDENT_SHOWN)
			WBUF_LIT(&out, ", ...");
		check_incident_step(w, &out, i == from + 1, w->way[i]);
	}
	check_incident_step(w, &out, false, last->index);
	diag_error(w->c->diag, last->at->at, "application \"%.*s\" would wait for itself: %.*s",
		   DIAG_VIEW(end), (int)out.n, (const char *)text);
}

static void check_incident_enter(struct check_incident_walk *w, uint32_t app)
{
	w->state[app] = CHECK_INCIDENT_ON_WAY;
	w->way[w->depth++] = app;
}

/* One need of the application at the end of the way, or back from it. */
static void check_incident_go(struct check_incident_walk *w)
{
	uint32_t app = w->way[w->depth - 1];
	const struct model_texts *needs = &check_incident_at(w->c, app)->needs;
	const struct model_text *t = NULL;

	if (w->next[app] == needs->n) {
		w->state[app] = CHECK_INCIDENT_DONE;
		w->depth--;
		return;
	}
	t = &needs->p[w->next[app]++];
	if (w->state[t->index] == CHECK_INCIDENT_ON_WAY)
		check_incident_circle(w, t);
	else if (w->state[t->index] == CHECK_INCIDENT_NEW)
		check_incident_enter(w, t->index);
}

static void check_incident_circles(struct check *c)
{
	uint32_t n = c->model->apps.n;
	struct check_incident_walk w = { .c = c,
					 .way = REGION_NEW(c->region, uint32_t, n),
					 .next = REGION_NEW(c->region, uint32_t, n),
					 .state = REGION_NEW(c->region, uint8_t, n) };

	for (uint32_t i = 0; i < n; i++) {
		if (w.state[i] != CHECK_INCIDENT_NEW)
			continue;
		check_incident_enter(&w, i);
		while (w.depth)
			check_incident_go(&w);
	}
}

void check_incident_run(struct check *c)
{
	check_incident_isolation(c, &c->model->isolation);
	for (uint32_t i = 0; i < c->model->apps.n; i++)
		check_incident_app(c, check_incident_at(c, i));
	check_incident_circles(c);
}
