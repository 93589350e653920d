/*
 * One pass over all segments in order. Each line is parsed, hashed and compared with what the line
 * before promised; checkpoints are compared with the hashes seen and checked under the public key.
 * What is found is told with file and line, and reading goes on behind it.
 */
#include "tool/audit_verify.h"

#include "sys/fd.h"
#include "tool/audit_tree.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { VERIFY_WINDOW_MASK = AUDIT_VERIFY_WINDOW - 1, VERIFY_STEP = 1 << 16 };

/* The hash of a line that some later checkpoint may speak of. */
struct verify_seen {
	uint64_t seq; /* 0: empty */
	struct audit_line_hash hash;
};

/* A signed claim: record covers has this hash, and the tree up to it this root. */
struct verify_claim {
	struct audit_checkpoint c;
	struct merkle_head tree; /* size 0: of a version that had none */
	struct audit_key_signature signature, tree_signature;
	struct view key_id;
};

/* A checkpoint line outside the log. */
struct verify_head {
	struct audit_checkpoint c;
	struct verify_seen copy; /* of the line itself */
	bool is_there;
};

/* A signed checkpoint of the tree outside the log's lines. */
struct verify_note {
	struct merkle_head head;
	bool is_there;
};

struct verify {
	const struct audit_verify_options *o;
	struct audit_verify_result *r;
	struct audit_hash digest;
	struct verify_seen *seen;    /* AUDIT_VERIFY_WINDOW of them */
	uint8_t *buf;		     /* AUDIT_FILE_BUFFER */
	struct audit_line_hash hash; /* of the line before */
	uint64_t first;		     /* of the segment being read */
	uint64_t before;	     /* of the segment before it; 0: none */
	uint64_t before_line;	     /* number of its last line */
	uint64_t torn;		     /* bytes behind its last newline */
	uint64_t line;		     /* number of the line being read */
	bool was_stop;		     /* the line before is a stop checkpoint */
	/* A log that begins later than record 1 needs a signed record of what was removed. */
	struct audit_line_hash removed_hash;
	uint64_t removed_told;	    /* sequence number of that record; 0: not found */
	struct verify_head head[2]; /* DIR/audit/head, and one that was kept elsewhere */
	struct audit_tree tree;
	struct verify_note note[2]; /* DIR/audit/checkpoint, and one that was kept elsewhere */
};

static const char *const verify_heads[2] = { "head", "the head kept elsewhere" };
static const char *const verify_notes[2] = { "checkpoint", "the checkpoint kept elsewhere" };

static void verify_tell_in(struct verify *v, struct view file, uint64_t line, const char *what)
{
	struct audit_verify_finding f = { .file = file, .line = line, .what = view_str(what) };

	v->r->findings++;
	if (v->r->findings <= AUDIT_VERIFY_SHOWN)
		v->o->on_finding(v->o->arg, &f);
}

static void verify_tell_at(struct verify *v, uint64_t first, uint64_t line, const char *what)
{
	uint8_t name[AUDIT_FILE_NAME];
	struct wbuf w = wbuf_of(name, sizeof name);

	audit_file_put_name(&w, first);
	verify_tell_in(v, wbuf_view(&w), line, what);
}

__attribute__((format(printf, 2, 3))) static void verify_tell(struct verify *v, const char *format,
							      ...)
{
	char text[300] = "";
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	verify_tell_at(v, v->first, v->line, text);
}

static bool verify_hash_eq(const struct audit_line_hash *a, const struct audit_line_hash *b)
{
	return view_eq(view_of(a->b, sizeof a->b), view_of(b->b, sizeof b->b));
}

static uint64_t verify_number(const struct audit_line *l, struct view key)
{
	struct audit_line_field f = { 0 };

	return audit_line_find(l, key, AUDIT_LINE_NUMBER, &f) ? f.number : 0;
}

/* What a checkpoint line says of the tree; none of it, in a line of a version that had none.
 * E_PROTO */
static enum err verify_get_tree(const struct audit_line *l, struct verify_claim *ret)
{
	struct audit_line_field size = { 0 }, root = { 0 }, signature = { 0 };

