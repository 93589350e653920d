/*
 * The log on disk. Nothing is ever written in the middle of a file: lines are appended, whole
 * files appear by rename. What is found at start may have been edited by anybody.
 */
#include "role/audit/segment.h"

#include "sys/fd.h"
#include "sys/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEGMENT_MODE = 0640, SEGMENT_DAY_S = 86400, SEGMENT_WRITE_BEHIND = 1 << 20 };

static const char segment_temporary[] = "next.tmp";

/* Sequence numbers stay below this, so that a name always has its twenty digits. */
#define SEGMENT_SEQ_MAX UINT64_C(9000000000000000000)

struct segment_name {
	char text[AUDIT_FILE_NAME + 1];
};

static struct segment_name segment_name(uint64_t first)
{
	struct segment_name out = { 0 };
	struct wbuf w = wbuf_of(out.text, AUDIT_FILE_NAME);

	audit_file_put_name(&w, first);
	return out;
}

static int64_t segment_day(int64_t wall_us)
{
	return wall_us / 1000000 / SEGMENT_DAY_S;
}

/* "<boot>-<ring>-<position>" of this boot: how far that ring's records have come. */
static void segment_note_ring(struct segment_past *past, struct view id, uint32_t boot_id)
{
	uint8_t boot[16];
	struct wbuf w = wbuf_of(boot, sizeof boot);
	uint64_t ring = 0, position = 0;
	size_t n = view_find(id, '-'), m = 0;
	struct view rest = view_slice(id, n + 1, id.n);

	wbuf_hex_u64(&w, boot_id);
	m = view_find(rest, '-');
	if (!view_eq(view_slice(id, 0, n), wbuf_view(&w)) ||
	    view_dec(view_slice(rest, 0, m), &ring) != E_OK ||
	    view_dec(view_slice(rest, m + 1, rest.n), &position) != E_OK || ring > UINT32_MAX)
		return;
	for (size_t i = 0; i < past->ring_n; i++) {
		if (past->ring[i].ring == ring) {
			past->ring[i].position = position;
			return;
		}
	}
	if (past->ring_n < SEGMENT_RINGS)
		past->ring[past->ring_n++] =
			(struct segment_ring){ .ring = (uint32_t)ring, .position = position };
}

/* The tree up to a segment, as its first line has it: it goes on from there. Without it, in a log
 * of a version that had none, or a malformed one, a new tree begins. */
static bool segment_get_tree(const struct audit_line *line, struct merkle_frontier *ret)
{
	struct audit_line_field size = { 0 }, tree = { 0 };

	return view_eq(line->kind, VIEW("segment")) &&
	       audit_line_find(line, VIEW("tree_size"), AUDIT_LINE_NUMBER, &size) &&
	       audit_line_find(line, VIEW("tree"), AUDIT_LINE_TEXT, &tree) &&
	       merkle_get(size.number, tree.text, ret) == E_OK;
}

/* The line as a leaf. */
static enum err segment_recover_leaf(struct chain *c, const struct segment_past *past,
				     struct view text)
{
	struct audit_line_hash leaf = { 0 };

	if (!past->has_tree)
		return E_OK;
	TRY(audit_hash_leaf(&c->digest, text, &leaf));
	return merkle_append(&c->digest, &c->tree, &leaf);
}

/* One whole line of the last segment. */
static enum err segment_recover_line(struct chain *c, struct segment_past *past, struct view text,
				     uint64_t number)
{
	struct audit_line line = { 0 };
	struct audit_line_field stop = { 0 };
	const char *why = NULL;
	bool is_whole = audit_line_parse(text, &line, &why) == E_OK;
	bool is_linked = number == 1 || view_eq(view_of(line.prev.b, sizeof line.prev.b),
						view_of(c->hash.b, sizeof c->hash.b));

	if ((!is_whole || !is_linked) && past->broken_line == 0)
		past->broken_line = number;
	c->seq = is_whole && line.seq > c->seq ? line.seq : c->seq + 1;
	past->was_stopped = is_whole && view_eq(line.kind, VIEW("checkpoint")) &&
			    audit_line_find(&line, VIEW("is_stop"), AUDIT_LINE_BOOL, &stop) &&
			    stop.number;
	if (is_whole)
		segment_note_ring(past, line.id, c->boot_id);
	if (number == 1)
		past->has_tree = is_whole && segment_get_tree(&line, &c->tree);
	TRY(segment_recover_leaf(c, past, text));
	return audit_hash_of(&c->digest, text, &c->hash);
}

