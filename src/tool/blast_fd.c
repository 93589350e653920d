/* The duplicates live for a few calls; nothing is read from them or written to them. */
#include "tool/blast_fd.h"

#include "base/ip.h"
#include "sys/fd.h"
#include "tool/proc_file.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static const char *const fd_kinds[BLAST_FD_KINDS] = {
	[BLAST_FD_FILE] = "file",	[BLAST_FD_FOLDER] = "folder",
	[BLAST_FD_MEMORY] = "memory",	[BLAST_FD_DEVICE] = "device",
	[BLAST_FD_PIPE] = "pipe",	[BLAST_FD_LISTENER] = "listener",
	[BLAST_FD_INET] = "connection", [BLAST_FD_CHANNEL] = "channel",
	[BLAST_FD_SOCKET] = "socket",	[BLAST_FD_KERNEL] = "kernel",
};

const char *blast_fd_kind(unsigned kind)
{
	return fd_kinds[kind];
}

void blast_fd_put_seals(struct wbuf *w, int32_t seals)
{
	static const struct {
		int32_t bit;
		const char *name;
	} names[] = { { F_SEAL_SEAL, "seal" },
		      { F_SEAL_SHRINK, "shrink" },
		      { F_SEAL_GROW, "grow" },
		      { F_SEAL_WRITE, "write" },
		      { F_SEAL_FUTURE_WRITE, "future write" } };
	bool is_first = true;

	for (size_t i = 0; seals > 0 && i < sizeof names / sizeof *names; i++) {
		if (!(seals & names[i].bit))
			continue;
		if (!is_first)
			WBUF_LIT(w, ", ");
		wbuf_str(w, names[i].name);
		is_first = false;
	}
}

static enum err fd_borrow(int pidfd, int fd, int *ret)
{
	int got = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);

	if (got < 0)
		return errno == EBADF ? E_CLOSED : proc_file_error(errno);
	*ret = got;
	return E_OK;
}

/* ---- sockets ---- */

union fd_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un local;
	struct sockaddr_storage room;
};

static void fd_put_local(struct wbuf *w, const struct sockaddr_un *a, socklen_t n)
{
	size_t path = n > offsetof(struct sockaddr_un, sun_path)
			      ? n - offsetof(struct sockaddr_un, sun_path)
			      : 0;
	struct view v = view_of(a->sun_path, path < sizeof a->sun_path ? path : sizeof a->sun_path);

	if (v.n && v.p[0] == 0) {
		WBUF_LIT(w, "@");
		v = view_slice(v, 1, v.n);
	} else {
		v = view_slice(v, 0, view_find(v, 0));
	}
	wbuf_view_put(w, v);
}

static void fd_put_address(struct wbuf *w, const union fd_address *a, socklen_t n)
{
	char text[INET6_ADDRSTRLEN] = "";

	switch (a->any.sa_family) {
	case AF_INET:
		(void)inet_ntop(AF_INET, &a->v4.sin_addr, text, sizeof text);
		wbuf_str(w, text);
		WBUF_LIT(w, ":");
		wbuf_dec(w, ntohs(a->v4.sin_port));
		break;
	case AF_INET6:
		(void)inet_ntop(AF_INET6, &a->v6.sin6_addr, text, sizeof text);
		WBUF_LIT(w, "[");
		wbuf_str(w, text);
		WBUF_LIT(w, "]:");
		wbuf_dec(w, ntohs(a->v6.sin6_port));
		break;
	case AF_UNIX:
		fd_put_local(w, &a->local, n);
		break;
	default:
		WBUF_LIT(w, "family ");
		wbuf_dec(w, a->any.sa_family);
	}
}

static int fd_option(int fd, int option)
{
	int value = -1;
	socklen_t n = sizeof value;

	return getsockopt(fd, SOL_SOCKET, option, &value, &n) == 0 ? value : -1;
}

static void fd_socket(int fd, struct blast_fd *d)
{
	struct wbuf w = wbuf_of(d->name, sizeof d->name - 1);
	union fd_address own = { 0 }, peer = { 0 };
	socklen_t own_n = sizeof own, peer_n = sizeof peer;
	int family = fd_option(fd, SO_DOMAIN);
	bool listens = fd_option(fd, SO_ACCEPTCONN) == 1;

	if (family == AF_UNIX)
		d->kind = BLAST_FD_CHANNEL;
	else if (family == AF_INET || family == AF_INET6)
		d->kind = listens ? BLAST_FD_LISTENER : BLAST_FD_INET;
	else
		d->kind = BLAST_FD_SOCKET;
	if (listens)
		WBUF_LIT(&w, "listens on ");
	if (fd_option(fd, SO_TYPE) == SOCK_DGRAM && family != AF_UNIX)
		WBUF_LIT(&w, "datagrams ");
	if (getsockname(fd, &own.any, &own_n) == 0)
		fd_put_address(&w, &own, own_n);
	if (getpeername(fd, &peer.any, &peer_n) == 0 && family != AF_UNIX) {
		WBUF_LIT(&w, " to ");
		fd_put_address(&w, &peer, peer_n);
	}
	d->name[w.n] = '\0';
}

