/*
 * The audit role's data. main() owns it; one process, one log, one writer.
 *
 *   rings --collect--> chain --flush--> segment            (journal.c, every few milliseconds)
 *   segment --sync--> checkpoint --signer--> chain, head   (checkpoint.c, every few seconds)
 *   oldest segment --record--> checkpoint --> unlink       (retention.c, every hour)
 */
#ifndef ROLE_AUDIT_AUDIT_H
#define ROLE_AUDIT_AUDIT_H

#include "conf/image.h"
#include "ipc/keeper_role.h"
#include "ipc/note.h"
#include "ipc/pages.h"
#include "role/audit/alarms.h"
#include "role/audit/cells.h"
#include "role/audit/rings.h"
#include "role/audit/segment.h"
#include "sys/loop.h"
#include "sys/sandbox.h"

enum audit_source {
	AUDIT_KEEPER,
	AUDIT_SIGNER,
	AUDIT_SPAWNER,
	AUDIT_CELL,
	AUDIT_AUTHORITY,
	AUDIT_SOURCES
};

enum audit_state {
	AUDIT_RUNNING = 0,
	AUDIT_DRAINING, /* the workers are gone: empty the rings */
	AUDIT_STOPPING, /* rings are empty: waits for the signature of the last checkpoint */
	AUDIT_STOPPED
};

/* A disk that refuses: how long already, and when to try and to tell again. */
struct audit_trouble {
	uint64_t since_ms, retry_ms, tell_ms; /* since_ms 0: there is none */
	int reason;			      /* errno */
};

/* Signatures over the chain, asked of the signer and never waited for. */
struct audit_checkpoints {
	struct loop_source signer;	      /* fd -1: no channel */
	struct audit_key key;		      /* of the signer; valid with has_key */
	struct note_key note_key;	      /* the same, as it signs the tree's checkpoints */
	struct audit_checkpoint ask;	      /* what is being signed; valid with is_asked */
	struct merkle_head head;	      /* the tree of the same lines */
	struct audit_key_signature signature; /* over ask; valid with has_chain */
	uint64_t asked_ms, due_ms;
	uint64_t wanted_ms; /* since when a signature is overdue; 0: none is */
	uint64_t worth;	    /* last line that is worth a signature: no checkpoint itself */
	uint64_t covered;   /* last line under a signature */
	uint32_t ask_seq;   /* frame sequence: an answer to an older question is ignored */
	bool has_key, is_asked;
	bool has_chain; /* the first of the two signatures that were asked for is here */
	bool is_told;	/* the log says that signatures are waited for */
	bool is_final;	/* the stop checkpoint is in the chain: nothing may follow */
};

/* A segment on its way out: gone once its record is under a signature. */
struct audit_retention {
	uint64_t due_ms;
	uint64_t first; /* of the segment to remove; 0: none */
	uint64_t seq;	/* of the record that tells it */
};

struct audit {
	struct loop loop;
	struct loop_source keeper;
	struct role_identity self;
	struct rings rings;
	struct cells cells;
	struct alarms alarms;
	struct chain chain;
	struct segment segment;
	struct audit_trouble trouble;
	struct audit_checkpoints checkpoints;
	struct audit_retention retention;
	uint64_t drain_ms; /* give up at */
	int wait_ms;	   /* how long the loop may sleep: by how the rings fill */
	uint32_t retention_s;
	struct page_audit_page *page; /* NULL: nobody looks */
	uint64_t told_seq;	      /* lines up to here are counted in it */
	uint64_t unsigned_ms;	      /* stopping without a signer: since when; 0: not so */
	uint8_t state;		      /* enum audit_state */
};

/* What audit itself has to say. */
struct audit_note {
	struct view kind, action, object, result, detail;
};

extern const struct sandbox_spec audit_sandbox;

/* journal: */

/* journal_note - a line of audit's own; it waits in the chain like any other. E_SYS: only a bug or
 * an exhausted machine */
enum err journal_note(struct audit *a, const struct audit_note *n);

/* journal_start - recovery, then the first segment of this run. ret_why: what a person needs to
 * know on failure */
enum err journal_start(struct audit *a, uint8_t *buf, const char **ret_why);

/* journal_turn - moves what waits in the rings to the log. E_SYS: the process can't go on */
enum err journal_turn(struct audit *a);

/* journal_flush - writes what waits in the chain now, unless the disk is in trouble: E_AGAIN */
enum err journal_flush(struct audit *a);

/* checkpoint: */

/* checkpoint_attach - takes the signer's channel, in place of an earlier one */
enum err checkpoint_attach(struct audit *a, int fd);

/* checkpoint_turn - asks for a signature when one is due. E_SYS */
enum err checkpoint_turn(struct audit *a);

/* checkpoint_on_signer - the loop's handler of the signer's channel */
void checkpoint_on_signer(void *owner, struct loop_source *source, uint32_t events);

/* tell: */

/* tell_map - the page to write; the descriptor stays the caller's. E_DENIED, E_PROTO, E_SYS */
enum err tell_map(struct audit *a, int fd);

/* tell_written - so many bytes of lines went to the file; tell_signed - a checkpoint was signed;
 * tell_turn - how far the rings are behind */
void tell_written(struct audit *a, uint64_t bytes);
void tell_signed(struct audit *a);
void tell_turn(struct audit *a);

/* retention: */

/* retention_turn - at most one step. E_SYS */
enum err retention_turn(struct audit *a);

#endif
