/*
 * Records of cells (P9, A20): what a cell says is in the log under its own name and its client's
 * address, whatever it claims; what was handed over is not lost when audit is killed.
 */
#include "ipc/record.h"
#include "ipc/spawner.h"
#include "sys/fd.h"
#include "tests/unit/role/audit_rig.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct scene {
	struct audit_rig rig;
	int spawner;
};

static void attach(struct scene *s)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
	assert_int_equal(cells_attach(s->rig.a, fds[0]), E_OK);
	s->spawner = fds[1];
}

static int setup(void **state)
{
	struct scene *s = calloc(1, sizeof *s);

	audit_rig_open(&s->rig);
	audit_rig_boot(&s->rig, 7);
	assert_int_equal(audit_rig_start(&s->rig), E_OK);
	attach(s);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;

	close(s->spawner);
	audit_rig_close(&s->rig);
	free(s);
	return 0;
}

static void turns(struct scene *s)
{
	for (int i = 0; i < 4; i++)
		audit_rig_turn(&s->rig, false);
}

static void introduce(struct scene *s, uint32_t slot, int theirs)
{
	struct spawner_cell who = { .slot = slot, .serial = slot + 1, .port = 4711 };
	uint8_t body[64];
	struct wbuf w = wbuf_of(body, sizeof body);

	assert_int_equal(ip_parse(VIEW("192.0.2.77"), &who.ip), E_OK);
	assert_int_equal(spawner_cell_put(&w, &who), E_OK);
	assert_int_equal(frame_send(s->spawner, SPAWNER_CELL, 0, wbuf_view(&w), &theirs, 1), E_OK);
	turns(s);
}

static int cell(struct scene *s, uint32_t slot, int *ret_theirs)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
	introduce(s, slot, fds[0]);
	*ret_theirs = fds[0];
	return fds[1];
}

static void hand_over(int fd, const char *object)
{
	uint8_t body[512];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct record_event e = { .kind = RECORD_EVENT,
				  .wall_us = 1700000000000000,
				  .action = VIEW("test.cell"),
				  .object = view_str(object),
				  .result = VIEW("ok"),
				  .origin = VIEW("203.0.113.9:1") };

	record_put_event(&w, &e);
	assert_int_equal(send(fd, w.p, w.n, 0), w.n);
}

static void whose_record_it_is(void **state)
{
	struct scene *s = *state;
	int theirs = -1, fd = cell(s, 17, &theirs);

	hand_over(fd, "one");
	hand_over(fd, "two");
	turns(s);
	assert_int_equal(audit_rig_count(&s->rig, "\"object\":\"one\""), 1);
	assert_int_equal(audit_rig_count(&s->rig, "\"object\":\"two\""), 1);
	assert_int_equal(audit_rig_count(&s->rig, "\"writer\":\"cell[17]\""), 2);
	assert_int_equal(audit_rig_count(&s->rig, "192.0.2.77:4711"), 2);
	assert_int_equal(audit_rig_count(&s->rig, "203.0.113.9"), 0);
	close(fd);
	close(theirs);
}

/* What it said before it ended counts. */
static void the_last_words_of_a_cell(void **state)
{
	struct scene *s = *state;
	int theirs = -1, fd = cell(s, 3, &theirs);

	close(theirs);
	for (int i = 0; i < 50; i++)
		hand_over(fd, "last");
	close(fd);
	for (int i = 0; i < 20; i++)
		turns(s);
	assert_int_equal(audit_rig_count(&s->rig, "\"object\":\"last\""), 50);
	assert_int_equal(s->rig.a->cells.n, 0);
}

/* P11: the spawner keeps the same end and gives it to the next audit. */
static void nothing_is_lost_with_audit(void **state)
{
	struct scene *s = *state;
	int theirs = -1, fd = cell(s, 3, &theirs);

	hand_over(fd, "before");
	turns(s);
	audit_rig_kill(&s->rig);
	for (int i = 0; i < 5; i++)
		hand_over(fd, "meanwhile");
	close(s->spawner);
	audit_rig_boot(&s->rig, 7);
	assert_int_equal(audit_rig_start(&s->rig), E_OK);
	attach(s);
	introduce(s, 3, theirs);
	turns(s);
	assert_int_equal(audit_rig_count(&s->rig, "\"object\":\"before\""), 1);
	assert_int_equal(audit_rig_count(&s->rig, "\"object\":\"meanwhile\""), 5);
	close(fd);
	close(theirs);
}

static void what_is_no_record(void **state)
{
	static const char long_one[RING_RECORD_MAX + 1] = { 1 };
	static const struct {
		const char *p;
		size_t n;
	} rows[] = { { "x", 1 }, { "\1\1\0\0\0\0\0\0\0\1", 10 }, { long_one, sizeof long_one } };
	struct scene *s = *state;
	int theirs = -1, other = cell(s, 4, &theirs), null = open("/dev/null", O_RDONLY);

	close(theirs);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int fd = cell(s, 3, &theirs);

		close(theirs);
		assert_int_equal(send(fd, rows[i].p, rows[i].n, 0), rows[i].n);
		turns(s);
		assert_int_equal(audit_rig_count(&s->rig, "\"action\":\"ipc.violation\""), i + 1);
		assert_int_equal(send(fd, "x", 1, MSG_NOSIGNAL), -1); /* it is not heard any more */
		close(fd);
	}
	hand_over(other, "fine"); /* and the others are */
	turns(s);
	assert_int_equal(audit_rig_count(&s->rig, "\"object\":\"fine\""), 1);
	close(other);
	close(null);
}

static void a_spawner_that_says_something_else(void **state)
{
	static const uint8_t body[64];
	struct scene *s = *state;
	int null = open("/dev/null", O_RDONLY), theirs = -1, fd = cell(s, 9, &theirs);

	assert_int_equal(frame_send(s->spawner, SPAWNER_CELL, 0, view_of(body, 31), &null, 1),
			 E_OK);
	turns(s);
	assert_int_equal(send(s->spawner, "x", 1, MSG_NOSIGNAL), -1);
	hand_over(fd, "still heard");
	turns(s);
	assert_int_equal(audit_rig_count(&s->rig, "\"object\":\"still heard\""), 1);
	close(fd);
	close(theirs);
	close(null);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(whose_record_it_is),
		T(the_last_words_of_a_cell),
		T(nothing_is_lost_with_audit),
		T(what_is_no_record),
		T(a_spawner_that_says_something_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
