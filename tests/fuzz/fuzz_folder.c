/* See the header. */
#include "tests/fuzz/fuzz_folder.h"

#include "base/err.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct folder {
	char path[256];
	int fd;
} folder = { .fd = -1 };

void fuzz_folder_empty(void)
{
	DIR *all = fdopendir(openat(folder.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	const struct dirent *entry = NULL;

	INVARIANT(all);
	while ((entry = readdir(all)))
		if (entry->d_name[0] != '.')
			(void)unlinkat(folder.fd, entry->d_name, 0);
	(void)closedir(all);
}

static void folder_remove(void)
{
	fuzz_folder_empty();
	(void)rmdir(folder.path);
}

int fuzz_folder(void)
{
	const char *in = getenv("TMPDIR");

	if (folder.fd >= 0)
		return folder.fd;
	(void)snprintf(folder.path, sizeof folder.path, "%s/sluis-fuzz-XXXXXX", in ? in : "/tmp");
	INVARIANT(mkdtemp(folder.path));
	folder.fd = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	INVARIANT(folder.fd >= 0 && atexit(folder_remove) == 0);
	return folder.fd;
}
