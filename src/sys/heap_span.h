/*
 * Spans of sys/heap: where blocks lie, which of them are free, and the pages between spans that
 * nobody can touch. sys/heap's own, nobody else includes it.
 */
#ifndef SYS_HEAP_SPAN_H
#define SYS_HEAP_SPAN_H

#include "sys/heap.h"

enum {
	HEAP_SLAB = 65536,
	HEAP_GUARD = 4096, /* behind each slab; within a wider span all but the last are its own */
	HEAP_PITCH = HEAP_SLAB + HEAP_GUARD,
	HEAP_NO_CLASS = 255
};

/* A block, found by its address. */
struct heap_place {
	struct heap_span *span;
	uint32_t index;
};

/* heap_span_size - bytes of a class's blocks */
uint32_t heap_span_size(unsigned class);

/* heap_span_map - the region and what is known of it. E_SYS (logged) */
enum err heap_span_map(struct heap *h, size_t bytes, enum heap_kind kind);

/* heap_span_place - of p; ends the process when no block begins there */
struct heap_place heap_span_place(const struct heap *h, const void *p);

/* heap_span_for - one with a free block of that class; NULL: the region is used up */
struct heap_span *heap_span_for(struct heap *h, unsigned class);

/* heap_span_take - one of its free blocks, any */
void *heap_span_take(struct heap *h, struct heap_span *s);

/* heap_span_give - the block is free again */
void heap_span_give(struct heap *h, struct heap_place at);

/* heap_span_live, heap_span_end - the block is handed out; it is no more. End the process when it
 * was so before */
void heap_span_live(struct heap *h, struct heap_place at);
void heap_span_end(struct heap *h, struct heap_place at);

/* heap_span_is_live - it is handed out */
bool heap_span_is_live(const struct heap *h, struct heap_place at);

/* heap_span_take_back - one that nothing is in: its memory goes back to the system. False (logged):
 * it does not */
bool heap_span_take_back(struct heap *h, struct heap_span *s);

/* heap_span_forget - gives the pages back that no block that is handed out touches: they were zero,
 * and are so again */
void heap_span_forget(const struct heap *h, const struct heap_span *s);

#endif
