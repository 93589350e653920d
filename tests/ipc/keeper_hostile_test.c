/*
 * The keeper's dispatchers against roles and commands that have been taken over (A20): every type,
 * phase, length and number of descriptors that the tables do not have, from every role; and who
 * floods, or does not read.
 */
#include "tests/ipc/keeper_kit.h"
#include "tests/unit/check.h"

#include "ipc/keeper_role.h"
#include "ipc/pages.h"
#include "role/keeper/change.h"
#include "role/keeper/child.h"
#include "role/keeper/control.h"
#include "role/keeper/freeze.h"
#include "role/keeper/hear.h"
#include "role/keeper/post.h"
#include "role/keeper/ring_table.h"
#include "role/keeper/seat.h"
#include "sys/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static unsigned open_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* What a well-behaved role may say: written down once more, so that a change of the table that
 * lets more through is seen. */
struct allowed {
	uint8_t type;
	unsigned fds;
	bool in_boot, in_run;
	size_t min, max;
};

static const struct allowed role_allowed[] = {
	{ ROLE_READY, 0, true, false, 4, FRAME_BODY_MAX },
	{ ROLE_FAILED, 0, true, true, 2, FRAME_BODY_MAX },
	{ ROLE_SWAPPED, 0, false, true, 4, 4 },
	{ ROLE_DIAGNOSTIC, 0, true, true, 3, FRAME_BODY_MAX },
	{ ROLE_IMAGE, 1, true, true, 4, 4 },
	{ ROLE_RING_DONE, 0, false, true, 4, 4 },
	{ ROLE_DRAINING, 0, false, true, 4, 4 },
	{ ROLE_DOCUMENT, 1, false, true, 1, 1 },
	{ ROLE_CACHE_PURGED, 0, false, true, 16, 16 },
	{ ROLE_LEAKS, 0, false, true, 1, 1 },
	{ ROLE_RESEALED, 0, true, false, 0, 0 },
};

static const struct allowed control_allowed[] = {
	{ TOOL_STATUS, 0, false, true, 0, 0 },
	{ TOOL_RELOAD, 0, false, true, 0, TOOL_REASON_MAX + 2 },
	{ TOOL_UPGRADE, 0, false, true, 0, 0 },
	{ TOOL_SERVER_STATE, 0, false, true, 9, 9 },
	{ TOOL_CHANGE, 1, false, true, 5, TOOL_REASON_MAX + 7 },
	{ TOOL_DOCUMENT, 0, false, true, 0, 0 },
	{ TOOL_AUTHORITY, 0, false, true, 0, 0 },
	{ TOOL_CACHE_PURGE, 0, false, true, 3, TOOL_PATTERN_MAX + 3 },
	{ TOOL_EVIDENCE_SIGNER, 0, false, true, 0, 0 },
	{ TOOL_EVIDENCE_NOTE, 0, false, true, 69, 469 },
	{ TOOL_RELEASE, 0, false, true, 4, 4 },
	{ TOOL_ROTATE, 0, false, true, 2, TOOL_ROTATE_ITEM_MAX + TOOL_ROTATE_DETAIL_MAX + 5 },
	{ TOOL_DRILL, 0, false, true, 3, TOOL_REASON_MAX + 3 },
};

static bool is_allowed(const struct allowed *rows, size_t n, uint8_t type, unsigned fds,
		       bool in_boot, size_t bytes)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].type == type)
			return rows[i].fds == fds && bytes >= rows[i].min && bytes <= rows[i].max &&
			       (in_boot ? rows[i].in_boot : rows[i].in_run);
	return false;
}

static enum err no_on(void *role, struct frame *f)
{
	(void)role;
	(void)f;
	return E_OK;
}

/* Every type x phase x length x descriptors: the tables let through what is written above. */
static void check_table(const struct frame_table *t, const struct allowed *rows, size_t n)
{
	static const size_t lengths[] = { 0, 1, 2, 3, 4, 5, 8, 9, 10, 16, 17, 100, FRAME_BODY_MAX };
	struct frame_def defs[16];
	struct frame_table probe = { defs, t->n };
	static uint8_t body[FRAME_BODY_MAX];

	assert_true(t->n <= 16);
	for (size_t i = 0; i < t->n; i++) {
		defs[i] = t->defs[i];
		defs[i].on = no_on;
	}
	for (unsigned type = 0; type < 256; type++)
		for (size_t l = 0; l < COUNT_OF(lengths); l++)
			for (unsigned fds = 0; fds <= 2; fds++)
				for (int boot = 0; boot < 2; boot++) {
					struct frame f = { .type = (uint8_t)type,
							   .body = view_of(body, lengths[l]),
							   .fds = { -1, -1 },
							   .fd_n = fds };
					enum err e = frame_dispatch(
						&probe, boot ? FRAME_BOOT : FRAME_RUN, NULL, &f);

					assert_int_equal(e == E_OK,
							 is_allowed(rows, n, (uint8_t)type, fds,
								    boot, lengths[l]));
				}
}

