/*
 * A whole edge that passes connections on, between a hostile client and a hostile server (THREATS
 * A6, A22): whatever both send, in whatever pieces, a server gets one PROXY header of ours and
 * behind it what the client sent behind its own, byte for byte from the first one, and afterwards
 * nothing is left: no connection, no exchange, no buffer.
 *
 * Input: one byte that chooses the listener (even: tcp, odd: tls_passthrough), then operations.
 * 0 LEN DATA: the client sends; 1 LEN DATA: the newest server connection sends; 2: the client ends
 * its side; 3: the server does; 4: the server closes; 5: a good PROXY header from the client; 6: a
 * good ClientHello.
 */
#include "conf/conf.h"
#include "proto/proxy_protocol.h"
#include "role/edge/abuse.h"
#include "role/edge/accept.h"
#include "role/edge/dial.h"
#include "role/edge/generation.h"
#include "role/edge/run.h"
#include "sys/fd.h"
#include "sys/shm.h"
#include "tests/fuzz/fuzz.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	RIG_SEND,
	RIG_ANSWER,
	RIG_CLIENT_END,
	RIG_SERVER_END,
	RIG_CLOSE,
	RIG_PROXY,
	RIG_HELLO,
	RIG_OPS
};
enum { RIG_BYTES = 1 << 18, RIG_QUIET = 3 };

#define HELLO                                                                                      \
	"\x16\3\1\0\x43\1\0\0\x3f\3\3"                                                             \
	"0123456789abcdef0123456789abcdef"                                                         \
	"\0\0\2\x13\1\1\0\0\x14\0\0\0\x10\0\x0e\0\0\x0bwww.abcd.nl"

static const char config[] = "listeners:\n"
			     "  - {name: tcp, address: \"127.0.0.1:1\", protocol: tcp, backend: a, "
			     "accept_proxy_protocol: [127.0.0.0/8]}\n"
			     "  - {name: tls, address: \"127.0.0.1:2\", protocol: tls_passthrough, "
			     "accept_proxy_protocol: [127.0.0.0/8]}\n"
			     "backends:\n"
			     "  - {name: a, servers: [\"127.0.0.1:3\"], send_proxy_protocol: v2}\n"
			     "routes:\n"
			     "  - {listeners: [tls], hosts: [\"*.abcd.nl\"], backend: a}\n";

struct rig {
	struct edge *edge;
	int dialer, client, server;
	struct sockaddr_in address[2];
	size_t sent_n, got_n; /* by the client, behind its header included; by the server */
	uint8_t sent[RIG_BYTES], got[RIG_BYTES];
	const void *owned[5]; /* what only the edge's own memory points at, which the leak checker
				 can't see */
};

static struct rig rig;

#define must(cond) INVARIANT(cond)

static void tell(void *arg, enum diag_level level, const char *text)
{
	(void)arg;
	(void)level;
	(void)fprintf(stderr, "%s\n", text);
}

static int rig_image(void)
{
	char path[] = "/tmp/fuzz-stream-XXXXXX";
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

static void rig_listen(struct rig *r, unsigned which)
{
	socklen_t n = sizeof r->address[which];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	r->address[which] = (struct sockaddr_in){ .sin_family = AF_INET,
						  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	must(bind(fd, (struct sockaddr *)&r->address[which], n) == 0 && listen(fd, 64) == 0);
	must(getsockname(fd, (struct sockaddr *)&r->address[which], &n) == 0);
	must(accept_open(r->edge, image_listener_at(&r->edge->now->image, which)->slot, fd) ==
	     E_OK);
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
	rig_listen(r, 0);
	rig_listen(r, 1);
}

/* Every dial is answered with one end of a pair; there is one per input. */
static void rig_dial(struct rig *r)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };

	while (frame_receive(r->dialer, buf, &f) == E_OK) {
		int ends[2];

		if (f.type != EDGE_DIAL)
			continue;
		must(r->server < 0);
		must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
		must(frame_send(r->dialer, DIALER_CONNECTED, f.seq, (struct view){ 0 }, &ends[1],
				1) == E_OK);
		(void)fd_close(ends[1]);
		r->server = ends[0];
	}
}

static void rig_turn(struct rig *r)
{
	uint8_t sink[4096];

	for (unsigned i = 0; i < 4; i++) {
		ssize_t n = 0;

		must(run_turn(r->edge, 0) == E_OK);
		rig_dial(r);
		if (r->server >= 0)
			n = recv(r->server, r->got + r->got_n, sizeof r->got - r->got_n, 0);
		r->got_n += n > 0 ? (size_t)n : 0;
		while (r->client >= 0 && recv(r->client, sink, sizeof sink, MSG_DONTWAIT) > 0) {
		}
	}
}

