/* Where the running instance is found. */
#include "tool/state_dir.h"

#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static enum err state_dir_home(char ret[STATE_DIR_MAX + 1])
{
	char buf[4096];
	struct passwd entry, *found = NULL;
	int n = 0;

	if (getpwuid_r(geteuid(), &entry, buf, sizeof buf, &found) != 0 || !found) {
		(void)fprintf(stderr, "sluis: uid %u has no home directory: say --state DIR\n",
			      (unsigned)geteuid());
		return E_SYS;
	}
	n = snprintf(ret, STATE_DIR_MAX + 1, "%s/.local/state/sluis", found->pw_dir);
	return n > 0 && n <= STATE_DIR_MAX ? E_OK : E_SYS;
}

enum err state_dir_path(const char *option, char ret[STATE_DIR_MAX + 1])
{
	struct wbuf w = wbuf_of(ret, STATE_DIR_MAX);

	if (!option && geteuid() != 0)
		return state_dir_home(ret);
	wbuf_str(&w, option ? option : "/var/lib/sluis");
	ret[w.n] = '\0';
	if (w.n && !w.bad)
		return E_OK;
	(void)fprintf(stderr, "sluis: --state: 1 to %d bytes\n", STATE_DIR_MAX);
	return E_SYS;
}

static enum err state_dir_refuse(const char *dir, int error)
{
	char reason[128] = "";
	const char *text = strerror_r(error, reason, sizeof reason);

	if (error == ENOENT || error == ECONNREFUSED) {
		(void)fprintf(
			stderr,
			"sluis: no Sluis runs with state directory %s (%s/control.sock: %s)\n", dir,
			dir, text);
		return E_CLOSED;
	}
	(void)fprintf(stderr, "sluis: %s/control.sock: %s%s\n", dir, text,
		      error == EACCES ? " (root, or the user that runs Sluis, may ask)" : "");
	return E_SYS;
}

enum err state_dir_connect(const char *option, int *ret_fd)
{
	char dir[STATE_DIR_MAX + 1];
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	AUTO_FD dir_fd = -1;
	AUTO_FD fd = -1;

	TRY(state_dir_path(option, dir));
	dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return state_dir_refuse(dir, errno);
	/* Through the descriptor: a path of any length fits */
	(void)snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d/control.sock", dir_fd);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof at) < 0)
		return state_dir_refuse(dir, errno);
	*ret_fd = fd_steal(&fd);
	return E_OK;
}
