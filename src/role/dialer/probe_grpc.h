/*
 * gRPC's health checking protocol (grpc/doc/health-checking.md): what is asked, and what the answer
 * says. Pure; an answer is hostile (THREATS A18).
 */
#ifndef ROLE_DIALER_PROBE_GRPC_H
#define ROLE_DIALER_PROBE_GRPC_H

#include "base/wbuf.h"

enum {
	PROBE_GRPC_SERVICE_MAX = 127,
	PROBE_GRPC_ASK_MAX = 7 + PROBE_GRPC_SERVICE_MAX,
	PROBE_GRPC_ANSWER_MAX = 64 /* of a message of one small number */
};

/* probe_grpc_put - the one message of Check; service: empty for the server as a whole, at most
 * PROBE_GRPC_SERVICE_MAX */
void probe_grpc_put(struct wbuf *w, struct view service);

/* probe_grpc_serves - the one message that answered it. E_OK it serves · E_DENIED it doesn't, or
 * doesn't know · E_PROTO that is no such message */
enum err probe_grpc_serves(struct view answer);

#endif
