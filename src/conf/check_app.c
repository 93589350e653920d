/* Applications: a host of its own, a backend, who may open it, and how it is told who that is. */
#include "conf/check.h"

#include "base/hash.h"
#include "conf/region.h"
#include "proto/field.h"
#include "proto/scan.h"

#define CHECK_APP_ROUTE VIEW("app")

/* Names that mean something else to servers, beside those that proto/field.h knows. */
static const char *const check_app_fields[] = { "X-Sluis-Assertion",
						"Accept",
						"Accept-Encoding",
						"Accept-Language",
						"Origin",
						"Range",
						"Referer" };

static bool check_app_is_taken(struct view name)
{
	bool is_alias = false;
	enum field_id id = field_id_of(name, &is_alias);

	for (size_t i = 0; i < sizeof check_app_fields / sizeof check_app_fields[0]; i++)
		if (view_ieq(name, view_str(check_app_fields[i])))
			return true;
	/* X-Forwarded-User is what many applications read; clients' own is removed (THREATS A6) */
	return id != FIELD_OTHER && id != FIELD_X_FORWARDED_OTHER;
}

static void check_app_identity(struct check *c, const struct model_app_identity *m)
{
	if (m->header.n && !field_is_token(m->header))
		diag_error(c->diag, node_place(m->at, "header"), "\"%.*s\" is not a field name",
			   DIAG_VIEW(m->header));
	else if (view_find(m->header, '_') != m->header.n)
		diag_error(c->diag, node_place(m->at, "header"),
			   "many servers read '_' as '-' (THREATS A5): write the name with '-'");
	else if (check_app_is_taken(m->header))
		diag_error(c->diag, node_place(m->at, "header"),
			   "%.*s has a meaning of its own: write X-Sluis-Identity, or Remote-User",
			   DIAG_VIEW(m->header));
	if (m->audience.n && (scan_vchar(m->audience) != m->audience.n ||
			      view_find(m->audience, '"') != m->audience.n ||
			      view_find(m->audience, '\\') != m->audience.n))
		diag_error(c->diag, node_place(m->at, "audience"),
			   "an audience is a name or a URL of visible ASCII, without quotes");
	if (m->audience.n && !m->jwt)
		diag_warning(c->diag, node_place(m->at, "audience"), "audience is for jwt: true");
}

static bool check_app_asks_certificate(const struct check *c)
{
	for (uint32_t i = 0; i < c->model->listeners.n; i++) {
		const struct model_listener *l =
			MODEL_AT(struct model_listener, c->model->listeners, i);

		if (l->is_cell && l->client_certificate.mode)
			return true;
	}
	return false;
}

static bool check_app_asks_factor(const struct check *c, uint32_t factor)
{
	const struct model_sets *s = &c->model->factors.require;

	for (uint32_t i = 0; i < s->n; i++)
		if (s->p[i].bits & factor)
			return true;
	return false;
}

/* Conditions that nobody, or hardly anybody, meets. */
static void check_app_reach(struct check *c, const struct model_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++) {
		const struct model_node *n = &tree->p[i];

		if (n->kind == IMAGE_IF_CERTIFICATE && !check_app_asks_certificate(c))
			diag_warning(c->diag, n->at->at,
				     "this never holds: no listener with isolation: cell asks for "
				     "a client_certificate");
		if (n->kind == IMAGE_IF_FACTOR && !check_app_asks_factor(c, n->index))
			diag_warning(c->diag, n->at->at,
				     "no combination of factors.require has this factor: it holds "
				     "for people who have added it of their own accord");
	}
}

