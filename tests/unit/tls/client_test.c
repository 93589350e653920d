/* TLS to servers: our client side against our server side, verification above all. */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

enum { WIRE = 8 << 10 };

struct ends {
	struct rig_pair owner; /* what the server's hooks get */
	struct tls_conn *client, *server;
	uint8_t to_client[WIRE], to_server[WIRE];
	size_t to_client_n, to_server_n;
	enum err client_says, server_says;
};

/* A server that asks for a client certificate; ours never do, so it is made by hand. */
static void run(struct ends *e, struct rig *r)
{
	e->client_says = e->server_says = E_AGAIN;
	for (int i = 0; i < 10; i++) {
		struct wbuf out = wbuf_of(e->to_server, sizeof e->to_server);
		struct view in = view_of(e->to_client, e->to_client_n);

		if (e->client_says == E_AGAIN)
			e->client_says = tls_handshake(e->client, &in, &out);
		e->to_client_n = 0;
		in = wbuf_view(&out);
		out = wbuf_of(e->to_client, sizeof e->to_client);
		if (e->server_says == E_AGAIN)
			e->server_says = tls_handshake(e->server, &in, &out);
		rig_sign(r);
		if (!tls_conn_is_parked(e->server) && e->server_says == E_AGAIN)
			e->server_says = tls_handshake(e->server, &in, &out);
		e->to_client_n = out.n;
		if (e->client_says != E_AGAIN && e->server_says != E_AGAIN)
			return;
	}
}

static struct ip address(const char *text)
{
	struct ip ip = { 0 };

	assert_int_equal(ip_parse(view_str(text), &ip), E_OK);
	return ip;
}

struct attempt {
	unsigned pool, certificate;
	const char *name, *ip; /* NULL: none */
	bool is_fine;
	const char *error; /* part of the client's reason */
};

static void attempt(struct rig *r, const struct attempt *a, size_t number)
{
	struct tls_client_site *site = NULL;
	struct ends *e = calloc(1, sizeof *e);
	struct ip ip = { 0 };

	e->owner.rig = r;
	if (a->ip)
		ip = address(a->ip);
	assert_int_equal(tls_client_site_new(r->lib, &r->image, a->pool, 1, NULL, &site), E_OK);
	e->client = tls_conn_connect(site, view_str(a->name), a->ip ? &ip : NULL);
	site = tls_client_site_free(site); /* the connection holds it */
	assert_non_null(e->client);
	r->refuse_with = r->sites[a->certificate];
	e->server = tls_conn_accept(r->sites[0], &e->owner);
	run(e, r);
	if ((e->client_says == E_OK) != a->is_fine)
		fail_msg("attempt %zu: %s", number, tls_conn_error(e->client));
	if (a->error && !strstr(tls_conn_error(e->client), a->error))
		fail_msg("attempt %zu: says %s", number, tls_conn_error(e->client));
	assert_true(a->is_fine || e->client_says == E_PROTO);
	e->client = tls_conn_free(e->client);
	e->server = tls_conn_free(e->server);
	r->refuse_with = NULL;
	free(e);
}

static void test_verification(void **state)
{
	static const struct attempt cases[] = {
		{ RIG_POOL_PLAIN, RIG_P256, "p256.test", NULL, true, NULL },
		{ RIG_POOL_PLAIN, RIG_P256, "a.wild.p256.test", NULL, true, NULL },
		{ RIG_POOL_PLAIN, RIG_P256, "a.b.wild.p256.test", NULL, false, "mismatch" },
		{ RIG_POOL_PLAIN, RIG_P256, "p384.test", NULL, false, "mismatch" },
		{ RIG_POOL_PLAIN, RIG_P384, "p384.test", NULL, false, "self-signed" },
		{ RIG_POOL_PLAIN, RIG_P256, NULL, "192.0.2.7", true, NULL },
		{ RIG_POOL_PLAIN, RIG_P256, NULL, "2001:db8::7", true, NULL },
		{ RIG_POOL_PLAIN, RIG_P256, NULL, "192.0.2.8", false, "mismatch" },
		{ RIG_POOL_PLAIN, RIG_P256, "192.0.2.7", NULL, true, NULL },
		{ RIG_POOL_NAMED, RIG_P256, "elsewhere.test", NULL, true, NULL },
		{ RIG_POOL_NAMED, RIG_P256, NULL, "198.51.100.1", true, NULL },
		{ RIG_POOL_WRONG, RIG_P256, "p256.test", NULL, false, "self-signed" },
		{ RIG_POOL_BLIND, RIG_P384, "who.test", NULL, true, NULL },
		{ RIG_POOL_BLIND, RIG_RSA, NULL, NULL, true, NULL },
		{ RIG_POOL_CLIENT, RIG_P256, "p256.test", NULL, true, NULL },
	};
	struct rig *r = *state;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		attempt(r, &cases[i], i);
}

