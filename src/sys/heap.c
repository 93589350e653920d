/*
 * Memory for libraries that allocate: size classes over one region that was mapped at boot.
 *
 * A slab holds blocks of one class, so a block's class is found from its address and no block has
 * a header to be overrun. Free blocks are a stack per class: the block used last is in the cache.
 * A free block is all zero but for its link; that is checked when it is handed out again, which
 * finds a write after free in the one place where it would reach another connection.
 */
#include "sys/heap.h"

#include "base/wbuf.h"
#include "sys/log.h"
#include "sys/secret.h"

#include <sys/mman.h>

enum { HEAP_SLAB = 64 * 1024, HEAP_TOGETHER = 4, HEAP_NO_CLASS = 255 };

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

static unsigned heap_class_at(const struct heap *h, const void *p)
{
	size_t at = (size_t)((const uint8_t *)p - h->base);

	INVARIANT(at < h->slab_n * HEAP_SLAB);
	return h->class_of[at / HEAP_SLAB];
}

/* The next never used block of a class, from a new slab when the last one is used up. */
static void *heap_fresh(struct heap *h, unsigned c)
{
	size_t size = heap_sizes[c], slabs = (size + HEAP_SLAB - 1) / HEAP_SLAB;
	void *p = NULL;

	/* several slabs together waste less at their end than one */
	if (size > HEAP_SLAB / 16 && size < HEAP_SLAB / 2)
		slabs = HEAP_TOGETHER;
	if ((size_t)(h->fresh_end[c] - h->fresh[c]) < size) {
		if (h->slabs - h->slab_n < slabs)
			return NULL;
		h->fresh[c] = h->base + h->slab_n * HEAP_SLAB;
		h->fresh_end[c] = h->fresh[c] + slabs * HEAP_SLAB;
		for (size_t i = 0; i < slabs; i++)
			h->class_of[h->slab_n++] = (uint8_t)c;
		h->stat.reached = h->slab_n * HEAP_SLAB;
	}
	p = h->fresh[c];
	h->fresh[c] += size;
	return p;
}

void *heap_get(struct heap *h, size_t n)
{
	unsigned c = n ? heap_class(h, n) : HEAP_NO_CLASS;
	struct heap_block *b = c == HEAP_NO_CLASS ? NULL : h->free[c];

	if (b) {
		INVARIANT(!b->next || heap_class_at(h, b->next) == c);
		h->free[c] = b->next;
		b->next = NULL;
	} else if (c != HEAP_NO_CLASS) {
		b = heap_fresh(h, c);
	}
	if (b)
		h->stat.used += heap_sizes[c];
	else
		h->stat.failed += n != 0;
	return b;
}

void heap_put(struct heap *h, void *p)
{
	struct heap_block *b = p;
	unsigned c = 0;

	if (!p)
		return;
	c = heap_class_at(h, p);
	secret_wipe(p, heap_sizes[c]);
	b->next = h->free[c];
	h->free[c] = b;
	h->stat.used -= heap_sizes[c];
}

void *heap_resize(struct heap *h, void *p, size_t n)
{
	size_t had = p ? heap_sizes[heap_class_at(h, p)] : 0;
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
	h->base = p;
	h->slabs = slabs;
	for (size_t i = 0, c = 0; i <= HEAP_SMALL / HEAP_GRAIN; i++) {
		while (heap_sizes[c] < i * HEAP_GRAIN)
			c++;
		h->small[i] = (uint8_t)c;
	}
	return E_OK;
}
