/* From the rings to the disk, and what happens when the disk refuses. */
#include "role/audit/audit.h"

#include "sys/clock.h"
#include "sys/log.h"

#include <errno.h>
#include <string.h>

enum {
	JOURNAL_WAIT_MS = 20, /* the most: a ring of a busy edge fills in twice this time */
	JOURNAL_HURRY_MS = 2, /* the least */
	JOURNAL_FULL = 25,    /* per cent of a ring: look sooner next time */
	JOURNAL_EMPTY = 10,   /* per cent: look later */
	JOURNAL_RETRY_MS = 1000,
	JOURNAL_TELL_MS = 60 * 1000,
	JOURNAL_ROUNDS = 16 /* batches per turn, so that messages are not kept waiting */
};

enum err journal_note(struct audit *a, const struct audit_note *n)
{
	struct chain_line line = { .wall_us = clock_wall_us(),
				   .kind = n->kind,
				   .action = n->action,
				   .object = n->object,
				   .result = n->result,
				   .origin = VIEW("audit[0]") };
	enum err e = E_OK;

	chain_begin(&a->chain, &line);
	if (n->detail.n)
		chain_text(&a->chain, CHAIN_KEY("detail"), n->detail);
	e = chain_end(&a->chain);
	if (e == E_OK)
		a->checkpoints.worth = a->chain.seq;
	if (e == E_OK && view_eq(n->kind, VIEW("alarm")))
		alarms_see(&a->alarms, &(struct alarms_seen){ .seq = a->chain.seq,
							      .wall_us = (uint64_t)line.wall_us,
							      .action = n->action,
							      .object = n->object,
							      .result = n->result,
							      .origin = line.origin,
							      .writer = line.origin,
							      .detail = n->detail });
	return e;
}

/* The disk refused: nothing is released, so nothing is lost but what the rings can't hold. */
static void journal_refused(struct audit *a, const char *what)
{
	struct audit_trouble *t = &a->trouble;
	char reason[128] = "";

	t->reason = errno;
	t->retry_ms = a->loop.now_ms + JOURNAL_RETRY_MS;
	if (t->since_ms == 0)
		t->since_ms = a->loop.now_ms;
	else if (a->loop.now_ms < t->tell_ms)
		return;
	t->tell_ms = a->loop.now_ms + JOURNAL_TELL_MS;
	log_line(LOG_ERROR,
		 "the audit log can't be written (%s: %s); records wait, and are counted when lost",
		 what, strerror_r(t->reason, reason, sizeof reason));
}

static enum err journal_recovered(struct audit *a)
{
	struct audit_trouble t = a->trouble;
	char reason[128] = "";
	uint8_t text[256];
	struct wbuf w = wbuf_of(text, sizeof text);

	if (t.since_ms == 0)
		return E_OK;
	a->trouble = (struct audit_trouble){ 0 };
	wbuf_str(&w, strerror_r(t.reason, reason, sizeof reason));
	WBUF_LIT(&w, "; not written for ");
	wbuf_dec(&w, (a->loop.now_ms - t.since_ms) / 1000);
	WBUF_LIT(&w, " s");
	log_line(LOG_INFO, "the audit log is written again");
	TRY(journal_note(a, &(struct audit_note){ .kind = VIEW("alarm"),
						  .action = VIEW("audit.write_failed"),
						  .object = VIEW("audit log"),
						  .result = VIEW("recovered"),
						  .detail = wbuf_view(&w) }));
	if (segment_flush(&a->segment, &a->chain) == E_OK)
		return E_OK;
	journal_refused(a, "write");
	return E_AGAIN;
}

enum err journal_flush(struct audit *a)
{
	size_t bytes = a->chain.out.n - a->chain.put;

	if (a->trouble.since_ms && a->loop.now_ms < a->trouble.retry_ms)
		return E_AGAIN;
	if (segment_flush(&a->segment, &a->chain) != E_OK) {
		journal_refused(a, "write");
		return E_AGAIN;
	}
	rings_release(&a->rings);
	cells_release(a);
	tell_written(a, bytes);
	/* Nothing written is no proof that the disk takes anything again. */
	return bytes ? journal_recovered(a) : E_OK;
}

/* The open segment is full or of yesterday. */
static enum err journal_rotate(struct audit *a)
{
	int64_t wall_us = clock_wall_us();

	if (!segment_is_due(&a->segment, wall_us))
		return E_OK;
	if (segment_begin(&a->segment, &a->chain, SEGMENT_ROTATED, wall_us, NULL) != E_OK) {
		journal_refused(a, "next segment");
		return E_AGAIN;
	}
	a->checkpoints.worth = a->chain.seq;
	a->checkpoints.due_ms = a->loop.now_ms;
	return journal_recovered(a);
}

static enum err journal_tell_fault(struct audit *a, const struct rings_fault *f)
{
	uint8_t text[64];
	struct wbuf w = wbuf_of(text, sizeof text);

	wbuf_put(&w, f->slot->name, f->slot->name_n);
	WBUF_LIT(&w, " ring ");
	wbuf_dec(&w, f->slot->id);
	log_line(LOG_ERROR, "%.*s: %s; it is not read any more", (int)w.n, text, f->what);
	return journal_note(a, &(struct audit_note){ .kind = VIEW("alarm"),
						     .action = VIEW("ring.violation"),
						     .object = wbuf_view(&w),
						     .result = VIEW("closed"),
						     .detail = view_str(f->what) });
}

