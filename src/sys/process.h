/* Processes by pidfd: no pid is ever mixed up with a later one. Keeper and spawner. */
#ifndef SYS_PROCESS_H
#define SYS_PROCESS_H

#include "base/err.h"

#include <stdbool.h>

struct process_end {
	bool is_signal; /* ended by a signal: value is its number; else value is the exit status */
	int value;
};

/* process_reap - the end of a child. E_AGAIN it lives · E_SYS (logged) */
enum err process_reap(int pidfd, struct process_end *ret);

/* process_signal - sends a signal; a process that has ended is no error */
void process_signal(int pidfd, int signal);

#endif
