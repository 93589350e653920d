/*
 * Bytes through a TLS connection: handshake steps, reading, writing, ending. Runs in the edge.
 *
 * A connection's views are set only while one of these functions runs, so that OpenSSL can't reach
 * a caller's buffer at another time.
 */
#include "tls/tls.h"

#include "tls/tls_internal.h"
#include "tls/tls_provider.h"

#include <openssl/err.h>

enum {
	TLS_RECORD_BYTES = SSL3_RT_MAX_PLAIN_LENGTH,
	TLS_RECORD_MORE = 32, /* header, TLS 1.2's explicit nonce, type byte, tag */
	TLS_QUIET_MAX = 32,   /* records in a row that bring no data */
	TLS_KEY_UPDATE = 64,  /* an answer to the peer's, RFC 8446 §4.6.3 */
	TLS_TICKET = 1024     /* a session: secret, times, a name of up to 255 bytes */
};

/* Why OpenSSL failed, as a text that lives for ever. */
static const char *tls_reason(const struct tls_conn *c)
{
	long verify = SSL_get_verify_result(c->ssl);
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	if (c->client_site && c->client_site->want_verify && verify != X509_V_OK)
		return X509_verify_cert_error_string(verify);
	return reason ? reason : "the connection ended inside the handshake";
}

/* OpenSSL's reasons for what a peer of another age, or of another protocol, does. */
static enum tls_failure tls_failure_of(int reason)
{
	switch (reason) {
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_HTTP_REQUEST:
	case SSL_R_HTTPS_PROXY_REQUEST:
	case SSL_R_NO_PROTOCOLS_AVAILABLE:
		return TLS_FAILURE_PROTOCOL;
	case SSL_R_NO_SHARED_CIPHER:
	case SSL_R_NO_SHARED_GROUPS:
	case SSL_R_NO_SUITABLE_GROUPS:
	case SSL_R_NO_SUITABLE_KEY_SHARE:
	case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
	case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
		return TLS_FAILURE_PARAMETERS;
	default:
		/* an alert of the peer: RFC 8446 §6 */
		return reason > SSL_AD_REASON_OFFSET ? TLS_FAILURE_ALERT : TLS_FAILURE_OTHER;
	}
}

static enum err tls_fail(struct tls_conn *c, const char *why)
{
	if (!c->failure)
		c->failure = (uint8_t)tls_failure_of(ERR_GET_REASON(ERR_peek_error()));
	c->error = why;
	c->state = TLS_CONN_FAILED;
	ERR_clear_error();
	return E_PROTO;
}

/* A server may choose only from what we offered (RFC 7301 §3.1), and for HTTP/2 it has to (RFC 9113
 * §3.2). */
static bool tls_has_our_protocol(const struct tls_conn *c)
{
	struct view name = tls_conn_protocol(c);

	if (!c->client_site)
		return true; /* tls_site has chosen */
	if (c->client_site->is_h2)
		return view_eq(name, VIEW("h2"));
	return name.n == 0 || view_eq(name, VIEW("http/1.1"));
}

static enum err tls_handshake_result(struct tls_conn *c, int r)
{
	int why = r == 1 ? SSL_ERROR_NONE : SSL_get_error(c->ssl, r);

	/* Only a signature needs an async job; whoever has signed goes on without one. */
	if (c->has_signed && c->slot == TLS_NO_SLOT)
		SSL_clear_mode(c->ssl, SSL_MODE_ASYNC);
	switch (why) {
	case SSL_ERROR_NONE:
		if (!tls_has_our_protocol(c))
			return tls_fail(c, "the server does not agree on the protocol (ALPN)");
		SSL_clear_mode(c->ssl, SSL_MODE_ASYNC);
		SSL_set_mode(c->ssl, SSL_MODE_RELEASE_BUFFERS);
		c->state = TLS_CONN_OPEN;
		return E_OK;
	case SSL_ERROR_WANT_ASYNC_JOB:
		tls_signer_client_queue(c->lib->signer, c);
		return E_AGAIN;
	case SSL_ERROR_WANT_ASYNC:
	case SSL_ERROR_WANT_READ:
		return E_AGAIN;
	case SSL_ERROR_WANT_WRITE:
		return E_LIMIT;
	default:
		return tls_fail(c, tls_reason(c));
	}
}

enum err tls_handshake(struct tls_conn *c, struct view *in, struct wbuf *out)
{
	enum err e = E_OK;

