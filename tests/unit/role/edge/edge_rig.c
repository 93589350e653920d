/* The edge as its main() makes it, without its sandbox; the keeper's and dialer's parts are ours.
 */
#include "tests/unit/role/edge/edge_rig.h"

#include "conf/conf.h"
#include "role/edge/accept.h"
#include "role/edge/dial.h"
#include "role/edge/generation.h"
#include "role/edge/run.h"
#include "sys/fd.h"
#include "sys/shm.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static void edge_rig_tell(void *arg, enum diag_level level, const char *text)
{
	(void)arg;
	if (level == DIAG_ERROR)
		(void)fprintf(stderr, "%s\n", text);
}

int edge_rig_image(const char *yaml, uint32_t generation)
{
	char path[64];
	AUTO_FD text = memfd_create("yaml", 0);
	struct conf_input in = { .path = path, .generation = generation, .sink = edge_rig_tell };
	struct conf_result result = { 0 };
	int image = -1;

	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", text);
	INVARIANT(text >= 0 && fd_write_all(text, view_str(yaml)) == E_OK);
	INVARIANT(conf_check_file(&in, &result, &image) == E_OK);
	return image;
}

static void *edge_rig_map(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE,
		       -1, 0);

	INVARIANT(p != MAP_FAILED);
	return p;
}

static void edge_rig_ring(struct edge *e)
{
	AUTO_FD data = -1, cursor = -1;
	void *p = NULL;

	INVARIANT(shm_new("data", ring_data_bytes(RING_BYTES_SMALL), &data) == E_OK);
	INVARIANT(shm_new("cursor", sizeof(struct ring_cursor), &cursor) == E_OK);
	INVARIANT(shm_map(data, true, &p, NULL) == E_OK);
	ring_init(p, RING_BYTES_SMALL);
	INVARIANT(ring_writer_map(data, cursor, &e->ring) == E_OK);
}

static void edge_rig_pages(struct edge_rig *r)
{
	struct edge *e = r->edge;

	e->health = edge_rig_map(sizeof *e->health);
	for (unsigned i = 0; i < EDGE_RIG_PEERS; i++)
		e->loads[i] = r->page[i] = edge_rig_map(sizeof *r->page[i]);
	e->load = r->page[0];
	e->load_n = EDGE_RIG_PEERS;
}

static void edge_rig_listen(struct edge_rig *r)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof a;

	r->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	INVARIANT(bind(r->listener, (struct sockaddr *)&a, n) == 0 && listen(r->listener, 64) == 0);
	INVARIANT(getsockname(r->listener, (struct sockaddr *)&a, &n) == 0);
	r->port = ntohs(a.sin_port);
}

void edge_rig_start(struct edge_rig *r, const char *yaml)
{
	AUTO_FD image = -1;
	const char *why = "";
	int ends[2];

	if (!r->edge) { /* OpenSSL can be given its memory once */
		*r = (struct edge_rig){ .edge = run_new() };
		INVARIANT(r->edge && run_prepare(r->edge) == E_OK);
		edge_rig_ring(r->edge);
		r->owned[0] = r->edge->h2_callbacks;
		r->owned[1] = r->edge->h2_options;
	}
	r->edge->rng = (struct rng){ { 1, 2, 3, 4 } };
	edge_rig_pages(r);
	image = edge_rig_image(yaml, 1);
	INVARIANT(generation_load(r->edge, image, 1, &r->edge->now, &why) == E_OK);
	r->g = r->edge->now;
	INVARIANT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
	r->dialer = ends[0];
	INVARIANT(dial_set_channel(r->edge, ends[1]) == E_OK);
	edge_rig_listen(r);
	INVARIANT(accept_open(r->edge, image_listener_at(&r->g->image, 0)->slot, r->listener) ==
		  E_OK);
}

void edge_rig_stop(struct edge_rig *r)
{
	/* a last try of a request whose client has gone may still be given a connection */
	for (unsigned turns = 0; turns < 8 || (r->edge->client_n && turns < 100); turns++) {
		for (unsigned i = 0; i < r->server_n; i++)
			r->server[i] = fd_close(r->server[i]);
		r->server_n = 0;
		edge_rig_turn(r);
	}
	INVARIANT(r->edge->client_n == 0);
	accept_close(r->edge, image_listener_at(&r->g->image, 0)->slot);
	loop_close(&r->edge->dialer);
	generation_drop(r->edge, r->edge->now);
	r->edge->now = NULL;
	for (uint32_t i = 0; i < r->edge->server_high; i++)
		r->edge->servers[i] = (struct server_state){ 0 };
	(void)munmap(r->edge->health, sizeof *r->edge->health);
	for (unsigned i = 0; i < EDGE_RIG_PEERS; i++)
		(void)munmap(r->page[i], sizeof *r->page[i]);
	(void)fd_close(r->dialer);
	r->server_n = 0;
}

static void edge_rig_dial(struct edge_rig *r)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };

	while (frame_receive(r->dialer, buf, &f) == E_OK) {
		struct view in = f.body;
		int ends[2];

		if (f.type != EDGE_DIAL)
			continue;
		INVARIANT(r->server_n < EDGE_RIG_SERVERS);
		INVARIANT(view_u32(&in, &r->server_slot[r->server_n]) == E_OK);
		INVARIANT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
				     ends) == 0);
		INVARIANT(frame_send(r->dialer, DIALER_CONNECTED, f.seq, (struct view){ 0 },
				     &ends[1], 1) == E_OK);
		(void)fd_close(ends[1]);
		r->server[r->server_n++] = ends[0];
	}
}

void edge_rig_turn(struct edge_rig *r)
{
	for (unsigned i = 0; i < 4; i++) {
		INVARIANT(run_turn(r->edge, 0) == E_OK);
		edge_rig_dial(r);
	}
}

int edge_rig_client(const struct edge_rig *r, const char *text)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				 .sin_port = htons(r->port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	INVARIANT(connect(fd, (struct sockaddr *)&a, sizeof a) == 0);
	INVARIANT(fd_set_nonblocking(fd) == E_OK);
	edge_rig_say(fd, text);
	return fd;
}

int edge_rig_asked(struct edge_rig *r)
{
	uint8_t sink[8192];

	for (unsigned i = 0; i < r->server_n; i++)
		if (recv(r->server[i], sink, sizeof sink, MSG_DONTWAIT) > 0)
			return (int)i;
	return -1;
}

void edge_rig_say(int fd, const char *text)
{
	struct view v = view_str(text);

	INVARIANT(send(fd, v.p, v.n, MSG_NOSIGNAL) == (ssize_t)v.n);
}

bool edge_rig_hears(int fd, const char *text)
{
	uint8_t got[8192];
	ssize_t n = recv(fd, got, sizeof got, MSG_DONTWAIT);

	return n > 0 && view_starts(view_of(got, (size_t)n), view_str(text));
}

struct exchange edge_rig_exchange(struct edge_rig *r, uint32_t i)
{
	return (struct exchange){ .g = r->g,
				  .pool = image_pool_at(&r->g->image, i),
				  .pool_index = i };
}
