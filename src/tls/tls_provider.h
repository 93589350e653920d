/*
 * Our OpenSSL provider "sluis": private keys that are not here (promise P2).
 *
 * A key is a public half and the number by which the signer knows the other one. The only thing
 * it can do is sign a whole message in one go, which goes to the signer as it is. There is no raw
 * operation on a digest, no decryption, no export, no generation.
 */
#ifndef TLS_TLS_PROVIDER_H
#define TLS_TLS_PROVIDER_H

#include "tls/tls_signer_client.h"

#include <openssl/core.h>
#include <openssl/evp.h>

/* What a loaded provider works with; OSSL_PROVIDER_get0_provider_ctx gives it to its library. */
struct tls_provider {
	struct tls_signer_client *signer;
	struct tls_conn *running; /* whose handshake step is being computed; NULL: nobody's, and
				     nothing can be signed */
};

/* tls_provider_init - OSSL_PROVIDER_add_builtin's entry point */
int tls_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
		      const OSSL_DISPATCH **ret_out, void **ret_ctx);

/* tls_provider_key - the key object for a public half; NULL: not a kind of key we have. Gives */
EVP_PKEY *tls_provider_key(OSSL_LIB_CTX *libctx, EVP_PKEY *public_half,
			   const struct tls_signer_key *key);

#endif
