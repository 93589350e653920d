/* Memory for secrets: locked, guarded on both sides, left out of core dumps and of children, wiped.
 */
#ifndef SYS_SECRET_H
#define SYS_SECRET_H

#include "base/wbuf.h"

struct secret {
	uint8_t *p;
	size_t n; /* usable bytes */
};

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
