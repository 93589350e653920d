/* How answers are delivered: compression and the cache. */
#include "conf/compile.h"

#include "base/hash.h"

/* Types that are compressed when nothing else is said. */
static const struct view compile_delivery_types[] = {
	VIEW_INIT("text/html"),
	VIEW_INIT("text/css"),
	VIEW_INIT("text/plain"),
	VIEW_INIT("text/csv"),
	VIEW_INIT("text/xml"),
	VIEW_INIT("text/markdown"),
	VIEW_INIT("text/javascript"),
	VIEW_INIT("application/javascript"),
	VIEW_INIT("application/json"),
	VIEW_INIT("application/ld+json"),
	VIEW_INIT("application/problem+json"),
	VIEW_INIT("application/manifest+json"),
	VIEW_INIT("application/xml"),
	VIEW_INIT("application/xhtml+xml"),
	VIEW_INIT("application/rss+xml"),
	VIEW_INIT("application/atom+xml"),
	VIEW_INIT("application/wasm"),
	VIEW_INIT("image/svg+xml"),
};

enum { COMPILE_DELIVERY_TYPES = sizeof compile_delivery_types / sizeof compile_delivery_types[0] };

/* A star at the end stands for any subtype: the image has what is in front of it. */
static struct view compile_delivery_type(struct view text)
{
	return view_ends(text, VIEW("*")) ? view_slice(text, 0, text.n - 1) : text;
}

static struct image_range compile_delivery_type_list(struct compile *c, struct model_texts list)
{
	uint32_t n = list.n ? list.n : COMPILE_DELIVERY_TYPES;
	struct image_range r = { .first = build_n(&c->build, IMAGE_MEDIA_TYPE), .n = n };
	struct image_str *at = build_many(&c->build, IMAGE_MEDIA_TYPE, n);

	for (uint32_t i = 0; i < n; i++)
		at[i] = compile_text(c, list.n ? compile_delivery_type(list.p[i].text)
					       : compile_delivery_types[i]);
	return r;
}

uint32_t compile_delivery_compress(struct compile *c, const struct model_compress *from)
{
	struct image_compress *to = NULL;
	uint32_t index = build_n(&c->build, IMAGE_COMPRESS);

	if (!from->at || !from->is_enabled)
		return IMAGE_NONE;
	to = build_new(&c->build, IMAGE_COMPRESS);
	to->types = compile_delivery_type_list(c, from->types);
	to->min_bytes = (uint32_t)from->min_size;
	to->algorithms = from->algorithms;
	to->level = from->level;
	to->even_with_credentials = from->even_with_credentials;
	return index;
}

static uint64_t compile_delivery_mix(uint64_t scope, struct view text)
{
	return (scope ^ hash_fnv1a(text)) * 0x9e3779b97f4a7c15u;
}

uint32_t compile_delivery_cache(struct compile *c, const struct model_cache *from,
				struct view rule_name, const struct model_rule *rule)
{
	struct image_cache *to = NULL;
	uint32_t index = build_n(&c->build, IMAGE_CACHE);

	if (!from->at || !from->is_enabled || rule->action != IMAGE_ACTION_BACKEND)
		return IMAGE_NONE;
	to = build_new(&c->build, IMAGE_CACHE);
	to->max_object_bytes = (uint32_t)from->max_object;
	to->max_total_bytes = (uint32_t)from->max_total;
	to->collapse_ms = (uint32_t)from->collapse_ms;
	to->even_with_cookies = from->even_with_cookies;
	to->status_field = from->status_field;
	to->scope = compile_delivery_mix(compile_delivery_mix(0, rule_name), rule->backend);
	for (uint32_t i = 0; i < rule->backends.n; i++)
		to->scope = compile_delivery_mix(
			to->scope, MODEL_AT(struct model_split, rule->backends, i)->name);
	return index;
}
