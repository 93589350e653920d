/*
 * One witness (promise P9): whenever the log has a newer checkpoint, it is shown with a proof that
 * it goes on from what the witness has seen, and the witness's countersignature is kept beside it.
 * The proof is made of the lines in between, read from the disk a piece at a time; what the witness
 * answers is believed as far as its signature goes.
 */
#include "role/shipper/shipper.h"

#include "base/hash.h"
#include "proto/http1.h"
#include "sys/fd.h"
#include "sys/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum {
	OBSERVER_LINES = 20000 /* of the log, per turn */,
	OBSERVER_FIELDS = 64,
	OBSERVER_FILE_MODE = 0644
};

enum err observer_init(struct sink *s, struct observer *w, struct view key)
{
	*w = (struct observer){ .log = { .file = { .fd = -1, .buf = s->log.file.buf } },
				.silent_ms = s->x->loop.now_ms + OBSERVER_SILENT_MS };
	s->observer = w;
	(void)snprintf(w->kept, sizeof w->kept, "cosigned-%016llx",
		       (unsigned long long)hash_fnv1a(view_str(s->name)));
	if (note_key_get(&s->x->digest, key, &w->key) == E_OK && w->key.type == NOTE_COSIGNATURE)
		return E_OK;
	sink_event(s, RECORD_ALARM, "audit.witness_disagrees", "refused",
		   VIEW("its key is no verifier key of a witness"));
	return E_PROTO;
}

/* ---- what is to be shown ---- */

/* Is there a checkpoint that the witness has not countersigned? E_AGAIN: there is none */
static enum err observer_read_note(struct sink *s, struct observer *w)
{
	AUTO_FD fd = -1;
	struct wbuf b = wbuf_of(w->note_room, sizeof w->note_room);
	struct note n = { 0 };
	struct note_checkpoint c = { 0 };

	if (audit_file_open(s->x->log_fd, VIEW("checkpoint"), &fd) != E_OK)
		return E_AGAIN;
	if (fd_read_all(fd, &b) != E_OK || note_get(wbuf_view(&b), &n) != E_OK ||
	    note_get_checkpoint(n.text, &c) != E_OK)
		return E_PROTO;
	if (w->has_signed && c.head.size == w->head.size && merkle_eq(&c.head.root, &w->head.root))
		return E_AGAIN;
	w->note = wbuf_view(&b);
	w->text = n.text;
	w->next = c.head;
	return E_OK;
}

/* The first line of the segment that begins at first: the tree up to there. */
static enum err observer_segment(struct sink *s, struct observer *w, uint64_t first)
{
	struct place at = { .first = first, .seq = first - 1 };
	struct audit_line l = { 0 };
	struct audit_line_field size = { 0 }, tree = { 0 };
	struct view text = { 0 };
	const char *why = NULL;
	uint64_t skipped = 0;

	w->has_tree = false;
	TRY(reader_open(&w->log, s->x->log_fd, &at, &skipped));
	if (skipped || reader_next(&w->log, s->x->log_fd, &text) != E_OK ||
	    audit_line_parse(text, &l, &why) != E_OK ||
	    !audit_line_find(&l, VIEW("tree_size"), AUDIT_LINE_NUMBER, &size) ||
	    !audit_line_find(&l, VIEW("tree"), AUDIT_LINE_TEXT, &tree) ||
	    merkle_get(size.number, tree.text, &w->tree) != E_OK || size.number >= l.seq)
		return E_PROTO;
	w->base = l.seq - size.number;
	return reader_open(&w->log, s->x->log_fd, &at, &skipped);
}

/* To where the proof begins: the tree at the size that the witness has, or at most that. */
static enum err observer_seek(struct sink *s, struct observer *w)
{
	uint64_t first = 0;

	if (w->has_tree && w->tree.size <= w->size)
		return E_OK;
	TRY(audit_file_before(s->x->log_fd, UINT64_MAX, &first));
	TRY(observer_segment(s, w, first));
	TRY(audit_file_before(s->x->log_fd, w->base + w->size + 1, &first));
	TRY(observer_segment(s, w, first));
	w->has_tree = w->tree.size <= w->size;
	return w->has_tree ? E_OK : E_PROTO;
}

