/*
 * Clients. One state, one function that runs it; a client is closed in one place. A connection
 * that sends rubbish gets one answer and lingers, so that the answer is not lost to a reset
 * (RFC 9112 §9.6).
 */
#include "role/edge/client.h"

#include "role/edge/abuse.h"
#include "role/edge/access.h"
#include "role/edge/address.h"
#include "role/edge/conn.h"
#include "role/edge/count.h"
#include "role/edge/exchange.h"
#include "role/edge/gate.h"
#include "role/edge/generation.h"
#include "role/edge/h2_client.h"
#include "role/edge/h2_session.h"
#include "role/edge/passthrough.h"
#include "role/edge/proxy_header.h"
#include "role/edge/request.h"
#include "role/edge/store.h"
#include "role/edge/survey.h"
#include "role/edge/tunnel.h"
#include "role/edge/upstream.h"
#include "sys/fd.h"

enum {
	CLIENT_STEPS = 32, /* requests answered here in one go, before others get their turn */
	LINGER_MS = 2000,
	LINGER_SPILL_MS = 10000 /* ... while the answer itself is still on its way */
};

static struct page_load_listener *client_load(struct edge *e, const struct client *c)
{
	return &e->load->listener[c->slot];
}

static void client_deadline(struct edge *e, struct client *c, uint32_t ms)
{
	wheel_set(&e->wheel, &c->conn.timer, e->loop.now_ms + ms);
}

/* ---- begin and end ---- */

static enum err client_start_tls(struct edge *e, struct client *c, const struct image_listener *l)
{
	struct tls_site *site = generation_any_site(e, e->now, l);

	c->conn.tls = site ? tls_conn_accept(site, &c->conn) : NULL;
	return c->conn.tls ? E_OK : E_NOMEM;
}

static bool client_has_room(struct edge *e, const struct image_listener *l)
{
	uint64_t open = 0; /* no edge's word makes it wrap */

	for (unsigned i = 0; i < e->load_n; i++)
		if (e->loads[i] && e->loads[i] != e->load)
			open += PAGE_GET(e->loads[i]->listener[l->slot].connections);
	return !l->connections || PAGE_GET(e->load->listener[l->slot].connections) +
						  survey_believe(open, l->connections) <
					  l->connections;
}

/* One more connection of the client's address, unless that has enough. */
static enum err client_count(struct edge *e, struct client *c, const struct image_listener *l)
{
	if (abuse_is_refused(e, &c->ip))
		return E_DENIED;
	TRY(address_add(e, l->slot, &c->ip, l->connections_per_address));
	c->is_counted = true;
	return E_OK;
}

/* What a connection begins with, once it is known whose it is. */
static enum err client_begin(struct edge *e, struct client *c, const struct image_listener *l)
{
	bool is_tls = l->protocol != IMAGE_HTTP;

	c->state = CLIENT_HEAD;
	if (!image_is_http(l->protocol))
		c->state = CLIENT_HELLO;
	else if (is_tls)
		c->state = CLIENT_HANDSHAKE;
	client_deadline(e, c, is_tls ? l->handshake_ms : l->request_header_ms);
	if (l->protocol == IMAGE_TCP)
		client_run_later(e, c); /* it need not say anything first */
	return c->state == CLIENT_HANDSHAKE ? client_start_tls(e, c, l) : E_OK;
}

void client_accept(struct edge *e, const struct image_listener *l, int fd, const struct ip *ip,
		   uint16_t port)
{
	struct page_load_listener *load = &e->load->listener[l->slot];
	bool is_proxied = l->accept_proxy.n && proxy_header_is_due(e, l, ip);
	struct client *c = client_has_room(e, l) ? store_client(e) : NULL;

	if (c) {
		c->slot = l->slot;
		c->ip = *ip;
		c->port = port;
		c->accepted_ns = e->loop.now_ns;
		c->state = CLIENT_PROXY;
	}
	if (!c || (!is_proxied && client_count(e, c, l) != E_OK)) {
		PAGE_ADD(load->refused, 1);
		(void)fd_close(fd);
		if (c)
			store_bury_client(e, c);
		return;
	}
	PAGE_ADD(load->connections, 1);
	PAGE_ADD(load->accepted, 1);
	conn_open(e, &c->conn, fd, SOURCE_CLIENT);
	if (is_proxied)
		client_deadline(e, c,
				l->protocol == IMAGE_HTTP ? l->request_header_ms : l->handshake_ms);
	else if (client_begin(e, c, l) != E_OK)
		client_close(e, c, false);
	client_run(e, c); /* what it has to say is here, mostly */
}

