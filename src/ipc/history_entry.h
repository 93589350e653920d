/*
 * An entry of the history: a configuration as it was applied, with who, when and why. Written by
 * the keeper to DIR/config/NNNNNNNN, read by the command, and by the keeper when it starts
 * (DIR/config/current).
 *
 * "SLUISHIS", u32 version, u32 number, u64 wall clock us, u32 uid, u8 kind, u8 is_pinned, u32
 * number it goes back to, str16 reason, u32 n of the difference, u32 n of the document, u64 FNV-1a
 * of each, u64 FNV-1a of all this; then the difference and the document. Big-endian. The digests
 * find what a disk or an editor did; against people there is the mode of the file.
 */
#ifndef IPC_HISTORY_ENTRY_H
#define IPC_HISTORY_ENTRY_H

#include "base/wbuf.h"

enum { HISTORY_VERSION = 1, HISTORY_HEAD_MAX = 512, HISTORY_KEPT = 100 };

enum history_kind {
	HISTORY_START = 1,
	HISTORY_RELOAD,
	HISTORY_CHANGE,
	HISTORY_ROLLBACK,
	HISTORY_UPGRADE
};

struct history_entry {
	uint32_t number, uid;
	uint32_t from; /* HISTORY_ROLLBACK: the entry that was applied again */
	int64_t wall_us;
	uint8_t kind;	/* enum history_kind */
	bool is_pinned; /* it goes before the files until they are applied again */
	struct view reason, diff, document;
};

/* history_entry_put_head - everything in front of the difference; the caller writes both parts
 * behind */
void history_entry_put_head(struct wbuf *w, const struct history_entry *e);

/* history_entry_read - a whole entry; ret borrows bytes. E_PROTO: *ret_why, a fixed text */
enum err history_entry_read(struct view bytes, struct history_entry *ret, const char **ret_why);

/* history_entry_kind_name - "start", "reload", "change", "rollback", "upgrade" */
const char *history_entry_kind_name(unsigned kind);

#endif
