/*
 * A hostile edge, and a keeper that sends nonsense (THREATS A20): every row of each table with
 * every wrong phase, length and number of descriptors, every type that is no row, wrong contents,
 * bytes that are no frame. The edge's channel is closed and nobody else's; no descriptor stays.
 */
#include "dialer_kit.h"

#include "role/dialer/edge_channel.h"
#include "role/dialer/keeper_channel.h"
#include "sys/shm.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct kit kit;

static int before(void **state)
{
	(void)state;
	kit_image_init(&kit.image);
	kit_pool(&kit.image, "web")->outlier_errors = 5;
	kit_server(&kit.image, "127.0.0.1", kit_closed_port());
	kit_start(&kit, NULL, NULL);
	kit_turns(&kit, 1);
	return 0;
}

static int after(void **state)
{
	struct page_health_page *page = kit.page;

	(void)state;
	kit_stop(&kit);
	free(page);
	return 0;
}

static int lowest_fd(void)
{
	int fd = fcntl(0, F_DUPFD_CLOEXEC, 3);

	(void)close(fd);
	return fd;
}

/* Sends one raw packet to a channel of its own and says whether the dialer closed that channel. */
static bool closes_after(const void *packet, size_t n, unsigned fd_n)
{
	union {
		char bytes[CMSG_SPACE(8 * sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct iovec iov = { (void *)(uintptr_t)packet, n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	int lowest = lowest_fd(), edge = kit_edge(&kit), fds[8];
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };
	enum err e = E_AGAIN;

	if (fd_n) {
		struct cmsghdr *h = NULL;

		m.msg_control = control.bytes;
		m.msg_controllen = CMSG_SPACE(fd_n * sizeof(int));
		h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(fd_n * sizeof(int));
		for (unsigned i = 0; i < fd_n; i++)
			fds[i] = 0;
		memcpy(CMSG_DATA(h), fds, fd_n * sizeof(int));
	}
	assert_int_equal(sendmsg(edge, &m, MSG_NOSIGNAL), (ssize_t)n);
	for (unsigned i = 0; i < 5 && e == E_AGAIN; i++) {
		kit_spin(&kit, 1);
		e = frame_receive(edge, buf, &f);
		if (e == E_OK)
			frame_done(&f);
	}
	if (kit.edge == edge)
		kit.edge = -1;
	(void)close(edge);
	kit_spin(&kit, 3);
	assert_int_equal(kit.d->edge_n, 0);
	/* neither the dialer's end nor what came with the packet is kept */
	assert_int_equal(lowest_fd(), lowest);
	return e == E_CLOSED;
}

struct packet {
	uint8_t bytes[FRAME_MAX + 64];
	size_t n;
};

static struct packet frame_of(uint8_t version, uint8_t type, uint16_t fd_n, uint32_t seq,
			      size_t body)
{
	struct packet p = { .n = FRAME_HEADER + body };
	struct wbuf w = wbuf_of(p.bytes, sizeof p.bytes);

	wbuf_u8(&w, version);
	wbuf_u8(&w, type);
	wbuf_u16(&w, fd_n);
	wbuf_u32(&w, seq);
	return p;
}

static void every_length_but_the_right_one_closes(void **state)
{
	static const struct {
		uint8_t type;
		size_t n;
	} rows[] = { { EDGE_DIAL, 8 }, { EDGE_FAILURE, 9 }, { EDGE_SUCCESS, 8 } };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		for (size_t n = 0; n < 20; n++) {
			struct packet p = frame_of(FRAME_VERSION, rows[i].type, 0, 0, n);

			p.bytes[FRAME_HEADER + 8] = DIAL_RESET;
			if (closes_after(p.bytes, p.n, 0) != (n != rows[i].n))
				fail_msg("type %u length %zu", rows[i].type, n);
		}
}

static void every_type_that_is_no_row_closes(void **state)
{
	(void)state;
	for (unsigned type = 0; type < 256; type++)
		if (type != EDGE_DIAL && type != EDGE_SUCCESS) {
			struct packet p = frame_of(FRAME_VERSION, (uint8_t)type, 0, 0, 8);

			if (!closes_after(p.bytes, p.n, 0))
				fail_msg("type %u", type);
		}
}

static void descriptors_that_nobody_asked_for_close(void **state)
{
	(void)state;
	for (uint8_t type = EDGE_DIAL; type <= EDGE_SUCCESS; type++)
		for (unsigned told = 0; told < 3; told++)
			for (unsigned sent = 0; sent < 7; sent++) {
				struct packet p = frame_of(FRAME_VERSION, type, (uint16_t)told, 0,
							   type == EDGE_FAILURE ? 9 : 8);

				p.bytes[FRAME_HEADER + 8] = DIAL_RESET;
				if (closes_after(p.bytes, p.n, sent) != (sent != 0 || told != 0))
					fail_msg("type %u told %u sent %u", type, told, sent);
			}
}

static void wrong_contents_close(void **state)
{
	(void)state;
	for (unsigned why = 0; why < 256; why++) {
		struct packet p = frame_of(FRAME_VERSION, EDGE_FAILURE, 0, 0, 9);

		p.bytes[FRAME_HEADER + 8] = (uint8_t)why;
		if (closes_after(p.bytes, p.n, 0) == (why >= DIAL_REFUSED && why <= DIAL_TLS))
			fail_msg("why %u", why);
	}
	for (uint8_t type = EDGE_FAILURE; type <= EDGE_SUCCESS; type++) {
		/* a sequence number where no answer comes */
		struct packet p = frame_of(FRAME_VERSION, type, 0, 7, type == EDGE_FAILURE ? 9 : 8);

		p.bytes[FRAME_HEADER + 8] = DIAL_RESET;
		assert_true(closes_after(p.bytes, p.n, 0));
	}
}

static void what_is_no_frame_closes(void **state)
{
	struct packet p = frame_of(FRAME_VERSION, EDGE_DIAL, 0, 0, 8);

	(void)state;
	for (size_t n = 1; n < FRAME_HEADER; n++)
		assert_true(closes_after(p.bytes, n, 0));
	for (unsigned version = 0; version < 256; version++) {
		p = frame_of((uint8_t)version, EDGE_DIAL, 0, 0, 8);
		assert_int_equal(closes_after(p.bytes, p.n, 0), version != FRAME_VERSION);
	}
	p = frame_of(FRAME_VERSION, EDGE_DIAL, 0, 0, FRAME_MAX + 8);
	assert_true(closes_after(p.bytes, p.n, 0));
}

static void a_flood_of_failures_stays_within_the_pool_s_limit(void **state)
{
	(void)state;
	kit_edge(&kit);
	for (unsigned i = 0; i < 100; i++) {
		for (unsigned k = 0; k < 60; k++)
			kit_tell(kit.edge, 0, 1, DIAL_RESET);
		kit_spin(&kit, 1);
	}
	/* half of one server is none */
	assert_int_equal(PAGE_GET(kit.page->server[0].is_ejected), 0);
	assert_int_equal(kit.d->edge_n, 1);
}

static void another_edge_is_not_disturbed(void **state)
{
	uint8_t nonsense[100] = { 0 };
	uint32_t seq = 0;
	uint8_t why = 0;
	int good = kit_edge(&kit), bad = kit_edge(&kit), fd = -1;

	(void)state;
	kit_dial(good, 1, 0, 1);
	assert_int_equal(send(bad, nonsense, sizeof nonsense, MSG_NOSIGNAL), 100);
	assert_int_equal(kit_answer(&kit, good, 1000, &seq, &why, &fd), DIALER_FAILED);
	kit_dial(good, 2, 0, 1);
	assert_int_equal(kit_answer(&kit, good, 1000, &seq, &why, &fd), DIALER_FAILED);
	assert_int_equal(seq, 2);
	assert_int_equal(kit.d->edge_n, 1);
	(void)close(bad);
}

/* An edge that asks and asks, and never reads, holds its own share and no more. */
static void an_edge_that_only_asks_is_bounded(void **state)
{
	static const uint8_t unknown[8] = { 0, 0, 0, 9, 0, 0, 0, 9 };
	int bad = kit_edge(&kit);
	unsigned sent = 0;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		enum err e = frame_send(bad, EDGE_DIAL, i, view_of(unknown, 8), NULL, 0);

		if (e == E_OK)
			sent++;
		else if (i % 16 == 0)
			kit_spin(&kit, 1);
		if (sent > 5000)
			break;
	}
	assert_true(kit.d->edge[0].is_blocked);
	assert_true(sent < 5000); /* it was pushed back */
	assert_int_equal(kit.d->edge[0].pending, 0);
	if (kit.edge == bad)
		kit.edge = -1;
	(void)close(bad);
	kit_turns(&kit, 80);
	assert_int_equal(kit.d->edge_n, 0);
}

static void too_many_channels_are_refused(void **state)
{
	static int other[DIALER_EDGES + 2];
	int ends[2];

	(void)state;
	for (unsigned i = 0; i < DIALER_EDGES; i++)
		other[i] = kit_edge(&kit);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	assert_int_equal(
		edge_channel_add(kit.d, &(struct edge_channel_peer){ .role = ROLE_EDGE, .edge = 1 },
				 ends[0]),
		E_NOMEM);
	assert_int_equal(fcntl(ends[0], F_GETFD), -1); /* taken, and closed */
	(void)close(ends[1]);
	for (unsigned i = 0; i < DIALER_EDGES; i++)
		(void)close(other[i]);
	kit.edge = -1;
	kit_turns(&kit, 10);
	assert_int_equal(kit.d->edge_n, 0);
}

/* --- the keeper's side --- */

static enum err keeper_says(const struct frame_table *t, enum frame_phase phase, void *role,
			    uint8_t type, const uint8_t *body, size_t n, unsigned fd_n)
{
	struct frame f = { .type = type, .body = view_of(body, n), .fd_n = fd_n };

	for (unsigned i = 0; i < fd_n; i++)
		f.fds[i] = fcntl(0, F_DUPFD_CLOEXEC, 3);
	return frame_dispatch(t, phase, role, &f);
}

static void the_keeper_s_run_table_is_exact(void **state)
{
	static const uint8_t body[64] = { 0 };
	int lowest = lowest_fd();

	(void)state;
	for (unsigned type = 0; type < 256; type++)
		for (size_t n = 0; n < 24; n++)
			for (unsigned fd_n = 0; fd_n < 3; fd_n++) {
				enum err e = E_OK;

				if ((type == KEEPER_DRAIN && n == 4 && fd_n == 0) ||
				    (type == KEEPER_SERVER_STATE && n == 9 && fd_n == 0))
					continue;
				e = keeper_says(&keeper_channel_run, FRAME_RUN, kit.d,
						(uint8_t)type, body, n, fd_n);
				if (e == E_OK)
					fail_msg("type %u length %zu descriptors %u", type, n,
						 fd_n);
			}
	assert_int_equal(lowest_fd(), lowest);
	assert_false(kit.d->is_draining);
	assert_int_equal(
		keeper_says(&keeper_channel_run, FRAME_BOOT, kit.d, KEEPER_DRAIN, body, 4, 0),
		E_DENIED);
}

static void the_keeper_s_words_are_checked(void **state)
{
	static const uint8_t admin[9] = { 0, 0, 0, 0, 0, 0, 0, 1, PAGE_ADMIN_DISABLED + 1 };
	static const uint8_t gone[9] = { 0, 0, 0, 7, 0, 0, 0, 1, PAGE_ADMIN_DRAIN };
	static const uint8_t to_signer[3] = { ROLE_SIGNER, 0, 0 };
	static const uint8_t to_edge_64[3] = { ROLE_EDGE, 0, ROLE_EDGES_MAX };
	static const uint8_t to_relay_1[3] = { ROLE_RELAY, 0, 1 };

	(void)state;
	assert_int_equal(keeper_says(&keeper_channel_run, FRAME_RUN, kit.d, KEEPER_SERVER_STATE,
				     admin, 9, 0),
			 E_DENIED);
	assert_int_equal(
		keeper_says(&keeper_channel_run, FRAME_RUN, kit.d, KEEPER_SERVER_STATE, gone, 9, 0),
		E_OK);
	assert_int_equal(
		keeper_says(&keeper_channel_run, FRAME_RUN, kit.d, KEEPER_CHANNEL, to_signer, 3, 1),
		E_DENIED);
	assert_int_equal(keeper_says(&keeper_channel_run, FRAME_RUN, kit.d, KEEPER_CHANNEL,
				     to_edge_64, 3, 1),
			 E_DENIED);
	assert_int_equal(keeper_says(&keeper_channel_run, FRAME_RUN, kit.d, KEEPER_CHANNEL,
				     to_relay_1, 3, 1),
			 E_DENIED);
}

static enum err boot_says(struct keeper_birth *b, uint8_t type, const uint8_t *body, size_t n,
			  int fd)
{
	struct frame f = { .type = type, .body = view_of(body, n), .fd_n = fd >= 0 };

	f.fds[0] = fd;
	return frame_dispatch(&keeper_channel_boot, FRAME_BOOT, b, &f);
}

static void birth_takes_sealed_and_complete_memory_only(void **state)
{
	static const uint8_t generation[4] = { 0, 0, 0, 1 }, page[4] = { PAGE_HEALTH, 0, 1, 1 };
	static const uint8_t load[4] = { PAGE_LOAD, 0, 0, 1 },
			     readonly[4] = { PAGE_HEALTH, 0, 0, 0 };
	struct dialer *d = calloc(1, sizeof *d);
	struct keeper_birth b = { .d = d };
	int fd = -1, lowest = lowest_fd();

	(void)state;
	/* an image that can still be written to, and one that is nonsense */
	assert_int_equal(shm_new("image", sizeof kit.image, &fd), E_OK);
	assert_int_equal(boot_says(&b, KEEPER_IMAGE, generation, 4, fd), E_DENIED);
	assert_int_equal(shm_new("image", sizeof kit.image, &fd), E_OK);
	assert_int_equal(shm_seal(fd), E_OK);
	assert_int_equal(boot_says(&b, KEEPER_IMAGE, generation, 4, fd), E_PROTO);
	shm_unmap(d->image_map, d->image_bytes);
	/* pages: of another kind, not for writing, too small, not sealed, twice */
	assert_int_equal(shm_new("page", sizeof(struct page_health_page), &fd), E_OK);
	assert_int_equal(boot_says(&b, KEEPER_PAGE, load, 4, fd), E_DENIED);
	assert_int_equal(shm_new("page", sizeof(struct page_health_page), &fd), E_OK);
	assert_int_equal(boot_says(&b, KEEPER_PAGE, readonly, 4, fd), E_DENIED);
	assert_int_equal(shm_new("page", 4096, &fd), E_OK);
	assert_int_equal(boot_says(&b, KEEPER_PAGE, page, 4, fd), E_DENIED);
	fd = memfd_create("page", MFD_CLOEXEC);
	assert_int_equal(ftruncate(fd, sizeof(struct page_health_page)), 0);
	assert_int_equal(boot_says(&b, KEEPER_PAGE, page, 4, fd), E_DENIED);
	assert_int_equal(shm_new("page", sizeof(struct page_health_page), &fd), E_OK);
	assert_int_equal(boot_says(&b, KEEPER_PAGE, page, 4, fd), E_OK);
	assert_true(d->is_reach_by_address);
	assert_int_equal(shm_new("page", sizeof(struct page_health_page), &fd), E_OK);
	assert_int_equal(boot_says(&b, KEEPER_PAGE, page, 4, fd), E_DENIED);
	shm_unmap(d->page, sizeof *d->page);
	free(d);
	assert_int_equal(lowest_fd(), lowest);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, before, after)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_length_but_the_right_one_closes),
		TEST(every_type_that_is_no_row_closes),
		TEST(descriptors_that_nobody_asked_for_close),
		TEST(wrong_contents_close),
		TEST(what_is_no_frame_closes),
		TEST(a_flood_of_failures_stays_within_the_pool_s_limit),
		TEST(another_edge_is_not_disturbed),
		TEST(an_edge_that_only_asks_is_bounded),
		TEST(too_many_channels_are_refused),
		TEST(the_keeper_s_run_table_is_exact),
		TEST(the_keeper_s_words_are_checked),
		TEST(birth_takes_sealed_and_complete_memory_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
