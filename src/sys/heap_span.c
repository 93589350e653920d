/*
 * A span holds blocks of one class, so a block's class is found from its address and no block has
 * a header to be overrun. What is free is a bitmap, and what is handed out another: both lie in
 * memory of their own, which no block is next to.
 *
 * Memory that no class has is inaccessible, and so is the last page of each span. Where the kernel
 * has markers in page tables for that (MADV_GUARD_INSTALL) a guard costs no mapping of its own;
 * else it takes two more (mprotect), as it does in memory that is locked, where there are no
 * markers.
 */
#include "sys/heap_span.h"

#include "base/harden.h"
#include "sys/log.h"
#include "sys/secret.h"

#include <sys/mman.h>

enum {
	HEAP_SPAN_TOGETHER = 2, /* width of spans of several slabs, which waste less at their end */
	HEAP_SPAN_WINDOW = 4096, /* bytes that become free blocks at a time */
	HEAP_SPAN_BITS = 64,
	HEAP_SPAN_WORDS_MAX = 2 * 2 * HEAP_SLAB / HEAP_GRAIN / HEAP_SPAN_BITS /* per slab */
};

/* linux/mman.h knows them since 6.13 */
enum { HEAP_SPAN_GUARD_INSTALL = 102, HEAP_SPAN_GUARD_REMOVE = 103 };

/* Division by multiplication: exact for places in a span, which is less than 2^21 bytes, and blocks
 * of at most 2^20 (the error is below place / 2^44). */
enum { HEAP_SPAN_SHIFT = 44 };
#define HEAP_SPAN_CLASS(n)                                                                         \
	{                                                                                          \
		(n), (UINT64_C(1) << HEAP_SPAN_SHIFT) / (n) + 1                                    \
	}

/* Sizes were chosen after what a connection really asks for: struct ssl_st, two record buffers,
 * the async stack. The last five are whole slabs. */
static const struct heap_span_class {
	uint32_t size;
	uint64_t inverse;
} heap_span_classes[HEAP_CLASSES] = {
	HEAP_SPAN_CLASS(16),	 HEAP_SPAN_CLASS(32),	  HEAP_SPAN_CLASS(48),
	HEAP_SPAN_CLASS(64),	 HEAP_SPAN_CLASS(80),	  HEAP_SPAN_CLASS(96),
	HEAP_SPAN_CLASS(112),	 HEAP_SPAN_CLASS(128),	  HEAP_SPAN_CLASS(144),
	HEAP_SPAN_CLASS(160),	 HEAP_SPAN_CLASS(192),	  HEAP_SPAN_CLASS(224),
	HEAP_SPAN_CLASS(256),	 HEAP_SPAN_CLASS(320),	  HEAP_SPAN_CLASS(384),
	HEAP_SPAN_CLASS(448),	 HEAP_SPAN_CLASS(544),	  HEAP_SPAN_CLASS(640),
	HEAP_SPAN_CLASS(768),	 HEAP_SPAN_CLASS(960),	  HEAP_SPAN_CLASS(1024),
	HEAP_SPAN_CLASS(1280),	 HEAP_SPAN_CLASS(1536),	  HEAP_SPAN_CLASS(2048),
	HEAP_SPAN_CLASS(2560),	 HEAP_SPAN_CLASS(3072),	  HEAP_SPAN_CLASS(4096),
	HEAP_SPAN_CLASS(5120),	 HEAP_SPAN_CLASS(6144),	  HEAP_SPAN_CLASS(7680),
	HEAP_SPAN_CLASS(9216),	 HEAP_SPAN_CLASS(16896),  HEAP_SPAN_CLASS(32768),
	HEAP_SPAN_CLASS(65536),	 HEAP_SPAN_CLASS(131072), HEAP_SPAN_CLASS(262144),
	HEAP_SPAN_CLASS(524288), HEAP_SPAN_CLASS(1048576)
};

uint32_t heap_span_size(unsigned class)
{
	return heap_span_classes[class].size;
}

/* Of a class: several slabs together waste less at their end than one. */
static unsigned heap_span_width(unsigned class)
{
	size_t size = heap_span_size(class);
	unsigned width = 0;

	if (size > HEAP_SLAB / 16 && size < HEAP_SLAB / 2)
		return HEAP_SPAN_TOGETHER;
	while (((size_t)HEAP_SLAB << width) < size)
		width++;
	return width;
}

static size_t heap_span_bytes(const struct heap_span *s)
{
	return (size_t)HEAP_PITCH << s->width;
}

