/*
 * HTTP/2 clients. A stream is a struct client of its own, without a socket, from its head to the
 * end of its answer; what belongs to the connection (TLS, address, limits) is asked of its owner.
 */
#include "role/edge/h2_client.h"

#include "role/edge/abuse.h"
#include "role/edge/address.h"
#include "role/edge/client.h"
#include "role/edge/conn.h"
#include "role/edge/h2_send.h"
#include "role/edge/h2_session.h"
#include "role/edge/h2_stream.h"
#include "role/edge/store.h"

enum {
	CLIENT_RUNNING_MIN = 4, /* requests of a connection, however many there are */
	CLIENT_STREAMS_MIN = 10,
	CLIENT_STREAMS_PARTS = 2 /* streams offered for each that is worked on */
};

static void client_deadline(struct edge *e, struct client *c, uint32_t ms)
{
	wheel_set(&e->wheel, &c->conn.timer, e->loop.now_ms + ms);
}

/* What each of its connections may have of what an address may have in progress. */
static uint64_t client_part(const struct edge *e, const struct client *owner,
			    const struct image_listener *l)
{
	return l->requests_per_address / (1 + address_count(e, owner->slot, &owner->ip));
}

/* The more connections an address has, the fewer streams a further one is offered: those that wait
 * cost memory too. */
static uint32_t client_streams(const struct edge *e, const struct client *c,
			       const struct image_listener *l)
{
	uint64_t part = CLIENT_STREAMS_PARTS * client_part(e, c, l);

	if (!l->requests_per_address || abuse_speaks_for_others(e, &c->ip))
		return l->streams_per_connection;
	if (part < CLIENT_STREAMS_MIN)
		part = CLIENT_STREAMS_MIN;
	return part < l->streams_per_connection ? (uint32_t)part : l->streams_per_connection;
}

enum err h2_client_start(struct edge *e, struct client *c, const struct image_listener *l)
{
	struct h2_session_spec spec = { .is_server = true,
					.header_size = l->header_size,
					.streams = client_streams(e, c, l) };

	TRY(h2_session_open(e, &c->conn, &spec));
	c->state = CLIENT_SESSION;
	PAGE_ADD(e->load->listener[c->slot].h2_sessions, 1);
	client_deadline(e, c, l->keep_alive_ms);
	return E_OK;
}

static struct client *client_owner(const struct h2_session *n)
{
	return OWNER_OF(n->conn, struct client, conn);
}

enum err h2_client_open(struct edge *e, struct h2_session *n, struct h2_stream *s)
{
	struct client *owner = client_owner(n), *c = store_stream_client(e);
	const struct image_listener *l = e->now->listener[owner->slot];

	if (!c)
		return E_NOMEM;
	h2_stream_attach(e, s, &c->conn, SOURCE_CLIENT);
	c->state = CLIENT_HEAD;
	c->slot = owner->slot;
	c->ip = owner->ip;
	c->port = owner->port;
	c->proxy = owner->proxy;
	c->handshake_us = owner->handshake_us;
	c->requests = owner->requests; /* it is the connection's next */
	owner->requests++;
	PAGE_ADD(e->load->listener[c->slot].h2_streams, 1);
	PAGE_ADD(e->load->listener[c->slot].h2_requests, 1);
	if (!l || (l->requests_per_connection && owner->requests >= l->requests_per_connection))
		h2_session_drain(e, n);
	return E_OK;
}

/*
 * How many requests of this connection are worked on at a time: its part of what its address may
 * have. A stream costs its client little, but us an exchange, a buffer and a server's connection;
 * so connections_per_address alone is no limit to what an address takes (THREATS A22).
 */
static bool client_has_share(struct edge *e, const struct client *owner,
			     const struct image_listener *l)
{
	uint32_t running = owner->conn.session->running_n;

	return running < CLIENT_RUNNING_MIN || !l->requests_per_address ||
	       running < client_part(e, owner, l) || abuse_speaks_for_others(e, &owner->ip);
}

bool h2_client_may_begin(struct edge *e, struct client *c)
{
	const struct image_listener *l = e->now->listener[c->slot];
	struct h2_stream *s = c->conn.stream;
	struct h2_session *n = s->session;

	if (s->is_running || !l || c->conn.is_broken)
		return true;
	if (!client_has_share(e, client_owner(n), l)) {
		if (list_is_empty(&s->parked)) {
			list_append(&n->parked, &s->parked);
			client_deadline(e, c, l->request_header_ms);
		}
		return false;
	}
	if (!list_is_empty(&s->parked)) {
		list_remove(&s->parked);
		wheel_cancel(&c->conn.timer);
	}
	s->is_running = true;
	n->running_n++;
	return true;
}

