/*
 * bench-load: asks one address over HTTP/1.1 as fast as it answers and counts.
 *
 * One thread, one epoll loop, a fixed number of connections with one request each on its way. CPU
 * time of the processes given with --pids is read at the begin and the end of the measured window,
 * so that neither starting up nor warming up is in the figure. Every response is checked for its
 * status and length; what goes wrong is counted by kind and belongs into the report.
 *
 * With --rate it asks so many times a second whether answers come or not: each connection has its
 * own timetable, and a response time counts from when the request was due, so that a server that
 * stalls is charged for all who waited.
 *
 * Output: one line of JSON. With --hold it opens its connections, asks once on each, says "held N",
 * and keeps them until a line arrives on standard input.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { HEAD_MAX = 8192, PIDS_MAX = 128, EVENTS = 512, SOURCES = 8 };
enum { SAMPLES_MAX = 1 << 21 }; /* response times kept for the percentiles */

enum state { ST_CLOSED, ST_CONNECTING, ST_HANDSHAKE, ST_WAITING, ST_THINKING, ST_HELD };

struct conn {
	int fd;
	enum state state;
	SSL *ssl;
	uint64_t asked_ns, due_ns;
	uint64_t slot_ns; /* --rate: when its next request is due */
	uint64_t body_left;
	size_t head_n; /* bytes of an unfinished head */
	bool in_body, is_fresh, will_close;
	char head[HEAD_MAX];
};

struct options {
	const char *path;
	uint16_t port;
	int connections, think_ms;
	double rate; /* requests a second of all connections; 0: as fast as they are answered */
	double warm_s, measured_s;
	uint64_t bytes; /* expected length of a body; 0: any */
	bool tls, close, browser, hold;
	pid_t pids[PIDS_MAX];
	int pids_n;
};

struct counts {
	uint64_t requests, bytes, handshakes;
	uint64_t refused; /* no connection */
	uint64_t broken;  /* ended or reset in the middle, or at once on a fresh connection */
	uint64_t wrong;	  /* another status, another length, not HTTP */
	uint64_t stale;	  /* a kept connection was closed before any byte of an answer */
};

struct load {
	struct options o;
	struct counts now, at_begin;
	struct conn *conns;
	SSL_CTX *tls;
	char request[2048];
	size_t request_n;
	uint32_t *samples_ns;
	size_t samples_n;
	uint64_t held;
	uint32_t source;
	int epoll;
	bool is_measuring, is_stopping;
	char buffer[1 << 18];
};

static const char browser_fields[] =
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8\r\n"
	"Accept-Language: nl,en-US;q=0.7,en;q=0.3\r\n"
	"Accept-Encoding: identity\r\n"
	"Referer: https://bench.test/zaken/overzicht?pagina=4&volgorde=datum\r\n"
	"Cookie: sessie=0c9f2be77a164bd3a0e5c1d98fe2417b; taal=nl; toestemming=functioneel; "
	"voorkeur=eyJ0aGVtYSI6ImRvbmtlciIsImtvbG9tbWVuIjpbInphYWsiLCJkYXR1bSIsInN0YXR1cyJdfQ; "
	"meting=GA1.1.2093847561.1732300000\r\n"
	"Upgrade-Insecure-Requests: 1\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\n"
	"Sec-Fetch-Site: same-origin\r\nPriority: u=0, i\r\n";

static void die(const char *what)
{
	fprintf(stderr, "bench-load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t ns_of(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * 1000000000u + (uint64_t)t->tv_nsec;
}

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return ns_of(&t);
}

/* User and system time of all the processes that are measured. */
static uint64_t cpu_ns(const struct options *o)
{
	uint64_t sum = 0;
	for (int i = 0; i < o->pids_n; i++) {
		clockid_t clock;
		struct timespec t;
		if (clock_getcpuclockid(o->pids[i], &clock) == 0 && clock_gettime(clock, &t) == 0)
			sum += ns_of(&t);
	}
	return sum;
}

/* ---- connections ---- */
static void watch(struct load *l, struct conn *c, int how, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = c };
	if (epoll_ctl(l->epoll, how, c->fd, &e) != 0)
		die("epoll_ctl");
}

