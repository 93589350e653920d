/*
 * The values of DEFAULTS.md 5a, and certificates with keys that are elsewhere; for both sides.
 */
#include "tls/tls_site_part.h"

#include "tls/tls_provider.h"

static const char tls_suites_13[] = "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:"
				    "TLS_AES_128_GCM_SHA256";
static const char tls_suites_12[] =
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256:"
	"ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-GCM-SHA256";
enum {
	TLS_VERIFY_DEPTH = 8,
	TLS_SECURITY_LEVEL = 2 /* 112 bits: no RSA below 2048, no SHA-1 */
};

enum err tls_site_part_common(struct tls_library *lib, SSL_CTX *ctx)
{
	/* not const because OpenSSL's macros aren't; OpenSSL 3.0 has no hybrid groups */
	char groups[] = "X25519:P-256:P-384";
	char sigalgs[] = "ECDSA+SHA256:ECDSA+SHA384:ed25519:RSA-PSS+SHA256:RSA-PSS+SHA384:"
			 "RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512";

	SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
					 SSL_OP_CIPHER_SERVER_PREFERENCE |
					 SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY); /* tls_read counts what brings no data */
	SSL_CTX_set_security_level(ctx, TLS_SECURITY_LEVEL);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify_depth(ctx, TLS_VERIFY_DEPTH);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_ciphersuites(ctx, tls_suites_13) != 1 ||
	    SSL_CTX_set_cipher_list(ctx, tls_suites_12) != 1 ||
	    SSL_CTX_set1_groups_list(ctx, groups) != 1 ||
	    SSL_CTX_set1_sigalgs_list(ctx, sigalgs) != 1)
		return tls_library_fail(lib, "the TLS settings are not understood", E_PROTO);
	return E_OK;
}

X509 *tls_site_part_decode(struct tls_library *lib, const struct image *im, uint32_t der)
{
	struct view v = image_view(im, *image_der_at(im, der));
	const unsigned char *at = v.p;
	X509 *x = X509_new_ex(lib->libctx, NULL);

	if (x && !d2i_X509(&x, &at, (long)v.n))
		return NULL; /* d2i has freed it */
	return x;
}

enum err tls_site_part_anchors(struct tls_library *lib, const struct image *im,
			       struct image_range of, X509_STORE **ret)
{
	X509_STORE *store = X509_STORE_new();

	if (!store)
		return tls_library_fail(lib, "no memory left", E_NOMEM);
	for (uint32_t i = 0; i < of.n; i++) {
		X509 *x = tls_site_part_decode(lib, im, of.first + i);

		if (!x || X509_STORE_add_cert(store, x) != 1) {
			X509_STORE_free(store);
			X509_free(x);
			return tls_library_fail(lib, "a trust anchor can't be used", E_PROTO);
		}
		X509_free(x);
	}
	*ret = store;
	return E_OK;
}

static enum err tls_site_part_chain(struct tls_library *lib, SSL_CTX *ctx, const struct image *im,
				    struct image_range chain)
{
	for (uint32_t i = 0; i < chain.n; i++) {
		X509 *x = tls_site_part_decode(lib, im, chain.first + i);
		bool is_fine = false;

		if (x && i == 0)
			is_fine = SSL_CTX_use_certificate(ctx, x) == 1;
		else if (x)
			is_fine = SSL_CTX_add1_chain_cert(ctx, x) == 1;
		X509_free(x);
		if (!is_fine)
			return tls_library_fail(lib, "the certificate chain can't be used",
						E_PROTO);
	}
	return E_OK;
}

enum err tls_site_part_identity(struct tls_library *lib, SSL_CTX *ctx, const struct image *im,
				struct tls_signer_key key)
{
	const struct image_certificate *c = image_certificate_at(im, key.certificate);
	X509 *leaf = NULL;
	EVP_PKEY *public_half = NULL, *pkey = NULL;
	int done = 0;

	TRY(tls_site_part_chain(lib, ctx, im, c->chain));
	leaf = SSL_CTX_get0_certificate(ctx);
	public_half = leaf ? X509_get0_pubkey(leaf) : NULL;
	pkey = public_half ? tls_provider_key(lib->libctx, public_half, &key) : NULL;
	done = pkey ? SSL_CTX_use_PrivateKey(ctx, pkey) : 0;
	EVP_PKEY_free(pkey);
	return done == 1 ? E_OK
			 : tls_library_fail(lib, "the certificate's key can't be used", E_PROTO);
}
