/*
 * One client of the status page: a request head, one of a few documents, and perhaps the next
 * request. Strict: what is not a plain GET or HEAD without a body is refused and the connection
 * closed. Every wait has an end; when all places are taken the longest silent client gives way.
 */
#include "role/herald/herald.h"

#include "base/date.h"
#include "proto/accept_language.h"
#include "sys/clock.h"
#include "sys/fd.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

enum { CLIENT_ACCEPTS = 16 /* per wake-up */ };

void client_init(struct herald *h)
{
	for (size_t i = 0; i < HERALD_CLIENTS; i++)
		h->client[i].source.fd = -1;
}

static void client_release(struct client *cl)
{
	if (cl->sheets)
		cl->sheets->users--;
	cl->sheets = NULL;
	cl->body = (struct view){ 0 };
	cl->body_at = 0;
}

static void client_close(struct herald *h, struct client *cl)
{
	client_release(cl);
	loop_close(&cl->source);
	cl->state = CLIENT_FREE;
	cl->turn = h->loop.turn;
}

/* ---- who comes in ---- */

static struct ip client_network(const struct sockaddr_storage *from)
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)from;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)from;
	struct ip ip = { .b = { [10] = 0xff, [11] = 0xff } };
	struct wbuf v4 = wbuf_of(ip.b + 12, 4), v6 = wbuf_of(ip.b, 16);

	if (from->ss_family == AF_INET)
		wbuf_put(&v4, &four->sin_addr, 4);
	else
		wbuf_put(&v6, &six->sin6_addr, 16);
	return ip_source(&ip);
}

/* Of a network's clients, and of all, the one that has waited longest for its next request. */
static struct client *client_silent(struct herald *h, const struct ip *network)
{
	struct client *found = NULL;

	for (size_t i = 0; i < HERALD_CLIENTS; i++) {
		struct client *cl = &h->client[i];

		if (cl->state != CLIENT_READING ||
		    h->loop.now_ms < cl->since_ms + HERALD_YIELD_MS ||
		    (network && !ip_eq(&cl->network, network)))
			continue;
		if (!found || cl->since_ms < found->since_ms)
			found = cl;
	}
	return found;
}

static unsigned client_count(const struct herald *h, const struct ip *network)
{
	unsigned n = 0;

	for (size_t i = 0; i < HERALD_CLIENTS; i++)
		n += h->client[i].state != CLIENT_FREE && ip_eq(&h->client[i].network, network);
	return n;
}

static struct client *client_vacant(struct herald *h)
{
	for (size_t i = 0; i < HERALD_CLIENTS; i++)
		if (h->client[i].state == CLIENT_FREE && h->client[i].turn != h->loop.turn)
			return &h->client[i];
	return NULL;
}

/* A place for it; somebody who is silent may have to go, whose place is free in the next turn. */
static struct client *client_place(struct herald *h, const struct ip *network)
{
	struct client *cl = NULL, *silent = NULL;

	if (client_count(h, network) >= HERALD_PER_SOURCE) {
		silent = client_silent(h, network);
		if (!silent)
			return NULL;
		client_close(h, silent);
	}
	cl = client_vacant(h);
	if (cl)
		return cl;
	silent = silent ? NULL : client_silent(h, NULL);
	if (silent)
		client_close(h, silent);
	return NULL;
}

static void client_open(struct herald *h, int fd, const struct sockaddr_storage *from)
{
	struct ip network = client_network(from);
	struct client *cl = client_place(h, &network);

	if (!cl) {
		(void)fd_close(fd);
		return;
	}
	cl->source = (struct loop_source){ .fd = fd, .kind = HERALD_CLIENT };
	cl->network = network;
	cl->since_ms = h->loop.now_ms;
	cl->due_ms = h->loop.now_ms + HERALD_REQUEST_MS;
	cl->progress = cl->in_n = cl->out_n = cl->out_at = 0;
	cl->keeps_alive = false;
	cl->state = CLIENT_READING;
	if (loop_add(&h->loop, &cl->source, EPOLLIN) != E_OK)
		client_close(h, cl);
}

