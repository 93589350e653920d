/* What the harnesses share: the entry point, exact copies, and choices that depend on the input
 * alone. A broken property ends the program by INVARIANT. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "base/hash.h"
#include "base/view.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* fuzz_copy - v in a block of exactly its size, so that a read past it is seen; gives to free() */
static inline uint8_t *fuzz_copy(struct view v)
{
	uint8_t *p = v.n < SIZE_MAX / 2 ? malloc(v.n ? v.n : 1) : NULL;

	if (!p)
		abort();
	if (v.n)
		memcpy(p, v.p, v.n);
	return p;
}

/* fuzz_choice - a number below n that follows from the bytes and salt */
static inline size_t fuzz_choice(struct view v, unsigned salt, size_t n)
{
	return (size_t)((hash_fnv1a(v) >> 7) * (2 * (uint64_t)salt + 1) % n);
}

#endif
