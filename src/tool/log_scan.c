/*
 * Reading all of a log: segments in order, those outside the time passed over, each line in one
 * forward pass over what our writer writes, and nothing allocated per line. Runs with the rights of
 * whoever asks, over files of unknown origin: what is no record is counted and goes no further.
 */
#include "tool/log_scan.h"

#include "base/date.h"
#include "ipc/audit_file.h"
#include "sys/fd.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SCAN_BATCH = 256,    /* segments of one look into the directory */
	SCAN_STEP = 1 << 22, /* bytes between two words of progress */
	SCAN_BEGINNING = 64, /* bytes of a segment that hold its first record's time */
};

/*
 * How far a record's time may lie from those of the segments around it. Audit takes a time up to
 * a minute ahead of its own clock and an hour behind it (render_clock in role/audit/render.c).
 */
#define SCAN_AHEAD_US  INT64_C(60000000)
#define SCAN_BEHIND_US INT64_C(3660000000)

struct scan_key {
	struct view key;
	uint8_t type;  /* enum audit_line_type; 0: any */
	uint8_t field; /* enum log_field; LOG_FIELDS: nobody asks */
};

#define TEXT(name, field)                                                                          \
	{                                                                                          \
		VIEW_INIT(name), AUDIT_LINE_TEXT, field                                            \
	}
#define NUMBER(name, field)                                                                        \
	{                                                                                          \
		VIEW_INIT(name), AUDIT_LINE_NUMBER, field                                          \
	}
#define OTHER(name)                                                                                \
	{                                                                                          \
		VIEW_INIT(name), 0, LOG_FIELDS                                                     \
	}

/* The members behind the fixed ones, in the order in which they are written: the next one is most
 * often found at once. The fixed ones may not come again. */
static const struct scan_key scan_keys[] = {
	TEXT("writer", LOG_WRITER),
	NUMBER("session", LOG_SESSION),
	OTHER("request_id"),
	TEXT("listener", LOG_LISTENER),
	TEXT("route", LOG_ROUTE),
	TEXT("pool", LOG_POOL),
	TEXT("server", LOG_SERVER),
	NUMBER("bytes_in", LOG_BYTES_IN),
	NUMBER("bytes_out", LOG_BYTES_OUT),
	OTHER("duration_us"),
	OTHER("first_byte_us"),
	OTHER("tries"),
	OTHER("tls"),
	TEXT("user_agent", LOG_USER_AGENT),
	TEXT("detail", LOG_DETAIL),
	OTHER("protocol"),
	OTHER("peer"),
	OTHER("datagrams_in"),
	OTHER("datagrams_out"),
	OTHER("query_bytes"),
	OTHER("queue_us"),
	OTHER("connect_us"),
	OTHER("tls_server_us"),
	OTHER("handshake_us"),
	OTHER("tls_resumed"),
	TEXT("sni", LOG_SNI),
	OTHER("client_certificate"),
	TEXT("tls_class", LOG_TLS_CLASS),
	OTHER("ended"),
	OTHER("trace_id"),
	OTHER("sample_percent"),
	TEXT("time", LOG_TIME),
	TEXT("id", LOG_ID),
	NUMBER("seq", LOG_SEQ),
	TEXT("kind", LOG_KIND),
	TEXT("action", LOG_ACTION),
	TEXT("object", LOG_OBJECT),
	TEXT("result", LOG_RESULT),
	TEXT("origin", LOG_ORIGIN),
	TEXT("actor", LOG_ACTOR),
	/* It stands at the end, where it has been read. */
	TEXT("prev", LOG_TIME),
};

enum { SCAN_KEYS = sizeof scan_keys / sizeof scan_keys[0] };

struct scan_segment {
	uint64_t first; /* sequence number of its first line */
	int64_t time_us;
	uint64_t bytes; /* as it was when it was looked at */
	bool is_there;
	bool has_time; /* its first line says one */
};

