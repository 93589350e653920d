/*
 * One client of the metrics address: a request head, an answer that is rendered as fast as the
 * client takes it, and perhaps the next request. Strict: what is not a plain GET or HEAD without
 * a body is refused and the connection closed.
 */
#include "role/console/console.h"

#include "sys/fd.h"
#include "sys/log.h"

#include <errno.h>
#include <sys/socket.h>

enum {
	CLIENT_ACCEPTS = 16,	 /* per wake-up */
	CLIENT_CHUNK_HEAD = 10,	 /* "0000ffff\r\n": leading zeros are allowed, RFC 9112 §7.1 */
	CLIENT_CHUNK_END = 2 + 5 /* CRLF, and the last chunk */
};

enum err client_init(struct console *c, struct arena *a)
{
	for (size_t i = 0; i < CONSOLE_CLIENTS; i++) {
		struct client *cl = &c->client[i];

		cl->source.fd = -1;
		cl->in = ARENA_NEW(a, uint8_t, CONSOLE_IN);
		cl->out = ARENA_NEW(a, uint8_t, CONSOLE_OUT);
		if (!cl->in || !cl->out)
			return E_NOMEM;
	}
	return E_OK;
}

static void client_release_image(struct client *cl)
{
	if (cl->image)
		cl->image->users--;
	cl->image = NULL;
	cl->has_more = false;
}

static void client_close(struct console *c, struct client *cl)
{
	client_release_image(cl);
	loop_close(&cl->source);
	cl->state = CLIENT_FREE;
	cl->turn = c->loop.turn;
}

static struct client *client_vacant(struct console *c)
{
	for (size_t i = 0; i < CONSOLE_CLIENTS; i++)
		if (c->client[i].state == CLIENT_FREE && c->client[i].turn != c->loop.turn)
			return &c->client[i];
	return NULL;
}

static void client_open(struct console *c, int fd)
{
	struct client *cl = client_vacant(c);

	if (!cl) {
		(void)fd_close(fd);
		return;
	}
	*cl = (struct client){ .source = { .fd = fd, .kind = CONSOLE_CLIENT },
			       .due_ms = c->loop.now_ms + CONSOLE_REQUEST_MS,
			       .in = cl->in,
			       .out = cl->out,
			       .state = CLIENT_READING };
	if (loop_add(&c->loop, &cl->source, EPOLLIN) != E_OK)
		client_close(c, cl);
}

void client_on_listener(void *owner, struct loop_source *source, uint32_t events)
{
	struct console *c = owner;

	(void)events;
	for (unsigned i = 0; i < CLIENT_ACCEPTS; i++) {
		int fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			return; /* nothing there, or a client that changed its mind */
		client_open(c, fd);
	}
}

/* The head of an answer whose body is known. */
static void client_answer(struct client *cl, bool is_head, const char *status, const char *body)
{
	struct wbuf w = wbuf_of(cl->out, CONSOLE_OUT);

	WBUF_LIT(&w, "HTTP/1.1 ");
	wbuf_str(&w, status);
	WBUF_LIT(
		&w,
		"\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n"
		"Cache-Control: no-store\r\nContent-Length: ");
	wbuf_dec(&w, view_str(body).n);
	wbuf_str(&w, cl->keeps_alive ? "\r\n\r\n" : "\r\nConnection: close\r\n\r\n");
	if (!is_head)
		wbuf_str(&w, body);
	cl->out_n = w.n;
}

static void client_refuse(struct client *cl, const char *status, const char *body)
{
	cl->keeps_alive = false;
	client_answer(cl, false, status, body);
}

static void client_answer_metrics(struct console *c, struct client *cl, bool is_head)
{
	struct wbuf w = wbuf_of(cl->out, CONSOLE_OUT);

	if (!c->image) {
		client_answer(cl, is_head, "503 Service Unavailable", "no configuration yet\n");
		return;
	}
	WBUF_LIT(&w, "HTTP/1.1 200 OK\r\nContent-Type: ");
	wbuf_str(&w, cl->wants_openmetrics
			     ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
			     : "text/plain; version=0.0.4; charset=utf-8");
	WBUF_LIT(&w, "\r\nVary: Accept\r\nX-Content-Type-Options: nosniff\r\n"
		     "Cache-Control: no-store\r\n");
	if (cl->is_chunked)
		WBUF_LIT(&w, "Transfer-Encoding: chunked\r\n");
	wbuf_str(&w, cl->keeps_alive ? "\r\n" : "Connection: close\r\n\r\n");
	cl->out_n = w.n;
	if (is_head)
		return;
	cl->image = c->image;
	cl->image->users++;
	cl->has_more = true;
	cl->at = (struct metrics_position){ 0 };
}

