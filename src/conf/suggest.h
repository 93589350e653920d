/* "Did you mean ...?": the nearest of a list of names. */
#ifndef CONF_SUGGEST_H
#define CONF_SUGGEST_H

#include "base/view.h"

enum { SUGGEST_DISTANCE = 2 };

/* A search: begin with the word, offer every candidate, take the best. */
struct suggest {
	struct view word, best;
	size_t distance; /* of best; SUGGEST_DISTANCE + 1: none yet */
};

struct suggest suggest_for(struct view word);
void suggest_offer(struct suggest *s, struct view candidate);

/* suggest_distance - Damerau-Levenshtein (optimal string alignment) without regard to case, at
 * most limit + 1; words over 64 bytes are as far away as can be */
size_t suggest_distance(struct view a, struct view b, size_t limit);

#endif
