/* Handshakes with keys that are elsewhere, records through views, sessions bound to sites. */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

/* One handshake that must work; the pair stays open. */
static void must_connect(struct rig_pair *p, struct rig *r, unsigned site, SSL_CTX *ctx,
			 const struct rig_client *spec)
{
	rig_pair_open(p, r, site, ctx, spec);
	rig_pair_run(p);
	if (!p->is_server_done)
		print_error("server: %s\n", tls_conn_error(p->server));
	if (!p->is_client_done)
		ERR_print_errors_fp(stderr);
	assert_true(p->is_server_done && p->is_client_done);
}

static void test_matrix(void **state)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	static const char *const names[] = { "p256.test", "p384.test", "rsa.test", "ed25519.test" };
	struct rig *r = *state;

	for (size_t v = 0; v < 2; v++) {
		for (size_t i = 0; i < 4; i++) {
			struct rig_client spec = { .version = versions[v], .name = names[i] };
			SSL_CTX *ctx = rig_client_context(&spec);
			struct rig_pair p;
			X509 *seen = NULL;

			must_connect(&p, r, RIG_OTHER, ctx, &spec);
			seen = SSL_get1_peer_certificate(p.client);
			assert_int_equal(X509_cmp(seen, r->certs[i]), 0);
			X509_free(seen);
			assert_string_equal(tls_conn_version(p.server), v ? "TLSv1.3" : "TLSv1.2");
			assert_true(view_eq(tls_conn_sni(p.server), view_str(names[i])));
			assert_ptr_equal(tls_conn_site(p.server), r->sites[i]);
			assert_false(tls_conn_is_resumed(p.server));
			assert_true(rig_pair_from_client(&p, 100));
			assert_true(rig_pair_from_server(&p, 70000));
			assert_true(rig_pair_from_client(&p, 60000));
			rig_pair_close(&p);
			SSL_CTX_free(ctx);
		}
	}
}

/* RFC 5246 §7.4.1.4.1: in TLS 1.2 hash and curve are independent; RSA has both paddings. */
static void test_schemes(void **state)
{
	static const struct {
		const char *name, *sigalgs;
		int version;
		bool is_fine;
	} cases[] = {
		{ "p384.test", "ECDSA+SHA256", TLS1_2_VERSION, true },
		{ "p256.test", "ECDSA+SHA384", TLS1_2_VERSION, true },
		{ "p256.test", "ECDSA+SHA384", TLS1_3_VERSION, false },
		{ "p256.test", "ECDSA+SHA512", TLS1_2_VERSION, false },
		{ "rsa.test", "RSA+SHA256", TLS1_2_VERSION, true },
		{ "rsa.test", "RSA+SHA512", TLS1_2_VERSION, true },
		{ "rsa.test", "RSA-PSS+SHA384", TLS1_2_VERSION, true },
		{ "rsa.test", "RSA-PSS+SHA512", TLS1_3_VERSION, true },
		{ "rsa.test", "RSA+SHA256", TLS1_3_VERSION, false },
		{ "rsa.test", "RSA+SHA1", TLS1_2_VERSION, false },
	};
	struct rig *r = *state;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct rig_client spec = { .version = cases[i].version,
					   .name = cases[i].name,
					   .sigalgs = cases[i].sigalgs };
		SSL_CTX *ctx = rig_client_context(&spec);
		struct rig_pair p;

		rig_pair_open(&p, r, 0, ctx, &spec);
		rig_pair_run(&p);
		if ((p.is_server_done && p.is_client_done) != cases[i].is_fine)
			fail_msg("case %zu: %s", i, tls_conn_error(p.server));
		rig_pair_close(&p);
		SSL_CTX_free(ctx);
	}
}

