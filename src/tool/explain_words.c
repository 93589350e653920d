/* Words for the steps of a decision: the same ones in text and in JSON. */
#include "tool/explain.h"

#include "proto/accept_encoding.h"

static void explain_path_condition(const struct explain *e, const struct image_rule *rule,
				   struct wbuf *w)
{
	static const char *const kinds[] = { [IMAGE_PATH_ANY] = "takes any path",
					     [IMAGE_PATH_EXACT] = "path is not ",
					     [IMAGE_PATH_PREFIX] = "path is not below ",
					     [IMAGE_PATH_REGEX] = "path does not match " };

	wbuf_str(w, kinds[rule->path_kind]);
	wbuf_view_put(w, image_view(e->im, rule->path));
}

static void explain_method_condition(const struct explain *e, const struct image_rule *rule,
				     struct wbuf *w)
{
	const char *comma = "method is none of ";

	for (unsigned m = 1; m < METHOD_N; m++) {
		if (!(rule->method_bits & (1u << m)))
			continue;
		wbuf_str(w, comma);
		wbuf_view_put(w, http_method_name((enum http_method)m));
		comma = ", ";
	}
	for (uint32_t i = 0; i < rule->methods.n; i++) {
		wbuf_str(w, comma);
		wbuf_view_put(w,
			      image_view(e->im, *image_method_at(e->im, rule->methods.first + i)));
		comma = ", ";
	}
}

static void explain_field_condition(const struct explain *e, uint32_t field, struct wbuf *w)
{
	const struct image_field_match *m = image_field_match_at(e->im, field);

	wbuf_view_put(w, m->kind == IMAGE_FIELD_HEADER ? VIEW("no header ")
						       : VIEW("no query parameter "));
	wbuf_view_put(w, image_view(e->im, m->name));
	wbuf_view_put(w, m->kind == IMAGE_FIELD_HEADER ? VIEW(": ") : VIEW("="));
	wbuf_view_put(w, image_view(e->im, m->value));
}

static void explain_source_condition(const struct explain *e, const struct image_rule *rule,
				     struct wbuf *w)
{
	WBUF_LIT(w, "source ");
	ip_put(w, &e->source);
	if (rule->sources.n == 1) {
		WBUF_LIT(w, " is not in its network");
		return;
	}
	WBUF_LIT(w, " is in none of its ");
	wbuf_dec(w, rule->sources.n);
	WBUF_LIT(w, " networks");
}

void explain_condition(const struct explain *e, const struct explain_rule *r, struct wbuf *w)
{
	const struct image_rule *rule = image_rule_at(e->im, r->index);

	switch ((enum route_verdict)r->verdict) {
	case ROUTE_OTHER_PATH:
		explain_path_condition(e, rule, w);
		break;
	case ROUTE_OTHER_METHOD:
		explain_method_condition(e, rule, w);
		break;
	case ROUTE_OTHER_FIELD:
		explain_field_condition(e, r->field, w);
		break;
	case ROUTE_OTHER_SOURCE:
		explain_source_condition(e, rule, w);
		break;
	case ROUTE_TAKES:
	default:
		WBUF_LIT(w, "every condition holds");
		break;
	}
}

void explain_action(const struct explain *e, struct wbuf *w)
{
	const struct image_rule *rule = e->rule;

	if (rule->action == IMAGE_ACTION_REDIRECT) {
		WBUF_LIT(w, "redirects: ");
		wbuf_dec(w, rule->status);
		WBUF_LIT(w, " to ");
		wbuf_view_put(w, image_view(e->im, rule->location));
	} else if (rule->action == IMAGE_ACTION_RESPOND) {
		WBUF_LIT(w, "answers: ");
		wbuf_dec(w, rule->status);
		WBUF_LIT(w, ", ");
		wbuf_dec(w, rule->body.n);
		WBUF_LIT(w, " bytes");
	} else if (rule->action == IMAGE_ACTION_PORTAL) {
		WBUF_LIT(w, "the log-in portal answers");
	} else if (rule->action == IMAGE_ACTION_APP) {
		WBUF_LIT(w, "application ");
		wbuf_view_put(w, image_view(e->im, image_app_at(e->im, rule->app)->name));
		WBUF_LIT(w, ", for those who have logged in and whom its access rules allow (sluis "
			    "explain --user NAME tells)");
	} else {
		wbuf_str(w, e->is_stream ? "passes the connection to a backend"
					 : "passes it to a backend");
	}
}

const char *explain_host_kind(const struct explain *e)
{
	struct view name = image_view(e->im, e->entry->name);

	if (view_eq(name, VIEW("*")))
		return "any host";
	return view_starts(name, VIEW(".")) ? "wildcard" : "exact";
}

const char *explain_persistence(const struct image_pool *pool)
{
	static const char *const words[] = { [IMAGE_PERSIST_NOT] = "none",
					     [IMAGE_PERSIST_COOKIE] = "cookie",
					     [IMAGE_PERSIST_SOURCE] = "source_address" };

	return words[pool->persist < sizeof words / sizeof *words ? pool->persist : 0];
}

const struct image_pool *explain_mirror(const struct explain *e)
{
	return e->rule && e->rule->mirror_percent ? image_pool_at(e->im, e->rule->mirror) : NULL;
}

void explain_codings(const struct image_compress *c, struct wbuf *w)
{
	static const uint8_t order[] = { ENCODING_ZSTD, ENCODING_BR, ENCODING_GZIP };
	bool is_next = false;

	for (size_t i = 0; i < sizeof order; i++) {
		if (!(c->algorithms & 1u << order[i]))
			continue;
		if (is_next)
			WBUF_LIT(w, ", ");
		wbuf_view_put(w, accept_encoding_name((enum encoding)order[i]));
		is_next = true;
	}
}

const char *explain_level(const struct image_compress *c)
{
	static const char *const words[] = { "?", "fast", "balanced", "small" };

	return words[c->level <= IMAGE_COMPRESS_SMALL ? c->level : 0];
}

const struct image_compress *explain_compress(const struct explain *e)
{
	return e->rule && e->rule->compress != IMAGE_NONE
		       ? image_compress_at(e->im, e->rule->compress)
		       : NULL;
}

const struct image_cache *explain_cache(const struct explain *e)
{
	return e->rule && e->rule->cache != IMAGE_NONE ? image_cache_at(e->im, e->rule->cache)
						       : NULL;
}
