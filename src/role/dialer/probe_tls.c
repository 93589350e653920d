/* TLS of health checks; run by the dialer. The one place in it that knows OpenSSL. */
#include "role/dialer/probe_tls.h"

#include "sys/log.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <time.h>

enum { PROBE_TLS_NAME_MAX = 254 };

struct probe_tls_context {
	struct image_range anchors;
	SSL_CTX *ctx;
};

struct probe_tls {
	struct probe_tls_context *context;
	uint32_t *of_pool; /* index + 1 in context; 0 = this pool has none */
	uint32_t n;
};

bool probe_tls_is_used(const struct image_pool *pool)
{
	return pool->protocol == IMAGE_HTTPS && pool->health_kind > IMAGE_HEALTH_TCP &&
	       pool->tls_client_certificate == IMAGE_NONE;
}

static enum err probe_tls_trust(const struct image *im, struct image_range anchors, SSL_CTX *ctx)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);

	for (uint32_t i = 0; i < anchors.n; i++) {
		struct view der = image_view(im, *image_der_at(im, anchors.first + i));
		const unsigned char *p = der.p;
		X509 *x = d2i_X509(NULL, &p, (long)der.n);
		int added = x ? X509_STORE_add_cert(store, x) : 0;

		X509_free(x);
		if (!added)
			log_line(LOG_WARNING, "trust anchor %u of a pool is not usable", i);
	}
	ERR_clear_error();
	return E_OK;
}

static enum err probe_tls_make(const struct image *im, struct image_range anchors, SSL_CTX **ret)
{
	/* DEFAULTS 5a, as for what edges speak to servers */
	static const char suites[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (!ctx)
		return E_NOMEM;
	(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
					    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					    SSL_MODE_RELEASE_BUFFERS);
	(void)SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
					       SSL_OP_NO_RENEGOTIATION);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(ctx, suites) != 1 ||
	    probe_tls_trust(im, anchors, ctx) != E_OK) {
		SSL_CTX_free(ctx);
		log_line(LOG_ERROR, "TLS for health checks can't be set up");
		return E_SYS;
	}
	*ret = ctx;
	return E_OK;
}

static enum err probe_tls_add(struct dialer *d, struct probe_tls *t, uint32_t index)
{
	const struct image_pool *pool = image_pool_at(&d->image, index);
	uint32_t i = 0;

	/* Pools without a CA of their own share the system's: one range in the image, one store. */
	while (i < t->n && (t->context[i].anchors.first != pool->tls_ca.first ||
			    t->context[i].anchors.n != pool->tls_ca.n))
		i++;
	if (i == t->n) {
		TRY(probe_tls_make(&d->image, pool->tls_ca, &t->context[i].ctx));
		t->context[i].anchors = pool->tls_ca;
		t->n++;
	}
	t->of_pool[index] = i + 1;
	return E_OK;
}

enum err probe_tls_init(struct dialer *d)
{
	uint32_t n = image_count(&d->image, IMAGE_POOL), used = 0;

	for (uint32_t i = 0; i < n; i++)
		used += probe_tls_is_used(image_pool_at(&d->image, i));
	if (used == 0)
		return E_OK;
	tzset(); /* gmtime_r, for a certificate's dates, reads /etc/localtime when nobody has */
	d->tls = calloc(1, sizeof *d->tls);
	if (!d->tls)
		return E_NOMEM;
	d->tls->context = calloc(used, sizeof *d->tls->context);
	d->tls->of_pool = calloc(n, sizeof *d->tls->of_pool);
	if (!d->tls->context || !d->tls->of_pool)
		return E_NOMEM;
	for (uint32_t i = 0; i < n; i++)
		if (probe_tls_is_used(image_pool_at(&d->image, i)))
			TRY(probe_tls_add(d, d->tls, i));
	return E_OK;
}

void probe_tls_done(struct dialer *d)
{
	if (!d->tls)
		return;
	for (uint32_t i = 0; d->tls->context && i < d->tls->n; i++)
		SSL_CTX_free(d->tls->context[i].ctx);
	free(d->tls->context);
	free(d->tls->of_pool);
	free(d->tls);
	d->tls = NULL;
}

