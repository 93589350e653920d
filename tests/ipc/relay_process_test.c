/*
 * The relay process as the keeper starts it, sandbox and all: it passes a datagram on, drains, and
 * takes nothing from its keeper that is not in the table (THREATS A20).
 */
#include "ipc/edge_dialer.h"
#include "ipc/keeper_role.h"
#include "ipc/pages.h"
#include "ipc/ring.h"
#include "sys/fd.h"
#include "sys/shm.h"
#include "sys/spawn.h"
#include "tests/unit/check.h"
#include "tests/unit/conf/make_image.h"

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TEST_UID = 61197, WAIT_MS = 8000 };

static const char *program;

struct life {
	pid_t pid;
	int keeper, pidfd, dialer, server, client;
	struct sockaddr_in listener, server_at;
};

static void tell(struct life *l, uint8_t type, struct view body, const int *fds, unsigned n)
{
	enum err e = frame_send(l->keeper, type, 0, body, fds, n);

	assert_true(e == E_OK || e == E_CLOSED);
}

static int bound(struct sockaddr_in *at)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;
	socklen_t n = sizeof *at;

	*at = (struct sockaddr_in){ .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	assert_int_equal(bind(fd, (struct sockaddr *)at, sizeof *at), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)at, &n), 0);
	return fd;
}

static int connected(const struct sockaddr_in *to)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (const struct sockaddr *)to, sizeof *to), 0);
	return fd;
}

static void tell_image(struct life *l)
{
	static const uint8_t number[4] = { 0, 0, 0, 1 }, slot[2] = { 0 };
	char yaml[512], path[64];
	AUTO_FD text = memfd_create("yaml", 0), fd = -1, listener = bound(&l->listener);
	struct conf_input in = { .path = path, .sink = make_image_print };
	struct conf_result result = { 0 };

	(void)snprintf(yaml, sizeof yaml,
		       "listeners:\n  - {name: a, address: \"127.0.0.1:%u\", protocol: udp, "
		       "backend: w}\n"
		       "backends:\n  - {name: w, servers: [\"127.0.0.1:1\"]}\n",
		       (unsigned)ntohs(l->listener.sin_port));
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", text);
	assert_int_equal(fd_write_all(text, view_str(yaml)), E_OK);
	assert_int_equal(conf_check_file(&in, &result, &fd), E_OK);
	tell(l, KEEPER_IMAGE, view_of(number, sizeof number), &fd, 1);
	tell(l, KEEPER_LISTENER, view_of(slot, sizeof slot), &listener, 1);
}

static void tell_pages(struct life *l)
{
	static const uint8_t health[4] = { PAGE_HEALTH, 0, 0, 0 }, gate[4] = { PAGE_GATE, 0, 0, 0 },
			     load[4] = { PAGE_LOAD, 0, PAGE_LOAD_RELAY, 1 }, ring[7] = { 0 };
	AUTO_FD health_fd = -1, load_fd = -1, gate_fd = -1;
	struct page_gate_page *published = NULL;
	int ring_fds[2] = { -1, -1 };
	void *p = NULL;

	assert_int_equal(shm_new("health", sizeof(struct page_health_page), &health_fd), E_OK);
	assert_int_equal(shm_new("load", sizeof(struct page_load_page), &load_fd), E_OK);
	assert_int_equal(shm_new("data", ring_data_bytes(RING_BYTES_SMALL), &ring_fds[0]), E_OK);
	assert_int_equal(shm_new("cursor", sizeof(struct ring_cursor), &ring_fds[1]), E_OK);
	assert_int_equal(shm_map(ring_fds[0], true, &p, NULL), E_OK);
	ring_init(p, RING_BYTES_SMALL);
	shm_unmap(p, ring_data_bytes(RING_BYTES_SMALL));
	tell(l, KEEPER_PAGE, view_of(health, sizeof health), &health_fd, 1);
	tell(l, KEEPER_PAGE, view_of(load, sizeof load), &load_fd, 1);
	assert_int_equal(shm_new("gate", sizeof *published, &gate_fd), E_OK);
	assert_int_equal(shm_map(gate_fd, true, &p, NULL), E_OK);
	published = p;
	level_page_publish(&published->levels, NULL, 0);
	shm_unmap(p, sizeof *published);
	tell(l, KEEPER_PAGE, view_of(gate, sizeof gate), &gate_fd, 1);
	tell(l, KEEPER_RING, view_of(ring, sizeof ring), ring_fds, 2);
	fd_close(ring_fds[0]);
	fd_close(ring_fds[1]);
}

static void spawn(struct life *l)
{
	static const uint8_t identity[11] = { ROLE_RELAY, 0, 0, 0, 0, 0, 1 };
	static const uint8_t channel[3] = { ROLE_DIALER, 0, 0 };
	struct spawn_spec spec = { .program = program,
				   .argv0 = "sluis-relay",
				   .uid = TEST_UID,
				   .gid = TEST_UID,
				   .cgroup_fd = -1 };
	const char *why = NULL;
	int pair[2];

	*l = (struct life){ .keeper = -1, .pidfd = -1 };
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	spec.channel_fd = pair[1];
	assert_int_equal(spawn_role(&spec, &l->pid, &l->pidfd, &why), E_OK);
	fd_close(pair[1]);
	l->keeper = pair[0];
	l->server = bound(&l->server_at);
	tell(l, KEEPER_IDENTITY, view_of(identity, sizeof identity), NULL, 0);
	tell_image(l);
	tell_pages(l);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	tell(l, KEEPER_CHANNEL, view_of(channel, sizeof channel), &pair[1], 1);
	fd_close(pair[1]);
	l->dialer = pair[0];
	l->client = connected(&l->listener);
}

