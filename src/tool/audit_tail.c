/*
 * Prints the end of the log and follows it over rotation. The log may have been edited by anybody,
 * so every byte passes audit_line_put_printable on its way to the terminal (THREATS A27); a line
 * that is no record is shown as it is, marked.
 */
#include "tool/audit_tail.h"

#include "ipc/audit_file.h"
#include "sys/fd.h"
#include "tool/audit_place.h"
#include "tool/audit_print.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	TAIL_STATE = 256,
	TAIL_DIRECTORY,
	TAIL_JSON,
	TAIL_KIND,
	TAIL_ACTION,
	TAIL_RESULT,
	TAIL_ORIGIN,
	TAIL_GREP,
	TAIL_HELP,
	TAIL_POLL_MS = 200
};

static const struct option tail_options[] = {
	{ "state", required_argument, NULL, TAIL_STATE },
	{ "directory", required_argument, NULL, TAIL_DIRECTORY },
	{ "json", no_argument, NULL, TAIL_JSON },
	{ "lines", required_argument, NULL, 'n' },
	{ "follow", no_argument, NULL, 'f' },
	{ "kind", required_argument, NULL, TAIL_KIND },
	{ "action", required_argument, NULL, TAIL_ACTION },
	{ "result", required_argument, NULL, TAIL_RESULT },
	{ "origin", required_argument, NULL, TAIL_ORIGIN },
	{ "grep", required_argument, NULL, TAIL_GREP },
	{ "help", no_argument, NULL, TAIL_HELP },
	{ NULL, 0, NULL, 0 },
};

struct tail {
	struct audit_place place;
	struct view kind, action, result, origin, grep; /* empty: any */
	uint64_t lines;
	bool is_json, is_following;
	int dir_fd;
	uint8_t *buf, *out;
	uint64_t skip; /* matching lines not to be printed */
};

static bool tail_has(struct view text, struct view part)
{
	for (size_t i = 0; i + part.n <= text.n; i++)
		if (view_eq(view_slice(text, i, part.n), part))
			return true;
	return part.n == 0;
}

static bool tail_is(struct view field, struct view wanted)
{
	return wanted.n == 0 || view_eq(field, wanted);
}

static bool tail_matches(const struct tail *t, const struct audit_line *l, struct view text)
{
	return tail_is(l->kind, t->kind) && tail_is(l->action, t->action) &&
	       tail_is(l->result, t->result) && tail_is(l->origin, t->origin) &&
	       (t->grep.n == 0 || tail_has(text, t->grep));
}

/* A line that was read: counted, or printed when it is wanted. True when it matches. */
static bool tail_line(struct tail *t, struct view text, bool is_counting)
{
	struct wbuf w = wbuf_of(t->out, AUDIT_PRINT_MAX);
	struct audit_line l = { 0 };
	const char *why = NULL;
	bool is_record = audit_line_parse(text, &l, &why) == E_OK;

	/* What is no record matches only when nothing is asked of it but a text. */
	if (!is_record && (t->kind.n || t->action.n || t->result.n || t->origin.n))
		return false;
	if (!tail_matches(t, &l, text))
		return false;
	if (is_counting)
		return true;
	if (t->skip) {
		t->skip--;
		return true;
	}
	if (is_record && !t->is_json) {
		audit_print_record(&w, &l);
	} else {
		if (!is_record && !t->is_json)
			WBUF_LIT(&w, "(no audit record) ");
		audit_line_put_printable(&w, text);
	}
	WBUF_LIT(&w, "\n");
	(void)fwrite(w.p, 1, w.n, stdout);
	return true;
}

static enum err tail_open(const struct tail *t, uint64_t first, int *ret_fd)
{
	uint8_t name[AUDIT_FILE_NAME];
	struct wbuf w = wbuf_of(name, sizeof name);

	audit_file_put_name(&w, first);
	return audit_file_open(t->dir_fd, wbuf_view(&w), ret_fd);
}

/* Reads on to the end of what is there; gives the number of matching lines. */
static uint64_t tail_read(struct tail *t, struct audit_file_reader *r, bool is_counting)
{
	struct view text = { 0 };
	uint64_t n = 0;

	while (audit_file_next(r, &text) == E_OK)
		n += tail_line(t, text, is_counting);
	return n;
}

