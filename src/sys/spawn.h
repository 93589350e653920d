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
	bool wants_network;  /* false: a new, empty network namespace */
	bool wants_read_any; /* started by root: CAP_DAC_READ_SEARCH survives until the role drops
				it (signer, config: key and configuration files) */
	int cgroup_fd;	     /* directory of a cgroup to be born in (CLONE_INTO_CGROUP); -1: none */
	uint64_t nofile;     /* RLIMIT_NOFILE; 0: the parent's hard limit */
	uint64_t memlock;    /* RLIMIT_MEMLOCK bytes; 0: unchanged */
};

/*
 * spawn_role - a child in new mount, PID, IPC, UTS and cgroup namespaces (and user namespace when
 * not root), with PR_SET_PDEATHSIG SIGKILL, no core dumps, signals reset, an empty environment,
 * descriptors 0 = /dev/null, 1 and 2 as here ret_pid    in the caller's PID namespace ret_pidfd
 * CLOEXEC; readable when it has ended E_SYS (logged); E_DENIED namespaces can't be made here:
 * *ret_why says which promise that breaks
 */
enum err spawn_role(const struct spawn_spec *spec, pid_t *ret_pid, int *ret_pidfd,
		    const char **ret_why);

#endif
