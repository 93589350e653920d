/*
 * The authority against peers that have been taken over (A20): cells, spawner, verifier, signer,
 * dialer and command, each with what it has no word for, and with what is another's.
 */
#include "../unit/check.h"

#include "ipc/authority_signer.h"
#include "role/authority/alarm.h"
#include "role/authority/reach.h"
#include "role/authority/tool.h"
#include "tests/ipc/authority_kit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct scene {
	struct authority_kit k;
	struct hash32 token;
	uint8_t key[20];
	int cell;
};

static int setup(void **state)
{
	struct scene *s = calloc(1, sizeof *s);

	authority_kit_open(&s->k, authority_kit_yaml);
	authority_kit_user(&s->k, "jan", "");
	s->token = authority_kit_hash(1, 1);
	s->cell = authority_kit_cell(&s->k, 1, "192.0.2.1", 1);
	authority_kit_enrol(&s->k, s->cell, "jan", &s->token, s->key);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;

	/* whatever was said, the session of somebody else stands */
	assert_int_equal(authority_kit_session(&s->k, s->cell, &s->token, NULL), GATE_OK);
	close(s->cell);
	authority_kit_close(&s->k);
	free(s);
	return 0;
}

static bool is_closed(int fd)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };
	enum err e = frame_receive(fd, buf, &f);

	while (e == E_OK) {
		frame_done(&f);
		e = frame_receive(fd, buf, &f);
	}
	return e == E_CLOSED;
}

static int stranger(struct scene *s)
{
	return authority_kit_cell(&s->k, 2, "203.0.113.1", 7);
}

/* Every type, with every length but its own, ends the cell that says it, and no other. */
static void test_lengths(void **state)
{
	struct scene *s = *state;
	static const uint16_t sizes[] = { 0, 1, 7, 31, 35, 42, 63, 95, 300, 2000, 4000 };
	uint8_t bytes[FRAME_BODY_MAX] = { 0 };

	memset(bytes, 0xff, sizeof bytes);
	for (unsigned type = 0; type <= CELL_USED + 2; type++)
		for (size_t i = 0; i < COUNT_OF(sizes); i++) {
			int fd = stranger(s);

			if (type == CELL_KEYS && sizes[i] == 0) {
				close(fd);
				continue;
			}
			authority_kit_say(fd, (uint8_t)type, 5, view_of(bytes, sizes[i]));
			authority_kit_run(&s->k);
			CHECK_ROW("closed", is_closed(fd));
			assert_int_equal(s->k.a->cells[2].serial, 0);
			close(fd);
		}
	assert_true(authority_kit_told(&s->k, "cell.refused ended") > 200);
}

static void test_descriptors(void **state)
{
	struct scene *s = *state;
	int fd = stranger(s), null = open("/dev/null", O_RDONLY);
	uint8_t body[40] = { 0 };

	assert_int_equal(frame_send(fd, CELL_SESSION, 1, view_of(body, 40), &null, 1), E_OK);
	authority_kit_run(&s->k);
	assert_true(is_closed(fd));
	close(null);
	close(fd);
}

/* hello first, once, without a number; questions with one. */
static void test_order(void **state)
{
	struct scene *s = *state;
	uint8_t body[128] = { 0 };
	int fd = authority_kit_introduce(&s->k, 2, 1000, "203.0.113.1");

	authority_kit_say(fd, CELL_SESSION, 1, view_of(body, 40));
	authority_kit_run(&s->k);
	assert_true(is_closed(fd));
	close(fd);
	s->k.serial = 1001;
	fd = stranger(s);
	authority_kit_say(fd, CELL_HELLO, 0, view_of(body, 66));
	authority_kit_run(&s->k);
	assert_true(is_closed(fd));
	close(fd);
	fd = stranger(s);
	authority_kit_say(fd, CELL_SESSION, 0, view_of(body, 40));
	authority_kit_run(&s->k);
	assert_true(is_closed(fd));
	close(fd);
	fd = stranger(s);
	authority_kit_say(fd, CELL_USED, 9, view_of(body, 12));
	authority_kit_run(&s->k);
	assert_true(is_closed(fd));
	close(fd);
}

