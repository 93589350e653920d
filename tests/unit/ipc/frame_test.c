/* Frames that come with descriptors which the receiver has no room for, and neighbours that would
 * like it to look like that (A20). */
#include "tests/unit/check.h"

#include "ipc/frame.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FRAME_TEST_FDS = 6, FRAME_TEST_LENIENT = 1, FRAME_TEST_STRICT = 2 };

struct frame_test {
	int here, there;
	unsigned calls, shorts, fds;
};

static enum err on_frame(void *role, struct frame *f)
{
	struct frame_test *t = role;

	t->calls++;
	t->shorts += f->is_short;
	t->fds += f->fd_n;
	return E_OK;
}

static const struct frame_def defs[] = {
	{ FRAME_TEST_LENIENT, 1, FRAME_RUN | FRAME_SHORT, 0, 0, on_frame },
	{ FRAME_TEST_STRICT, 1, FRAME_RUN, 0, 0, on_frame },
};

static const struct frame_table table = { defs, sizeof defs / sizeof defs[0] };

static void open_pair(struct frame_test *t)
{
	int pair[2] = { -1, -1 };

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	*t = (struct frame_test){ .here = pair[0], .there = pair[1] };
}

static void close_pair(struct frame_test *t)
{
	(void)fd_close(t->here);
	(void)fd_close(t->there);
}

/* From here on nothing can be opened. ret: what it was */
static void fill_table(struct rlimit *ret)
{
	struct rlimit none = { 0 };
	int next = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);

	assert_true(next >= 0);
	(void)close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, ret), 0);
	none = *ret;
	none.rlim_cur = (rlim_t)next;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
}

static void send_one(struct frame_test *t, uint8_t type)
{
	int fd = STDIN_FILENO;

	CHECK_OK(frame_send(t->there, type, 7, (struct view){ 0 }, &fd, 1));
}

static void test_no_room(void **state)
{
	struct frame_test t = { 0 };
	struct rlimit was = { 0 };
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };

	(void)state;
	open_pair(&t);
	fill_table(&was);
	send_one(&t, FRAME_TEST_STRICT);
	assert_int_equal(frame_receive(t.here, buf, &f), E_NOMEM);
	send_one(&t, FRAME_TEST_LENIENT);
	CHECK_OK(frame_receive_short(t.here, buf, &f));
	assert_true(f.is_short && f.fd_n == 0 && f.seq == 7 && f.type == FRAME_TEST_LENIENT);
	frame_done(&f);

	send_one(&t, FRAME_TEST_LENIENT);
	assert_int_equal(frame_pump(t.here, &table, FRAME_RUN, &t, 8), E_AGAIN);
	assert_true(t.calls == 1 && t.shorts == 1 && t.fds == 0);
	send_one(&t, FRAME_TEST_STRICT);
	assert_int_equal(frame_pump(t.here, &table, FRAME_RUN, &t, 8), E_DENIED);

	/* With room again it is as ever */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	send_one(&t, FRAME_TEST_LENIENT);
	assert_int_equal(frame_pump(t.here, &table, FRAME_RUN, &t, 8), E_AGAIN);
	assert_true(t.calls == 2 && t.shorts == 1 && t.fds == 1);
	close_pair(&t);
}

/* So many descriptors beside a header that says said. */
static void send_raw(const struct frame_test *t, unsigned said, unsigned n)
{
	uint8_t header[FRAME_HEADER] = { FRAME_VERSION, FRAME_TEST_LENIENT, 0, (uint8_t)said };
	union {
		char bytes[CMSG_SPACE(FRAME_TEST_FDS * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { header, sizeof header };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control.bytes,
			    .msg_controllen = CMSG_SPACE(n * sizeof(int)) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	int *at = (int *)(void *)CMSG_DATA(h);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(n * sizeof(int));
	for (unsigned i = 0; i < n; i++)
		at[i] = STDIN_FILENO;
	assert_int_equal(sendmsg(t->there, &m, MSG_NOSIGNAL), sizeof header);
}

static void test_neighbours_that_pretend(void **state)
{
	static const struct {
		unsigned said, n;
	} rows[] = { { 5, 5 }, { 1, 5 }, { 1, 6 }, { 2, 1 }, { 0, 1 } };
	struct frame_test t = { 0 };
	uint8_t buf[FRAME_MAX];
	int before = -1, after = -1;

	(void)state;
	open_pair(&t);
	before = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	(void)close(before);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct frame f = { 0 };

		send_raw(&t, rows[i].said, rows[i].n);
		assert_int_equal(frame_receive_short(t.here, buf, &f), E_PROTO);
	}
	after = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	(void)close(after);
	assert_int_equal(after, before); /* none of them is kept */
	close_pair(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_neighbours_that_pretend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