static uint8_t *heap_span_begin(const struct heap *h, const struct heap_span *s)
{
	return h->base + (size_t)(s - h->spans) * HEAP_PITCH;
}

static uint32_t heap_span_blocks(const struct heap_span *s)
{
	return (uint32_t)((heap_span_bytes(s) - HEAP_GUARD) / heap_span_size(s->class));
}

struct heap_place heap_span_place(const struct heap *h, const void *p)
{
	size_t at = (size_t)((const uint8_t *)p - h->base), slab = at / HEAP_PITCH, in = 0;
	struct heap_place found = { 0 };

	INVARIANT((const uint8_t *)p >= h->base && slab < h->slab_n);
	slab -= h->spans[slab].behind;
	found.span = &h->spans[slab];
	in = at - slab * HEAP_PITCH;
	found.index =
		(uint32_t)(in * heap_span_classes[found.span->class].inverse >> HEAP_SPAN_SHIFT);
	INVARIANT((size_t)found.index * heap_span_size(found.span->class) == in &&
		  found.index / HEAP_SPAN_BITS < found.span->words);
	return found;
}

/* ---- bitmaps ---- */

static uint64_t *heap_span_live_word(const struct heap *h, struct heap_place at)
{
	return &h->bits[at.span->bits + at.index / HEAP_SPAN_BITS];
}

static uint64_t *heap_span_free_word(const struct heap *h, struct heap_place at)
{
	return &h->bits[at.span->bits + at.span->words + at.index / HEAP_SPAN_BITS];
}

static uint64_t heap_span_bit(struct heap_place at)
{
	return UINT64_C(1) << at.index % HEAP_SPAN_BITS;
}

bool heap_span_is_live(const struct heap *h, struct heap_place at)
{
	return *heap_span_live_word(h, at) & heap_span_bit(at);
}

void heap_span_live(struct heap *h, struct heap_place at)
{
	INVARIANT(!heap_span_is_live(h, at));
	*heap_span_live_word(h, at) |= heap_span_bit(at);
}

void heap_span_end(struct heap *h, struct heap_place at)
{
	INVARIANT(!harden_has(HARDEN_CHECKS) ||
		  heap_span_is_live(h, at)); /* freed twice, or never handed out */
	*heap_span_live_word(h, at) &= ~heap_span_bit(at);
}

/* Places that a class with more blocks has outgrown stay unused: a span grows six times at most,
 * twice as much each time. */
static bool heap_span_bits_for(struct heap *h, struct heap_span *s)
{
	uint32_t words = (heap_span_blocks(s) + HEAP_SPAN_BITS - 1) / HEAP_SPAN_BITS, room = 1;

	while (room < words)
		room *= 2;
	if (room > s->room) {
		if (h->bits_max - h->bits_n < 2 * room)
			return false;
		s->bits = h->bits_n;
		s->room = (uint16_t)room;
		h->bits_n += 2 * room;
	}
	s->words = (uint16_t)words;
	for (uint32_t i = 0; i < 2 * words; i++)
		h->bits[s->bits + i] = 0;
	return true;
}

/* ---- pages ---- */

static bool heap_span_protect(uint8_t *p, size_t n, int protection)
{
	if (!harden_has(HARDEN_GUARDS))
		return true;
	return mprotect(p, n, protection) == 0 || log_errno("mprotect of a heap") == E_OK;
}

static bool heap_span_mark(uint8_t *p, size_t n, int advice)
{
	return madvise(p, n, advice) == 0 || log_errno("guard pages of a heap") == E_OK;
}

/* Of a span that nobody has had yet. */
static bool heap_span_open(const struct heap *h, const struct heap_span *s)
{
	uint8_t *p = heap_span_begin(h, s);
	size_t n = heap_span_bytes(s), inner = n - HEAP_GUARD;

	if (!h->has_markers)
		return heap_span_protect(p, inner, PROT_READ | PROT_WRITE);
	return heap_span_protect(p, n, PROT_READ | PROT_WRITE) &&
	       heap_span_mark(p + inner, HEAP_GUARD, HEAP_SPAN_GUARD_INSTALL);
}

static bool heap_span_reopen(const struct heap *h, const struct heap_span *s)
{
	uint8_t *p = heap_span_begin(h, s);
	size_t inner = heap_span_bytes(s) - HEAP_GUARD;

	return h->has_markers ? heap_span_mark(p, inner, HEAP_SPAN_GUARD_REMOVE)
			      : heap_span_protect(p, inner, PROT_READ | PROT_WRITE);
}

