/* Two tables of 16-bit numbers, made with the generation. */
#include "role/edge/roster.h"

#include <stdlib.h>

_Static_assert((int)IMAGE_SERVER_SLOTS <= (int)UINT16_MAX, "a number plus one names any server");

static bool roster_is_needed(const struct image *im)
{
	for (uint32_t i = 0; i < image_count(im, IMAGE_POOL); i++)
		if (image_pool_at(im, i)->persist)
			return true;
	return false;
}

/* Ids are hashes: their lower bits are as good as any. Where id stands, or the empty place. */
static uint32_t roster_place(const struct roster *r, const struct image *im, uint64_t id)
{
	uint32_t at = (uint32_t)id & r->mask;

	while (r->by_id[at] && image_server_at(im, r->by_id[at] - 1u)->persist_id != id)
		at = (at + 1) & r->mask;
	return at;
}

enum err roster_init(struct roster *r, const struct image *im)
{
	uint32_t n = image_count(im, IMAGE_SERVER), places = 2;

	if (!roster_is_needed(im))
		return E_OK;
	while (places < 2 * n)
		places *= 2;
	r->by_slot = calloc(IMAGE_SERVER_SLOTS, sizeof *r->by_slot);
	r->by_id = calloc(places, sizeof *r->by_id);
	r->mask = places - 1;
	if (!r->by_slot || !r->by_id)
		return E_NOMEM;
	for (uint32_t i = 0; i < n; i++) {
		const struct image_server *s = image_server_at(im, i);

		r->by_slot[s->slot] = (uint16_t)(i + 1);
		r->by_id[roster_place(r, im, s->persist_id)] = (uint16_t)(i + 1);
	}
	return E_OK;
}

void roster_done(struct roster *r)
{
	free(r->by_slot);
	free(r->by_id);
	*r = (struct roster){ 0 };
}

/* Server number - 1 of the image, if it is one of this pool. */
static uint32_t roster_of_pool(const struct image_pool *pool, uint32_t number)
{
	uint32_t i = number - 1 - pool->servers.first;

	return number && number > pool->servers.first && i < pool->servers.n ? i : UINT32_MAX;
}

uint32_t roster_find_id(const struct roster *r, const struct image *im,
			const struct image_pool *pool, uint64_t id)
{
	return roster_of_pool(pool, r->by_id[roster_place(r, im, id)]);
}

uint32_t roster_find_slot(const struct roster *r, const struct image_pool *pool, uint32_t slot)
{
	return slot < IMAGE_SERVER_SLOTS ? roster_of_pool(pool, r->by_slot[slot]) : UINT32_MAX;
}