static enum err segment_recover_file(struct audit_file_reader *r, struct chain *c,
				     struct segment_past *past)
{
	struct view text = { 0 };
	struct stat st = { 0 };
	enum err e = E_OK;

	for (;;) {
		e = audit_file_next(r, &text);
		if (e != E_OK)
			break;
		TRY(segment_recover_line(c, past, text, r->line));
	}
	if (e == E_SYS)
		return e;
	if (e == E_LIMIT && past->broken_line == 0)
		past->broken_line = r->line + 1;
	if (fstat(r->fd, &st) < 0)
		return log_errno("fstat of a segment");
	past->torn_bytes = (uint64_t)st.st_size - r->bytes;
	return E_OK;
}

/* The head file is a copy of the newest checkpoint line. */
static void segment_recover_head(int dir_fd, struct segment_past *past)
{
	uint8_t buf[4096];
	struct wbuf w = wbuf_of(buf, sizeof buf);
	struct audit_line line = { 0 };
	struct audit_line_field covers = { 0 };
	const char *why = NULL;

	if (segment_get_file(dir_fd, "head", &w) != E_OK || w.n == 0)
		return;
	if (audit_line_parse(view_slice(wbuf_view(&w), 0, w.n - 1), &line, &why) == E_OK &&
	    audit_line_find(&line, VIEW("covers"), AUDIT_LINE_NUMBER, &covers))
		past->head_covers = covers.number;
}

enum err segment_recover(int dir_fd, struct chain *c, uint8_t *buf, struct segment_past *ret)
{
	AUTO_FD fd = -1;
	uint64_t last = 0;
	struct audit_file_reader r = { .buf = buf };
	enum err e = audit_file_before(dir_fd, UINT64_MAX, &last);
	struct segment_name name = segment_name(last);

	segment_recover_head(dir_fd, ret);
	if (e == E_CLOSED)
		return E_OK;
	if (e != E_OK)
		return e;
	if (last == 0 || last >= SEGMENT_SEQ_MAX)
		return E_LIMIT;
	TRY(audit_file_open(dir_fd, view_str(name.text), &fd));
	ret->last = last;
	c->seq = last - 1;
	r.fd = fd;
	TRY(segment_recover_file(&r, c, ret));
	/* The one who wrote it may have been killed before a sync: a next segment that is on the
	 * disk must never follow lines that are not (P9) */
	if (fdatasync(fd) < 0)
		return log_errno("syncing the last segment");
	return c->seq < SEGMENT_SEQ_MAX ? E_OK : E_LIMIT;
}

/* The first line of a segment: what it follows, and what of that was lost. */
static enum err segment_first_line(const struct segment *s, struct chain *c,
				   enum segment_reason why, int64_t wall_us,
				   const struct segment_past *past)
{
	static const char *const reasons[] = { "first", "rotated", "started", "recovered" };
	struct segment_name name = segment_name(c->seq + 1);
	uint64_t before = past ? past->last : s->first;
	struct segment_name previous = segment_name(before);
	uint8_t hex[MERKLE_FRONTIER_TEXT];
	struct wbuf tree = wbuf_of(hex, sizeof hex);
	struct chain_line line = {
		.wall_us = wall_us,
		.kind = VIEW("segment"),
		.action = VIEW("audit.segment"),
		.object = view_str(name.text),
		.result = view_str(reasons[why]),
		.origin = VIEW("audit[0]"),
	};

	chain_begin(c, &line);
	chain_number(c, CHAIN_KEY("format"), 1);
	chain_text(c, CHAIN_KEY("previous"), before ? view_str(previous.text) : VIEW("-"));
	chain_number(c, CHAIN_KEY("recovered_bytes"), past ? past->torn_bytes : 0);
	merkle_put(&tree, &c->tree);
	chain_number(c, CHAIN_KEY("tree_size"), c->tree.size);
	chain_text(c, CHAIN_KEY("tree"), wbuf_view(&tree));
	return chain_end(c);
}

