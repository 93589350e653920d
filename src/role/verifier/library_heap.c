/*
 * malloc of this program: libfido2, libcbor, jansson and libcrypto take apart strangers' bytes in a
 * heap of fixed size (sys/heap.h), which wipes what is freed and is never asked of the system
 * again. An item that claims a gigabyte finds none; the question is answered "can't be read".
 *
 * Linked into the program alone: in builds with AddressSanitizer its own allocator stays.
 */
#include "role/verifier/verifier.h"
#include "sys/heap.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

#define LIBRARY_HEAP_HOOK __attribute__((visibility("default")))

/* docs/invariants.md: malloc carries no argument. */
static struct heap library_heap;

/* The first call comes from the loader, before main(). */
static struct heap *library_heap_get(void)
{
	if (!library_heap.base && heap_init(&library_heap, VERIFIER_HEAP, HEAP_HIDDEN) != E_OK)
		abort();
	return &library_heap;
}

static void *library_heap_or_errno(void *p)
{
	if (!p)
		errno = ENOMEM;
	return p;
}

LIBRARY_HEAP_HOOK void *malloc(size_t n)
{
	return library_heap_or_errno(heap_get(library_heap_get(), n ? n : 1));
}

LIBRARY_HEAP_HOOK void *calloc(size_t count, size_t n)
{
	size_t bytes = 0;

	if (__builtin_mul_overflow(count, n, &bytes))
		return library_heap_or_errno(NULL);
	return malloc(bytes); /* zeroed */
}

LIBRARY_HEAP_HOOK void *realloc(void *p, size_t n)
{
	return library_heap_or_errno(heap_resize(library_heap_get(), p, n ? n : 1));
}

LIBRARY_HEAP_HOOK void free(void *p)
{
	heap_put(library_heap_get(), p);
}

LIBRARY_HEAP_HOOK void *memalign(size_t align, size_t n)
{
	return align <= HEAP_GRAIN ? malloc(n) : library_heap_or_errno(NULL);
}

LIBRARY_HEAP_HOOK void *aligned_alloc(size_t align, size_t n)
{
	return memalign(align, n);
}

LIBRARY_HEAP_HOOK int posix_memalign(void **ret, size_t align, size_t n)
{
	void *p = memalign(align, n);

	if (!p)
		return ENOMEM;
	*ret = p;
	return 0;
}
