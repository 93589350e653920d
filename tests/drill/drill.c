/*
 * The drill: every role, taken over at its first instruction, tries what an attacker would (issue:
 * "each try must fail, and the test must fail when the sandbox is switched off").
 *
 *   drill ROLE PROBE [ROLE PROBE ...]
 *
 * Three parts. 1: with no rule at all each try works, so that a failure means something. 2: each
 * rule alone stops the tries it is there for. 3: in each role's whole sandbox, started as the
 * keeper starts it, each try fails. As root, and once more as an ordinary user.
 */
#include "tests/drill/drill.h"

#include "ipc/role.h"
#include "role/keeper/roles.h"
#include "sys/fd.h"
#include "sys/spawn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DRILL_UID = 61190 };

static const char *const try_names[DRILL_TRIES] = {
	[DRILL_NOTHING] = "answer",
	[DRILL_OPEN_KEY] = "open a key file",
	[DRILL_READ_CONFIG] = "read the configuration",
	[DRILL_WRITE_FILE] = "write a file",
	[DRILL_OPEN_PROC] = "open its memory in /proc",
	[DRILL_SOCKET] = "make a socket",
	[DRILL_CONNECT] = "connect elsewhere",
	[DRILL_ABSTRACT] = "connect to a neighbour's abstract socket",
	[DRILL_EXEC] = "execute a program",
	[DRILL_FORK] = "fork",
	[DRILL_BRANCH] = "start a cell",
	[DRILL_KILL] = "signal a neighbour",
	[DRILL_SETOWN] = "choose whom the kernel signals",
	[DRILL_PTRACE] = "trace a neighbour",
	[DRILL_READ_MEMORY] = "read a neighbour's memory",
	[DRILL_MMAP_EXEC] = "map writable code",
	[DRILL_MPROTECT_EXEC] = "make data executable",
	[DRILL_MEMFD_EXEC] = "execute a memory file",
	[DRILL_IO_URING] = "set up io_uring",
	[DRILL_UNSHARE] = "make a user namespace",
	[DRILL_MOUNT] = "mount",
	[DRILL_BPF] = "load BPF",
	[DRILL_KEYCTL] = "use the kernel's key rings",
	[DRILL_SETUID] = "become root",
	[DRILL_DUMPABLE] = "become dumpable",
	[DRILL_SYSV_SHM] = "attach a neighbour's shared memory",
};

/* How a probe is born. */
enum born {
	BORN_PLAIN, /* fork and exec: whatever the drill may, it may */
	BORN_USER,  /* plain, but another user (root only) */
	BORN_SPAWN, /* as the keeper starts a role */
};

struct scene {
	char dir[64];
	struct drill_order order; /* what all tries share */
	pid_t neighbour;
	int listener, abstract, shm;
	uid_t neighbour_uid;
	unsigned passed, failed, skipped;
	const char *as; /* "root" or "user" */
};

/* ---- the neighbourhood ---- */

static int write_file(const char *path, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode);

	if (fd < 0 || write(fd, "x\n", 2) != 2 || fchmod(fd, mode) < 0)
		return -1;
	return close(fd);
}

static int make_files(struct scene *s)
{
	snprintf(s->dir, sizeof s->dir, "/tmp/sluis-drill-XXXXXX");
	if (!mkdtemp(s->dir) || chmod(s->dir, 01777) < 0)
		return -1;
	snprintf(s->order.key, sizeof s->order.key, "%s/key", s->dir);
	snprintf(s->order.config, sizeof s->order.config, "%s/sluis.yaml", s->dir);
	snprintf(s->order.fresh, sizeof s->order.fresh, "%s/fresh", s->dir);
	snprintf(s->order.mount, sizeof s->order.mount, "%s/mount", s->dir);
	if (mkdir(s->order.mount, 0755) < 0)
		return -1;
	/* 0600, as keys are; the configuration may be read by everybody */
	return write_file(s->order.key, 0600) < 0 ? -1 : write_file(s->order.config, 0644);
}

