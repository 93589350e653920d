/* Path indices: each range behind the one before it, so that the work is linear. */
#include "conf/image_path.h"

#include "conf/image_row.h"
#include "conf/image_table.h"

/* What of IMAGE_RULE_INDEX and IMAGE_PATH belongs to the ranges before. */
struct image_path_ends {
	uint32_t index, table;
};

/* The rules of a range: in file order, and each of them with this path and kind. */
static bool image_path_lists(const struct image *im, struct image_range list,
			     const struct image_str *path, enum image_path_kind kind)
{
	for (uint32_t i = 0; i < list.n; i++) {
		uint32_t index = *image_rule_index_at(im, list.first + i);
		const struct image_rule *rule = image_rule_at(im, index);

		if (i && *image_rule_index_at(im, list.first + i - 1) >= index)
			return false;
		if (path && (rule->path_kind != kind || rule->path.at != path->at ||
			     rule->path.n != path->n))
			return false;
	}
	return true;
}

static const char *image_path_one(const struct image *im, const struct image_paths *p,
				  struct image_path_ends *ends)
{
	if (!image_row_follows(p->table, &ends->table) ||
	    !image_row_follows(p->others, &ends->index))
		return "two lists of rules share a path table";
	if (!image_table_is_good(im, IMAGE_PATH, p->table))
		return "a path table has an entry that can't be found";
	if (!image_path_lists(im, p->others, NULL, IMAGE_PATH_ANY))
		return "the rules of a path table are not in their order";
	for (uint32_t k = 0; k < p->table.n; k++) {
		const struct image_path *e = image_path_at(im, p->table.first + k);

		if (!image_row_follows(e->exact, &ends->index) ||
		    !image_row_follows(e->prefix, &ends->index))
			return "two paths share their rules";
		if (!image_path_lists(im, e->exact, &e->name, IMAGE_PATH_EXACT) ||
		    !image_path_lists(im, e->prefix, &e->name, IMAGE_PATH_PREFIX))
			return "the rules of a path are not in their order, or not its own";
	}
	return NULL;
}

const char *image_path_why(const struct image *im)
{
	struct image_path_ends ends = { 0 };
	const char *why = NULL;

	for (uint32_t i = 0; i < image_count(im, IMAGE_PATHS) && !why; i++)
		why = image_path_one(im, image_paths_at(im, i), &ends);
	return why;
}
