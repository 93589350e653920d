/*
 * What the browser says of a ceremony: clientDataJSON (WebAuthn §5.8.1). Strict: one JSON object,
 * no member twice, nothing behind it; type, challenge and origin are exactly what was asked for,
 * and it was not made inside a frame of somebody else's page.
 */
#ifndef ROLE_VERIFIER_CLIENT_DATA_H
#define ROLE_VERIFIER_CLIENT_DATA_H

#include "ipc/wire.h"

struct client_data_want {
	struct view type;		/* "webauthn.create", "webauthn.get" */
	const struct hash32 *challenge; /* the bytes that were sent to the browser */
	struct view origin;		/* "https://host[:port]" */
};

/* client_data_open - before the sandbox: the JSON library seeds its tables */
void client_data_open(void);

/* client_data_check - NULL: it is what was wanted; else a fixed text that says what is not */
const char *client_data_check(struct view json, const struct client_data_want *want);

#endif
