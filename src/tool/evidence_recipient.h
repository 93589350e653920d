/* Whom a bundle is encrypted to: X.509 certificates with an RSA or EC key. */
#ifndef TOOL_EVIDENCE_RECIPIENT_H
#define TOOL_EVIDENCE_RECIPIENT_H

#include "base/err.h"

#include <openssl/x509.h>

enum { EVIDENCE_RECIPIENTS = 8, EVIDENCE_NAME = 256, EVIDENCE_HEX = 64 };

struct evidence_recipient {
	X509 *certificate; /* owned */
	char subject[EVIDENCE_NAME], sha256[EVIDENCE_HEX + 1];
};

struct evidence_recipients {
	struct evidence_recipient one[EVIDENCE_RECIPIENTS];
	size_t n;
};

/*
 * evidence_recipient_add - the certificate in this PEM file
 *   ret_why  a fixed text
 * E_LIMIT too many · E_DENIED the key can't be encrypted to, or it has expired · E_PROTO · E_SYS
 */
enum err evidence_recipient_add(struct evidence_recipients *r, const char *path,
				const char **ret_why);
void evidence_recipient_done(struct evidence_recipients *r);

#endif
