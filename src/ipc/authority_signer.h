/*
 * Authority and signer: assertions of who somebody is, for applications (promise P3). The signer
 * composes the token itself from the fields (a JSON Web Token, ES256): 60 seconds, typ
 * "JWT", kid of its own key, iss the portal's origin, jti random. Edges and cells can't ask.
 */
#ifndef IPC_AUTHORITY_SIGNER_H
#define IPC_AUTHORITY_SIGNER_H

#include "ipc/frame.h"
#include "ipc/gate_words.h"
#include "ipc/wire.h"

enum { TOKEN_LIFETIME_S = 60 };

enum authority_signer_message {
	AUTHORITY_TOKEN = 1, /* struct authority_token -> SIGNER_TOKEN or SIGNER_TOKEN_REFUSED */
	AUTHORITY_TOKEN_KEYS /* - -> SIGNER_TOKEN_KEYS */
};

enum signer_authority_message {
	SIGNER_TOKEN = 1, /* struct signer_token */
	SIGNER_TOKEN_REFUSED,
	SIGNER_TOKEN_KEYS /* struct signer_token_keys: JSON Web Key Set (RFC 7517) */
};

/* app: image_app.id, whose audience and host the signer reads in its own image; groups: a line
 * each; factors: become amr (RFC 8176); auth_s: when they were shown: auth_time */
#define AUTHORITY_TOKEN_FIELDS(F)                                                                  \
	F(U64, app, 0)                                                                             \
	F(U8, factors, 0)                                                                          \
	F(U64, auth_s, 0)                                                                          \
	F(HASH, session, 0)                                                                        \
	F(TEXT, user, GATE_USER_MAX) F(TEXT, title, GATE_TITLE_MAX) F(TEXT, groups, GATE_GROUPS_MAX)
#define SIGNER_TOKEN_FIELDS(F)	    F(TEXT, token, GATE_JWT_MAX)
#define SIGNER_TOKEN_KEYS_FIELDS(F) F(TEXT, json, 2048)

WIRE_MESSAGE(authority_token, AUTHORITY_TOKEN_FIELDS)
WIRE_MESSAGE(signer_token, SIGNER_TOKEN_FIELDS)
WIRE_MESSAGE(signer_token_keys, SIGNER_TOKEN_KEYS_FIELDS)

#endif
