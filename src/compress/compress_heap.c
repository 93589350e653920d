/*
 * Each block has a header of one cache line with its class, so that freeing needs no table. The
 * header is checked: a library that writes before its block ends the process and not another
 * stream.
 */
#include "compress/compress_heap.h"

#include "base/err.h"

enum { HEAP_LINE = 64, HEAP_MAGIC = 0x48c0de };

struct compress_heap_header {
	uint32_t magic, class;
};

/* Blocks of 256, 320, 384, 448, 512, 640, ... bytes. */
static size_t compress_heap_size(unsigned class)
{
	return (size_t)(4 + (class & 3)) * HEAP_LINE << (class >> 2);
}

/* The smallest class whose blocks hold n bytes and the header. */
static unsigned compress_heap_class(size_t n)
{
	unsigned class = 0;

	while (class < COMPRESS_HEAP_CLASSES && compress_heap_size(class) < n + HEAP_LINE)
		class ++;
	return class;
}

void *compress_heap_get(struct compress_heap *h, size_t n)
{
	unsigned class = n < SIZE_MAX / 2 ? compress_heap_class(n) : COMPRESS_HEAP_CLASSES;
	struct compress_heap_header *header = NULL;
	size_t size = 0;

	if (class == COMPRESS_HEAP_CLASSES)
		return NULL;
	size = compress_heap_size(class);
	if (h->free[class]) {
		struct compress_heap_block *b = h->free[class];

		h->free[class] = b->next;
		return b;
	}
	if (size > h->cap - h->n)
		return NULL;
	header = (struct compress_heap_header *)(void *)(h->base + h->n);
	*header = (struct compress_heap_header){ .magic = HEAP_MAGIC, .class = class };
	h->n += size;
	if (h->n > h->reached)
		h->reached = h->n;
	return (uint8_t *)header + HEAP_LINE;
}

void compress_heap_put(struct compress_heap *h, void *p)
{
	struct compress_heap_header *header = NULL;
	struct compress_heap_block *b = p;

	if (!p)
		return;
	INVARIANT((uint8_t *)p > h->base && (uint8_t *)p < h->base + h->n);
	header = (struct compress_heap_header *)(void *)((uint8_t *)p - HEAP_LINE);
	INVARIANT(header->magic == HEAP_MAGIC && header->class < COMPRESS_HEAP_CLASSES);
	b->next = h->free[header->class];
	h->free[header->class] = b;
}

void compress_heap_reset(struct compress_heap *h)
{
	for (unsigned i = 0; i < COMPRESS_HEAP_CLASSES; i++)
		h->free[i] = NULL;
	h->n = 0;
}