void client_close(struct edge *e, struct client *c, bool want_reset)
{
	if (c->state == CLIENT_DEAD || c->state == CLIENT_FREE)
		return;
	INVARIANT(c->x == NULL);
	if (e->gate)
		e->gate->client_ended(e, c);
	if (c->conn.session)
		h2_session_free(e, &c->conn);
	if (c->is_stream)
		PAGE_ADD(client_load(e, c)->h2_streams, (uint32_t)-1);
	else
		PAGE_ADD(client_load(e, c)->connections, (uint32_t)-1);
	if (c->is_counted)
		address_remove(e, c->slot, &c->ip);
	upstream_forget(e, c);
	list_remove(&c->unwatched);
	conn_close(e, &c->conn, want_reset);
	store_bury_client(e, c);
}

/* Thrown away: what a client sends that has been told that we are done. */
static bool client_run_linger(struct edge *e, struct client *c)
{
	struct view v = { 0 };
	enum err got = E_OK;

	if (c->is_stream) {
		h2_client_finish(e, c);
		return false;
	}
	if (c->conn.out)
		return false;
	if (!c->conn.is_broken && !c->has_shut) {
		c->has_shut = true;
		conn_end(e, &c->conn);
		client_deadline(e, c, LINGER_MS);
	}
	for (unsigned i = 0; i < 8 && got == E_OK; i++) {
		got = conn_fill(e, &c->conn, READ_BYTES, &v);
		if (got == E_OK && conn_keep(e, &c->conn, (struct view){ 0 }) != E_OK)
			got = E_NOMEM;
	}
	if (got == E_OK)
		client_run_later(e, c);
	else if (got != E_AGAIN)
		client_close(e, c, false);
	return false;
}

/* Everything has been said: end our side, and take what the client still sends for a moment. */
static void client_linger(struct edge *e, struct client *c)
{
	c->state = CLIENT_LINGER;
	c->has_shut = false;
	client_deadline(e, c, c->conn.out ? LINGER_SPILL_MS : LINGER_MS);
	(void)client_run_linger(e, c);
}

/* A close is safe when nothing unread can turn it into a reset that overtakes the answer. */
static void client_finish(struct edge *e, struct client *c)
{
	if (c->conn.out || c->conn.can_read || conn_pending(&c->conn).n) {
		client_linger(e, c);
		return;
	}
	conn_say_end(e, &c->conn);
	client_close(e, c, false);
}

void client_next(struct edge *e, struct client *c, enum client_end end)
{
	const struct image_listener *l = e->now->listener[c->slot];

	c->progress = 0;
	c->was_parsed = false;
	if (c->is_stream) {
		h2_client_finish(e, c);
	} else if (end == CLIENT_LINGERS) {
		client_linger(e, c);
	} else if (end == CLIENT_ENDS || !l) {
		client_finish(e, c);
	} else {
		c->state = CLIENT_HEAD;
		/* answers that the client has still to take give it the time they are given */
		client_deadline(e, c,
				c->conn.out && l->response_idle_ms > l->keep_alive_ms
					? l->response_idle_ms
					: l->keep_alive_ms);
	}
}

/* ---- running ---- */

