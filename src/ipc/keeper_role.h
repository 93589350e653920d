/*
 * Keeper and role: how a role is set up, changed and ended.
 *
 * Boot: the keeper sends what the role shall have, then GO; the role answers READY or FAILED and
 * boot messages are gone for ever, but for those marked run. An edge (and the relay, wherever an
 * edge is meant but for what belongs to TLS) is given a new generation in the run phase: IMAGE,
 * CHANNELs, LISTENERs, then SWAP; it answers SWAPPED, or FAILED and keeps the old one. signer and
 * dialer are never changed: a new generation has new ones, whose reach (keys, addresses) is fixed
 * at birth; the old ones end when their last channel closes.
 */
#ifndef IPC_KEEPER_ROLE_H
#define IPC_KEEPER_ROLE_H

#include "ipc/frame.h"
#include "ipc/role.h"

/* keeper -> role */
enum keeper_message {
	KEEPER_IDENTITY = 1, /* u8 role, u16 index (edge number), u32 boot id, u32 weaker: bits 1 <<
				P-number. boot, first */
	KEEPER_IMAGE, /* u32 generation; fd: sealed image. boot; edge, console, herald, audit: run
		       */
	KEEPER_PAGE,  /* u8 enum page_kind, u16 index, u8 is_writable; fd. boot; console: run.
			 health page to the dialer: bit 0 of index says that cgroup rules hold it
			 to its addresses; gate page to the authority: bit 0: Sluis was upgraded */
	KEEPER_RING,  /* u32 ring id, u8 role, u16 index; worker: fds {data rw, cursor ro}; audit:
			 {data ro, cursor rw}. boot; audit: run */
	KEEPER_RING_END, /* audit: u32 ring id: its writer is gone; drain and forget. run */
	KEEPER_CHANNEL,	 /* u8 peer role, u16 peer index; fd. boot; edge, signer, dialer: run */
	KEEPER_LISTENER, /* u16 listener slot; fd. boot; edge, console: run (console: slot
			    UINT16_MAX is the metrics address; herald: the status page's) */
	KEEPER_SECRET,	 /* edge: 80 bytes session ticket keys; authority: 32 bytes: opens what its
			    store keeps sealed; a second one: what that shall be sealed under from
			    now on. boot */
	KEEPER_PATH,  /* config: str16 file, str16 previous image present; audit: fd: log directory;
			 signer: fd: state key directory; authority: fd: directory of its store.
			 boot */
	KEEPER_GO,    /* end of boot */
	KEEPER_SWAP,  /* u32 generation: everything for it has been sent. run */
	KEEPER_DRAIN, /* u32 deadline ms: take nothing new, finish, then exit 0. run */
	KEEPER_SERVER_STATE, /* dialer: u32 slot, u32 slot_gen, u8 enum page_admin. run */
	KEEPER_PERSIST,	     /* edge: PERSIST_KEYS_BYTES: keys of persistence cookies. boot */
	KEEPER_DOCUMENT,     /* config: u8 enum document_kind; fd: sealed. boot */
	KEEPER_HASH_KEY,     /* edge: 16 bytes: hashes what leads to servers. boot */
	KEEPER_CACHE_PURGE,  /* edge: u32 number, u8 enum cache_pattern_kind, str16 pattern. run */
	KEEPER_COMMAND	     /* authority: u32 uid of who typed it; fd: ipc/tool_authority.h. run */
};

/* A configuration's texts on their way between keeper and config (conf/document.h). */
enum document_kind {
	DOCUMENT_RUNNING = 1, /* to config: what is in force, or was last */
	DOCUMENT_EDIT,	      /* to config: run-time changes to make (conf/overlay.h) */
	DOCUMENT_TARGET,      /* to config: what to apply instead of the files */
	DOCUMENT_MADE,	      /* from config: what the image was made of */
	DOCUMENT_DIFF	      /* from config: what differs from the running one, as text */
};

/* role -> keeper */
enum role_message {
	ROLE_READY = 1,	   /* str16 sandbox summary, str16 what is weaker (empty: nothing) */
	ROLE_FAILED,	   /* str16 text: what failed, where, what to do */
	ROLE_SWAPPED,	   /* u32 generation */
	ROLE_DIAGNOSTIC,   /* config: u8 level (0 change, 1 error, 2 warning), str16 text
			      "file:line:column: error: ..." */
	ROLE_IMAGE,	   /* config: u32 generation; fd: sealed image */
	ROLE_RING_DONE,	   /* audit: u32 ring id: drained and unmapped */
	ROLE_DRAINING,	   /* edge: u32 connections left, at most once a second */
	ROLE_DOCUMENT,	   /* config: u8 enum document_kind; fd: sealed; before its image */
	ROLE_CACHE_PURGED, /* edge: u32 number of the question, u32 entries, u64 bytes */
	ROLE_LEAKS,	   /* edge: u8 enum canary_kind: one was about to leave. It has cut its
			      connections and does nothing more: it is to be frozen and replaced. run */
	ROLE_RESEALED	   /* authority: the store is under the second key alone; before READY */
};

/* Two keys of 32 bytes, the newest first, each behind a byte that names it (0: there is none). */
enum { PERSIST_KEY_BYTES = 33, PERSIST_KEYS_BYTES = 2 * PERSIST_KEY_BYTES };

/* What KEEPER_IDENTITY says. */
struct role_identity {
	uint32_t boot_id; /* of this run of the keeper: part of every request and record id */
	uint32_t weaker;  /* promises that may be weaker: bits 1 << P-number */
	uint16_t index;	  /* edge number; 0 for the others */
	uint8_t role;	  /* enum role */
};

/*
 * keeper_role_boot - the boot phase of a role: handles messages from ROLE_CHANNEL_FD until
 * KEEPER_GO t         the role's table (without IDENTITY and GO, which are handled here) ret_self
 * set by the first message, before any handler runs Blocks. Any error: the role must exit; the
 * channel has carried the reason when there was one.
 */
enum err keeper_role_boot(const struct frame_table *t, void *role, struct role_identity *ret_self);

/* keeper_role_ready - READY with what the sandbox reports (NUL-terminated texts) */
enum err keeper_role_ready(const char *have, const char *weaker);

/* keeper_role_failed - FAILED with a printf-formatted reason, and the same line on standard error
 */
void keeper_role_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
