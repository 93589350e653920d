/*
 * The herald process as the keeper starts it, sandbox and all: a gate page whose writer is dead,
 * lying or in the middle of it (P8, A20), clients that misbehave (A22), and a keeper whose messages
 * are wrong.
 */
#include "base/rng.h"
#include "ipc/keeper_role.h"
#include "ipc/pages.h"
#include "sys/fd.h"
#include "sys/shm.h"
#include "sys/spawn.h"
#include "tests/unit/check.h"
#include "tests/unit/conf/make_image.h"

#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TEST_UID = 61198, ANSWER_MAX = 1 << 20 };

static const char *program;

static const char site[] =
	"listeners:\n"
	"  - {name: front, address: \"127.0.0.1:80\", protocol: http, title: Front}\n"
	"backends:\n"
	"  - {name: web, servers: [{name: one, address: \"127.0.0.1:1\"}]}\n"
	"routes:\n"
	"  - {hosts: [\"*\"], backend: web}\n"
	"status_page: {address: \"127.0.0.1:81\"}\n";

struct life {
	pid_t pid;
	int keeper, pidfd, port, gate;
	struct page_gate_page *page;
};

static void tell(struct life *l, uint8_t type, struct view body, const int *fds, unsigned n)
{
	enum err e = frame_send(l->keeper, type, 0, body, fds, n);

	assert_true(e == E_OK || e == E_CLOSED);
}

static void tell_page(struct life *l, enum page_kind kind)
{
	uint8_t body[4] = { (uint8_t)kind, 0, 0, 0 };
	int ro = -1;

	assert_int_equal(shm_reopen_readonly(l->gate, &ro), E_OK);
	tell(l, KEEPER_PAGE, view_of(body, sizeof body), &ro, 1);
	fd_close(ro);
}

static void tell_image(struct life *l, const char *yaml)
{
	static const uint8_t body[4] = { 0 };
	char path[64];
	AUTO_FD text = memfd_create("yaml", 0);
	struct conf_input in = { .path = path, .sink = make_image_print };
	struct conf_result result = { 0 };
	int fd = -1;

	snprintf(path, sizeof path, "/proc/self/fd/%d", text);
	assert_int_equal(fd_write_all(text, view_str(yaml)), E_OK);
	assert_int_equal(conf_check_file(&in, &result, &fd), E_OK);
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
	static const uint8_t identity[11] = { ROLE_HERALD };
	struct spawn_spec spec = { .program = program,
				   .argv0 = "sluis-herald",
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
	assert_int_equal(shm_new("gate", sizeof *l->page, &l->gate), E_OK);
	assert_int_equal(shm_map(l->gate, true, (void **)&l->page, NULL), E_OK);
	tell(l, KEEPER_IDENTITY, view_of(identity, sizeof identity), NULL, 0);
}

static void ready(struct life *l)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };

	spawn(l);
	tell_image(l, site);
	tell_page(l, PAGE_GATE);
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
	shm_unmap(l->page, sizeof *l->page);
	fd_close(l->gate);
	return status;
}

static int end_in_order(struct life *l)
{
	static const uint8_t body[4] = { 0, 0, 1, 0 };

	tell(l, KEEPER_DRAIN, view_of(body, sizeof body), NULL, 0);
	return end(l);
}

static void ask(const struct life *l, const char *request, char answer[ANSWER_MAX])
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)l->port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval limit = { .tv_sec = 10 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t n = strlen(request), got_n = 0;
	ssize_t got = 0;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(send(fd, request, n, MSG_NOSIGNAL), n);
	do {
		got = recv(fd, answer + got_n, ANSWER_MAX - 1 - got_n, 0);
		got_n += got > 0 ? (size_t)got : 0;
	} while (got > 0);
	answer[got_n] = '\0';
	close(fd);
}

#define JSON "GET /status.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

/* Asks until it says so: what has changed is drawn a tenth of a second later at the latest. */
static void says(const struct life *l, const char *part)
{
	static char answer[ANSWER_MAX];

	for (unsigned i = 0; i < 100; i++) {
		ask(l, JSON, answer);
		if (strstr(answer, part))
			return;
		usleep(20 * 1000);
	}
	fail_msg("no %s in: %s", part, answer);
}