static void ready(struct life *l)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };

	spawn(l);
	tell(l, KEEPER_GO, (struct view){ 0 }, NULL, 0);
	assert_int_equal(frame_receive(l->keeper, buf, &f), E_OK);
	assert_int_equal(f.type, ROLE_READY);
}

static int end(struct life *l)
{
	int status = 0;

	for (unsigned i = 0; waitpid(l->pid, &status, WNOHANG) == 0; i++) {
		if (i == WAIT_MS / 10)
			kill(l->pid, SIGKILL);
		usleep(10 * 1000);
	}
	fd_close(l->keeper);
	fd_close(l->pidfd);
	fd_close(l->dialer);
	fd_close(l->server);
	fd_close(l->client);
	return status;
}

static int end_in_order(struct life *l)
{
	static const uint8_t body[4] = { 0, 0, 0x10, 0 };

	tell(l, KEEPER_DRAIN, view_of(body, sizeof body), NULL, 0);
	return end(l);
}

static void exchange(struct life *l)
{
	struct pollfd p = { .fd = l->dialer, .events = POLLIN };
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };
	struct sockaddr_in from;
	socklen_t n = sizeof from;
	char got[64];
	int fd = -1;

	assert_int_equal(send(l->client, "question", 8, 0), 8);
	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	assert_int_equal(frame_receive(l->dialer, buf, &f), E_OK);
	assert_int_equal(f.type, EDGE_DIAL);
	assert_int_equal(f.body.n, 8);
	fd = connected(&l->server_at);
	assert_int_equal(frame_send(l->dialer, DIALER_CONNECTED, f.seq, (struct view){ 0 }, &fd, 1),
			 E_OK);
	fd_close(fd);
	p.fd = l->server;
	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	assert_int_equal(recvfrom(l->server, got, sizeof got, 0, (struct sockaddr *)&from, &n), 8);
	assert_int_equal(sendto(l->server, "answer", 6, 0, (struct sockaddr *)&from, n), 6);
	p.fd = l->client;
	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	assert_int_equal(recv(l->client, got, sizeof got, 0), 6);
}

static void test_it_passes_on_and_drains(void **state)
{
	struct life l;
	int status = 0;

	(void)state;
	ready(&l);
	exchange(&l);
	status = end_in_order(&l);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* A drain waits for answers that are due, and not for ever. */
static void test_it_does_not_wait_for_ever(void **state)
{
	struct life l;

	(void)state;
	ready(&l);
	exchange(&l);
	assert_int_equal(send(l.client, "unanswered", 10, 0), 10);
	usleep(50 * 1000);
	assert_int_equal(end_in_order(&l), 0);
}

static void test_it_ends_with_its_keeper(void **state)
{
	struct life l;

	(void)state;
	ready(&l);
	exchange(&l);
	l.keeper = fd_close(l.keeper);
	assert_int_equal(end(&l), 0);
}

static void test_wrong_messages_end_it(void **state)
{
	static const uint8_t body[8] = { ROLE_EDGE };
	static const struct {
		uint8_t type, n;
	} wrong[] = { { KEEPER_PAGE, 4 },    { KEEPER_RING, 7 },     { KEEPER_SECRET, 8 },
		      { KEEPER_CHANNEL, 3 }, { KEEPER_HASH_KEY, 8 }, { 200, 4 } };

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct life l;
		int status = 0, fd = -1;

		ready(&l);
		fd = memfd_create("x", 0);
		tell(&l, wrong[i].type, view_of(body, wrong[i].n), &fd, 1);
		fd_close(fd);
		status = end(&l);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	}
}

/* Without an image, pages or a ring there is no relay, and the keeper is told why. */
static void test_half_a_birth(void **state)
{
	static const uint8_t identity[11] = { ROLE_RELAY, 0, 0, 0, 0, 0, 1 };
	struct spawn_spec spec = { .program = program,
				   .argv0 = "sluis-relay",
				   .uid = TEST_UID,
				   .gid = TEST_UID,
				   .cgroup_fd = -1 };
	struct life l = { .dialer = -1, .server = -1, .client = -1 };
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };
	const char *why = NULL;
	int pair[2], status = 0;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	spec.channel_fd = pair[1];
	assert_int_equal(spawn_role(&spec, &l.pid, &l.pidfd, &why), E_OK);
	fd_close(pair[1]);
	l.keeper = pair[0];
	tell(&l, KEEPER_IDENTITY, view_of(identity, sizeof identity), NULL, 0);
	tell(&l, KEEPER_GO, (struct view){ 0 }, NULL, 0);
	assert_int_equal(frame_receive(l.keeper, buf, &f), E_OK);
	assert_int_equal(f.type, ROLE_FAILED);
	status = end(&l);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_passes_on_and_drains),
		cmocka_unit_test(test_it_does_not_wait_for_ever),
		cmocka_unit_test(test_it_ends_with_its_keeper),
		cmocka_unit_test(test_wrong_messages_end_it),
		cmocka_unit_test(test_half_a_birth),
	};

	assert_true(argc == 2);
	program = argv[1];
	return cmocka_run_group_tests_name("relay_process", tests, NULL, NULL);
}