static int make_sockets(struct scene *s)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	socklen_t n = sizeof in;

	snprintf(s->order.abstract, sizeof s->order.abstract, "sluis-drill-%d", (int)getpid());
	memcpy(un.sun_path + 1, s->order.abstract, strlen(s->order.abstract));
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	s->abstract = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(s->listener, (struct sockaddr *)&in, sizeof in) < 0 ||
	    listen(s->listener, 1024) < 0 ||
	    getsockname(s->listener, (struct sockaddr *)&in, &n) < 0 ||
	    bind(s->abstract, (struct sockaddr *)&un,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			     strlen(s->order.abstract))) < 0 ||
	    listen(s->abstract, 1024) < 0)
		return -1;
	s->order.port = ntohs(in.sin_port);
	return 0;
}

/* Somebody to signal, trace and read: the same user as the probes of part 1. */
static int make_neighbour(struct scene *s)
{
	s->shm = (int)syscall(SYS_shmget, IPC_PRIVATE, 4096, IPC_CREAT | 0666);
	s->order.shm = s->shm;
	s->order.address = (uint64_t)(uintptr_t)&try_names;
	s->neighbour = fork();
	if (s->neighbour == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)signal(SIGUSR1, SIG_IGN);
		for (;;)
			(void)pause();
	}
	s->order.pid = s->neighbour;
	return s->neighbour < 0 || s->shm < 0 ? -1 : 0;
}

static void clean_up(struct scene *s)
{
	(void)kill(s->neighbour, SIGKILL);
	(void)waitpid(s->neighbour, NULL, 0);
	(void)syscall(SYS_shmctl, s->shm, IPC_RMID, NULL);
	close(s->listener);
	close(s->abstract);
	(void)unlink(s->order.key);
	(void)unlink(s->order.config);
	(void)unlink(s->order.fresh);
	(void)rmdir(s->order.mount);
	(void)rmdir(s->dir);
}

/* ---- one try ---- */

