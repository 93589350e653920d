/*
 * Old segments go whole, the oldest first, and never without a trace: a record names what is
 * removed and where the chain goes on, and the file goes only when that record is under a
 * signature. `sluis audit verify` accepts a log that begins later exactly then.
 */
#include "role/audit/audit.h"

#include "base/date.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"

#include <unistd.h>

enum {
	RETENTION_EVERY_MS = 3600 * 1000,
	RETENTION_SOON_MS = 100,
	RETENTION_TIME = 27,
	RETENTION_LINE = 8192 /* a segment's first, with its tree */
};

/* The first line of segment seq. */
static enum err retention_first_line(struct audit *a, uint64_t seq, struct wbuf *buf,
				     struct audit_line *ret)
{
	AUTO_FD fd = -1;
	uint8_t name[AUDIT_FILE_NAME];
	struct wbuf w = wbuf_of(name, sizeof name);
	const char *why = NULL;
	ssize_t n = 0;

	audit_file_put_name(&w, seq);
	TRY(audit_file_open(a->segment.dir_fd, wbuf_view(&w), &fd));
	n = read(fd, buf->p, buf->cap);
	if (n <= 0)
		return E_PROTO;
	buf->n = view_find(view_of(buf->p, (size_t)n), '\n');
	return audit_line_parse(wbuf_view(buf), ret, &why);
}

/* Both in the form of date_put_utc, in which text order is time order. */
static bool retention_is_before(struct view a, struct view b)
{
	for (size_t i = 0; i < a.n && i < b.n; i++)
		if (a.p[i] != b.p[i])
			return a.p[i] < b.p[i];
	return false;
}

static enum err retention_record(struct audit *a, uint64_t first, const struct audit_line *next)
{
	uint8_t name[AUDIT_FILE_NAME], hex[2 * AUDIT_LINE_HASH];
	struct wbuf w = wbuf_of(name, sizeof name), hash = wbuf_of(hex, sizeof hex);
	struct chain_line line = { .wall_us = clock_wall_us(),
				   .kind = VIEW("retention"),
				   .action = VIEW("audit.retention"),
				   .result = VIEW("removed"),
				   .origin = VIEW("audit[0]") };

	audit_file_put_name(&w, first);
	wbuf_hex(&hash, view_of(next->prev.b, sizeof next->prev.b));
	line.object = wbuf_view(&w);
	chain_begin(&a->chain, &line);
	chain_number(&a->chain, CHAIN_KEY("from"), first);
	chain_number(&a->chain, CHAIN_KEY("to"), next->seq - 1);
	chain_text(&a->chain, CHAIN_KEY("last_hash"), wbuf_view(&hash));
	TRY(chain_end(&a->chain));
	a->retention.first = first;
	a->retention.seq = a->checkpoints.worth = a->chain.seq;
	return journal_flush(a);
}

/* Is the oldest segment older than its time? All of it is when the next one began long enough ago.
 */
static enum err retention_look(struct audit *a)
{
	int64_t cut_us = clock_wall_us() - (int64_t)a->retention_s * 1000000;
	uint8_t text[RETENTION_TIME], first_line[RETENTION_LINE];
	struct wbuf cut = wbuf_of(text, sizeof text), buf = wbuf_of(first_line, sizeof first_line);
	struct audit_line line = { 0 };
	uint64_t first = 0, next = 0;

	TRY(audit_file_find(a->segment.dir_fd, 0, &first));
	if (first >= a->segment.first)
		return E_CLOSED;
	TRY(audit_file_find(a->segment.dir_fd, first + 1, &next));
	TRY(retention_first_line(a, next, &buf, &line));
	date_put_utc(&cut, cut_us);
	if (line.time.n != RETENTION_TIME || line.seq != next ||
	    !retention_is_before(line.time, wbuf_view(&cut)))
		return E_CLOSED;
	return retention_record(a, first, &line);
}

static void retention_remove(struct audit *a)
{
	char name[AUDIT_FILE_NAME + 1] = "";
	struct wbuf w = wbuf_of(name, AUDIT_FILE_NAME);

	audit_file_put_name(&w, a->retention.first);
	if (unlinkat(a->segment.dir_fd, name, 0) < 0)
		(void)log_errno(name);
	a->retention.first = 0;
	a->retention.due_ms = a->loop.now_ms + RETENTION_SOON_MS;
}

enum err retention_turn(struct audit *a)
{
	enum err e = E_OK;

	if (a->retention_s == 0 || a->state != AUDIT_RUNNING || a->trouble.since_ms)
		return E_OK;
	if (a->retention.first) {
		if (a->checkpoints.covered >= a->retention.seq)
			retention_remove(a);
		return E_OK;
	}
	if (a->loop.now_ms < a->retention.due_ms)
		return E_OK;
	a->retention.due_ms = a->loop.now_ms + RETENTION_EVERY_MS;
	e = retention_look(a);
	/* No old segment, or an edited one: that is for verify to say, not a reason to stop. */
	return e == E_NOMEM ? E_SYS : E_OK;
}
