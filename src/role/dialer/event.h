/* The dialer's events: one record in the audit ring each, and nothing that a server or an edge
 * wrote. */
#ifndef ROLE_DIALER_EVENT_H
#define ROLE_DIALER_EVENT_H

#include "role/dialer/dialer.h"

/*
 * event_put - "server.down" and the like about a server
 *   action, result, detail  fixed texts; detail may be empty
 * A full ring is said on standard error: what the dialer does can't be refused for it.
 */
void event_put(struct dialer *d, const char *action, const struct dialer_server *s,
	       const char *result, const char *detail);

/* event_put_object - the same about something that is no server: a name, a channel */
void event_put_object(struct dialer *d, const char *action, struct view object, const char *result,
		      const char *detail);

/* event_alarm - egress.refused: somebody, the kernel or this process, has held back a connection to
 * s (NULL: to a server that is not there); detail: fixed text. At most one a second */
void event_alarm(struct dialer *d, const struct dialer_server *s, const char *detail);

/* event_alarm_of - the same, of a worker: who it is, "edge[0]" */
void event_alarm_of(struct dialer *d, struct view who, const struct dialer_server *s,
		    const char *detail);

#endif
