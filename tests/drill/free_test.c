/*
 * Every act of `sluis drill` works where nothing stops it, or says why it can't: the proof that a
 * drill can fail (P5). Needs root, since some acts are about root's rights.
 *
 *   free_test PROGRAM
 */
#include "tool/drill_result.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

static int judge(const struct drill_result *r, uint32_t i)
{
	enum act_group group = ACT_FILES;
	const struct act *a = act_at(i, &group);
	const struct allowed *excuse = NULL;
	enum drill_verdict v = drill_result_of(r, r->twin, i, &excuse);
	bool is_good = v == DRILL_BREACH || v == DRILL_ALLOWED || a->unfit;
	char how[160];

	drill_result_how(r->twin, i, how, sizeof how);
	printf("%s %s: %s%s%s%s%s\n", is_good ? "ok" : "not ok", a->name,
	       v == DRILL_BREACH ? "worked" : drill_verdict_name(v), *how ? ", " : "", how,
	       v != DRILL_BREACH && a->unfit ? ": " : "",
	       v != DRILL_BREACH && a->unfit ? a->unfit : "");
	return !is_good;
}

int main(int argc, char **argv)
{
	struct drill_plan plan = { .is_bare = true, .last = act_count() };
	struct drill_twin twin = { .plan = &plan, .role = ROLE_EDGE };
	struct drill_result result = { .twin = &twin, .twin_n = 1 };
	const struct timespec moment = { .tv_nsec = 20000000 };
	int failed = 0;

	if (argc != 2)
		return 2;
	if (geteuid() != 0) {
		printf("ok the free intruder # SKIP needs root\n");
		return 0;
	}
	(void)snprintf(plan.keeper, sizeof plan.keeper, "%s", argv[1]);
	(void)snprintf(plan.config, sizeof plan.config, "/etc/hosts");
	if (drill_twin_start(&twin) == E_OK)
		while (twin.state == DRILL_RUNNING) {
			(void)nanosleep(&moment, NULL);
			drill_twin_look(&twin);
		}
	if (twin.state != DRILL_DONE)
		printf("not ok the twin # %s\n", twin.why);
	for (uint32_t i = 0; i < plan.last && twin.board; i++)
		failed += judge(&result, i);
	printf("# %u acts, %d failed\n", (unsigned)plan.last, failed);
	drill_twin_end(&twin);
	return failed || twin.state != DRILL_DONE;
}