/* DEFAULTS 5a: what is offered outside the list is never chosen. */
static void test_defaults(void **state)
{
	static const struct {
		const char *groups, *ciphers, *suites;
		int version; /* 1.2 with a group: the certificate's has to be it too */
		bool is_fine;
	} cases[] = {
		{ "X25519", NULL, NULL, TLS1_3_VERSION, true },
		{ "P-256", NULL, NULL, TLS1_3_VERSION, true },
		{ "P-384", NULL, NULL, TLS1_2_VERSION, true },
		{ "P-521", NULL, NULL, TLS1_3_VERSION, false },
		{ "ffdhe2048", NULL, NULL, TLS1_3_VERSION, false },
		{ NULL, NULL, "TLS_AES_128_CCM_SHA256", TLS1_3_VERSION, false },
		{ NULL, NULL, "TLS_AES_128_GCM_SHA256", TLS1_3_VERSION, true },
		{ NULL, NULL, "TLS_CHACHA20_POLY1305_SHA256", TLS1_3_VERSION, true },
		{ NULL, "AES256-GCM-SHA384", NULL, TLS1_2_VERSION, false },
		{ NULL, "ECDHE-ECDSA-AES256-SHA384", NULL, TLS1_2_VERSION, false },
		{ NULL, "ECDHE-ECDSA-AES128-GCM-SHA256", NULL, TLS1_2_VERSION, true },
		{ NULL, "ECDHE-ECDSA-CHACHA20-POLY1305", NULL, TLS1_2_VERSION, true },
		{ NULL, "ALL:@SECLEVEL=0", NULL, TLS1_1_VERSION, false },
	};
	struct rig *r = *state;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct rig_client spec = { .version = cases[i].version,
					   .name = i == 2 ? "p384.test" : "p256.test",
					   .groups = cases[i].groups,
					   .ciphers = cases[i].ciphers,
					   .suites = cases[i].suites };
		SSL_CTX *ctx = rig_client_context(&spec);
		struct rig_pair p;

		rig_pair_open(&p, r, 0, ctx, &spec);
		rig_pair_run(&p);
		if ((p.is_server_done && p.is_client_done) != cases[i].is_fine)
			fail_msg("case %zu: %s", i, tls_conn_error(p.server));
		if (cases[i].is_fine && cases[i].version == TLS1_2_VERSION)
			assert_int_equal(SSL_get_extms_support(p.client), 1);
		rig_pair_close(&p);
		SSL_CTX_free(ctx);
	}
}

/* A session of site `from`, as the client keeps it after its handshake. */
static SSL_SESSION *make_session(struct rig *r, SSL_CTX *ctx, unsigned from,
				 const struct rig_client *spec)
{
	SSL_SESSION *s = NULL;
	struct rig_pair p;

	must_connect(&p, r, from, ctx, spec);
	/* RFC 8446 §4.6.1: the ticket has no send of its own */
	assert_int_equal(SSL_SESSION_is_resumable(SSL_get0_session(p.client)),
			 spec->version == TLS1_2_VERSION);
	assert_true(rig_pair_from_server(&p, 10)); /* the ticket comes before it */
	s = SSL_get1_session(p.client);
	SSL_shutdown(p.client);
	rig_pair_close(&p);
	return s;
}

static void test_resumption(void **state)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	/* A16: the same certificate on another listener, and another certificate on the same */
	static const struct {
		unsigned from, to;
		bool is_resumed;
	} cases[] = {
		{ RIG_P256, RIG_P256, true },	{ RIG_P256, RIG_CERTS + RIG_P256, false },
		{ RIG_P256, RIG_OTHER, false }, { RIG_RSA, RIG_RSA, true },
		{ RIG_P256, RIG_RSA, false },
	};
	struct rig *r = *state;

	for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
		struct rig_client spec = { .version = versions[i % 2] };
		SSL_CTX *ctx = rig_client_context(&spec);
		SSL_SESSION *session = NULL;
		struct rig_pair p;

		r->refuse_with = r->sites[cases[i / 2].from];
		session = make_session(r, ctx, RIG_ED25519, &spec);
		r->refuse_with = r->sites[cases[i / 2].to];
		spec.session = session;
		must_connect(&p, r, RIG_ED25519, ctx, &spec);
		if (tls_conn_is_resumed(p.server) != cases[i / 2].is_resumed)
			fail_msg("case %zu", i);
		assert_int_equal(SSL_session_reused(p.client), cases[i / 2].is_resumed);
		assert_true(rig_pair_from_client(&p, 1000));
		r->refuse_with = NULL;
		rig_pair_close(&p);
		SSL_SESSION_free(session);
		SSL_CTX_free(ctx);
	}
}

