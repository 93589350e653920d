/*
 * attacker: what a hostile client does, harder than Python could. It opens connections from other
 * addresses of the loopback network, sends a script of bytes on each, as fast as they are taken or
 * a few at a time, reads everything, little or nothing, and begins anew when it is thrown out.
 *
 * Output: one line of JSON, with what became of the connections: how many were opened, refused
 * (closed before a byte came), ended by the other side, and the codes and statuses that it gave.
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
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CONNS = 4096, EVENTS = 256, PIECE = 64 * 1024, CODES = 16, STATUSES = 600, FRAME_HEAD = 9 };
enum { FRAME_RST_STREAM = 3, FRAME_GOAWAY = 7 };

enum state { ST_CLOSED, ST_CONNECTING, ST_HANDSHAKE, ST_OPEN };

struct conn {
	int fd;
	enum state state;
	SSL *ssl;
	bool can_read, can_write, has_heard;
	size_t sent; /* of the script */
	uint64_t send_ns, read_ns;
	uint8_t head[FRAME_HEAD + 8]; /* of a frame from the server */
	size_t head_n;
	uint64_t skip;
};

struct options {
	uint16_t port;
	const char *from, *script, *alpn;
	uint32_t sources, connections;
	double seconds;
	size_t first, loop; /* sent at once; where sending begins again behind the end */
	size_t piece, read; /* bytes sent and read per pause; 0: all, as fast as it goes */
	double pause_s;
	bool tls, want_loop, deaf, once, churn;
};

struct counts {
	uint64_t opened, failed, refused, ended, left, sent, received, resets;
	uint64_t goaway[CODES], status[STATUSES];
};

struct attack {
	struct options o;
	struct counts n;
	struct conn conns[CONNS];
	SSL_CTX *tls;
	uint8_t *script;
	size_t script_n;
	uint32_t next_source;
	int epoll;
	uint64_t now_ns;
	uint8_t buffer[PIECE];
};

static void die(const char *what)
{
	fprintf(stderr, "attacker: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- connections ---- */

static void conn_close(struct attack *a, struct conn *c)
{
	SSL_free(c->ssl);
	close(c->fd);
	*c = (struct conn){ 0 };
	a->n.left++;
}

/* The other side has ended it. */
static void conn_ended(struct attack *a, struct conn *c)
{
	if (c->has_heard)
		a->n.ended++;
	else
		a->n.refused++;
	conn_close(a, c);
}

static void conn_open(struct attack *a, struct conn *c)
{
	struct sockaddr_in from = { .sin_family = AF_INET },
			   to = { .sin_family = AF_INET, .sin_port = htons(a->o.port) };
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
				     .data.ptr = c };
	int one = 1;

	*c = (struct conn){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) };
	if (c->fd < 0)
		die("socket");
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	from.sin_addr.s_addr = htonl(ntohl(inet_addr(a->o.from)) + a->next_source++ % a->o.sources);
	setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (a->o.deaf) { /* takes as little as it can */
		int least = 1;

		setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof least);
	}
	if (bind(c->fd, (struct sockaddr *)&from, sizeof from) != 0)
		die("bind");
	if (connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS) {
		a->n.failed++;
		close(c->fd);
		return;
	}
	c->state = ST_CONNECTING;
	a->n.opened++;
	if (epoll_ctl(a->epoll, EPOLL_CTL_ADD, c->fd, &event) != 0)
		die("epoll_ctl");
}

static void conn_start(struct attack *a, struct conn *c)
{
	char name[] = "www.example.nl"; /* not const because OpenSSL's macro isn't */

	c->state = a->o.tls ? ST_HANDSHAKE : ST_OPEN;
	c->can_read = true;
	if (!a->o.tls)
		return;
	c->ssl = SSL_new(a->tls);
	if (!c->ssl || SSL_set_fd(c->ssl, c->fd) != 1 ||
	    SSL_set_tlsext_host_name(c->ssl, name) != 1)
		die("SSL_new");
	SSL_set_connect_state(c->ssl);
}

/* ---- what comes back ---- */

