/*
 * spawn_role and sandbox_enter together, as the keeper and a role use them: as root and, in a
 * child that gave root up, as an ordinary user.
 */
#include "sys/fd.h"
#include "sys/spawn.h"
#include "tests/unit/check.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A sanitizer's runtime asks for more system calls, and has its own way to die. */
#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

struct outcome {
	char report[800], answer[800];
	int status;
};

static const char *probe_path;

static void receive(int fd, char *ret, size_t cap)
{
	ssize_t n = recv(fd, ret, cap - 1, 0);

	ret[n > 0 ? n : 0] = '\0';
}

/* Starts the probe, asks for one try, and collects what it said and how it ended. */
static struct outcome ask(char what, const struct spawn_spec *base)
{
	struct outcome o = { 0 };
	struct spawn_spec spec = *base;
	const char *why = NULL;
	pid_t pid = 0;
	int pair[2], pidfd = -1;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	spec.program = probe_path;
	spec.argv0 = "sluis-probe";
	spec.channel_fd = pair[1];
	spec.cgroup_fd = -1;
	assert_int_equal(spawn_role(&spec, &pid, &pidfd, &why), E_OK);
	fd_close(pair[1]);
	assert_int_equal(send(pair[0], &what, 1, 0), 1);
	receive(pair[0], o.report, sizeof o.report);
	receive(pair[0], o.answer, sizeof o.answer);
	assert_int_equal(waitpid(pid, &o.status, 0), pid);
	fd_close(pair[0]);
	fd_close(pidfd);
	return o;
}

static const struct spawn_spec plain = { .uid = 61199, .gid = 61199 };
static const struct spawn_spec reader = { .uid = 61199, .gid = 61199, .wants_read_any = true };

static void test_report(void **state)
{
	struct outcome o = ask('?', &plain);

	(void)state;
	assert_non_null(strstr(o.report, "ok|uid "));
	assert_non_null(strstr(o.report, "userns"));
	assert_non_null(strstr(o.report, "empty root, landlock"));
	assert_non_null(strstr(o.report, "seccomp"));
	assert_string_equal(strrchr(o.report, '|'), "|");
	assert_true(WIFEXITED(o.status) && WEXITSTATUS(o.status) == 0);
}

static void test_reader_ends_up_the_same(void **state)
{
	struct outcome o = ask('c', &reader);

	(void)state;
	assert_non_null(strstr(o.report, "empty root, landlock"));
	assert_string_equal(o.answer, "denied");
}

static void test_tries(void **state)
{
	(void)state;
	assert_string_equal(ask('o', &plain).answer, "denied");
	assert_string_equal(ask('o', &reader).answer, "denied");
	assert_string_equal(ask('c', &plain).answer, "denied");
	assert_string_equal(ask('m', &plain).answer, "done");
}

static void test_kills(void **state)
{
	struct outcome x = { 0 }, s = { 0 };

	(void)state;
	if (IS_SANITIZED)
		skip();
	x = ask('x', &plain);
	s = ask('s', &plain);
	assert_true(WIFSIGNALED(x.status) && WTERMSIG(x.status) == SIGSYS);
	assert_true(WIFSIGNALED(s.status) && WTERMSIG(s.status) == SIGSYS);
}

/* The first process of a PID namespace can't be ended by SIGABRT from inside; abort() goes on. */
static void test_invariant_is_no_sandbox_violation(void **state)
{
	struct outcome o = { 0 };

	(void)state;
	if (IS_SANITIZED)
		skip();
	o = ask('i', &plain);
	assert_true(WIFSIGNALED(o.status));
	assert_int_not_equal(WTERMSIG(o.status), SIGSYS);
}

static void test_network_is_missed(void **state)
{
	struct spawn_spec spec = plain;
	struct outcome o = { 0 };

	(void)state;
	spec.wants_network = true;
	o = ask('?', &spec);
	assert_non_null(strstr(o.report, "denied|"));
	assert_non_null(strstr(o.report, "P4: its network namespace is not empty"));
}

static void test_without_namespaces_is_refused(void **state)
{
	struct spawn_spec spec = plain;

	(void)state;
	spec.wants_no_namespaces = true;
	assert_non_null(strstr(ask('?', &spec).report, "P5: it has no PID namespace"));
}

static void test_missing_program(void **state)
{
	struct spawn_spec spec = plain;
	const char *why = NULL;
	pid_t pid = 0;
	int pidfd = -1;

	(void)state;
	spec.program = "/nonexistent";
	spec.argv0 = "sluis-probe";
	spec.channel_fd = 0;
	spec.cgroup_fd = -1;
	assert_int_equal(spawn_role(&spec, &pid, &pidfd, &why), E_SYS);
	spec.program = "/etc/passwd"; /* opens, but does not execute */
	assert_int_equal(spawn_role(&spec, &pid, &pidfd, &why), E_SYS);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_report),
	cmocka_unit_test(test_reader_ends_up_the_same),
	cmocka_unit_test(test_tries),
	cmocka_unit_test(test_kills),
	cmocka_unit_test(test_invariant_is_no_sandbox_violation),
	cmocka_unit_test(test_network_is_missed),
	cmocka_unit_test(test_without_namespaces_is_refused),
	cmocka_unit_test(test_missing_program),
};

/* The same once more without root, when this is root. */
static int as_user(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
			_exit(1);
		_exit(cmocka_run_group_tests_name("as an ordinary user", tests, NULL, NULL));
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	int failed = 0;

	if (argc != 2)
		return 2;
	probe_path = argv[1];
	failed = cmocka_run_group_tests_name("as started", tests, NULL, NULL);
	if (geteuid() == 0)
		failed += as_user();
	return failed;
}
