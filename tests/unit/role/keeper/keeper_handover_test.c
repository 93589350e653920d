/* What one keeper writes for the next is what that one reads; anything else is refused whole. */
#include "tests/ipc/keeper_kit.h"
#include "tests/unit/check.h"

#include "role/keeper/fresh.h"
#include "role/keeper/handover.h"
#include "role/keeper/ring_table.h"
#include "role/keeper/seat.h"
#include "sys/fd.h"
#include "sys/shm.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct keeper *empty(void)
{
	struct keeper *k =
		mmap(NULL, sizeof *k, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(k, MAP_FAILED);
	fresh_init(k);
	return k;
}

static struct keeper *furnished(int *ret_peer)
{
	struct keeper *k = keeper_kit_new();
	struct keeper_child *c = keeper_kit_child(k, ROLE_EDGE, CHILD_RUNNING, ret_peer);
	int fds[2];
	uint32_t id = 0;

	c->index = 5;
	c->generation = 7;
	c->started_wall_s = 1234567;
	snprintf(c->have, sizeof c->have, "uid 5, netns");
	(void)seat_give(seat_of(k, ROLE_EDGE, 5), c);
	seat_of(k, ROLE_EDGE, 5)->restarts = 3;
	k->boot_id = 0xabcdef01;
	k->started_wall_s = 99;
	k->reloads = 4;
	k->image.generation = 7;
	k->listeners[3] = (struct keeper_listener){
		.fd = dup(0), .next_fd = -1, .port = 443, .is_in_image = true
	};
	k->listeners[3].ip.b[15] = 1;
	CHECK_OK(ring_table_new(k, ROLE_EDGE, 5, &id, fds));
	ring_table_end(k, id);
	return k;
}

static void test_round_trip(void **state)
{
	int peer = -1, fd = -1;
	struct keeper *a = furnished(&peer), *b = empty();
	const struct keeper_child *c = &b->children[0];

	(void)state;
	CHECK_OK(handover_write(a, &fd));
	CHECK_OK(handover_read(b, fd));
	assert_int_equal(b->boot_id, 0xabcdef01);
	assert_int_equal(b->started_wall_s, 99);
	assert_int_equal(b->reloads, 4);
	assert_int_equal(b->last_ring_id, a->last_ring_id);
	assert_int_equal(b->image.generation, 7);
	assert_int_equal(c->role, ROLE_EDGE);
	assert_int_equal(c->index, 5);
	assert_int_equal(c->pid, a->children[0].pid);
	assert_int_equal(c->channel.fd, a->children[0].channel.fd);
	assert_int_equal(c->pidfd.fd, a->children[0].pidfd.fd);
	assert_string_equal(c->have, "uid 5, netns");
	assert_ptr_equal(seat_of(b, ROLE_EDGE, 5)->child, c);
	assert_int_equal(seat_of(b, ROLE_EDGE, 5)->restarts, 3);
	assert_int_equal(b->listeners[3].fd, a->listeners[3].fd);
	assert_int_equal(b->listeners[3].port, 443);
	assert_true(ip_eq(&b->listeners[3].ip, &a->listeners[3].ip));
	assert_int_equal(b->listeners[4].fd, -1);
	assert_int_equal(b->rings[0].id, a->rings[0].id);
	assert_true(b->rings[0].has_ended);
	assert_int_equal(b->rings[0].data_ro, a->rings[0].data_ro);
	close(fd);
	close(peer);
	keeper_kit_free(a);
}

/* Every place of the file once with another byte, and cut anywhere: refused or read, never worse.
 */
static void test_mutations(void **state)
{
	int peer = -1, fd = -1;
	struct keeper *a = furnished(&peer), *b = empty();
	void *p = NULL;
	size_t n = 0;
	uint8_t *bytes = NULL;

	(void)state;
	CHECK_OK(handover_write(a, &fd));
	CHECK_OK(shm_map(fd, true, &p, &n));
	bytes = p;
	bytes[3] ^= 0xff; /* another version */
	assert_int_equal(handover_read(b, fd), E_PROTO);
	bytes[3] ^= 0xff;
	for (size_t i = 0; i < 16384; i += 7) {
		uint8_t old = bytes[i];
		enum err e = E_OK;

		bytes[i] ^= 0x81;
		memset(b, 0, sizeof *b);
		fresh_init(b);
		e = handover_read(b, fd);
		assert_true(e == E_OK || e == E_PROTO || e == E_SHORT);
		bytes[i] = old;
	}
	shm_unmap(p, n);
	close(fd);
	close(peer);
	keeper_kit_free(a);
}

/* Half done work is not handed over: a child at its birth makes the next keeper refuse. */
static void test_starting_child_is_refused(void **state)
{
	int peer = -1, fd = -1;
	struct keeper *a = furnished(&peer), *b = empty();

	(void)state;
	a->children[0].state = CHILD_STARTING;
	CHECK_OK(handover_write(a, &fd));
	assert_int_equal(handover_read(b, fd), E_PROTO);
	close(fd);
	close(peer);
	keeper_kit_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_starting_child_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