static void test_levels(void **state)
{
	struct level_entry e = { .scope = LEVEL_OF_ALL,
				 .mask = LEVEL_BIT(LEVEL_CLOSED),
				 .since_s = 1784246400 };
	struct life l;

	(void)state;
	ready(&l);
	says(&l, "\"state\":\"unknown\""); /* nothing was published: everything is closed */
	level_page_publish(&l.page->levels, &e, 0);
	says(&l, "\"state\":\"open\"");
	level_page_publish(&l.page->levels, &e, 1);
	says(&l, "\"since\":\"2026-07-17T00:00:00Z\"");
	atomic_store(&l.page->levels.version, 9); /* its writer died in the middle of it */
	says(&l, "\"state\":\"unknown\"");
	level_page_publish(&l.page->levels, &e, 0);
	says(&l, "\"state\":\"open\"");
	assert_int_equal(end_in_order(&l), 0);
}

/* Whatever stands in the page: it answers, and says nothing but states and our own words. */
static void test_random_page(void **state)
{
	static char answer[ANSWER_MAX];
	struct rng rng = { .s = { 5, 6 } };
	struct life l;

	(void)state;
	ready(&l);
	for (unsigned round = 0; round < 60; round++) {
		uint64_t *words =
			(uint64_t *)(round % 2 ? (void *)&l.page->levels : (void *)&l.page->notice);
		size_t n = (round % 2 ? sizeof l.page->levels : sizeof l.page->notice) / 8;

		for (size_t i = 0; i < n; i++)
			words[i] = round % 4 < 2 ? rng_next(&rng) : rng_below(&rng, 300);
		words[0] &= ~UINT64_C(1);
		ask(&l, JSON, answer);
		assert_non_null(strstr(answer, "HTTP/1.1 200 OK"));
		assert_null(strstr(answer, "<"));
		ask(&l, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", answer);
		assert_non_null(strstr(answer, "</html>"));
	}
	level_page_publish(&l.page->levels, NULL, 0);
	says(&l, "\"state\":\"open\"");
	assert_int_equal(end_in_order(&l), 0);
}

/* A new image while it runs; one that is none changes nothing but ends it. */
static void test_images(void **state)
{
	static const uint8_t body[4] = { 0 };
	struct life l;
	int fd = -1;

	(void)state;
	ready(&l);
	level_page_publish(&l.page->levels, NULL, 0);
	says(&l, "Front");
	for (unsigned i = 0; i < 4; i++) {
		tell_image(&l, "listeners: [{name: x, address: \"127.0.0.1:80\", protocol: http, "
			       "title: Other}]\n"
			       "status_page: {address: \"127.0.0.1:81\", title: \"A & B\"}\n");
		says(&l, "Other");
		says(&l, "A \\u0026 B");
	}
	assert_int_equal(shm_new("image", 4096, &fd), E_OK);
	tell(&l, KEEPER_IMAGE, view_of(body, sizeof body), &fd, 1);
	fd_close(fd);
	assert_int_equal(end(&l), 0);
}

/* A keeper that says what is in no table, or the wrong page: it ends, and serves nobody more. */
static void test_keeper(void **state)
{
	struct life l;

	(void)state;
	ready(&l);
	tell_page(&l, PAGE_GATE); /* boot's alone */
	assert_int_equal(end(&l), 0);
	ready(&l);
	tell(&l, KEEPER_SECRET, VIEW("x"), NULL, 0);
	assert_int_equal(end(&l), 0);
	spawn(&l);
	tell_page(&l, PAGE_LOAD);
	assert_int_not_equal(end(&l), 0);
	spawn(&l);
	tell_image(&l, site);
	tell(&l, KEEPER_GO, (struct view){ 0 }, NULL, 0);
	assert_int_not_equal(end(&l), 0);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_random_page),
		cmocka_unit_test(test_images),
		cmocka_unit_test(test_keeper),
	};

	if (argc != 2)
		return 2;
	program = argv[1];
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
