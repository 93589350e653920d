/* The front of `sluis blast`: what to look at, and what to draw of it. */
#include "tool/blast.h"

#include "sys/fd.h"
#include "tool/blast_beside.h"
#include "tool/blast_doc.h"
#include "tool/blast_draw.h"
#include "tool/state_dir.h"

#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static const char blast_usage[] =
	"usage: sluis blast [options]\n"
	"\n"
	"What each process of the running instance holds and can reach if it is taken over, as "
	"the\n"
	"kernel says, not as Sluis does: files, programs, network, other processes, private keys "
	"in\n"
	"memory, system calls that its live filters let through (docs/blast.md). Root sees all of "
	"it.\n"
	"\n"
	"  --role ROLE       only this role: edge, signer, keeper, ...\n"
	"  --beside WHAT     another process beside them, looked at in the same way: its number, "
	"or\n"
	"                    nginx or haproxy (the one that runs; if none does, one is started "
	"for\n"
	"                    the moment); again for more\n"
	"  --within SECONDS  how long a walk over files may take before it is cut (20)\n"
	"  --markdown        as a text with tables\n"
	"  --json            for programs\n"
	"  --svg             as a picture\n"
	"  --out FILE        into a file\n"
	"  --state DIR       state directory of the instance\n"
	"  --help\n"
	"\n"
	"Exit status: 0 all was seen, 1 something was not, or nobody runs.\n";

struct blast {
	const char *state, *role, *out;
	const char *beside[BLAST_BESIDE_MOST];
	size_t beside_n;
	uint64_t within_s; /* 0: as it comes */
	void (*draw)(FILE *to, const json_t *doc);
	struct blast_look look;
	struct blast_beside others;
};

static void blast_draw_json(FILE *to, const json_t *doc)
{
	if (json_dumpf(doc, to, JSON_INDENT(2)) == 0)
		(void)fputc('\n', to);
}

/* Private keys pass through this process: nobody else may look into it, and no core is left. */
static enum err blast_hide(void)
{
	const struct rlimit none = { 0, 0 };

	return prctl(PR_SET_DUMPABLE, 0) == 0 && setrlimit(RLIMIT_CORE, &none) == 0 ? E_OK : E_SYS;
}

/* The oldest first: the keeper, and what it has started. */
static int blast_compare(const void *a, const void *b)
{
	const struct process_list_one *x = a, *y = b;

	if (x->started != y->started)
		return x->started < y->started ? -1 : 1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

static enum err blast_add_own(struct blast *b)
{
	char dir[STATE_DIR_MAX + 1];
	struct process_list list = { 0 };
	enum err e = E_OK;
	size_t shown = 0;

	TRY(state_dir_path(b->state, dir));
	e = process_list_of(dir, &list);
	if (e == E_OK && list.keeper == 0)
		e = E_CLOSED;
	if (list.n)
		qsort(list.p, list.n, sizeof *list.p, blast_compare);
	for (size_t i = 0; i < list.n && e == E_OK; i++) {
		e = blast_look_add(&b->look, &list.p[i], "sluis");
		if (e == E_CLOSED)
			e = E_OK;
	}
	process_list_done(&list);
	if (e == E_CLOSED)
		(void)fprintf(stderr, "sluis: no Sluis runs with state directory %s\n", dir);
	else if (e != E_OK)
		(void)fprintf(stderr, "sluis: the processes can't be listed: %s\n",
			      e == E_DENIED ? "permission denied (root, or the user that runs "
					      "Sluis, may)"
					    : err_name(e));
	for (size_t i = 0; i < b->look.n; i++)
		shown += !b->look.p[i].is_hidden;
	if (e == E_OK && shown == 0) {
		(void)fprintf(stderr, "sluis: no process of role %s runs\n",
			      b->role ? b->role : "any");
		e = E_CLOSED;
	}
	return e;
}

static enum err blast_gather(struct blast *b)
{
	TRY(blast_look_open(&b->look, b->state, b->role));
	if (b->within_s)
		b->look.files_ms = 1000 * b->within_s;
	TRY(blast_add_own(b));
	for (size_t i = 0; i < b->beside_n; i++)
		TRY(blast_beside_add(&b->others, &b->look, b->beside[i]));
	return blast_look_run(&b->look);
}

static int blast_write(const struct blast *b, const json_t *doc)
{
	int fd = -1;
	FILE *to = stdout;
	bool is_bad = false;

	if (b->out) {
		fd = open(b->out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0644);
		to = fd < 0 ? NULL : fdopen(fd, "w");
		if (!to)
			(void)fd_close(fd);
	}
	if (to) {
		b->draw(to, doc);
		is_bad = ferror(to) != 0;
		is_bad |= (b->out ? fclose(to) : fflush(to)) != 0;
	}
	if (to && !is_bad)
		return 0;
	(void)fprintf(stderr, "sluis: %s can't be written\n", b->out ? b->out : "standard output");
	return 1;
}

static int blast_run(struct blast *b)
{
	json_t *doc = NULL;
	int status = 1;

	if (blast_hide() == E_OK && blast_gather(b) == E_OK)
		doc = blast_doc_make(&b->look);
	blast_beside_end(&b->others);
	if (doc)
		status = blast_write(b, doc);
	if (doc && !json_is_true(json_object_get(doc, "complete")))
		status = 1;
	json_decref(doc);
	blast_look_close(&b->look);
	return status;
}

/* false: no such thing */
static bool blast_take_beside(struct blast *b, const char *word)
{
	uint64_t pid = 0;

	if (b->beside_n == BLAST_BESIDE_MOST ||
	    (!blast_beside_is_name(word) && view_dec(view_str(word), &pid) != E_OK))
		return false;
	b->beside[b->beside_n++] = word;
	return true;
}

static bool blast_take(struct blast *b, int option, const char *value)
{
	switch (option) {
	case 'r':
		b->role = value;
		return true;
	case 'b':
		return blast_take_beside(b, value);
	case 'w':
		return view_dec(view_str(value), &b->within_s) == E_OK && b->within_s &&
		       b->within_s <= BLAST_FILES_S_MAX;
	case 'm':
		b->draw = blast_draw_markdown;
		return true;
	case 'j':
		b->draw = blast_draw_json;
		return true;
	case 'v':
		b->draw = blast_draw_svg;
		return true;
	case 'o':
		b->out = value;
		return true;
	case 's':
		b->state = value;
		return true;
	default:
		return false;
	}
}

int blast_main(int argc, char **argv)
{
	static const struct option options[] = { { "role", required_argument, NULL, 'r' },
						 { "beside", required_argument, NULL, 'b' },
						 { "within", required_argument, NULL, 'w' },
						 { "markdown", no_argument, NULL, 'm' },
						 { "json", no_argument, NULL, 'j' },
						 { "svg", no_argument, NULL, 'v' },
						 { "out", required_argument, NULL, 'o' },
						 { "state", required_argument, NULL, 's' },
						 { "help", no_argument, NULL, 'h' },
						 { 0 } };
	struct blast *b = calloc(1, sizeof *b);
	int c = 0, status = 2;

	if (!b)
		return 1;
	b->draw = blast_draw_text;
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1)
		if (!blast_take(b, c, optarg))
			break;
	if (c == -1 && optind == argc) {
		status = blast_run(b);
	} else {
		(void)fputs(blast_usage, c == 'h' ? stdout : stderr);
		status = c == 'h' ? 0 : 2;
	}
	free(b);
	return status;
}
