/* A server at its limit is not usable (its owner sees to that), so the first usable one it is. */
#include "balance/first.h"

#include "balance/weights.h"

uint32_t first_pick(const struct balance_pool *p, const struct balance_facts *f)
{
	const struct balance_choice c = balance_choose(p, f->tried);

	return c.n ? weights_find_left(p, &c, f->tried, BALANCE_NONE, 0) : BALANCE_NONE;
}
