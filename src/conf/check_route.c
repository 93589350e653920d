/* Routes: hosts and paths in the one form that requests are compared in, and what rules do. */
#include "conf/check.h"
#include "conf/check_filter.h"
#include "conf/region.h"

#include "proto/field.h"
#include "proto/http1.h"
#include "proto/scan.h"
#include "proto/uri.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum { CHECK_ROUTE_PATH = 2048 };

/* Is text what may stand in "hosts"? In lower case already. */
static bool check_route_is_host(struct view text)
{
	struct ip ip = { 0 };

	if (view_eq(text, VIEW("*")))
		return true;
	if (view_starts(text, VIEW("*.")))
		return value_is_dns_name(view_slice(text, 2, text.n)) && text.n <= 253;
	if (view_starts(text, VIEW("[")) && view_ends(text, VIEW("]")))
		return ip_parse(view_slice(text, 1, text.n - 2), &ip) == E_OK && !ip_is_v4(&ip);
	return value_is_dns_name(text) || (ip_parse(text, &ip) == E_OK && ip_is_v4(&ip));
}

static const char *check_route_host_hint(struct view text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] >= 0x80)
			return "write it with its A-labels (xn--...)";
	if (view_ends(text, VIEW(".")))
		return "write it without the dot at the end";
	if (view_find(text, '/') != text.n)
		return "write the host alone; paths belong in rules";
	if (view_find(text, ':') != text.n)
		return "write it without a port; ports belong to listeners";
	return "write www.example.nl, \"*.example.nl\" or \"*\"";
}

static void check_route_hosts(struct check *c, struct model_route *r)
{
	struct names seen = names_of(c->region);

	check_stream_hosts_default(c, r);
	if (!r->hosts.p && !node_get(r->at, "hosts"))
		diag_error(c->diag, r->at->at, "route needs \"hosts\"");
	if (r->hosts.n == 0 && node_get(r->at, "hosts"))
		diag_error(c->diag, node_place(r->at, "hosts"),
			   "route \"%.*s\" has no host: write [\"*\"] for any", DIAG_VIEW(r->name));
	for (uint32_t i = 0; i < r->hosts.n; i++) {
		struct model_text *t = &r->hosts.p[i];

		t->text = check_lower(c, t->text);
		if (!check_route_is_host(t->text))
			diag_error(c->diag, t->at->at, "\"%.*s\" is not a host name: %s",
				   DIAG_VIEW(t->at->text), check_route_host_hint(t->text));
		else if (names_put(&seen, t->text, i) != NAMES_NONE)
			diag_warning(c->diag, t->at->at, "\"%.*s\" is in this list twice",
				     DIAG_VIEW(t->text));
	}
}

bool check_route_path(struct check *c, struct place at, struct view *path)
{
	uint8_t scratch[3 * CHECK_ROUTE_PATH];
	struct wbuf w = wbuf_of(scratch, sizeof scratch);
	struct uri_target target = { 0 };
	const char *why = "";

	if (!view_starts(*path, VIEW("/"))) {
		diag_error(c->diag, at, "a path starts with '/': write \"/%.*s\"",
			   DIAG_VIEW(*path));
		return false;
	}
	if (uri_target_parse(*path, &w, &target, &why) != E_OK) {
		diag_error(c->diag, at, "\"%.*s\" is not a path that a request can have: %s",
			   DIAG_VIEW(*path), why);
		return false;
	}
	if (target.query.p) {
		diag_error(c->diag, at, "a path has no '?': write query: {name: value} beside it");
		return false;
	}
	if (!view_eq(target.path, *path)) {
		diag_error(c->diag, at,
			   "\"%.*s\" is not the form that requests are compared in: write "
			   "\"%.*s\"",
			   DIAG_VIEW(*path), DIAG_VIEW(target.path));
		return false;
	}
	return true;
}

bool check_route_prefix(struct check *c, struct place at, struct view *path)
{
	if (!check_route_path(c, at, path))
		return false;
	if (path->n > 1 && view_ends(*path, VIEW("/")))
		path->n--;
	return true;
}

