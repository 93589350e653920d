/* Cross-origin policies to the image. */
#include "conf/compile.h"
#include "conf/region.h"

/* "GET, PUT" of a list; empty for none. */
static struct image_str compile_cors_list(struct compile *c, struct model_texts list)
{
	size_t cap = 0;
	struct wbuf w = { 0 };

	for (uint32_t i = 0; i < list.n; i++)
		cap += list.p[i].text.n + 2;
	w = wbuf_of(region_alloc(c->check->region, cap + 1, 1, 1), cap);
	for (uint32_t i = 0; i < list.n; i++) {
		wbuf_str(&w, i ? ", " : "");
		wbuf_view_put(&w, list.p[i].text);
	}
	return compile_text(c, wbuf_view(&w));
}

struct image_range compile_cors(struct compile *c, const struct model_cors *from)
{
	struct image_range r = { .first = build_n(&c->build, IMAGE_CORS), .n = 1 };
	struct image_cors to = {
		.origins = { .first = build_n(&c->build, IMAGE_ORIGIN),
			     .n = from->allow_origins.n },
		.methods = compile_cors_list(c, from->allow_methods),
		.headers = compile_cors_list(c, from->allow_headers),
		.expose = compile_cors_list(c, from->expose_headers),
		.max_age_s = (uint32_t)(from->max_age_ms / 1000),
		.flags = from->allow_credentials ? IMAGE_CORS_CREDENTIALS : 0,
	};
	struct image_str *at = build_many(&c->build, IMAGE_ORIGIN, from->allow_origins.n);

	for (uint32_t i = 0; i < from->allow_origins.n; i++) {
		at[i] = compile_text(c, from->allow_origins.p[i].text);
		if (view_eq(from->allow_origins.p[i].text, VIEW("*")))
			to.flags |= IMAGE_CORS_ANY_ORIGIN;
	}
	*(struct image_cors *)build_new(&c->build, IMAGE_CORS) = to;
	return r;
}
