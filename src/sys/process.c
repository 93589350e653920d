/* Reaping and signalling children. */
#include "sys/process.h"

#include "sys/log.h"

#include <errno.h>
#include <signal.h>
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

/* What a signal means that nobody sent. */
struct process_fault {
	int signal;
	const char *words;
};

static const struct process_fault process_faults[] = {
	{ SIGSEGV,
	  "SIGSEGV, a fault in memory, or a check of its own that failed (standard error says)" },
	{ SIGBUS, "SIGBUS, a fault in memory" },
	{ SIGABRT,
	  "SIGABRT, it found its stack, its memory or its state wrong (standard error says)" },
	{ SIGILL, "SIGILL, a check that the compiler put into it failed" },
	{ SIGTRAP, "SIGTRAP, a check that the compiler put into it failed" },
	{ SIGFPE, "SIGFPE, a fault in arithmetic" },
	{ SIGSYS,
	  "SIGSYS, its sandbox ended it: a forbidden system call, whose number the kernel's "
	  "log has (type=1326)" },
};

static const struct process_fault *process_fault_of(int signal)
{
	for (size_t i = 0; i < sizeof process_faults / sizeof *process_faults; i++)
		if (process_faults[i].signal == signal)
			return &process_faults[i];
	return NULL;
}

bool process_is_fault(int signal)
{
	return process_fault_of(signal) != NULL;
}

void process_end_put(struct wbuf *w, pid_t pid, const struct process_end *end)
{
	const struct process_fault *f = end->is_signal ? process_fault_of(end->value) : NULL;

	WBUF_LIT(w, "pid ");
	wbuf_dec(w, (uint64_t)pid);
	WBUF_LIT(w, ": ");
	if (f) {
		wbuf_str(w, f->words);
		return;
	}
	wbuf_str(w, end->is_signal ? "killed by signal " : "exited with status ");
	wbuf_dec(w, (uint64_t)end->value);
}

void process_signal(int pidfd, int signal)
{
	if (syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 && errno != ESRCH)
		(void)log_errno("pidfd_send_signal");
}