static enum err tail_count(struct tail *t, uint64_t first, uint64_t *ret)
{
	AUTO_FD fd = -1;
	struct audit_file_reader r = { .buf = t->buf };

	TRY(tail_open(t, first, &fd));
	r.fd = fd;
	*ret = tail_read(t, &r, true);
	return E_OK;
}

/* Where to begin so that the last lines are the ones wanted: counted from the newest segment back.
 */
static enum err tail_find_start(struct tail *t, uint64_t *ret_first)
{
	uint64_t first = 0, have = 0, n = 0;

	TRY(audit_file_before(t->dir_fd, UINT64_MAX, &first));
	for (;;) {
		TRY(tail_count(t, first, &n));
		have += n;
		if (have >= t->lines || audit_file_before(t->dir_fd, first, &first) != E_OK)
			break;
	}
	t->skip = have > t->lines ? have - t->lines : 0;
	*ret_first = first;
	return E_OK;
}

static void tail_sleep(void)
{
	struct timespec d = { .tv_nsec = TAIL_POLL_MS * 1000000L };

	(void)nanosleep(&d, NULL);
}

/* One segment; while it is the newest and the log is followed, until there is a newer one. */
static enum err tail_segment(struct tail *t, uint64_t first, uint64_t *ret_next)
{
	AUTO_FD fd = -1;
	struct audit_file_reader r = { .buf = t->buf };

	TRY(tail_open(t, first, &fd));
	r.fd = fd;
	for (;;) {
		enum err e = E_OK;

		(void)tail_read(t, &r, false);
		if (fflush(stdout) != 0)
			return E_SYS;
		e = audit_file_find(t->dir_fd, first + 1, ret_next);
		/* Once a newer one is there this one is closed: what came in between is the rest.
		 */
		if (e == E_OK)
			(void)tail_read(t, &r, false);
		if (e != E_CLOSED || !t->is_following)
			return e;
		tail_sleep();
	}
}

static int tail_run(struct tail *t)
{
	uint64_t first = 0;
	enum err e = tail_find_start(t, &first);

	while (e == E_OK)
		e = tail_segment(t, first, &first);
	if (e == E_CLOSED && first)
		return fflush(stdout) == 0 ? 0 : 1;
	if (e == E_CLOSED)
		(void)fputs("sluis audit tail: there is no segment in the log directory\n", stderr);
	return 1;
}

static bool tail_option(struct tail *t, int c, const char *arg)
{
	switch (c) {
	case TAIL_STATE:
		t->place.state = arg;
		return true;
	case TAIL_DIRECTORY:
		t->place.directory = arg;
		return true;
	case TAIL_JSON:
		t->is_json = true;
		return true;
	case 'f':
		t->is_following = true;
		return true;
	case 'n':
		return view_dec(view_str(arg), &t->lines) == E_OK;
	case TAIL_KIND:
		t->kind = view_str(arg);
		return true;
	case TAIL_ACTION:
		t->action = view_str(arg);
		return true;
	case TAIL_RESULT:
		t->result = view_str(arg);
		return true;
	case TAIL_ORIGIN:
		t->origin = view_str(arg);
		return true;
	case TAIL_GREP:
		t->grep = view_str(arg);
		return true;
	default:
		return false;
	}
}

int audit_tail_main(int argc, char **argv, const char *usage)
{
	struct tail t = { .lines = 10 };
	AUTO_FD dir = -1;
	int c = 0, status = 1;

	while ((c = getopt_long(argc, argv, "n:f", tail_options, NULL)) != -1) {
		if (!tail_option(&t, c, optarg)) {
			(void)fputs(usage, c == TAIL_HELP ? stdout : stderr);
			return c == TAIL_HELP ? 0 : 2;
		}
	}
	if (optind != argc) {
		(void)fputs(usage, stderr);
		return 2;
	}
	if (audit_place_open(&t.place, &dir) != E_OK)
		return 1;
	t.dir_fd = dir;
	t.buf = malloc(AUDIT_FILE_BUFFER);
	t.out = malloc(AUDIT_PRINT_MAX);
	if (t.buf && t.out)
		status = tail_run(&t);
	free(t.buf);
	free(t.out);
	return status;
}
