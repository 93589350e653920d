/*
 * Active health checks: a TCP connection, or one request over a connection of its own, HTTP/1.1 or
 * HTTP/2 as the pool speaks, through TLS when it speaks that. Servers are hostile here too (THREATS
 * A18): the answer is parsed as strictly as for an edge, its head and body are bounded, and all
 * must end in health.timeout.
 *
 * A pool with tls.client_certificate is checked by TCP alone: the key for that certificate is in
 * the signer, which the dialer has no channel to.
 */
#ifndef ROLE_DIALER_PROBE_H
#define ROLE_DIALER_PROBE_H

#include "role/dialer/call.h"

/* probe_init - the table, at boot; with it what TLS needs, which reads nothing later. E_NOMEM ·
 * E_SYS (logged) */
enum err probe_init(struct dialer *d);
void probe_done(struct dialer *d);

/* probe_schedule_first - the first check of s at a moment of its own within the first second (or
 * its interval): a thousand servers are not checked at once */
void probe_schedule_first(struct dialer *d, struct dialer_server *s);

/* probe_stop - no more checks, those that run are forgotten: this dialer is no longer the writer */
void probe_stop(struct dialer *d);

/* probe_on_call - the connection of a check stands, or not */
void probe_on_call(struct dialer *d, struct call *c);

/* probe_on_event, probe_on_timer (a check takes too long), probe_on_check (the next one is due) */
void probe_on_event(void *owner, struct loop_source *source, uint32_t events);
void probe_on_timer(struct dialer *d, struct dialer_timer *t);
void probe_on_check(struct dialer *d, struct dialer_timer *t);

#endif
