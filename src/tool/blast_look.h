/*
 * One look at the processes of an instance, and at others beside them: everything is asked of the
 * kernel while they run. Each stands still for the moment in which its filters are copied.
 */
#ifndef TOOL_BLAST_LOOK_H
#define TOOL_BLAST_LOOK_H

#include "tool/blast_key.h"
#include "tool/blast_others.h"
#include "tool/blast_peer.h"

enum { BLAST_LOOK_MOST = 512, BLAST_LOOK_ROLE = 24, BLAST_LOOK_WALKS = 32 };

/* Walks are dear, and many processes have the same root and the same rights. */
struct blast_walked {
	uint64_t device, inode, space, caps, groups; /* groups: a hash over them */
	uint32_t uid, gid;
	struct blast_files files;
};

struct blast_look {
	const char *state, *role; /* borrowed; role NULL: all */
	uint64_t files_ms;	  /* how long one walk over files may take */
	struct blast_process *p;  /* owned; BLAST_LOOK_MOST */
	size_t n;
	unsigned left_out; /* processes of a role beyond BLAST_LOOK_ROLE */
	struct blast_keys keys;
	struct blast_peers peers;
	struct blast_machine machine;
	struct blast_spaces outside; /* the namespaces of process 1, or of this one */
	struct blast_walked *walked; /* owned */
	size_t walked_n;
	bool are_paths_unknown; /* the keeper did not say which keys are configured */
};

/* blast_look_open - nobody yet. E_NOMEM, E_SYS (told) */
enum err blast_look_open(struct blast_look *l, const char *state_option, const char *role);
void blast_look_close(struct blast_look *l);

/* blast_look_add - one more process to look at; a role of which there are enough is counted only.
 *   subject  "nginx" and so on; role NULL: what it calls itself
 * E_CLOSED it is gone */
enum err blast_look_add(struct blast_look *l, const struct process_list_one *one,
			const char *subject);

/* blast_look_run - at all of them. E_NOMEM, E_SYS; what can't be seen is in `unseen` of each */
enum err blast_look_run(struct blast_look *l);

/* blast_look_holder - who of them has a socket open; NULL: none of them */
const struct blast_process *blast_look_holder(const struct blast_look *l, uint64_t inode);

#endif