/* So many questions wait at a time; one more ends the cell. */
static void test_too_many(void **state)
{
	struct scene *s = *state;
	const struct cell_password ask = { .transaction = authority_kit_hash(5, 1),
					   .user = VIEW("x"),
					   .password = VIEW("y") };
	uint8_t body[256];
	struct wbuf w = wbuf_of(body, sizeof body);
	int fd = stranger(s);

	s->k.is_mute = true;
	for (unsigned i = 0; i <= AUTHORITY_VERIFIES_OF_CELL; i++) {
		struct cell_login begin = { .transaction = authority_kit_hash(5, (uint16_t)i) };
		struct cell_password say = ask;
		struct kit_reply r;

		AUTHORITY_ASK(&s->k, fd, CELL_LOGIN, cell_login, begin, &r);
		say.transaction = begin.transaction;
		w.n = 0;
		CHECK_OK(cell_password_put(&w, &say));
		s->k.a->delay = (struct delay){ 0 };
		authority_kit_say(fd, CELL_PASSWORD, 1000 + i, wbuf_view(&w));
		authority_kit_run(&s->k);
		/* the verifier is for others, too: what is one too many is refused at once */
		assert_int_equal(s->k.a->cells[2].open, i < AUTHORITY_VERIFIES_OF_CELL
								? i + 1
								: AUTHORITY_VERIFIES_OF_CELL);
	}
	s->k.a->cells[2].open = CELL_QUESTIONS; /* as many as wait for verifier and signer */
	assert_false(is_closed(fd));
	authority_kit_say(fd, CELL_KEYS, 2000, view_of(body, 0));
	authority_kit_run(&s->k);
	assert_true(is_closed(fd));
	close(fd);
	/* the verifier's answers find nobody, and its queue is free again */
	s->k.is_mute = false;
	authority_kit_run(&s->k);
	assert_int_equal(s->k.a->verify_n, 0);
}

/* What a cell knows by number only: slots, sessions and factors of others. */
static void test_of_others(void **state)
{
	struct scene *s = *state;
	struct hash32 mine = authority_kit_hash(2, 2);
	struct cell_number ask = { .token = mine };
	struct authority_session jan = { 0 };
	struct kit_reply r;
	uint8_t key[20];
	int fd = stranger(s);

	assert_int_equal(authority_kit_session(&s->k, s->cell, &s->token, &jan), GATE_OK);
	ask.number = jan.number;
	authority_kit_user(&s->k, "eve", "");
	authority_kit_enrol(&s->k, fd, "eve", &mine, key);
	AUTHORITY_ASK(&s->k, fd, CELL_SESSION_END, cell_number, ask, &r);
	assert_int_equal(r.type, AUTHORITY_REFUSED);
	for (ask.number = 0; ask.number < 3; ask.number++) {
		AUTHORITY_ASK(&s->k, fd, CELL_FACTOR_REMOVE, cell_number, ask, &r);
		assert_int_equal(r.type, AUTHORITY_REFUSED);
	}
	close(fd);
}

/* A cell that does not read ends, and nobody waits for it. */
static void test_does_not_read(void **state)
{
	struct scene *s = *state;
	int fd = stranger(s);

	for (unsigned i = 1; i < 20000 && s->k.a->cells[2].serial; i++) {
		authority_kit_say(fd, CELL_KEYS, i, (struct view){ 0 });
		if (i % 16 == 0)
			authority_kit_run(&s->k);
		if (i % 512 == 0)
			authority_kit_wait(&s->k, 1);
	}
	assert_int_equal(s->k.a->cells[2].serial, 0);
	close(fd);
}