	if (!audit_line_find(l, VIEW("tree_size"), AUDIT_LINE_NUMBER, &size))
		return E_OK;
	if (!audit_line_find(l, VIEW("root"), AUDIT_LINE_TEXT, &root) ||
	    !audit_line_find(l, VIEW("tree_signature"), AUDIT_LINE_TEXT, &signature) ||
	    size.number == 0)
		return E_PROTO;
	TRY(audit_line_get_hex(root.text, ret->tree.root.b, sizeof ret->tree.root.b));
	TRY(audit_key_get_signature(signature.text, &ret->tree_signature));
	ret->tree.size = size.number;
	return E_OK;
}

/* The fields of a checkpoint line. E_PROTO: one is missing or malformed */
static enum err verify_get_claim(const struct audit_line *l, struct verify_claim *ret)
{
	struct audit_line_field covers = { 0 }, hash = { 0 }, us = { 0 }, stop = { 0 }, key = { 0 },
				signature = { 0 };

	if (!audit_line_find(l, VIEW("covers"), AUDIT_LINE_NUMBER, &covers) ||
	    !audit_line_find(l, VIEW("hash"), AUDIT_LINE_TEXT, &hash) ||
	    !audit_line_find(l, VIEW("signed_us"), AUDIT_LINE_NUMBER, &us) ||
	    !audit_line_find(l, VIEW("is_stop"), AUDIT_LINE_BOOL, &stop) ||
	    !audit_line_find(l, VIEW("key"), AUDIT_LINE_TEXT, &key) ||
	    !audit_line_find(l, VIEW("signature"), AUDIT_LINE_TEXT, &signature))
		return E_PROTO;
	if (us.number > AUDIT_WALL_US_MAX)
		return E_PROTO;
	TRY(audit_line_get_hex(hash.text, ret->c.hash, sizeof ret->c.hash));
	TRY(audit_key_get_signature(signature.text, &ret->signature));
	TRY(verify_get_tree(l, ret));
	ret->c.seq = covers.number;
	ret->c.wall_us = us.number;
	ret->c.is_stop = stop.number;
	ret->key_id = key.text;
	return E_OK;
}

/* Whose signature is it? NULL when it is good; else what is wrong. */
static const char *verify_signature(const struct verify *v, const struct verify_claim *claim)
{
	bool is_known = false;

	for (size_t i = 0; i < v->o->key_n; i++) {
		uint8_t id[AUDIT_KEY_ID];
		struct wbuf w = wbuf_of(id, sizeof id);

		audit_key_put_id(&w, &v->o->key[i]);
		if (!view_eq(wbuf_view(&w), claim->key_id))
			continue;
		is_known = true;
		if (audit_key_check(&v->o->key[i], &claim->c, &claim->signature) != E_OK)
			continue;
		if (claim->tree.size == 0 || audit_tree_signature(&v->o->key[i], &claim->tree,
								  &claim->tree_signature) == E_OK)
			return NULL;
	}
	return is_known ? "the checkpoint's signature is false"
			: "the checkpoint is signed under a key that was not given";
}

/* A claim about a record that was read: does the log agree? */
static const char *verify_claimed(const struct verify *v, const struct audit_checkpoint *c)
{
	const struct verify_seen *s = &v->seen[c->seq & VERIFY_WINDOW_MASK];

	if (c->seq == 0 || s->seq != c->seq)
		return "the checkpoint speaks of a record that is not in the log";
	if (!view_eq(view_of(s->hash.b, sizeof s->hash.b), view_of(c->hash, sizeof c->hash)))
		return "the checkpoint's hash is not that of the record it speaks of: the log was "
		       "rewritten";
	return NULL;
}

/* The tree of the record that a checkpoint speaks of. Once something was found, the lines are not
 * what was signed, and their tree is no second finding. */
