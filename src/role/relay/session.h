/*
 * Sessions: from the first datagram of a client to the last word about it.
 *
 *   (first datagram) -> DIALING: its server is chosen, datagrams wait for a socket to it
 *                    -> OPEN: what comes on either side goes out on the other
 *                    -> FREE: idle, answered, refused, or no longer wanted; recorded
 *
 * Nobody can tell whether the sender's address is true. What somebody who invents addresses can
 * have is bounded: sessions per address and listener; a session that its client has not confirmed
 * (by saying more after it was answered) makes room when the listener is full, the oldest first;
 * and replies by datagrams.reply_ratio.
 */
#ifndef ROLE_RELAY_SESSION_H
#define ROLE_RELAY_SESSION_H

#include "role/relay/relay.h"

/* session_begin - for d, which came in on listener `slot`: a server is chosen and asked for. NULL:
 * d is dropped, and counted */
struct relay_session *session_begin(struct relay *r, uint16_t slot, const struct datagram *d);

/* session_forward - r->in's datagrams [first, first + n), all of s's client, go to its server, or
 * wait for it; s may end, and another one begin for them */
void session_forward(struct relay *r, struct relay_session *s, unsigned first, unsigned n);

/* session_answered - n datagrams came from s's server, of which `passed` with `bytes` altogether
 * are on their way to its client; s may end */
void session_answered(struct relay *r, struct relay_session *s, unsigned n, unsigned passed,
		      size_t bytes);

/* session_connected - takes fd, a socket to s's server; session_not_connected - there will be none:
 * another server is asked, or s ends */
void session_connected(struct relay *r, struct relay_session *s, int fd);
void session_not_connected(struct relay *r, struct relay_session *s);

/* session_refused - nobody is at s's server's port: it ends, and that counts against the server */
void session_refused(struct relay *r, struct relay_session *s);

/* session_expired - its time is up */
void session_expired(struct relay *r, struct relay_session *s);

/* session_isolate - a level of isolation ends it */
void session_isolate(struct relay *r, struct relay_session *s);

/* session_end_all - of one listener, or of all (slot UINT16_MAX) */
void session_end_all(struct relay *r, uint16_t slot, enum relay_end why);

/* session_drop - n datagrams of a listener went nowhere */
void session_drop(struct relay *r, uint16_t slot, enum page_drop why, unsigned n);

#endif
