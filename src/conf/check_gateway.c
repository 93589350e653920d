/*
 * The gateway: its portal, the listeners whose connections are cells, and what else these lead to.
 * The portal and each application become routes of one rule, on all listeners of cells and on no
 * other; whatever else is there has to say so, and has to work without what cells do not have:
 * a cache that is shared, and keys of cookies (promise P2).
 */
#include "conf/check.h"

#include "conf/region.h"
#include "ipc/gate_words.h"

enum { CHECK_GATEWAY_ARGON2_MIN = 19 << 20 };

struct check_gate {
	struct model_texts listeners; /* of cells */
	uint16_t port;		      /* of the first of them */
	struct names hosts;	      /* what they lead to, to indices in places */
	struct place *places;
	uint32_t place_n;
	const struct node **open; /* per backend */
};

static bool check_gateway_has_cell(const struct check *c, const struct model_route *r)
{
	for (uint32_t i = 0; r->listeners.p && i < r->listeners.n; i++)
		if (r->listeners.p[i].index != IMAGE_NONE &&
		    MODEL_AT(struct model_listener, c->model->listeners, r->listeners.p[i].index)
			    ->is_cell)
			return true;
	return false;
}

/* ... and no other listener. */
static bool check_gateway_is_all_cells(const struct check *c, const struct model_route *r)
{
	for (uint32_t i = 0; i < r->listeners.n; i++)
		if (r->listeners.p[i].index == IMAGE_NONE ||
		    !MODEL_AT(struct model_listener, c->model->listeners, r->listeners.p[i].index)
			     ->is_cell)
			return false;
	return true;
}

static bool check_gateway_is_named(const struct check *c, uint32_t listener)
{
	for (uint32_t i = 0; i < c->model->routes.n; i++) {
		const struct model_route *r = MODEL_AT(struct model_route, c->model->routes, i);

		for (uint32_t k = 0; r->listeners.p && k < r->listeners.n; k++)
			if (r->listeners.p[k].index == listener)
				return true;
	}
	return false;
}

static void check_gateway_listener(struct check *c, uint32_t i)
{
	const struct model_listener *l = MODEL_AT(struct model_listener, c->model->listeners, i);

	if (l->protocol != IMAGE_HTTPS)
		diag_error(c->diag, node_place(l->at, "isolation"),
			   "isolation: cell is for protocol: https");
	if (l->accept_proxy.n)
		diag_error(c->diag, node_place(l->at, "accept_proxy_protocol"),
			   "a listener with isolation: cell sees its clients itself: leave "
			   "accept_proxy_protocol out, or pass connections on below TCP");
	if (!c->model->gateway.at && !check_gateway_is_named(c, i))
		diag_error(
			c->diag, node_place(l->at, "isolation"),
			"listener \"%.*s\" leads nowhere: write gateway: {host: ...}, or a route "
			"with listeners: [%.*s]",
			DIAG_VIEW(l->name), DIAG_VIEW(l->name));
}

/* All listeners of cells, as routes name them. */
static void check_gateway_listeners(struct check *c, struct check_gate *g)
{
	const struct model_list list = c->model->listeners;

	g->listeners.p = REGION_NEW(c->region, struct model_text, list.n);
	for (uint32_t i = 0; i < list.n; i++) {
		const struct model_listener *l = MODEL_AT(struct model_listener, list, i);

		if (!l->at || !l->is_cell)
			continue;
		check_gateway_listener(c, i);
		if (g->listeners.n == 0)
			g->port = l->address.port;
		g->listeners.p[g->listeners.n++] =
			(struct model_text){ .at = l->at, .text = l->name, .index = i };
	}
}

static void check_gateway_pool(struct check *c, struct place at, uint32_t index)
{
	const struct model_backend *b = NULL;

	if (index == IMAGE_NONE)
		return;
	b = MODEL_AT(struct model_backend, c->model->backends, index);
	if (b->persistence.has_cookie)
		diag_error(c->diag, at,
			   "cells have no key for the cookie of backend \"%.*s\": write "
			   "persistence: {source_address: true} there",
			   DIAG_VIEW(b->name));
}

/* A rule that cells go by. */
static void check_gateway_rule(struct check *c, const struct model_route *r,
			       const struct model_rule *rule)
{
	const struct model_cache *cache = rule->cache.at ? &rule->cache : &r->cache;

	if (!rule->at)
		return;
	check_gateway_pool(c, node_place(rule->at, "backend"), rule->backend_index);
	for (uint32_t i = 0; i < rule->backends.n; i++) {
		const struct model_split *s = MODEL_AT(struct model_split, rule->backends, i);

		if (s->at)
			check_gateway_pool(c, s->at->at, s->index);
	}
	if (cache->at && cache->is_enabled && rule->action == IMAGE_ACTION_BACKEND &&
	    check_gateway_is_all_cells(c, r))
		diag_warning(c->diag, cache->at->at,
			     "cells share no memory, so that nothing is kept: cache has no effect "
			     "on listeners with isolation: cell");
}