static void test_role_table(void **state)
{
	(void)state;
	check_table(&hear_table, role_allowed, COUNT_OF(role_allowed));
}

static void test_control_table(void **state)
{
	(void)state;
	check_table(&control_table, control_allowed, COUNT_OF(control_allowed));
}

/* Sends one frame as that role in that state; true when the keeper goes on with it. */
static bool role_says(enum role role, enum keeper_child_state state, uint8_t type, struct view body,
		      bool with_fd)
{
	struct keeper *k = keeper_kit_new();
	int peer = -1, null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct keeper_child *c = keeper_kit_child(k, role, state, &peer);
	unsigned before = open_descriptors();
	bool lives = false;

	assert_int_equal(frame_send(peer, type, 0, body, &null, with_fd), E_OK);
	keeper_kit_turn(k);
	lives = c->state != CHILD_FREE;
	if (lives)
		assert_int_equal(open_descriptors(), before); /* stray descriptors are closed */
	close(peer);
	close(null);
	keeper_kit_free(k);
	return lives;
}

static struct view number(uint8_t at[4], uint32_t n)
{
	struct wbuf w = wbuf_of(at, 4);

	wbuf_u32(&w, n);
	return wbuf_view(&w);
}

/* What the table lets through, but not from this role, or not now: the role is ended. */
static void test_wrong_role(void **state)
{
	uint8_t n[4];
	static const enum role roles[] = { ROLE_CONFIG, ROLE_SIGNER, ROLE_EDGE,
					   ROLE_DIALER, ROLE_AUDIT,  ROLE_CONSOLE };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(roles); i++) {
		enum role r = roles[i];

		assert_int_equal(role_says(r, CHILD_RUNNING, ROLE_DRAINING, number(n, 3), false),
				 r == ROLE_EDGE);
		assert_false(role_says(r, CHILD_RUNNING, ROLE_SWAPPED, number(n, 3), false));
		assert_false(role_says(r, CHILD_RUNNING, ROLE_RING_DONE, number(n, 3), false));
		assert_false(role_says(r, CHILD_STARTING, ROLE_IMAGE, number(n, 3), true));
		/* /dev/null is no sealed memory file, whoever says so */
		assert_false(role_says(r, CHILD_RUNNING, ROLE_DOCUMENT, VIEW("\4"), true));
		assert_int_equal(
			role_says(r, CHILD_STARTING, ROLE_DIAGNOSTIC, VIEW("\1\0\1x"), false),
			r == ROLE_CONFIG);
	}
}

static void test_malformed_bodies(void **state)
{
	(void)state;
	/* nobody has asked for another key of the store, and nobody but the authority has it */
	assert_false(role_says(ROLE_AUTHORITY, CHILD_STARTING, ROLE_RESEALED, VIEW(""), false));
	assert_false(role_says(ROLE_EDGE, CHILD_STARTING, ROLE_RESEALED, VIEW(""), false));
	assert_true(role_says(ROLE_EDGE, CHILD_STARTING, ROLE_READY, VIEW("\0\1a\0\0"), false));
	/* a length past the end, a tail behind the end */
	assert_false(role_says(ROLE_EDGE, CHILD_STARTING, ROLE_READY, VIEW("\0\7a\0\0"), false));
	assert_false(role_says(ROLE_EDGE, CHILD_STARTING, ROLE_READY, VIEW("\0\1a\0\0x"), false));
	assert_false(role_says(ROLE_EDGE, CHILD_STARTING, ROLE_FAILED, VIEW("\377\377a"), false));
	assert_false(
		role_says(ROLE_CONFIG, CHILD_STARTING, ROLE_DIAGNOSTIC, VIEW("\1\0\2x"), false));
	assert_false(
		role_says(ROLE_CONFIG, CHILD_STARTING, ROLE_DIAGNOSTIC, VIEW("\7\0\1x"), false));
	/* READY twice: boot messages are gone after the first */
	assert_false(role_says(ROLE_EDGE, CHILD_RUNNING, ROLE_READY, VIEW("\0\1a\0\0"), false));
}

