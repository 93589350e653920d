/*
 * A TLS connection's life, and the three places where OpenSSL calls back into it: bytes in, bytes
 * out, and "a client has said its name". Runs in the edge; everything a client sends is hostile.
 */
#include "base/ip.h"
#include "tls/tls_internal.h"
#include "tls/tls_provider.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

enum { TLS_NAME_MAX = 255, TLS_SCRATCH = 64 };

static int tls_conn_bio_read(BIO *bio, char *to, size_t n, size_t *ret_n)
{
	struct tls_conn *c = BIO_get_data(bio);
	struct wbuf w = wbuf_of(to, n);
	struct view part = { 0 };

	BIO_clear_retry_flags(bio);
	if (c->in && view_take(c->in, c->in->n < n ? c->in->n : n, &part) == E_OK)
		wbuf_view_put(&w, part);
	*ret_n = w.n;
	if (w.n)
		return 1;
	BIO_set_retry_read(bio);
	return -1;
}

/* With no place to write to (tls_read) only an alert is kept; whatever else waits inside OpenSSL.
 */
static int tls_conn_bio_write(BIO *bio, const char *from, size_t n, size_t *ret_n)
{
	struct tls_conn *c = BIO_get_data(bio);
	struct wbuf late = { .p = c->late, .n = c->late_n, .cap = sizeof c->late };
	struct wbuf *w = c->out ? c->out : &late;

	BIO_clear_retry_flags(bio);
	*ret_n = 0;
	if (n > wbuf_room(w)) {
		BIO_set_retry_write(bio);
		return -1;
	}
	wbuf_put(w, from, n);
	c->late_n = (uint8_t)late.n;
	*ret_n = n;
	return 1;
}

static long tls_conn_bio_control(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH;
}

static int tls_conn_bio_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

BIO_METHOD *tls_conn_bio_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "views");

	if (m && BIO_meth_set_read_ex(m, tls_conn_bio_read) == 1 &&
	    BIO_meth_set_write_ex(m, tls_conn_bio_write) == 1 &&
	    BIO_meth_set_ctrl(m, tls_conn_bio_control) == 1 &&
	    BIO_meth_set_create(m, tls_conn_bio_create) == 1)
		return m;
	BIO_meth_free(m);
	return NULL;
}

static bool tls_conn_is_name(struct view v)
{
	for (size_t i = 0; i < v.n; i++) {
		uint8_t b = v.p[i];
		bool is_letter = (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z');

		if (!is_letter && !(b >= '0' && b <= '9') && b != '-' && b != '.' && b != '_')
			return false;
	}
	return v.n > 0 && v.n <= TLS_NAME_MAX;
}

/* RFC 6066 §3: a list with one host_name. E_PROTO: anything else */
static enum err tls_conn_parse_sni(struct view ext, struct view *ret)
{
	struct view list = { 0 }, name = { 0 };
	uint8_t type = 0;

	TRY(view_str16(&ext, &list));
	TRY(view_end(&ext));
	TRY(view_u8(&list, &type));
	TRY(view_str16(&list, &name));
	TRY(view_end(&list));
	if (type != TLSEXT_NAMETYPE_host_name || !tls_conn_is_name(name))
		return E_PROTO;
	*ret = name;
	return E_OK;
}

/* Keeps the name in lower case for the whole connection. E_PROTO malformed, E_NOMEM */
static enum err tls_conn_keep_sni(struct tls_conn *c, SSL *ssl)
{
	const unsigned char *ext = NULL;
	struct view name = { 0 };
	size_t n = 0;

	OPENSSL_free(c->sni);
	c->sni = NULL;
	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &ext, &n) != 1)
		return E_OK;
	TRY(tls_conn_parse_sni(view_of(ext, n), &name));
	c->sni = OPENSSL_strndup((const char *)name.p, name.n);
	if (!c->sni)
		return E_NOMEM;
	for (size_t i = 0; i < name.n; i++)
		if (c->sni[i] >= 'A' && c->sni[i] <= 'Z')
			c->sni[i] = (char)(c->sni[i] - 'A' + 'a');
	return E_OK;
}

