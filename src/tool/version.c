/* The version, as the build knows it (SLUIS_VERSION). */
#include "tool/version.h"

#include "tool/command_line.h"

#include <stdio.h>

static const char version_usage[] = "usage: sluis version\n";

int version_main(int argc, char **argv)
{
	struct command_line o = { 0 };
	int status = command_line_read(argc, argv, version_usage, 0, &o);

	if (status < 0)
		status = command_line_count(&o, argc, 0, 0, version_usage);
	if (status >= 0)
		return status;
	(void)puts("sluis " SLUIS_VERSION);
	return 0;
}
