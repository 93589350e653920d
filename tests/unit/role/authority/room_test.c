/*
 * The waiting room of returning applications (requirement R7): who is let in, in which order, what
 * a place is worth, and what a taken-over cell gets of it (THREATS A20).
 */
#include "../../check.h"

#include "role/authority/room.h"
#include "tests/ipc/authority_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define REST                                                                                       \
	"listeners: [{name: staff, address: \"127.0.0.1:8443\", protocol: https,"                  \
	" certificates: [www], default_certificate: true, isolation: cell}]\n"                     \
	"certificates: [{name: www, chain: CERTS/www.crt, key: CERTS/dummy.key}]\n"                \
	"backends: [{name: web, servers: [\"127.0.0.1:8080\"]}]\n"                                 \
	"gateway: {host: login.example.nl, title: Example}\n"                                      \
	"identity: [{name: local, type: local}]\n"                                                 \
	"factors: {require: [[password, totp]]}\n"                                                 \
	"apps:\n"                                                                                  \
	"  - {name: cases, host: cases.example.nl, backend: web,"                                  \
	" access: {allow: {everyone: true}}}\n"                                                    \
	"  - {name: files, host: files.example.nl, backend: web,"                                  \
	" access: {allow: {everyone: true}}}\n"

static const char by_minute[] =
	"isolation: {waiting_room: {per_minute: 6, urgent: [doctors, nurses]}}\n" REST;
static const char by_number[] = "isolation: {waiting_room: {at_a_time: 2}}\n" REST;

enum { PEOPLE = 6 };

struct scene {
	struct authority_kit k;
	const struct image_app *cases;
};

static struct scene *open_scene(const char *yaml)
{
	const struct tool_act group = { .kind = ACT_GROUP_ADD, .name = VIEW("doctors") };
	struct scene *s = calloc(1, sizeof *s);
	struct recover *r = NULL;
	char name[8] = "user0";

	authority_kit_open(&s->k, yaml);
	assert_true(authority_kit_act(&s->k, &group, NULL).is_done);
	for (unsigned i = 1; i <= PEOPLE; i++) {
		name[4] = (char)('0' + i);
		authority_kit_user(&s->k, name, i == PEOPLE ? "doctors" : "");
	}
	s->cases = recover_image_app(s->k.a, VIEW("cases"));
	r = &s->k.a->recover;
	r->began_s = s->k.wall_s;
	r->n = 1;
	r->at[0] = (struct recover_app){
		.step = RECOVER_OPEN, .since_s = s->k.wall_s, .name_n = 5, .name = "cases"
	};
	return s;
}

static int setup(void **state)
{
	*state = open_scene(by_minute);
	return 0;
}

static int setup_number(void **state)
{
	*state = open_scene(by_number);
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;

	authority_kit_close(&s->k);
	free(s);
	return 0;
}

/* 0: let in; else the place */
static uint32_t ask(struct scene *s, uint32_t user)
{
	struct room_answer got = { 0 };

	return room_enter(s->k.a, user, s->cases, &got) ? 0 : got.position;
}

static void later(struct scene *s, unsigned seconds)
{
	s->k.now_ms += seconds * 1000u;
	s->k.a->now_ms = s->k.now_ms;
	room_tick(s->k.a);
}

/* One at once, then one each ten seconds: those who came first. */
static void test_order(void **state)
{
	struct scene *s = *state;

	assert_int_equal(ask(s, 1), 0);
	assert_int_equal(ask(s, 2), 1);
	assert_int_equal(ask(s, 3), 2);
	assert_int_equal(ask(s, 4), 3);
	assert_int_equal(room_waiting(s->k.a, s->cases->id), 3);
	later(s, 10);
	/* who asks first does not go first */
	assert_int_equal(ask(s, 4), 3);
	assert_int_equal(ask(s, 3), 2);
	assert_int_equal(ask(s, 2), 0);
	assert_int_equal(ask(s, 3), 1);
	/* let in, and its code was lost: that takes no other's turn */
	later(s, 10);
	assert_int_equal(ask(s, 2), 0);
	assert_int_equal(ask(s, 3), 0);
	assert_int_equal(ask(s, 4), 1);
}

static void test_urgent_first(void **state)
{
	struct scene *s = *state;

	assert_int_equal(ask(s, 1), 0);
	assert_int_equal(ask(s, 2), 1);
	assert_int_equal(ask(s, 3), 2);
	assert_int_equal(ask(s, PEOPLE), 1);
	assert_int_equal(ask(s, 2), 2);
	later(s, 10);
	assert_int_equal(ask(s, 2), 2);
	assert_int_equal(ask(s, PEOPLE), 0);
}

/* A minute of silence, and the place is gone. */
static void test_silence(void **state)
{
	struct scene *s = *state;

	assert_int_equal(ask(s, 1), 0);
	assert_int_equal(ask(s, 2), 1);
	assert_int_equal(ask(s, 3), 2);
	for (unsigned i = 0; i < 6; i++) {
		later(s, 10);
		s->k.a->doors[0].thousandths = 0; /* nobody comes in meanwhile */
		s->k.a->doors[0].at_ms = s->k.a->now_ms;
		assert_int_equal(ask(s, 3), i < 5 ? 2 : 1);
	}
	s->k.a->doors[0].at_ms = s->k.a->now_ms;
	assert_int_equal(ask(s, 2), 2);
}

