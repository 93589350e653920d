/* Calls: connected, refused, timed out, unknown, raced, limited; what the page and the edge see. */
#include "dialer_kit.h"

#include "role/dialer/call.h"
#include "role/dialer/edge_channel.h"
#include "role/dialer/health.h"
#include "role/dialer/keeper_channel.h"
#include "sys/connect.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static struct kit kit;

static void answer_is(uint32_t seq, int type, uint8_t why, int *ret_fd)
{
	uint32_t got_seq = 0;
	uint8_t got_why = 0;
	int fd = -1;

	assert_int_equal(kit_answer(&kit, kit.edge, 3000, &got_seq, &got_why, &fd), type);
	assert_int_equal(got_seq, seq);
	assert_int_equal(got_why, why);
	if (ret_fd)
		*ret_fd = fd;
	else if (fd >= 0)
		(void)close(fd);
}

static void is_usable(int fd, int listener)
{
	int peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC), nodelay = 0;
	socklen_t n = sizeof nodelay;
	char c = 0;

	assert_true(peer >= 0);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, &n), 0);
	assert_int_not_equal(nodelay, 0);
	assert_int_equal(send(fd, "x", 1, MSG_NOSIGNAL), 1);
	assert_int_equal(recv(peer, &c, 1, 0), 1);
	assert_int_equal(c, 'x');
	/* our copy is the last: the dialer has closed its own */
	(void)close(fd);
	assert_int_equal(recv(peer, &c, 1, 0), 0);
	(void)close(peer);
}

static int teardown(void **state)
{
	struct page_health_page *page = kit.page;

	(void)state;
	kit_stop(&kit);
	free(page);
	return 0;
}

static void a_server_is_connected_to(void **state)
{
	uint16_t port = 0;
	int listener = kit_listen("127.0.0.1", 16, &port), fd = -1;

	(void)state;
	kit_image_init(&kit.image);
	kit_pool(&kit.image, "web");
	kit_server(&kit.image, "127.0.0.1", port);
	kit_start(&kit, NULL, NULL);
	kit_edge(&kit);
	kit_dial(kit.edge, 77, 0, 1);
	answer_is(77, DIALER_CONNECTED, 0, &fd);
	is_usable(fd, listener);
	assert_int_equal(PAGE_GET(kit.page->server[0].dials_ok), 1);
	assert_int_equal(PAGE_GET(kit.page->server[0].gen), 1);
	assert_int_equal(kit.d->calls_of_edges, 0);
	(void)close(listener);
}

static void ipv6_is_connected_to(void **state)
{
	uint16_t port = 0;
	int listener = kit_listen("::1", 16, &port), fd = -1;

	(void)state;
	kit_image_init(&kit.image);
	kit_pool(&kit.image, "web");
	kit_server(&kit.image, "::1", port);
	kit_start(&kit, NULL, NULL);
	kit_edge(&kit);
	kit_dial(kit.edge, 1, 0, 1);
	answer_is(1, DIALER_CONNECTED, 0, &fd);
	is_usable(fd, listener);
	(void)close(listener);
}

static void a_unix_server_is_connected_to(void **state)
{
	char directory[] = "/tmp/dialer-XXXXXX", path[64] = "";
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), fd = -1;

	(void)state;
	assert_non_null(mkdtemp(directory));
	(void)snprintf(path, sizeof path, "%s/s", directory);
	(void)snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(listener, 1), 0);
	kit_image_init(&kit.image);
	kit_pool(&kit.image, "web");
	kit_server(&kit.image, path, 0);
	kit_start(&kit, NULL, NULL);
	kit_edge(&kit);
	kit_dial(kit.edge, 5, 0, 1);
	answer_is(5, DIALER_CONNECTED, 0, &fd);
	assert_true(fd >= 0);
	(void)close(fd);
	(void)close(listener);
	(void)unlink(path);
	kit_dial(kit.edge, 6, 0, 1);
	answer_is(6, DIALER_FAILED, DIAL_REFUSED, NULL);
	(void)rmdir(directory);
}

