/* Cross-origin policies: origins as browsers write them, lists of tokens. */
#include "conf/check_filter.h"

#include "proto/field.h"
#include "proto/http1.h"
#include "proto/uri.h"

/* "https://www.example.nl:8443", with "*." in front of the name or without; nothing behind it. */
static const char *check_cors_origin_why(struct view v)
{
	uint8_t scratch[256];
	struct wbuf w = wbuf_of(scratch, sizeof scratch);
	struct uri_host host = { 0 };
	bool is_https = view_starts(v, VIEW("https://"));
	struct view name = view_slice(v, is_https ? 8 : 7, v.n);

	if (view_eq(v, VIEW("null")))
		return "anybody can be \"null\"";
	if (!is_https && !view_starts(v, VIEW("http://")))
		return "it begins with https:// or http://";
	if (view_starts(name, VIEW("*.")))
		name = view_slice(name, 2, name.n);
	if (view_find(name, '/') != name.n)
		return "an origin has no path, and no '/' at its end";
	if (uri_host_parse(name, &w, &host) != E_OK || view_find(name, '*') != name.n)
		return "write https://www.example.nl, or https://*.example.nl";
	if (!view_starts(name, host.name))
		return "write it in lower case, as browsers do";
	if ((is_https && host.port == 443) || (!is_https && host.port == 80))
		return "write it without its usual port, as browsers do";
	return NULL;
}

static bool check_cors_has_any(struct model_texts list)
{
	for (uint32_t i = 0; i < list.n; i++)
		if (view_eq(list.p[i].text, VIEW("*")))
			return true;
	return false;
}

static void check_cors_tokens(struct check *c, struct model_texts list)
{
	for (uint32_t i = 0; i < list.n; i++)
		if (!field_is_token(list.p[i].text))
			diag_error(c->diag, list.p[i].at->at, "\"%.*s\" is not a name",
				   DIAG_VIEW(list.p[i].text));
	if (list.n > 1 && check_cors_has_any(list))
		diag_error(c->diag, list.p[0].at->at, "\"*\" stands alone");
}

void check_cors_one(struct check *c, const struct model_cors *cors)
{
	if (!cors->at)
		return;
	for (uint32_t i = 0; i < cors->allow_origins.n; i++) {
		const struct model_text *t = &cors->allow_origins.p[i];
		const char *why =
			view_eq(t->text, VIEW("*")) ? NULL : check_cors_origin_why(t->text);

		if (why)
			diag_error(c->diag, t->at->at, "\"%.*s\" is not an origin: %s",
				   DIAG_VIEW(t->text), why);
	}
	if (cors->allow_origins.p && cors->allow_origins.n == 0)
		diag_error(c->diag, node_place(cors->at, "allow_origins"), "no origin");
	if (cors->allow_credentials && check_cors_has_any(cors->allow_origins))
		diag_error(c->diag, node_place(cors->at, "allow_credentials"),
			   "any site could read answers with the visitor's cookies: name the "
			   "origins in allow_origins");
	check_cors_tokens(c, cors->allow_methods);
	check_cors_tokens(c, cors->allow_headers);
	check_cors_tokens(c, cors->expose_headers);
}

void check_cors_rule(struct check *c, const struct model_rule *rule)
{
	bool has_methods = rule->method_bits || rule->other_methods.n;

	for (uint32_t i = 0; i < rule->filters.n; i++) {
		const struct model_filter *f = MODEL_AT(struct model_filter, rule->filters, i);

		if (f->cors.at && has_methods && !(rule->method_bits & 1u << METHOD_OPTIONS))
			diag_warning(c->diag, node_place(rule->match.at, "methods"),
				     "preflight requests don't come to this rule: add OPTIONS");
	}
}
