/* Programs: starting one, or becoming one. */
#include "drill/act.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const exec_argv[] = { "true", NULL }, *const exec_none[] = { NULL };

static struct act_got exec_path(struct intruder *x)
{
	(void)x;
	return act_from(syscall(SYS_execve, "/bin/true", exec_argv, exec_none));
}

static struct act_got exec_shell(struct intruder *x)
{
	static const char *const argv[] = { "sh", "-c", "exit 0", NULL };

	(void)x;
	return act_from(syscall(SYS_execve, "/bin/sh", argv, exec_none));
}

static struct act_got exec_at(struct intruder *x)
{
	(void)x;
	return act_from(syscall(SYS_execveat, AT_FDCWD, "/bin/true", exec_argv, exec_none, 0));
}

/* By the descriptor of a program that is open for this alone. */
static struct act_got exec_descriptor(struct intruder *x)
{
	long fd = syscall(SYS_openat, AT_FDCWD, "/bin/true", O_PATH | O_CLOEXEC);

	(void)x;
	if (fd < 0)
		return act_from(fd);
	return act_from(syscall(SYS_execveat, fd, "", exec_argv, exec_none, AT_EMPTY_PATH));
}

/* Its channel in the place of a program: only that the call is let through would be news. */
static struct act_got exec_inherited(struct intruder *x)
{
	(void)x;
	return act_from(
		syscall(SYS_execveat, STDIN_FILENO, "", exec_argv, exec_none, AT_EMPTY_PATH));
}

static struct act_got exec_self(struct intruder *x)
{
	(void)x;
	/* A program of a twin without its channel ends at once; elsewhere the free one may too */
	return act_from(syscall(SYS_execve, "/proc/self/exe", exec_none, exec_none));
}

/* The run-time linker starts programs that may not be started. */
static struct act_got exec_linker(struct intruder *x)
{
	static const char *const argv[] = { "ld.so", "/bin/true", NULL };
	static const char *const places[] = { "/lib64/ld-linux-x86-64.so.2",
					      "/lib/ld-linux-aarch64.so.1" };

	(void)x;
	for (unsigned i = 0; i < 2; i++)
		(void)syscall(SYS_execve, places[i], argv, exec_none);
	return act_from(-1);
}

static struct act_got exec_script(struct intruder *x)
{
	char path[256];

	return act_from(syscall(SYS_execve, act_path(x, "script", path, sizeof path), exec_argv,
				exec_none));
}

static struct act_got exec_memory(struct intruder *x)
{
	static const char script[] = "#!/bin/true\n";
	long fd = syscall(SYS_memfd_create, "x", 0);

	(void)x;
	if (fd < 0 || write((int)fd, script, sizeof script - 1) < 0)
		return act_from(-1);
	return act_from(syscall(SYS_execveat, fd, "", exec_argv, exec_none, AT_EMPTY_PATH));
}

/* A process that ends at once; it has worked when it can be waited for. */
static struct act_got exec_born(long pid)
{
	int status = 0;

	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return act_from(pid);
	(void)waitpid((pid_t)pid, &status, 0);
	return act_worked("a process of its own");
}

static struct act_got exec_fork(struct intruder *x)
{
	(void)x;
	/* glibc's fork is clone; this is the old call, where there is one */
#ifdef SYS_fork
	return exec_born(syscall(SYS_fork));
#else
	return exec_born(fork());
#endif
}

static struct act_got exec_clone(struct intruder *x)
{
	(void)x;
	return exec_born(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL));
}

static struct act_got exec_clone3(struct intruder *x)
{
	struct clone_args args = { .exit_signal = SIGCHLD };

	(void)x;
	return exec_born(syscall(SYS_clone3, &args, sizeof args));
}

/* The flags that a spawner's list lets through, and one more. */
static struct act_got exec_clone_parent(struct intruder *x)
{
	(void)x;
	return exec_born(syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL));
}

static struct act_got exec_user_clone(struct intruder *x)
{
	(void)x;
	return exec_born(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL));
}

#if defined(__x86_64__)
/* int 0x80: the numbers of 32-bit programs; 1 is exit there, 20 getpid, 11 execve. */
static struct act_got exec_32bit(struct intruder *x)
{
	long n = 20;

	(void)x;
	__asm__ volatile("int $0x80" : "+a"(n) : : "memory", "r8", "r9", "r10", "r11");
	if (n < 0) {
		errno = (int)-n;
		return act_from(-1);
	}
	return act_worked("system calls of 32-bit programs");
}

/* The x32 half of the table: getppid with the bit that says so. */
static struct act_got exec_x32(struct intruder *x)
{
	(void)x;
	return act_from(syscall(0x40000000 | SYS_getppid));
}
#endif

static const struct act exec_acts[] = {
	{ .name = "execute",
	  .tries = "become another program",
	  .cites = "P5 B",
	  .run = exec_path,
	  .flags = ACT_LEAVES },
	{ .name = "execute-shell",
	  .tries = "become a shell",
	  .cites = "P5 B",
	  .run = exec_shell,
	  .flags = ACT_LEAVES },
	{ .name = "execute-at",
	  .tries = "become another program by execveat",
	  .cites = "P5 B",
	  .run = exec_at,
	  .flags = ACT_LEAVES },
	{ .name = "execute-descriptor",
	  .tries = "become a program that is open",
	  .cites = "P5 B",
	  .run = exec_descriptor,
	  .flags = ACT_LEAVES },
	{ .name = "execute-inherited",
	  .tries = "become what it was given",
	  .cites = "P5 B",
	  .run = exec_inherited,
	  .flags = ACT_LEAVES,
	  .unfit = "/dev/null is no program" },
	{ .name = "execute-itself",
	  .tries = "start itself anew, without a sandbox",
	  .cites = "P5 B",
	  .run = exec_self,
	  .flags = ACT_LEAVES },
	{ .name = "execute-linker",
	  .tries = "have the run-time linker start a program",
	  .cites = "P5 B",
	  .run = exec_linker,
	  .flags = ACT_LEAVES },
	{ .name = "execute-script",
	  .tries = "start a script it left",
	  .cites = "P5 C",
	  .run = exec_script,
	  .flags = ACT_LEAVES },
	{ .name = "execute-memory",
	  .tries = "become a program in memory alone",
	  .cites = "P5 B",
	  .run = exec_memory,
	  .flags = ACT_LEAVES },
	{ .name = "fork", .tries = "make a process", .cites = "P5 B", .run = exec_fork },
	{ .name = "clone", .tries = "make a process by clone", .cites = "P5 B", .run = exec_clone },
	{ .name = "clone3",
	  .tries = "make a process by clone3",
	  .cites = "P5 B",
	  .run = exec_clone3 },
	{ .name = "clone-sibling",
	  .tries = "make a process that its parent has to keep",
	  .cites = "P5 B",
	  .run = exec_clone_parent },
	{ .name = "clone-user",
	  .tries = "make a process with all rights in a user namespace",
	  .cites = "P5 B",
	  .run = exec_user_clone },
#if defined(__x86_64__)
	{ .name = "call-32bit",
	  .tries = "call the kernel as 32-bit programs do",
	  .cites = "P5 B",
	  .run = exec_32bit,
	  .unfit = "kernels without 32-bit programs refuse it" },
	{ .name = "call-x32",
	  .tries = "call the kernel by x32 numbers",
	  .cites = "P5 B",
	  .run = exec_x32,
	  .unfit = "kernels without x32 refuse it" },
#endif
};

const struct act_table act_exec = { exec_acts, sizeof exec_acts / sizeof *exec_acts, ACT_EXEC };
