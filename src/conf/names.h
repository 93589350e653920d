/* A table from names to numbers, in the region of one compilation; grows as it is filled. */
#ifndef CONF_NAMES_H
#define CONF_NAMES_H

#include "base/arena.h"
#include "base/view.h"

enum { NAMES_NONE = UINT32_MAX };

struct names_slot {
	uint64_t hash;
	struct view key; /* borrowed; p is NULL: the slot is free */
	uint32_t value;
};

struct names {
	struct arena *region;
	struct names_slot *slots;
	uint32_t cap, n; /* cap: 0 or a power of two */
};

static inline struct names names_of(struct arena *region)
{
	return (struct names){ .region = region };
}

/* names_get - the number of key, or NAMES_NONE */
uint32_t names_get(const struct names *t, struct view key);

/*
 * names_put - gives key a number unless it has one
 *   key   borrowed as long as the table is used
 * Returns the number it had, or NAMES_NONE when it was new.
 */
uint32_t names_put(struct names *t, struct view key, uint32_t value);

/* names_set - gives key a number whether it has one or not */
void names_set(struct names *t, struct view key, uint32_t value);

#endif