static void client_answer_health(struct console *c, struct client *cl, bool is_head)
{
	struct metrics_source s = pages_source(c, c->image);
	const char *why = metrics_why_unhealthy(&s);
	char text[128] = "";
	struct wbuf w = wbuf_of(text, sizeof text - 1);

	wbuf_str(&w, why ? why : "ok");
	WBUF_LIT(&w, "\n");
	client_answer(cl, is_head, why ? "503 Service Unavailable" : "200 OK", text);
}

/* Is a media type in the list of an Accept field? (RFC 9110 §12.5.1) */
static bool client_accepts(struct view list, struct view type)
{
	while (list.n) {
		size_t comma = view_find(list, ',');
		struct view one = view_slice(list, 0, comma);

		if (view_ieq(view_trim(view_slice(one, 0, view_find(one, ';'))), type))
			return true;
		list = view_slice(list, comma + 1, list.n);
	}
	return false;
}

/* Prometheus names the formats it takes; a client that names none gets the older one. */
static bool client_wants_openmetrics(const struct client *cl, const struct http1_head *h)
{
	struct view head = view_of(cl->in, h->n);

	for (size_t i = 0; i < h->field_n; i++)
		if (view_ieq(field_name_view(head, &h->fields[i]), VIEW("accept")) &&
		    client_accepts(field_value_view(head, &h->fields[i]),
				   VIEW("application/openmetrics-text")))
			return true;
	return false;
}

static void client_route(struct console *c, struct client *cl, const struct http1_head *h)
{
	struct view target =
		view_of(cl->in + h->target, h->target_n); /* hot: positions of a head */
	struct view path = view_slice(target, 0, view_find(target, '?'));
	bool is_head = h->method_id == METHOD_HEAD;
	bool has_body = h->body == BODY_CHUNKED || (h->body == BODY_LENGTH && h->content_length);

	cl->wants_openmetrics = client_wants_openmetrics(cl, h);
	if (has_body) /* a body would have to be read before the next request */
		client_refuse(cl, "413 Content Too Large", "no body is expected here\n");
	else if (h->method_id != METHOD_GET && !is_head)
		client_refuse(cl, "405 Method Not Allowed\r\nAllow: GET, HEAD",
			      "only GET and HEAD\n");
	else if (view_eq(path, VIEW("/metrics")))
		client_answer_metrics(c, cl, is_head);
	else if (view_eq(path, VIEW("/healthz")))
		client_answer_health(c, cl, is_head);
	else
		client_answer(cl, is_head, "404 Not Found",
			      "there are /metrics and /healthz here\n");
}

/* Puts what follows the head at the front. */
static void client_consume(struct client *cl, size_t n)
{
	struct wbuf w = wbuf_of(cl->in, CONSOLE_IN);
	struct view rest = view_slice(view_of(cl->in, cl->in_n), n, cl->in_n);

	for (size_t i = 0; i < rest.n; i++) /* front to back: the two may overlap */
		wbuf_u8(&w, rest.p[i]);
	cl->in_n = rest.n;
	cl->progress = 0;
}

/* The head that is in the buffer, if it is whole. True when there is something to send. */
static bool client_parse(struct console *c, struct client *cl)
{
	struct field fields[CONSOLE_FIELDS];
	struct http1_head h = { .fields = fields, .field_cap = CONSOLE_FIELDS };
	struct http1_error why = { 0 };
	size_t skip = cl->progress ? 0 : http1_skip_crlf(view_of(cl->in, cl->in_n));
	enum err e = E_OK;

	if (skip)
		client_consume(cl, skip);
	if (cl->in_n == 0)
		return false;
	e = http1_parse_request(view_of(cl->in, cl->in_n), CONSOLE_IN, &cl->progress, &h, &why);
	if (e == E_AGAIN && cl->in_n < CONSOLE_IN)
		return false;
	if (e == E_OK) {
		cl->keeps_alive = h.flags & HTTP1_KEEP_ALIVE;
		cl->is_chunked = h.minor >= 1;
		if (!cl->is_chunked) /* its end is the connection's, RFC 9112 §6.3 */
			cl->keeps_alive = false;
		client_route(c, cl, &h);
		client_consume(cl, h.n);
	} else {
		client_refuse(cl, "400 Bad Request",
			      "this is no request that is understood here\n");
	}
	cl->out_at = 0;
	cl->state = CLIENT_WRITING;
	cl->due_ms = c->loop.now_ms + CONSOLE_SEND_MS;
	return true;
}

