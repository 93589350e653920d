/* Verbs from a table; each is one act of the authority's, but for the report. */
#include "tool/incident.h"

#include "ipc/incident_words.h"
#include "sys/clock.h"
#include "tool/admin_rows.h"
#include "tool/admin_table.h"
#include "tool/ask.h"
#include "tool/ask_authority.h"
#include "tool/audit_when.h"
#include "tool/command_line.h"
#include "tool/incident_report.h"

#include <getopt.h>
#include <stdio.h>

static const char incident_usage[] =
	"usage: sluis incident open TITLE [--detected TIME] [--another] [--state DIR]\n"
	"       sluis incident note TEXT [--incident N] [--state DIR]\n"
	"       sluis incident close [--summary TEXT] [--incident N] [--state DIR]\n"
	"       sluis incident list [--json] [--state DIR]\n"
	"       sluis incident show [N] [--json] [--state DIR]\n"
	"       sluis incident message [--nl TEXT] [--en TEXT] [--clear] [--state DIR]\n"
	"       sluis incident report [N] [--form FORM] [--language nl|en]\n"
	"                             [--format markdown|json] [--output FILE]\n"
	"                             [--margin SPAN] [--state DIR | --directory DIR]\n"
	"\n"
	"The record of an incident: when it was noticed, what was decided and done, what people\n"
	"wrote down; kept with the audit log, which proves it.\n"
	"\n"
	"  open      begins one; one at a time, unless --another\n"
	"  note      writes something down, with the time and who typed it\n"
	"  close     ends it; the summary is its last note\n"
	"  message   what the status page says to everybody\n"
	"  report    from the audit log alone, also of another machine (--directory)\n"
	"\n"
	"  --detected   when it was noticed: 2026-07-17T06:30:00Z, or a span back: 90m (now)\n"
	"  --form       timeline (the default), early-warning (24 hours), 72-hours, or\n"
	"               data-protection (GDPR article 33)\n"
	"  --margin     so long before it was noticed the timeline begins: 24h\n"
	"\n"
	"Exit status: 0 done, 1 refused or failed, 2 the command line is not understood.\n";

enum incident_option {
	INCIDENT_DETECTED = 1,
	INCIDENT_ANOTHER = 2,
	INCIDENT_NUMBER = 4,
	INCIDENT_SUMMARY = 8,
	INCIDENT_JSON = 16,
	INCIDENT_NL = 32,
	INCIDENT_EN = 64,
	INCIDENT_CLEAR = 128
};

struct incident_line {
	const char *state, *detected, *number, *summary, *nl, *en, *text;
	bool is_another, is_json, is_clear;
	uint32_t n;
};

struct incident_verb {
	const char *name;
	uint16_t takes;
	bool wants_text, takes_text;
	int (*run)(const struct incident_line *o);
};

