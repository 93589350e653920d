/* Memory with pages around it, or in it, that nobody can touch: an overflow ends the process there
 * (promises P1, P5). */
#ifndef SYS_MOAT_H
#define SYS_MOAT_H

#include <stdbool.h>
#include <stddef.h>

enum { MOAT_PAGE = 4096 };

/* moat_map - n bytes, zeroed, memory when first touched, between two inaccessible pages; the
 * begin is a page's, so it is behind the end that up to a page is left. NULL: there is none */
void *moat_map(size_t n);

/* moat_page - this page of anonymous memory is gone, and can't be touched, until it is unmapped.
 * Costs no mapping of its own (MADV_GUARD_INSTALL, Linux 6.13); false: the kernel has no such thing
 */
bool moat_page(void *page);

#endif
