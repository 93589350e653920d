/*
 * "This field of that struct lies between these bounds": what image_check holds an image to, as
 * rows of tables.
 */
#ifndef CONF_IMAGE_ROW_H
#define CONF_IMAGE_ROW_H

#include "conf/image.h"

enum row_kind {
	ROW_STR,	   /* struct image_str: a..b bytes */
	ROW_TEXT,	   /* the same, and no NUL in it: it becomes a C string somewhere */
	ROW_RANGE,	   /* struct image_range into section a, at least b elements */
	ROW_INDEX,	   /* uint32_t index into section a */
	ROW_INDEX_OR_NONE, /* the same, or IMAGE_NONE */
	ROW_U8,		   /* a..b */
	ROW_U16,
	ROW_U32,
	ROW_ADDRESS /* struct image_address: kinds by the bits of a; b: kind 0 (none) is fine too */
};

struct image_row {
	uint8_t section;
	uint8_t kind;
	uint16_t offset;
	uint32_t a, b;
};

enum {
	IMAGE_NAME_MAX = 255 /* names that people give, and DNS names with a leading dot */
};

#define ROW(section, kind, T, field, a, b)                                                         \
	{                                                                                          \
		section, kind, offsetof(struct T, field), (a), (b)                                 \
	}

/* A limit or time that the owner bounds further; the top bit stays free for arithmetic. */
#define ANY INT32_MAX

/* image_rows_are_good - every element of the rows' sections */
bool image_rows_are_good(const struct image *im, const struct image_row *rows, size_t n);

/* image_row_header_is_good - the same for the header: it is one struct, not a section */
bool image_row_header_is_good(const struct image *im, const struct image_row *rows, size_t n);

/* image_row_follows - does r begin where those before it have ended? Ranges that do make a walk
 * over all of them linear. end: in-out, moves to r's end */
bool image_row_follows(struct image_range r, uint32_t *end);

#endif
