/* Growing sections in the region of one compilation. */
#include "conf/build.h"

#include "base/hash.h"
#include "conf/region.h"

enum { BUILD_ALIGN = 8 };

void build_init(struct build *b, struct arena *region)
{
	*b = (struct build){ .region = region, .strings = names_of(region) };
	b->header.magic = IMAGE_MAGIC;
	b->header.version = IMAGE_VERSION;
}

uint32_t build_n(const struct build *b, enum image_section s)
{
	return (uint32_t)(b->section[s].n / image_section_size(s));
}

/* Room for n more bytes: a doubled buffer with what was written so far. */
static void build_grow(struct build *b, enum image_section s, size_t n)
{
	struct wbuf *w = &b->section[s], next = { 0 };
	size_t cap = w->cap ? w->cap * 2 : 4096;

	if (wbuf_room(w) >= n)
		return;
	while (cap - w->n < n)
		cap *= 2;
	next = wbuf_of(region_alloc(b->region, cap, 1, BUILD_ALIGN), cap);
	wbuf_view_put(&next, wbuf_view(w));
	*w = next;
}

void *build_many(struct build *b, enum image_section s, uint32_t n)
{
	struct wbuf *w = &b->section[s];
	size_t bytes = n * image_section_size(s);
	void *at = NULL;

	build_grow(b, s, bytes + 1); /* at least one byte: an address, also for none */
	at = w->p + w->n;	     /* zeroed: the region is, and nothing was here before */
	w->n += bytes;
	return at;
}

void *build_new(struct build *b, enum image_section s)
{
	return build_many(b, s, 1);
}

void *build_at(const struct build *b, enum image_section s, uint32_t i)
{
	INVARIANT(i < build_n(b, s));
	return b->section[s].p + i * image_section_size(s);
}

struct image_str build_str(struct build *b, struct view v)
{
	struct wbuf *w = &b->section[IMAGE_BYTES];
	uint32_t at = (uint32_t)w->n, before = NAMES_NONE;

	if (v.n == 0)
		return (struct image_str){ 0 };
	before = names_put(&b->strings, v, at);
	if (before != NAMES_NONE)
		return (struct image_str){ .at = before, .n = (uint32_t)v.n };
	build_grow(b, IMAGE_BYTES, v.n);
	wbuf_view_put(w, v);
	return (struct image_str){ .at = at, .n = (uint32_t)v.n };
}

static size_t build_round(size_t n)
{
	return (n + BUILD_ALIGN - 1) / BUILD_ALIGN * BUILD_ALIGN;
}

size_t build_bytes(const struct build *b)
{
	size_t n = build_round(sizeof b->header);

	for (size_t s = 0; s < IMAGE_SECTIONS; s++)
		n += build_round(b->section[s].n);
	return n;
}

static void build_pad(struct wbuf *w)
{
	while (!w->bad && w->n % BUILD_ALIGN)
		wbuf_u8(w, 0);
}

void build_write(struct build *b, struct wbuf *w)
{
	struct image_header *h = &b->header, *written = (struct image_header *)(void *)w->p;
	size_t at = build_round(sizeof *h);

	h->bytes = build_bytes(b);
	for (size_t s = 0; s < IMAGE_SECTIONS; s++) {
		h->section[s] = (struct image_section_at){ .at = (uint32_t)at,
							   .n = build_n(b, (enum image_section)s) };
		at += build_round(b->section[s].n);
	}
	wbuf_put(w, h, sizeof *h);
	build_pad(w);
	for (size_t s = 0; s < IMAGE_SECTIONS; s++) {
		wbuf_view_put(w, wbuf_view(&b->section[s]));
		build_pad(w);
	}
	if (!w->bad)
		written->digest = hash_fnv1a(view_slice(wbuf_view(w), sizeof *h, w->n));
}
