/* The bound, in integers: in_flight + 1 <= ceil(y) is the same as in_flight < y. */
#include "balance/bounded.h"

#include "balance/weights.h"
#include "base/hash.h"

enum { BOUNDED_TRIES = 32 };

/* Server i may take one more request under the pool's bound; always without one. */
static bool bounded_has_room(const struct balance_pool *p, const struct balance_choice *c,
			     uint32_t i)
{
	const struct balance_server *s = &p->server[i];

	if (p->load_percent == 0 || s->in_flight < BOUNDED_FREE)
		return true;
	/* At most 2^26 * 2^28 * 2^7 on the left, 2^16 * 2^31 * 2^14 on the right: the sum of all
	 * requests is cut there, which no pool reaches. */
	return (uint64_t)s->in_flight * p->total[c->is_backup] * 100 <
	       (uint64_t)p->load_percent *
		       ((p->load[c->is_backup] < INT32_MAX ? p->load[c->is_backup] : INT32_MAX) +
			1) *
		       s->weight;
}

bool bounded_accepts(const struct balance_pool *p, const struct balance_choice *c,
		     const struct balance_facts *f, uint32_t i)
{
	const struct balance_server *s = &p->server[i];

	if (!balance_is_left(p, c, f->tried, i) || !bounded_has_room(p, c, i))
		return false;
	if (s->weight == s->full)
		return true;
	return (hash_mix(f->hash ^ s->id) >> 32) * s->full < ((uint64_t)s->weight << 32);
}

uint32_t bounded_any(const struct balance_pool *p, const struct balance_choice *c,
		     const struct balance_facts *f)
{
	uint64_t h = f->hash;
	uint32_t i = 0, from = 0;

	for (unsigned k = 0; k < BOUNDED_TRIES; k++) {
		h = hash_mix(h);
		i = weights_find_left(p, c, f->tried, BALANCE_NONE,
				      (uint32_t)((h >> 32) * c->total >> 32));
		if (bounded_has_room(p, c, i))
			return i;
	}
	from = i;
	for (uint32_t k = 0; k < p->n; k++) {
		i = from + k < p->n ? from + k : from + k - p->n;
		if (balance_is_left(p, c, f->tried, i) && bounded_has_room(p, c, i))
			return i;
	}
	return from; /* those with room have been tried */
}
