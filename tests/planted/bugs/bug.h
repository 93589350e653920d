/*
 * Planted bugs of memory, for breach drills (docs/breach.md): what a client, a server or a text can
 * ask for, and the kinds of mistakes that break C programs. No part of any program that is
 * installed: the linker puts the hooks of bug_<role>.c in front of real functions (--wrap).
 *
 *      planted: KIND COUNT HEX
 *
 * KIND is a row of the table in bug.c. COUNT is the length that the bug believes, HEX the bytes,
 * repeated until there are COUNT of them: a decoder of runs that was not told how much room there
 * is.
 */
#ifndef PLANTED_BUG_H
#define PLANTED_BUG_H

#include "base/view.h"

enum { BUG_BYTES = 768, BUG_COUNT_MAX = 1 << 24 };

struct bug_dose {
	struct view text; /* what it was read in: the role's own buffer */
	size_t count, n;
	uint8_t bytes[BUG_BYTES];
};

/* Where the bug is: how something gets back to who sent the text. */
struct bug_place {
	void (*say)(const struct bug_place *at, struct view v); /* NULL: nothing does */
	void *role, *connection;
};

/* bug_run - does what text asks for; nothing when it asks for nothing */
void bug_run(struct view text, const struct bug_place *at);

/* bug_decode - count bytes to `to`: from, over and over. The bug: nobody says how much fits. In a
 * file of its own, so that no compiler sees both sides */
void bug_decode(uint8_t *to, const uint8_t *from, size_t n, size_t count);

#endif
