/* /proc/PID/status: who a process is to the kernel (proc(5)). */
#ifndef TOOL_BLAST_STATUS_H
#define TOOL_BLAST_STATUS_H

#include "base/err.h"
#include "base/view.h"

enum { BLAST_STATUS_GROUPS = 64 };

struct blast_status {
	uint32_t uid[4], gid[4]; /* real, effective, saved, of files; as the reader's namespace
				    counts */
	uint32_t group[BLAST_STATUS_GROUPS];
	size_t group_n;
	bool has_more_groups; /* than are listed here */
	uint64_t inheritable, permitted, effective, bounding, ambient;
	uint32_t no_new_privs, seccomp, filters, threads;
};

/*
 * blast_status_parse - all of it
 *   text  borrows; the name in it is the process's own choice, and has no newline as the kernel
 *         writes it
 * E_PROTO a line is missing or is not understood; of two that are called the same the first counts
 */
enum err blast_status_parse(struct view text, struct blast_status *ret);

/* blast_status_cap - "sys_admin", ...; NULL: the kernel has no such capability that we know */
const char *blast_status_cap(unsigned cap);

#endif