void client_on_listener(void *owner, struct loop_source *source, uint32_t events)
{
	struct herald *h = owner;

	(void)events;
	for (unsigned i = 0; i < CLIENT_ACCEPTS; i++) {
		struct sockaddr_storage from = { 0 };
		socklen_t n = sizeof from;
		int fd = accept4(source->fd, (struct sockaddr *)&from, &n,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			return; /* nothing there, or a client that changed its mind */
		client_open(h, fd, &from);
	}
}

/* ---- answers ---- */

/* What every answer says of itself, and the end of its head. */
static void client_finish(struct herald *h, struct client *cl, struct wbuf *w)
{
	(void)h;
	WBUF_LIT(w, "Date: ");
	date_put_http(w, clock_wall_us() / 1000000);
	WBUF_LIT(w, "\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
		    "Content-Security-Policy: default-src 'none'; style-src 'self'; "
		    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'\r\n");
	wbuf_str(w, cl->keeps_alive ? "\r\n" : "Connection: close\r\n\r\n");
	INVARIANT(!w->bad);
	cl->out_n = w->n;
}

static void client_say(struct herald *h, struct client *cl, bool is_head, const char *status,
		       const char *text)
{
	struct wbuf w = wbuf_of(cl->out, HERALD_HEAD);

	WBUF_LIT(&w, "HTTP/1.1 ");
	wbuf_str(&w, status);
	WBUF_LIT(&w, "\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n"
		     "Content-Length: ");
	wbuf_dec(&w, view_str(text).n);
	WBUF_LIT(&w, "\r\n");
	client_finish(h, cl, &w);
	if (!is_head)
		cl->body = view_str(text);
}

static void client_refuse(struct herald *h, struct client *cl, const char *status, const char *text)
{
	cl->keeps_alive = false;
	client_say(h, cl, false, status, text);
}

/* What a request has to do with its answer. */
struct client_wish {
	struct view head;
	const struct http1_head *h;
	struct view query;
	bool is_head;
};

static struct view client_field(const struct client_wish *q, struct view name)
{
	for (size_t i = 0; i < q->h->field_n; i++)
		if (view_ieq(field_name_view(q->head, &q->h->fields[i]), name))
			return field_value_view(q->head, &q->h->fields[i]);
	return (struct view){ 0 };
}

/* ?lang= decides, then the browser; Dutch when neither says. */
static bool client_is_english(const struct client_wish *q)
{
	static const struct view offers[] = { VIEW_INIT("nl"), VIEW_INIT("en") };

	if (view_eq(q->query, VIEW("lang=en")))
		return true;
	if (view_eq(q->query, VIEW("lang=nl")))
		return false;
	return accept_language_choose(client_field(q, VIEW("accept-language")), offers, 2) == 1;
}

/* RFC 9110 §13.1.2: compared weakly; "*" is any. */
static bool client_has_it(const struct client_wish *q, struct view tag)
{
	struct view list = client_field(q, VIEW("if-none-match")), one = { 0 };

	while (field_list_next(&list, &one)) {
		if (view_starts(one, VIEW("W/")))
			one = view_slice(one, 2, one.n);
		if (view_eq(one, tag) || view_eq(one, VIEW("*")))
			return true;
	}
	return false;
}

struct client_document {
	struct view path, type;
	uint8_t sheet; /* enum sheet_kind; SHEET_KINDS: the style sheet */
	bool has_languages;
};

static const struct client_document client_documents[] = {
	{ VIEW_INIT("/"), VIEW_INIT("text/html; charset=utf-8"), SHEET_HTML, true },
	{ VIEW_INIT("/status.json"), VIEW_INIT("application/json"), SHEET_JSON, false },
	{ VIEW_INIT("/feed.atom"), VIEW_INIT("application/atom+xml"), SHEET_FEED, true },
	{ VIEW_INIT("/style.css"), VIEW_INIT("text/css; charset=utf-8"), SHEET_KINDS, false },
};

static void client_put_head(struct wbuf *w, const struct client_document *d, bool is_english,
			    struct view tag)
{
	WBUF_LIT(w, "ETag: ");
	wbuf_view_put(w, tag);
	wbuf_str(w, d->sheet == SHEET_KINDS ? "\r\nCache-Control: max-age=3600\r\n"
					    : "\r\nCache-Control: max-age=5\r\n");
	if (d->has_languages) {
		WBUF_LIT(w, "Vary: Accept-Language\r\nContent-Language: ");
		wbuf_str(w, is_english ? "en\r\n" : "nl\r\n");
	}
	if (d->sheet == SHEET_JSON || d->sheet == SHEET_FEED)
		WBUF_LIT(w, "Access-Control-Allow-Origin: *\r\n");
}

static void client_give(struct herald *h, struct client *cl, const struct client_wish *q,
			const struct client_document *d)
{
	struct wbuf w = wbuf_of(cl->out, HERALD_HEAD);
	bool is_english = d->has_languages && client_is_english(q), has_it = false;
	unsigned kind = d->sheet + (unsigned)is_english;
	struct view body = sheet_style();
	uint8_t tag_at[24];
	struct wbuf tag = wbuf_of(tag_at, sizeof tag_at);

	if (d->sheet != SHEET_KINDS)
		body = view_of(h->now->text[kind], h->now->n[kind]);
	WBUF_LIT(&tag, "\"");
	wbuf_hex_u64(&tag, d->sheet == SHEET_KINDS ? 1 : h->now->tag[kind]);
	WBUF_LIT(&tag, "\"");
	has_it = client_has_it(q, wbuf_view(&tag));
	wbuf_str(&w, has_it ? "HTTP/1.1 304 Not Modified\r\n" : "HTTP/1.1 200 OK\r\n");
	if (!has_it) { /* RFC 9110 §15.4.5: a 304 has what caches need, and no content */
		WBUF_LIT(&w, "Content-Type: ");
		wbuf_view_put(&w, d->type);
		WBUF_LIT(&w, "\r\nContent-Length: ");
		wbuf_dec(&w, body.n);
		WBUF_LIT(&w, "\r\n");
	}
	client_put_head(&w, d, is_english, wbuf_view(&tag));
	client_finish(h, cl, &w);
	if (has_it || q->is_head)
		return;
	cl->body = body;
	if (d->sheet != SHEET_KINDS) {
		cl->sheets = h->now;
		cl->sheets->users++;
	}
}

static bool client_is_drawn(const struct herald *h, const struct client_document *d)
{
	if (d->sheet == SHEET_KINDS)
		return true;
	return h->now && h->now->n[d->sheet] && (!d->has_languages || h->now->n[d->sheet + 1]);
}

static void client_find(struct herald *h, struct client *cl, const struct client_wish *q,
			struct view path)
{
	sheets_look(h);
	for (size_t i = 0; i < sizeof client_documents / sizeof client_documents[0]; i++) {
		const struct client_document *d = &client_documents[i];

		if (!view_eq(path, d->path))
			continue;
		if (client_is_drawn(h, d))
			client_give(h, cl, q, d);
		else
			client_say(h, cl, q->is_head, "503 Service Unavailable",
				   "the state is not known yet\n");
		return;
	}
	client_say(h, cl, q->is_head, "404 Not Found",
		   "there are /, /status.json and /feed.atom here\n");
}

static void client_route(struct herald *h, struct client *cl, const struct http1_head *head)
{
	struct view target =
		view_of(cl->in + head->target, head->target_n); /* hot: positions of a head */
	size_t cut = view_find(target, '?');
	struct client_wish q = { .head = view_of(cl->in, head->n),
				 .h = head,
				 .query = view_slice(target, cut + 1, target.n),
				 .is_head = head->method_id == METHOD_HEAD };
	bool has_body =
		head->body == BODY_CHUNKED || (head->body == BODY_LENGTH && head->content_length);

	if (has_body) /* a body would have to be read before the next request */
		client_refuse(h, cl, "413 Content Too Large", "no body is expected here\n");
	else if (head->method_id != METHOD_GET && !q.is_head)
		client_refuse(h, cl, "405 Method Not Allowed\r\nAllow: GET, HEAD",
			      "only GET and HEAD\n");
	else
		client_find(h, cl, &q, view_slice(target, 0, cut));
}

/* ---- reading and writing ---- */

/* Puts what follows the head at the front. */
static void client_consume(struct client *cl, size_t n)
{
	struct wbuf w = wbuf_of(cl->in, HERALD_IN);
	struct view rest = view_slice(view_of(cl->in, cl->in_n), n, cl->in_n);

	for (size_t i = 0; i < rest.n; i++) /* front to back: the two may overlap */
		wbuf_u8(&w, rest.p[i]);
	cl->in_n = rest.n;
	cl->progress = 0;
}

/* The head that is in the buffer, if it is whole. True when there is something to send. */
static bool client_parse(struct herald *h, struct client *cl)
{
	struct field fields[HERALD_FIELDS];
	struct http1_head head = { .fields = fields, .field_cap = HERALD_FIELDS };
	struct http1_error why = { 0 };
	size_t skip = cl->progress ? 0 : http1_skip_crlf(view_of(cl->in, cl->in_n));
	enum err e = E_OK;

	if (skip)
		client_consume(cl, skip);
	if (cl->in_n == 0)
		return false;
	e = http1_parse_request(view_of(cl->in, cl->in_n), HERALD_IN, &cl->progress, &head, &why);
	if (e == E_AGAIN && cl->in_n < HERALD_IN)
		return false;
	if (e == E_OK) {
		cl->keeps_alive = head.flags & HTTP1_KEEP_ALIVE && !h->is_ending;
		client_route(h, cl, &head);
		client_consume(cl, head.n);
	} else {
		client_refuse(h, cl, "400 Bad Request",
			      "this is no request that is understood here\n");
	}
	cl->out_at = cl->body_at = 0;
	cl->state = CLIENT_WRITING;
	cl->due_ms = h->loop.now_ms + HERALD_SEND_MS;
	return true;
}

/* E_OK it is sent, *at stands at its end · E_AGAIN the client has to take some first · E_CLOSED */
static enum err client_send_view(const struct client *cl, struct view v, size_t *at)
{
	while (*at < v.n) {
		struct view rest = view_slice(v, *at, v.n);
		ssize_t n = send(cl->source.fd, rest.p, rest.n, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? E_AGAIN : E_CLOSED;
		*at += (size_t)n;
	}
	return E_OK;
}

static enum err client_send(struct client *cl)
{
	TRY(client_send_view(cl, view_of(cl->out, cl->out_n), &cl->out_at));
	TRY(client_send_view(cl, cl->body, &cl->body_at));
	client_release(cl);
	return E_OK;
}

static enum err client_receive(struct client *cl)
{
	struct view room = view_slice(view_of(cl->in, HERALD_IN), cl->in_n, HERALD_IN);
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
static void client_write(struct herald *h, struct client *cl)
{
	for (unsigned i = 0; i < CLIENT_ACCEPTS; i++) {
		enum err e = client_send(cl);

		if (e == E_AGAIN) {
			if (loop_change(&h->loop, &cl->source, EPOLLOUT) != E_OK)
				client_close(h, cl);
			return;
		}
		if (e != E_OK || !cl->keeps_alive || h->is_ending) {
			client_close(h, cl);
			return;
		}
		cl->state = CLIENT_READING;
		cl->since_ms = h->loop.now_ms;
		cl->due_ms = h->loop.now_ms + (cl->in_n ? HERALD_REQUEST_MS : HERALD_KEEP_MS);
		if (client_parse(h, cl))
			continue;
		if (loop_change(&h->loop, &cl->source, EPOLLIN) != E_OK)
			client_close(h, cl);
		return;
	}
	/* Others have their turn; the answer that is made waits for the next one */
	if (loop_change(&h->loop, &cl->source, EPOLLOUT) != E_OK)
		client_close(h, cl);
}

void client_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct herald *h = owner;
	struct client *cl = LIST_OWNER(source, struct client, source);

	if (cl->state == CLIENT_READING) {
		bool was_empty = cl->in_n == 0;
		enum err e = client_receive(cl);

		if (e == E_CLOSED)
			client_close(h, cl);
		if (e == E_OK && was_empty && cl->due_ms > h->loop.now_ms + HERALD_REQUEST_MS)
			cl->due_ms = h->loop.now_ms + HERALD_REQUEST_MS;
		if (e != E_OK || !client_parse(h, cl))
			return;
	} else if (events & EPOLLERR) {
		client_close(h, cl);
		return;
	}
	client_write(h, cl);
}

void client_tick(struct herald *h)
{
	for (size_t i = 0; i < HERALD_CLIENTS; i++) {
		struct client *cl = &h->client[i];
		bool is_idle = cl->state == CLIENT_READING && cl->in_n == 0;

		if (cl->state != CLIENT_FREE &&
		    (h->loop.now_ms >= cl->due_ms || (h->is_ending && is_idle)))
			client_close(h, cl);
	}
}
