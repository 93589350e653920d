/* All that is found out about one process. */
#ifndef TOOL_BLAST_PROCESS_H
#define TOOL_BLAST_PROCESS_H

#include "tool/blast_calls.h"
#include "tool/blast_fd.h"
#include "tool/blast_files.h"
#include "tool/blast_map.h"
#include "tool/blast_memory.h"
#include "tool/blast_net.h"
#include "tool/blast_space.h"
#include "tool/blast_status.h"
#include "tool/process_list.h"

enum { BLAST_UNSEEN = 12, BLAST_UNSEEN_TEXT = 96, BLAST_SUBJECT = 32 };

/* Other processes of the machine that it could do something to, if its filters let it. */
struct blast_others {
	bool is_known;
	unsigned all, sees, signals, traces;
};

struct blast_process {
	struct process_list_one is;
	char subject[BLAST_SUBJECT]; /* "sluis", "nginx", "haproxy", "process 1234" */
	char role[PROCESS_LIST_NAME];
	bool is_gone;	/* it ended while it was looked at */
	bool is_hidden; /* looked at as somebody's peer alone */

	bool has_status, has_spaces, has_files;
	struct blast_status status;
	struct blast_spaces spaces;
	bool own_space[BLAST_SPACES]; /* not the machine's */
	struct blast_calls calls;
	uint64_t stopped_us;
	struct blast_files files; /* below its root, and folders that it has open */
	bool is_root_own;	  /* its root is another than the machine's */
	struct blast_fds fds;
	struct blast_maps maps;
	struct blast_net net;
	struct blast_memory memory;
	struct blast_others others;

	char unseen[BLAST_UNSEEN][BLAST_UNSEEN_TEXT]; /* what could not be looked at, and why */
	unsigned unseen_n;
};

#endif
