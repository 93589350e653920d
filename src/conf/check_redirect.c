/*
 * Redirects. The place that they lead to is made of the request's own words in part, so what is
 * written decides whether somebody else can choose it: a placeholder of the client's may stand only
 * where it can't change the host (an open redirect).
 */
#include "conf/check_filter.h"

#include "conf/placeholder.h"
#include "conf/region.h"
#include "proto/scan.h"

/* How far a location has come. */
enum check_redirect_part { CHECK_AT_START, CHECK_IN_HOST, CHECK_IN_PATH, CHECK_IN_QUERY };

struct check_redirect {
	uint8_t part; /* enum check_redirect_part */
	bool has_host, after_slash, has_scheme;
};

/* The first text of a location; *v: what is left behind "https://" */
static const char *check_redirect_start(struct check_redirect *r, struct view *v)
{
	size_t skip = 0;

	if (r->has_scheme && !view_starts(*v, VIEW("://")))
		return "\"://\" follows {scheme}";
	if (r->has_scheme)
		skip = 3;
	else if (view_starts(*v, VIEW("https://")))
		skip = 8;
	else if (view_starts(*v, VIEW("http://")))
		skip = 7;
	else if (!view_starts(*v, VIEW("/")) || view_starts(*v, VIEW("//")))
		return "write an absolute path (/new) or a URL (https://www.example.nl/)";
	r->part = skip ? CHECK_IN_HOST : CHECK_IN_PATH;
	*v = view_slice(*v, skip, v->n);
	return NULL;
}

/* Text of which some may belong to the host; *v: what does not. */
static const char *check_redirect_host(struct check_redirect *r, struct view *v)
{
	size_t end = 0;

	while (end < v->n && v->p[end] != '/' && v->p[end] != '?')
		end++;
	r->has_host |= end > 0;
	*v = view_slice(*v, end, v->n);
	if (v->n == 0)
		return NULL;
	r->part = CHECK_IN_PATH;
	return r->has_host ? NULL : "it has no host";
}

/* Text in a location, from where it has come to. NULL: good, else why not. */
static const char *check_redirect_text(struct check_redirect *r, struct view v)
{
	const char *why = NULL;

	if (scan_vchar(v) != v.n)
		return "it has visible ASCII bytes alone (%XX for others)";
	if (r->part == CHECK_AT_START)
		why = check_redirect_start(r, &v);
	if (!why && r->part == CHECK_IN_HOST)
		why = check_redirect_host(r, &v);
	if (r->part != CHECK_IN_HOST && view_find(v, '?') != v.n)
		r->part = CHECK_IN_QUERY;
	r->after_slash = view_ends(v, VIEW("/"));
	return why;
}

static bool check_redirect_is_path(uint8_t kind)
{
	return kind == IMAGE_SEGMENT_PATH || kind == IMAGE_SEGMENT_PATH_REST ||
	       kind == IMAGE_SEGMENT_PATH_REST_ROOT;
}

/* What may stand at the start, and in the host. */
static const char *check_redirect_early(struct check_redirect *r, uint8_t kind)
{
	if (r->part == CHECK_IN_HOST) {
		r->has_host |= kind == IMAGE_SEGMENT_HOST;
		if (kind == IMAGE_SEGMENT_HOST)
			return NULL;
		return r->has_host && (check_redirect_is_path(kind) || kind == IMAGE_SEGMENT_SEARCH)
			       ? NULL
			       : "before the path only {host} can stand: others could lead to "
				 "another host";
	}
	if (kind == IMAGE_SEGMENT_SCHEME && !r->has_scheme) {
		r->has_scheme = true;
		return NULL;
	}
	return (kind == IMAGE_SEGMENT_PATH || kind == IMAGE_SEGMENT_PATH_REST_ROOT) &&
			       !r->has_scheme
		       ? NULL
		       : "it begins with an absolute path, {path}, {scheme}://, http:// or "
			 "https://";
}

static const char *check_redirect_placeholder(struct check_redirect *r, uint8_t kind)
{
	const char *why = NULL;

	if (kind == IMAGE_SEGMENT_KINDS)
		return "there are the placeholders {scheme}, {host}, {path}, {path_rest}, "
		       "{search}, "
		       "{query}, {request_id} and {source_address}";
	if (check_redirect_is_path(kind) && r->after_slash)
		return "{path} begins with '/': leave out the one before it";
	if (r->part == CHECK_AT_START || r->part == CHECK_IN_HOST) {
		why = check_redirect_early(r, kind);
		if (why || kind == IMAGE_SEGMENT_SCHEME || kind == IMAGE_SEGMENT_HOST)
			return why;
	}
	if (kind == IMAGE_SEGMENT_QUERY && r->part != CHECK_IN_QUERY)
		return "{query} stands behind a '?'; {search} brings its own";
	if (r->part != CHECK_IN_QUERY)
		r->part = kind == IMAGE_SEGMENT_SEARCH ? CHECK_IN_QUERY : CHECK_IN_PATH;
	r->after_slash = false;
	return NULL;
}

static const char *check_redirect_why(struct view location)
{
	struct check_redirect r = { 0 };
	struct placeholder p = { 0 };
	const char *why = NULL;

	while (!why && placeholder_next(&location, &p))
		why = p.kind == IMAGE_SEGMENT_TEXT ? check_redirect_text(&r, p.text)
						   : check_redirect_placeholder(&r, p.kind);
	if (!why && (r.part == CHECK_AT_START || (r.part == CHECK_IN_HOST && !r.has_host)))
		why = "it has no host";
	return why;
}

