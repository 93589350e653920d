/* Words and times become one act of the authority's; what it publishes counts before it answers. */
#include "tool/isolate.h"

#include "ipc/level_words.h"
#include "sys/clock.h"
#include "tool/admin_ask.h"
#include "tool/admin_rows.h"
#include "tool/admin_table.h"
#include "tool/ask.h"
#include "tool/audit_when.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>

enum { ISOLATE_REASON = 256 };

static const char isolate_usage[] =
	"usage: sluis isolate [--all | --app NAME | --zone NAME | --listener NAME] LEVEL...\n"
	"                     --reason TEXT [--until TIME] [--exercise] [--state DIR]\n"
	"       sluis isolate [--json] [--state DIR]      what holds now\n"
	"\n"
	"Closes or limits what people reach, at once and for what runs already, until it is set\n"
	"to open. It lasts over reloads, restarts, upgrades and reboots.\n"
	"\n"
	"  open             nothing is held back here any more\n"
	"  step_up          a factor has to be shown again\n"
	"  no_new_sessions  nobody new logs in; who is in goes on\n"
	"  office_only      from zones of isolation.office\n"
	"  partners_only    from zones of isolation.partners\n"
	"  read_only        requests that change nothing\n"
	"  pilot            the group isolation.pilot\n"
	"  closed           nobody\n"
	"\n"
	"  --all        everything but listeners with inside: true (the default)\n"
	"  --zone       clients of this zone; \"internet\": those in no zone\n"
	"  --reason     why; kept with the level and in the audit log\n"
	"  --until      lifted by itself then: 2026-07-18T06:00:00Z, or after a span: 30m, 4h, 2d\n"
	"  --exercise   nothing is held back; log and metrics say what would have been\n"
	"\n"
	"Several LEVELs hold together: office_only read_only. A request meets all levels that\n"
	"concern it. Exit status: 0 it is in force, 1 it is not.\n";

struct isolate_options {
	const char *state, *name, *reason, *until;
	uint8_t scope; /* enum level_scope; 0: not given */
	bool is_exercise, is_json;
};

