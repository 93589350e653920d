/*
 * Starting a role: fork, namespaces, uid, limits, exec (promises P2, P4, P5). Keeper only.
 */
#ifndef SYS_SPAWN_H
#define SYS_SPAWN_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct spawn_spec {
	const char *program; /* absolute path of the executable */
	const char *argv0;   /* "sluis-edge": argv has nothing else */
	int channel_fd; /* becomes descriptor ROLE_CHANNEL_FD; every other one above 2 is closed */
	uid_t uid;	/* started by root: these ids; otherwise ignored (a user namespace maps the
			   caller to itself) */
	gid_t gid;
	bool wants_parents_pids; /* stays in the keeper's PID namespace: what it starts outlives it
				  */
	bool wants_network;	 /* false: a new, empty network namespace */
	bool wants_read_any; /* started by root: CAP_DAC_READ_SEARCH survives until the role drops
				it (signer, config: key and configuration files) */
	int cgroup_fd;	     /* directory of a cgroup to be born in (CLONE_INTO_CGROUP); -1: none */
	uint64_t nofile;     /* RLIMIT_NOFILE; 0: the parent's hard limit */
	uint64_t memlock;    /* RLIMIT_MEMLOCK bytes; 0: unchanged */
	bool wants_no_namespaces; /* --allow-weaker P4 and P5 where none can be made: plain fork */
};

/*
 * spawn_role - a child in new user, mount, PID, IPC, UTS and cgroup namespaces, with
 * PR_SET_PDEATHSIG SIGKILL, no core dumps, signals reset, an empty environment, descriptors
 * 0 = /dev/null, 1 and 2 as here. What it may do before its own sandbox closes (CAP_SYS_ADMIN, to
 * empty its root) counts inside its user namespace only. With wants_read_any, and where root can't
 * make user namespaces, it is born without one and without that capability.
 *   ret_pid    in the caller's PID namespace
 *   ret_pidfd  gives; CLOEXEC; readable when it has ended
 * E_SYS (logged) · E_DENIED namespaces can't be made here: *ret_why says which promise that breaks
 * Waits until the program has been executed: milliseconds.
 */
enum err spawn_role(const struct spawn_spec *spec, pid_t *ret_pid, int *ret_pidfd,
		    const char **ret_why);

#endif
