/*
 * Records: to say something in another's name, to unsay what was said, to make others unheard
 * (promise P9). What audit took shows on the cursor, which audit alone writes: it moves over what
 * is safely in the log, and stands still for ever behind what was no record.
 */
#include "drill/peer.h"
#include "ipc/record.h"
#include "ipc/ring.h"
#include "sys/clock.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	AUDIT_TAKEN_MS = 5000,
	AUDIT_REFUSED_MS = 700,
	AUDIT_BODY = 9000,
	AUDIT_FLOOD = 3000,
	AUDIT_CLOSE_MS = 2000,
	AUDIT_MANY = 10000
};

static bool audit_ring(const struct intruder *x, struct ring_writer *ret)
{
	for (size_t i = 0; i + 1 < x->map_n; i++) {
		struct ring_data *d = x->map[i].p;

		if (x->map[i].kind || !x->map[i].is_writable || x->map[i].bytes < sizeof *d)
			continue;
		if ((d->bytes != RING_BYTES && d->bytes != RING_BYTES_SMALL) ||
		    x->map[i].bytes != ring_data_bytes(d->bytes))
			continue;
		*ret = (struct ring_writer){ .data = d,
					     .cursor = x->map[i + 1].p,
					     .bytes = d->bytes };
		return true;
	}
	return false;
}

static bool audit_is_taken(const struct ring_writer *w, uint64_t head, uint32_t ms)
{
	uint64_t until_ms = clock_mono_ms() + ms;

	while (atomic_load(&w->cursor->tail) < head)
		if (clock_mono_ms() > until_ms)
			return false;
	return true;
}

/* A record as this process could have written it, but for what it says. */
static struct view audit_record(uint8_t body[AUDIT_BODY], enum record_kind kind, const char *action)
{
	struct wbuf w = wbuf_of(body, AUDIT_BODY);
	const struct record_event e = { .kind = kind,
					.wall_us = clock_wall_us(),
					.action = view_str(action),
					.object = VIEW("https://localhost/"),
					.result = VIEW("ok"),
					.origin = VIEW("keeper[0]"),
					.actor = VIEW("uid:0"),
					.detail = VIEW("an intruder's word") };

	record_put_event(&w, &e);
	return wbuf_view(&w);
}

static struct act_got audit_put(struct intruder *x, enum record_kind kind, const char *action)
{
	uint8_t body[AUDIT_BODY];
	struct ring_writer w = { 0 };

	if (!audit_ring(x, &w))
		return act_unable("it writes no records");
	if (ring_put(&w, RING_EVENT, audit_record(body, kind, action)) != E_OK)
		return act_refused(0, "its ring is full");
	return audit_is_taken(&w, atomic_load(&w.data->head), AUDIT_REFUSED_MS)
		       ? act_worked("a line, which says who wrote it")
		       : act_refused(0, "not taken for a record");
}

static struct act_got audit_event(struct intruder *x)
{
	return audit_put(x, RECORD_EVENT, "config.applied");
}

static struct act_got audit_alarm(struct intruder *x)
{
	return audit_put(x, RECORD_ALARM, "canary.leaked");
}

static struct act_got audit_login(struct intruder *x)
{
	return audit_put(x, RECORD_EVENT, "login.ok");
}

static struct act_got audit_isolation(struct intruder *x)
{
	return audit_put(x, RECORD_EVENT, "isolation.lifted");
}

static struct act_got audit_kind(struct intruder *x)
{
	return audit_put(x, (enum record_kind)99, "config.applied");
}

/* After a lie about the ring itself an honest record must not count any more. */
static struct act_got audit_after(const struct ring_writer *lied)
{
	uint8_t body[AUDIT_BODY];
	struct ring_writer w = *lied;
	uint64_t head = 0;

	(void)(ring_put(&w, RING_EVENT, audit_record(body, RECORD_EVENT, "drill.after")) == E_OK);
	head = atomic_load(&w.data->head);
	return audit_is_taken(&w, head, AUDIT_REFUSED_MS)
		       ? act_worked("audit reads on")
		       : act_refused(0, "audit has closed its ring");
}

static struct act_got audit_length(struct intruder *x)
{
	struct ring_writer w = { 0 };
	uint64_t head = 0;
	struct wbuf at = { 0 };
	static const uint32_t length = UINT32_MAX;

	if (!audit_ring(x, &w))
		return act_unable("it writes no records");
	head = atomic_load(&w.data->head);
	at = wbuf_of(w.data->at, w.bytes);
	at.n = head % w.bytes;
	wbuf_put(&at, &length, sizeof length);
	atomic_store(&w.data->head, head + 64);
	return audit_is_taken(&w, head + 64, AUDIT_REFUSED_MS)
		       ? act_worked("audit reads on")
		       : act_refused(0, "audit has closed its ring");
}

static struct act_got audit_garbage(struct intruder *x)
{
	struct ring_writer w = { 0 };

	if (!audit_ring(x, &w))
		return act_unable("it writes no records");
	if (ring_put(&w, RING_EVENT, VIEW("\1\7 no record at all")) != E_OK)
		return act_refused(0, "its ring is full");
	return audit_after(&w);
}

