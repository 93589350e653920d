/*
 * A pattern of STIX 2.1 §9 into the formula of an indicator.
 *
 * Understood: comparisons (§9.6) with =, IN, LIKE and ISSUBSET of what an access record has, joined
 * by AND and OR, in observations (§9.5) joined by OR. The rest of the language is read and told as
 * not understood: under an OR the other side stays, under an AND nothing does.
 */
#ifndef TOOL_HUNT_PATTERN_H
#define TOOL_HUNT_PATTERN_H

#include "tool/hunt_set.h"

struct hunt_pattern {
	bool is_usable; /* a record can satisfy it */
	bool is_partly; /* something in it is not understood */
	size_t at;	/* of the first such thing: bytes from the start */
	const char *why;
	const char *kind; /* of its values, for people */
};

/*
 * hunt_pattern_read - adds groups, values and operators to the indicator that was begun
 * Not usable: the set is as it was before. E_LIMIT, E_NOMEM: of the set
 */
enum err hunt_pattern_read(struct hunt_set *s, struct view text, struct hunt_pattern *ret);

#endif
