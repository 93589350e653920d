/*
 * One pass over the log: from the segment that has the record, whose first line has the tree up to
 * there, to the line that the checkpoint covers. What comes out is shown only when it leads to the
 * root that was signed.
 */
#include "tool/audit_prove.h"

#include "base/base64.h"
#include "ipc/audit_file.h"
#include "ipc/merkle_plan.h"
#include "ipc/note_proof.h"
#include "sys/fd.h"
#include "tool/audit_place.h"
#include "tool/audit_progress.h"
#include "tool/audit_tree.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { PROVE_ROOM = NOTE_PROOF_MAX + NOTE_PROOF_EXTRA, PROVE_JSON = 8 * AUDIT_LINE_MAX };

struct prove {
	struct audit_place place;
	const char *checkpoint; /* --checkpoint FILE; NULL: the log's own */
	bool has_record, has_from, is_json;
	uint64_t record, from; /* a sequence number; a size */
	int dir_fd;
	struct audit_hash digest;
	struct note_checkpoint signed_over; /* what the checkpoint says */
	uint64_t base;			    /* sequence number of the line at place 0 */
	struct merkle_frontier tree;
	struct merkle_plan plan;
	struct note_proof proof;
	struct wbuf line; /* the record itself */
	uint8_t *buf;	  /* AUDIT_FILE_BUFFER */
	uint8_t line_room[AUDIT_LINE_MAX];
	uint8_t note_room[NOTE_MAX];
	uint8_t out[PROVE_ROOM];
	uint8_t json[PROVE_JSON];
};

static enum err prove_fail(const char *why)
{
	(void)fprintf(stderr, "sluis audit prove: %s\n", why);
	return E_DENIED;
}

static enum err prove_read_note(struct prove *p)
{
	AUTO_FD fd = -1;
	struct wbuf w = wbuf_of(p->note_room, sizeof p->note_room);
	struct note n = { 0 };

	if (p->checkpoint)
		fd = open(p->checkpoint, O_RDONLY | O_CLOEXEC);
	else if (audit_file_open(p->dir_fd, VIEW("checkpoint"), &fd) != E_OK)
		fd = -1;
	if (fd < 0 || fd_read_all(fd, &w) != E_OK)
		return prove_fail("there is no checkpoint to read");
	if (note_get(wbuf_view(&w), &n) != E_OK ||
	    note_get_checkpoint(n.text, &p->signed_over) != E_OK)
		return prove_fail("the checkpoint is malformed");
	p->proof.note = wbuf_view(&w);
	return E_OK;
}

/* The tree up to a segment, by its first line. */
static enum err prove_segment(struct prove *p, struct view text, struct merkle_frontier *ret,
			      uint64_t *ret_seq)
{
	struct audit_line l = { 0 };
	struct audit_line_field size = { 0 }, tree = { 0 };
	const char *why = NULL;

	(void)p;
	if (audit_line_parse(text, &l, &why) != E_OK ||
	    !audit_line_find(&l, VIEW("tree_size"), AUDIT_LINE_NUMBER, &size) ||
	    !audit_line_find(&l, VIEW("tree"), AUDIT_LINE_TEXT, &tree) ||
	    merkle_get(size.number, tree.text, ret) != E_OK || size.number >= l.seq)
		return prove_fail("a segment's first line has no tree: sluis audit verify says "
				  "more about the log");
	*ret_seq = l.seq;
	return E_OK;
}

static enum err prove_open_segment(const struct prove *p, uint64_t first, int *ret_fd)
{
	uint8_t name[AUDIT_FILE_NAME];
	struct wbuf w = wbuf_of(name, sizeof name);

	audit_file_put_name(&w, first);
	return audit_file_open(p->dir_fd, wbuf_view(&w), ret_fd);
}

