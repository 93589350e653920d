/*
 * A process's memory map as it is from now on (promise P5): what is writable never becomes
 * executable, and code, constants and relocated tables can't be unmapped, moved, replaced or made
 * writable, not by the process itself either. Against a bug that can call mprotect or mmap with
 * arguments of its choice, and for the processes whose list of system calls has those.
 */
#ifndef SYS_SEAL_H
#define SYS_SEAL_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct seal_report {
	bool has_mdwe;	 /* PR_SET_MDWE, Linux 6.3; children and what they execute inherit it */
	bool has_hidden; /* some of its memory no other process can read (sys/secret.h) */
	uint32_t sealed; /* mappings by mseal, Linux 6.10; 0: the kernel has none */
};

/* seal_memory - for good; while there is a /proc, and before a list of system calls is in force.
 * What the kernel does not have is left away, and told. E_SYS (logged): its own map can't be read,
 * or what has a seal can be changed nevertheless */
enum err seal_memory(struct seal_report *ret);

/* seal_branches - from here on no indirect branch of this process is predicted from what others
 * have trained, nor theirs from its own (PR_SPEC_INDIRECT_BRANCH): for who holds keys. False: the
 * kernel or the processor has no such switch */
bool seal_branches(void);

#endif
