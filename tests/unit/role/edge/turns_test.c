/*
 * A whole edge's turns: who waits is served in order, whose server leaves asks again, and a change
 * to a large configuration takes many short turns instead of a long one (promise P10).
 */
#include "role/edge/client.h"
#include "role/edge/exchange.h"
#include "role/edge/pool.h"
#include "role/edge/run.h"
#include "role/edge/setup.h"
#include "sys/fd.h"
#include "tests/unit/check.h"
#include "tests/unit/role/edge/edge_rig.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static struct edge_rig rig;
static char yaml[1 << 20];

#define GET    "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

static const char *site(unsigned first, unsigned n, const char *options)
{
	size_t at =
		(size_t)snprintf(yaml, sizeof yaml,
				 "listeners:\n  - {name: l, address: \"127.0.0.1:1\", protocol: "
				 "http}\nbackends:\n  - name: b\n%s    servers:\n",
				 options);

	for (unsigned i = first; i < first + n; i++)
		at += (size_t)snprintf(yaml + at, sizeof yaml - at, "      - \"10.0.%u.%u:80\"\n",
				       i >> 8, i & 255);
	(void)snprintf(yaml + at, sizeof yaml - at,
		       "routes:\n  - {name: r, hosts: [\"*\"], backend: b}\n");
	return yaml;
}

static void put_off_is_run_in_order(void **state)
{
	struct client *c = NULL;

	(void)state;
	edge_rig_start(&rig, site(1, 1, ""));
	c = rig.edge->clients;
	for (unsigned i = 0; i < 3; i++) {
		c[i].state = CLIENT_LINGER;
		client_run_later(rig.edge, &c[i]);
		client_run_later(rig.edge, &c[0]); /* once is enough */
	}
	assert_ptr_equal(rig.edge->again, &c[0]);
	assert_ptr_equal(c[0].again, &c[1]);
	assert_ptr_equal(c[1].again, &c[2]);
	assert_null(c[2].again);
	for (unsigned i = 0; i < 3; i++)
		c[i].state = CLIENT_FREE;
	client_run_again(rig.edge);
	assert_null(rig.edge->again);
	edge_rig_stop(&rig);
}

/* One request at a time: the others come in the order in which they came. */
static void the_queue_is_served_in_order(void **state)
{
	int fd[4];

	(void)state;
	edge_rig_start(&rig, site(1, 1, "    limits: {requests_per_server: 1, queue: 10}\n"));
	for (unsigned i = 0; i < 4; i++) {
		fd[i] = edge_rig_client(&rig, GET);
		edge_rig_turn(&rig);
	}
	assert_int_equal(rig.g->pools[0].queue_n, 3);
	for (unsigned i = 0; i < 4; i++) {
		int s = edge_rig_asked(&rig);

		assert_true(s >= 0 && edge_rig_asked(&rig) < 0);
		edge_rig_say(rig.server[s], ANSWER);
		edge_rig_turn(&rig);
		edge_rig_turn(&rig);
		for (unsigned k = 0; k < 4; k++)
			assert_int_equal(edge_rig_hears(fd[k], "HTTP/1.1 200"), k == i);
	}
	assert_int_equal(rig.g->pools[0].queue_n, 0);
	for (unsigned i = 0; i < 4; i++)
		(void)close(fd[i]);
	edge_rig_turn(&rig);
	edge_rig_stop(&rig);
}

/* --- another generation --- */