static void test_spawner(void **state)
{
	struct scene *s = *state;
	uint8_t body[64] = { 0 };
	struct wbuf w = wbuf_of(body, sizeof body);
	struct spawner_cell told = { .slot = CELL_SLOTS, .serial = 99 };
	int pair[2], at = s->k.spawner;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	/* no cell has such a slot */
	CHECK_OK(spawner_cell_put(&w, &told));
	CHECK_OK(frame_send(at, SPAWNER_CELL, 0, wbuf_view(&w), &pair[0], 1));
	authority_kit_run(&s->k);
	assert_true(is_closed(at));
	close(pair[0]);
	close(pair[1]);
}

/* A serial that was used is not used again, so no cell can be put in the place of another. */
static void test_spawner_replays(void **state)
{
	struct scene *s = *state;
	uint8_t body[64];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct spawner_cell told = { .slot = 1, .serial = s->k.a->cells[1].serial };
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	CHECK_OK(spawner_cell_put(&w, &told));
	CHECK_OK(frame_send(s->k.spawner, SPAWNER_CELL, 0, wbuf_view(&w), &pair[0], 1));
	authority_kit_run(&s->k);
	assert_true(is_closed(s->k.spawner));
	close(pair[0]);
	close(pair[1]);
}

/* Without its descriptor, and with words of the authority's own. */
static void test_spawner_words(void **state)
{
	struct scene *s = *state;
	uint8_t body[64] = { 0 };

	authority_kit_say(s->k.spawner, SPAWNER_CELL, 0, view_of(body, 32));
	authority_kit_run(&s->k);
	assert_true(is_closed(s->k.spawner));
}

/* ---- the verifier ---- */

static uint32_t ask_password(struct scene *s, int fd)
{
	const struct cell_login begin = { .transaction = authority_kit_hash(5, 1) };
	const struct cell_password ask = { .transaction = begin.transaction,
					   .user = VIEW("jan"),
					   .password = VIEW("guess") };
	uint8_t body[256];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct kit_reply r;

	s->k.is_mute = true;
	AUTHORITY_ASK(&s->k, fd, CELL_LOGIN, cell_login, begin, &r);
	CHECK_OK(cell_password_put(&w, &ask));
	authority_kit_say(fd, CELL_PASSWORD, 77, wbuf_view(&w));
	authority_kit_run(&s->k);
	return s->k.a->verify_count; /* the number of the question */
}

static void test_verifier(void **state)
{
	struct scene *s = *state;
	int fd = stranger(s);
	uint32_t seq = ask_password(s, fd);
	const uint8_t right[2] = { 1, 0 };
	struct kit_reply r;

	/* an answer to what was not asked: nobody hears it */
	authority_kit_say(s->k.verifier, VERIFIED_PASSWORD, seq + 1, view_of(right, 2));
	authority_kit_say(s->k.verifier, VERIFIED_PASSWORD, 0, view_of(right, 2));
	authority_kit_run(&s->k);
	assert_false(authority_kit_hear(&s->k, fd, &r));
	/* nobody waits for ever; and then it is too late */
	authority_kit_wait(&s->k, 61);
	assert_true(authority_kit_hear(&s->k, fd, &r));
	assert_int_equal(r.type, AUTHORITY_REFUSED);
	authority_kit_say(s->k.verifier, VERIFIED_PASSWORD, seq, view_of(right, 2));
	authority_kit_run(&s->k);
	assert_false(authority_kit_hear(&s->k, fd, &r));
	close(fd);
}

/* The answer to another kind of question, and one that is none: its channel ends, who waits is
 * refused. */
