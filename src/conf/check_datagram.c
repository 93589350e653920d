/* Listeners of datagrams, and what is asked of the backends that they lead to. */
#include "conf/check.h"

static void check_datagram_listener(struct check *c, const struct model_listener *l)
{
	if (l->protocol != IMAGE_UDP) {
		if (l->datagrams.at)
			diag_error(c->diag, l->datagrams.at->at, "datagrams are for protocol: udp");
		return;
	}
	if (l->accept_proxy.n)
		diag_error(c->diag, node_place(l->at, "accept_proxy_protocol"),
			   "datagrams come without a PROXY header: leave accept_proxy_protocol out "
			   "on a udp listener");
}

/* Backends are looked at once, however many rules lead there. */
static void check_datagram_mark(struct check *c, uint32_t pool)
{
	if (pool != IMAGE_NONE)
		MODEL_AT(struct model_backend, c->model->backends, pool)->is_datagram = true;
}

void check_datagram_rule(struct check *c, const struct model_rule *rule)
{
	if (rule->mirror.n)
		diag_error(c->diag, node_place(rule->at, "mirror"),
			   "only requests can be mirrored: leave mirror out");
	check_datagram_mark(c, rule->backend_index);
	for (uint32_t i = 0; i < rule->backends.n; i++)
		check_datagram_mark(c, MODEL_AT(struct model_split, rule->backends, i)->index);
}

static void check_datagram_servers(struct check *c, const struct model_backend *b)
{
	for (uint32_t i = 0; i < b->servers.n; i++) {
		const struct model_server *s = MODEL_AT(struct model_server, b->servers, i);

		if (s->at && s->address.kind == IMAGE_ADDRESS_UNIX)
			diag_error(c->diag, s->at->at,
				   "a udp listener leads to backend \"%.*s\": its servers need an "
				   "address and a port",
				   DIAG_VIEW(b->name));
	}
}

static void check_datagram_backend(struct check *c, const struct model_backend *b)
{
	check_datagram_servers(c, b);
	if (b->protocol == IMAGE_HTTPS && !b->is_h2)
		diag_error(c->diag, node_place(b->at, "protocol"),
			   "a udp listener leads to backend \"%.*s\", and TLS goes over TCP alone: "
			   "leave its protocol out",
			   DIAG_VIEW(b->name));
	if (b->health.at && !b->health.is_tcp)
		diag_error(c->diag, b->health.at->at,
			   "a udp listener leads to backend \"%.*s\": its health can be tcp: true, "
			   "where the servers take connections on the same port, or be left out",
			   DIAG_VIEW(b->name));
	if (b->persistence.at)
		diag_error(c->diag, b->persistence.at->at,
			   "a udp listener leads to backend \"%.*s\": write balance: "
			   "source_address instead of persistence",
			   DIAG_VIEW(b->name));
	if (b->send_proxy_protocol == 1)
		diag_error(c->diag, node_place(b->at, "send_proxy_protocol"),
			   "version 1 has no form for datagrams: write v2");
}

void check_datagram_run(struct check *c)
{
	for (uint32_t i = 0; i < c->model->listeners.n; i++) {
		const struct model_listener *l =
			MODEL_AT(struct model_listener, c->model->listeners, i);

		if (l->at)
			check_datagram_listener(c, l);
	}
	for (uint32_t i = 0; i < c->model->backends.n; i++) {
		const struct model_backend *b =
			MODEL_AT(struct model_backend, c->model->backends, i);

		if (b->at && b->is_datagram)
			check_datagram_backend(c, b);
	}
}
