/* Signals to others. None of them does harm: what counts is that it would have been sent. */
#include "drill/act.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct act_got signal_neighbour(struct intruder *x)
{
	return act_from(syscall(SYS_kill, x->board->scene.pid, (long)SIGURG));
}

static struct act_got signal_all(struct intruder *x)
{
	(void)x;
	return act_from(syscall(SYS_kill, -1L, 0L));
}

static struct act_got signal_first(struct intruder *x)
{
	(void)x;
	return act_from(syscall(SYS_kill, 1L, 0L));
}

static struct act_got signal_parent(struct intruder *x)
{
	(void)x;
	return act_from(syscall(SYS_kill, (long)syscall(SYS_getppid), 0L));
}

static struct act_got signal_thread(struct intruder *x)
{
	return act_from(syscall(SYS_tkill, x->board->scene.pid, (long)SIGURG));
}

static struct act_got signal_group(struct intruder *x)
{
	return act_from(
		syscall(SYS_tgkill, x->board->scene.pid, x->board->scene.pid, (long)SIGURG));
}

static struct act_got signal_queue(struct intruder *x)
{
	siginfo_t info = { .si_signo = SIGURG, .si_code = SI_QUEUE };

	return act_from(syscall(SYS_rt_sigqueueinfo, x->board->scene.pid, (long)SIGURG, &info));
}

static struct act_got signal_pidfd(struct intruder *x)
{
	long fd = syscall(SYS_pidfd_open, x->board->scene.pid, 0L);

	return fd < 0 ? act_from(fd)
		      : act_from(syscall(SYS_pidfd_send_signal, fd, (long)SIGURG, NULL, 0L));
}

static struct act_got signal_owner(struct intruder *x)
{
	return act_from(
		syscall(SYS_fcntl, ROLE_CHANNEL_FD, (long)F_SETOWN, (long)x->board->scene.pid));
}

static struct act_got signal_async(struct intruder *x)
{
	int on = 1;

	(void)x;
	return act_from(syscall(SYS_ioctl, ROLE_CHANNEL_FD, (long)FIOASYNC, &on));
}

static struct act_got signal_outlive(struct intruder *x)
{
	(void)x;
	return act_from(syscall(SYS_prctl, (long)PR_SET_PDEATHSIG, 0L));
}

static struct act_got signal_ignore(struct intruder *x)
{
	struct {
		void (*handler)(int);
		unsigned long flags;
		void (*restorer)(void);
		unsigned long mask;
	} act = { .handler = SIG_IGN };

	(void)x;
	return act_from(syscall(SYS_rt_sigaction, (long)SIGTERM, &act, NULL, 8L));
}

static struct act_got signal_subreaper(struct intruder *x)
{
	(void)x;
	return act_from(syscall(SYS_prctl, (long)PR_SET_CHILD_SUBREAPER, 1L));
}

static struct act_got signal_limit(struct intruder *x)
{
	static const struct {
		unsigned long soft, hard;
	} none = { 0, 0 };

	return act_from(syscall(SYS_prlimit64, x->board->scene.pid, 0L, NULL, NULL) < 0
				? -1
				: syscall(SYS_prlimit64, 0L, 4L, &none, NULL));
}

static const struct act signal_acts[] = {
	{ .name = "signal-neighbour",
	  .tries = "signal a neighbour",
	  .cites = "P11 B",
	  .run = signal_neighbour },
	{ .name = "signal-all",
	  .tries = "signal everybody",
	  .cites = "P11 B",
	  .run = signal_all,
	  .unfit = "nobody else is there to be signalled" },
	{ .name = "signal-first",
	  .tries = "signal the first process it sees",
	  .cites = "P11 B",
	  .run = signal_first },
	{ .name = "signal-parent",
	  .tries = "signal who started it",
	  .cites = "P11 B",
	  .run = signal_parent },
	{ .name = "signal-thread",
	  .tries = "signal a neighbour's thread",
	  .cites = "P11 B",
	  .run = signal_thread },
	{ .name = "signal-thread-of",
	  .tries = "signal a neighbour by tgkill",
	  .cites = "P11 B",
	  .run = signal_group },
	{ .name = "queue-signal",
	  .tries = "queue a signal with a value",
	  .cites = "P11 B",
	  .run = signal_queue },
	{ .name = "signal-by-pidfd",
	  .tries = "signal a neighbour by a pidfd",
	  .cites = "P11 B",
	  .run = signal_pidfd },
	{ .name = "choose-signalled",
	  .tries = "have the kernel signal somebody for it",
	  .cites = "P11 B",
	  .run = signal_owner,
	  .unfit = "it has no channel" },
	{ .name = "signal-by-io",
	  .tries = "have its channel raise signals",
	  .cites = "P11 B",
	  .run = signal_async,
	  .unfit = "it has no channel" },
	{ .name = "outlive-keeper",
	  .tries = "live on when the keeper ends",
	  .cites = "P5 C",
	  .run = signal_outlive },
	{ .name = "ignore-signal",
	  .tries = "ignore SIGTERM",
	  .cites = "P5 C",
	  .run = signal_ignore },
	{ .name = "adopt-processes",
	  .tries = "become the parent of others' children",
	  .cites = "P5 C",
	  .run = signal_subreaper },
	{ .name = "new-session",
	  .tries = "leave its session",
	  .cites = "P5 C",
	  .call = SYS_setsid },
	{ .name = "limit-neighbour",
	  .tries = "change a neighbour's limits",
	  .cites = "P11 I",
	  .run = signal_limit },
};

const struct act_table act_signal = { signal_acts, sizeof signal_acts / sizeof *signal_acts,
				      ACT_SIGNAL };