static void refused_unknown_and_unreachable_are_told_apart(void **state)
{
	(void)state;
	kit_image_init(&kit.image);
	kit_pool(&kit.image, "web");
	kit_server(&kit.image, "127.0.0.1", kit_closed_port());
	kit_server(&kit.image, "255.255.255.255", 80); /* broadcast: the kernel refuses at once */
	kit_start(&kit, NULL, NULL);
	kit_edge(&kit);
	kit_dial(kit.edge, 1, 0, 1);
	answer_is(1, DIALER_FAILED, DIAL_REFUSED, NULL);
	kit_dial(kit.edge, 2, 1, 1);
	answer_is(2, DIALER_FAILED, DIAL_UNREACHABLE, NULL);
	kit_dial(kit.edge, 3, 0, 2); /* another generation's server */
	answer_is(3, DIALER_FAILED, DIAL_UNKNOWN, NULL);
	kit_dial(kit.edge, 4, 2, 1);
	answer_is(4, DIALER_FAILED, DIAL_UNKNOWN, NULL);
	kit_dial(kit.edge, 5, UINT32_MAX, 1);
	answer_is(5, DIALER_FAILED, DIAL_UNKNOWN, NULL);
	kit_dial(kit.edge, 6, IMAGE_SERVER_SLOTS, 0);
	answer_is(6, DIALER_FAILED, DIAL_UNKNOWN, NULL);
	assert_int_equal(PAGE_GET(kit.page->server[0].dials_failed), 1);
}

/* A listener whose queue is full drops SYNs: to the dialer that is a server that does not answer.
 */
static int mute_server(uint16_t *ret_port, int fill[4])
{
	int listener = kit_listen("127.0.0.1", 0, ret_port);

	for (unsigned i = 0; i < 4; i++) {
		struct sockaddr_in a = { .sin_family = AF_INET,
					 .sin_port = htons(*ret_port),
					 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(fill[i], (struct sockaddr *)&a, sizeof a);
	}
	return listener;
}

static void a_mute_server_times_out(void **state)
{
	int fill[4], listener = -1;
	uint16_t port = 0;
	uint64_t from = 0;

	(void)state;
	listener = mute_server(&port, fill);
	kit_image_init(&kit.image);
	kit_pool(&kit.image, "web")->connect_ms = 300;
	kit_server(&kit.image, "127.0.0.1", port);
	kit_start(&kit, NULL, NULL);
	kit_edge(&kit);
	kit_turns(&kit, 1);
	from = kit.d->loop.now_ms;
	kit_dial(kit.edge, 9, 0, 1);
	answer_is(9, DIALER_FAILED, DIAL_TIMEOUT, NULL);
	assert_in_range(kit.d->loop.now_ms - from, 290, 600);
	for (unsigned i = 0; i < 4; i++)
		(void)close(fill[i]);
	(void)close(listener);
}

static bool has_no_edge(struct kit *k, void *arg)
{
	(void)arg;
	return k->d->edge_n == 0;
}

static void what_a_gone_edge_wanted_is_dropped(void **state)
{
	int fill[4], listener = -1;
	uint16_t port = 0;

	(void)state;
	listener = mute_server(&port, fill);
	kit_image_init(&kit.image);
	kit_pool(&kit.image, "web")->connect_ms = 5000;
	kit_server(&kit.image, "127.0.0.1", port);
	kit_start(&kit, NULL, NULL);
	kit_edge(&kit);
	for (uint32_t i = 0; i < 100; i++)
		kit_dial(kit.edge, i, 0, 1);
	kit_turns(&kit, 100);
	assert_int_equal(kit.d->calls_of_edges, 100);
	(void)close(kit.edge);
	kit.edge = -1;
	assert_true(kit_until(&kit, 1000, has_no_edge, NULL));
	assert_int_equal(kit.d->calls_of_edges, 0);
	for (unsigned i = 0; i < 4; i++)
		(void)close(fill[i]);
	(void)close(listener);
}

static void one_edge_has_a_limit_and_another_goes_on(void **state)
{
	int fill[4], listener = -1, good = -1, second = -1, fd = -1;
	uint16_t port = 0, good_port = 0;
	uint32_t seq = 0;
	uint8_t why = 0;

	(void)state;
	listener = mute_server(&port, fill);
	good = kit_listen("127.0.0.1", 16, &good_port);
	kit_image_init(&kit.image);
	kit_pool(&kit.image, "web")->connect_ms = 5000;
	kit_server(&kit.image, "127.0.0.1", port);
	kit_server(&kit.image, "127.0.0.1", good_port);
	kit_start(&kit, NULL, NULL);
	kit_edge(&kit);
	second = kit_edge(&kit);
	for (uint32_t i = 0; i < EDGE_CHANNEL_PENDING; i++) {
		kit_dial(kit.edge, i, 0, 1);
		if (i % 64 == 63)
			kit_turns(&kit, 0);
	}
	kit_turns(&kit, 100);
	kit_dial(kit.edge, 5000, 0, 1);
	answer_is(5000, DIALER_FAILED, DIAL_BUSY, NULL);
	kit_dial(second, 6, 1, 1);
	assert_int_equal(kit_answer(&kit, second, 1000, &seq, &why, &fd), DIALER_CONNECTED);
	(void)close(fd);
	(void)close(second);
	for (unsigned i = 0; i < 4; i++)
		(void)close(fill[i]);
	(void)close(listener);
	(void)close(good);
}

/* The edge reads nothing: answers wait in its own calls, and it is not read from either. */
static void an_edge_that_does_not_read_loses_nothing(void **state)
{
	enum { N = 900 };
	static bool seen[N];
	unsigned asked = 0, got = 0;
	uint8_t body[8] = { 0, 0, 0, 0, 0, 0, 0, 1 };

	(void)state;
	kit_image_init(&kit.image);
	kit_pool(&kit.image, "web");
	kit_server(&kit.image, "127.0.0.1", kit_closed_port());
	kit_start(&kit, NULL, NULL);
	kit_edge(&kit);
	for (unsigned tries = 0; asked < N && tries < 400; tries++) {
		while (asked < N &&
		       frame_send(kit.edge, EDGE_DIAL, asked, view_of(body, 8), NULL, 0) == E_OK)
			asked++;
		kit_turns(&kit, 2);
	}
	while (got < asked || asked < N) {
		uint32_t seq = 0;
		uint8_t why = 0;
		int fd = -1;

		if (asked < N &&
		    frame_send(kit.edge, EDGE_DIAL, asked, view_of(body, 8), NULL, 0) == E_OK)
			asked++;
		assert_int_equal(kit_answer(&kit, kit.edge, 2000, &seq, &why, &fd), DIALER_FAILED);
		assert_int_equal(why, DIAL_REFUSED);
		assert_true(seq < N && !seen[seq]);
		seen[seq] = true;
		got++;
	}
	assert_int_equal(got, N);
	assert_int_equal(kit.d->calls_of_edges, 0);
	assert_false(kit.d->edge[0].is_blocked);
}

/* RFC 9293 §3.5: simultaneous open with itself, which a dead local port invites. */
static void a_connection_to_itself_is_none(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	kit_image_init(&kit.image);
	kit_start(&kit, NULL, NULL);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, n), 0);
	assert_int_equal(connect_finish(fd), CONNECT_REFUSED);
	(void)close(fd);
}