/* Some lines towards a size. E_AGAIN: not there yet */
static enum err observer_walk(struct sink *s, struct observer *w, uint64_t to)
{
	for (unsigned i = 0; w->tree.size < to; i++) {
		struct view text = { 0 };
		struct audit_line_hash leaf = { 0 };

		if (i == OBSERVER_LINES)
			return E_AGAIN;
		TRY(reader_next(&w->log, s->x->log_fd, &text));
		TRY(audit_hash_leaf(&s->x->digest, text, &leaf));
		if (w->is_planned)
			TRY(merkle_plan_append(&w->plan, &s->x->digest, &w->tree, &leaf));
		else
			TRY(merkle_append(&s->x->digest, &w->tree, &leaf));
	}
	return E_OK;
}

/* From the size that the witness has to the checkpoint's. E_AGAIN more turns are needed · E_PROTO
 * the log does not lead there · E_CLOSED its beginning is gone */
static enum err observer_prove(struct sink *s, struct observer *w)
{
	struct audit_line_hash root = { 0 };

	if (w->size == 0) { /* everything goes on from nothing */
		w->proof = (struct note_proof){ .note = w->note };
		return E_OK;
	}
	if (!w->is_planned) {
		TRY(observer_seek(s, w));
		TRY(observer_walk(s, w, w->size));
		TRY(merkle_plan_consistency(&w->plan, w->size, w->next.size));
		merkle_plan_begin(&w->plan, &w->tree);
		w->is_planned = true;
	}
	TRY(observer_walk(s, w, w->next.size));
	w->is_planned = false;
	TRY(merkle_root(&s->x->digest, &w->tree, &root));
	if (!merkle_eq(&root, &w->next.root))
		return E_PROTO;
	w->proof = (struct note_proof){ .place = w->size, .note = w->note };
	return merkle_plan_end(&w->plan, &s->x->digest, &w->tree, &w->proof.path);
}

static void observer_disagrees(struct sink *s, struct observer *w, const char *why)
{
	w->is_planned = w->has_tree = w->is_ready = false;
	s->due_ms = s->x->loop.now_ms + OBSERVER_DISAGREE_MS;
	if (w->is_told_of)
		return;
	w->is_told_of = true;
	log_line(LOG_WARNING, "the log's witness %s: %s", s->name, why);
	sink_event(s, RECORD_ALARM, "audit.witness_disagrees", "refused", view_str(why));
}

/* E_OK: there is something to show, and its proof */
static enum err observer_prepare(struct sink *s, struct observer *w)
{
	enum err e = E_OK;

	if (!w->is_planned && !w->is_walking) {
		e = observer_read_note(s, w);
		if (e == E_AGAIN)
			s->due_ms = s->x->loop.now_ms + OBSERVER_POLL_MS;
		if (e == E_AGAIN && w->has_signed)
			w->silent_ms = s->x->loop.now_ms + OBSERVER_SILENT_MS; /* nothing to say */
		if (e == E_PROTO)
			observer_disagrees(s, w, "the log's checkpoint file is malformed");
		if (e != E_OK)
			return e;
	}
	if (w->size > w->next.size) {
		observer_disagrees(
			s, w,
			"it has seen more records than the log has: the log was put back to "
			"an earlier state");
		return E_PROTO;
	}
	e = observer_prove(s, w);
	w->is_walking = e == E_AGAIN;
	if (e == E_OK)
		w->is_ready = true;
	else if (e != E_AGAIN)
		observer_disagrees(s, w,
				   "the log does not lead from what it has seen to the newest "
				   "checkpoint");
	return e;
}

bool observer_wants(struct sink *s)
{
	struct observer *w = s->observer;

	if (s->x->loop.now_ms > w->silent_ms && !w->is_told_silent) {
		w->is_told_silent = true;
		sink_event(s, RECORD_ALARM, "audit.witness_silent", "waits",
			   VIEW("it has countersigned nothing for a minute"));
	}
	return w->is_ready || observer_prepare(s, w) == E_OK;
}

/* ---- the question and its answer ---- */

bool observer_put(struct sink *s)
{
	struct observer *w = s->observer;
	uint8_t *body = s->x->message;
	struct wbuf b = wbuf_of(body, sizeof s->x->message);

	note_proof_put(&b, &w->proof, (struct view){ 0 });
	s->plain.n = 0;
	WBUF_LIT(&s->plain, "POST /add-checkpoint HTTP/1.1\r\nHost: ");
	wbuf_view_put(&s->plain, s->pool->tls_name.n ? image_view(&s->x->image, s->pool->tls_name)
						     : view_str(s->name));
	WBUF_LIT(&s->plain, "\r\nUser-Agent: sluis\r\nConnection: close\r\nContent-Type: "
			    "text/plain\r\nContent-Length: ");
	wbuf_dec(&s->plain, b.n);
	WBUF_LIT(&s->plain, "\r\n\r\n");
	wbuf_view_put(&s->plain, wbuf_view(&b));
	w->answer = wbuf_of(w->answer_room, sizeof w->answer_room);
	return !b.bad && !s->plain.bad;
}