/* Longer than the keeper's fields, with bytes for a terminal: kept short, never overrun. */
static void test_long_texts(void **state)
{
	struct keeper *k = keeper_kit_new();
	uint8_t body[FRAME_BODY_MAX], text[2000];
	struct wbuf w = wbuf_of(body, sizeof body);
	int peer = -1;
	struct keeper_child *c = keeper_kit_child(k, ROLE_EDGE, CHILD_STARTING, &peer);

	(void)state;
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (uint8_t)(i * 7);
	wbuf_str16(&w, view_of(text, sizeof text));
	wbuf_str16(&w, view_of(text, sizeof text));
	assert_int_equal(frame_send(peer, ROLE_READY, 0, wbuf_view(&w), NULL, 0), E_OK);
	keeper_kit_turn(k);
	assert_int_equal(c->state, CHILD_RUNNING);
	assert_true(view_str(c->have).n < sizeof c->have);
	assert_true(view_str(c->weaker).n < sizeof c->weaker);
	close(peer);
	keeper_kit_free(k);
}

static void test_raw_packets(void **state)
{
	static const char *const packets[] = { "", "x", "\1\1\0\0\0\0\0",
					       "\2\1\0\0\0\0\0\0\0\0\0\0",
					       "\1\1\0\1\0\0\0\0\0\0\0\0" };
	static const size_t lengths[] = { 0, 1, 7, 12, 12 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(packets); i++) {
		struct keeper *k = keeper_kit_new();
		int peer = -1;
		struct keeper_child *c = keeper_kit_child(k, ROLE_SIGNER, CHILD_STARTING, &peer);

		assert_int_equal(send(peer, packets[i], lengths[i], 0), (ssize_t)lengths[i]);
		keeper_kit_turn(k);
		if (lengths[i])
			assert_int_equal(c->state, CHILD_FREE);
		close(peer);
		keeper_kit_free(k);
	}
}

/* An empty packet looks like the end of the channel; then the process gets a moment and is ended.
 */
static void test_closed_channel_ends_the_process(void **state)
{
	struct keeper *k = keeper_kit_new();
	int peer = -1;
	struct keeper_child *c = keeper_kit_child(k, ROLE_DIALER, CHILD_RUNNING, &peer);

	(void)state;
	close(peer);
	keeper_kit_turn(k);
	assert_int_equal(c->state, CHILD_RUNNING);
	assert_int_equal(c->channel.fd, -1);
	assert_true(c->deadline_ms > 0);
	k->loop.now_ms = c->deadline_ms;
	(void)child_tick(k);
	keeper_kit_turn(k);
	assert_int_equal(c->state, CHILD_FREE);
	keeper_kit_free(k);
}

static void test_ring_done(void **state)
{
	struct keeper *k = keeper_kit_new();
	int peer = -1, fds[2];
	uint32_t id = 0;
	uint8_t n[4];
	struct keeper_child *c = keeper_kit_child(k, ROLE_AUDIT, CHILD_RUNNING, &peer);

	(void)state;
	assert_int_equal(ring_table_new(k, ROLE_EDGE, 0, &id, fds), E_OK);
	ring_table_end(k, id);
	assert_int_equal(frame_send(peer, ROLE_RING_DONE, 0, number(n, id), NULL, 0), E_OK);
	keeper_kit_turn(k);
	assert_int_equal(c->state, CHILD_RUNNING);
	/* a ring whose writer lives is not audit's to give up, nor one that is gone */
	assert_int_equal(ring_table_new(k, ROLE_EDGE, 0, &id, fds), E_OK);
	assert_int_equal(frame_send(peer, ROLE_RING_DONE, 0, number(n, id), NULL, 0), E_OK);
	keeper_kit_turn(k);
	assert_int_equal(c->state, CHILD_FREE);
	close(peer);
	keeper_kit_free(k);
}

