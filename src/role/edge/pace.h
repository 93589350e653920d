/*
 * How fast a request's body comes (THREATS A22): one byte now and then keeps every idle timer from
 * running out, so what came is looked at over as long as such a timer runs.
 */
#ifndef ROLE_EDGE_PACE_H
#define ROLE_EDGE_PACE_H

#include "role/edge/edge.h"

/* pace_begin - x's body is waited for from now on: it has been sent to a server, or a server that
 * took nothing takes more */
void pace_begin(struct exchange *x, uint64_t now_ms);

/* pace_is_slow - some of it has just come, and over at least timeouts.request_body_idle it was less
 * than timeouts.request_body_rate. Never of one that is answered already (both sides talk), of one
 * to gRPC, whose messages come when there are some, or at the body's end */
bool pace_is_slow(struct exchange *x, uint64_t now_ms);

/* pace_is_stream - gRPC that both sides take part in as they like (its server speaks HTTP/2, so
 * that it may answer before all has come), and nobody waits for the other one to take something */
bool pace_is_stream(const struct exchange *x);

#endif
