/*
 * Passive marking: a server whose requests keep failing is left alone for a while.
 *
 * Counted are failed dials, seen here, and what edges report of requests (reset, timeout, 5xx or
 * malformed answers, TLS). An edge's report of a failed dial is not counted again. The n-th
 * ejection in a row lasts 2^(n-1) times outlier.eject_for, at most 10 times; never more than
 * max_ejected_percent of a pool are out, so a hostile edge can't empty one.
 */
#ifndef ROLE_DIALER_EJECT_H
#define ROLE_DIALER_EJECT_H

#include "role/dialer/dialer.h"

/* eject_failure - a dial or a request failed on s */
void eject_failure(struct dialer *d, struct dialer_server *s);

/* eject_success - an answer came after a failure */
void eject_success(struct dialer_server *s);

/* eject_end - s comes back: its time is up */
void eject_end(struct dialer *d, struct dialer_server *s);

/* eject_resume - after the page was taken over: an ejection that was running runs on */
void eject_resume(struct dialer *d, struct dialer_server *s);

#endif
