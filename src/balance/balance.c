/* The bookkeeping that all algorithms share; linked by the edge. */
#include "balance/balance.h"

#include "balance/least_requests.h"
#include "balance/round_robin.h"

void balance_init(struct balance_pool *p, struct balance_server *server, uint32_t n,
		  enum image_balance algorithm)
{
	*p = (struct balance_pool){ .server = server, .n = n, .algorithm = (uint8_t)algorithm };
	for (uint32_t i = 0; i < n; i++) {
		server[i].is_backup = server[i].is_backup ? 1 : 0;
		if (server[i].weight > p->weight_max)
			p->weight_max = server[i].weight;
	}
}

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
	} else {
		p->usable[kind]--;
		p->total[kind] -= s->weight;
	}
	/* Credits earned among other servers would skew the first turns among these. */
	if (p->algorithm == IMAGE_ROUND_ROBIN)
		for (uint32_t k = 0; k < p->n; k++)
			p->server[k].current = 0;
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

uint32_t balance_pick(struct balance_pool *p, const struct balance_tried *tried, struct rng *r)
{
	if (p->n == 1 && p->server[0].is_usable && !(tried && tried->n))
		return 0;
	return p->algorithm == IMAGE_ROUND_ROBIN ? round_robin_pick(p, tried)
						 : least_requests_pick(p, tried, r);
}
