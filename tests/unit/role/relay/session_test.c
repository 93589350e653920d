/* Sessions over their life: what they cost, when they end, and what becomes of them in a change of
 * the configuration. */
#include "role/relay/session.h"
#include "sys/fd.h"
#include "tests/ipc/relay_kit.h"
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SITE(listener, pool)                                                                       \
	"listeners:\n  - {name: dns, address: \"127.0.0.1:PORT\", protocol: udp, backend: "        \
	"b" listener                                                                               \
	"}\nbackends:\n  - {name: b, servers: [\"127.0.0.1:5\", \"127.0.0.1:6\"]" pool "}\n"

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), 0), (ssize_t)strlen(text));
}

/* What is at a socket; the server's answers it to whoever wrote. */
static bool hears(int fd, const char *text)
{
	char got[256];
	ssize_t n = recv(fd, got, sizeof got, 0);

	return n == (ssize_t)strlen(text) && memcmp(got, text, (size_t)n) == 0;
}

static void answer(const struct relay_kit *k, const char *text)
{
	struct sockaddr_in from;
	socklen_t n = sizeof from;
	char got[256];

	assert_true(recvfrom(k->server, got, sizeof got, 0, (struct sockaddr *)&from, &n) >= 0);
	assert_true(sendto(k->server, text, strlen(text), 0, (struct sockaddr *)&from, n) >= 0);
}

static void test_there_and_back(void **state)
{
	struct relay_kit k;
	int c = -1;

	(void)state;
	relay_kit_open(&k, SITE("", ""));
	c = relay_kit_client(&k);
	say(c, "one");
	relay_kit_turn(&k);
	assert_int_equal(k.r->session_n, 1);
	assert_int_equal(k.r->dialing_n, 1);
	say(c, "two");
	relay_kit_turn(&k);
	assert_int_equal(relay_kit_answer(&k), 1);
	assert_true(hears(k.server, "one"));
	answer(&k, "yes");
	relay_kit_turn(&k);
	assert_true(hears(c, "yes"));
	assert_int_equal(PAGE_GET(relay_kit_page(&k)->datagrams_in), 2);
	assert_int_equal(PAGE_GET(relay_kit_page(&k)->datagrams_out), 1);
	assert_int_equal(PAGE_GET(relay_kit_page(&k)->connections), 1);
	assert_int_equal(k.r->waiting_bytes, 0);
	close(c);
	relay_kit_close(&k);
}

/* Time: idle sessions end, used ones don't. */
static void test_idle(void **state)
{
	struct relay_kit k;
	int c = -1, d = -1;

	(void)state;
	relay_kit_open(&k, SITE(", timeouts: {datagram_idle: 200ms}", ""));
	c = relay_kit_client(&k);
	d = relay_kit_client(&k);
	say(c, "used");
	say(d, "left");
	relay_kit_turn(&k);
	assert_int_equal(relay_kit_answer(&k), 2);
	for (unsigned i = 0; i < 6; i++) {
		usleep(70 * 1000);
		say(c, "more");
		relay_kit_turn(&k);
	}
	assert_int_equal(k.r->session_n, 1);
	usleep(350 * 1000);
	relay_kit_turn(&k);
	assert_int_equal(k.r->session_n, 0);
	assert_int_equal(PAGE_GET(relay_kit_page(&k)->connections), 0);
	close(c);
	close(d);
	relay_kit_close(&k);
}

static void test_no_more_ways_in_the_making_than_the_dialer_takes(void **state)
{
	static int c[RELAY_DIALS + 5];
	struct relay_kit k;
	unsigned answered = 0;

	(void)state;
	relay_kit_open(&k, SITE(", limits: {connections_per_address: 0}", ""));
	for (unsigned i = 0; i < RELAY_DIALS + 5; i++) {
		c[i] = relay_kit_client(&k);
		say(c[i], "x");
		if (i % 16 == 0)
			relay_kit_turn(&k);
	}
	relay_kit_turn(&k);
	assert_int_equal(k.r->dialing_n, RELAY_DIALS);
	assert_int_equal(PAGE_GET(relay_kit_page(&k)->drops[PAGE_DROP_WAITING]), 5);
	while (k.r->dialing_n && answered < 10 * RELAY_DIALS)
		answered += relay_kit_answer(&k);
	assert_int_equal(k.r->dialing_n, 0);
	assert_int_equal(k.r->session_n, RELAY_DIALS);
	for (unsigned i = 0; i < RELAY_DIALS + 5; i++)
		close(c[i]);
	relay_kit_close(&k);
}

static void fail_dial(struct relay_kit *k)
{
	uint8_t type = 0, why = DIAL_REFUSED;
	uint32_t seq = 0;

	assert_true(relay_kit_asked(k, &seq, &type));
	assert_int_equal(type, EDGE_DIAL);
	assert_int_equal(frame_send(k->dialer, DIALER_FAILED, seq, view_of(&why, 1), NULL, 0),
			 E_OK);
	relay_kit_turn(k);
}

