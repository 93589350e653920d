/* Trying one act after the other; whatever ends the process is an outcome. */
#include "drill/intruder.h"

#include "sys/clock.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { INTRUDER_LIFE_S = 20, INTRUDER_WAIT_MS = 5000 };

/* Set before the sandbox closes; a signal's handler has no argument (tools/globals.allow). */
static struct board *intruder_board;

/* An act did not come back. Only the board is touched, and the process ends. */
static void intruder_on_alarm(int signal)
{
	struct board *b = intruder_board;
	uint32_t at = atomic_load(&b->next);

	(void)signal;
	if (at < BOARD_ACTS && atomic_load(&b->row[at].outcome) == BOARD_BEGUN) {
		atomic_store(&b->row[at].outcome, (uint8_t)BOARD_STUCK);
		atomic_store(&b->next, at + 1);
	}
	_exit(0);
}

bool intruder_open(struct intruder *x)
{
	struct sigaction act = { .sa_handler = intruder_on_alarm };

	if (board_open(BOARD_FD, &x->board) != E_OK)
		return false;
	intruder_board = x->board;
	(void)sigaction(SIGALRM, &act, NULL);
	(void)alarm(INTRUDER_LIFE_S);
	return true;
}

static void intruder_try(struct intruder *x, uint32_t at, const struct act *a)
{
	struct board *b = x->board;
	struct act_got got = { 0 };

	atomic_store(&b->row[at].outcome, (uint8_t)BOARD_BEGUN);
	got = act_run(a, x);
	board_settle(b, at, (enum board_outcome)got.outcome, got.error, got.text);
}

/* The next cell may be born before its spawner has seen how the one before it ended. */
static void intruder_wait(const struct board *b)
{
	uint64_t until_ms = clock_mono_ms() + INTRUDER_WAIT_MS;
	uint32_t at = atomic_load(&b->next);

	while (at < BOARD_ACTS && atomic_load(&b->row[at].outcome) == BOARD_BEGUN &&
	       clock_mono_ms() < until_ms)
		at = atomic_load(&b->next);
}

void intruder_run(struct intruder *x)
{
	struct board *b = x->board;
	enum act_group group = ACT_FILES;

	x->is_in = true;
	intruder_wait(b);
	atomic_fetch_add(&b->births, 1);
	for (uint32_t at = atomic_load(&b->next); at < b->last; at = atomic_load(&b->next)) {
		const struct act *a = act_at(at, &group);

		if (at < b->first || (x->role && !act_is_for(a, (enum role)x->role)) ||
		    atomic_load(&b->row[at].outcome) != BOARD_OPEN) {
			atomic_store(&b->next, at + 1);
			continue;
		}
		intruder_try(x, at, a);
		atomic_store(&b->next, at + 1);
		if ((a->flags & ACT_ENDS) || x->is_spent)
			_exit(0);
	}
	atomic_store(&b->is_done, 1);
	_exit(0);
}
