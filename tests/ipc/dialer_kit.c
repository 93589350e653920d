/* A dialer inside a test. */
#include "dialer_kit.h"

#include "role/dialer/edge_channel.h"
#include "sys/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void kit_must(bool is, const char *what)
{
	if (is)
		return;
	perror(what);
	abort();
}

struct image_str kit_text(struct kit_image *im, const char *text)
{
	struct image_str s = { im->byte_n, (uint32_t)strlen(text) };

	kit_must(im->byte_n + s.n <= KIT_BYTES, "room for text");
	memcpy(im->bytes + im->byte_n, text, s.n);
	im->byte_n += s.n;
	return s;
}

void kit_image_init(struct kit_image *im)
{
	*im = (struct kit_image){
		.header = { .magic = IMAGE_MAGIC, .version = IMAGE_VERSION, .generation = 1 }
	};
	im->header.isolation = (struct image_isolation){ .pilot = kit_text(im, "pilot"),
							 .to_open = 2,
							 .to_close = 1 };
}

struct image_pool *kit_pool(struct kit_image *im, const char *name)
{
	struct image_pool *p = &im->pool[im->pool_n++];

	kit_must(im->pool_n <= KIT_POOLS, "room for pools");
	*p = (struct image_pool){
		.slot = im->pool_n - 1,
		.name = kit_text(im, name),
		.servers = { im->server_n, 0 },
		.tls_client_certificate = IMAGE_NONE,
		.health_interval_ms = 100,
		.health_timeout_ms = 500,
		.health_fall = 2,
		.health_rise = 2,
		.health_path = kit_text(im, "/healthz"),
		.health_method = kit_text(im, "GET"),
		.outlier_eject_ms = 300,
		.outlier_max_percent = 50,
		.connect_ms = 1000,
		.protocol = IMAGE_HTTP,
		.balance = IMAGE_LEAST_REQUESTS,
		.tls_verify = 1,
	};
	p->status = (struct image_range){ im->status_n, 1 };
	im->status[im->status_n++] = (struct image_status_range){ 200, 399 };
	return p;
}

struct image_server *kit_server(struct kit_image *im, const char *address, uint16_t port)
{
	struct image_server *s = &im->server[im->server_n];
	struct image_address a = { .port = port };

	kit_must(im->server_n < KIT_SERVERS && im->pool_n, "room for servers");
	if (ip_parse(view_str(address), &a.ip) == E_OK) {
		a.kind = IMAGE_ADDRESS_IP;
	} else {
		a.kind = port ? IMAGE_ADDRESS_NAME : IMAGE_ADDRESS_UNIX;
		a.name = kit_text(im, address);
	}
	*s = (struct image_server){
		.name = kit_text(im, address),
		.address = a,
		.pool = im->pool_n - 1,
		.slot = im->server_n,
		.slot_gen = 1,
		.weight = 1,
		.state = IMAGE_SERVER_ENABLED,
	};
	im->server_n++;
	im->pool[im->pool_n - 1].servers.n++;
	return s;
}

void kit_check(struct kit_image *im, struct image *ret)
{
	const char *why = "";
	const uint8_t *from = (const uint8_t *)im;
#define SECTION(s, member, count)                                                                  \
	im->header.section[s] = (struct image_section_at)                                          \
	{                                                                                          \
		(uint32_t) offsetof(struct kit_image, member), (count)                             \
	}
	for (unsigned s = 0; s < IMAGE_SECTIONS; s++)
		im->header.section[s] = (struct image_section_at){ 0, 0 };
	SECTION(IMAGE_BYTES, bytes, im->byte_n);
	for (unsigned s = IMAGE_LISTENER; s < IMAGE_DER; s++)
		SECTION(s, der, 0);
	SECTION(IMAGE_DER, der, im->der_n);
	for (unsigned s = IMAGE_HOST; s < IMAGE_NETWORK; s++)
		SECTION(s, network, 0);
	SECTION(IMAGE_NETWORK, network, im->network_n);
	SECTION(IMAGE_SPLIT, pool, 0);
	SECTION(IMAGE_POOL, pool, im->pool_n);
	SECTION(IMAGE_SERVER, server, im->server_n);
	SECTION(IMAGE_STATUS_RANGE, status, im->status_n);
	for (unsigned s = IMAGE_STATUS_RANGE + 1; s < IMAGE_SECTIONS; s++)
		SECTION(s, end, 0);
#undef SECTION
	im->header.bytes = sizeof *im;
	if (image_check(view_of(from, sizeof *im), ret, &why) != E_OK) {
		fprintf(stderr, "the test's image: %s\n", why);
		abort();
	}
}

void kit_start(struct kit *k, const struct dialer_setup *setup, struct page_health_page *page)
{
	static const struct dialer_setup nothing = { 0 };

	k->edge = -1;
	k->d = calloc(1, sizeof *k->d);
	k->page = page ? page : calloc(1, sizeof *page);
	kit_must(k->d && k->page, "memory");
	kit_check(&k->image, &k->d->image);
	k->d->page = k->page;
	k->d->reach = PAGE_REACH_PORTS;
	kit_must(dialer_start(k->d, setup ? setup : &nothing) == E_OK, "dialer_start");
}