	if (c->state != TLS_CONN_HANDSHAKE)
		return c->state == TLS_CONN_OPEN ? E_OK : E_PROTO;
	if (tls_conn_is_parked(c))
		return E_AGAIN;
	ERR_clear_error();
	c->in = in;
	c->out = out;
	c->lib->provider->running = c;
	e = tls_handshake_result(c, SSL_do_handshake(c->ssl));
	c->lib->provider->running = NULL;
	c->in = NULL;
	c->out = NULL;
	if (!tls_conn_is_parked(c))
		(void)SSL_free_buffers(c->ssl); /* who is waited for costs little (A22) */
	return e;
}

/*
 * What SSL_read_ex meant when it gave nothing. E_OK: go on
 *
 * SSL_MODE_AUTO_RETRY is off, so each record without data (KeyUpdate, NewSessionTicket, an empty
 * one) comes by here and is counted: a peer can't keep us computing for nothing (THREATS A7, A22).
 */
static enum err tls_read_nothing(struct tls_conn *c, const struct view *in)
{
	switch (SSL_get_error(c->ssl, 0)) {
	case SSL_ERROR_WANT_READ:
		if (in->n == 0)
			return E_AGAIN;
		return ++c->quiet_n <= TLS_QUIET_MAX ? E_OK
						     : tls_fail(c, "too many records without data");
	case SSL_ERROR_ZERO_RETURN:
		return E_CLOSED;
	case SSL_ERROR_WANT_WRITE:
		return tls_fail(c, "the peer asks for more answers than it reads");
	default:
		return tls_fail(c, tls_reason(c));
	}
}

enum err tls_read(struct tls_conn *c, struct view *in, struct wbuf *plain)
{
	size_t before = plain->n;
	enum err e = E_OK;

	if (c->state != TLS_CONN_OPEN)
		return E_PROTO;
	ERR_clear_error();
	c->in = in;
	while (e == E_OK && wbuf_room(plain) && (in->n || SSL_pending(c->ssl) > 0)) {
		size_t n = 0;

		/* hot */
		if (SSL_read_ex(c->ssl, plain->p + plain->n, wbuf_room(plain), &n) == 1) {
			plain->n += n;
			c->quiet_n = 0;
		} else {
			e = tls_read_nothing(c, in);
		}
	}
	c->in = NULL;
	if (e == E_OK || e == E_AGAIN)
		return plain->n == before ? E_AGAIN : E_OK;
	return e;
}

static void tls_put_late(struct tls_conn *c, struct wbuf *out)
{
	wbuf_view_put(out, view_of(c->late, c->late_n));
	c->late_n = 0;
}

/*
 * RFC 8446 §4.6.1: the ticket goes in one send with the first answer, not in one of its own. Not
 * together with a KeyUpdate: OpenSSL would put it off to the next read, which has no place for it.
 */
static bool tls_give_ticket(struct tls_conn *c)
{
	if (SSL_get_key_update_type(c->ssl) != SSL_KEY_UPDATE_NONE)
		return false;
	c->owes_ticket = false;
	return SSL_new_session_ticket(c->ssl) == 1;
}

enum err tls_write(struct tls_conn *c, struct view plain, struct wbuf *wire)
{
	size_t n = 0;
	bool has_ticket = false;

	INVARIANT(wbuf_room(wire) >= tls_wire_bytes(plain.n));
	if (c->state != TLS_CONN_OPEN)
		return E_PROTO;
	if (c->late_n)
		tls_put_late(c, wire);
	if (plain.n == 0)
		return E_OK;
	ERR_clear_error();
	c->out = wire;
	n = 0;
	has_ticket = c->owes_ticket && tls_give_ticket(c);
	if (SSL_write_ex(c->ssl, plain.p, plain.n, &n) != 1 || n != plain.n) {
		c->out = NULL;
		return tls_fail(c, tls_reason(c));
	}
	c->out = NULL;
	if (has_ticket)
		(void)SSL_free_buffers(c->ssl); /* it has set up one for reading, too */
	return E_OK;
}

size_t tls_wire_bytes(size_t n)
{
	return n + (n / TLS_RECORD_BYTES + 1) * TLS_RECORD_MORE + TLS_LATE_BYTES + TLS_KEY_UPDATE +
	       TLS_TICKET;
}

void tls_shutdown(struct tls_conn *c, struct wbuf *out)
{
	if (c->late_n)
		tls_put_late(c, out);
	if (c->state != TLS_CONN_OPEN)
		return;
	c->out = out;
	(void)SSL_shutdown(c->ssl);
	c->out = NULL;
	ERR_clear_error();
}