static const struct option incident_options[] = {
	{ "detected", required_argument, NULL, 'd' },
	{ "another", no_argument, NULL, 'a' },
	{ "incident", required_argument, NULL, 'i' },
	{ "summary", required_argument, NULL, 'm' },
	{ "json", no_argument, NULL, 'j' },
	{ "nl", required_argument, NULL, 'n' },
	{ "en", required_argument, NULL, 'e' },
	{ "clear", no_argument, NULL, 'c' },
	{ "state", required_argument, NULL, 's' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static const struct {
	char letter;
	uint16_t option;
} incident_needs[] = {
	{ 'd', INCIDENT_DETECTED }, { 'a', INCIDENT_ANOTHER }, { 'i', INCIDENT_NUMBER },
	{ 'm', INCIDENT_SUMMARY },  { 'j', INCIDENT_JSON },    { 'n', INCIDENT_NL },
	{ 'e', INCIDENT_EN },	    { 'c', INCIDENT_CLEAR },
};

static int incident_refuse(const char *what)
{
	(void)fprintf(stderr, "sluis: %s\n\n%s", what, incident_usage);
	return 2;
}

/* ---- acts ---- */

static int incident_act(const struct incident_line *o, const struct tool_act *act)
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

static int incident_verb_open(const struct incident_line *o)
{
	struct tool_act act = { .kind = ACT_INCIDENT_OPEN,
				.list = view_str(o->text),
				.flags = o->is_another };
	int64_t us = 0, now_us = clock_wall_us();

	if (o->detected && (audit_when_parse(view_str(o->detected), now_us, &us) != E_OK ||
			    us / 1000000 > UINT32_MAX))
		return incident_refuse("--detected wants a moment, or a span back from now: 90m");
	act.number = (uint32_t)(us / 1000000);
	return incident_act(o, &act);
}

static int incident_verb_note(const struct incident_line *o)
{
	const struct tool_act act = { .kind = ACT_INCIDENT_NOTE,
				      .list = view_str(o->text),
				      .number = o->n };

	return incident_act(o, &act);
}

static int incident_verb_close(const struct incident_line *o)
{
	const struct tool_act act = { .kind = ACT_INCIDENT_CLOSE,
				      .list = view_str(o->summary ? o->summary : ""),
				      .number = o->n };

	return incident_act(o, &act);
}

static int incident_verb_message(const struct incident_line *o)
{
	char text[2 * NOTICE_MAX + 2];
	struct wbuf w = wbuf_of(text, sizeof text);
	struct view nl = view_str(o->nl ? o->nl : ""), en = view_str(o->en ? o->en : "");

	if (o->is_clear ? nl.n + en.n != 0 : nl.n + en.n == 0)
		return incident_refuse("say what: --nl TEXT and --en TEXT, or --clear");
	if (nl.n > NOTICE_MAX || en.n > NOTICE_MAX)
		return incident_refuse("a message has at most 500 bytes in each language");
	if (view_find(nl, '\n') != nl.n)
		return incident_refuse("a message has one line");
	wbuf_view_put(&w, nl);
	WBUF_LIT(&w, "\n");
	wbuf_view_put(&w, en);
	if (!o->is_clear && (!nl.n || !en.n))
		(void)fprintf(stderr,
			      "sluis: note: there is no %s text: readers of that language are "
			      "shown the other one\n",
			      nl.n ? "English" : "Dutch");
	return incident_act(o, &(struct tool_act){ .kind = ACT_NOTICE_SET, .list = wbuf_view(&w) });
}

/* ---- lists ---- */

static json_t *incident_json_text(struct view v)
{
	json_t *text = json_stringn((const char *)v.p, v.n);

	return text ? text : json_string("?");
}

static json_t *incident_json(const struct tool_incident_row *r)
{
	return json_pack("{s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I}", "number",
			 (json_int_t)r->number, "state", r->closed_s ? "closed" : "open", "title",
			 incident_json_text(r->title), "detected", admin_rows_time(r->detected_s),
			 "opened", admin_rows_time(r->opened_s), "opened_by",
			 incident_json_text(r->opened_by), "closed", admin_rows_time(r->closed_s),
			 "closed_by", incident_json_text(r->closed_by), "summary",
			 incident_json_text(r->summary), "notes", (json_int_t)r->notes);
}

static enum err incident_on_row(void *arg, uint8_t type, struct view body)
{
	json_t *rows = arg, *row = NULL;
	struct tool_incident_row r = { 0 };
	struct tool_note_row n = { 0 };

	if (type == AUTHORITY_INCIDENT) {
		TRY(tool_incident_row_get(body, &r));
		row = incident_json(&r);
	} else if (type == AUTHORITY_NOTE) {
		TRY(tool_note_row_get(body, &n));
		row = json_pack("{s:o, s:o, s:o}", "time", admin_rows_time(n.at_s), "by",
				incident_json_text(n.by), "text", incident_json_text(n.text));
	}
	return row && json_array_append_new(rows, row) == 0 ? E_OK : E_PROTO;
}

/* NULL: said. */
static json_t *incident_rows(const struct incident_line *o, const struct tool_act *act)
{
	struct ask_authority_end end = { 0 };
	json_t *rows = json_array();

	if (ask_authority(o->state, act, incident_on_row, rows, &end) == 0 && end.is_done)
		return rows;
	if (end.text[0]) {
		(void)fputs("sluis: ", stderr);
		ask_put_line(true, view_str(end.text));
	}
	json_decref(rows);
	return NULL;
}

static int incident_verb_list(const struct incident_line *o)
{
	static const struct admin_column columns[] = {
		{ "incident", "number" },     { "state", "state" },   { "noticed", "detected" },
		{ "opened", "opened" },	      { "closed", "closed" }, { "notes", "notes" },
		{ "opened by", "opened_by" }, { "title", "title" },   { 0 },
	};
	json_t *rows = incident_rows(o, &(struct tool_act){ .kind = ACT_INCIDENT_LIST });

	if (!rows)
		return 1;
	if (o->is_json)
		return admin_table_json(rows);
	admin_table_print(columns, rows);
	json_decref(rows);
	return 0;
}

/* The one that is meant, of all: by number, else the newest open one, else the newest. */
static json_t *incident_pick(const json_t *rows, uint32_t number)
{
	json_t *found = NULL;

	for (size_t i = 0; i < json_array_size(rows); i++) {
		json_t *r = json_array_get(rows, i);
		bool is_open = json_is_null(json_object_get(r, "closed"));

		if (number ? json_integer_value(json_object_get(r, "number")) == number
			   : is_open || !found || !json_is_null(json_object_get(found, "closed")))
			found = r;
	}
	return found;
}

static void incident_print(const json_t *doc)
{
	static const struct admin_column columns[] = {
		{ "incident", "number" },  { "state", "state" },
		{ "noticed", "detected" }, { "opened", "opened" },
		{ "closed", "closed" },	   { "title", "title" },
		{ "summary", "summary" },  { 0 },
	};
	static const struct admin_column notes[] = {
		{ "time", "time" }, { "by", "by" }, { "note", "text" }, { 0 }
	};
	json_t *one = json_pack("[O]", doc);

	admin_table_print(columns, one);
	(void)fputs("\n", stdout);
	admin_table_print(notes, json_object_get(doc, "log"));
	json_decref(one);
}

static int incident_verb_show(const struct incident_line *o)
{
	json_t *rows = incident_rows(o, &(struct tool_act){ .kind = ACT_INCIDENT_LIST });
	json_t *doc = rows ? incident_pick(rows, o->n) : NULL, *notes = NULL;
	struct tool_act act = { .kind = ACT_INCIDENT_NOTES };
	int status = 1;

	if (rows && !doc)
		(void)fprintf(stderr, "sluis: there is no such incident\n");
	if (doc) {
		act.number = (uint32_t)json_integer_value(json_object_get(doc, "number"));
		notes = incident_rows(o, &act);
	}
	if (notes && json_object_set_new(doc, "log", notes) == 0) {
		status = 0;
		if (o->is_json)
			status = admin_table_json(json_incref(doc));
		else
			incident_print(doc);
	}
	json_decref(rows);
	return status;
}

/* ---- the line ---- */

static const struct incident_verb incident_verbs[] = {
	{ "open", INCIDENT_DETECTED | INCIDENT_ANOTHER, true, true, incident_verb_open },
	{ "note", INCIDENT_NUMBER, true, true, incident_verb_note },
	{ "close", INCIDENT_NUMBER | INCIDENT_SUMMARY, false, false, incident_verb_close },
	{ "list", INCIDENT_JSON, false, false, incident_verb_list },
	{ "show", INCIDENT_JSON, false, true, incident_verb_show },
	{ "message", INCIDENT_NL | INCIDENT_EN | INCIDENT_CLEAR, false, false,
	  incident_verb_message },
	{ 0 },
};

static bool incident_takes(const struct incident_verb *v, int c)
{
	for (size_t i = 0; i < sizeof incident_needs / sizeof incident_needs[0]; i++)
		if (incident_needs[i].letter == c)
			return v->takes & incident_needs[i].option;
	return c == 's';
}

static void incident_set(struct incident_line *o, int c)
{
	o->state = c == 's' ? optarg : o->state;
	o->detected = c == 'd' ? optarg : o->detected;
	o->number = c == 'i' ? optarg : o->number;
	o->summary = c == 'm' ? optarg : o->summary;
	o->nl = c == 'n' ? optarg : o->nl;
	o->en = c == 'e' ? optarg : o->en;
	o->is_another |= c == 'a';
	o->is_json |= c == 'j';
	o->is_clear |= c == 'c';
}

static int incident_number(struct incident_line *o, const struct incident_verb *v)
{
	uint64_t n = 0;

	if (v->run == incident_verb_show)
		o->number = o->text;
	if (o->number && (view_dec(view_str(o->number), &n) != E_OK || n == 0 || n > UINT32_MAX))
		return incident_refuse("the number of an incident is expected");
	o->n = (uint32_t)n;
	return v->run(o);
}

static int incident_run(int argc, char **argv, const struct incident_verb *v)
{
	struct incident_line o = { 0 };
	int c = 0;

	while ((c = getopt_long(argc, argv, "", incident_options, NULL)) != -1) {
		if (c == 'h') {
			(void)fputs(incident_usage, stdout);
			return 0;
		}
		if (c == '?' || !incident_takes(v, c)) {
			(void)fputs(incident_usage, stderr);
			return 2;
		}
		incident_set(&o, c);
	}
	o.text = optind < argc ? argv[optind] : NULL;
	if (argc - optind > v->takes_text || (v->wants_text && !o.text))
		return incident_refuse(v->wants_text ? "a text is expected, in quotes"
						     : "that is too much");
	return incident_number(&o, v);
}

int incident_main(int argc, char **argv)
{
	struct view word = view_str(argc > 1 ? argv[1] : "");
	char room[COMMAND_LINE_ROOM];

	if (view_eq(word, VIEW("report")))
		return incident_report_main(argc - 1, command_line_enter(room, argv[0], argv),
					    incident_usage);
	for (const struct incident_verb *v = incident_verbs; v->name; v++)
		if (view_eq(word, view_str(v->name)))
			return incident_run(argc - 1, command_line_enter(room, argv[0], argv), v);
	if (view_eq(word, VIEW("--help"))) {
		(void)fputs(incident_usage, stdout);
		return 0;
	}
	return incident_refuse(word.n ? "there is no such verb" : "say what");
}
