/* Channels between roles of which one has just ended (P11). */
#include "tests/ipc/keeper_kit.h"
#include "tests/unit/check.h"

#include "ipc/frame.h"
#include "ipc/keeper_role.h"
#include "role/keeper/boot.h"
#include "sys/fd.h"

#include <sys/socket.h>

/* Also where the sleeper has not closed its copy yet. */
static void end(int peer)
{
	assert_int_equal(shutdown(peer, SHUT_RDWR), 0);
	fd_close(peer);
}

static void assert_has_channel_to(int peer, enum role role)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };

	assert_int_equal(fd_set_nonblocking(peer), E_OK);
	assert_int_equal(frame_receive(peer, buf, &f), E_OK);
	assert_int_equal(f.type, KEEPER_CHANNEL);
	assert_int_equal(f.body.p[0], role);
	frame_done(&f);
}

static void test_both_run(void **state)
{
	struct keeper *k = keeper_kit_new();
	int at_user = -1, at_provider = -1;
	struct keeper_child *user = keeper_kit_child(k, ROLE_SPAWNER, CHILD_STARTING, &at_user),
			    *provider =
				    keeper_kit_child(k, ROLE_AUDIT, CHILD_RUNNING, &at_provider);

	(void)state;
	assert_int_equal(boot_link(provider, user), E_OK);
	assert_has_channel_to(at_user, ROLE_AUDIT);
	assert_has_channel_to(at_provider, ROLE_SPAWNER);
	fd_close(at_user);
	fd_close(at_provider);
	keeper_kit_free(k);
}

/* What was said of a user's birth had stopped here, and it waited ten seconds for the rest. */
static void test_provider_has_ended(void **state)
{
	struct keeper *k = keeper_kit_new();
	int at_user = -1, at_provider = -1;
	struct keeper_child *user = keeper_kit_child(k, ROLE_SPAWNER, CHILD_STARTING, &at_user),
			    *provider =
				    keeper_kit_child(k, ROLE_AUDIT, CHILD_RUNNING, &at_provider);

	(void)state;
	end(at_provider);
	assert_int_equal(boot_link(provider, user), E_OK);
	assert_has_channel_to(at_user, ROLE_AUDIT);
	fd_close(at_user);
	keeper_kit_free(k);
}

static void test_user_has_ended(void **state)
{
	struct keeper *k = keeper_kit_new();
	int at_user = -1, at_provider = -1;
	struct keeper_child *provider =
				    keeper_kit_child(k, ROLE_AUDIT, CHILD_RUNNING, &at_provider),
			    *user = keeper_kit_child(k, ROLE_SPAWNER, CHILD_STARTING, &at_user);

	(void)state;
	end(at_user);
	assert_int_equal(boot_link(provider, user), E_CLOSED);
	fd_close(at_provider);
	keeper_kit_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_run),
		cmocka_unit_test(test_provider_has_ended),
		cmocka_unit_test(test_user_has_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
