/* Free places form a ring, so that one is used again as late as can be. */
#include "role/authority/seat.h"

#include "sys/secret.h"

/* In the gate page, with the generation: no grant has it (seat_new_generation). */
static const uint64_t seat_is_cut = 1ull << 63;

uint64_t seat_new_generation(void)
{
	uint64_t g = 0;

	secret_random(&g, sizeof g);
	return g >> 2 | 1; /* the store's integers have a sign */
}

uint32_t seat_take(struct authority *a)
{
	uint32_t slot = 0;

	if (!a->free_n)
		return 0;
	slot = a->free_seats[a->free_first];
	a->free_first = (a->free_first + 1) % PAGE_SESSIONS;
	a->free_n--;
	return slot;
}

void seat_sit(struct authority *a, const struct session *s)
{
	uint64_t cut = s->generation | seat_is_cut, shown = PAGE_GET(a->gate->session[s->slot]);

	a->seats[s->slot] = (struct seat){ .session = s->id,
					   .user = s->user.id,
					   .seen_s = (uint32_t)s->seen_s,
					   .is_cut = shown == cut };
	PAGE_SET(a->gate->session[s->slot], shown == cut ? cut : s->generation);
	PAGE_SET(a->gate->sessions, ++a->session_n);
}

bool seat_cut(struct authority *a, uint32_t slot)
{
	struct seat *seat = &a->seats[slot];
	uint64_t shown = PAGE_GET(a->gate->session[slot]);

	if (!seat->session || seat->is_cut)
		return false;
	seat->is_cut = true;
	PAGE_SET(a->gate->session[slot], shown | seat_is_cut);
	return true;
}

void seat_free(struct authority *a, uint32_t slot)
{
	if (a->seats[slot].session)
		PAGE_SET(a->gate->sessions, --a->session_n);
	PAGE_SET(a->gate->session[slot], 0);
	a->seats[slot] = (struct seat){ 0 };
	a->free_seats[(a->free_first + a->free_n++) % PAGE_SESSIONS] = (uint16_t)slot;
}

void seat_free_rest(struct authority *a)
{
	for (uint32_t slot = 1; slot < PAGE_SESSIONS; slot++)
		if (!a->seats[slot].session)
			seat_free(a, slot);
	PAGE_SET(a->gate->sessions, a->session_n);
}
