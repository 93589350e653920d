/*
 * The C library's byte functions as the proofs take them: C11 §7.24, without what the prover can't
 * express (initialisation, danglingness). That the library keeps to this is assumed, not proved.
 */
#ifndef TESTS_PROOF_LIBC_H
#define TESTS_PROOF_LIBC_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*@ requires \valid_read((char *)a + (0 .. n - 1)) && \valid_read((char *)b + (0 .. n - 1));
  @ assigns \result \from ((char *)a)[0 .. n - 1], ((char *)b)[0 .. n - 1];
  @*/
int proof_memcmp(const void *a, const void *b, size_t n);

/*@ requires \valid((char *)to + (0 .. n - 1)) && \valid_read((char *)from + (0 .. n - 1));
  @ requires \separated((char *)to + (0 .. n - 1), (char *)from + (0 .. n - 1));
  @ assigns ((char *)to)[0 .. n - 1] \from ((char *)from)[0 .. n - 1];
  @ assigns \result \from to;
  @ ensures \result == to;
  @*/
void *proof_memcpy(void *to, const void *from, size_t n);

/*@ requires \valid((char *)to + (0 .. n - 1));
  @ assigns ((char *)to)[0 .. n - 1], \result;
  @ ensures \result == to;
  @*/
void *proof_memset(void *to, int c, size_t n);

/*@ requires \valid_read((unsigned char *)s + (0 .. n - 1));
  @ assigns \result \from s, ((unsigned char *)s)[0 .. n - 1], c, n;
  @ behavior found:
  @   assumes \exists integer i; 0 <= i < n && ((unsigned char *)s)[i] == c;
  @   ensures (unsigned char *)s <= (unsigned char *)\result < (unsigned char *)s + n;
  @   ensures \base_addr((unsigned char *)\result) == \base_addr((unsigned char *)s);
  @   ensures *(unsigned char *)\result == c;
  @   ensures \forall integer i; 0 <= i < (unsigned char *)\result - (unsigned char *)s ==>
  @	((unsigned char *)s)[i] != c;
  @ behavior absent:
  @   assumes \forall integer i; 0 <= i < n ==> ((unsigned char *)s)[i] != c;
  @   ensures \result == \null;
  @ complete behaviors;
  @ disjoint behaviors;
  @*/
void *proof_memchr(const void *s, int c, size_t n);

/*@ requires valid_read_string(s);
  @ assigns \result \from s;
  @ ensures \valid_read(s + (0 .. \result));
  @*/
size_t proof_strlen(const char *s);

/*@ requires \valid(ret);
  @ assigns *ret, \result \from a, b;
  @ ensures \result != 0 <==> a * b > SIZE_MAX;
  @ ensures *ret == (a * b) % (SIZE_MAX + 1);
  @*/
int proof_mul_overflow(size_t a, size_t b, size_t *ret);

#define __builtin_mul_overflow proof_mul_overflow
#define memcmp		       proof_memcmp
#define memcpy		       proof_memcpy
#define memset		       proof_memset
#define memchr		       proof_memchr
#define strlen		       proof_strlen

#endif
