/* Asking for a change; the keeper tells every problem, and whether it was done. */
#include "tool/reload.h"

#include "tool/ask.h"
#include "tool/command_line.h"

static const char reload_usage[] =
	"usage: sluis reload [--state DIR]\n"
	"\n"
	"Applies the configuration file of the running instance. When it does not check, the same\n"
	"messages as `sluis check` are told, nothing changes, and the exit status is 1.\n";

static const char reload_upgrade_usage[] = "usage: sluis upgrade [--state DIR]\n"
					   "\n"
					   "Replaces the running programs by those that are "
					   "installed now. Listeners stay open, and the\n"
					   "old edges finish the connections they have. When the "
					   "new programs can't start, the old ones\n"
					   "go on and the exit status is 1.\n";

static int reload_ask(int argc, char **argv, const char *usage, uint8_t type)
{
	struct command_line o = { 0 };
	int status = command_line_read(argc, argv, usage, false, &o);

	if (status < 0)
		status = command_line_count(&o, argc, 0, 0, usage);
	if (status >= 0)
		return status;
	return ask_keeper(o.state, type, (struct view){ 0 }, NULL, NULL);
}

int reload_main(int argc, char **argv)
{
	return reload_ask(argc, argv, reload_usage, TOOL_RELOAD);
}

int reload_upgrade_main(int argc, char **argv)
{
	return reload_ask(argc, argv, reload_upgrade_usage, TOOL_UPGRADE);
}
