/* Generations: made in one go, or not at all. */
#include "role/relay/generation.h"

#include "balance/tables.h"
#include "role/relay/pool.h"
#include "sys/shm.h"

#include <stdlib.h>

static enum err generation_map(const struct relay *r, struct relay_generation *g, int fd,
			       const char **ret_why)
{
	struct view bytes = { 0 };

	*ret_why = "the image is not sealed";
	if (!shm_is_sealed(fd))
		return E_DENIED;
	*ret_why = "the image can't be mapped";
	TRY(shm_map(fd, false, &g->map, &g->map_bytes));
	bytes = view_of(g->map, g->map_bytes);
	return r->now ? image_adopt(bytes, &g->image, ret_why)
		      : image_check(bytes, &g->image, ret_why);
}

static enum err generation_allocate(struct relay_generation *g)
{
	size_t pools = image_count(&g->image, IMAGE_POOL),
	       servers = image_count(&g->image, IMAGE_SERVER);

	g->pools = calloc(pools + 1, sizeof *g->pools);
	g->balance = calloc(servers + 1, sizeof *g->balance);
	g->ewma = calloc(servers + 1, sizeof *g->ewma);
	g->is_healthy = calloc(servers + 1, sizeof *g->is_healthy);
	g->may_stay = calloc(servers + 1, sizeof *g->may_stay);
	g->server_of_slot = calloc(IMAGE_SERVER_SLOTS, sizeof *g->server_of_slot);
	return g->pools && g->balance && g->ewma && g->is_healthy && g->may_stay &&
			       g->server_of_slot
		       ? E_OK
		       : E_NOMEM;
}

/* Tables of the pools that hash, all in one piece and at once: of the largest pool in ten
 * milliseconds, for which datagrams wait in their sockets. */
static enum err generation_add_tables(struct relay_generation *g)
{
	size_t pools = image_count(&g->image, IMAGE_POOL), bytes = 0, at = 0, most = 0;
	struct balance_scratch *scratch = NULL;

	for (size_t i = 0; i < pools; i++) {
		size_t n = tables_bytes(&g->pools[i].balance);

		bytes += n;
		most = n && g->pools[i].balance.n > most ? g->pools[i].balance.n : most;
	}
	if (bytes == 0)
		return E_OK;
	g->tables = calloc(bytes, 1);
	scratch = calloc(most, sizeof *scratch);
	for (size_t i = 0; g->tables && scratch && i < pools; i++) {
		size_t n = tables_bytes(&g->pools[i].balance);

		if (n)
			tables_build(&g->pools[i].balance, (uint8_t *)g->tables + at, scratch);
		at += n;
	}
	free(scratch);
	return at == bytes ? E_OK : E_NOMEM;
}

static enum err generation_build(struct relay *r, struct relay_generation *g, const char **ret_why)
{
	*ret_why = "out of memory";
	TRY(generation_allocate(g));
	for (uint32_t i = 0; i < image_count(&g->image, IMAGE_LISTENER); i++) {
		const struct image_listener *l = image_listener_at(&g->image, i);

		if (l->protocol == IMAGE_UDP)
			g->listener[l->slot] = l;
	}
	pool_init(r, g);
	return generation_add_tables(g);
}

enum err generation_load(struct relay *r, int fd, uint32_t number, struct relay_generation **ret,
			 const char **ret_why)
{
	struct relay_generation *g = calloc(1, sizeof *g);
	enum err loaded = E_OK;

	*ret_why = "out of memory";
	if (!g)
		return E_NOMEM;
	g->number = number;
	loaded = generation_map(r, g, fd, ret_why);
	if (loaded == E_OK)
		loaded = generation_build(r, g, ret_why);
	if (loaded != E_OK) {
		generation_drop(g);
		return loaded;
	}
	*ret = g;
	return E_OK;
}

void generation_drop(struct relay_generation *g)
{
	if (!g)
		return;
	free(g->pools);
	free(g->balance);
	free(g->ewma);
	free(g->is_healthy);
	free(g->may_stay);
	free(g->server_of_slot);
	free(g->tables);
	shm_unmap(g->map, g->map_bytes);
	free(g);
}
