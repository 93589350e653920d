/* Private keys that the command makes, requests for certificates, and the chains that come back.
 * The old private keys of certificates are never read. */
#ifndef TOOL_ROTATE_KEY_H
#define TOOL_ROTATE_KEY_H

#include "tool/rotate_file.h"

#include <openssl/x509.h>

/* rotate_key_like - a new key of the kind, curve and size of this one; NULL: it can't be made
 * (told) */
EVP_PKEY *rotate_key_like(EVP_PKEY *like);

/* rotate_key_p256 - a new one for assertions; NULL (told) */
EVP_PKEY *rotate_key_p256(void);

/* rotate_key_put - as PKCS #8 (RFC 5958) in PEM, with rotate_file_put. E_SYS, E_NOMEM (told) */
enum err rotate_key_put(EVP_PKEY *key, int dir_fd, const char *name,
			const struct rotate_file_owner *owner);

/* rotate_key_read - *ret NULL: there is none. E_DENIED it is no key, or others can read it (told)
 */
enum err rotate_key_read(int dir_fd, const char *name, EVP_PKEY **ret);

/* rotate_key_print - SHA-256 of its public half, DER (RFC 5280 §4.1.2.7); ret: 65 bytes */
void rotate_key_print(const EVP_PKEY *key, char *ret);

/* rotate_key_request - a certificate request (RFC 2986) with subject and subjectAltName of leaf,
 * signed by key; PEM into w. E_SYS (told) */
enum err rotate_key_request(EVP_PKEY *key, X509 *leaf, struct wbuf *w);

/*
 * rotate_key_check_chain - is this PEM a chain that can take the place of leaf?
 *   was      the leaf that is in use
 *   key      the new key, whose public half the new leaf must have
 *   now_s    it must be good now, and for a day
 * E_DENIED: told, with what is wrong
 */
enum err rotate_key_check_chain(struct view pem, X509 *was, EVP_PKEY *key, int64_t now_s);

#endif
