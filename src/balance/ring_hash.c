/*
 * About one point per entry of the index, which makes the sort (counting, placing, then a few swaps
 * between neighbours) and finds a key's point in one look.
 */
#include "balance/ring_hash.h"

#include "balance/bounded.h"
#include "base/hash.h"

enum { RING_HASH_TRIES = 256, RING_HASH_SUMMED = 8 /* entries in one step */ };

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

/* ---- stages; true: it is over ---- */

/* Server i's points: counted by entry, or put where their entry goes on. */
static uint32_t ring_hash_server(struct ring_hash_build *b, uint32_t i, bool puts)
{
	uint32_t n = ring_hash_points(b->p, b->kind, b->halvings, i);

	for (uint32_t k = 0; k < n; k++) {
		uint32_t h = (uint32_t)(hash_mix(hash_mix(b->p->server[i].id) + k) >> 32);
		uint32_t entry = ring_hash_entry(&b->ring, h);

		if (puts)
			b->ring.point[b->ring.start[entry]++] = (struct ring_hash_point){ h, i };
		else
			b->ring.start[entry + 1]++;
	}
	return n + 1;
}

static bool ring_hash_pass(struct ring_hash_build *b, bool puts, uint32_t *steps)
{
	while (b->at < b->p->n && *steps) {
		uint32_t n = ring_hash_server(b, b->at++, puts);

		*steps -= n < *steps ? n : *steps;
	}
	return b->at == b->p->n;
}

static bool ring_hash_count(struct ring_hash_build *b, uint32_t *steps)
{
	return ring_hash_pass(b, false, steps);
}

static bool ring_hash_put(struct ring_hash_build *b, uint32_t *steps)
{
	return ring_hash_pass(b, true, steps);
}

static uint32_t ring_hash_end(const struct ring_hash_build *b, uint32_t n)
{
	return n - b->at < RING_HASH_SUMMED ? n : b->at + RING_HASH_SUMMED;
}

static bool ring_hash_sum(struct ring_hash_build *b, uint32_t *steps)
{
	uint32_t n = (uint32_t)1 << b->ring.bits;

	for (; b->at < n && *steps; (*steps)--)
		for (uint32_t end = ring_hash_end(b, n); b->at < end; b->at++)
			b->ring.start[b->at + 1] += b->ring.start[b->at];
	return b->at == n;
}

/* Every entry now says where its points end, which is where the next one's begin. */
static bool ring_hash_shift(struct ring_hash_build *b, uint32_t *steps)
{
	uint32_t n = (uint32_t)1 << b->ring.bits;

	for (; b->at < n && *steps; (*steps)--)
		for (uint32_t end = ring_hash_end(b, n); b->at < end; b->at++)
			b->ring.start[n - b->at] = b->ring.start[n - b->at - 1];
	b->ring.start[0] = b->at == n ? 0 : b->ring.start[0];
	return b->at == n;
}

static bool ring_hash_sort(struct ring_hash_build *b, uint32_t *steps)
{
	struct ring_hash *r = &b->ring;

	for (; b->at < r->size && *steps; b->at++, (*steps)--) {
		struct ring_hash_point x = r->point[b->at];
		uint32_t at = b->at;

		for (; at && r->point[at - 1].hash > x.hash; at--)
			r->point[at] = r->point[at - 1];
		r->point[at] = x;
	}
	return b->at == r->size;
}

typedef bool ring_hash_stage(struct ring_hash_build *b, uint32_t *steps);

static ring_hash_stage *const ring_hash_stages[] = { ring_hash_count, ring_hash_sum, ring_hash_put,
						     ring_hash_shift, ring_hash_sort };

void ring_hash_begin(struct ring_hash_build *b, const struct balance_pool *p, unsigned kind,
		     void *memory, uint32_t size)
{
	*b = (struct ring_hash_build){ .p = p,
				       .kind = kind,
				       .halvings = ring_hash_halvings(p, kind),
				       .ring = ring_hash_of(memory, size) };
}

bool ring_hash_step(struct ring_hash_build *b, uint32_t *steps)
{
	enum { STAGES = sizeof ring_hash_stages / sizeof ring_hash_stages[0] };

	while (b->stage < STAGES && ring_hash_stages[b->stage](b, steps)) {
		b->stage++;
		b->at = 0;
	}
	return b->stage == STAGES;
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
