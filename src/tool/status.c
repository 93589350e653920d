/* What runs, for people or for programs. */
#include "tool/status.h"

#include "tool/ask.h"
#include "tool/command_line.h"
#include "tool/snapshot.h"
#include "tool/status_json.h"
#include "tool/status_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char status_usage[] = "usage: sluis status [--json] [--state DIR]\n"
				   "\n"
				   "Roles, listeners, pools and servers, certificates, and what "
				   "holds the dialer to its servers.\n"
				   "--json: the same for programs (docs/status.md).\n";

int status_main(int argc, char **argv)
{
	struct command_line o = { 0 };
	struct snapshot *s = NULL;
	int status = command_line_read(argc, argv, status_usage, COMMAND_LINE_JSON, &o);

	if (status < 0)
		status = command_line_count(&o, argc, 0, 0, status_usage);
	if (status >= 0)
		return status;
	s = calloc(1, sizeof *s);
	if (!s) {
		perror("sluis");
		return 1;
	}
	status = ask_keeper(o.state, TOOL_STATUS, (struct view){ 0 }, snapshot_row, s);
	s->now_s = time(NULL);
	if (status == 0)
		status = o.is_json ? status_json_print(s) : status_table_print(s);
	free(s);
	return status;
}
