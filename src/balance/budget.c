/* Budgets of further tries; pure. */
#include "balance/budget.h"

enum { BUDGET_TRY = 100 };

void budget_deposit(struct budget *b, uint32_t percent)
{
	b->spent -= percent < b->spent ? percent : b->spent;
}

bool budget_spend(struct budget *b, uint32_t percent, uint64_t now_ms)
{
	uint64_t passed_ms = now_ms - b->filled_ms;

	if (percent == 0)
		return false;
	/* BUDGET_PER_S tries a second are as many hundredths in a millisecond / 10. */
	if (now_ms > b->filled_ms) {
		budget_deposit(b, passed_ms < BUDGET_FULL ? (uint32_t)passed_ms * BUDGET_PER_S / 10
							  : BUDGET_FULL);
		b->filled_ms = now_ms;
	}
	if (b->spent + BUDGET_TRY > BUDGET_FULL)
		return false;
	b->spent += BUDGET_TRY;
	return true;
}
