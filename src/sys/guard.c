/* mmap with room on both sides, and markers in page tables. */
#include "sys/guard.h"

#include "base/harden.h"

#include <stdint.h>
#include <sys/mman.h>

enum { GUARD_INSTALL = 102 /* linux/mman.h knows it since 6.13 */ };

void *guard_map(size_t n)
{
	size_t inner = (n + GUARD_PAGE - 1) / GUARD_PAGE * GUARD_PAGE;
	uint8_t *p = NULL;

	if (inner < n)
		return NULL;
	p = mmap(NULL, inner + (size_t)2 * GUARD_PAGE, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	if (mprotect(p + GUARD_PAGE, inner, PROT_READ | PROT_WRITE) == 0)
		return p + GUARD_PAGE;
	(void)munmap(p, inner + (size_t)2 * GUARD_PAGE);
	return NULL;
}

bool guard_page(void *page)
{
	return HARDEN_HAS(HARDEN_GUARDS) && madvise(page, GUARD_PAGE, GUARD_INSTALL) == 0;
}
