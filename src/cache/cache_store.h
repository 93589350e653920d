/*
 * The memory of the cache: answers in blocks of fixed size, found by the URL they answer, evicted
 * by S3-FIFO (Yang, Zhang, Qiu, Yue, Vinayak: "FIFO queues are all you need for cache eviction",
 * SOSP 2023): new ones enter a small queue, those asked for again move to the main one, the
 * fingerprints of others are remembered for a while. So a scan, or a client that asks for ever new
 * URLs, pushes out little but itself.
 *
 * Pure: memory comes from the owner, and there is no clock. One reader and writer.
 */
#ifndef CACHE_CACHE_STORE_H
#define CACHE_CACHE_STORE_H

#include "base/list.h"
#include "base/wbuf.h"
#include "cache/cache_pattern.h"
#include "cache/cache_policy.h"

enum {
	CACHE_STORE_BLOCK = 2048,
	CACHE_STORE_VARIANTS = 16, /* answers of one URL; more push out the oldest */
	CACHE_STORE_GHOSTS = 1 << 14,
	CACHE_STORE_MARKS = 1 << 9
};

#define CACHE_STORE_NONE UINT32_MAX

/* One answer. Its bytes: key, vary, head, body, one behind the other over a chain of blocks. */
struct cache_entry {
	uint64_t hash, scope;
	struct cache_entry *chain; /* of the same bucket; free list */
	struct list queue;
	uint32_t first, last, blocks; /* its chain of blocks */
	uint32_t n;		      /* bytes in them */
	uint32_t key_n, vary_n, head_n, body_n;
	uint32_t refs;
	uint8_t freq;	/* 0..3: asked for since it entered its queue */
	bool is_main;	/* which queue */
	bool is_linked; /* it can be found */
	uint16_t status;
	struct cache_life life; /* the owner's, as all below */
	uint64_t stored_ms;
};

struct cache_store {
	uint8_t *bytes;	  /* block_cap blocks; the owner's, as next, entries and buckets */
	uint32_t *next;	  /* per block: the one behind it */
	uint32_t *ghosts; /* CACHE_STORE_GHOSTS fingerprints, by hash */
	struct cache_entry *entries, **buckets, *free_entry;
	struct list small, main; /* newest first */
	uint64_t key[2];	 /* of the hash: clients choose what is hashed */
	uint32_t block_cap, limit /* blocks that may be used */, used;
	uint32_t small_used, free_block, block_high, entry_high, entry_n;
	uint32_t mask; /* buckets - 1 */
	uint64_t evicted;
	/* What an answer must have been asked for after, to be stored: turns of all entries, and of
	 * those whose hash falls on a mark */
	uint64_t turn, floor, marks[CACHE_STORE_MARKS];
};

/* What went. */
struct cache_purged {
	uint32_t entries;
	uint64_t bytes; /* of memory */
};

/* cache_store_bytes - memory that a store of so many blocks needs, all zero */
size_t cache_store_bytes(uint32_t blocks);

/*
 * cache_store_init - s over memory of cache_store_bytes(blocks)
 *   key   128 random bits
 */
void cache_store_init(struct cache_store *s, void *memory, uint32_t blocks, const uint64_t key[2]);

/* cache_store_limit - at most so many blocks from now on; before first use. A limit of another
 * order of magnitude empties it */
void cache_store_limit(struct cache_store *s, uint32_t blocks);

/* cache_store_hash - of a key, keyed */
uint64_t cache_store_hash(const struct cache_store *s, struct view key);

/* cache_store_find - the newest visible entry with this key behind `after` (NULL: of all), whatever
 * its scope; NULL: no more */
struct cache_entry *cache_store_find(const struct cache_store *s, struct view key, uint64_t hash,
				     const struct cache_entry *after);

/*
 * cache_store_new - an entry that nobody can find yet, held once
 *   key, vary   together less than a block
 * NULL: no memory, or they are too long
 */
struct cache_entry *cache_store_new(struct cache_store *s, uint64_t scope, struct view key,
				    struct view vary);

/* cache_store_append - v behind what e has. E_NOMEM: it is as it was, but for its tail */
enum err cache_store_append(struct cache_store *s, struct cache_entry *e, struct view v);

/* cache_store_commit - e can be found; it takes the place of an entry with the same key, scope and
 * vary. Still held */
void cache_store_commit(struct cache_store *s, struct cache_entry *e);

/* cache_store_hold, cache_store_drop - its bytes stay while it is held */
void cache_store_hold(struct cache_entry *e);
void cache_store_drop(struct cache_store *s, struct cache_entry *e);

/* cache_store_touch - it was asked for */
void cache_store_touch(struct cache_entry *e);

/* cache_store_remove - it can't be found any more */
void cache_store_remove(struct cache_store *s, struct cache_entry *e);

/* cache_store_remove_key - the same for all entries of a key, whatever their scope: how many; what
 * was asked for before now will not take their place */
uint32_t cache_store_remove_key(struct cache_store *s, struct view key);

/* cache_store_purge - ... whose key a pattern matches; nothing that was asked for before now will
 * be stored. Looks at every entry */
struct cache_purged cache_store_purge(struct cache_store *s, const struct cache_pattern *pattern);

/* cache_store_turn - now, for cache_store_is_current */
uint64_t cache_store_turn(const struct cache_store *s);

/* cache_store_is_current - nothing with this hash of a key has been removed on purpose since that
 * turn: an answer that was asked for then may be stored (now and then false without need) */
bool cache_store_is_current(const struct cache_store *s, uint64_t hash, uint64_t since);

/* cache_store_key, cache_store_vary - borrowed from the entry */
struct view cache_store_key(const struct cache_store *s, const struct cache_entry *e);
struct view cache_store_vary(const struct cache_store *s, const struct cache_entry *e);

/* cache_store_read - up to n bytes of e from position at, appended to w; less at its end */
void cache_store_read(const struct cache_store *s, const struct cache_entry *e, size_t at, size_t n,
		      struct wbuf *w);

#endif
