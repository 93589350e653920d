/*
 * The exporter process as the keeper starts it, sandbox and all: spans of edges that lie (A20), a
 * keeper whose messages are wrong, and collectors that answer what no collector should (A18).
 */
#include "ipc/edge_exporter.h"
#include "ipc/keeper_role.h"
#include "ipc/pages.h"
#include "ipc/span.h"
#include "sys/fd.h"
#include "sys/shm.h"
#include "sys/spawn.h"
#include "tests/unit/check.h"
#include "tests/unit/conf/make_image.h"

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TEST_UID = 61198, WAIT_MS = 8000 };

static const char *program;

struct life {
	pid_t pid;
	int keeper, pidfd, collector, page_fd, edge;
	struct page_exporter_page *page;
};

static void tell(struct life *l, uint8_t type, struct view body, const int *fds, unsigned n)
{
	enum err e = frame_send(l->keeper, type, 0, body, fds, n);

	assert_true(e == E_OK || e == E_CLOSED);
}

static int listen_here(uint16_t *ret_port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	*ret_port = ntohs(at.sin_port);
	return fd;
}

static void tell_image(struct life *l, uint16_t port)
{
	static const uint8_t body[4] = { 0 };
	char yaml[512], path[64];
	AUTO_FD text = memfd_create("yaml", 0), fd = -1;
	struct conf_input in = { .path = path, .sink = make_image_print };
	struct conf_result result = { 0 };

	(void)snprintf(yaml, sizeof yaml,
		       "listeners:\n  - {name: a, address: \"127.0.0.1:80\", protocol: http}\n"
		       "backends:\n  - {name: w, servers: [\"127.0.0.1:1\"]}\n"
		       "routes:\n  - {hosts: [\"*\"], backend: w}\n"
		       "tracing: {otlp: \"http://127.0.0.1:%u\"}\n",
		       port);
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", text);
	assert_int_equal(fd_write_all(text, view_str(yaml)), E_OK);
	assert_int_equal(conf_check_file(&in, &result, &fd), E_OK);
	tell(l, KEEPER_IMAGE, view_of(body, sizeof body), &fd, 1);
}

/* A channel as an edge has it; our end. */
static int tell_edge(struct life *l)
{
	static const uint8_t body[3] = { ROLE_EDGE, 0, 0 };
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	tell(l, KEEPER_CHANNEL, view_of(body, sizeof body), &pair[1], 1);
	fd_close(pair[1]);
	return pair[0];
}

static void spawn(struct life *l)
{
	static const uint8_t identity[11] = { ROLE_EXPORTER, 0, 0, 0, 0, 0, 1 };
	static const uint8_t page[4] = { PAGE_EXPORTER, 0, 0, 1 };
	struct spawn_spec spec = { .program = program,
				   .argv0 = "sluis-exporter",
				   .uid = TEST_UID,
				   .gid = TEST_UID,
				   .wants_network = true,
				   .cgroup_fd = -1 };
	const char *why = NULL;
	uint16_t port = 0;
	int pair[2];

	*l = (struct life){ .keeper = -1, .pidfd = -1 };
	l->collector = listen_here(&port);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	spec.channel_fd = pair[1];
	assert_int_equal(spawn_role(&spec, &l->pid, &l->pidfd, &why), E_OK);
	fd_close(pair[1]);
	l->keeper = pair[0];
	assert_int_equal(shm_new("exporter", sizeof *l->page, &l->page_fd), E_OK);
	assert_int_equal(shm_map(l->page_fd, true, (void **)&l->page, NULL), E_OK);
	tell(l, KEEPER_IDENTITY, view_of(identity, sizeof identity), NULL, 0);
	tell_image(l, port);
	tell(l, KEEPER_PAGE, view_of(page, sizeof page), &l->page_fd, 1);
}

/* False: this machine can't keep P4 for it (no Landlock for ports), and it says so. */
static bool ready(struct life *l)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };

	spawn(l);
	tell(l, KEEPER_GO, (struct view){ 0 }, NULL, 0);
	assert_int_equal(frame_receive(l->keeper, buf, &f), E_OK);
	if (f.type != ROLE_READY)
		return false;
	l->edge = tell_edge(l);
	return true;
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
	fd_close(l->collector);
	fd_close(l->page_fd);
	if (l->edge > 0)
		fd_close(l->edge);
	shm_unmap(l->page, sizeof *l->page);
	return status;
}

static int end_in_order(struct life *l)
{
	static const uint8_t body[4] = { 0, 0, 0x10, 0 };

	tell(l, KEEPER_DRAIN, view_of(body, sizeof body), NULL, 0);
	return end(l);
}

static void until(const _Atomic uint64_t *word, uint64_t want)
{
	for (unsigned i = 0; PAGE_GET(*word) < want; i++) {
		if (i == WAIT_MS / 10)
			fail_msg("%lu, not %lu", (unsigned long)PAGE_GET(*word),
				 (unsigned long)want);
		usleep(10 * 1000);
	}
}

