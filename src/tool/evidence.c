/* The front of `sluis evidence`: options, the list of bundles, and what other commands ask. */
#include "tool/evidence.h"

#include "ipc/tool_keeper.h"
#include "sys/clock.h"
#include "tool/audit_when.h"
#include "tool/command_line.h"
#include "tool/evidence_collect.h"
#include "tool/evidence_record.h"
#include "tool/evidence_verify.h"
#include "tool/state_dir.h"

#include <getopt.h>
#include <stdio.h>

/* Less than what `openssl cms` reads in one piece, which is 2 GiB. */
#define EVIDENCE_BYTES (UINT64_C(2000) << 20)

static const char evidence_usage[] =
	"usage: sluis evidence collect --recipient CERT.pem [options]\n"
	"       sluis evidence verify FILE [options]\n"
	"       sluis evidence show FILE [options]\n"
	"       sluis evidence list [--json] [--state DIR]\n"
	"       sluis evidence waive --reason TEXT [--state DIR]\n"
	"\n"
	"One signed bundle of what runs and what was logged, without stopping traffic\n"
	"(docs/evidence.md).\n"
	"\n"
	"collect:\n"
	"  --recipient FILE    certificate (RSA or EC) that it is encrypted to; again for more\n"
	"  --unencrypted       in the clear: without memory, shared pages, texts of "
	"configurations\n"
	"  --memory WHO        roles (edge, cell, dialer, ...) or process numbers, with commas, "
	"or\n"
	"                      all; asks for --recipient\n"
	"  --include-secrets   with --memory: keeper, signer, authority and verifier too, which "
	"hold\n"
	"                      private keys and secrets\n"
	"  --freeze            stop a cell, or a process that was named by its number, while its\n"
	"                      memory is read\n"
	"  --since TIME        audit log from then on: 2026-07-17T06:30:00Z, or back: 90m, 7d\n"
	"  --max-bytes N       leave out what does not fit: 500M, 20G (2000M)\n"
	"  --output FILE       (DIR/evidence/ID.tar.cms)\n"
	"  --reason TEXT       for the audit log\n"
	"  --quiet             no progress\n"
	"  --json              the outcome for programs\n"
	"  --state DIR         state directory of the instance\n"
	"\n"
	"verify and show: on any machine\n"
	"  --key FILE          private key of a recipient, PEM\n"
	"  --public-key FILE   key that it has to be signed by (a copy of DIR/keys/audit.pub)\n"
	"  --log DIR           an audit log that has to name the bundle\n"
	"  --json              the outcome for programs\n"
	"\n"
	"verify exits 0 when it is whole, 1 when it is not, 3 when it can't be opened or "
	"decrypted.\n";

/* What any of them was told. */
struct evidence_line {
	struct evidence_collect collect;
	struct evidence_verify verify;
	const char *memory, *since, *bytes, *recipient[EVIDENCE_RECIPIENTS];
	size_t recipient_n;
	bool is_clear;
};

enum evidence_option {
	OPT_RECIPIENT = 1000,
	OPT_CLEAR,
	OPT_MEMORY,
	OPT_SECRETS,
	OPT_FREEZE,
	OPT_SINCE,
	OPT_BYTES,
	OPT_OUTPUT,
	OPT_REASON,
	OPT_QUIET,
	OPT_JSON,
	OPT_STATE,
	OPT_KEY,
	OPT_PUBLIC,
	OPT_LOG
};

