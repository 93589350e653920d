/*
 * A configuration as it was applied: the bytes of its files, in the order in which they were read,
 * and the run-time changes on top of them. What the keeper keeps for the next start, and what the
 * history holds: from it, the same configuration can be made again, with the same messages.
 *
 * "SLUISDOC", u32 version, u32 number of files, per file {u32 n, shown name; u32 n, absolute path;
 * u32 n, text}, then {u32 n, changes (overlay.h)}; big-endian.
 */
#ifndef CONF_DOCUMENT_H
#define CONF_DOCUMENT_H

#include "base/arena.h"
#include "base/wbuf.h"

enum {
	DOCUMENT_VERSION = 1,
	DOCUMENT_FILES_MAX = 4096,
	DOCUMENT_BYTES_MAX = 96 << 20,
	DOCUMENT_CHANGES_MAX = 4 << 20
};

struct document_file {
	struct view shown, path, text; /* name for people; where it lies; its bytes */
};

struct document {
	struct document_file *files; /* the first one is the main file; none: there is none */
	uint32_t file_n;
	struct view changes;
};

/* document_read - takes bytes apart; ret borrows them, its array is in the region. E_PROTO: they
 * are no document */
enum err document_read(struct view bytes, struct arena *region, struct document *ret);

/* document_bytes - size of what document_write writes; document_write - E_LIMIT w is too small */
size_t document_bytes(const struct document *d);
enum err document_write(const struct document *d, struct wbuf *w);

#endif
