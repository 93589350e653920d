/* Namespaces of processes, and which lie within which (namespaces(7), ioctl_ns(2)). */
#ifndef TOOL_BLAST_SPACE_H
#define TOOL_BLAST_SPACE_H

#include "base/err.h"
#include "base/view.h"

enum blast_space_kind {
	BLAST_SPACE_USER,
	BLAST_SPACE_PID,
	BLAST_SPACE_NET,
	BLAST_SPACE_MNT,
	BLAST_SPACE_IPC,
	BLAST_SPACE_UTS,
	BLAST_SPACE_CGROUP,
	BLAST_SPACES
};

enum { BLAST_SPACE_DEPTH = 33 }; /* the kernel nests 32 */

struct blast_spaces {
	uint64_t id[BLAST_SPACES]; /* 0: not known */
	/* of user and PID namespaces: its own first, then what it lies in, as far as it shows */
	uint64_t user[BLAST_SPACE_DEPTH], pid[BLAST_SPACE_DEPTH];
	size_t user_n, pid_n;
};

/* blast_space_parse - "net:[4026531840]" */
enum err blast_space_parse(struct view link, struct view kind, uint64_t *ret);

/* blast_space_name - "user", "pid", ... */
const char *blast_space_name(unsigned kind);

/* blast_space_look - E_CLOSED it has ended · E_DENIED not allowed · E_SYS, E_PROTO */
enum err blast_space_look(int pid, struct blast_spaces *ret);

/* blast_space_sees - the PID namespace of who has whom in it: it may be named in a signal */
bool blast_space_sees(const struct blast_spaces *who, const struct blast_spaces *whom);

/* blast_space_rules - capabilities of who count over whom: his user namespace is whom's, or one
 * around it */
bool blast_space_rules(const struct blast_spaces *who, const struct blast_spaces *whom);

#endif
