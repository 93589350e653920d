/* Processes by pidfd: no pid is ever mixed up with a later one. Keeper only. */
#ifndef SYS_PROCESS_H
#define SYS_PROCESS_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

struct process_end {
	bool is_signal; /* ended by a signal: value is its number; else value is the exit status */
	int value;
};

/* process_reap - the end of a child. E_AGAIN it lives · E_SYS (logged) */
enum err process_reap(int pidfd, struct process_end *ret);

/* process_signal - sends a signal; a process that has ended is no error */
void process_signal(int pidfd, int signal);

/* process_adopt_orphans - children of children that have ended become the caller's. E_SYS (logged)
 */
enum err process_adopt_orphans(void);

/* process_next_ended - a child that has ended and was not reaped yet. E_AGAIN there is none */
enum err process_next_ended(pid_t *ret);

/* process_reap_pid - as process_reap, by number: only for a child that process_next_ended named */
enum err process_reap_pid(pid_t pid, struct process_end *ret);

/* process_exists - somebody has that number, ended or not */
bool process_exists(pid_t pid);

#endif
