/* mmap with room on both sides, and markers in page tables. */
#include "sys/moat.h"

#include "base/harden.h"

#include <stdint.h>
#include <sys/mman.h>

enum { MOAT_INSTALL = 102 /* linux/mman.h knows it since 6.13 */ };

void *moat_map(size_t n)
{
	size_t inner = (n + MOAT_PAGE - 1) / MOAT_PAGE * MOAT_PAGE;
	uint8_t *p = NULL;

	if (inner < n)
		return NULL;
	p = mmap(NULL, inner + (size_t)2 * MOAT_PAGE, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	if (mprotect(p + MOAT_PAGE, inner, PROT_READ | PROT_WRITE) == 0)
		return p + MOAT_PAGE;
	(void)munmap(p, inner + (size_t)2 * MOAT_PAGE);
	return NULL;
}

bool moat_page(void *page)
{
	return harden_has(HARDEN_GUARDS) && madvise(page, MOAT_PAGE, MOAT_INSTALL) == 0;
}
