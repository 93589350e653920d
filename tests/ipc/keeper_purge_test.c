/*
 * A purge between a command and edges of which some have been taken over (A20): answers that nobody
 * waits for, or for another question, or twice; an edge that is silent, and one that dies.
 */
#include "tests/ipc/keeper_kit.h"
#include "tests/unit/check.h"

#include "ipc/keeper_role.h"
#include "role/keeper/control.h"
#include "role/keeper/purge.h"
#include "sys/fd.h"

#include <signal.h>
#include <unistd.h>

enum { EDGES = 3 };

struct fixture {
	struct keeper *k;
	struct keeper_client *c;
	struct keeper_child *edge[EDGES];
	int command, peer[EDGES];
};

static void begin(struct fixture *f)
{
	f->k = keeper_kit_new();
	for (unsigned i = 0; i < EDGES; i++) {
		f->edge[i] = keeper_kit_child(f->k, ROLE_EDGE, i ? CHILD_RUNNING : CHILD_RETIRED,
					      &f->peer[i]);
		f->edge[i]->index = (uint16_t)i;
		assert_int_equal(fd_set_nonblocking(f->peer[i]), E_OK);
	}
	f->c = keeper_kit_client(f->k, &f->command);
	f->c->wait = CLIENT_IDLE;
}

static void end(struct fixture *f)
{
	for (unsigned i = 0; i < EDGES; i++)
		fd_close(f->peer[i]);
	fd_close(f->command);
	keeper_kit_free(f->k);
}

static void ask(struct fixture *f, struct view body)
{
	assert_int_equal(frame_send(f->command, TOOL_CACHE_PURGE, 0, body, NULL, 0), E_OK);
	keeper_kit_turn(f->k);
}

/* What an edge is sent: the number of the question; 0: nothing. */
static uint32_t heard(int peer, struct view pattern)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };
	uint32_t number = 0;

	if (frame_receive(peer, buf, &f) != E_OK)
		return 0;
	assert_int_equal(f.type, KEEPER_CACHE_PURGE);
	assert_int_equal(view_u32(&f.body, &number), E_OK);
	assert_true(view_eq(f.body, pattern));
	return number;
}

static void answer(struct fixture *f, int peer, uint32_t number, uint32_t entries, uint64_t bytes)
{
	uint8_t body[16];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_u32(&w, number);
	wbuf_u32(&w, entries);
	wbuf_u64(&w, bytes);
	assert_int_equal(frame_send(peer, ROLE_CACHE_PURGED, 0, wbuf_view(&w), NULL, 0), E_OK);
	keeper_kit_turn(f->k);
}

struct told {
	unsigned rows, lines;
	uint32_t entries;
	int status; /* -1: not done */
};

static struct told told(const struct fixture *f)
{
	struct told t = { .status = -1 };
	uint8_t buf[FRAME_MAX];
	struct frame g = { 0 };

	while (t.status < 0 && frame_receive(f->command, buf, &g) == E_OK) {
		struct view in = view_slice(g.body, 6, 4);
		uint32_t entries = 0;

		if (g.type == KEEPER_PURGED)
			assert_int_equal(view_u32(&in, &entries), E_OK);
		t.entries += entries;
		t.rows += g.type == KEEPER_PURGED;
		t.lines += g.type == KEEPER_TEXT;
		if (g.type == KEEPER_DONE)
			t.status = *g.body.p;
	}
	return t;
}

static const struct view all = VIEW_INIT("\1\0\0");

/* Every edge that lives is asked, also one that finishes what it has. */
static void test_all_answer(void **state)
{
	struct fixture f = { 0 };
	struct told t = { 0 };

	(void)state;
	begin(&f);
	ask(&f, all);
	for (unsigned i = 0; i < EDGES; i++) {
		uint32_t number = heard(f.peer[i], all);

		assert_true(number != 0);
		assert_int_equal(f.c->wait, CLIENT_PURGE);
		answer(&f, f.peer[i], number, i + 1, 2048);
	}
	t = told(&f);
	assert_int_equal(t.rows, EDGES);
	assert_int_equal(t.entries, 1 + 2 + 3);
	assert_int_equal(t.lines, 0);
	assert_int_equal(t.status, 0);
	assert_int_equal(f.c->source.fd, -1);
	end(&f);
}

/* Answers that are none: the wrong number, twice, before any question, from a role with no cache.
 */