/* The countersignature stands beside the log's own, in a file of its own for other tools. */
static void observer_keep(struct sink *s, struct observer *w, struct view line)
{
	AUTO_FD fd =
		openat(s->x->own_fd, "next.tmp",
		       O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, OBSERVER_FILE_MODE);

	if (fd < 0 || fd_write_all(fd, w->note) != E_OK || fd_write_all(fd, line) != E_OK ||
	    renameat(s->x->own_fd, "next.tmp", s->x->own_fd, w->kept) < 0)
		(void)log_errno("a countersigned checkpoint");
}

static void observer_signed(struct sink *s, struct observer *w, struct view lines)
{
	struct note_signature sig = { 0 };
	struct view rest = lines, before = lines;
	uint64_t at = 0;

	while (note_next(&rest, &sig) == E_OK) {
		struct view line = view_slice(before, 0, before.n - rest.n);

		before = rest;
		if (note_check(&w->key, w->text, &sig, &at) != E_OK)
			continue;
		observer_keep(s, w, line);
		if (s->x->page)
			PAGE_SET(s->x->page->cosigned_wall_s, at);
		w->head = w->next;
		w->size = w->next.size;
		w->has_signed = true;
		w->conflicts = 0;
		w->silent_ms = s->x->loop.now_ms + OBSERVER_SILENT_MS;
		if (w->is_told_silent || w->is_told_of)
			sink_event(s, RECORD_EVENT, "audit.witness_resumed", "ok",
				   VIEW("it countersigns again"));
		w->is_told_silent = w->is_told_of = false;
		s->due_ms = s->x->loop.now_ms + OBSERVER_POLL_MS;
		return;
	}
	observer_disagrees(s, w, "its answer has no countersignature under its key");
}

/* 409: it has another size, which is proved from next; the size that was asked from is another
 * tree.
 */
static void observer_conflict(struct sink *s, struct observer *w, struct view body)
{
	uint64_t size = 0;

	if (body.n == 0 || body.p[body.n - 1] != '\n' ||
	    note_get_number(view_slice(body, 0, body.n - 1), &size) != E_OK) {
		observer_disagrees(s, w, "its answer is not understood");
		return;
	}
	if (size == w->size || ++w->conflicts > 2) {
		w->conflicts = 0;
		observer_disagrees(s, w,
				   "it has seen another tree of this log: the log was rewritten");
		return;
	}
	w->size = size;
	s->due_ms = s->x->loop.now_ms;
}

/* E_OK it is judged · E_AGAIN more is needed · E_PROTO it is no HTTP */
static enum err observer_judge(struct sink *s, struct observer *w, bool is_end)
{
	struct field fields[OBSERVER_FIELDS];
	struct http1_head h = { .fields = fields, .field_cap = OBSERVER_FIELDS };
	struct http1_error why = { 0 };
	struct view in = wbuf_view(&w->answer), body = { 0 };
	size_t progress = 0;

	TRY(http1_parse_response(in, sizeof w->answer_room, METHOD_POST, &progress, &h, &why));
	body = view_slice(in, h.n, in.n);
	if (h.body == BODY_LENGTH) {
		if (body.n < h.content_length)
			return E_AGAIN;
		body = view_slice(body, 0, (size_t)h.content_length);
	} else if (h.body == BODY_CHUNKED) {
		return E_PROTO;
	} else if (!is_end) {
		return E_AGAIN;
	}
	w->is_ready = false;
	if (h.status == 200)
		observer_signed(s, w, body);
	else if (h.status == 409)
		observer_conflict(s, w, body);
	else if (h.status == 422)
		observer_disagrees(s, w,
				   "it says that the log does not go on from what it has seen");
	else if (h.status == 403 || h.status == 404)
		observer_disagrees(s, w, "it does not know this log, or not its key");
	else
		return E_PROTO;
	return E_OK;
}

enum err observer_take(struct sink *s, struct view plain, bool is_end)
{
	struct observer *w = s->observer;
	enum err e = E_OK;

	wbuf_view_put(&w->answer, plain);
	if (w->answer.bad)
		return E_PROTO;
	e = observer_judge(s, w, is_end);
	return e == E_AGAIN && is_end ? E_PROTO : e;
}
