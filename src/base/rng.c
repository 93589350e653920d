/* xoshiro256**; pure. */
#include "base/rng.h"

#define RNG_HALF ((uint64_t)1 << 32)

/*@ requires 0 < k < 64;
  @ assigns \nothing;
  @*/
static uint64_t rotl(uint64_t x, unsigned k)
{
	return x << k | x >> (64 - k);
}

uint64_t rng_next(struct rng *r)
{
	uint64_t *s = r->s, result = 0, t = 0;

	if (!(s[0] | s[1] | s[2] | s[3]))
		s[0] = 0x9e3779b97f4a7c15u; /* the one state it can't leave */
	result = rotl(s[1] * 5, 7) * 9;
	t = s[1] << 17;
	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

uint32_t rng_below(struct rng *r, uint32_t n)
{
	uint64_t high = rng_next(r) / RNG_HALF;

	//@ assert high * n <= (RNG_HALF - 1) * n;
	return (uint32_t)(high * n / RNG_HALF);
}
