/* See the header. */
#include "tests/ipc/relay_kit.h"

#include "conf/conf.h"
#include "role/relay/generation.h"
#include "role/relay/session.h"
#include "role/relay/setup.h"
#include "sys/fd.h"
#include "sys/shm.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define kit_must(cond) INVARIANT(cond)

enum { KIT_TURNS = 20, KIT_YAML = 4096 };

static void kit_tell(void *arg, enum diag_level level, const char *text)
{
	(void)arg;
	(void)level;
	fprintf(stderr, "%s\n", text);
}

static void kit_put_port(const struct relay_kit *k, const char *yaml, struct wbuf *w)
{
	const char *at = strstr(yaml, "PORT");

	if (!at)
		at = yaml + strlen(yaml);
	wbuf_put(w, yaml, (size_t)(at - yaml));
	if (!*at)
		return;
	wbuf_dec(w, ntohs(k->listener.sin_port));
	wbuf_str(w, at + 4);
}

/* The image, and its generation in *ret. */
static int kit_image(struct relay_kit *k, const char *yaml, uint32_t *ret)
{
	char path[64], text[KIT_YAML];
	struct wbuf w = wbuf_of(text, sizeof text);
	AUTO_FD file = memfd_create("yaml", MFD_CLOEXEC);
	struct conf_input in = { .path = path, .sink = kit_tell };
	struct conf_result result = { 0 };
	struct image im = { 0 };
	const char *why = "";
	void *p = NULL;
	size_t n = 0;
	int fd = -1;

	kit_put_port(k, yaml, &w);
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
	kit_must(!w.bad && fd_write_all(file, wbuf_view(&w)) == E_OK);
	if (k->r->now)
		in.previous = &k->r->now->image;
	kit_must(conf_check_file(&in, &result, &fd) == E_OK);
	kit_must(shm_map(fd, false, &p, &n) == E_OK);
	kit_must(image_check(view_of(p, n), &im, &why) == E_OK);
	*ret = im.header->generation;
	shm_unmap(p, n);
	return fd;
}

static int kit_bind(struct sockaddr_in *at)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
	socklen_t n = sizeof *at;

	*at = (struct sockaddr_in){ .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	kit_must(fd >= 0 && bind(fd, (struct sockaddr *)at, sizeof *at) == 0);
	kit_must(setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) == 0);
	kit_must(getsockname(fd, (struct sockaddr *)at, &n) == 0);
	return fd;
}

static void kit_pair(int ret[2])
{
	kit_must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ret) == 0);
}

