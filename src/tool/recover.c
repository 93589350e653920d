/* A verb, its options, and one act of the authority's; what is shown comes as one document. */
#include "tool/recover.h"

#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/secret.h"
#include "tool/admin_table.h"
#include "tool/ask.h"
#include "tool/ask_authority.h"
#include "tool/audit_when.h"
#include "tool/recover_check.h"
#include "tool/recover_draw.h"
#include "tool/recover_rows.h"
#include "tool/recover_secret.h"
#include "tool/top_screen.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { RECOVER_TEXT = 1 << 20, RECOVER_WATCH_MS = 1000, RECOVER_CHECK_MS = 60000 };

static const char recover_usage[] =
	"usage: sluis recover plan [--json]               what is next, and what it waits for\n"
	"       sluis recover status [--json] [--watch]   how far each application is\n"
	"       sluis recover start --reason TEXT [--since TIME]\n"
	"       sluis recover advance APP [--reason TEXT]\n"
	"       sluis recover approve NUMBER [--stdin]\n"
	"       sluis recover withdraw NUMBER\n"
	"       sluis recover stop --reason TEXT\n"
	"\n"
	"Brings applications back after an incident, in the order of what they need, by steps:\n"
	"closed, read_only, office_only, pilot, open. Before each step the machine looks "
	"(servers,\n"
	"sessions, keys, alarms, audit log), and people approve, who prove who they are.\n"
	"\n"
	"  start     closes every application that a level holds, each on its own; then lift the\n"
	"            wider levels (sluis isolate open): the applications stay closed\n"
	"  advance   asks for the next step of one application\n"
	"  approve   approves a request: with user, password and code of the authenticator app\n"
	"  withdraw  takes a request back\n"
	"  stop      ends the return; levels stay as they are\n"
	"\n"
	"  --since   the incident's moment: 2026-07-17T06:30:00Z, or a span back: 30m, 4h, 2d; "
	"when\n"
	"            left out since the strictest level holds. What is older has to be replaced\n"
	"  --reason  why; kept in the audit log\n"
	"  --stdin   three lines on standard input: user, password, code\n"
	"  --watch   shows it again every second; q ends\n"
	"  --json    for programs (docs/recover.md)\n"
	"  --state   the state directory of the instance\n"
	"\n"
	"Exit status: 0 done, or asked for; 1 refused.\n";

struct recover_options {
	const char *state, *reason, *since, *name; /* name: APP or NUMBER */
	bool is_json, is_watch, is_stdin;
};

static int recover_refuse(const char *what)
{
	(void)fprintf(stderr, "sluis: %s\n\n%s", what, recover_usage);
	return 2;
}

/* ---- acts ---- */

static int recover_act(const struct recover_options *o, const struct tool_act *act)
{
	struct ask_authority_end end = { 0 };
	int status = ask_authority(o->state, act, NULL, NULL, &end);

	if (status != 0)
		return status;
	if (!end.is_done)
		(void)fputs("sluis: ", stderr);
	ask_put_line(!end.is_done, view_str(end.text));
	return end.is_done ? 0 : 1;
}

static int recover_start(const struct recover_options *o)
{
	struct tool_act act = { .kind = ACT_RECOVER_START };
	int64_t us = 0;

	if (!o->reason)
		return recover_refuse("say why: --reason TEXT");
	act.title = view_str(o->reason);
	if (o->since && (audit_when_parse(view_str(o->since), clock_wall_us(), &us) != E_OK ||
			 us / 1000000 > UINT32_MAX))
		return recover_refuse("--since wants a moment, or a span back: 4h");
	act.number = (uint32_t)(us / 1000000);
	return recover_act(o, &act);
}

static int recover_stop(const struct recover_options *o)
{
	const struct tool_act act = { .kind = ACT_RECOVER_STOP,
				      .title = o->reason ? view_str(o->reason)
							 : (struct view){ 0 } };

	return o->reason ? recover_act(o, &act) : recover_refuse("say why: --reason TEXT");
}

static int recover_advance(const struct recover_options *o)
{
	const struct tool_act act = { .kind = ACT_RECOVER_ADVANCE,
				      .name = view_str(o->name),
				      .title = o->reason ? view_str(o->reason) : (struct view){ 0 },
				      .flags = recover_check_run(o->state) };

	return recover_act(o, &act);
}

static int recover_number(const struct recover_options *o, uint32_t *ret)
{
	uint64_t n = 0;

	if (view_dec(view_str(o->name), &n) != E_OK || n == 0 || n > UINT32_MAX)
		return recover_refuse("the number of a request: sluis recover status shows it");
	*ret = (uint32_t)n;
	return 0;
}

static int recover_withdraw(const struct recover_options *o)
{
	struct tool_act act = { .kind = ACT_RECOVER_WITHDRAW };
	int status = recover_number(o, &act.number);

	return status != 0 ? status : recover_act(o, &act);
}

/* Who approves sees what: the request as the authority has it. */
static int recover_show(const struct recover_options *o, uint32_t number)
{
	json_t *doc = recover_rows_ask(o->state, 0), *one = NULL;
	char text[4096];
	struct wbuf w = wbuf_of(text, sizeof text);
	size_t i = 0;

	if (!doc)
		return 1;
	json_array_foreach(json_object_get(doc, "requests"), i, one)
	{
		if (json_integer_value(json_object_get(one, "number")) == number)
			recover_draw_request(&w, one);
	}
	json_decref(doc);
	if (!w.n)
		(void)fprintf(stderr, "sluis: there is no request %u (any more)\n", number);
	return w.n && fd_write_all(STDERR_FILENO, wbuf_view(&w)) == E_OK ? 0 : 1;
}