static void expect_alert(struct rig *r, const struct rig_client *spec, int alert)
{
	SSL_CTX *ctx = rig_client_context(spec);
	struct rig_pair p;

	ERR_clear_error();
	rig_pair_open(&p, r, RIG_P256, ctx, spec);
	rig_pair_run(&p);
	assert_false(p.is_server_done);
	assert_int_equal(p.server_error, E_PROTO);
	assert_true(strlen(tls_conn_error(p.server)) > 0);
	rig_pair_step(&p);
	assert_int_equal(ERR_GET_REASON(ERR_peek_last_error()), SSL_AD_REASON_OFFSET + alert);
	rig_pair_close(&p);
	SSL_CTX_free(ctx);
	ERR_clear_error();
}

static void test_names(void **state)
{
	struct rig_client spec = { .name = "NoBody.Test" };
	struct rig *r = *state;

	r->refuses = true;
	expect_alert(r, &spec, SSL_AD_UNRECOGNIZED_NAME);
	assert_string_equal(r->asked, "nobody.test");
	spec.name = NULL;
	expect_alert(r, &spec, SSL_AD_UNRECOGNIZED_NAME);
	assert_string_equal(r->asked, "");
	spec.name = "a b.test";
	r->refuses = false;
	expect_alert(r, &spec, SSL_AD_DECODE_ERROR);
	spec.name = "evil\n.test";
	expect_alert(r, &spec, SSL_AD_DECODE_ERROR);
}

static void test_alpn(void **state)
{
	struct rig_client spec = { .name = "p256.test", .alpn = "h2" };
	struct rig *r = *state;
	const unsigned char *got = NULL;
	unsigned n = 0;
	struct rig_pair p;
	SSL_CTX *ctx = NULL;

	expect_alert(r, &spec, SSL_AD_NO_APPLICATION_PROTOCOL); /* RFC 7301 §3.2 */
	spec.alpn = "http/1.1";
	ctx = rig_client_context(&spec);
	must_connect(&p, r, 0, ctx, &spec);
	SSL_get0_alpn_selected(p.client, &got, &n);
	assert_true(view_eq(view_of(got, n), VIEW("http/1.1")));
	rig_pair_close(&p);
	SSL_CTX_free(ctx);
}

/* What kind of program each client is: known when it was asked for; the same with another name and
 * with another protocol, over a HelloRetryRequest too (RFC 8446 §4.1.2); not the same with other
 * algorithms. */
static void class_of(struct rig *r, const struct rig_client *spec, uint8_t ret[TLS_CLASS_BYTES])
{
	SSL_CTX *ctx = rig_client_context(spec);
	struct wbuf w = wbuf_of(ret, TLS_CLASS_BYTES);
	struct rig_pair p;

	must_connect(&p, r, 0, ctx, spec);
	wbuf_view_put(&w, tls_conn_class(p.server));
	assert_int_equal(w.n, TLS_CLASS_BYTES);
	rig_pair_close(&p);
	SSL_CTX_free(ctx);
}

static void test_class(void **state)
{
	struct rig_client plain = { .name = "p256.test" },
			  alpn = { .name = "rsa.test", .alpn = "http/1.1" },
			  retried = { .name = "p256.test", .groups = "P-521:P-256" },
			  other = { .name = "p256.test", .sigalgs = "ECDSA+SHA256" };
	uint8_t a[TLS_CLASS_BYTES], b[TLS_CLASS_BYTES];
	struct rig *r = *state;
	struct rig_pair p;
	SSL_CTX *ctx = rig_client_context(&plain);

	must_connect(&p, r, 0, ctx, &plain);
	assert_int_equal(tls_conn_class(p.server).n, 0);
	rig_pair_close(&p);
	SSL_CTX_free(ctx);
	tls_library_keep_class(r->lib);
	class_of(r, &plain, a);
	class_of(r, &alpn, b);
	assert_memory_equal(a, b, sizeof a);
	class_of(r, &retried, b);
	assert_memory_equal(a, b, sizeof a);
	class_of(r, &other, b);
	assert_memory_not_equal(a, b, sizeof a);
}

/* HelloRetryRequest: the client guesses a group that the server does not have. */
static void test_retry(void **state)
{
	struct rig_client spec = { .version = TLS1_3_VERSION,
				   .name = "p384.test",
				   .groups = "P-521:P-384" };
	struct rig *r = *state;
	SSL_CTX *ctx = rig_client_context(&spec);
	struct rig_pair p;

	must_connect(&p, r, 0, ctx, &spec);
	assert_true(rig_pair_from_client(&p, 10));
	rig_pair_close(&p);
	SSL_CTX_free(ctx);
}