static void hang_up(struct conn *c)
{
	if (c->ssl) {
		SSL_set_shutdown(c->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
		SSL_free(c->ssl);
		c->ssl = NULL;
	}
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->state = ST_CLOSED;
	c->head_n = 0;
	c->in_body = false;
	c->will_close = false;
}

static void dial(struct load *l, struct conn *c)
{
	int one = 1;
	/* Several source addresses: thousands of connections a second would use up the ports of
	 * one. */
	struct sockaddr_in from = { .sin_family = AF_INET };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(l->o.port) };
	from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + l->source++ % SOURCES);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		die("socket");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(c->fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
	if (bind(c->fd, (struct sockaddr *)&from, sizeof from) != 0)
		die("bind");
	c->is_fresh = true;
	c->asked_ns = now_ns();
	c->state = ST_CONNECTING;
	if (connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS) {
		l->now.refused++;
		hang_up(c);
		c->state = ST_THINKING;
		c->due_ns = now_ns() + 5000000;
		return;
	}
	watch(l, c, EPOLL_CTL_ADD, EPOLLOUT);
}

static void dial_again(struct load *l, struct conn *c)
{
	hang_up(c);
	if (!l->is_stopping && !l->o.hold)
		dial(l, c);
}

/* The connection is over while an answer was due. */
static void lost(struct load *l, struct conn *c)
{
	bool has_begun = c->in_body || c->head_n > 0;
	if (!has_begun && !c->is_fresh)
		l->now.stale++;
	else
		l->now.broken++;
	dial_again(l, c);
}

static void ask(struct load *l, struct conn *c)
{
	if (!l->o.close)
		c->asked_ns = l->o.rate > 0 ? c->slot_ns : now_ns();
	ssize_t sent = c->ssl ? SSL_write(c->ssl, l->request, (int)l->request_n)
			      : write(c->fd, l->request, l->request_n);
	c->state = ST_WAITING;
	if (sent != (ssize_t)l->request_n)
		lost(l, c);
}

/* Its next turn, and when it is over already: at once, counted from then. */
static void wait_turn(struct load *l, struct conn *c, uint64_t t)
{
	c->slot_ns += (uint64_t)(1e9 * l->o.connections / l->o.rate);
	c->due_ns = c->slot_ns;
	c->state = ST_THINKING;
	if (c->due_ns <= t)
		ask(l, c);
}

static void answered(struct load *l, struct conn *c)
{
	uint64_t t = now_ns();
	l->now.requests++;
	c->in_body = false;
	c->is_fresh = false;
	if (l->is_measuring && l->samples_n < SAMPLES_MAX) {
		uint64_t took = t - c->asked_ns;
		l->samples_ns[l->samples_n++] = took < UINT32_MAX ? (uint32_t)took : UINT32_MAX;
	}
	if (l->o.hold) {
		c->state = ST_HELD;
		l->held++;
	} else if ((l->o.close || c->will_close) && l->o.think_ms == 0) {
		dial_again(l, c);
	} else if (l->o.rate > 0) {
		wait_turn(l, c, t);
	} else if (l->o.think_ms > 0) {
		if (l->o.close || c->will_close)
			hang_up(c);
		c->state = ST_THINKING;
		c->due_ns = t + (uint64_t)l->o.think_ms * 1000000u;
	} else {
		ask(l, c);
	}
}

/* ---- reading ---- */

/* Takes a complete head apart: length of the body to come. False: not what was expected. */
static bool head_is_good(const struct load *l, struct conn *c, const char *head, size_t n)
{
	uint64_t length = UINT64_MAX;
	if (n < 16 || memcmp(head, "HTTP/1.1 200", 12) != 0)
		return false;
	for (const char *line = memchr(head, '\n', n); line && line + 3 < head + n;) {
		line++;
		if (strncasecmp(line, "content-length:", 15) == 0)
			length = strtoull(line + 15, NULL, 10);
		else if (strncasecmp(line, "connection: close", 17) == 0)
			c->will_close = true;
		line = memchr(line, '\n', (size_t)(head + n - line));
	}
	c->body_left = length;
	return length != UINT64_MAX && (l->o.bytes == 0 || length == l->o.bytes);
}

