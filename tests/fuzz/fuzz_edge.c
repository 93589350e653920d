/*
 * A whole edge between a hostile client and a hostile server (THREATS A1-A5, A18, A22): whatever
 * both send, in whatever pieces, every byte that reaches a server is part of a request that the
 * reference parser accepts too, and afterwards nothing is left: no connection, no exchange, no
 * buffer.
 *
 * Input: operations. 0 LEN DATA: the client sends; 1 LEN DATA: the newest server connection sends;
 * 2: the client ends its side; 3: the client closes; 4: the server closes; 5: another client;
 * 6: the client begins HTTP/2; 7 TYPE FLAGS STREAM LEN DATA: the client sends a frame; 8 likewise:
 * the server does.
 */
#include "conf/conf.h"
#include "role/edge/abuse.h"
#include "role/edge/accept.h"
#include "role/edge/dial.h"
#include "role/edge/generation.h"
#include "role/edge/run.h"
#include "sys/fd.h"
#include "sys/shm.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/reference_http1.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RIG_PREFACE = 6, RIG_CLIENT_FRAME, RIG_SERVER_FRAME, RIG_OPS };
enum { SERVERS = 32, RECEIVED = 1 << 18, RIG_QUIET = 3 /* turns without a client */ };

static const char config[] =
	"listeners:\n"
	"  - {name: public, address: \"127.0.0.1:8080\", protocol: http, http2: true, "
	"limits: {body_size: 64k}}\n"
	"backends:\n"
	"  - {name: a, servers: [\"127.0.0.1:1\", \"127.0.0.1:2\"], persistence: {cookie: true, "
	"name: k}, retries: {attempts: 2, on: [connect_failure, reset_before_response, 503]}}\n"
	"  - {name: b, servers: [\"127.0.0.1:3\"], persistence: {source_address: true}}\n"
	"  - {name: h2, protocol: h2c, servers: [\"127.0.0.1:4\", \"127.0.0.1:5\"], hedge: {after: "
	"1ms, percent: 100}, retries: {attempts: 3, on: [connect_failure, reset_before_response, "
	"503]}}\n"
	"routes:\n"
	"  - name: r\n"
	"    hosts: [\"*\"]\n"
	"    rules:\n"
	"      - {name: old, match: {path_exact: /old}, redirect: {status: 308, location: /new}}\n"
	"      - {name: moved, match: {path_prefix: /m}, redirect: {scheme: https, replace_prefix: "
	"/}}\n"
	"      - {name: filtered, match: {path_prefix: /f}, backend: a, filters: ["
	"{set_request_headers: {X-A: \"{host}{path}?{query}\", User-Agent: b}}, "
	"{remove_request_headers: [Cookie, Accept]}, {rewrite_path_prefix: /g}, "
	"{rewrite_host: \"h:1\"}, {set_response_headers: {X-B: \"{path} {query}\"}}, "
	"{remove_response_headers: [Server, Connection-X]}, {concurrency: {requests: 2}}, "
	"{cors: {allow_origins: [\"https://*.a.nl\", \"https://b.nl\"], allow_headers: [\"*\"], "
	"allow_methods: [\"*\"]}}, "
	"{rate_limit: {requests: 100000, per: 1s, key: \"cookie:a\"}}]}\n"
	"      - {name: mirrored, match: {path_prefix: /mi}, backend: a, mirror: b}\n"
	"      - {name: both, match: {path_prefix: /x}, backend: h2, mirror: a, compress: "
	"{min_size: 1, "
	"types: [text/plain]}}\n"
	"      - {name: copied, match: {path_prefix: /y}, backend: b, mirror: h2, compress: true}\n"
	"      - {name: source, match: {path_prefix: /s}, backend: b}\n"
	"      - {name: h2, match: {path_prefix: /2}, backend: h2}\n"
	"      - {name: kept, match: {path_prefix: /k}, backend: a, cache: {status_field: true}, "
	"compress: {min_size: 1}}\n"
	"      - {name: kept2, match: {path_prefix: /2k}, backend: h2, cache: true}\n"
	"      - {name: pressed, match: {path_prefix: /z}, backend: a, compress: {min_size: 1, "
	"even_with_credentials: true}}\n"
	"      - {name: no, match: {path_prefix: /no}, respond: {status: 403, body: \"no\\n\", "
	"content_type: text/plain}}\n"
	"    backend: a\n";

