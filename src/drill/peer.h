/*
 * What acts that lie to another process share: finding the channel, asking, and seeing what came of
 * it. Evidence counts, not silence: an answer of the type that means yes, or a peer that has died
 * of what it was told (the keeper then brings a channel to the next one).
 */
#ifndef DRILL_PEER_H
#define DRILL_PEER_H

#include "conf/image.h"
#include "drill/act.h"
#include "ipc/frame.h"

enum {
	PEER_WAIT_MS = 2000,  /* for an answer: whoever listens gives it at once */
	PEER_STILL_MS = 150,  /* for what brings none, and whose effect is looked at afterwards */
	PEER_CLOSE_MS = 5000, /* for the end of a channel, where that is what has to come */
	PEER_BIRTH_MS = 1500, /* for a channel that the keeper brings a little later */
	PEER_SEQ = 0x5eed
};

struct peer_ask {
	enum role peer;
	int fd; /* instead of the channel to peer; 0: that one */
	uint8_t type, won;
	bool (*is_won)(struct view body); /* of an answer of type won (0: any); NULL: each is */
	uint32_t seq;
	struct view body;
	const int *pass; /* one descriptor; NULL: none */
	const char *text;
};

/* peer_fd - the channel to a process of this role, waiting PEER_BIRTH_MS for the keeper to bring
 * one. -1: there is none */
int peer_fd(struct intruder *x, enum role peer);

/* peer_ask - says it and hears what comes of it; a second answer is not waited for. A seq of 0
 * becomes PEER_SEQ */
struct act_got peer_ask(struct intruder *x, const struct peer_ask *a);

/*
 * peer_hear - the next frame within ms, in buf. E_AGAIN none came · E_CLOSED, E_PROTO the end of
 * the channel. Descriptors it brought are closed but for the first, which ret_fd (may be NULL)
 * gives
 */
enum err peer_hear(int fd, uint32_t ms, uint8_t buf[FRAME_MAX], struct frame *ret, int *ret_fd);

/*
 * peer_tell - says what has no answer and has to end the channel, and waits PEER_CLOSE_MS for that.
 * E_OK: it does not
 */
enum err peer_tell(int fd, uint8_t type, uint32_t seq, struct view body, const int *pass);

/* peer_probe - a harmless question of the role's own, which its peer answers as long as it listens.
 * E_OK answered · E_AGAIN there is none for this peer, or no answer came · E_CLOSED */
enum err peer_probe(struct intruder *x, const struct intruder_channel *c);

/* peer_births - how many channels to a peer there are that this process had one to before: the
 * peer has begun anew. Takes what the keeper brings, until nothing comes for wait_ms */
unsigned peer_births(struct intruder *x, uint32_t wait_ms);

/* peer_image - the configuration as this process has it mapped. False: it has none */
bool peer_image(const struct intruder *x, struct image *ret);

#endif
