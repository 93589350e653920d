/*
 * role/edge/survey.c, pool.c, client.c: what another edge writes into its page, and what a page
 * full of noise does, changes which server is asked and nothing else (THREATS A20, A22): no crash,
 * no look that takes long, no pool without servers, no listener that is full by hearsay alone.
 */
#include "role/edge/survey.h"

#include "base/rng.h"
#include "conf/image.h"
#include "role/edge/client.h"
#include "role/edge/pool.h"
#include "tests/unit/check.h"
#include "tests/unit/role/edge/edge_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SERVERS = 10, PICKS = 4000, MANY = 10000, MORE = 20 };

static const char *const algorithms[] = {
	"least_requests", "round_robin", "random",    "peak_ewma",
	"first",	  "maglev",	 "ring_hash", "source_address",
};

static struct edge_rig rig;
static char yaml[1 << 20];

/* A listener, and one backend with n servers and the given options. */
static const char *site(unsigned n, const char *listener, const char *options)
{
	size_t at = (size_t)snprintf(yaml, sizeof yaml,
				     "listeners:\n  - {name: l, address: \"127.0.0.1:8080\", "
				     "protocol: http%s}\nbackends:\n  - name: b\n%s    servers:\n",
				     listener, options);

	for (unsigned i = 0; i < n; i++)
		at += (size_t)snprintf(yaml + at, sizeof yaml - at, "      - \"10.0.%u.%u:80\"\n",
				       i >> 8, i & 255);
	(void)snprintf(yaml + at, sizeof yaml - at,
		       "routes:\n  - {name: r, hosts: [\"*\"], backend: b}\n");
	return yaml;
}

/* Whom an algorithm asks, by server; each request ends before the next begins. */
static void pick_many(unsigned count[static SERVERS])
{
	struct client c = { 0 };

	for (unsigned i = 0; i < SERVERS; i++)
		count[i] = 0;
	for (unsigned k = 0; k < PICKS; k++) {
		struct exchange x = edge_rig_exchange(&rig, 0);

		c.ip = (struct ip){
			.b = { [10] = 0xff, [11] = 0xff, 10, 0, (uint8_t)(k >> 8), (uint8_t)k }
		};
		x.c = &c;
		rig.edge->loop.now_ms += 5;
		assert_int_equal(pool_pick(rig.edge, &x), E_OK);
		count[pool_index_of(&x)]++;
		pool_release(rig.edge, &x);
	}
}

static struct page_load_server *claim_of(unsigned edge, uint32_t i)
{
	const struct image_server *s = image_server_at(&rig.g->image, i);
	struct page_load_server *l = &rig.page[edge]->server[s->slot];

	PAGE_SET(l->gen, s->slot_gen);
	return l;
}

static void noise(void *p, size_t n, struct rng *rng)
{
	uint32_t *word = p;

	for (size_t i = 0; i < n / sizeof *word; i++)
		word[i] = (uint32_t)rng_next(rng);
}

static void start(const char *algorithm, const char *more)
{
	char options[256];

	(void)snprintf(options, sizeof options, "    balance: %s\n%s", algorithm, more);
	edge_rig_start(&rig, site(SERVERS, "", options));
}

/* Pages of random bytes, with and without the generations that make them count. */
static void noise_starves_no_server_and_no_pool(void **state)
{
	struct rng rng = { { 5, 6, 7, 8 } };
	unsigned count[SERVERS];

	(void)state;
	for (unsigned a = 0; a < COUNT_OF(algorithms); a++) {
		start(algorithms[a], "");
		for (unsigned i = 1; i < EDGE_RIG_PEERS; i++)
			noise(rig.page[i]->server, SERVERS * sizeof rig.page[i]->server[0], &rng);
		pick_many(count);
		for (unsigned i = 0; i < SERVERS; i++)
			CHECK_ROW(algorithms[a], a == 4 ? count[0] == PICKS : count[i] > 0);
		for (unsigned i = 1; i < EDGE_RIG_PEERS; i++)
			for (unsigned s = 0; s < SERVERS; s++)
				(void)claim_of(i, s);
		pick_many(count);
		edge_rig_stop(&rig);
	}
}

/* One edge says that all servers but one are overloaded and slow: that one is drawn twice as often
 * at most, by the algorithms that look at load, and by the others not more than before. */
