/* Messages of gRPC's health checking protocol. */
#include "role/dialer/probe_grpc.h"

#include "tests/unit/check.h"

#define SERVES(text) probe_grpc_serves(VIEW(text))

static void test_put(void **state)
{
	uint8_t bytes[PROBE_GRPC_ASK_MAX], name[PROBE_GRPC_SERVICE_MAX] = { 0 };
	struct wbuf w = wbuf_of(bytes, sizeof bytes);

	(void)state;
	probe_grpc_put(&w, (struct view){ 0 });
	assert_true(view_eq(wbuf_view(&w), VIEW("\0\0\0\0\0")));
	w = wbuf_of(bytes, sizeof bytes);
	probe_grpc_put(&w, VIEW("a.B"));
	assert_true(view_eq(wbuf_view(&w), VIEW("\0\0\0\0\5\x0a\3a.B")));
	w = wbuf_of(bytes, sizeof bytes);
	probe_grpc_put(&w, view_of(name, sizeof name));
	assert_false(w.bad);
	assert_int_equal(w.n, PROBE_GRPC_ASK_MAX);
}

static void test_serves(void **state)
{
	(void)state;
	assert_int_equal(SERVES("\0\0\0\0\2\x08\1"), E_OK);
	assert_int_equal(SERVES("\0\0\0\0\0"), E_DENIED); /* UNKNOWN is not written */
	assert_int_equal(SERVES("\0\0\0\0\2\x08\0"), E_DENIED);
	assert_int_equal(SERVES("\0\0\0\0\2\x08\2"), E_DENIED);
	assert_int_equal(SERVES("\0\0\0\0\4\x08\2\x08\1"), E_OK); /* the last one counts */
	assert_int_equal(SERVES("\0\0\0\0\3\x08\x81\0"), E_OK);	  /* one, in two bytes */
}

static void test_skips(void **state)
{
	(void)state;
	assert_int_equal(SERVES("\0\0\0\0\6\x12\2ab\x08\1"), E_OK);
	assert_int_equal(SERVES("\0\0\0\0\4\x10\5\x08\1"), E_OK);
	assert_int_equal(SERVES("\0\0\0\0\7\x15wxyz\x08\1"), E_OK);
	assert_int_equal(SERVES("\0\0\0\0\x0b\x11wxyzwxyz\x08\1"), E_OK);
}

static void test_refuses(void **state)
{
	(void)state;
	assert_int_equal(SERVES(""), E_PROTO);
	assert_int_equal(SERVES("\0\0\0\0"), E_PROTO);
	assert_int_equal(SERVES("\1\0\0\0\2\x08\1"), E_PROTO); /* compressed: nobody asked */
	assert_int_equal(SERVES("\0\0\0\0\3\x08\1"), E_PROTO);
	assert_int_equal(SERVES("\0\0\0\0\1\x08\1"), E_PROTO);
	assert_int_equal(SERVES("\0\0\0\0\1\x08"), E_PROTO);
	assert_int_equal(SERVES("\0\0\0\0\2\x08\x81"), E_PROTO);
	assert_int_equal(SERVES("\0\0\0\0\3\x12\5a"), E_PROTO);
	assert_int_equal(SERVES("\0\0\0\0\3\x0b\1\1"), E_PROTO); /* a group */
	assert_int_equal(SERVES("\0\0\0\0\x0c\x08\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\1"),
			 E_PROTO);
	assert_int_equal(SERVES("\0\0\0\0\x0c\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\1a"),
			 E_PROTO); /* longer than all memory */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put),
		cmocka_unit_test(test_serves),
		cmocka_unit_test(test_skips),
		cmocka_unit_test(test_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