static struct metrics_source client_source(const struct console *c, const struct client *cl)
{
	struct metrics_source s = pages_source(c, cl->image);

	s.is_openmetrics = cl->wants_openmetrics;
	return s;
}

/* Renders the next piece of the metrics page into the empty buffer. */
static void client_fill(struct console *c, struct client *cl)
{
	struct metrics_source s = client_source(c, cl);
	size_t before = cl->is_chunked ? CLIENT_CHUNK_HEAD : 0;
	struct view room = view_of(cl->out, CONSOLE_OUT - CLIENT_CHUNK_END);
	struct wbuf all = wbuf_of(cl->out, CONSOLE_OUT);
	struct wbuf body = wbuf_of(cl->out + before, room.n - before); /* hot */
	bool is_whole = metrics_put(&s, &cl->at, &body);

	INVARIANT(!body.bad);
	cl->out_at = 0;
	cl->out_n = body.n;
	if (cl->is_chunked) {
		uint8_t size[4] = { (uint8_t)(body.n >> 24), (uint8_t)(body.n >> 16),
				    (uint8_t)(body.n >> 8), (uint8_t)body.n };

		wbuf_hex(&all, view_of(size, sizeof size));
		WBUF_LIT(&all, "\r\n");
		all.n = before + body.n;
		WBUF_LIT(&all, "\r\n");
		if (is_whole)
			WBUF_LIT(&all, "0\r\n\r\n");
		cl->out_n = all.n;
	}
	if (is_whole)
		client_release_image(cl);
}

/* E_OK everything is sent · E_AGAIN the client has to take some first · E_CLOSED it is gone */
static enum err client_send(struct console *c, struct client *cl)
{
	for (;;) {
		struct view rest = view_slice(view_of(cl->out, cl->out_n), cl->out_at, cl->out_n);
		ssize_t n = 0;

		if (rest.n == 0 && !cl->has_more)
			return E_OK;
		if (rest.n == 0) {
			client_fill(c, cl);
			continue;
		}
		n = send(cl->source.fd, rest.p, rest.n, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? E_AGAIN : E_CLOSED;
		cl->out_at += (size_t)n;
		cl->due_ms = c->loop.now_ms + CONSOLE_SEND_MS;
	}
}

static enum err client_receive(struct client *cl)
{
	struct view room = view_slice(view_of(cl->in, CONSOLE_IN), cl->in_n, CONSOLE_IN);
	ssize_t n = 0;

	if (room.n == 0)
		return E_OK;
	n = recv(cl->source.fd, cl->in + cl->in_n, room.n, 0); /* hot */
	if (n > 0)
		cl->in_n += (size_t)n;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? E_AGAIN : E_CLOSED;
	return n == 0 ? E_CLOSED : E_OK;
}

/* Sends, and takes the next request that is there already; at most so many in one turn. */
static void client_write(struct console *c, struct client *cl)
{
	for (unsigned i = 0; i < CLIENT_ACCEPTS; i++) {
		enum err e = client_send(c, cl);

		if (e == E_AGAIN) {
			if (loop_change(&c->loop, &cl->source, EPOLLOUT) != E_OK)
				client_close(c, cl);
			return;
		}
		if (e != E_OK || !cl->keeps_alive || c->is_ending)
			break;
		cl->state = CLIENT_READING;
		cl->due_ms = c->loop.now_ms + CONSOLE_KEEP_MS;
		if (client_parse(c, cl))
			continue;
		if (loop_change(&c->loop, &cl->source, EPOLLIN) == E_OK)
			return;
		break;
	}
	client_close(c, cl);
}

void client_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct console *c = owner;
	struct client *cl = LIST_OWNER(source, struct client, source);

	if (cl->state == CLIENT_READING) {
		enum err e = client_receive(cl);

		if (e == E_CLOSED)
			client_close(c, cl);
		if (e != E_OK || !client_parse(c, cl))
			return;
	} else if (events & EPOLLERR) {
		client_close(c, cl);
		return;
	}
	client_write(c, cl);
}

void client_tick(struct console *c)
{
	for (size_t i = 0; i < CONSOLE_CLIENTS; i++) {
		struct client *cl = &c->client[i];
		bool is_idle = cl->state == CLIENT_READING && cl->in_n == 0;

		if (cl->state != CLIENT_FREE &&
		    (c->loop.now_ms >= cl->due_ms || (c->is_ending && is_idle)))
			client_close(c, cl);
	}
}