static void tell(uint8_t type, uint32_t number, int fd)
{
	uint8_t body[4];
	struct wbuf w = wbuf_of(body, sizeof body);
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	wbuf_u32(&w, number);
	assert_int_equal(frame_send(ends[0], type, 0, wbuf_view(&w), &fd, fd >= 0), E_OK);
	assert_int_equal(frame_pump(ends[1], &setup_table, FRAME_RUN, rig.edge, 1), E_OK);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void change_to(const char *text, uint32_t number)
{
	AUTO_FD image = edge_rig_image(text, number);

	tell(KEEPER_IMAGE, number, image);
	tell(KEEPER_SWAP, number, -1);
}

static unsigned turns_until_swapped(uint32_t number)
{
	unsigned n = 0;

	for (; rig.edge->now->number != number; n++)
		edge_rig_turn(&rig);
	rig.g = rig.edge->now;
	return n;
}

/* Who waits for a connection to a server that leaves asks another one; waited_ms is that of nobody
 * who never stood in the queue, also when its time is over just then. */
static void who_waits_for_a_server_that_leaves_asks_again(void **state)
{
	struct exchange *x = NULL;
	int fd = -1;

	(void)state;
	edge_rig_start(&rig, site(1, 1, ""));
	fd = edge_rig_client(&rig, GET);
	for (unsigned i = 0; i < 4; i++) /* no dial is answered */
		assert_int_equal(run_turn(rig.edge, 0), E_OK);
	for (uint32_t i = 0; i < rig.edge->client_high; i++)
		x = rig.edge->clients[i].x ? rig.edge->clients[i].x : x;
	assert_non_null(x);
	assert_true(x->flags & X_WAITING);
	assert_int_equal(pool_server(rig.edge, x->server->slot, x->server->slot_gen)->waiting_n, 1);
	x->flags |= X_ASK; /* as pool_server_leave does */
	pool_dequeue(rig.edge, x);
	assert_int_equal(pool_server(rig.edge, x->server->slot, x->server->slot_gen)->waiting_n, 0);
	exchange_expired(rig.edge, x);
	assert_int_equal(x->queue_ms, 0);
	assert_int_equal(PAGE_GET(rig.page[0]->pool[x->pool->slot].queue_expired), 0);
	client_run(rig.edge, x->c);
	assert_true(x->flags & X_WAITING);
	(void)close(fd);
	edge_rig_turn(&rig);
	edge_rig_stop(&rig);
}

static void a_large_change_takes_short_turns(void **state)
{
	const struct balance_pool *p = NULL;
	int fd = -1;

	(void)state;
	edge_rig_start(&rig, site(1, 2, ""));
	change_to(site(1, 3, ""), 2); /* nothing is to be made */
	assert_int_equal(turns_until_swapped(2), 0);
	change_to(site(1, 10000, "    balance: maglev\n"), 3);
	assert_int_equal(rig.edge->now->number, 2);
	fd = edge_rig_client(&rig, GET); /* meanwhile requests are served */
	edge_rig_turn(&rig);
	assert_true(edge_rig_asked(&rig) >= 0);
	assert_int_equal(rig.edge->now->number, 2);
	assert_true(turns_until_swapped(3) > 4);
	assert_null(rig.g->work);
	p = &rig.g->pools[0].balance;
	for (uint32_t k = 0; k < p->table[0].size; k++)
		assert_true(((const uint16_t *)p->table[0].p)[k] < 10000);
	(void)close(fd);
	edge_rig_turn(&rig);
	edge_rig_stop(&rig);
}

/* The next change comes before the last one was made: that one is dropped, and the swap it was told
 * of is not taken for another's. */
static void a_change_overtakes_another(void **state)
{
	(void)state;
	edge_rig_start(&rig, site(1, 2, ""));
	change_to(site(1, 10000, "    balance: ring_hash\n"), 2);
	edge_rig_turn(&rig);
	assert_int_equal(rig.edge->now->number, 1);
	{
		AUTO_FD image = edge_rig_image(site(1, 5000, "    balance: maglev\n"), 3);

		tell(KEEPER_IMAGE, 3, image);
	}
	for (unsigned i = 0; i < 200; i++)
		edge_rig_turn(&rig);
	assert_null(rig.edge->coming->work);
	assert_int_equal(rig.edge->now->number, 1); /* nobody has said so yet */
	tell(KEEPER_SWAP, 2, -1);
	assert_int_equal(rig.edge->now->number, 1);
	tell(KEEPER_SWAP, 3, -1);
	assert_int_equal(turns_until_swapped(3), 0);
	edge_rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(put_off_is_run_in_order),
		cmocka_unit_test(the_queue_is_served_in_order),
		cmocka_unit_test(who_waits_for_a_server_that_leaves_asks_again),
		cmocka_unit_test(a_large_change_takes_short_turns),
		cmocka_unit_test(a_change_overtakes_another),
	};

	int ends[2];

	/* the keeper's channel, on which it is told */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0 ||
	    dup2(ends[0], ROLE_CHANNEL_FD) != ROLE_CHANNEL_FD)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