static void frame_count(struct attack *a, const struct conn *c)
{
	uint32_t code = 0;

	if (c->head[3] == FRAME_RST_STREAM)
		a->n.resets++;
	if (c->head[3] != FRAME_GOAWAY)
		return;
	for (int i = 0; i < 4; i++)
		code = code << 8 | c->head[FRAME_HEAD + 4 + i];
	a->n.goaway[code < CODES ? code : CODES - 1]++;
}

/* Frames by their heads; of a GOAWAY the code behind it too. */
static void take_frames(struct attack *a, struct conn *c, const uint8_t *p, size_t n)
{
	while (n) {
		size_t want = FRAME_HEAD, part = 0;

		if (c->skip) {
			part = c->skip < n ? (size_t)c->skip : n;
			c->skip -= part;
			p += part;
			n -= part;
			continue;
		}
		if (c->head_n >= FRAME_HEAD && c->head[3] == FRAME_GOAWAY)
			want += 8;
		c->head[c->head_n++] = *p++;
		n--;
		if (c->head_n < want || (want == FRAME_HEAD && c->head[3] == FRAME_GOAWAY))
			continue;
		frame_count(a, c);
		c->skip = ((uint32_t)c->head[0] << 16 | (uint32_t)c->head[1] << 8 | c->head[2]) -
			  (want - FRAME_HEAD);
		c->head_n = 0;
	}
}

/* Of HTTP/1 the first status line, as far as it came in one piece. */
static void take_status(struct attack *a, const struct conn *c, const uint8_t *p, size_t n)
{
	unsigned status = 0;

	if (c->has_heard || n < 12 || memcmp(p, "HTTP/1.", 7) != 0)
		return;
	for (int i = 9; i < 12; i++)
		status = 10 * status + (unsigned)(p[i] - '0');
	if (status < STATUSES)
		a->n.status[status]++;
}

static ssize_t conn_io_error(struct conn *c, int n, bool is_read)
{
	int why = SSL_get_error(c->ssl, n);

	if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
		return 0;
	if (is_read)
		c->can_read = false;
	else
		c->can_write = false;
	return -1;
}

/* Bytes · 0 it has ended · -1 nothing now */
static ssize_t conn_recv(struct attack *a, struct conn *c, size_t max)
{
	ssize_t n = 0;

	if (c->ssl) {
		n = SSL_read(c->ssl, a->buffer, (int)max);
		return n > 0 ? n : conn_io_error(c, (int)n, true);
	}
	n = recv(c->fd, a->buffer, max, 0);
	if (n < 0 && errno == EAGAIN) {
		c->can_read = false;
		return -1;
	}
	return n < 0 ? 0 : n;
}

static void conn_read(struct attack *a, struct conn *c)
{
	size_t max = a->o.read ? a->o.read : sizeof a->buffer;
	ssize_t n = 0;

	if (!c->can_read || (a->o.read && a->now_ns < c->read_ns))
		return;
	n = conn_recv(a, c, max);
	if (n == 0) {
		conn_ended(a, c);
		return;
	}
	if (n < 0)
		return;
	c->read_ns = a->now_ns + (uint64_t)(a->o.pause_s * 1e9);
	a->n.received += (uint64_t)n;
	if (a->o.alpn && strcmp(a->o.alpn, "h2") == 0)
		take_frames(a, c, a->buffer, (size_t)n);
	else
		take_status(a, c, a->buffer, (size_t)n);
	c->has_heard = true;
}

/* ---- what goes out ---- */

static ssize_t conn_send(struct attack *a, struct conn *c, size_t max)
{
	const uint8_t *p = a->script + c->sent;
	ssize_t n = 0;

	if (c->ssl) {
		n = SSL_write(c->ssl, p, (int)max);
		return n > 0 ? n : conn_io_error(c, (int)n, false);
	}
	n = send(c->fd, p, max, MSG_NOSIGNAL);
	if (n < 0 && errno == EAGAIN) {
		c->can_write = false;
		return -1;
	}
	return n < 0 ? 0 : n;
}

