/*
 * The waiting room of returning applications (isolation.waiting_room): at the steps pilot and open
 * so many people a minute are let in, and so many at a time. Who is in stays in. Who waits has a
 * place: urgent groups first, then who came first; it is kept while it is asked for, and lost after
 * a minute of silence.
 *
 * A place is a user's, not a session's, so that many sessions are no more places; and it is asked
 * for where the code to enter with is made, so that no cell has one without it.
 */
#ifndef ROLE_AUTHORITY_ROOM_H
#define ROLE_AUTHORITY_ROOM_H

#include "role/authority/recover.h"

enum {
	ROOM_SILENT_MS = 60000, /* without a question a place is lost after that */
	ROOM_COUNT_MS = 2000,	/* who is inside is counted no more often */
	ROOM_BURST = 6		/* of what may come in a minute, a sixth at once */
};

struct room_answer {
	uint32_t position, waiting; /* 1: next; both 0: it is let in */
};

/* room_enter - may this user come in now? True also where there is no waiting room */
bool room_enter(struct authority *a, uint32_t user, const struct image_app *app,
		struct room_answer *ret);

/* room_entered - the user is inside: the place is free */
void room_entered(struct authority *a, uint32_t user, uint64_t app);

/* room_waiting - how many wait before this application */
uint32_t room_waiting(const struct authority *a, uint64_t app);

/* room_tick - forgets who is silent */
void room_tick(struct authority *a);

#endif