/* Without a return, and at steps before the pilot's, there is no door. */
static void test_no_door(void **state)
{
	struct scene *s = *state;
	struct room_answer got = { 0 };

	assert_int_equal(ask(s, 1), 0);
	assert_int_equal(ask(s, 2), 1);
	assert_true(room_enter(s->k.a, 2, recover_image_app(s->k.a, VIEW("files")), &got));
	s->k.a->recover.at[0].step = RECOVER_OFFICE_ONLY;
	assert_int_equal(ask(s, 3), 0);
	s->k.a->recover.at[0].step = RECOVER_PILOT;
	assert_int_equal(ask(s, 3), 2);
	s->k.a->recover.began_s = 0;
	assert_int_equal(ask(s, 3), 0);
}

/* Memory is bounded: who finds no room has no place, but the urgent. */
static void test_full(void **state)
{
	struct scene *s = *state;

	assert_int_equal(ask(s, 1), 0);
	for (uint32_t user = 100; s->k.a->place_n < AUTHORITY_PLACES; user++)
		(void)ask(s, user);
	assert_int_equal(ask(s, 2), AUTHORITY_PLACES);
	assert_int_equal(ask(s, 3), AUTHORITY_PLACES); /* no place was kept */
	assert_int_equal(ask(s, PEOPLE), 1);
	assert_int_equal(s->k.a->place_n, AUTHORITY_PLACES);
	later(s, 61);
	assert_int_equal(s->k.a->place_n, 0);
}

/* By cells: no code is given before the turn, whatever is asked how often; who is in stays in. */
static void test_cells(void **state)
{
	struct scene *s = *state;
	uint8_t key[20];
	struct cell_ticket ticket = { .app = s->cases->id };
	struct cell_enter enter = { .app = s->cases->id };
	struct authority_verdict got = { 0 };
	struct authority_grant g = { 0 };
	struct hash32 token[3], app_token = authority_kit_hash(9, 1);
	struct kit_reply r;
	int cell[3];
	char name[8] = "user0";

	for (uint16_t i = 0; i < 3; i++) {
		name[4] = (char)('1' + i);
		token[i] = authority_kit_hash(1, i);
		cell[i] = authority_kit_cell(&s->k, i + 1u, "192.0.2.1", 1);
		authority_kit_enrol(&s->k, cell[i], name, &token[i], key);
	}
	assert_int_equal(authority_kit_enter(&s->k, cell[0], s->cases->id, &token[0], &app_token),
			 GATE_OK);
	assert_int_equal(authority_kit_enter(&s->k, cell[1], s->cases->id, &token[1],
					     &(struct hash32){ { 7 } }),
			 GATE_OK);
	for (unsigned i = 0; i < 40; i++) {
		ticket.token = token[2];
		ticket.code = authority_kit_hash(6, (uint16_t)i);
		ticket.nonce = authority_kit_hash(5, (uint16_t)i);
		AUTHORITY_ASK(&s->k, cell[2], CELL_TICKET, cell_ticket, ticket, &r);
		assert_int_equal(authority_verdict_get(r.body, &got), E_OK);
		assert_int_equal(got.verdict, GATE_WAIT);
		assert_int_equal(got.position, 1);
		assert_int_equal(got.waiting, 1);
		enter.code = ticket.code;
		enter.nonce = ticket.nonce;
		enter.token = authority_kit_hash(8, (uint16_t)i);
		AUTHORITY_ASK(&s->k, cell[2], CELL_ENTER, cell_enter, enter, &r);
		assert_int_equal(authority_grant_get(r.body, &g), E_OK);
		assert_int_equal(g.verdict, GATE_NONE);
	}
	/* those who are in: asked for anew, and entered anew */
	assert_int_equal(authority_kit_grant(&s->k, cell[0], s->cases->id, &app_token, NULL),
			 GATE_OK);
	app_token = authority_kit_hash(9, 2);
	assert_int_equal(authority_kit_enter(&s->k, cell[0], s->cases->id, &token[0], &app_token),
			 GATE_OK);
	/* one leaves */
	assert_true(authority_kit_act(
			    &s->k,
			    &(struct tool_act){ .kind = ACT_SESSION_REVOKE, .name = VIEW("user1") },
			    NULL)
			    .is_done);
	later(s, 3);
	AUTHORITY_ASK(&s->k, cell[2], CELL_TICKET, cell_ticket, ticket, &r);
	assert_int_equal(authority_verdict_get(r.body, &got), E_OK);
	assert_int_equal(got.verdict, GATE_OK);
	for (unsigned i = 0; i < 3; i++)
		close(cell[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_urgent_first, setup, teardown),
		cmocka_unit_test_setup_teardown(test_silence, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_door, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cells, setup_number, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
