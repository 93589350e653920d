/* Paths of the `sluis audit` sub-commands; runs with the caller's own rights. */
#include "tool/audit_place.h"

#include "sys/fd.h"
#include "tool/state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static enum err place_path(const struct audit_place *p, const char *name, char *ret, size_t cap)
{
	char dir[STATE_DIR_MAX + 1];
	int n = 0;

	TRY(state_dir_path(p->state, dir));
	n = snprintf(ret, cap, "%s/%s", dir, name);
	return n > 0 && (size_t)n < cap ? E_OK : E_SYS;
}

static enum err place_refuse(const char *path)
{
	char reason[128] = "";
	const char *text = strerror_r(errno, reason, sizeof reason);

	(void)fprintf(stderr, "sluis audit: %s: %s\n", path, text);
	return E_SYS;
}

enum err audit_place_open(const struct audit_place *p, int *ret_fd)
{
	char path[AUDIT_PLACE_PATH] = "";
	int fd = -1;

	if (!p->directory)
		TRY(place_path(p, "audit", path, sizeof path));
	fd = open(p->directory ? p->directory : path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return place_refuse(p->directory ? p->directory : path);
	*ret_fd = fd;
	return E_OK;
}

enum err audit_place_file(const struct audit_place *p, const char *name, int *ret_fd)
{
	char path[AUDIT_PLACE_PATH] = "";
	int fd = -1;

	if (p->directory || place_path(p, name, path, sizeof path) != E_OK)
		return E_CLOSED;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? E_CLOSED : place_refuse(path);
	*ret_fd = fd;
	return E_OK;
}

bool audit_place_is_live(const struct audit_place *p)
{
	char path[AUDIT_PLACE_PATH] = "";
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	AUTO_FD dir = -1;
	AUTO_FD fd = -1;

	if (p->directory || place_path(p, ".", path, sizeof path) != E_OK)
		return false;
	/* Through the descriptor: a path of any length fits. */
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	(void)snprintf(to.sun_path, sizeof to.sun_path, "/proc/self/fd/%d/control.sock", dir);
	return dir >= 0 && fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof to) == 0;
}
