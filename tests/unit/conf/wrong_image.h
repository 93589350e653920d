/* For tests: images that are wrong in one field, made from a right one. */
#ifndef TESTS_UNIT_CONF_WRONG_IMAGE_H
#define TESTS_UNIT_CONF_WRONG_IMAGE_H

#include "tests/unit/check.h"
#include "tests/unit/conf/make_image.h"

#include <string.h>

/* A copy of the image that may be changed; 8-byte aligned. */
struct copy {
	uint8_t *p;
	size_t n;
};

static inline struct copy copy_of(const struct made_image *m)
{
	struct copy c = { .p = aligned_alloc(8, (m->n + 7) / 8 * 8), .n = m->n };

	assert_non_null(c.p);
	memcpy(c.p, m->p, m->n);
	return c;
}

static inline bool is_refused(const struct copy *c)
{
	struct image im = { 0 };
	const char *why = NULL;
	bool refused = image_check(view_of(c->p, c->n), &im, &why) == E_PROTO;

	assert_true(!refused || (why && *why && !im.header));
	return refused;
}

static inline struct image_header *header(struct copy *c)
{
	return (struct image_header *)(void *)c->p;
}

static inline void *element(struct copy *c, enum image_section s, size_t i)
{
	return c->p + header(c)->section[s].at + i * image_section_size(s);
}

/* One wrong field: WRONG(section, index, struct, member, value). */
struct wrong {
	const char *name;
	int section; /* -1: the header */
	size_t index, offset, size;
	uint64_t value;
};

#define WRONG(section, index, T, member, value)                                                    \
	{                                                                                          \
#T "." #member " = " #value, section, index, offsetof(struct T, member),           \
			sizeof(((struct T *)0)->member), value                                     \
	}

/* check_wrong - the image is good, and with each of these it is not */
static inline void check_wrong(const struct made_image *m, const struct wrong *rows, size_t n)
{
	struct copy right = copy_of(m);

	assert_false(is_refused(&right));
	free(right.p);
	for (size_t i = 0; i < n; i++) {
		const struct wrong *w = &rows[i];
		struct copy c = copy_of(m);
		uint8_t *at = w->section < 0
				      ? c.p
				      : element(&c, (enum image_section)w->section, w->index);

		memcpy(at + w->offset, &w->value, w->size); /* little-endian, like the image */
		CHECK_ROW(w->name, is_refused(&c));
		free(c.p);
	}
}

#endif
