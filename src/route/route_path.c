/* From a path to rules by hash; no allocation, linear in the bytes of the path. */
#include "route/route_path.h"

#include "base/hash.h"

static bool route_path_add(struct route_path *r, struct image_range list)
{
	if (list.n == 0)
		return true;
	if (r->n == ROUTE_PATH_RANGES)
		return false;
	r->at[r->n++] = list;
	return true;
}

bool route_path_begin(const struct image *im, const struct image_paths *p, struct view path,
		      struct route_path *ret)
{
	uint64_t hash = HASH_FNV1A_START;

	ret->n = 0;
	if (!route_path_add(ret, p->others))
		return false;
	for (size_t i = 1; i <= path.n && i <= p->longest; i++) {
		const struct image_path *e = NULL;

		hash = hash_fnv1a_add(hash, path.p[i - 1]);
		if (i < path.n && path.p[i] != '/')
			continue;
		e = image_find_path(im, p, hash, view_slice(path, 0, i));
		if (e && (!route_path_add(ret, e->prefix) ||
			  (i == path.n && !route_path_add(ret, e->exact))))
			return false;
	}
	return true;
}

uint32_t route_path_next(const struct image *im, struct route_path *r)
{
	uint32_t lowest = IMAGE_NONE, from = 0;

	for (uint32_t i = 0; i < r->n; i++) {
		uint32_t index = r->at[i].n ? *image_rule_index_at(im, r->at[i].first) : IMAGE_NONE;

		if (index < lowest) {
			lowest = index;
			from = i;
		}
	}
	if (lowest != IMAGE_NONE) {
		r->at[from].first++;
		r->at[from].n--;
	}
	return lowest;
}
