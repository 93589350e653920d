/*
 * Memory for libraries that allocate: size classes over one region that was mapped at boot.
 *
 * A span holds blocks of one class, so a block's class is found from its address and no block has
 * a header to be overrun. Free blocks are a stack per span: the block used last is in the cache.
 * A free block is all zero but for its link; that is checked when it is handed out again, which
 * finds a write after free in the one place where it would reach another connection.
 */
#include "sys/heap.h"

#include "base/wbuf.h"
#include "sys/log.h"
#include "sys/secret.h"

#include <sys/mman.h>

enum {
	HEAP_SLAB_BITS = 16,
	HEAP_SLAB = 1 << HEAP_SLAB_BITS,
	HEAP_TOGETHER_WIDTH = 2,
	HEAP_NO_CLASS = 255
};

/* Sizes were chosen after what a connection really asks for: struct ssl_st, two record buffers,
 * the async stack. The last five are whole slabs. */
static const uint32_t heap_sizes[HEAP_CLASSES] = {
	16,   32,   48,	  64,	80,   96,    112,   128,   144,	   160,	   192,	   224,	   256,
	320,  384,  448,  544,	640,  768,   960,   1024,  1280,   1536,   2048,   2560,   3072,
	4096, 5120, 6144, 7680, 9216, 16896, 32768, 65536, 131072, 262144, 524288, 1048576
};

struct heap_block {
	struct heap_block *next;
};

static unsigned heap_class(const struct heap *h, size_t n)
{
	if (n <= HEAP_SMALL)
		return h->small[(n + HEAP_GRAIN - 1) / HEAP_GRAIN];
	for (unsigned c = 0; c < HEAP_CLASSES; c++)
		if (heap_sizes[c] >= n)
			return c;
	return HEAP_NO_CLASS;
}

static size_t heap_index(const struct heap *h, const struct heap_span *s)
{
	return (size_t)(s - h->spans);
}

static struct heap_span *heap_span_at(const struct heap *h, const void *p)
{
	size_t i = (size_t)((const uint8_t *)p - h->base) / HEAP_SLAB;

	INVARIANT((const uint8_t *)p >= h->base && i < h->slab_n);
	return &h->spans[i - h->spans[i].behind];
}

/* Of a class: several slabs together waste less at their end than one. */
static unsigned heap_width(unsigned c)
{
	size_t size = heap_sizes[c];
	unsigned width = 0;

	if (size > HEAP_SLAB / 16 && size < HEAP_SLAB / 2)
		return HEAP_TOGETHER_WIDTH;
	while (((size_t)HEAP_SLAB << width) < size)
		width++;
	return width;
}

/* A span that was taken back; or NULL */
static struct heap_span *heap_spare(struct heap *h, unsigned width)
{
	struct list *l = h->spare[width].next;

	if (l == &h->spare[width])
		return NULL;
	list_remove(l);
	return LIST_OWNER(l, struct heap_span, node);
}

/* Slabs that nobody has had yet; or NULL */
static struct heap_span *heap_cut(struct heap *h, unsigned width)
{
	size_t slabs = (size_t)1 << width;
	struct heap_span *s = &h->spans[h->slab_n];

	if (h->slabs - h->slab_n < slabs)
		return NULL;
	for (size_t i = 0; i < slabs; i++)
		s[i].behind = (uint8_t)i;
	list_init(&s->node);
	s->width = (uint8_t)width;
	s->fresh = h->base + h->slab_n * HEAP_SLAB;
	h->slab_n += slabs;
	return s;
}

static struct heap_span *heap_span_for(struct heap *h, unsigned c)
{
	unsigned width = heap_width(c);
	struct heap_span *s = NULL;

	if (!list_is_empty(&h->room[c]))
		return LIST_OWNER(h->room[c].next, struct heap_span, node);
	s = heap_spare(h, width);
	if (!s)
		s = heap_cut(h, width);
	while (!s && ++width < HEAP_WIDTHS) /* too wide is better than none */
		s = heap_spare(h, width);
	if (!s)
		return NULL;
	s->class = (uint8_t)c;
	h->stat.reached += (size_t)HEAP_SLAB << s->width;
	list_push(&h->room[c], &s->node);
	return s;
}

static size_t heap_fresh_left(const struct heap *h, const struct heap_span *s)
{
	const uint8_t *end =
		h->base + (heap_index(h, s) << HEAP_SLAB_BITS) + ((size_t)HEAP_SLAB << s->width);

	return (size_t)(end - s->fresh);
}