/* Consumes up to n bytes at p as (the rest of) a head; how many, or -1 for nonsense. */
static ssize_t take_head(struct load *l, struct conn *c, const char *p, size_t n)
{
	size_t before = c->head_n, room = HEAD_MAX - before, take = n < room ? n : room;
	memcpy(c->head + before, p, take);
	c->head_n += take;
	const char *end = memmem(c->head, c->head_n, "\r\n\r\n", 4);
	if (!end)
		return c->head_n == HEAD_MAX ? -1 : (ssize_t)take;
	size_t head_n = (size_t)(end - c->head) + 4;
	if (!head_is_good(l, c, c->head, head_n))
		return -1;
	c->in_body = true;
	c->head_n = 0;
	return (ssize_t)(head_n - before);
}

/* n bytes arrived. False: the connection is another one now, or gone. */
static bool take(struct load *l, struct conn *c, const char *p, size_t n)
{
	l->now.bytes += n;
	while (n > 0 && !c->in_body) {
		ssize_t used = take_head(l, c, p, n);
		if (used < 0 || c->state != ST_WAITING) {
			l->now.wrong++;
			dial_again(l, c);
			return false;
		}
		p += used;
		n -= (size_t)used;
	}
	if (!c->in_body)
		return true;
	if (n > c->body_left) {
		l->now.wrong++;
		dial_again(l, c);
		return false;
	}
	c->body_left -= n;
	if (c->body_left > 0)
		return true;
	int fd = c->fd;
	answered(l, c);
	return c->fd == fd && c->state != ST_CONNECTING;
}

static ssize_t receive(struct load *l, struct conn *c)
{
	if (!c->ssl)
		return read(c->fd, l->buffer, sizeof l->buffer);
	int n = SSL_read(c->ssl, l->buffer, (int)sizeof l->buffer);
	if (n > 0)
		return n;
	int why = SSL_get_error(c->ssl, n);
	errno = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? EAGAIN : ECONNRESET;
	return -1;
}

static void ended(struct load *l, struct conn *c)
{
	if (c->state == ST_HELD) {
		l->held--;
		hang_up(c);
	} else if (c->state == ST_THINKING) {
		uint64_t due = c->due_ns;
		hang_up(c);
		c->state = ST_THINKING;
		c->due_ns = due;
	} else {
		lost(l, c);
	}
}

static void readable(struct load *l, struct conn *c)
{
	for (;;) {
		ssize_t n = receive(l, c);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			ended(l, c);
			return;
		}
		if (!take(l, c, l->buffer, (size_t)n) || (!c->ssl && (size_t)n < sizeof l->buffer))
			return;
	}
}

static void shake_hands(struct load *l, struct conn *c)
{
	int n = SSL_connect(c->ssl);
	if (n == 1) {
		l->now.handshakes++;
		ask(l, c);
		return;
	}
	int why = SSL_get_error(c->ssl, n);
	if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
		l->now.refused++;
		dial_again(l, c);
	}
}

static void connected(struct load *l, struct conn *c)
{
	char name[] = "bench.test"; /* not const because OpenSSL's macro isn't */
	int failed = 0;
	socklen_t n = sizeof failed;
	getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &failed, &n);
	if (failed) {
		l->now.refused++;
		hang_up(c);
		c->state = ST_THINKING; /* a moment later */
		c->due_ns = now_ns() + 5000000;
		return;
	}
	watch(l, c, EPOLL_CTL_MOD, EPOLLIN);
	if (!l->tls && l->o.rate > 0) {
		c->slot_ns = now_ns() + (uint64_t)(1e9 * (double)(c - l->conns) / l->o.rate);
		c->due_ns = c->slot_ns;
		c->state = ST_THINKING;
		return;
	}
	if (!l->tls) {
		ask(l, c);
		return;
	}
	c->ssl = SSL_new(l->tls);
	if (!c->ssl || SSL_set_fd(c->ssl, c->fd) != 1)
		die("SSL_new");
	SSL_set_tlsext_host_name(c->ssl, name);
	c->state = ST_HANDSHAKE;
	shake_hands(l, c);
}

