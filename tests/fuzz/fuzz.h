/*
 * What the harnesses share: the entry point, exact copies, choices that depend on the input alone,
 * and readers that make structures of any bytes, so that both engines (libFuzzer, AFL++) get past
 * the first field. A broken property ends the program by INVARIANT.
 */
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

/* fuzz_u8, fuzz_u16, fuzz_u32, fuzz_u64 - consume a number; behind the end everything is 0 */
static inline uint8_t fuzz_u8(struct view *in)
{
	uint8_t x = 0;

	return view_u8(in, &x) == E_OK ? x : 0;
}

static inline uint16_t fuzz_u16(struct view *in)
{
	uint16_t high = fuzz_u8(in);

	return (uint16_t)(high << 8 | fuzz_u8(in));
}

static inline uint32_t fuzz_u32(struct view *in)
{
	uint32_t high = fuzz_u16(in);

	return high << 16 | fuzz_u16(in);
}

static inline uint64_t fuzz_u64(struct view *in)
{
	uint64_t high = fuzz_u32(in);

	return high << 32 | fuzz_u32(in);
}

/* fuzz_some - consumes a length, one byte or two (most over 255), and at most so many bytes */
static inline struct view fuzz_some(struct view *in, size_t most)
{
	size_t n = most > UINT8_MAX ? fuzz_u16(in) : fuzz_u8(in);
	struct view got = view_slice(*in, 0, n < most ? n : most);

	*in = view_slice(*in, got.n, in->n);
	return got;
}

#endif
