/* As an edge does it: one word is compared for each new session, and the whole table when it
 * differs. */
#include "role/relay/level.h"

#include "role/relay/session.h"

static void level_refresh(struct relay *r)
{
	(void)level_map_refresh(&r->levels, &r->gate->levels, &r->now->image, r->now->number);
}

bool level_lets(struct relay *r, uint16_t slot, const struct ip *ip, bool is_running)
{
	const struct image *im = &r->now->image;
	struct level_facts f = { .what = LEVEL_FOR_STREAM, .is_running = is_running };
	uint16_t on = 0;

	level_refresh(r);
	if (!r->levels.has_any)
		return true;
	on = level_set_of(&r->levels, im, slot, IMAGE_NONE, ip).on;
	level_place(im, ip, &f);
	return level_judge(on, &f) == LEVEL_OPEN;
}

void level_tick(struct relay *r)
{
	level_refresh(r);
	if (r->levels_looked == r->levels.made)
		return;
	r->levels_looked = r->levels.made; /* also when a new session has taken the table first */
	for (uint32_t i = 0; r->levels.has_any && i < r->session_high; i++) {
		struct relay_session *s = &r->session[i];

		if (s->state != SESSION_FREE && !level_lets(r, s->slot, &s->client, true))
			session_isolate(r, s);
	}
}
