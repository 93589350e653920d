/* The decoder that trusts its input; apart from its callers, as in real programs (bug.h). */
#include "bug.h"

__attribute__((noinline)) void bug_decode(uint8_t *to, const uint8_t *from, size_t n, size_t count)
{
	for (size_t i = 0; n && i < count; i++)
		to[i] = from[i % n];
}
