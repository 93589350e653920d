/* Segment names, directory order and buffered line reading; what is on disk is not trusted. */
#include "ipc/audit_file.h"

#include "sys/fd.h"
#include "sys/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void audit_file_put_name(struct wbuf *w, uint64_t seq)
{
	WBUF_LIT(w, "audit-");
	wbuf_dec_pad(w, seq, 20);
	WBUF_LIT(w, ".jsonl");
}

enum err audit_file_get_name(struct view name, uint64_t *ret)
{
	uint64_t x = 0;

	if (name.n != AUDIT_FILE_NAME || !view_starts(name, VIEW("audit-0")) ||
	    !view_ends(name, VIEW(".jsonl")))
		return E_PROTO;
	/* Twenty digits of which the first is 0: 10^19 lines are never written. */
	TRY(view_dec(view_slice(name, 7, 19), &x));
	*ret = x;
	return E_OK;
}

/* What a walk over the directory looks for. */
struct file_search {
	uint64_t from, below; /* both wanted: the lowest from here, the highest before there */
	uint64_t low, high;
	bool has_low, has_high;
	uint64_t *list; /* the lowest from here, in order; NULL: not wanted */
	size_t n, cap;
};

static void file_insert(struct file_search *s, uint64_t seq)
{
	size_t at = s->n;

	if (s->n == s->cap && (s->cap == 0 || seq >= s->list[s->n - 1]))
		return;
	if (s->n < s->cap)
		s->n++;
	else
		at--;
	for (; at > 0 && s->list[at - 1] > seq; at--)
		s->list[at] = s->list[at - 1];
	s->list[at] = seq;
}

static void file_consider(struct file_search *s, const char *name)
{
	uint64_t seq = 0;

	if (audit_file_get_name(view_str(name), &seq) != E_OK)
		return;
	if (seq >= s->from && (!s->has_low || seq < s->low)) {
		s->low = seq;
		s->has_low = true;
	}
	if (seq < s->below && (!s->has_high || seq > s->high)) {
		s->high = seq;
		s->has_high = true;
	}
	if (s->list && seq >= s->from)
		file_insert(s, seq);
}

/* Without opendir, which allocates: this also runs long after boot. */
static enum err file_walk(int dir_fd, struct file_search *s)
{
	AUTO_FD fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_Alignas(struct dirent64) uint8_t buf[8192];

	if (fd < 0)
		return log_errno("opening the log directory");
	for (;;) {
		ssize_t n = getdents64(fd, buf, sizeof buf);

		if (n < 0)
			return log_errno("reading the log directory");
		if (n == 0)
			return E_OK;
		for (size_t at = 0; at < (size_t)n;) {
			const struct dirent64 *d =
				(const void *)(buf + at); /* hot: kernel's layout */

			file_consider(s, d->d_name);
			at += d->d_reclen;
		}
	}
}

enum err audit_file_find(int dir_fd, uint64_t from, uint64_t *ret)
{
	struct file_search s = { .from = from };

	TRY(file_walk(dir_fd, &s));
	if (!s.has_low)
		return E_CLOSED;
	*ret = s.low;
	return E_OK;
}

enum err audit_file_before(int dir_fd, uint64_t below, uint64_t *ret)
{
	struct file_search s = { .below = below };

	TRY(file_walk(dir_fd, &s));
	if (!s.has_high)
		return E_CLOSED;
	*ret = s.high;
	return E_OK;
}

enum err audit_file_list(int dir_fd, uint64_t from, uint64_t *ret, size_t cap, size_t *ret_n)
{
	struct file_search s = { .from = from, .cap = cap };

	s.list = ret;
	TRY(file_walk(dir_fd, &s));
	*ret_n = s.n;
	return E_OK;
}

enum err audit_file_open(int dir_fd, struct view name, int *ret_fd)
{
	char path[64] = "";
	struct wbuf w = wbuf_of(path, sizeof path - 1);
	int fd = -1;

	wbuf_view_put(&w, name);
	TRY(wbuf_check(&w));
	fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return E_CLOSED;
	if (fd < 0)
		return log_errno(path);
	*ret_fd = fd;
	return E_OK;
}

/* Moves the unread bytes to the front and reads behind them. E_AGAIN at the end of the file. */
static enum err file_fill(struct audit_file_reader *r)
{
	struct wbuf w = wbuf_of(r->buf, AUDIT_FILE_BUFFER);
	ssize_t n = 0;

	/* A line is at most AUDIT_LINE_MAX, so the parts never overlap once at is beyond that. */
	if (r->at > AUDIT_FILE_BUFFER / 2) {
		wbuf_put(&w, r->buf + r->at, r->n - r->at); /* hot */
		r->at = 0;
		r->n = w.n;
	}
	if (r->n == AUDIT_FILE_BUFFER)
		return E_LIMIT;
	n = read(r->fd, r->buf + r->n, AUDIT_FILE_BUFFER - r->n);
	if (n < 0)
		return errno == EINTR ? E_OK : log_errno("reading a segment");
	r->n += (size_t)n;
	return n == 0 ? E_AGAIN : E_OK;
}

enum err audit_file_next(struct audit_file_reader *r, struct view *ret)
{
	size_t searched = 0;

	for (;;) {
		struct view rest = view_of(r->buf + r->at, r->n - r->at); /* hot */
		size_t end = searched + view_find(view_slice(rest, searched, rest.n), '\n');
		enum err e = E_OK;

		if (end >= AUDIT_LINE_MAX)
			return E_LIMIT;
		if (end < rest.n) {
			*ret = view_slice(rest, 0, end);
			r->at += end + 1;
			r->line++;
			r->bytes += end + 1;
			return E_OK;
		}
		searched = rest.n;
		e = r->fd < 0 ? E_AGAIN : file_fill(r);
		if (e == E_AGAIN)
			*ret = rest;
		if (e != E_OK)
			return e;
	}
}

enum err audit_file_skip(struct audit_file_reader *r)
{
	for (;;) {
		struct view rest = view_of(r->buf + r->at, r->n - r->at); /* hot */
		size_t end = view_find(rest, '\n');
		bool is_end = end < rest.n;

		r->bytes += end + is_end;
		r->line += is_end;
		r->at = is_end ? r->at + end + 1 : 0;
		if (is_end)
			return E_OK;
		r->n = 0;
		TRY(r->fd < 0 ? E_AGAIN : file_fill(r));
	}
}
