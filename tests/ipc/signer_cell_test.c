/*
 * Cells at the signer, each taken to be hostile (A20, P3): what a spawner may say, what a cell may
 * ask, how often, and that nothing of one that misbehaves stays behind.
 */
#include "../unit/tls/rig.h"
#include "role/signer/cells.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct scene {
	struct rig *rig;
	int spawner;
	unsigned peers; /* without cells */
};

static int pair(int *ret_theirs)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
	*ret_theirs = fds[0];
	return fds[1];
}

static int setup(void **state)
{
	static const uint64_t server[] = { 1u << RIG_P256 }, client[] = { 0 };
	struct scene *s = calloc(1, sizeof *s);
	int theirs = -1;

	s->rig = rig_new();
	s->rig->signer->cell_scope[1] = (struct keys_scope){ server, client };
	s->spawner = pair(&theirs);
	assert_int_equal(peer_add(s->rig->signer, ROLE_SPAWNER, 0, theirs), E_OK);
	s->peers = s->rig->signer->peer_n;
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;

	close(s->spawner);
	rig_free(s->rig);
	free(s);
	return 0;
}

static void turn(struct scene *s)
{
	for (int i = 0; i < 3; i++)
		assert_int_equal(loop_turn(&s->rig->signer->loop, 0), E_OK);
}

static int introduce(struct scene *s, uint64_t serial)
{
	struct spawner_cell who = { .slot = 5, .serial = serial, .listener = 1, .port = 4711 };
	uint8_t body[64];
	struct wbuf w = wbuf_of(body, sizeof body);
	int theirs = -1, ours = pair(&theirs);

	assert_int_equal(spawner_cell_put(&w, &who), E_OK);
	assert_int_equal(frame_send(s->spawner, SPAWNER_CELL, 0, wbuf_view(&w), &theirs, 1), E_OK);
	close(theirs);
	turn(s);
	return ours;
}

/* A message as TLS 1.3 makes it (RFC 8446 §4.4.3). */
static struct view message(uint8_t *room, size_t cap)
{
	struct wbuf w = wbuf_of(room, cap);

	for (int i = 0; i < 64; i++)
		wbuf_u8(&w, 0x20);
	WBUF_LIT(&w, "TLS 1.3, server CertificateVerify");
	wbuf_u8(&w, 0);
	for (int i = 0; i < 32; i++)
		wbuf_u8(&w, (uint8_t)i);
	return wbuf_view(&w);
}

static void ask(int fd, uint32_t seq)
{
	uint8_t body[600], room[256];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_u32(&w, RIG_P256);
	wbuf_u16(&w, 0x0403);
	wbuf_str16(&w, message(room, sizeof room));
	assert_int_equal(frame_send(fd, EDGE_SIGN, seq, wbuf_view(&w), NULL, 0), E_OK);
}

static uint8_t answer(struct scene *s, int fd)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };

	turn(s);
	return frame_receive(fd, buf, &f) == E_OK ? f.type : 0;
}

static bool is_ended(struct scene *s, int fd)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };

	turn(s);
	return frame_receive(fd, buf, &f) == E_CLOSED;
}

/* A few signatures, then none: a stolen cell can't use the key as if it had it. */
static void test_budget(void **state)
{
	struct scene *s = *state;
	int cell = introduce(s, 1), other = introduce(s, 2);

	for (uint32_t i = 0; i < CELLS_BURST; i++) {
		ask(cell, i);
		assert_int_equal(answer(s, cell), SIGNER_SIGNED);
	}
	for (uint32_t i = 0; i < 20; i++) {
		ask(cell, i);
		assert_int_equal(answer(s, cell), SIGNER_REFUSED);
	}
	ask(other, 1); /* which costs others nothing */
	assert_int_equal(answer(s, other), SIGNER_SIGNED);
	close(cell);
	close(other);
	turn(s);
	assert_int_equal(s->rig->signer->peer_n, s->peers);
}

/* What edges, audit, the authority or the spawner may say, a cell may not; nor with descriptors. */
static void test_a_cell_asks_for_signatures_alone(void **state)
{
	static const uint8_t body[FRAME_BODY_MAX];
	static const uint16_t sizes[] = { 0, 1, 7, 32, 49, 520, 521, 3000 };
	struct scene *s = *state;
	int null = open("/dev/null", O_RDONLY);

	for (unsigned type = 0; type < 256; type++) {
		for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
			int cell = -1;

			if (type == EDGE_SIGN && sizes[i] >= 8 && sizes[i] <= 520)
				continue;
			cell = introduce(s, type * 10 + i + 1);
			assert_int_equal(frame_send(cell, (uint8_t)type, 1, view_of(body, sizes[i]),
						    &null, i & 1),
					 E_OK);
			assert_true(is_ended(s, cell));
			close(cell);
		}
	}
	close(null);
	turn(s);
	assert_int_equal(s->rig->signer->peer_n, s->peers);
}

/* Who breaks the spawner's table loses the channel, not the cells that it has introduced. */
static void test_spawner_s_table(void **state)
{
	static const uint8_t body[64];
	struct scene *s = *state;
	int cell = introduce(s, 1), null = open("/dev/null", O_RDONLY);

	for (unsigned i = 0; i < 5; i++) {
		static const struct {
			uint8_t type;
			uint16_t n;
			uint8_t fds;
		} rows[] = { { SPAWNER_CELL, 32, 0 },
			     { SPAWNER_CELL, 31, 1 },
			     { SPAWNER_CELL, 33, 1 },
			     { SPAWNER_CELL, 32, 2 },
			     { EDGE_SIGN + 1, 32, 1 } };
		int fds[2] = { null, null };

		assert_int_equal(frame_send(s->spawner, rows[i].type, 0, view_of(body, rows[i].n),
					    fds, rows[i].fds),
				 E_OK);
		assert_true(is_ended(s, s->spawner));
		close(s->spawner);
		s->spawner = pair(&fds[0]);
		assert_int_equal(peer_add(s->rig->signer, ROLE_SPAWNER, 0, fds[0]), E_OK);
	}
	ask(cell, 9);
	assert_int_equal(answer(s, cell), SIGNER_SIGNED);
	close(cell);
	close(null);
}

/* A cell that does not read keeps nothing here. */
static void test_a_cell_that_does_not_read(void **state)
{
	struct scene *s = *state;
	int cell = introduce(s, 1);

	for (unsigned i = 0; i < 2000; i++) {
		uint8_t body[8] = { 0 };

		if (frame_send(cell, EDGE_SIGN, i, view_of(body, sizeof body), NULL, 0) != E_OK)
			turn(s);
	}
	turn(s);
	close(cell);
	for (int i = 0; i < 600; i++)
		turn(s);
	assert_int_equal(s->rig->signer->peer_n, s->peers);
}

static void test_thousands(void **state)
{
	static int cells[3000];
	struct scene *s = *state;

	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 3000; i++)
			cells[i] = introduce(s, i + 1);
		assert_int_equal(s->rig->signer->peer_n, s->peers + 3000);
		ask(cells[2999], 1);
		assert_int_equal(answer(s, cells[2999]), SIGNER_SIGNED);
		for (unsigned i = 0; i < 3000; i++)
			close(cells[i]);
		for (int i = 0; i < 20; i++)
			turn(s);
		assert_int_equal(s->rig->signer->peer_n, s->peers);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_budget, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_cell_asks_for_signatures_alone, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_spawner_s_table, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_cell_that_does_not_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_thousands, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