/* What comes before all else; from then on the client is the one that it names. */
static bool client_run_proxy(struct edge *e, struct client *c)
{
	const struct image_listener *l = e->now->listener[c->slot];
	enum err got = l ? proxy_header_take(e, c) : E_CLOSED;

	if (got == E_AGAIN)
		return false;
	if (got != E_OK && l)
		proxy_header_refuse(e, c, got);
	if (got == E_OK && client_count(e, c, l) != E_OK) {
		PAGE_ADD(client_load(e, c)->refused, 1);
		got = E_LIMIT;
	}
	if (got != E_OK || client_begin(e, c, l) != E_OK) {
		client_close(e, c, false);
		return false;
	}
	return true;
}

static bool client_run_hello(struct edge *e, struct client *c)
{
	const struct image_listener *l = e->now->listener[c->slot];
	enum err got = l ? passthrough_run(e, c, l) : E_CLOSED;

	if (got == E_OK || got == E_AGAIN)
		return false;
	client_close(e, c, got != E_CLOSED);
	return false;
}

static bool client_run_handshake(struct edge *e, struct client *c)
{
	const struct image_listener *l = e->now->listener[c->slot];
	enum err got = conn_handshake(e, &c->conn);

	if (got == E_AGAIN)
		return false;
	if (got != E_OK || !l) {
		count_handshake_failed(e, c, count_why(c, got));
		client_close(e, c, false);
		return false;
	}
	c->handshake_us = (uint32_t)((e->loop.now_ns - c->accepted_ns) / 1000);
	count_handshake(e, c);
	if (e->gate)
		e->gate->greeted(e, c);
	if (view_eq(tls_conn_protocol(c->conn.tls), VIEW("h2"))) {
		if (h2_client_start(e, c, l) != E_OK)
			client_close(e, c, true);
		return c->state == CLIENT_SESSION;
	}
	c->state = CLIENT_HEAD;
	client_deadline(e, c, l->request_header_ms);
	return true;
}

/* What can't be a request gets one answer; the rest of what came is not looked at. */
static enum err client_refuse(struct edge *e, struct client *c, const struct http1_error *why)
{
	TRY(conn_keep(e, &c->conn, (struct view){ 0 }));
	request_refuse(e, c, why);
	return E_OK;
}

/*
 * RFC 9113 §3.3: on a listener without TLS a client that knows begins with the preface. E_AGAIN it
 * may be one, v is kept · E_OK it is, the session has begun · E_PROTO it is none
 */
static enum err client_take_preface(struct edge *e, struct client *c,
				    const struct image_listener *l, struct view v)
{
	static const struct view preface = VIEW(NGHTTP2_CLIENT_MAGIC);

	if (c->requests || c->is_stream || c->conn.tls ||
	    !view_starts(preface, view_slice(v, 0, preface.n)))
		return E_PROTO;
	c->was_parsed = v.n < preface.n;
	TRY(conn_keep(e, &c->conn, v));
	return c->was_parsed ? E_AGAIN : h2_client_start(e, c, l);
}

/* One head from the front of v. E_AGAIN it is not complete, v is kept · E_OK it has been dealt with
 */
static enum err client_take_head(struct edge *e, struct client *c, const struct image_listener *l,
				 struct view v)
{
	struct http1_head h = { .fields = e->fields,
				.field_cap = (uint16_t)(l->headers < FIELDS_MAX ? l->headers
										: FIELDS_MAX) };
	struct http1_error why = { 0 };
	struct view head = { 0 };
	enum err got = E_OK;

	if (l->flags & IMAGE_HTTP2) {
		got = client_take_preface(e, c, l, v);
		if (got != E_PROTO)
			return got;
	}
	if (c->progress == 0)
		v = view_slice(v, http1_skip_crlf(v), v.n);
	got = http1_parse_request(v, l->header_size, &c->progress, &h, &why);
	c->was_parsed = got == E_AGAIN;
	if (got == E_AGAIN) {
		TRY(conn_keep(e, &c->conn, v));
		return E_AGAIN;
	}
	c->progress = 0;
	if (got != E_OK)
		return client_refuse(e, c, &why);
	TRY(view_take(&v, h.n, &head));
	return request_begin(e, c, head, &h, v);
}

static enum err client_next_head(struct edge *e, struct client *c, const struct image_listener *l)
{
	struct view v = conn_pending(&c->conn);

