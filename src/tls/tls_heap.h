/*
 * Where OpenSSL's memory comes from: a heap (sys/heap.h), so that a connection's memory is wiped
 * when it goes, and bounded: when it is used up a handshake fails.
 */
#ifndef TLS_TLS_HEAP_H
#define TLS_TLS_HEAP_H

#include "sys/heap.h"

/* tls_heap_init - heap_init before anything else of OpenSSL is used. E_DENIED: OpenSSL has
 * allocated already */
enum err tls_heap_init(size_t bytes, enum heap_kind kind);

/* tls_heap_get - n zeroed bytes among OpenSSL's; NULL: it is used up, or not set up */
void *tls_heap_get(size_t n);

/* tls_heap_trim - heap_trim */
void tls_heap_trim(unsigned max);

/* tls_heap_rest - heap_rest */
void tls_heap_rest(void);

/* tls_heap_shuffle - heap_shuffle */
void tls_heap_shuffle(void);

/* tls_heap_is_hidden - nobody but this process can read it */
bool tls_heap_is_hidden(void);

void tls_heap_stat(struct heap_stat *ret);

#endif
