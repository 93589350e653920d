/* As an edge does it: one word is compared for each new session, and the whole table when it
 * differs. */
#include "role/relay/level.h"

#include "role/relay/session.h"

static bool level_refresh(struct relay *r)
{
	const struct level_page *page = &r->gate->levels;

	if (r->levels.version && r->levels.version == level_page_version(page) &&
	    r->levels_image == r->now->number)
		return false;
	(void)level_page_read(page, &r->levels.book);
	level_map_make(&r->levels, &r->now->image);
	r->levels_image = r->now->number;
	return true;
}

bool level_lets(struct relay *r, uint16_t slot, const struct ip *ip, bool is_running)
{
	const struct image *im = &r->now->image;
	struct level_facts f = { .what = LEVEL_FOR_STREAM, .is_running = is_running };
	uint16_t on = 0;

	(void)level_refresh(r);
	if (!r->levels.has_any)
		return true;
	on = level_set_of(&r->levels, im, slot, IMAGE_NONE, ip).on;
	level_place(im, ip, &f);
	return level_judge(on, &f) == LEVEL_OPEN;
}

void level_tick(struct relay *r)
{
	if (!level_refresh(r) || !r->levels.has_any)
		return;
	for (uint32_t i = 0; i < r->session_high; i++) {
		struct relay_session *s = &r->session[i];

		if (s->state != SESSION_FREE && !level_lets(r, s->slot, &s->client, true))
			session_isolate(r, s);
	}
}
