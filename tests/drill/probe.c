/*
 * A role that has been taken over, at its first instruction: the table of the role (PROBE_SPEC),
 * the way into the sandbox that every role takes, and one try.
 */
#include "tests/drill/drill.h"

#include "sys/branch.h"
#include "sys/caps.h"
#include "sys/sandbox.h"
#include "sys/sandbox_part.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

extern const struct sandbox_spec PROBE_SPEC;
#ifdef PROBE_UNDER
extern const struct sandbox_spec PROBE_UNDER; /* a cell's: the list that it begins under */
#endif

enum { PROBE_CHANNEL = 3 };

static void answer(int error, const char *text)
{
	struct drill_answer a = { .error = error };
	struct iovec iov = { &a, sizeof a };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	snprintf(a.text, sizeof a.text, "%s", text);
	if (sendmsg(PROBE_CHANNEL, &m, MSG_NOSIGNAL) < 0)
		_exit(9);
}

/* ---- tries: 0 or more when it worked, -1 and errno when not ---- */

static int try_connect(const struct drill_order *o)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons(o->port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -1 : connect(fd, (const struct sockaddr *)&at, sizeof at);
}

static int try_abstract(const struct drill_order *o)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	size_t n = strlen(o->abstract);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(at.sun_path + 1, o->abstract, n);
	return fd < 0 ? -1
		      : connect(fd, (const struct sockaddr *)&at,
				(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n));
}

/* A program that says nothing; the process is gone when it worked, so a child tries. */
static int try_exec(int how)
{
	char *argv[] = { (char *)(uintptr_t) "true", NULL };
	int status = 0;
	pid_t pid = -1;

	if (how == DRILL_MEMFD_EXEC) {
		static char copy[65536];
		int from = open("/bin/true", O_RDONLY), fd = memfd_create("x", 0);
		ssize_t n = 0;

		while (from >= 0 && fd >= 0 && (n = read(from, copy, sizeof copy)) > 0)
			if (write(fd, copy, (size_t)n) != n)
				return -1;
		if (fd < 0 || from < 0)
			return -1;
		pid = fork();
		if (pid == 0) {
			execveat(fd, "", argv, argv + 1, AT_EMPTY_PATH);
			_exit(errno);
		}
	} else {
		pid = vfork();
		if (pid == 0) {
			execve("/bin/true", argv, argv + 1);
			_exit(errno);
		}
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : EFAULT;
	return errno ? -1 : 0;
}

static int try_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid < 0 ? -1 : waitpid(pid, NULL, 0);
}

static int try_branch(void)
{
	int pidfd = -1;
	pid_t pid = branch_off(false, &pidfd);
	siginfo_t info = { 0 };

	if (pid == 0)
		_exit(0);
	return pid < 0 ? -1 : waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED);
}

static int try_ptrace(const struct drill_order *o)
{
	if (ptrace(PTRACE_SEIZE, o->pid, NULL, NULL) < 0)
		return -1;
	ptrace(PTRACE_DETACH, o->pid, NULL, NULL);
	return 0;
}

static int try_read_memory(const struct drill_order *o)
{
	char word[8];
	struct iovec here = { word, sizeof word },
		     there = { (void *)(uintptr_t)o->address, sizeof word };

	return process_vm_readv(o->pid, &here, 1, &there, 1, 0) < 0 ? -1 : 0;
}

static int try_map(int protection)
{
	return mmap(NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1
											      : 0;
}

static int try_mprotect(void *page)
{
	return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static int try_bpf(void)
{
	union bpf_attr a = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1
	};

	return (int)syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof a);
}

static int try_io_uring(void)
{
	static char params[256];

	return (int)syscall(SYS_io_uring_setup, 4, params);
}

