/* Messages from the keeper to a role: sent at once, or kept until the role's queue has room. */
#ifndef ROLE_KEEPER_POST_H
#define ROLE_KEEPER_POST_H

#include "role/keeper/keeper.h"

struct post {
	uint8_t type;	  /* enum keeper_message */
	uint8_t fd_n;	  /* at most 2 */
	bool takes;	  /* the descriptors are given away, whatever happens */
	int fds[2];	  /* else borrowed */
	struct view body; /* copied when it is short, else it must live as long as the keeper */
};

/*
 * post_send - E_OK sent, or kept for later · E_CLOSED the role is gone, which its pidfd tells too
 * E_NOMEM too many messages wait, E_SYS: the role can't be served and must be ended
 */
enum err post_send(struct keeper_child *c, const struct post *p);

/* post_now - the same without descriptors and without waiting. E_AGAIN: there is no room, nothing
 * was sent */
enum err post_now(struct keeper_child *c, uint8_t type, struct view body);

/* post_flush - sends what waits; call when the channel takes more */
void post_flush(struct keeper_child *c);

/* post_forget - drops what waits for a role that is gone */
void post_forget(struct keeper_child *c);

/* post_simple - a message without descriptors */
enum err post_simple(struct keeper_child *c, uint8_t type, struct view body);

#endif
