/*
 * The console process as the keeper starts it, sandbox and all: its pages over HTTP, clients that
 * misbehave (A22), a new image while an answer is made, and a keeper whose messages are wrong
 * (A20).
 */
#include "ipc/keeper_role.h"
#include "ipc/pages.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/shm.h"
#include "sys/spawn.h"
#include "tests/unit/check.h"
#include "tests/unit/conf/make_image.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TEST_UID = 61197, ANSWER_MAX = 8 << 20, FLOOD = 80 };

static const char *program;

static const char small_site[] =
	"listeners:\n"
	"  - {name: front, address: \"127.0.0.1:80\", protocol: http}\n"
	"backends:\n"
	"  - {name: web, servers: [{name: one, address: \"127.0.0.1:1\"}]}\n"
	"routes:\n"
	"  - {hosts: [\"*\"], backend: web}\n";

struct life {
	pid_t pid;
	int keeper, pidfd, port;
	int health, load, image;
	struct page_health_page *health_page;
	struct page_load_page *load_page;
};

/* The sealed image of a configuration, as a descriptor. */
static int image_fd(const char *yaml)
{
	char path[64];
	AUTO_FD text = memfd_create("yaml", 0);
	struct conf_input in = { .path = path, .sink = make_image_print };
	struct conf_result result = { 0 };
	int fd = -1;

	snprintf(path, sizeof path, "/proc/self/fd/%d", text);
	assert_int_equal(fd_write_all(text, view_str(yaml)), E_OK);
	assert_int_equal(conf_check_file(&in, &result, &fd), E_OK);
	return fd;
}

static void tell(struct life *l, uint8_t type, struct view body, const int *fds, unsigned n)
{
	enum err e = frame_send(l->keeper, type, 0, body, fds, n);

	assert_true(e == E_OK || e == E_CLOSED);
}

static void tell_page(struct life *l, enum page_kind kind, int fd)
{
	uint8_t body[4] = { (uint8_t)kind, 0, 0, 0 };
	int ro = -1;

	assert_int_equal(shm_reopen_readonly(fd, &ro), E_OK);
	tell(l, KEEPER_PAGE, view_of(body, sizeof body), &ro, 1);
	fd_close(ro);
}

static void tell_image(struct life *l, const char *yaml)
{
	static const uint8_t body[4] = { 0 };
	int fd = image_fd(yaml);

	tell(l, KEEPER_IMAGE, view_of(body, sizeof body), &fd, 1);
	fd_close(fd);
}

static void tell_listener(struct life *l)
{
	static const uint8_t body[2] = { 0xff, 0xff };
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 128), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	l->port = ntohs(at.sin_port);
	tell(l, KEEPER_LISTENER, view_of(body, sizeof body), &fd, 1);
	fd_close(fd);
}

static void spawn(struct life *l)
{
	static const uint8_t identity[11] = { ROLE_CONSOLE };
	struct spawn_spec spec = { .program = program,
				   .argv0 = "sluis-console",
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
	assert_int_equal(shm_new("health", sizeof *l->health_page, &l->health), E_OK);
	assert_int_equal(shm_new("load", sizeof *l->load_page, &l->load), E_OK);
	assert_int_equal(shm_map(l->health, true, (void **)&l->health_page, NULL), E_OK);
	assert_int_equal(shm_map(l->load, true, (void **)&l->load_page, NULL), E_OK);
	tell(l, KEEPER_IDENTITY, view_of(identity, sizeof identity), NULL, 0);
}

static void ready(struct life *l, const char *yaml)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };

	spawn(l);
	tell_image(l, yaml);
	tell_page(l, PAGE_HEALTH, l->health);
	tell_page(l, PAGE_LOAD, l->load);
	tell_listener(l);
	tell(l, KEEPER_GO, (struct view){ 0 }, NULL, 0);
	assert_int_equal(frame_receive(l->keeper, buf, &f), E_OK);
	if (f.type != ROLE_READY)
		fail_msg("not ready: %.*s", (int)f.body.n, (const char *)f.body.p);
}

static int end(struct life *l)
{
	int status = 0;

	for (unsigned i = 0; waitpid(l->pid, &status, WNOHANG) == 0; i++) {
		if (i == 300)
			kill(l->pid, SIGKILL);
		usleep(10 * 1000);
	}
	fd_close(l->keeper);
	fd_close(l->pidfd);
	shm_unmap(l->health_page, sizeof *l->health_page);
	shm_unmap(l->load_page, sizeof *l->load_page);
	fd_close(l->health);
	fd_close(l->load);
	return status;
}

static int end_in_order(struct life *l)
{
	static const uint8_t body[4] = { 0, 0, 1, 0 };

	tell(l, KEEPER_DRAIN, view_of(body, sizeof body), NULL, 0);
	return end(l);
}

static int dial(const struct life *l)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)l->port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval limit = { .tv_sec = 5 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	size_t n = strlen(text);

	assert_int_equal(send(fd, text, n, MSG_NOSIGNAL), n);
}

