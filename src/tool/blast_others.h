/* Whom a process could signal, and into whose memory it could look: by users, capabilities and
 * namespaces. Whether its filters let it ask is another question (blast_calls.h). */
#ifndef TOOL_BLAST_OTHERS_H
#define TOOL_BLAST_OTHERS_H

#include "tool/blast_process.h"

/* One process of the machine. */
struct blast_one {
	int pid;
	uint32_t uid[3], gid[3]; /* real, effective, saved */
	uint64_t effective;
	bool is_dumpable; /* its memory is its user's to read */
	struct blast_spaces spaces;
};

struct blast_machine {
	struct blast_one *p; /* owned */
	size_t n, cap;
};

/* blast_others_machine - every process that may be looked at; gives. E_NOMEM, E_LIMIT, E_SYS */
enum err blast_others_machine(struct blast_machine *ret);
void blast_others_done(struct blast_machine *m);

/* blast_others_signals, blast_others_traces - whether who may do it to whom */
bool blast_others_signals(const struct blast_one *who, const struct blast_one *whom);
bool blast_others_traces(const struct blast_one *who, const struct blast_one *whom);

/* blast_others_count - over all but itself */
struct blast_others blast_others_count(const struct blast_machine *m, int pid);

#endif
