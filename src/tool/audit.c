/*
 * `sluis audit verify` and the front of the other sub-commands of `sluis audit`: options in,
 * findings out. Nothing that comes from a log reaches the terminal but through
 * audit_line_put_printable (THREATS A27).
 */
#include "tool/audit.h"

#include "sys/fd.h"
#include "tool/audit_check_proof.h"
#include "tool/audit_place.h"
#include "tool/audit_prove.h"
#include "tool/audit_reached.h"
#include "tool/audit_search.h"
#include "tool/audit_tail.h"
#include "tool/audit_verify.h"
#include "tool/command_line.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

static const char audit_usage[] =
	"usage: sluis audit tail [options]     print records\n"
	"       sluis audit search [options]   print what matches, of the whole log\n"
	"       sluis audit reached [options]  who reached what, added up\n"
	"       sluis audit verify [options]   check that nobody changed the log\n"
	"       sluis audit prove [options]    a proof about the log, for another machine\n"
	"       sluis audit check-proof [options] FILE   check such a proof\n"
	"\n"
	"  --state DIR         state directory of the instance\n"
	"  --directory DIR     the log directory itself, for a copy\n"
	"  --json              tail, search: lines as they are; others: the outcome\n"
	"  --help              this text\n"
	"\n"
	"tail:\n"
	"  -n, --lines N       the last N matching records (10)\n"
	"  -f, --follow        go on with what comes\n"
	"  --kind, --action, --result, --origin TEXT   exactly this\n"
	"  --grep TEXT         has this anywhere\n"
	"\n"
	"search, each of which narrows it down:\n"
	"  --since, --until T  2026-07-17T06:30:00Z, 2026-07-17, or back from now: 90m, 7d\n"
	"  --user NAME         --session NUMBER   --source ADDRESS or NETWORK\n"
	"  --app NAME          --route NAME       --host NAME or *.NAME\n"
	"  --method M          --status 404, 4xx or a word\n"
	"  --kind KIND         --action ACTION    --text TEXT: has this anywhere\n"
	"  -n, --lines N       the first N; the rest is counted\n"
	"\n"
	"reached: --since, --until, and at least one of\n"
	"  --session NUMBER  --user NAME  --source ADDRESS or NETWORK  --app NAME\n"
	"  --route NAME      --host NAME or *.NAME\n"
	"\n"
	"verify:\n"
	"  --public-key FILE   key that the log is signed under (default DIR/keys/audit.pub);\n"
	"                      again for logs that outlived a key\n"
	"  --head FILE         a head file kept elsewhere: the log must still contain it\n"
	"  --checkpoint FILE   a signed checkpoint kept elsewhere: the log must still contain it\n"
	"  --quiet             no progress\n"
	"\n"
	"prove, against the newest signed checkpoint, or --checkpoint FILE, one that was kept:\n"
	"  --record SEQ        that record is in the log, with the record itself\n"
	"  --from SIZE         the log still holds all that it held when it had SIZE records\n"
	"\n"
	"check-proof, which needs nothing else of the log:\n"
	"  --key KEY           a verifier key, or a file with one (DIR/audit/audit.vkey); again\n"
	"                      for those of witnesses, who have to have signed too\n"
	"  --older FILE        for a proof by --from: the checkpoint that was kept\n"
	"\n"
	"verify exits 0 when the log is whole, 1 when it is not or can't be read; check-proof\n"
	"0 when the proof holds, 1 when it does not.\n";

enum {
	OPTION_STATE = 256,
	OPTION_DIRECTORY,
	OPTION_JSON,
	OPTION_KEY,
	OPTION_HEAD,
	OPTION_CHECKPOINT,
	OPTION_QUIET,
	OPTION_HELP
};

static const struct option verify_options[] = {
	{ "state", required_argument, NULL, OPTION_STATE },
	{ "directory", required_argument, NULL, OPTION_DIRECTORY },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "public-key", required_argument, NULL, OPTION_KEY },
	{ "head", required_argument, NULL, OPTION_HEAD },
	{ "checkpoint", required_argument, NULL, OPTION_CHECKPOINT },
	{ "quiet", no_argument, NULL, OPTION_QUIET },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ NULL, 0, NULL, 0 },
};

/* What `verify` was asked for, and how far its output has come. */
struct verify_job {
	struct audit_place place;
	struct audit_verify_options options;
	const char *key_path[AUDIT_VERIFY_KEYS];
	size_t key_path_n;
	const char *head_path, *checkpoint_path;
	bool is_json, is_quiet, has_progress;
	bool is_beside; /* the key lies in the log's own directory */
	uint64_t told;
};

static void job_put(struct view v)
{
	(void)fwrite(v.p, 1, v.n, stdout);
}

static void job_clear_progress(struct verify_job *j)
{
	if (j->has_progress)
		(void)fputs("\r\033[K", stderr);
	j->has_progress = false;
}

