/* Pools of servers: what their options say together, and what is spoken to whom. */
#include "conf/check.h"
#include "conf/region.h"

#include "proto/field.h"
#include "proto/uri.h"

/* Debian's bundle (package ca-certificates). */
#define CHECK_SYSTEM_ANCHORS VIEW("/etc/ssl/certs/ca-certificates.crt")

static bool check_backend_is_here(const struct value_address *a)
{
	const struct ip_net v4 = { .ip.b = { [10] = 0xff, [11] = 0xff, [12] = 127 }, .bits = 104 };
	const struct ip_net v6 = { .ip.b = { [15] = 1 }, .bits = 128 };

	if (a->kind == IMAGE_ADDRESS_IP)
		return ip_net_has(&v4, &a->ip) || ip_net_has(&v6, &a->ip);
	return a->kind != IMAGE_ADDRESS_NAME || view_ieq(a->name, VIEW("localhost"));
}

static void check_backend_servers(struct check *c, const struct model_backend *b)
{
	uint32_t usable = 0, primary = 0, away = b->servers.n;

	for (uint32_t i = 0; i < b->servers.n; i++) {
		const struct model_server *s = MODEL_AT(struct model_server, b->servers, i);

		usable += s->state == IMAGE_SERVER_ENABLED;
		primary += s->state == IMAGE_SERVER_ENABLED && !s->is_backup;
		if (away == b->servers.n && !check_backend_is_here(&s->address))
			away = i;
	}
	if (b->servers.n == 0 && node_get(b->at, "servers"))
		diag_error(c->diag, node_place(b->at, "servers"),
			   "servers: backend \"%.*s\" has none", DIAG_VIEW(b->name));
	else if (b->servers.n && usable == 0)
		diag_warning(c->diag, node_place(b->at, "servers"),
			     "no server of backend \"%.*s\" is enabled", DIAG_VIEW(b->name));
	else if (b->servers.n && primary == 0)
		diag_warning(c->diag, node_place(b->at, "servers"),
			     "every enabled server of backend \"%.*s\" is a backup",
			     DIAG_VIEW(b->name));
	if (b->protocol == IMAGE_HTTP && away < b->servers.n)
		diag_warning(c->diag, MODEL_AT(struct model_server, b->servers, away)->at->at,
			     "requests go to another host unencrypted: write protocol: https, "
			     "unless the network between is yours alone");
}

/* A server behind a path has no name of its own that its certificate could have. */
static void check_backend_tls_name(struct check *c, const struct model_backend *b)
{
	for (uint32_t i = 0; i < b->servers.n; i++) {
		const struct model_server *s = MODEL_AT(struct model_server, b->servers, i);

		if (s->address.kind != IMAGE_ADDRESS_UNIX)
			continue;
		diag_error(c->diag, s->at->at,
			   "a server at a path has no name to verify: give tls: {name: ...}");
		return;
	}
}

static void check_backend_tls(struct check *c, struct model_backend *b)
{
	struct model_pool_tls *tls = &b->tls;

	if (b->protocol != IMAGE_HTTPS) {
		if (tls->at)
			diag_error(c->diag, tls->at->at, "tls is for protocol: https and h2");
		return;
	}
	if (tls->name.n && !value_is_dns_name(tls->name))
		diag_error(c->diag, node_place(tls->at, "name"), "\"%.*s\" is not a host name",
			   DIAG_VIEW(tls->name));
	tls->name = check_lower(c, tls->name);
	if (!tls->verify) {
		diag_warning(c->diag, node_place(tls->at, "verify"),
			     "whoever sits between can read and change everything: give the "
			     "servers' issuer as tls.ca instead");
		return;
	}
	if (tls->name.n == 0)
		check_backend_tls_name(c, b);
	tls->anchors = check_anchors_read(c, tls->ca.n ? tls->ca : CHECK_SYSTEM_ANCHORS,
					  tls->ca.n ? node_place(tls->at, "ca")
						    : node_place(b->at, "protocol"));
}

/* Where a check asks: a path of our own, so that a strict server never answers 400 to it. */
static void check_backend_health_path(struct check *c, const struct model_health *h)
{
	uint8_t scratch[3 * 2048];
	struct wbuf w = wbuf_of(scratch, sizeof scratch);
	struct uri_target target = { 0 };
	const char *why = "";

	if (h->is_tcp && node_get(h->at, "path"))
		diag_error(c->diag, node_place(h->at, "path"),
			   "a check is tcp: true or has a path, not both");
	if (!h->is_tcp && !h->is_grpc && h->path.n == 0)
		diag_error(c->diag, h->at->at, "health needs \"path\", or tcp: true");
	if (h->path.n && !view_starts(h->path, VIEW("/")))
		diag_error(c->diag, node_place(h->at, "path"), "a path starts with '/'");
	else if (h->path.n && uri_target_parse(h->path, &w, &target, &why) != E_OK)
		diag_error(c->diag, node_place(h->at, "path"), "not a path: %s", why);
	if (h->host.n && !field_is_value(h->host))
		diag_error(c->diag, node_place(h->at, "host"), "not a host");
}

