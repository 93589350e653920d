/* FNV-1a; pure. */
#include "base/hash.h"

uint64_t hash_fnv1a(struct view v)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < v.n; i++)
		h = (h ^ v.p[i]) * 0x100000001b3u;
	return h;
}
