/* Blocks, buckets and the two queues. */
#include "cache/cache_store.h"

enum { STORE_FREQ_MAX = 3, STORE_SMALL_PART = 10 /* of the limit, S3-FIFO's small queue */ };

static uint32_t cache_store_buckets(uint32_t blocks)
{
	uint32_t n = 64;

	while (n < blocks)
		n *= 2;
	return n;
}

size_t cache_store_bytes(uint32_t blocks)
{
	return (size_t)blocks *
		       (CACHE_STORE_BLOCK + sizeof(struct cache_entry) + sizeof(uint32_t)) +
	       cache_store_buckets(blocks) * sizeof(struct cache_entry *) +
	       CACHE_STORE_GHOSTS * sizeof(uint32_t);
}

void cache_store_init(struct cache_store *s, void *memory, uint32_t blocks, const uint64_t key[2])
{
	uint8_t *p = memory;
	size_t buckets = cache_store_buckets(blocks);

	*s = (struct cache_store){ .bytes = p, .block_cap = blocks };
	p += (size_t)blocks * CACHE_STORE_BLOCK;
	s->entries = (struct cache_entry *)(void *)p;
	p += blocks * sizeof *s->entries;
	s->buckets = (struct cache_entry **)(void *)p;
	p += buckets * sizeof *s->buckets;
	s->next = (uint32_t *)(void *)p;
	p += blocks * sizeof *s->next;
	s->ghosts = (uint32_t *)(void *)p;
	s->free_block = CACHE_STORE_NONE;
	s->key[0] = key[0] | 1;
	s->key[1] = key[1] | 1;
	list_init(&s->small);
	list_init(&s->main);
}

/* ---- hash: multiply and fold, keyed (as in wyhash, Wang Yi, 2019) ---- */

static uint64_t cache_store_mix(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 x = (unsigned __int128)a * b;

	return (uint64_t)x ^ (uint64_t)(x >> 64);
}

uint64_t cache_store_hash(const struct cache_store *s, struct view key)
{
	uint64_t h = s->key[0] ^ key.n;

	while (key.n) {
		uint64_t word = 0;
		size_t n = key.n < 8 ? key.n : 8;

		for (size_t i = 0; i < n; i++)
			word |= (uint64_t)key.p[i] << 8 * i;
		h = cache_store_mix(h ^ word, s->key[1]) + s->key[0];
		key = view_slice(key, n, key.n);
	}
	return cache_store_mix(h, s->key[0]);
}

/* ---- blocks ---- */

static struct view cache_store_block(const struct cache_store *s, uint32_t b)
{
	return view_of(s->bytes + (size_t)b * CACHE_STORE_BLOCK, CACHE_STORE_BLOCK);
}

static void cache_store_free(struct cache_store *s, struct cache_entry *e)
{
	if (e->first != CACHE_STORE_NONE) {
		s->next[e->last] = s->free_block;
		s->free_block = e->first;
		s->used -= e->blocks;
	}
	*e = (struct cache_entry){ .chain = s->free_entry };
	s->free_entry = e;
	s->entry_n--;
}

/* ---- queues ---- */

static void cache_store_enqueue(struct cache_store *s, struct cache_entry *e, bool is_main)
{
	e->is_main = is_main;
	e->freq = 0;
	list_push(is_main ? &s->main : &s->small, &e->queue);
	if (!is_main)
		s->small_used += e->blocks;
}

static void cache_store_dequeue(struct cache_store *s, struct cache_entry *e)
{
	list_remove(&e->queue);
	if (!e->is_main)
		s->small_used -= e->blocks;
}

static uint32_t cache_store_print(uint64_t hash)
{
	return (uint32_t)(hash >> 32) | 1;
}

static uint32_t *cache_store_ghost(const struct cache_store *s, uint64_t hash)
{
	return &s->ghosts[hash & (CACHE_STORE_GHOSTS - 1)];
}

void cache_store_remove(struct cache_store *s, struct cache_entry *e)
{
	struct cache_entry **at = &s->buckets[e->hash & s->mask];

	if (!e->is_linked)
		return;
	while (*at != e)
		at = &(*at)->chain;
	*at = e->chain;
	e->chain = NULL;
	e->is_linked = false;
	cache_store_dequeue(s, e);
	if (e->refs == 0)
		cache_store_free(s, e);
}