static const char *verify_tree(struct verify *v, const struct verify_claim *claim)
{
	struct audit_line_hash root = { 0 };

	if (!v->tree.is_on || v->r->findings)
		return NULL;
	if (claim->tree.size == 0)
		return "the checkpoint lacks the log's tree";
	if (claim->tree.size != claim->c.seq - v->tree.base + 1)
		return "the checkpoint's tree has another size than the log up to its record";
	if (audit_tree_root(&v->tree, claim->tree.size, &root) != E_OK ||
	    !merkle_eq(&root, &claim->tree.root))
		return "the checkpoint's tree is not that of the lines up to its record";
	return NULL;
}

static void verify_checkpoint(struct verify *v, const struct audit_line *l)
{
	struct verify_claim claim = { 0 };
	const char *why = "the checkpoint lacks a field";

	if (verify_get_claim(l, &claim) == E_OK)
		why = verify_claimed(v, &claim.c);
	if (!why)
		why = verify_signature(v, &claim);
	if (!why)
		why = verify_tree(v, &claim);
	if (!why && claim.c.is_stop && claim.c.seq + 1 != l->seq)
		why = "the stop checkpoint does not speak of the record before it";
	if (why) {
		verify_tell(v, "%s", why);
		return;
	}
	v->r->checkpoints++;
	v->was_stop = claim.c.is_stop;
	if (claim.c.seq > v->r->covered)
		v->r->covered = claim.c.seq;
}

/* A record of segments that were removed: is it the one that the log's beginning needs? */
static void verify_retention(struct verify *v, const struct audit_line *l)
{
	struct audit_line_field hash = { 0 };
	struct audit_line_hash last = { 0 };

	if (verify_number(l, VIEW("to")) + 1 == v->r->first_seq &&
	    audit_line_find(l, VIEW("last_hash"), AUDIT_LINE_TEXT, &hash) &&
	    audit_line_get_hex(hash.text, last.b, sizeof last.b) == E_OK &&
	    verify_hash_eq(&last, &v->removed_hash))
		v->removed_told = l->seq;
}

static void verify_segment_tree(struct verify *v, const struct audit_line *l)
{
	const char *why = NULL;

	if (v->r->findings && v->tree.is_on)
		return;
	why = audit_tree_segment(&v->tree, l, v->before == 0);
	if (why)
		verify_tell(v, "%s", why);
}

/* What the first line of a segment says about the one before. */
static void verify_segment(struct verify *v, const struct audit_line *l)
{
	uint8_t name[AUDIT_FILE_NAME];
	struct wbuf w = wbuf_of(name, sizeof name);
	struct audit_line_field previous = { 0 };
	uint64_t recovered = verify_number(l, VIEW("recovered_bytes"));
	bool is_recovery = view_eq(l->result, VIEW("recovered"));

	v->r->crashes += is_recovery;
	verify_segment_tree(v, l);
	if (v->before == 0)
		return;
	audit_file_put_name(&w, v->before);
	if (!audit_line_find(l, VIEW("previous"), AUDIT_LINE_TEXT, &previous) ||
	    !view_eq(previous.text, wbuf_view(&w)))
		verify_tell(v, "follows another segment than %.*s: one is missing in between",
			    (int)w.n, name);
	if (v->torn != recovered)
		verify_tell(v,
			    "the segment before ends in %llu torn bytes, but %llu were found at "
			    "the start",
			    (unsigned long long)v->torn, (unsigned long long)recovered);
	if (view_eq(l->result, VIEW("started")) && !v->was_stop)
		verify_tell(v, "the log was stopped in order before this start, but its stop "
			       "checkpoint is gone");
	if (view_eq(l->result, VIEW("first")))
		verify_tell(v, "another log begins here");
	if (v->was_stop && view_eq(l->result, VIEW("rotated")))
		verify_tell(v, "the log goes on without a start behind its stop checkpoint");
}