/* Writes the first line under a temporary name; gives the descriptor. */
static enum err segment_create(int dir_fd, const char *name, struct view text, int *ret_fd)
{
	AUTO_FD fd = openat(dir_fd, segment_temporary,
			    O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
			    SEGMENT_MODE);

	if (fd < 0 || fd_write_all(fd, text) != E_OK || fdatasync(fd) < 0 ||
	    renameat(dir_fd, segment_temporary, dir_fd, name) < 0)
		return E_SYS;
	if (fsync(dir_fd) < 0)
		return E_SYS;
	*ret_fd = fd_steal(&fd);
	return E_OK;
}

enum err segment_begin(struct segment *s, struct chain *c, enum segment_reason why, int64_t wall_us,
		       const struct segment_past *past)
{
	struct chain_mark mark = chain_mark(c);
	struct segment_name name = segment_name(c->seq + 1);
	uint64_t first = c->seq + 1;
	enum err e = E_OK;
	int fd = -1;

	INVARIANT(c->put == c->out.n);
	if (s->fd >= 0 && fdatasync(s->fd) < 0)
		return E_SYS;
	c->out.n = c->put = 0;
	mark.n = 0;
	e = segment_first_line(s, c, why, wall_us, past);
	if (e == E_OK)
		e = segment_create(s->dir_fd, name.text, wbuf_view(&c->out), &fd);
	if (e != E_OK) {
		chain_return(c, &mark);
		return e;
	}
	(void)fd_close(s->fd);
	*s = (struct segment){ .dir_fd = s->dir_fd,
			       .fd = fd,
			       .first = first,
			       .bytes = c->out.n,
			       .day = segment_day(wall_us) };
	c->out.n = c->put = 0;
	return E_OK;
}

/* Sends what has gathered on its way to the disk, so that a checkpoint's sync has little to wait
 * for: rings fill meanwhile. Only a hint; a disk that fails says so at the sync. */
static void segment_start_write(struct segment *s)
{
	if (s->bytes - s->begun < SEGMENT_WRITE_BEHIND)
		return;
	(void)sync_file_range(s->fd, (off_t)s->begun, (off_t)(s->bytes - s->begun),
			      SYNC_FILE_RANGE_WRITE);
	s->begun = s->bytes;
}

enum err segment_flush(struct segment *s, struct chain *c)
{
	while (c->put < c->out.n) {
		struct view rest = view_slice(wbuf_view(&c->out), c->put, c->out.n);
		ssize_t n = write(s->fd, rest.p, rest.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return E_SYS;
		c->put += (size_t)n;
		s->bytes += (uint64_t)n;
	}
	c->out.n = c->put = 0;
	segment_start_write(s);
	return E_OK;
}

enum err segment_sync(struct segment *s)
{
	return fdatasync(s->fd) < 0 ? E_SYS : E_OK;
}

bool segment_is_due(const struct segment *s, int64_t wall_us)
{
	return s->bytes >= SEGMENT_BYTES || segment_day(wall_us) > s->day;
}

bool segment_is_touched(const struct segment *s)
{
	struct stat st = { 0 };

	return fstat(s->fd, &st) == 0 && (st.st_nlink == 0 || (uint64_t)st.st_size != s->bytes);
}

enum err segment_put_file(const struct segment *s, const char *name, struct view text)
{
	int fd = -1;

	TRY(segment_create(s->dir_fd, name, text, &fd));
	(void)fd_close(fd);
	return E_OK;
}

enum err segment_get_file(int dir_fd, const char *name, struct wbuf *ret)
{
	AUTO_FD fd = -1;

	TRY(audit_file_open(dir_fd, view_str(name), &fd));
	return fd_read_all(fd, ret);
}