/* The name goes out as SNI, an address does not (RFC 6066 §3). */
static void test_sni(void **state)
{
	static const struct attempt by_name = { RIG_POOL_PLAIN, RIG_P256, "p256.test",
						NULL,		true,	  NULL };
	static const struct attempt by_ip = { RIG_POOL_PLAIN, RIG_P256, NULL,
					      "192.0.2.7",    true,	NULL };
	struct rig *r = *state;

	attempt(r, &by_name, 0);
	assert_string_equal(r->asked, "p256.test");
	attempt(r, &by_ip, 1);
	assert_string_equal(r->asked, "");
}

static void test_nothing_to_verify(void **state)
{
	struct tls_client_site *site = NULL;
	struct rig *r = *state;

	assert_int_equal(tls_client_site_new(r->lib, &r->image, RIG_POOL_PLAIN, 1, NULL, &site),
			 E_OK);
	assert_null(tls_conn_connect(site, (struct view){ 0 }, NULL));
	assert_null(tls_conn_connect(site, VIEW("not a name"), NULL));
	site = tls_client_site_free(site);
}

/* A server of plain OpenSSL, which may ask for a certificate. */
static SSL *plain_server(struct rig *r, int version, SSL_CTX **ret_ctx)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	SSL *s = NULL;

	SSL_CTX_use_certificate(ctx, r->certs[RIG_P256]);
	SSL_CTX_use_PrivateKey(ctx, r->keys[RIG_P256]);
	SSL_CTX_set_max_proto_version(ctx, version);
	X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), r->certs[RIG_OTHER]);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	s = SSL_new(ctx);
	SSL_set_bio(s, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_accept_state(s);
	*ret_ctx = ctx;
	return s;
}

static enum err against_plain(struct rig *r, int version)
{
	struct tls_client_site *site = NULL;
	struct rig_pair owner = { .rig = r };
	struct tls_conn *client = NULL;
	uint8_t wire[WIRE], back[WIRE / 2];
	size_t back_n = 0;
	SSL_CTX *ctx = NULL;
	SSL *server = plain_server(r, version, &ctx);
	enum err e = E_AGAIN;
	int done = 0, n = 0;

	assert_int_equal(tls_client_site_new(r->lib, &r->image, RIG_POOL_CLIENT, 1, NULL, &site),
			 E_OK);
	client = tls_conn_connect(site, VIEW("p256.test"), NULL);
	tls_conn_set_owner(client, &owner);
	for (int i = 0; i < 6 && !(e == E_OK && done == 1) && e != E_PROTO; i++) {
		struct wbuf out = wbuf_of(wire, sizeof wire);
		struct view in = view_of(back, back_n);

		if (e == E_AGAIN)
			e = tls_handshake(client, &in, &out);
		if (tls_conn_is_parked(client)) {
			rig_sign(r);
			e = tls_handshake(client, &in, &out);
		}
		BIO_write(SSL_get_rbio(server), wire, (int)out.n);
		done = SSL_do_handshake(server);
		n = BIO_read(SSL_get_wbio(server), back, sizeof back);
		back_n = n > 0 ? (size_t)n : 0;
	}
	if (e == E_OK)
		e = done == 1 && SSL_get0_peer_certificate(server) ? E_OK : E_DENIED;
	client = tls_conn_free(client);
	site = tls_client_site_free(site);
	SSL_free(server);
	SSL_CTX_free(ctx);
	return e;
}

static void test_client_certificate(void **state)
{
	struct rig *r = *state;

	assert_int_equal(against_plain(r, TLS1_3_VERSION), E_OK);
	/* P3: what a TLS 1.2 client signs can't be recognised, so it is not even begun */
	assert_int_equal(against_plain(r, TLS1_2_VERSION), E_PROTO);
	/* a server's certificate is none for a client */
	r->signer->keys.key[RIG_OTHER].is_client = false;
	assert_int_equal(against_plain(r, TLS1_3_VERSION), E_PROTO);
}

static int setup(void **state)
{
	*state = rig_new();
	return 0;
}

static int teardown(void **state)
{
	rig_free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_verification, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sni, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_to_verify, setup, teardown),
		cmocka_unit_test_setup_teardown(test_client_certificate, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