/* Does this line follow the one before? Names the kind of tampering by what fits. */
static void verify_link(struct verify *v, const struct audit_line *l)
{
	unsigned long long want = v->r->last_seq + 1, is = l->seq;
	bool is_linked = verify_hash_eq(&l->prev, &v->hash);

	if (is > want)
		verify_tell(v,
			    v->line == 1 ? "records %llu to %llu are missing before this segment"
					 : "records %llu to %llu are missing before this line",
			    want, is - 1);
	else if (is < want)
		verify_tell(v,
			    "record %llu stands here, where %llu belongs: out of order, or put in",
			    is, want);
	else if (!is_linked && v->line > 1)
		verify_tell_at(v, v->first, v->line - 1,
			       "was changed after it was written: the next line carries another "
			       "hash of it");
	else if (!is_linked)
		verify_tell_at(v, v->before, v->before_line,
			       "was changed after it was written: the next segment carries another "
			       "hash of it");
}

/* The very first line of the log as it is. */
static void verify_beginning(struct verify *v, const struct audit_line *l)
{
	static const struct audit_line_hash none = { 0 };

	v->r->first_seq = l->seq;
	v->removed_hash = l->prev;
	if (l->seq == 1 && !verify_hash_eq(&l->prev, &none))
		verify_tell(
			v,
			"the first record of a log follows no other, but this one carries a hash");
}

static void verify_by_kind(struct verify *v, const struct audit_line *l)
{
	bool was_stop = v->was_stop, is_segment = view_eq(l->kind, VIEW("segment"));

	if (is_segment != (v->line == 1))
		verify_tell(v, is_segment ? "a segment's first line stands in the middle"
					  : "the segment's first line is gone");
	if (is_segment)
		verify_segment(v, l);
	else if (was_stop)
		verify_tell(v, "something follows a stop checkpoint in the same segment");
	v->was_stop = false;
	if (view_eq(l->kind, VIEW("checkpoint")))
		verify_checkpoint(v, l);
	else if (view_eq(l->kind, VIEW("retention")))
		verify_retention(v, l);
	else if (view_eq(l->kind, VIEW("gap"))) {
		v->r->gaps++;
		v->r->lost += verify_number(l, VIEW("count"));
	}
}

static void verify_against_heads(struct verify *v, const struct verify_seen *s)
{
	for (size_t i = 0; i < 2; i++) {
		const struct verify_head *h = &v->head[i];

		if (!h->is_there)
			continue;
		if (h->c.seq == s->seq && verify_claimed(v, &h->c))
			verify_tell(v, "%s is signed over another record %llu than this one",
				    verify_heads[i], (unsigned long long)s->seq);
		if (h->copy.seq == s->seq && !verify_hash_eq(&h->copy.hash, &s->hash))
			verify_tell(v, "%s holds another copy of this line", verify_heads[i]);
	}
}

/* The log has come to where a kept checkpoint of its tree was made. */
static enum err verify_against_notes(struct verify *v)
{
	struct audit_line_hash root = { 0 };

	for (size_t i = 0; i < 2; i++) {
		const struct verify_note *n = &v->note[i];

		if (!n->is_there || !v->tree.is_on || n->head.size != v->tree.front.size)
			continue;
		TRY(merkle_root(&v->digest, &v->tree.front, &root));
		if (!merkle_eq(&root, &n->head.root))
			verify_tell(v,
				    "%s is signed over another tree than that of the lines up "
				    "to here",
				    verify_notes[i]);
	}
	return E_OK;
}

static enum err verify_line(struct verify *v, struct view text)
{
	struct audit_line l = { 0 };
	struct verify_seen *s = NULL;
	const char *why = NULL;

	if (audit_line_parse(text, &l, &why) != E_OK) {
		verify_tell(v, "%s", why);
		v->was_stop = false;
		v->r->last_seq++;
	} else {
		if (v->r->records == 0)
			verify_beginning(v, &l);
		else
			verify_link(v, &l);
		if (v->line == 1 && l.seq != v->first)
			verify_tell(v, "the file's name does not fit its first record");
		v->r->last_seq = l.seq;
		verify_by_kind(v, &l);
	}
	TRY(audit_hash_of(&v->digest, text, &v->hash));
	s = &v->seen[v->r->last_seq & VERIFY_WINDOW_MASK];
	*s = (struct verify_seen){ .seq = v->r->last_seq, .hash = v->hash };
	verify_against_heads(v, s);
	TRY(audit_tree_add(&v->tree, text));
	TRY(verify_against_notes(v));
	v->r->records++;
	if (v->o->on_step && v->r->records % VERIFY_STEP == 0)
		v->o->on_step(v->o->arg, v->r->records);
	return E_OK;
}

