/*
 * A small heap over memory that was reserved at boot, one for each stream that is compressed: what
 * the libraries allocate comes from here and has a ceiling. Four sizes of blocks between each power
 * of two and the next; a free one is reused for its size alone, and compress_heap_reset forgets
 * all of them.
 */
#ifndef COMPRESS_COMPRESS_HEAP_H
#define COMPRESS_COMPRESS_HEAP_H

#include <stddef.h>
#include <stdint.h>

enum { COMPRESS_HEAP_CLASSES = 72 };

struct compress_heap_block {
	struct compress_heap_block *next;
};

struct compress_heap {
	uint8_t *base;	/* borrowed; 64-byte aligned */
	size_t cap, n;	/* bytes there are, cut so far */
	size_t reached; /* the most that was ever cut: pages that may hold memory */
	struct compress_heap_block *free[COMPRESS_HEAP_CLASSES];
};

/* compress_heap_get - n bytes at a multiple of 64; NULL when the heap is used up */
void *compress_heap_get(struct compress_heap *h, size_t n);

/* compress_heap_put - p came from compress_heap_get; NULL is fine */
void compress_heap_put(struct compress_heap *h, void *p);

/* compress_heap_reset - everything is free again */
void compress_heap_reset(struct compress_heap *h);

#endif
