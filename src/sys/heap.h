/*
 * Memory for libraries that allocate (OpenSSL, nghttp2): one region mapped at boot, cut into slabs
 * of size classes.
 *
 * Every block is wiped when it is freed, so a block holds nothing of the connection that had it
 * before (THREATS A, A10), and handing out and taking back never reaches malloc, brk or mmap. When
 * the region is used up the library sees a failed allocation: memory has a ceiling.
 * Single-threaded.
 */
#ifndef SYS_HEAP_H
#define SYS_HEAP_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	HEAP_GRAIN = 16,
	HEAP_SMALL = 1024, /* up to here the class comes from a table */
	HEAP_CLASSES = 38,
	HEAP_SLABS_MAX = 65536 /* 4 GB */
};

struct heap_block;

struct heap_stat {
	size_t used;	/* bytes in blocks that are handed out, rounded up to their class */
	size_t reached; /* bytes of the region ever cut into slabs */
	size_t failed;	/* allocations refused */
};

struct heap {
	uint8_t *base;
	size_t slabs, slab_n; /* there are, cut so far */
	struct heap_block *free[HEAP_CLASSES];
	uint8_t *fresh[HEAP_CLASSES], *fresh_end[HEAP_CLASSES]; /* never used part of a slab */
	struct heap_stat stat;
	uint8_t small[HEAP_SMALL / HEAP_GRAIN + 1]; /* class by size */
	uint8_t class_of[HEAP_SLABS_MAX];	    /* by slab */
};

/*
 * heap_init - on a zeroed h
 *   bytes       ceiling; address space only, memory is taken when first used
 *   want_lock   locked in memory at once (the signer)
 * E_SYS (logged): can't be mapped or locked
 */
enum err heap_init(struct heap *h, size_t bytes, bool want_lock);

/* heap_get - n zeroed bytes; NULL when the region is used up, or n is 0 */
void *heap_get(struct heap *h, size_t n);

/* heap_put - wipes and takes back; accepts NULL */
void heap_put(struct heap *h, void *p);

/* heap_resize - p with room for n bytes, moved when need be; p NULL: heap_get; n 0: heap_put. NULL
 * (and p untouched) when the region is used up */
void *heap_resize(struct heap *h, void *p, size_t n);

#endif
