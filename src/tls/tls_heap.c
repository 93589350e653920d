/*
 * OpenSSL's allocator: a heap of its own, one per process, because OpenSSL's hooks carry no
 * argument. Linked by the edge and the signer.
 */
#include "tls/tls_heap.h"

#include <openssl/crypto.h>

/* docs/invariants.md: the hooks below carry no argument. */
static struct heap tls_heap;

static void *tls_heap_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return heap_get(&tls_heap, n);
}

static void tls_heap_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	heap_put(&tls_heap, p);
}

static void *tls_heap_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return heap_resize(&tls_heap, p, n);
}

enum err tls_heap_init(size_t bytes, enum heap_kind kind)
{
	TRY(heap_init(&tls_heap, bytes, kind));
	return CRYPTO_set_mem_functions(tls_heap_malloc, tls_heap_realloc, tls_heap_free) == 1
		       ? E_OK
		       : E_DENIED;
}

void *tls_heap_get(size_t n)
{
	return tls_heap.base ? heap_get(&tls_heap, n) : NULL;
}

void tls_heap_trim(unsigned max)
{
	heap_trim(&tls_heap, max);
}

void tls_heap_rest(void)
{
	heap_rest(&tls_heap);
}

void tls_heap_shuffle(void)
{
	heap_shuffle(&tls_heap);
}

bool tls_heap_is_hidden(void)
{
	return tls_heap.is_hidden;
}

void tls_heap_stat(struct heap_stat *ret)
{
	*ret = tls_heap.stat;
}
