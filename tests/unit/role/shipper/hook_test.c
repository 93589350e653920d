/*
 * A webhook's JSON (promise P9): a record as it stands in the log, with its explanation; a line
 * that is no record, whatever it holds, is put into nothing (THREATS A27).
 */
#include "tests/unit/check.h"

#include "role/shipper/shipper.h"

#define HEAD                                                                                       \
	"{\"time\":\"2026-11-23T21:00:00.000000Z\",\"id\":\"a-1-2\",\"seq\":7,\"kind\":\"alarm\"," \
	"\"action\":\"role.crashed\",\"object\":\""
#define TAIL                                                                                       \
	"\",\"result\":\"failed\",\"origin\":\"-\",\"actor\":\"-\",\"prev\":"                      \
	"\"0000000000000000000000000000000000000000000000000000000000000000\"}"

static void test_a_record(void **state)
{
	static const char line[] = HEAD "edge \\\" \\u0007 \xc3\xa9" TAIL;
	uint8_t room[4096];
	struct wbuf w = wbuf_of(room, sizeof room), want = wbuf_of(room + 2048, 2048);

	(void)state;
	w.cap = 2048;
	CHECK_OK(hook_put(&w, view_str(line), 3, VIEW("h\"\x01\xff")));
	wbuf_str(&want, "{\"alarm\":");
	wbuf_str(&want, line);
	wbuf_str(&want, ",\"count\":3,\"means\":\"A process ended by a fault");
	assert_true(view_starts(wbuf_view(&w), wbuf_view(&want)));
	want.n = 0;
	wbuf_str(&want, "\",\"class\":\"crash\",\"instance\":\"h\\\"\\u0001\\u00ff\"}\n");
	assert_true(view_eq(view_slice(wbuf_view(&w), w.n - want.n, w.n), wbuf_view(&want)));
}

static void test_no_records(void **state)
{
	static const char *const lines[] = { "",
					     "{}",
					     HEAD "a\x01" TAIL,
					     HEAD "a\xff" TAIL,
					     HEAD "a\"" TAIL,
					     HEAD "a\\x" TAIL,
					     HEAD "a" TAIL "}",
					     HEAD "a\n" TAIL };
	uint8_t room[4096];

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct wbuf w = wbuf_of(room, sizeof room);

		assert_int_equal(hook_put(&w, view_str(lines[i]), 1, VIEW("h")), E_PROTO);
		assert_int_equal(w.n, 0);
	}
}

static void test_no_room(void **state)
{
	uint8_t room[300];
	struct wbuf w = wbuf_of(room, sizeof room);

	(void)state;
	assert_int_equal(hook_put(&w, VIEW(HEAD "a" TAIL), 1, VIEW("h")), E_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_a_record),
					    cmocka_unit_test(test_no_records),
					    cmocka_unit_test(test_no_room) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
