/* Descriptor helpers; linked by every role. */
#include "sys/fd.h"

#include "sys/log.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int fd_close(int fd)
{
	if (fd >= 0)
		(void)close(fd); /* Linux frees the descriptor whatever close returns */
	return -1;
}

void fd_closep(int *fd)
{
	*fd = fd_close(*fd);
}

int fd_steal(int *fd)
{
	int out = *fd;

	*fd = -1;
	return out;
}

static enum err fd_set_flag(int fd, int get, int set, int flag, bool want)
{
	int flags = fcntl(fd, get);

	if (flags < 0 || fcntl(fd, set, want ? flags | flag : flags & ~flag) < 0)
		return log_errno("fcntl");
	return E_OK;
}

enum err fd_set_nonblocking(int fd)
{
	return fd_set_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, true);
}

enum err fd_set_inherit(int fd, bool want_inherit)
{
	return fd_set_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, !want_inherit);
}

enum err fd_read_all(int fd, struct wbuf *buf)
{
	for (;;) {
		ssize_t n = 0;

		if (wbuf_room(buf) == 0)
			return E_LIMIT;
		n = read(fd, buf->p + buf->n, buf->cap - buf->n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return log_errno("read");
		if (n == 0)
			return E_OK;
		buf->n += (size_t)n;
	}
}

enum err fd_write_all(int fd, struct view v)
{
	while (v.n) {
		ssize_t n = write(fd, v.p, v.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return E_SYS;
		v = view_slice(v, (size_t)n, v.n);
	}
	return E_OK;
}
