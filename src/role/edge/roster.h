/*
 * Finding a server of a generation by what outlives generations: its id in cookies, its slot in
 * pages. O(1), however many servers there are: clients choose how often they ask.
 */
#ifndef ROLE_EDGE_ROSTER_H
#define ROLE_EDGE_ROSTER_H

#include "conf/image.h"

struct roster {
	uint16_t *by_slot; /* index in the image plus one; 0: there is none */
	uint16_t *by_id;   /* likewise; open addressing */
	uint32_t mask;	   /* places of by_id - 1 */
};

/* roster_init - of an image whose pools keep clients; one of others takes no memory. E_NOMEM */
enum err roster_init(struct roster *r, const struct image *im);
void roster_done(struct roster *r);

/* roster_find_id - the server of this pool with this persist_id, by its index among the pool's;
 * UINT32_MAX: it has left */
uint32_t roster_find_id(const struct roster *r, const struct image *im,
			const struct image_pool *pool, uint64_t id);

/* roster_find_slot - likewise by slot; any number */
uint32_t roster_find_slot(const struct roster *r, const struct image_pool *pool, uint32_t slot);

#endif
