/*
 * Test input whose last byte is the last byte of a readable page: whoever reads past it dies.
 * For tests only; one process, one test at a time.
 */
#ifndef TESTS_UNIT_GUARD_H
#define TESTS_UNIT_GUARD_H

#include "base/view.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { GUARD_PAGE = 4096 };

struct guard {
	uint8_t *map; /* gives to guard_done */
	size_t map_n;
};

/* guard_new - room for inputs of at most n bytes */
static inline struct guard guard_new(size_t n)
{
	size_t pages = (n + GUARD_PAGE - 1) / GUARD_PAGE + 1;
	struct guard g = { .map_n = (pages + 1) * GUARD_PAGE };

	g.map = mmap(NULL, g.map_n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (g.map == MAP_FAILED || mprotect(g.map + pages * GUARD_PAGE, GUARD_PAGE, PROT_NONE) != 0)
		abort();
	return g;
}

/* guard_put - a copy of v that ends at the guard page; the copy before it is gone */
static inline struct view guard_put(struct guard *g, struct view v)
{
	size_t room = g->map_n - GUARD_PAGE;
	uint8_t *at = g->map + room - v.n;

	if (v.n > room)
		abort();
	if (v.n)
		memmove(at, v.p, v.n);
	return view_of(at, v.n);
}

static inline void guard_done(struct guard *g)
{
	munmap(g->map, g->map_n);
}

#endif
