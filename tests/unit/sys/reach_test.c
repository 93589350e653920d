/*
 * The kernel's own answer: a process in the cgroup connects and sends, and what is not in the rules
 * is EPERM. Each check runs in a child that enters the cgroup first. Needs root and cgroup2; says
 * so and is skipped otherwise (exit 77), for then reach_new refuses, which is tested instead.
 */
#include "ipc/reach_rules.h"
#include "sys/reach.h"

#include "../check.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct reach_rule rule(const char *net, uint16_t port, uint8_t protocol)
{
	struct reach_rule r = { .port = port, .protocol = protocol };

	assert_int_equal(ip_net_parse(view_str(net), &r.net), E_OK);
	return r;
}

static socklen_t fill(struct sockaddr_storage *ss, const char *address, uint16_t port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ss;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ss;

	memset(ss, 0, sizeof *ss);
	if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return sizeof *v4;
	}
	if (inet_pton(AF_INET6, address, &v6->sin6_addr) != 1)
		_exit(99);
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	return sizeof *v6;
}

/* A listening TCP socket and a bound UDP one on the same port, so that "allowed" means 0. */
static uint16_t serve(const char *address, int fds[2])
{
	struct sockaddr_storage ss;
	socklen_t n = fill(&ss, address, 0);

	for (;;) {
		fds[0] = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		fds[1] = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		n = fill(&ss, address, 0);
		if (bind(fds[0], (struct sockaddr *)&ss, n) != 0 || listen(fds[0], 16) != 0 ||
		    getsockname(fds[0], (struct sockaddr *)&ss, &n) != 0)
			fail_msg("serve %s: %s", address, strerror(errno));
		if (bind(fds[1], (struct sockaddr *)&ss, n) == 0)
			return ntohs(((struct sockaddr_in *)&ss)->sin_port);
		(void)close(fds[0]);
		(void)close(fds[1]);
	}
}

enum try { TRY_TCP, TRY_UDP_CONNECT, TRY_UDP_SEND, TRY_TCP_FASTOPEN, TRY_SOCKET };

static int attempt(enum try how, const char *address, uint16_t port, int type)
{
	struct sockaddr_storage ss;
	socklen_t n = fill(&ss, address, port);
	int fd = -1, r = -1;

	if (how == TRY_SOCKET) {
		fd = socket(ss.ss_family, type, port);
		return fd < 0 ? errno : 0;
	}
	fd = socket(ss.ss_family,
		    how == TRY_TCP || how == TRY_TCP_FASTOPEN ? SOCK_STREAM : SOCK_DGRAM, 0);
	if (fd < 0)
		return errno;
	if (how == TRY_UDP_SEND)
		r = (int)sendto(fd, "x", 1, 0, (struct sockaddr *)&ss, n);
	else if (how == TRY_TCP_FASTOPEN)
		r = (int)sendto(fd, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, (struct sockaddr *)&ss, n);
	else
		r = connect(fd, (struct sockaddr *)&ss, n);
	return r < 0 ? errno : 0;
}

/* What attempt() says inside the cgroup (errno, or 0). */
static int inside(const struct reach *r, enum try how, const char *address, uint16_t port, int type)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		int fd = openat(r->cgroup_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);

		if (fd < 0 || write(fd, "0", 1) != 1)
			_exit(98);
		_exit(attempt(how, address, port, type));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_not_equal(WEXITSTATUS(status), 98);
	return WEXITSTATUS(status);
}

static void start(struct reach *r, const struct reach_rule *rules, size_t n, uint32_t number)
{
	const char *why = "";
	enum err e = reach_new(rules, n, number, r, &why);

	if (e != E_OK)
		fail_msg("reach_new: %s", why);
}