static int recover_approve(const struct recover_options *o)
{
	struct tool_act act = { .kind = ACT_RECOVER_APPROVE };
	struct recover_secret secret = { 0 };
	int status = recover_number(o, &act.number);

	if (status == 0)
		status = recover_show(o, act.number);
	if (status != 0)
		return status;
	status = 1;
	act.flags = recover_check_run(o->state);
	if (recover_secret_read(o->is_stdin, &secret) == E_OK) {
		act.name = view_of(secret.user, secret.user_n);
		act.list = view_of(secret.password, secret.password_n);
		act.locale = view_of(secret.code, secret.code_n);
		status = recover_act(o, &act);
	}
	secret_wipe(&secret, sizeof secret);
	return status;
}

/* ---- looking ---- */

static int recover_put(const json_t *doc, bool is_plan, bool is_watch)
{
	char *text = malloc(RECOVER_TEXT);
	struct wbuf w = wbuf_of(text, text ? RECOVER_TEXT : 0);
	int status = 1;

	if (is_watch)
		WBUF_LIT(&w, "\x1b[H\x1b[2J");
	recover_draw(&w, doc, is_plan, isatty(STDOUT_FILENO) == 1);
	if (w.bad)
		(void)fputs("sluis: there is too much to draw: --json\n", stderr);
	else
		status = fd_write_all(STDOUT_FILENO, wbuf_view(&w)) == E_OK ? 0 : 1;
	free(text);
	return status;
}

static int recover_look(const struct recover_options *o, bool is_plan)
{
	json_t *doc = recover_rows_ask(o->state, recover_check_run(o->state));
	int status = 1;

	if (doc && o->is_json)
		return admin_table_json(doc);
	if (doc)
		status = recover_put(doc, is_plan, false);
	json_decref(doc);
	return status;
}

static int recover_plan(const struct recover_options *o)
{
	return recover_look(o, true);
}

/* The log is read anew once a minute, not once a second. */
static int recover_watch(const struct recover_options *o)
{
	struct top_terminal terminal = { 0 };
	uint64_t checked_ms = clock_mono_ms();
	uint32_t told = recover_check_run(o->state);
	int status = 0, key = TOP_KEY_NONE;

	if (top_screen_open(&terminal) != E_OK)
		return 1;
	while (status == 0 && key != 'q' && key != TOP_KEY_END) {
		json_t *doc = NULL;

		if (clock_mono_ms() - checked_ms > RECOVER_CHECK_MS) {
			told = recover_check_run(o->state);
			checked_ms = clock_mono_ms();
		}
		doc = recover_rows_ask(o->state, told);
		status = doc ? recover_put(doc, false, true) : 1;
		json_decref(doc);
		key = top_screen_key(&terminal, RECOVER_WATCH_MS);
	}
	top_screen_close(&terminal);
	return status;
}

static int recover_status(const struct recover_options *o)
{
	return o->is_watch ? recover_watch(o) : recover_look(o, false);
}

/* ---- the command line ---- */

static const struct recover_verb {
	const char *name, *wants; /* wants: what its name is; NULL: it takes none */
	int (*run)(const struct recover_options *o);
} recover_verbs[] = {
	{ "plan", NULL, recover_plan },
	{ "status", NULL, recover_status },
	{ "start", NULL, recover_start },
	{ "advance", "say which application", recover_advance },
	{ "approve", "say which request: its number", recover_approve },
	{ "withdraw", "say which request: its number", recover_withdraw },
	{ "stop", NULL, recover_stop },
};

static const struct option recover_options[] = {
	{ "reason", required_argument, NULL, 'r' }, { "since", required_argument, NULL, 'i' },
	{ "state", required_argument, NULL, 's' },  { "json", no_argument, NULL, 'j' },
	{ "watch", no_argument, NULL, 'w' },	    { "stdin", no_argument, NULL, 'n' },
	{ "help", no_argument, NULL, 'h' },	    { 0 },
};

/* -1: go on */
static int recover_option(int c, struct recover_options *o)
{
	switch (c) {
	case 'r':
		o->reason = optarg;
		return -1;
	case 'i':
		o->since = optarg;
		return -1;
	case 's':
		o->state = optarg;
		return -1;
	case 'j':
		o->is_json = true;
		return -1;
	case 'w':
		o->is_watch = true;
		return -1;
	case 'n':
		o->is_stdin = true;
		return -1;
	default:
		(void)fputs(recover_usage, c == 'h' ? stdout : stderr);
		return c == 'h' ? 0 : 2;
	}
}

static const struct recover_verb *recover_find(const char *name)
{
	for (size_t i = 0; i < sizeof recover_verbs / sizeof *recover_verbs; i++)
		if (view_eq(view_str(recover_verbs[i].name), view_str(name)))
			return &recover_verbs[i];
	return NULL;
}

int recover_main(int argc, char **argv)
{
	struct recover_options o = { 0 };
	const struct recover_verb *verb = NULL;
	int c = 0, status = -1;

	while (status < 0 && (c = getopt_long(argc, argv, "h", recover_options, NULL)) >= 0)
		status = recover_option(c, &o);
	if (status >= 0)
		return status;
	if (optind == argc)
		return recover_refuse("say what to do");
	verb = recover_find(argv[optind]);
	if (!verb)
		return recover_refuse("plan, status, start, advance, approve, withdraw or stop");
	if (verb->wants && argc - optind != 2)
		return recover_refuse(verb->wants);
	if (!verb->wants && argc - optind != 1)
		return recover_refuse("too many words");
	if (o.reason && view_str(o.reason).n > 256)
		return recover_refuse("--reason is longer than 256 bytes");
	o.name = verb->wants ? argv[optind + 1] : NULL;
	return verb->run(&o);
}