/* Bytes one by one, both in the handshake and after it; in is always used up. */
static void test_bytewise(void **state)
{
	struct rig_client spec = { .name = "p256.test" };
	struct rig *r = *state;
	SSL_CTX *ctx = rig_client_context(&spec);
	uint8_t wire[8 << 10], flight[4096], plain[64];
	struct rig_pair p;
	int n = 0;

	rig_pair_open(&p, r, 0, ctx, &spec);
	for (int round = 0; round < 4 && !p.is_server_done; round++) {
		struct wbuf out = wbuf_of(wire, sizeof wire);

		p.is_client_done = SSL_do_handshake(p.client) == 1;
		n = BIO_read(SSL_get_wbio(p.client), flight, sizeof flight);
		for (int i = 0; i < n; i++) {
			struct view in = view_of(flight + i, 1);
			enum err e = tls_handshake(p.server, &in, &out);

			assert_int_equal(in.n, 0);
			assert_true(e == E_AGAIN || (e == E_OK && i == n - 1));
			p.is_server_done = e == E_OK;
		}
		while (tls_conn_is_parked(p.server)) {
			struct view none = { 0 };

			rig_sign(r);
			assert_int_equal(tls_handshake(p.server, &none, &out), E_AGAIN);
		}
		BIO_write(SSL_get_rbio(p.client), wire, (int)out.n);
	}
	assert_true(p.is_server_done);
	assert_int_equal(SSL_write(p.client, "hello", 5), 5);
	n = BIO_read(SSL_get_wbio(p.client), flight, sizeof flight);
	for (int i = 0; i < n; i++) {
		struct view in = view_of(flight + i, 1);
		struct wbuf w = wbuf_of(plain, sizeof plain);

		assert_int_equal(tls_read(p.server, &in, &w), i == n - 1 ? E_OK : E_AGAIN);
		assert_int_equal(in.n, 0);
		assert_int_equal(w.n, i == n - 1 ? 5 : 0);
	}
	rig_pair_close(&p);
	SSL_CTX_free(ctx);
}

/* The last flight of the handshake and the first request in one read. */
static void test_early_bytes(void **state)
{
	struct rig_client spec = { .name = "p256.test", .version = TLS1_3_VERSION };
	struct rig *r = *state;
	SSL_CTX *ctx = rig_client_context(&spec);
	uint8_t wire[8 << 10], got[4];
	struct wbuf out = wbuf_of(wire, sizeof wire), plain = wbuf_of(got, sizeof got);
	struct view in = { 0 };
	struct rig_pair p;

	rig_pair_open(&p, r, 0, ctx, &spec);
	while (!p.is_client_done) {
		rig_pair_step(&p);
		rig_sign(r);
		if (p.is_server_done)
			break;
		p.is_client_done = SSL_do_handshake(p.client) == 1;
	}
	assert_int_equal(SSL_write(p.client, "GET /", 5), 5);
	p.to_server_n +=
		(size_t)BIO_read(SSL_get_wbio(p.client), p.to_server + p.to_server_n, 4096);
	in = view_of(p.to_server, p.to_server_n);
	assert_int_equal(tls_handshake(p.server, &in, &out), E_OK);
	assert_true(in.n > 0);
	assert_int_equal(tls_read(p.server, &in, &plain), E_OK);
	assert_int_equal(plain.n, 4); /* full: one byte is left inside */
	plain.n = 0;
	assert_int_equal(tls_read(p.server, &in, &plain), E_OK);
	assert_int_equal(plain.n, 1);
	assert_int_equal(got[0], '/');
	assert_int_equal(tls_read(p.server, &in, &plain), E_AGAIN);
	rig_pair_close(&p);
	SSL_CTX_free(ctx);
}

