/* The store: what is put in comes out, across blocks; limits; who is pushed out (S3-FIFO). */
#include "tests/unit/check.h"

#include "cache/cache_store.h"

#include <stdio.h>
#include <stdlib.h>

enum { BLOCKS = 256, BIG = 3 * CACHE_STORE_BLOCK + 17 };

static const uint64_t hash_key[2] = { 0x9e3779b97f4a7c15u, 0xd1b54a32d192ed03u };

struct fixture {
	struct cache_store s;
	void *memory;
};

/* The store holds rings: it can't be moved. */
static void make(struct fixture *f, uint32_t limit)
{
	f->memory = calloc(1, cache_store_bytes(BLOCKS));
	cache_store_init(&f->s, f->memory, BLOCKS, hash_key);
	cache_store_limit(&f->s, limit);
}

/* An entry of n bytes, found under key when it is committed. NULL: no memory */
static struct cache_entry *put(struct cache_store *s, const char *key, uint64_t scope,
			       const char *vary, size_t n)
{
	struct cache_entry *e = cache_store_new(s, scope, view_str(key), view_str(vary));
	uint8_t bytes[100];

	for (size_t i = 0; e && i < n; i += sizeof bytes) {
		size_t part = n - i < sizeof bytes ? n - i : sizeof bytes;

		for (size_t k = 0; k < part; k++)
			bytes[k] = (uint8_t)((i + k) * 7);
		if (cache_store_append(s, e, view_of(bytes, part)) != E_OK) {
			cache_store_drop(s, e);
			return NULL;
		}
	}
	if (!e)
		return NULL;
	cache_store_commit(s, e);
	cache_store_drop(s, e);
	return e;
}

static struct cache_entry *find(const struct cache_store *s, const char *key)
{
	return cache_store_find(s, view_str(key), cache_store_hash(s, view_str(key)), NULL);
}

static void test_bytes(void **state)
{
	struct fixture f = { 0 };
	struct cache_entry *e = NULL;
	uint8_t *room = malloc(BIG + 100);

	(void)state;
	make(&f, BLOCKS);
	e = put(&f.s, "https|a/x", 1, "vary", BIG);
	assert_ptr_equal(find(&f.s, "https|a/x"), e);
	assert_null(find(&f.s, "https|a/"));
	CHECK_VIEW(cache_store_key(&f.s, e), "https|a/x");
	CHECK_VIEW(cache_store_vary(&f.s, e), "vary");
	for (size_t at = 0; at <= BIG; at += 97) {
		struct wbuf w = wbuf_of(room, BIG + 100);

		cache_store_read(&f.s, e, 13 + at, BIG, &w);
		assert_int_equal(w.n, BIG - at);
		for (size_t i = 0; i < w.n; i++)
			assert_int_equal(room[i], (uint8_t)((at + i) * 7));
	}
	free(room);
	free(f.memory);
}

static void test_keys_and_variants(void **state)
{
	struct fixture f = { 0 };
	struct cache_entry *a = NULL, *b = NULL;
	char vary[16], key[CACHE_STORE_BLOCK + 2];

	(void)state;
	make(&f, BLOCKS);
	a = put(&f.s, "k", 1, "a", 10);
	b = put(&f.s, "k", 1, "b", 10);
	assert_ptr_equal(find(&f.s, "k"), b); /* the newest first */
	assert_ptr_equal(cache_store_find(&f.s, VIEW("k"), b->hash, b), a);
	(void)put(&f.s, "k", 1, "a", 20); /* replaces a */
	(void)put(&f.s, "k", 2, "a", 20); /* another scope: does not */
	assert_int_equal(f.s.entry_n, 3);
	for (int i = 0; i < 100; i++) {
		(void)snprintf(vary, sizeof vary, "v%d", i);
		(void)put(&f.s, "k", 1, vary, 10);
		assert_true(f.s.entry_n <= CACHE_STORE_VARIANTS);
	}
	assert_int_equal(cache_store_remove_key(&f.s, VIEW("k")), CACHE_STORE_VARIANTS);
	assert_true(f.s.entry_n == 0 && f.s.used == 0 && f.s.small_used == 0);
	for (size_t i = 0; i < sizeof key; i++)
		key[i] = 'k';
	assert_null(cache_store_new(&f.s, 1, view_of(key, sizeof key), (struct view){ 0 }));
	assert_null(cache_store_new(&f.s, 1, (struct view){ 0 }, (struct view){ 0 }));
	free(f.memory);
}

/* What is held stays readable, though nobody finds it, and its memory comes back afterwards. */
static void test_hold(void **state)
{
	struct fixture f = { 0 };
	struct cache_entry *e = NULL, *other = NULL;
	uint8_t byte[1];
	struct wbuf w = wbuf_of(byte, 1);

	(void)state;
	make(&f, 16);
	e = put(&f.s, "held", 1, "", 8 * CACHE_STORE_BLOCK);
	cache_store_hold(e);
	cache_store_remove(&f.s, e);
	assert_null(find(&f.s, "held"));
	assert_null(put(&f.s, "big", 1, "", 8 * CACHE_STORE_BLOCK)); /* no room beside it */
	cache_store_read(&f.s, e, 4 + 5, 1, &w);
	assert_int_equal(byte[0], 35);
	cache_store_drop(&f.s, e);
	assert_int_equal(f.s.used, 0);
	other = put(&f.s, "big", 1, "", 8 * CACHE_STORE_BLOCK);
	assert_non_null(other);
	assert_null(put(&f.s, "huge", 1, "", 40 * CACHE_STORE_BLOCK));
	assert_true(f.s.used <= 16);
	free(f.memory);
}

