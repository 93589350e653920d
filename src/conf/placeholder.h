/*
 * Placeholders in values of filters: {source_address}, {host}, {path}, {path_rest},
 * {path_rest_root}, {query}, {search}, {request_id}, {scheme}. Taken apart once, here, into the
 * segments that the edge writes one behind the other: nothing is parsed or evaluated when a request
 * comes (THREATS A11). A '{' that begins no such word stands for itself; "{{" stands for one '{'.
 */
#ifndef CONF_PLACEHOLDER_H
#define CONF_PLACEHOLDER_H

#include "conf/image.h"

struct placeholder {
	uint8_t kind;	  /* enum image_segment_kind; IMAGE_SEGMENT_KINDS: an unknown word */
	struct view text; /* IMAGE_SEGMENT_TEXT: borrowed; unknown: the word without its braces */
};

/* placeholder_next - the next piece from the front of rest. False at the end */
bool placeholder_next(struct view *rest, struct placeholder *ret);

/* placeholder_word - the word of a kind; NULL for text and what has none */
const char *placeholder_word(uint32_t kind);

#endif