/* What is in the log already, said anew: the place it has in the ring comes again. */
static struct act_got audit_rewind(struct intruder *x)
{
	uint8_t body[AUDIT_BODY];
	struct ring_writer w = { 0 };
	uint64_t head = 0, tail = 0;

	if (!audit_ring(x, &w) ||
	    ring_put(&w, RING_EVENT, audit_record(body, RECORD_EVENT, "drill.first")) != E_OK)
		return act_unable("it writes no records");
	head = atomic_load(&w.data->head);
	if (!audit_is_taken(&w, head, AUDIT_TAKEN_MS))
		return act_refused(0, "audit does not read");
	tail = atomic_load(&w.cursor->tail);
	atomic_store(&w.data->head, tail - 64);
	if (audit_is_taken(&w, tail + 1, AUDIT_REFUSED_MS))
		return act_worked("audit reads on");
	return atomic_load(&w.cursor->tail) < tail ? act_worked("what was said is unsaid")
						   : act_refused(0, "audit has closed its ring");
}

static struct act_got audit_jump(struct intruder *x)
{
	struct ring_writer w = { 0 };
	uint64_t head = 0;

	if (!audit_ring(x, &w))
		return act_unable("it writes no records");
	head = atomic_load(&w.data->head) + (UINT64_C(1) << 40);
	atomic_store(&w.data->head, head);
	return audit_is_taken(&w, head, AUDIT_REFUSED_MS)
		       ? act_worked("audit reads on")
		       : act_refused(0, "audit has closed its ring");
}

/* The count of what was lost may only grow. */
static struct act_got audit_forget(struct intruder *x)
{
	struct ring_writer w = { 0 };
	uint64_t until_ms = clock_mono_ms() + AUDIT_TAKEN_MS;

	if (!audit_ring(x, &w))
		return act_unable("it writes no records");
	atomic_store(&w.data->dropped, 1000);
	while (atomic_load(&w.cursor->told) < 1000)
		if (clock_mono_ms() > until_ms)
			return act_refused(0, "the gap is not told yet");
	atomic_store(&w.data->dropped, 1);
	return audit_after(&w);
}

static struct act_got audit_size(struct intruder *x)
{
	struct ring_writer w = { 0 };

	if (!audit_ring(x, &w))
		return act_unable("it writes no records");
	w.data->bytes = 1u << 30;
	atomic_store(&w.data->head, atomic_load(&w.data->head) + (1u << 29));
	return audit_is_taken(&w, atomic_load(&w.data->head), AUDIT_REFUSED_MS)
		       ? act_worked("audit reads beyond the ring")
		       : act_refused(0, "audit goes by its own size");
}

static struct act_got audit_cursor(struct intruder *x)
{
	struct ring_writer w = { 0 };

	if (!audit_ring(x, &w))
		return act_unable("it writes no records");
	return act_from(syscall(SYS_mprotect, w.cursor, 4096UL, PROT_READ | PROT_WRITE));
}

/* More than the ring holds, at once: what does not fit has to be in the log as a gap. */
static struct act_got audit_flood(struct intruder *x)
{
	uint8_t body[AUDIT_BODY];
	struct ring_writer w = { 0 };
	uint64_t dropped = 0, until_ms = 0;
	struct view record = { 0 };

	if (!audit_ring(x, &w))
		return act_unable("it writes no records");
	record = audit_record(body, RECORD_ACCESS, "GET");
	record = view_of(body, record.n);
	for (unsigned i = 0; i < w.bytes / (record.n + 4) + AUDIT_FLOOD; i++)
		(void)(ring_put(&w, RING_ACCESS, record) == E_OK);
	dropped = atomic_load(&w.data->dropped);
	if (!dropped)
		return act_refused(0, "audit is faster");
	until_ms = clock_mono_ms() + 2 * AUDIT_TAKEN_MS;
	while (atomic_load(&w.cursor->told) < dropped)
		if (clock_mono_ms() > until_ms)
			return act_worked("records are lost, and the log does not say so");
	return act_refused(0, "the log says how many are missing");
}

static struct act_got audit_silence(struct intruder *x)
{
	(void)x;
	return act_worked("nothing more is said of what it does");
}

/* ---- a cell's channel: a record is a packet ---- */

