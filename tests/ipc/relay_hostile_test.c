/*
 * The relay between neighbours that were taken over (THREATS A20): a dialer that answers what was
 * not asked, twice, or with descriptors that are none of datagrams; a keeper's channel that says
 * what is not in the table; pages that lie; and clients and servers at their worst.
 */
#include "role/relay/dial.h"
#include "role/relay/session.h"
#include "role/relay/setup.h"
#include "sys/fd.h"
#include "tests/ipc/relay_kit.h"
#include "tests/unit/check.h"

#include <string.h>
#include <unistd.h>

static const char site[] =
	"listeners:\n  - {name: dns, address: \"127.0.0.1:PORT\", protocol: udp, backend: b}\n"
	"backends:\n  - {name: b, servers: [\"127.0.0.1:5\", \"127.0.0.1:6\"]}\n";

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), 0), (ssize_t)strlen(text));
}

/* ---- the dialer ---- */

struct bad_answer {
	const char *what;
	uint8_t type;
	uint16_t n; /* of the body */
	uint8_t fds;
	bool is_stream; /* what is passed is a TCP socket */
	bool ends;	/* the channel */
	uint8_t body[4];
};

static const struct bad_answer bad_answers[] = {
	{ "unknown type", 9, 0, 0, false, true, { 0 } },
	{ "type 0", 0, 0, 0, false, true, { 0 } },
	{ "a socket of a stream", DIALER_CONNECTED, 0, 1, true, true, { 0 } },
	{ "connected without a socket", DIALER_CONNECTED, 0, 0, false, true, { 0 } },
	{ "two sockets", DIALER_CONNECTED, 0, 2, false, true, { 0 } },
	{ "a socket and more to say", DIALER_CONNECTED, 1, 1, false, true, { 1 } },
	{ "failed without a reason", DIALER_FAILED, 0, 0, false, true, { 0 } },
	{ "failed for no reason", DIALER_FAILED, 1, 0, false, true, { 0 } },
	{ "failed for an unknown reason", DIALER_FAILED, 1, 0, false, true, { DIAL_TLS + 1 } },
	{ "failed twice", DIALER_FAILED, 2, 0, false, true, { DIAL_REFUSED, DIAL_REFUSED } },
	{ "failed with a socket", DIALER_FAILED, 1, 1, false, true, { DIAL_REFUSED } },
	{ "for nobody", DIALER_CONNECTED, 0, 1, false, false, { 0 } },
	{ "failed for nobody", DIALER_FAILED, 1, 0, false, false, { DIAL_REFUSED } },
};

static void test_wrong_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad_answers / sizeof *bad_answers; i++) {
		const struct bad_answer *b = &bad_answers[i];
		struct relay_kit k;
		uint32_t seq = 0;
		uint8_t type = 0;
		int c = -1, fds[2] = { -1, -1 };

		relay_kit_open(&k, site);
		c = relay_kit_client(&k);
		say(c, "x");
		relay_kit_turn(&k);
		assert_true(relay_kit_asked(&k, &seq, &type));
		fds[0] = b->is_stream ? socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)
				      : relay_kit_connect(&k);
		fds[1] = relay_kit_connect(&k);
		assert_int_equal(frame_send(k.dialer, b->type, b->ends ? seq : seq + 1,
					    view_of(b->body, b->n), fds, b->fds),
				 E_OK);
		relay_kit_turn(&k);
		if ((k.r->dialer.fd < 0) != b->ends)
			fail_msg("%s", b->what);
		/* The session waits for the next dialer, and nothing is lost. */
		assert_int_equal(k.r->session_n, 1);
		assert_int_equal(k.r->dialing_n, 1);
		assert_int_equal(k.r->waiting_bytes, 1);
		fd_close(fds[0]);
		fd_close(fds[1]);
		close(c);
		relay_kit_close(&k);
	}
}

static void test_answered_twice(void **state)
{
	struct relay_kit k;
	uint32_t seq = 0;
	uint8_t type = 0, why = DIAL_REFUSED;
	int c = -1;

	(void)state;
	relay_kit_open(&k, site);
	c = relay_kit_client(&k);
	say(c, "x");
	relay_kit_turn(&k);
	assert_true(relay_kit_asked(&k, &seq, &type));
	relay_kit_give(&k, seq);
	relay_kit_give(&k, seq);
	assert_int_equal(frame_send(k.dialer, DIALER_FAILED, seq, view_of(&why, 1), NULL, 0), E_OK);
	relay_kit_turn(&k);
	assert_int_equal(k.r->session_n, 1);
	assert_int_equal(k.r->dialing_n, 0);
	assert_true(k.r->dialer.fd >= 0);
	close(c);
	relay_kit_close(&k);
}

