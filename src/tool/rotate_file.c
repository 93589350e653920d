/* A name that is there already may be anybody's: it is removed, never opened for writing. */
#include "tool/rotate_file.h"

#include "sys/fd.h"
#include "sys/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROTATE_FILE_KEY = 256, ROTATE_FILE_PATH = 4096 };

enum err rotate_file_failed(const char *what)
{
	char reason[128] = "";

	(void)fprintf(stderr, "sluis: %s: %s\n", what, strerror_r(errno, reason, sizeof reason));
	return E_SYS;
}

enum err rotate_file_dir(const char *path, int *ret_fd, const char **ret_name)
{
	char dir[ROTATE_FILE_PATH];
	const char *slash = strrchr(path, '/');
	struct wbuf w = wbuf_of(dir, sizeof dir - 1);
	int fd = -1;

	errno = EINVAL;
	if (!slash || !slash[1])
		return rotate_file_failed(path);
	wbuf_put(&w, path, (size_t)(slash - path) + 1);
	dir[w.n] = '\0';
	if (w.bad)
		return rotate_file_failed(path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return rotate_file_failed(dir);
	*ret_fd = fd;
	*ret_name = slash + 1;
	return E_OK;
}

enum err rotate_file_read(int dir_fd, const char *name, struct wbuf *w)
{
	AUTO_FD fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st = { 0 };
	enum err e = E_OK;

	if (fd < 0 && errno == ENOENT)
		return E_CLOSED;
	if (fd < 0 || fstat(fd, &st) < 0)
		return rotate_file_failed(name);
	if (!S_ISREG(st.st_mode) || st.st_mode & (S_IWGRP | S_IWOTH)) {
		(void)fprintf(stderr, "sluis: %s: no file that its owner alone may write\n", name);
		return E_DENIED;
	}
	e = fd_read_all(fd, w);
	if (e != E_OK)
		(void)fprintf(stderr, "sluis: %s: it can't be read, or is too large\n", name);
	return e;
}

enum err rotate_file_put(int dir_fd, const char *name, const struct rotate_file_owner *owner,
			 struct view text)
{
	char tmp[300];
	int n = snprintf(tmp, sizeof tmp, "%s.tmp", name);
	AUTO_FD fd = -1;

	if (n < 0 || (size_t)n >= sizeof tmp)
		return E_LIMIT;
	if (unlinkat(dir_fd, tmp, 0) < 0 && errno != ENOENT)
		return rotate_file_failed(tmp);
	fd = openat(dir_fd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return rotate_file_failed(tmp);
	/* The owner last: nobody else has it open before its content is all there */
	if (fd_write_all(fd, text) != E_OK || fchmod(fd, owner->mode) < 0 ||
	    (geteuid() == 0 && fchown(fd, owner->uid, owner->gid) < 0) || fsync(fd) < 0 ||
	    renameat(dir_fd, tmp, dir_fd, name) < 0 || fsync(dir_fd) < 0) {
		enum err e = rotate_file_failed(name);

		(void)unlinkat(dir_fd, tmp, 0);
		return e;
	}
	return E_OK;
}

void rotate_file_sha256(struct view v, char *ret)
{
	uint8_t hash[32];
	struct wbuf w = wbuf_of(ret, 64);
	size_t n = 0;

	INVARIANT(EVP_Q_digest(NULL, "SHA256", NULL, v.p, v.n, hash, &n) == 1 && n == sizeof hash);
	wbuf_hex(&w, view_of(hash, sizeof hash));
	ret[64] = '\0';
}

enum err rotate_file_print(int dir_fd, const char *name, char *ret)
{
	uint8_t bytes[ROTATE_FILE_KEY];
	struct wbuf w = wbuf_of(bytes, sizeof bytes);
	enum err e = E_OK;

	WBUF_LIT(&w, "sluis fingerprint ");
	wbuf_str(&w, name);
	e = rotate_file_read(dir_fd, name, &w);
	ret[0] = '\0';
	if (e == E_OK)
		rotate_file_sha256(wbuf_view(&w), ret);
	secret_wipe(bytes, sizeof bytes);
	return e == E_CLOSED ? E_OK : e;
}
