/* A build directory has all programs side by side; an installation has the command apart. */
#include "tool/program_place.h"

#include <stdio.h>
#include <unistd.h>

bool program_place_find(const char *option, const char *file, char *ret)
{
	static const char *const places[] = { "", "/../libexec/sluis" };
	char own[PROGRAM_PLACE_MAX / 2], path[PROGRAM_PLACE_MAX + 64];
	ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);

	if (option) {
		(void)snprintf(ret, PROGRAM_PLACE_MAX, "%s", option);
		return true;
	}
	while (n > 0 && own[n - 1] != '/')
		n--;
	n--; /* the slash itself */
	for (unsigned i = 0; n > 0 && i < 2; i++) {
		(void)snprintf(ret, PROGRAM_PLACE_MAX, "%.*s%s", (int)n, own, places[i]);
		(void)snprintf(path, sizeof path, "%s/%s", ret, file);
		if (access(path, R_OK) == 0)
			return true;
	}
	return false;
}