struct server {
	int fd;
	size_t n;
	uint8_t got[RECEIVED];
};

struct rig {
	struct edge *edge;
	int listener, dialer, client;
	struct sockaddr_in address;
	struct server servers[SERVERS];
	unsigned server_n;
	const void *owned[5]; /* what only the edge's own memory points at, which the leak checker
				 can't see */
};

static struct rig rig;

#define must(cond) INVARIANT(cond)

static void tell(void *arg, enum diag_level level, const char *text)
{
	(void)arg;
	(void)level;
	fprintf(stderr, "%s\n", text);
}

static int rig_image(void)
{
	char path[] = "/tmp/fuzz-edge-XXXXXX";
	struct conf_input in = { .path = path, .sink = tell };
	struct conf_result result = { 0 };
	int file = mkstemp(path), image = -1;

	must(fd_write_all(file, view_str(config)) == E_OK);
	must(conf_check_file(&in, &result, &image) == E_OK);
	(void)unlink(path);
	(void)fd_close(file);
	return image;
}

static void rig_pages(struct edge *e)
{
	int data = -1, cursor = -1;
	void *p = NULL;

	e->health = calloc(1, sizeof *e->health);
	e->load = calloc(1, sizeof *e->load);
	e->loads[0] = e->load;
	e->load_n = 1;
	must(shm_new("data", ring_data_bytes(RING_BYTES_SMALL), &data) == E_OK);
	must(shm_new("cursor", sizeof(struct ring_cursor), &cursor) == E_OK);
	must(shm_map(data, true, &p, NULL) == E_OK);
	ring_init(p, RING_BYTES_SMALL);
	must(ring_writer_map(data, cursor, &e->ring) == E_OK);
}

static void rig_listen(struct rig *r)
{
	socklen_t n = sizeof r->address;

	r->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	r->address = (struct sockaddr_in){ .sin_family = AF_INET,
					   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	must(bind(r->listener, (struct sockaddr *)&r->address, n) == 0 &&
	     listen(r->listener, 64) == 0);
	must(getsockname(r->listener, (struct sockaddr *)&r->address, &n) == 0);
}

static void rig_start(struct rig *r)
{
	const char *why = "";
	int ends[2];

	r->edge = run_new();
	must(r->edge && run_prepare(r->edge) == E_OK);
	r->edge->rng = (struct rng){ { 1, 2, 3, 4 } };
	rig_pages(r->edge);
	must(generation_load(r->edge, rig_image(), 1, &r->edge->now, &why) == E_OK);
	r->owned[0] = r->edge->now;
	r->owned[1] = r->edge->health;
	r->owned[2] = r->edge->load;
	r->owned[3] = r->edge->h2_callbacks;
	r->owned[4] = r->edge->h2_options;
	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
	r->dialer = ends[0];
	must(dial_set_channel(r->edge, ends[1]) == E_OK);
	rig_listen(r);
	must(accept_open(r->edge, r->edge->now->listener[0] ? 0 : 1, r->listener) == E_OK);
}

/* The dialer's part: every dial is answered with one end of a pair. */
static void rig_dial(struct rig *r)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };

	while (frame_receive(r->dialer, buf, &f) == E_OK) {
		int ends[2];

		if (f.type != EDGE_DIAL)
			continue;
		if (r->server_n == SERVERS) {
			must(frame_send(r->dialer, DIALER_FAILED, f.seq, view_of("\1", 1), NULL,
					0) == E_OK);
			continue;
		}
		must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
		must(frame_send(r->dialer, DIALER_CONNECTED, f.seq, (struct view){ 0 }, &ends[1],
				1) == E_OK);
		(void)fd_close(ends[1]);
		r->servers[r->server_n].fd = ends[0];
		r->servers[r->server_n++].n = 0;
	}
}

