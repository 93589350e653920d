/*
 * A process that goes on from here, alone in a PID namespace: the spawner's cells (promise P1).
 *
 * One thread only. No handler of the C library runs, none is needed: nothing is locked, and
 * random numbers are seeded anew by who branches off.
 */
#ifndef SYS_BRANCH_H
#define SYS_BRANCH_H

#include "base/err.h"

#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The flags that branch_off gives clone, for the list of system calls. */
#define BRANCH_ALONE  ((uint64_t)(CLONE_NEWPID | CLONE_PIDFD | SIGCHLD))
#define BRANCH_BESIDE ((uint64_t)(CLONE_PIDFD | SIGCHLD))

/*
 * branch_off - 0 in the new process, its number as the caller sees it in the old one, -1 and errno
 *   is_alone   in a PID namespace of its own: takes CAP_SYS_ADMIN in the own user namespace
 *   ret_pidfd  gives, in the old one; CLOEXEC
 */
pid_t branch_off(bool is_alone, int *ret_pidfd);

/* What the new process takes with it. */
struct branch_keep {
	const int *fds; /* becomes descriptor first + its index; -1: none */
	size_t n;
	int first;
	uint64_t nofile; /* RLIMIT_NOFILE */
};

/* branch_keep - in the new process: its descriptors and 0 to 2, no other; no capability; the name
 * of the process. E_SYS */
enum err branch_keep(const struct branch_keep *k, const char *name);

/* branch_reserve - no descriptor that is made later is below n. E_SYS (logged) */
enum err branch_reserve(int n);

/* branch_hide - this memory (whole pages) is not there in processes that branch off. E_SYS
 * (logged) */
enum err branch_hide(void *p, size_t bytes);

/* branch_wipe_stack - what the callers' callees have left below */
void branch_wipe_stack(void);

#endif