static void check_redirect_put_path(struct check *c, const struct model_rule *rule, struct wbuf *w)
{
	struct model_redirect r = rule->redirect;
	bool has_prefix = rule->path_kind == IMAGE_PATH_ANY || rule->path_kind == IMAGE_PATH_PREFIX;

	if (r.replace_full_path.n) {
		(void)check_route_path(c, node_place(r.at, "replace_full_path"),
				       &r.replace_full_path);
		wbuf_view_put(w, r.replace_full_path);
	} else if (r.replace_prefix.n) {
		(void)check_route_path(c, node_place(r.at, "replace_prefix"), &r.replace_prefix);
		if (!has_prefix)
			diag_error(
				c->diag, node_place(r.at, "replace_prefix"),
				"replace_prefix needs a rule with path_prefix, or without a path: "
				"write replace_full_path");
		if (view_ends(r.replace_prefix, VIEW("/")))
			r.replace_prefix.n--;
		wbuf_view_put(w, r.replace_prefix);
		wbuf_str(w, r.replace_prefix.n ? "{path_rest}" : "{path_rest_root}");
	} else {
		WBUF_LIT(w, "{path}");
	}
	WBUF_LIT(w, "{search}");
}

static void check_redirect_place(struct check *c, const struct model_redirect *r)
{
	if (r->scheme.n && !view_eq(r->scheme, VIEW("https")) && !view_eq(r->scheme, VIEW("http")))
		diag_error(c->diag, node_place(r->at, "scheme"), "a scheme is http or https");
	if (r->host.n && !value_is_dns_name(r->host))
		diag_error(c->diag, node_place(r->at, "host"), "\"%.*s\" is not a host name",
			   DIAG_VIEW(r->host));
}

/* scheme, host and port: all of them, or a path alone, which keeps them. */
static void check_redirect_put_place(struct check *c, const struct model_redirect *r,
				     struct wbuf *w)
{
	uint64_t usual = view_eq(r->scheme, VIEW("https"))  ? 443
			 : view_eq(r->scheme, VIEW("http")) ? 80
							    : 0;

	check_redirect_place(c, r);
	if (r->scheme.n == 0 && r->host.n == 0 && r->port == 0)
		return;
	wbuf_view_put(w, r->scheme.n ? r->scheme : VIEW("{scheme}"));
	WBUF_LIT(w, "://");
	wbuf_view_put(w, r->host.n ? check_lower(c, r->host) : VIEW("{host}"));
	if (r->port && r->port != usual) {
		WBUF_LIT(w, ":");
		wbuf_dec(w, r->port);
	}
}

static bool check_redirect_has_parts(const struct model_redirect *r)
{
	return r->scheme.n || r->host.n || r->port || r->replace_full_path.n || r->replace_prefix.n;
}

static void check_redirect_parts(struct check *c, struct model_rule *rule)
{
	struct model_redirect *r = &rule->redirect;
	size_t cap = r->replace_full_path.n + r->replace_prefix.n + r->host.n + 100;
	struct wbuf w = wbuf_of(region_alloc(c->region, cap, 1, 1), cap);

	if (r->replace_full_path.n && r->replace_prefix.n)
		diag_error(c->diag, r->at->at,
			   "a redirect has one of replace_full_path and replace_prefix");
	check_redirect_put_place(c, r, &w);
	check_redirect_put_path(c, rule, &w);
	INVARIANT(!w.bad);
	r->location = wbuf_view(&w);
}

void check_redirect_rule(struct check *c, struct model_rule *rule)
{
	static const uint16_t good[] = { 301, 302, 303, 307, 308 };
	struct model_redirect *r = &rule->redirect;
	const char *why = NULL;
	bool is_good = false, has_parts = check_redirect_has_parts(r);

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		is_good |= r->status == good[i];
	if (!is_good)
		diag_error(c->diag, node_place(r->at, "status"),
			   "a redirect has status 301, 302, 303, 307 or 308");
	if (has_parts == (r->location.n != 0)) {
		diag_error(c->diag, r->at->at,
			   "a redirect has location, or parts of the URL: scheme, host, port, "
			   "replace_full_path, replace_prefix");
		return;
	}
	if (has_parts) {
		check_redirect_parts(c, rule);
		return;
	}
	why = check_redirect_why(r->location);
	if (why)
		diag_error(c->diag, node_place(r->at, "location"), "location: %s", why);
}

void check_redirect_filter(struct check *c, const struct model_route *route,
			   struct model_rule *rule)
{
	for (uint32_t i = 0; i < route->filters.n; i++) {
		const struct model_filter *f = MODEL_AT(struct model_filter, route->filters, i);

		if (f->redirect.at && rule == MODEL_AT(struct model_rule, route->rules, 0))
			diag_error(
				c->diag, f->at->at,
				"a redirect among a route's filters would leave its rules nothing "
				"to do: write it on a rule");
	}
	for (uint32_t i = 0; i < rule->filters.n; i++) {
		const struct model_filter *f = MODEL_AT(struct model_filter, rule->filters, i);

		if (f->redirect.at && rule->redirect.at)
			diag_error(c->diag, f->at->at, "the rule redirects twice (%s)",
				   check_where(c, rule->redirect.at->at));
		else if (f->redirect.at)
			rule->redirect = f->redirect;
	}
}
