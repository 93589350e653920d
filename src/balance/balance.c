/* The bookkeeping that all algorithms share; linked by the edge. */
#include "balance/balance.h"

#include "balance/first.h"
#include "balance/least_requests.h"
#include "balance/maglev.h"
#include "balance/peak_ewma.h"
#include "balance/random.h"
#include "balance/ring_hash.h"
#include "balance/round_robin.h"
#include "balance/source_address.h"
#include "balance/weights.h"

void balance_init(struct balance_pool *p, struct balance_server *server, uint32_t n,
		  enum image_balance algorithm)
{
	*p = (struct balance_pool){
		.server = server, .n = n, .algorithm = (uint8_t)algorithm, .is_even = true
	};
	INVARIANT(n <= BALANCE_SERVERS_MAX);
	for (uint32_t i = 0; i < n; i++) {
		struct balance_server *s = &server[i];

		s->is_backup = s->is_backup ? 1 : 0;
		s->weight = s->full = (uint16_t)(s->weight * BALANCE_UNIT);
		p->is_even &= s->full == server[0].full;
		if (s->weight > p->weight_max)
			p->weight_max = s->weight;
	}
}

/* ---- what changes ---- */

void balance_set_usable(struct balance_pool *p, uint32_t i, bool is_usable)
{
	struct balance_server *s = NULL;
	unsigned kind = 0;

	INVARIANT(i < p->n);
	s = &p->server[i];
	kind = s->is_backup;
	if ((s->is_usable != 0) == is_usable)
		return;
	s->is_usable = is_usable;
	if (is_usable) {
		p->usable[kind]++;
		p->total[kind] += s->weight;
		p->load[kind] += s->in_flight;
		weights_add(p, kind, i, s->weight);
	} else {
		p->usable[kind]--;
		p->total[kind] -= s->weight;
		p->load[kind] -= s->in_flight;
		weights_add(p, kind, i, 0u - s->weight);
	}
	if (p->algorithm == IMAGE_ROUND_ROBIN)
		round_robin_forget(p);
}

void balance_set_weight(struct balance_pool *p, uint32_t i, uint32_t part)
{
	struct balance_server *s = NULL;
	uint32_t weight = 0, more = 0;

	INVARIANT(i < p->n && part <= 256);
	s = &p->server[i];
	weight = s->full * part / 256;
	weight = weight ? weight : 1;
	if (weight == s->weight)
		return;
	more = weight - s->weight;
	p->starting += (weight < s->full) - (uint32_t)(s->weight < s->full);
	s->weight = (uint16_t)weight;
	if (!s->is_usable)
		return;
	p->total[s->is_backup] += more;
	weights_add(p, s->is_backup, i, more);
}

void balance_set_in_flight(struct balance_pool *p, uint32_t i, uint64_t n)
{
	struct balance_server *s = &p->server[i];
	uint32_t now = n < BALANCE_IN_FLIGHT_MAX ? (uint32_t)n : (uint32_t)BALANCE_IN_FLIGHT_MAX;

	if (s->is_usable)
		p->load[s->is_backup] += (uint64_t)now - s->in_flight;
	s->in_flight = now;
}

bool balance_was_tried(const struct balance_tried *t, uint32_t i)
{
	for (uint32_t k = 0; k < t->n; k++)
		if (t->index[k] == i)
			return true;
	return false;
}

void balance_tried_add(struct balance_tried *t, uint32_t i)
{
	if (balance_was_tried(t, i))
		return;
	if (t->n == BALANCE_TRIED_MAX) {
		for (uint32_t k = 1; k < t->n; k++)
			t->index[k - 1] = t->index[k];
		t->n--;
	}
	t->index[t->n++] = i;
}

static struct balance_choice balance_of_kind(const struct balance_pool *p,
					     const struct balance_tried *tried, unsigned kind)
{
	struct balance_choice c = { .n = p->usable[kind],
				    .total = p->total[kind],
				    .is_backup = (uint8_t)kind };

	for (uint32_t k = 0; tried && k < tried->n; k++) {
		const struct balance_server *s = NULL;

		if (tried->index[k] >= p->n)
			continue; /* of another generation's pool */
		s = &p->server[tried->index[k]];
		if (!s->is_usable || s->is_backup != kind)
			continue;
		c.has_exceptions = 1;
		c.n--;
		c.total -= s->weight;
	}
	return c;
}

struct balance_choice balance_choose(const struct balance_pool *p,
				     const struct balance_tried *tried)
{
	struct balance_choice c = balance_of_kind(p, tried, 0);

	return c.n ? c : balance_of_kind(p, tried, 1);
}

/* A request without the key that its pool hashes is spread like any other. */
static uint32_t balance_pick_hashed(const struct balance_pool *p, const struct balance_facts *f)
{
	if (!f->has_hash)
		return least_requests_pick(p, f);
	if (p->algorithm == IMAGE_MAGLEV)
		return maglev_pick(p, f);
	return p->algorithm == IMAGE_RING_HASH ? ring_hash_pick(p, f) : source_address_pick(p, f);
}

uint32_t balance_pick_key(struct balance_pool *p, const struct balance_facts *f)
{
	return p->algorithm == IMAGE_RING_HASH ? ring_hash_pick(p, f) : maglev_pick(p, f);
}

uint32_t balance_pick(struct balance_pool *p, const struct balance_facts *f)
{
	if (p->n == 1 && p->server[0].is_usable && !(f->tried && f->tried->n))
		return 0;
	switch (p->algorithm) {
	case IMAGE_LEAST_REQUESTS:
		return least_requests_pick(p, f);
	case IMAGE_ROUND_ROBIN:
		return round_robin_pick(p, f);
	case IMAGE_RANDOM:
		return random_pick(p, f);
	case IMAGE_PEAK_EWMA:
		return peak_ewma_pick(p, f);
	case IMAGE_FIRST:
		return first_pick(p, f);
	default:
		return balance_pick_hashed(p, f);
	}
}
