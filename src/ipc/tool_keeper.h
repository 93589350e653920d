/*
 * The `sluis` command and the keeper, over DIR/control.sock (SOCK_SEQPACKET; the peer must be root
 * or the keeper's own user: SO_PEERCRED). The keeper formats nothing and parses no text: status is
 * rows plus read-only descriptors of the shared pages, which the command renders.
 */
#ifndef IPC_TOOL_KEEPER_H
#define IPC_TOOL_KEEPER_H

#include "ipc/frame.h"

enum tool_message {
	TOOL_STATUS = 1,   /* - */
	TOOL_RELOAD,	   /* str16 reason */
	TOOL_UPGRADE,	   /* - */
	TOOL_SERVER_STATE, /* u32 slot, u32 slot_gen, u8 enum page_admin */
	TOOL_CHANGE, /* u8 enum tool_change, u32 number it goes back to (else 0), str16 reason; fd:
			sealed: a change (conf/overlay.h) or a document (conf/document.h) */
	TOOL_DOCUMENT,	  /* - */
	TOOL_AUTHORITY,	  /* -: KEEPER_AUTHORITY, then KEEPER_DONE */
	TOOL_CACHE_PURGE, /* u8 enum cache_pattern_kind, str16 pattern (cache/cache_pattern.h) */
	TOOL_EVIDENCE_SIGNER, /* -: KEEPER_EVIDENCE_SIGNER, then KEEPER_DONE */
	TOOL_EVIDENCE_NOTE, /* u8 enum tool_evidence, 32 bytes SHA-256 of the manifest, 32 bytes of
			      the file (zero: none), str16 which bundle, str16 detail: for the
			      audit log */
	TOOL_RELEASE = 20,  /* u32 pid: a process that is kept as evidence ends */
	TOOL_ROTATE,	/* u8 enum tool_rotate; ROTATE_KEYS: u8 set of enum tool_rotate_key, and the
			  answer comes when all roles have them; else str16 item, str16 what was
			  seen: for the audit log */
	TOOL_DRILL = 30 /* u8 enum tool_drill, str16 detail: for the audit log */
};

enum tool_rotate {
	ROTATE_KEYS = 1,
	ROTATE_BEGUN,
	ROTATE_DONE,
	ROTATE_WAIVED,
	ROTATE_FAILED,
	ROTATE_FINISHED,
	ROTATE_ACTS
};

/* Keys that the keeper has; an empty set: the same keys, new processes. */
enum tool_rotate_key {
	ROTATE_KEY_TICKETS = 1,
	ROTATE_KEY_PERSISTENCE = 2,
	ROTATE_KEY_HASHING = 4,
	ROTATE_KEY_STORE = 8,
	ROTATE_KEYS_ALL = 15
};

/* What becomes of a drill: events drill.began and drill.ended. */
enum tool_drill {
	TOOL_DRILL_BEGAN = 1,
	TOOL_DRILL_ENDED,
	TOOL_DRILL_BREACHED, /* something worked that must not */
	TOOL_DRILL_FAILED,   /* it could not be done, or not all of it */
	TOOL_DRILLS
};

enum tool_change { TOOL_CHANGE_EDIT = 1, TOOL_CHANGE_TARGET };

enum { TOOL_ROTATE_ITEM_MAX = 128, TOOL_ROTATE_DETAIL_MAX = 600 };
/* What becomes of a bundle of evidence: event evidence.begun, ... */
enum tool_evidence {
	TOOL_EVIDENCE_BEGUN = 1,
	TOOL_EVIDENCE_COLLECTED,
	TOOL_EVIDENCE_FAILED,
	TOOL_EVIDENCE_WAIVED, /* none was taken, and somebody says why */
	TOOL_EVIDENCE_NOTES
};

enum { TOOL_REASON_MAX = 200, TOOL_PATTERN_MAX = 2000, TOOL_EVIDENCE_HASH = 32 };

/* Slots of addresses that are no listener's. */
enum { TOOL_SLOT_METRICS = 65535, TOOL_SLOT_STATUS_PAGE = 65534 };

enum keeper_tool_message {
	KEEPER_ROLE_ROW = 1, /* u8 role, u16 index, u32 pid, u32 uid, u64 start wall s, u32
				restarts, u32 generation, u8 state, str16 sandbox, str16 weaker */
	KEEPER_STATUS_IMAGE, /* u32 generation, u64 start wall s, u32 reloads, u32 failed reloads;
				fd: image */
	KEEPER_STATUS_PAGE,  /* u8 enum page_kind, u16 index; fd: read-only page */
	KEEPER_STATUS_LISTENER, /* u16 slot, u8 is_open */
	KEEPER_TEXT,		/* u8 enum tool_text, str16: one line for the person */
	KEEPER_DONE,		/* u8 0 = done, 1 = refused: the exit status */
	KEEPER_STATUS_DOCUMENT, /* u32 history number, u8 is_pinned (not what the files say); fd:
				  the document in force */
	KEEPER_PURGED,		/* u16 edge, u32 pid, u32 entries, u64 bytes */
	KEEPER_AUTHORITY,	/* fd: of a channel to the authority (ipc/tool_authority.h) */
	KEEPER_APPLIED,		/* u32 generation, u32 history number (0: nothing new) */
	KEEPER_EVIDENCE_SIGNER	/* fd: of a channel to the signer (ipc/evidence_signer.h) */
};

/* What a line is about. */
enum tool_text {
	TOOL_TEXT_CHANGE = 0, /* a difference */
	TOOL_TEXT_ERROR,
	TOOL_TEXT_WARNING,
	TOOL_TEXT_NEWS /* how it goes */
};

enum keeper_role_state {
	ROLE_ST_STARTING = 1,
	ROLE_ST_RUNNING,
	ROLE_ST_DRAINING,
	ROLE_ST_WAITING, /* to be restarted */
	ROLE_ST_FROZEN	 /* stopped, and kept as evidence */
};

#endif