static void descriptors_do_not_leak(void **state)
{
	uint16_t port = 0;
	int listener = kit_listen("127.0.0.1", 512, &port), before = -1, after = -1;

	(void)state;
	kit_image_init(&kit.image);
	kit_pool(&kit.image, "web");
	kit_server(&kit.image, "127.0.0.1", port);
	kit_server(&kit.image, "127.0.0.1", kit_closed_port());
	kit_start(&kit, NULL, NULL);
	kit_edge(&kit);
	before = dup(0);
	(void)close(before);
	for (uint32_t i = 0; i < 200; i++) {
		int fd = -1;

		kit_dial(kit.edge, i, i % 2, 1);
		answer_is(i, i % 2 ? DIALER_FAILED : DIALER_CONNECTED, i % 2 ? DIAL_REFUSED : 0,
			  &fd);
		if (fd >= 0)
			(void)close(fd);
	}
	after = dup(0);
	(void)close(after);
	assert_int_equal(before, after);
	(void)close(listener);
}

static void a_draining_dialer_answers_and_ends_with_its_last_channel(void **state)
{
	uint16_t port = 0;
	int listener = kit_listen("127.0.0.1", 16, &port);
	uint8_t body[4] = { 0 };
	struct frame f = { .type = KEEPER_DRAIN, .body = view_of(body, 4) };

	(void)state;
	kit_image_init(&kit.image);
	kit_pool(&kit.image, "web");
	kit_server(&kit.image, "127.0.0.1", port);
	kit_start(&kit, NULL, NULL);
	kit_edge(&kit);
	kit_turns(&kit, 80);
	assert_true(kit.d->is_writer);
	assert_int_not_equal(PAGE_GET(kit.page->beat_mono_ms), 0);
	assert_int_equal(frame_dispatch(&keeper_channel_run, FRAME_RUN, kit.d, &f), E_OK);
	assert_int_equal(PAGE_GET(kit.page->beat_mono_ms), 0);
	kit_dial(kit.edge, 1, 0, 1);
	answer_is(1, DIALER_CONNECTED, 0, NULL);
	kit_turns(&kit, 200);
	assert_false(kit.d->is_over);
	assert_false(kit.d->is_writer);
	assert_int_equal(PAGE_GET(kit.page->beat_mono_ms), 0);
	assert_int_equal(PAGE_GET(kit.page->server[0].dials_ok), 0);
	(void)close(kit.edge);
	kit.edge = -1;
	kit_turns(&kit, 100);
	assert_true(kit.d->is_over);
	(void)close(listener);
}

/* A socket of datagrams on a port of its own. */
static int listen_for_datagrams(uint16_t *ret_port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof at;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, n), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	*ret_port = ntohs(at.sin_port);
	return fd;
}

