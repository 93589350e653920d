/* A client's connection: TLS, requests one after the other, and its end. */
#ifndef ROLE_EDGE_CLIENT_H
#define ROLE_EDGE_CLIENT_H

#include "role/edge/edge.h"

/* client_accept - fd (taken) has connected to listener l; counted against its limits */
void client_accept(struct edge *e, const struct image_listener *l, int fd, const struct ip *ip,
		   uint16_t port);

/* client_run - does all that can be done for c now; c may be closed afterwards */
void client_run(struct edge *e, struct client *c);

/* client_tick - who has waited for an answer for a while is listened to meanwhile */
void client_tick(struct edge *e);

/* client_run_later - once more in the next turn: others first */
void client_run_later(struct edge *e, struct client *c);

/* client_run_again - runs those that were put off; who is put off again waits for the next turn */
void client_run_again(struct edge *e);

/* How a connection goes on after an exchange. */
enum client_end {
	CLIENT_STAYS,  /* the next request */
	CLIENT_ENDS,   /* closed in order: the client has sent all it announced */
	CLIENT_LINGERS /* ... but it may still be sending: what comes is thrown away for a moment */
};

/* client_next - its exchange is over */
void client_next(struct edge *e, struct client *c, enum client_end end);

/* client_close - at once; want_reset: what was being sent can't be completed, and the client must
 * notice */
void client_close(struct edge *e, struct client *c, bool want_reset);

/* client_expired - its deadline has passed */
void client_expired(struct edge *e, struct client *c);

/* client_close_idle - ends every connection that waits for a request: its listener is gone (slot),
 * or all (draining) */
void client_close_idle(struct edge *e, bool is_all, uint16_t slot);

/* client_charge - c has committed this. Over its limit its connection ends: HTTP/2 with
 * ENHANCE_YOUR_CALM (RFC 9113 §10.5), HTTP/1 with the answer under way */
void client_charge(struct edge *e, struct client *c, enum page_abuse act);

/* The loop's handler, and the TLS library's hooks. */
void client_on_event(void *owner, struct loop_source *source, uint32_t events);
extern const struct tls_hooks client_tls_hooks;

#endif
