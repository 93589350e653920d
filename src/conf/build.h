/* The sections of an image while they grow, and their bytes at the end. */
#ifndef CONF_BUILD_H
#define CONF_BUILD_H

#include "conf/image.h"
#include "conf/names.h"

struct build {
	struct arena *region;
	struct wbuf section[IMAGE_SECTIONS];
	struct names strings; /* what IMAGE_BYTES holds already, to its offset */
	struct image_header header;
};

void build_init(struct build *b, struct arena *region);

/* build_n - elements that a section has so far */
uint32_t build_n(const struct build *b, enum image_section s);

/* build_new - one more element, zeroed; valid until the next one of its section */
void *build_new(struct build *b, enum image_section s);

/* build_many - n more elements, zeroed, in a row */
void *build_many(struct build *b, enum image_section s, uint32_t n);

/* build_at - element i; valid until the next build_new of its section */
void *build_at(const struct build *b, enum image_section s, uint32_t i);

/* build_str - the bytes in IMAGE_BYTES, once however often they are asked for */
struct image_str build_str(struct build *b, struct view v);

/* build_bytes - of the whole image; build_write - writes exactly that much */
size_t build_bytes(const struct build *b);
void build_write(struct build *b, struct wbuf *w);

#endif
