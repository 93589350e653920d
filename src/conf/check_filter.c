/*
 * Filters: one change each, nothing in it that could end a field line or say what belongs to
 * the framing of messages, to the connection, or to what Sluis itself tells servers about clients
 * (THREATS A1, A5, A6).
 */
#include "conf/check_filter.h"

#include "conf/placeholder.h"
#include "conf/region.h"
#include "proto/field.h"
#include "proto/uri.h"

enum { CHECK_FILTER_SIDES = 2 };

enum {
	CHECK_FILTER_BYTES = 16 << 10 /* of field lines, each way */,
	CHECK_FILTER_FLIGHTS = 4 /* concurrency limits of one rule: FLIGHTS_MAX of the edge */
};

enum check_filter_side { CHECK_FILTER_REQUEST = 1, CHECK_FILTER_ANSWER = 2 };

/* Names that have a meaning of their own: on which side they are refused, and what to do instead.
 */
static const struct {
	uint16_t id; /* enum field_id */
	uint8_t sides;
	const char *why;
} check_filter_names[] = {
	{ FIELD_HOST, CHECK_FILTER_REQUEST | CHECK_FILTER_ANSWER,
	  "write rewrite_host: name, which also keeps X-Forwarded-Host right" },
	{ FIELD_EXPECT, CHECK_FILTER_REQUEST, "it decides when the body is sent" },
	{ FIELD_TRAILER, CHECK_FILTER_REQUEST | CHECK_FILTER_ANSWER,
	  "it belongs to the body, which filters don't change" },
	{ FIELD_CONTENT_ENCODING, CHECK_FILTER_REQUEST | CHECK_FILTER_ANSWER,
	  "it says how the body is written, which filters don't change" },
	{ FIELD_CONTENT_RANGE, CHECK_FILTER_REQUEST | CHECK_FILTER_ANSWER,
	  "it says which part the body is, which filters don't change" },
	{ FIELD_VIA, CHECK_FILTER_REQUEST, "Sluis writes it itself (RFC 9110 §7.6.3)" },
	{ FIELD_FORWARDED, CHECK_FILTER_REQUEST,
	  "Sluis writes it itself; trust_forwarded_from says whose is believed" },
	{ FIELD_X_FORWARDED_FOR, CHECK_FILTER_REQUEST,
	  "Sluis writes it itself; trust_forwarded_from says whose is believed" },
	{ FIELD_X_FORWARDED_PROTO, CHECK_FILTER_REQUEST,
	  "Sluis writes it itself; trust_forwarded_from says whose is believed" },
	{ FIELD_X_FORWARDED_HOST, CHECK_FILTER_REQUEST,
	  "Sluis writes it itself; trust_forwarded_from says whose is believed" },
	{ FIELD_X_REQUEST_ID, CHECK_FILTER_REQUEST,
	  "Sluis writes it itself; use another name for {request_id}" },
	{ FIELD_TRACEPARENT, CHECK_FILTER_REQUEST, "Sluis writes it itself" },
	{ FIELD_TRACESTATE, CHECK_FILTER_REQUEST, "it belongs to traceparent" },
};

/* Why this field may not be touched on that side; NULL: it may. */
static const char *check_filter_refusal(enum field_id id, enum check_filter_side side)
{
	for (size_t i = 0; i < sizeof check_filter_names / sizeof check_filter_names[0]; i++)
		if (check_filter_names[i].id == (uint16_t)id && check_filter_names[i].sides & side)
			return check_filter_names[i].why;
	if (field_flags(id) & FIELD_FRAMING)
		return "Sluis says itself where a message ends";
	if (field_flags(id) & FIELD_HOP)
		return "it belongs to one connection (RFC 9110 §7.6.1)";
	return NULL;
}

static void check_filter_name(struct check *c, struct view name, struct place at,
			      enum check_filter_side side)
{
	bool is_alias = false;
	enum field_id id = field_id_of(name, &is_alias);
	const char *why = check_filter_refusal(id, side);

	if (!field_is_token(name))
		diag_error(c->diag, at, "\"%.*s\" is not a field name", DIAG_VIEW(name));
	else if (why)
		diag_error(c->diag, at, "%.*s can't be changed by a filter: %s", DIAG_VIEW(name),
			   why);
}