static void rig_turn(struct rig *r)
{
	for (unsigned i = 0; i < 4; i++) {
		must(run_turn(r->edge, 0) == E_OK);
		rig_dial(r);
		for (unsigned s = 0; s < r->server_n; s++) {
			struct server *v = &r->servers[s];
			ssize_t n =
				v->fd < 0 ? 0 : recv(v->fd, v->got + v->n, sizeof v->got - v->n, 0);

			v->n += n > 0 ? (size_t)n : 0;
		}
	}
}

static void rig_connect(struct rig *r)
{
	uint8_t sink[4096];

	if (r->client >= 0) {
		while (recv(r->client, sink, sizeof sink, MSG_DONTWAIT) > 0) {
		}
		(void)fd_close(r->client);
	}
	r->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(connect(r->client, (struct sockaddr *)&r->address, sizeof r->address) == 0);
	must(fd_set_nonblocking(r->client) == E_OK);
}

/* One HTTP/2 frame (RFC 9113 §4.1); false at the end of in. */
static bool rig_frame(int fd, struct view *in)
{
	uint8_t type = 0, flags = 0, stream = 0, n = 0, bytes[9 + UINT8_MAX];
	struct wbuf w = wbuf_of(bytes, sizeof bytes);
	struct view data = { 0 };

	if (view_u8(in, &type) != E_OK || view_u8(in, &flags) != E_OK ||
	    view_u8(in, &stream) != E_OK || view_u8(in, &n) != E_OK ||
	    view_take(in, n < in->n ? n : in->n, &data) != E_OK)
		return false;
	wbuf_u8(&w, 0);
	wbuf_u16(&w, (uint16_t)data.n);
	wbuf_u8(&w, type);
	wbuf_u8(&w, flags);
	wbuf_u32(&w, stream);
	wbuf_view_put(&w, data);
	if (fd >= 0)
		(void)send(fd, bytes, w.n, MSG_NOSIGNAL);
	return true;
}

/* One operation from the front of in; false at the end. */
static bool rig_step(struct rig *r, struct view *in)
{
	struct view data = { 0 };
	static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
	uint8_t op = 0, n = 0;
	struct server *newest = r->server_n ? &r->servers[r->server_n - 1] : NULL;

	if (view_u8(in, &op) != E_OK)
		return false;
	op %= RIG_OPS;
	if (op == RIG_CLIENT_FRAME || op == RIG_SERVER_FRAME) {
		if (!rig_frame(op == RIG_CLIENT_FRAME ? r->client : newest ? newest->fd : -1, in))
			return false;
	}
	if (op < 2 &&
	    (view_u8(in, &n) != E_OK || view_take(in, n < in->n ? n : in->n, &data) != E_OK))
		return false;
	if (op == RIG_PREFACE)
		(void)send(r->client, preface, sizeof preface - 1, MSG_NOSIGNAL);
	if (op == 0 && data.n)
		(void)send(r->client, data.p, data.n, MSG_NOSIGNAL);
	if (op == 1 && data.n && newest && newest->fd >= 0)
		(void)send(newest->fd, data.p, data.n, MSG_NOSIGNAL);
	if (op == 2)
		(void)shutdown(r->client, SHUT_WR);
	if (op == 3 || op == 5)
		rig_connect(r);
	if (op == 4 && newest)
		newest->fd = fd_close(newest->fd);
	rig_turn(r);
	return true;
}

/* Bytes of a chunked body at the front of v, or v.n + 1 when it is not complete. Our own framing:
 * sizes are plain. */
static size_t rig_chunked(struct view v)
{
	size_t at = 0;

	for (;;) {
		size_t size = 0;

		for (; at < v.n && v.p[at] != '\r'; at++) {
			must((v.p[at] >= '0' && v.p[at] <= '9') ||
			     (v.p[at] >= 'a' && v.p[at] <= 'f'));
			size = size * 16 +
			       (size_t)(v.p[at] <= '9' ? v.p[at] - '0' : v.p[at] - 'a' + 10);
		}
		if (at + 2 > v.n)
			return v.n + 1;
		at += 2;
		if (size == 0)
			break;
		if (size + 2 > v.n - at)
			return v.n + 1;
		at += size;
		must(v.p[at] == '\r' && v.p[at + 1] == '\n');
		at += 2;
	}
	for (;;) { /* trailer lines up to the empty one */
		struct view line = view_slice(v, at, v.n);
		size_t lf = view_find(line, '\n');

		if (lf == line.n)
			return v.n + 1;
		at += lf + 1;
		if (lf == 1)
			return at;
	}
}