static void test_verifier_words(void **state)
{
	struct scene *s = *state;
	int fd = stranger(s);
	uint32_t seq = ask_password(s, fd);
	uint8_t body[300];
	struct wbuf w = wbuf_of(body, sizeof body);
	const struct verified_assertion wrong = { .is_right = 1 };
	struct kit_reply r;

	CHECK_OK(verified_assertion_put(&w, &wrong));
	authority_kit_say(s->k.verifier, VERIFIED_ASSERTION, seq, wbuf_view(&w));
	authority_kit_run(&s->k);
	assert_true(authority_kit_hear(&s->k, fd, &r));
	assert_int_equal(r.type, AUTHORITY_REFUSED);
	assert_int_equal(s->k.a->verifier.fd, -1);
	close(fd);
}

/* ---- the signer, the dialer ---- */

static void test_signer(void **state)
{
	struct scene *s = *state;
	uint8_t body[64];
	struct wbuf w = wbuf_of(body, sizeof body);
	const struct signer_token token = { .token = VIEW("a token of eve's") };

	CHECK_OK(signer_token_put(&w, &token));
	for (uint32_t seq = 0; seq < 40; seq++)
		authority_kit_say(s->k.signer, SIGNER_TOKEN, seq, wbuf_view(&w));
	authority_kit_run(&s->k);
	assert_true(s->k.a->signer.fd >= 0);
	authority_kit_say(s->k.signer, 99, 1, wbuf_view(&w));
	authority_kit_run(&s->k);
	assert_int_equal(s->k.a->signer.fd, -1);
}

/* While there is no signer nobody gets an assertion, and nobody waits for one. */
static void test_no_signer(void **state)
{
	struct scene *s = *state;
	struct tool_act group = { .kind = ACT_GROUP_ADD, .name = VIEW("staff") }, join = {
		.kind = ACT_GROUP_JOIN, .name = VIEW("staff"), .list = VIEW("jan")
	};
	uint64_t cases = authority_kit_app(&s->k, "cases");
	struct hash32 token = authority_kit_hash(3, 3);

	assert_true(authority_kit_act(&s->k, &group, NULL).is_done);
	assert_true(authority_kit_act(&s->k, &join, NULL).is_done);
	authority_kit_say(s->k.signer, 99, 1, (struct view){ 0 });
	authority_kit_run(&s->k);
	assert_int_equal(authority_kit_enter(&s->k, s->cell, cases, &s->token, &token), 0);
}

static void test_dialer(void **state)
{
	struct scene *s = *state;

	authority_kit_say(s->k.dialer, 1, 1, VIEW("words"));
	authority_kit_run(&s->k);
	assert_true(is_closed(s->k.dialer));
}

enum { CROWD = 400 };

/* One token, many connections: each may reach the application. How many were refused. */
static unsigned crowd_asks(struct scene *s, const int *cells, uint64_t app,
			   const struct hash32 *token)
{
	unsigned refused = 0;

	for (unsigned i = 0; i < CROWD; i++)
		refused += authority_kit_grant(&s->k, cells[i], app, token, NULL) != GATE_OK;
	return refused;
}

static unsigned count_frames(int fd)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };
	unsigned n = 0;

	while (frame_receive(fd, buf, &f) == E_OK)
		n++;
	return n;
}

/* A dialer that does not read is waited for by nobody, and given up after five seconds; one that
 * comes later is told of all, as it reads. */
static void test_deaf_dialer(void **state)
{
	struct scene *s = *state;
	struct hash32 token = authority_kit_hash(3, 3);
	uint64_t files = authority_kit_app(&s->k, "files");
	int cells[CROWD], deaf[2], late[2];
	unsigned told = 0;

	assert_int_equal(authority_kit_enter(&s->k, s->cell, files, &s->token, &token), GATE_OK);
	for (unsigned i = 0; i < CROWD; i++)
		cells[i] = authority_kit_cell(&s->k, 100 + i, "192.0.2.1", 1);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, deaf), 0);
	CHECK_OK(reach_add(s->k.a, deaf[0]));
	assert_true(crowd_asks(s, cells, files, &token) >
		    0); /* it would allow what it never heard */
	for (unsigned i = 0; i < 3; i++)
		authority_kit_wait(&s->k, 2);
	assert_int_equal(crowd_asks(s, cells, files, &token), 0);
	assert_true(is_closed(deaf[1]));

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, late), 0);
	CHECK_OK(reach_add(s->k.a, late[0]));
	for (unsigned i = 0; i < 20 && told < CROWD + 1; i++) {
		told += count_frames(late[1]);
		authority_kit_run(&s->k);
	}
	assert_int_equal(told, CROWD + 1);
	for (unsigned i = 0; i < CROWD; i++)
		close(cells[i]);
	close(deaf[1]);
	close(late[1]);
}

