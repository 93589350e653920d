/* The way of a connection without requests: tcp://address:port, tls://name:port. */
#include "tool/explain.h"

#include <stdlib.h>

/* Which listeners a scheme may mean. */
struct explain_scheme {
	const char *name;
	const char *protocols[3];
};

static const struct explain_scheme explain_schemes[] = {
	{ "https", { "https", "tls_passthrough", "tcp" } },
	{ "http", { "http", "tcp" } },
	{ "tls", { "tls_passthrough", "tcp" } },
	{ "tcp", { "tcp" } },
	{ "udp", { "udp" } },
};

bool explain_stream_split(struct explain *e, struct view url)
{
	size_t colon = view_find(url, ':');

	e->scheme = view_slice(url, 0, colon);
	e->is_stream = view_eq(e->scheme, VIEW("tls")) || view_eq(e->scheme, VIEW("tcp")) ||
		       view_eq(e->scheme, VIEW("udp"));
	if (!e->is_stream || !view_starts(view_slice(url, colon, url.n), VIEW("://")))
		return e->is_stream = false;
	e->authority = view_slice(url, colon + 3, url.n);
	e->is_https = view_eq(e->scheme, VIEW("tls"));
	if (view_ends(e->authority, VIEW("/")))
		e->authority.n--;
	return true;
}

bool explain_stream_means(const struct explain *e, const struct image_listener *l)
{
	struct view protocol = view_str(snapshot_protocol_name(l->protocol));

	for (size_t i = 0; i < sizeof explain_schemes / sizeof *explain_schemes; i++) {
		const struct explain_scheme *s = &explain_schemes[i];

		if (!view_eq(view_str(s->name), e->scheme))
			continue;
		for (size_t p = 0; p < 3 && s->protocols[p]; p++)
			if (view_eq(view_str(s->protocols[p]), protocol))
				return true;
	}
	return false;
}

/* Of each rule before the one that takes it the source is what it may look at. */
static void explain_stream_rules(struct explain *e)
{
	for (uint32_t i = 0; i < e->entry->rules.n; i++) {
		struct explain_rule *r = &e->rules[e->rule_n];
		const struct image_rule *rule = NULL;

		r->index = *image_rule_index_at(e->im, e->entry->rules.first + i);
		rule = image_rule_at(e->im, r->index);
		if (rule->action != IMAGE_ACTION_BACKEND)
			continue;
		r->verdict = rule == e->rule ? ROUTE_TAKES : ROUTE_OTHER_SOURCE;
		e->rule_n++;
		if (rule == e->rule)
			return;
	}
}

void explain_stream(struct explain *e)
{
	bool has_name = e->listener->protocol == IMAGE_TLS_PASSTHROUGH && !e->host.is_ip;
	struct view name = has_name ? e->host.name : (struct view){ 0 };

	if (image_is_http(e->listener->protocol)) {
		e->why = "this listener takes requests: ask with http:// or https://";
		return;
	}
	e->is_stream = true;
	e->entry = image_find_host(e->im, e->listener, name);
	if (!e->entry) {
		e->why = has_name ? "no route of this listener has that server name: the "
				    "connection is refused"
				  : "no route of this listener takes connections without a "
				    "server name: the connection is refused";
		return;
	}
	e->rules = calloc(e->entry->rules.n + 1, sizeof *e->rules);
	if (!e->rules) {
		e->why = "no memory";
		return;
	}
	e->rule = route_find_stream(e->im, e->listener, name, &e->source);
	explain_stream_rules(e);
	if (!e->rule)
		e->why = "no rule takes connections from there: the connection is refused";
}