/* With the options that src/route compiles it with. */
static void check_route_regex(struct check *c, struct place at, struct view text)
{
	pcre2_compile_context *limits = pcre2_compile_context_create(NULL);
	pcre2_code *code = NULL;
	size_t offset = 0;
	int error = 0;

	if (!limits)
		return;
	(void)pcre2_set_parens_nest_limit(limits, 50);
	code = pcre2_compile(text.p, text.n, PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C, &error,
			     &offset, limits);
	pcre2_compile_context_free(limits);
	if (!code) {
		uint8_t why[200] = "";

		(void)pcre2_get_error_message(error, why, sizeof why);
		diag_error(c->diag, at, "path_regex: not a regular expression: %s at byte %zu",
			   (const char *)why, offset);
	}
	pcre2_code_free(code);
}

/* The one path option of a match to path and path_kind. */
static void check_route_match_path(struct check *c, struct model_rule *rule)
{
	const struct model_match *m = &rule->match;
	int n = (m->path_exact.n != 0) + (m->path_prefix.n != 0) + (m->path_regex.n != 0);

	if (n > 1)
		diag_error(c->diag, m->at->at,
			   "a rule has one of path_exact, path_prefix and path_regex");
	if (n != 1)
		return;
	if (m->path_regex.n) {
		rule->path_kind = IMAGE_PATH_REGEX;
		rule->path = m->path_regex;
		check_route_regex(c, node_place(m->at, "path_regex"), rule->path);
		return;
	}
	rule->path_kind = m->path_exact.n ? IMAGE_PATH_EXACT : IMAGE_PATH_PREFIX;
	rule->path = m->path_exact.n ? m->path_exact : m->path_prefix;
	if (rule->path_kind == IMAGE_PATH_EXACT)
		(void)check_route_path(c, node_place(m->at, "path_exact"), &rule->path);
	else
		(void)check_route_prefix(c, node_place(m->at, "path_prefix"), &rule->path);
}

static void check_route_methods(struct check *c, struct model_rule *rule)
{
	struct model_texts given = rule->match.methods;

	rule->other_methods.p = REGION_NEW(c->region, struct model_text, given.n);
	for (uint32_t i = 0; i < given.n; i++) {
		enum http_method id = http_method_of(given.p[i].text);

		if (!field_is_token(given.p[i].text))
			diag_error(c->diag, given.p[i].at->at, "\"%.*s\" is not a method",
				   DIAG_VIEW(given.p[i].text));
		else if (id != METHOD_OTHER)
			rule->method_bits |= 1u << id;
		else
			rule->other_methods.p[rule->other_methods.n++] = given.p[i];
	}
	if (given.p && given.n == 0)
		diag_error(c->diag, node_place(rule->match.at, "methods"),
			   "no method: leave it out for any");
}

static void check_route_pairs(struct check *c, struct model_pairs pairs, bool is_header)
{
	for (uint32_t i = 0; i < pairs.n; i++) {
		struct model_pair *p = &pairs.p[i];

		if (is_header && !field_is_token(p->name))
			diag_error(c->diag, p->at->key_at, "\"%.*s\" is not a field name",
				   DIAG_VIEW(p->name));
		else if (is_header && !field_is_value(p->value))
			diag_error(c->diag, p->at->at, "not a field value");
		else if (!is_header && (p->name.n == 0 || scan_vchar(p->name) != p->name.n ||
					scan_vchar(p->value) != p->value.n))
			diag_error(c->diag, p->at->key_at,
				   "write name and value as they are sent (%%XX for other bytes)");
		if (is_header)
			p->name = check_lower(c, p->name);
	}
}

static void check_route_respond(struct check *c, const struct model_respond *r)
{
	if (!field_is_value(r->content_type))
		diag_error(c->diag, node_place(r->at, "content_type"), "not a field value");
	/* RFC 9110 §15.3.5, §15.3.6, §15.4.5: these never have content */
	if (r->body.n && (r->status == 204 || r->status == 205 || r->status == 304))
		diag_error(c->diag, node_place(r->at, "body"),
			   "an answer with status %llu has no body", (unsigned long long)r->status);
}

/* Splits whose weights add up to nothing serve nobody. */
static void check_route_split(struct check *c, const struct model_rule *rule)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < rule->backends.n; i++)
		sum += MODEL_AT(struct model_split, rule->backends, i)->weight;
	if (sum == 0)
		diag_error(c->diag, node_place(rule->at, "backends"),
			   "no backend has a weight above 0");
}