/* Each change waits for the disk: a cell has so many of them. */
static void test_budget(void **state)
{
	struct scene *s = *state;
	struct cell_rotate ask = { .old = s->token };
	struct kit_reply r;
	unsigned done = 0;

	for (uint16_t i = 0; i < 200; i++) {
		ask.fresh = authority_kit_hash(9, i);
		AUTHORITY_ASK(&s->k, s->cell, CELL_ROTATE, cell_rotate, ask, &r);
		done += r.type == AUTHORITY_DONE;
	}
	assert_true(done > 30 && done <= AUTHORITY_WRITES);
	authority_kit_wait(&s->k, 1);
	ask.fresh = authority_kit_hash(9, 1000);
	AUTHORITY_ASK(&s->k, s->cell, CELL_ROTATE, cell_rotate, ask, &r);
	assert_int_equal(r.type, AUTHORITY_DONE);
}

/* ---- the command ---- */

static void test_tool(void **state)
{
	struct scene *s = *state;
	uint8_t bytes[FRAME_BODY_MAX];

	for (unsigned i = 0; i < 40; i++) {
		int pair[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
		CHECK_OK(tool_add(s->k.a, 1000, pair[0]));
		memset(bytes, (int)i, sizeof bytes);
		authority_kit_say(pair[1], (uint8_t)(i % 4), i, view_of(bytes, i * 100));
		authority_kit_run(&s->k);
		assert_true(is_closed(pair[1]));
		close(pair[1]);
	}
}

static void test_tool_names(void **state)
{
	struct scene *s = *state;
	static const char *const names[] = {
		"", "Jan", "a b", "../x", "-x", ".x", "a'; DROP TABLE user;--", "\xc3\xa9", "a\nb"
	};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		for (uint8_t kind = 1; kind < ACT_KINDS; kind++) {
			struct tool_act act = { .kind = kind,
						.name = view_str(names[i]),
						.list = view_str(names[i]),
						.number = 3600 };
			struct authority_tool_end end = { 0 };
			bool is_list = kind == ACT_USER_LIST || kind == ACT_GROUP_LIST ||
				       kind == ACT_INVITE_LIST || kind == ACT_LEVEL_LIST ||
				       kind == ACT_ALARM_LIST || kind == ACT_RECOVER_LIST ||
				       (kind == ACT_SESSION_LIST && !names[i][0]);

			if (kind >= ACT_INCIDENT_OPEN && kind <= ACT_NOTICE_SET)
				continue; /* they are about no name */
			act.secret.b[0] = 1;
			end = authority_kit_act(&s->k, &act, NULL);
			CHECK_ROW(names[i], end.is_done == is_list);
		}
}

/* ---- audit ---- */

static int audit_channel(struct scene *s)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	CHECK_OK(alarm_set_channel(s->k.a, pair[0]));
	return pair[1];
}

