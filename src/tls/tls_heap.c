/*
 * OpenSSL's allocator: size classes over one region. Linked by the edge and the signer.
 *
 * A slab holds blocks of one class, so a block's class is found from its address and no block has
 * a header to be overrun. Free blocks are a stack per class: the block used last is in the cache.
 * A free block is all zero but for its link; that is checked when it is handed out again, which
 * finds a write after free in the one place where it would reach another connection.
 */
#include "tls/tls_heap.h"

#include "base/wbuf.h"
#include "sys/log.h"
#include "sys/secret.h"

#include <openssl/crypto.h>
#include <sys/mman.h>

enum {
	HEAP_SLAB = 64 * 1024,
	HEAP_TOGETHER = 4,
	HEAP_GRAIN = 16,
	HEAP_SMALL = 1024, /* up to here the class comes from a table */
	HEAP_CLASSES = 38,
	HEAP_SLABS_MAX = 65536, /* 4 GB */
	HEAP_NO_CLASS = 255
};

/* Sizes were chosen after what a connection really asks for: struct ssl_st, two record buffers,
 * the async stack. The last five are whole slabs. */
static const uint32_t tls_heap_sizes[HEAP_CLASSES] = {
	16,   32,   48,	  64,	80,   96,    112,   128,   144,	   160,	   192,	   224,	   256,
	320,  384,  448,  544,	640,  768,   960,   1024,  1280,   1536,   2048,   2560,   3072,
	4096, 5120, 6144, 7680, 9216, 16896, 32768, 65536, 131072, 262144, 524288, 1048576
};

struct tls_heap_block {
	struct tls_heap_block *next;
};

struct tls_heap {
	uint8_t *base;
	size_t slabs, slab_n; /* there are, cut so far */
	struct tls_heap_block *free[HEAP_CLASSES];
	uint8_t *fresh[HEAP_CLASSES], *fresh_end[HEAP_CLASSES]; /* never used part of a slab */
	struct tls_heap_stat stat;
	uint8_t small[HEAP_SMALL / HEAP_GRAIN + 1]; /* class by size */
	uint8_t class_of[HEAP_SLABS_MAX];	    /* by slab */
};

/* docs/invariants.md: the hooks below carry no argument. */
static struct tls_heap tls_heap;

static unsigned tls_heap_class(const struct tls_heap *h, size_t n)
{
	if (n <= HEAP_SMALL)
		return h->small[(n + HEAP_GRAIN - 1) / HEAP_GRAIN];
	for (unsigned c = 0; c < HEAP_CLASSES; c++)
		if (tls_heap_sizes[c] >= n)
			return c;
	return HEAP_NO_CLASS;
}

static unsigned tls_heap_class_at(const struct tls_heap *h, const void *p)
{
	size_t at = (size_t)((const uint8_t *)p - h->base);

	INVARIANT(at < h->slab_n * HEAP_SLAB);
	return h->class_of[at / HEAP_SLAB];
}

/* The next never used block of a class, from a new slab when the last one is used up. */
static void *tls_heap_fresh(struct tls_heap *h, unsigned c)
{
	size_t size = tls_heap_sizes[c], slabs = (size + HEAP_SLAB - 1) / HEAP_SLAB;
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

static void *tls_heap_get(size_t n)
{
	struct tls_heap *h = &tls_heap;
	unsigned c = n ? tls_heap_class(h, n) : HEAP_NO_CLASS;
	struct tls_heap_block *b = c == HEAP_NO_CLASS ? NULL : h->free[c];

	if (b) {
		INVARIANT(!b->next || tls_heap_class_at(h, b->next) == c);
		h->free[c] = b->next;
		b->next = NULL;
	} else if (c != HEAP_NO_CLASS) {
		b = tls_heap_fresh(h, c);
	}
	if (b)
		h->stat.used += tls_heap_sizes[c];
	else
		h->stat.failed += n != 0;
	return b;
}

static void tls_heap_put(void *p)
{
	struct tls_heap *h = &tls_heap;
	struct tls_heap_block *b = p;
	unsigned c = 0;

	if (!p)
		return;
	c = tls_heap_class_at(h, p);
	secret_wipe(p, tls_heap_sizes[c]);
	b->next = h->free[c];
	h->free[c] = b;
	h->stat.used -= tls_heap_sizes[c];
}

static void *tls_heap_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return tls_heap_get(n);
}

static void tls_heap_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	tls_heap_put(p);
}

static void *tls_heap_realloc(void *p, size_t n, const char *file, int line)
{
	size_t had = p ? tls_heap_sizes[tls_heap_class_at(&tls_heap, p)] : 0;
	void *q = NULL;

	(void)file;
	(void)line;
	if (p && n <= had && n > had / 2)
		return p;
	q = tls_heap_get(n);
	if (q && p) {
		struct wbuf w = wbuf_of(q, n);

		wbuf_put(&w, p, had < n ? had : n);
	}
	if (q || n == 0)
		tls_heap_put(p);
	return q;
}

enum err tls_heap_init(size_t bytes, bool want_lock)
{
	struct tls_heap *h = &tls_heap;
	size_t slabs = (bytes + HEAP_SLAB - 1) / HEAP_SLAB;
	void *p = NULL;

	if (slabs > HEAP_SLABS_MAX)
		slabs = HEAP_SLABS_MAX;
	p = mmap(NULL, slabs * HEAP_SLAB, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return log_errno("mmap of the TLS heap");
	if (madvise(p, slabs * HEAP_SLAB, MADV_DONTDUMP) < 0 ||
	    (want_lock && mlock(p, slabs * HEAP_SLAB) < 0)) {
		enum err e = log_errno("locking the TLS heap in memory");

		(void)munmap(p, slabs * HEAP_SLAB);
		return e;
	}
	h->base = p;
	h->slabs = slabs;
	for (size_t i = 0, c = 0; i <= HEAP_SMALL / HEAP_GRAIN; i++) {
		while (tls_heap_sizes[c] < i * HEAP_GRAIN)
			c++;
		h->small[i] = (uint8_t)c;
	}
	return CRYPTO_set_mem_functions(tls_heap_malloc, tls_heap_realloc, tls_heap_free) == 1
		       ? E_OK
		       : E_DENIED;
}

void tls_heap_stat(struct tls_heap_stat *ret)
{
	*ret = tls_heap.stat;
}