void h2_client_finish(struct edge *e, struct client *c)
{
	const struct image_listener *l = e->now->listener[c->slot];
	struct h2_stream *s = c->conn.stream;

	h2_send_end(e, &c->conn);
	/* once: what the client still sends on a stream that is over buys neither pardon nor time
	 */
	if (c->state != CLIENT_LINGER)
		abuse_forgive(c);
	if (s->said_end || c->conn.is_broken || !l) {
		client_close(e, c, false);
		return;
	}
	if (c->state == CLIENT_LINGER)
		return;
	c->state = CLIENT_LINGER;
	s->has_moved = false;
	client_deadline(e, c, l->response_idle_ms);
}

void h2_client_stream_expired(struct edge *e, struct client *c)
{
	const struct image_listener *l = e->now->listener[c->slot];
	struct h2_stream *s = c->conn.stream;

	if (!l || !s->has_moved) {
		client_charge(e, c, PAGE_ABUSE_SLOW);
		client_close(e, c, true);
		return;
	}
	s->has_moved = false;
	client_deadline(e, c, l->response_idle_ms);
}

static void client_end(struct edge *e, struct client *c)
{
	const struct image_listener *l = e->now->listener[c->slot];

	h2_session_free(e, &c->conn);
	if (c->conn.is_broken || !l)
		client_close(e, c, false);
	else
		client_next(e, c, CLIENT_LINGERS);
}

void h2_client_run(struct edge *e, struct client *c)
{
	struct h2_session *n = c->conn.session;
	enum err got = h2_session_read(e, n);

	if (got == E_OK)
		client_run_later(e, c);
	else if (got != E_AGAIN)
		n->is_dead = true;
}

/* Who takes nothing has as long as the reader of an answer has. */
static void client_watch_spill(struct edge *e, struct client *c)
{
	const struct image_listener *l = e->now->listener[c->slot];
	struct h2_session *n = c->conn.session;

	if (c->conn.out && !n->blocked_ms && l) {
		n->blocked_ms = e->loop.now_ms;
		n->blocked_at = c->conn.out->at;
		client_deadline(e, c, l->response_idle_ms);
	} else if (!c->conn.out && n->blocked_ms && l) {
		n->blocked_ms = 0;
		client_deadline(e, c, l->keep_alive_ms);
	}
}

void h2_client_flush(struct edge *e, struct client *c)
{
	struct h2_session *n = c->conn.session;

	if (h2_session_flush(e, n) != E_OK) {
		client_end(e, c);
		return;
	}
	client_watch_spill(e, c);
	if (n->block_began_ms && e->now->listener[c->slot]) /* the rest of a head is waited for */
		wheel_set(&e->wheel, &c->conn.timer,
			  n->block_began_ms + e->now->listener[c->slot]->request_header_ms);
	if (!list_is_empty(&n->ready) || (c->conn.can_read && !c->conn.out))
		client_run_later(e, c);
}

void h2_client_expired(struct edge *e, struct client *c)
{
	const struct image_listener *l = e->now->listener[c->slot];
	struct h2_session *n = c->conn.session;
	bool is_slow = l && n->block_began_ms &&
		       e->loop.now_ms - n->block_began_ms >= l->request_header_ms;

	if (is_slow) {
		abuse_end(e, c, PAGE_ABUSE_SLOW, false);
		h2_session_end(n, NGHTTP2_ENHANCE_YOUR_CALM);
	} else if (l && c->conn.out && c->conn.out->at != n->blocked_at) {
		n->blocked_at = c->conn.out->at; /* slow, but it takes some */
		client_deadline(e, c, l->response_idle_ms);
	} else if (!l || c->conn.out) {
		if (l)
			abuse_end(e, c, PAGE_ABUSE_SLOW, false);
		n->is_dead = true; /* it takes nothing of what it asked for */
		h2_session_touch(n);
	} else if (n->stream_n == 0) {
		h2_session_end(n, NGHTTP2_NO_ERROR);
	} else {
		client_deadline(e, c, l->keep_alive_ms);
	}
}

void h2_client_drain(struct edge *e, struct client *c)
{
	h2_session_drain(e, c->conn.session);
}
