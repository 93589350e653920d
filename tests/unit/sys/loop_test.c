/* sys/loop.c: an event finds the source that it is of, or nothing (I-5). */
#include "sys/loop.h"

#include "tests/unit/check.h"

#include <sys/eventfd.h>
#include <unistd.h>

enum { SOURCES = 2 };

struct test {
	struct loop loop;
	struct loop_source source[SOURCES];
	int fresh_fd;
	unsigned handled, wrong;
};

static int event(unsigned n)
{
	int fd = eventfd(n, EFD_NONBLOCK | EFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* Whoever is first closes the other, and somebody else moves into its memory at once, whose own
 * descriptor has no event. */
static void on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct test *t = owner;
	struct loop_source *other = &t->source[source == &t->source[0]];

	(void)events;
	t->handled++;
	t->wrong += source->fd == t->fresh_fd;
	if (t->handled > 1)
		return;
	(void)close(loop_remove(&t->loop, other));
	*other = (struct loop_source){ .fd = t->fresh_fd };
	assert_int_equal(loop_add(&t->loop, other, EPOLLIN), E_OK);
}

static loop_handler *const handlers[] = { on_event };

static void test_event_of_who_was_there_before(void **state)
{
	struct test t = { .fresh_fd = event(0) };

	(void)state;
	assert_int_equal(loop_init(&t.loop, &t, handlers, 1), E_OK);
	for (unsigned i = 0; i < SOURCES; i++) {
		t.source[i] = (struct loop_source){ .fd = event(1) };
		assert_int_equal(loop_add(&t.loop, &t.source[i], EPOLLIN | EPOLLET), E_OK);
	}
	assert_int_equal(loop_turn(&t.loop, 10000), E_OK);
	assert_int_equal(t.handled, 1);
	assert_int_equal(t.wrong, 0);
	/* its own events it gets, also after a change of what it waits for */
	assert_int_equal(eventfd_write(t.fresh_fd, 1), 0);
	for (unsigned i = 0; i < SOURCES; i++)
		if (t.source[i].fd == t.fresh_fd)
			assert_int_equal(loop_change(&t.loop, &t.source[i], EPOLLIN | EPOLLET),
					 E_OK);
	assert_int_equal(loop_turn(&t.loop, 10000), E_OK);
	assert_int_equal(t.wrong, 1);
	loop_done(&t.loop);
}

static void test_numbers_come_round(void **state)
{
	struct test t = { .fresh_fd = -1 };

	(void)state;
	assert_int_equal(loop_init(&t.loop, &t, handlers, 1), E_OK);
	t.loop.serial = UINT16_MAX;
	t.source[0] = (struct loop_source){ .fd = event(0) };
	assert_int_equal(loop_add(&t.loop, &t.source[0], EPOLLIN), E_OK);
	assert_int_equal(t.source[0].serial, 1); /* never 0: that is who was never added */
	loop_close(&t.source[0]);
	loop_done(&t.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_event_of_who_was_there_before),
					    cmocka_unit_test(test_numbers_come_round) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