/*
 * Runs before OpenSSL looks at tickets, so that a session is judged by the site that the client
 * asked for (A16: no resumption across sites).
 */
int tls_conn_client_hello(SSL *ssl, int *ret_alert, void *arg)
{
	struct tls_conn *c = SSL_get_app_data(ssl);
	enum err e = tls_conn_keep_sni(c, ssl);
	struct tls_site *site = NULL;

	(void)arg;
	if (e != E_OK) {
		*ret_alert = e == E_NOMEM ? SSL_AD_INTERNAL_ERROR : SSL_AD_DECODE_ERROR;
		return SSL_CLIENT_HELLO_ERROR;
	}
	site = c->hooks->choose(c->owner, tls_conn_sni(c));
	if (!site)
		c->failure = TLS_FAILURE_NAME;
	if (!site || !SSL_set_SSL_CTX(ssl, site->ctx)) {
		*ret_alert = site ? SSL_AD_INTERNAL_ERROR : SSL_AD_UNRECOGNIZED_NAME;
		return SSL_CLIENT_HELLO_ERROR;
	}
	site->refs++;
	c->site = tls_site_free(c->site);
	c->site = site;
	return SSL_CLIENT_HELLO_SUCCESS;
}

/* The parts of both sides. NULL: no memory, and nothing is held */
static struct tls_conn *tls_conn_new(struct tls_library *lib, SSL_CTX *ctx, void *owner)
{
	struct tls_conn *c = OPENSSL_zalloc(sizeof *c);
	BIO *bio = NULL;

	if (!c)
		return NULL;
	c->lib = lib;
	c->hooks = lib->hooks;
	c->owner = owner;
	c->error = "";
	c->slot = TLS_NO_SLOT;
	list_init(&c->node);
	c->ssl = SSL_new(ctx);
	bio = c->ssl ? BIO_new(lib->bio) : NULL;
	if (!bio || !SSL_set_app_data(c->ssl, c)) {
		BIO_free(bio);
		SSL_free(c->ssl);
		OPENSSL_free(c);
		return NULL;
	}
	BIO_set_data(bio, c);
	SSL_set_bio(c->ssl, bio, bio);
	return c;
}

struct tls_conn *tls_conn_accept(struct tls_site *site, void *owner)
{
	struct tls_conn *c = tls_conn_new(site->lib, site->ctx, owner);

	if (!c)
		return NULL;
	site->refs++;
	c->site = site;
	c->owes_ticket = site->has_tickets && !site->asks_client;
	SSL_set_accept_state(c->ssl);
	if (site->lib->keeps_class)
		tls_client_class_watch(c);
	SSL_set_mode(c->ssl, SSL_MODE_ASYNC); /* until it has signed */
	return c;
}

/* What the server's certificate must be for: a name, or an address (RFC 9525 §6). */
static bool tls_conn_expect(struct tls_conn *c, struct view name, const struct ip *ip)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(c->ssl);
	struct ip literal = { 0 };
	char text[TLS_NAME_MAX + 1] = { 0 };
	struct wbuf w = wbuf_of(text, sizeof text - 1);

	if (name.n && ip_parse(name, &literal) == E_OK) {
		ip = &literal;
		name = (struct view){ 0 };
	}
	if (name.n) {
		wbuf_view_put(&w, name);
		return tls_conn_is_name(name) && SSL_set1_host(c->ssl, text) == 1 &&
		       SSL_set_tlsext_host_name(c->ssl, text) == 1;
	}
	if (ip)
		return X509_VERIFY_PARAM_set1_ip(param, ip_is_v4(ip) ? ip->b + 12 : ip->b,
						 ip_is_v4(ip) ? 4 : 16) == 1;
	return !c->client_site->want_verify;
}

