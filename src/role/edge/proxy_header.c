/*
 * The header is read where it lies in the socket and taken out when it is whole, so that whatever
 * comes behind it, TLS or HTTP, is read as if it had come first.
 */
#include "role/edge/proxy_header.h"

#include "proto/proxy_protocol.h"
#include "role/edge/accept.h"
#include "role/edge/access.h"
#include "role/edge/conn.h"

#include <sys/socket.h>

enum { PROXY_TELL_MS = 1000 };

bool proxy_header_is_due(const struct edge *e, const struct image_listener *l, const struct ip *ip)
{
	for (uint32_t i = 0; i < l->accept_proxy.n; i++)
		if (ip_net_has(image_network_at(&e->now->image, l->accept_proxy.first + i), ip))
			return true;
	return false;
}

static enum err proxy_header_parse(struct edge *e, struct client *c, struct proxy_protocol *ret)
{
	struct wbuf in = wbuf_of(e->in, PROXY_PROTOCOL_MAX);
	enum err got = conn_peek(&c->conn, &in);
	size_t n = 0;

	if (got != E_OK)
		return got;
	got = proxy_protocol_parse(wbuf_view(&in), ret, &n);
	if (got == E_AGAIN && c->conn.sees_end)
		return E_CLOSED;
	return got == E_OK ? conn_skip(e, &c->conn, n) : got;
}

enum err proxy_header_take(struct edge *e, struct client *c)
{
	struct proxy_protocol p = { 0 };

	TRY(proxy_header_parse(e, c, &p));
	if (!p.has_addresses)
		return E_OK; /* the balancer itself, checking on us: its own addresses count */
	if (p.is_datagram)
		return E_PROTO;
	c->proxy = (struct client_proxy){ .peer = c->ip,
					  .peer_port = c->port,
					  .local = p.destination,
					  .local_port = p.destination_port,
					  .is_used = true };
	c->ip = p.source;
	c->port = p.source_port;
	return E_OK;
}

void proxy_header_refuse(struct edge *e, const struct client *c, enum err why)
{
	uint8_t text[64];
	struct wbuf t = wbuf_of(text, sizeof text);

	PAGE_ADD(e->load->listener[c->slot].bad_proxy_headers, 1);
	if (e->proxy_told_ms && e->loop.now_ms - e->proxy_told_ms < PROXY_TELL_MS)
		return; /* counted is each, told one in a while */
	e->proxy_told_ms = e->loop.now_ms;
	ip_put_endpoint(&t, &c->ip, c->port);
	if (access_event(e, VIEW("proxy_header.refused"), wbuf_view(&t),
			 why == E_AGAIN	   ? VIEW("late")
			 : why == E_CLOSED ? VIEW("cut")
					   : VIEW("malformed"),
			 (struct view){ 0 }) != E_OK)
		e->proxy_told_ms = 0;
}

/* Where the client meant to go: as it was told, or as the kernel knows. A stream has no socket. */
static void proxy_header_local(const struct exchange *x, struct proxy_protocol *p)
{
	const struct client *c = x->c;
	struct sockaddr_storage a = { 0 };
	socklen_t n = sizeof a;

	p->destination = c->proxy.is_used ? c->proxy.local : x->listener->address.ip;
	p->destination_port = c->proxy.is_used ? c->proxy.local_port : x->listener->address.port;
	if (!c->proxy.is_used && c->conn.source.fd >= 0 &&
	    getsockname(c->conn.source.fd, (struct sockaddr *)&a, &n) == 0)
		accept_address(&a, &p->destination, &p->destination_port);
}

enum err proxy_header_send(struct edge *e, struct exchange *x)
{
	struct client *c = x->c;
	struct upstream *u = x->u;
	struct proxy_protocol p = { .source = c->ip,
				    .source_port = c->port,
				    .has_addresses = true };
	uint8_t bytes[PROXY_PROTOCOL_PUT_MAX];
	struct wbuf w = wbuf_of(bytes, sizeof bytes);

	proxy_header_local(x, &p);
	if (x->pool->send_proxy == 1)
		proxy_protocol_put_v1(&w, &p);
	else
		proxy_protocol_put_v2(&w, &p);
	TRY(wbuf_check(&w));
	if (!c->id)
		c->id = ++e->client_ids;
	if (!c->proxied.next)
		list_init(&c->proxied);
	u->of = c->id;
	u->proxy = x->pool->send_proxy;
	list_push(&c->proxied, &u->tie);
	return conn_send_wire(e, &u->conn, wbuf_view(&w));
}