static void rig_send(struct rig *r, struct view v)
{
	ssize_t n = v.n <= sizeof r->sent - r->sent_n ? send(r->client, v.p, v.n, MSG_NOSIGNAL) : 0;

	for (ssize_t i = 0; i < n; i++)
		r->sent[r->sent_n++] = v.p[i];
}

/* One operation from the front of in; false at the end. */
static bool rig_step(struct rig *r, struct view *in)
{
	struct view data = { 0 };
	uint8_t op = 0, n = 0;

	if (view_u8(in, &op) != E_OK)
		return false;
	op %= RIG_OPS;
	if (op <= RIG_ANSWER &&
	    (view_u8(in, &n) != E_OK || view_take(in, n < in->n ? n : in->n, &data) != E_OK))
		return false;
	if (op == RIG_SEND)
		rig_send(r, data);
	if (op == RIG_PROXY)
		rig_send(r, VIEW("PROXY TCP4 192.0.2.1 192.0.2.2 1000 443\r\n"));
	if (op == RIG_HELLO)
		rig_send(r, VIEW(HELLO));
	if (op == RIG_CLIENT_END)
		(void)shutdown(r->client, SHUT_WR);
	if (op == RIG_ANSWER && data.n && r->server >= 0)
		(void)send(r->server, data.p, data.n, MSG_NOSIGNAL);
	if (op == RIG_SERVER_END && r->server >= 0)
		(void)shutdown(r->server, SHUT_WR);
	if (op == RIG_CLOSE && r->server >= 0)
		(void)shutdown(r->server, SHUT_RDWR);
	rig_turn(r);
	return true;
}

/* The server's header says what the client's said, and nothing is lost or added behind it. */
static void rig_judge(const struct rig *r)
{
	struct proxy_protocol ours = { 0 }, theirs = { 0 };
	struct view got = view_of(r->got, r->got_n), sent = view_of(r->sent, r->sent_n);
	size_t our_n = 0, their_n = 0;

	if (got.n == 0)
		return;
	must(proxy_protocol_parse(got, &ours, &our_n) == E_OK);
	must(proxy_protocol_parse(sent, &theirs, &their_n) == E_OK);
	must(ours.has_addresses);
	if (theirs.has_addresses)
		must(ip_eq(&ours.source, &theirs.source) &&
		     ours.source_port == theirs.source_port &&
		     ip_eq(&ours.destination, &theirs.destination));
	got = view_slice(got, our_n, got.n);
	sent = view_slice(sent, their_n, sent.n);
	must(got.n <= sent.n && view_eq(got, view_slice(sent, 0, got.n)));
}

static void rig_nothing_is_left(struct rig *r)
{
	const struct edge *e = r->edge;
	uint32_t free_exchanges = 0;

	r->client = fd_close(r->client);
	for (unsigned i = 0, quiet = 0; quiet < RIG_QUIET && i < 1000; i++) {
		rig_turn(r);
		r->server = fd_close(r->server);
		quiet = e->client_n ? 0 : quiet + 1;
	}
	for (const struct exchange *x = e->free_exchanges; x; x = x->next)
		free_exchanges++;
	must(e->client_n == 0 && free_exchanges == e->exchange_high);
	must(e->buffers.free_n == e->buffers.count && e->now->users == 1);
	for (uint32_t i = 0; i < e->upstream_high; i++)
		must(e->upstreams[i].conn.source.fd < 0);
	must(PAGE_GET(e->load->listener[0].connections) == 0);
	for (uint32_t i = 0; i < image_count(&e->now->image, IMAGE_SERVER); i++)
		must(PAGE_GET(
			     e->load->server[image_server_at(&e->now->image, i)->slot].in_flight) ==
		     0);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct view in = view_of(p, n);
	uint8_t which = 0;

	if (view_u8(&in, &which) != E_OK)
		return 0;
	if (!rig.edge)
		rig_start(&rig);
	for (unsigned i = 0; i < ABUSE_SOURCES; i++)
		rig.edge->sources[i] = (struct abuse_source){ 0 };
	rig.sent_n = rig.got_n = 0;
	rig.server = -1;
	rig.client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(connect(rig.client, (struct sockaddr *)&rig.address[which % 2],
		     sizeof rig.address[0]) == 0);
	must(fd_set_nonblocking(rig.client) == E_OK);
	rig_turn(&rig);
	while (rig_step(&rig, &in)) {
	}
	rig_nothing_is_left(&rig);
	rig_judge(&rig);
	return 0;
}
