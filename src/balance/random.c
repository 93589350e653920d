/* One draw by weight. */
#include "balance/random.h"

#include "balance/draw.h"

uint32_t random_pick(const struct balance_pool *p, const struct balance_facts *f)
{
	const struct balance_choice c = balance_choose(p, f->tried);

	return c.n ? draw_one(p, &c, f, BALANCE_NONE) : BALANCE_NONE;
}