static const struct option isolate_options[] = {
	{ "all", no_argument, NULL, LEVEL_OF_ALL },
	{ "zone", required_argument, NULL, LEVEL_OF_ZONE },
	{ "listener", required_argument, NULL, LEVEL_OF_LISTENER },
	{ "app", required_argument, NULL, LEVEL_OF_APP },
	{ "reason", required_argument, NULL, 'r' },
	{ "until", required_argument, NULL, 'u' },
	{ "exercise", no_argument, NULL, 'e' },
	{ "json", no_argument, NULL, 'j' },
	{ "state", required_argument, NULL, 's' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static int isolate_refuse(const char *what)
{
	(void)fprintf(stderr, "sluis: %s\n\n%s", what, isolate_usage);
	return 2;
}

/* -1: go on */
static int isolate_option(int c, struct isolate_options *o)
{
	if (c >= LEVEL_OF_ALL && c < LEVEL_SCOPES) {
		if (o->scope)
			return isolate_refuse("one of --all, --app, --zone and --listener");
		o->scope = (uint8_t)c;
		o->name = c == LEVEL_OF_ALL ? NULL : optarg;
		return -1;
	}
	switch (c) {
	case 'r':
		o->reason = optarg;
		return -1;
	case 'u':
		o->until = optarg;
		return -1;
	case 'e':
		o->is_exercise = true;
		return -1;
	case 'j':
		o->is_json = true;
		return -1;
	case 's':
		o->state = optarg;
		return -1;
	case 'h':
		(void)fputs(isolate_usage, stdout);
		return 0;
	default:
		(void)fputs(isolate_usage, stderr);
		return 2;
	}
}

static int isolate_read(int argc, char **argv, struct isolate_options *o)
{
	int c = 0, status = -1;

	while (status < 0 && (c = getopt_long(argc, argv, "", isolate_options, NULL)) >= 0)
		status = isolate_option(c, o);
	return status;
}

/* ---- what holds ---- */

static json_t *isolate_levels(uint16_t mask)
{
	json_t *list = json_array();

	for (unsigned i = LEVEL_OPEN + 1; i < LEVELS; i++) {
		struct view name = level_name((enum level)i);

		if (mask & LEVEL_BIT(i))
			(void)json_array_append_new(list,
						    json_stringn((const char *)name.p, name.n));
	}
	return list;
}

static enum err isolate_row(void *arg, uint8_t type, struct view body)
{
	json_t *rows = arg, *row = NULL;
	struct tool_level_row r = { 0 };

	if (type != AUTHORITY_LEVEL)
		return E_PROTO;
	TRY(tool_level_row_get(body, &r));
	row = json_pack("{s:o, s:o, s:o, s:b, s:b, s:o, s:o, s:o, s:o}", "scope",
			admin_rows_text(level_scope_name((enum level_scope)r.scope)), "name",
			admin_rows_text(r.name), "levels", isolate_levels(r.mask), "exercise",
			(int)r.is_exercise, "configured", (int)r.is_known, "since",
			admin_rows_time(r.since_s), "until", admin_rows_time(r.until_s), "by",
			admin_rows_text(r.by), "reason", admin_rows_text(r.reason));
	return row && json_array_append_new(rows, row) == 0 ? E_OK : E_NOMEM;
}

static int isolate_list(const struct isolate_options *o)
{
	static const struct admin_column columns[] = {
		{ "over", "scope" },  { "name", "name" },     { "level", "levels" },
		{ "since", "since" }, { "until", "until" },   { "exercise", "exercise" },
		{ "by", "by" },	      { "reason", "reason" }, { 0 },
	};
	const struct tool_act act = { .kind = ACT_LEVEL_LIST };
	struct ask_authority_end end = { 0 };
	json_t *rows = json_array();
	int status = ask_authority(o->state, &act, isolate_row, rows, &end);

	if (status == 0 && o->is_json)
		return admin_table_json(rows);
	if (status == 0 && json_array_size(rows) == 0)
		ask_put_line(false, VIEW("everything is open"));
	else if (status == 0)
		admin_table_print(columns, rows);
	json_decref(rows);
	return status;
}

/* ---- setting ---- */

/* "4h" from now on, or a moment. E_PROTO; *ret_s: wall clock */
static enum err isolate_until(const char *text, uint32_t *ret_s)
{
	int64_t now_us = clock_wall_us(), us = 0;

	TRY(audit_when_parse(view_str(text), now_us, &us));
	if (us < now_us && view_find(view_str(text), '-') == view_str(text).n)
		us = now_us + (now_us - us); /* a span: forward */
	if (us <= now_us || us / 1000000 > UINT32_MAX)
		return E_PROTO;
	*ret_s = (uint32_t)(us / 1000000);
	return E_OK;
}

/* 0 and *ret, or the exit status. */
static int isolate_mask(int argc, char **argv, uint16_t *ret)
{
	bool is_open = false;

	for (int i = optind; i < argc; i++) {
		enum level level = level_by_name(view_str(argv[i]));

		if (level == LEVELS) {
			(void)fprintf(stderr,
				      "sluis: there is no level %s: open, step_up, "
				      "no_new_sessions, office_only, partners_only, read_only, "
				      "pilot, closed\n",
				      argv[i]);
			return 2;
		}
		is_open |= level == LEVEL_OPEN;
		*ret = (uint16_t)(*ret | (level == LEVEL_OPEN ? 0 : LEVEL_BIT(level)));
	}
	return is_open && *ret ? isolate_refuse("open goes with no other level") : 0;
}

static void isolate_say(const struct isolate_options *o, const struct ask_authority_end *end,
			int argc, char **argv)
{
	char line[900];
	struct wbuf w = wbuf_of(line, sizeof line);

	wbuf_view_put(&w, level_scope_name((enum level_scope)o->scope));
	if (o->name) {
		WBUF_LIT(&w, " ");
		wbuf_str(&w, o->name);
	}
	WBUF_LIT(&w, ":");
	for (int i = optind; i < argc; i++) {
		WBUF_LIT(&w, " ");
		wbuf_str(&w, argv[i]);
	}
	wbuf_str(&w, o->is_exercise ? " (an exercise), " : ", ");
	wbuf_str(&w, end->text);
	ask_put_line(false, wbuf_view(&w));
}

static int isolate_set(const struct isolate_options *o, int argc, char **argv)
{
	struct tool_act act = { .kind = ACT_LEVEL_SET,
				.name = o->name ? view_str(o->name) : (struct view){ 0 },
				.title = o->reason ? view_str(o->reason) : (struct view){ 0 } };
	struct ask_authority_end end = { 0 };
	uint16_t mask = 0;
	int status = isolate_mask(argc, argv, &mask);

	if (status != 0)
		return status;
	if (!act.title.n)
		return isolate_refuse("say why: --reason TEXT");
	if (act.title.n > ISOLATE_REASON)
		return isolate_refuse("--reason is longer than 256 bytes");
	if (act.name.n > LEVEL_NAME_MAX)
		return isolate_refuse("a name has at most 64 bytes");
	if (o->until && isolate_until(o->until, &act.number) != E_OK)
		return isolate_refuse(
			"--until wants a moment that is still to come, or a span: 4h");
	act.flags = TOOL_LEVEL_FLAGS(mask, o->scope, o->is_exercise);
	status = ask_authority(o->state, &act, NULL, NULL, &end);
	if (status != 0)
		return status;
	if (!end.is_done) {
		(void)fputs("sluis: ", stderr);
		ask_put_line(true, view_str(end.text));
		return 1;
	}
	isolate_say(o, &end, argc, argv);
	return 0;
}

int isolate_main(int argc, char **argv)
{
	struct isolate_options o = { 0 };
	int status = isolate_read(argc, argv, &o);

	if (status >= 0)
		return status;
	if (optind == argc && !o.scope && !o.reason && !o.until && !o.is_exercise)
		return isolate_list(&o);
	if (optind == argc)
		return isolate_refuse("say which level");
	if (!o.scope)
		o.scope = LEVEL_OF_ALL;
	return isolate_set(&o, argc, argv);
}
