/* /proc: what is there now may be gone with the next call, which is no error of ours. */
#include "tool/proc_file.h"

#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PROC_FILE_FIRST = 16384 };

enum err proc_file_error(int error)
{
	if (error == EACCES || error == EPERM)
		return E_DENIED;
	if (error == ENOENT || error == ESRCH || error == ENOTDIR)
		return E_CLOSED;
	return error == ENOMEM ? E_NOMEM : E_SYS;
}

static bool proc_file_path(int pid, const char *name, char *ret)
{
	int n = pid ? snprintf(ret, PROC_FILE_PATH, "/proc/%d/%s", pid, name)
		    : snprintf(ret, PROC_FILE_PATH, "/proc/%s", name);

	return n > 0 && n < PROC_FILE_PATH;
}

enum err proc_file_open(int pid, const char *name, int *ret_fd)
{
	char path[PROC_FILE_PATH];
	int fd = -1;

	if (!proc_file_path(pid, name, path))
		return E_LIMIT;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return proc_file_error(errno);
	*ret_fd = fd;
	return E_OK;
}

enum err proc_file_link(int pid, const char *name, char *ret, size_t cap)
{
	char path[PROC_FILE_PATH];
	ssize_t n = 0;

	if (!proc_file_path(pid, name, path))
		return E_LIMIT;
	n = readlink(path, ret, cap);
	if (n < 0)
		return proc_file_error(errno);
	if ((size_t)n >= cap)
		return E_LIMIT;
	ret[n] = '\0';
	return E_OK;
}

/* Room for more. E_NOMEM */
static enum err proc_file_grow(struct proc_file *f, size_t *cap, size_t max)
{
	size_t more = *cap ? 2 * *cap : PROC_FILE_FIRST;
	uint8_t *p = NULL;

	more = more > max ? max : more;
	p = reallocarray(f->p, more, 1);
	if (!p)
		return E_NOMEM;
	f->p = p;
	*cap = more;
	return E_OK;
}

static enum err proc_file_fill(int fd, size_t max, struct proc_file *f)
{
	size_t cap = 0;

	for (;;) {
		ssize_t n = 0;

		if (f->n == cap && cap == max) {
			f->is_cut = true;
			return E_OK;
		}
		if (f->n == cap)
			TRY(proc_file_grow(f, &cap, max));
		n = read(fd, f->p + f->n, cap - f->n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return proc_file_error(errno);
		if (n == 0)
			return E_OK;
		f->n += (size_t)n;
	}
}

enum err proc_file_read_fd(int fd, size_t max, struct proc_file *ret)
{
	struct proc_file f = { 0 };
	enum err e = proc_file_fill(fd, max, &f);

	if (e != E_OK) {
		proc_file_done(&f);
		return e;
	}
	*ret = f;
	return E_OK;
}

enum err proc_file_read(int pid, const char *name, size_t max, struct proc_file *ret)
{
	AUTO_FD fd = -1;

	TRY(proc_file_open(pid, name, &fd));
	return proc_file_read_fd(fd, max, ret);
}

void proc_file_done(struct proc_file *f)
{
	free(f->p);
	*f = (struct proc_file){ 0 };
}