/* Markers take the place of what is there. */
static bool heap_span_close(const struct heap *h, const struct heap_span *s)
{
	uint8_t *p = heap_span_begin(h, s);
	size_t inner = heap_span_bytes(s) - HEAP_GUARD;

	if (h->has_markers)
		return heap_span_mark(p, inner, HEAP_SPAN_GUARD_INSTALL);
	/* what is locked or hidden is never taken back */
	if (madvise(p, inner, MADV_DONTNEED) < 0) {
		(void)log_errno("madvise of a heap");
		return false;
	}
	return heap_span_protect(p, inner, PROT_NONE);
}

/* ---- spans ---- */

/* One that was taken back; or NULL */
static struct heap_span *heap_span_spare(struct heap *h, unsigned width)
{
	struct list *l = h->spare[width].next;
	struct heap_span *s = NULL;

	if (l == &h->spare[width])
		return NULL;
	s = LIST_OWNER(l, struct heap_span, node);
	if (!heap_span_reopen(h, s))
		return NULL;
	list_remove(l);
	return s;
}

/* Slabs that nobody has had yet; or NULL */
static struct heap_span *heap_span_cut(struct heap *h, unsigned width)
{
	size_t slabs = (size_t)1 << width;
	struct heap_span *s = &h->spans[h->slab_n];

	if (h->slabs - h->slab_n < slabs)
		return NULL;
	s->width = (uint8_t)width;
	if (!heap_span_open(h, s))
		return NULL;
	for (size_t i = 0; i < slabs; i++)
		s[i].behind = (uint8_t)i;
	list_init(&s->node);
	h->slab_n += slabs;
	return s;
}

/* It begins at any of its pages, so that where a block lies can't be foreseen, while those that are
 * in use share pages. */
static void heap_span_begin_anywhere(struct heap *h, struct heap_span *s)
{
	uint32_t n = heap_span_blocks(s), size = heap_span_size(s->class);
	uint32_t page = rng_below(&h->rng, n * size / HEAP_SPAN_WINDOW + 1);

	s->first = (page * HEAP_SPAN_WINDOW + size - 1) / size % n;
	s->used = s->free_n = s->opened = 0;
}

struct heap_span *heap_span_for(struct heap *h, unsigned class)
{
	unsigned width = heap_span_width(class);
	struct heap_span *s = NULL;

	if (!list_is_empty(&h->room[class]))
		return LIST_OWNER(h->room[class].next, struct heap_span, node);
	s = heap_span_spare(h, width);
	if (!s)
		s = heap_span_cut(h, width);
	while (!s && ++width < HEAP_WIDTHS) /* too wide is better than none */
		s = heap_span_spare(h, width);
	if (!s)
		return NULL;
	s->class = (uint8_t) class;
	if (!heap_span_bits_for(h, s)) {
		list_push(&h->spare[s->width], &s->node);
		return NULL;
	}
	heap_span_begin_anywhere(h, s);
	h->stat.reached += (size_t)HEAP_SLAB << s->width;
	list_push(&h->room[class], &s->node);
	return s;
}

/* A page more of blocks that were never used. */
static void heap_span_window(struct heap *h, struct heap_span *s)
{
	uint32_t n = heap_span_blocks(s), size = heap_span_size(s->class);
	uint32_t more = size < HEAP_SPAN_WINDOW ? HEAP_SPAN_WINDOW / size : 1;

	for (; more && s->opened < n; more--, s->opened++, s->free_n++) {
		struct heap_place at = { s, (s->first + s->opened) % n };

		*heap_span_free_word(h, at) |= heap_span_bit(at);
	}
}

/* Any bit that is set, of so many words; there is one. */
static uint32_t heap_span_any(struct heap *h, const uint64_t *bits, uint32_t words)
{
	uint64_t r = rng_next(&h->rng);
	uint32_t w = (uint32_t)((r >> 32) * words >> 32), turn = r % HEAP_SPAN_BITS;
	uint64_t x = 0;

	while (!bits[w])
		w = w + 1 == words ? 0 : w + 1;
	x = bits[w] >> turn | bits[w] << (HEAP_SPAN_BITS - turn) % HEAP_SPAN_BITS;
	return w * HEAP_SPAN_BITS + ((uint32_t)__builtin_ctzll(x) + turn) % HEAP_SPAN_BITS;
}

