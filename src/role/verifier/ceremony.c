/* Host and hash, as libfido2 wants them. */
#include "role/verifier/ceremony.h"

#include <openssl/evp.h>

enum err ceremony_open(struct ceremony *c, struct view host, struct view client_data)
{
	struct wbuf w = wbuf_of(c->host, sizeof c->host - 1);

	if (!host.n || view_find(host, 0) != host.n)
		return E_LIMIT;
	wbuf_view_put(&w, host);
	TRY(wbuf_check(&w));
	c->host[w.n] = 0;
	return EVP_Digest(client_data.p, client_data.n, c->client_hash.b, NULL, EVP_sha256(),
			  NULL) == 1
		       ? E_OK
		       : E_NOMEM;
}
