/*
 * Two servers are drawn, each with the chance its weight gives, and the one that would be less
 * loaded with one more request is taken. When both are idle the first drawn is taken: an idle pool
 * follows its weights, where "less loaded" would always name the heaviest.
 */
#include "balance/least_requests.h"

#include "balance/draw.h"

uint32_t least_requests_pick(const struct balance_pool *p, const struct balance_facts *f)
{
	const struct balance_choice c = balance_choose(p, f->tried);
	const struct balance_server *a = NULL, *b = NULL;
	struct draw_pair d = { 0 };

	if (c.n == 0)
		return BALANCE_NONE;
	d = draw_two(p, &c, f);
	if (d.second == BALANCE_NONE)
		return d.first;
	a = &p->server[d.first];
	b = &p->server[d.second];
	if ((a->in_flight | b->in_flight) == 0)
		return d.first;
	/* (a + 1) / weight_a <= (b + 1) / weight_b, without division */
	return ((uint64_t)a->in_flight + 1) * b->weight <= ((uint64_t)b->in_flight + 1) * a->weight
		       ? d.first
		       : d.second;
}