static void on_finding(void *arg, const struct audit_verify_finding *f)
{
	struct verify_job *j = arg;
	uint8_t text[2048];
	struct wbuf w = wbuf_of(text, sizeof text);

	job_clear_progress(j);
	if (j->is_json) {
		wbuf_str(&w, j->told++ ? ",\n  {\"file\":\"" : "\n  {\"file\":\"");
		audit_line_put_text(&w, f->file);
		WBUF_LIT(&w, "\",\"line\":");
		wbuf_dec(&w, f->line);
		WBUF_LIT(&w, ",\"what\":\"");
		audit_line_put_text(&w, f->what);
		WBUF_LIT(&w, "\"}");
	} else {
		audit_line_put_printable(&w, f->file);
		WBUF_LIT(&w, ":");
		if (f->line) {
			wbuf_dec(&w, f->line);
			WBUF_LIT(&w, ":");
		}
		WBUF_LIT(&w, " ");
		audit_line_put_printable(&w, f->what);
		WBUF_LIT(&w, "\n");
	}
	job_put(wbuf_view(&w));
}

static void on_step(void *arg, uint64_t records)
{
	struct verify_job *j = arg;

	if (j->is_quiet)
		return;
	(void)fprintf(stderr, "\r%llu records", (unsigned long long)records);
	j->has_progress = true;
}

static enum err job_take_key(struct verify_job *j, int fd)
{
	uint8_t buf[AUDIT_KEY_PEM_MAX];
	struct wbuf w = wbuf_of(buf, sizeof buf);

	if (j->options.key_n == AUDIT_VERIFY_KEYS)
		return E_LIMIT;
	TRY(fd_read_all(fd, &w));
	TRY(audit_key_get_pem(wbuf_view(&w), &j->options.key[j->options.key_n]));
	j->options.key_n++;
	return E_OK;
}

static enum err job_open_key(struct verify_job *j, const char *path)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && job_take_key(j, fd) == E_OK)
		return E_OK;
	(void)fprintf(stderr, "sluis audit verify: %s: no Ed25519 public key in PEM form\n", path);
	return E_SYS;
}

/* The keys named; else the signer's own copy; else the one beside the log, which proves less. */
static enum err job_find_keys(struct verify_job *j)
{
	AUTO_FD beside = -1;
	AUTO_FD own = -1;

	for (size_t i = 0; i < j->key_path_n; i++)
		TRY(job_open_key(j, j->key_path[i]));
	if (j->key_path_n)
		return E_OK;
	if (audit_place_file(&j->place, "keys/audit.pub", &own) == E_OK &&
	    job_take_key(j, own) == E_OK)
		return E_OK;
	if (audit_file_open(j->options.dir_fd, VIEW("audit.pub"), &beside) == E_OK &&
	    job_take_key(j, beside) == E_OK) {
		j->is_beside = true;
		return E_OK;
	}
	(void)fputs("sluis audit verify: no public key found: name one with --public-key FILE\n",
		    stderr);
	return E_SYS;
}

static enum err job_find_head(struct verify_job *j, struct wbuf *buf)
{
	AUTO_FD fd = -1;

	if (!j->head_path)
		return E_OK;
	fd = open(j->head_path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fd_read_all(fd, buf) != E_OK || buf->n == 0) {
		(void)fprintf(stderr, "sluis audit verify: %s can't be read as a head file\n",
			      j->head_path);
		return E_SYS;
	}
	j->options.known_head = view_slice(wbuf_view(buf), 0, view_find(wbuf_view(buf), '\n'));
	return E_OK;
}

static enum err job_find_checkpoint(struct verify_job *j, struct wbuf *buf)
{
	AUTO_FD fd = -1;

	if (!j->checkpoint_path)
		return E_OK;
	fd = open(j->checkpoint_path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fd_read_all(fd, buf) != E_OK || buf->n == 0) {
		(void)fprintf(stderr, "sluis audit verify: %s can't be read as a checkpoint\n",
			      j->checkpoint_path);
		return E_SYS;
	}
	j->options.known_note = wbuf_view(buf);
	return E_OK;
}

static void job_print_text(const struct verify_job *j, const struct audit_verify_result *r)
{
	if (r->findings > AUDIT_VERIFY_SHOWN)
		(void)printf("... and %llu more\n",
			     (unsigned long long)(r->findings - AUDIT_VERIFY_SHOWN));
	(void)printf("%s: %llu records in %llu segments (%llu to %llu), %llu checkpoints, signed "
		     "up to %llu",
		     r->findings ? "NOT WHOLE" : "whole", (unsigned long long)r->records,
		     (unsigned long long)r->segments, (unsigned long long)r->first_seq,
		     (unsigned long long)r->last_seq, (unsigned long long)r->checkpoints,
		     (unsigned long long)r->covered);
	if (r->findings)
		(void)printf(", %llu findings", (unsigned long long)r->findings);
	(void)printf("\n");
	if (r->crashes)
		(void)printf("note: %llu starts after an end that was not in order\n",
			     (unsigned long long)r->crashes);
	if (r->lost)
		(void)printf(
			"note: the log itself counts %llu access records that were not written\n",
			(unsigned long long)r->lost);
	if (j->is_beside)
		(void)printf("note: the public key came from the log's own directory; keep a copy "
			     "elsewhere and name it with --public-key\n");
}

