/* Other programs write over what an intruder has left in the memory of these: evidence first. */
#include "tool/upgrade.h"

#include "tool/ask.h"
#include "tool/evidence_first.h"

#include <getopt.h>
#include <stdio.h>

static const char upgrade_usage[] =
	"usage: sluis upgrade [--without-evidence REASON] [--state DIR]\n"
	"\n"
	"Replaces the running programs by those that are installed now. Listeners stay open, and "
	"the\n"
	"old edges finish the connections they have. When the new programs can't start, the old "
	"ones\n"
	"go on and the exit status is 1.\n"
	"\n"
	"  --without-evidence  while an incident is open: no bundle of evidence first, because\n";

int upgrade_main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "state", required_argument, NULL, 's' },
		{ "without-evidence", required_argument, NULL, 'w' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *state = NULL, *waiver = NULL;
	int c = 0, status = 0;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) == 's' || c == 'w') {
		state = c == 's' ? optarg : state;
		waiver = c == 'w' ? optarg : waiver;
	}
	if (c != -1 || optind != argc) {
		(void)fputs(upgrade_usage, c == 'h' ? stdout : stderr);
		return c == 'h' ? 0 : 2;
	}
	status = evidence_first_ask(state, waiver);
	return status != 0 ? status
			   : ask_keeper(state, TOOL_UPGRADE, (struct view){ 0 }, NULL, NULL);
}
