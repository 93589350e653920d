/* The command line of `sluis rotate`, and the way through the list. */
#include "tool/rotate.h"

#include "sys/fd.h"
#include "tool/evidence_first.h"
#include "tool/rotate_certificate.h"
#include "tool/rotate_file.h"
#include "tool/rotate_machine.h"
#include "tool/rotate_print.h"
#include "tool/state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static const char rotate_usage[] =
	"usage: sluis rotate --all [--reason TEXT] [--without-evidence REASON] [--state DIR]\n"
	"       sluis rotate ITEM [--chain FILE] [--without-evidence REASON] [--state DIR]\n"
	"       sluis rotate status [--json] [--state DIR]\n"
	"       sluis rotate done ITEM --evidence TEXT [--state DIR]\n"
	"       sluis rotate waive ITEM --reason TEXT [--state DIR]\n"
	"\n"
	"Makes every key and secret anew, as a checklist: sessions, keys of assertions, cookies,\n"
	"tickets, balancing and the store by the machine, a new key and a certificate request per\n"
	"certificate, and what people have to do, by name. The list is DIR/rotation.json.\n"
	"\n"
	"  --all       begins (--reason says why), or goes on; what is done is not done again\n"
	"  ITEM        this one alone: token.key, certificate/www\n"
	"  status      the list\n"
	"  done        somebody did it elsewhere; --evidence says what there is to show\n"
	"  waive       it stays as it is, and --reason says why\n"
	"  --chain     of a certificate's ITEM: the new chain, when it is not beside the key\n"
	"  --without-evidence  while an incident is open: no bundle of evidence first, because\n"
	"\n"
	"Exit status: 0 all items are done or waived, 3 some are open, 1 something failed.\n";

struct rotate_options {
	const char *state, *reason, *evidence, *chain, *waiver;
	bool is_all, is_json;
};