/* One batch. E_AGAIN: nothing was there, or the disk refuses. */
static enum err journal_batch(struct audit *a)
{
	struct rings_fault fault = { 0 };
	enum err e = E_OK, more = E_OK;

	TRY(journal_flush(a)); /* what an earlier turn left */
	TRY(journal_rotate(a));
	e = rings_collect(&a->rings, &a->chain, clock_wall_us(), &fault);
	if (e != E_OK && e != E_AGAIN)
		return e;
	more = cells_collect(a);
	if (more != E_OK && (more != E_AGAIN || e == E_AGAIN))
		return more;
	if (a->chain.out.n)
		a->checkpoints.worth = a->chain.seq;
	if (fault.what)
		TRY(journal_tell_fault(a, &fault));
	return journal_flush(a);
}

static enum err journal_tell_done(struct audit *a)
{
	uint32_t id = 0;

	while (rings_next_done(&a->rings, &id)) {
		uint8_t body[4];
		struct wbuf w = wbuf_of(body, sizeof body);
		enum err e = E_OK;

		wbuf_u32(&w, id);
		e = frame_send(a->keeper.fd, ROLE_RING_DONE, 0, wbuf_view(&w), NULL, 0);
		if (e == E_AGAIN)
			return E_OK; /* the keeper is busy: next turn */
		if (e != E_OK)
			return e;
		rings_forget(&a->rings, id);
	}
	return E_OK;
}

/* From here on the log gets its last checkpoint and nothing else. */
static enum err journal_finish(struct audit *a)
{
	enum err e = journal_flush(a);

	if (e == E_OK && a->checkpoints.is_final) {
		if (segment_sync(&a->segment) != E_OK)
			return log_errno("syncing the audit log");
		a->state = AUDIT_STOPPED;
	}
	return e == E_AGAIN ? E_OK : e;
}

/* Waits halve when a ring fills and grow slowly again: each look should find little and miss
 * nothing. fill: of the fullest ring when this turn began */
static void journal_pace(struct audit *a, unsigned fill)
{
	if (fill > JOURNAL_FULL)
		a->wait_ms = a->wait_ms / 2 > JOURNAL_HURRY_MS ? a->wait_ms / 2 : JOURNAL_HURRY_MS;
	else if (fill < JOURNAL_EMPTY && a->wait_ms < JOURNAL_WAIT_MS)
		a->wait_ms++;
}

enum err journal_turn(struct audit *a)
{
	if (a->state >= AUDIT_STOPPING)
		return journal_finish(a);
	for (unsigned i = 0; i < JOURNAL_ROUNDS; i++) {
		enum err e = journal_batch(a);

		if (i == 0)
			journal_pace(a, a->rings.fill);
		if (e == E_AGAIN)
			break;
		if (e != E_OK)
			return e;
	}
	if (a->state == AUDIT_DRAINING && rings_are_empty(&a->rings) && cells_are_empty(a) &&
	    a->trouble.since_ms == 0)
		a->state = AUDIT_STOPPING;
	tell_turn(a);
	return journal_tell_done(a);
}

/* Things found at start that somebody has to look at. */
static enum err journal_tell_past(struct audit *a, const struct segment_past *past, uint64_t seq)
{
	uint8_t text[128];
	struct wbuf w = wbuf_of(text, sizeof text);

	if (past->broken_line) {
		audit_file_put_name(&w, past->last);
		WBUF_LIT(&w, ":");
		wbuf_dec(&w, past->broken_line);
		TRY(journal_note(
			a,
			&(struct audit_note){
				.kind = VIEW("alarm"),
				.action = VIEW("audit.broken"),
				.object = wbuf_view(&w),
				.result = VIEW("found"),
				.detail = VIEW("the chain of hashes does not reach this line") }));
	}
	w.n = 0;
	if (past->head_covers > seq) {
		WBUF_LIT(&w, "record ");
		wbuf_dec(&w, past->head_covers);
		WBUF_LIT(&w, " was signed, the log ended at ");
		wbuf_dec(&w, seq);
		TRY(journal_note(a, &(struct audit_note){ .kind = VIEW("alarm"),
							  .action = VIEW("audit.cut"),
							  .object = VIEW("audit log"),
							  .result = VIEW("found"),
							  .detail = wbuf_view(&w) }));
	}
	return E_OK;
}

enum err journal_start(struct audit *a, uint8_t *buf, const char **ret_why)
{
	struct segment_past past = { 0 };
	enum segment_reason why = SEGMENT_FIRST;
	uint64_t seq = 0;

	*ret_why =
		"the log directory holds a log that can't be continued: move it away and keep it";
	TRY(segment_recover(a->segment.dir_fd, &a->chain, buf, &past));
	a->told_seq = a->chain.seq;
	for (size_t i = 0; i < past.ring_n; i++)
		rings_skip(&a->rings, &past.ring[i]);
	seq = a->chain.seq;
	if (past.last)
		why = past.was_stopped && past.torn_bytes == 0 ? SEGMENT_STARTED
							       : SEGMENT_RECOVERED;
	*ret_why = "the first segment can't be written: is the disk full, and the directory "
		   "writable for this role?";
	TRY(segment_begin(&a->segment, &a->chain, why, clock_wall_us(), &past));
	a->checkpoints.worth = a->chain.seq;
	return journal_tell_past(a, &past, seq);
}