static void a_lie_moves_one_share_at_most(void **state)
{
	unsigned count[SERVERS];

	(void)state;
	for (unsigned a = 0; a < COUNT_OF(algorithms); a++) {
		if (a == 4)
			continue; /* `first` asks one anyway */
		start(algorithms[a], "");
		for (unsigned s = 1; s < SERVERS; s++) {
			PAGE_SET(claim_of(1, s)->in_flight, UINT32_MAX);
			PAGE_SET(claim_of(1, s)->peak_us, UINT32_MAX);
			PAGE_SET(claim_of(1, s)->peak_at_ms, UINT32_MAX / 2);
		}
		pick_many(count);
		CHECK_ROW(algorithms[a], count[0] < 2 * PICKS / SERVERS * 5 / 4);
		for (unsigned i = 1; i < SERVERS; i++)
			CHECK_ROW(algorithms[a], count[i] > PICKS / SERVERS / 2);
		edge_rig_stop(&rig);
	}
}

/* Sums over edges hold 64 bits, or are clamped before they are taken. */
static void claims_are_clamped(void **state)
{
	struct exchange x = { 0 };
	const struct balance_pool *b = NULL;

	(void)state;
	start("peak_ewma", "");
	for (unsigned i = 1; i < EDGE_RIG_PEERS; i++)
		for (unsigned s = 0; s < SERVERS; s++) {
			PAGE_SET(claim_of(i, s)->in_flight, UINT32_MAX - i);
			PAGE_SET(claim_of(i, s)->peak_us, UINT32_MAX);
		}
	x = edge_rig_exchange(&rig, 0);
	survey_pool(rig.edge, &x);
	b = &pool_state(&x)->balance;
	for (unsigned s = 0; s < SERVERS; s++) {
		assert_in_range(b->server[s].in_flight, 1, BALANCE_IN_FLIGHT_MAX);
		assert_in_range(b->server[s].latency_us, 0, 60000000);
	}
	assert_true(b->load[0] == (uint64_t)SERVERS * b->server[0].in_flight);
	edge_rig_stop(&rig);
}

/* What a limit allows can be used up by claims, as it can by requests; it is no way to wake more
 * than wait, and who tells the truth again is believed at once. */
static void a_limit_can_be_used_up_and_nothing_more(void **state)
{
	struct exchange x = { 0 };
	struct pool_state *p = NULL;

	(void)state;
	edge_rig_start(&rig, site(MORE, "", "    limits: {requests_per_server: 2, queue: 5}\n"));
	x = edge_rig_exchange(&rig, 0);
	p = pool_state(&x);
	for (unsigned s = 0; s < MORE; s++)
		PAGE_SET(claim_of(1, s)->in_flight, UINT32_MAX);
	assert_int_equal(pool_pick(rig.edge, &x), E_LIMIT);
	list_init(&x.node);
	queue_add(&p->queue, 0, &x.node, false);
	p->queue_n = 1;
	assert_int_equal(pool_free_n(rig.edge, p), 0);
	/* more under way on servers that can still be chosen than any limit allows */
	for (unsigned s = 0; s < MORE; s++)
		PAGE_SET(claim_of(1, s)->in_flight, 0);
	rig.edge->loop.now_ms += 100;
	assert_int_equal(pool_free_n(rig.edge, p), 1);
	balance_set_in_flight(&p->balance, 0, 5);
	assert_in_range(pool_free_n(rig.edge, p), 0, 1);
	for (unsigned s = 0; s < MORE; s++)
		balance_set_in_flight(&p->balance, s, BALANCE_IN_FLIGHT_MAX);
	assert_int_equal(pool_free_n(rig.edge, p), 0);
	rig.edge->loop.now_ms += 100;
	assert_int_equal(pool_pick(rig.edge, &x), E_OK);
	pool_release(rig.edge, &x);
	list_remove(&x.node);
	p->queue_n = 0;
	edge_rig_stop(&rig);
}