static void test_ends(void **state)
{
	struct rig_client spec = { .name = "p256.test" };
	struct rig *r = *state;
	SSL_CTX *ctx = rig_client_context(&spec);
	uint8_t wire[2048], got[64];
	struct wbuf out = wbuf_of(wire, sizeof wire), plain = wbuf_of(got, sizeof got);
	struct view in = { 0 };
	struct rig_pair p;
	char c = 0;

	must_connect(&p, r, 0, ctx, &spec);
	tls_shutdown(p.server, &out);
	assert_true(out.n > 0 && out.n <= 64);
	BIO_write(SSL_get_rbio(p.client), wire, (int)out.n);
	assert_int_equal(SSL_read(p.client, &c, 1), 0);
	assert_int_equal(SSL_get_error(p.client, 0), SSL_ERROR_ZERO_RETURN);
	SSL_write(p.client, "bye", 3);
	SSL_shutdown(p.client);
	in = view_of(wire, (size_t)BIO_read(SSL_get_wbio(p.client), wire, sizeof wire));
	assert_int_equal(tls_read(p.server, &in, &plain), E_CLOSED);
	assert_int_equal(plain.n, 3);
	rig_pair_close(&p);

	/* a broken record: the alert comes with the end */
	must_connect(&p, r, 0, ctx, &spec);
	SSL_write(p.client, "hello", 5);
	in = view_of(wire, (size_t)BIO_read(SSL_get_wbio(p.client), wire, sizeof wire));
	wire[in.n - 1] ^= 1;
	plain.n = 0;
	assert_int_equal(tls_read(p.server, &in, &plain), E_PROTO);
	assert_int_equal(plain.n, 0);
	out.n = 0;
	tls_shutdown(p.server, &out);
	assert_true(out.n > 0);
	BIO_write(SSL_get_rbio(p.client), wire, (int)out.n);
	assert_true(SSL_read(p.client, &c, 1) <= 0);
	assert_int_equal(ERR_GET_REASON(ERR_peek_last_error()), SSL_R_SSLV3_ALERT_BAD_RECORD_MAC);
	out.n = 0;
	tls_shutdown(p.server, &out);
	assert_int_equal(out.n, 0);
	assert_int_equal(tls_read(p.server, &in, &plain), E_PROTO);
	assert_int_equal(tls_write(p.server, VIEW(""), &out), E_PROTO);
	rig_pair_close(&p);
	SSL_CTX_free(ctx);
	ERR_clear_error();
}

/* RFC 8446 §4.6.3: asked for, answered with the next write; asked for without end, ended. */
static void test_key_update(void **state)
{
	struct rig_client spec = { .name = "p256.test", .version = TLS1_3_VERSION };
	struct rig *r = *state;
	SSL_CTX *ctx = rig_client_context(&spec);
	struct rig_pair p;

	must_connect(&p, r, 0, ctx, &spec);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(SSL_key_update(p.client, SSL_KEY_UPDATE_REQUESTED), 1);
		assert_true(rig_pair_from_client(&p, 100));
		assert_true(rig_pair_from_server(&p, 100));
	}
	rig_pair_close(&p);
	SSL_CTX_free(ctx);
}

/* THREATS A7: records that make us compute and bring nothing are counted. */
static void test_quiet_records(void **state)
{
	struct rig_client spec = { .name = "p256.test", .version = TLS1_3_VERSION };
	struct rig *r = *state;
	SSL_CTX *ctx = rig_client_context(&spec);
	uint8_t wire[8 << 10], got[64];
	struct wbuf plain = wbuf_of(got, sizeof got);
	struct rig_pair p;

	must_connect(&p, r, 0, ctx, &spec);
	for (int round = 0; round < 3; round++) {
		struct view in = { 0 };

		for (int i = 0; i < (round == 2 ? 40 : 20); i++) {
			SSL_key_update(p.client, SSL_KEY_UPDATE_NOT_REQUESTED);
			assert_int_equal(SSL_do_handshake(p.client), 1);
		}
		if (round < 2)
			SSL_write(p.client, "data", 4);
		in = view_of(wire, (size_t)BIO_read(SSL_get_wbio(p.client), wire, sizeof wire));
		plain.n = 0;
		assert_int_equal(tls_read(p.server, &in, &plain), round < 2 ? E_OK : E_PROTO);
		assert_int_equal(plain.n, round < 2 ? 4 : 0);
	}
	assert_string_equal(tls_conn_error(p.server), "too many records without data");
	rig_pair_close(&p);
	SSL_CTX_free(ctx);
}