	if (v.n && !c->was_parsed) {
		enum err got = client_take_head(e, c, l, v);

		if (got != E_AGAIN)
			return got;
	}
	TRY(conn_fill(e, &c->conn, READ_BYTES, &v));
	return client_take_head(e, c, l, v);
}

static bool client_run_head(struct edge *e, struct client *c)
{
	static const struct http1_error large = { 431, "head too long" };
	const struct image_listener *l = e->now->listener[c->slot];
	bool had_part = c->was_parsed;
	enum err got = E_AGAIN;

	if (c->conn.out)
		return false; /* who does not read the answers gets no further ones */
	if (c->is_stream && !h2_client_may_begin(e, c))
		return false;
	got = l ? client_next_head(e, c, l) : E_CLOSED;
	if (got == E_AGAIN && !had_part && c->was_parsed)
		client_deadline(e, c,
				l->request_header_ms); /* it began: from here on it has this long */
	if (got == E_LIMIT && c->is_stream)
		got = client_refuse(e, c, &large);
	if (got == E_OK || got == E_AGAIN)
		return got == E_OK;
	client_close(e, c, false);
	return false;
}

static bool client_run_busy(struct edge *e, struct client *c)
{
	return exchange_run(e, c->x);
}

static bool client_run_tunnel(struct edge *e, struct client *c)
{
	tunnel_run(e, c);
	return false;
}

static bool client_run_session(struct edge *e, struct client *c)
{
	h2_client_run(e, c);
	return false;
}

static bool client_run_nothing(struct edge *e, struct client *c)
{
	(void)e;
	(void)c;
	return false;
}

typedef bool client_step(struct edge *e, struct client *c);

/* One row per state; true asks for another look. */
static client_step *const client_steps[CLIENT_STATES] = {
	[CLIENT_FREE] = client_run_nothing,  [CLIENT_PROXY] = client_run_proxy,
	[CLIENT_HELLO] = client_run_hello,   [CLIENT_HANDSHAKE] = client_run_handshake,
	[CLIENT_HEAD] = client_run_head,     [CLIENT_BUSY] = client_run_busy,
	[CLIENT_TUNNEL] = client_run_tunnel, [CLIENT_LINGER] = client_run_linger,
	[CLIENT_DEAD] = client_run_nothing,  [CLIENT_SESSION] = client_run_session,
};

static void client_enter_loop(struct edge *e, struct client *c)
{
	list_remove(&c->unwatched);
	if (conn_watch(e, &c->conn) == E_OK)
		return;
	c->conn.is_broken = true;
	client_run_later(e, c);
}

/*
 * Into the loop when it has to be waited for. One whose first request is being answered may be gone
 * before that, and has cost two calls less; client_tick waits for it when the answer takes long.
 */
static void client_watch(struct edge *e, struct client *c)
{
	if (c->is_stream || c->state == CLIENT_DEAD)
		return;
	if (c->state != CLIENT_BUSY || !c->x->request.is_done || c->conn.out)
		client_enter_loop(e, c);
	else if (list_is_empty(&c->unwatched))
		list_append(&e->unwatched, &c->unwatched);
}

void client_tick(struct edge *e)
{
	while (!list_is_empty(&e->unwatched))
		client_enter_loop(e, LIST_OWNER(e->unwatched.next, struct client, unwatched));
}

void client_run(struct edge *e, struct client *c)
{
	unsigned i = 0;

	if (c->state == CLIENT_FREE || c->state == CLIENT_DEAD)
		return;
	if (conn_flush(e, &c->conn) == E_CLOSED)
		c->conn.is_broken = true;
	while (i < CLIENT_STEPS && client_steps[c->state](e, c))
		i++;
	if (i == CLIENT_STEPS)
		client_run_later(e, c);
	if (!c->conn.is_watched)
		client_watch(e, c);
}

