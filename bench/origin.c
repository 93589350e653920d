/*
 * bench-origin: the server behind the proxies of the benchmark.
 *
 * Answers every GET with a body of the size that its path names (/1k, /1m), over keep-alive
 * connections, in one epoll loop. It must cost less than any proxy: heads are only searched for
 * their end, and the responses are made once.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { SMALL = 1024, LARGE = 1 << 20, CONNS = 32768, HEAD_MAX = 4096, EVENTS = 512 };

struct response {
	char *bytes;
	size_t n;
};

struct conn {
	const struct response *sending;
	size_t sent, head_n;
	bool is_watching_out;
	char head[HEAD_MAX];
};

struct origin {
	struct response small, large;
	struct conn *conns[CONNS]; /* by descriptor */
	int epoll, listener;
};

static void die(const char *what)
{
	fprintf(stderr, "bench-origin: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct response make(size_t body)
{
	struct response r = { .bytes = malloc(body + 128) };
	if (!r.bytes)
		die("malloc");
	r.n = (size_t)snprintf(r.bytes, 128,
			       "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
			       "Content-Length: %zu\r\n\r\n",
			       body);
	memset(r.bytes + r.n, 'x', body);
	r.n += body;
	return r;
}

static void hang_up(struct origin *o, int fd)
{
	free(o->conns[fd]);
	o->conns[fd] = NULL;
	close(fd);
}

static void watch(struct origin *o, int fd, int how, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.fd = fd };
	if (epoll_ctl(o->epoll, how, fd, &e) != 0)
		die("epoll_ctl");
}

/* Sends what is left of the response. False: the connection is gone. */
static bool send_rest(struct origin *o, int fd)
{
	struct conn *c = o->conns[fd];
	while (c->sending && c->sent < c->sending->n) {
		ssize_t n = write(fd, c->sending->bytes + c->sent, c->sending->n - c->sent);
		if (n < 0 && errno == EAGAIN) {
			if (!c->is_watching_out)
				watch(o, fd, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
			c->is_watching_out = true;
			return true;
		}
		if (n <= 0) {
			hang_up(o, fd);
			return false;
		}
		c->sent += (size_t)n;
	}
	c->sending = NULL;
	if (c->is_watching_out)
		watch(o, fd, EPOLL_CTL_MOD, EPOLLIN);
	c->is_watching_out = false;
	return true;
}

/* Answers the complete heads that have arrived, one at a time. */
static void answer(struct origin *o, int fd)
{
	struct conn *c = o->conns[fd];
	while (!c->sending) {
		const char *end = memmem(c->head, c->head_n, "\r\n\r\n", 4);
		if (!end)
			return;
		size_t n = (size_t)(end - c->head) + 4;
		bool is_large = memmem(c->head, n, " /1m ", 5) != NULL;
		memmove(c->head, c->head + n, c->head_n - n);
		c->head_n -= n;
		c->sending = is_large ? &o->large : &o->small;
		c->sent = 0;
		if (!send_rest(o, fd))
			return;
	}
}

static void readable(struct origin *o, int fd)
{
	struct conn *c = o->conns[fd];
	ssize_t n = read(fd, c->head + c->head_n, HEAD_MAX - c->head_n);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		hang_up(o, fd);
		return;
	}
	c->head_n += (size_t)n;
	answer(o, fd);
}

static void accept_all(struct origin *o)
{
	for (;;) {
		int one = 1, fd = accept4(o->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		if (fd >= CONNS || !(o->conns[fd] = calloc(1, sizeof *o->conns[fd]))) {
			close(fd);
			continue;
		}
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		watch(o, fd, EPOLL_CTL_ADD, EPOLLIN);
	}
}

static void listen_on(struct origin *o, uint16_t port)
{
	int one = 1;
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	o->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(o->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (o->listener < 0 || bind(o->listener, (struct sockaddr *)&a, sizeof a) != 0 ||
	    listen(o->listener, 4096) != 0)
		die("listen");
	o->epoll = epoll_create1(EPOLL_CLOEXEC);
	watch(o, o->listener, EPOLL_CTL_ADD, EPOLLIN);
}

static void serve(struct origin *o)
{
	struct epoll_event events[EVENTS];
	for (;;) {
		int n = epoll_wait(o->epoll, events, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;
			if (fd == o->listener) {
				accept_all(o);
				continue;
			}
			if ((events[i].events & EPOLLOUT) && send_rest(o, fd))
				answer(o, fd);
			if (o->conns[fd] && (events[i].events & ~(uint32_t)EPOLLOUT))
				readable(o, fd);
		}
	}
}

int main(int argc, char **argv)
{
	static struct origin o;
	struct rlimit files;
	if (argc != 2) {
		fputs("usage: bench-origin PORT\n", stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	o.small = make(SMALL);
	o.large = make(LARGE);
	listen_on(&o, (uint16_t)strtoul(argv[1], NULL, 10));
	serve(&o);
}
