/* The audit ring: order and content over wrap-around, shares, and a writer that lies (A20, P9). */
#include "base/rng.h"
#include "ipc/ring.h"
#include "sys/fd.h"
#include "sys/shm.h"
#include "tests/unit/check.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct pair {
	int data_fd, cursor_fd;
	struct ring_writer w;
	struct ring_reader r;
};

static struct pair pair_new(uint32_t capacity)
{
	struct pair p = { 0 };
	void *data = NULL;

	CHECK_OK(shm_new("test-ring", ring_data_bytes(capacity), &p.data_fd));
	CHECK_OK(shm_new("test-cursor", sizeof(struct ring_cursor), &p.cursor_fd));
	CHECK_OK(shm_map(p.data_fd, true, &data, NULL));
	ring_init(data, capacity);
	shm_unmap(data, ring_data_bytes(capacity));
	CHECK_OK(ring_writer_map(p.data_fd, p.cursor_fd, &p.w));
	CHECK_OK(ring_reader_map(p.data_fd, p.cursor_fd, &p.r));
	return p;
}

static void pair_done(struct pair *p)
{
	ring_writer_unmap(&p->w);
	ring_reader_unmap(&p->r);
	fd_close(p->data_fd);
	fd_close(p->cursor_fd);
}

/* A record whose bytes follow from its number. */
static struct view record_of(uint64_t number, size_t n, uint8_t *buf)
{
	struct rng g = { .s = { number + 1, 2, 3, 4 } };

	for (size_t i = 0; i < n; i++)
		buf[i] = (uint8_t)rng_next(&g);
	return view_of(buf, n);
}

static size_t length_of(uint64_t number)
{
	struct rng g = { .s = { number + 7, 1, 1, 1 } };

	(void)rng_next(&g);
	return 1 + rng_below(&g, number % 5 ? 300 : RING_RECORD_MAX);
}

static void get_one(struct pair *p, uint64_t number)
{
	static uint8_t got[RING_RECORD_MAX], want[RING_RECORD_MAX];
	struct view v = { 0 };

	CHECK_OK(ring_get(&p->r, got, &v));
	assert_true(view_eq(v, record_of(number, length_of(number), want)));
}

/* Property: what comes out is what went in, in order, whatever the interleaving and the wrap. */
static void test_random_order(void **state)
{
	static uint8_t buf[RING_RECORD_MAX];
	struct pair p = pair_new(RING_BYTES_SMALL);
	struct rng g = { .s = { 11, 22, 33, 44 } };
	uint64_t in = 0, out = 0, refused = 0;

	(void)state;
	for (unsigned step = 0; step < 200000; step++) {
		if (rng_below(&g, 20) < 11) { /* fills up more often than it runs empty */
			enum err e = ring_put(&p.w, RING_ACCESS, record_of(in, length_of(in), buf));

			assert_true(e == E_OK || e == E_LIMIT);
			in += e == E_OK;
			refused += e == E_LIMIT;
		} else if (out < in) {
			get_one(&p, out++);
		} else {
			struct view v = { 0 };

			CHECK_ERR(ring_get(&p.r, buf, &v), E_AGAIN);
		}
		if (rng_below(&g, 3) == 0)
			ring_release(&p.r);
	}
	assert_true(in > 10000 && refused > 100);
	while (out < in)
		get_one(&p, out++);
	assert_int_equal(atomic_load(&p.w.data->dropped), refused);
	pair_done(&p);
}

static void test_lengths(void **state)
{
	static uint8_t buf[RING_RECORD_MAX + 1];
	struct pair p = pair_new(RING_BYTES_SMALL);

	(void)state;
	CHECK_ERR(ring_put(&p.w, RING_ACCESS, view_of(buf, 0)), E_PROTO);
	CHECK_ERR(ring_put(&p.w, RING_EVENT, view_of(buf, RING_RECORD_MAX + 1)), E_PROTO);
	CHECK_OK(ring_put(&p.w, RING_EVENT, view_of(buf, RING_RECORD_MAX)));
	CHECK_OK(ring_put(&p.w, RING_EVENT, view_of(buf, 1)));
	assert_int_equal(ring_waiting(&p.r), 4 + RING_RECORD_MAX + 8);
	pair_done(&p);
}

