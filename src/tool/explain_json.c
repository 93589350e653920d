/* The document of `sluis explain --json`. */
#include "tool/explain.h"

#include "conf/filter_text.h"
#include "proto/accept_encoding.h"

#include <jansson.h>
#include <stdio.h>

static json_t *explain_json_text(struct view v)
{
	json_t *text = json_stringn((const char *)v.p, v.n);

	return text ? text : json_null();
}

static json_t *explain_json_str(const struct explain *e, struct image_str s)
{
	return explain_json_text(image_view(e->im, s));
}

static json_t *explain_json_address(const struct explain *e, const struct image_address *a)
{
	char text[300];
	struct wbuf w = wbuf_of(text, sizeof text);

	snapshot_address(e->s, a, &w);
	return explain_json_text(wbuf_view(&w));
}

static json_t *explain_json_request(const struct explain *e)
{
	char source[64];
	struct wbuf w = wbuf_of(source, sizeof source);

	ip_put(&w, &e->source);
	return json_pack("{s:s, s:s?, s:o, s:o, s:o}", "url", e->q->url, "method",
			 e->is_stream ? NULL : e->q->method, "source",
			 explain_json_text(wbuf_view(&w)), "host", explain_json_text(e->host.name),
			 "path",
			 e->target.path.n ? explain_json_text(e->target.path) : json_null());
}

static json_t *explain_json_listener(const struct explain *e)
{
	if (!e->listener)
		return json_null();
	return json_pack("{s:o, s:o, s:s, s:I}", "name", explain_json_str(e, e->listener->name),
			 "address", explain_json_address(e, &e->listener->address), "protocol",
			 snapshot_protocol_name(e->listener->protocol), "candidates",
			 (json_int_t)e->listener_n);
}

static json_t *explain_json_certificate(const struct explain *e)
{
	if (e->certificate == IMAGE_NONE)
		return json_null();
	return json_pack("{s:o, s:b}", "name",
			 explain_json_str(e, image_certificate_at(e->im, e->certificate)->name),
			 "is_default", (int)e->is_default_certificate);
}

static json_t *explain_json_host(const struct explain *e)
{
	if (!e->entry)
		return json_null();
	return json_pack("{s:o, s:s, s:I}", "entry", explain_json_str(e, e->entry->name), "kind",
			 explain_host_kind(e), "rules", (json_int_t)e->entry->rules.n);
}

static json_t *explain_json_rules(const struct explain *e)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < e->rule_n; i++) {
		const struct explain_rule *r = &e->rules[i];
		char text[1000];
		struct wbuf w = wbuf_of(text, sizeof text);

		explain_condition(e, r, &w);
		(void)json_array_append_new(
			list, json_pack("{s:o, s:b, s:o}", "rule",
					explain_json_str(e, image_rule_at(e->im, r->index)->name),
					"takes", r->verdict == ROUTE_TAKES, "why",
					explain_json_text(wbuf_view(&w))));
	}
	return list;
}

static json_t *explain_json_servers(const struct explain *e, const struct image_pool *pool)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < pool->servers.n; i++) {
		const struct image_server *s = image_server_at(e->im, pool->servers.first + i);

		(void)json_array_append_new(
			list, json_pack("{s:o, s:o, s:i, s:b, s:s, s:s}", "name",
					explain_json_str(e, s->name), "address",
					explain_json_address(e, &s->address), "weight",
					(int)s->weight, "backup", (int)s->is_backup, "state",
					snapshot_state_name(e->s, s), "health",
					snapshot_health_name(e->s, s)));
	}
	return list;
}

static json_t *explain_json_backends(const struct explain *e)
{
	json_t *list = json_array();
	uint32_t before = 0;

	for (uint32_t i = 0; e->rule && i < e->rule->backends.n; i++) {
		const struct image_split *s = image_split_at(e->im, e->rule->backends.first + i);
		const struct image_pool *pool = image_pool_at(e->im, s->pool);

		(void)json_array_append_new(list,
					    json_pack("{s:o, s:s, s:s, s:I, s:I, s:o}", "name",
						      explain_json_str(e, pool->name), "balance",
						      snapshot_balance_name(pool), "persistence",
						      explain_persistence(pool), "weight",
						      (json_int_t)(s->upto - before), "of",
						      (json_int_t)e->rule->weight_total, "servers",
						      explain_json_servers(e, pool)));
		before = s->upto;
	}
	return list;
}

