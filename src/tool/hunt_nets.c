/* A sorted array is a forest: what lies around a network comes before it. */
#include "tool/hunt_nets.h"

#include <stdlib.h>

struct nets_key {
	uint64_t high, low;
};

static struct nets_key nets_key(const struct ip *a)
{
	struct view v = view_of(a->b, sizeof a->b);
	struct nets_key k = { 0 };

	if (view_u64(&v, &k.high) != E_OK || view_u64(&v, &k.low) != E_OK)
		return (struct nets_key){ 0 };
	return k;
}

static int nets_compare(const void *x, const void *y)
{
	const struct hunt_net *a = x, *b = y;

	if (a->high != b->high)
		return a->high < b->high ? -1 : 1;
	if (a->low != b->low)
		return a->low < b->low ? -1 : 1;
	if (a->bits != b->bits)
		return a->bits < b->bits ? -1 : 1;
	return (a->term > b->term) - (a->term < b->term);
}

static bool nets_has(const struct hunt_net *n, const struct nets_key *k)
{
	uint64_t high = n->high ^ k->high, low = n->low ^ k->low;

	if (n->bits == 0)
		return true;
	if (n->bits <= 64)
		return high >> (64 - n->bits) == 0;
	return high == 0 && low >> (128 - n->bits) == 0;
}

/* Sorted: those that are the same are neighbours. */
static bool nets_are_too_many(const struct hunt_nets *t)
{
	for (size_t i = HUNT_SAME; i < t->n; i++) {
		const struct hunt_net *a = &t->net[i - HUNT_SAME], *b = &t->net[i];

		if (a->high == b->high && a->low == b->low && a->bits == b->bits)
			return true;
	}
	return false;
}

static void nets_nest(struct hunt_nets *t)
{
	for (size_t i = 0; i < t->n; i++) {
		struct nets_key k = { t->net[i].high, t->net[i].low };
		uint32_t around = i ? (uint32_t)i - 1 : HUNT_NONE;

		while (around != HUNT_NONE && !nets_has(&t->net[around], &k))
			around = t->net[around].inside;
		t->net[i].inside = around;
	}
}

enum err hunt_nets_new(const struct hunt_set *s, struct hunt_nets *ret)
{
	size_t n = 0;

	*ret = (struct hunt_nets){ 0 };
	for (size_t i = 0; i < s->term_n; i++)
		n += s->term[i].value.field == HUNT_IP;
	if (n == 0)
		return E_OK;
	ret->net = calloc(n, sizeof *ret->net);
	if (!ret->net)
		return E_NOMEM;
	for (size_t i = 0; i < s->term_n; i++) {
		const struct hunt_value *v = &s->term[i].value;
		struct nets_key k = nets_key(&v->net.ip);

		if (v->field == HUNT_IP)
			ret->net[ret->n++] = (struct hunt_net){ .high = k.high,
								.low = k.low,
								.term = (uint32_t)i,
								.bits = v->net.bits };
	}
	qsort(ret->net, n, sizeof *ret->net, nets_compare);
	if (nets_are_too_many(ret)) {
		hunt_nets_done(ret);
		return E_LIMIT;
	}
	nets_nest(ret);
	return E_OK;
}

void hunt_nets_done(struct hunt_nets *t)
{
	free(t->net);
	*t = (struct hunt_nets){ 0 };
}

uint32_t hunt_nets_first(const struct hunt_nets *t, const struct ip *a)
{
	struct nets_key k = nets_key(a);
	size_t from = 0, n = t->n;
	uint32_t at = HUNT_NONE;

	/* The last that begins at or before the address. */
	while (n) {
		const struct hunt_net *middle = &t->net[from + n / 2];

		if (middle->high < k.high || (middle->high == k.high && middle->low <= k.low)) {
			from += n / 2 + 1;
			n -= n / 2 + 1;
		} else {
			n /= 2;
		}
	}
	at = from ? (uint32_t)from - 1 : HUNT_NONE;
	while (at != HUNT_NONE && !nets_has(&t->net[at], &k))
		at = t->net[at].inside;
	return at;
}