static void tcp_and_udp_reach_the_listed_ones_only(void **state)
{
	int a[2], b[2], six[2];
	uint16_t port = serve("127.0.0.1", a), other = serve("127.0.0.1", b),
		 port6 = serve("::1", six);
	const struct reach_rule rules[] = {
		rule("127.0.0.1", port, REACH_TCP),
		rule("::1", port6, REACH_TCP),
		rule("127.0.0.1", other, REACH_UDP),
	};
	const struct {
		const char *name;
		enum try how;
		const char *address;
		uint16_t port;
		int want;
	} row[] = {
		{ "the server", TRY_TCP, "127.0.0.1", port, 0 },
		{ "the server, as mapped IPv6", TRY_TCP, "::ffff:127.0.0.1", port, 0 },
		{ "the server by IPv6", TRY_TCP, "::1", port6, 0 },
		{ "another port", TRY_TCP, "127.0.0.1", other, EPERM },
		{ "another port, as mapped IPv6", TRY_TCP, "::ffff:127.0.0.1", other, EPERM },
		{ "another port by IPv6", TRY_TCP, "::1", port, EPERM },
		{ "another address", TRY_TCP, "127.0.0.2", port, EPERM },
		{ "the any address, which the kernel takes for loopback", TRY_TCP, "0.0.0.0", port,
		  EPERM },
		{ "the any address of IPv6", TRY_TCP, "::", port6, EPERM },
		{ "an address outside", TRY_TCP, "192.0.2.1", port, EPERM },
		{ "an IPv6 address outside", TRY_TCP, "2001:db8::1", port6, EPERM },
		{ "fast open to the server", TRY_TCP_FASTOPEN, "127.0.0.1", port, 0 },
		{ "fast open elsewhere", TRY_TCP_FASTOPEN, "127.0.0.1", other, EPERM },
		{ "fast open elsewhere by IPv6", TRY_TCP_FASTOPEN, "::1", other, EPERM },
		{ "UDP to the name server", TRY_UDP_CONNECT, "127.0.0.1", other, 0 },
		{ "UDP to the name server, unconnected", TRY_UDP_SEND, "127.0.0.1", other, 0 },
		{ "UDP to the name server, mapped", TRY_UDP_SEND, "::ffff:127.0.0.1", other, 0 },
		{ "UDP to the server's TCP port", TRY_UDP_CONNECT, "127.0.0.1", port, EPERM },
		{ "UDP to the server's TCP port, unconnected", TRY_UDP_SEND, "127.0.0.1", port,
		  EPERM },
		{ "UDP mapped", TRY_UDP_SEND, "::ffff:127.0.0.1", port, EPERM },
		{ "UDP by IPv6", TRY_UDP_SEND, "::1", port6, EPERM },
		{ "UDP by IPv6, connected", TRY_UDP_CONNECT, "::1", port6, EPERM },
	};
	struct reach r;

	(void)state;
	start(&r, rules, COUNT_OF(rules), 1);
	for (size_t i = 0; i < COUNT_OF(row); i++) {
		int got = inside(&r, row[i].how, row[i].address, row[i].port, 0);

		/* fast open is off by default for clients that have no cookie: it then connects */
		if (got == EINPROGRESS)
			got = 0;
		if (got != row[i].want)
			fail_msg("%s: %s, expected %s", row[i].name, strerror(got),
				 strerror(row[i].want));
	}
	reach_done(&r);
	for (unsigned i = 0; i < 2; i++) {
		(void)close(a[i]);
		(void)close(b[i]);
		(void)close(six[i]);
	}
}

static void networks_match_by_prefix(void **state)
{
	int a[2];
	uint16_t port = serve("127.0.0.1", a);
	const struct reach_rule rules[] = { rule("127.1.0.0/16", port, REACH_TCP) };
	const struct reach_rule any[] = { { .port = port, .protocol = REACH_TCP } };
	struct reach r;

	(void)state;
	start(&r, rules, 1, 2);
	assert_int_equal(inside(&r, TRY_TCP, "127.1.2.3", port, 0), ECONNREFUSED);
	assert_int_equal(inside(&r, TRY_TCP, "127.2.2.3", port, 0), EPERM);
	assert_int_equal(inside(&r, TRY_TCP, "127.0.0.1", port, 0), EPERM);
	reach_done(&r);
	start(&r, any, 1, 3);
	assert_int_equal(inside(&r, TRY_TCP, "127.0.0.1", port, 0), 0);
	assert_int_equal(inside(&r, TRY_TCP, "::1", port, 0), ECONNREFUSED);
	assert_int_equal(inside(&r, TRY_UDP_SEND, "127.0.0.1", port, 0), EPERM);
	assert_int_equal(inside(&r, TRY_TCP, "127.0.0.1", (uint16_t)(port ^ 1), 0), EPERM);
	reach_done(&r);
	(void)close(a[0]);
	(void)close(a[1]);
}

static void no_other_kind_of_socket(void **state)
{
	struct reach r;

	(void)state;
	start(&r, NULL, 0, 4);
	assert_int_equal(inside(&r, TRY_SOCKET, "127.0.0.1", 0, SOCK_STREAM), 0);
	assert_int_equal(inside(&r, TRY_SOCKET, "::1", 0, SOCK_DGRAM), 0);
	assert_int_equal(inside(&r, TRY_SOCKET, "127.0.0.1", IPPROTO_ICMP, SOCK_RAW), EPERM);
	assert_int_equal(inside(&r, TRY_SOCKET, "::1", IPPROTO_ICMPV6, SOCK_RAW), EPERM);
	/* by us, or before by net.ipv4.ping_group_range */
	assert_int_not_equal(inside(&r, TRY_SOCKET, "127.0.0.1", IPPROTO_ICMP, SOCK_DGRAM), 0);
	assert_int_equal(inside(&r, TRY_TCP, "127.0.0.1", 9, 0), EPERM);
	reach_done(&r);
}

