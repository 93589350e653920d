/* The outside of a twin: its first process, its board, and its end. */
#include "tool/drill_twin.h"

#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "tool/drill_cgroup.h"
#include "tool/drill_stage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	TWIN_STILL_MS = 90000 /* without a new act or process: long for compiling a configuration */
};

static enum err twin_write(pid_t pid, const char *name, const char *text)
{
	char path[64];
	AUTO_FD fd = -1;

	(void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && fd_write_all(fd, view_str(text)) == E_OK ? E_OK : E_SYS;
}

/* An ordinary user's twin is in a user namespace, in which he is who he is. */
static enum err twin_map_ids(pid_t pid)
{
	char text[64];

	TRY(twin_write(pid, "setgroups", "deny"));
	(void)snprintf(text, sizeof text, "%u %u 1\n", (unsigned)geteuid(), (unsigned)geteuid());
	TRY(twin_write(pid, "uid_map", text));
	(void)snprintf(text, sizeof text, "%u %u 1\n", (unsigned)getegid(), (unsigned)getegid());
	return twin_write(pid, "gid_map", text);
}

static pid_t twin_clone(int *ret_pidfd)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = (uint64_t)(CLONE_PIDFD | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID |
				    CLONE_NEWIPC | CLONE_NEWUTS) |
			 (geteuid() == 0 ? 0 : (uint64_t)CLONE_NEWUSER),
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);

	if (pid > 0)
		*ret_pidfd = pidfd;
	return pid;
}

static enum err twin_fail(struct drill_twin *t, const char *what)
{
	char reason[100] = "";

	(void)snprintf(t->why, sizeof t->why, "%.80s: %s", what,
		       strerror_r(errno, reason, sizeof reason));
	t->state = DRILL_BROKEN;
	return E_SYS;
}

static enum err twin_open(struct drill_twin *t)
{
	(void)snprintf(t->dir, sizeof t->dir, "/tmp/sluis-drill-XXXXXX");
	if (!mkdtemp(t->dir)) {
		t->dir[0] = '\0';
		return twin_fail(t, "a scratch folder");
	}
	if (board_new((uint32_t)t->role, &t->board_fd, &t->board) != E_OK)
		return twin_fail(t, "memory for the board");
	/* What the twin's keeper prints goes behind the board, which does not grow: nowhere */
	(void)lseek(t->board_fd, 0, SEEK_END);
	t->board->first = t->plan->first;
	t->board->last = t->plan->last;
	atomic_store(&t->board->next, t->plan->first);
	t->log_fd = memfd_create("sluis-drill-log", MFD_CLOEXEC);
	return t->log_fd < 0 || fcntl(t->log_fd, F_SETFL, O_APPEND) < 0
		       ? twin_fail(t, "memory for messages")
		       : E_OK;
}

static enum err twin_start(struct drill_twin *t, int pair[2])
{
	struct drill_stage stage = { .plan = t->plan,
				     .board = t->board,
				     .role = t->role,
				     .uid = t->uid,
				     .dir = t->dir,
				     .cgroup = t->cgroup,
				     .board_fd = t->board_fd,
				     .log_fd = t->log_fd,
				     .sync_fd = pair[1] };

	t->pid = twin_clone(&t->pidfd);
	if (t->pid == 0) {
		(void)close(pair[0]);
		drill_stage_run(&stage);
	}
	if (t->pid < 0)
		return twin_fail(t, "namespaces can't be made here (user.max_user_namespaces, "
				    "kernel.unprivileged_userns_clone), or");
	if (geteuid() != 0 && twin_map_ids(t->pid) != E_OK)
		return twin_fail(t, "the user of the twin");
	drill_cgroup_enter(t->cgroup, t->pid);
	return send(pair[0], "", 1, MSG_NOSIGNAL) == 1 ? E_OK : twin_fail(t, "the twin");
}

enum err drill_twin_start(struct drill_twin *t)
{
	int pair[2] = { -1, -1 };
	enum err e = E_OK;

	t->board_fd = t->log_fd = t->pidfd = -1;
	t->began_ms = t->moved_ms = clock_mono_ms();
	TRY(twin_open(t));
	drill_cgroup_new(t->cgroup, sizeof t->cgroup, role_name(t->role));
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return twin_fail(t, "socketpair");
	e = twin_start(t, pair);
	(void)close(pair[0]);
	(void)close(pair[1]);
	if (e == E_OK)
		t->state = DRILL_RUNNING;
	return e;
}

/* The last line that the twin's processes have written: why it did not start, mostly. */
static void twin_last_words(struct drill_twin *t, const char *what)
{
	char text[4096];
	struct stat st = { 0 };
	struct view v = { 0 };
	ssize_t n = -1;
	size_t at = 0;

	if (fstat(t->log_fd, &st) == 0)
		n = pread(t->log_fd, text, sizeof text,
			  st.st_size > (off_t)sizeof text ? st.st_size - (off_t)sizeof text : 0);
	v = view_of(text, n > 0 ? (size_t)n : 0);
	while (v.n && v.p[v.n - 1] == '\n')
		v.n--;
	for (at = v.n; at && v.p[at - 1] != '\n';)
		at--;
	v = view_slice(v, at, v.n);
	(void)snprintf(t->why, sizeof t->why, "%.60s%s%.*s", what, v.n ? ": " : "",
		       (int)(v.n < 120 ? v.n : 120), (const char *)v.p);
	t->state = DRILL_BROKEN;
}

static bool twin_has_ended(const struct drill_twin *t)
{
	struct pollfd p = { .fd = t->pidfd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

void drill_twin_look(struct drill_twin *t)
{
	uint64_t now = clock_mono_ms();
	uint32_t next = atomic_load(&t->board->next), births = atomic_load(&t->board->births);

	if (next != t->seen_next || births != t->seen_births)
		t->moved_ms = now;
	t->seen_next = next;
	t->seen_births = births;
	if (atomic_load(&t->board->is_done)) {
		t->state = DRILL_DONE;
		t->ended_ms = now;
	} else if (twin_has_ended(t)) {
		twin_last_words(t, "the twin ended");
	} else if (now - t->moved_ms > TWIN_STILL_MS) {
		twin_last_words(t, births ? "nothing moves any more" : "no intruder began");
	}
	if (t->state != DRILL_RUNNING)
		drill_twin_end(t);
}

void drill_twin_end(struct drill_twin *t)
{
	siginfo_t info = { 0 };

	if (t->pidfd >= 0) {
		(void)kill(t->pid, SIGKILL);
		(void)waitid(P_PIDFD, (id_t)t->pidfd, &info, WEXITED);
		t->pidfd = fd_close(t->pidfd);
	}
	drill_cgroup_end(t->cgroup);
	if (t->dir[0])
		(void)rmdir(t->dir);
	t->dir[0] = '\0';
	if (t->board_fd >= 0)
		t->board_fd = fd_close(t->board_fd);
	if (t->log_fd >= 0)
		t->log_fd = fd_close(t->log_fd);
}
