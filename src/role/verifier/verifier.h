/*
 * The verifier's data. main() owns it.
 *
 *   authority --question--> [one at a time] --answer--> authority
 *
 * A question is answered before the next one is read: what waits, waits in the kernel's queue of
 * its channel, whose length is the asker's own bound.
 */
#ifndef ROLE_VERIFIER_VERIFIER_H
#define ROLE_VERIFIER_VERIFIER_H

#include "base/list.h"
#include "ipc/authority_verifier.h"
#include "ipc/keeper_role.h"
#include "ipc/ring.h"
#include "role/verifier/password.h"
#include "sys/loop.h"
#include "sys/sandbox.h"

enum {
	VERIFIER_CHANNELS = 4,	/* a restarted authority's old one may still stand */
	VERIFIER_HEAP = 8 << 20 /* what the libraries may have, all together */
};

enum verifier_source { VERIFIER_KEEPER, VERIFIER_AUTHORITY, VERIFIER_SOURCES };

struct verifier;

struct verifier_channel {
	struct loop_source source; /* first: an event's source is its channel */
	struct verifier *verifier;
	bool is_stuck; /* its queue is full: an answer waits, nothing more is read from it */
	uint8_t stuck_type;
	uint32_t stuck_seq;
	struct wbuf stuck; /* body, in room */
	uint8_t room[FRAME_BODY_MAX];
};

struct verifier {
	struct loop loop;
	struct loop_source keeper;
	struct role_identity self;
	struct password password;
	struct password_cost wanted; /* as configured; zero: as the machine allows */
	struct ring_writer ring;
	bool has_image, is_draining;
	uint64_t drain_ms;
	struct verifier_channel channels[VERIFIER_CHANNELS];
};

extern const struct sandbox_spec verifier_sandbox;

/* ask: */

/* ask_add - fd (taken, also on failure) is a channel to the authority. E_LIMIT no slot · E_SYS */
enum err ask_add(struct verifier *v, int fd);

/* ask_on_event - the loop's handler */
void ask_on_event(void *owner, struct loop_source *source, uint32_t events);

#endif
