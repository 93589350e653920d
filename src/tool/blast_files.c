/*
 * A child becomes the user, walks, and sends what it found through a pipe; its rights end with it.
 * Names come from anybody and are passed on as bytes.
 */
#include "tool/blast_files.h"

#include "sys/clock.h"
#include "sys/fd.h"
#include "tool/blast_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FILES_LATE_MS = 10000 /* after which the child is given up */ };

static bool files_set_caps(uint64_t caps)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = (uint32_t)caps, .permitted = (uint32_t)caps },
		{ .effective = (uint32_t)(caps >> 32), .permitted = (uint32_t)(caps >> 32) },
	};

	return syscall(SYS_capset, &head, data) == 0;
}

/* No way back, no core, and no longer than its time. */
static bool files_become(const struct blast_files_who *who)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return false;
	if (geteuid() != 0)
		return who->uid == geteuid();
	return prctl(PR_SET_KEEPCAPS, 1) == 0 && setgroups(who->group_n, who->group) == 0 &&
	       setresgid(who->gid, who->gid, who->gid) == 0 &&
	       setresuid(who->uid, who->uid, who->uid) == 0 && files_set_caps(who->caps);
}

static void files_child(int dir_fd, const struct blast_files_who *who, int to)
{
	static const int status_denied = 2;
	struct blast_files *f = calloc(1, sizeof *f);

	if (!files_become(who))
		_exit(status_denied);
	if (!f || blast_walk(dir_fd, who->within_ms, f) != E_OK)
		_exit(1);
	_exit(fd_write_all(to, view_of(f, sizeof *f)) == E_OK ? 0 : 1);
}

/* All of the answer, or the child is late. */
static enum err files_take(int from, uint64_t within_ms, struct blast_files *f)
{
	struct wbuf w = wbuf_of(f, sizeof *f);
	uint64_t until_ms = clock_mono_ms() + within_ms + FILES_LATE_MS;

	while (w.n < w.cap) {
		struct pollfd p = { .fd = from, .events = POLLIN };
		uint64_t now_ms = clock_mono_ms();
		ssize_t n = 0;

		if (now_ms >= until_ms)
			return E_AGAIN;
		if (poll(&p, 1, (int)(until_ms - now_ms)) < 0 && errno != EINTR)
			return E_SYS;
		n = p.revents ? read(from, &w.p[w.n], w.cap - w.n) : 0;
		if (p.revents && n <= 0)
			return E_SHORT;
		w.n += (size_t)n;
	}
	return E_OK;
}

static enum err files_end(pid_t child, enum err e)
{
	int status = 0;

	if (e != E_OK && e != E_SHORT)
		(void)kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	if (e == E_OK)
		return E_OK;
	return WIFEXITED(status) && WEXITSTATUS(status) == 2 ? E_DENIED : E_SYS;
}

enum err blast_files_look(int dir_fd, const struct blast_files_who *who, struct blast_files *ret)
{
	int pair[2] = { -1, -1 };
	struct blast_files f = { 0 };
	enum err e = E_OK;
	pid_t child = -1;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return E_SYS;
	child = fork();
	if (child == 0)
		files_child(dir_fd, who, pair[1]);
	(void)fd_close(pair[1]);
	if (child > 0)
		e = files_end(child, files_take(pair[0], who->within_ms, &f));
	(void)fd_close(pair[0]);
	if (child < 0 || e != E_OK)
		return child < 0 ? E_SYS : e;
	*ret = f;
	return E_OK;
}
