/*
 * Segment files of the audit log: their names, and reading them line by line, also while they
 * grow. Used by the audit role (recovery after a crash) and by `sluis audit`.
 *
 * DIR/audit/audit-<sequence of the first line, 20 digits>.jsonl; names sort as the log runs.
 */
#ifndef IPC_AUDIT_FILE_H
#define IPC_AUDIT_FILE_H

#include "ipc/audit_line.h"

enum {
	AUDIT_FILE_NAME = 6 + 20 + 6, /* bytes of a segment's name */
	AUDIT_FILE_BUFFER = 1 << 20
};

/* audit_file_put_name - the name of the segment whose first line is seq; no NUL */
void audit_file_put_name(struct wbuf *w, uint64_t seq);

/* audit_file_get_name - the first sequence number of a segment, from its name. E_PROTO: no segment
 */
enum err audit_file_get_name(struct view name, uint64_t *ret);

/*
 * audit_file_find - the lowest segment with a first sequence number of at least from
 *   dir_fd   the log directory
 * E_CLOSED there is none · E_SYS (logged)
 */
enum err audit_file_find(int dir_fd, uint64_t from, uint64_t *ret);

/* audit_file_before - the highest segment below that; UINT64_MAX: the newest. E_CLOSED there is
 * none · E_SYS (logged) */
enum err audit_file_before(int dir_fd, uint64_t below, uint64_t *ret);

/*
 * audit_file_list - the lowest segments with a first sequence number of at least from, in order
 *   ret    room for cap
 *   ret_n  how many there are; cap: perhaps more behind the last
 * E_SYS (logged)
 */
enum err audit_file_list(int dir_fd, uint64_t from, uint64_t *ret, size_t cap, size_t *ret_n);

/* audit_file_open - read-only, never following a link. E_CLOSED no such file · E_SYS (logged) */
enum err audit_file_open(int dir_fd, struct view name, int *ret_fd);

/* Reads lines; the buffer is the caller's, AUDIT_FILE_BUFFER bytes. */
struct audit_file_reader {
	int fd;		/* borrowed; -1: nothing */
	uint8_t *buf;	/* borrowed */
	size_t at, n;	/* unread bytes of buf: [at, n) */
	uint64_t line;	/* number of lines given so far */
	uint64_t bytes; /* of them, newlines included */
};

/*
 * audit_file_next - the next line without its newline
 *   ret  borrows from the buffer; valid until the next call
 * E_AGAIN end of file: ret is the torn tail without a newline, usually empty; more may come ·
 * E_LIMIT a line longer than AUDIT_LINE_MAX: the file can't be read on · E_SYS (logged)
 */
enum err audit_file_next(struct audit_file_reader *r, struct view *ret);

/* audit_file_skip - after E_LIMIT: goes behind that line's end, however far it is. E_AGAIN the file
 * ends before · E_SYS (logged) */
enum err audit_file_skip(struct audit_file_reader *r);

#endif
