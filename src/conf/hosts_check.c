/*
 * Rules that never decide, because one before them takes everything they would.
 *
 * A rule can only be covered by one whose path condition covers its own: rules are filed under
 * their path, and looked up under each path that covers it. At most HOSTS_LOOK rules are compared
 * per path; beyond that a warning may be missed, never wrong.
 */
#include "conf/hosts.h"
#include "conf/region.h"

enum { HOSTS_LOOK = 64 };

/* A rule that others may hide behind, filed under its path. */
struct hosts_filed {
	struct hosts_filed *next; /* with the same path */
	const struct model_route *route;
	const struct model_rule *rule;
};

/* How often a rule appears, and how often it is covered. */
struct hosts_count {
	uint32_t seen, covered;
	const struct hosts_filed *by;
};

struct hosts_search {
	struct check *c;
	struct names paths; /* kind and path to index in filed */
	struct hosts_filed **filed;
	uint32_t filed_n;
	struct hosts_count *counts; /* by rule over all routes */
	const uint32_t *first;	    /* per route: number of its first rule */
};

/* The methods of b are among those of a. */
static bool hosts_methods_cover(const struct model_rule *a, const struct model_rule *b)
{
	if (a->method_bits == 0 && a->other_methods.n == 0)
		return true;
	if ((b->method_bits == 0 && b->other_methods.n == 0) || b->method_bits & ~a->method_bits)
		return false;
	for (uint32_t i = 0; i < b->other_methods.n; i++) {
		uint32_t k = 0;

		while (k < a->other_methods.n &&
		       !view_eq(a->other_methods.p[k].text, b->other_methods.p[i].text))
			k++;
		if (k == a->other_methods.n)
			return false;
	}
	return true;
}

/* Whatever a asks for, b asks for too. */
static bool hosts_pairs_cover(struct model_pairs a, struct model_pairs b)
{
	for (uint32_t i = 0; i < a.n; i++) {
		uint32_t k = 0;

		while (k < b.n &&
		       !(view_eq(a.p[i].name, b.p[k].name) && view_eq(a.p[i].value, b.p[k].value)))
			k++;
		if (k == b.n)
			return false;
	}
	return true;
}

static bool hosts_sources_cover(struct model_networks a, struct model_networks b)
{
	if (a.n == 0)
		return true;
	for (uint32_t i = 0; i < b.n; i++) {
		uint32_t k = 0;

		while (k < a.n && !(a.p[k].bits <= b.p[i].bits && ip_net_has(&a.p[k], &b.p[i].ip)))
			k++;
		if (k == a.n)
			return false;
	}
	return b.n != 0;
}

/* a takes every request that b takes, paths left aside. */
static bool hosts_rule_covers(const struct model_rule *a, const struct model_rule *b)
{
	return hosts_methods_cover(a, b) && hosts_pairs_cover(a->match.headers, b->match.headers) &&
	       hosts_pairs_cover(a->match.query, b->match.query) &&
	       hosts_sources_cover(a->match.source, b->match.source);
}

/* "kind path", under which a rule is filed. */
static struct view hosts_key(struct check *c, enum image_path_kind kind, struct view path)
{
	uint8_t k = (uint8_t)kind;

	return region_join(c->region, view_of(&k, 1), path);
}

/* A filed rule with this path that covers rule, or NULL. */
static const struct hosts_filed *hosts_look(const struct hosts_search *s, enum image_path_kind kind,
					    struct view path, const struct model_rule *rule)
{
	uint8_t key[2100];
	struct wbuf w = wbuf_of(key, sizeof key);
	uint32_t index = NAMES_NONE;
	const struct hosts_filed *f = NULL;

	wbuf_u8(&w, (uint8_t)kind);
	wbuf_view_put(&w, path);
	if (!w.bad)
		index = names_get(&s->paths, wbuf_view(&w));
	if (index == NAMES_NONE)
		return NULL;
	f = s->filed[index];
	for (uint32_t i = 0; f && i < HOSTS_LOOK; i++, f = f->next)
		if (hosts_rule_covers(f->rule, rule))
			return f;
	return NULL;
}

/* The path one segment up: "/a/b" to "/a", "/a" to "/". */
static struct view hosts_parent(struct view path)
{
	while (path.n > 1 && path.p[path.n - 1] != '/')
		path.n--;
	if (path.n > 1)
		path.n--;
	return path;
}

static const struct hosts_filed *hosts_find_cover(const struct hosts_search *s,
						  const struct model_rule *rule)
{
	const struct hosts_filed *f = hosts_look(s, IMAGE_PATH_ANY, (struct view){ 0 }, rule);
	struct view path = rule->path;

	if (f || rule->path_kind == IMAGE_PATH_ANY) {
		/* every path begins with '/' */
		return f ? f : hosts_look(s, IMAGE_PATH_PREFIX, VIEW("/"), rule);
	}
	if (rule->path_kind != IMAGE_PATH_PREFIX)
		f = hosts_look(s, (enum image_path_kind)rule->path_kind, path, rule);
	if (f || rule->path_kind == IMAGE_PATH_REGEX)
		return f ? f : hosts_look(s, IMAGE_PATH_PREFIX, VIEW("/"), rule);
	for (;;) {
		f = hosts_look(s, IMAGE_PATH_PREFIX, path, rule);
		if (f || path.n <= 1)
			return f;
		path = hosts_parent(path);
	}
}

