/* Paths of the `sluis audit` sub-commands; runs with the caller's own rights. */
#include "tool/audit_place.h"

#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* --state, or /var/lib/sluis for root and ~/.local/state/sluis for others (CONFIG). */
static enum err place_path(const struct audit_place *p, const char *name, char *ret, size_t cap)
{
	char buf[4096] = "";
	struct passwd entry = { 0 }, *found = NULL;
	int n = 0;

	if (p->state) {
		n = snprintf(ret, cap, "%s/%s", p->state, name);
	} else if (geteuid() == 0) {
		n = snprintf(ret, cap, "/var/lib/sluis/%s", name);
	} else {
		if (getpwuid_r(geteuid(), &entry, buf, sizeof buf, &found) != 0 || !found)
			return E_SYS;
		n = snprintf(ret, cap, "%s/.local/state/sluis/%s", found->pw_dir, name);
	}
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

	if (!p->directory && place_path(p, "audit", path, sizeof path) != E_OK)
		return place_refuse("the state directory");
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
	AUTO_FD fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (p->directory || fd < 0 ||
	    place_path(p, "control.sock", to.sun_path, sizeof to.sun_path) != E_OK)
		return false;
	return connect(fd, (const struct sockaddr *)&to, sizeof to) == 0;
}
