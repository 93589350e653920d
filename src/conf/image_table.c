/* Tables of names in an image: open addressing, read where they lie; pure. */
#include "conf/image_table.h"

#include "base/hash.h"

#define IMAGE_TABLE_STARTS(T)                                                                      \
	_Static_assert(offsetof(struct T, hash) == offsetof(struct image_named, hash) &&           \
			       offsetof(struct T, name) == offsetof(struct image_named, name),     \
		       "same start")
IMAGE_TABLE_STARTS(image_sni);
IMAGE_TABLE_STARTS(image_host);
IMAGE_TABLE_STARTS(image_path);

/* Element i of a name table. */
static const struct image_named *image_table_at(const struct image *im, enum image_section s,
						struct image_range table, size_t i)
{
	return image_at(im, s, table.first + i, image_section_size(s));
}

/*
 * Walking once around from an empty slot, an entry's way back to its home may not be longer than
 * the run of entries before it.
 */
bool image_table_is_good(const struct image *im, enum image_section s, struct image_range table)
{
	size_t mask = (size_t)table.n - 1, empty = 0, run = 0;

	if (table.n == 0)
		return true;
	if (table.n & (table.n - 1))
		return false;
	while (empty < table.n && image_table_at(im, s, table, empty)->name.n != 0)
		empty++;
	if (empty == table.n)
		return false;
	for (size_t k = 1; k <= mask; k++) {
		size_t i = (empty + k) & mask;
		const struct image_named *e = image_table_at(im, s, table, i);

		if (e->name.n == 0) {
			run = 0;
			continue;
		}
		if (((i - e->hash) & mask) > run || e->hash != hash_fnv1a(image_view(im, e->name)))
			return false;
		run++;
	}
	return true;
}

const struct image_named *image_table_find_hash(const struct image *im, enum image_section s,
						struct image_range table, uint64_t hash,
						struct view name)
{
	for (size_t k = 0; k < table.n; k++) {
		const struct image_named *e =
			image_table_at(im, s, table, (hash + k) & ((size_t)table.n - 1));

		if (e->name.n == 0)
			return NULL;
		if (e->hash == hash && view_eq(image_view(im, e->name), name))
			return e;
	}
	return NULL;
}

const struct image_named *image_table_find(const struct image *im, enum image_section s,
					   struct image_range table, struct view name)
{
	return image_table_find_hash(im, s, table, hash_fnv1a(name), name);
}
