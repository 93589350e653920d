/* What is remembered of streams that are gone: a ring, and how far what left it reached. */
#include "role/edge/h2_gone.h"

bool h2_gone_begin(struct h2_gone *g, int32_t id)
{
	if (id <= g->last)
		return false;
	if (id - g->last > 2) { /* numbers of one side go by twos */
		g->gap_from = g->last + 1;
		g->gap_last = id - 1;
	}
	g->last = id;
	return true;
}

void h2_gone_reset(struct h2_gone *g, int32_t id)
{
	if (g->reset[g->at] > g->forgotten)
		g->forgotten = g->reset[g->at];
	g->reset[g->at] = id;
	g->at = (uint8_t)((g->at + 1) % H2_GONE_RESETS);
}

enum h2_gone_state h2_gone_what(const struct h2_gone *g, int32_t id)
{
	if (id >= g->gap_from && id <= g->gap_last)
		return H2_GONE_NEVER;
	if (id <= g->forgotten)
		return H2_GONE_CROSSED;
	for (unsigned i = 0; i < H2_GONE_RESETS; i++)
		if (g->reset[i] == id)
			return H2_GONE_CROSSED;
	return H2_GONE_ENDED;
}
