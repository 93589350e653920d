/* The rules of a long list that a path may lead to, in file order, by the image's path index. */
#ifndef ROUTE_ROUTE_PATH_H
#define ROUTE_ROUTE_PATH_H

#include "conf/image.h"

enum { ROUTE_PATH_RANGES = 16 };

/* What is left of them: ranges that ascend, to be merged. */
struct route_path {
	struct image_range at[ROUTE_PATH_RANGES]; /* IMAGE_RULE_INDEX */
	uint32_t n;
};

/*
 * route_path_begin - finds the rules for a canonical path: a look-up per segment, none behind the
 * longest path of the index
 * False: more paths of the index lie on the way than ret holds, look at every rule instead.
 */
bool route_path_begin(const struct image *im, const struct image_paths *p, struct view path,
		      struct route_path *ret);

/* route_path_next - index in IMAGE_RULE of the next one, IMAGE_NONE at the end */
uint32_t route_path_next(const struct image *im, struct route_path *r);

#endif