static void test_no_renegotiation(void **state)
{
	struct rig_client spec = { .name = "p256.test", .version = TLS1_2_VERSION };
	struct rig *r = *state;
	SSL_CTX *ctx = rig_client_context(&spec);
	uint8_t wire[4096], got[64];
	struct wbuf plain = wbuf_of(got, sizeof got);
	struct rig_pair p;
	enum err e = E_AGAIN;

	must_connect(&p, r, 0, ctx, &spec);
	assert_int_equal(SSL_renegotiate(p.client), 1);
	(void)SSL_do_handshake(p.client);
	{
		int n = BIO_read(SSL_get_wbio(p.client), wire, sizeof wire);
		struct view in = view_of(wire, (size_t)n);

		assert_true(n > 0);
		e = tls_read(p.server, &in, &plain);
	}
	assert_true(e == E_AGAIN || e == E_PROTO);
	assert_int_equal(plain.n, 0);
	rig_pair_close(&p);
	SSL_CTX_free(ctx);
	ERR_clear_error();
}

/* A parked handshake is given up: its slot and async job come back, the late answer finds nobody.
 */
static void test_free_while_parked(void **state)
{
	struct rig_client spec = { .name = "p256.test" };
	struct rig *r = *state;
	SSL_CTX *ctx = rig_client_context(&spec);
	struct tls_signer_client *s = tls_library_signer(r->lib);
	struct rig_pair p;

	for (unsigned i = 0; i < 3 * TLS_SIGNER_SLOTS; i++) {
		rig_pair_open(&p, r, 0, ctx, &spec);
		rig_pair_step(&p);
		assert_true(tls_conn_is_parked(p.server));
		assert_int_equal(tls_signer_client_pending(s), 1);
		rig_pair_close(&p);
		assert_int_equal(tls_signer_client_pending(s), 0);
		if (i % 50 == 0)
			rig_sign(r);
	}
	rig_sign(r);
	r->ready = 0;
	must_connect(&p, r, 0, ctx, &spec);
	assert_int_equal(r->ready, 1);
	rig_pair_close(&p);
	SSL_CTX_free(ctx);
}

/* More handshakes than slots: the rest waits for its turn and all of them end well. */
static void test_more_than_slots(void **state)
{
	enum { N = TLS_SIGNER_SLOTS + 40 };
	static struct rig_pair pairs[N];
	struct rig_client spec = { .name = "p256.test" };
	struct rig *r = *state;
	SSL_CTX *ctx = rig_client_context(&spec);
	struct tls_signer_client *s = tls_library_signer(r->lib);
	unsigned done = 0;

	for (unsigned i = 0; i < N; i++) {
		rig_pair_open(&pairs[i], r, 0, ctx, &spec);
		rig_pair_step(&pairs[i]);
		assert_true(tls_conn_is_parked(pairs[i].server));
	}
	assert_int_equal(tls_signer_client_pending(s), TLS_SIGNER_SLOTS);
	/* one that waits for its turn goes away */
	pairs[N - 1].server = tls_conn_free(pairs[N - 1].server);
	for (unsigned round = 0; round < 40 && done < N - 1; round++) {
		rig_sign(r);
		tls_signer_client_tick(s, 0);
		done = 0;
		for (unsigned i = 0; i < N - 1; i++) {
			if (!pairs[i].is_server_done && !tls_conn_is_parked(pairs[i].server))
				rig_pair_step(&pairs[i]);
			done += pairs[i].is_server_done;
		}
	}
	assert_int_equal(done, N - 1);
	for (unsigned i = 0; i < N; i++)
		rig_pair_close(&pairs[i]);
	SSL_CTX_free(ctx);
}

static void test_signer_dies(void **state)
{
	struct rig_client spec = { .name = "p256.test" };
	struct rig *r = *state;
	SSL_CTX *ctx = rig_client_context(&spec);
	struct tls_signer_client *s = tls_library_signer(r->lib);
	struct rig_pair p, q;

	rig_pair_open(&p, r, 0, ctx, &spec);
	rig_pair_step(&p);
	assert_true(tls_conn_is_parked(p.server));
	for (size_t i = 0; i < SIGNER_PEERS; i++)
		if (r->signer->peers[i].source.fd >= 0)
			loop_close(&r->signer->peers[i].source);
	r->ready = 0;
	assert_int_equal(tls_signer_client_pump(s, r->signer_fd), E_CLOSED);
	close(r->signer_fd);
	r->signer_fd = -1;
	assert_int_equal(r->ready, 1);
	assert_false(tls_conn_is_parked(p.server));
	rig_pair_step(&p);
	assert_int_equal(p.server_error, E_PROTO);
	rig_pair_step(&p);
	assert_int_equal(ERR_GET_REASON(ERR_peek_last_error()), SSL_R_TLSV1_ALERT_INTERNAL_ERROR);
	rig_pair_close(&p);
	ERR_clear_error();

	/* nobody to ask: the next handshake fails at once, the one after a new channel works */
	rig_pair_open(&q, r, 0, ctx, &spec);
	rig_pair_step(&q);
	assert_int_equal(q.server_error, E_PROTO);
	rig_pair_close(&q);
	rig_connect_signer(r);
	must_connect(&q, r, 0, ctx, &spec);
	rig_pair_close(&q);
	SSL_CTX_free(ctx);
}

