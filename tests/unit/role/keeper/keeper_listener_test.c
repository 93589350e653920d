/* Listening sockets over changes: kept, moved, added, removed; and what can't be had is refused
 * without a trace. */
#include "tests/ipc/keeper_kit.h"
#include "tests/unit/check.h"

#include "role/keeper/listener.h"
#include "sys/fd.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORTS = 4 };

/* An image of listeners only, as much of one as the keeper's listener code looks at. */
struct small_image {
	struct image_header header;
	struct image_listener listener[PORTS];
	char names[64];
};

struct scene {
	struct keeper *k;
	struct small_image file;
	struct image image;
	uint16_t port[PORTS]; /* free ones */
};

static uint16_t free_port(int *ret_fd)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof at;

	*ret_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(*ret_fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(getsockname(*ret_fd, (struct sockaddr *)&at, &n), 0);
	return ntohs(at.sin_port);
}

static void set(struct scene *s, unsigned i, uint16_t slot, uint16_t port)
{
	struct image_listener *l = &s->file.listener[i];

	*l = (struct image_listener){ .slot = slot,
				      .address = { .kind = IMAGE_ADDRESS_IP, .port = port } };
	assert_int_equal(ip_parse(VIEW("127.0.0.1"), &l->address.ip), E_OK);
}

static int setup(void **state)
{
	static struct scene s;
	int fds[PORTS];

	memset(&s, 0, sizeof s);
	s.k = keeper_kit_new();
	for (unsigned i = 0; i < PORTS; i++)
		s.port[i] = free_port(&fds[i]);
	for (unsigned i = 0; i < PORTS; i++)
		fd_close(fds[i]);
	s.image.header = &s.file.header;
	s.file.header.section[IMAGE_LISTENER].at = offsetof(struct small_image, listener);
	s.file.header.section[IMAGE_BYTES].at = offsetof(struct small_image, names);
	*state = &s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;

	for (unsigned i = 0; i < KEEPER_LISTENERS; i++)
		fd_close(s->k->listeners[i].fd);
	keeper_kit_free(s->k);
	return 0;
}

static void use(struct scene *s, uint32_t n)
{
	s->file.header.section[IMAGE_LISTENER].n = n;
	CHECK_OK(listener_prepare(s->k, &s->image));
	listener_commit(s->k);
	listener_sweep(s->k);
}

static bool accepts(uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	AUTO_FD fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return connect(fd, (struct sockaddr *)&at, sizeof at) == 0;
}

static void test_kept_added_removed(void **state)
{
	struct scene *s = *state;
	int first = -1;

	set(s, 0, 0, s->port[0]);
	set(s, 1, 1, s->port[1]);
	use(s, 2);
	assert_true(accepts(s->port[0]) && accepts(s->port[1]));
	first = s->k->listeners[0].fd;
	set(s, 1, 2, s->port[2]);
	use(s, 2);
	assert_int_equal(s->k->listeners[0].fd, first); /* the same socket: its queue lives on */
	assert_true(accepts(s->port[0]) && accepts(s->port[2]));
	assert_false(accepts(s->port[1]));
	assert_int_equal(s->k->listeners[1].fd, -1);
}

/* A listener that is renamed gets another slot: its socket moves, nothing is refused meanwhile. */
static void test_address_moves_to_another_slot(void **state)
{
	struct scene *s = *state;

	set(s, 0, 0, s->port[0]);
	use(s, 1);
	set(s, 0, 7, s->port[0]);
	s->file.header.section[IMAGE_LISTENER].n = 1;
	CHECK_OK(listener_prepare(s->k, &s->image));
	assert_true(accepts(s->port[0]));
	listener_commit(s->k);
	assert_true(s->k->listeners[7].is_new);
	listener_sweep(s->k);
	assert_true(accepts(s->port[0]));
	assert_int_equal(s->k->listeners[0].fd, -1);
}

/* Two listeners exchange their addresses, in their slots. */
static void test_exchange(void **state)
{
	struct scene *s = *state;

	set(s, 0, 0, s->port[0]);
	set(s, 1, 1, s->port[1]);
	use(s, 2);
	set(s, 0, 0, s->port[1]);
	set(s, 1, 1, s->port[0]);
	use(s, 2);
	assert_int_equal(s->k->listeners[0].port, s->port[1]);
	assert_true(accepts(s->port[0]) && accepts(s->port[1]));
}

static void test_port_in_use(void **state)
{
	struct scene *s = *state;
	int other = -1, before = -1, after = -1;
	uint16_t taken = free_port(&other);

	assert_int_equal(listen(other, 1), 0);
	set(s, 0, 0, s->port[0]);
	use(s, 1);
	before = dup(0);
	fd_close(before);
	set(s, 0, 0, s->port[1]); /* could be had, but the next one can't */
	set(s, 1, 1, taken);
	s->file.header.section[IMAGE_LISTENER].n = 2;
	assert_int_equal(listener_prepare(s->k, &s->image), E_DENIED);
	after = dup(0);
	fd_close(after);
	assert_int_equal(after, before);
	assert_true(accepts(s->port[0]));
	assert_false(accepts(s->port[1]));
	fd_close(other);
}

static void test_name_is_refused(void **state)
{
	struct scene *s = *state;

	set(s, 0, 0, s->port[0]);
	s->file.listener[0].address.kind = IMAGE_ADDRESS_NAME;
	s->file.header.section[IMAGE_LISTENER].n = 1;
	assert_int_equal(listener_prepare(s->k, &s->image), E_DENIED);
}

static void test_metrics(void **state)
{
	struct scene *s = *state;

	set(s, 0, 0, s->port[0]);
	s->file.header.metrics = s->file.listener[0].address;
	s->file.header.metrics.port = s->port[3];
	use(s, 1);
	assert_true(accepts(s->port[3]));
	s->file.header.metrics.kind = 0;
	use(s, 1);
	assert_false(accepts(s->port[3]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kept_added_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_address_moves_to_another_slot, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_exchange, setup, teardown),
		cmocka_unit_test_setup_teardown(test_port_in_use, setup, teardown),
		cmocka_unit_test_setup_teardown(test_name_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_metrics, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
