/*
 * The small HTTP servers, console and herald, one program each (THREATS A1, A22; RFC 9112 §2.2):
 * whatever a client says in whatever pieces, it gets whole answers in order, no more than it asked
 * for, and afterwards nothing of it is left.
 *
 * Input: operations: 0 N: one of the requests below; 1 LEN BYTES: as they are; 2: the client reads;
 * 3: time passes; 4: another client; 5: the client ends its side.
 */
#if defined(FUZZ_CONSOLE)
#include "role/console/console.h"
#define ROLE	console
#define CLIENTS CONSOLE_CLIENTS
enum { LISTENER = CONSOLE_LISTENER, CLIENT = CONSOLE_CLIENT, SOURCES = CONSOLE_SOURCES };
#else
#include "role/herald/herald.h"
#define ROLE	herald
#define CLIENTS HERALD_CLIENTS
enum { LISTENER = HERALD_LISTENER, CLIENT = HERALD_CLIENT, SOURCES = HERALD_SOURCES };
#endif

#include "sys/fd.h"
#include "tests/fuzz/fuzz_fd.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum { OPS = 6, STEPS = 40, ARENA = 64 << 20, HEARD = 8 << 20, QUIET_MS = 1000 * 1000 };

static const char yaml[] = "listeners: [{name: l, address: \"127.0.0.1:80\", protocol: http}]\n"
			   "backends: [{name: web, servers: [\"127.0.0.1:1\"]}]\n"
			   "routes: [{name: all, hosts: [\"*\"], backend: web}]\n"
			   "metrics: {address: \"127.0.0.1:9464\"}\n"
			   "status_page: {address: \"127.0.0.1:8090\", title: Services}\n";

static const struct view requests[] = {
	VIEW_INIT("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"),
	VIEW_INIT("GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: text/plain;q=0.5, "
		  "application/openmetrics-text;version=1.0.0\r\nConnection: close\r\n\r\n"),
	VIEW_INIT("HEAD /metrics HTTP/1.0\r\n\r\n"),
	VIEW_INIT("GET /healthz?x HTTP/1.1\r\nHost: a\r\n\r\n"),
	VIEW_INIT("POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"),
	VIEW_INIT("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"),
	VIEW_INIT("GET / HTTP/1.1\r\nHost: a\r\nAccept-Language: en;q=0.8, nl;q=0.1\r\n\r\n"),
	VIEW_INIT("GET /status.json HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"0\"\r\n\r\n"),
	VIEW_INIT("GET /feed.atom?lang=en HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"),
	VIEW_INIT("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"),
	VIEW_INIT("\r\nGET /style.css HTTP/1.1\r\nHost: a\r\n\r\n"),
	VIEW_INIT("GET / HTTP/1.1\r\nHo"),
};

static loop_handler *const handlers[SOURCES] = {
	[LISTENER] = client_on_listener,
	[CLIENT] = client_on_event,
};

struct bed {
	struct ROLE *x;
	struct sockaddr_in at;
	int client;
	uint64_t asked; /* heads that may have ended so far */
	size_t heard_n;
	uint8_t heard[HEARD];
};

static struct bed bed;

static void give_image(struct ROLE *x)
{
	int fd = -1;

	fuzz_fd_use_image(yaml);
	fd = fuzz_fd_make(FUZZ_FD_IMAGE, (struct view){ 0 });
#if defined(FUZZ_CONSOLE)
	INVARIANT(pages_take_image(x, fd) == E_OK);
	(void)fd_close(fd);
#else
	INVARIANT(sheets_take_image(x, fd) == E_OK);
	(void)fd_close(fd);
	fd = fuzz_fd_make(FUZZ_FD_PAGE, (struct view){ 0 });
	INVARIANT(sheets_take_page(x, PAGE_GATE, fd) == E_OK);
	(void)fd_close(fd);
	sheets_look(x);
#endif
}