/* The largest pool: one look takes in 256 servers' load, and health of all when it has changed. */
static void a_look_at_many_servers_is_bounded(void **state)
{
	struct exchange x = { 0 };
	struct pool_state *p = NULL;
	uint32_t seen = 0;

	(void)state;
	edge_rig_start(&rig, site(MANY, "", "    limits: {requests_per_server: 100}\n"));
	x = edge_rig_exchange(&rig, 0);
	p = pool_state(&x);
	for (unsigned s = 0; s < MANY; s++)
		PAGE_SET(claim_of(1, s)->in_flight, 7);
	rig.edge->loop.now_ms = 1000;
	survey_pool(rig.edge, &x);
	assert_int_equal(p->healthy_n, MANY);
	assert_int_equal(p->balance.usable[0], MANY);
	for (unsigned s = 0; s < MANY; s++)
		seen += p->balance.server[s].in_flight == 7;
	assert_int_equal(seen, 256);
	/* one goes down: not before the next look is due, then at once, wherever it stands */
	PAGE_SET(rig.edge->health->server[image_server_at(&rig.g->image, MANY - 1)->slot].gen,
		 image_server_at(&rig.g->image, MANY - 1)->slot_gen);
	PAGE_SET(rig.edge->health->server[image_server_at(&rig.g->image, MANY - 1)->slot].health,
		 PAGE_HEALTH_DOWN);
	PAGE_SET(rig.edge->health->version, 1);
	rig.edge->loop.now_ms += 1;
	survey_pool(rig.edge, &x);
	assert_int_equal(p->healthy_n, MANY);
	rig.edge->loop.now_ms += 20;
	survey_pool(rig.edge, &x);
	assert_int_equal(p->healthy_n, MANY - 1);
	assert_int_equal(p->balance.usable[0], MANY - 1);
	/* all are looked at in the end */
	for (unsigned k = 0; k < MANY / 256 + 1; k++) {
		rig.edge->loop.now_ms += 20;
		survey_pool(rig.edge, &x);
	}
	for (unsigned s = 0; s < MANY; s++)
		assert_int_equal(p->balance.server[s].in_flight, 7);
	edge_rig_stop(&rig);
}

/* --- connections --- */

static bool is_taken(void)
{
	struct page_load_listener *l =
		&rig.page[0]->listener[image_listener_at(&rig.g->image, 0)->slot];
	uint64_t refused = PAGE_GET(l->refused);
	int fd = edge_rig_client(&rig, "");

	edge_rig_turn(&rig);
	(void)close(fd);
	edge_rig_turn(&rig);
	return PAGE_GET(l->refused) == refused;
}

static void claim_connections(uint32_t a, uint32_t b, uint32_t c)
{
	uint16_t slot = image_listener_at(&rig.g->image, 0)->slot;

	PAGE_SET(rig.page[1]->listener[slot].connections, a);
	PAGE_SET(rig.page[2]->listener[slot].connections, b);
	PAGE_SET(rig.page[3]->listener[slot].connections, c);
}

static void connections_of_all_edges_count_without_wrapping(void **state)
{
	(void)state;
	edge_rig_start(&rig, site(1, ", limits: {connections: 15}", ""));
	claim_connections(5, 5, 4);
	assert_true(is_taken());
	claim_connections(5, 5, 5);
	assert_false(is_taken());
	claim_connections(UINT32_MAX, 1, 0);
	assert_false(is_taken());
	claim_connections(UINT32_MAX, UINT32_MAX, 2);
	assert_false(is_taken());
	claim_connections(0, 0, 0);
	assert_true(is_taken());
	edge_rig_stop(&rig);
}

/* A sixteenth of what the configuration allows, of a listener and of an address, is left. */
static void a_lie_about_connections_leaves_a_part(void **state)
{
	struct rng rng = { { 1, 2, 3, 4 } };
	int fds[8] = { 0 };
	struct page_load_listener *l = NULL;

	(void)state;
	edge_rig_start(&rig,
		       site(1, ", limits: {connections: 64, connections_per_address: 48}", ""));
	l = &rig.page[0]->listener[image_listener_at(&rig.g->image, 0)->slot];
	claim_connections(UINT32_MAX, UINT32_MAX, UINT32_MAX);
	for (unsigned i = 1; i < EDGE_RIG_PEERS; i++)
		noise(rig.page[i]->address, sizeof rig.page[i]->address, &rng);
	for (unsigned i = 0; i < 8; i++) {
		fds[i] = edge_rig_client(&rig, "");
		edge_rig_turn(&rig);
	}
	assert_int_equal(PAGE_GET(l->connections), 3); /* 48 / 16 */
	assert_int_equal(PAGE_GET(l->refused), 5);
	for (unsigned i = 0; i < 8; i++)
		(void)close(fds[i]);
	edge_rig_turn(&rig);
	edge_rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(noise_starves_no_server_and_no_pool),
		cmocka_unit_test(a_lie_moves_one_share_at_most),
		cmocka_unit_test(claims_are_clamped),
		cmocka_unit_test(a_limit_can_be_used_up_and_nothing_more),
		cmocka_unit_test(a_look_at_many_servers_is_bounded),
		cmocka_unit_test(connections_of_all_edges_count_without_wrapping),
		cmocka_unit_test(a_lie_about_connections_leaves_a_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
