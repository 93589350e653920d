/* The table of rate limits. All words are read and written in one order that every edge sees (the
 * exact mode's proof needs it); on this architecture only the writing of a time costs more than a
 * plain move. */
#include "role/edge/rate.h"

enum { RATE_TRIES = 64 };

/* One question, in the terms of the algorithm. */
struct rate_ask {
	uint64_t tag, now, interval, depth; /* depth: how far ahead of now the time may be */
	size_t set;			    /* its first way in any page */
};

static struct rate_ask rate_ask(const struct image_limit *l, uint64_t tag, uint64_t now_ns)
{
	uint64_t per = (uint64_t)l->per_ms * 1000000u;
	struct rate_ask a = { .tag = tag ? tag : 1, .now = now_ns };
	uint64_t ms = 0;
	size_t class = 0;

	a.interval = (per + l->requests - 1) / l->requests;
	if (__builtin_mul_overflow(a.interval, (uint64_t)l->burst - 1, &a.depth))
		a.depth = INT64_MAX / 2;
	for (ms = (a.depth + a.interval) / 1000000u; ms > 15 && class < PAGE_RATE_CLASSES - 1;
	     ms >>= 4)
		class ++;
	a.set = (class * PAGE_RATE_SETS + a.tag % PAGE_RATE_SETS) * PAGE_RATE_WAYS;
	return a;
}

/* What a page says of the key: its time, or, when its set is full of others, the earliest of
 * theirs. 0: nothing. *ret_way: where it stands, or would. */
static uint64_t rate_look(const struct page_load_page *p, const struct rate_ask *a, size_t *ret_way)
{
	uint64_t least = UINT64_MAX;

	for (size_t i = a->set; i < a->set + PAGE_RATE_WAYS; i++) {
		uint64_t tag = atomic_load(&p->rate[i].tag), tat = 0;

		tat = tag ? atomic_load(&p->rate[i].tat_ns) : 0;
		if (tag == a->tag) {
			*ret_way = i;
			return tat;
		}
		if (tat < least) {
			least = tat;
			*ret_way = i;
		}
	}
	return least > a->now ? least : 0;
}

/* The latest time that another edge knows; no later than a key can have come. */
static uint64_t rate_elsewhere(const struct rate_pages *p, const struct rate_ask *a)
{
	uint64_t most = a->now + a->depth + a->interval, latest = 0;
	size_t way = 0;

	for (unsigned i = 0; i < p->n; i++) {
		uint64_t tat = 0;

		if (!p->all[i] || p->all[i] == p->own)
			continue;
		tat = rate_look(p->all[i], a, &way);
		if (tat > most)
			tat = most;
		if (tat > latest)
			latest = tat;
	}
	return latest;
}

static enum err rate_refuse(const struct rate_ask *a, uint64_t tat, uint64_t *ret_wait_ns)
{
	uint64_t most = a->now + a->depth + a->interval;

	*ret_wait_ns = (tat > most ? most : tat) - a->depth - a->now;
	return E_LIMIT;
}

/* The time first, the tag behind it: who reads the tag reads at least that time. */
static void rate_write(struct page_rate *r, uint64_t tag, uint64_t tat)
{
	atomic_store(&r->tat_ns, tat);
	if (atomic_load_explicit(&r->tag, memory_order_relaxed) != tag)
		atomic_store(&r->tag, tag);
}

enum err rate_take(const struct rate_pages *p, const struct image_limit *limit, uint64_t tag,
		   uint64_t now_ns, uint64_t *ret_wait_ns)
{
	struct rate_ask a = rate_ask(limit, tag, now_ns);
	size_t way = a.set;
	uint64_t own = rate_look(p->own, &a, &way), elsewhere = rate_elsewhere(p, &a);
	struct page_rate *r = &p->own->rate[way];
	uint64_t old_tag = atomic_load_explicit(&r->tag, memory_order_relaxed),
		 old_tat = atomic_load_explicit(&r->tat_ns, memory_order_relaxed), tat = 0;

	for (unsigned i = 0; i < RATE_TRIES; i++) {
		tat = own > elsewhere ? own : elsewhere;
		if (tat < a.now)
			tat = a.now;
		if (tat - a.now > a.depth)
			break;
		rate_write(r, a.tag, tat + a.interval);
		if (limit->kind != IMAGE_LIMIT_RATE_EXACT)
			return E_OK;
		elsewhere = rate_elsewhere(p, &a);
		if (elsewhere <= tat)
			return E_OK;
	}
	if (old_tag != atomic_load_explicit(&r->tag, memory_order_relaxed) ||
	    old_tat != atomic_load_explicit(&r->tat_ns, memory_order_relaxed)) {
		/* nothing was let through: what was written for it is taken back */
		atomic_store(&r->tat_ns, old_tat);
		atomic_store(&r->tag, old_tag);
	}
	return rate_refuse(&a, tat, ret_wait_ns);
}
