/*
 * Whole texts, beginnings and ends of texts, found by hash. For each field it is known which
 * lengths of beginnings and ends there are; nothing is looked up for the others.
 */
#ifndef TOOL_HUNT_TEXTS_H
#define TOOL_HUNT_TEXTS_H

#include "tool/hunt_set.h"

struct hunt_texts {
	const struct hunt_set *set; /* borrowed */
	uint32_t *slot;		    /* index of a value, plus one; 0: free */
	uint32_t *next;		    /* of each value: the next with the same text, or HUNT_NONE */
	uint64_t *hash;		    /* of each slot */
	size_t mask;
	uint8_t lengths[HUNT_FIELDS][2][HUNT_VALUE_BYTES + 1]; /* of HUNT_BEGINS, HUNT_ENDS */
	size_t longest[HUNT_FIELDS][2];
	bool has[HUNT_FIELDS];
};

typedef void hunt_texts_found(void *arg, uint32_t term);

/* hunt_texts_new - those of a set, which is borrowed. E_NOMEM · E_LIMIT one is there more than
 * HUNT_SAME times */
enum err hunt_texts_new(const struct hunt_set *s, struct hunt_texts *ret);
void hunt_texts_done(struct hunt_texts *t);

/* hunt_texts_find - every value of that field that text is, begins or ends with */
void hunt_texts_find(const struct hunt_texts *t, enum hunt_field field, struct view text,
		     hunt_texts_found *found, void *arg);

#endif
