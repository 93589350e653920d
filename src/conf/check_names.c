/* Names: each once, and each reference to one that there is. */
#include "conf/check.h"
#include "conf/region.h"

#include <stdio.h>

/* What every struct of the model that has a name begins with. */
struct check_named {
	const struct node *at;
	struct view name;
};
_Static_assert(offsetof(struct model_listener, name) == offsetof(struct check_named, name), "same");
_Static_assert(offsetof(struct model_certificate, name) == offsetof(struct check_named, name),
	       "same");
_Static_assert(offsetof(struct model_backend, name) == offsetof(struct check_named, name), "same");
_Static_assert(offsetof(struct model_server, name) == offsetof(struct check_named, name), "same");
_Static_assert(offsetof(struct model_route, name) == offsetof(struct check_named, name), "same");
_Static_assert(offsetof(struct model_zone, name) == offsetof(struct check_named, name), "same");
_Static_assert(offsetof(struct model_app, name) == offsetof(struct check_named, name), "same");
_Static_assert(offsetof(struct model_identity, name) == offsetof(struct check_named, name), "same");
_Static_assert(offsetof(struct model_rule, name) == offsetof(struct check_named, name), "same");

static struct check_named *check_named_at(struct model_list list, size_t size, uint32_t i)
{
	return (struct check_named *)(void *)((uint8_t *)list.p + i * size);
}

/* Every name of a list into a table; one that is taken is told with both places. */
static struct names check_names_list(struct check *c, const char *what, struct model_list list,
				     size_t size)
{
	struct names names = names_of(c->region);

	for (uint32_t i = 0; i < list.n; i++) {
		const struct check_named *x = check_named_at(list, size, i), *first = NULL;
		uint32_t before = x->name.n ? names_put(&names, x->name, i) : NAMES_NONE;

		if (before == NAMES_NONE)
			continue;
		first = check_named_at(list, size, before);
		diag_error(c->diag, node_place(x->at, "name"),
			   "the %s \"%.*s\" is given twice: it is also at %s", what,
			   DIAG_VIEW(x->name), check_where(c, node_place(first->at, "name")));
	}
	return names;
}

/* "route-3" for what was left without a name. */
static void check_names_number(struct check *c, const char *what, struct model_list list,
			       size_t size)
{
	for (uint32_t i = 0; i < list.n; i++) {
		struct check_named *x = check_named_at(list, size, i);
		char text[40] = "";

		if (x->name.n)
			continue;
		(void)snprintf(text, sizeof text, "%s-%u", what, i + 1);
		x->name = region_copy(c->region, view_str(text));
	}
}

/* A server without a name is called as its address is written. */
static void check_names_servers(struct check *c, struct model_backend *b)
{
	for (uint32_t i = 0; i < b->servers.n; i++) {
		struct model_server *s = MODEL_AT(struct model_server, b->servers, i);
		const struct node *address = node_get(s->at, "address");

		if (s->name.n == 0 && address)
			s->name = address->text;
	}
	(void)check_names_list(c, "server", b->servers, sizeof(struct model_server));
}

/* The short form of a route is a rule behind all others, which matches everything. */
static void check_names_short_form(struct check *c, struct model_route *r)
{
	struct model_rule *rules = REGION_NEW(c->region, struct model_rule, r->rules.n + 1);

	if (r->backend.n == 0)
		return;
	for (uint32_t i = 0; i < r->rules.n; i++)
		rules[i] = *MODEL_AT(struct model_rule, r->rules, i);
	rules[r->rules.n].at = r->at;
	rules[r->rules.n].name = VIEW("default");
	rules[r->rules.n].backend = r->backend;
	rules[r->rules.n].is_short = true;
	r->rules.p = rules;
	r->rules.n++;
}

static uint32_t check_names_pool(struct check *c, struct view name, struct place at)
{
	uint32_t index = check_resolve(c, &c->backends, "backend", name, at);

	if (index != IMAGE_NONE)
		MODEL_AT(struct model_backend, c->model->backends, index)->is_used = true;
	return index;
}

static void check_names_rule(struct check *c, struct model_rule *rule)
{
	rule->backend_index = IMAGE_NONE;
	if (rule->backend.n)
		rule->backend_index =
			check_names_pool(c, rule->backend, node_place(rule->at, "backend"));
	rule->mirror_index = IMAGE_NONE;
	if (rule->mirror.n)
		rule->mirror_index =
			check_names_pool(c, rule->mirror, node_place(rule->at, "mirror"));
	for (uint32_t i = 0; i < rule->backends.n; i++) {
		struct model_split *s = MODEL_AT(struct model_split, rule->backends, i);

		s->index = IMAGE_NONE;
		if (s->name.n)
			s->index = check_names_pool(c, s->name, node_place(s->at, "name"));
	}
}