/* ---- the loop ---- */
static void wake_thinkers(struct load *l)
{
	uint64_t t = now_ns();
	for (int i = 0; i < l->o.connections; i++) {
		struct conn *c = &l->conns[i];
		if (c->state != ST_THINKING || c->due_ns > t)
			continue;
		if (c->fd >= 0)
			ask(l, c);
		else
			dial(l, c);
	}
}

/* Until the next one is due, a millisecond at most. */
static struct timespec patience(const struct load *l)
{
	uint64_t t = now_ns(), wait_ns = 1000000;
	for (int i = 0; l->o.rate > 0 && i < l->o.connections; i++) {
		const struct conn *c = &l->conns[i];
		if (c->state != ST_THINKING)
			continue;
		if (c->due_ns <= t)
			wait_ns = 0;
		else if (c->due_ns - t < wait_ns)
			wait_ns = c->due_ns - t;
	}
	return (struct timespec){ .tv_nsec = (long)wait_ns };
}

static void loop(struct load *l, uint64_t until_ns, uint64_t until_held)
{
	struct epoll_event events[EVENTS];
	uint64_t looked_ns = 0;
	for (;;) {
		uint64_t t = now_ns();
		if (t >= until_ns || l->held >= until_held)
			return;
		if (t - looked_ns > 1000000 || l->o.rate > 0) {
			wake_thinkers(l);
			looked_ns = t;
		}
		struct timespec wait = patience(l);
		int n = epoll_pwait2(l->epoll, events, EVENTS, &wait, NULL);
		for (int i = 0; i < n; i++) {
			struct conn *c = events[i].data.ptr;
			if (c->state == ST_CONNECTING)
				connected(l, c);
			else if (c->state == ST_HANDSHAKE)
				shake_hands(l, c);
			else if (c->fd >= 0)
				readable(l, c);
		}
	}
}

static uint64_t after(double seconds)
{
	return now_ns() + (uint64_t)(seconds * 1e9);
}

