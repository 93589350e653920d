/*
 * The points lie sorted behind an index by their top bits, about one point per entry: entry b says
 * where the points begin whose top bits are b. The index makes the sort (counting, placing, then a
 * few swaps between neighbours) and finds a key's point in one look.
 */
#include "balance/ring_hash.h"

#include "balance/bounded.h"
#include "base/hash.h"

enum { RING_HASH_TRIES = 256 };

static unsigned ring_hash_bits(uint32_t size)
{
	unsigned bits = 1;

	while ((uint32_t)1 << bits < size)
		bits++;
	return bits;
}

/* How often the points are halved: a pool that grows keeps half of everybody's. */
static unsigned ring_hash_halvings(const struct balance_pool *p, unsigned kind)
{
	uint64_t sum = 0;
	unsigned halvings = 0;

	for (uint32_t i = 0; i < p->n; i++)
		sum += p->server[i].is_backup == kind ? p->server[i].full / BALANCE_UNIT : 0;
	while (sum * RING_HASH_POINTS >> halvings > RING_HASH_POINTS_MAX)
		halvings++;
	return halvings;
}

static uint32_t ring_hash_points(const struct balance_pool *p, unsigned kind, unsigned halvings,
				 uint32_t i)
{
	uint32_t n = p->server[i].full / BALANCE_UNIT * (uint32_t)RING_HASH_POINTS >> halvings;

	if (p->server[i].is_backup != kind)
		return 0;
	return n ? n : 1;
}

uint32_t ring_hash_size(const struct balance_pool *p, unsigned kind)
{
	unsigned halvings = ring_hash_halvings(p, kind);
	uint32_t size = 0;

	for (uint32_t i = 0; i < p->n; i++)
		size += ring_hash_points(p, kind, halvings, i);
	return size;
}

size_t ring_hash_bytes(uint32_t size)
{
	return size * sizeof(struct ring_hash_point) +
	       (((size_t)1 << ring_hash_bits(size)) + 1) * sizeof(uint32_t);
}

struct ring_hash {
	struct ring_hash_point *point;
	uint32_t *start; /* 2^bits + 1 */
	unsigned bits;
	uint32_t size;
};

static struct ring_hash ring_hash_of(void *memory, uint32_t size)
{
	struct ring_hash_point *point = memory;

	return (struct ring_hash){ .point = point,
				   .start = (uint32_t *)(void *)(point + size),
				   .bits = ring_hash_bits(size),
				   .size = size };
}

static uint32_t ring_hash_entry(const struct ring_hash *r, uint32_t hash)
{
	return hash >> (32 - r->bits);
}

/* One pass over all points: counts them by entry, or puts them where their entry goes on. */
static void ring_hash_pass(const struct balance_pool *p, unsigned kind, struct ring_hash *r,
			   bool puts)
{
	unsigned halvings = ring_hash_halvings(p, kind);

	for (uint32_t i = 0; i < p->n; i++) {
		uint32_t n = ring_hash_points(p, kind, halvings, i);

		for (uint32_t k = 0; k < n; k++) {
			uint32_t h = (uint32_t)(hash_mix(hash_mix(p->server[i].id) + k) >> 32);
			uint32_t entry = ring_hash_entry(r, h);

			if (puts)
				r->point[r->start[entry]++] = (struct ring_hash_point){ h, i };
			else
				r->start[entry + 1]++;
		}
	}
}

static void ring_hash_sort(struct ring_hash *r)
{
	for (uint32_t k = 1; k < r->size; k++) {
		struct ring_hash_point x = r->point[k];
		uint32_t at = k;

		for (; at && r->point[at - 1].hash > x.hash; at--)
			r->point[at] = r->point[at - 1];
		r->point[at] = x;
	}
}

void ring_hash_build(const struct balance_pool *p, unsigned kind, void *memory, uint32_t size)
{
	struct ring_hash r = ring_hash_of(memory, size);
	uint32_t entries = (uint32_t)1 << r.bits;

	ring_hash_pass(p, kind, &r, false);
	for (uint32_t k = 0; k < entries; k++)
		r.start[k + 1] += r.start[k];
	ring_hash_pass(p, kind, &r, true);
	/* Every entry now says where its points end, which is where the next one's begin. */
	for (uint32_t k = entries; k; k--)
		r.start[k] = r.start[k - 1];
	r.start[0] = 0;
	ring_hash_sort(&r);
}

uint32_t ring_hash_pick(const struct balance_pool *p, const struct balance_facts *f)
{
	const struct balance_choice c = balance_choose(p, f->tried);
	const struct balance_table *t = &p->table[c.is_backup];
	struct ring_hash r = { 0 };
	uint32_t h = (uint32_t)(f->hash >> 32), at = 0;

	if (c.n == 0)
		return BALANCE_NONE;
	r = ring_hash_of(t->p, t->size);
	at = r.start[ring_hash_entry(&r, h)];
	while (at < r.size && r.point[at].hash < h)
		at++;
	for (unsigned k = 0; k < RING_HASH_TRIES; k++, at++) {
		at = at < r.size ? at : 0;
		if (bounded_accepts(p, &c, f, r.point[at].server))
			return r.point[at].server;
	}
	return bounded_any(p, &c, f);
}