/* What works must not work on the machine itself: a mount namespace of its own. */
static int shield(void)
{
	return geteuid() != 0 || (unshare(CLONE_NEWNS) == 0 &&
				  mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		       ? 0
		       : -1;
}

/* As fork and exec do it: the channel is 3, nothing else changes, but for what it may mount. */
static pid_t start_plain(const char *probe, int channel, enum born born)
{
	char *argv[] = { (char *)(uintptr_t)probe, NULL }, *none[] = { NULL };
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (shield() < 0)
		_exit(125);
	if (born == BORN_USER && (setresgid(DRILL_UID, DRILL_UID, DRILL_UID) < 0 ||
				  setresuid(DRILL_UID, DRILL_UID, DRILL_UID) < 0))
		_exit(125);
	if (channel == 3)
		(void)fd_set_inherit(3, true);
	else if (dup2(channel, 3) < 0)
		_exit(125);
	execve(probe, argv, none);
	_exit(126);
}

static pid_t start_spawned(const char *probe, int channel, enum role role)
{
	/* A cell begins in its spawner's place */
	const struct roles_row *row = role == ROLE_CELL	     ? roles_row(ROLE_SPAWNER)
				      : role < ROLE_PROGRAMS ? roles_row(role)
							     : NULL;
	struct spawn_spec spec = { .program = probe,
				   .argv0 = "sluis-probe",
				   .channel_fd = channel,
				   .uid = DRILL_UID,
				   .gid = DRILL_UID,
				   .cgroup_fd = -1,
				   .wants_network = row && row->wants_network,
				   .wants_parents_pids = row && row->shares_pids,
				   .wants_read_any = row && row->wants_read_any };
	const char *why = "";
	pid_t pid = -1;
	int pidfd = -1;

	if (spawn_role(&spec, &pid, &pidfd, &why) != E_OK) {
		fprintf(stderr, "spawn: %s\n", why);
		return -1;
	}
	close(pidfd);
	return pid;
}

enum outcome { OUTCOME_WORKED, OUTCOME_DENIED, OUTCOME_KILLED, OUTCOME_BROKEN };

static enum outcome listen_to(int fd, pid_t pid, char *ret_text, size_t cap)
{
	struct drill_answer ready = { .error = -1 }, done = { .error = -1 };
	bool is_ready = recv(fd, &ready, sizeof ready, 0) == (ssize_t)sizeof ready;
	bool is_done = is_ready && recv(fd, &done, sizeof done, 0) == (ssize_t)sizeof done;
	int status = 0;

	(void)waitpid(pid, &status, 0);
	if (!is_ready || ready.error != 0) {
		snprintf(ret_text, cap, "the sandbox did not close: %s", ready.text);
		return OUTCOME_BROKEN;
	}
	if (is_done && done.error == 0) {
		snprintf(ret_text, cap, "worked");
		return OUTCOME_WORKED;
	}
	if (is_done) {
		snprintf(ret_text, cap, "%s", strerror(done.error));
		return OUTCOME_DENIED;
	}
	snprintf(ret_text, cap, "ended by signal %d", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS ? OUTCOME_KILLED : OUTCOME_BROKEN;
}

static enum outcome attempt(const struct scene *s, const char *probe, enum role role,
			    enum born born, uint32_t rules, enum drill_try what, char text[256])
{
	struct drill_order o = s->order;
	int pair[2] = { -1, -1 };
	pid_t pid = -1;
	enum outcome out = OUTCOME_BROKEN;

	snprintf(text, 256, "did not start");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return OUTCOME_BROKEN;
	o.attempt = what;
	o.rules = rules;
	(void)unlink(s->order.fresh);
	pid = born == BORN_SPAWN ? start_spawned(probe, pair[1], role)
				 : start_plain(probe, pair[1], born);
	close(pair[1]);
	if (pid > 0 && send(pair[0], &o, sizeof o, MSG_NOSIGNAL) == (ssize_t)sizeof o)
		out = listen_to(pair[0], pid, text, 256);
	else if (pid > 0)
		(void)waitpid(pid, NULL, 0);
	close(pair[0]);
	return out;
}

static void tell(struct scene *s, bool is_good, const char *who, enum drill_try what,
		 const char *text)
{
	printf("%s %s: %s: %s: %s\n", is_good ? "ok" : "not ok", s->as, who, try_names[what], text);
	if (is_good)
		s->passed++;
	else
		s->failed++;
}

/* ---- part 1: without rules everything works ---- */

/* Why a try can't work here even without a sandbox; NULL: it must. */
static const char *impossible(const struct scene *s, enum drill_try what)
{
	bool is_root = geteuid() == 0;

	(void)s;
	if (!is_root && (what == DRILL_MOUNT || what == DRILL_BPF || what == DRILL_SETUID))
		return "an ordinary user may not, sandbox or none";
	return NULL;
}

static void part_nothing(struct scene *s, const char *probe)
{
	char text[256];

	for (unsigned what = 0; what < DRILL_TRIES; what++) {
		enum drill_try t = (enum drill_try)what;
		const char *why = impossible(s, t);
		enum outcome out = OUTCOME_BROKEN;

		if (why) {
			printf("ok %s: no rule: %s # SKIP %s\n", s->as, try_names[t], why);
			s->skipped++;
			continue;
		}
		out = attempt(s, probe, ROLE_N, BORN_PLAIN, 0, t, text);
		tell(s, out == OUTCOME_WORKED, "no rule", t, text);
	}
}

/* ---- part 2: each rule alone ---- */

struct rule_row {
	const char *name;
	enum born born;
	uint32_t rules;
	bool needs_root;
	uint32_t stops; /* bits 1 << enum drill_try */
};

#define T(what) (1u << DRILL_##what)

static const struct rule_row rules[] = {
	{ "empty root alone", BORN_SPAWN, DRILL_ROOT, false,
	  T(OPEN_KEY) | T(READ_CONFIG) | T(WRITE_FILE) | T(OPEN_PROC) | T(EXEC) },
	{ "Landlock alone", BORN_PLAIN, DRILL_LANDLOCK, false,
	  T(OPEN_KEY) | T(READ_CONFIG) | T(WRITE_FILE) | T(OPEN_PROC) | T(EXEC) | T(CONNECT) |
		  T(ABSTRACT) | T(KILL) | T(PTRACE) | T(READ_MEMORY) },
	{ "seccomp alone", BORN_PLAIN, DRILL_SECCOMP, false,
	  T(OPEN_KEY) | T(READ_CONFIG) | T(WRITE_FILE) | T(OPEN_PROC) | T(SOCKET) | T(CONNECT) |
		  T(ABSTRACT) | T(EXEC) | T(FORK) | T(BRANCH) | T(KILL) | T(SETOWN) | T(PTRACE) |
		  T(READ_MEMORY) | T(MMAP_EXEC) | T(MPROTECT_EXEC) | T(MEMFD_EXEC) | T(IO_URING) |
		  T(UNSHARE) | T(MOUNT) | T(BPF) | T(KEYCTL) | T(SETUID) | T(DUMPABLE) |
		  T(SYSV_SHM) },
	{ "dropped capabilities alone", BORN_PLAIN, DRILL_PRIVILEGES, true, T(MOUNT) | T(BPF) },
	{ "another user alone", BORN_USER, 0, true,
	  T(OPEN_KEY) | T(KILL) | T(PTRACE) | T(READ_MEMORY) | T(SETUID) },
	/* PID, IPC and network namespace; as another user, so only what that does not stop */
	{ "namespaces alone", BORN_SPAWN, 0, false,
	  T(CONNECT) | T(ABSTRACT) | T(KILL) | T(PTRACE) | T(READ_MEMORY) | T(SYSV_SHM) },
};

static void part_rules(struct scene *s, const char *probe)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		const struct rule_row *r = &rules[i];

		if (r->needs_root && geteuid() != 0) {
			printf("ok %s: %s # SKIP needs root\n", s->as, r->name);
			s->skipped++;
			continue;
		}
		for (unsigned what = 0; what < DRILL_TRIES; what++) {
			char text[256];
			enum outcome out = OUTCOME_BROKEN;

			if (!(r->stops & 1u << what))
				continue;
			out = attempt(s, probe, ROLE_N, r->born, r->rules, (enum drill_try)what,
				      text);
			tell(s, out == OUTCOME_DENIED || out == OUTCOME_KILLED, r->name,
			     (enum drill_try)what, text);
		}
	}
}

