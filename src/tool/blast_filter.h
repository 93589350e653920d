/*
 * The seccomp filters that are in force for a process, as the kernel gives them out
 * (PTRACE_SECCOMP_GET_FILTER): to root of the machine, who is under none. The process stands still
 * while they are copied: milliseconds, and never longer than BLAST_FILTER_WAIT_MS.
 */
#ifndef TOOL_BLAST_FILTER_H
#define TOOL_BLAST_FILTER_H

#include "tool/blast_bpf.h"

enum { BLAST_FILTER_WAIT_MS = 3000 };

struct blast_filter {
	struct blast_bpf_stack stack;		     /* the newest first */
	struct sock_filter *code[BLAST_BPF_FILTERS]; /* owned */
	uint64_t stopped_us;			     /* how long it stood still */
};

/*
 * blast_filter_read - all filters of a process, checked
 *   ret  gives; blast_filter_done
 * E_CLOSED it has ended · E_DENIED not allowed, or somebody traces it already · E_AGAIN it did not
 * stop in time · E_PROTO, E_LIMIT what the kernel gave is not understood · E_NOMEM · E_SYS
 */
enum err blast_filter_read(int pid, struct blast_filter *ret);
void blast_filter_done(struct blast_filter *f);

#endif