static enum err verify_file(struct verify *v)
{
	AUTO_FD fd = -1;
	uint8_t name[AUDIT_FILE_NAME];
	struct wbuf w = wbuf_of(name, sizeof name);
	struct audit_file_reader r = { .buf = v->buf };
	struct view text = { 0 };
	enum err e = E_OK;

	audit_file_put_name(&w, v->first);
	TRY(audit_file_open(v->o->dir_fd, wbuf_view(&w), &fd));
	r.fd = fd;
	for (;;) {
		e = audit_file_next(&r, &text);
		if (e != E_OK)
			break;
		v->line = r.line;
		TRY(verify_line(v, text));
	}
	if (e == E_SYS)
		return e;
	v->line = r.line + 1;
	v->torn = e == E_AGAIN ? text.n : 0;
	if (e == E_LIMIT)
		verify_tell(v, "is longer than any record: the rest of this file is not read");
	else if (r.line == 0)
		verify_tell(v, "the segment holds no line");
	v->r->segments++;
	return E_OK;
}

/* All segments there are, also those that appear meanwhile. */
static enum err verify_files(struct verify *v)
{
	uint64_t from = 0;

	for (;;) {
		enum err e = audit_file_find(v->o->dir_fd, from, &v->first);

		if (e == E_CLOSED)
			return v->r->segments ? E_OK : E_CLOSED;
		if (e != E_OK)
			return e;
		e = verify_file(v);
		/* Retention of a live instance may take the oldest away in between. */
		if (e != E_OK && !(e == E_CLOSED && v->o->is_live))
			return e;
		if (e == E_OK) {
			v->before = v->first;
			v->before_line = v->line - 1;
		}
		from = v->first + 1;
	}
}

static void verify_end(struct verify *v)
{
	v->first = v->before;
	v->line = v->before_line;
	v->r->is_stopped = v->was_stop;
	if (v->torn && !v->o->is_live)
		verify_tell(v, "is followed by %llu bytes of a torn line",
			    (unsigned long long)v->torn);
	if (!v->was_stop && !v->o->is_live)
		verify_tell(v,
			    "the log ends here without a stop checkpoint: cut, or the end of a "
			    "crash; the last %llu records are not signed",
			    (unsigned long long)(v->r->last_seq - v->r->covered));
	if (v->r->first_seq > 1 && (v->removed_told == 0 || v->removed_told > v->r->covered)) {
		uint64_t low = 0;

		if (audit_file_find(v->o->dir_fd, 0, &low) == E_OK)
			verify_tell_at(v, low, 1,
				       "the log begins here, and no signed retention record "
				       "accounts for what came before");
	}
}

static void verify_end_head(struct verify *v, size_t i)
{
	char text[200] = "";
	const struct audit_checkpoint *h = &v->head[i].c;

	if (!v->head[i].is_there || h->seq <= v->r->last_seq)
		return;
	(void)snprintf(text, sizeof text,
		       "record %llu is signed, but the log ends with record %llu: its tail was cut",
		       (unsigned long long)h->seq, (unsigned long long)v->r->last_seq);
	verify_tell_in(v, view_str(verify_heads[i]), 0, text);
}

static void verify_end_note(struct verify *v, size_t i)
{
	char text[200] = "";

	if (!v->note[i].is_there || v->note[i].head.size <= v->tree.front.size)
		return;
	(void)snprintf(text, sizeof text,
		       "a tree of %llu lines is signed, but the log has %llu: its tail was cut",
		       (unsigned long long)v->note[i].head.size,
		       (unsigned long long)v->tree.front.size);
	verify_tell_in(v, view_str(verify_notes[i]), 0, text);
}

