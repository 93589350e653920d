/* Rows of the authority, with the words of ipc/alarm_words; and what is done about them. */
#include "tool/alarms.h"

#include "ipc/alarm_words.h"
#include "ipc/tool_keeper.h"
#include "tool/admin_rows.h"
#include "tool/admin_table.h"
#include "tool/ask.h"
#include "tool/ask_authority.h"

#include <getopt.h>
#include <stdio.h>

enum { ALARMS_REASON_MAX = 256 };

static const char alarms_usage[] =
	"usage: sluis alarms [--all] [--check] [--json] [--state DIR]\n"
	"       sluis alarms show NUMBER [--json] [--state DIR]\n"
	"       sluis alarms close NUMBER --reason TEXT [--state DIR]\n"
	"       sluis alarms release PID [--state DIR]\n"
	"\n"
	"What somebody has to look at: leaks of memory, processes that broke their rules or\n"
	"ended by a fault, gaps in the audit log, connections that were refused, sessions that\n"
	"moved, peaks of failures. One line per kind and what it is about, with how often; the\n"
	"audit log has each of them.\n"
	"\n"
	"  show     one alarm: what it means, and what to do first\n"
	"  close    it is dealt with; --reason is kept with it and in the audit log\n"
	"  release  ends a process that is kept as evidence (`sluis status`: frozen)\n"
	"\n"
	"  --all     those that are closed, too\n"
	"  --check   exit status 1 when one is open\n"
	"  --reason  why it is closed\n"
	"\n"
	"Exit status: 0 done, 1 refused, or with --check: one is open.\n";

struct alarms_options {
	const char *state, *reason;
	bool is_all, is_check, is_json;
};