static void cache_store_evict_small(struct cache_store *s)
{
	struct cache_entry *e = LIST_OWNER(s->small.prev, struct cache_entry, queue);

	if (e->freq > 1) {
		cache_store_dequeue(s, e);
		cache_store_enqueue(s, e, true);
		return;
	}
	*cache_store_ghost(s, e->hash) = cache_store_print(e->hash);
	s->evicted++;
	cache_store_remove(s, e);
}

static void cache_store_evict_main(struct cache_store *s)
{
	struct cache_entry *e = LIST_OWNER(s->main.prev, struct cache_entry, queue);

	if (e->freq) {
		e->freq--;
		list_remove(&e->queue);
		list_push(&s->main, &e->queue);
		return;
	}
	s->evicted++;
	cache_store_remove(s, e);
}

/* One step; each takes an entry out, or lowers what keeps one in: there is an end. */
static enum err cache_store_evict(struct cache_store *s)
{
	bool has_small = !list_is_empty(&s->small), has_main = !list_is_empty(&s->main);

	if (!has_small && !has_main)
		return E_NOMEM;
	if (has_small && (!has_main || s->small_used >= s->limit / STORE_SMALL_PART))
		cache_store_evict_small(s);
	else
		cache_store_evict_main(s);
	return E_OK;
}

static void cache_store_empty(struct cache_store *s)
{
	for (uint32_t i = 0; i < s->entry_high; i++)
		cache_store_remove(s, &s->entries[i]);
}

void cache_store_limit(struct cache_store *s, uint32_t blocks)
{
	uint32_t limit = blocks < s->block_cap ? blocks : s->block_cap;
	uint32_t mask = cache_store_buckets(limit) - 1;

	if (mask != s->mask) /* as few pages of buckets as the limit needs */
		cache_store_empty(s);
	s->mask = mask;
	s->limit = limit;
	while (s->used > s->limit)
		if (cache_store_evict(s) != E_OK)
			return; /* the rest is held: it goes when that ends */
}

static enum err cache_store_grow(struct cache_store *s, struct cache_entry *e)
{
	uint32_t b = 0;

	while (s->used >= s->limit)
		TRY(cache_store_evict(s));
	b = s->free_block;
	if (b != CACHE_STORE_NONE)
		s->free_block = s->next[b];
	else
		b = s->block_high++;
	s->next[b] = CACHE_STORE_NONE;
	if (e->first == CACHE_STORE_NONE)
		e->first = b;
	else
		s->next[e->last] = b;
	e->last = b;
	e->blocks++;
	s->used++;
	return E_OK;
}

/* ---- entries ---- */

enum err cache_store_append(struct cache_store *s, struct cache_entry *e, struct view v)
{
	while (v.n) {
		size_t used = e->n % CACHE_STORE_BLOCK;
		struct view part = { 0 };
		struct wbuf w = { 0 };

		if (e->n == (size_t)e->blocks * CACHE_STORE_BLOCK)
			TRY(cache_store_grow(s, e));
		part = view_slice(v, 0, CACHE_STORE_BLOCK - used);
		w = (struct wbuf){ .p = s->bytes + (size_t)e->last * CACHE_STORE_BLOCK,
				   .n = used,
				   .cap = CACHE_STORE_BLOCK };
		wbuf_view_put(&w, part);
		e->n += (uint32_t)part.n;
		v = view_slice(v, part.n, v.n);
	}
	return E_OK;
}

struct cache_entry *cache_store_new(struct cache_store *s, uint64_t scope, struct view key,
				    struct view vary)
{
	struct cache_entry *e = s->free_entry;

	if (key.n == 0 || key.n + vary.n > CACHE_STORE_BLOCK)
		return NULL;
	if (e)
		s->free_entry = e->chain;
	else if (s->entry_high < s->block_cap)
		e = &s->entries[s->entry_high++];
	if (!e)
		return NULL;
	*e = (struct cache_entry){ .hash = cache_store_hash(s, key),
				   .scope = scope,
				   .first = CACHE_STORE_NONE,
				   .key_n = (uint32_t)key.n,
				   .vary_n = (uint32_t)vary.n,
				   .refs = 1 };
	list_init(&e->queue);
	s->entry_n++;
	if (cache_store_append(s, e, key) == E_OK && cache_store_append(s, e, vary) == E_OK)
		return e;
	cache_store_drop(s, e);
	return NULL;
}

struct view cache_store_key(const struct cache_store *s, const struct cache_entry *e)
{
	return view_slice(cache_store_block(s, e->first), 0, e->key_n);
}

