/*
 * What kind of program a client is. OpenSSL shows the whole ClientHello to its message callback
 * alone: what it gives to the client_hello callback lacks the extensions that it doesn't know.
 */
#include "proto/tls_class.h"
#include "tls/tls_digest.h"
#include "tls/tls_internal.h"

/* One that has too much in it is of a class with all of its kind. */
static void client_class_keep(struct tls_conn *c, struct view hello)
{
	uint8_t text[TLS_CLASS_MAX];
	struct wbuf w = wbuf_of(text, sizeof text);

	if (tls_class_put(&w, hello) != E_OK)
		w.n = 0;
	if (!c->client_class)
		c->client_class = OPENSSL_zalloc(TLS_CLASS_BYTES);
	if (c->client_class && tls_digest_sha256(wbuf_view(&w), c->client_class) != E_OK) {
		OPENSSL_free(c->client_class);
		c->client_class = NULL;
	}
}

/* The signature is OpenSSL's. The first ClientHello counts: another one repeats it, with less of a
 * choice (RFC 8446 §4.1.2). */
static void client_class_on_message(int is_written, int version, int type, const void *p, size_t n,
				    SSL *ssl, void *arg)
{
	struct tls_conn *c = arg;

	(void)version;
	if (is_written || type != SSL3_RT_HANDSHAKE || c->client_class)
		return;
	client_class_keep(c, view_of(p, n));
	SSL_set_msg_callback(ssl, NULL);
}

void tls_client_class_watch(struct tls_conn *c)
{
	SSL_set_msg_callback(c->ssl, client_class_on_message);
	SSL_set_msg_callback_arg(c->ssl, c);
}
