/* What keeps its place in the shared pages over reloads: servers, pools, rules. */
#include "conf/compile.h"
#include "conf/region.h"

void compile_slots_init(struct compile *c, struct compile_slots *s, uint32_t cap)
{
	slots_init(&s->slots, c->check->region, cap);
	s->gens = REGION_NEW(c->check->region, uint32_t, cap);
}

void compile_slots_had(struct compile_slots *s, struct view key, uint32_t slot, uint32_t gen)
{
	slots_had(&s->slots, key, slot);
	s->gens[slot] = gen;
}

static uint32_t *compile_slots_word(void *element, uint32_t at)
{
	return (uint32_t *)(void *)((uint8_t *)element + at); /* an offset of its struct */
}

void compile_slots_keep(struct compile_slots *s, struct view key, void *to)
{
	uint32_t slot = slots_keep(&s->slots, key);

	*compile_slots_word(to, s->slot_at) = slot;
	*compile_slots_word(to, s->gen_at) = slot == NAMES_NONE ? 0 : s->gens[slot];
}

bool compile_slots_new(struct compile *c, struct compile_slots *s)
{
	for (uint32_t i = 0; i < build_n(&c->build, s->section); i++) {
		void *x = build_at(&c->build, s->section, i);
		uint32_t *slot = compile_slots_word(x, s->slot_at);

		if (*slot != NAMES_NONE)
			continue;
		*slot = slots_take(&s->slots);
		*compile_slots_word(x, s->gen_at) = c->build.header.generation;
		if (*slot == NAMES_NONE) {
			diag_error(c->check->diag, (struct place){ 0 },
				   "too many %s: at most %u in all", s->what, s->slots.cap);
			return false;
		}
	}
	return true;
}
