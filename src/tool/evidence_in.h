/* A bundle's file, decrypted when it is encrypted, as a stream of bytes. */
#ifndef TOOL_EVIDENCE_IN_H
#define TOOL_EVIDENCE_IN_H

#include "base/err.h"
#include "base/view.h"

typedef enum err evidence_in_on(void *arg, struct view v);

struct evidence_in {
	const char *path, *key_path; /* key_path: PEM private key; NULL: none */
	evidence_in_on *on_bytes;    /* its error ends the reading, and is given back */
	void *arg;
	bool was_encrypted; /* set */
};

/*
 * evidence_in_run - all of it
 *   ret_why  a fixed text for people, on every error but those of on_bytes
 * E_DENIED it is encrypted and there is no key, or the key does not open it, or it was altered;
 * what on_bytes got until then is worth nothing · E_PROTO no bundle · E_NOMEM, E_SYS
 */
enum err evidence_in_run(struct evidence_in *in, const char **ret_why);

#endif
