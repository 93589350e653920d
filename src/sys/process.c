/* Reaping and signalling children. */
#include "sys/process.h"

#include "sys/log.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static enum err process_wait(idtype_t kind, id_t id, struct process_end *ret)
{
	siginfo_t info = { 0 };

	if (waitid(kind, id, &info, WEXITED | WNOHANG) < 0)
		return log_errno("waitid");
	if (info.si_pid == 0)
		return E_AGAIN;
	ret->is_signal = info.si_code != CLD_EXITED;
	ret->value = info.si_status;
	return E_OK;
}

enum err process_reap(int pidfd, struct process_end *ret)
{
	return process_wait(P_PIDFD, (id_t)pidfd, ret);
}

enum err process_reap_pid(pid_t pid, struct process_end *ret)
{
	return process_wait(P_PID, (id_t)pid, ret);
}

enum err process_next_ended(pid_t *ret)
{
	siginfo_t info = { 0 };

	if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
		return E_AGAIN;
	*ret = info.si_pid;
	return E_OK;
}

enum err process_adopt_orphans(void)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 ? log_errno("PR_SET_CHILD_SUBREAPER")
							     : E_OK;
}

bool process_exists(pid_t pid)
{
	return kill(pid, 0) == 0 || errno != ESRCH;
}

void process_signal(int pidfd, int signal)
{
	if (syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 && errno != ESRCH)
		(void)log_errno("pidfd_send_signal");
}
