/* What audit hands on of alarms: one of a kind in ten seconds with the count of the rest, few of
 * one writer, canaries first; and what waits while the authority is away (A22). */
#include "tests/unit/check.h"

#include "role/audit/alarms.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct scene {
	struct alarms as;
	struct loop loop;
	int peer;
	uint64_t now_ms;
	uint8_t buf[FRAME_MAX];
};

static void on_none(void *owner, struct loop_source *source, uint32_t events)
{
	(void)owner;
	(void)source;
	(void)events;
}

static loop_handler *const handlers[] = { on_none };

static void attach(struct scene *s)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	CHECK_OK(alarms_attach(&s->as, &s->loop, pair[0], 0));
	s->peer = pair[1];
}

static int setup(void **state)
{
	struct scene *s = calloc(1, sizeof *s);

	assert_non_null(s);
	CHECK_OK(loop_init(&s->loop, s, handlers, COUNT_OF(handlers)));
	s->as.authority.fd = -1;
	s->now_ms = 1000000;
	alarms_turn(&s->as, s->now_ms);
	for (unsigned i = 0; i < ALARMS_BURST; i++)
		alarms_turn(&s->as, s->now_ms += 500);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;

	loop_close(&s->as.authority);
	loop_done(&s->loop);
	free(s);
	return 0;
}

static void see(struct scene *s, const char *action, const char *object, const char *writer)
{
	alarms_see(&s->as, &(struct alarms_seen){ .seq = 1,
						  .action = view_str(action),
						  .object = view_str(object),
						  .writer = view_str(writer),
						  .detail = VIEW("why") });
}

/* The next that was told; false: none. */
static bool told(struct scene *s, struct audit_alarm *ret)
{
	struct frame f = { 0 };

	if (frame_receive(s->peer, s->buf, &f) != E_OK)
		return false;
	assert_int_equal(f.type, AUDIT_ALARM);
	CHECK_OK(audit_alarm_get(f.body, ret));
	return true;
}

static void after(struct scene *s, uint64_t ms)
{
	alarms_turn(&s->as, s->now_ms += ms);
}

static void test_one_of_a_kind(void **state)
{
	struct scene *s = *state;
	struct audit_alarm m = { 0 };

	attach(s);
	see(s, "ipc.violation", "edge[0]", "keeper[0]");
	see(s, "ipc.violation", "edge[0]", "keeper[0]");
	after(s, 1);
	assert_true(told(s, &m) && m.more == 1);
	CHECK_VIEW(m.action, "ipc.violation");
	CHECK_VIEW(m.detail, "why");
	for (unsigned i = 0; i < 5; i++)
		see(s, "ipc.violation", "edge[0]", "keeper[0]");
	after(s, 9000);
	assert_false(told(s, &m));
	after(s, 1000);
	assert_true(told(s, &m) && m.more == 4);
	after(s, 20000);
	assert_false(told(s, &m));
	close(s->peer);
}

/* While the authority is away the newest of each kind waits; another kind is another. */
static void test_waits(void **state)
{
	struct scene *s = *state;
	struct audit_alarm m = { 0 };

	see(s, "role.crashed", "edge[0]", "keeper[0]");
	see(s, "role.crashed", "edge[1]", "keeper[0]");
	see(s, "canary.leaked", "edge[1]", "edge[1]");
	after(s, 1000);
	attach(s);
	after(s, 1);
	assert_true(told(s, &m));
	CHECK_VIEW(m.action, "canary.leaked"); /* it goes first */
	assert_true(told(s, &m) && told(s, &m));
	assert_false(told(s, &m));
	close(s->peer);
}

/* A writer that floods with kinds has a quarter of the places; another one is heard. */
static void test_flood(void **state)
{
	struct scene *s = *state;
	struct audit_alarm m = { 0 };
	unsigned from_other = 0, flood = 0;

	for (unsigned i = 0; i < 1000; i++) {
		uint8_t name[16];
		struct wbuf w = wbuf_of(name, sizeof name);

		wbuf_dec(&w, i);
		alarms_see(&s->as, &(struct alarms_seen){ .action = VIEW("sandbox.violation"),
							  .object = wbuf_view(&w),
							  .writer = VIEW("edge[0]") });
	}
	see(s, "role.crashed", "dialer[0]", "keeper[0]");
	attach(s);
	for (unsigned i = 0; i < 120; i++) {
		after(s, 500);
		while (told(s, &m)) {
			from_other += view_eq(m.writer, VIEW("keeper[0]"));
			if (view_eq(m.action, VIEW("alarm.flood")))
				flood += m.more + 1;
		}
	}
	assert_int_equal(from_other, 1);
	assert_int_equal(flood, 1000 - ALARMS_KINDS / 4);
	close(s->peer);
}

/* Hashes of canaries are read from an edge's word, or refused. */
static void test_canaries(void **state)
{
	static const char *const bad[] = { "", "session=", "session=zz bearer=00 password=00" };
	struct scene *s = *state;
	struct frame f = { 0 };
	struct audit_canary c = { 0 };
	uint8_t hash[32] = { 0xab, 1, 2 }, text[320];
	struct wbuf w = wbuf_of(text, sizeof text);

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		CHECK_ERR(alarms_see_canary(&s->as, VIEW("edge[0]"), view_str(bad[i])), E_PROTO);
	WBUF_LIT(&w, "session=");
	wbuf_hex(&w, view_of(hash, 32));
	WBUF_LIT(&w, " bearer=");
	wbuf_hex(&w, view_of(hash, 32));
	WBUF_LIT(&w, " password=");
	wbuf_hex(&w, view_of(hash, 32));
	for (size_t n = 0; n < w.n; n++)
		CHECK_ERR(alarms_see_canary(&s->as, VIEW("edge[0]"), view_of(text, n)), E_PROTO);
	CHECK_OK(alarms_see_canary(&s->as, VIEW("edge[0]"), wbuf_view(&w)));
	attach(s);
	after(s, 1);
	CHECK_OK(frame_receive(s->peer, s->buf, &f));
	assert_int_equal(f.type, AUDIT_CANARY);
	CHECK_OK(audit_canary_get(f.body, &c));
	assert_memory_equal(c.bearer.b, hash, 32);
	CHECK_VIEW(c.writer, "edge[0]");
	close(s->peer);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(test_one_of_a_kind),
		CASE(test_waits),
		CASE(test_flood),
		CASE(test_canaries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