static const struct option evidence_collect_options[] = {
	{ "recipient", required_argument, NULL, OPT_RECIPIENT },
	{ "unencrypted", no_argument, NULL, OPT_CLEAR },
	{ "memory", required_argument, NULL, OPT_MEMORY },
	{ "include-secrets", no_argument, NULL, OPT_SECRETS },
	{ "freeze", no_argument, NULL, OPT_FREEZE },
	{ "since", required_argument, NULL, OPT_SINCE },
	{ "max-bytes", required_argument, NULL, OPT_BYTES },
	{ "output", required_argument, NULL, OPT_OUTPUT },
	{ "reason", required_argument, NULL, OPT_REASON },
	{ "quiet", no_argument, NULL, OPT_QUIET },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "state", required_argument, NULL, OPT_STATE },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static const struct option evidence_verify_options[] = {
	{ "key", required_argument, NULL, OPT_KEY },
	{ "public-key", required_argument, NULL, OPT_PUBLIC },
	{ "log", required_argument, NULL, OPT_LOG },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static const struct option evidence_waive_options[] = {
	{ "reason", required_argument, NULL, OPT_REASON },
	{ "state", required_argument, NULL, OPT_STATE },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static enum err evidence_recipients_read(struct evidence_line *l)
{
	const char *why = "";

	for (size_t i = 0; i < l->recipient_n; i++) {
		if (evidence_recipient_add(&l->collect.to, l->recipient[i], &why) == E_OK)
			continue;
		(void)fprintf(stderr, "sluis evidence: --recipient %s: %s\n", l->recipient[i], why);
		return E_DENIED;
	}
	return E_OK;
}

/* -1: go on */
static int evidence_recipient(struct evidence_line *l, const char *path)
{
	if (l->recipient_n == EVIDENCE_RECIPIENTS)
		return 2;
	l->recipient[l->recipient_n++] = path;
	return -1;
}

static void evidence_public(struct evidence_line *l, const char *path)
{
	if (l->verify.public_key_n < EVIDENCE_CHECK_KEYS)
		l->verify.public_key[l->verify.public_key_n++] = path;
}

/* Places for what an option is given as text; NULL: it is none of those. */
static const char **evidence_text(struct evidence_line *l, int option)
{
	switch (option) {
	case OPT_MEMORY:
		return &l->memory;
	case OPT_SINCE:
		return &l->since;
	case OPT_BYTES:
		return &l->bytes;
	case OPT_OUTPUT:
		return &l->collect.output;
	case OPT_REASON:
		return &l->collect.reason;
	case OPT_STATE:
		return &l->collect.state_option;
	case OPT_KEY:
		return &l->verify.key_path;
	case OPT_LOG:
		return &l->verify.log;
	default:
		return NULL;
	}
}

static bool *evidence_switch(struct evidence_line *l, int option)
{
	switch (option) {
	case OPT_CLEAR:
		return &l->is_clear;
	case OPT_SECRETS:
		return &l->collect.choice.want_secrets;
	case OPT_FREEZE:
		return &l->collect.choice.want_freeze;
	case OPT_QUIET:
		return &l->collect.is_quiet;
	case OPT_JSON:
		return &l->collect.is_json;
	default:
		return NULL;
	}
}

/* -1: go on */
static int evidence_options(int argc, char **argv, const struct option *options,
			    struct evidence_line *l)
{
	int c = 0;

	optind = 1;
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		const char **text = evidence_text(l, c);
		bool *is_on = evidence_switch(l, c);

		if (text)
			*text = optarg;
		else if (is_on)
			*is_on = true;
		else if (c == OPT_PUBLIC)
			evidence_public(l, optarg);
		else if (c != OPT_RECIPIENT || evidence_recipient(l, optarg) >= 0)
			break;
	}
	if (c == -1)
		return -1;
	(void)fputs(evidence_usage, c == 'h' ? stdout : stderr);
	return c == 'h' ? 0 : 2;
}

static int evidence_misuse(const char *why)
{
	(void)fprintf(stderr, "sluis evidence: %s\n", why);
	return 2;
}

/* "500M" */
static bool evidence_bytes(const char *text, uint64_t *ret)
{
	static const struct {
		uint8_t letter, shift;
	} units[] = { { 'K', 10 }, { 'M', 20 }, { 'G', 30 } };
	struct view v = view_str(text);
	unsigned shift = 0;
	uint64_t x = 0;

	for (size_t i = 0; i < sizeof units / sizeof *units && v.n; i++)
		if (v.p[v.n - 1] == units[i].letter)
			shift = units[i].shift;
	if (shift)
		v = view_slice(v, 0, v.n - 1);
	if (view_dec(v, &x) != E_OK || x == 0 || x > (EVIDENCE_TAR_BYTES_MAX << 8) >> shift)
		return false;
	*ret = x << shift;
	return true;
}

/* What contradicts itself, or would give secrets away. */
static const char *evidence_problem(const struct evidence_line *l)
{
	const struct evidence_choice *choice = &l->collect.choice;
	const struct {
		bool is_so;
		const char *why;
	} rules[] = {
		{ l->is_clear && l->recipient_n,
		  "--unencrypted and --recipient contradict each other" },
		{ !l->is_clear && l->recipient_n == 0,
		  "say --recipient with the certificate of who shall read it; or --unencrypted" },
		{ l->is_clear && l->memory,
		  "memory holds keys of sessions and words of clients: --memory asks for "
		  "--recipient" },
		{ (choice->want_secrets || choice->want_freeze) && !l->memory,
		  "--include-secrets and --freeze are about --memory" },
		{ l->collect.reason && view_str(l->collect.reason).n > TOOL_REASON_MAX,
		  "--reason: 200 bytes at most" },
	};

	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (rules[i].is_so)
			return rules[i].why;
	return NULL;
}

static int evidence_collect_check(struct evidence_line *l)
{
	struct evidence_collect *o = &l->collect;
	const char *why = evidence_problem(l);

	if (why)
		return evidence_misuse(why);
	if (l->memory && evidence_choice_read(&o->choice, l->memory) != E_OK)
		return 2;
	o->bytes_max = EVIDENCE_BYTES;
	if (l->bytes && !evidence_bytes(l->bytes, &o->bytes_max))
		return evidence_misuse("--max-bytes: expected a number with K, M or G");
	if (l->since && audit_when_parse(view_str(l->since), clock_wall_us(), &o->since_us) != E_OK)
		return evidence_misuse(
			"--since: expected 2026-07-17T06:30:00Z, 2026-07-17, 90m or 7d");
	return evidence_recipients_read(l) == E_OK ? -1 : 1;
}

static int evidence_collect_main(int argc, char **argv)
{
	struct evidence_line l = { 0 };
	int status = evidence_options(argc, argv, evidence_collect_options, &l);

	if (status < 0 && optind != argc)
		status = evidence_misuse("collect takes no arguments but options");
	if (status < 0)
		status = evidence_collect_check(&l);
	if (status < 0)
		status = evidence_collect_run(&l.collect);
	evidence_recipient_done(&l.collect.to);
	return status;
}

static int evidence_open_main(int argc, char **argv, bool is_list)
{
	struct evidence_line l = { 0 };
	int status = evidence_options(argc, argv, evidence_verify_options, &l);

	if (status >= 0)
		return status;
	if (optind + 1 != argc)
		return evidence_misuse("expected the file of one bundle");
	l.verify.path = argv[optind];
	l.verify.is_json = l.collect.is_json;
	l.verify.is_list = is_list;
	return evidence_verify_run(&l.verify);
}

/* ---- bundles that were taken ---- */

static void evidence_list_row(const json_t *r)
{
	const char *signed_at = json_string_value(json_object_get(r, "signed"));
	const char *file = json_string_value(json_object_get(r, "file"));
	const char *reason = json_string_value(json_object_get(r, "reason"));
	bool is_waived = json_is_true(json_object_get(r, "waived"));

	(void)printf("%s  %s", json_string_value(json_object_get(r, "id")),
		     signed_at ? signed_at : "-");
	if (is_waived)
		(void)printf("  waived: %s\n", reason ? reason : "-");
	else
		(void)printf("  %lld bytes, memory of %lld processes, %lld missing  %s\n",
			     json_integer_value(json_object_get(r, "bytes")),
			     json_integer_value(json_object_get(r, "memory_processes")),
			     json_integer_value(json_object_get(r, "missing_total")),
			     file ? file : "-");
}

static void evidence_list_newest(const char *dir)
{
	struct evidence_last last = { 0 };
	int64_t ago_s = 0;

	if (!evidence_newest(dir, 0, &last)) {
		(void)puts("no evidence has been taken here");
		return;
	}
	ago_s = clock_wall_us() / 1000000 - last.at_s;
	(void)printf("newest: %s, %lld minutes ago%s\n", last.id, (long long)ago_s / 60,
		     last.is_waived ? ", waived" : "");
}

static int evidence_list_main(int argc, char **argv)
{
	struct command_line o = { 0 };
	char dir[STATE_DIR_MAX + 1];
	json_t *all = NULL;
	const json_t *row = NULL;
	size_t i = 0;
	int status = command_line_read(argc, argv, evidence_usage, COMMAND_LINE_JSON, &o);

	if (status < 0)
		status = command_line_count(&o, argc, 0, 0, evidence_usage);
	if (status >= 0)
		return status;
	if (state_dir_path(o.state, dir) != E_OK)
		return 1;
	all = evidence_record_all(dir);
	if (o.is_json) {
		status = json_dumpf(all, stdout, JSON_INDENT(2)) == 0 ? 0 : 1;
		(void)putchar('\n');
	} else {
		status = 0;
		json_array_foreach(all, i, row) evidence_list_row(row);
		evidence_list_newest(dir);
	}
	json_decref(all);
	return status;
}

static int evidence_waive_main(int argc, char **argv)
{
	struct evidence_line l = { 0 };
	int status = evidence_options(argc, argv, evidence_waive_options, &l);

	if (status >= 0)
		return status;
	if (optind != argc || !l.collect.reason)
		return evidence_misuse("say --reason: why is no evidence taken?");
	return evidence_waive(l.collect.state_option, l.collect.reason);
}

static int evidence_verify_main(int argc, char **argv)
{
	return evidence_open_main(argc, argv, false);
}

static int evidence_show_main(int argc, char **argv)
{
	return evidence_open_main(argc, argv, true);
}

int evidence_main(int argc, char **argv)
{
	static const struct {
		const char *word;
		int (*run)(int argc, char **argv);
	} subs[] = { { "collect", evidence_collect_main },
		     { "verify", evidence_verify_main },
		     { "show", evidence_show_main },
		     { "list", evidence_list_main },
		     { "waive", evidence_waive_main } };
	struct view word = argc > 1 ? view_str(argv[1]) : (struct view){ 0 };
	bool is_help = view_eq(word, VIEW("--help")) || view_eq(word, VIEW("help"));
	char room[COMMAND_LINE_ROOM];

	for (size_t i = 0; i < sizeof subs / sizeof *subs; i++)
		if (view_eq(word, view_str(subs[i].word)))
			return subs[i].run(argc - 1, command_line_enter(room, argv[0], argv));
	(void)fputs(evidence_usage, is_help ? stdout : stderr);
	return is_help ? 0 : 2;
}