void kit_stop(struct kit *k)
{
	if (k->edge >= 0)
		(void)close(k->edge);
	k->edge = -1;
	dialer_stop(k->d);
	free(k->d);
	k->d = NULL;
}

static int kit_channel(struct kit *k, struct edge_channel_peer peer)
{
	int ends[2] = { -1, -1 };

	kit_must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0,
		 "socketpair");
	kit_must(edge_channel_add(k->d, &peer, ends[0]) == E_OK, "edge_channel_add");
	if (k->edge < 0)
		k->edge = ends[1];
	return ends[1];
}

int kit_edge(struct kit *k)
{
	return kit_channel(k, (struct edge_channel_peer){ .role = ROLE_EDGE });
}

int kit_relay(struct kit *k)
{
	return kit_channel(k, (struct edge_channel_peer){ .role = ROLE_RELAY });
}

int kit_shipper(struct kit *k)
{
	return kit_channel(k, (struct edge_channel_peer){ .role = ROLE_SHIPPER });
}

void kit_turns(struct kit *k, unsigned ms)
{
	uint64_t until = clock_mono_ms() + ms;

	do {
		kit_must(dialer_turn(k->d) == E_OK, "dialer_turn");
	} while (clock_mono_ms() < until);
}

void kit_spin(struct kit *k, unsigned turns)
{
	for (unsigned i = 0; i < turns; i++) {
		/* the wheel looks at its current slot once more: the loop must not sleep before */
		k->d->wheel.tick = k->d->loop.now_ms / WHEEL_TICK_MS;
		kit_must(dialer_turn(k->d) == E_OK, "dialer_turn");
	}
}

bool kit_until(struct kit *k, unsigned ms, bool (*is)(struct kit *k, void *arg), void *arg)
{
	uint64_t until = clock_mono_ms() + ms;

	while (!is(k, arg)) {
		if (clock_mono_ms() >= until)
			return false;
		kit_must(dialer_turn(k->d) == E_OK, "dialer_turn");
	}
	return true;
}

void kit_dial(int edge, uint32_t seq, uint32_t slot, uint32_t slot_gen)
{
	uint8_t body[8];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_u32(&w, slot);
	wbuf_u32(&w, slot_gen);
	kit_must(frame_send(edge, EDGE_DIAL, seq, wbuf_view(&w), NULL, 0) == E_OK, "EDGE_DIAL");
}

void kit_tell(int edge, uint32_t slot, uint32_t slot_gen, uint8_t why)
{
	uint8_t body[9];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_u32(&w, slot);
	wbuf_u32(&w, slot_gen);
	if (why)
		wbuf_u8(&w, why);
	kit_must(frame_send(edge, why ? EDGE_FAILURE : EDGE_SUCCESS, 0, wbuf_view(&w), NULL, 0) ==
			 E_OK,
		 "EDGE_FAILURE");
}

int kit_answer(struct kit *k, int edge, unsigned ms, uint32_t *ret_seq, uint8_t *ret_why,
	       int *ret_fd)
{
	uint64_t until = clock_mono_ms() + ms;
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };

	for (;;) {
		enum err e = frame_receive(edge, buf, &f);

		if (e == E_OK)
			break;
		if (e != E_AGAIN)
			return -1;
		if (clock_mono_ms() >= until)
			return 0;
		kit_must(dialer_turn(k->d) == E_OK, "dialer_turn");
	}
	*ret_seq = f.seq;
	*ret_why = f.type == DIALER_FAILED && f.body.n == 1 ? f.body.p[0] : 0;
	*ret_fd = f.type == DIALER_CONNECTED && f.fd_n == 1 ? frame_take_fd(&f, 0) : -1;
	frame_done(&f);
	return f.type;
}

int kit_listen(const char *address, int backlog, uint16_t *ret_port)
{
	bool is_v4 = strchr(address, ':') == NULL;
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(*ret_port) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(*ret_port) };
	struct sockaddr *a = is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
	socklen_t n = is_v4 ? sizeof v4 : sizeof v6;
	int fd = socket(a->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;

	kit_must(fd >= 0, "socket");
	kit_must(inet_pton(a->sa_family, address,
			   is_v4 ? (void *)&v4.sin_addr : (void *)&v6.sin6_addr) == 1,
		 "address");
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	kit_must(bind(fd, a, n) == 0 && listen(fd, backlog) == 0 && getsockname(fd, a, &n) == 0,
		 "bind");
	*ret_port = ntohs(is_v4 ? v4.sin_port : v6.sin6_port);
	return fd;
}

uint16_t kit_closed_port(void)
{
	uint16_t port = 0;
	int fd = kit_listen("127.0.0.1", 1, &port);

	(void)close(fd);
	return port;
}
