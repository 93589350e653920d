/* One table after the other: of the primary servers, of the backup servers. */
#include "balance/tables.h"

enum tables_kind { TABLES_NONE, TABLES_MAGLEV, TABLES_RING };

static enum tables_kind tables_kind(const struct balance_pool *p)
{
	if (p->algorithm == IMAGE_RING_HASH)
		return TABLES_RING;
	return p->algorithm == IMAGE_MAGLEV || p->algorithm == IMAGE_SOURCE_ADDRESS || p->has_keys
		       ? TABLES_MAGLEV
		       : TABLES_NONE;
}

static uint32_t tables_size(const struct balance_pool *p, unsigned kind)
{
	uint32_t n = 0;

	if (tables_kind(p) == TABLES_RING)
		return ring_hash_size(p, kind);
	for (uint32_t i = 0; i < p->n; i++)
		n += p->server[i].is_backup == kind;
	return maglev_size(n);
}

static size_t tables_size_bytes(const struct balance_pool *p, uint32_t size)
{
	size_t bytes = 0;

	if (size == 0)
		return 0;
	bytes = tables_kind(p) == TABLES_RING ? ring_hash_bytes(size) : size * sizeof(uint16_t);
	return (bytes + 7) & ~(size_t)7;
}

size_t tables_bytes(const struct balance_pool *p)
{
	if (tables_kind(p) == TABLES_NONE)
		return 0;
	return tables_size_bytes(p, tables_size(p, 0)) + tables_size_bytes(p, tables_size(p, 1));
}

/* The table of the next kind of servers that there are any of. */
static void tables_next(struct tables_build *b)
{
	uint32_t size = 0;

	while (b->kind < 2 && (size = tables_size(b->p, b->kind)) == 0)
		b->kind++;
	if (b->kind == 2)
		return;
	b->p->table[b->kind] = (struct balance_table){ .p = b->memory, .size = size };
	if (tables_kind(b->p) == TABLES_RING)
		ring_hash_begin(&b->ring, b->p, b->kind, b->memory, size);
	else
		maglev_begin(&b->maglev, b->p, b->kind, b->p->table[b->kind].p, size, b->scratch);
	b->memory += tables_size_bytes(b->p, size);
}

void tables_begin(struct tables_build *b, struct balance_pool *p, void *memory,
		  struct balance_scratch *scratch)
{
	*b = (struct tables_build){ .p = p, .memory = memory, .scratch = scratch, .kind = 2 };
	if (tables_kind(p) == TABLES_NONE)
		return;
	b->kind = 0;
	tables_next(b);
}

bool tables_step(struct tables_build *b, uint32_t *steps)
{
	while (b->kind < 2) {
		bool is_made = tables_kind(b->p) == TABLES_RING ? ring_hash_step(&b->ring, steps)
								: maglev_step(&b->maglev, steps);

		if (!is_made)
			return false;
		b->kind++;
		tables_next(b);
	}
	return true;
}

void tables_build(struct balance_pool *p, void *memory, struct balance_scratch *scratch)
{
	struct tables_build b = { 0 };
	uint32_t steps = 0;

	tables_begin(&b, p, memory, scratch);
	do
		steps = UINT32_MAX;
	while (!tables_step(&b, &steps));
}
