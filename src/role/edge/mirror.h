/*
 * Mirroring: a copy of a request goes to another pool, and its answer is thrown away. The copy is a
 * shadow: an exchange with a client that nobody is (a stream without a session), which starts when
 * all of the request is here. It is never waited for, never queued, tried once, and ended by its
 * own deadline; what does not fit into the limits below is not copied, and counted.
 */
#ifndef ROLE_EDGE_MIRROR_H
#define ROLE_EDGE_MIRROR_H

#include "role/edge/edge.h"

enum {
	MIRROR_BODY_MAX = 64 * 1024,	 /* content of a request that is copied */
	MIRROR_ANSWER_MAX = 1024 * 1024, /* read of an answer, so that its connection can be kept */
	MIRROR_MAX = 256		 /* shadows at one time, of one edge */
};

/* mirror_begin - x's rule has a mirror and its head is built: copies it, or not */
void mirror_begin(struct edge *e, struct exchange *x);

/* mirror_body - these bytes of x's request, framed as they are sent, have gone to its server */
void mirror_body(struct edge *e, struct exchange *x, struct view v);

/* mirror_give_up - x ends, or its content is too long: it is not copied */
void mirror_give_up(struct edge *e, struct exchange *x);

/* mirror_ask - shadow m asks for a server */
void mirror_ask(struct edge *e, struct exchange *m);

/* mirror_read - takes what m's server says. True when m has ended */
bool mirror_read(struct edge *e, struct exchange *m);

/* mirror_failed - m can't go on */
void mirror_failed(struct edge *e, struct exchange *m);

#endif