/* RFC 9110 §5.5: nothing that could end the line. Placeholders are known words. */
static void check_filter_value(struct check *c, struct view value, struct place at)
{
	struct placeholder p = { 0 };

	if (!field_is_value(value)) {
		diag_error(c->diag, at, "not a field value: it has a control byte");
		return;
	}
	while (placeholder_next(&value, &p))
		if (p.kind == IMAGE_SEGMENT_KINDS)
			diag_error(c->diag, at,
				   "there is no placeholder {%.*s}; there are {source_address}, "
				   "{host}, {path}, {path_rest}, {query}, {search}, {request_id} "
				   "and {scheme}; \"{{\" stands for one '{'",
				   DIAG_VIEW(p.text));
}

static void check_filter_pairs(struct check *c, struct model_pairs pairs,
			       enum check_filter_side side)
{
	for (uint32_t i = 0; i < pairs.n; i++) {
		check_filter_name(c, pairs.p[i].name, pairs.p[i].at->key_at, side);
		check_filter_value(c, pairs.p[i].value, pairs.p[i].at->at);
	}
}

static void check_filter_texts(struct check *c, struct model_texts texts,
			       enum check_filter_side side)
{
	for (uint32_t i = 0; i < texts.n; i++)
		check_filter_name(c, texts.p[i].text, texts.p[i].at->at, side);
}

/* Every cookie of the server goes when one is set. */
static void check_filter_cookies(struct check *c, struct model_pairs pairs)
{
	for (uint32_t i = 0; i < pairs.n; i++)
		if (view_ieq(pairs.p[i].name, VIEW("Set-Cookie")))
			diag_warning(c->diag, pairs.p[i].at->key_at,
				     "this takes out every cookie that the server sets: "
				     "add_response_headers keeps them");
}

/* A Host as requests may have it; written as it will be sent. */
static void check_filter_host(struct check *c, struct model_filter *f)
{
	uint8_t lower[256], text[264];
	struct wbuf name = wbuf_of(lower, sizeof lower), w = wbuf_of(text, sizeof text);
	struct uri_host host = { 0 };

	if (f->rewrite_host.n == 0)
		return;
	if (uri_host_parse(f->rewrite_host, &name, &host) != E_OK) {
		diag_error(c->diag, node_place(f->at, "rewrite_host"),
			   "\"%.*s\" is not a host: write app.internal, or app.internal:8080",
			   DIAG_VIEW(f->rewrite_host));
		return;
	}
	wbuf_view_put(&w, host.name);
	if (host.port) {
		WBUF_LIT(&w, ":");
		wbuf_dec(&w, host.port);
	}
	f->rewrite_host = region_copy(c->region, wbuf_view(&w));
}

static void check_filter_path(struct check *c, const struct model_filter *f, const char *name,
			      struct view *path)
{
	if (path->n)
		(void)check_route_path(c, node_place(f->at, name), path);
}

static void check_filter_networks(struct check *c, const struct model_filter *f, const char *name,
				  struct model_networks n)
{
	if (n.p && n.n == 0)
		diag_error(c->diag, node_place(f->at, name), "%s: no network", name);
}

static void check_filter_one(struct check *c, struct model_filter *f)
{
	if (!f->at)
		return;
	if (f->at->n != 1) {
		diag_error(c->diag, f->at->at,
			   "a filter is one change: write each as an element of its own");
		return;
	}
	check_filter_pairs(c, f->set_request_headers, CHECK_FILTER_REQUEST);
	check_filter_pairs(c, f->add_request_headers, CHECK_FILTER_REQUEST);
	check_filter_texts(c, f->remove_request_headers, CHECK_FILTER_REQUEST);
	check_filter_pairs(c, f->set_response_headers, CHECK_FILTER_ANSWER);
	check_filter_pairs(c, f->add_response_headers, CHECK_FILTER_ANSWER);
	check_filter_texts(c, f->remove_response_headers, CHECK_FILTER_ANSWER);
	check_filter_cookies(c, f->set_response_headers);
	check_filter_networks(c, f, "allow_networks", f->allow_networks);
	check_filter_networks(c, f, "deny_networks", f->deny_networks);
	check_limit_one(c, &f->rate_limit);
	check_limit_one(c, &f->concurrency);
	check_cors_one(c, &f->cors);
	check_filter_path(c, f, "rewrite_path_prefix", &f->rewrite_path_prefix);
	check_filter_path(c, f, "rewrite_path", &f->rewrite_path);
	check_filter_host(c, f);
}