static const struct option rotate_options[] = {
	{ "all", no_argument, NULL, 'a' },
	{ "reason", required_argument, NULL, 'r' },
	{ "evidence", required_argument, NULL, 'e' },
	{ "chain", required_argument, NULL, 'c' },
	{ "without-evidence", required_argument, NULL, 'w' },
	{ "json", no_argument, NULL, 'j' },
	{ "state", required_argument, NULL, 's' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static int rotate_refuse(const char *what)
{
	(void)fprintf(stderr, "sluis: %s\n\n%s", what, rotate_usage);
	return 2;
}

/* -1: go on */
static int rotate_read(int argc, char **argv, struct rotate_options *o)
{
	int c = 0;

	while ((c = getopt_long(argc, argv, "h", rotate_options, NULL)) != -1) {
		o->state = c == 's' ? optarg : o->state;
		o->reason = c == 'r' ? optarg : o->reason;
		o->evidence = c == 'e' ? optarg : o->evidence;
		o->chain = c == 'c' ? optarg : o->chain;
		o->waiver = c == 'w' ? optarg : o->waiver;
		o->is_all |= c == 'a';
		o->is_json |= c == 'j';
		if (c == 'h' || c == '?') {
			(void)fputs(rotate_usage, c == 'h' ? stdout : stderr);
			return c == 'h' ? 0 : 2;
		}
	}
	return -1;
}

/* ---- the list ---- */

static int rotate_open_dir(struct rotate *r, bool is_alone)
{
	char dir[STATE_DIR_MAX + 1];

	if (state_dir_path(r->state, dir) != E_OK)
		return 1;
	r->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->dir_fd < 0) {
		(void)rotate_file_failed(dir);
		return 1;
	}
	/* Two at once would do things twice */
	if (!is_alone || flock(r->dir_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	(void)fputs("sluis: another `sluis rotate` is at work\n", stderr);
	return 1;
}

/* Of a rotation that goes on. 0, or the exit status. */
static int rotate_load(struct rotate *r)
{
	enum err e = rotate_state_load(r->dir_fd, &r->list);

	if (e == E_CLOSED)
		(void)fputs("sluis: nothing is being rotated: `sluis rotate --all --reason TEXT` "
			    "begins\n",
			    stderr);
	return e == E_OK ? 0 : 1;
}

static int rotate_begin(struct rotate *r, const struct rotate_options *o)
{
	if (!o->reason || !*o->reason)
		return rotate_refuse("say why: --reason TEXT");
	if (view_str(o->reason).n > ROTATE_TEXT)
		return rotate_refuse("--reason is longer than 400 bytes");
	r->list.n = 0;
	r->list.begun_s = time(NULL);
	r->list.finished_s = 0;
	r->list.uid = (uint32_t)geteuid();
	rotate_state_text(r->list.reason, sizeof r->list.reason, view_str(o->reason));
	if (rotate_item_list(r) != E_OK ||
	    rotate_ask_record(r, ROTATE_BEGUN, "all", r->list.reason) != 0)
		return 1;
	return rotate_state_save(r->dir_fd, &r->list) == E_OK ? 0 : 1;
}

/* The one that goes on, with what has come since; or another one. */
static int rotate_begin_or_go_on(struct rotate *r, const struct rotate_options *o)
{
	enum err e = rotate_state_load(r->dir_fd, &r->list);

	if (e != E_OK && e != E_CLOSED)
		return 1;
	if (e == E_CLOSED)
		return rotate_begin(r, o);
	if (!r->list.finished_s)
		return rotate_item_list(r) == E_OK ? 0 : 1;
	if (!o->reason)
		return rotate_refuse("the last rotation is finished; for another one say why: "
				     "--reason TEXT");
	if (rotate_state_archive(r->dir_fd, &r->list) != E_OK)
		return 1;
	return rotate_begin(r, o);
}

static int rotate_finish(struct rotate *r)
{
	char text[80];

	if (rotate_state_open_n(&r->list) || r->list.finished_s)
		return 0;
	(void)snprintf(text, sizeof text, "%zu items", r->list.n);
	if (rotate_ask_record(r, ROTATE_FINISHED, "all", text) != 0)
		return 1;
	r->list.finished_s = time(NULL);
	return rotate_state_save(r->dir_fd, &r->list) == E_OK ? 0 : 1;
}

static int rotate_end(struct rotate *r, bool has_failed)
{
	int status = rotate_finish(r), printed = rotate_print(&r->list, false);

	return has_failed || status != 0 ? 1 : printed;
}

/* ---- what people do ---- */

static const char rotate_people_audit[] =
	"not by the machine: keep DIR/keys/audit.pub, move DIR/keys/audit.key away, sluis reload, "
	"sluis audit verify with both public keys (docs/rotate.md)";

static void rotate_people_note(struct rotate *r, struct rotate_item *i)
{
	const char *slash = strchr(i->name, '/');
	char text[ROTATE_TEXT];
	uint32_t n = 0;

	if (i->kind == ROTATE_AUDIT) {
		(void)snprintf(text, sizeof text, "%s", rotate_people_audit);
	} else if (i->kind == ROTATE_APP) {
		(void)snprintf(text, sizeof text,
			       "its owner confirms that it fetched /.sluis/jwks.json again, and "
			       "trusts the new key alone");
	} else {
		if (rotate_ask_people(r, slash ? slash + 1 : NULL, &n) != 0)
			return;
		(void)snprintf(text, sizeof text,
			       "%u people have factors: sluis user reset-factors NAME, then "
			       "sluis invite add NAME",
			       (unsigned)n);
	}
	(void)rotate_item_note(r, i, text);
}

static bool rotate_is_peoples(const struct rotate_item *i)
{
	return i->kind == ROTATE_APP || i->kind == ROTATE_AUDIT || i->kind == ROTATE_FACTORS;
}

/* ---- the way ---- */

static int rotate_all(struct rotate *r, const struct rotate_options *o)
{
	bool has_failed = false;
	int status = rotate_ask_now(r);

	if (status == 0)
		status = evidence_first_ask(r->state, o->waiver);
	if (status == 0)
		status = rotate_begin_or_go_on(r, o);
	if (status != 0)
		return status;
	has_failed = rotate_machine_do(r, NULL) != E_OK;
	for (size_t at = 0; at < r->list.n; at++) {
		struct rotate_item *i = &r->list.items[at];
		enum err e = E_OK;

		if (i->progress != ROTATE_OPEN)
			continue;
		if (i->kind == ROTATE_CERTIFICATE)
			e = rotate_certificate_do(r, i);
		else if (rotate_is_peoples(i))
			rotate_people_note(r, i);
		has_failed |= e != E_OK && e != E_AGAIN;
	}
	return rotate_end(r, has_failed);
}

/* An item that is open. NULL: told */
static struct rotate_item *rotate_item_open(struct rotate *r, const char *name)
{
	struct rotate_item *i = rotate_state_find(&r->list, view_str(name));

	if (i && i->progress == ROTATE_OPEN)
		return i;
	(void)fprintf(stderr, "sluis: %s\n",
		      i ? "that is closed already: `sluis rotate status`"
			: "there is no such item: `sluis rotate status` has them");
	return NULL;
}

static int rotate_one(struct rotate *r, const struct rotate_options *o, const char *name)
{
	struct rotate_item *i = NULL;
	enum err e = E_OK;
	int status = rotate_load(r);

	if (status == 0)
		i = rotate_item_open(r, name);
	if (!i)
		return 1;
	if (rotate_is_peoples(i)) {
		(void)fprintf(stderr,
			      "sluis: that is done by people: `sluis rotate done %s "
			      "--evidence TEXT` when it was\n",
			      i->name);
		return 1;
	}
	if (evidence_first_ask(r->state, o->waiver) != 0 || rotate_ask_now(r) != 0)
		return 1;
	e = i->kind == ROTATE_CERTIFICATE ? rotate_certificate_do(r, i) : rotate_machine_do(r, i);
	return rotate_end(r, e != E_OK && e != E_AGAIN);
}

/* done, waive */
static int rotate_close(struct rotate *r, const char *name, bool is_waived, const char *text)
{
	struct rotate_item *i = NULL;

	if (!text || !*text)
		return rotate_refuse(is_waived ? "say why: --reason TEXT"
					       : "say what there is to show: --evidence TEXT");
	if (view_str(text).n > ROTATE_TEXT)
		return rotate_refuse("that text is longer than 400 bytes");
	if (rotate_load(r) != 0)
		return 1;
	i = rotate_item_open(r, name);
	if (!i ||
	    rotate_item_close(r, i, is_waived ? ROTATE_IS_WAIVED : ROTATE_IS_DONE, text) != E_OK)
		return 1;
	return rotate_end(r, false);
}

static int rotate_run(struct rotate *r, const struct rotate_options *o, int n, char **words)
{
	const char *verb = n ? words[0] : "";
	bool is_status = view_eq(view_str(verb), VIEW("status")),
	     is_done = view_eq(view_str(verb), VIEW("done")),
	     is_waive = view_eq(view_str(verb), VIEW("waive"));
	int status = 0;

	if (o->is_all ? n != 0 : n != 1 + (is_done || is_waive))
		return rotate_refuse("--all, or one item");
	if (o->is_json && !is_status)
		return rotate_refuse("--json goes with status");
	status = rotate_open_dir(r, !is_status);
	if (status != 0)
		return status;
	if (o->is_all)
		return rotate_all(r, o);
	if (is_status)
		return rotate_load(r) == 0 ? rotate_print(&r->list, o->is_json) : 1;
	if (is_done || is_waive)
		return rotate_close(r, words[1], is_waive, is_waive ? o->reason : o->evidence);
	return rotate_one(r, o, verb);
}

int rotate_main(int argc, char **argv)
{
	struct rotate_options o = { 0 };
	struct rotate *r = NULL;
	int status = rotate_read(argc, argv, &o), first = optind;

	if (status >= 0)
		return status;
	/* Keys pass through this process: no core dump has them */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return 1;
	r = calloc(1, sizeof *r);
	if (r)
		r->now = calloc(1, sizeof *r->now);
	if (!r || !r->now) {
		perror("sluis");
		free(r);
		return 1;
	}
	r->dir_fd = -1;
	r->state = o.state;
	r->chain = o.chain;
	status = rotate_run(r, &o, argc - first, argv + first);
	(void)fd_close(r->dir_fd);
	free(r->now);
	free(r);
	return status;
}