/* Access records leave an eighth to events; events are never counted as dropped. */
static void test_shares(void **state)
{
	static uint8_t buf[4092];
	struct pair p = pair_new(RING_BYTES_SMALL);
	uint64_t fresh = 0, total = 0;
	unsigned n = 0;

	(void)state;
	while (ring_put(&p.w, RING_ACCESS, view_of(buf, sizeof buf)) == E_OK)
		n++;
	assert_int_equal(n, RING_BYTES_SMALL / 4096 * 7 / 8);
	while (ring_put(&p.w, RING_EVENT, view_of(buf, sizeof buf)) == E_OK)
		n++;
	assert_int_equal(n, RING_BYTES_SMALL / 4096);
	CHECK_ERR(ring_put(&p.w, RING_EVENT, view_of(buf, 1)), E_AGAIN);
	CHECK_ERR(ring_put(&p.w, RING_ACCESS, view_of(buf, 1)), E_LIMIT);
	CHECK_OK(ring_lost(&p.r, &fresh, &total));
	assert_int_equal(fresh, 2);
	assert_int_equal(total, 2);
	CHECK_OK(ring_lost(&p.r, &fresh, &total));
	assert_int_equal(fresh, 0);
	pair_done(&p);
}

/* Room comes back with ring_release and not before: what is not stored is not overwritten. */
static void test_release(void **state)
{
	static uint8_t buf[4092], got[RING_RECORD_MAX];
	struct pair p = pair_new(RING_BYTES_SMALL);
	struct view v = { 0 };

	(void)state;
	while (ring_put(&p.w, RING_EVENT, view_of(buf, sizeof buf)) == E_OK)
		;
	CHECK_OK(ring_get(&p.r, got, &v));
	CHECK_ERR(ring_put(&p.w, RING_EVENT, view_of(buf, sizeof buf)), E_AGAIN);
	ring_release(&p.r);
	CHECK_OK(ring_put(&p.w, RING_EVENT, view_of(buf, sizeof buf)));
	pair_done(&p);
}

/* The next audit process begins where the last one released (P11). */
static void test_reader_returns(void **state)
{
	static uint8_t buf[RING_RECORD_MAX];
	struct pair p = pair_new(RING_BYTES_SMALL);
	struct view v = { 0 };
	uint64_t fresh = 0, total = 0;

	(void)state;
	CHECK_OK(ring_put(&p.w, RING_EVENT, VIEW("one")));
	CHECK_OK(ring_put(&p.w, RING_EVENT, VIEW("two")));
	CHECK_OK(ring_put(&p.w, RING_EVENT, VIEW("three")));
	atomic_store(&p.w.data->dropped, 5);
	CHECK_OK(ring_get(&p.r, buf, &v));
	CHECK_OK(ring_lost(&p.r, &fresh, &total));
	ring_release(&p.r);
	CHECK_OK(ring_get(&p.r, buf, &v)); /* got, never released */
	ring_reader_unmap(&p.r);
	CHECK_OK(ring_reader_map(p.data_fd, p.cursor_fd, &p.r));
	CHECK_OK(ring_get(&p.r, buf, &v));
	CHECK_VIEW(v, "two");
	CHECK_OK(ring_lost(&p.r, &fresh, &total));
	assert_int_equal(fresh, 0);
	pair_done(&p);
}

struct lie {
	const char *name;
	uint64_t head;
	uint32_t length;
};

static void test_hostile_head(void **state)
{
	static const struct lie lies[] = {
		{ "head beyond the ring", RING_BYTES_SMALL + 4, 8 },
		{ "head far beyond", UINT64_C(1) << 63, 8 },
		{ "head behind the tail", UINT64_MAX - 3, 8 },
		{ "head not aligned", 13, 8 },
		{ "length zero", 64, 0 },
		{ "length beyond the head", 16, 13 },
		{ "length beyond a record", RING_BYTES_SMALL, RING_RECORD_MAX + 1 },
		{ "length that wraps", RING_BYTES_SMALL, UINT32_MAX },
		{ "length that wraps with its padding", 64, UINT32_MAX - 2 },
	};
	static uint8_t buf[RING_RECORD_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lies); i++) {
		struct pair p = pair_new(RING_BYTES_SMALL);
		struct view v = { 0 };

		memcpy(p.w.data->at, &lies[i].length, sizeof lies[i].length);
		atomic_store(&p.w.data->head, lies[i].head);
		CHECK_ROW(lies[i].name, ring_get(&p.r, buf, &v) == E_PROTO);
		CHECK_ROW(lies[i].name, ring_waiting(&p.r) <= RING_BYTES_SMALL);
		pair_done(&p);
	}
}

