/*
 * Texts that are looked for inside of others, all in one walk: A. V. Aho and M. J. Corasick,
 * "Efficient String Matching: An Aid to Bibliographic Search", CACM 18(6), 1975.
 */
#ifndef TOOL_HUNT_PARTS_H
#define TOOL_HUNT_PARTS_H

#include "tool/hunt_set.h"

struct hunt_part {
	uint32_t parent;
	uint32_t fail; /* the longest end of this text that begins another */
	uint32_t term; /* that ends here, or HUNT_NONE */
	uint32_t out;  /* the next shorter one that ends here too; 0: none */
	uint8_t byte;
};

struct hunt_parts {
	struct hunt_part *part; /* 0 is the root */
	uint32_t *edge;		/* hash table of children; 0: free */
	uint32_t *next;		/* of each value: the next with the same text, or HUNT_NONE */
	size_t part_n, mask;
	uint32_t root[256]; /* the root's children */
};

typedef void hunt_parts_found(void *arg, uint32_t term);

/* hunt_parts_new - those of one field of a set. E_NOMEM · E_LIMIT one is there more than HUNT_SAME
 * times */
enum err hunt_parts_new(const struct hunt_set *s, enum hunt_field field, struct hunt_parts *ret);
void hunt_parts_done(struct hunt_parts *t);

/* hunt_parts_find - every value that is somewhere in text, each time it is */
void hunt_parts_find(const struct hunt_parts *t, struct view text, hunt_parts_found *found,
		     void *arg);

#endif