static void send_span(const struct life *l)
{
	uint8_t bytes[SPAN_BYTES_MAX];
	struct wbuf w = wbuf_of(bytes, sizeof bytes);
	struct span s = { .kind = SPAN_SERVER,
			  .status = 200,
			  .trace_id = VIEW("4bf92f3577b34da6a3ce929d0e0e4736"),
			  .id = VIEW("00f067aa0ba902b7"),
			  .method = VIEW("GET") };

	span_put(&w, &s);
	assert_int_equal(frame_send(l->edge, EDGE_SPANS, 0, wbuf_view(&w), NULL, 0), E_OK);
}

/* Takes one connection, reads a request with its body, says what it was told, and closes. */
static void collect(const struct life *l, const char *answer)
{
	struct pollfd p = { .fd = l->collector, .events = POLLIN };
	static char in[65536];
	size_t n = 0;
	int fd = -1;

	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	in[0] = '\0';
	fd = accept4(l->collector, NULL, NULL, SOCK_CLOEXEC);
	while (n < sizeof in - 1 && !strstr(in, "}]}]}]}")) {
		ssize_t got = recv(fd, in + n, sizeof in - 1 - n, 0);

		assert_true(got > 0);
		n += (size_t)got;
		in[n] = '\0';
	}
	assert_non_null(strstr(in, "\"traceId\":\"4bf92f3577b34da6a3ce929d0e0e4736\""));
	(void)send(fd, answer, strlen(answer), MSG_NOSIGNAL);
	usleep(50 * 1000);
	fd_close(fd);
}

static void test_spans_arrive(void **state)
{
	struct life l;

	(void)state;
	if (!ready(&l)) {
		(void)end(&l);
		skip();
	}
	send_span(&l);
	collect(&l, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
	until(&l.page->exported, 1);
	assert_int_equal(PAGE_GET(l.page->received), 1);
	assert_int_equal(end_in_order(&l), 0);
}

/* Malformed spans end their channel, and nothing else: another edge is heard. */
static void test_hostile_edges(void **state)
{
	static const struct {
		uint8_t type;
		size_t n;
		uint8_t fill;
	} bad[] = { { EDGE_SPANS, 1, 0 },   { EDGE_SPANS, FRAME_BODY_MAX, 0xff },
		    { EDGE_SPANS, 100, 2 }, { EDGE_SPANS + 1, 100, 0 },
		    { 0, 10, 0 },	    { EDGE_SPANS, 0, 0 } };
	static uint8_t body[FRAME_BODY_MAX];
	struct life l;

	(void)state;
	if (!ready(&l)) {
		(void)end(&l);
		skip();
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		int edge = tell_edge(&l);
		struct pollfd p = { .fd = edge, .events = POLLIN };

		memset(body, bad[i].fill, sizeof body);
		(void)frame_send(edge, bad[i].type, 0, view_of(body, bad[i].n), NULL, 0);
		assert_int_equal(poll(&p, 1, WAIT_MS), 1); /* closed */
		assert_true(recv(edge, body, 1, 0) <= 0);
		fd_close(edge);
	}
	assert_int_equal(PAGE_GET(l.page->received), 0);
	send_span(&l);
	until(&l.page->received, 1);
	collect(&l, "HTTP/1.1 204 No Content\r\n\r\n");
	until(&l.page->exported, 1);
	assert_int_equal(end_in_order(&l), 0);
}

/* Collectors that say what they should not cost the batch, never the process. */
static void test_hostile_collectors(void **state)
{
	static char endless[40000];
	const char *const answers[] = { "nonsense\r\n\r\n",
					"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
					"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\n\r\n",
					endless };
	struct life l;

	(void)state;
	memset(endless, 'a', sizeof endless - 1);
	memcpy(endless, "HTTP/1.1 200 OK\r\nX: ", 20);
	if (!ready(&l)) {
		(void)end(&l);
		skip();
	}
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		send_span(&l);
		collect(&l, answers[i]);
		until(&l.page->dropped, i + 1);
	}
	send_span(&l);
	collect(&l, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
	until(&l.page->exported, 1);
	assert_int_equal(PAGE_GET(l.page->dropped), sizeof answers / sizeof *answers);
	assert_int_equal(end_in_order(&l), 0);
}

/* Boot messages are gone after GO; another role's channel is refused; the end is orderly. */
static void test_wrong_messages(void **state)
{
	static const uint8_t body[8] = { ROLE_DIALER };
	static const uint8_t types[] = { KEEPER_IMAGE, KEEPER_PAGE,   KEEPER_CHANNEL,
					 KEEPER_RING,  KEEPER_SECRET, 200 };

	(void)state;
	for (size_t i = 0; i < sizeof types; i++) {
		struct life l;
		int status = 0, fd = -1;

		if (!ready(&l)) {
			(void)end(&l);
			skip();
		}
		fd = memfd_create("x", 0);
		tell(&l, types[i], view_of(body, types[i] == KEEPER_CHANNEL ? 3 : 4), &fd, 1);
		fd_close(fd);
		status = end(&l);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spans_arrive),
		cmocka_unit_test(test_hostile_edges),
		cmocka_unit_test(test_hostile_collectors),
		cmocka_unit_test(test_wrong_messages),
	};

	assert_true(argc == 2);
	program = argv[1];
	return cmocka_run_group_tests_name("exporter_process", tests, NULL, NULL);
}