/* The segments one after the other, always with the one behind. */
struct scan_walk {
	const struct log_scan *s;
	uint64_t batch[SCAN_BATCH];
	size_t at, n;
	uint64_t from;
	struct scan_segment now, next;
};

struct scan {
	const struct log_scan *s;
	struct log_scan_result r;
	uint8_t *buf; /* AUDIT_FILE_BUFFER */
	uint64_t total, done, told;
	enum err stop; /* what on_line said: whatever it is, it is no end of a file */
};

static enum err scan_open(const struct log_scan *s, uint64_t first, int *ret_fd)
{
	uint8_t name[AUDIT_FILE_NAME];
	struct wbuf w = wbuf_of(name, sizeof name);

	audit_file_put_name(&w, first);
	return audit_file_open(s->dir_fd, wbuf_view(&w), ret_fd);
}

/* E_CLOSED it is gone meanwhile: retention */
static enum err scan_look(const struct log_scan *s, uint64_t first, struct scan_segment *ret)
{
	struct scan_segment g = { .first = first, .is_there = true };
	struct view before = VIEW("{\"time\":\""), v = { 0 };
	uint8_t text[SCAN_BEGINNING];
	struct stat st = { 0 };
	AUTO_FD fd = -1;
	ssize_t n = 0;

	TRY(scan_open(s, first, &fd));
	if (fstat(fd, &st) == 0 && st.st_size > 0)
		g.bytes = (uint64_t)st.st_size;
	n = pread(fd, text, sizeof text, 0);
	v = view_of(text, n > 0 ? (size_t)n : 0);
	if (view_starts(v, before)) {
		v = view_slice(v, before.n, v.n);
		v = view_slice(v, 0, view_find(v, '"'));
		g.has_time = date_parse_utc(v, &g.time_us) == E_OK;
	}
	*ret = g;
	return E_OK;
}

/* The next name in order. E_CLOSED there is none */
static enum err scan_name(struct scan_walk *k, uint64_t *ret)
{
	if (k->at == k->n) {
		k->at = 0;
		TRY(audit_file_list(k->s->dir_fd, k->from, k->batch, SCAN_BATCH, &k->n));
		if (k->n == 0)
			return E_CLOSED;
	}
	*ret = k->batch[k->at++];
	k->from = *ret + 1;
	return E_OK;
}

/* One on: now is what was next. now.is_there says whether there is one. */
static enum err scan_step(struct scan_walk *k)
{
	enum err e = E_OK;

	k->now = k->next;
	k->next = (struct scan_segment){ 0 };
	do {
		uint64_t first = 0;

		e = scan_name(k, &first);
		if (e == E_CLOSED)
			return E_OK;
		if (e == E_OK)
			e = scan_look(k->s, first, &k->next);
	} while (e == E_CLOSED);
	return e;
}

static enum err scan_walk_begin(struct scan_walk *k, const struct log_scan *s)
{
	*k = (struct scan_walk){ .s = s };
	TRY(scan_step(k));
	return scan_step(k);
}

/* Can any record of it be of the time that is asked for? What says no time is read. */
static bool scan_is_wanted(const struct scan_walk *k)
{
	const struct log_scan *s = k->s;

	if (s->until_us && k->now.has_time && k->now.time_us - SCAN_BEHIND_US >= s->until_us)
		return false;
	return !(s->since_us && k->now.has_time && k->next.has_time &&
		 k->now.time_us + SCAN_AHEAD_US < s->since_us &&
		 k->next.time_us + SCAN_AHEAD_US < s->since_us);
}

/* Only for the progress: how much there is. */
static enum err scan_total(struct scan *x, struct scan_walk *k)
{
	if (!x->s->on_progress)
		return E_OK;
	TRY(scan_walk_begin(k, x->s));
	while (k->now.is_there) {
		if (scan_is_wanted(k))
			x->total += k->now.bytes;
		TRY(scan_step(k));
	}
	return E_OK;
}

static void scan_tell(struct scan *x, uint64_t done)
{
	if (!x->s->on_progress || done - x->told < SCAN_STEP)
		return;
	x->told = done;
	x->s->on_progress(x->s->arg, done < x->total ? done : x->total, x->total);
}