static void audit_says(struct scene *s, int fd, const struct audit_alarm *m)
{
	uint8_t body[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(body, sizeof body);

	CHECK_OK(audit_alarm_put(&w, m));
	authority_kit_say(fd, AUDIT_ALARM, 0, wbuf_view(&w));
	authority_kit_run(&s->k);
}

/* What is no message of audit's ends its channel, and nothing else. */
static void test_audit_breaks_rules(void **state)
{
	struct scene *s = *state;
	uint8_t bytes[FRAME_BODY_MAX] = { 0 };

	for (unsigned type = 0; type < 8; type++)
		for (size_t n = 0; n < sizeof bytes; n = n * 2 + 7) {
			int fd = audit_channel(s);

			bytes[n / 2] = 0xff;
			authority_kit_say(fd, (uint8_t)type, 0, view_of(bytes, n));
			authority_kit_run(&s->k);
			assert_true(is_closed(fd));
			close(fd);
		}
	assert_int_equal(alarm_count_open(s->k.a), 0);
}

/* Texts of alarms are printable afterwards; one kind is one row; closed by somebody, with a reason;
 * what is open is found again. */
static void test_alarms_are_kept(void **state)
{
	struct scene *s = *state;
	struct audit_alarm m = { .seq = 7,
				 .wall_us = 1000000,
				 .action = VIEW("canary.leaked"),
				 .object = VIEW("edge[0]"),
				 .detail = VIEW("\x1b[2J\xff\n<script>") };
	struct tool_act list = { .kind = ACT_ALARM_LIST }, close_it = { .kind = ACT_ALARM_CLOSE };
	unsigned rows[16] = { 0 };
	int fd = audit_channel(s);

	audit_says(s, fd, &m);
	m.more = 4;
	audit_says(s, fd, &m);
	assert_int_equal(alarm_count_open(s->k.a), 1);
	assert_true(authority_kit_act(&s->k, &list, rows).is_done);
	assert_int_equal(rows[AUTHORITY_ALARM], 1);
	close_it.number = 1;
	assert_false(authority_kit_act(&s->k, &close_it, NULL).is_done);
	close_it.title = VIEW("looked at");
	s->k.a->alarm_open_n = 0;
	CHECK_OK(alarm_open(s->k.a)); /* as the next authority does */
	assert_int_equal(alarm_count_open(s->k.a), 1);
	assert_true(authority_kit_act(&s->k, &close_it, NULL).is_done);
	assert_false(authority_kit_act(&s->k, &close_it, NULL).is_done);
	assert_int_equal(alarm_count_open(s->k.a), 0);
	assert_int_equal(authority_kit_told(&s->k, "alarm.closed ok"), 1);
	close(fd);
}

/* Who raises alarms without end fills no disk, and pushes out none that is open (A22). */
static void test_flood_of_alarms(void **state)
{
	struct scene *s = *state;
	struct tool_act list = { .kind = ACT_ALARM_LIST };
	unsigned rows[16] = { 0 };
	int fd = audit_channel(s);

	for (unsigned i = 0; i < ALARM_ROWS_MAX + 50; i++) {
		uint8_t name[16];
		struct wbuf w = wbuf_of(name, sizeof name);
		struct audit_alarm m = { .seq = i, .action = VIEW("ipc.violation") };

		wbuf_dec(&w, i);
		m.object = wbuf_view(&w);
		audit_says(s, fd, &m);
	}
	assert_int_equal(alarm_count_open(s->k.a), ALARM_ROWS_MAX + 1);
	assert_true(authority_kit_act(&s->k, &list, rows).is_done);
	assert_int_equal(rows[AUTHORITY_ALARM], ALARM_ROWS_MAX + 1);
	close(fd);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_lengths),
		CASE(test_descriptors),
		CASE(test_order),
		CASE(test_too_many),
		CASE(test_of_others),
		CASE(test_does_not_read),
		CASE(test_spawner),
		CASE(test_spawner_replays),
		CASE(test_spawner_words),
		CASE(test_verifier),
		CASE(test_verifier_words),
		CASE(test_signer),
		CASE(test_no_signer),
		CASE(test_dialer),
		CASE(test_deaf_dialer),
		CASE(test_budget),
		CASE(test_tool),
		CASE(test_audit_breaks_rules),
		CASE(test_alarms_are_kept),
		CASE(test_flood_of_alarms),
		CASE(test_tool_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