/* ---- part 3: each role ---- */

/* What a role may do by design; everything else fails. */
static uint32_t permitted(enum role role)
{
	uint32_t may = T(NOTHING);

	if (role == ROLE_CONFIG)
		may |= T(READ_CONFIG);
	/* an ordinary user's roles are the same user: nothing but its list of calls keeps config
	 * from a key file then, and it must open files */
	if (role == ROLE_CONFIG && geteuid() != 0)
		may |= T(OPEN_KEY);
	if (role == ROLE_DIALER || role == ROLE_EXPORTER)
		may |= T(SOCKET);
	if (role == ROLE_SPAWNER)
		may |= T(BRANCH);
	return may;
}

static void part_role(struct scene *s, const char *name, const char *probe)
{
	enum role role = ROLE_N;
	char text[256];

	for (unsigned r = ROLE_CONFIG; r < ROLE_N; r++)
		if (strcmp(role_name((enum role)r), name) == 0)
			role = (enum role)r;
	if (role == ROLE_N) {
		tell(s, false, name, DRILL_NOTHING, "is no role");
		return;
	}
	for (unsigned what = 0; what < DRILL_TRIES; what++) {
		enum outcome out =
			attempt(s, probe, role, BORN_SPAWN, DRILL_ALL, (enum drill_try)what, text);
		bool may = permitted(role) & 1u << what;

		tell(s,
		     may ? out == OUTCOME_WORKED : out == OUTCOME_DENIED || out == OUTCOME_KILLED,
		     name, (enum drill_try)what, text);
	}
}

static int drill(int argc, char **argv, const char *as)
{
	struct scene s = { .as = as, .shm = -1 };

	if (make_files(&s) < 0 || make_sockets(&s) < 0 || make_neighbour(&s) < 0) {
		perror("drill");
		return 1;
	}
	/* The probe of the edge stands for the rules: its table is the shortest that matters */
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "edge") != 0)
			continue;
		part_nothing(&s, argv[i + 1]);
		part_rules(&s, argv[i + 1]);
	}
	for (int i = 1; i + 1 < argc; i += 2)
		part_role(&s, argv[i], argv[i + 1]);
	clean_up(&s);
	printf("# as %s: %u passed, %u failed, %u skipped\n", as, s.passed, s.failed, s.skipped);
	return s.failed || s.passed == 0 ? 1 : 0;
}

static int drill_as_user(int argc, char **argv)
{
	int status = 0;
	pid_t pid = 0;

	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
			_exit(1);
		(void)prctl(PR_SET_DUMPABLE, 1); /* its neighbours may be traced, as a user's are */
		status = drill(argc, argv, "user");
		(void)fflush(stdout);
		_exit(status);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	int failed = 0;

	if (argc < 3 || argc % 2 == 0)
		return 2;
	failed = drill(argc, argv, geteuid() == 0 ? "root" : "user");
	if (geteuid() == 0)
		failed += drill_as_user(argc, argv);
	return failed;
}
