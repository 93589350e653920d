/*
 * The witness's front: options, and HTTP/1.1 in the clear for a server with TLS before it (all that
 * is said is signed, and nothing of it is secret). One request per connection, fixed buffers, a
 * deadline for each; one thread, so that a checkpoint is judged and kept before the next is read.
 */
#include "base/ip.h"
#include "proto/http1.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "tool/witness.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

enum {
	SERVE_CLIENTS = 64,
	SERVE_HEAD = 8192,
	SERVE_IN = SERVE_HEAD + NOTE_PROOF_MAX,
	SERVE_MS = 10 * 1000,
	SERVE_FIELDS = 64,
	SERVE_TICK_MS = 1000
};

static const char serve_usage[] =
	"usage: sluis witness --listen ADDRESS:PORT --directory DIR --log KEY [options]\n"
	"\n"
	"Keeps the newest checkpoint of each log on another machine and countersigns what grew\n"
	"from it; an alarm, on standard output and to syslog, tells of a fork, of a log that was\n"
	"put back, and of silence. HTTP in the clear: TLS is for a server before it.\n"
	"\n"
	"  --listen A:P        where logs and their shippers ask: POST /add-checkpoint\n"
	"  --directory DIR     what it knows, and its key (made at the first start)\n"
	"  --log KEY           a log's verifier key, or a file with one (audit.vkey); again for "
	"more\n"
	"  --name NAME         of this witness, without blanks (sluis/witness)\n"
	"  --silence TIME      an alarm when a log has said nothing for so long: 90s, 10m, 1h "
	"(5m);\n"
	"                      0: never\n"
	"  --help              this text\n";

struct serve_client {
	int fd; /* -1: free */
	uint64_t due_ms;
	size_t in_n, progress, out_at;
	struct wbuf out; /* something in it: answered, nothing more is read */
	uint8_t in[SERVE_IN];
	uint8_t out_room[WITNESS_ANSWER + 512];
};

struct serve {
	struct witness w;
	const char *listen, *name, *directory, *silence;
	const char *log[WITNESS_LOGS];
	unsigned log_n;
	bool has_too_many;
	int listen_fd;
	struct serve_client client[SERVE_CLIENTS];
};

/* ---- answers ---- */

static const char *serve_reason(unsigned status)
{
	static const struct {
		unsigned status;
		const char *text;
	} rows[] = {
		{ 200, "OK" },
		{ 400, "Bad Request" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 409, "Conflict" },
		{ 413, "Content Too Large" },
		{ 422, "Unprocessable Content" },
		{ 500, "Internal Server Error" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].status == status)
			return rows[i].text;
	return "Error";
}

static void serve_answer(struct serve_client *c, const struct witness_answer *a)
{
	c->out = wbuf_of(c->out_room, sizeof c->out_room);
	WBUF_LIT(&c->out, "HTTP/1.1 ");
	wbuf_dec(&c->out, a->status);
	WBUF_LIT(&c->out, " ");
	wbuf_str(&c->out, serve_reason(a->status));
	wbuf_str(&c->out, a->is_size ? "\r\nContent-Type: text/x.tlog.size\r\nContent-Length: "
				     : "\r\nContent-Type: text/plain; charset=utf-8\r\n"
				       "Content-Length: ");
	wbuf_dec(&c->out, a->body.n);
	WBUF_LIT(&c->out, "\r\nConnection: close\r\n\r\n");
	wbuf_view_put(&c->out, wbuf_view(&a->body));
	INVARIANT(!c->out.bad);
	c->out_at = 0;
}

static void serve_refuse(struct serve_client *c, unsigned status)
{
	struct witness_answer a = { .status = status };

	serve_answer(c, &a);
}

static void serve_request(struct serve *s, struct serve_client *c, const struct http1_head *h)
{
	struct view all = view_of(c->in, c->in_n);
	struct view target = view_slice(all, h->target, h->target_n);
	uint8_t room[WITNESS_ANSWER];
	struct witness_answer a = { .body = wbuf_of(room, sizeof room) };

	if (!view_ends(target, VIEW("/add-checkpoint")))
		serve_refuse(c, 404);
	else if (h->method_id != METHOD_POST)
		serve_refuse(c, 405);
	else if (h->body != BODY_LENGTH)
		serve_refuse(c, 400);
	else if (h->content_length > sizeof c->in - h->n)
		serve_refuse(c, 413);
	else if (c->in_n - h->n >= h->content_length) {
		witness_take(&s->w, view_slice(all, h->n, (size_t)h->content_length),
			     (uint64_t)clock_wall_us() / 1000000, &a);
		serve_answer(c, &a);
	}
}

