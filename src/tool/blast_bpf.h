/*
 * What a stack of seccomp filters lets through: classic BPF followed along every way that the
 * arguments of a system call may take, without knowing them (seccomp(2), bpf in linux/filter.h).
 *
 * A filter comes out of a process that may belong to somebody else: it is checked by the rules of
 * the kernel first, and followed for a bounded number of steps. What could not be followed counts
 * as let through: a map of what an intruder can do errs on his side.
 */
#ifndef TOOL_BLAST_BPF_H
#define TOOL_BLAST_BPF_H

#include "base/err.h"

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	BLAST_BPF_ARGS = 6,
	BLAST_BPF_FILTERS = 64,
	BLAST_BPF_WAYS = 4,	/* of which is told what they ask for */
	BLAST_BPF_STEPS = 65536 /* of one question */
};

struct blast_bpf_filter {
	const struct sock_filter *code; /* borrowed */
	size_t n;
};

/* All of them have to let a call through. */
struct blast_bpf_stack {
	struct blast_bpf_filter filter[BLAST_BPF_FILTERS];
	size_t n;
};

/* A system call; argument i is args[i] when bit i of known is set, and anything otherwise. */
struct blast_bpf_ask {
	uint32_t number, arch;
	uint8_t known;
	uint64_t args[BLAST_BPF_ARGS];
};

enum blast_bpf_verdict { BLAST_BPF_NEVER, BLAST_BPF_SOMETIMES, BLAST_BPF_ALWAYS };

/* blast_bpf_word - "never", "sometimes", "always" */
const char *blast_bpf_word(unsigned verdict);

/* What has to hold for one way: (args[i] & mask[i]) == value[i]. */
struct blast_bpf_way {
	uint64_t mask[BLAST_BPF_ARGS], value[BLAST_BPF_ARGS];
};

struct blast_bpf_answer {
	enum blast_bpf_verdict verdict;
	bool is_unclear; /* it was not followed to the end, or a supervisor decides: counted as
			    let through */
	struct blast_bpf_way way[BLAST_BPF_WAYS]; /* the first that let it through */
	size_t way_n, more;
};

struct blast_bpf; /* room for following; may be used again */

/* blast_bpf_new - gives; NULL: no memory. blast_bpf_free accepts NULL */
struct blast_bpf *blast_bpf_new(void);
void blast_bpf_free(struct blast_bpf *b);

/* blast_bpf_check - E_PROTO: no filter that the kernel would have taken from anybody */
enum err blast_bpf_check(const struct blast_bpf_filter *f);

/*
 * blast_bpf_ask - whether the stack lets a call through
 *   s  every filter of it went through blast_bpf_check; empty: everything is let through
 */
struct blast_bpf_answer blast_bpf_ask(struct blast_bpf *b, const struct blast_bpf_stack *s,
				      const struct blast_bpf_ask *ask);

#endif
