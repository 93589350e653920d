/*
 * What is measured by leaving it away: bench/hardening_run builds programs without one of these
 * (`meson setup -Dwithout=...`), which nobody can install. All of them are there in any other
 * build.
 */
#ifndef BASE_HARDEN_H
#define BASE_HARDEN_H

#include <stdbool.h>

enum {
	HARDEN_GUARDS = 1,  /* pages that can't be touched, in heaps and between pools */
	HARDEN_RING = 2,    /* freed blocks wait, and come back in random order */
	HARDEN_CHECKS = 4,  /* blocks are looked at when they are handed out and freed */
	HARDEN_SECRET = 8,  /* memory that no other process can read */
	HARDEN_SEAL = 16,   /* mappings that stay as they are */
	HARDEN_SECCOMP = 32 /* the list of system calls */
};

#ifndef HARDEN_WITHOUT
#define HARDEN_WITHOUT 0
#endif

/* In front of a function that calls what a library points at, which control flow integrity knows no
 * type of: as small as it can be, and listed in docs/hardening.md. */
#ifdef __clang__
#define HARDEN_CALLS_A_LIBRARY __attribute__((no_sanitize("cfi-icall"), noinline))
#else
#define HARDEN_CALLS_A_LIBRARY
#endif

/* harden_has - it is not left away; known when this is compiled */
static inline bool harden_has(unsigned what)
{
	return ((unsigned)(HARDEN_WITHOUT)&what) == 0;
}

#endif
