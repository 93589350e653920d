/* Hosts of listeners to lists of routes; config role and `sluis check`. */
#include "conf/hosts.h"

#include "conf/region.h"

/* The routes of one name while they are gathered. */
struct hosts_link {
	struct hosts_link *next;
	uint32_t route;
};

struct hosts_chain {
	struct view name;
	struct hosts_link *first, *last;
	uint32_t n;
};

/* A listener's names while they are gathered. */
struct hosts_gather {
	struct names names;
	struct hosts_chain *chains;
	uint32_t n, cap;
};

struct hosts_work {
	struct check *c;
	struct hosts *ret;
	struct hosts_gather *gather; /* one per listener */
	uint32_t pairs, rules;
	struct names lists; /* bytes of a list to its index */
	uint32_t list_cap;
};

struct view hosts_stored(struct view name)
{
	return name.n > 1 && name.p[0] == '*' ? view_slice(name, 1, name.n) : name;
}

uint32_t hosts_route(const struct hosts_list *l, uint32_t i)
{
	return ((const uint32_t *)(const void *)l->routes.p)[i];
}

static struct hosts_chain *hosts_chain_of(struct hosts_work *w, struct hosts_gather *g,
					  struct view name)
{
	uint32_t index = names_put(&g->names, name, g->n);
	struct hosts_chain *old = g->chains;

	if (index != NAMES_NONE)
		return &g->chains[index];
	if (g->n == g->cap) {
		g->cap = g->cap ? g->cap * 2 : 16;
		g->chains = REGION_NEW(w->c->region, struct hosts_chain, g->cap);
		for (uint32_t i = 0; i < g->n; i++)
			g->chains[i] = old[i];
	}
	g->chains[g->n].name = name;
	return &g->chains[g->n++];
}

/* One route for each of its hosts on one listener. */
static void hosts_add(struct hosts_work *w, uint32_t listener, uint32_t route)
{
	const struct model_route *r = MODEL_AT(struct model_route, w->c->model->routes, route);

	for (uint32_t i = 0; i < r->hosts.n && w->pairs < HOSTS_PAIRS_MAX; i++) {
		struct hosts_chain *chain =
			hosts_chain_of(w, &w->gather[listener], hosts_stored(r->hosts.p[i].text));
		struct hosts_link *link = NULL;

		w->pairs++;
		if (chain->last && chain->last->route == route)
			continue; /* the same host twice in one route */
		link = REGION_NEW(w->c->region, struct hosts_link, 1);
		link->route = route;
		if (chain->last)
			chain->last->next = link;
		else
			chain->first = link;
		chain->last = link;
		chain->n++;
	}
}

static void hosts_add_route(struct hosts_work *w, uint32_t route)
{
	const struct model_route *r = MODEL_AT(struct model_route, w->c->model->routes, route);

	if (!r->listeners.p) {
		for (uint32_t i = 0; i < w->c->model->listeners.n; i++) {
			const struct model_listener *l =
				MODEL_AT(struct model_listener, w->c->model->listeners, i);

			if (image_is_http(l->protocol) && !l->is_cell)
				hosts_add(w, i, route);
		}
		return;
	}
	for (uint32_t i = 0; i < r->listeners.n; i++)
		if (r->listeners.p[i].index != IMAGE_NONE)
			hosts_add(w, r->listeners.p[i].index, route);
}

/* The one list with these routes. */
static uint32_t hosts_list_of(struct hosts_work *w, const struct hosts_chain *chain)
{
	struct hosts *h = w->ret;
	uint32_t *routes = REGION_NEW(w->c->region, uint32_t, chain->n), n = 0, index = 0;
	struct view bytes = view_of(routes, chain->n * sizeof routes[0]);
	struct hosts_list *old = h->lists;

	for (const struct hosts_link *l = chain->first; l; l = l->next)
		routes[n++] = l->route;
	index = names_put(&w->lists, bytes, h->list_n);
	if (index != NAMES_NONE)
		return index;
	if (h->list_n == w->list_cap) {
		w->list_cap = w->list_cap ? w->list_cap * 2 : 16;
		h->lists = REGION_NEW(w->c->region, struct hosts_list, w->list_cap);
		for (uint32_t i = 0; i < h->list_n; i++)
			h->lists[i] = old[i];
	}
	h->lists[h->list_n] = (struct hosts_list){ .routes = bytes, .n = n };
	for (uint32_t i = 0; i < n; i++) {
		const struct model_route *r =
			MODEL_AT(struct model_route, w->c->model->routes, routes[i]);

		w->rules = r->rules.n > HOSTS_RULES_MAX - w->rules ? HOSTS_RULES_MAX
								   : w->rules + r->rules.n;
	}
	return h->list_n++;
}

static uint32_t hosts_labels(struct view name)
{
	uint32_t n = 0;

	for (size_t i = 0; i < name.n; i++)
		n += name.p[i] == '.';
	return view_starts(name, VIEW(".")) ? n : 0;
}

static void hosts_finish(struct hosts_work *w, uint32_t listener)
{
	const struct hosts_gather *g = &w->gather[listener];
	struct hosts_table *t = &w->ret->tables[listener];

	t->p = REGION_NEW(w->c->region, struct hosts_entry, g->n);
	for (uint32_t i = 0; i < g->n && w->rules < HOSTS_RULES_MAX; i++) {
		uint32_t labels = hosts_labels(g->chains[i].name);

		t->p[t->n++] = (struct hosts_entry){ .name = g->chains[i].name,
						     .list = hosts_list_of(w, &g->chains[i]) };
		t->wildcard_labels = labels > t->wildcard_labels ? labels : t->wildcard_labels;
	}
}

bool hosts_build(struct check *c, struct hosts *ret)
{
	const struct model *m = c->model;
	struct hosts_work w = { .c = c, .ret = ret, .lists = names_of(c->region) };

	w.gather = REGION_NEW(c->region, struct hosts_gather, m->listeners.n);
	ret->tables = REGION_NEW(c->region, struct hosts_table, m->listeners.n);
	for (uint32_t i = 0; i < m->listeners.n; i++)
		w.gather[i].names = names_of(c->region);
	for (uint32_t i = 0; i < m->routes.n; i++)
		hosts_add_route(&w, i);
	for (uint32_t i = 0; i < m->listeners.n; i++)
		hosts_finish(&w, i);
	if (w.pairs < HOSTS_PAIRS_MAX && w.rules < HOSTS_RULES_MAX)
		return true;
	diag_error(c->diag, node_place(m->at, "routes"),
		   "too many combinations of listeners, hosts and rules: give routes their "
		   "listeners, or use wildcards");
	return false;
}
