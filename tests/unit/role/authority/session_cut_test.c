/* A store that can't be written: what should end ends for everybody (promise P7), and stays ended.
 */
#include "../../check.h"

#include "role/authority/session_cut.h"
#include "role/authority/session_end.h"
#include "tests/ipc/authority_kit.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

struct scene {
	struct authority_kit k;
	struct hash32 token[2];
	int cell[2];
	uint32_t slot[2];
};

static void enrol(struct scene *s, unsigned i, const char *name)
{
	struct authority_session got = { 0 };
	uint8_t key[20];

	s->token[i] = authority_kit_hash((uint8_t)(i + 1), 1);
	s->cell[i] = authority_kit_cell(&s->k, i + 1, "192.0.2.1", 1);
	authority_kit_user(&s->k, name, "staff");
	authority_kit_enrol(&s->k, s->cell[i], name, &s->token[i], key);
	assert_int_equal(authority_kit_session(&s->k, s->cell[i], &s->token[i], &got), GATE_OK);
	s->slot[i] = got.slot;
}

static int setup(void **state)
{
	struct scene *s = calloc(1, sizeof *s);
	struct tool_act group = { .kind = ACT_GROUP_ADD, .name = VIEW("staff") };

	authority_kit_open(&s->k, authority_kit_yaml);
	assert_true(authority_kit_act(&s->k, &group, NULL).is_done);
	enrol(s, 0, "jan");
	enrol(s, 1, "piet");
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;

	close(s->cell[0]);
	close(s->cell[1]);
	authority_kit_close(&s->k);
	free(s);
	return 0;
}

static void may_write(struct scene *s, bool may)
{
	assert_int_equal(sqlite3_exec(s->k.a->store.db,
				      may ? "PRAGMA query_only=OFF" : "PRAGMA query_only=ON", NULL,
				      NULL, NULL),
			 SQLITE_OK);
}

static uint8_t shown(struct scene *s, unsigned i)
{
	return authority_kit_session(&s->k, s->cell[i], &s->token[i], NULL);
}

static bool is_revoked(struct scene *s, const char *name)
{
	const struct tool_act act = { .kind = ACT_SESSION_REVOKE, .name = view_str(name) };

	return authority_kit_act(&s->k, &act, NULL).is_done;
}

static void test_one_is_cut(void **state)
{
	struct scene *s = *state;
	uint64_t was = s->k.gate->session[s->slot[0]], other = s->k.gate->session[s->slot[1]];

	may_write(s, false);
	assert_false(is_revoked(s, "jan"));
	assert_int_not_equal(s->k.gate->session[s->slot[0]], was);
	assert_int_not_equal(s->k.gate->session[s->slot[0]], 0);
	assert_int_equal(s->k.gate->session[s->slot[1]], other);
	assert_int_equal(s->k.gate->logged_in[1], 0);
	assert_int_equal(shown(s, 0), GATE_ENDED);
	assert_int_equal(shown(s, 1), GATE_OK);
	assert_int_equal(authority_kit_told(&s->k, "session.cut"), 1);
	/* again: nothing new to tell */
	assert_false(is_revoked(s, "jan"));
	assert_int_equal(authority_kit_told(&s->k, "session.cut"), 1);
}

/* Its process has no way to servers at once, and is killed when it goes on (P1, P7). */
static void test_its_cell_ends(void **state)
{
	struct scene *s = *state;
	struct hash32 app_token = authority_kit_hash(7, 1);

	assert_int_equal(authority_kit_enter(&s->k, s->cell[0], authority_kit_app(&s->k, "cases"),
					     &s->token[0], &app_token),
			 GATE_OK);
	s->k.forbids = s->k.kills = 0;
	may_write(s, false);
	assert_false(is_revoked(s, "jan"));
	assert_int_equal(s->k.forbids, 1);
	assert_int_equal(s->k.kills, 0);
	authority_kit_wait(&s->k, AUTHORITY_KILL_MS / 1000 + 1);
	assert_int_equal(s->k.kills, 1);
}

static void test_written_later(void **state)
{
	struct scene *s = *state;

	may_write(s, false);
	assert_false(is_revoked(s, "jan"));
	session_cut_write(s->k.a);
	assert_true(s->k.a->seats[s->slot[0]].is_cut);
	may_write(s, true);
	session_cut_write(s->k.a);
	assert_false(s->k.a->seats[s->slot[0]].is_cut);
	assert_int_equal(s->k.gate->session[s->slot[0]], 0);
	assert_int_equal(shown(s, 0), GATE_ENDED);
	assert_int_equal(shown(s, 1), GATE_OK);
}

static void test_disabled(void **state)
{
	struct scene *s = *state;
	const struct tool_act act = { .kind = ACT_USER_DISABLE, .name = VIEW("piet") };

	may_write(s, false);
	assert_false(authority_kit_act(&s->k, &act, NULL).is_done);
	assert_int_equal(shown(s, 1), GATE_ENDED);
	assert_int_equal(shown(s, 0), GATE_OK);
}

/* All, and one that stays. */
static void test_all_but_one(void **state)
{
	struct scene *s = *state;
	const struct tell t = { .action = "session.revoked", .result = "ended" };
	uint32_t n = 0, but = s->k.a->seats[s->slot[1]].session;

	may_write(s, false);
	assert_int_equal(session_end_all(s->k.a, 0, but, &t, &n), E_SYS);
	assert_int_equal(shown(s, 0), GATE_ENDED);
	assert_int_equal(shown(s, 1), GATE_OK);
	assert_int_equal(session_end_all(s->k.a, 0, 0, &t, &n), E_SYS);
	assert_int_equal(shown(s, 1), GATE_ENDED);
}

/* The page outlives the authority: the next one sits the session down where it was cut. */
static void test_next_authority(void **state)
{
	struct scene *s = *state;

	may_write(s, false);
	assert_false(is_revoked(s, "jan"));
	close(s->cell[0]);
	close(s->cell[1]);
	authority_kit_restart(&s->k);
	s->cell[0] = authority_kit_cell(&s->k, 1, "192.0.2.1", 1);
	s->cell[1] = authority_kit_cell(&s->k, 2, "192.0.2.1", 1);
	assert_true(s->k.a->seats[s->slot[0]].is_cut);
	assert_int_equal(shown(s, 0), GATE_ENDED);
	assert_int_equal(shown(s, 1), GATE_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_is_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(test_its_cell_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_written_later, setup, teardown),
		cmocka_unit_test_setup_teardown(test_disabled, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all_but_one, setup, teardown),
		cmocka_unit_test_setup_teardown(test_next_authority, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
