/*
 * Listeners whose connections are passed on as they are, and the routes that lead from them: there
 * is no request, so no rule can look at one.
 */
#include "conf/check.h"
#include "conf/region.h"

static const struct model_listener *check_stream_listener(const struct check *c,
							  const struct model_route *r, uint32_t i)
{
	uint32_t index = r->listeners.p[i].index;

	return index == IMAGE_NONE ? NULL
				   : MODEL_AT(struct model_listener, c->model->listeners, index);
}

/* The protocols of a route's listeners, as bits; 0: none that is known, or all HTTP ones. */
static unsigned check_stream_protocols(const struct check *c, const struct model_route *r)
{
	unsigned bits = 0;

	for (uint32_t i = 0; r->listeners.p && i < r->listeners.n; i++) {
		const struct model_listener *l = check_stream_listener(c, r, i);

		bits |= l ? 1u << l->protocol : 0;
	}
	return bits;
}

static void check_stream_mixture(struct check *c, const struct model_route *r, unsigned bits)
{
	const unsigned http = 1u << IMAGE_HTTP | 1u << IMAGE_HTTPS;

	if (bits & http && bits & ~http)
		diag_error(
			c->diag, node_place(r->at, "listeners"),
			"route \"%.*s\" has listeners with requests and listeners without: write "
			"a route for each",
			DIAG_VIEW(r->name));
}

/* Names are told by TLS alone. */
static void check_stream_hosts(struct check *c, const struct model_route *r, unsigned bits)
{
	if (bits & 1u << IMAGE_TLS_PASSTHROUGH)
		return;
	for (uint32_t i = 0; i < r->hosts.n; i++)
		if (!view_eq(r->hosts.p[i].text, VIEW("*")))
			diag_error(c->diag, r->hosts.p[i].at->at,
				   "nobody names a host on a tcp or udp listener: leave hosts out");
}

static void check_stream_match(struct check *c, const struct model_match *m)
{
	static const char *const names[] = { "path_prefix", "path_exact", "path_regex",
					     "methods",	    "headers",	  "query" };

	for (size_t i = 0; m->at && i < sizeof names / sizeof names[0]; i++)
		if (node_get(m->at, names[i]))
			diag_error(
				c->diag, node_place(m->at, names[i]),
				"%s needs a request, which this listener does not read: match by "
				"source, or use protocol: https",
				names[i]);
}

/* TLS that is passed on is the client's with the server: there is no second one around it. */
static void check_stream_pool(struct check *c, struct place at, uint32_t pool, unsigned bits)
{
	const struct model_backend *b = NULL;

	if (pool == IMAGE_NONE)
		return;
	b = MODEL_AT(struct model_backend, c->model->backends, pool);
	if (b->is_h2)
		diag_error(c->diag, at,
			   "the servers of backend \"%.*s\" expect HTTP/2 requests: leave its "
			   "protocol out",
			   DIAG_VIEW(b->name));
	else if (b->protocol == IMAGE_HTTPS && bits & 1u << IMAGE_TLS_PASSTHROUGH)
		diag_error(c->diag, at,
			   "backend \"%.*s\" would be sent TLS inside of TLS: leave its protocol "
			   "out, the client's own TLS is passed on",
			   DIAG_VIEW(b->name));
}

static void check_stream_rule(struct check *c, const struct model_rule *rule, unsigned bits)
{
	if (!rule->at)
		return;
	if (rule->redirect.at || rule->respond.at)
		diag_error(c->diag,
			   rule->redirect.at ? rule->redirect.at->at : rule->respond.at->at,
			   "only a request can be answered: this listener passes connections on, "
			   "to a backend");
	if (node_get(rule->at, "filters"))
		diag_error(c->diag, node_place(rule->at, "filters"),
			   "filters change requests, which this listener does not read");
	check_stream_match(c, &rule->match);
	check_stream_pool(c, node_place(rule->at, "backend"), rule->backend_index, bits);
	for (uint32_t i = 0; i < rule->backends.n; i++) {
		const struct model_split *s = MODEL_AT(struct model_split, rule->backends, i);

		if (s->at)
			check_stream_pool(c, node_place(s->at, "name"), s->index, bits);
	}
	if (bits & 1u << IMAGE_UDP)
		check_datagram_rule(c, rule);
}

static void check_stream_route(struct check *c, const struct model_route *r)
{
	unsigned bits = check_stream_protocols(c, r);

	check_stream_mixture(c, r, bits);
	bits &= ~(1u << IMAGE_HTTP | 1u << IMAGE_HTTPS);
	if (!bits)
		return;
	check_stream_hosts(c, r, bits);
	for (uint32_t i = 0; i < r->rules.n; i++)
		check_stream_rule(c, MODEL_AT(struct model_rule, r->rules, i), bits);
}

static void check_stream_listeners(struct check *c)
{
	for (uint32_t i = 0; i < c->model->listeners.n; i++) {
		const struct model_listener *l =
			MODEL_AT(struct model_listener, c->model->listeners, i);

		if (l->at && l->backend.n && image_is_http(l->protocol))
			diag_error(c->diag, node_place(l->at, "backend"),
				   "a listener's own backend is for protocol: tcp, udp and "
				   "tls_passthrough: write a route with listeners: [%.*s]",
				   DIAG_VIEW(l->name));
	}
}

/* What says no host means any, where hosts are not named anyway. */
void check_stream_hosts_default(struct check *c, struct model_route *r)
{
	const unsigned nameless = 1u << IMAGE_TCP | 1u << IMAGE_UDP;
	unsigned bits = check_stream_protocols(c, r);
	struct model_text *any = NULL;

	if (r->hosts.p || !bits || bits & ~nameless)
		return;
	any = REGION_NEW(c->region, struct model_text, 1);
	*any = (struct model_text){ .at = r->at, .text = VIEW("*") };
	r->hosts = (struct model_texts){ any, 1 };
}

void check_stream_run(struct check *c)
{
	check_stream_listeners(c);
	for (uint32_t i = 0; i < c->model->routes.n; i++) {
		const struct model_route *r = MODEL_AT(struct model_route, c->model->routes, i);

		if (r->at)
			check_stream_route(c, r);
	}
	check_datagram_run(c);
}
