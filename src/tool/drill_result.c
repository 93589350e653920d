/* The board says what happened; here is decided what that means. */
#include "tool/drill_result.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

/* A process that ended without a signal during an act of this kind has become another program. */
static bool result_worked(const struct board_row *row, const struct act *a, unsigned outcome)
{
	return outcome == BOARD_WORKED ||
	       (outcome == BOARD_DIED && !atomic_load(&row->signal) && (a->flags & ACT_LEAVES));
}

enum drill_verdict drill_result_of(const struct drill_result *r, const struct drill_twin *t,
				   uint32_t i, const struct allowed **ret_allowed)
{
	enum act_group group = ACT_FILES;
	const struct act *a = act_at(i, &group);
	const struct board_row *row = t->board ? &t->board->row[i] : NULL;
	unsigned outcome = row ? atomic_load(&row->outcome) : BOARD_OPEN;

	*ret_allowed = NULL;
	if (!act_is_for(a, t->role) || i < t->plan->first || i >= t->plan->last)
		return DRILL_NOT_TRIED;
	if (!row)
		return DRILL_UNFINISHED;
	if (result_worked(row, a, outcome)) {
		*ret_allowed = allowed_find(t->role, a->name, r->is_so);
		return *ret_allowed ? DRILL_ALLOWED : DRILL_BREACH;
	}
	switch ((enum board_outcome)outcome) {
	case BOARD_REFUSED:
		return DRILL_REFUSED;
	case BOARD_DIED:
		return DRILL_DIED;
	case BOARD_UNABLE:
		return DRILL_UNABLE;
	case BOARD_OPEN:
	case BOARD_BEGUN:
	case BOARD_WORKED:
	case BOARD_STUCK:
	case BOARD_OUTCOMES:
	default:
		return DRILL_UNFINISHED;
	}
}

struct drill_sums drill_result_sum(const struct drill_result *r, const struct drill_twin *t,
				   enum act_group group)
{
	struct drill_sums s = { 0 };
	uint32_t n = act_count();

	for (uint32_t i = 0; i < n; i++) {
		const struct allowed *excuse = NULL;
		enum act_group g = ACT_FILES;
		enum drill_verdict v = DRILL_NOT_TRIED;

		(void)act_at(i, &g);
		if (group != ACT_GROUPS && g != group)
			continue;
		v = drill_result_of(r, t, i, &excuse);
		s.n[v]++;
		s.tried += v != DRILL_NOT_TRIED;
	}
	return s;
}

struct drill_sums drill_result_total(const struct drill_result *r)
{
	struct drill_sums total = { 0 };

	for (unsigned i = 0; i < r->twin_n; i++) {
		struct drill_sums s = drill_result_sum(r, &r->twin[i], ACT_GROUPS);

		total.tried += s.tried;
		for (unsigned v = 0; v < DRILL_VERDICTS; v++)
			total.n[v] += s.n[v];
	}
	return total;
}

const char *drill_verdict_name(enum drill_verdict v)
{
	static const char *const names[DRILL_VERDICTS] = {
		[DRILL_NOT_TRIED] = "not tried",
		[DRILL_REFUSED] = "refused",
		[DRILL_DIED] = "died",
		[DRILL_ALLOWED] = "allowed",
		[DRILL_BREACH] = "BREACH",
		[DRILL_UNABLE] = "not possible here",
		[DRILL_UNFINISHED] = "unfinished",
	};

	return (unsigned)v < DRILL_VERDICTS ? names[v] : "?";
}

void drill_result_how(const struct drill_twin *t, uint32_t i, char *ret, size_t cap)
{
	static const struct board_row none;
	const struct board_row *row = t->board ? &t->board->row[i] : &none;
	int signal = atomic_load(&row->signal), error = atomic_load(&row->error);
	const char *text = row->text, *name = error ? strerrorname_np(error) : NULL;

	if (signal == SIGSYS)
		text = "ended by its sandbox: a forbidden system call";
	else if (signal == SIGKILL)
		text = "ended by who watches over it";
	else if (atomic_load(&row->outcome) == BOARD_STUCK)
		text = "did not come back";
	if (signal)
		(void)snprintf(ret, cap, "%s (signal %d)", *text ? text : "ended", signal);
	else
		(void)snprintf(ret, cap, "%s%s%s", name ? name : "", name && *text ? ", " : "",
			       text);
}
