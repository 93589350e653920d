/*
 * Memory for secrets: hidden from every other process and from most of the kernel where that is
 * possible (memfd_secret, Linux 5.14), locked in memory else; guarded on both sides, left out of
 * core dumps and of children, wiped (promises P2, P6).
 */
#ifndef SYS_SECRET_H
#define SYS_SECRET_H

#include "base/wbuf.h"

struct secret {
	uint8_t *p;
	size_t n; /* usable bytes */
};

/*
 * secret_map - n zeroed bytes, readable and writable, between two inaccessible pages
 *   wants_lock  locked in memory when it can't be hidden
 *   ret_hidden  whether it is
 * E_DENIED it can't be hidden, and nothing else was wanted · E_SYS (logged) it can't be locked
 */
enum err secret_map(size_t n, bool wants_lock, void **ret, bool *ret_hidden);

/* secret_home - n zeroed bytes for the structures of a role through which secrets pass: hidden
 * where that is possible, not dumped in any case, never given back. NULL (logged): there is none */
void *secret_home(size_t n);

/* secret_new - n bytes between two inaccessible pages. E_SYS (logged) when they can't be locked */
enum err secret_new(size_t n, struct secret *ret);

/* secret_done - wipes and unmaps; accepts an empty one */
void secret_done(struct secret *s);

/* secret_wipe - overwrites n bytes in a way the compiler keeps */
void secret_wipe(void *p, size_t n);

/* secret_random - n bytes from the kernel's generator; ends the process when the kernel can't give
 * them */
void secret_random(void *p, size_t n);

#endif
