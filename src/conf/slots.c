/* Slots over reloads; pure. */
#include "conf/slots.h"

#include "conf/region.h"

void slots_init(struct slots *s, struct arena *region, uint32_t cap)
{
	*s = (struct slots){ .before = names_of(region), .cap = cap };
	s->state = REGION_NEW(region, uint8_t, cap);
}

void slots_had(struct slots *s, struct view key, uint32_t slot)
{
	INVARIANT(slot < s->cap);
	names_set(&s->before, key, slot);
	s->state[slot] = SLOTS_BEFORE;
}

uint32_t slots_keep(struct slots *s, struct view key)
{
	uint32_t slot = names_get(&s->before, key);

	if (slot == NAMES_NONE || s->state[slot] == SLOTS_TAKEN)
		return NAMES_NONE;
	s->state[slot] = SLOTS_TAKEN;
	return slot;
}

/* The first slot from s->next on that is in the given state. */
static uint32_t slots_find(struct slots *s, enum slots_state state)
{
	while (s->next < s->cap && s->state[s->next] != state)
		s->next++;
	if (s->next == s->cap)
		return NAMES_NONE;
	s->state[s->next] = SLOTS_TAKEN;
	return s->next++;
}

uint32_t slots_take(struct slots *s)
{
	uint32_t slot = slots_find(s, SLOTS_FREE);

	if (slot != NAMES_NONE)
		return slot;
	/* None that nobody used: what the image before used and this one dropped. */
	for (uint32_t i = 0; i < s->cap; i++) {
		if (s->state[i] == SLOTS_BEFORE) {
			s->state[i] = SLOTS_TAKEN;
			return i;
		}
	}
	return NAMES_NONE;
}
