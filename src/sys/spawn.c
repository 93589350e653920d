/*
 * Starting a role: the parent's half. It runs in the keeper alone.
 *
 * The hard part is the order: a user namespace must be mapped by the parent before the child can
 * take its identity, and the child must have its namespaces before it executes anything. Both sides
 * meet over a socket pair that the execution closes: an end of file means the program runs.
 */
#include "sys/spawn.h"

#include "sys/fd.h"
#include "sys/log.h"
#include "sys/spawn_child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Longer than any machine needs to set up a few namespaces; the keeper waits for no child longer.
 */
enum { SPAWN_WAIT_MS = 5000 };

static uint64_t spawn_flags(const struct spawn_spec *spec, bool wants_user)
{
	uint64_t flags = (uint64_t)CLONE_PIDFD;

	if (spec->cgroup_fd >= 0)
		flags |= CLONE_INTO_CGROUP;
	if (spec->wants_no_namespaces)
		return flags;
	if (!spec->wants_parents_pids)
		flags |= CLONE_NEWPID;
	flags |= CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
	if (!spec->wants_network)
		flags |= CLONE_NEWNET;
	return wants_user ? flags | CLONE_NEWUSER : flags;
}

/* Raw: glibc has no clone3 that returns twice. One thread, so the child is as after fork. */
static pid_t spawn_clone(const struct spawn_spec *spec, bool wants_user, int *ret_pidfd)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = spawn_flags(spec, wants_user),
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	pid_t pid = -1;

	if (spec->cgroup_fd >= 0)
		args.cgroup = (unsigned)spec->cgroup_fd;
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
	if (pid > 0)
		*ret_pidfd = pidfd;
	return pid;
}

static enum err spawn_write_proc(pid_t pid, const char *name, const char *text)
{
	char path[64] = "";
	AUTO_FD fd = -1;

	(void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || fd_write_all(fd, view_str(text)) != E_OK)
		return log_errno(path);
	return E_OK;
}

/* One id each, mapped to itself. Without root the kernel wants setgroups off first. */
static enum err spawn_map_ids(pid_t pid, const struct spawn_child *c)
{
	char text[64] = "";

	if (!c->is_root)
		TRY(spawn_write_proc(pid, "setgroups", "deny"));
	(void)snprintf(text, sizeof text, "%u %u 1\n", (unsigned)c->uid, (unsigned)c->uid);
	TRY(spawn_write_proc(pid, "uid_map", text));
	(void)snprintf(text, sizeof text, "%u %u 1\n", (unsigned)c->gid, (unsigned)c->gid);
	return spawn_write_proc(pid, "gid_map", text);
}

/* One packet from the child: E_CLOSED when it has executed its program (or died). */
static enum err spawn_wait_child(int sync_fd, struct spawn_child_news *ret)
{
	struct pollfd p = { .fd = sync_fd, .events = POLLIN };
	int ready = 0;
	ssize_t n = 0;

	do {
		ready = poll(&p, 1, SPAWN_WAIT_MS);
	} while (ready < 0 && errno == EINTR);
	if (ready <= 0)
		return ready ? log_errno("poll on a starting role") : E_AGAIN;
	n = recv(sync_fd, ret, sizeof *ret, 0);
	if (n == 0)
		return E_CLOSED;
	return n == (ssize_t)sizeof *ret ? E_OK : E_PROTO;
}

static enum err spawn_follow(int sync_fd, pid_t pid, const struct spawn_child *c)
{
	struct spawn_child_news news = { 0 };
	enum err e = spawn_wait_child(sync_fd, &news);

	if (e == E_OK && news.step == SPAWN_CHILD_IS_BORN) {
		if (c->wants_user)
			TRY(spawn_map_ids(pid, c));
		if (send(sync_fd, "", 1, MSG_NOSIGNAL) != 1)
			return log_errno("a starting role");
		e = spawn_wait_child(sync_fd, &news);
	}
	if (e == E_CLOSED)
		return E_OK;
	if (e == E_OK) {
		errno = news.error;
		return log_errno(spawn_child_step_name(news.step));
	}
	log_line(LOG_ERROR, "%s did not start: %s", c->spec->argv0, err_name(e));
	return E_SYS;
}

static void spawn_end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
	}
}

static enum err spawn_try(struct spawn_child *c, pid_t *ret_pid, int *ret_pidfd)
{
	AUTO_FD here = -1;
	AUTO_FD there = -1;
	AUTO_FD pidfd = -1;
	int pair[2] = { -1, -1 };
	pid_t pid = 0;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return log_errno("socketpair");
	here = pair[0];
	there = pair[1];
	c->sync_fd = there;
	pid = spawn_clone(c->spec, c->wants_user, &pidfd);
	if (pid < 0)
		return E_DENIED; /* errno is the caller's */
	if (pid == 0) {
		here = fd_close(here);
		spawn_child_run(c);
	}
	there = fd_close(there);
	if (spawn_follow(here, pid, c) != E_OK) {
		spawn_end(pid);
		return E_SYS;
	}
	*ret_pid = pid;
	*ret_pidfd = fd_steal(&pidfd);
	return E_OK;
}

enum err spawn_role(const struct spawn_spec *spec, pid_t *ret_pid, int *ret_pidfd,
		    const char **ret_why)
{
	AUTO_FD program = open(spec->program, O_PATH | O_CLOEXEC);
	struct spawn_child c = { .spec = spec, .program_fd = program, .is_root = geteuid() == 0 };
	enum err e = E_OK;

	if (program < 0)
		return log_errno(spec->program);
	c.uid = c.is_root ? spec->uid : geteuid();
	c.gid = c.is_root ? spec->gid : getegid();
	c.wants_user = !spec->wants_no_namespaces && !(c.is_root && spec->wants_read_any);
	e = spawn_try(&c, ret_pid, ret_pidfd);
	if (e == E_DENIED && c.is_root && c.wants_user) {
		/* user.max_user_namespaces may be 0: root can do without one, and the role's
		 * sandbox says what that costs */
		c.wants_user = false;
		e = spawn_try(&c, ret_pid, ret_pidfd);
	}
	if (e == E_DENIED) {
		(void)log_errno("clone3");
		*ret_why = "P5: namespaces can't be made here (look at user.max_user_namespaces "
			   "and kernel.unprivileged_userns_clone, or start as root)";
	}
	return e;
}
