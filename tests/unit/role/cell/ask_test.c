/* Questions of a cell: one answer each, lost ones, and those that are asked again (P11; THREATS
 * A20). */
#include "tests/unit/check.h"

#include "role/cell/ask.h"
#include "sys/fd.h"

#include <string.h>
#include <sys/socket.h>

struct heard {
	uint32_t who;
	uint8_t type;
};

struct rig {
	struct ask ask;
	int ends[2]; /* ours, the authority's */
	struct heard heard[2 * CELL_QUESTIONS];
	unsigned n;
	bool asks_again; /* whatever is lost leads to another question */
};

static void on_answer(void *owner, uint32_t who, const struct ask_answer *a)
{
	struct rig *r = owner;

	assert_true(r->n < COUNT_OF(r->heard));
	r->heard[r->n++] = (struct heard){ who, a->type };
	if (r->asks_again && a->type == 0)
		CHECK_OK(ask_send(&r->ask, r->ends[0], CELL_KEYS, VIEW("next"), who));
}

static const struct ask_hooks hooks = { .answered = on_answer };

static void open_channel(struct rig *r)
{
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, r->ends), 0);
}

static void close_channel(struct rig *r)
{
	r->ends[0] = fd_close(r->ends[0]);
	r->ends[1] = fd_close(r->ends[1]);
}

static struct rig make(void)
{
	struct rig r = { 0 };

	open_channel(&r);
	return r;
}

/* What the authority hears next; 0: nothing. */
static uint8_t hear(struct rig *r, uint32_t *ret_seq)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };

	if (frame_receive(r->ends[1], buf, &f) != E_OK)
		return 0;
	*ret_seq = f.seq;
	return f.type;
}

static void answer(struct rig *r, uint8_t type, uint32_t seq)
{
	CHECK_OK(frame_send(r->ends[1], type, seq, VIEW("x"), NULL, 0));
}

static void test_answers(void **state)
{
	struct rig r = make();
	uint32_t a = 0, b = 0;

	(void)state;
	r.ask.hooks = &hooks;
	r.ask.owner = &r;
	CHECK_OK(ask_send(&r.ask, r.ends[0], CELL_GRANT, VIEW("one"), 1));
	CHECK_OK(ask_send(&r.ask, r.ends[0], CELL_PASSWORD, VIEW("two"), 2));
	assert_int_equal(hear(&r, &a), CELL_GRANT);
	assert_int_equal(hear(&r, &b), CELL_PASSWORD);
	assert_true(a && b && a != b);
	answer(&r, AUTHORITY_LOGIN, b);
	answer(&r, AUTHORITY_REFUSED, a);
	assert_int_equal(ask_take(&r.ask, r.ends[0]), E_AGAIN);
	assert_int_equal(r.n, 2);
	assert_int_equal(r.heard[0].who, 2);
	assert_int_equal(r.heard[0].type, AUTHORITY_LOGIN);
	assert_int_equal(r.heard[1].who, 1);
	assert_int_equal(r.heard[1].type, AUTHORITY_REFUSED);
	assert_int_equal(r.ask.under_way, 0);
	close_channel(&r);
}

static void test_answers_to_nothing(void **state)
{
	static const struct {
		uint8_t type;
		int32_t seq; /* beside the right one */
	} cases[] = { { AUTHORITY_GRANT, 1 },
		      { AUTHORITY_GRANT, -1 },
		      { AUTHORITY_SESSION, 0 },
		      { AUTHORITY_DONE, 0 },
		      { 0, 0 },
		      { 255, 0 } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct rig r = make();
		uint32_t seq = 0;

		r.ask.hooks = &hooks;
		r.ask.owner = &r;
		CHECK_OK(ask_send(&r.ask, r.ends[0], CELL_GRANT, VIEW("one"), 1));
		(void)hear(&r, &seq);
		answer(&r, cases[i].type, seq + (uint32_t)cases[i].seq);
		assert_int_equal(ask_take(&r.ask, r.ends[0]), E_DENIED);
		assert_int_equal(r.n, 0);
		close_channel(&r);
	}
}