/* Backends that anybody reaches. */
static void check_gateway_opens(struct check_gate *g, const struct model_rule *rule)
{
	if (rule->backend_index != IMAGE_NONE && rule->at)
		g->open[rule->backend_index] = rule->at;
	for (uint32_t i = 0; i < rule->backends.n; i++) {
		const struct model_split *s = MODEL_AT(struct model_split, rule->backends, i);

		if (s->index != IMAGE_NONE && rule->at)
			g->open[s->index] = rule->at;
	}
}

static void check_gateway_put(struct check_gate *g, struct view host, struct place at)
{
	if (names_put(&g->hosts, host, g->place_n) == NAMES_NONE)
		g->places[g->place_n++] = at;
}

/* The routes that people wrote. */
static void check_gateway_routes(struct check *c, struct check_gate *g)
{
	const struct model_list list = c->model->routes;
	uint32_t hosts = c->model->apps.n + 1;

	for (uint32_t i = 0; i < list.n; i++)
		hosts += MODEL_AT(struct model_route, list, i)->hosts.n;
	g->hosts = names_of(c->region);
	g->places = REGION_NEW(c->region, struct place, hosts);
	g->open = REGION_NEW(c->region, const struct node *, c->model->backends.n);
	for (uint32_t i = 0; i < list.n; i++) {
		const struct model_route *r = MODEL_AT(struct model_route, list, i);
		bool has_cell = check_gateway_has_cell(c, r);

		for (uint32_t k = 0; k < r->rules.n; k++) {
			const struct model_rule *rule = MODEL_AT(struct model_rule, r->rules, k);

			check_gateway_opens(g, rule);
			if (has_cell)
				check_gateway_rule(c, r, rule);
		}
		for (uint32_t k = 0; has_cell && k < r->hosts.n; k++)
			check_gateway_put(g, r->hosts.p[k].text, r->hosts.p[k].at->at);
	}
}

const struct node *check_gateway_open(const struct check *c, uint32_t backend)
{
	return c->gate->open[backend];
}

struct view check_gateway_host(struct check *c, const struct node *of, struct view *host)
{
	uint8_t text[300];
	struct wbuf w = wbuf_of(text, sizeof text);

	*host = check_lower(c, *host);
	if (!value_is_dns_name(*host)) {
		diag_error(c->diag, node_place(of, "host"),
			   "\"%.*s\" is not a host name: write one like login.example.nl, without "
			   "scheme, port or path",
			   DIAG_VIEW(*host));
		return (struct view){ 0 };
	}
	WBUF_LIT(&w, "https://");
	wbuf_view_put(&w, *host);
	if (c->gate->port != 443) {
		WBUF_LIT(&w, ":");
		wbuf_dec(&w, c->gate->port);
	}
	INVARIANT(!w.bad);
	return region_copy(c->region, wbuf_view(&w));
}

void check_gateway_route(struct check *c, const struct node *of, struct view host, struct view name,
			 struct model_rule rule)
{
	struct check_gate *g = c->gate;
	struct model_route *to = MODEL_AT(struct model_route, c->model->routes, c->model->routes.n);
	struct model_text *text = REGION_NEW(c->region, struct model_text, 1);
	struct model_rule *rules = REGION_NEW(c->region, struct model_rule, 1);
	uint32_t before = names_get(&g->hosts, host);

	if (before != NAMES_NONE) {
		diag_error(c->diag, node_place(of, "host"),
			   "host \"%.*s\" is taken at %s: the portal and each application have one "
			   "of their own",
			   DIAG_VIEW(host), check_where(c, g->places[before]));
		return;
	}
	check_gateway_put(g, host, node_place(of, "host"));
	*text = (struct model_text){ .at = node_get(of, "host"), .text = host };
	*rules = rule;
	rules->mirror_index = IMAGE_NONE;
	*to = (struct model_route){
		.at = of,
		.name = name,
		.listeners = g->listeners,
		.hosts = { text, 1 },
		.rules = { rules, 1 },
		.is_gate = true,
	};
	c->model->routes.n++;
}

/* Room for the routes of the portal and of each application. */
static void check_gateway_room(struct check *c)
{
	struct model_list *list = &c->model->routes;
	struct model_route *routes =
		REGION_NEW(c->region, struct model_route, list->n + c->model->apps.n + 1);

	for (uint32_t i = 0; i < list->n; i++)
		routes[i] = *MODEL_AT(struct model_route, *list, i);
	list->p = routes;
}

static void check_gateway_session(struct check *c, const struct model_session *s)
{
	if (s->rotate_ms > s->idle_ms)
		diag_error(
			c->diag, node_place(s->at, node_get(s->at, "rotate") ? "rotate" : "idle"),
			"a session would end by idle before its cookie was renewed once: write a "
			"rotate that is less than idle");
	if (s->idle_ms > s->lifetime_ms && node_get(s->at, "idle"))
		diag_warning(c->diag, node_place(s->at, "idle"),
			     "idle is longer than lifetime: sessions end by their lifetime alone");
	if (s->binding == IMAGE_BINDING_OFF)
		diag_warning(c->diag, node_place(s->at, "binding"),
			     "a stolen cookie is good anywhere: write binding: network when strict "
			     "asks too often");
}

