/* What acts on channels share: saying something to a peer, and hearing what it thinks of it. */
#ifndef DRILL_CHANNEL_H
#define DRILL_CHANNEL_H

#include "drill/act.h"
#include "ipc/frame.h"

enum { CHANNEL_WAIT_MS = 2000 };

/* channel_of - the channel to a peer of this role, or -1; the keeper's is always there */
int channel_of(const struct intruder *x, enum role peer);

struct channel_act {
	enum role peer;
	uint8_t type;
	uint8_t won; /* type of an answer that means that it worked; 0: any answer does */
	uint32_t seq;
	struct view body;
	int pass;	  /* descriptor to pass; -1: none */
	const char *text; /* what it got, when it did */
};

/*
 * channel_try - says it, and waits for what comes: an answer of type won is BOARD_WORKED, another
 * one, the end of the channel, or silence for CHANNEL_WAIT_MS is BOARD_REFUSED. A keeper ends
 * whoever says what he may not.
 */
struct act_got channel_try(struct intruder *x, const struct channel_act *a);

#endif