static void conn_write(struct attack *a, struct conn *c)
{
	size_t left = a->script_n - c->sent, max = left < PIECE ? left : PIECE;
	ssize_t n = 0;

	if (c->sent >= a->o.first && a->o.piece) {
		if (a->now_ns < c->send_ns)
			return;
		max = max < a->o.piece ? max : a->o.piece;
	} else if (c->sent < a->o.first && max > a->o.first - c->sent) {
		max = a->o.first - c->sent;
	}
	if (!c->can_write || max == 0)
		return;
	n = conn_send(a, c, max);
	if (n == 0) {
		c->can_write = false; /* reading tells why */
		c->can_read = true;
		return;
	}
	if (n < 0)
		return;
	a->n.sent += (uint64_t)n;
	c->sent += (size_t)n;
	c->send_ns = a->now_ns + (uint64_t)(a->o.pause_s * 1e9);
	if (c->sent == a->script_n && a->o.want_loop)
		c->sent = a->o.loop;
}

static void conn_shake(struct attack *a, struct conn *c)
{
	int n = SSL_do_handshake(c->ssl), why = SSL_get_error(c->ssl, n);

	if (n == 1)
		c->state = ST_OPEN;
	else if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
		conn_ended(a, c);
}

static void conn_step(struct attack *a, struct conn *c)
{
	if (c->state == ST_CLOSED && !(a->o.once && a->n.opened >= a->o.connections))
		conn_open(a, c);
	if (c->state == ST_CONNECTING && c->can_write)
		conn_start(a, c);
	if (c->state == ST_HANDSHAKE)
		conn_shake(a, c);
	if (c->state == ST_OPEN)
		conn_write(a, c);
	if (c->state == ST_OPEN && !a->o.deaf)
		conn_read(a, c);
	if (c->state == ST_OPEN && a->o.churn && c->sent == a->script_n)
		conn_close(a, c);
}

