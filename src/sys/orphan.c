/* waitid without a pidfd: nobody here has one. */
#include "sys/orphan.h"

#include "sys/log.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

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

bool orphan_exists(pid_t pid)
{
	return kill(pid, 0) == 0 || errno != ESRCH;
}
