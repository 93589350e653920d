/* FNV-1a, SipHash and a mixer; pure. */
#include "base/hash.h"

uint64_t hash_fnv1a(struct view v)
{
	uint64_t h = HASH_FNV1A_START;

	/*@ loop invariant i <= v.n;
	  @ loop assigns i, h;
	  @ loop variant v.n - i;
	  @*/
	for (size_t i = 0; i < v.n; i++)
		h = hash_fnv1a_add(h, v.p[i]);
	return h;
}

/*@ requires 0 < by < 64;
  @ assigns \nothing;
  @*/
static uint64_t hash_turn(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

/*@ requires \valid(v + (0 .. 3));
  @ assigns v[0 .. 3];
  @*/
static void hash_rounds(uint64_t v[4], unsigned n)
{
	/*@ loop assigns n, v[0 .. 3];
	  @ loop variant n;
	  @*/
	while (n--) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = hash_turn(v[1], 13) ^ v[0];
		v[3] = hash_turn(v[3], 16) ^ v[2];
		v[0] = hash_turn(v[0], 32) + v[3];
		v[2] += v[1];
		v[3] = hash_turn(v[3], 21) ^ v[0];
		v[1] = hash_turn(v[1], 17) ^ v[2];
		v[2] = hash_turn(v[2], 32);
	}
}

/* At most eight bytes, the first one lowest. */
/*@ requires view_ok(v);
  @ assigns \nothing;
  @*/
static uint64_t hash_word(struct view v)
{
	uint64_t x = 0;

	/*@ loop invariant i <= v.n && i <= 8;
	  @ loop assigns i, x;
	  @ loop variant 8 - i;
	  @*/
	for (size_t i = 0; i < v.n && i < 8; i++)
		x |= (uint64_t)v.p[i] << (8 * i);
	return x;
}

uint64_t hash_keyed(const uint64_t key[2], struct view v)
{
	uint64_t s[4] = { key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du,
			  key[0] ^ 0x6c7967656e657261u, key[1] ^ 0x7465646279746573u };
	uint64_t last = (uint64_t)v.n << 56;

	/*@ loop invariant view_ok(v);
	  @ loop assigns v, s[0 .. 3];
	  @ loop variant v.n;
	  @*/
	for (; v.n >= 8; v = view_slice(v, 8, v.n)) {
		uint64_t x = hash_word(v);

		s[3] ^= x;
		hash_rounds(s, 2);
		s[0] ^= x;
	}
	last |= hash_word(v);
	s[3] ^= last;
	hash_rounds(s, 2);
	s[0] ^= last;
	s[2] ^= 0xff;
	hash_rounds(s, 4);
	return s[0] ^ s[1] ^ s[2] ^ s[3];
}

uint64_t hash_mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}
