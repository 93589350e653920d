/* Without one the twin drills all the same: its dialer is then held to ports, and status says so.
 */
#include "tool/drill_cgroup.h"

#include "sys/fd.h"
#include "sys/reach.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

void drill_cgroup_new(char *path, size_t cap, const char *name)
{
	char own[400];
	int n = 0;

	path[0] = '\0';
	if (geteuid() != 0 || reach_place(own, sizeof own) != E_OK)
		return;
	n = snprintf(path, cap, "%s/sluis-drill-%d-%s", own, (int)getpid(), name);
	if (n < 0 || (size_t)n >= cap || mkdir(path, 0755) < 0)
		path[0] = '\0';
}

void drill_cgroup_enter(const char *path, pid_t pid)
{
	char file[600], text[24];
	AUTO_FD fd = -1;

	if (!path[0])
		return;
	(void)snprintf(file, sizeof file, "%s/cgroup.procs", path);
	(void)snprintf(text, sizeof text, "%d\n", (int)pid);
	fd = open(file, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || fd_write_all(fd, view_str(text)) != E_OK) {
		/* it stays where it is, and so does its keeper */
	}
}

void drill_cgroup_end(const char *path)
{
	DIR *dir = path[0] ? opendir(path) : NULL;
	struct dirent *e = NULL;

	if (!dir)
		return;
	/* one thread, and a stream of our own: readdir() is safe */
	while ((e = readdir(dir)) != NULL) // NOLINT(concurrency-mt-unsafe)
		if (e->d_type == DT_DIR && e->d_name[0] != '.')
			(void)unlinkat(dirfd(dir), e->d_name, AT_REMOVEDIR);
	(void)closedir(dir);
	(void)rmdir(path);
}
