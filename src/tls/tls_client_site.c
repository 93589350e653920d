/*
 * How servers of a pool are spoken to: verification on unless the pool says otherwise, anchors
 * from the image, names by SAN alone (A16). Built when a pool is first used.
 */
#include "tls/tls_internal.h"
#include "tls/tls_site_part.h"

#include <openssl/crypto.h>
#include <openssl/x509v3.h>

static enum err tls_client_site_verify(struct tls_client_site *site, const struct image *im,
				       const struct image_pool *pool,
				       const struct tls_client_site *like)
{
	X509_STORE *store = NULL;
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(site->ctx);

	site->want_verify = pool->tls_verify;
	if (!pool->tls_verify) {
		SSL_CTX_set_verify(site->ctx, SSL_VERIFY_NONE, NULL);
		return E_OK;
	}
	if (like && like->want_verify) {
		SSL_CTX_set1_cert_store(site->ctx, SSL_CTX_get_cert_store(like->ctx));
	} else {
		TRY(tls_site_part_anchors(site->lib, im, pool->tls_ca, &store));
		SSL_CTX_set_cert_store(site->ctx, store); /* takes it */
	}
	SSL_CTX_set_verify(site->ctx, SSL_VERIFY_PEER, NULL);
	/* what the pool names is trusted, be it a root or not */
	(void)X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
						       X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return E_OK;
}

static enum err tls_client_site_fill(struct tls_client_site *site, const struct image *im,
				     const struct image_pool *pool, uint32_t generation,
				     const struct tls_client_site *like)
{
	static const uint8_t alpn[] = "\x08http/1.1", alpn_h2[] = "\x02h2";
	const uint8_t *offer = pool->is_h2 ? alpn_h2 : alpn;
	unsigned offer_n = pool->is_h2 ? sizeof alpn_h2 - 1 : sizeof alpn - 1;
	struct view name = image_view(im, pool->tls_name);

	TRY(tls_site_part_common(site->lib, site->ctx));
	TRY(tls_client_site_verify(site, im, pool, like));
	site->is_h2 = pool->is_h2;
	if (SSL_CTX_set_alpn_protos(site->ctx, offer, offer_n) != 0)
		return tls_library_fail(site->lib, "no memory left", E_NOMEM);
	if (name.n) {
		site->name = OPENSSL_strndup((const char *)name.p, name.n);
		if (!site->name)
			return tls_library_fail(site->lib, "no memory left", E_NOMEM);
	}
	if (pool->tls_client_certificate == IMAGE_NONE)
		return E_OK;
	site->has_certificate = true;
	/* The signer recognises what a TLS 1.3 client signs, and nothing of a TLS 1.2 one (P3). */
	if (SSL_CTX_set_min_proto_version(site->ctx, TLS1_3_VERSION) != 1)
		return tls_library_fail(site->lib, "TLS 1.3 is missing", E_PROTO);
	return tls_site_part_identity(
		site->lib, site->ctx, im,
		(struct tls_signer_key){ generation, pool->tls_client_certificate });
}

enum err tls_client_site_new(struct tls_library *lib, const struct image *image, uint32_t pool,
			     uint32_t generation, const struct tls_client_site *like,
			     struct tls_client_site **ret)
{
	struct tls_client_site *site = OPENSSL_zalloc(sizeof *site);
	enum err e = E_NOMEM;

	if (!site)
		return tls_library_fail(lib, "no memory left", E_NOMEM);
	site->refs = 1;
	site->lib = lib;
	site->ctx = SSL_CTX_new_ex(lib->libctx, NULL, TLS_client_method());
	e = site->ctx ? tls_client_site_fill(site, image, image_pool_at(image, pool), generation,
					     like)
		      : tls_library_fail(lib, "no memory left", E_NOMEM);
	if (e == E_OK)
		*ret = site;
	else
		site = tls_client_site_free(site);
	return e;
}

struct tls_client_site *tls_client_site_free(struct tls_client_site *site)
{
	if (site && --site->refs == 0) {
		SSL_CTX_free(site->ctx);
		OPENSSL_free(site->name);
		OPENSSL_free(site);
	}
	return NULL;
}