/* The newest segment below a sequence number, with its tree. */
static enum err prove_find(struct prove *p, uint64_t below, struct merkle_frontier *ret,
			   uint64_t *ret_first)
{
	AUTO_FD fd = -1;
	struct audit_file_reader r = { .buf = p->buf };
	struct view text = { 0 };
	uint64_t seq = 0;

	if (audit_file_before(p->dir_fd, below, ret_first) != E_OK ||
	    prove_open_segment(p, *ret_first, &fd) != E_OK)
		return prove_fail("the log has no segment that goes back so far");
	r.fd = fd;
	if (audit_file_next(&r, &text) != E_OK)
		return prove_fail("a segment can't be read");
	TRY(prove_segment(p, text, ret, &seq));
	p->base = seq - ret->size;
	return E_OK;
}

/* Which segment the pass begins with: of the newest one the places of all records are known. */
static enum err prove_begin(struct prove *p, uint64_t *ret_first)
{
	uint64_t place = 0;
	enum err e = E_OK;

	TRY(prove_find(p, UINT64_MAX, &p->tree, ret_first));
	if (p->has_record && p->record < p->base)
		return prove_fail("the log's tree begins behind that record");
	place = p->has_record ? p->record - p->base : p->from;
	if (p->has_record)
		e = merkle_plan_inclusion(&p->plan, place, p->signed_over.head.size);
	else
		e = merkle_plan_consistency(&p->plan, place, p->signed_over.head.size);
	if (e != E_OK)
		return prove_fail("the checkpoint does not reach so far: the next one may, in five "
				  "seconds");
	p->proof.is_inclusion = p->has_record;
	p->proof.place = place;
	TRY(prove_find(p, p->base + place + 1, &p->tree, ret_first));
	merkle_plan_begin(&p->plan, &p->tree);
	return E_OK;
}

static enum err prove_line(struct prove *p, struct view text)
{
	struct audit_line_hash leaf = { 0 };

	if (p->has_record && p->tree.size == p->proof.place)
		wbuf_view_put(&p->line, text);
	TRY(audit_hash_leaf(&p->digest, text, &leaf));
	return merkle_plan_append(&p->plan, &p->digest, &p->tree, &leaf);
}

/* E_CLOSED the checkpoint's last line was reached */
static enum err prove_file(struct prove *p, uint64_t first)
{
	AUTO_FD fd = -1;
	struct audit_file_reader r = { .buf = p->buf };
	struct view text = { 0 };
	enum err e = E_OK;

	TRY(prove_open_segment(p, first, &fd));
	r.fd = fd;
	for (;;) {
		if (p->tree.size >= p->signed_over.head.size)
			return E_CLOSED;
		e = audit_file_next(&r, &text);
		if (e != E_OK)
			return e == E_AGAIN ? E_OK : e;
		TRY(prove_line(p, text));
	}
}

static enum err prove_pass(struct prove *p, uint64_t first)
{
	enum err e = E_OK;

	while (e == E_OK) {
		e = prove_file(p, first);
		if (e == E_OK && audit_file_find(p->dir_fd, first + 1, &first) != E_OK)
			return prove_fail("the log ends before what the checkpoint covers: its "
					  "tail was cut");
	}
	return e == E_CLOSED ? E_OK : prove_fail("the log can't be read");
}

static enum err prove_end(struct prove *p)
{
	struct audit_line_hash root = { 0 };

	TRY(merkle_root(&p->digest, &p->tree, &root));
	if (!merkle_eq(&root, &p->signed_over.head.root) ||
	    merkle_plan_end(&p->plan, &p->digest, &p->tree, &p->proof.path) != E_OK)
		return prove_fail("the log is not what the checkpoint was signed over: sluis audit "
				  "verify says where");
	return E_OK;
}

static void prove_put_json(const struct prove *p, struct wbuf *w)
{
	wbuf_str(w, p->has_record ? "{\"kind\":\"inclusion\",\"index\":"
				  : "{\"kind\":\"consistency\",\"old_size\":");
	wbuf_dec(w, p->proof.place);
	WBUF_LIT(w, ",\"tree_size\":");
	wbuf_dec(w, p->signed_over.head.size);
	WBUF_LIT(w, ",\"root\":\"");
	base64_put(w, view_of(p->signed_over.head.root.b, AUDIT_LINE_HASH));
	WBUF_LIT(w, "\",\"path\":[");
	for (unsigned i = 0; i < p->proof.path.n; i++) {
		wbuf_str(w, i ? ",\"" : "\"");
		base64_put(w, view_of(p->proof.path.node[i].b, AUDIT_LINE_HASH));
		WBUF_LIT(w, "\"");
	}
	WBUF_LIT(w, "],\"checkpoint\":\"");
	audit_line_put_text(w, p->proof.note);
	if (p->has_record) {
		WBUF_LIT(w, "\",\"record\":\"");
		audit_line_put_text(w, wbuf_view(&p->line));
	}
	WBUF_LIT(w, "\"}\n");
}

