/* Record fields: round trip, cut anywhere, and what a hostile writer may send. */
#include "ipc/audit_signer.h"
#include "ipc/record.h"
#include "tests/unit/check.h"
#include "tests/unit/guard.h"

static void test_round_trip(void **state)
{
	uint8_t buf[256];
	struct wbuf w = wbuf_of(buf, sizeof buf);
	struct view rest = { 0 };
	struct record_field f = { 0 };

	(void)state;
	record_put_number(&w, RECORD_TAG_BYTES_IN, UINT64_MAX);
	record_put_text(&w, RECORD_TAG_OBJECT, VIEW("https://a/b"));
	record_put_text(&w, RECORD_TAG_ACTOR, (struct view){ 0 });
	CHECK_OK(wbuf_check(&w));
	rest = wbuf_view(&w);
	CHECK_OK(record_next(&rest, &f));
	assert_int_equal(f.tag, RECORD_TAG_BYTES_IN);
	assert_int_equal(f.type, RECORD_NUMBER);
	assert_true(f.number == UINT64_MAX);
	CHECK_OK(record_next(&rest, &f));
	assert_int_equal(f.tag, RECORD_TAG_OBJECT);
	CHECK_VIEW(f.text, "https://a/b");
	CHECK_OK(record_next(&rest, &f));
	assert_int_equal(f.text.n, 0);
	CHECK_OK(view_end(&rest));
}

/* DEFAULTS 8.15.01: action, object, result, origin, actor and time are always there. */
static void test_event_has_the_six(void **state)
{
	uint8_t buf[512];
	struct wbuf w = wbuf_of(buf, sizeof buf);
	struct record_event e = { .kind = RECORD_EVENT, .wall_us = 42, .action = VIEW("x") };
	struct view rest = { 0 };
	unsigned seen = 0;

	(void)state;
	record_put_event(&w, &e);
	CHECK_OK(wbuf_check(&w));
	for (rest = wbuf_view(&w); rest.n;) {
		struct record_field f = { 0 };

		CHECK_OK(record_next(&rest, &f));
		seen |= 1u << f.tag;
		if (f.tag == RECORD_TAG_ACTOR)
			CHECK_VIEW(f.text, "-");
	}
	assert_int_equal(seen, 0xfe); /* tags 1 to 7 */
}

static void test_cut_anywhere(void **state)
{
	uint8_t buf[64];
	struct wbuf w = wbuf_of(buf, sizeof buf);
	struct guard g = guard_new(64);

	(void)state;
	record_put_text(&w, RECORD_TAG_OBJECT, VIEW("0123456789"));
	for (size_t n = 0; n < w.n; n++) {
		struct view v = guard_put(&g, view_slice(wbuf_view(&w), 0, n)), before = v;
		struct record_field f = { 0 };

		CHECK_ERR(record_next(&v, &f), E_SHORT);
		assert_true(v.p == before.p && v.n == before.n);
	}
	guard_done(&g);
}

static void test_malformed(void **state)
{
	static const uint8_t bad[][10] = {
		{ 0, RECORD_NUMBER, 0, 0, 0, 0, 0, 0, 0, 1 }, /* tag 0 */
		{ 5, 0, 0, 0, 0, 0, 0, 0, 0, 1 },	      /* type 0 */
		{ 5, 3, 0, 0, 0, 0, 0, 0, 0, 1 },	      /* no such type */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct view v = view_of(bad[i], sizeof bad[i]);
		struct record_field f = { 0 };

		CHECK_ERR(record_next(&v, &f), E_PROTO);
	}
}

static void test_checkpoint_text(void **state)
{
	struct audit_checkpoint c = { .seq = 7, .wall_us = 1000001, .is_stop = true }, back = { 0 };
	uint8_t text[AUDIT_CHECKPOINT_TEXT_MAX], ask[AUDIT_CHECKPOINT_ASK];
	struct wbuf w = wbuf_of(text, sizeof text), a = wbuf_of(ask, sizeof ask);

	(void)state;
	c.hash[0] = 0xab;
	audit_checkpoint_put(&w, &c);
	CHECK_VIEW(wbuf_view(&w),
		   "sluis audit checkpoint v1\n7\n"
		   "ab00000000000000000000000000000000000000000000000000000000000000\n"
		   "1970-01-01T00:00:01.000001Z\nstop\n");
	audit_checkpoint_put_ask(&a, &c);
	CHECK_OK(wbuf_check(&a));
	assert_int_equal(a.n, AUDIT_CHECKPOINT_ASK);
	CHECK_OK(audit_checkpoint_get_ask(wbuf_view(&a), &back));
	assert_true(back.seq == 7 && back.is_stop && back.wall_us == 1000001 &&
		    back.hash[0] == 0xab);
	/* The longest text fits. */
	c = (struct audit_checkpoint){ .seq = UINT64_MAX, .wall_us = AUDIT_WALL_US_MAX };
	w.n = 0;
	audit_checkpoint_put(&w, &c);
	CHECK_OK(wbuf_check(&w));
}

static void test_checkpoint_ask_refuses(void **state)
{
	uint8_t ask[AUDIT_CHECKPOINT_ASK + 1] = { 0 };
	struct audit_checkpoint c = { 0 };

	(void)state;
	CHECK_OK(audit_checkpoint_get_ask(view_of(ask, AUDIT_CHECKPOINT_ASK), &c));
	for (size_t n = 0; n < AUDIT_CHECKPOINT_ASK; n++)
		CHECK_ERR(audit_checkpoint_get_ask(view_of(ask, n), &c), E_SHORT);
	CHECK_ERR(audit_checkpoint_get_ask(view_of(ask, AUDIT_CHECKPOINT_ASK + 1), &c), E_PROTO);
	ask[0] = 2;
	CHECK_ERR(audit_checkpoint_get_ask(view_of(ask, AUDIT_CHECKPOINT_ASK), &c), E_PROTO);
	ask[0] = 0;
	ask[AUDIT_CHECKPOINT_ASK - 8] = 0x80; /* a time without a text */
	CHECK_ERR(audit_checkpoint_get_ask(view_of(ask, AUDIT_CHECKPOINT_ASK), &c), E_PROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_event_has_the_six),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_checkpoint_text),
		cmocka_unit_test(test_checkpoint_ask_refuses),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
