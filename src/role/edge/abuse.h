/*
 * What clients cost without need (THREATS A7, A22): every act that a normal client seldom commits
 * has a price, prices add up to a score that leaks away, and a score over its limit ends the
 * connection; the score of all connections of a source over its own limit refuses new ones. So no
 * single kind of flood (resets, CVE-2023-44487; resets that we are made to send, CVE-2025-8671;
 * SETTINGS, PING, PRIORITY, WINDOW_UPDATE, empty frames) needs a limit of its own.
 */
#ifndef ROLE_EDGE_ABUSE_H
#define ROLE_EDGE_ABUSE_H

#include "role/edge/edge.h"

enum {
	ABUSE_CONNECTION = 5000, /* limit of a connection's score */
	ABUSE_SOURCE = 50000,	 /* ... of a source's: an address, or an IPv6 /64 */
	ABUSE_LEAK = 330,	 /* a second, of a connection's */
	ABUSE_SOURCE_LEAK = 3300,
	ABUSE_SOURCES = 1 << 16
};

/* abuse_init - the table of sources. E_SYS (logged) */
enum err abuse_init(struct edge *e);

/* abuse_add - c, or the connection that c is a stream of, has committed this. True: it is over its
 * limit, counted and recorded; end it */
bool abuse_add(struct edge *e, struct client *c, enum page_abuse act);

/* abuse_end - c's connection ends for this alone: charged to its source and counted; an event too
 * when it can't be an accident */
void abuse_end(struct edge *e, struct client *c, enum page_abuse act, bool is_attack);

/* abuse_note - c's connection ends for this as a matter of course: charged to its source */
void abuse_note(struct edge *e, struct client *c, enum page_abuse act);

/* abuse_forgive - it has had a proper answer */
void abuse_forgive(struct client *c);

/* abuse_speaks_for_others - its requests are those of many clients (trust_forwarded_from) */
bool abuse_speaks_for_others(const struct edge *e, const struct ip *ip);

/* abuse_is_refused - no new connection from there at present; those who speak for others
 * (trust_forwarded_from) are not refused */
bool abuse_is_refused(const struct edge *e, const struct ip *ip);

#endif