/* Everything until the other side closes. */
static char *hear_all(int fd, size_t *ret_n)
{
	char *p = malloc(ANSWER_MAX);
	size_t n = 0;
	ssize_t got = 0;

	do {
		got = recv(fd, p + n, ANSWER_MAX - 1 - n, 0);
		n += got > 0 ? (size_t)got : 0;
	} while (got > 0);
	p[n] = '\0';
	if (ret_n)
		*ret_n = n;
	return p;
}

static char *ask(const struct life *l, const char *request)
{
	int fd = dial(l);
	char *answer = NULL;

	say(fd, request);
	answer = hear_all(fd, NULL);
	close(fd);
	return answer;
}

static bool has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

static void check(struct life *l, const char *request, const char *status, const char *part)
{
	char *answer = ask(l, request);

	if (!has(answer, status) || !has(answer, part))
		fail_msg("%s gave: %s", request, answer);
	free(answer);
}

#define CLOSE "Host: x\r\nConnection: close\r\n\r\n"

static void test_answers(void **state)
{
	struct life l;
	char *answer = NULL;

	(void)state;
	ready(&l, small_site);
	check(&l, "GET /metrics HTTP/1.1\r\n" CLOSE, "HTTP/1.1 200 OK\r\n", "sluis_build_info{");
	check(&l, "GET /metrics?x=1 HTTP/1.1\r\n" CLOSE, "200 OK", "text/plain; version=0.0.4");
	check(&l, "GET /metrics HTTP/1.0\r\n\r\n", "200 OK",
	      "sluis_server_up{pool=\"web\",server=\"one\"} 1");
	check(&l, "GET / HTTP/1.1\r\n" CLOSE, "404 Not Found", "/metrics");
	check(&l, "GET //metrics HTTP/1.1\r\n" CLOSE, "404 Not Found", "");
	check(&l, "POST /metrics HTTP/1.1\r\nContent-Length: 0\r\n" CLOSE, "405 ",
	      "Allow: GET, HEAD");
	check(&l, "GET /metrics HTTP/1.1\r\nContent-Length: 5\r\n" CLOSE, "413 ", "");
	check(&l, "GET /metrics HTTP/1.1\r\n\r\n", "400 ", "");
	check(&l, "GET /metrics HTTP/1.1\nHost: x\n\n", "400 ", "");
	check(&l, "\x16\x03\x01\x02\r\n\r\n", "400 ", "");
	answer = ask(&l, "HEAD /metrics HTTP/1.1\r\n" CLOSE);
	assert_true(has(answer, "200 OK") && !has(answer, "sluis_build_info"));
	free(answer);
	check(&l, "GET /healthz HTTP/1.1\r\n" CLOSE, "503 ", "the dialer gives no sign of life");
	PAGE_SET(l.health_page->beat_mono_ms, clock_mono_ms());
	check(&l, "GET /healthz HTTP/1.1\r\n" CLOSE, "503 ", "no edge");
	PAGE_SET(l.load_page->loops, 1);
	usleep(1200 * 1000);
	PAGE_SET(l.health_page->beat_mono_ms, clock_mono_ms());
	check(&l, "GET /healthz HTTP/1.1\r\n" CLOSE, "200 OK", "ok\n");
	assert_int_equal(end_in_order(&l), 0);
}

/* Two requests at once and byte by byte on one connection; answers in order. */
static void test_keep_alive(void **state)
{
	static const char two[] = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
				  "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
	struct life l;
	char *answer = NULL;
	int fd = -1;

	(void)state;
	ready(&l, small_site);
	fd = dial(&l);
	say(fd, two);
	say(fd, two);
	for (const char *p = "GET /nothing HTTP/1.1\r\n" CLOSE; *p; p++) {
		char one[2] = { *p, '\0' };

		say(fd, one);
	}
	answer = hear_all(fd, NULL);
	assert_true(strstr(answer, "503 ") < strstr(answer, "sluis_build_info"));
	assert_true(has(answer, "0\r\n\r\nHTTP/1.1 503"));
	assert_true(has(answer, "0\r\n\r\nHTTP/1.1 404"));
	free(answer);
	close(fd);
	assert_int_equal(end_in_order(&l), 0);
}

static char *large_site(void)
{
	size_t cap = 1 << 20, n = 0;
	char *y = malloc(cap);

	n += (size_t)snprintf(y, cap, "%s",
			      "listeners:\n"
			      "  - {name: front, address: \"127.0.0.1:80\", protocol: http}\n"
			      "routes:\n  - {hosts: [\"*\"], backend: big}\n"
			      "backends:\n  - name: big\n    servers:\n");
	for (unsigned i = 0; i < 1500; i++)
		n += (size_t)snprintf(y + n, cap - n,
				      "      - {name: s%u, address: \"127.0.0.1:%u\"}\n", i,
				      i + 1000);
	return y;
}

