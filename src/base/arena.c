/* The boot arena; pure, linked by every role. */
#include "base/arena.h"

void *arena_alloc(struct arena *a, size_t count, size_t size, size_t align)
{
	size_t bytes = 0, pad = (align - ((uintptr_t)a->p + a->n) % align) % align;
	uint8_t *p = NULL;

	if (__builtin_mul_overflow(count, size, &bytes) || pad > a->cap - a->n ||
	    bytes > a->cap - a->n - pad)
		return NULL;
	p = a->p + a->n + pad;
	a->n += pad + bytes;
	return p;
}