/* A role that does not read: messages wait, in order, and come when it reads again. */
static void test_role_that_does_not_read(void **state)
{
	struct keeper *k = keeper_kit_new();
	int peer = -1;
	struct keeper_child *c = keeper_kit_child(k, ROLE_EDGE, CHILD_RUNNING, &peer);
	uint8_t buf[FRAME_MAX], n[4];
	unsigned sent = 0, got = 0;

	(void)state;
	for (; sent < 2000; sent++)
		assert_int_equal(post_simple(c, KEEPER_SWAP, number(n, sent)), E_OK);
	assert_false(list_is_empty(&c->outbox));
	assert_int_equal(fd_set_nonblocking(peer), E_OK);
	while (got < sent) {
		struct frame f = { 0 };
		struct view in = { 0 };
		uint32_t seen = 0;

		if (frame_receive(peer, buf, &f) == E_AGAIN) {
			keeper_kit_turn(k);
			continue;
		}
		in = f.body;
		assert_int_equal(view_u32(&in, &seen), E_OK);
		assert_int_equal(seen, got++);
	}
	keeper_kit_turn(k);
	assert_true(list_is_empty(&c->outbox));
	assert_false(c->has_epollout);
	close(peer);
	keeper_kit_free(k);
}

/* The pool of waiting messages is finite: then the role is given up, and its descriptors closed. */
static void test_full_outbox(void **state)
{
	struct keeper *k = keeper_kit_new();
	int peer = -1;
	struct keeper_child *c = keeper_kit_child(k, ROLE_EDGE, CHILD_RUNNING, &peer);
	uint8_t n[4];
	enum err e = E_OK;
	unsigned sent = 0;

	(void)state;
	while (e == E_OK && sent++ < 3 * KEEPER_PARCELS)
		e = post_simple(c, KEEPER_SWAP, number(n, sent));
	assert_int_equal(e, E_NOMEM);
	for (unsigned i = 0; i < 5; i++) {
		struct post p = { .type = KEEPER_IMAGE, .fd_n = 1, .takes = true };
		unsigned before = open_descriptors();

		p.fds[0] = dup(0);
		assert_int_equal(post_send(c, &p), E_NOMEM);
		assert_int_equal(open_descriptors(), before);
	}
	post_forget(c);
	assert_true(list_is_empty(&c->outbox));
	close(peer);
	keeper_kit_free(k);
}

/* Descriptors that wait are the keeper's own copies: what was borrowed may be closed meanwhile. */
static void test_waiting_descriptors(void **state)
{
	struct keeper *k = keeper_kit_new();
	int peer = -1, pipe_fds[2];
	struct keeper_child *c = keeper_kit_child(k, ROLE_EDGE, CHILD_RUNNING, &peer);
	uint8_t buf[FRAME_MAX], n[4];
	struct post p = { .type = KEEPER_IMAGE, .fd_n = 1 };
	struct frame f = { 0 };
	char byte = 0;

	(void)state;
	while (list_is_empty(&c->outbox))
		assert_int_equal(post_simple(c, KEEPER_SWAP, number(n, 1)), E_OK);
	assert_int_equal(pipe(pipe_fds), 0);
	p.fds[0] = pipe_fds[1];
	assert_int_equal(post_send(c, &p), E_OK);
	close(pipe_fds[1]);
	assert_int_equal(fd_set_nonblocking(peer), E_OK);
	for (unsigned i = 0; i < 5000 && f.type != KEEPER_IMAGE; i++) {
		frame_done(&f);
		if (frame_receive(peer, buf, &f) == E_AGAIN)
			keeper_kit_turn(k);
	}
	assert_int_equal(f.fd_n, 1);
	assert_int_equal(write(f.fds[0], "y", 1), 1);
	assert_int_equal(read(pipe_fds[0], &byte, 1), 1);
	assert_int_equal(byte, 'y');
	frame_done(&f);
	close(pipe_fds[0]);
	close(peer);
	keeper_kit_free(k);
}

/* ---- commands ---- */

static bool command_is_served(uint8_t type, struct view body, bool with_fd)
{
	struct keeper *k = keeper_kit_new();
	int peer = -1, null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct keeper_client *c = keeper_kit_client(k, &peer);
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };
	bool is_served = false;

	assert_non_null(c);
	assert_int_equal(frame_send(peer, type, 0, body, &null, with_fd), E_OK);
	keeper_kit_turn(k);
	is_served = c->source.fd >= 0;
	while (!is_served && frame_receive(peer, buf, &f) == E_OK) {
		is_served = f.type == KEEPER_DONE;
		frame_done(&f);
	}
	close(peer);
	close(null);
	keeper_kit_free(k);
	return is_served;
}