static void test_purge_and_limit(void **state)
{
	struct fixture f = { 0 };
	struct cache_pattern host = { 0 };
	struct cache_purged gone = { 0 };
	char key[32];

	(void)state;
	make(&f, BLOCKS);
	for (int i = 0; i < 40; i++) {
		(void)snprintf(key, sizeof key, "https|%s/%d", i % 2 ? "a" : "b", i);
		(void)put(&f.s, key, 1, "", 10);
	}
	assert_int_equal(cache_pattern_read(CACHE_PATTERN_HOST, VIEW("a"), &host), E_OK);
	gone = cache_store_purge(&f.s, &host);
	assert_int_equal(gone.entries, 20);
	assert_int_equal(gone.bytes, 20 * CACHE_STORE_BLOCK);
	assert_null(find(&f.s, "https|a/1"));
	assert_non_null(find(&f.s, "https|b/2"));
	cache_store_limit(&f.s, BLOCKS - 100); /* the same order: what fits stays */
	assert_int_equal(f.s.entry_n, 20);
	cache_store_limit(&f.s, 0);
	assert_true(f.s.used == 0 && f.s.entry_n == 0);
	assert_null(put(&f.s, "x", 1, "", 10));
	free(f.memory);
}

/* What was asked for before a removal on purpose may not take its place, and only that. RFC 9111
 * §4.4 */
static void test_current(void **state)
{
	struct fixture f = { 0 };
	struct cache_pattern all = { .kind = CACHE_PATTERN_ALL };
	uint64_t before = 0, between = 0, a = 0, b = 0;

	(void)state;
	make(&f, BLOCKS);
	a = cache_store_hash(&f.s, VIEW("a"));
	b = cache_store_hash(&f.s, VIEW("b"));
	before = cache_store_turn(&f.s);
	assert_true(cache_store_is_current(&f.s, a, before));
	assert_int_equal(cache_store_remove_key(&f.s, VIEW("a")), 0); /* none there: still counts */
	between = cache_store_turn(&f.s);
	assert_false(cache_store_is_current(&f.s, a, before));
	assert_true(cache_store_is_current(&f.s, b, before));
	assert_true(cache_store_is_current(&f.s, a, between));
	(void)cache_store_purge(&f.s, &all);
	assert_false(cache_store_is_current(&f.s, a, between));
	assert_false(cache_store_is_current(&f.s, b, between));
	assert_true(cache_store_is_current(&f.s, b, cache_store_turn(&f.s)));
	free(f.memory);
}

/* A scan pushes out itself: what was asked for twice stays through ten times the memory. */
static void test_scan(void **state)
{
	struct fixture f = { 0 };
	char key[32];

	(void)state;
	make(&f, 64);
	(void)put(&f.s, "hot", 1, "", 10);
	for (int i = 0; i < 640; i++) {
		struct cache_entry *hot = find(&f.s, "hot");

		if (i < 3)
			cache_store_touch(hot);
		(void)snprintf(key, sizeof key, "cold%d", i);
		(void)put(&f.s, key, 1, "", 10);
		assert_true(f.s.used <= 64);
	}
	assert_non_null(find(&f.s, "hot"));
	assert_null(find(&f.s, "cold3"));
	assert_true(f.s.evicted >= 570);
	/* one that was pushed out not long ago comes back to the main queue */
	assert_true(put(&f.s, "cold500", 1, "", 10)->is_main);
	assert_false(put(&f.s, "new", 1, "", 10)->is_main);
	free(f.memory);
}

/* Any order of operations keeps the counts together. */
static void test_churn(void **state)
{
	struct fixture f = { 0 };
	struct cache_pattern all = { .kind = CACHE_PATTERN_ALL };
	uint64_t r = 1;
	char key[32];

	(void)state;
	make(&f, 100);
	for (int i = 0; i < 20000; i++) {
		struct cache_entry *e = NULL;

		r = r * 6364136223846793005u + 1442695040888963407u;
		(void)snprintf(key, sizeof key, "k%u", (unsigned)(r >> 33) % 300);
		e = find(&f.s, key);
		if (e && (r >> 20) % 8 == 0)
			cache_store_remove(&f.s, e);
		else if (e)
			cache_store_touch(e);
		else
			(void)put(&f.s, key, 1, "", (r >> 40) % (4 * CACHE_STORE_BLOCK));
		assert_true(f.s.used <= 100 && f.s.small_used <= f.s.used);
	}
	(void)cache_store_purge(&f.s, &all);
	assert_true(f.s.used == 0 && f.s.entry_n == 0 && f.s.small_used == 0);
	free(f.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),	cmocka_unit_test(test_keys_and_variants),
		cmocka_unit_test(test_hold),	cmocka_unit_test(test_purge_and_limit),
		cmocka_unit_test(test_current), cmocka_unit_test(test_scan),
		cmocka_unit_test(test_churn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
