/* The plain machine for seccomp filters: all arguments are known, the instruction pointer is 0.
 * What tool/blast_bpf says without knowing them is held against it. */
#ifndef TESTS_FUZZ_REFERENCE_BPF_H
#define TESTS_FUZZ_REFERENCE_BPF_H

#include "tool/blast_bpf.h"

/* reference_bpf_run - what a filter returns that went through blast_bpf_check */
uint32_t reference_bpf_run(const struct blast_bpf_filter *f, const struct blast_bpf_ask *ask);

#endif