static void test_lies(void **state)
{
	struct fixture f = { 0 };
	struct keeper_child *dialer = NULL;
	uint32_t number = 0;
	int peer = -1;

	(void)state;
	begin(&f);
	answer(&f, f.peer[0], 1, 1, 1);
	ask(&f, all);
	number = heard(f.peer[0], all);
	answer(&f, f.peer[0], number + 1, 5, 5);
	answer(&f, f.peer[0], number, 1, UINT64_MAX);
	answer(&f, f.peer[0], number, 70, 7); /* again */
	assert_int_equal(f.c->purge.edges, 1);
	assert_int_equal(f.c->wait, CLIENT_PURGE); /* its word does not stand for the others */
	assert_int_equal(f.edge[0]->state, CHILD_RETIRED);
	dialer = keeper_kit_child(f.k, ROLE_DIALER, CHILD_RUNNING, &peer);
	answer(&f, peer, number, 1, 1);
	assert_int_equal(dialer->state, CHILD_FREE); /* ended */
	answer(&f, f.peer[1], number, 1, 1);
	answer(&f, f.peer[2], number, 1, 1);
	assert_int_equal(told(&f).entries, 3);
	fd_close(peer);
	end(&f);
}

static void test_silent(void **state)
{
	struct fixture f = { 0 };
	struct told t = { 0 };

	(void)state;
	begin(&f);
	ask(&f, all);
	answer(&f, f.peer[1], heard(f.peer[1], all), 1, 1);
	f.k->loop.now_ms += KEEPER_CLIENT_MS;
	(void)control_tick(f.k);
	t = told(&f);
	assert_int_equal(t.lines, EDGES - 1);
	assert_int_equal(t.status, 1);
	/* what it says later finds nobody, and is no crime */
	answer(&f, f.peer[2], heard(f.peer[2], all), 1, 1);
	assert_int_equal(f.edge[2]->state, CHILD_RUNNING);
	end(&f);
}

/* The cache of an edge that ends is gone: nobody waits for its word (P11). */
static void test_edge_dies(void **state)
{
	struct fixture f = { 0 };

	(void)state;
	begin(&f);
	ask(&f, all);
	answer(&f, f.peer[1], heard(f.peer[1], all), 1, 1);
	answer(&f, f.peer[2], heard(f.peer[2], all), 1, 1);
	assert_int_equal(f.c->wait, CLIENT_PURGE);
	(void)kill(f.edge[0]->pid, SIGKILL);
	keeper_kit_turn(f.k);
	keeper_kit_turn(f.k);
	assert_int_equal(told(&f).status, 0);
	end(&f);
}

/* One that does not read is told as silent at once, and not waited for. */
static void test_full_queue(void **state)
{
	struct fixture f = { 0 };
	uint8_t body[TOOL_PATTERN_MAX + 3] = { 2, TOOL_PATTERN_MAX >> 8, TOOL_PATTERN_MAX & 255 };

	(void)state;
	begin(&f);
	for (size_t i = 3; i < sizeof body; i++)
		body[i] = 'a';
	for (unsigned i = 0; i < 1000 && f.c->purge.silent == 0; i++) {
		f.c->wait = CLIENT_IDLE;
		assert_int_equal(purge_begin(f.c, view_of(body, sizeof body)), E_OK);
		for (unsigned e = 1; e < EDGES; e++)
			(void)heard(f.peer[e], view_of(body, sizeof body));
	}
	assert_int_equal(f.c->purge.silent, 1);
	assert_int_equal(f.c->wait, CLIENT_PURGE);
	end(&f);
}

static void test_malformed(void **state)
{
	static const struct view bodies[] = { VIEW_INIT("\1\0\1"), VIEW_INIT("\1\0\0x"),
					      VIEW_INIT("\2\0\2a\0"), VIEW_INIT("\1\0") };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		struct fixture f = { 0 };

		begin(&f);
		ask(&f, bodies[i]);
		assert_int_equal(f.c->source.fd, -1);
		assert_int_equal(told(&f).status, -1);
		for (unsigned e = 0; e < EDGES; e++)
			assert_int_equal(heard(f.peer[e], all), 0);
		end(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_answer), cmocka_unit_test(test_lies),
		cmocka_unit_test(test_silent),	   cmocka_unit_test(test_edge_dies),
		cmocka_unit_test(test_full_queue), cmocka_unit_test(test_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