static void test_commands(void **state)
{
	(void)state;
	assert_true(command_is_served(TOOL_STATUS, (struct view){ 0 }, false));
	assert_false(command_is_served(TOOL_STATUS, VIEW("x"), false));
	assert_false(command_is_served(TOOL_STATUS, (struct view){ 0 }, true));
	assert_false(command_is_served(99, (struct view){ 0 }, false));
	/* records of a rotation: act, item, what was seen; and a set of keys that there are */
	assert_true(command_is_served(TOOL_ROTATE, VIEW("\3\0\1a\0\1b"), false));
	assert_false(command_is_served(TOOL_ROTATE, VIEW("\3\0\1a\0\2b"), false));
	assert_false(command_is_served(TOOL_ROTATE, VIEW("\3\0\1a\0\1bx"), false));
	assert_false(command_is_served(TOOL_ROTATE, VIEW("\3\0\1\0\0\1b"), false));
	assert_false(command_is_served(TOOL_ROTATE, VIEW("\0\0\1a\0\1b"), false));
	assert_false(command_is_served(TOOL_ROTATE, VIEW("\7\0\1a\0\1b"), false));
	assert_false(command_is_served(TOOL_ROTATE, VIEW("\377\0\1a\0\1b"), false));
	assert_false(command_is_served(TOOL_ROTATE, VIEW("\1\20"), false));
	assert_false(command_is_served(TOOL_ROTATE, VIEW("\1\1\1"), false));
	/* a reason longer than it may be, with a NUL, cut; a change that is no sealed memory file
	 */
	assert_false(command_is_served(TOOL_RELOAD, VIEW("\0\2x"), false));
	assert_false(command_is_served(TOOL_RELOAD, VIEW("\0\2x\0"), false));
	assert_false(command_is_served(TOOL_CHANGE, VIEW("\1\0\0\0\0"), false));
	assert_false(command_is_served(TOOL_CHANGE, VIEW("\1\0\0\0\0"), true));
	assert_false(command_is_served(TOOL_CHANGE, VIEW("\7\0\0\0\0"), true));
	assert_true(command_is_served(TOOL_DOCUMENT, (struct view){ 0 }, false));
	/* no such server: refused in words; no such state: not understood */
	assert_true(command_is_served(TOOL_SERVER_STATE, VIEW("\0\0\0\1\0\0\0\1\1"), false));
	assert_false(command_is_served(TOOL_SERVER_STATE, VIEW("\0\0\0\1\0\0\0\1\x09"), false));
	assert_false(command_is_served(TOOL_SERVER_STATE, VIEW("\0\0\0\1"), false));
	/* no signer runs: refused in words */
	assert_true(command_is_served(TOOL_EVIDENCE_SIGNER, (struct view){ 0 }, false));
	assert_false(command_is_served(TOOL_EVIDENCE_SIGNER, (struct view){ 0 }, true));
}

/* What, two hashes, which bundle, detail; each as long as said. */
static void test_evidence_notes(void **state)
{
	static const struct {
		uint8_t what;
		size_t bundle, detail, behind;
		bool is_served;
	} rows[] = {
		{ TOOL_EVIDENCE_BEGUN, 34, 0, 0, true },
		{ TOOL_EVIDENCE_COLLECTED, 34, 200, 0, true },
		{ TOOL_EVIDENCE_FAILED, 0, 0, 0, true },
		{ TOOL_EVIDENCE_WAIVED, 200, 200, 0, true },
		{ 0, 34, 0, 0, false },
		{ TOOL_EVIDENCE_NOTES, 34, 0, 0, false },
		{ TOOL_EVIDENCE_BEGUN, 201, 0, 0, false },
		{ TOOL_EVIDENCE_BEGUN, 0, 201, 0, false },
		{ TOOL_EVIDENCE_BEGUN, 0, 0, 1, false },
	};
	static const uint8_t text[300];
	uint8_t body[600];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct wbuf w = wbuf_of(body, sizeof body);

		wbuf_u8(&w, rows[i].what);
		wbuf_put(&w, text, 64);
		wbuf_str16(&w, view_of(text, rows[i].bundle));
		wbuf_str16(&w, view_of(text, rows[i].detail));
		wbuf_put(&w, text, rows[i].behind);
		assert_int_equal(command_is_served(TOOL_EVIDENCE_NOTE, wbuf_view(&w), false),
				 rows[i].is_served);
		w.n -= 1; /* cut short */
		assert_false(command_is_served(TOOL_EVIDENCE_NOTE, wbuf_view(&w), false) &&
			     rows[i].behind == 0);
	}
}

