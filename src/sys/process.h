/* Processes by pidfd: no pid is ever mixed up with a later one. Keeper and spawner. */
#ifndef SYS_PROCESS_H
#define SYS_PROCESS_H

#include "base/wbuf.h"

#include <stdbool.h>
#include <sys/types.h>

struct process_end {
	bool is_signal; /* ended by a signal: value is its number; else value is the exit status */
	int value;
};

/* process_reap - the end of a child. E_AGAIN it lives · E_SYS (logged) */
enum err process_reap(int pidfd, struct process_end *ret);

/* process_is_fault - a signal that a process gets for what it does itself: a fault, a failed check,
 * a forbidden system call */
bool process_is_fault(int signal);

/*
 * process_end_put - how it ended, for people, at most PROCESS_END_MAX bytes: "pid 7: SIGSEGV, a
 * fault in memory". With the pid whoever looks finds what the kernel's log has of it; the number of
 * a forbidden system call is there alone (no parent is told).
 */
enum { PROCESS_END_MAX = 160 };
void process_end_put(struct wbuf *w, pid_t pid, const struct process_end *end);

/* process_signal - sends a signal; a process that has ended is no error */
void process_signal(int pidfd, int signal);

#endif