static void hosts_file(struct hosts_search *s, const struct model_route *route,
		       const struct model_rule *rule)
{
	struct hosts_filed *f = REGION_NEW(s->c->region, struct hosts_filed, 1);
	struct view key = hosts_key(s->c, (enum image_path_kind)rule->path_kind, rule->path);
	uint32_t index = names_put(&s->paths, key, s->filed_n);

	if (index == NAMES_NONE)
		index = s->filed_n++;
	*f = (struct hosts_filed){ .next = s->filed[index], .route = route, .rule = rule };
	s->filed[index] = f;
}

static void hosts_check_list(struct hosts_search *s, const struct hosts_list *l)
{
	const struct model *m = s->c->model;
	uint32_t rules = 0;

	for (uint32_t i = 0; i < l->n; i++)
		rules += MODEL_AT(struct model_route, m->routes, hosts_route(l, i))->rules.n;
	s->paths = names_of(s->c->region);
	s->filed = REGION_NEW(s->c->region, struct hosts_filed *, rules);
	s->filed_n = 0;
	for (uint32_t i = 0; i < l->n; i++) {
		uint32_t number = hosts_route(l, i);
		const struct model_route *route = MODEL_AT(struct model_route, m->routes, number);

		for (uint32_t k = 0; k < route->rules.n; k++) {
			const struct model_rule *rule =
				MODEL_AT(struct model_rule, route->rules, k);
			struct hosts_count *count = &s->counts[s->first[number] + k];
			const struct hosts_filed *by = NULL;

			if (route->is_gate)
				continue; /* who else has its host is told by check_gateway_route */
			by = hosts_find_cover(s, rule);

			count->seen++;
			count->covered += by != NULL;
			count->by = by ? by : count->by;
			if (!by)
				hosts_file(s, route, rule);
		}
	}
}

static void hosts_tell(struct check *c, const struct model_route *route,
		       const struct model_rule *rule, const struct hosts_filed *by)
{
	struct place at = node_place(rule->at, rule->is_short ? "backend" : "match");
	struct place first = node_place(by->rule->at, by->rule->is_short ? "backend" : "match");

	diag_warning(c->diag, at,
		     "rule \"%.*s/%.*s\" never decides: \"%.*s/%.*s\" at %s comes first and "
		     "matches all of it",
		     DIAG_VIEW(route->name), DIAG_VIEW(rule->name), DIAG_VIEW(by->route->name),
		     DIAG_VIEW(by->rule->name), check_where(c, first));
}

static void hosts_check_rules(struct check *c, const struct hosts *h)
{
	const struct model *m = c->model;
	uint32_t *first = REGION_NEW(c->region, uint32_t, m->routes.n), n = 0;
	struct hosts_search s = { .c = c, .first = first };

	for (uint32_t i = 0; i < m->routes.n; i++) {
		first[i] = n;
		n += MODEL_AT(struct model_route, m->routes, i)->rules.n;
	}
	s.counts = REGION_NEW(c->region, struct hosts_count, n);
	for (uint32_t i = 0; i < h->list_n; i++)
		hosts_check_list(&s, &h->lists[i]);
	for (uint32_t i = 0; i < m->routes.n; i++) {
		const struct model_route *route = MODEL_AT(struct model_route, m->routes, i);

		for (uint32_t k = 0; k < route->rules.n; k++) {
			const struct hosts_count *count = &s.counts[first[i] + k];

			if (count->seen && count->seen == count->covered)
				hosts_tell(c, route, MODEL_AT(struct model_rule, route->rules, k),
					   count->by);
		}
	}
}

void hosts_check(struct check *c, const struct hosts *h)
{
	const struct model *m = c->model;

	hosts_check_rules(c, h);
	for (uint32_t i = 0; i < m->listeners.n; i++) {
		const struct model_listener *l = MODEL_AT(struct model_listener, m->listeners, i);

		if (h->tables[i].n || l->redirect_to_https || !l->at || l->is_cell)
			continue;
		if (image_is_http(l->protocol))
			diag_warning(c->diag, l->at->at,
				     "no route serves listener \"%.*s\": it answers 404",
				     DIAG_VIEW(l->name));
		else
			diag_error(
				c->diag, l->at->at,
				"listener \"%.*s\" leads nowhere: write backend: NAME here, or a "
				"route with listeners: [%.*s]",
				DIAG_VIEW(l->name), DIAG_VIEW(l->name));
	}
}