static json_t *explain_json_filters(const struct explain *e)
{
	json_t *list = json_array();
	uint8_t text[4096];
	uint32_t at = 0;

	while (e->rule) {
		struct wbuf w = wbuf_of(text, sizeof text);

		if (!filter_text_next(e->im, e->rule, &at, &w))
			break;
		(void)json_array_append_new(list, json_stringn((const char *)w.p, w.n));
	}
	return list;
}

static json_t *explain_json_result(const struct explain *e)
{
	static const char *const actions[] = { [IMAGE_ACTION_BACKEND] = "backend",
					       [IMAGE_ACTION_REDIRECT] = "redirect",
					       [IMAGE_ACTION_RESPOND] = "respond",
					       [IMAGE_ACTION_PORTAL] = "portal",
					       [IMAGE_ACTION_APP] = "app" };
	const struct image_rule *r = e->rule;

	if (e->why)
		return json_pack("{s:s, s:o, s:s}", "action", e->status ? "answer" : "refuse",
				 "status", e->status ? json_integer(e->status) : json_null(), "why",
				 e->why);
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "action", actions[r->action], "status",
			 r->status ? json_integer(r->status) : json_null(), "location",
			 r->location.n ? explain_json_str(e, r->location) : json_null(), "rule",
			 explain_json_str(e, r->name), "app",
			 r->app == IMAGE_NONE
				 ? json_null()
				 : explain_json_str(e, image_app_at(e->im, r->app)->name));
}

static json_t *explain_json_mirror(const struct explain *e)
{
	const struct image_pool *mirror = explain_mirror(e);

	return mirror ? json_pack("{s:o, s:I}", "name", explain_json_str(e, mirror->name),
				  "percent", (json_int_t)e->rule->mirror_percent)
		      : json_null();
}

static json_t *explain_json_compress(const struct explain *e)
{
	const struct image_compress *c = explain_compress(e);
	json_t *codings = NULL, *types = NULL;

	if (!c)
		return json_null();
	codings = json_array();
	types = json_array();
	for (unsigned i = 0; i < ENCODING_N; i++)
		if (c->algorithms & 1u << i)
			(void)json_array_append_new(
				codings, explain_json_text(accept_encoding_name((enum encoding)i)));
	for (uint32_t i = 0; i < c->types.n; i++)
		(void)json_array_append_new(
			types,
			explain_json_str(e, *image_media_type_at(e->im, c->types.first + i)));
	return json_pack("{s:o, s:s, s:I, s:o, s:b}", "algorithms", codings, "level",
			 explain_level(c), "min_size", (json_int_t)c->min_bytes, "types", types,
			 "even_with_credentials", (int)c->even_with_credentials);
}

static json_t *explain_json_cache(const struct explain *e)
{
	const struct image_cache *c = explain_cache(e);

	return c ? json_pack("{s:I, s:I, s:I, s:b}", "max_object", (json_int_t)c->max_object_bytes,
			     "max_total", (json_int_t)c->max_total_bytes, "collapse_ms",
			     (json_int_t)c->collapse_ms, "even_with_cookies",
			     (int)c->even_with_cookies)
		 : json_null();
}

int explain_print_json(const struct explain *e)
{
	json_t *doc =
		json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "request",
			  explain_json_request(e), "listener", explain_json_listener(e),
			  "certificate", explain_json_certificate(e), "host", explain_json_host(e),
			  "rules", explain_json_rules(e), "result", explain_json_result(e),
			  "filters", explain_json_filters(e), "compress", explain_json_compress(e),
			  "cache", explain_json_cache(e), "mirror", explain_json_mirror(e),
			  "backends", explain_json_backends(e));
	int status = doc && json_dumpf(doc, stdout, JSON_INDENT(2)) == 0 ? 0 : 1;

	json_decref(doc);
	(void)putchar('\n');
	return status;
}