static void *heap_take(struct heap *h, struct heap_span *s)
{
	size_t size = heap_sizes[s->class];
	struct heap_block *b = s->free;

	if (b) {
		INVARIANT(!b->next || heap_span_at(h, b->next) == s);
		s->free = b->next;
		b->next = NULL;
	} else {
		b = (struct heap_block *)(void *)s->fresh;
		s->fresh += size;
	}
	s->used++;
	h->stat.used += size;
	if (!s->free && heap_fresh_left(h, s) < size)
		list_remove(&s->node);
	return b;
}

void *heap_get(struct heap *h, size_t n)
{
	unsigned c = n ? heap_class(h, n) : HEAP_NO_CLASS;
	struct heap_span *s = c == HEAP_NO_CLASS ? NULL : heap_span_for(h, c);

	if (s)
		return heap_take(h, s);
	h->stat.failed += n != 0;
	return NULL;
}

void heap_put(struct heap *h, void *p)
{
	struct heap_block *b = p;
	struct heap_span *s = NULL;

	if (!p)
		return;
	s = heap_span_at(h, p);
	secret_wipe(p, heap_sizes[s->class]);
	b->next = s->free;
	s->free = b;
	s->used--;
	h->stat.used -= heap_sizes[s->class];
	if (list_is_empty(&s->node))
		list_push(&h->room[s->class], &s->node);
}

static bool heap_take_back(struct heap *h, struct heap_span *s)
{
	uint8_t *p = h->base + heap_index(h, s) * HEAP_SLAB;

	if (madvise(p, (size_t)HEAP_SLAB << s->width, MADV_DONTNEED) < 0) {
		(void)log_errno("madvise of a heap");
		return false;
	}
	s->free = NULL;
	s->fresh = p;
	list_remove(&s->node);
	list_push(&h->spare[s->width], &s->node);
	h->stat.reached -= (size_t)HEAP_SLAB << s->width;
	return true;
}

void heap_trim(struct heap *h, unsigned max)
{
	for (unsigned c = 0; c < HEAP_CLASSES; c++) {
		struct list *next = NULL;
		bool has_one = false;

		for (struct list *l = h->room[c].next; l != &h->room[c]; l = next) {
			struct heap_span *s = LIST_OWNER(l, struct heap_span, node);

			next = l->next;
			if (s->used)
				continue;
			if (has_one && (max == 0 || !heap_take_back(h, s)))
				return;
			max -= has_one;
			has_one = true;
		}
	}
}

void *heap_resize(struct heap *h, void *p, size_t n)
{
	size_t had = p ? heap_sizes[heap_span_at(h, p)->class] : 0;
	void *q = NULL;

	if (p && n <= had && n > had / 2)
		return p;
	q = heap_get(h, n);
	if (q && p) {
		struct wbuf w = wbuf_of(q, n);

		wbuf_put(&w, p, had < n ? had : n);
	}
	if (q || n == 0)
		heap_put(h, p);
	return q;
}

enum err heap_init(struct heap *h, size_t bytes, bool want_lock)
{
	size_t slabs = (bytes + HEAP_SLAB - 1) / HEAP_SLAB;
	void *p = NULL;

	if (slabs > HEAP_SLABS_MAX)
		slabs = HEAP_SLABS_MAX;
	p = mmap(NULL, slabs * HEAP_SLAB, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return log_errno("mmap of a heap");
	if (madvise(p, slabs * HEAP_SLAB, MADV_DONTDUMP) < 0 ||
	    (want_lock && mlock(p, slabs * HEAP_SLAB) < 0)) {
		enum err e = log_errno("locking a heap in memory");

		(void)munmap(p, slabs * HEAP_SLAB);
		return e;
	}
	h->spans = mmap(NULL, slabs * sizeof *h->spans, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (h->spans == MAP_FAILED)
		return log_errno("mmap of a heap's spans");
	for (unsigned c = 0; c < HEAP_CLASSES; c++)
		list_init(&h->room[c]);
	for (unsigned w = 0; w < HEAP_WIDTHS; w++)
		list_init(&h->spare[w]);
	h->base = p;
	h->slabs = slabs;
	for (size_t i = 0, c = 0; i <= HEAP_SMALL / HEAP_GRAIN; i++) {
		while (heap_sizes[c] < i * HEAP_GRAIN)
			c++;
		h->small[i] = (uint8_t)c;
	}
	return E_OK;
}