static enum err prove_print(struct prove *p)
{
	struct wbuf w =
		p->is_json ? wbuf_of(p->json, sizeof p->json) : wbuf_of(p->out, sizeof p->out);

	if (p->is_json)
		prove_put_json(p, &w);
	else
		note_proof_put(&w, &p->proof, wbuf_view(&p->line));
	if (w.bad)
		return prove_fail("the proof is too long");
	return fwrite(w.p, 1, w.n, stdout) == w.n && fflush(stdout) == 0 ? E_OK : E_SYS;
}

static enum err prove_run(struct prove *p)
{
	uint64_t first = 0;

	TRY(audit_place_open(&p->place, &p->dir_fd));
	TRY(audit_hash_init(&p->digest));
	TRY(prove_read_note(p));
	TRY(prove_begin(p, &first));
	TRY(prove_pass(p, first));
	TRY(prove_end(p));
	return prove_print(p);
}

enum {
	PROVE_STATE = 256,
	PROVE_DIRECTORY,
	PROVE_JSON_OPTION,
	PROVE_RECORD,
	PROVE_FROM,
	PROVE_CHECKPOINT,
	PROVE_HELP
};

static const struct option prove_options[] = {
	{ "state", required_argument, NULL, PROVE_STATE },
	{ "directory", required_argument, NULL, PROVE_DIRECTORY },
	{ "json", no_argument, NULL, PROVE_JSON_OPTION },
	{ "record", required_argument, NULL, PROVE_RECORD },
	{ "from", required_argument, NULL, PROVE_FROM },
	{ "checkpoint", required_argument, NULL, PROVE_CHECKPOINT },
	{ "help", no_argument, NULL, PROVE_HELP },
	{ NULL, 0, NULL, 0 },
};

/* One option. E_PROTO: not understood */
static enum err prove_option(struct prove *p, int c)
{
	switch (c) {
	case PROVE_STATE:
		p->place.state = optarg;
		return E_OK;
	case PROVE_DIRECTORY:
		p->place.directory = optarg;
		return E_OK;
	case PROVE_JSON_OPTION:
		p->is_json = true;
		return E_OK;
	case PROVE_RECORD:
		p->has_record = true;
		return view_dec(view_str(optarg), &p->record);
	case PROVE_FROM:
		p->has_from = true;
		return view_dec(view_str(optarg), &p->from);
	case PROVE_CHECKPOINT:
		p->checkpoint = optarg;
		return E_OK;
	default:
		return E_PROTO;
	}
}

static int prove_main(struct prove *p, int argc, char **argv, const char *usage)
{
	int c = 0;

	while ((c = getopt_long(argc, argv, "", prove_options, NULL)) != -1) {
		if (c != PROVE_HELP && prove_option(p, c) == E_OK)
			continue;
		(void)fputs(usage, c == PROVE_HELP ? stdout : stderr);
		return c == PROVE_HELP ? 0 : 2;
	}
	if (optind != argc || p->has_record == p->has_from) {
		(void)fputs(usage, stderr);
		return 2;
	}
	return prove_run(p) == E_OK ? 0 : 1;
}

int audit_prove_main(int argc, char **argv, const char *usage)
{
	struct prove *p = calloc(1, sizeof *p);
	int status = 1;

	if (!p)
		return 1;
	p->dir_fd = -1;
	p->line = wbuf_of(p->line_room, sizeof p->line_room);
	p->buf = malloc(AUDIT_FILE_BUFFER);
	if (p->buf)
		status = prove_main(p, argc, argv, usage);
	audit_hash_done(&p->digest);
	(void)fd_close(p->dir_fd);
	free(p->buf);
	free(p);
	return status;
}