/* The question is fixed: what would change it is a mistake. */
static void check_backend_health_grpc(struct check *c, const struct model_health *h, bool is_h2)
{
	static const char *const others[] = { "tcp", "path", "method", "expect_status",
					      "expect_body" };

	if (!h->is_grpc && h->grpc_service.n)
		diag_error(c->diag, node_place(h->at, "grpc_service"),
			   "a service is asked about with grpc: true");
	if (!h->is_grpc)
		return;
	if (!is_h2)
		diag_error(c->diag, node_place(h->at, "grpc"),
			   "gRPC needs a backend with protocol: h2 or h2c");
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		if (node_get(h->at, others[i]))
			diag_error(c->diag, node_place(h->at, others[i]),
				   "a check is grpc: true or has \"%s\", not both", others[i]);
}

static void check_backend_health(struct check *c, const struct model_health *h, bool is_h2)
{
	bool is_head = view_eq(h->method, VIEW("HEAD"));

	check_backend_health_path(c, h);
	if (!is_head && !view_eq(h->method, VIEW("GET")) && !view_eq(h->method, VIEW("OPTIONS")))
		diag_error(c->diag, node_place(h->at, "method"),
			   "a check asks with GET, HEAD or OPTIONS");
	if (h->expect_body.n && is_head)
		diag_error(c->diag, node_place(h->at, "expect_body"),
			   "an answer to HEAD has no body");
	if (!h->is_tcp && h->expect_status.n == 0)
		diag_error(c->diag, node_place(h->at, "expect_status"),
			   "no status would be healthy");
	check_backend_health_grpc(c, h, is_h2);
	if (h->timeout_ms > h->interval_ms)
		diag_warning(c->diag, node_place(h->at, "timeout"),
			     "a check may take longer than the time between two: the next one "
			     "waits for it");
}

/* What is named, and how many of them. */
static uint8_t check_backend_hash_kind(const struct model_hash *h, unsigned *ret_n)
{
	const bool given[] = { [IMAGE_HASH_HEADER] = h->header.n != 0,
			       [IMAGE_HASH_COOKIE] = h->cookie.n != 0,
			       [IMAGE_HASH_PATH] = h->path,
			       [IMAGE_HASH_QUERY] = h->query.n != 0,
			       [IMAGE_HASH_SOURCE] = h->source_address };
	uint8_t kind = IMAGE_HASH_SOURCE;

	for (uint8_t k = 0; k < sizeof given / sizeof given[0]; k++) {
		kind = given[k] ? k : kind;
		*ret_n += given[k];
	}
	return kind;
}

static void check_backend_hash_given(struct check *c, const struct model_hash *h, unsigned n)
{
	if (n != 1)
		diag_error(c->diag, h->at->at,
			   "hash names exactly one of header, cookie, path, query and "
			   "source_address");
	if (h->header.n && !field_is_token(h->header))
		diag_error(c->diag, node_place(h->at, "header"), "not the name of a field");
	if (h->cookie.n && !field_is_token(h->cookie))
		diag_error(c->diag, node_place(h->at, "cookie"), "not the name of a cookie");
}

/* What leads to a server, for the algorithms that ask. */
static void check_backend_hash(struct check *c, struct model_backend *b)
{
	bool hashes = b->balance == IMAGE_MAGLEV || b->balance == IMAGE_RING_HASH;
	unsigned n = 0;
	uint8_t kind = check_backend_hash_kind(&b->hash, &n);

	if (hashes || b->balance == IMAGE_SOURCE_ADDRESS)
		b->hash.kind = kind;
	if (b->hash.at && !hashes)
		diag_error(c->diag, b->hash.at->at, "hash is for balance: maglev and ring_hash");
	else if (b->hash.at)
		check_backend_hash_given(c, &b->hash, n);
	if (node_get(b->at, "hash_load_factor") && !hashes)
		diag_error(c->diag, node_place(b->at, "hash_load_factor"),
			   "hash_load_factor is for balance: maglev and ring_hash");
	else if (b->hash_load_percent && b->hash_load_percent < 100)
		diag_error(c->diag, node_place(b->at, "hash_load_factor"),
			   "below 1 the servers together could not take what comes: write 1.25, or "
			   "0 for no bound");
}

static void check_backend_outlier(struct check *c, const struct model_outlier *o)
{
	for (uint32_t i = 0; i < o->error_status.n; i++)
		if (o->error_status.p[i].from < 400)
			diag_error(c->diag, node_place(o->at, "error_status"),
				   "an answer below 400 is no failure: write [500-599]");
}

void check_backend_run(struct check *c)
{
	struct model_list list = c->model->backends;

	for (uint32_t i = 0; i < list.n; i++) {
		struct model_backend *b = MODEL_AT(struct model_backend, list, i);

		if (!b->at)
			continue;
		b->is_h2 = b->protocol & MODEL_H2;
		b->protocol &= (uint8_t)~MODEL_H2;
		check_backend_servers(c, b);
		check_backend_tls(c, b);
		check_backend_hash(c, b);
		check_backend_outlier(c, &b->outlier);
		if (b->health.at)
			check_backend_health(c, &b->health, b->is_h2);
		if (b->is_h2 && b->send_proxy_protocol)
			diag_error(c->diag, node_place(b->at, "send_proxy_protocol"),
				   "a PROXY header speaks for one client, and an HTTP/2 connection "
				   "is for "
				   "many: write protocol: http or https");
		if (!b->is_used)
			diag_warning(c->diag, b->at->at, "no route uses backend \"%.*s\"",
				     DIAG_VIEW(b->name));
	}
}