static void job_print_json(const struct verify_job *j, const struct audit_verify_result *r)
{
	(void)printf("%s],\n "
		     "\"is_whole\":%s,\"findings_total\":%llu,\"records\":%llu,\"segments\":%llu,",
		     j->told ? "\n " : "", r->findings ? "false" : "true",
		     (unsigned long long)r->findings, (unsigned long long)r->records,
		     (unsigned long long)r->segments);
	(void)printf(
		"\"first_seq\":%llu,\"last_seq\":%llu,\"checkpoints\":%llu,\"signed_seq\":%llu,",
		(unsigned long long)r->first_seq, (unsigned long long)r->last_seq,
		(unsigned long long)r->checkpoints, (unsigned long long)r->covered);
	(void)printf("\"tree_size\":%llu,", (unsigned long long)r->tree_size);
	(void)printf("\"gaps\":%llu,\"lost\":%llu,\"crashes\":%llu,\"is_stopped\":%s,\"is_live\":%"
		     "s,\"key_beside_log\":%s}\n",
		     (unsigned long long)r->gaps, (unsigned long long)r->lost,
		     (unsigned long long)r->crashes, r->is_stopped ? "true" : "false",
		     j->options.is_live ? "true" : "false", j->is_beside ? "true" : "false");
}

static int job_run(struct verify_job *j)
{
	AUTO_FD dir = -1;
	uint8_t head[4096], note[4096];
	struct wbuf head_buf = wbuf_of(head, sizeof head), note_buf = wbuf_of(note, sizeof note);
	struct audit_verify_result r = { 0 };
	enum err e = E_OK;

	if (audit_place_open(&j->place, &dir) != E_OK)
		return 1;
	j->options.dir_fd = dir;
	j->options.is_live = audit_place_is_live(&j->place);
	if (job_find_keys(j) != E_OK || job_find_head(j, &head_buf) != E_OK ||
	    job_find_checkpoint(j, &note_buf) != E_OK)
		return 1;
	if (j->is_json)
		(void)printf("{\"findings\":[");
	e = audit_verify_run(&j->options, &r);
	job_clear_progress(j);
	if (e == E_OK && j->is_json)
		job_print_json(j, &r);
	else if (e == E_OK)
		job_print_text(j, &r);
	else
		(void)fprintf(stderr, "sluis audit verify: %s\n",
			      e == E_CLOSED ? "there is no segment in the log directory"
					    : "the log can't be read");
	return e == E_OK && r.findings == 0 && fflush(stdout) == 0 ? 0 : 1;
}

static int verify_main(int argc, char **argv)
{
	struct verify_job j = { .is_quiet = !isatty(STDERR_FILENO) };
	int c = 0;

	j.options.on_finding = on_finding;
	j.options.on_step = on_step;
	j.options.arg = &j;
	while ((c = getopt_long(argc, argv, "", verify_options, NULL)) != -1) {
		if (c == OPTION_STATE)
			j.place.state = optarg;
		else if (c == OPTION_DIRECTORY)
			j.place.directory = optarg;
		else if (c == OPTION_JSON)
			j.is_json = true;
		else if (c == OPTION_KEY && j.key_path_n < AUDIT_VERIFY_KEYS)
			j.key_path[j.key_path_n++] = optarg;
		else if (c == OPTION_HEAD)
			j.head_path = optarg;
		else if (c == OPTION_CHECKPOINT)
			j.checkpoint_path = optarg;
		else if (c == OPTION_QUIET)
			j.is_quiet = true;
		else {
			(void)fputs(audit_usage, c == OPTION_HELP ? stdout : stderr);
			return c == OPTION_HELP ? 0 : 2;
		}
	}
	if (optind != argc) {
		(void)fputs(audit_usage, stderr);
		return 2;
	}
	return job_run(&j);
}

/* The sub-commands that share nothing with verify but the usage. */
static const struct {
	struct view word;
	int (*main)(int argc, char **argv, const char *usage);
} audit_words[] = {
	{ VIEW_INIT("tail"), audit_tail_main },
	{ VIEW_INIT("search"), audit_search_main },
	{ VIEW_INIT("reached"), audit_reached_main },
	{ VIEW_INIT("prove"), audit_prove_main },
	{ VIEW_INIT("check-proof"), audit_check_proof_main },
};

int tool_audit(int argc, char **argv)
{
	struct view word = argc > 1 ? view_str(argv[1]) : (struct view){ 0 };
	char room[COMMAND_LINE_ROOM];

	optind = 1;
	if (view_eq(word, VIEW("verify")))
		return verify_main(argc - 1, command_line_enter(room, argv[0], argv));
	for (size_t i = 0; i < sizeof audit_words / sizeof audit_words[0]; i++)
		if (view_eq(word, audit_words[i].word))
			return audit_words[i].main(
				argc - 1, command_line_enter(room, argv[0], argv), audit_usage);
	if (view_eq(word, VIEW("--help")) || view_eq(word, VIEW("help"))) {
		(void)fputs(audit_usage, stdout);
		return 0;
	}
	(void)fputs(audit_usage, stderr);
	return 2;
}
