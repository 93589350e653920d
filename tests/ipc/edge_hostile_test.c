/*
 * The edge's dispatchers against hostile neighbours (THREATS A20): a taken-over dialer or keeper
 * channel can't make the edge do anything but end the conversation.
 */
#include "role/edge/dial.h"
#include "role/edge/setup.h"

#include "base/rng.h"
#include "sys/fd.h"
#include "tests/unit/check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

struct fixture {
	struct edge *edge;
	int ends[2];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	f->edge = calloc(1, sizeof *f->edge);
	f->edge->servers = calloc(IMAGE_SERVER_SLOTS, sizeof *f->edge->servers);
	f->edge->dialer.fd = -1;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, f->ends), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	free(f->edge->servers);
	free(f->edge);
	(void)fd_close(f->ends[0]);
	(void)fd_close(f->ends[1]);
	free(f);
	return 0;
}

static unsigned open_fds(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Sends one frame and lets the edge's table have it. */
static enum err pass(struct fixture *f, const struct frame_table *t, enum frame_phase phase,
		     uint8_t type, size_t n, unsigned fds)
{
	static const uint8_t zeros[FRAME_BODY_MAX];
	int fd[FRAME_FDS] = { 0 };
	enum err e = E_OK;

	for (unsigned i = 0; i < fds; i++)
		fd[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(frame_send(f->ends[0], type, 7, view_of(zeros, n), fd, fds), E_OK);
	for (unsigned i = 0; i < fds; i++)
		(void)fd_close(fd[i]);
	e = frame_pump(f->ends[1], t, phase, f->edge, 1);
	return e;
}

static void test_every_row(void **state, const struct frame_table *t)
{
	struct fixture *f = *state;
	unsigned before = open_fds();

	for (size_t i = 0; i < t->n; i++) {
		const struct frame_def *d = &t->defs[i];
		enum frame_phase other = d->phases == FRAME_RUN ? FRAME_BOOT : FRAME_RUN;

		if (d->phases != (FRAME_BOOT | FRAME_RUN))
			assert_int_equal(pass(f, t, other, d->type, d->min, d->fds), E_DENIED);
		for (unsigned fds = 0; fds <= FRAME_FDS; fds++)
			if (fds != d->fds)
				assert_int_equal(pass(f, t, FRAME_RUN, d->type, d->min, fds),
						 E_DENIED);
		if (d->min)
			assert_int_equal(pass(f, t, FRAME_RUN, d->type, d->min - 1u, d->fds),
					 E_DENIED);
		if (d->max < FRAME_BODY_MAX)
			assert_int_equal(pass(f, t, FRAME_RUN, d->type, d->max + 1u, d->fds),
					 E_DENIED);
	}
	for (unsigned type = 0; type < 256; type++) {
		bool is_known = false;

		for (size_t i = 0; i < t->n; i++)
			is_known |= t->defs[i].type == type;
		if (!is_known)
			assert_int_equal(pass(f, t, FRAME_RUN, (uint8_t)type, 4, 0), E_DENIED);
	}
	assert_int_equal(open_fds(), before); /* no descriptor a neighbour sent is left open */
}

static void test_keeper_rows(void **state)
{
	test_every_row(state, &setup_table);
}

static void test_dialer_rows(void **state)
{
	test_every_row(state, &dial_table);
}

/* A dialer may only answer what it was asked: a connection nobody wants is not taken (P4). */
static void test_dialer_answers_nothing(void **state)
{
	struct fixture *f = *state;
	unsigned before = open_fds();

	assert_int_equal(pass(f, &dial_table, FRAME_RUN, DIALER_CONNECTED, 0, 1), E_DENIED);
	f->edge->dials[7].is_used = true; /* used, but not sent: not asked yet */
	assert_int_equal(pass(f, &dial_table, FRAME_RUN, DIALER_CONNECTED, 0, 1), E_DENIED);
	assert_int_equal(pass(f, &dial_table, FRAME_RUN, DIALER_FAILED, 1, 0),
			 E_PROTO); /* reason 0 is none */
	assert_int_equal(open_fds(), before);
}

/* A page whose size is not sealed could be cut under its reader, for whom a touch is then SIGBUS.
 */
static void test_a_page_that_could_be_cut(void **state)
{
	static const uint8_t body[4] = { PAGE_HEALTH, 0, 0, 0 };
	struct fixture *f = *state;
	int fd = memfd_create("page", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0 && ftruncate(fd, sizeof *f->edge->health) == 0);
	assert_int_equal(frame_send(f->ends[0], KEEPER_PAGE, 0, view_of(body, sizeof body), &fd, 1),
			 E_OK);
	assert_int_equal(frame_pump(f->ends[1], &setup_table, FRAME_RUN, f->edge, 1), E_PROTO);
	assert_null(f->edge->health);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	assert_int_equal(frame_send(f->ends[0], KEEPER_PAGE, 0, view_of(body, sizeof body), &fd, 1),
			 E_OK);
	assert_int_equal(frame_pump(f->ends[1], &setup_table, FRAME_RUN, f->edge, 1), E_OK);
	assert_non_null(f->edge->health);
	(void)munmap((void *)(uintptr_t)f->edge->health, sizeof *f->edge->health);
	(void)fd_close(fd);
}

/* What is no frame at all. */
static void test_noise(void **state)
{
	struct fixture *f = *state;
	struct rng r = { { 5, 6, 7, 8 } };

	for (unsigned i = 0; i < 20000; i++) {
		uint8_t bytes[64];
		size_t n = 1 + rng_below(&r, sizeof bytes - 1);
		enum err e = E_OK;

		for (size_t at = 0; at < n; at++)
			bytes[at] = (uint8_t)rng_next(&r);
		if (rng_below(&r, 2))
			bytes[0] = FRAME_VERSION;
		assert_int_equal(send(f->ends[0], bytes, n, 0), n);
		e = frame_pump(f->ends[1], rng_below(&r, 2) ? &setup_table : &dial_table,
			       FRAME_BOOT, f->edge, 1);
		assert_true(e == E_PROTO || e == E_DENIED || e == E_OK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_keeper_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dialer_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dialer_answers_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_page_that_could_be_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(test_noise, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
