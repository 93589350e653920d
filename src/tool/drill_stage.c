/*
 * In this order: nothing of the machine can be written any more; a scratch folder in memory; a
 * /proc of its own; a network in which every address is this machine's; a neighbour. Then the
 * keeper, with the arguments of the instance's and a state directory in the folder.
 */
#include "tool/drill_stage.h"

#include "sys/fd.h"
#include "tool/drill_net.h"
#include "tool/drill_victim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { STAGE_COPY = 8192, STAGE_CURRENT_MAX = 16 << 20 };

static void stage_fail(const char *what) __attribute__((noreturn));

static void stage_fail(const char *what)
{
	char reason[100] = "";

	(void)fprintf(stderr, "%s: %s\n", what, strerror_r(errno, reason, sizeof reason));
	(void)fflush(stderr);
	_exit(1);
}

static long stage_attributes(const char *path, uint64_t set, uint64_t clear, unsigned flags)
{
	struct mount_attr a = { .attr_set = set, .attr_clr = clear };

	return syscall(SYS_mount_setattr, AT_FDCWD, path, flags, &a, sizeof a);
}

/* The twin's keeper makes others below its own. */
static void stage_cgroup(const char *path)
{
	if (!path[0])
		return;
	if (mount(path, path, NULL, MS_BIND, NULL) < 0 ||
	    stage_attributes(path, 0, MOUNT_ATTR_RDONLY, 0) < 0)
		stage_fail(path);
}

static void stage_mounts(const struct drill_stage *s)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		stage_fail("mount");
	if (stage_attributes("/", MOUNT_ATTR_RDONLY, 0, AT_RECURSIVE) < 0)
		stage_fail("making all file systems read-only");
	stage_cgroup(s->cgroup);
	if (mount("sluis-drill", s->dir, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=512m") < 0)
		stage_fail("a scratch folder in memory");
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		stage_fail("a /proc of its own");
}

static void stage_file(const struct drill_stage *s, const char *name, mode_t mode, const char *text)
{
	char path[128];
	AUTO_FD fd = -1;

	(void)snprintf(path, sizeof path, "%s/%s", s->dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0 || fd_write_all(fd, view_str(text)) != E_OK || fchmod(fd, mode) < 0)
		stage_fail(path);
}

static void stage_directory(const struct drill_stage *s, const char *name, mode_t mode, char *ret,
			    size_t cap)
{
	char path[128];

	(void)snprintf(path, sizeof path, "%s/%s", s->dir, name);
	if (mkdir(path, mode) < 0 || chmod(path, mode) < 0)
		stage_fail(path);
	if (ret)
		(void)snprintf(ret, cap, "%s", path);
}

/* What is in force, where the instance keeps it; one that has never changed anything has none. */
static void stage_copy_current(const struct drill_stage *s)
{
	char buf[STAGE_COPY];
	char from[DRILL_PATH + 32], to[DRILL_PATH];
	AUTO_FD in = -1;
	AUTO_FD out = -1;
	size_t left = STAGE_CURRENT_MAX;
	ssize_t n = 0;

	(void)snprintf(from, sizeof from, "%s/config/current", s->plan->state);
	(void)snprintf(to, sizeof to, "%s/state/config/current", s->dir);
	in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (in < 0 && errno == ENOENT)
		return;
	out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (in >= 0 && out >= 0 && left && (n = read(in, buf, sizeof buf)) > 0) {
		if (fd_write_all(out, view_of(buf, (size_t)n)) != E_OK)
			stage_fail(to);
		left = (size_t)n < left ? left - (size_t)n : 0;
	}
	if (in < 0 || out < 0 || n != 0)
		stage_fail(from);
}

/* Open to everybody, but for the key: that a role can't get at them is to be its sandbox's doing.
 */
static void stage_files(const struct drill_stage *s)
{
	struct board_scene *scene = &s->board->scene;

	stage_file(s, "key", 0600, "not a key\n"); /* as keys are: their owner's alone */
	stage_file(s, "log", 0666, "not a log\n");
	stage_file(s, "victim-unlink", 0666, "x\n");
	stage_file(s, "victim-rename", 0666, "x\n");
	stage_file(s, "script", 0777, "#!/bin/true\n");
	stage_directory(s, "mount", 0777, NULL, 0);
	stage_directory(s, "state", 0755, scene->state, sizeof scene->state);
	stage_directory(s, "state/config", 0700, NULL, 0);
	(void)snprintf(scene->dir, sizeof scene->dir, "%s", s->dir);
	(void)snprintf(scene->config, sizeof scene->config, "%s", s->plan->config);
	if (!s->plan->has_own_config && !s->plan->is_bare)
		stage_copy_current(s);
}

/* What a keeper would make: there is none. */
static void stage_files_bare(const struct drill_stage *s)
{
	static const char *const names[] = { "state/authority/sluis.db", "state/store.key",
					     "state/keys/audit.key", "state/audit/head" };

	stage_directory(s, "state/authority", 0755, NULL, 0);
	stage_directory(s, "state/keys", 0755, NULL, 0);
	stage_directory(s, "state/audit", 0755, NULL, 0);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		stage_file(s, names[i], 0600, "x\n");
}

static void stage_descriptors(const struct drill_stage *s)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int board = fcntl(s->board_fd, F_DUPFD_CLOEXEC, 10),
	    log = fcntl(s->log_fd, F_DUPFD_CLOEXEC, 10);

	if (null < 0 || board < 0 || log < 0 || dup2(null, 0) < 0 || dup2(board, BOARD_FD) < 0 ||
	    dup2(log, STDERR_FILENO) < 0 || syscall(SYS_close_range, 3, ~0u, 0) < 0)
		_exit(1);
}

static void stage_execute(const struct drill_stage *s) __attribute__((noreturn));

static void stage_execute(const struct drill_stage *s)
{
	char *argv[DRILL_ARGS + 8], *none[] = { NULL };
	char name[] = "sluis-keeper", state[] = "--state", drill[] = "--drill";
	unsigned n = 0;

	argv[n++] = name;
	for (unsigned i = 0; i < s->plan->arg_n; i++)
		argv[n++] = s->plan->args[i];
	if (!s->plan->is_bare) {
		argv[n++] = state;
		argv[n++] = s->board->scene.state;
		argv[n++] = drill;
		argv[n++] = (char *)(uintptr_t)role_name(s->role);
	}
	argv[n] = NULL;
	(void)execve(s->plan->keeper, argv, none);
	stage_fail(s->plan->keeper);
}

void drill_stage_run(const struct drill_stage *s)
{
	sigset_t none;
	char byte = 0;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)umask(022);
	if (dup2(s->log_fd, STDERR_FILENO) < 0 || recv(s->sync_fd, &byte, 1, 0) != 1 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		_exit(1);
	stage_mounts(s);
	stage_files(s);
	if (s->plan->is_bare)
		stage_files_bare(s);
	if (drill_net_open(&s->board->scene.has_ipv6) != E_OK)
		stage_fail("a network of its own");
	if (drill_victim_start(s->plan, s->board, s->role, s->uid) != E_OK)
		stage_fail("a neighbour");
	stage_descriptors(s);
	stage_execute(s);
}