static void kit_pages(struct relay *r)
{
	int data = -1, cursor = -1;
	void *p = NULL;

	struct page_gate_page *gate = mmap(NULL, sizeof *gate, PROT_READ | PROT_WRITE,
					   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	kit_must(gate != MAP_FAILED);
	level_page_publish(&gate->levels, NULL, 0);
	r->gate = gate;
	r->health = calloc(1, sizeof *r->health);
	r->load = mmap(NULL, sizeof *r->load, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	kit_must(r->health && r->load != MAP_FAILED);
	kit_must(shm_new("data", ring_data_bytes(RING_BYTES_SMALL), &data) == E_OK);
	kit_must(shm_new("cursor", sizeof(struct ring_cursor), &cursor) == E_OK);
	kit_must(shm_map(data, true, &p, NULL) == E_OK);
	ring_init(p, RING_BYTES_SMALL);
	shm_unmap(p, ring_data_bytes(RING_BYTES_SMALL));
	kit_must(ring_writer_map(data, cursor, &r->ring) == E_OK);
	fd_close(data);
	fd_close(cursor);
}

/* The relay finds its keeper at descriptor 3, as in life: first of all, while it is free. */
static int kit_keeper(void)
{
	int pair[2], ours = -1;

	kit_pair(pair);
	ours = pair[0] == ROLE_CHANNEL_FD ? fcntl(pair[0], F_DUPFD_CLOEXEC, 10) : pair[0];
	if (pair[1] != ROLE_CHANNEL_FD) {
		kit_must(dup2(pair[1], ROLE_CHANNEL_FD) == ROLE_CHANNEL_FD);
		fd_close(pair[1]);
	}
	return ours;
}

void relay_kit_open(struct relay_kit *k, const char *yaml)
{
	const char *why = "";
	int pair[2], listener = -1, keeper = kit_keeper();
	struct relay *r = setup_new();

	kit_must(r && setup_prepare(r) == E_OK);
	*k = (struct relay_kit){ .r = r, .keeper = keeper };
	listener = kit_bind(&k->listener);
	k->server = kit_bind(&k->server_at);
	kit_pages(r);
	kit_pair(pair);
	k->dialer = pair[0];
	r->coming_dialer_fd = pair[1];
	r->coming_listener_fd[0] = listener;
	r->image_fd = kit_image(k, yaml, &r->coming_number);
	k->generation = r->coming_number;
	kit_must(setup_watch_keeper(r) == E_OK);
	kit_must(setup_begin(r, &why) == E_OK);
	kit_must(r->now->listener[0]);
}

void relay_kit_close(struct relay_kit *k)
{
	struct relay *r = k->r;

	session_end_all(r, UINT16_MAX, RELAY_END_STOP);
	generation_drop(r->now);
	generation_drop(r->coming);
	for (unsigned i = 0; i < IMAGE_LISTENER_SLOTS; i++) {
		fd_close(r->coming_listener_fd[i]);
		loop_close(&r->listeners[i].source);
	}
	loop_close(&r->keeper);
	loop_close(&r->dialer);
	fd_close(r->image_fd);
	fd_close(r->coming_dialer_fd);
	loop_done(&r->loop);
	ring_writer_unmap(&r->ring);
	(void)munmap(r->session, RELAY_SESSIONS * sizeof *r->session);
	(void)munmap(r->waiting_memory, (size_t)RELAY_WAITING * DATAGRAM_BYTES);
	(void)munmap(r->in.memory, (size_t)DATAGRAM_BATCH * DATAGRAM_BYTES);
	(void)munmap(r->out.memory, (size_t)DATAGRAM_BATCH * DATAGRAM_BYTES);
	(void)munmap(r->load, sizeof *r->load);
	free((void *)(uintptr_t)r->health);
	(void)munmap((void *)(uintptr_t)r->gate, sizeof *r->gate);
	(void)munmap(r, sizeof *r);
	fd_close(k->keeper);
	fd_close(k->dialer);
	fd_close(k->server);
}

void relay_kit_swap(struct relay_kit *k, const char *yaml)
{
	uint8_t body[4], buf[FRAME_MAX];
	struct wbuf w = wbuf_of(body, sizeof body);
	AUTO_FD fd = kit_image(k, yaml, &k->generation);
	struct frame f = { 0 };

	wbuf_u32(&w, k->generation);
	kit_must(frame_send(k->keeper, KEEPER_IMAGE, 0, wbuf_view(&w), &fd, 1) == E_OK);
	kit_must(frame_send(k->keeper, KEEPER_SWAP, 0, wbuf_view(&w), NULL, 0) == E_OK);
	relay_kit_turn(k);
	kit_must(frame_receive(k->keeper, buf, &f) == E_OK);
	kit_must(f.type == ROLE_SWAPPED && k->r->now->number == k->generation);
}

int relay_kit_client(const struct relay_kit *k)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	kit_must(fd >= 0 &&
		 connect(fd, (const struct sockaddr *)&k->listener, sizeof k->listener) == 0);
	return fd;
}

void relay_kit_turn(struct relay_kit *k)
{
	for (unsigned i = 0; i < KIT_TURNS; i++)
		kit_must(setup_turn(k->r, 0) == E_OK);
}

bool relay_kit_asked(struct relay_kit *k, uint32_t *ret_seq, uint8_t *ret_type)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };

	if (frame_receive(k->dialer, buf, &f) != E_OK)
		return false;
	*ret_seq = f.seq;
	*ret_type = f.type;
	frame_done(&f);
	return true;
}

int relay_kit_connect(const struct relay_kit *k)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	kit_must(fd >= 0 &&
		 connect(fd, (const struct sockaddr *)&k->server_at, sizeof k->server_at) == 0);
	return fd;
}

void relay_kit_give(struct relay_kit *k, uint32_t seq)
{
	AUTO_FD fd = relay_kit_connect(k);
	enum err e = frame_send(k->dialer, DIALER_CONNECTED, seq, (struct view){ 0 }, &fd, 1);

	kit_must(e == E_OK || e == E_CLOSED);
}

unsigned relay_kit_answer(struct relay_kit *k)
{
	uint32_t seq = 0;
	uint8_t type = 0;
	unsigned n = 0;

	while (relay_kit_asked(k, &seq, &type)) {
		if (type != EDGE_DIAL)
			continue;
		relay_kit_give(k, seq);
		n++;
	}
	relay_kit_turn(k);
	return n;
}

struct page_load_listener *relay_kit_page(const struct relay_kit *k)
{
	return &k->r->load->listener[0];
}
