/*
 * The state directory. Everything below it is reached through its descriptor, so that a path that
 * changes later is not followed.
 */
#include "role/keeper/statedir.h"

#include "role/keeper/say.h"
#include "sys/fd.h"
#include "sys/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { STATEDIR_BACKLOG = 16 };

static const char statedir_socket[] = "control.sock";

/* Makes path and the directories above it, as far as they are missing. */
static enum err statedir_make(const char *path)
{
	char part[KEEPER_PATH_MAX + 1];
	struct view all = view_str(path);
	struct wbuf w;

	for (size_t at = 1; at <= all.n; at++) {
		at += view_find(view_slice(all, at, all.n), '/');
		w = wbuf_of(part, sizeof part - 1);
		wbuf_view_put(&w, view_slice(all, 0, at));
		part[w.n] = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return log_errno(part);
	}
	return E_OK;
}

static enum err statedir_lock(struct keeper *k)
{
	char text[24];
	struct wbuf w = wbuf_of(text, sizeof text);

	k->dirs.lock = openat(k->dirs.dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (k->dirs.lock < 0)
		return log_errno("lock file of the state directory");
	if (flock(k->dirs.lock, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return log_errno("flock");
		log_line(LOG_ERROR,
			 "another Sluis runs with state directory %s (its keeper holds %s/lock): "
			 "give this one another --state, or stop that one",
			 k->options.state, k->options.state);
		return E_DENIED;
	}
	wbuf_dec(&w, (uint64_t)getpid());
	WBUF_LIT(&w, "\n");
	if (ftruncate(k->dirs.lock, 0) < 0 || fd_write_all(k->dirs.lock, wbuf_view(&w)) != E_OK)
		return log_errno("lock file of the state directory");
	return E_OK;
}

/* A directory that one role owns. */
static enum err statedir_sub(struct keeper *k, const char *name, mode_t mode, enum role owner,
			     int *ret_fd)
{
	const struct keeper_role_user *u = &k->users[owner];
	AUTO_FD fd = -1;

	if (mkdirat(k->dirs.dir, name, mode) < 0 && errno != EEXIST)
		return log_errno(name);
	fd = openat(k->dirs.dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || (k->is_root && fchown(fd, u->uid, u->gid) < 0) || fchmod(fd, mode) < 0)
		return log_errno(name);
	*ret_fd = fd_steal(&fd);
	return E_OK;
}

enum err statedir_open(struct keeper *k)
{
	TRY(statedir_make(k->options.state));
	k->dirs.dir = open(k->options.state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (k->dirs.dir < 0)
		return log_errno(k->options.state);
	if (k->dirs.lock < 0)
		TRY(statedir_lock(k));
	TRY(statedir_sub(k, "audit", 0750, ROLE_AUDIT, &k->dirs.audit));
	TRY(statedir_sub(k, "authority", 0700, ROLE_AUTHORITY, &k->dirs.authority));
	TRY(statedir_sub(k, "ship", 0700, ROLE_SHIPPER, &k->dirs.ship));
	return statedir_sub(k, "keys", 0700, ROLE_SIGNER, &k->dirs.keys);
}

enum err statedir_control(struct keeper *k, int *ret_fd)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	AUTO_FD fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int n = 0;

	/* Through the descriptor: no limit of 107 bytes on the path of the state directory */
	n = snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d/%s", k->dirs.dir,
		     statedir_socket);
	if (n < 0 || (size_t)n >= sizeof at.sun_path)
		return E_SYS;
	/* The lock is ours, so whoever bound that name is gone */
	if (unlinkat(k->dirs.dir, statedir_socket, 0) < 0 && errno != ENOENT)
		return log_errno(statedir_socket);
	(void)umask(0177);
	n = fd < 0 ? -1 : bind(fd, (const struct sockaddr *)&at, sizeof at);
	(void)umask(022);
	if (n < 0 || listen(fd, STATEDIR_BACKLOG) < 0)
		return log_errno("control socket");
	*ret_fd = fd_steal(&fd);
	return E_OK;
}

void statedir_done(struct keeper *k)
{
	if (k->dirs.dir >= 0 && unlinkat(k->dirs.dir, statedir_socket, 0) < 0 && errno != ENOENT)
		(void)log_errno(statedir_socket);
}