/* The row of a key, from where the one before was on; NULL: none. hot */
static const struct scan_key *scan_find(struct view key, size_t *at)
{
	size_t i = *at;

	for (size_t tried = 0; tried < SCAN_KEYS; tried++) {
		const struct scan_key *k = &scan_keys[i];

		i = i + 1 == SCAN_KEYS ? 0 : i + 1;
		if (k->key.n != key.n || k->key.p[0] != key.p[0] || !view_eq(k->key, key))
			continue;
		*at = i;
		return k;
	}
	return NULL;
}

static enum err scan_member(struct log_line *l, const struct audit_line_field *f, size_t *at)
{
	const struct scan_key *k = f->key.n ? scan_find(f->key, at) : NULL;

	if (!k || k->field == LOG_FIELDS)
		return E_OK;
	if (l->field[k->field].p || (k->type && k->type != f->type))
		return E_PROTO;
	l->field[k->field] = f->text;
	return E_OK;
}

/* E_PROTO: no record */
static enum err scan_parse(struct view text, struct log_line *ret)
{
	struct audit_line a = { 0 };
	struct audit_line_field f = { 0 };
	const char *why = NULL;
	enum err e = E_OK;
	size_t at = 0;

	TRY(audit_line_begin(text, &a, &why));
	TRY(date_parse_utc(a.time, &ret->time_us));
	ret->text = text;
	ret->field[LOG_TIME] = a.time;
	ret->field[LOG_ID] = a.id;
	ret->field[LOG_SEQ] = a.seq_text;
	ret->field[LOG_KIND] = a.kind;
	ret->field[LOG_ACTION] = a.action;
	ret->field[LOG_OBJECT] = a.object;
	ret->field[LOG_RESULT] = a.result;
	ret->field[LOG_ORIGIN] = a.origin;
	ret->field[LOG_ACTOR] = a.actor;
	while ((e = audit_line_next(&a.more, &f)) == E_OK)
		TRY(scan_member(ret, &f, &at));
	return e == E_AGAIN ? E_OK : e;
}

static enum err scan_line(struct scan *x, struct view text)
{
	struct log_line l = { 0 };

	if (scan_parse(text, &l) != E_OK) {
		x->r.strange++;
		return E_OK;
	}
	x->r.records++;
	if ((x->s->since_us && l.time_us < x->s->since_us) ||
	    (x->s->until_us && l.time_us >= x->s->until_us))
		return E_OK;
	x->stop = x->s->on_line(x->s->arg, &l);
	return x->stop;
}

/* What audit_file_next gave. E_AGAIN to the end of the file */
static enum err scan_next(struct scan *x, struct audit_file_reader *r, struct view *ret_text)
{
	enum err e = audit_file_next(r, ret_text);

	if (e == E_OK)
		return scan_line(x, *ret_text);
	if (e != E_LIMIT)
		return e;
	x->r.strange++;
	*ret_text = (struct view){ 0 };
	return audit_file_skip(r);
}

/* Its lines, all of them: ends with what stopped it, E_AGAIN at the file's end. *ret_torn: bytes
 * behind the last newline */
static enum err scan_lines(struct scan *x, struct audit_file_reader *r, size_t *ret_torn)
{
	struct view text = { 0 };
	enum err e = E_OK;

	while (e == E_OK) {
		e = scan_next(x, r, &text);
		scan_tell(x, x->done + r->bytes);
	}
	*ret_torn = e == E_AGAIN ? text.n : 0;
	return e;
}

/* The end of the newest may be a line that is just being written. */
static enum err scan_file(struct scan *x, const struct scan_walk *k)
{
	AUTO_FD fd = -1;
	struct audit_file_reader r = { .buf = x->buf };
	size_t torn = 0;
	enum err e = E_OK;

