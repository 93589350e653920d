/*
 * The private keys of one generation (promises P2, P3): loaded once, used for what can be
 * recognised, never given away.
 */
#ifndef ROLE_SIGNER_KEYS_H
#define ROLE_SIGNER_KEYS_H

#include "base/wbuf.h"
#include "conf/image.h"

#include <openssl/evp.h>

enum { KEYS_SCHEMES = 11 };

struct keys_key {
	EVP_PKEY *pkey;
	EVP_MD_CTX *contexts[KEYS_SCHEMES]; /* by row of the scheme table; NULL: does not fit, or
					       not needed lately */
	uint8_t type;			    /* enum image_key_type */
	bool is_server, is_client;
};

struct keys {
	OSSL_LIB_CTX *libctx;
	OSSL_PROVIDER *provider;
	struct keys_key *key; /* by certificate index of the image; borrowed, contents owned */
	uint32_t n;
	uint32_t context_n, hand; /* contexts there are; whose go next */
};

/* keys_memory - bytes that the keys of an image's certificates need from the TLS heap */
size_t keys_memory(const struct image *im);

/* keys_guard - private numbers go into guarded, locked memory of their own, unless the heap that
 * they are in is_hidden from everybody; once, before keys_open. E_NOMEM: it can't be locked */
enum err keys_guard(const struct image *im, bool is_hidden);

/* keys_open - OpenSSL with its standard algorithms, without a configuration file. E_NOMEM */
enum err keys_open(struct keys *k);
void keys_done(struct keys *k);

/*
 * keys_parse - one key file's text; the public half must be spki (DER)
 *   pem  borrows; secret, wiped by the caller
 * E_DENIED and ret_why (a fixed text)
 */
enum err keys_parse(struct keys *k, struct view pem, struct view spki, struct keys_key *ret,
		    const char **ret_why);

struct keys_ask {
	uint32_t certificate;
	uint16_t scheme; /* RFC 8446 §4.2.3 */
	struct view message;
	const struct keys_scope *scope; /* NULL: every certificate of the image */
};

/* Which certificates somebody may use, a bit each: as a server, and as a client. */
struct keys_scope {
	const uint64_t *server, *client;
};

/*
 * keys_sign - when the certificate's use, the key and the scheme fit, and the message is one of
 * the three that TLS endpoints sign
 *   ret_why  on E_DENIED: a fixed text
 * E_DENIED refused · E_SYS OpenSSL failed
 */
enum err keys_sign(struct keys *k, const struct keys_ask *ask, struct wbuf *signature,
		   const char **ret_why);

#endif
