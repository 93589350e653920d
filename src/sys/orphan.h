/* Processes whose parent has ended, by number: the keeper reaps what spawners leave. Keeper only.
 */
#ifndef SYS_ORPHAN_H
#define SYS_ORPHAN_H

#include "sys/process.h"

#include <sys/types.h>

/* orphan_adopt - children of children that have ended become the caller's. E_SYS (logged)
 */
enum err orphan_adopt(void);

/* orphan_next - a child that has ended and was not reaped yet. E_AGAIN there is none */
enum err orphan_next(pid_t *ret);

/* orphan_reap - as process_reap, by number: only for a child that orphan_next named */
enum err orphan_reap(pid_t pid, struct process_end *ret);

/*
 * orphan_open - a descriptor of the process with that number, and who its parent is; both of the
 * same process. -1: it is gone
 */
int orphan_open(pid_t pid, pid_t *ret_parent);

/* orphan_kill - ends it, when it is a child of this process and has not ended. E_CLOSED it is none,
 * or has · E_SYS (logged) */
enum err orphan_kill(pid_t pid);

/* orphan_exists - somebody has that number, ended or not */
bool orphan_exists(pid_t pid);

#endif