static ssize_t audit_send(int fd, struct view record)
{
	struct iovec iov = { (void *)(uintptr_t)record.p, record.n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	return sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* As many as fit; then whether audit makes room. It closes its end of a channel that it blames, but
 * spawners keep one open. */
static bool audit_reads(int fd, struct view record)
{
	uint64_t until_ms = 0;
	ssize_t n = 0;

	for (unsigned i = 0; n >= 0 && i < 2 * AUDIT_MANY; i++)
		n = audit_send(fd, record);
	if (n < 0 && errno != EAGAIN)
		return false;
	until_ms = clock_mono_ms() + AUDIT_CLOSE_MS;
	while (n < 0 && clock_mono_ms() < until_ms)
		n = audit_send(fd, record);
	return n >= 0;
}

static struct act_got audit_cell_say(struct intruder *x, struct view record)
{
	uint8_t body[AUDIT_BODY];
	int fd = peer_fd(x, ROLE_AUDIT);

	if (fd < 0)
		return act_unable("it has no such channel");
	if (audit_send(fd, record) < 0)
		return act_refused(errno, NULL);
	return audit_reads(fd, audit_record(body, RECORD_ACCESS, "GET"))
		       ? act_worked("audit goes on reading")
		       : act_refused(0, "audit reads no more of it");
}

static struct act_got audit_cell_login(struct intruder *x)
{
	uint8_t body[AUDIT_BODY];

	return audit_cell_say(x, audit_record(body, RECORD_EVENT, "login.ok"));
}

static struct act_got audit_cell_garbage(struct intruder *x)
{
	return audit_cell_say(x, VIEW("\1\7 no record at all"));
}

static struct act_got audit_cell_long(struct intruder *x)
{
	static const uint8_t zeros[RING_RECORD_MAX + 100];

	return audit_cell_say(x, view_of(zeros, sizeof zeros));
}

static struct act_got audit_cell_flood(struct intruder *x)
{
	uint8_t body[AUDIT_BODY];
	struct view record = audit_record(body, RECORD_ACCESS, "GET");
	int fd = peer_fd(x, ROLE_AUDIT);
	unsigned n = 0;

	if (fd < 0)
		return act_unable("it has no such channel");
	for (unsigned i = 0; i < AUDIT_MANY; i++)
		n += audit_send(fd, record) >= 0;
	return n == AUDIT_MANY ? act_worked("all of it was taken at once")
			       : act_refused(0, "a line at a time is taken");
}

enum {
	AUDIT_WRITERS = ACT_ROLE(ROLE_EDGE) | ACT_ROLE(ROLE_SIGNER) | ACT_ROLE(ROLE_DIALER) |
			ACT_ROLE(ROLE_RELAY) | ACT_ROLE(ROLE_AUTHORITY) | ACT_ROLE(ROLE_VERIFIER) |
			ACT_ROLE(ROLE_SPAWNER) | ACT_ROLE(ROLE_SHIPPER),
	AUDIT_SOME = ACT_ROLE(ROLE_EDGE) | ACT_ROLE(ROLE_RELAY), /* all rings are alike */
	AUDIT_CELL = ACT_ROLE(ROLE_CELL)
};

#define AUDIT_ROW(what, text, who, how)                                                            \
	{                                                                                          \
		.name = (what), .tries = (text), .cites = "P9 F", .run = (how), .roles = (who),    \
		.flags = ACT_ENDS | ACT_LAST, .unfit = "it writes no records"                      \
	}

static const struct act audit_acts[] = {
	AUDIT_ROW("record-event", "say something in the keeper's name", AUDIT_WRITERS, audit_event),
	AUDIT_ROW("record-alarm", "raise an alarm in the keeper's name", AUDIT_SOME, audit_alarm),
	AUDIT_ROW("record-login", "say that somebody has logged in", AUDIT_WRITERS, audit_login),
	AUDIT_ROW("record-isolation", "say that isolation was lifted", AUDIT_SOME, audit_isolation),
	AUDIT_ROW("record-kind", "write a record of a kind that there is not", AUDIT_SOME,
		  audit_kind),
	AUDIT_ROW("record-garbage", "write what is no record", AUDIT_SOME, audit_garbage),
	AUDIT_ROW("ring-length", "write a record longer than the ring", AUDIT_SOME, audit_length),
	AUDIT_ROW("ring-rewind", "unsay what it has said", AUDIT_SOME, audit_rewind),
	AUDIT_ROW("ring-jump", "say that it has written more than can be", AUDIT_SOME, audit_jump),
	AUDIT_ROW("ring-forget", "unsay how many records were lost", AUDIT_SOME, audit_forget),
	AUDIT_ROW("ring-size", "make its ring larger than its memory", AUDIT_SOME, audit_size),
	AUDIT_ROW("ring-cursor", "move over records that audit has not read", AUDIT_SOME,
		  audit_cursor),
	AUDIT_ROW("ring-flood", "write more than fits, so that records are lost unseen", AUDIT_SOME,
		  audit_flood),
	AUDIT_ROW("keep-silent", "say nothing of what it does", AUDIT_WRITERS | AUDIT_CELL,
		  audit_silence),
	AUDIT_ROW("cell-record-login", "say that somebody has logged in", AUDIT_CELL,
		  audit_cell_login),
	AUDIT_ROW("cell-record-garbage", "write what is no record", AUDIT_CELL, audit_cell_garbage),
	AUDIT_ROW("cell-record-long", "write a record longer than records are", AUDIT_CELL,
		  audit_cell_long),
	AUDIT_ROW("cell-record-flood", "write ten thousand records at once", AUDIT_CELL,
		  audit_cell_flood),
};

const struct act_table act_audit = { audit_acts, sizeof audit_acts / sizeof *audit_acts,
				     ACT_AUDIT };
