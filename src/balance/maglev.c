/*
 * Turns are dealt out by a calendar: a server of the greatest weight has one turn per round, one of
 * half that weight every other round. The rounds that lie ahead hang in a ring of lists, so that a
 * round costs as much as it has turns, however the weights differ.
 */
#include "balance/maglev.h"

#include "balance/bounded.h"

enum {
	MAGLEV_ROUNDS = 512, /* the ring; two turns are at most 256 rounds apart */
	MAGLEV_TRIES = 64,
	MAGLEV_EMPTY = UINT16_MAX,
	MAGLEV_END = UINT32_MAX
};
_Static_assert((int)BALANCE_SERVERS_MAX < (int)MAGLEV_EMPTY, "a place names any server");

struct maglev_deal {
	const struct balance_pool *p;
	struct balance_scratch *s;
	uint16_t *place;
	uint32_t size, filled;
	uint32_t weight_max;
	uint32_t round[MAGLEV_ROUNDS]; /* first server of each list */
};

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
static void maglev_hang(struct maglev_deal *d, uint32_t i)
{
	struct balance_scratch *s = &d->s[i];
	uint64_t turn = ++s->turn;
	uint32_t r = (uint32_t)((turn * d->weight_max / d->p->server[i].full) % MAGLEV_ROUNDS);

	s->next = d->round[r];
	d->round[r] = i;
}

/* The next place in i's own order that is still empty. */
static void maglev_take(struct maglev_deal *d, uint32_t i)
{
	struct balance_scratch *s = &d->s[i];

	while (d->place[s->at] != MAGLEV_EMPTY) {
		s->at += s->skip;
		s->at = s->at < d->size ? s->at : s->at - d->size;
	}
	d->place[s->at] = (uint16_t)i;
	d->filled++;
}

static void maglev_begin(struct maglev_deal *d, unsigned kind)
{
	for (unsigned r = 0; r < MAGLEV_ROUNDS; r++)
		d->round[r] = MAGLEV_END;
	for (uint32_t k = 0; k < d->size; k++)
		d->place[k] = MAGLEV_EMPTY;
	for (uint32_t i = 0; i < d->p->n; i++)
		if (d->p->server[i].is_backup == kind && d->p->server[i].full > d->weight_max)
			d->weight_max = d->p->server[i].full;
	for (uint32_t i = 0; i < d->p->n; i++) {
		uint64_t id = d->p->server[i].id;

		if (d->p->server[i].is_backup != kind)
			continue;
		d->s[i] = (struct balance_scratch){
			.at = (uint32_t)(id >> 32) % d->size,
			.skip = 1 + (uint32_t)(id & UINT32_MAX) % (d->size - 1),
		};
		maglev_hang(d, i);
	}
}

void maglev_build(const struct balance_pool *p, unsigned kind, uint16_t *place, uint32_t size,
		  struct balance_scratch *scratch)
{
	struct maglev_deal d = { .p = p, .s = scratch, .place = place, .size = size };

	maglev_begin(&d, kind);
	for (uint32_t r = 1; d.filled < size; r++) {
		uint32_t i = d.round[r % MAGLEV_ROUNDS], next = 0;

		d.round[r % MAGLEV_ROUNDS] = MAGLEV_END;
		for (; i != MAGLEV_END && d.filled < size; i = next) {
			next = scratch[i].next;
			maglev_take(&d, i);
			maglev_hang(&d, i);
		}
	}
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