static bool rig_has_whole_head(struct view v)
{
	for (size_t i = 0; i + 4 <= v.n; i++)
		if (view_eq(view_slice(v, i, 4), VIEW("\r\n\r\n")))
			return true;
	return false;
}

/* What a server got is a row of requests, as the reference sees it; only the last may be cut. */
static void rig_judge(const struct server *s)
{
	struct view v = view_of(s->got, s->n);

	if (view_starts(v, VIEW("PRI * HTTP/2.0\r\n")))
		return; /* what this one is sent was made of a request that had to be one here */
	while (v.n) {
		struct reference ref = reference_http1_request(v.p, v.n, UINT16_MAX, 1024);
		size_t body = 0;

		if (!ref.is_good) {
			must(!rig_has_whole_head(v));
			return;
		}
		v = view_slice(v, ref.n, v.n);
		if (ref.body == REFERENCE_LENGTH)
			body = ref.length > v.n ? v.n : (size_t)ref.length;
		if (ref.body == REFERENCE_CHUNKED)
			body = rig_chunked(v);
		v = view_slice(v, body, v.n);
	}
}

/* A last try for a client that has gone may still be given a connection, which is then idle: closed
 * like the others. */
static void rig_close_servers(struct rig *r)
{
	for (unsigned i = 0; i < r->server_n; i++)
		r->servers[i].fd = fd_close(r->servers[i].fd);
}

/* Nobody holds an entry, a place in a list or a stream for compression. */
static void rig_delivery_is_at_rest(const struct edge *e)
{
	uint32_t jobs = 0, slots = 0;

	for (const struct cache_job *j = e->cache.free; j; j = j->next)
		jobs++;
	for (const struct compress_slot *z = e->compress.free; z; z = z->next)
		slots++;
	must(jobs == e->cache.job_high && slots == e->compress.n);
	for (unsigned i = 0; e->cache.jobs && i < CACHE_LEADS; i++)
		must(list_is_empty(&e->cache.leads[i]));
	for (uint32_t i = 0; i < e->cache.store.entry_high; i++)
		must(e->cache.store.entries[i].refs == 0);
}

static void rig_nothing_is_left(struct rig *r)
{
	const struct edge *e = r->edge;
	uint32_t free_exchanges = 0;

	for (unsigned i = 0, quiet = 0; quiet < RIG_QUIET && i < 1000; i++) {
		rig_close_servers(r);
		rig_turn(r);
		quiet = e->client_n + e->stream_client_n ? 0 : quiet + 1;
	}
	for (const struct exchange *x = e->free_exchanges; x; x = x->next)
		free_exchanges++;
	must(e->client_n == 0 && e->stream_client_n == 0 && e->mirror_n == 0);
	must(free_exchanges == e->exchange_high);
	must(e->stream_upstream_n == 0 && list_is_empty(&e->h2_dirty));
	must(e->buffers.free_n == e->buffers.count);
	must(e->now->users == 1);
	rig_delivery_is_at_rest(e);
	for (uint32_t i = 0; i < e->upstream_high; i++)
		must(e->upstreams[i].conn.source.fd < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct view in = view_of(p, n);

	if (!rig.edge) {
		rig_start(&rig);
		rig.client = -1;
	}
	for (unsigned i = 0; i < ABUSE_SOURCES; i++)
		rig.edge->sources[i] = (struct abuse_source){ 0 };
	(void)cache_store_purge(&rig.edge->cache.store,
				&(struct cache_pattern){ .kind = CACHE_PATTERN_ALL });
	for (unsigned i = 0; i < CACHE_PASSES; i++)
		rig.edge->cache.pass[i] = (struct cache_pass){ 0 };
	rig.server_n = 0;
	rig.client = -1;
	rig_connect(&rig);
	rig_turn(&rig);
	while (rig_step(&rig, &in)) {
	}
	rig.client = fd_close(rig.client);
	rig_nothing_is_left(&rig);
	for (unsigned i = 0; i < rig.server_n; i++)
		rig_judge(&rig.servers[i]);
	return 0;
}
