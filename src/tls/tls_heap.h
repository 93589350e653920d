/*
 * Where OpenSSL's memory comes from: one region mapped at boot, cut into slabs of size classes.
 *
 * Every block is wiped when it is freed, so a block holds nothing of the connection that had it
 * before (THREATS A, A10), and handing out and taking back never reaches malloc, brk or mmap. When
 * the region is used up OpenSSL sees a failed allocation and the handshake fails: memory has a
 * ceiling. One per process, because OpenSSL's hooks carry no argument; single-threaded.
 */
#ifndef TLS_TLS_HEAP_H
#define TLS_TLS_HEAP_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * tls_heap_init - before anything else of OpenSSL is used
 *   bytes       ceiling; address space only, memory is taken when first used
 *   want_lock   locked in memory at once (the signer)
 * E_SYS (logged): can't be mapped or locked · E_DENIED: OpenSSL has allocated already
 */
enum err tls_heap_init(size_t bytes, bool want_lock);

struct tls_heap_stat {
	size_t used;	/* bytes in blocks that are handed out, rounded up to their class */
	size_t reached; /* bytes of the region ever cut into slabs */
	size_t failed;	/* allocations refused */
};

void tls_heap_stat(struct tls_heap_stat *ret);

#endif