/* Who asks decides what he gets: the relay sockets of datagrams, an edge nothing where no rule of
 * its own leads there, too (P4). */
static void the_relay_gets_sockets_of_datagrams(void **state)
{
	uint16_t port = 0;
	int server = listen_for_datagrams(&port), fd = -1, type = 0, edge = -1, none = -1;
	uint32_t seq = 0;
	uint8_t why = 0;
	socklen_t n = sizeof type;
	char c = 0;

	(void)state;
	kit_image_init(&kit.image);
	kit_pool(&kit.image, "dns")->is_datagram = 1;
	kit_server(&kit.image, "127.0.0.1", port);
	kit_start(&kit, NULL, NULL);
	kit_relay(&kit);
	kit_dial(kit.edge, 77, 0, 1);
	answer_is(77, DIALER_CONNECTED, 0, &fd);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n), 0);
	assert_int_equal(type, SOCK_DGRAM);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_int_equal(send(fd, "x", 1, 0), 1);
	assert_int_equal(recv(server, &c, 1, 0), 1);
	assert_int_equal(PAGE_GET(kit.page->server[0].dials_ok), 1);
	edge = kit_edge(&kit);
	kit_dial(edge, 5, 0, 1);
	assert_int_equal(kit_answer(&kit, edge, 3000, &seq, &why, &none), DIALER_FAILED);
	assert_int_equal(why, DIAL_UNKNOWN);
	(void)close(edge);
	(void)close(fd);
	(void)close(server);
}

/* A relay that was taken over reaches no server that no listener of datagrams leads to (P4). */
static void the_relay_gets_nothing_else(void **state)
{
	uint16_t port = 0;
	int listener = kit_listen("127.0.0.1", 16, &port);

	(void)state;
	kit_image_init(&kit.image);
	kit_pool(&kit.image, "web");
	kit_server(&kit.image, "127.0.0.1", port);
	kit_start(&kit, NULL, NULL);
	kit_relay(&kit);
	kit_dial(kit.edge, 1, 0, 1);
	answer_is(1, DIALER_FAILED, DIAL_UNKNOWN, NULL);
	assert_int_equal(PAGE_GET(kit.page->server[0].dials_ok), 0);
	(void)close(listener);
}

/* Receivers of the log are the shipper's: an edge that was taken over can't write into somebody's
 * log there, and a shipper that was reaches no application's server (P4). */
static void receivers_of_the_log_are_the_shippers(void **state)
{
	uint16_t port = 0;
	int listener = kit_listen("127.0.0.1", 16, &port), fd = -1, none = -1, shipper = -1;
	uint32_t seq = 0;
	uint8_t why = 0;

	(void)state;
	kit_image_init(&kit.image);
	kit_pool(&kit.image, "web");
	kit_server(&kit.image, "127.0.0.1", port);
	kit_pool(&kit.image, "log-ship-1")->protocol = IMAGE_HTTPS;
	kit.image.pool[1].tls_verify = true;
	kit_server(&kit.image, "127.0.0.1", port);
	kit.image.header.ships = (struct image_range){ .first = 1, .n = 1 };
	kit_start(&kit, NULL, NULL);
	kit_edge(&kit);
	kit_dial(kit.edge, 1, 1, 1);
	answer_is(1, DIALER_FAILED, DIAL_UNKNOWN, NULL);
	shipper = kit_shipper(&kit);
	kit_dial(shipper, 2, 0, 1);
	assert_int_equal(kit_answer(&kit, shipper, 3000, &seq, &why, &none), DIALER_FAILED);
	assert_int_equal(why, DIAL_UNKNOWN);
	kit_dial(shipper, 3, 1, 1);
	assert_int_equal(kit_answer(&kit, shipper, 3000, &seq, &why, &fd), DIALER_CONNECTED);
	assert_true(seq == 3 && fd >= 0);
	(void)close(fd);
	(void)close(shipper);
	(void)close(listener);
}

#define TEST(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_server_is_connected_to),
		TEST(ipv6_is_connected_to),
		TEST(a_unix_server_is_connected_to),
		TEST(refused_unknown_and_unreachable_are_told_apart),
		TEST(a_mute_server_times_out),
		TEST(what_a_gone_edge_wanted_is_dropped),
		TEST(one_edge_has_a_limit_and_another_goes_on),
		TEST(an_edge_that_does_not_read_loses_nothing),
		TEST(a_connection_to_itself_is_none),
		TEST(descriptors_do_not_leak),
		TEST(a_draining_dialer_answers_and_ends_with_its_last_channel),
		TEST(the_relay_gets_sockets_of_datagrams),
		TEST(the_relay_gets_nothing_else),
		TEST(receivers_of_the_log_are_the_shippers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
