/*
 * Turns are dealt out by a calendar: a server of the greatest weight has one turn per round, one of
 * half that weight every other round. The rounds that lie ahead hang in a ring of lists, so that a
 * round costs as much as it has turns, however the weights differ.
 */
#include "balance/maglev.h"

#include "balance/bounded.h"

enum {
	MAGLEV_TRIES = 64,
	MAGLEV_EMPTY = UINT16_MAX,
	MAGLEV_WIPED = 16 /* places made empty in one step */
};
#define MAGLEV_END UINT32_MAX

_Static_assert((int)BALANCE_SERVERS_MAX < (int)MAGLEV_EMPTY, "a place names any server");

uint32_t maglev_size(uint32_t n)
{
	static const uint32_t primes[] = { 251,	  509,	 1021,	2039,	4093,		8191,
					   16381, 32749, 65521, 131071, MAGLEV_SIZE_MAX };
	size_t i = 0;

	if (n == 0)
		return 0;
	while (primes[i] < (uint64_t)n * MAGLEV_PLACES && primes[i] < MAGLEV_SIZE_MAX)
		i++;
	return primes[i];
}

/* A server's k-th turn comes in the round by which it has earned k turns. */
static void maglev_hang(struct maglev_build *b, uint32_t i)
{
	struct balance_scratch *s = &b->s[i];
	uint64_t turn = ++s->turn;
	uint32_t r = (uint32_t)((turn * b->weight_max / b->p->server[i].full) % MAGLEV_ROUNDS);

	s->next = b->round[r];
	b->round[r] = i;
}

/* The next place in i's own order that is still empty. False: that is not found yet. */
static bool maglev_take(struct maglev_build *b, uint32_t i, uint32_t *steps)
{
	struct balance_scratch *s = &b->s[i];

	for (; *steps && b->place[s->at] != MAGLEV_EMPTY; (*steps)--) {
		s->at += s->skip;
		s->at = s->at < b->size ? s->at : s->at - b->size;
	}
	if (*steps == 0)
		return false;
	(*steps)--;
	b->place[s->at] = (uint16_t)i;
	b->filled++;
	return true;
}

/* ---- stages; true: it is over ---- */

static bool maglev_wipe(struct maglev_build *b, uint32_t *steps)
{
	for (; b->at < b->size && *steps; (*steps)--) {
		uint32_t end = b->size - b->at < MAGLEV_WIPED ? b->size : b->at + MAGLEV_WIPED;

		while (b->at < end)
			b->place[b->at++] = MAGLEV_EMPTY;
	}
	return b->at == b->size;
}

static bool maglev_seat(struct maglev_build *b, uint32_t *steps)
{
	for (; b->at < b->p->n && *steps; b->at++, (*steps)--) {
		uint64_t id = b->p->server[b->at].id;

		if (b->p->server[b->at].is_backup != b->kind)
			continue;
		b->s[b->at] = (struct balance_scratch){
			.at = (uint32_t)(id >> 32) % b->size,
			.skip = 1 + (uint32_t)(id & UINT32_MAX) % (b->size - 1),
		};
		maglev_hang(b, b->at);
	}
	return b->at == b->p->n;
}

static bool maglev_deal(struct maglev_build *b, uint32_t *steps)
{
	while (b->filled < b->size && *steps) {
		uint32_t next = 0;

		if (b->i == MAGLEV_END) {
			uint32_t r = ++b->turn % MAGLEV_ROUNDS;

			b->i = b->round[r];
			b->round[r] = MAGLEV_END;
			(*steps)--;
			continue;
		}
		next = b->s[b->i].next;
		if (!maglev_take(b, b->i, steps))
			return false;
		maglev_hang(b, b->i);
		b->i = next;
	}
	return b->filled == b->size;
}

typedef bool maglev_stage(struct maglev_build *b, uint32_t *steps);

static maglev_stage *const maglev_stages[] = { maglev_wipe, maglev_seat, maglev_deal };

void maglev_begin(struct maglev_build *b, const struct balance_pool *p, unsigned kind,
		  uint16_t *place, uint32_t size, struct balance_scratch *scratch)
{
	*b = (struct maglev_build){
		.p = p, .s = scratch, .place = place, .size = size, .kind = kind, .i = MAGLEV_END
	};
	for (unsigned r = 0; r < MAGLEV_ROUNDS; r++)
		b->round[r] = MAGLEV_END;
	for (uint32_t i = 0; i < p->n; i++)
		if (p->server[i].is_backup == kind && p->server[i].full > b->weight_max)
			b->weight_max = p->server[i].full;
}

bool maglev_step(struct maglev_build *b, uint32_t *steps)
{
	enum { STAGES = sizeof maglev_stages / sizeof maglev_stages[0] };

	while (b->stage < STAGES && maglev_stages[b->stage](b, steps)) {
		b->stage++;
		b->at = 0;
	}
	return b->stage == STAGES;
}

uint32_t maglev_pick(const struct balance_pool *p, const struct balance_facts *f)
{
	const struct balance_choice c = balance_choose(p, f->tried);
	const struct balance_table *t = &p->table[c.is_backup];
	const uint16_t *place = t->p;
	uint32_t at = 0, skip = 0;

	if (c.n == 0)
		return BALANCE_NONE;
	at = (uint32_t)((f->hash >> 32) * t->size >> 32);
	skip = 1 + (uint32_t)((f->hash & UINT32_MAX) * (t->size - 1) >> 32);
	for (unsigned k = 0; k < MAGLEV_TRIES; k++) {
		if (bounded_accepts(p, &c, f, place[at]))
			return place[at];
		at += skip;
		at = at < t->size ? at : at - t->size;
	}
	return bounded_any(p, &c, f);
}
