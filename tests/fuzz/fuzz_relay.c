/*
 * A whole relay between hostile clients, a hostile server, a hostile dialer, and changes of the
 * configuration (THREATS A20, A22, A25): whatever happens in whatever order, what a client hears
 * came from the server, was meant for that client, and is not longer than may be; and afterwards
 * nothing is left: no session, no datagram that waits, no count.
 *
 * Input: operations. 0 CLIENT LEN: a client says so much; 1 LEN: the server answers the newest that
 * it has heard; 2: the dialer gives a socket; 3 WHY: ... or fails; 4 TYPE LEN: ... or says
 * something else; 5 SITE: another configuration; 6: time passes; 7: another dialer comes.
 */
#include "ipc/edge_dialer.h"
#include "role/relay/dial.h"
#include "role/relay/session.h"
#include "sys/fd.h"
#include "tests/fuzz/fuzz.h"
#include "tests/ipc/relay_kit.h"

#include <string.h>
#include <unistd.h>

enum { CLIENTS = 8, LONGEST = 600, STEPS = 200 };

static const char *const sites[] = {
	"listeners:\n  - {name: dns, address: \"127.0.0.1:PORT\", protocol: udp, backend: b, "
	"datagrams: {size: 512, waiting: 2}, limits: {connections: 3, connections_per_address: "
	"0}, timeouts: {datagram_idle: 100ms}}\n"
	"backends:\n  - {name: b, servers: [\"127.0.0.1:5\", \"127.0.0.1:6\"]}\n",
	"listeners:\n  - {name: dns, address: \"127.0.0.1:PORT\", protocol: udp, backend: b, "
	"datagrams: {size: 512, replies: 1, reply_ratio: 2}}\n"
	"backends:\n  - {name: b, servers: [\"127.0.0.1:6\", \"127.0.0.1:7\"], balance: first, "
	"limits: {requests_per_server: 2}}\n",
	"listeners:\n  - {name: dns, address: \"127.0.0.1:PORT\", protocol: udp, backend: b, "
	"datagrams: {size: 512}, limits: {connections_per_address: 2}}\n"
	"backends:\n  - {name: b, servers: [\"127.0.0.1:8\"], balance: maglev, hash: "
	"{source_address: true}, send_proxy_protocol: v2}\n",
};

struct rig {
	struct relay_kit k;
	int client[CLIENTS];
	struct sockaddr_in newest; /* whom the server heard last */
	bool has_newest;
	uint8_t newest_client;
	uint64_t ended; /* sessions */
};

#define must(cond) INVARIANT(cond)

static uint8_t next(struct view *in)
{
	uint8_t b = 0;

	return view_u8(in, &b) == E_OK ? b : 0;
}

/* A datagram says first whose it is. */
static void rig_say(struct rig *g, struct view *in)
{
	uint8_t bytes[LONGEST] = { 0 };
	uint8_t who = next(in) % CLIENTS;
	size_t n = 1 + (size_t)next(in) * 2;

	bytes[0] = who;
	(void)send(g->client[who], bytes, n, 0);
}

/* What the server has heard; a PROXY header may be in front. */
static void rig_hear(struct rig *g)
{
	uint8_t bytes[LONGEST + 64];
	socklen_t size = sizeof g->newest;
	struct sockaddr_in from;
	ssize_t n = 0;

	while ((n = recvfrom(g->k.server, bytes, sizeof bytes, 0, (struct sockaddr *)&from,
			     &size)) >= 0) {
		size_t at = n >= 28 && bytes[0] == '\r' ? 28 : 0;

		must((size_t)n <= 512 + at);
		must((size_t)n > at && bytes[at] < CLIENTS);
		g->newest = from;
		g->newest_client = bytes[at];
		g->has_newest = true;
	}
}

/* The kernel may give the port of a session that has ended to the next one: nobody answers there
 * any more. */
static void rig_forget(struct rig *g)
{
	uint64_t ended = PAGE_GET(relay_kit_page(&g->k)->accepted) - g->k.r->session_n;

	if (ended != g->ended)
		g->has_newest = false;
	g->ended = ended;
}