static void test_limits(void **state)
{
	struct rig r = make();

	(void)state;
	r.ask.hooks = &hooks;
	r.ask.owner = &r;
	assert_int_equal(ask_send(&r.ask, r.ends[0], CELL_HELLO, VIEW(""), 1), E_DENIED);
	assert_int_equal(ask_send(&r.ask, r.ends[0], 0, VIEW(""), 1), E_DENIED);
	assert_int_equal(ask_send(&r.ask, r.ends[0], 255, VIEW(""), 1), E_DENIED);
	assert_int_equal(ask_send(&r.ask, -1, CELL_PASSWORD, VIEW("x"), 1), E_CLOSED);
	for (unsigned i = 0; i < CELL_QUESTIONS; i++)
		CHECK_OK(ask_send(&r.ask, i % 2 ? r.ends[0] : -1, CELL_KEYS, VIEW(""), 1));
	assert_int_equal(ask_send(&r.ask, r.ends[0], CELL_KEYS, VIEW(""), 1), E_LIMIT);
	close_channel(&r);
}

/* What changes something is lost, and who asked hears it; the rest is asked again, with the same
 * number, once. What is asked on hearing of a loss belongs to the new channel. */
static void test_lost(void **state)
{
	struct rig r = make();
	uint32_t seq = 0, again = 0, next = 0;

	(void)state;
	r.ask.hooks = &hooks;
	r.ask.owner = &r;
	r.asks_again = true;
	CHECK_OK(ask_send(&r.ask, r.ends[0], CELL_CODE, VIEW("code"), 1));
	CHECK_OK(ask_send(&r.ask, r.ends[0], CELL_SESSION, VIEW("session"), 2));
	CHECK_OK(ask_send(&r.ask, r.ends[0], CELL_KEYS, VIEW(""), 3));
	ask_forget(&r.ask, 3);
	(void)hear(&r, &seq);
	(void)hear(&r, &seq);
	close_channel(&r);
	open_channel(&r);
	ask_lost(&r.ask);
	assert_int_equal(r.n, 1);
	assert_int_equal(r.heard[0].who, 1);
	assert_int_equal(r.heard[0].type, 0);
	ask_again(&r.ask, r.ends[0]);
	assert_int_equal(hear(&r, &next), CELL_KEYS);
	assert_int_equal(hear(&r, &again), CELL_SESSION);
	assert_int_equal(again, seq);
	assert_int_equal(hear(&r, &seq), 0);
	answer(&r, AUTHORITY_SESSION, again);
	answer(&r, AUTHORITY_KEYS, next);
	assert_int_equal(ask_take(&r.ask, r.ends[0]), E_AGAIN);
	assert_int_equal(r.n, 3);
	assert_int_equal(r.ask.under_way, 0);
	close_channel(&r);
}

/* Too long to be kept: as one that changes something. */
static void test_long_question(void **state)
{
	struct rig r = make();
	uint8_t body[ASK_KEPT + 1] = { 0 };
	uint32_t seq = 0;

	(void)state;
	r.ask.hooks = &hooks;
	r.ask.owner = &r;
	assert_int_equal(ask_send(&r.ask, -1, CELL_KEYS, view_of(body, sizeof body), 1), E_CLOSED);
	CHECK_OK(ask_send(&r.ask, r.ends[0], CELL_KEYS, view_of(body, sizeof body), 1));
	assert_int_equal(hear(&r, &seq), CELL_KEYS);
	ask_lost(&r.ask);
	assert_int_equal(r.n, 1);
	close_channel(&r);
}

static void test_peer_gone(void **state)
{
	struct rig r = make();

	(void)state;
	r.ask.hooks = &hooks;
	r.ask.owner = &r;
	r.ends[1] = fd_close(r.ends[1]);
	assert_int_equal(ask_take(&r.ask, r.ends[0]), E_CLOSED);
	assert_int_equal(ask_send(&r.ask, r.ends[0], CELL_CODE, VIEW("x"), 1), E_CLOSED);
	CHECK_OK(ask_send(&r.ask, r.ends[0], CELL_GRANT, VIEW("x"), 1));
	close_channel(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),	      cmocka_unit_test(test_answers_to_nothing),
		cmocka_unit_test(test_limits),	      cmocka_unit_test(test_lost),
		cmocka_unit_test(test_long_question), cmocka_unit_test(test_peer_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