/* The same tries outside succeed: it is the cgroup that refuses. */
static void outside_nothing_is_refused(void **state)
{
	int a[2];
	uint16_t port = serve("127.0.0.1", a);
	struct reach r;

	(void)state;
	start(&r, NULL, 0, 5);
	assert_int_equal(attempt(TRY_TCP, "127.0.0.1", port, 0), 0);
	assert_int_equal(attempt(TRY_UDP_SEND, "127.0.0.1", port, 0), 0);
	assert_int_equal(inside(&r, TRY_TCP, "127.0.0.1", port, 0), EPERM);
	reach_done(&r);
	(void)close(a[0]);
	(void)close(a[1]);
}

static void two_live_side_by_side_and_leave_nothing(void **state)
{
	int a[2];
	uint16_t port = serve("127.0.0.1", a);
	const struct reach_rule rules[] = { rule("127.0.0.1", port, REACH_TCP) };
	struct reach first, second;
	struct stat st;
	char name[REACH_NAME_MAX];
	int parent = -1;

	(void)state;
	start(&first, rules, 1, 6);
	{
		/* a process keeps the first one from being swept when the second is made */
		int hold[2];
		pid_t pid = -1;

		assert_int_equal(pipe(hold), 0);
		pid = fork();
		if (pid == 0) {
			int fd = openat(first.cgroup_fd, "cgroup.procs", O_WRONLY);
			char c = 0;

			(void)close(hold[1]);
			if (write(fd, "0", 1) != 1)
				_exit(98);
			_exit(read(hold[0], &c, 1) == 0 ? 0 : 97);
		}
		(void)usleep(100000);
		start(&second, NULL, 0, 7);
		assert_int_equal(inside(&first, TRY_TCP, "127.0.0.1", port, 0), 0);
		assert_int_equal(inside(&second, TRY_TCP, "127.0.0.1", port, 0), EPERM);
		(void)close(hold[1]);
		(void)close(hold[0]);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	}
	parent = dup(first.parent_fd);
	(void)snprintf(name, sizeof name, "%s", first.name);
	assert_int_equal(fstatat(parent, name, &st, 0), 0);
	reach_done(&first);
	reach_done(&second);
	assert_int_equal(fstatat(parent, name, &st, 0), -1);
	reach_done(&first); /* twice does nothing */
	(void)close(parent);
	(void)close(a[0]);
	(void)close(a[1]);
}

static void leftovers_are_swept(void **state)
{
	struct reach r, next;
	struct stat st;

	(void)state;
	start(&r, NULL, 0, 8);
	/* as if this process had died before reach_done */
	start(&next, NULL, 0, 9);
	assert_int_equal(fstatat(next.parent_fd, r.name, &st, 0), -1);
	(void)close(r.cgroup_fd);
	(void)close(r.parent_fd);
	reach_done(&next);
}

static void not_root_is_refused_with_the_reason(void **state)
{
	int status = 0;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		struct reach r;
		const char *why = "";

		if (geteuid() == 0 && setuid(65534) != 0)
			_exit(9);
		_exit(reach_new(NULL, 0, 1, &r, &why) == E_DENIED &&
				      strcmp(why, "not started by root") == 0
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest everywhere[] = {
		cmocka_unit_test(not_root_is_refused_with_the_reason),
	};
	const struct CMUnitTest with_root[] = {
		cmocka_unit_test(tcp_and_udp_reach_the_listed_ones_only),
		cmocka_unit_test(networks_match_by_prefix),
		cmocka_unit_test(no_other_kind_of_socket),
		cmocka_unit_test(outside_nothing_is_refused),
		cmocka_unit_test(two_live_side_by_side_and_leave_nothing),
		cmocka_unit_test(leftovers_are_swept),
	};
	struct reach r;
	const char *why = "";
	int failed = cmocka_run_group_tests(everywhere, NULL, NULL);

	if (failed)
		return failed;
	if (reach_new(NULL, 0, 100, &r, &why) == E_DENIED) {
		fprintf(stderr, "skipped: %s\n", why);
		return geteuid() == 0 && access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0
			       ? 1
			       : 77;
	}
	reach_done(&r);
	return cmocka_run_group_tests(with_root, NULL, NULL);
}