/* ---- all kinds ---- */

static void fd_link(int pid, struct blast_fd *d)
{
	char path[32], to[4096] = "";
	struct wbuf w = wbuf_of(d->name, sizeof d->name - 1);
	size_t n = 0;

	(void)snprintf(path, sizeof path, "fd/%d", d->fd);
	(void)proc_file_link(pid, path, to, sizeof to);
	n = view_str(to).n;
	wbuf_view_put(&w, view_slice(view_str(to), 0, n > w.cap ? w.cap - 3 : n));
	if (n > w.cap)
		WBUF_LIT(&w, "...");
	d->name[w.n] = '\0';
}

static void fd_file(int fd, const struct stat *st, struct blast_fd *d)
{
	d->mode = st->st_mode & 07777;
	if (S_ISDIR(st->st_mode))
		d->kind = BLAST_FD_FOLDER;
	else if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		d->kind = BLAST_FD_DEVICE;
	else if (S_ISFIFO(st->st_mode))
		d->kind = BLAST_FD_PIPE;
	else if (!S_ISREG(st->st_mode))
		d->kind = BLAST_FD_KERNEL;
	else
		d->kind = BLAST_FD_FILE;
	if (d->kind != BLAST_FD_FILE)
		return;
	d->seals = fcntl(fd, F_GET_SEALS);
	if (d->seals >= 0 && view_starts(view_str(d->name), VIEW("/memfd:")))
		d->kind = BLAST_FD_MEMORY;
	d->is_kept = !(d->access & BLAST_FD_WRITE) ||
		     (d->seals > 0 && (d->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)));
}

static void fd_access(int fd, struct blast_fd *d)
{
	int flags = fcntl(fd, F_GETFL);
	int mode = flags & O_ACCMODE;

	if (flags < 0 || (flags & O_PATH))
		return;
	d->access = (uint8_t)((mode != O_WRONLY ? BLAST_FD_READ : 0) |
			      (mode != O_RDONLY ? BLAST_FD_WRITE : 0));
}

static enum err fd_look(int pid, int pidfd, struct blast_fd *d)
{
	AUTO_FD fd = -1;
	struct stat st = { 0 };

	d->seals = -1;
	d->kind = BLAST_FD_KERNEL;
	fd_link(pid, d);
	TRY(fd_borrow(pidfd, d->fd, &fd));
	fd_access(fd, d);
	if (fstat(fd, &st) < 0)
		return E_OK;
	if (S_ISSOCK(st.st_mode)) {
		d->inode = st.st_ino;
		fd_socket(fd, d);
	} else {
		fd_file(fd, &st, d);
	}
	return E_OK;
}

static void fd_count(struct blast_fds *s, const struct blast_fd *d)
{
	s->total++;
	s->count[d->kind]++;
	s->writable_files += d->kind == BLAST_FD_FILE && !d->is_kept;
	s->writable_memory += d->kind == BLAST_FD_MEMORY && !d->is_kept;
	s->writable_folders += d->kind == BLAST_FD_FOLDER;
	if (s->n < BLAST_FD_MAX)
		s->fd[s->n++] = *d;
}

static void fd_each(int pid, int pidfd, DIR *dir, struct blast_fds *s)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads */
	for (const struct dirent *d = readdir(dir); d && s->total < BLAST_FD_LOOK;
	     /* NOLINTNEXTLINE(concurrency-mt-unsafe) */
	     d = readdir(dir)) {
		uint64_t number = 0;
		struct blast_fd one = { 0 };
		enum err e = view_dec(view_str(d->d_name), &number);

		if (e != E_OK || number > INT32_MAX)
			continue;
		one.fd = (int)number;
		e = fd_look(pid, pidfd, &one);
		if (e == E_CLOSED)
			continue;
		s->is_partial |= e != E_OK;
		fd_count(s, &one);
	}
}

enum err blast_fd_look(int pid, struct blast_fds *ret)
{
	char path[32];
	AUTO_FD pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	DIR *dir = NULL;

	*ret = (struct blast_fds){ 0 };
	if (pidfd < 0)
		return proc_file_error(errno);
	(void)snprintf(path, sizeof path, "/proc/%d/fd", pid);
	dir = opendir(path);
	if (!dir)
		return proc_file_error(errno);
	fd_each(pid, pidfd, dir, ret);
	(void)closedir(dir);
	ret->is_known = !ret->is_partial || ret->n;
	return E_OK;
}