struct tls_conn *tls_conn_connect(struct tls_client_site *site, struct view name,
				  const struct ip *ip)
{
	struct tls_conn *c = tls_conn_new(site->lib, site->ctx, NULL);

	if (!c)
		return NULL;
	site->refs++;
	c->client_site = site;
	SSL_set_connect_state(c->ssl);
	if (site->has_certificate)
		SSL_set_mode(c->ssl, SSL_MODE_ASYNC);
	if (!tls_conn_expect(c, site->name ? view_str(site->name) : name, ip))
		return tls_conn_free(c);
	return c;
}

void tls_conn_set_owner(struct tls_conn *c, void *owner)
{
	c->owner = owner;
}

/* A paused job must end before its SSL may go: it is run to its end with a failed signature. */
static void tls_conn_abandon(struct tls_conn *c)
{
	uint8_t room[TLS_SCRATCH];
	struct wbuf sink = wbuf_of(room, sizeof room);
	int r = 0;

	tls_signer_client_give_up(c->lib->signer, c->slot);
	c->out = &sink;
	c->lib->provider->running = c;
	r = SSL_do_handshake(c->ssl);
	c->lib->provider->running = NULL;
	c->out = NULL;
	INVARIANT(r != 1 && c->slot == TLS_NO_SLOT);
	ERR_clear_error();
}

struct tls_conn *tls_conn_free(struct tls_conn *c)
{
	if (!c)
		return NULL;
	list_remove(&c->node);
	if (c->slot != TLS_NO_SLOT)
		tls_conn_abandon(c);
	SSL_free(c->ssl);
	(void)tls_site_free(c->site);
	(void)tls_client_site_free(c->client_site);
	OPENSSL_free(c->sni);
	OPENSSL_free(c->client_class);
	OPENSSL_free(c);
	return NULL;
}

bool tls_conn_is_parked(const struct tls_conn *c)
{
	return c->is_queued ||
	       (c->slot != TLS_NO_SLOT && tls_signer_client_is_waiting(c->lib->signer, c->slot));
}

const char *tls_conn_version(const struct tls_conn *c)
{
	return SSL_get_version(c->ssl);
}

const char *tls_conn_cipher(const struct tls_conn *c)
{
	return SSL_get_cipher_name(c->ssl);
}

struct view tls_conn_class(const struct tls_conn *c)
{
	return view_of(c->client_class, c->client_class ? TLS_CLASS_BYTES : 0);
}

struct view tls_conn_protocol(const struct tls_conn *c)
{
	const unsigned char *name = NULL;
	unsigned int n = 0;

	SSL_get0_alpn_selected(c->ssl, &name, &n);
	return view_of(name, n);
}

bool tls_conn_is_resumed(const struct tls_conn *c)
{
	return SSL_session_reused(c->ssl) == 1;
}

enum err tls_conn_certificate(const struct tls_conn *c, struct wbuf *der)
{
	X509 *x = c->site && c->site->asks_client ? SSL_get0_peer_certificate(c->ssl) : NULL;
	int n = x ? i2d_X509(x, NULL) : 0;
	uint8_t *at = der->p + der->n;

	if (n <= 0)
		return E_AGAIN;
	if ((size_t)n > wbuf_room(der) || i2d_X509(x, &at) != n)
		return E_LIMIT;
	der->n += (size_t)n;
	return E_OK;
}

bool tls_conn_certificate_hash(const struct tls_conn *c, uint8_t ret[TLS_CERTIFICATE_HASH])
{
	const X509 *x = c->site && c->site->asks_client ? SSL_get0_peer_certificate(c->ssl) : NULL;

	return x && X509_digest(x, EVP_sha256(), ret, NULL) == 1;
}

struct view tls_conn_sni(const struct tls_conn *c)
{
	return view_str(c->sni);
}

struct tls_site *tls_conn_site(const struct tls_conn *c)
{
	return c->site;
}

const char *tls_conn_error(const struct tls_conn *c)
{
	return c->error;
}

enum tls_failure tls_conn_failure(const struct tls_conn *c)
{
	return c->state == TLS_CONN_FAILED ? (enum tls_failure)c->failure : TLS_FAILURE_NONE;
}