static void check_names_route(struct check *c, struct model_route *r)
{
	check_names_number(c, "rule", r->rules, sizeof(struct model_rule));
	(void)check_names_list(c, "rule", r->rules, sizeof(struct model_rule));
	check_names_short_form(c, r);
	for (uint32_t i = 0; i < r->listeners.n; i++) {
		struct model_text *t = &r->listeners.p[i];

		t->index = check_resolve(c, &c->listeners, "listener", t->text, t->at->at);
	}
	for (uint32_t i = 0; i < r->rules.n; i++)
		check_names_rule(c, MODEL_AT(struct model_rule, r->rules, i));
}

static uint32_t check_names_certificate(struct check *c, struct view name, struct place at,
					bool is_client)
{
	uint32_t index = check_resolve(c, &c->certificates, "certificate", name, at);
	struct model_certificate *cert = NULL;

	if (index == IMAGE_NONE)
		return index;
	cert = MODEL_AT(struct model_certificate, c->model->certificates, index);
	cert->is_client |= is_client;
	cert->is_server |= !is_client;
	return index;
}

/* What a listener's own backend stands for: a route for whatever comes in there. */
static struct model_route check_names_listener_route(struct check *c, uint32_t i)
{
	const struct model_listener *l = MODEL_AT(struct model_listener, c->model->listeners, i);
	struct model_text *text = REGION_NEW(c->region, struct model_text, 2);

	text[0] = (struct model_text){ .at = l->at, .text = l->name, .index = i };
	text[1] = (struct model_text){ .at = l->at, .text = VIEW("*") };
	return (struct model_route){ .at = l->at,
				     .name = l->name,
				     .listeners = { &text[0], 1 },
				     .hosts = { &text[1], 1 },
				     .backend = l->backend };
}

static void check_names_listener_routes(struct check *c)
{
	struct model *m = c->model;
	struct model_route *routes =
		REGION_NEW(c->region, struct model_route, m->routes.n + m->listeners.n);
	uint32_t n = m->routes.n;

	for (uint32_t i = 0; i < m->routes.n; i++)
		routes[i] = *MODEL_AT(struct model_route, m->routes, i);
	for (uint32_t i = 0; i < m->listeners.n; i++)
		if (MODEL_AT(struct model_listener, m->listeners, i)->backend.n)
			routes[n++] = check_names_listener_route(c, i);
	m->routes = (struct model_list){ routes, n };
}

static void check_names_gateway(struct check *c)
{
	struct model *m = c->model;

	c->zones = check_names_list(c, "zone", m->zones, sizeof(struct model_zone));
	c->apps = check_names_list(c, "application", m->apps, sizeof(struct model_app));
	(void)check_names_list(c, "identity", m->identity, sizeof(struct model_identity));
	for (uint32_t i = 0; i < m->apps.n; i++) {
		struct model_app *a = MODEL_AT(struct model_app, m->apps, i);

		a->backend_index = IMAGE_NONE;
		if (a->backend.n)
			a->backend_index =
				check_names_pool(c, a->backend, node_place(a->at, "backend"));
	}
}

void check_names_run(struct check *c)
{
	struct model *m = c->model;

	c->listeners = check_names_list(c, "listener", m->listeners, sizeof(struct model_listener));
	c->certificates = check_names_list(c, "certificate", m->certificates,
					   sizeof(struct model_certificate));
	c->backends = check_names_list(c, "backend", m->backends, sizeof(struct model_backend));
	check_names_listener_routes(c);
	check_names_gateway(c);
	check_names_number(c, "route", m->routes, sizeof(struct model_route));
	(void)check_names_list(c, "route", m->routes, sizeof(struct model_route));
	for (uint32_t i = 0; i < m->listeners.n; i++) {
		struct model_listener *l = MODEL_AT(struct model_listener, m->listeners, i);

		for (uint32_t k = 0; k < l->certificates.n; k++) {
			struct model_text *t = &l->certificates.p[k];

			t->index = check_names_certificate(c, t->text, t->at->at, false);
		}
	}
	for (uint32_t i = 0; i < m->backends.n; i++) {
		struct model_backend *b = MODEL_AT(struct model_backend, m->backends, i);

		b->tls.client_index = IMAGE_NONE;
		if (b->tls.client_certificate.n)
			b->tls.client_index = check_names_certificate(
				c, b->tls.client_certificate,
				node_place(b->tls.at, "client_certificate"), true);
		check_names_servers(c, b);
	}
	for (uint32_t i = 0; i < m->routes.n; i++)
		check_names_route(c, MODEL_AT(struct model_route, m->routes, i));
}
