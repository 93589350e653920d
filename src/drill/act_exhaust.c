/* Exhaustion: each takes as much as shows that it is not limited, and no more. */
#include "drill/act.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	EXHAUST_PROCESSES = 64,
	EXHAUST_DESCRIPTORS = 4096,
	EXHAUST_BYTES = 64 << 20,
	EXHAUST_FILE = 1 << 20
};

static struct act_got exhaust_processes(struct intruder *x)
{
	long pid[EXHAUST_PROCESSES], n = 0;
	int error = 0;

	(void)x;
	while (n < EXHAUST_PROCESSES) {
		pid[n] = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
		if (pid[n] == 0)
			_exit(0);
		if (pid[n] < 0)
			error = errno;
		if (pid[n] < 0)
			break;
		n++;
	}
	for (long i = 0; i < n; i++)
		(void)waitpid((pid_t)pid[i], NULL, 0);
	return n == EXHAUST_PROCESSES ? act_worked("64 processes") : act_refused(error, NULL);
}

static struct act_got exhaust_threads(struct intruder *x)
{
	char stack[8192];
	long id = syscall(SYS_clone, CLONE_VM | CLONE_THREAD | CLONE_SIGHAND, stack + sizeof stack,
			  NULL, NULL, NULL);

	(void)x;
	if (id == 0)
		for (;;)
			(void)syscall(SYS_exit, 0L);
	return act_from(id);
}

static struct act_got exhaust_duplicates(struct intruder *x)
{
	(void)x;
	for (int i = 0; i < EXHAUST_DESCRIPTORS; i++)
		if (syscall(SYS_dup, STDERR_FILENO) < 0)
			return act_from(-1);
	return act_worked("4096 descriptors");
}

static struct act_got exhaust_pipes(struct intruder *x)
{
	int pair[2];

	(void)x;
	for (int i = 0; i < EXHAUST_DESCRIPTORS / 2; i++)
		if (syscall(SYS_pipe2, pair, (long)(O_NONBLOCK | O_CLOEXEC)) < 0)
			return act_from(-1);
	return act_worked("4096 descriptors of its own");
}

static struct act_got exhaust_epolls(struct intruder *x)
{
	(void)x;
	for (int i = 0; i < EXHAUST_DESCRIPTORS; i++)
		if (syscall(SYS_epoll_create1, 0L) < 0)
			return act_from(-1);
	return act_worked("4096 descriptors");
}

static struct act_got exhaust_eventfds(struct intruder *x)
{
	(void)x;
	return act_from(syscall(SYS_eventfd2, 0L, 0L));
}

static struct act_got exhaust_memory(struct intruder *x)
{
	volatile char *p = (volatile char *)syscall(SYS_mmap, NULL, (long)EXHAUST_BYTES,
						    (long)(PROT_READ | PROT_WRITE),
						    (long)(MAP_PRIVATE | MAP_ANONYMOUS), -1L, 0L);

	(void)x;
	if ((long)p == -1)
		return act_from(-1);
	for (size_t i = 0; i < EXHAUST_BYTES; i += 4096)
		p[i] = 1;
	return act_worked("64 MB of memory");
}

static struct act_got exhaust_locked(struct intruder *x)
{
	(void)x;
	return act_from(syscall(SYS_mlockall, (long)(MCL_CURRENT | MCL_FUTURE)));
}

static struct act_got exhaust_disk(struct intruder *x)
{
	char path[256];
	long fd = syscall(SYS_openat, AT_FDCWD, act_path(x, "filler", path, sizeof path),
			  O_WRONLY | O_CREAT | O_CLOEXEC, 0600L);

	if (fd < 0)
		return act_from(fd);
	return act_from(syscall(SYS_fallocate, fd, 0L, 0L, (long)EXHAUST_FILE));
}

static struct act_got exhaust_given(struct intruder *x)
{
	int error = EBADF;

	(void)x;
	for (long fd = 4; fd < 64; fd++) {
		if (syscall(SYS_fallocate, fd, 0L, 0L, (long)EXHAUST_FILE) == 0)
			return act_worked("a file that it was given grows");
		error = errno;
	}
	return act_refused(error, NULL);
}

static struct act_got exhaust_memory_files(struct intruder *x)
{
	long fd = syscall(SYS_memfd_create, "x", 0L);

	(void)x;
	return fd < 0 ? act_from(fd) : act_from(syscall(SYS_ftruncate, fd, (long)EXHAUST_FILE));
}

static struct act_got exhaust_sleep(struct intruder *x)
{
	struct {
		long s, ns;
	} moment = { 0, 1 };

	(void)x;
	return act_from(syscall(SYS_nanosleep, &moment, NULL));
}

static const struct act exhaust_acts[] = {
	{ .name = "many-processes",
	  .tries = "make 64 processes",
	  .cites = "P11 A22",
	  .run = exhaust_processes },
	{ .name = "threads",
	  .tries = "make a thread",
	  .cites = "P11 A22",
	  .run = exhaust_threads,
	  .flags = ACT_ENDS },
	{ .name = "many-duplicates",
	  .tries = "make descriptors by dup",
	  .cites = "P11 A22",
	  .run = exhaust_duplicates,
	  .flags = ACT_ENDS },
	{ .name = "many-pipes",
	  .tries = "make pipes",
	  .cites = "P11 A22",
	  .run = exhaust_pipes,
	  .flags = ACT_ENDS },
	{ .name = "many-epolls",
	  .tries = "make epoll sets",
	  .cites = "P11 A22",
	  .run = exhaust_epolls,
	  .flags = ACT_ENDS },
	{ .name = "event-descriptor",
	  .tries = "make an eventfd",
	  .cites = "P11 A22",
	  .run = exhaust_eventfds },
	{ .name = "much-memory",
	  .tries = "take 64 MB of memory",
	  .cites = "P11 A22",
	  .run = exhaust_memory,
	  .flags = ACT_ENDS },
	{ .name = "lock-memory",
	  .tries = "lock all its memory",
	  .cites = "P11 A22",
	  .run = exhaust_locked,
	  .unfit = "the limit on locked memory may be lower" },
	{ .name = "fill-disk",
	  .tries = "fill the disk with a file",
	  .cites = "P11 A22",
	  .run = exhaust_disk },
	{ .name = "grow-given",
	  .tries = "grow the files it was given",
	  .cites = "P11 A22",
	  .run = exhaust_given,
	  .unfit = "it was given nothing" },
	{ .name = "memory-files",
	  .tries = "fill memory with memory files",
	  .cites = "P11 A22",
	  .run = exhaust_memory_files },
	{ .name = "sleep",
	  .tries = "wait without end, unseen by its loop",
	  .cites = "P11 A22",
	  .run = exhaust_sleep },
};

const struct act_table act_exhaust = { exhaust_acts, sizeof exhaust_acts / sizeof *exhaust_acts,
				       ACT_EXHAUST };
