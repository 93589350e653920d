/* THREATS A22: how fast a body has to come. */
#include "role/edge/pace.h"

#include "tests/unit/check.h"

static const struct image_listener listener = { .request_body_idle_ms = 1000,
						.request_body_rate = 100 };
static const struct image_pool http1, http2 = { .is_h2 = 1 };

static struct exchange exchange(void)
{
	struct exchange x = { .listener = &listener, .pool = &http1 };

	x.request.moved = 7;
	pace_begin(&x, 5000);
	return x;
}

static void test_average(void **state)
{
	struct exchange x = exchange();

	(void)state;
	x.request.moved += 1;
	assert_false(pace_is_slow(&x, 5999)); /* not yet */
	assert_true(pace_is_slow(&x, 6000));
	x = exchange();
	x.request.moved += 99;
	assert_true(pace_is_slow(&x, 6000));
	x = exchange();
	x.request.moved += 100;
	assert_false(pace_is_slow(&x, 6000));
	x = exchange();
	x.request.moved += 100;
	assert_true(pace_is_slow(&x, 6010)); /* of the time that has passed */
}

/* What came quickly at first is no credit for later. */
static void test_each_time_anew(void **state)
{
	struct exchange x = exchange();

	(void)state;
	x.request.moved += 1000000;
	assert_false(pace_is_slow(&x, 6000));
	x.request.moved += 99;
	assert_false(pace_is_slow(&x, 6999));
	assert_true(pace_is_slow(&x, 7000));
	pace_begin(&x, 9000); /* a server took nothing: that time is not the client's */
	assert_false(pace_is_slow(&x, 9999));
	assert_true(pace_is_slow(&x, 10000));
}

static void test_who_is_free(void **state)
{
	static const struct image_listener any = { .request_body_idle_ms = 1000 };
	struct exchange x = exchange();

	(void)state;
	x.request.is_done = true;
	assert_false(pace_is_slow(&x, 60000));
	x = exchange();
	x.flags = X_ANSWERED;
	assert_false(pace_is_slow(&x, 60000));
	x = exchange();
	x.listener = &any;
	assert_false(pace_is_slow(&x, 60000));
	x = exchange();
	x.pace.is_grpc = true;
	x.pool = &http2;
	assert_false(pace_is_slow(&x, 60000));
	x.pool = &http1; /* no gRPC there, whatever a client calls it */
	assert_true(pace_is_slow(&x, 60000));
}

/* Both may be silent; nobody may be deaf. */
static void test_what_is_a_stream(void **state)
{
	struct client c = { 0 };
	struct upstream u = { 0 };
	struct buffer out = { 0 };
	struct exchange x = exchange();

	(void)state;
	x.c = &c;
	x.pool = &http2;
	assert_false(pace_is_stream(&x));
	x.pace.is_grpc = true;
	assert_true(pace_is_stream(&x));
	x.u = &u;
	assert_true(pace_is_stream(&x));
	u.conn.out = &out;
	assert_false(pace_is_stream(&x));
	u.conn.out = NULL;
	c.conn.out = &out;
	assert_false(pace_is_stream(&x));
	c.conn.out = NULL;
	x.pool = &http1;
	assert_false(pace_is_stream(&x));
	x.pool = NULL;
	assert_false(pace_is_stream(&x));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_average),
		cmocka_unit_test(test_each_time_anew),
		cmocka_unit_test(test_who_is_free),
		cmocka_unit_test(test_what_is_a_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