static void test_second_question(void **state)
{
	struct keeper *k = keeper_kit_new();
	int peer = -1;
	struct keeper_client *c = keeper_kit_client(k, &peer);

	(void)state;
	c->wait = CLIENT_CHANGE; /* waits for a reload that is under way */
	assert_int_equal(frame_send(peer, TOOL_STATUS, 0, (struct view){ 0 }, NULL, 0), E_OK);
	keeper_kit_turn(k);
	assert_int_equal(c->source.fd, -1);
	close(peer);
	keeper_kit_free(k);
}

/* Eight at a time; the ninth is sent away, and a silent one makes room when its time is over. */
static void test_many_commands(void **state)
{
	struct keeper *k = keeper_kit_new();
	int peers[KEEPER_CLIENTS + 1];

	(void)state;
	for (unsigned i = 0; i < KEEPER_CLIENTS; i++) {
		struct keeper_client *c = keeper_kit_client(k, &peers[i]);

		assert_non_null(c);
		c->deadline_ms = k->loop.now_ms + KEEPER_CLIENT_MS;
	}
	assert_null(keeper_kit_client(k, &peers[KEEPER_CLIENTS]));
	assert_true(control_tick(k) != UINT64_MAX);
	k->loop.now_ms += KEEPER_CLIENT_MS;
	assert_true(control_tick(k) == UINT64_MAX);
	keeper_kit_turn(k);
	close(peers[KEEPER_CLIENTS]);
	assert_non_null(keeper_kit_client(k, &peers[KEEPER_CLIENTS]));
	for (unsigned i = 0; i <= KEEPER_CLIENTS; i++)
		close(peers[i]);
	keeper_kit_free(k);
}

