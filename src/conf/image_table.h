/* The name tables of an image (server names, hosts, paths): whether one is sound, and finding in
 * it. */
#ifndef CONF_IMAGE_TABLE_H
#define CONF_IMAGE_TABLE_H

#include "conf/image.h"

/* What the elements of every name table begin with. */
struct image_named {
	uint64_t hash;
	struct image_str name;
};

/*
 * image_table_is_good - a table is good when its size is a power of two, at least one slot is empty
 * (a search ends), and every entry is reached: between its home and its place there is no empty
 * slot. Names lie inside the image already. O(size of the table)
 */
bool image_table_is_good(const struct image *im, enum image_section s, struct image_range table);

/* image_table_find - the entry of a name, or NULL */
const struct image_named *image_table_find(const struct image *im, enum image_section s,
					   struct image_range table, struct view name);

/* image_table_find_hash - the same, for who has hash_fnv1a of the name already */
const struct image_named *image_table_find_hash(const struct image *im, enum image_section s,
						struct image_range table, uint64_t hash,
						struct view name);

#endif
