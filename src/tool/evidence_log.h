/* The audit log that came with a bundle, and the one that names the bundle. */
#ifndef TOOL_EVIDENCE_LOG_H
#define TOOL_EVIDENCE_LOG_H

#include "tool/audit_verify.h"
#include "tool/evidence_read.h"

/* Segments of a bundle, kept in a folder of their own while they are looked at. */
struct evidence_log {
	char folder[64];	      /* empty: none was needed */
	int dir_fd, fd;		      /* -1: none */
	char name[EVIDENCE_TAR_NAME]; /* of the file that is open */
	unsigned segments;
};

void evidence_log_init(struct evidence_log *l);

/* evidence_log_keep - for evidence_read: keeps files below audit/. E_SYS (told) */
enum err evidence_log_keep(struct evidence_log *l, const struct evidence_tar *t, struct view v);

/* evidence_log_check - the chain of what was kept, under these keys; as audit_verify_run */
enum err evidence_log_check(struct evidence_log *l, struct audit_verify_options *o,
			    struct audit_verify_result *ret);
void evidence_log_done(struct evidence_log *l);

/* Where a log names a bundle. */
struct evidence_named {
	uint64_t seq;				 /* 0: it does not */
	char time[40];				 /* as the log has it */
	char file_sha256[2 * EVIDENCE_HASH + 1]; /* of the bundle's file; empty: not noted */
};

/* evidence_log_find - event evidence.collected with this manifest in the log of dir_fd. E_CLOSED
 * there is no segment · E_NOMEM, E_SYS */
enum err evidence_log_find(int dir_fd, const uint8_t sha256[EVIDENCE_HASH],
			   struct evidence_named *ret);

#endif