/* Rows that do not fit are sent when there is room: nothing is lost, the keeper never waits. */
static void test_status_for_a_slow_reader(void **state)
{
	struct keeper *k = keeper_kit_new();
	int peer = -1, small = 4096;
	struct keeper_client *c = keeper_kit_client(k, &peer);
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };
	unsigned rows = 0;

	(void)state;
	for (unsigned i = 0; i < ROLE_EDGES_MAX; i++)
		k->seats[ROLE_N + i].is_wanted = true;
	for (unsigned i = 0; i < KEEPER_LISTENERS; i++)
		k->listeners[i].is_in_image = true;
	assert_int_equal(setsockopt(c->source.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
	assert_int_equal(frame_send(peer, TOOL_STATUS, 0, (struct view){ 0 }, NULL, 0), E_OK);
	keeper_kit_turn(k);
	assert_int_equal(c->wait, CLIENT_STATUS);
	assert_true(c->has_epollout);
	for (unsigned i = 0; i < 100000 && f.type != KEEPER_DONE; i++) {
		if (frame_receive(peer, buf, &f) == E_AGAIN) {
			(void)loop_turn(&k->loop, 1);
			continue;
		}
		rows += f.type == KEEPER_ROLE_ROW || f.type == KEEPER_STATUS_LISTENER;
		frame_done(&f);
	}
	assert_int_equal(f.type, KEEPER_DONE);
	assert_int_equal(rows, 1 + ROLE_EDGES_MAX + KEEPER_LISTENERS);
	close(peer);
	keeper_kit_free(k);
}

/* A thousand lines to a command that does not read: what is left out is said. */
static void test_lines_for_a_slow_reader(void **state)
{
	struct keeper *k = keeper_kit_new();
	int peer = -1, small = 4096;
	struct keeper_client *c = keeper_kit_client(k, &peer);
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };
	bool has_warning = false;

	(void)state;
	c->wait = CLIENT_CHANGE;
	assert_int_equal(setsockopt(c->source.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
	for (unsigned i = 0; i < 1000; i++)
		control_tell_waiting(k, 1, VIEW("sluis.yaml:1:1: error: no"));
	assert_true(c->lost_lines > 0);
	control_change_done(k, true);
	assert_int_equal(c->wait, CLIENT_DONE);
	for (unsigned i = 0; i < 100000 && f.type != KEEPER_DONE; i++) {
		if (frame_receive(peer, buf, &f) == E_AGAIN)
			(void)loop_turn(&k->loop, 1);
		else if (f.type == KEEPER_TEXT && f.body.n > 3)
			has_warning |= view_ends(f.body, VIEW("left out"));
	}
	assert_int_equal(f.type, KEEPER_DONE);
	assert_true(has_warning);
	close(peer);
	keeper_kit_free(k);
}

static char state_of(pid_t pid)
{
	char path[64], line[256] = "", *end = NULL;
	FILE *f = NULL;

	(void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (!f)
		return 0;
	assert_non_null(fgets(line, sizeof line, f));
	(void)fclose(f);
	end = strrchr(line, ')');
	return end ? end[2] : 0;
}

/* One edge after the other claims to leak (A20): two are kept, stopped and unheard; the others end
 * and wait like those that crash; who may not say so is killed. */
static void test_claims_of_leaks(void **state)
{
	struct keeper *k = keeper_kit_new();
	struct keeper_seat *s = seat_of(k, ROLE_EDGE, 0);
	struct keeper_child *kept[KEEPER_FROZEN_MAX] = { NULL };
	uint8_t kind = 0, wrong = 200;

	(void)state;
	for (unsigned i = 0; i < KEEPER_STORM_DEATHS + 2; i++) {
		int peer = -1;
		struct keeper_child *c = keeper_kit_child(k, ROLE_EDGE, CHILD_RUNNING, &peer);

		(void)seat_give(s, c);
		CHECK_OK(frame_send(peer, ROLE_LEAKS, 0, view_of(&kind, 1), NULL, 0));
		(void)frame_send(peer, ROLE_LEAKS, 0, view_of(&kind, 1), NULL, 0);
		for (unsigned n = 0; n < 100 && s->child; n++)
			keeper_kit_turn(k);
		assert_null(s->child);
		assert_true(s->due_ms > 0);
		if (i < KEEPER_FROZEN_MAX) {
			kept[i] = c;
			assert_int_equal(c->state, CHILD_FROZEN);
			for (unsigned n = 0; n < 20000 && state_of(c->pid) != 'T'; n++)
				(void)usleep(1000); /* the kernel stops it a moment later */
			assert_int_equal(state_of(c->pid), 'T');
		} else {
			assert_int_equal(c->state, CHILD_FREE);
		}
		(void)close(peer);
	}
	assert_true(s->due_ms - k->loop.now_ms > KEEPER_BACKOFF_MAX_MS / 2);
	for (unsigned i = 0; i < KEEPER_FROZEN_MAX; i++) {
		assert_int_equal(kept[i]->state, CHILD_FROZEN);
		CHECK_OK(freeze_release(k, (uint32_t)kept[i]->pid, 0));
	}
	CHECK_ERR(freeze_release(k, 1, 0), E_CLOSED);
	for (unsigned i = 0; i < KEEPER_FROZEN_MAX; i++) {
		for (unsigned n = 0; n < 100 && kept[i]->state != CHILD_FREE; n++)
			keeper_kit_turn(k);
		assert_int_equal(kept[i]->state, CHILD_FREE);
	}
	for (unsigned r = 0; r < 2; r++) {
		int peer = -1;
		struct keeper_child *c =
			keeper_kit_child(k, r ? ROLE_EDGE : ROLE_SIGNER, CHILD_RUNNING, &peer);

		CHECK_OK(frame_send(peer, ROLE_LEAKS, 0, view_of(r ? &wrong : &kind, 1), NULL, 0));
		keeper_kit_turn(k);
		assert_int_equal(c->state, CHILD_FREE);
		(void)close(peer);
	}
	keeper_kit_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_role_table),
		cmocka_unit_test(test_control_table),
		cmocka_unit_test(test_wrong_role),
		cmocka_unit_test(test_malformed_bodies),
		cmocka_unit_test(test_long_texts),
		cmocka_unit_test(test_raw_packets),
		cmocka_unit_test(test_closed_channel_ends_the_process),
		cmocka_unit_test(test_ring_done),
		cmocka_unit_test(test_role_that_does_not_read),
		cmocka_unit_test(test_full_outbox),
		cmocka_unit_test(test_waiting_descriptors),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_evidence_notes),
		cmocka_unit_test(test_second_question),
		cmocka_unit_test(test_many_commands),
		cmocka_unit_test(test_status_for_a_slow_reader),
		cmocka_unit_test(test_lines_for_a_slow_reader),
		cmocka_unit_test(test_claims_of_leaks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
