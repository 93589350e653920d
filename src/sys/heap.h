/*
 * Memory for libraries that allocate (OpenSSL, nghttp2): one region mapped at boot, cut into slabs,
 * which are given to size classes as spans, and can be taken back when nothing in them is used:
 * what an attack has filled is there for all again when it is over (THREATS A22).
 *
 * Every block is wiped when it is freed, so a block holds nothing of the connection that had it
 * before (THREATS A, A10), and handing out and taking back never reaches malloc, brk or mmap. When
 * the region is used up the library sees a failed allocation: memory has a ceiling.
 * Single-threaded.
 */
#ifndef SYS_HEAP_H
#define SYS_HEAP_H

#include "base/err.h"
#include "base/list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	HEAP_GRAIN = 16,
	HEAP_SMALL = 1024, /* up to here the class comes from a table */
	HEAP_CLASSES = 38,
	HEAP_WIDTHS = 5,       /* of spans: 1, 2, 4, 8, 16 slabs */
	HEAP_SLABS_MAX = 65536 /* 4 GB */
};

struct heap_block;

/* Slabs of one class; the first one's entry tells, the others' only how far behind it they are. */
struct heap_span {
	struct heap_block *free;
	uint8_t *fresh;	  /* from here on never used */
	struct list node; /* heap.room, while there is room; heap.spare */
	uint32_t used;	  /* blocks */
	uint8_t class, width, behind;
};

struct heap_stat {
	size_t used;	/* bytes in blocks that are handed out, rounded up to their class */
	size_t reached; /* bytes of the region that classes have */
	size_t failed;	/* allocations refused */
};

struct heap {
	uint8_t *base;
	size_t slabs, slab_n;		/* there are, cut so far */
	struct heap_span *spans;	/* by slab */
	struct list room[HEAP_CLASSES]; /* spans with a free block */
	struct list spare[HEAP_WIDTHS]; /* spans that were taken back */
	struct heap_stat stat;
	uint8_t small[HEAP_SMALL / HEAP_GRAIN + 1]; /* class by size */
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

/* heap_trim - takes back up to max spans that nothing is in, but for one of each class, and gives
 * their memory to the system; not on a locked heap */
void heap_trim(struct heap *h, unsigned max);

#endif