void client_run_later(struct edge *e, struct client *c)
{
	if (c->is_again || c->state == CLIENT_DEAD || c->state == CLIENT_FREE)
		return;
	c->is_again = true;
	c->again = NULL;
	if (e->again)
		e->again_last->again = c;
	else
		e->again = c;
	e->again_last = c;
}

void client_run_again(struct edge *e)
{
	struct client *list = e->again;

	e->again = NULL;
	while (list) {
		struct client *c = list;

		list = c->again;
		c->is_again = false;
		client_run(e, c);
	}
}

void client_charge(struct edge *e, struct client *c, enum page_abuse act)
{
	if (act == PAGE_ABUSE_SLOW && !c->conn.stream) {
		abuse_end(e, c, act, false); /* that is what it ends for */
		return;
	}
	if (!abuse_add(e, c, act))
		return;
	if (c->conn.stream)
		h2_session_end(c->conn.stream->session, NGHTTP2_ENHANCE_YOUR_CALM);
	else if (c->x)
		c->x->flags |= X_CLIENT_CLOSE;
}

/* ---- from outside ---- */

void client_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct edge *e = owner;
	struct client *c = OWNER_OF(source, struct client, conn.source);

	conn_note(&c->conn, events);
	client_run(e, c);
}

void client_expired(struct edge *e, struct client *c)
{
	static const struct http1_error late = { 408, "the request did not arrive in time" };

	if (c->state == CLIENT_SESSION) {
		h2_client_expired(e, c);
	} else if (c->state == CLIENT_LINGER && c->is_stream) {
		h2_client_stream_expired(e, c);
	} else if (c->x && c->state == CLIENT_TUNNEL) {
		c->x->end = X_END_TIMEOUT;
		c->conn.is_broken = true;
		tunnel_run(e, c);
	} else if (c->x) {
		exchange_expired(e, c->x);
		client_run(e, c);
	} else if (c->state == CLIENT_HEAD && conn_pending(&c->conn).n) {
		if (client_refuse(e, c, &late) != E_OK)
			client_close(e, c, true);
	} else {
		if (c->state == CLIENT_HANDSHAKE)
			count_handshake_failed(e, c, PAGE_TLS_TIMEOUT);
		if (c->state == CLIENT_PROXY)
			proxy_header_refuse(e, c, E_AGAIN);
		client_close(e, c, false);
	}
}

void client_close_idle(struct edge *e, bool is_all, uint16_t slot)
{
	for (uint32_t i = 0; i < e->client_high; i++) {
		struct client *c = &e->clients[i];

		if (c->state == CLIENT_SESSION && (is_all || c->slot == slot))
			h2_client_drain(e, c);
		if (c->state == CLIENT_HEAD && !c->is_stream && conn_pending(&c->conn).n == 0 &&
		    (is_all || c->slot == slot) && !c->conn.can_read)
			client_linger(e, c); /* a request that is on its way is read and thrown
						away, not reset */
	}
}

static struct tls_site *client_choose(void *owner, struct view sni)
{
	const struct conn *k = owner;
	const struct client *c = (const struct client *)(const void *)k; /* its first member */
	struct generation *g = k->edge->now;
	const struct image_listener *l = g->listener[c->slot];
	uint32_t certificate = IMAGE_NONE;

	if (!l)
		return NULL;
	if (sni.n)
		certificate = image_find_sni(&g->image, l, sni);
	if (certificate == IMAGE_NONE && (l->flags & IMAGE_DEFAULT_CERTIFICATE))
		certificate = l->default_certificate;
	return generation_site(k->edge, g, l, certificate);
}

/* A handshake that waited for the signer goes on; one with a server belongs to the exchange that
 * waits for it. */
static void client_on_ready(void *owner, struct tls_conn *tls)
{
	struct conn *k = owner;
	struct client *c = OWNER_OF(k, struct client, conn);

	(void)tls;
	if (k->source.kind == SOURCE_UPSTREAM)
		c = OWNER_OF(k, struct upstream, conn)->x->c;
	client_run_later(k->edge, c);
}

const struct tls_hooks client_tls_hooks = { .choose = client_choose, .on_ready = client_on_ready };