static void check_gateway_cells(struct check *c, struct model_cells *s)
{
	if (s->before_login <= s->total / 2)
		return;
	if (!node_get(s->at, "before_login"))
		s->before_login = (s->total + 1) / 2;
	else if (s->before_login > s->total)
		diag_error(c->diag, node_place(s->at, "before_login"),
			   "before_login is more than total: strangers could take every "
			   "connection; write at most half of total");
	else
		diag_warning(c->diag, node_place(s->at, "before_login"),
			     "strangers could take more than half of the connections");
}

/* Is everything that `other` asks for asked for by `set` too? */
static bool check_gateway_has(uint8_t set, uint8_t other)
{
	return (other & ~set) == 0;
}

static void check_gateway_combination(struct check *c, const struct model_sets *all, uint32_t i)
{
	const struct model_set *s = &all->p[i];

	if (!s->bits) {
		if (s->at->n == 0)
			diag_error(c->diag, s->at->at,
				   "a combination of nothing lets everybody in: write [passkey] or "
				   "[password, totp]");
		return; /* else a word that was told of */
	}
	if (s->bits == GATE_TOTP)
		diag_error(c->diag, s->at->at,
			   "a code alone says nothing about who sends it: write [password, totp]");
	if (s->bits == GATE_PASSWORD)
		diag_warning(c->diag, s->at->at,
			     "whoever learns a password is in: write [password, totp]");
	for (uint32_t k = 0; k < all->n; k++)
		if (k != i && all->p[k].bits && check_gateway_has(s->bits, all->p[k].bits) &&
		    (s->bits != all->p[k].bits || k < i)) {
			diag_warning(c->diag, s->at->at,
				     "this combination is never needed: the one at %s is enough",
				     check_where(c, all->p[k].at->at));
			return;
		}
}

static void check_gateway_factors(struct check *c, const struct model_factors *f)
{
	if (f->require.n == 0)
		diag_error(
			c->diag, node_place(f->at, "require"),
			"require of nothing lets nobody in: write [[passkey], [password, totp]]");
	else if (f->require.n > IMAGE_FACTORS_MAX)
		diag_error(c->diag, node_place(f->at, "require"), "%u combinations, at most %d",
			   f->require.n, IMAGE_FACTORS_MAX);
	for (uint32_t i = 0; f->at && node_get(f->at, "require") && i < f->require.n; i++)
		check_gateway_combination(c, &f->require, i);
	if (f->argon2.memory && f->argon2.memory < CHECK_GATEWAY_ARGON2_MIN)
		diag_error(c->diag, node_place(f->argon2.at, "memory"),
			   "so little memory makes guessing cheap: write 19m or more, or 0");
}

/* What has no meaning without a portal. */
static void check_gateway_none(struct check *c)
{
	static const char *const names[] = { "identity", "factors" };

	if (c->model->apps.n)
		diag_error(c->diag, node_place(c->model->at, "apps"),
			   "applications are reached through the portal: write gateway: {host: "
			   "login.example.nl}");
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (node_get(c->model->at, names[i]))
			diag_warning(c->diag, node_place(c->model->at, names[i]),
				     "%s has no effect without gateway", names[i]);
}

static void check_gateway_zones(struct check *c)
{
	for (uint32_t i = 0; i < c->model->zones.n; i++) {
		const struct model_zone *z = MODEL_AT(struct model_zone, c->model->zones, i);

		if (z->at && z->networks.p && z->networks.n == 0 &&
		    node_get(z->at, "networks")->n == 0)
			diag_error(c->diag, node_place(z->at, "networks"),
				   "zone \"%.*s\" has no network: nobody is in it",
				   DIAG_VIEW(z->name));
	}
}

void check_gateway_run(struct check *c)
{
	struct model_gateway *m = &c->model->gateway;
	struct check_gate *g = REGION_NEW(c->region, struct check_gate, 1);

	check_gateway_zones(c);
	check_gateway_listeners(c, g);
	check_gateway_routes(c, g);
	check_gateway_factors(c, &c->model->factors);
	for (uint32_t i = 1; i < c->model->identity.n; i++)
		diag_error(c->diag, MODEL_AT(struct model_identity, c->model->identity, i)->at->at,
			   "there is one source of identity in this version");
	if (!m->at) {
		check_gateway_none(c);
		return;
	}
	c->gate = g;
	check_gateway_room(c);
	check_gateway_session(c, &m->session);
	check_gateway_cells(c, &m->cells);
	if (g->listeners.n == 0) {
		diag_error(c->diag, m->at->key_at,
			   "the portal needs a listener of its own kind: write isolation: cell on "
			   "a listener with protocol: https");
		g->port = 443;
	}
	if (m->host.n)
		m->origin = check_gateway_host(c, m->at, &m->host);
	if (m->origin.n)
		check_gateway_route(c, m->at, m->host, VIEW("portal"),
				    (struct model_rule){ .at = m->at,
							 .action = IMAGE_ACTION_PORTAL,
							 .backend_index = IMAGE_NONE });
}