static void verify_take_note(struct verify *v, size_t i, struct view text)
{
	const char *why =
		audit_tree_note(&v->digest, v->o->key, v->o->key_n, text, &v->note[i].head);

	v->note[i].is_there = !why;
	if (why)
		verify_tell_in(v, view_str(verify_notes[i]), 0, why);
}

/* Both are read before the log, as heads are. */
static enum err verify_read_notes(struct verify *v)
{
	AUTO_FD fd = -1;
	uint8_t text[4096];
	struct wbuf w = wbuf_of(text, sizeof text);
	enum err e = audit_file_open(v->o->dir_fd, VIEW("checkpoint"), &fd);

	if (v->o->known_note.n)
		verify_take_note(v, 1, v->o->known_note);
	if (e == E_CLOSED)
		return E_OK;
	if (e == E_OK)
		e = fd_read_all(fd, &w);
	if (e == E_SYS)
		return e;
	verify_take_note(v, 0, wbuf_view(&w));
	return E_OK;
}

/* A head is a checkpoint line; its place in the log does not matter, its signature does. */
static enum err verify_take_head(struct verify *v, size_t i, struct view text)
{
	struct verify_head h = { .is_there = true };
	struct audit_line l = { 0 };
	struct verify_claim claim = { 0 };
	const char *why = NULL;

	if (audit_line_parse(text, &l, &why) == E_OK) {
		why = "lacks a field of a checkpoint";
		if (verify_get_claim(&l, &claim) == E_OK)
			why = verify_signature(v, &claim);
	}
	if (why) {
		verify_tell_in(v, view_str(verify_heads[i]), 1, why);
		return E_OK;
	}
	h.c = claim.c;
	h.copy.seq = l.seq;
	TRY(audit_hash_of(&v->digest, text, &h.copy.hash));
	v->head[i] = h;
	return E_OK;
}

/* Read before the log: a live instance may go on writing, but never back. */
static enum err verify_read_heads(struct verify *v)
{
	AUTO_FD fd = -1;
	uint8_t text[4096];
	struct wbuf w = wbuf_of(text, sizeof text);
	enum err e = audit_file_open(v->o->dir_fd, VIEW("head"), &fd);

	if (v->o->known_head.n)
		TRY(verify_take_head(v, 1, v->o->known_head));
	if (e == E_CLOSED)
		return E_OK;
	if (e == E_OK)
		e = fd_read_all(fd, &w);
	if (e == E_SYS)
		return e;
	return verify_take_head(v, 0, view_slice(wbuf_view(&w), 0, view_find(wbuf_view(&w), '\n')));
}

static enum err verify_all(struct verify *v)
{
	TRY(verify_read_heads(v));
	TRY(verify_read_notes(v));
	TRY(verify_files(v));
	verify_end(v);
	verify_end_head(v, 0);
	verify_end_head(v, 1);
	verify_end_note(v, 0);
	verify_end_note(v, 1);
	v->r->tree_size = v->tree.is_on ? v->tree.front.size : 0;
	if (!v->head[0].is_there && v->r->checkpoints && v->r->findings == 0)
		verify_tell_in(v, VIEW("head"), 0, "is missing, although the log has checkpoints");
	return E_OK;
}

enum err audit_verify_run(const struct audit_verify_options *o, struct audit_verify_result *ret)
{
	static const size_t window = sizeof(struct verify_seen) * AUDIT_VERIFY_WINDOW;
	struct verify v = { .o = o, .r = ret };
	void *p = mmap(NULL, window, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	enum err e = E_NOMEM;

	*ret = (struct audit_verify_result){ 0 };
	if (p == MAP_FAILED)
		return E_NOMEM;
	v.seen = p;
	v.buf = malloc(AUDIT_FILE_BUFFER);
	if (v.buf)
		e = audit_hash_init(&v.digest);
	if (e == E_OK)
		e = audit_tree_open(&v.tree, &v.digest);
	if (e == E_OK)
		e = verify_all(&v);
	audit_tree_close(&v.tree);
	audit_hash_done(&v.digest);
	free(v.buf);
	(void)munmap(p, window);
	return e;
}
