/*
 * Fast random numbers for choices that need no secrecy: balancing, jitter, request ids.
 * xoshiro256** (Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators", 2018).
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stdint.h>

struct rng {
	uint64_t s[4]; /* seeded by the owner from the kernel; all zero is replaced */
};

/*@ requires \valid(r);
  @ assigns r->s[0 .. 3];
  @*/
uint64_t rng_next(struct rng *r);

/* rng_below - uniform in [0, n), n > 0 (multiply-shift; bias below 2^-32 for n < 2^32) */
/*@ requires \valid(r) && n > 0;
  @ assigns r->s[0 .. 3];
  @ ensures \result < n;
  @*/
uint32_t rng_below(struct rng *r, uint32_t n);

#endif
