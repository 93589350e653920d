/*
 * Memory of one compilation: everything it makes lives until its end, so there is one region and
 * nothing is freed on the way.
 *
 * Address space is reserved, memory is used as it is touched. The limits on files, nodes and
 * tables (source.h, compile.h) keep a compilation well below the reserve: running out is a bug.
 */
#ifndef CONF_REGION_H
#define CONF_REGION_H

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"

enum { REGION_BYTES = 1 << 30 };

/* region_open - E_SYS (logged) */
enum err region_open(struct arena *ret);
void region_close(struct arena *a);

/* region_alloc - count zeroed objects; never NULL */
void *region_alloc(struct arena *a, size_t count, size_t size, size_t align)
	__attribute__((malloc, returns_nonnull, alloc_size(2, 3), alloc_align(4),
		       warn_unused_result));

#define REGION_NEW(a, T, n) ((T *)region_alloc((a), (n), sizeof(T), _Alignof(T)))

/* region_copy - the same bytes in the region, with a NUL behind them */
struct view region_copy(struct arena *a, struct view v);

/* region_join - a, then b, in the region, with a NUL behind them */
struct view region_join(struct arena *a, struct view first, struct view second);

#endif
