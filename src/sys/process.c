/* Reaping and signalling children. */
#include "sys/process.h"

#include "sys/log.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum err process_reap(int pidfd, struct process_end *ret)
{
	siginfo_t info = { 0 };

	if (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG) < 0)
		return log_errno("waitid");
	if (info.si_pid == 0)
		return E_AGAIN;
	ret->is_signal = info.si_code != CLD_EXITED;
	ret->value = info.si_status;
	return E_OK;
}

void process_signal(int pidfd, int signal)
{
	if (syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 && errno != ESRCH)
		(void)log_errno("pidfd_send_signal");
}
