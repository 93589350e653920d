/*
 * Boot-lifetime memory: one bump allocator over a region that its owner made.
 *
 * After boot a role calls no malloc of its own; everything it needs was taken from here.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct arena {
	uint8_t *p; /* borrowed; zero-filled by its maker */
	size_t n, cap;
};

/*
 * arena_alloc - count objects of size bytes at a multiple of align (a power of two)
 * Zeroed when the region is; NULL when full or when count * size overflows.
 */
/*@ requires \valid(a) && a->n <= a->cap && align > 0;
  @ requires \valid(a->p + (0 .. a->cap - 1));
  @ assigns a->n;
  @ ensures \old(a->n) <= a->n <= a->cap;
  @ ensures \result == \null || \valid((uint8_t *)\result + (0 .. count * size - 1));
  @*/
void *arena_alloc(struct arena *a, size_t count, size_t size, size_t align)
	__attribute__((malloc, alloc_size(2, 3), alloc_align(4), warn_unused_result));

#define ARENA_NEW(a, T, n) ((T *)arena_alloc((a), (n), sizeof(T), _Alignof(T)))

#endif
