/*
 * SSL contexts of listeners: one per listener and certificate, built when an image arrives, never
 * on a connection's way. Sessions are stateless tickets under keys that all edges share.
 */
#include "tls/tls_internal.h"
#include "tls/tls_site_part.h"

enum { TLS_TICKET_LIFE_S = 2 * 3600 };

/* RFC 7301 §3.2: a client that offers protocols without ours is refused (no_application_protocol).
 */
static int tls_site_alpn(SSL *ssl, const unsigned char **ret, unsigned char *ret_n,
			 const unsigned char *offer, unsigned int n, void *arg)
{
	const struct tls_site *site = arg;
	struct view in = view_of(offer, n), name = { 0 };
	uint8_t name_n = 0;
	bool is_found = false, is_h2 = false;

	(void)ssl;
	while (!is_h2 && view_u8(&in, &name_n) == E_OK && view_take(&in, name_n, &name) == E_OK) {
		is_h2 = site->has_h2 && view_eq(name, VIEW("h2"));
		if (!is_h2 && !view_eq(name, VIEW("http/1.1")))
			continue;
		is_found = true;
		*ret = name.p;
		*ret_n = name_n;
	}
	return is_found ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* A16: what a session belongs to: the listener's slot and the certificate. */
static int tls_site_bind_sessions(SSL_CTX *ctx, const struct tls_site_spec *spec)
{
	const struct image_certificate *c = image_certificate_at(spec->image, spec->certificate);
	uint8_t id[SSL_MAX_SID_CTX_LENGTH];
	struct wbuf w = wbuf_of(id, sizeof id);

	wbuf_u16(&w, image_listener_at(spec->image, spec->listener)->slot);
	wbuf_view_put(&w, view_of(c->fingerprint, sizeof id - 2)); /* 240 of its 256 bits */
	return SSL_CTX_set_session_id_context(ctx, w.p, (unsigned)w.n);
}

/*
 * Clients are asked for a certificate. Their sessions are not resumed: each connection shows it
 * anew, so that one that has run out since, or was good on another listener, is good for nothing
 * (A16).
 */
static enum err tls_site_ask_client(struct tls_site *site, const struct image *im,
				    const struct image_listener *l)
{
	int mode = SSL_VERIFY_PEER |
		   (l->client_mode == IMAGE_CLIENT_REQUIRED ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0);
	X509_STORE *store = NULL;

	site->asks_client = l->client_mode != IMAGE_CLIENT_OFF;
	if (!site->asks_client)
		return E_OK;
	TRY(tls_site_part_anchors(site->lib, im, l->client_ca, &store));
	SSL_CTX_set_cert_store(site->ctx, store); /* takes it */
	for (uint32_t i = 0; i < l->client_ca.n; i++) {
		X509 *x = tls_site_part_decode(site->lib, im, l->client_ca.first + i);
		bool is_told = x && SSL_CTX_add_client_CA(site->ctx, x) == 1;

		X509_free(x);
		if (!is_told)
			return tls_library_fail(site->lib, "an issuer can't be used", E_PROTO);
	}
	SSL_CTX_set_verify(site->ctx, mode, NULL);
	SSL_CTX_set_options(site->ctx, SSL_OP_NO_TICKET);
	/* what the listener names is trusted, be it a root or not */
	(void)X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(site->ctx), X509_V_FLAG_PARTIAL_CHAIN);
	return E_OK;
}

/* Without keys there is nothing to open or seal a ticket with, and none is given. */
static int tls_site_tickets(SSL_CTX *ctx, const struct tls_site_spec *spec)
{
	struct tls_ticket_keys tickets = { { 0 } };
	long set = 0;

	if (!spec->tickets) {
		SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
		return SSL_CTX_set_num_tickets(ctx, 0);
	}
	tickets = *spec->tickets;
	set = SSL_CTX_set_tlsext_ticket_keys(ctx, tickets.b, sizeof tickets.b);
	OPENSSL_cleanse(&tickets, sizeof tickets);
	return set == 1 ? SSL_CTX_set_num_tickets(ctx, 0) : 0;
}

static enum err tls_site_fill(struct tls_site *site, const struct tls_site_spec *spec)
{
	struct tls_library *lib = site->lib;

	TRY(tls_site_part_common(lib, site->ctx));
	TRY(tls_site_part_identity(lib, site->ctx, spec->image,
				   (struct tls_signer_key){ spec->generation, spec->certificate }));
	TRY(tls_site_ask_client(site, spec->image, image_listener_at(spec->image, spec->listener)));
	SSL_CTX_set_client_hello_cb(site->ctx, tls_conn_client_hello, NULL);
	SSL_CTX_set_alpn_select_cb(site->ctx, tls_site_alpn, site);
	SSL_CTX_set_timeout(site->ctx, TLS_TICKET_LIFE_S);
	site->has_tickets = spec->tickets != NULL;
	if (tls_site_tickets(site->ctx, spec) != 1 || tls_site_bind_sessions(site->ctx, spec) != 1)
		return tls_library_fail(lib, "session tickets can't be set up", E_PROTO);
	return E_OK;
}

enum err tls_site_new(struct tls_library *lib, const struct tls_site_spec *spec,
		      struct tls_site **ret)
{
	struct tls_site *site = OPENSSL_zalloc(sizeof *site);
	enum err e = E_NOMEM;

	if (!site)
		return tls_library_fail(lib, "no memory left", E_NOMEM);
	site->refs = 1;
	site->lib = lib;
	site->has_h2 = image_listener_at(spec->image, spec->listener)->flags & IMAGE_HTTP2;
	site->ctx = SSL_CTX_new_ex(lib->libctx, NULL, TLS_server_method());
	e = site->ctx ? tls_site_fill(site, spec)
		      : tls_library_fail(lib, "no memory left", E_NOMEM);
	if (e == E_OK)
		*ret = site;
	else
		site = tls_site_free(site);
	return e;
}

struct tls_site *tls_site_free(struct tls_site *site)
{
	if (site && --site->refs == 0) {
		SSL_CTX_free(site->ctx);
		OPENSSL_free(site);
	}
	return NULL;
}
