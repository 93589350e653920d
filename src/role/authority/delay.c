/* Set-associative by keyed hash: who chooses names can't choose where they meet. */
#include "role/authority/delay.h"

#include "base/hash.h"

enum { DELAY_KIND_STRANGER = 1, DELAY_KIND_KNOWN, DELAY_KIND_SOURCE, DELAY_TEXT = 160 };

static uint64_t delay_hash(const struct delay *d, uint8_t kind, struct view name,
			   const struct ip *network)
{
	uint8_t text[DELAY_TEXT];
	struct wbuf w = wbuf_of(text, sizeof text);
	uint64_t h = 0;

	wbuf_u8(&w, kind);
	if (network)
		wbuf_put(&w, network->b, sizeof network->b);
	wbuf_view_put(&w, name);
	h = hash_keyed(d->key, wbuf_view(&w));
	return h ? h : 1;
}

uint64_t delay_account(const struct delay *d, struct view name, const struct ip *known)
{
	return delay_hash(d, known ? DELAY_KIND_KNOWN : DELAY_KIND_STRANGER, name, known);
}

uint64_t delay_source(const struct delay *d, const struct ip *network)
{
	return delay_hash(d, DELAY_KIND_SOURCE, (struct view){ 0 }, network);
}

static const struct delay_entry *delay_find(const struct delay *d, uint64_t tag)
{
	const struct delay_entry *set = d->set[tag % DELAY_SETS];

	for (unsigned i = 0; i < DELAY_WAYS; i++)
		if (set[i].tag == tag)
			return &set[i];
	return NULL;
}

static uint32_t delay_left(const struct delay *d, uint64_t tag, uint64_t now_ms)
{
	const struct delay_entry *e = delay_find(d, tag);

	return e && e->until_ms > now_ms ? (uint32_t)((e->until_ms - now_ms + 999) / 1000) : 0;
}

uint32_t delay_wait_s(const struct delay *d, const struct delay_key *k, uint64_t now_ms)
{
	uint32_t a = delay_left(d, k->account, now_ms), b = delay_left(d, k->source, now_ms);

	return a > b ? a : b;
}

/* The entry of tag, or the one that makes room for it. */
static struct delay_entry *delay_take(struct delay *d, uint64_t tag)
{
	struct delay_entry *set = d->set[tag % DELAY_SETS], *least = &set[0];

	for (unsigned i = 0; i < DELAY_WAYS; i++) {
		if (set[i].tag == tag)
			return &set[i];
		if (set[i].failures < least->failures ||
		    (set[i].failures == least->failures && set[i].at_ms < least->at_ms))
			least = &set[i];
	}
	*least = (struct delay_entry){ .tag = tag };
	return least;
}

static void delay_add(struct delay *d, uint64_t tag, uint32_t is_free, uint64_t now_ms)
{
	struct delay_entry *e = delay_take(d, tag);
	uint32_t wait_s = 0;

	for (uint64_t t = e->at_ms; e->failures && t + DELAY_FORGET_MS <= now_ms;
	     t += DELAY_FORGET_MS)
		e->failures /= 2;
	if (e->failures < UINT32_MAX)
		e->failures++;
	e->at_ms = now_ms;
	if (e->failures > is_free) {
		uint32_t over = e->failures - is_free - 1;

		wait_s = over < 6 ? 1u << over : (uint32_t)DELAY_MAX_S;
	}
	e->until_ms = now_ms + (uint64_t)wait_s * 1000;
}

void delay_count(struct delay *d, const struct delay_key *k, uint64_t now_ms)
{
	delay_add(d, k->account, DELAY_FREE, now_ms);
	delay_add(d, k->source, DELAY_SOURCE_FREE, now_ms);
}

static struct delay_entry *delay_mine(struct delay *d, uint64_t tag)
{
	struct delay_entry *set = d->set[tag % DELAY_SETS];

	for (unsigned i = 0; i < DELAY_WAYS; i++)
		if (set[i].tag == tag)
			return &set[i];
	return NULL;
}

void delay_forgive(struct delay *d, const struct delay_key *k)
{
	struct delay_entry *account = delay_mine(d, k->account), *source = delay_mine(d, k->source);

	if (account)
		*account = (struct delay_entry){ 0 };
	if (source && source->failures) {
		source->failures--;
		source->until_ms = 0;
	}
}
