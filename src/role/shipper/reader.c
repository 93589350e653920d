/*
 * From segment to segment. The files belong to audit; they may grow, and go with their retention,
 * and everything in them is text. A segment is at its end when the next one is there.
 */
#include "role/shipper/shipper.h"

#include "base/hash.h"
#include "sys/fd.h"
#include "sys/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { READER_FILE_MODE = 0600, READER_FILE_MAX = 512 };

static enum err reader_open_at(struct reader *r, int log_fd)
{
	uint8_t name[AUDIT_FILE_NAME];
	struct wbuf w = wbuf_of(name, sizeof name);
	int fd = -1;

	audit_file_put_name(&w, r->at.first);
	TRY(audit_file_open(log_fd, wbuf_view(&w), &fd));
	if (lseek(fd, (off_t)r->at.offset, SEEK_SET) < 0) {
		(void)log_errno("lseek in a segment");
		(void)fd_close(fd);
		return E_SYS;
	}
	r->file = (struct audit_file_reader){ .fd = fd, .buf = r->file.buf };
	r->from = r->at.offset;
	return E_OK;
}

enum err reader_open(struct reader *r, int log_fd, const struct place *from, uint64_t *ret_skipped)
{
	uint64_t first = 0;
	enum err e = audit_file_find(log_fd, from->first, &first);

	r->file.fd = fd_close(r->file.fd);
	*ret_skipped = 0;
	if (e == E_CLOSED)
		return E_AGAIN;
	if (e != E_OK)
		return e;
	r->at = *from;
	if (first != from->first) {
		if (from->first && first > from->seq + 1)
			*ret_skipped = first - from->seq - 1;
		r->at = (struct place){ .first = first, .seq = first - 1 };
	}
	e = reader_open_at(r, log_fd);
	return e == E_CLOSED ? E_AGAIN : e; /* it went meanwhile */
}

/* The next segment, when there is one. E_AGAIN: there is none */
static enum err reader_turn_over(struct reader *r, int log_fd)
{
	uint64_t next = 0;
	enum err e = audit_file_find(log_fd, r->at.first + 1, &next);

	if (e == E_CLOSED)
		return E_AGAIN;
	if (e != E_OK)
		return e;
	r->file.fd = fd_close(r->file.fd);
	if (next > r->at.seq + 1)
		r->lost += next - r->at.seq - 1;
	r->at = (struct place){ .first = next, .seq = next - 1 };
	e = reader_open_at(r, log_fd);
	return e == E_CLOSED ? E_AGAIN : e;
}

static enum err reader_line(struct reader *r, struct view *ret)
{
	enum err e = audit_file_next(&r->file, ret);

	if (e == E_LIMIT)
		e = audit_file_skip(&r->file) == E_OK ? E_LIMIT : E_AGAIN;
	if (e == E_OK || e == E_LIMIT) {
		r->at.offset = r->from + r->file.bytes;
		r->at.seq++;
	}
	return e;
}

enum err reader_next(struct reader *r, int log_fd, struct view *ret)
{
	enum err e = E_AGAIN;

	if (r->file.fd < 0)
		return reader_turn_over(r, log_fd); /* lost on the way from one to the next */
	e = reader_line(r, ret);
	if (e != E_AGAIN)
		return e;
	/* Only when the next one is there is this one's end its end: so it is looked at first, and
	 * then once more whether anything has come meanwhile. */
	{
		uint64_t next = 0;

		e = audit_file_find(log_fd, r->at.first + 1, &next);
		if (e != E_OK)
			return e == E_CLOSED ? E_AGAIN : e;
	}
	e = reader_line(r, ret);
	if (e != E_AGAIN)
		return e;
	TRY(reader_turn_over(r, log_fd));
	return reader_line(r, ret);
}

static const char reader_magic[] = "sluis ship v1";

bool reader_load(int own_fd, const char *file, struct view receiver, struct place *ret)
{
	AUTO_FD fd = openat(own_fd, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	uint8_t room[READER_FILE_MAX];
	struct wbuf w = wbuf_of(room, sizeof room);
	struct view rest = { 0 }, line[5] = { { 0 } };
	struct place p = { 0 };

	if (fd < 0 || fd_read_all(fd, &w) != E_OK)
		return false;
	rest = wbuf_view(&w);
	for (size_t i = 0; i < 5; i++) {
		size_t n = view_find(rest, '\n');

		line[i] = view_slice(rest, 0, n);
		rest = view_slice(rest, n + 1, rest.n);
	}
	if (rest.n || !view_eq(line[0], view_str(reader_magic)) ||
	    view_dec(line[1], &p.first) != E_OK || view_dec(line[2], &p.offset) != E_OK ||
	    view_dec(line[3], &p.seq) != E_OK || p.offset > INT64_MAX ||
	    !view_eq(line[4], receiver))
		return false;
	*ret = p;
	return true;
}

enum err reader_save(int own_fd, const char *file, struct view receiver, const struct place *p)
{
	AUTO_FD fd =
		openat(own_fd, "next.tmp", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		       READER_FILE_MODE);
	uint8_t room[READER_FILE_MAX];
	struct wbuf w = wbuf_of(room, sizeof room);

	wbuf_str(&w, reader_magic);
	WBUF_LIT(&w, "\n");
	wbuf_dec(&w, p->first);
	WBUF_LIT(&w, "\n");
	wbuf_dec(&w, p->offset);
	WBUF_LIT(&w, "\n");
	wbuf_dec(&w, p->seq);
	WBUF_LIT(&w, "\n");
	wbuf_view_put(&w, receiver);
	WBUF_LIT(&w, "\n");
	if (fd < 0 || w.bad || fd_write_all(fd, wbuf_view(&w)) != E_OK ||
	    renameat(own_fd, "next.tmp", own_fd, file) < 0)
		return E_SYS;
	return E_OK;
}
