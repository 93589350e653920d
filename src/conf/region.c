/* The memory of one compilation; config role and `sluis check`. */
#include "conf/region.h"

#include "base/wbuf.h"
#include "sys/log.h"

#include <sys/mman.h>

enum err region_open(struct arena *ret)
{
	void *p = mmap(NULL, REGION_BYTES, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return log_errno("reserving memory for the configuration");
	*ret = (struct arena){ .p = p, .cap = REGION_BYTES };
	return E_OK;
}

void region_close(struct arena *a)
{
	if (a->p)
		(void)munmap(a->p, a->cap);
	*a = (struct arena){ 0 };
}

void *region_alloc(struct arena *a, size_t count, size_t size, size_t align)
{
	void *p = arena_alloc(a, count, size, align);

	INVARIANT(p);
	return p;
}

struct view region_copy(struct arena *a, struct view v)
{
	return region_join(a, v, (struct view){ 0 });
}

struct view region_join(struct arena *a, struct view first, struct view second)
{
	size_t n = first.n + second.n;
	struct wbuf w = wbuf_of(region_alloc(a, n + 1, 1, 1), n);

	wbuf_view_put(&w, first);
	wbuf_view_put(&w, second);
	return wbuf_view(&w);
}