static void check_app_access(struct check *c, struct model_app *a)
{
	struct model_access *m = &a->access;

	m->allow_tree = check_condition(c, &m->allow);
	m->deny_tree = check_condition(c, &m->deny);
	if (!m->allow.at && !node_get(m->at, "allow"))
		diag_warning(c->diag, node_place(m->at ? m->at : a->at, m->at ? "deny" : "name"),
			     m->deny.at ? "deny alone opens application \"%.*s\" to nobody: write "
					  "allow: {everyone: true} beside it, or who may"
					: "nobody may open application \"%.*s\": write access: "
					  "{allow: {group: ...}}, or {allow: {everyone: true}}",
			     DIAG_VIEW(a->name));
	check_app_reach(c, &m->allow_tree);
	check_app_reach(c, &m->deny_tree);
}

static void check_app_backend(struct check *c, const struct model_app *a)
{
	struct place at = node_place(a->at, "backend");
	const struct model_backend *b = NULL;
	const struct node *open = NULL;

	if (a->backend_index == IMAGE_NONE)
		return;
	b = MODEL_AT(struct model_backend, c->model->backends, a->backend_index);
	open = check_gateway_open(c, a->backend_index);
	if (open)
		diag_warning(c->diag, at,
			     "backend \"%.*s\" is also reached without a log-in, by the rule at "
			     "%s: give the application a backend of its own",
			     DIAG_VIEW(b->name), check_where(c, open->at));
	if (b->persistence.has_cookie)
		diag_error(c->diag, at,
			   "cells have no key for the cookie of backend \"%.*s\": write "
			   "persistence: {source_address: true} there",
			   DIAG_VIEW(b->name));
}

/* Rules are told apart by their names, "route/rule", also over reloads. */
static void check_app_name(struct check *c, const struct model_app *a)
{
	for (uint32_t i = 0; i < c->model->routes.n; i++) {
		const struct model_route *r = MODEL_AT(struct model_route, c->model->routes, i);

		for (uint32_t k = 0; view_eq(r->name, CHECK_APP_ROUTE) && k < r->rules.n; k++)
			if (view_eq(MODEL_AT(struct model_rule, r->rules, k)->name, a->name))
				diag_error(c->diag, node_place(r->at, "name"),
					   "rule \"app/%.*s\" has the name of the application at "
					   "%s: call the route otherwise",
					   DIAG_VIEW(a->name),
					   check_where(c, node_place(a->at, "name")));
	}
}

/* What stands for the name in tokens and messages: never 0. */
static uint64_t check_app_id(struct view name)
{
	uint64_t id = hash_mix(hash_fnv1a(name));

	return id ? id : 1;
}

static void check_app_ids(struct check *c)
{
	const struct model_list list = c->model->apps;

	for (uint32_t i = 0; i < list.n; i++)
		for (uint32_t k = 0; k < i; k++) {
			const struct model_app *a = MODEL_AT(struct model_app, list, i);
			const struct model_app *b = MODEL_AT(struct model_app, list, k);

			if (a->id == b->id && !view_eq(a->name, b->name))
				diag_error(c->diag, node_place(a->at, "name"),
					   "\"%.*s\" and \"%.*s\" have the same hash: choose "
					   "another name",
					   DIAG_VIEW(a->name), DIAG_VIEW(b->name));
		}
}

static void check_app_one(struct check *c, struct model_app *a, uint32_t i)
{
	check_app_identity(c, &a->identity);
	check_app_access(c, a);
	check_app_backend(c, a);
	check_app_name(c, a);
	a->id = check_app_id(a->name);
	if (a->host.n)
		a->origin = check_gateway_host(c, a->at, &a->host);
	if (a->origin.n)
		check_gateway_route(c, a->at, a->host,
				    region_join(c->region, VIEW("app/"), a->name),
				    (struct model_rule){ .at = a->at,
							 .action = IMAGE_ACTION_APP,
							 .app = i,
							 .backend_index = a->backend_index });
}

void check_app_run(struct check *c)
{
	struct model_list list = c->model->apps;

	for (uint32_t i = 0; c->gate && i < list.n; i++) {
		struct model_app *a = MODEL_AT(struct model_app, list, i);

		if (a->at)
			check_app_one(c, a, i);
	}
	check_app_ids(c);
}
