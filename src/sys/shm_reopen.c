/*
 * The one way to a second, read-only descriptor of a memory file. It opens a path, which only the
 * keeper and config do: a file of its own, so that no other role links open (P5).
 */
#include "sys/shm.h"

#include "sys/log.h"

#include <fcntl.h>
#include <stdio.h>

enum err shm_reopen_readonly(int fd, int *ret_fd)
{
	char path[40] = "";
	int out = -1;

	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	out = open(path, O_RDONLY | O_CLOEXEC);
	if (out < 0)
		return log_errno(path);
	*ret_fd = out;
	return E_OK;
}