/* Deaf ones don't read; that they have been ended is seen all the same. */
static void conn_note(struct attack *a, struct conn *c, uint32_t events)
{
	c->can_read |= (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
	c->can_write |= (events & EPOLLOUT) != 0;
	if (c->state != ST_CLOSED && events & (EPOLLHUP | EPOLLERR) &&
	    (a->o.deaf || c->state == ST_CONNECTING)) {
		c->has_heard |= c->state == ST_OPEN;
		conn_ended(a, c);
	}
}

/* ---- all of it ---- */

static bool is_busy(const struct attack *a)
{
	for (uint32_t i = 0; i < a->o.connections; i++) {
		const struct conn *c = &a->conns[i];

		if (c->state == ST_CLOSED && !a->o.once)
			return true;
		if (c->state == ST_OPEN && ((c->can_read && !a->o.read && !a->o.deaf) ||
					    (c->can_write && !a->o.piece && c->sent < a->script_n)))
			return true;
	}
	return false;
}

static void run(struct attack *a)
{
	struct epoll_event events[EVENTS];
	uint64_t end = now_ns() + (uint64_t)(a->o.seconds * 1e9);

	while ((a->now_ns = now_ns()) < end) {
		int n = epoll_wait(a->epoll, events, EVENTS, is_busy(a) ? 0 : 2);

		for (int i = 0; i < n; i++)
			conn_note(a, events[i].data.ptr, events[i].events);
		for (uint32_t i = 0; i < a->o.connections; i++)
			conn_step(a, &a->conns[i]);
	}
}

static void print_map(const char *name, const uint64_t *counts, int n)
{
	const char *comma = "";

	printf("\"%s\":{", name);
	for (int i = 0; i < n; i++) {
		if (!counts[i])
			continue;
		printf("%s\"%d\":%llu", comma, i, (unsigned long long)counts[i]);
		comma = ",";
	}
	printf("},");
}

static void print_counts(const struct attack *a)
{
	const struct counts *n = &a->n;
	struct rusage used = { 0 };
	uint32_t open = 0;

	for (uint32_t i = 0; i < a->o.connections; i++)
		open += a->conns[i].state == ST_OPEN;
	getrusage(RUSAGE_SELF, &used);
	printf("{");
	print_map("goaway", n->goaway, CODES);
	print_map("status", n->status, STATUSES);
	printf("\"opened\":%llu,\"failed\":%llu,\"refused\":%llu,\"ended\":%llu,\"left\":%llu,",
	       (unsigned long long)n->opened, (unsigned long long)n->failed,
	       (unsigned long long)n->refused, (unsigned long long)n->ended,
	       (unsigned long long)n->left);
	printf("\"sent\":%llu,\"received\":%llu,\"resets\":%llu,\"open\":%u,\"cpu_s\":%.3f}\n",
	       (unsigned long long)n->sent, (unsigned long long)n->received,
	       (unsigned long long)n->resets, open,
	       (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
		       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
}

static void read_script(struct attack *a)
{
	FILE *file = fopen(a->o.script, "rb");
	struct stat s = { 0 };

	if (!file || fstat(fileno(file), &s) != 0)
		die(a->o.script);
	a->script_n = (size_t)s.st_size;
	a->script = malloc(a->script_n + 1);
	if (!a->script || fread(a->script, 1, a->script_n, file) != a->script_n)
		die(a->o.script);
	fclose(file);
}

static void make_tls(struct attack *a)
{
	uint8_t wire[32] = { 0 };

	a->tls = SSL_CTX_new(TLS_client_method());
	if (!a->tls)
		die("SSL_CTX_new");
	SSL_CTX_set_mode(a->tls,
			 SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (!a->o.alpn)
		return;
	wire[0] = (uint8_t)snprintf((char *)wire + 1, sizeof wire - 1, "%s", a->o.alpn);
	SSL_CTX_set_alpn_protos(a->tls, wire, 1u + wire[0]);
}

static const struct option table[] = {
	{ "port", 1, NULL, 'p' },	 { "from", 1, NULL, 'f' },    { "sources", 1, NULL, 'n' },
	{ "connections", 1, NULL, 'c' }, { "seconds", 1, NULL, 's' }, { "script", 1, NULL, 'x' },
	{ "tls", 0, NULL, 'T' },	 { "alpn", 1, NULL, 'a' },    { "first", 1, NULL, '1' },
	{ "loop", 1, NULL, 'l' },	 { "piece", 1, NULL, 'b' },   { "read", 1, NULL, 'r' },
	{ "pause", 1, NULL, 'd' },	 { "deaf", 0, NULL, 'D' },    { "once", 0, NULL, 'o' },
	{ "churn", 0, NULL, 'C' },	 { NULL, 0, NULL, 0 },
};

static void take_number(struct options *o, int which, const char *text)
{
	size_t n = strtoul(text, NULL, 10);

	if (which == 'p')
		o->port = (uint16_t)n;
	else if (which == 'n')
		o->sources = (uint32_t)n;
	else if (which == 'c')
		o->connections = n < CONNS ? (uint32_t)n : CONNS;
	else if (which == '1')
		o->first = n;
	else if (which == 'b')
		o->piece = n;
	else if (which == 'r')
		o->read = n;
	else if (which == 'l')
		o->loop = n;
	o->want_loop |= which == 'l';
}

static void take_option(struct options *o, int which, const char *text)
{
	if (which == '?')
		exit(2);
	else if (which == 'f')
		o->from = text;
	else if (which == 'x')
		o->script = text;
	else if (which == 'a')
		o->alpn = text;
	else if (which == 's')
		o->seconds = strtod(text, NULL);
	else if (which == 'd')
		o->pause_s = strtod(text, NULL);
	else if (which == 'T')
		o->tls = true;
	else if (which == 'D')
		o->deaf = true;
	else if (which == 'o')
		o->once = true;
	else if (which == 'C')
		o->churn = true;
	else
		take_number(o, which, text);
}

int main(int argc, char **argv)
{
	static struct attack a = { .o = { .from = "127.0.66.1",
					  .script = "/dev/null",
					  .sources = 1,
					  .connections = 1,
					  .seconds = 1 } };
	struct rlimit files = { 0 };

	for (int which; (which = getopt_long(argc, argv, "", table, NULL)) != -1;)
		take_option(&a.o, which, optarg);
	signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	read_script(&a);
	make_tls(&a);
	a.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (a.epoll < 0)
		die("epoll_create1");
	run(&a);
	print_counts(&a);
}
