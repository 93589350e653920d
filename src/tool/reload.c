/* Asking for a change; the keeper tells every problem, and whether it was done. */
#include "tool/reload.h"

#include "tool/ask.h"
#include "tool/change_lines.h"

#include <getopt.h>
#include <stdio.h>

static const char reload_usage[] =
	"usage: sluis reload [--reason TEXT] [--json] [--state DIR]\n"
	"\n"
	"Applies the configuration file of the running instance. When it does not check, the same\n"
	"messages as `sluis check` are told, nothing changes, and the exit status is 1.\n";

static int reload_ask(const char *state, struct view body, bool is_json)
{
	struct change_lines lines = { 0 };
	struct ask_sink sink = { .on_row = change_lines_row,
				 .on_text = change_lines_text,
				 .arg = &lines };

	change_lines_begin(&lines, is_json, false);
	return change_lines_end(&lines, ask_keeper_with(state, TOOL_RELOAD, body, -1, &sink));
}

int reload_main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "state", required_argument, NULL, 's' },
		{ "reason", required_argument, NULL, 'r' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *state = NULL, *reason = NULL;
	bool is_json = false;
	uint8_t body[TOOL_REASON_MAX + 2];
	struct wbuf w = wbuf_of(body, sizeof body);
	int c = 0;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) == 's' || c == 'r' || c == 'j') {
		is_json |= c == 'j';
		state = c == 's' ? optarg : state;
		reason = c == 'r' ? optarg : reason;
	}
	wbuf_str16(&w, view_str(reason));
	if (c == -1 && optind == argc && !w.bad)
		return reload_ask(state, wbuf_view(&w), is_json);
	(void)fputs(reload_usage, c == 'h' ? stdout : stderr);
	return c == 'h' ? 0 : 2;
}
