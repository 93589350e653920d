/* Limits among filters to the image. */
#include "conf/compile.h"

#include "base/hash.h"

/*
 * What a limit is called in the edges' tables: the same after a reload that does not change it, so
 * that nobody's count begins anew; another one as soon as anything about it changes.
 */
static uint64_t compile_limit_id(const struct image_limit *l, struct view key_name,
				 struct view owner, uint32_t place)
{
	uint8_t text[1024];
	struct wbuf w = wbuf_of(text, sizeof text);

	wbuf_str16(&w, owner);
	wbuf_u32(&w, place);
	wbuf_u8(&w, l->kind);
	wbuf_u32(&w, l->requests);
	wbuf_u32(&w, l->per_ms);
	wbuf_u32(&w, l->burst);
	wbuf_u8(&w, l->key_kind);
	wbuf_view_put(&w, key_name);
	INVARIANT(!w.bad);
	return hash_fnv1a(wbuf_view(&w));
}

static void compile_limit_one(struct compile *c, const struct model_limit *from, uint8_t kind,
			      struct view owner, uint32_t place)
{
	struct image_limit l = {
		.key = compile_text(c, from->key_name),
		.requests = (uint32_t)from->requests,
		.per_ms = from->per_ms ? (uint32_t)from->per_ms : 1,
		.burst = (uint32_t)from->burst,
		.kind = kind,
		.key_kind = from->key_kind,
	};

	l.id = compile_limit_id(&l, from->key_name, owner, place);
	*(struct image_limit *)build_new(&c->build, IMAGE_LIMIT) = l;
}

struct image_range compile_limit_list(struct compile *c, struct model_list filters,
				      struct view owner)
{
	struct image_range r = { .first = build_n(&c->build, IMAGE_LIMIT) };

	for (uint32_t i = 0; i < filters.n; i++) {
		const struct model_limit *l =
			&MODEL_AT(struct model_filter, filters, i)->rate_limit;

		if (l->at)
			compile_limit_one(c, l, l->mode, owner, i);
	}
	for (uint32_t i = 0; i < filters.n; i++) {
		const struct model_limit *l =
			&MODEL_AT(struct model_filter, filters, i)->concurrency;

		if (l->at)
			compile_limit_one(c, l, IMAGE_LIMIT_CONCURRENCY, owner, i);
	}
	r.n = build_n(&c->build, IMAGE_LIMIT) - r.first;
	return r;
}