void *heap_span_take(struct heap *h, struct heap_span *s)
{
	struct heap_place at = { s, 0 };

	if (!s->free_n)
		heap_span_window(h, s);
	INVARIANT(s->free_n);
	at.index = heap_span_any(h, &h->bits[s->bits + s->words], s->words);
	*heap_span_free_word(h, at) &= ~heap_span_bit(at);
	s->free_n--;
	s->used++;
	if (!s->free_n && s->opened == heap_span_blocks(s))
		list_remove(&s->node);
	return heap_span_begin(h, s) + (size_t)at.index * heap_span_size(s->class);
}

void heap_span_give(struct heap *h, struct heap_place at)
{
	*heap_span_free_word(h, at) |= heap_span_bit(at);
	at.span->free_n++;
	at.span->used--;
	if (list_is_empty(&at.span->node))
		list_push(&h->room[at.span->class], &at.span->node);
}

bool heap_span_take_back(struct heap *h, struct heap_span *s)
{
	if (!heap_span_close(h, s))
		return false;
	list_remove(&s->node);
	list_push(&h->spare[s->width], &s->node);
	h->stat.reached -= (size_t)HEAP_SLAB << s->width;
	return true;
}

/* ---- the region ---- */

static void *heap_span_reserve(size_t bytes, int protection)
{
	void *p = mmap(NULL, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static enum err heap_span_region(struct heap *h, size_t bytes, enum heap_kind kind)
{
	void *p = NULL;

	if (kind != HEAP_PLAIN &&
	    secret_map(bytes, kind == HEAP_LOCKED, &p, &h->is_hidden) == E_OK) {
		h->base = p;
		return heap_span_protect(p, bytes, PROT_NONE) ? E_OK : E_SYS;
	}
	if (kind == HEAP_LOCKED)
		return E_SYS;
	p = heap_span_reserve(bytes + HEAP_GUARD,
			      harden_has(HARDEN_GUARDS) ? PROT_NONE : PROT_READ | PROT_WRITE);
	if (!p)
		return log_errno("mmap of a heap");
	p = (uint8_t *)p + HEAP_GUARD; /* in front of it there is nothing either */
	h->base = p;
	h->has_markers = harden_has(HARDEN_GUARDS) && kind == HEAP_PLAIN &&
			 madvise(p, HEAP_GUARD, HEAP_SPAN_GUARD_INSTALL) == 0 &&
			 madvise(p, HEAP_GUARD, HEAP_SPAN_GUARD_REMOVE) == 0;
	return madvise(p, bytes, MADV_DONTDUMP) < 0 ? log_errno("MADV_DONTDUMP of a heap") : E_OK;
}

enum err heap_span_map(struct heap *h, size_t bytes, enum heap_kind kind)
{
	size_t slabs = (bytes + HEAP_SLAB - 1) / HEAP_SLAB;

	if (slabs > HEAP_SLABS_MAX)
		slabs = HEAP_SLABS_MAX;
	TRY(heap_span_region(h, slabs * HEAP_PITCH, kind));
	h->bits_max = (uint32_t)slabs * HEAP_SPAN_WORDS_MAX;
	h->spans = heap_span_reserve(slabs * sizeof *h->spans, PROT_READ | PROT_WRITE);
	h->bits = heap_span_reserve(h->bits_max * sizeof *h->bits, PROT_READ | PROT_WRITE);
	if (!h->spans || !h->bits)
		return log_errno("mmap of a heap's spans");
	h->slabs = slabs;
	return E_OK;
}

/* Whether any block that is handed out touches the page at offset from of its span. */
static bool heap_span_needs(const struct heap *h, const struct heap_span *s, size_t from)
{
	struct heap_place at = { .span = (struct heap_span *)(uintptr_t)s };
	uint32_t size = heap_span_size(s->class), n = heap_span_blocks(s);

	for (size_t i = from / size; i < n && i * size < from + HEAP_GUARD; i++) {
		at.index = (uint32_t)i;
		if (heap_span_is_live(h, at))
			return true;
	}
	return false;
}

void heap_span_forget(const struct heap *h, const struct heap_span *s)
{
	uint8_t *p = heap_span_begin(h, s);
	size_t end = heap_span_bytes(s) - HEAP_GUARD, run = 0;

	for (size_t from = 0; from <= end; from += HEAP_GUARD) {
		if (from < end && !heap_span_needs(h, s, from)) {
			run += HEAP_GUARD;
			continue;
		}
		if (run && madvise(p + from - run, run, MADV_DONTNEED) < 0)
			(void)log_errno("madvise of a heap");
		run = 0;
	}
}