/* What has come so far: a whole request is answered, what is none is refused. */
static void serve_parse(struct serve *s, struct serve_client *c)
{
	struct field fields[SERVE_FIELDS];
	struct http1_head h = { .fields = fields, .field_cap = SERVE_FIELDS };
	struct http1_error why = { 0 };
	enum err e = E_OK;

	c->progress = 0; /* the head is short, and is parsed again when its content grows */
	e = http1_parse_request(view_of(c->in, c->in_n), SERVE_HEAD, &c->progress, &h, &why);
	if (e == E_OK)
		serve_request(s, c, &h);
	else if (e != E_AGAIN)
		serve_refuse(c, 400);
	if (c->out.n == 0 && c->in_n == sizeof c->in)
		serve_refuse(c, 413);
}

/* ---- connections ---- */

static void serve_close(struct serve_client *c)
{
	c->fd = fd_close(c->fd);
	c->in_n = c->progress = 0;
	c->out.n = c->out_at = 0;
}

static void serve_accept(struct serve *s, uint64_t now_ms)
{
	for (unsigned i = 0; i < SERVE_CLIENTS; i++) {
		struct serve_client *c = &s->client[i];

		if (c->fd >= 0)
			continue;
		c->fd = accept4(s->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (c->fd < 0)
			return;
		c->due_ms = now_ms + SERVE_MS;
	}
}

static void serve_read(struct serve *s, struct serve_client *c)
{
	ssize_t n = recv(c->fd, c->in + c->in_n, sizeof c->in - c->in_n, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		serve_close(c);
		return;
	}
	c->in_n += (size_t)n;
	serve_parse(s, c);
}

static void serve_write(struct serve_client *c)
{
	struct view rest = view_slice(wbuf_view(&c->out), c->out_at, c->out.n);
	ssize_t n = send(c->fd, rest.p, rest.n, MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		c->out_at += (size_t)n;
	if (n <= 0 || c->out_at == c->out.n)
		serve_close(c);
}

static void serve_event(struct serve *s, struct serve_client *c, const struct pollfd *p,
			uint64_t now_ms)
{
	if (c->fd < 0 || c->fd != p->fd)
		return;
	if (p->revents && c->out.n == 0)
		serve_read(s, c);
	if (c->fd >= 0 && c->out.n)
		serve_write(c);
	if (c->fd >= 0 && now_ms >= c->due_ms)
		serve_close(c);
}

static int serve_loop(struct serve *s)
{
	struct pollfd p[SERVE_CLIENTS + 1];

	for (;;) {
		uint64_t now_ms = 0;
		unsigned used = 0;

		for (unsigned i = 0; i < SERVE_CLIENTS; i++) {
			p[i] = (struct pollfd){ .fd = s->client[i].fd,
						.events = s->client[i].out.n ? POLLOUT : POLLIN };
			used += p[i].fd >= 0;
		}
		p[SERVE_CLIENTS] = (struct pollfd){ .fd = used < SERVE_CLIENTS ? s->listen_fd : -1,
						    .events = POLLIN };
		if (poll(p, SERVE_CLIENTS + 1, SERVE_TICK_MS) < 0 && errno != EINTR)
			return 1;
		now_ms = clock_mono_ms();
		for (unsigned i = 0; i < SERVE_CLIENTS; i++)
			serve_event(s, &s->client[i], &p[i], now_ms);
		if (p[SERVE_CLIENTS].revents)
			serve_accept(s, now_ms);
		witness_tick(&s->w, (uint64_t)clock_wall_us() / 1000000);
	}
}

/* ---- options ---- */

static enum err serve_fail(const char *option, const char *what)
{
	(void)fprintf(stderr, "sluis witness: %s: %s\n", option, what);
	return E_DENIED;
}

/* "127.0.0.1:8490", "[::1]:8490" */
static enum err serve_listen(struct serve *s)
{
	struct view text = view_str(s->listen), host = text;
	size_t colon = text.n;
	struct ip ip = { 0 };
	uint64_t port = 0;
	struct sockaddr_in6 at = { .sin6_family = AF_INET6 };
	struct wbuf to = wbuf_of(at.sin6_addr.s6_addr, sizeof at.sin6_addr.s6_addr);
	int one = 1, both = 0;

	for (size_t i = 0; i < text.n; i++)
		colon = text.p[i] == ':' ? i : colon;
	host = view_slice(text, 0, colon);
	if (view_starts(host, VIEW("[")) && view_ends(host, VIEW("]")))
		host = view_slice(host, 1, host.n - 2);
	if (ip_parse(host, &ip) != E_OK ||
	    view_dec(view_slice(text, colon + 1, text.n), &port) != E_OK || port > UINT16_MAX)
		return serve_fail("--listen", "write an address and a port: 127.0.0.1:8490");
	wbuf_put(&to, ip.b, sizeof ip.b);
	at.sin6_port = htons((uint16_t)port);
	s->listen_fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->listen_fd < 0 ||
	    setsockopt(s->listen_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
	    setsockopt(s->listen_fd, IPPROTO_IPV6, IPV6_V6ONLY, &both, sizeof both) < 0 ||
	    bind(s->listen_fd, (const struct sockaddr *)&at, sizeof at) < 0 ||
	    listen(s->listen_fd, SERVE_CLIENTS) < 0)
		return serve_fail("--listen", "the address can't be listened on");
	return E_OK;
}

static enum err serve_log(struct serve *s, const char *text)
{
	AUTO_FD fd = -1;
	uint8_t room[NOTE_VKEY_MAX + 1];
	struct wbuf w = wbuf_of(room, sizeof room);
	struct view v = view_str(text);
	enum err e = witness_add_log(&s->w, v);

	if (e == E_PROTO) {
		fd = open(text, O_RDONLY | O_CLOEXEC);
		if (fd >= 0 && fd_read_all(fd, &w) == E_OK) {
			v = wbuf_view(&w);
			e = witness_add_log(&s->w, view_slice(v, 0, view_find(v, '\n')));
		}
	}
	return e == E_OK ? E_OK : serve_fail(text, "no verifier key of a log, nor a file with one");
}

static enum err serve_silence(struct serve *s, const char *text)
{
	static const struct {
		char unit;
		unsigned s;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	struct view v = view_str(text);
	uint64_t x = 0;

	if (view_eq(v, VIEW("0"))) {
		s->w.silence_s = 0;
		return E_OK;
	}
	for (size_t i = 0; v.n && i < sizeof units / sizeof units[0]; i++) {
		if (v.p[v.n - 1] != (uint8_t)units[i].unit ||
		    view_dec(view_slice(v, 0, v.n - 1), &x) != E_OK || x > UINT32_MAX)
			continue;
		s->w.silence_s = x * units[i].s;
		return E_OK;
	}
	return serve_fail("--silence", "write 90s, 10m, 1h or 0");
}

enum { SERVE_LISTEN = 256, SERVE_DIRECTORY, SERVE_LOG, SERVE_NAME, SERVE_SILENCE, SERVE_HELP };

static const struct option serve_options[] = {
	{ "listen", required_argument, NULL, SERVE_LISTEN },
	{ "directory", required_argument, NULL, SERVE_DIRECTORY },
	{ "log", required_argument, NULL, SERVE_LOG },
	{ "name", required_argument, NULL, SERVE_NAME },
	{ "silence", required_argument, NULL, SERVE_SILENCE },
	{ "help", no_argument, NULL, SERVE_HELP },
	{ NULL, 0, NULL, 0 },
};

/* Kept as it is written: what help is asked for behind is not looked at. E_PROTO: not understood */
static enum err serve_option(struct serve *s, int c)
{
	switch (c) {
	case SERVE_LISTEN:
		s->listen = optarg;
		return E_OK;
	case SERVE_DIRECTORY:
		s->directory = optarg;
		return E_OK;
	case SERVE_LOG:
		if (s->log_n < WITNESS_LOGS)
			s->log[s->log_n++] = optarg;
		else
			s->has_too_many = true;
		return E_OK;
	case SERVE_NAME:
		s->name = optarg;
		return E_OK;
	case SERVE_SILENCE:
		s->silence = optarg;
		return E_OK;
	default:
		return E_PROTO;
	}
}

/* What the options say, and what the directory holds. */
static enum err serve_open(struct serve *s)
{
	if (s->has_too_many)
		return serve_fail("--log", "too many logs");
	for (unsigned i = 0; i < s->log_n; i++)
		TRY(serve_log(s, s->log[i]));
	if (s->silence)
		TRY(serve_silence(s, s->silence));
	(void)mkdir(s->directory, 0700);
	s->w.dir_fd = open(s->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->w.dir_fd < 0)
		return serve_fail(s->directory, "is no directory that can be used");
	TRY(serve_listen(s));
	return witness_open(&s->w, s->name);
}

static int serve_run(struct serve *s, int argc, char **argv)
{
	int c = 0;

	while ((c = getopt_long(argc, argv, "", serve_options, NULL)) != -1) {
		if (c != SERVE_HELP && serve_option(s, c) == E_OK)
			continue;
		(void)fputs(serve_usage, c == SERVE_HELP ? stdout : stderr);
		return c == SERVE_HELP ? 0 : 2;
	}
	if (optind != argc || !s->listen || !s->directory || s->log_n == 0) {
		(void)fputs(serve_usage, stderr);
		return 2;
	}
	openlog("sluis-witness", LOG_PID, LOG_AUTH);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* it has a key */
	if (serve_open(s) != E_OK)
		return 1;
	(void)printf("ready\n");
	(void)fflush(stdout);
	return serve_loop(s);
}

int witness_main(int argc, char **argv)
{
	struct serve *s = calloc(1, sizeof *s);
	int status = 1;

	if (!s || audit_hash_init(&s->w.digest) != E_OK) {
		free(s);
		return 1;
	}
	s->w.dir_fd = s->listen_fd = -1;
	s->w.silence_s = 300;
	s->name = "sluis/witness";
	for (unsigned i = 0; i < SERVE_CLIENTS; i++)
		s->client[i].fd = -1;
	status = serve_run(s, argc, argv);
	witness_done(&s->w);
	(void)fd_close(s->w.dir_fd);
	(void)fd_close(s->listen_fd);
	free(s);
	return status;
}
