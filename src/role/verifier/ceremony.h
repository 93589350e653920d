/* What both ceremonies, making a passkey and showing it, give to libfido2. */
#ifndef ROLE_VERIFIER_CEREMONY_H
#define ROLE_VERIFIER_CEREMONY_H

#include "ipc/wire.h"

enum { CEREMONY_HOST = 256 };

struct ceremony {
	char host[CEREMONY_HOST]; /* the relying party's id, NUL-terminated */
	struct hash32 client_hash;
};

/* ceremony_open - E_LIMIT no host, one that is too long, or one with a NUL in it · E_NOMEM */
enum err ceremony_open(struct ceremony *c, struct view host, struct view client_data);

#endif
