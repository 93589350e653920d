/* waitid without a pidfd: nobody here has one. */
#include "sys/orphan.h"

#include "base/view.h"
#include "sys/fd.h"
#include "sys/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum err orphan_reap(pid_t pid, struct process_end *ret)
{
	siginfo_t info = { 0 };

	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG) < 0)
		return log_errno("waitid");
	if (info.si_pid == 0)
		return E_AGAIN;
	ret->is_signal = info.si_code != CLD_EXITED;
	ret->value = info.si_status;
	return E_OK;
}

enum err orphan_next(pid_t *ret)
{
	siginfo_t info = { 0 };

	if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
		return E_AGAIN;
	*ret = info.si_pid;
	return E_OK;
}

enum err orphan_adopt(void)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 ? log_errno("PR_SET_CHILD_SUBREAPER")
							     : E_OK;
}

enum err orphan_kill(pid_t pid)
{
	siginfo_t info = { 0 };

	/* Nobody else takes its number while it was not waited for. */
	if (pid <= 0 || waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
	    info.si_pid != 0)
		return E_CLOSED;
	return kill(pid, SIGKILL) < 0 ? log_errno("kill") : E_OK;
}

/* "1234 (name) S 1 ...": the name may hold anything, and is at most 16 bytes. */
static enum err orphan_parent(struct view stat, pid_t *ret)
{
	uint64_t parent = 0;
	size_t at = 0;

	for (size_t i = 0; i < stat.n; i++)
		if (stat.p[i] == ')')
			at = i + 4;
	stat = view_slice(stat, at, stat.n);
	TRY(view_dec(view_slice(stat, 0, view_find(stat, ' ')), &parent));
	*ret = (pid_t)parent;
	return E_OK;
}

int orphan_open(pid_t pid, pid_t *ret_parent)
{
	char path[32] = "", text[512];
	int fd = (int)syscall(SYS_pidfd_open, pid, 0), stat = -1;
	enum err e = E_SYS;
	ssize_t n = 0;

	(void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	stat = open(path, O_RDONLY | O_CLOEXEC);
	if (stat >= 0)
		n = read(stat, text, sizeof text);
	if (n > 0)
		e = orphan_parent(view_of(text, (size_t)n), ret_parent);
	(void)fd_close(stat);
	/* alive still: what was read is of the process that the descriptor is of */
	if (fd >= 0 && (e != E_OK || syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0) < 0))
		fd = fd_close(fd);
	return fd;
}

bool orphan_exists(pid_t pid)
{
	return kill(pid, 0) == 0 || errno != ESRCH;
}