static int try_files(const struct drill_order *o)
{
	switch (o->attempt) {
	case DRILL_OPEN_KEY:
		return open(o->key, O_RDONLY | O_CLOEXEC);
	case DRILL_READ_CONFIG:
		return open(o->config, O_RDONLY | O_CLOEXEC);
	case DRILL_WRITE_FILE:
		return open(o->fresh, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	default:
		return open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	}
}

static int try_others(const struct drill_order *o)
{
	switch (o->attempt) {
	case DRILL_SOCKET:
		return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	case DRILL_CONNECT:
		return try_connect(o);
	case DRILL_ABSTRACT:
		return try_abstract(o);
	case DRILL_EXEC:
	case DRILL_MEMFD_EXEC:
		return try_exec((int)o->attempt);
	case DRILL_FORK:
		return try_fork();
	case DRILL_BRANCH:
		return try_branch();
	case DRILL_KILL:
		return kill(o->pid, SIGUSR1);
	case DRILL_SETOWN:
		return fcntl(PROBE_CHANNEL, F_SETOWN, getpid());
	case DRILL_PTRACE:
		return try_ptrace(o);
	case DRILL_READ_MEMORY:
		return try_read_memory(o);
	case DRILL_SYSV_SHM:
		return syscall(SYS_shmat, o->shm, NULL, 010000 /* SHM_RDONLY */) == -1 ? -1 : 0;
	default:
		errno = ENOSYS;
		return -1;
	}
}

static int try_self(const struct drill_order *o, void *page)
{
	switch (o->attempt) {
	case DRILL_MMAP_EXEC:
		return try_map(PROT_READ | PROT_WRITE | PROT_EXEC);
	case DRILL_MPROTECT_EXEC:
		return try_mprotect(page);
	case DRILL_IO_URING:
		return try_io_uring();
	case DRILL_UNSHARE:
		return unshare(CLONE_NEWUSER);
	case DRILL_MOUNT:
		return mount("none", o->mount, "tmpfs", 0, NULL);
	case DRILL_BPF:
		return try_bpf();
	case DRILL_KEYCTL:
		return (int)syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 1);
	case DRILL_SETUID:
		return setresuid(0, 0, 0);
	case DRILL_DUMPABLE:
		return prctl(PR_SET_DUMPABLE, 1);
	default:
		return try_others(o);
	}
}

/* ---- the sandbox, whole or one rule of it ---- */

static enum err enter_part(const struct drill_order *o, const struct sandbox_run *run,
			   struct sandbox_report *report)
{
	struct sandbox_state s = { .spec = &PROBE_SPEC, .run = run };

	s.have = wbuf_of(report->have, sizeof report->have - 1);
	s.weaker = wbuf_of(report->weaker, sizeof report->weaker - 1);
	if (o->rules & DRILL_ROOT)
		TRY(sandbox_root_empty(&s));
	if (o->rules & DRILL_PRIVILEGES)
		TRY(caps_drop());
	if ((o->rules & (DRILL_PRIVILEGES | DRILL_LANDLOCK | DRILL_SECCOMP)) &&
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return E_SYS;
	if (o->rules & DRILL_LANDLOCK)
		TRY(sandbox_landlock_enter(&s));
	return o->rules & DRILL_SECCOMP ? sandbox_seccomp_enter(&s) : E_OK;
}

#ifdef PROBE_UNDER
/* As a cell is born. What its spawner does is to end as it has ended. */
static enum err enter_branched(const struct sandbox_run *run, struct sandbox_report *report)
{
	static struct sandbox_filter filter;
	struct branch_keep keep = { .first = PROBE_CHANNEL + 1, .nofile = 64 };
	siginfo_t info = { 0 };
	int pidfd = -1;
	pid_t pid = -1;

	TRY(sandbox_filter_make(&PROBE_SPEC, &filter));
	TRY(sandbox_enter(&PROBE_UNDER, run, report));
	pid = branch_off(true, &pidfd);
	if (pid < 0)
		return E_SYS;
	if (pid > 0) {
		if (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED) == 0 && info.si_code != CLD_EXITED)
			(void)syscall(SYS_getsid, 0); /* in neither list */
		_exit(info.si_status);
	}
	TRY(branch_keep(&keep, "sluis-cell"));
	return sandbox_filter_enter(&filter);
}
#endif

static enum err enter(const struct drill_order *o, struct sandbox_report *report)
{
	const struct sandbox_path root = { .path = "/", .fd = -1 };
	const struct sandbox_port port = { 1 }; /* not the one that is tried */
	struct sandbox_run run = { .ports = &port, .port_n = 1, .limits_ports = true };

	if (PROBE_SPEC.keeps_root && !PROBE_SPEC.keeps_network) { /* config reads everywhere */
		run.paths = &root;
		run.path_n = 1;
	}
#ifdef PROBE_UNDER
	if (o) /* whatever the rules: a branch has its own */
		return enter_branched(&run, report);
#endif
	if (o->rules == DRILL_ALL)
		return sandbox_enter(&PROBE_SPEC, &run, report);
	return enter_part(o, &run, report);
}

int main(void)
{
	struct drill_order o = { 0 };
	struct sandbox_report report = { 0 };
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	enum err e = E_OK;
	int n = -1;

	if (recv(PROBE_CHANNEL, &o, sizeof o, 0) != (ssize_t)sizeof o || page == MAP_FAILED)
		return 1;
	e = enter(&o, &report);
	if (e != E_OK) {
		answer(EFAULT, report.weaker);
		return 1;
	}
	answer(0, report.have);
	errno = 0;
	if (o.attempt == DRILL_NOTHING)
		n = 0;
	else if (o.attempt >= DRILL_OPEN_KEY && o.attempt <= DRILL_OPEN_PROC)
		n = try_files(&o);
	else
		n = try_self(&o, page);
	answer(n >= 0 ? 0 : errno ? errno : EIO, "");
	_exit(0);
}