	TRY(scan_open(x->s, k->now.first, &fd));
	r.fd = fd;
	e = scan_lines(x, &r, &torn);
	if (e != E_AGAIN || x->stop != E_OK)
		return e;
	x->r.strange += torn && k->next.is_there;
	x->r.segments++;
	x->done += r.bytes;
	return E_OK;
}

static enum err scan_all(struct scan *x)
{
	struct scan_walk k = { 0 };

	TRY(scan_total(x, &k));
	TRY(scan_walk_begin(&k, x->s));
	if (!k.now.is_there)
		return E_CLOSED;
	while (k.now.is_there) {
		enum err e = scan_is_wanted(&k) ? scan_file(x, &k) : E_OK;

		/* E_CLOSED: retention was faster. */
		if (x->stop != E_OK || (e != E_OK && e != E_CLOSED))
			return e;
		TRY(scan_step(&k));
	}
	return E_OK;
}

enum err log_scan_run(const struct log_scan *s, struct log_scan_result *ret)
{
	struct scan x = { .s = s, .buf = malloc(AUDIT_FILE_BUFFER) };
	enum err e = x.buf ? scan_all(&x) : E_NOMEM;

	free(x.buf);
	*ret = x.r;
	return e;
}

/* One escape at the front: \" \\ or \uXXXX, which is a UTF-16 unit (RFC 8259 §7). Gives its bytes
 */
static size_t scan_escape(struct view v, uint32_t *ret)
{
	uint8_t b[2] = { 0 };

	if (v.n >= 6 && v.p[1] == 'u' && audit_line_get_hex(view_slice(v, 2, 4), b, 2) == E_OK) {
		*ret = (uint32_t)b[0] << 8 | b[1];
		return 6;
	}
	*ret = v.n >= 2 ? v.p[1] : '\\';
	return v.n >= 2 ? 2 : 1;
}

/* A character from one escape, or from two that are a pair; half a pair is U+FFFD. */
static size_t scan_character(struct view v, uint32_t *ret)
{
	uint32_t low = 0;
	size_t n = scan_escape(v, ret), more = 0;

	if (*ret < 0xd800 || *ret > 0xdfff)
		return n;
	if (*ret < 0xdc00 && v.n > n && v.p[n] == '\\')
		more = scan_escape(view_slice(v, n, v.n), &low);
	if (more == 6 && low >= 0xdc00 && low <= 0xdfff) {
		*ret = 0x10000 + ((*ret - 0xd800) << 10 | (low - 0xdc00));
		return n + more;
	}
	*ret = 0xfffd;
	return n;
}

static void scan_put_utf8(struct wbuf *w, uint32_t c)
{
	static const uint8_t lead[5] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	uint8_t b[4] = { 0 };

	for (size_t i = n; i-- > 1; c >>= 6)
		b[i] = (uint8_t)(0x80 | (c & 0x3f));
	b[0] = (uint8_t)(lead[n] | c);
	wbuf_put(w, b, n);
}

enum err log_scan_text(struct view field, struct wbuf *w)
{
	while (field.n && !w->bad) {
		size_t run = view_find(field, '\\'), room = wbuf_room(w);
		uint32_t c = 0;

		if (run > room) {
			wbuf_view_put(w, view_slice(field, 0, room));
			w->bad = true;
			break;
		}
		wbuf_view_put(w, view_slice(field, 0, run));
		field = view_slice(field, run, field.n);
		if (field.n) {
			field = view_slice(field, scan_character(field, &c), field.n);
			scan_put_utf8(w, c);
		}
	}
	return wbuf_check(w);
}

enum err log_scan_number(struct view field, uint64_t *ret)
{
	uint64_t x = 0;

	for (size_t i = 0; i < field.n; i++) {
		if (field.p[i] < '0' || field.p[i] > '9' ||
		    __builtin_mul_overflow(x, UINT64_C(10), &x) ||
		    __builtin_add_overflow(x, (uint64_t)(field.p[i] - '0'), &x))
			return E_DENIED;
	}
	if (field.n == 0)
		return E_DENIED;
	*ret = x;
	return E_OK;
}