static void rig_answer(struct rig *g, struct view *in)
{
	uint8_t bytes[LONGEST] = { 0 };
	size_t n = 1 + (size_t)next(in) * 2;

	bytes[0] = g->newest_client;
	if (g->has_newest)
		(void)sendto(g->k.server, bytes, n, 0, (const struct sockaddr *)&g->newest,
			     sizeof g->newest);
}

static void rig_clients(struct rig *g)
{
	uint8_t bytes[LONGEST + 64];

	for (unsigned i = 0; i < CLIENTS; i++) {
		ssize_t n = 0;

		while ((n = recv(g->client[i], bytes, sizeof bytes, 0)) >= 0)
			must(n >= 1 && n <= 512 && bytes[0] == i);
	}
}

static void rig_fail(struct rig *g, uint8_t why)
{
	uint32_t seq = 0;
	uint8_t type = 0;

	if (relay_kit_asked(&g->k, &seq, &type))
		(void)(frame_send(g->k.dialer, DIALER_FAILED, seq, view_of(&why, 1), NULL, 0) ==
		       E_OK);
}

static void rig_lie(struct rig *g, struct view *in)
{
	uint8_t type = next(in), n = next(in), bytes[256] = { 0 };
	uint32_t seq = (uint32_t)next(in) << 16 | next(in);
	int fd = n & 1 ? relay_kit_connect(&g->k) : -1;

	(void)(frame_send(g->k.dialer, type, seq, view_of(bytes, n % 16), &fd, fd >= 0) == E_OK);
	(void)fd_close(fd);
}

static void rig_other_dialer(struct rig *g)
{
	int pair[2];

	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
	(void)fd_close(g->k.dialer);
	g->k.dialer = pair[0];
	must(dial_set_channel(g->k.r, pair[1]) == E_OK);
}

static void rig_step(struct rig *g, struct view *in)
{
	switch (next(in) % 8) {
	case 0:
		rig_say(g, in);
		break;
	case 1:
		rig_answer(g, in);
		break;
	case 2:
		(void)relay_kit_answer(&g->k);
		break;
	case 3:
		rig_fail(g, next(in) % (DIAL_TLS + 2));
		break;
	case 4:
		rig_lie(g, in);
		break;
	case 5:
		relay_kit_swap(&g->k, sites[next(in) % 3]);
		break;
	case 6:
		g->k.r->loop.now_ms += 50;
		while (true) {
			struct wheel_entry *due =
				wheel_next(&g->k.r->wheel, g->k.r->loop.now_ms + 100);

			if (!due)
				break;
			session_expired(g->k.r, LIST_OWNER(due, struct relay_session, timer));
		}
		break;
	default:
		rig_other_dialer(g);
		break;
	}
	relay_kit_turn(&g->k);
	rig_forget(g);
	rig_hear(g);
	rig_clients(g);
}

static void rig_is_empty(struct relay *r)
{
	session_end_all(r, UINT16_MAX, RELAY_END_STOP);
	must(r->session_n == 0 && r->dialing_n == 0 && r->waiting_bytes == 0);
	must(list_is_empty(&r->dialing) && list_is_empty(&r->listeners[0].young));
	must(r->listeners[0].sessions == 0);
	for (size_t i = 0; i < RELAY_ADDRESSES; i++)
		must(r->address_n[i] == 0);
	for (size_t i = 0; i < RELAY_BUCKETS; i++)
		must(r->bucket[i] == RELAY_NONE);
	for (uint32_t i = 0; i < image_count(&r->now->image, IMAGE_POOL); i++)
		must(r->now->pools[i].sessions == 0);
	for (uint32_t i = 0; i < image_count(&r->now->image, IMAGE_SERVER); i++)
		must(r->now->balance[i].in_flight == 0);
	for (unsigned i = 0; i < PAGE_GET(r->load->server_high); i++)
		must(PAGE_GET(r->load->server[i].in_flight) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view in = view_of(data, size);
	struct rig g = { 0 };

	relay_kit_open(&g.k, sites[next(&in) % 3]);
	for (unsigned i = 0; i < CLIENTS; i++)
		g.client[i] = relay_kit_client(&g.k);
	for (unsigned i = 0; i < STEPS && in.n; i++)
		rig_step(&g, &in);
	rig_is_empty(g.k.r);
	for (unsigned i = 0; i < CLIENTS; i++)
		(void)fd_close(g.client[i]);
	relay_kit_close(&g.k);
	return 0;
}