static void make_bed(struct bed *b)
{
	struct arena memory = { .p = mmap(NULL, ARENA, PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
				.cap = ARENA };
	socklen_t n = sizeof b->at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	b->x = ARENA_NEW(&memory, struct ROLE, 1);
	INVARIANT(b->x && loop_init(&b->x->loop, b->x, handlers, SOURCES) == E_OK);
#if defined(FUZZ_CONSOLE)
	INVARIANT(client_init(b->x, &memory) == E_OK);
#else
	client_init(b->x);
	INVARIANT(sheets_init(b->x, &memory) == E_OK);
#endif
	give_image(b->x);
	b->at = (struct sockaddr_in){ .sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	INVARIANT(bind(fd, (const struct sockaddr *)&b->at, n) == 0 && listen(fd, 8) == 0);
	INVARIANT(getsockname(fd, (struct sockaddr *)&b->at, &n) == 0);
	b->x->listener = (struct loop_source){ .fd = fd, .kind = LISTENER };
	INVARIANT(loop_add(&b->x->loop, &b->x->listener, EPOLLIN) == E_OK);
}

static void turn(struct bed *b, uint64_t more_ms)
{
	for (unsigned i = 0; i < 3; i++) {
		INVARIANT(loop_turn(&b->x->loop, 0) == E_OK);
		b->x->loop.now_ms += more_ms;
		client_tick(b->x);
	}
}

/* Answers, one behind the other: whole, but for the last. */
static void judge(const struct bed *b)
{
	struct view all = view_of(b->heard, b->heard_n);
	uint64_t answers = 0;

	INVARIANT(all.n == 0 || view_starts(all, view_slice(VIEW("HTTP/1.1 "), 0, all.n)));
	for (size_t i = 0; i + 13 <= all.n; i++)
		answers +=
			view_eq(view_slice(all, i, 9), VIEW("HTTP/1.1 ")) && all.p[i + 12] == ' ';
	INVARIANT(answers <= b->asked + 1); /* one more refuses what is no request */
}

static void hear(struct bed *b)
{
	ssize_t n = 0;

	turn(b, 0);
	while ((n = recv(b->client, b->heard + b->heard_n, sizeof b->heard - b->heard_n,
			 MSG_DONTWAIT)) > 0) {
		b->heard_n += (size_t)n;
		turn(b, 0);
	}
}

static void say(struct bed *b, struct view text)
{
	ssize_t n = send(b->client, text.p, text.n, MSG_NOSIGNAL | MSG_DONTWAIT);

	for (ssize_t i = 0; i < n; i++)
		b->asked += text.p[i] == '\n';
	turn(b, 0);
}

static void leave(struct bed *b)
{
	hear(b);
	judge(b);
	b->client = fd_close(b->client);
	turn(b, 0);
	turn(b, QUIET_MS);
	for (size_t i = 0; i < CLIENTS; i++)
		INVARIANT(b->x->client[i].state == CLIENT_FREE && b->x->client[i].source.fd < 0);
}

static void enter(struct bed *b)
{
	b->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	b->asked = b->heard_n = 0;
	INVARIANT(connect(b->client, (const struct sockaddr *)&b->at, sizeof b->at) == 0);
	turn(b, 0);
}

static void step(struct bed *b, struct view *in)
{
	switch (fuzz_u8(in) % OPS) {
	case 0:
		say(b, requests[fuzz_u8(in) % (sizeof requests / sizeof requests[0])]);
		break;
	case 1:
		say(b, fuzz_some(in, 9000));
		break;
	case 2:
		hear(b);
		break;
	case 3:
		turn(b, fuzz_u8(in) * 100u);
		break;
	case 4:
		leave(b);
		enter(b);
		break;
	default:
		(void)shutdown(b->client, SHUT_WR);
		turn(b, 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view in = view_of(data, size);

	if (!bed.x)
		make_bed(&bed);
	enter(&bed);
	for (unsigned i = 0; i < STEPS && in.n; i++)
		step(&bed, &in);
	leave(&bed);
	return 0;
}
