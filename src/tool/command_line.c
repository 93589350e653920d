/* Reading the options of a sub-command. */
#include "tool/command_line.h"

#include <getopt.h>
#include <stdio.h>

int command_line_read(int argc, char **argv, const char *usage, unsigned takes,
		      struct command_line *ret)
{
	static const struct option options[] = {
		{ "state", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ "wait", optional_argument, NULL, 'w' },
		{ 0 },
	};
	int c = 0;

	*ret = (struct command_line){ 0 };
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 's') {
			ret->state = optarg;
		} else if (c == 'j' && (takes & COMMAND_LINE_JSON)) {
			ret->is_json = true;
		} else if (c == 'w' && (takes & COMMAND_LINE_WAIT)) {
			ret->wait = optarg ? optarg : "";
		} else {
			(void)fputs(usage, c == 'h' ? stdout : stderr);
			return c == 'h' ? 0 : 2;
		}
	}
	ret->rest = optind;
	return -1;
}

int command_line_count(const struct command_line *o, int argc, int min, int max, const char *usage)
{
	if (argc - o->rest >= min && argc - o->rest <= max)
		return -1;
	(void)fputs(usage, stderr);
	return 2;
}

char **command_line_enter(char room[COMMAND_LINE_ROOM], const char *command, char **argv)
{
	(void)snprintf(room, COMMAND_LINE_ROOM, "%s %s", command, argv[1]);
	argv[1] = room;
	return argv + 1;
}