static void tell_dialer(struct relay_kit *k)
{
	static const uint8_t body[3] = { ROLE_DIALER, 0, 0 };
	int pair[2];

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	fd_close(k->dialer);
	k->dialer = pair[0];
	assert_int_equal(frame_send(k->keeper, KEEPER_CHANNEL, 0, view_of(body, 3), &pair[1], 1),
			 E_OK);
	fd_close(pair[1]);
	relay_kit_turn(k);
}

/* What was asked of a dialer that is gone is asked of the next one (P11). */
static void test_another_dialer(void **state)
{
	struct relay_kit k;
	int c[3];

	(void)state;
	relay_kit_open(&k, site);
	for (unsigned i = 0; i < 3; i++) {
		c[i] = relay_kit_client(&k);
		say(c[i], "x");
	}
	relay_kit_turn(&k);
	assert_int_equal(k.r->dialing_n, 3);
	tell_dialer(&k);
	assert_int_equal(relay_kit_answer(&k), 3);
	assert_int_equal(k.r->dialing_n, 0);
	assert_int_equal(PAGE_GET(relay_kit_page(&k)->datagrams_in), 3);
	for (unsigned i = 0; i < 3; i++)
		close(c[i]);
	relay_kit_close(&k);
}

/* A dialer that reads nothing: sessions wait, as many as may, and end in time. */
static void test_a_dialer_that_does_not_read(void **state)
{
	static int c[RELAY_DIALS];
	struct relay_kit k;

	(void)state;
	relay_kit_open(&k, "listeners:\n  - {name: dns, address: \"127.0.0.1:PORT\", protocol: "
			   "udp, backend: b, limits: {connections_per_address: 0}}\n"
			   "backends:\n  - {name: b, servers: [\"127.0.0.1:5\"]}\n");
	for (unsigned i = 0; i < RELAY_DIALS; i++) {
		c[i] = relay_kit_client(&k);
		say(c[i], "x");
		if (i % 16 == 0)
			relay_kit_turn(&k);
	}
	relay_kit_turn(&k);
	assert_int_equal(k.r->dialing_n, RELAY_DIALS);
	assert_true(k.r->dial_rest);
	tell_dialer(&k);
	for (unsigned n = 0; k.r->dialing_n && n < 100; n++)
		(void)relay_kit_answer(&k);
	assert_int_equal(k.r->dialing_n, 0);
	for (unsigned i = 0; i < RELAY_DIALS; i++)
		close(c[i]);
	relay_kit_close(&k);
}

/* ---- the keeper's table ---- */

struct bad_frame {
	const char *what;
	uint8_t type, fds;
	uint16_t n;
	uint8_t phases; /* in which it is refused */
	bool wants_stream;
	uint8_t body[16];
};

enum { BOTH = FRAME_BOOT | FRAME_RUN };

static const struct bad_frame bad_frames[] = {
	{ "unknown", 99, 0, 0, BOTH, false, { 0 } },
	{ "image without a descriptor", KEEPER_IMAGE, 0, 4, BOTH, false, { 0 } },
	{ "image with two", KEEPER_IMAGE, 2, 4, BOTH, false, { 0 } },
	{ "image with a short number", KEEPER_IMAGE, 1, 3, BOTH, false, { 0 } },
	{ "a page while it runs", KEEPER_PAGE, 1, 4, FRAME_RUN, false, { PAGE_HEALTH } },
	{ "a page that is none", KEEPER_PAGE, 1, 4, FRAME_BOOT, false, { 77 } },
	{ "a ring while it runs", KEEPER_RING, 2, 7, FRAME_RUN, false, { 0 } },
	{ "a ring that is none", KEEPER_RING, 2, 7, FRAME_BOOT, false, { 0 } },
	{ "a channel to an edge", KEEPER_CHANNEL, 1, 3, BOTH, false, { ROLE_EDGE } },
	{ "a channel to the signer", KEEPER_CHANNEL, 1, 3, BOTH, false, { ROLE_SIGNER } },
	{ "a listener of streams", KEEPER_LISTENER, 1, 2, BOTH, true, { 0 } },
	{ "a listener too far", KEEPER_LISTENER, 1, 2, BOTH, false, { 1, 0 } },
	{ "ticket keys", KEEPER_SECRET, 0, 16, BOTH, false, { 0 } },
	{ "a path", KEEPER_PATH, 0, 4, BOTH, false, { 0 } },
	{ "a document", KEEPER_DOCUMENT, 1, 1, BOTH, false, { 1 } },
	{ "a hash key while it runs", KEEPER_HASH_KEY, 0, 16, FRAME_RUN, false, { 0 } },
	{ "a swap at birth", KEEPER_SWAP, 0, 4, FRAME_BOOT, false, { 0 } },
	{ "a drain at birth", KEEPER_DRAIN, 0, 4, FRAME_BOOT, false, { 0 } },
	{ "a server's state", KEEPER_SERVER_STATE, 0, 9, BOTH, false, { 0 } },
};