/* The path is rewritten once; a rule's own filter takes the place of its route's. */
static void check_filter_rewrites(struct check *c, struct model_list filters)
{
	const struct model_filter *first = NULL;

	for (uint32_t i = 0; i < filters.n; i++) {
		const struct model_filter *f = MODEL_AT(struct model_filter, filters, i);

		if (f->rewrite_path_prefix.n == 0 && f->rewrite_path.n == 0)
			continue;
		if (first)
			diag_error(c->diag, f->at->at, "the path is rewritten twice (%s)",
				   check_where(c, first->at->at));
		first = f;
	}
}

void check_filter_list(struct check *c, struct model_list filters)
{
	for (uint32_t i = 0; i < filters.n; i++)
		check_filter_one(c, MODEL_AT(struct model_filter, filters, i));
	check_filter_rewrites(c, filters);
}

/* A prefix can be replaced where one was found. */
static void check_filter_prefix(struct check *c, struct model_list filters,
				const struct model_rule *rule)
{
	bool has_prefix = rule->path_kind == IMAGE_PATH_ANY || rule->path_kind == IMAGE_PATH_PREFIX;

	for (uint32_t i = 0; i < filters.n && !has_prefix; i++) {
		const struct model_filter *f = MODEL_AT(struct model_filter, filters, i);

		if (f->rewrite_path_prefix.n)
			diag_error(
				c->diag, f->at->at,
				"rewrite_path_prefix needs a rule with path_prefix, or without a "
				"path (rule \"%.*s\"): write rewrite_path",
				DIAG_VIEW(rule->name));
	}
}

/* What is answered here is sent to no server. */
static void check_filter_effect(struct check *c, const struct model_rule *rule)
{
	for (uint32_t i = 0; i < rule->filters.n && (rule->redirect.at || rule->respond.at); i++) {
		const struct model_filter *f = MODEL_AT(struct model_filter, rule->filters, i);

		if (f->rewrite_path_prefix.n || f->rewrite_path.n || f->rewrite_host.n ||
		    f->set_request_headers.n || f->add_request_headers.n ||
		    f->remove_request_headers.n)
			diag_error(c->diag, f->at->at,
				   "this rule answers by itself: no server sees this change");
	}
}

static size_t check_filter_pairs_bytes(struct model_pairs pairs)
{
	size_t n = 0;

	for (uint32_t i = 0; i < pairs.n; i++)
		n += pairs.p[i].name.n + pairs.p[i].value.n + 4;
	return n;
}

/* Of the field lines that one side is given. */
static size_t check_filter_bytes(struct model_list filters, enum check_filter_side side)
{
	size_t n = 0;

	for (uint32_t i = 0; i < filters.n; i++) {
		const struct model_filter *f = MODEL_AT(struct model_filter, filters, i);

		if (side == CHECK_FILTER_REQUEST)
			n += check_filter_pairs_bytes(f->set_request_headers) +
			     check_filter_pairs_bytes(f->add_request_headers);
		else
			n += check_filter_pairs_bytes(f->set_response_headers) +
			     check_filter_pairs_bytes(f->add_response_headers);
	}
	return n;
}

static uint32_t check_filter_flights(struct model_list filters)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < filters.n; i++)
		n += MODEL_AT(struct model_filter, filters, i)->concurrency.at != NULL;
	return n;
}

static void check_filter_size(struct check *c, const struct model_route *route,
			      const struct model_rule *rule, enum check_filter_side side)
{
	size_t n =
		check_filter_bytes(route->filters, side) + check_filter_bytes(rule->filters, side);

	if (n > CHECK_FILTER_BYTES)
		diag_error(
			c->diag, rule->at->at,
			"the fields that filters give to rule \"%.*s\" have %zu bytes, at most %d",
			DIAG_VIEW(rule->name), n, CHECK_FILTER_BYTES);
}

void check_filter_rule(struct check *c, const struct model_route *route,
		       const struct model_rule *rule)
{
	check_filter_prefix(c, route->filters, rule);
	check_filter_prefix(c, rule->filters, rule);
	check_filter_effect(c, rule);
	check_cors_rule(c, rule);
	if (check_filter_flights(route->filters) + check_filter_flights(rule->filters) >
	    CHECK_FILTER_FLIGHTS)
		diag_error(
			c->diag, rule->at->at,
			"rule \"%.*s\" has more than %d concurrency limits, its route's included",
			DIAG_VIEW(rule->name), CHECK_FILTER_FLIGHTS);
	check_filter_size(c, route, rule, CHECK_FILTER_REQUEST);
	check_filter_size(c, route, rule, CHECK_FILTER_ANSWER);
}
