/*
 * The child's half of spawn_role, between clone and execve: it gives up everything that its role
 * does not need. Whatever fails is told to the parent, and nothing is executed (promise P5).
 */
#include "sys/spawn_child.h"

#include "sys/caps.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* ipc/role.h says the same; sys knows no roles. */
enum { SPAWN_CHILD_CHANNEL_FD = 3, SPAWN_CHILD_SPARE_FD = 10 };

const char *spawn_child_step_name(int step)
{
	static const char *const names[SPAWN_CHILD_N] = {
		[SPAWN_CHILD_IS_BORN] = "waiting for its ids",
		[SPAWN_CHILD_SIGNALS] = "resetting signals",
		[SPAWN_CHILD_LIMITS] = "setting limits",
		[SPAWN_CHILD_DESCRIPTORS] = "arranging descriptors",
		[SPAWN_CHILD_IDENTITY] = "changing identity",
		[SPAWN_CHILD_CAPABILITIES] = "dropping capabilities",
		[SPAWN_CHILD_EXECUTE] = "executing the program of a role",
	};

	return step > 0 && step < SPAWN_CHILD_N ? names[step] : "starting a role";
}

static enum err spawn_child_meet(const struct spawn_child *c)
{
	struct spawn_child_news news = { .step = SPAWN_CHILD_IS_BORN };
	char byte = 0;

	/* The keeper is not dumpable, and an ordinary user may map the ids of a dumpable child only
	 */
	if (prctl(PR_SET_DUMPABLE, 1) < 0 ||
	    send(c->sync_fd, &news, sizeof news, MSG_NOSIGNAL) != (ssize_t)sizeof news)
		return E_SYS;
	return recv(c->sync_fd, &byte, 1, 0) == 1 ? E_OK : E_SYS;
}

static enum err spawn_child_signals(void)
{
	struct sigaction act = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int s = 1; s < SIGRTMAX; s++)
		if (s != SIGKILL && s != SIGSTOP && sigaction(s, &act, NULL) < 0 && errno != EINVAL)
			return E_SYS;
	(void)sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0 || setsid() < 0)
		return E_SYS;
	return E_OK;
}

static enum err spawn_child_limit(int what, rlim_t n)
{
	struct rlimit r = { n, n };

	return setrlimit((__rlimit_resource_t)what, &r) < 0 ? E_SYS : E_OK;
}

static enum err spawn_child_limits(const struct spawn_spec *spec)
{
	struct rlimit nofile = { 0 };

	TRY(spawn_child_limit(RLIMIT_CORE, 0));
	if (getrlimit(RLIMIT_NOFILE, &nofile) < 0)
		return E_SYS;
	TRY(spawn_child_limit(RLIMIT_NOFILE, spec->nofile && spec->nofile < nofile.rlim_max
						     ? spec->nofile
						     : nofile.rlim_max));
	if (spec->memlock) {
		struct rlimit memlock = { 0 };

		if (getrlimit(RLIMIT_MEMLOCK, &memlock) < 0)
			return E_SYS;
		/* An ordinary user can't raise it; what locks memory says when it is too little */
		if (spawn_child_limit(RLIMIT_MEMLOCK, spec->memlock) != E_OK &&
		    spawn_child_limit(RLIMIT_MEMLOCK, memlock.rlim_max) != E_OK)
			return E_SYS;
	}
	return E_OK;
}

/* 0 = /dev/null, 3 = the channel; what lies above closes itself at the execution. */
static enum err spawn_child_descriptors(const struct spawn_child *c, int *ret_program)
{
	int program = fcntl(c->program_fd, F_DUPFD_CLOEXEC, SPAWN_CHILD_SPARE_FD),
	    channel = fcntl(c->spec->channel_fd, F_DUPFD_CLOEXEC, SPAWN_CHILD_SPARE_FD),
	    null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (program < 0 || channel < 0 || null < 0)
		return E_SYS;
	if (null == STDIN_FILENO) {
		if (fd_set_inherit(null, true) != E_OK)
			return E_SYS;
	} else if (dup2(null, STDIN_FILENO) < 0) {
		return E_SYS;
	}
	if (close_range(SPAWN_CHILD_CHANNEL_FD, ~0u, CLOSE_RANGE_CLOEXEC) < 0 ||
	    dup2(channel, SPAWN_CHILD_CHANNEL_FD) < 0)
		return E_SYS;
	*ret_program = program;
	return E_OK;
}

static enum err spawn_child_identity(const struct spawn_child *c)
{
	(void)umask(077);
	if (chdir("/") < 0 || prctl(PR_SET_KEEPCAPS, 1) < 0)
		return E_SYS;
	if (c->is_root && (setgroups(0, NULL) < 0 || setresgid(c->gid, c->gid, c->gid) < 0 ||
			   setresuid(c->uid, c->uid, c->uid) < 0))
		return E_SYS;
	return E_OK;
}

static enum err spawn_child_capabilities(const struct spawn_child *c)
{
	uint64_t keep = 0;

	if (c->wants_user)
		keep = CAPS_SYS_ADMIN;
	else if (c->is_root && c->spec->wants_read_any)
		keep = CAPS_DAC_READ_SEARCH;
	if (c->is_root || c->wants_user)
		TRY(caps_keep(keep));
	/* After the ids: a change of identity clears the wish to die with the parent */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return E_SYS;
	return E_OK;
}

static int spawn_child_become(const struct spawn_child *c)
{
	char *argv[] = { (char *)(uintptr_t)c->spec->argv0, NULL }, *none[] = { NULL };
	int program = -1;

	if (spawn_child_meet(c) != E_OK)
		return SPAWN_CHILD_IS_BORN;
	if (spawn_child_signals() != E_OK)
		return SPAWN_CHILD_SIGNALS;
	if (spawn_child_limits(c->spec) != E_OK)
		return SPAWN_CHILD_LIMITS;
	if (spawn_child_descriptors(c, &program) != E_OK)
		return SPAWN_CHILD_DESCRIPTORS;
	if (spawn_child_identity(c) != E_OK)
		return SPAWN_CHILD_IDENTITY;
	if (spawn_child_capabilities(c) != E_OK)
		return SPAWN_CHILD_CAPABILITIES;
	(void)execveat(program, "", argv, none, AT_EMPTY_PATH);
	return SPAWN_CHILD_EXECUTE;
}

void spawn_child_run(const struct spawn_child *c)
{
	struct spawn_child_news news = { 0 };
	int spare = fcntl(c->sync_fd, F_DUPFD_CLOEXEC, SPAWN_CHILD_SPARE_FD);

	news.step = spawn_child_become(c);
	news.error = errno;
	/* The socket may have been number 3, which is the channel by then */
	if (send(spare, &news, sizeof news, MSG_NOSIGNAL) < 0)
		_exit(126);
	_exit(127);
}