static void refused(struct relay_kit *k, const struct bad_frame *b, enum frame_phase phase)
{
	struct frame f = { .type = b->type, .body = view_of(b->body, b->n), .fd_n = b->fds };
	int kind = b->wants_stream ? SOCK_STREAM : SOCK_DGRAM;

	for (unsigned i = 0; i < b->fds; i++)
		f.fds[i] = socket(AF_INET, kind | SOCK_CLOEXEC, 0);
	if (frame_dispatch(&setup_table, phase, k->r, &f) == E_OK)
		fail_msg("%s", b->what);
}

static void test_messages_that_are_not_in_the_table(void **state)
{
	struct relay_kit k;

	(void)state;
	relay_kit_open(&k, site);
	for (size_t i = 0; i < sizeof bad_frames / sizeof *bad_frames; i++) {
		if (bad_frames[i].phases & FRAME_BOOT)
			refused(&k, &bad_frames[i], FRAME_BOOT);
		if (bad_frames[i].phases & FRAME_RUN)
			refused(&k, &bad_frames[i], FRAME_RUN);
	}
	relay_kit_close(&k);
}

/* An image that can't be used is told, and the old one stays (P10). */
static void test_an_image_that_is_none(void **state)
{
	static const uint8_t body[4] = { 0, 0, 0, 9 };
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };
	struct relay_kit k;
	int fd = -1, c = -1;

	(void)state;
	relay_kit_open(&k, site);
	fd = relay_kit_connect(&k);
	assert_int_equal(frame_send(k.keeper, KEEPER_IMAGE, 0, view_of(body, 4), &fd, 1), E_OK);
	assert_int_equal(frame_send(k.keeper, KEEPER_SWAP, 0, view_of(body, 4), NULL, 0), E_OK);
	fd_close(fd);
	relay_kit_turn(&k);
	assert_int_equal(frame_receive(k.keeper, buf, &f), E_OK);
	assert_int_equal(f.type, ROLE_FAILED);
	assert_int_equal(k.r->now->number, k.generation);
	c = relay_kit_client(&k);
	say(c, "x");
	relay_kit_turn(&k);
	assert_int_equal(relay_kit_answer(&k), 1);
	close(c);
	relay_kit_close(&k);
}

/* ---- pages ---- */

/* A health page of nonsense chooses nobody wrong: who is not said to be well is left alone. */
static void test_health_that_lies(void **state)
{
	struct relay_kit k;
	struct page_health_page *page = NULL;
	int c = -1;

	(void)state;
	relay_kit_open(&k, site);
	page = (struct page_health_page *)(uintptr_t)k.r->health;
	memset(page, 0xa5, sizeof *page);
	for (unsigned i = 0; i < 2; i++) {
		const struct image_server *s = image_server_at(&k.r->now->image, i);

		PAGE_SET(page->server[s->slot].gen, s->slot_gen);
	}
	c = relay_kit_client(&k);
	say(c, "x");
	relay_kit_turn(&k);
	assert_int_equal(k.r->session_n, 0);
	assert_int_equal(PAGE_GET(relay_kit_page(&k)->drops[PAGE_DROP_SERVER]), 1);
	close(c);
	relay_kit_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_answers),
		cmocka_unit_test(test_answered_twice),
		cmocka_unit_test(test_another_dialer),
		cmocka_unit_test(test_a_dialer_that_does_not_read),
		cmocka_unit_test(test_messages_that_are_not_in_the_table),
		cmocka_unit_test(test_an_image_that_is_none),
		cmocka_unit_test(test_health_that_lies),
	};

	return cmocka_run_group_tests_name("relay_hostile", tests, NULL, NULL);
}
