/* A sequence lock (Boehm, "Can Seqlocks Get Along With Programming Language Memory Models?", 2012),
 * with readers that give up: their writer may be an attacker's. */
#include "ipc/level_page.h"

#include "base/err.h"
#include "base/wbuf.h"

#define LEVEL_PAGE_PUT(word, x) atomic_store_explicit(&(word), (x), memory_order_relaxed)
#define LEVEL_PAGE_GET(word)	atomic_load_explicit(&(word), memory_order_relaxed)

static void level_page_put(_Atomic uint64_t *words, const struct level_entry *e)
{
	LEVEL_PAGE_PUT(words[0], (uint64_t)e->scope | (uint64_t)e->name_n << 8 |
					 (uint64_t)e->mask << 16 | (uint64_t)e->is_exercise << 32);
	LEVEL_PAGE_PUT(words[1], e->since_s);
	LEVEL_PAGE_PUT(words[2], e->until_s);
	for (unsigned i = 0; i < LEVEL_NAME_MAX / 8; i++) {
		uint64_t w = 0;

		for (unsigned b = 0; b < 8; b++)
			w |= (uint64_t)e->name[i * 8 + b] << (b * 8);
		LEVEL_PAGE_PUT(words[3 + i], w);
	}
}

static void level_page_get(const _Atomic uint64_t *words, struct level_entry *ret)
{
	uint64_t first = LEVEL_PAGE_GET(words[0]);

	*ret = (struct level_entry){
		.scope = (uint8_t)first,
		.name_n = (uint8_t)(first >> 8),
		.mask = (uint16_t)(first >> 16),
		.is_exercise = (first >> 32) & 1,
		.since_s = LEVEL_PAGE_GET(words[1]),
		.until_s = LEVEL_PAGE_GET(words[2]),
	};
	for (unsigned i = 0; i < LEVEL_NAME_MAX; i++)
		ret->name[i] = (uint8_t)(LEVEL_PAGE_GET(words[3 + i / 8]) >> (i % 8 * 8));
}

void level_page_publish(struct level_page *p, const struct level_entry *entries, uint32_t n)
{
	uint64_t version =
		LEVEL_PAGE_GET(p->version) | 1; /* also when an earlier writer died here */

	LEVEL_PAGE_PUT(p->version, version);
	atomic_thread_fence(memory_order_release);
	n = n > LEVEL_ENTRIES ? LEVEL_ENTRIES : n;
	for (uint32_t i = 0; i < n; i++)
		level_page_put(p->words[i], &entries[i]);
	LEVEL_PAGE_PUT(p->n, n);
	atomic_store_explicit(&p->version, version + 1, memory_order_release);
}

static bool level_page_try(const struct level_page *p, struct level_book *ret)
{
	uint64_t n = 0;

	ret->version = level_page_version(p);
	if (ret->version == 0 || ret->version & 1)
		return false;
	n = LEVEL_PAGE_GET(p->n);
	ret->n = n > LEVEL_ENTRIES ? LEVEL_ENTRIES : (uint32_t)n;
	for (uint32_t i = 0; i < ret->n; i++)
		level_page_get(p->words[i], &ret->at[i]);
	atomic_thread_fence(memory_order_acquire);
	return n <= LEVEL_ENTRIES && LEVEL_PAGE_GET(p->version) == ret->version;
}

static bool level_page_is_sound(const struct level_book *b)
{
	for (uint32_t i = 0; i < b->n; i++)
		if (!level_is_sound(&b->at[i]))
			return false;
	return true;
}

enum err level_page_read(const struct level_page *p, struct level_book *ret)
{
	for (unsigned i = 0; i < LEVEL_PAGE_TRIES; i++) {
		if (level_page_try(p, ret)) {
			if (level_page_is_sound(ret))
				return E_OK;
			break;
		}
		if (ret->version == 0)
			break;
	}
	ret->n = 1;
	ret->at[0] = (struct level_entry){ .scope = LEVEL_OF_ALL, .mask = LEVEL_BIT(LEVEL_CLOSED) };
	return E_AGAIN;
}