static void hold(struct load *l)
{
	for (int i = 0; i < l->o.connections; i++) {
		dial(l, &l->conns[i]);
		if (i % 128 == 127)
			loop(l, after(5), (uint64_t)i + 1);
	}
	loop(l, after(5), (uint64_t)l->o.connections);
	loop(l, after(0.3), UINT64_MAX); /* session tickets come a little later */
	printf("held %llu\n", (unsigned long long)l->held);
	fflush(stdout);
	if (getchar() != EOF)
		loop(l, after(0.2), UINT64_MAX);
	printf("held %llu\n", (unsigned long long)l->held);
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

static double percentile_us(const struct load *l, double part)
{
	if (l->samples_n == 0)
		return 0;
	return l->samples_ns[(size_t)(part * (double)(l->samples_n - 1))] / 1e3;
}

static void measure(struct load *l)
{
	for (int i = 0; i < l->o.connections; i++)
		dial(l, &l->conns[i]);
	loop(l, after(l->o.warm_s), UINT64_MAX);
	l->at_begin = l->now;
	uint64_t cpu = cpu_ns(&l->o), began = now_ns();
	l->is_measuring = true;
	loop(l, after(l->o.measured_s), UINT64_MAX);
	l->is_measuring = false;
	double seconds = (double)(now_ns() - began) / 1e9;
	cpu = cpu_ns(&l->o) - cpu;
	l->is_stopping = true;
	qsort(l->samples_ns, l->samples_n, sizeof *l->samples_ns, by_size);
	const struct counts *b = &l->at_begin, *e = &l->now;
	printf("{\"requests\":%llu,\"seconds\":%.6f,\"cpu_ns\":%llu,\"bytes\":%llu,\"handshakes\":%"
	       "llu,",
	       (unsigned long long)(e->requests - b->requests), seconds, (unsigned long long)cpu,
	       (unsigned long long)(e->bytes - b->bytes),
	       (unsigned long long)(e->handshakes - b->handshakes));
	printf("\"refused\":%llu,\"broken\":%llu,\"wrong\":%llu,\"stale\":%llu,",
	       (unsigned long long)e->refused, (unsigned long long)e->broken,
	       (unsigned long long)e->wrong, (unsigned long long)e->stale);
	printf("\"p50_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f}\n", percentile_us(l, 0.5),
	       percentile_us(l, 0.99), percentile_us(l, 1));
}

/* ---- starting ---- */
static void usage(void)
{
	fputs("usage: bench-load --port N [--connections N] [--warm S] [--seconds S] [--path P]\n"
	      "  [--bytes N] [--think MS] [--rate N] [--pids N,N,...] [--tls] [--close] "
	      "[--browser] "
	      "[--hold]\n",
	      stderr);
	exit(2);
}

static void read_pids(struct options *o, const char *text)
{
	while (*text && o->pids_n < PIDS_MAX) {
		char *end;
		o->pids[o->pids_n++] = (pid_t)strtol(text, &end, 10);
		text = *end == ',' ? end + 1 : end;
		if (*end && *end != ',')
			usage();
	}
}

static void read_number(struct options *o, int which)
{
	switch (which) {
	case 'p':
		o->port = (uint16_t)strtoul(optarg, NULL, 10);
		break;
	case 'c':
		o->connections = (int)strtol(optarg, NULL, 10);
		break;
	case 'w':
		o->warm_s = strtod(optarg, NULL);
		break;
	case 's':
		o->measured_s = strtod(optarg, NULL);
		break;
	case 'r':
		o->rate = strtod(optarg, NULL);
		break;
	case 'b':
		o->bytes = strtoull(optarg, NULL, 10);
		break;
	default:
		o->think_ms = (int)strtol(optarg, NULL, 10);
	}
}

static void read_options(struct options *o, int argc, char **argv)
{
	static const struct option table[] = {
		{ "port", 1, NULL, 'p' },  { "connections", 1, NULL, 'c' },
		{ "warm", 1, NULL, 'w' },  { "seconds", 1, NULL, 's' },
		{ "path", 1, NULL, 'u' },  { "bytes", 1, NULL, 'b' },
		{ "think", 1, NULL, 't' }, { "pids", 1, NULL, 'P' },
		{ "rate", 1, NULL, 'r' },  { "tls", 0, NULL, 'T' },
		{ "close", 0, NULL, 'C' }, { "browser", 0, NULL, 'B' },
		{ "hold", 0, NULL, 'H' },  { NULL, 0, NULL, 0 },
	};
	*o = (struct options){ .path = "/1k", .connections = 64, .warm_s = 0.4, .measured_s = 2 };
	for (int which; (which = getopt_long(argc, argv, "", table, NULL)) != -1;) {
		if (which == '?')
			usage();
		else if (which == 'u')
			o->path = optarg;
		else if (which == 'P')
			read_pids(o, optarg);
		else if (which == 'T')
			o->tls = true;
		else if (which == 'C')
			o->close = true;
		else if (which == 'B')
			o->browser = true;
		else if (which == 'H')
			o->hold = true;
		else
			read_number(o, which);
	}
	if (o->port == 0 || o->connections < 1)
		usage();
}

/* The same work for every proxy: TLS 1.3, X25519, AES-128-GCM, no resumption. */
static SSL_CTX *client_context(void)
{
	char groups[] = "X25519";
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (!ctx || SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256") != 1 ||
	    SSL_CTX_set1_groups_list(ctx, groups) != 1)
		die("TLS");
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	return ctx;
}

int main(int argc, char **argv)
{
	static struct load l; /* a quarter of a megabyte is too much for the stack */
	struct rlimit files;
	signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	read_options(&l.o, argc, argv);
	l.request_n = (size_t)snprintf(l.request, sizeof l.request,
				       "GET %s HTTP/1.1\r\nHost: bench.test\r\n%s%s\r\n", l.o.path,
				       l.o.browser ? browser_fields : "Accept: */*\r\n",
				       l.o.close ? "Connection: close\r\n" : "");
	if (l.o.tls)
		l.tls = client_context();
	l.epoll = epoll_create1(EPOLL_CLOEXEC);
	l.conns = calloc((size_t)l.o.connections, sizeof *l.conns);
	l.samples_ns = calloc(SAMPLES_MAX, sizeof *l.samples_ns);
	if (l.epoll < 0 || !l.conns || !l.samples_ns)
		die("start");
	for (int i = 0; i < l.o.connections; i++)
		l.conns[i].fd = -1;
	if (l.o.hold)
		hold(&l);
	else
		measure(&l);
	return 0;
}
