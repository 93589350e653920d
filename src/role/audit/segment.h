/*
 * Segment files: where the chain's lines go, and how it is found again after a stop or a crash.
 *
 * A segment appears under its name only when its first line is on disk (written beside, synced,
 * renamed), so there is never an empty one; a crash can leave one torn line at the end, which the
 * next segment's first line accounts for.
 */
#ifndef ROLE_AUDIT_SEGMENT_H
#define ROLE_AUDIT_SEGMENT_H

#include "ipc/audit_file.h"
#include "role/audit/chain.h"

enum { SEGMENT_BYTES = 64 << 20, SEGMENT_RINGS = 256 };

struct segment {
	int dir_fd;
	int fd;		/* -1: none is open */
	uint64_t first; /* sequence number of its first line */
	uint64_t bytes; /* in the file */
	uint64_t begun; /* of these, on their way to the disk */
	int64_t day;	/* it was begun on, since 1970, UTC */
};

/* How far a ring had been read when the log was last written to. */
struct segment_ring {
	uint32_t ring;
	uint64_t position; /* of its last record in the log */
};

/* What recovery found. */
struct segment_past {
	uint64_t last;	      /* first sequence number of the last segment; 0: the log is new */
	uint64_t torn_bytes;  /* behind its last newline */
	uint64_t broken_line; /* the first line that the chain does not reach; 0: none */
	bool has_tree;	      /* its first line has the tree up to there */
	bool was_stopped;     /* the last line is a checkpoint made at stop */
	uint64_t head_covers; /* what the head file says is signed; 0: no head */
	struct segment_ring ring[SEGMENT_RINGS]; /* of this boot id */
	size_t ring_n;
};

enum segment_reason { SEGMENT_FIRST, SEGMENT_ROTATED, SEGMENT_STARTED, SEGMENT_RECOVERED };

/*
 * segment_recover - reads the last segment and the head file, and sets the chain where it ended
 *   buf   AUDIT_FILE_BUFFER bytes to read through
 * E_LIMIT the log can't be continued (its numbers are used up: it was edited) · E_SYS (logged)
 */
enum err segment_recover(int dir_fd, struct chain *c, uint8_t *buf, struct segment_past *ret);

/*
 * segment_begin - closes the segment that is open and begins the next one
 *   past   NULL but for the first segment of a run
 * The chain has nothing that waits. On failure nothing has changed, and errno says why: E_SYS
 */
enum err segment_begin(struct segment *s, struct chain *c, enum segment_reason why, int64_t wall_us,
		       const struct segment_past *past);

/* segment_flush - writes what waits in the chain. E_SYS: errno says why; the rest goes on waiting
 */
enum err segment_flush(struct segment *s, struct chain *c);

/* segment_sync - what was written is on the disk. E_SYS: errno says why */
enum err segment_sync(struct segment *s);

/* segment_is_due - time or size for the next one */
bool segment_is_due(const struct segment *s, int64_t wall_us);

/* segment_is_touched - somebody else cut, lengthened or removed the open segment */
bool segment_is_touched(const struct segment *s);

/* segment_put_file - replaces a small file in the log directory, whole or not at all. E_SYS: errno
 */
enum err segment_put_file(const struct segment *s, const char *name, struct view text);

/* segment_get_file - reads a small file. E_CLOSED none · E_LIMIT · E_SYS (logged) */
enum err segment_get_file(int dir_fd, const char *name, struct wbuf *ret);

#endif