static void test_deadline(void **state)
{
	struct rig_client spec = { .name = "p256.test" };
	struct rig *r = *state;
	SSL_CTX *ctx = rig_client_context(&spec);
	struct tls_signer_client *s = tls_library_signer(r->lib);
	struct rig_pair p;

	rig_pair_open(&p, r, 0, ctx, &spec);
	rig_pair_step(&p);
	tls_signer_client_tick(s, 1);
	assert_true(tls_conn_is_parked(p.server));
	tls_signer_client_tick(s, UINT64_MAX);
	assert_false(tls_conn_is_parked(p.server));
	rig_pair_step(&p);
	assert_int_equal(p.server_error, E_PROTO);
	rig_pair_close(&p);
	rig_sign(r);
	must_connect(&p, r, 0, ctx, &spec);
	rig_pair_close(&p);
	SSL_CTX_free(ctx);
}

/* A reload: what began under the old generation ends there, and then its channel goes. */
static void test_generations(void **state)
{
	struct rig_client spec = { .name = "p256.test" };
	struct rig *r = *state;
	SSL_CTX *ctx = rig_client_context(&spec);
	struct tls_signer_client *s = tls_library_signer(r->lib);
	struct tls_ticket_keys tickets = { { 0 } };
	const struct tls_site_spec newer = {
		.image = &r->image, .certificate = RIG_OTHER, .generation = 2, .tickets = &tickets
	};
	struct tls_site *site = NULL;
	int old_fd = r->signer_fd, fds[2];
	struct rig_pair p, q;

	rig_pair_open(&p, r, 0, ctx, &spec);
	rig_pair_step(&p);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
	assert_int_equal(peer_add(r->signer, ROLE_EDGE, 1, fds[0]), E_OK);
	assert_int_equal(tls_signer_client_add(s, 2, fds[1]), E_OK);
	tls_signer_client_retire(s, 2);
	assert_int_equal(tls_signer_client_idle(s), -1);
	assert_int_equal(tls_site_new(r->lib, &newer, &site), E_OK);
	r->refuse_with = site;
	rig_pair_open(&q, r, 0, ctx, &spec);
	rig_pair_step(&q);
	rig_sign(r); /* the old channel's answers */
	assert_false(tls_conn_is_parked(p.server));
	assert_true(tls_conn_is_parked(q.server));
	r->refuse_with = NULL;
	assert_int_equal(tls_signer_client_pump(s, fds[1]), E_OK);
	rig_pair_run(&p);
	rig_pair_run(&q);
	assert_true(p.is_server_done && q.is_server_done);
	assert_int_equal(tls_signer_client_idle(s), old_fd);
	assert_int_equal(tls_signer_client_idle(s), -1);
	site = tls_site_free(site); /* q still holds it */
	assert_true(rig_pair_from_client(&q, 10));
	rig_pair_close(&p);
	rig_pair_close(&q);
	close(old_fd);
	r->signer_fd = fds[1];
	SSL_CTX_free(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_matrix, setup, teardown),
		cmocka_unit_test_setup_teardown(test_schemes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_defaults, setup, teardown),
		cmocka_unit_test_setup_teardown(test_resumption, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_alpn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_class, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retry, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bytewise, setup, teardown),
		cmocka_unit_test_setup_teardown(test_early_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_key_update, setup, teardown),
		cmocka_unit_test_setup_teardown(test_quiet_records, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_renegotiation, setup, teardown),
		cmocka_unit_test_setup_teardown(test_free_while_parked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_more_than_slots, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signer_dies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deadline, setup, teardown),
		cmocka_unit_test_setup_teardown(test_generations, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
