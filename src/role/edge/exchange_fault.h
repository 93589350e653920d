/* Whose fault it is that a try failed, and what follows for the server. */
#ifndef ROLE_EDGE_EXCHANGE_FAULT_H
#define ROLE_EDGE_EXCHANGE_FAULT_H

#include "role/edge/edge.h"

struct exchange_fault {
	bool is_stale;	 /* an idle connection that the server closed meanwhile: nobody's */
	bool is_early;	 /* it ended while it was sent a body, which it may be refusing */
	bool is_refused; /* HTTP/2: the server has not looked at it (RFC 9113 §8.7) */
};

/* exchange_fault_of - while x still has the connection it failed on */
struct exchange_fault exchange_fault_of(const struct exchange *x, enum dial_failure why);

/* exchange_fault_tell - counts it, and tells the dialer, unless it is nobody's */
void exchange_fault_tell(struct edge *e, const struct exchange *x, struct exchange_fault f,
			 enum dial_failure why);

/* exchange_fault_blame - the two above, at once */
void exchange_fault_blame(struct edge *e, const struct exchange *x, enum dial_failure why);

/* exchange_fault_leave_out - which servers x's next try leaves out: after a refusal none, another
 * connection is as good */
void exchange_fault_leave_out(struct edge *e, struct exchange *x, struct exchange_fault f);

/* exchange_fault_error - what went wrong towards a server, in a word: OpenTelemetry's error.type */
const char *exchange_fault_error(enum dial_failure why);

#endif