/* The name that the server must prove and that is sent as SNI, NUL-terminated in text; or its
 * address in ret_ip. */
static bool probe_tls_name(const struct dialer *d, const struct dialer_server *s,
			   char text[PROBE_TLS_NAME_MAX + 1], struct ip *ret_ip)
{
	struct wbuf w = wbuf_of(text, PROBE_TLS_NAME_MAX);

	if (s->pool->tls_name.n)
		wbuf_view_put(&w, image_view(&d->image, s->pool->tls_name));
	else if (s->conf->address.kind == IMAGE_ADDRESS_NAME)
		wbuf_view_put(&w, image_view(&d->image, s->conf->address.name));
	text[w.n] = '\0';
	if (w.n)
		return ip_parse(wbuf_view(&w), ret_ip) != E_OK;
	*ret_ip = s->conf->address.ip;
	return false;
}

static bool probe_tls_expect(const struct dialer *d, const struct dialer_server *s, SSL *ssl)
{
	char name[PROBE_TLS_NAME_MAX + 1] = "";
	struct ip ip = { { 0 } };

	if (probe_tls_name(d, s, name, &ip)) {
		SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
		return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
	}
	return X509_VERIFY_PARAM_set1_ip(SSL_get0_param(ssl), ip_is_v4(&ip) ? ip.b + 12 : ip.b,
					 ip_is_v4(&ip) ? 4 : 16) == 1;
}

struct ssl_st *probe_tls_new(struct dialer *d, const struct dialer_server *s, int fd)
{
	static const unsigned char h2[] = { 2, 'h', '2' };
	uint32_t at = d->tls ? d->tls->of_pool[s->conf->pool] : 0;
	SSL *ssl = at ? SSL_new(d->tls->context[at - 1].ctx) : NULL;

	if (!ssl)
		return NULL;
	if (SSL_set_fd(ssl, fd) != 1 || (s->pool->tls_verify && !probe_tls_expect(d, s, ssl)))
		return probe_tls_free(ssl);
	/* RFC 9113 §3.2: a server that does not choose h2 is not spoken to; 0 is success here */
	if (s->pool->is_h2 && SSL_set_alpn_protos(ssl, h2, sizeof h2) != 0)
		return probe_tls_free(ssl);
	SSL_set_verify(ssl, s->pool->tls_verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	SSL_set_connect_state(ssl);
	return ssl;
}

struct ssl_st *probe_tls_free(struct ssl_st *ssl)
{
	SSL_free(ssl);
	ERR_clear_error();
	return NULL;
}

bool probe_tls_chose_h2(const struct ssl_st *ssl)
{
	const unsigned char *name = NULL;
	unsigned n = 0;

	SSL_get0_alpn_selected(ssl, &name, &n);
	return view_eq(view_of(name, n), VIEW("h2"));
}

/* What r, a result below 1, means; the error queue is emptied. */
static enum err probe_tls_why(SSL *ssl, int r)
{
	int why = SSL_get_error(ssl, r);

	ERR_clear_error();
	if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
		return E_AGAIN;
	if (why == SSL_ERROR_ZERO_RETURN)
		return E_SHORT;
	return why == SSL_ERROR_SYSCALL ? E_CLOSED : E_PROTO;
}

enum err probe_tls_handshake(struct ssl_st *ssl)
{
	int r = SSL_do_handshake(ssl);
	enum err e = r == 1 ? E_OK : probe_tls_why(ssl, r);

	return e == E_OK || e == E_AGAIN ? e : E_PROTO;
}

enum err probe_tls_send(struct ssl_st *ssl, struct view v, size_t *ret_sent)
{
	size_t n = 0;
	int r = SSL_write_ex(ssl, v.p, v.n, &n);

	if (r != 1)
		return probe_tls_why(ssl, r);
	*ret_sent = n;
	return E_OK;
}

enum err probe_tls_receive(struct ssl_st *ssl, struct wbuf *w)
{
	size_t n = 0;
	int r = SSL_read_ex(ssl, w->p + w->n, wbuf_room(w), &n);

	if (r != 1)
		return probe_tls_why(ssl, r);
	w->n += n;
	return E_OK;
}
