/*
 * Checking an audit log: every line, every link, its tree, every signature (promise P9).
 *
 * The log is hostile: whoever could edit it chose every byte. Only the public key is trusted.
 */
#ifndef TOOL_AUDIT_VERIFY_H
#define TOOL_AUDIT_VERIFY_H

#include "ipc/audit_file.h"
#include "ipc/audit_hash.h"
#include "ipc/note.h"

enum { AUDIT_VERIFY_KEYS = 8, AUDIT_VERIFY_WINDOW = 1 << 22, AUDIT_VERIFY_SHOWN = 1000 };

/* A finding, as it is told to the caller while verifying. */
struct audit_verify_finding {
	struct view file; /* name of the segment, or "head" */
	uint64_t line;	  /* 0: the file as a whole */
	struct view what;
};

typedef void audit_verify_tell(void *arg, const struct audit_verify_finding *f);
typedef void audit_verify_step(void *arg, uint64_t records);

struct audit_verify_options {
	int dir_fd; /* the log directory */
	struct audit_key key[AUDIT_VERIFY_KEYS];
	size_t key_n;
	bool is_live; /* an instance is writing it: the end is open */
	struct view
		known_head; /* a checkpoint line kept elsewhere, without newline; may be empty */
	struct view known_note; /* a signed checkpoint of the tree kept elsewhere; may be empty */
	audit_verify_tell *on_finding;
	audit_verify_step *on_step; /* now and then */
	void *arg;
};

struct audit_verify_result {
	uint64_t records, segments, checkpoints, findings;
	uint64_t first_seq, last_seq, covered; /* covered: last record under a signature */
	uint64_t gaps, lost;		       /* "gap" lines, and records they count as lost */
	uint64_t crashes;		       /* starts after an end without a stop checkpoint */
	uint64_t tree_size;		       /* leaves of the tree; 0: the log has none */
	bool is_stopped;		       /* ends with a stop checkpoint */
};

/*
 * audit_verify_run - the whole log
 * E_OK it was read to its end: see ret->findings · E_CLOSED there is no segment · E_NOMEM · E_SYS
 * (logged)
 */
enum err audit_verify_run(const struct audit_verify_options *o, struct audit_verify_result *ret);

#endif
