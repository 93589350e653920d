/* Files of issuers: whose certificates are believed. */
#include "conf/check.h"
#include "conf/region.h"

void check_anchors_init(struct check *c)
{
	c->anchors = names_of(c->region);
	c->anchor_sets = REGION_NEW(c->region, const struct chain_set *,
				    c->model->backends.n + c->model->listeners.n);
}

const struct chain_set *check_anchors_read(struct check *c, struct view path, struct place at)
{
	struct view full = source_path(c->source, at, path), pem = { 0 };
	uint32_t before = names_get(&c->anchors, full);
	const struct chain_set *set = NULL;

	if (before != NAMES_NONE)
		return before ? c->anchor_sets[before - 1] : NULL;
	if (check_read(c, at, path, CHAIN_FILE_MAX, &pem))
		set = chain_read_anchors(&c->reader, at, pem);
	if (set)
		c->anchor_sets[c->anchor_n++] = set;
	(void)names_put(&c->anchors, full, set ? c->anchor_n : 0);
	return set;
}
