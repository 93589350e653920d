/*
 * Memory for libraries that allocate (OpenSSL, nghttp2): one region mapped at boot, cut into slabs,
 * which are given to size classes as spans, and can be taken back when nothing in them is used:
 * what an attack has filled is there for all again when it is over (THREATS A22).
 *
 * Every block is wiped when it is freed, so a block holds nothing of the connection that had it
 * before (THREATS A, A10), and handing out and taking back never reaches malloc, brk or mmap. When
 * the region is used up the library sees a failed allocation: memory has a ceiling.
 *
 * Against a bug that writes where it should not: behind each span is a page that can't be touched,
 * as is what no class has; a freed block waits before it is handed out again, and then in no order
 * that can be foreseen; nothing that the heap itself believes lies among the blocks; and what is
 * freed twice, was never handed out, or was written after it was freed ends the process.
 * Single-threaded.
 */
#ifndef SYS_HEAP_H
#define SYS_HEAP_H

#include "base/err.h"
#include "base/list.h"
#include "base/rng.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	HEAP_GRAIN = 16,
	HEAP_SMALL = 1024, /* up to here the class comes from a table */
	HEAP_CLASSES = 38,
	HEAP_WIDTHS = 5,	/* of spans: 1, 2, 4, 8, 16 slabs */
	HEAP_SLABS_MAX = 65536, /* 4 GB */
	HEAP_RING = 16
};

enum heap_kind {
	HEAP_PLAIN,  /* not dumped */
	HEAP_LOCKED, /* locked in memory at once, and hidden from everybody else where the kernel
			can (sys/secret.h); never given back */
	HEAP_HIDDEN  /* hidden where the kernel can, plain where not; never given back */
};

/* Slabs of one class; the first one's entry tells, the others' only how far behind it they are. */
struct heap_span {
	struct list node;     /* heap.room, while there is room; heap.spare */
	uint32_t used;	      /* blocks: handed out, or in their class's ring */
	uint32_t free_n;      /* blocks that can be handed out */
	uint32_t opened;      /* ... and that ever could: the others were never touched */
	uint32_t first;	      /* the block it began with */
	uint32_t bits;	      /* place of its two bitmaps in heap.bits */
	uint16_t words, room; /* of one bitmap; that there is room for at bits */
	uint8_t class, width, behind;
};

/* Blocks of a class that were freed last, oldest first: they wait here. */
struct heap_ring {
	uint32_t grain[HEAP_RING]; /* where, in HEAP_GRAINs from the region's begin */
	uint8_t at, n;
	bool is_busy; /* used since the last heap_trim */
};

struct heap_stat {
	size_t used;	/* bytes in blocks that are handed out, rounded up to their class */
	size_t reached; /* bytes of the region that classes have */
	size_t failed;	/* allocations refused */
};

struct heap {
	uint8_t *base;
	size_t slabs, slab_n;	 /* there are, cut so far */
	struct heap_span *spans; /* by slab */
	uint64_t *bits;		 /* per span: which blocks are handed out; which are free */
	uint32_t bits_n, bits_max;
	bool is_hidden;			/* sys/secret.h */
	bool has_markers;		/* guard pages by MADV_GUARD_INSTALL (Linux 6.13) */
	struct list room[HEAP_CLASSES]; /* spans with a free block */
	struct list spare[HEAP_WIDTHS]; /* spans that were taken back */
	struct heap_ring ring[HEAP_CLASSES];
	struct rng rng;
	struct heap_stat stat;
	uint8_t small[HEAP_SMALL / HEAP_GRAIN + 1]; /* class by size */
};

/*
 * heap_init - on a zeroed h
 *   bytes       ceiling; address space only, memory is taken when first used
 * E_SYS (logged): can't be mapped or locked
 */
enum err heap_init(struct heap *h, size_t bytes, enum heap_kind kind);

/* heap_shuffle - from here on another order than that of who has a copy of this heap: for a process
 * that has branched off (sys/branch.h) */
void heap_shuffle(struct heap *h);

/* heap_get - n zeroed bytes; NULL when the region is used up, or n is 0 */
void *heap_get(struct heap *h, size_t n);

/* heap_put - wipes and takes back; accepts NULL. Ends the process when p is not what heap_get has
 * given, or was put before */
void heap_put(struct heap *h, void *p);

/* heap_resize - p with room for n bytes, moved when need be; p NULL: heap_get; n 0: heap_put. NULL
 * (and p untouched) when the region is used up */
void *heap_resize(struct heap *h, void *p, size_t n);

/* heap_trim - takes back up to max spans that nothing is in, but for one of each class, and gives
 * their memory to the system: nobody can touch it until a class has it again. Blocks that wait in a
 * class that nobody has used since the last call wait no longer. Not on a locked or hidden heap */
void heap_trim(struct heap *h, unsigned max);

/* heap_rest - gives back the pages in which nothing is handed out, of spans in use too: for who
 * sleeps now. What waits, waits on. Not on a locked heap */
void heap_rest(struct heap *h);

#endif
