/* The key objects of provider "sluis"; for its two halves, keys and signatures. */
#ifndef TLS_TLS_PROVIDER_KEY_H
#define TLS_TLS_PROVIDER_KEY_H

#include "tls/tls_provider.h"

enum tls_provider_kind { TLS_PROVIDER_EC = 1, TLS_PROVIDER_RSA, TLS_PROVIDER_ED25519 };

enum { TLS_PROVIDER_PUBLIC_MAX = 2100 }; /* RSA 16384: modulus and exponent */

struct tls_provider_key {
	struct tls_provider *provider;
	struct tls_signer_key key;
	uint8_t kind; /* enum tls_provider_kind */
	bool has_private;
	uint16_t bits, security_bits, signature_max;
	char group[32];		 /* EC */
	struct wbuf public_half; /* canonical bytes, in room */
	uint8_t room[TLS_PROVIDER_PUBLIC_MAX];
};

/* tls_provider_key_table - OSSL_OP_KEYMGMT */
const OSSL_ALGORITHM *tls_provider_key_table(void);

#endif
