/* What SSL contexts of both sides have in common; for tls_site.c and tls_client_site.c. */
#ifndef TLS_TLS_SITE_PART_H
#define TLS_TLS_SITE_PART_H

#include "tls/tls_internal.h"

/* tls_site_part_common - versions, suites, groups, options of DEFAULTS 5a */
enum err tls_site_part_common(struct tls_library *lib, SSL_CTX *ctx);

/* tls_site_part_decode - certificate IMAGE_DER[der] for our own library context. Gives; NULL: it
 * is none */
X509 *tls_site_part_decode(struct tls_library *lib, const struct image *im, uint32_t der);

/* tls_site_part_identity - chain, and the key object that stands for what the signer has. E_PROTO
 */
enum err tls_site_part_identity(struct tls_library *lib, SSL_CTX *ctx, const struct image *im,
				struct tls_signer_key key);

/* tls_site_part_anchors - a store that believes these issuers; gives it. E_NOMEM, E_PROTO */
enum err tls_site_part_anchors(struct tls_library *lib, const struct image *im,
			       struct image_range of, X509_STORE **ret);

#endif