/* A page of megabytes, read slowly, while the image changes: it stays the old one to its end. */
static void test_large_and_slow(void **state)
{
	struct life l;
	char *yaml = large_site(), *answer = NULL;
	size_t n = 0;
	int fd = -1, small = 65536;

	(void)state;
	ready(&l, yaml);
	fd = dial(&l);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	say(fd, "GET /metrics HTTP/1.1\r\n" CLOSE);
	usleep(100 * 1000);
	for (unsigned i = 0; i < 5; i++)
		tell_image(&l, small_site);
	usleep(100 * 1000);
	check(&l, "GET /metrics HTTP/1.1\r\n" CLOSE, "200 OK", "pool=\"web\"");
	answer = hear_all(fd, &n);
	assert_true(n > 2 << 20);
	assert_true(has(answer, "sluis_server_reuses_total{pool=\"big\",server=\"s1499\"} 0"));
	assert_false(has(answer, "pool=\"web\""));
	assert_int_equal(memcmp(answer + n - 5, "0\r\n\r\n", 5), 0);
	close(fd);
	free(answer);
	free(yaml);
	assert_int_equal(end_in_order(&l), 0);
}

/* More clients than there is room for: the others are served, and room comes back. */
static void test_flood(void **state)
{
	struct life l;
	int fd[FLOOD];

	(void)state;
	ready(&l, small_site);
	for (unsigned i = 0; i < FLOOD; i++)
		fd[i] = dial(&l);
	usleep(100 * 1000);
	for (unsigned i = 0; i < FLOOD; i++) {
		struct pollfd p = { .fd = fd[i], .events = POLLIN };

		/* The first 64 are waited for, the rest are closed at once. */
		assert_int_equal(poll(&p, 1, 0), i < 64 ? 0 : 1);
	}
	for (unsigned i = 0; i < FLOOD; i++)
		close(fd[i]);
	usleep(50 * 1000);
	check(&l, "GET /metrics HTTP/1.1\r\n" CLOSE, "200 OK", "sluis_build_info");
	assert_int_equal(end_in_order(&l), 0);
}

/* Another address after a reload: the old one is gone. */
static void test_new_listener(void **state)
{
	struct life l;
	int old = 0;

	(void)state;
	ready(&l, small_site);
	old = l.port;
	tell_listener(&l);
	usleep(50 * 1000);
	check(&l, "GET /metrics HTTP/1.1\r\n" CLOSE, "200 OK", "sluis_build_info");
	assert_true(old != l.port);
	assert_int_equal(end_in_order(&l), 0);
}

struct bad_frame {
	const char *name;
	uint8_t type;
	uint16_t n;
	unsigned fds;
	bool in_run;
	uint8_t body[4];
};

static const struct bad_frame bad_frames[] = {
	{ "unknown type", 99, 0, 0, false, { 0 } },
	{ "no such page", KEEPER_PAGE, 4, 1, false, { 9 } },
	{ "an edge too far", KEEPER_PAGE, 4, 1, false, { PAGE_LOAD, 0, PAGE_LOADS } },
	{ "a page too small", KEEPER_PAGE, 4, 1, false, { PAGE_HEALTH } },
	{ "page without descriptor", KEEPER_PAGE, 4, 0, false, { PAGE_HEALTH } },
	{ "a client's listener", KEEPER_LISTENER, 2, 1, false, { 0, 1 } },
	{ "an image that is none", KEEPER_IMAGE, 4, 1, false, { 0 } },
	{ "secret", KEEPER_SECRET, 4, 0, false, { 0 } },
	{ "ring", KEEPER_RING, 4, 2, true, { 0 } },
	{ "go again", KEEPER_GO, 0, 0, true, { 0 } },
	{ "drain with a descriptor", KEEPER_DRAIN, 4, 1, true, { 0 } },
	{ "short drain", KEEPER_DRAIN, 3, 0, true, { 0 } },
};

static void test_hostile_keeper(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad_frames); i++) {
		const struct bad_frame *b = &bad_frames[i];
		struct life l;
		int fds[2] = { -1, -1 }, status = 0;

		if (b->in_run)
			ready(&l, small_site);
		else
			spawn(&l);
		assert_int_equal(shm_new("tiny", 64, &fds[0]), E_OK);
		fds[1] = fds[0];
		tell(&l, b->type, view_of(b->body, b->n), fds, b->fds);
		if (!b->in_run)
			tell(&l, KEEPER_GO, (struct view){ 0 }, NULL, 0);
		fd_close(fds[0]);
		status = end(&l);
		CHECK_ROW(b->name, WIFEXITED(status));
		CHECK_ROW(b->name, WEXITSTATUS(status) == (b->in_run ? 0 : 1));
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),	       cmocka_unit_test(test_keep_alive),
		cmocka_unit_test(test_large_and_slow), cmocka_unit_test(test_flood),
		cmocka_unit_test(test_new_listener),   cmocka_unit_test(test_hostile_keeper),
	};

	assert_true(argc == 2);
	program = argv[1];
	return cmocka_run_group_tests_name("console_process", tests, NULL, NULL);
}