static const struct option alarms_options[] = {
	{ "all", no_argument, NULL, 'a' },
	{ "check", no_argument, NULL, 'c' },
	{ "reason", required_argument, NULL, 'r' },
	{ "json", no_argument, NULL, 'j' },
	{ "state", required_argument, NULL, 's' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static int alarms_refuse(const char *what)
{
	(void)fprintf(stderr, "sluis: %s\n\n%s", what, alarms_usage);
	return 2;
}

/* -1: go on */
static int alarms_option(int c, struct alarms_options *o)
{
	switch (c) {
	case 'a':
		o->is_all = true;
		return -1;
	case 'c':
		o->is_check = true;
		return -1;
	case 'r':
		o->reason = optarg;
		return -1;
	case 'j':
		o->is_json = true;
		return -1;
	case 's':
		o->state = optarg;
		return -1;
	case 'h':
		(void)fputs(alarms_usage, stdout);
		return 0;
	default:
		(void)fputs(alarms_usage, stderr);
		return 2;
	}
}

static int alarms_read(int argc, char **argv, struct alarms_options *o)
{
	int c = 0, status = -1;

	while (status < 0 && (c = getopt_long(argc, argv, "", alarms_options, NULL)) >= 0)
		status = alarms_option(c, o);
	return status;
}

/* ---- rows ---- */

static json_t *alarms_object(const struct tool_alarm_row *r)
{
	const struct alarm_words *words = alarm_words_of(r->action);

	return json_pack("{s:I, s:s, s:s, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o,"
			 " s:I, s:I, s:o, s:o, s:o, s:s, s:s}",
			 "number", (json_int_t)r->number, "state", r->closed_s ? "closed" : "open",
			 "class", alarm_words_class((enum alarm_class)words->class), "action",
			 admin_rows_text(r->action), "object", admin_rows_text(r->object), "count",
			 (json_int_t)r->count, "first", admin_rows_time(r->first_s), "last",
			 admin_rows_time(r->last_s), "writer", admin_rows_text(r->writer), "origin",
			 admin_rows_text(r->origin), "result", admin_rows_text(r->result), "detail",
			 admin_rows_text(r->detail), "first_seq", (json_int_t)r->first_seq,
			 "last_seq", (json_int_t)r->last_seq, "closed",
			 admin_rows_time(r->closed_s), "closed_by", admin_rows_text(r->closed_by),
			 "reason", admin_rows_text(r->reason), "means", words->means, "do_first",
			 words->first);
}

static enum err alarms_row(void *arg, uint8_t type, struct view body)
{
	struct tool_alarm_row r = { 0 };
	json_t *row = NULL;

	if (type != AUTHORITY_ALARM)
		return E_PROTO;
	TRY(tool_alarm_row_get(body, &r));
	row = alarms_object(&r);
	return row && json_array_append_new(arg, row) == 0 ? E_OK : E_NOMEM;
}

static size_t alarms_open(const json_t *rows)
{
	size_t n = 0, i = 0;
	const json_t *row = NULL;

	json_array_foreach(rows, i, row) n += json_is_null(json_object_get(row, "closed"));
	return n;
}

/* An act and its rows; a refusal is printed. */
static int alarms_ask(const struct alarms_options *o, const struct tool_act *act, json_t *rows)
{
	struct ask_authority_end end = { 0 };
	int status = ask_authority(o->state, act, alarms_row, rows, &end);

	if (status != 0 || end.is_done)
		return status;
	(void)fputs("sluis: ", stderr);
	ask_put_line(true, view_str(end.text));
	return 1;
}

static int alarms_list(const struct alarms_options *o)
{
	static const struct admin_column columns[] = {
		{ "number", "number" }, { "class", "class" }, { "alarm", "action" },
		{ "about", "object" },	{ "times", "count" }, { "first", "first" },
		{ "last", "last" },	{ "state", "state" }, { 0 },
	};
	const struct tool_act act = { .kind = ACT_ALARM_LIST, .flags = o->is_all };
	json_t *rows = json_array();
	int status = alarms_ask(o, &act, rows);
	size_t open = alarms_open(rows);

	if (status == 0 && o->is_json)
		status = admin_table_json(json_incref(rows));
	else if (status == 0 && json_array_size(rows) == 0)
		ask_put_line(false, VIEW("no alarm is open"));
	else if (status == 0)
		admin_table_print(columns, rows);
	json_decref(rows);
	return status == 0 && o->is_check && open ? 1 : status;
}

/* ---- one ---- */

static void alarms_put(const json_t *row, const char *head, const char *key)
{
	const json_t *value = json_object_get(row, key);
	char line[1200];

	if (json_is_integer(value))
		(void)snprintf(line, sizeof line, "%-9s %lld", head,
			       (long long)json_integer_value(value));
	else if (json_is_string(value))
		(void)snprintf(line, sizeof line, "%-9s %s", head, json_string_value(value));
	else
		return;
	ask_put_line(false, view_str(line));
}

static void alarms_print(const json_t *row)
{
	static const struct {
		const char *head, *key;
	} lines[] = {
		{ "alarm", "number" },	    { "state", "state" },   { "class", "class" },
		{ "what", "action" },	    { "about", "object" },  { "detail", "detail" },
		{ "result", "result" },	    { "from", "origin" },   { "told by", "writer" },
		{ "times", "count" },	    { "first", "first" },   { "last", "last" },
		{ "records", "first_seq" }, { "to", "last_seq" },   { "closed", "closed" },
		{ "by", "closed_by" },	    { "reason", "reason" }, { "means", "means" },
		{ "do first", "do_first" },
	};

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		alarms_put(row, lines[i].head, lines[i].key);
}

static int alarms_show(const struct alarms_options *o, uint32_t number)
{
	const struct tool_act act = { .kind = ACT_ALARM_SHOW, .number = number };
	json_t *rows = json_array(), *row = NULL;
	int status = alarms_ask(o, &act, rows);

	row = json_array_get(rows, 0);
	if (status == 0 && row && o->is_json)
		status = admin_table_json(json_incref(row));
	else if (status == 0 && row)
		alarms_print(row);
	json_decref(rows);
	return status;
}

static int alarms_close(const struct alarms_options *o, uint32_t number)
{
	struct tool_act act = { .kind = ACT_ALARM_CLOSE, .number = number };
	json_t *rows = NULL;
	int status = 0;

	if (!o->reason || !*o->reason)
		return alarms_refuse("say why: --reason TEXT");
	act.title = view_str(o->reason);
	if (act.title.n > ALARMS_REASON_MAX)
		return alarms_refuse("--reason is longer than 256 bytes");
	rows = json_array();
	status = alarms_ask(o, &act, rows);
	json_decref(rows);
	if (status == 0)
		ask_put_line(false, VIEW("closed"));
	return status;
}

static int alarms_release(const struct alarms_options *o, uint32_t pid)
{
	uint8_t body[4];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_u32(&w, pid);
	return ask_keeper(o->state, TOOL_RELEASE, wbuf_view(&w), NULL, NULL);
}

int alarms_main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const struct alarms_options *o, uint32_t number);
	} acts[] = { { "show", alarms_show },
		     { "close", alarms_close },
		     { "release", alarms_release } };
	struct alarms_options o = { 0 };
	int status = alarms_read(argc, argv, &o);
	uint64_t number = 0;

	if (status >= 0)
		return status;
	if (optind == argc)
		return alarms_list(&o);
	if (optind + 2 != argc || view_dec(view_str(argv[optind + 1]), &number) != E_OK ||
	    !number || number > UINT32_MAX)
		return alarms_refuse("say what: show NUMBER, close NUMBER or release PID");
	for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
		if (view_eq(view_str(argv[optind]), view_str(acts[i].name)))
			return acts[i].run(&o, (uint32_t)number);
	return alarms_refuse("there is show, close and release");
}
