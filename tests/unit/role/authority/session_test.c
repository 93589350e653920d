/* Sessions: tokens, rotation and theft, binding, ends (promises P2, P7; THREATS A10-A12). */
#include "../../check.h"

#include "role/authority/session.h"
#include "tests/ipc/authority_kit.h"

#include <stdlib.h>
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
	struct tool_act group = { .kind = ACT_GROUP_ADD, .name = VIEW("staff") };

	authority_kit_open(&s->k, authority_kit_yaml);
	assert_true(authority_kit_act(&s->k, &group, NULL).is_done);
	authority_kit_user(&s->k, "jan", "staff");
	s->token = authority_kit_hash(1, 1);
	s->cell = authority_kit_cell(&s->k, 1, "192.0.2.1", 1);
	authority_kit_enrol(&s->k, s->cell, "jan", &s->token, s->key);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;

	close(s->cell);
	authority_kit_close(&s->k);
	free(s);
	return 0;
}

static void test_enrol_makes_session(void **state)
{
	struct scene *s = *state;
	struct authority_session got = { 0 };

	assert_int_equal(authority_kit_session(&s->k, s->cell, &s->token, &got), GATE_OK);
	assert_int_equal(got.factors, GATE_PASSWORD | GATE_TOTP);
	CHECK_VIEW(got.user, "jan");
	assert_int_equal(s->k.gate->session[got.slot], got.generation);
	assert_int_equal(s->k.gate->logged_in[1], 1);
	assert_int_equal(authority_kit_told(&s->k, "invite.used ok jan"), 1);
}

static void test_login_and_app(void **state)
{
	struct scene *s = *state;
	struct hash32 token = authority_kit_hash(2, 1), app_token = authority_kit_hash(3, 1);
	uint64_t cases = authority_kit_app(&s->k, "cases");
	int cell = authority_kit_cell(&s->k, 2, "192.0.2.1", 1);
	struct authority_grant g = { 0 };

	assert_int_equal(authority_kit_login(&s->k, cell, "jan", s->key, &token), GATE_OK);
	assert_int_equal(authority_kit_enter(&s->k, cell, cases, &token, &app_token), GATE_OK);
	assert_int_equal(s->k.last_allowed, cases);
	assert_int_equal(authority_kit_grant(&s->k, cell, cases, &app_token, &g), GATE_OK);
	CHECK_VIEW(g.assertion, "jwt of jan");
	CHECK_VIEW(g.user, "jan");
	assert_true(g.fresh_s > s->k.wall_s && g.fresh_s <= s->k.wall_s + 40);
	close(cell);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_enrol_makes_session, setup, teardown),
		cmocka_unit_test_setup_teardown(test_login_and_app, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