static void test_another_server_when_there_is_no_way_to_the_first(void **state)
{
	struct relay_kit k;
	int c = -1;

	(void)state;
	relay_kit_open(&k, SITE("", ", balance: first"));
	c = relay_kit_client(&k);
	say(c, "x");
	relay_kit_turn(&k);
	fail_dial(&k);
	assert_int_equal(relay_kit_answer(&k), 1);
	assert_true(hears(k.server, "x"));
	close(c);
	/* Two servers are all there are. */
	c = relay_kit_client(&k);
	say(c, "y");
	relay_kit_turn(&k);
	fail_dial(&k);
	fail_dial(&k);
	assert_int_equal(k.r->session_n, 1);
	assert_int_equal(PAGE_GET(relay_kit_page(&k)->drops[PAGE_DROP_SERVER]), 1);
	assert_int_equal(k.r->waiting_bytes, 0);
	close(c);
	relay_kit_close(&k);
}

/* The same key, the same servers: what counted in one generation counts in the next. */
static void test_counts_live_through_a_change(void **state)
{
	struct relay_kit k;
	int c[3];

	(void)state;
	relay_kit_open(&k, SITE("", ", balance: first, limits: {requests_per_server: 1}"));
	for (unsigned i = 0; i < 3; i++) {
		c[i] = relay_kit_client(&k);
		say(c[i], "x");
		relay_kit_turn(&k);
		(void)relay_kit_answer(&k);
	}
	assert_int_equal(k.r->session_n, 2);
	relay_kit_swap(&k, SITE("", ", balance: first, limits: {requests_per_server: 2}"));
	assert_int_equal(k.r->session_n, 2);
	assert_int_equal(k.r->now->pools[0].sessions, 2);
	assert_int_equal(k.r->now->pools[0].balance.server[0].in_flight, 1);
	say(c[2], "x");
	relay_kit_turn(&k);
	assert_int_equal(relay_kit_answer(&k), 1);
	assert_int_equal(k.r->now->pools[0].balance.server[0].in_flight, 2);
	session_end_all(k.r, 0, RELAY_END_STOP);
	assert_int_equal(k.r->now->pools[0].sessions, 0);
	assert_int_equal(k.r->now->pools[0].balance.server[0].in_flight, 0);
	for (unsigned i = 0; i < 3; i++)
		close(c[i]);
	relay_kit_close(&k);
}

static void test_a_server_that_left_keeps_its_sessions(void **state)
{
	struct relay_kit k;
	int c = -1;

	(void)state;
	relay_kit_open(&k, SITE("", ", balance: first"));
	c = relay_kit_client(&k);
	say(c, "x");
	relay_kit_turn(&k);
	assert_int_equal(relay_kit_answer(&k), 1);
	assert_true(hears(k.server, "x"));
	relay_kit_swap(&k, "listeners:\n  - {name: dns, address: \"127.0.0.1:PORT\", "
			   "protocol: udp, backend: b}\nbackends:\n"
			   "  - {name: b, servers: [\"127.0.0.1:7\"]}\n");
	say(c, "y");
	relay_kit_turn(&k);
	answer(&k, "z");
	relay_kit_turn(&k);
	assert_true(hears(c, "z"));
	assert_int_equal(k.r->session_n, 1);
	session_end_all(k.r, 0, RELAY_END_STOP);
	assert_int_equal(k.r->session_n, 0);
	close(c);
	relay_kit_close(&k);
}

/* Sequence numbers of the dialer's answers outlive nothing. */
static void test_a_late_answer_finds_nothing(void **state)
{
	struct relay_kit k;
	uint32_t seq = 0;
	uint8_t type = 0;
	int c = -1;

	(void)state;
	relay_kit_open(&k, SITE("", ""));
	c = relay_kit_client(&k);
	say(c, "x");
	relay_kit_turn(&k);
	assert_true(relay_kit_asked(&k, &seq, &type));
	session_end_all(k.r, 0, RELAY_END_STOP);
	relay_kit_turn(&k);
	say(c, "y");
	relay_kit_turn(&k);
	relay_kit_give(&k, seq);
	relay_kit_turn(&k);
	assert_int_equal(k.r->dialing_n, 1); /* of the second session */
	assert_int_equal(relay_kit_answer(&k), 1);
	assert_true(hears(k.server, "y"));
	close(c);
	relay_kit_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_no_more_ways_in_the_making_than_the_dialer_takes),
		cmocka_unit_test(test_another_server_when_there_is_no_way_to_the_first),
		cmocka_unit_test(test_counts_live_through_a_change),
		cmocka_unit_test(test_a_server_that_left_keeps_its_sessions),
		cmocka_unit_test(test_a_late_answer_finds_nothing),
	};

	return cmocka_run_group_tests_name("relay_session", tests, NULL, NULL);
}