struct view cache_store_vary(const struct cache_store *s, const struct cache_entry *e)
{
	return view_slice(cache_store_block(s, e->first), e->key_n, e->vary_n);
}

struct cache_entry *cache_store_find(const struct cache_store *s, struct view key, uint64_t hash,
				     const struct cache_entry *after)
{
	struct cache_entry *e = after ? after->chain : s->buckets[hash & s->mask];

	while (e && (e->hash != hash || !view_eq(cache_store_key(s, e), key)))
		e = e->chain;
	return e;
}

static bool cache_store_is_same(const struct cache_store *s, const struct cache_entry *a,
				const struct cache_entry *b)
{
	return a->scope == b->scope && view_eq(cache_store_vary(s, a), cache_store_vary(s, b));
}

/* Room for e among the answers of its URL: the one it replaces goes, and the oldest of too many. */
static void cache_store_make_place(struct cache_store *s, const struct cache_entry *e)
{
	struct view key = cache_store_key(s, e);
	struct cache_entry *old = cache_store_find(s, key, e->hash, NULL), *next = NULL;

	for (uint32_t n = 1; old; old = next, n++) {
		next = cache_store_find(s, key, e->hash, old);
		if (cache_store_is_same(s, e, old) || n >= CACHE_STORE_VARIANTS)
			cache_store_remove(s, old);
	}
}

void cache_store_commit(struct cache_store *s, struct cache_entry *e)
{
	uint32_t *ghost = cache_store_ghost(s, e->hash);
	bool was_here = *ghost == cache_store_print(e->hash);

	INVARIANT(!e->is_linked);
	cache_store_make_place(s, e);
	e->chain = s->buckets[e->hash & s->mask];
	s->buckets[e->hash & s->mask] = e;
	e->is_linked = true;
	if (was_here)
		*ghost = 0;
	cache_store_enqueue(s, e, was_here);
}

void cache_store_hold(struct cache_entry *e)
{
	e->refs++;
}

void cache_store_drop(struct cache_store *s, struct cache_entry *e)
{
	INVARIANT(e->refs);
	if (--e->refs == 0 && !e->is_linked)
		cache_store_free(s, e);
}

void cache_store_touch(struct cache_entry *e)
{
	if (e->freq < STORE_FREQ_MAX)
		e->freq++;
}

uint64_t cache_store_turn(const struct cache_store *s)
{
	return s->turn;
}

static uint64_t *cache_store_mark(struct cache_store *s, uint64_t hash)
{
	return &s->marks[hash & (CACHE_STORE_MARKS - 1)];
}

bool cache_store_is_current(const struct cache_store *s, uint64_t hash, uint64_t since)
{
	return s->floor <= since && s->marks[hash & (CACHE_STORE_MARKS - 1)] <= since;
}

uint32_t cache_store_remove_key(struct cache_store *s, struct view key)
{
	uint64_t hash = cache_store_hash(s, key);
	uint32_t n = 0;

	*cache_store_mark(s, hash) = ++s->turn;
	for (struct cache_entry *e = NULL; (e = cache_store_find(s, key, hash, NULL)); n++)
		cache_store_remove(s, e);
	return n;
}

struct cache_purged cache_store_purge(struct cache_store *s, const struct cache_pattern *pattern)
{
	struct cache_purged gone = { 0 };

	s->floor = ++s->turn;
	for (uint32_t i = 0; i < s->entry_high; i++) {
		struct cache_entry *e = &s->entries[i];

		if (!e->is_linked || !cache_pattern_matches(pattern, cache_store_key(s, e)))
			continue;
		gone.entries++;
		gone.bytes += (uint64_t)e->blocks * CACHE_STORE_BLOCK;
		cache_store_remove(s, e);
	}
	return gone;
}

void cache_store_read(const struct cache_store *s, const struct cache_entry *e, size_t at, size_t n,
		      struct wbuf *w)
{
	uint32_t b = e->first;

	if (at >= e->n)
		return;
	n = n < e->n - at ? n : e->n - at;
	for (; at >= CACHE_STORE_BLOCK; at -= CACHE_STORE_BLOCK)
		b = s->next[b];
	while (n) {
		struct view part = view_slice(cache_store_block(s, b), at, n);

		wbuf_view_put(w, part);
		n -= part.n;
		at = 0;
		b = s->next[b];
	}
}