/* Any content of the data page: a record in bounds, nothing, or a refusal; never more. */
static void test_hostile_random(void **state)
{
	static uint8_t buf[RING_RECORD_MAX];
	struct pair p = pair_new(RING_BYTES_SMALL);
	struct rng g = { .s = { 5, 6, 7, 8 } };

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		uint64_t at = rng_below(&g, RING_BYTES_SMALL / 4) * UINT64_C(4);
		uint32_t length = rng_below(&g, 2) ? rng_below(&g, 9000) : (uint32_t)rng_next(&g);
		struct view v = { 0 };
		enum err e = E_OK;

		memcpy(p.w.data->at + at, &length, sizeof length);
		atomic_store(&p.w.data->head, p.r.tail + rng_below(&g, 70000));
		e = ring_get(&p.r, buf, &v);
		assert_true(e == E_OK || e == E_AGAIN || e == E_PROTO);
		if (e == E_OK)
			assert_true(v.p == buf && v.n >= 1 && v.n <= RING_RECORD_MAX);
		if (i % 3 == 0)
			p.r.tail = at;
	}
	pair_done(&p);
}

static void test_lost_goes_down(void **state)
{
	struct pair p = pair_new(RING_BYTES_SMALL);
	uint64_t fresh = 0, total = 0;

	(void)state;
	atomic_store(&p.w.data->dropped, 9);
	CHECK_OK(ring_lost(&p.r, &fresh, &total));
	atomic_store(&p.w.data->dropped, 8);
	CHECK_ERR(ring_lost(&p.r, &fresh, &total), E_PROTO);
	pair_done(&p);
}

/* The capacity in the page is a claim too. */
static void test_map_refuses(void **state)
{
	static const uint32_t claims[] = { 0,
					   1,
					   RING_BYTES_SMALL / 2,
					   RING_BYTES_SMALL - 4,
					   RING_BYTES_SMALL * 2,
					   RING_BYTES_SMALL + 64,
					   UINT32_MAX,
					   UINT32_C(1) << 31 };
	struct pair p = pair_new(RING_BYTES_SMALL);
	struct ring_reader r = { 0 };
	int small = -1;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(claims); i++) {
		p.w.data->bytes = claims[i];
		CHECK_ERR(ring_reader_map(p.data_fd, p.cursor_fd, &r), E_PROTO);
		assert_null(r.data);
	}
	p.w.data->bytes = RING_BYTES_SMALL;
	CHECK_OK(shm_new("tiny", 16, &small));
	CHECK_ERR(ring_reader_map(small, p.cursor_fd, &r), E_PROTO);
	CHECK_ERR(ring_reader_map(p.data_fd, small, &r), E_OK); /* 16 bytes are a whole cursor */
	ring_reader_unmap(&r);
	fd_close(small);
	pair_done(&p);
}

/* A memory file that can still be cut would end its reader by SIGBUS. */
static void test_map_wants_seals(void **state)
{
	struct pair p = pair_new(RING_BYTES_SMALL);
	struct ring_reader r = { 0 };
	int fd = memfd_create("loose", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)ring_data_bytes(RING_BYTES_SMALL)), 0);
	CHECK_ERR(ring_reader_map(fd, p.cursor_fd, &r), E_PROTO);
	fd_close(fd);
	pair_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_order),   cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_shares),	       cmocka_unit_test(test_release),
		cmocka_unit_test(test_reader_returns), cmocka_unit_test(test_hostile_head),
		cmocka_unit_test(test_hostile_random), cmocka_unit_test(test_lost_goes_down),
		cmocka_unit_test(test_map_refuses),    cmocka_unit_test(test_map_wants_seals),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