static bool check_route_is_tls(const struct check *c, uint32_t backend)
{
	return backend != IMAGE_NONE &&
	       MODEL_AT(struct model_backend, c->model->backends, backend)->protocol == IMAGE_HTTPS;
}

/* What is kept secret on the way to a backend should not go to the mirror in the clear. */
static void check_route_mirror_tls(struct check *c, const struct model_rule *rule)
{
	bool is_tls = check_route_is_tls(c, rule->backend_index);

	for (uint32_t i = 0; i < rule->backends.n; i++)
		is_tls |= check_route_is_tls(
			c, MODEL_AT(struct model_split, rule->backends, i)->index);
	if (rule->mirror_index != IMAGE_NONE && is_tls &&
	    !check_route_is_tls(c, rule->mirror_index))
		diag_warning(
			c->diag, node_place(rule->at, "mirror"),
			"backend \"%.*s\" gets copies without TLS of requests that go to their "
			"servers with it",
			DIAG_VIEW(rule->mirror));
}

static void check_route_mirror(struct check *c, const struct model_rule *rule)
{
	check_route_mirror_tls(c, rule);
	if (rule->mirror.n && (rule->redirect.at || rule->respond.at))
		diag_error(c->diag, node_place(rule->at, "mirror"),
			   "only what goes to a backend can be mirrored");
	else if (rule->mirror.n && rule->mirror_index == rule->backend_index)
		diag_warning(c->diag, node_place(rule->at, "mirror"),
			     "backend \"%.*s\" would get each request twice",
			     DIAG_VIEW(rule->mirror));
	if (rule->mirror.n == 0 && node_get(rule->at, "mirror_percent"))
		diag_error(c->diag, node_place(rule->at, "mirror_percent"),
			   "mirror_percent goes with mirror");
}

static void check_route_action(struct check *c, struct model_rule *rule)
{
	bool has_split = rule->backends.p != NULL;
	int n = (rule->backend.n != 0) + has_split + (rule->redirect.at != NULL) +
		(rule->respond.at != NULL);

	if (n != 1) {
		diag_error(c->diag, rule->at->at,
			   "a rule does exactly one thing: backend, backends, redirect or respond");
		return;
	}
	check_route_mirror(c, rule);
	if (rule->redirect.at) {
		rule->action = IMAGE_ACTION_REDIRECT;
		check_redirect_rule(c, rule);
	} else if (rule->respond.at) {
		rule->action = IMAGE_ACTION_RESPOND;
		check_route_respond(c, &rule->respond);
	} else {
		rule->action = IMAGE_ACTION_BACKEND;
		if (has_split)
			check_route_split(c, rule);
	}
}

static void check_route_rule(struct check *c, const struct model_route *r, struct model_rule *rule)
{
	if (!rule->at)
		return;
	check_redirect_filter(c, r, rule);
	if (rule->match.at) {
		check_route_match_path(c, rule);
		check_route_methods(c, rule);
		check_route_pairs(c, rule->match.headers, true);
		check_route_pairs(c, rule->match.query, false);
	}
	check_filter_list(c, rule->filters);
	check_filter_rule(c, r, rule);
	if (rule->is_short)
		rule->action = IMAGE_ACTION_BACKEND;
	else
		check_route_action(c, rule);
}

void check_route_run(struct check *c)
{
	struct model_list list = c->model->routes;

	for (uint32_t i = 0; i < list.n; i++) {
		struct model_route *r = MODEL_AT(struct model_route, list, i);

		if (!r->at)
			continue;
		check_route_hosts(c, r);
		if (r->rules.n == 0)
			diag_error(c->diag, r->at->at,
				   "route \"%.*s\" goes nowhere: it needs rules, or a backend",
				   DIAG_VIEW(r->name));
		check_filter_list(c, r->filters);
		for (uint32_t k = 0; k < r->rules.n; k++)
			check_route_rule(c, r, MODEL_AT(struct model_rule, r->rules, k));
		if (r->listeners.p && r->listeners.n == 0)
			diag_error(c->diag, node_place(r->at, "listeners"),
				   "no listener: leave it out for all of them");
	}
}
