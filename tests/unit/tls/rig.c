/* The rig of the TLS tests. */
#include "rig.h"
#include "role/signer/cells.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const rig_names[RIG_CERTS] = { "p256.test", "p384.test", "rsa.test",
						  "ed25519.test", "other.test" };

static EVP_PKEY *rig_key(int which)
{
	if (which == RIG_RSA)
		return EVP_RSA_gen(2048);
	if (which == RIG_ED25519)
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	return EVP_EC_gen(which == RIG_P384 ? "P-384" : "P-256");
}

static void rig_extension(X509 *x, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e = NULL;

	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert(e && X509_add_ext(x, e, -1) == 1);
	X509_EXTENSION_free(e);
}

static X509 *rig_certificate(EVP_PKEY *key, const char *name)
{
	char san[128];
	X509 *x = X509_new();

	assert(x && X509_set_version(x, 2) == 1);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
				   (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	(void)snprintf(san, sizeof san, "DNS:%s,DNS:*.wild.%s,IP:192.0.2.7,IP:2001:db8::7", name,
		       name);
	rig_extension(x, NID_subject_alt_name, san);
	rig_extension(x, NID_basic_constraints, "critical,CA:FALSE");
	assert(X509_sign(x, key, EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256()) > 0);
	return x;
}

static struct image_str rig_bytes(struct rig *r, const void *p, size_t n)
{
	struct image_str s = { (uint32_t)r->bytes_n, (uint32_t)n };

	memcpy(r->bytes + r->image.header->section[IMAGE_BYTES].at + r->bytes_n, p, n);
	r->bytes_n += n;
	return s;
}

static struct image_str rig_der(struct rig *r, int (*put)(const void *, unsigned char **),
				const void *object)
{
	unsigned char *der = NULL;
	int n = put(object, &der);
	struct image_str s = { 0 };

	assert(n > 0);
	s = rig_bytes(r, der, (size_t)n);
	OPENSSL_free(der);
	return s;
}

static int rig_put_cert(const void *x, unsigned char **der)
{
	return i2d_X509(x, der);
}

static int rig_put_spki(const void *k, unsigned char **der)
{
	return i2d_PUBKEY(k, der);
}

static void rig_image_pools(struct rig *r, struct image_pool *pools)
{
	for (uint32_t i = 0; i < RIG_POOLS; i++) {
		pools[i] = (struct image_pool){ .tls_client_certificate = IMAGE_NONE,
						.tls_verify = 1,
						.tls_ca = { RIG_P256, 1 } };
	}
	pools[RIG_POOL_NAMED].tls_name = rig_bytes(r, "p256.test", 9);
	pools[RIG_POOL_WRONG].tls_ca.first = RIG_OTHER;
	pools[RIG_POOL_BLIND].tls_verify = 0;
	pools[RIG_POOL_CLIENT].tls_client_certificate = RIG_OTHER;
}

/* An image as the config role would lay it out, without what TLS does not look at. */
static void rig_image(struct rig *r)
{
	static const size_t sizes[IMAGE_SECTIONS] = {
		[IMAGE_LISTENER] = RIG_LISTENERS * sizeof(struct image_listener),
		[IMAGE_CERTIFICATE] = RIG_CERTS * sizeof(struct image_certificate),
		[IMAGE_DER] = RIG_CERTS * sizeof(struct image_str),
		[IMAGE_POOL] = RIG_POOLS * sizeof(struct image_pool),
	};
	struct image_header *h = calloc(1, 1 << 16);
	size_t at = sizeof *h;

	r->bytes = (uint8_t *)h;
	r->image.header = h;
	for (size_t i = IMAGE_SECTIONS; i-- > 0; at += sizes[i])
		h->section[i].at = (uint32_t)(at = (at + 7) / 8 * 8); /* IMAGE_BYTES comes last */
	h->section[IMAGE_CERTIFICATE].n = RIG_CERTS;
	for (size_t i = 0; i < RIG_LISTENERS; i++) {
		struct image_listener *l =
			(struct image_listener *)(uintptr_t)image_listener_at(&r->image, i);

		l->slot = (uint16_t)(10 + i);
	}
	for (uint32_t i = 0; i < RIG_CERTS; i++) {
		struct image_certificate *c =
			(struct image_certificate *)(uintptr_t)image_certificate_at(&r->image, i);
		struct image_str *der = (struct image_str *)(uintptr_t)image_der_at(&r->image, i);
		unsigned n = sizeof c->fingerprint;

		c->name = rig_bytes(r, rig_names[i], strlen(rig_names[i]));
		*der = rig_der(r, rig_put_cert, r->certs[i]);
		c->chain = (struct image_range){ i, 1 };
		c->spki = rig_der(r, rig_put_spki, r->keys[i]);
		X509_digest(r->certs[i], EVP_sha256(), c->fingerprint, &n);
		c->is_server = 1;
		c->is_client = i == RIG_OTHER;
	}
	rig_image_pools(r, (struct image_pool *)(uintptr_t)image_pool_at(&r->image, 0));
}

/* The signer's keys, by its own parser, from PEM. */
static void rig_signer_keys(struct rig *r)
{
	struct keys *k = &r->signer->keys;

	assert(keys_open(k) == E_OK);
	k->key = r->signer_keys = calloc(RIG_CERTS, sizeof *k->key);
	k->n = RIG_CERTS;
	for (uint32_t i = 0; i < RIG_CERTS; i++) {
		BIO *bio = BIO_new(BIO_s_mem());
		const char *why = NULL;
		char *text = NULL;
		long n = 0;

		PEM_write_bio_PrivateKey(bio, r->keys[i], NULL, NULL, 0, NULL, NULL);
		n = BIO_get_mem_data(bio, &text);
		assert(keys_parse(k, view_of(text, (size_t)n),
				  image_view(&r->image, image_certificate_at(&r->image, i)->spki),
				  &k->key[i], &why) == E_OK);
		k->key[i].is_server = true;
		k->key[i].is_client = i == RIG_OTHER;
		BIO_free(bio);
	}
}

static void rig_on_keeper(void *owner, struct loop_source *source, uint32_t events)
{
	(void)owner;
	(void)source;
	(void)events;
}

static loop_handler *const rig_handlers[SIGNER_SOURCES] = { rig_on_keeper, peer_on_event,
							    cells_on_event };

static struct tls_site *rig_choose(void *owner, struct view sni)
{
	struct rig_pair *p = owner;
	struct rig *r = p->rig;

	memcpy(r->asked, sni.p ? (const char *)sni.p : "", sni.n);
	r->asked[sni.n] = 0;
	if (r->refuses)
		return NULL;
	if (r->refuse_with)
		return r->refuse_with;
	for (size_t i = 0; i < RIG_CERTS; i++)
		if (strcmp(rig_names[i], r->asked) == 0)
			return r->sites[i];
	return tls_conn_site(p->server);
}

static void rig_ready(void *owner, struct tls_conn *conn)
{
	struct rig_pair *p = owner;

	p->rig->ready++;
	p->rig->ready_conn = conn;
}

static const struct tls_hooks rig_hooks = { rig_choose, rig_ready };

void rig_connect_signer(struct rig *r)
{
	int fds[2];

	assert(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
	assert(peer_add(r->signer, ROLE_EDGE, 0, fds[0]) == E_OK);
	r->signer_fd = fds[1];
	assert(tls_signer_client_add(tls_library_signer(r->lib), 1, fds[1]) == E_OK);
}

struct rig *rig_new(void)
{
	struct rig *r = calloc(1, sizeof *r);
	struct tls_ticket_keys tickets = { { 1, 2, 3 } };

	for (int i = 0; i < RIG_CERTS; i++) {
		r->keys[i] = rig_key(i);
		r->certs[i] = rig_certificate(r->keys[i], rig_names[i]);
	}
	rig_image(r);
	r->signer = calloc(1, sizeof *r->signer);
	for (size_t i = 0; i < SIGNER_PEERS; i++)
		r->signer->peers[i].source.fd = -1;
	assert(loop_init(&r->signer->loop, r->signer, rig_handlers, SIGNER_SOURCES) == E_OK);
	rig_signer_keys(r);
	assert(tls_library_new(&rig_hooks, &r->lib) == E_OK);
	for (uint32_t i = 0; i < RIG_SITES; i++) {
		const struct tls_site_spec spec = { .image = &r->image,
						    .listener = i / RIG_CERTS,
						    .certificate = i % RIG_CERTS,
						    .generation = 1,
						    .tickets = &tickets };

		if (tls_site_new(r->lib, &spec, &r->sites[i]) != E_OK) {
			fprintf(stderr, "site %u: %s\n", i, tls_library_error(r->lib));
			abort();
		}
	}
	rig_connect_signer(r);
	return r;
}

void rig_free(struct rig *r)
{
	for (size_t i = 0; i < RIG_SITES; i++)
		r->sites[i] = tls_site_free(r->sites[i]);
	r->lib = tls_library_free(r->lib);
	keys_done(&r->signer->keys);
	for (size_t i = 0; i < SIGNER_PEERS; i++)
		if (r->signer->peers[i].source.fd >= 0)
			close(r->signer->peers[i].source.fd);
	loop_done(&r->signer->loop);
	if (r->signer_fd >= 0)
		close(r->signer_fd);
	for (int i = 0; i < RIG_CERTS; i++) {
		EVP_PKEY_free(r->keys[i]);
		X509_free(r->certs[i]);
	}
	free(r->signer_keys);
	free(r->signer);
	free(r->bytes);
	free(r);
}

void rig_sign(struct rig *r)
{
	assert(loop_turn(&r->signer->loop, 0) == E_OK);
	if (r->signer_fd >= 0)
		(void)!tls_signer_client_pump(tls_library_signer(r->lib), r->signer_fd);
}

SSL_CTX *rig_client_context(const struct rig_client *spec)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	assert(ctx);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT);
	if (spec->version) {
		SSL_CTX_set_min_proto_version(ctx, spec->version);
		SSL_CTX_set_max_proto_version(ctx, spec->version);
	}
	if (spec->sigalgs)
		assert(SSL_CTX_set1_sigalgs_list(ctx, (char *)(uintptr_t)spec->sigalgs) == 1);
	if (spec->groups)
		assert(SSL_CTX_set1_groups_list(ctx, (char *)(uintptr_t)spec->groups) == 1);
	if (spec->ciphers)
		assert(SSL_CTX_set_cipher_list(ctx, spec->ciphers) == 1);
	if (spec->suites)
		assert(SSL_CTX_set_ciphersuites(ctx, spec->suites) == 1);
	return ctx;
}

void rig_pair_open(struct rig_pair *p, struct rig *r, unsigned site, SSL_CTX *client,
		   const struct rig_client *spec)
{
	memset(p, 0, sizeof *p);
	p->rig = r;
	p->to_server = malloc(RIG_WIRE);
	p->client = SSL_new(client);
	SSL_set_bio(p->client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_connect_state(p->client);
	if (spec->name)
		SSL_set_tlsext_host_name(p->client, (char *)(uintptr_t)spec->name);
	if (spec->alpn) {
		uint8_t wire[64];

		wire[0] = (uint8_t)strlen(spec->alpn);
		memcpy(wire + 1, spec->alpn, wire[0]);
		assert(SSL_set_alpn_protos(p->client, wire, wire[0] + 1u) == 0);
	}
	if (spec->session)
		SSL_set_session(p->client, spec->session);
	p->server = tls_conn_accept(r->sites[site], p);
	assert(p->server);
}

void rig_pair_close(struct rig_pair *p)
{
	p->server = tls_conn_free(p->server);
	SSL_free(p->client);
	p->client = NULL;
	free(p->to_server);
	p->to_server = NULL;
}

static bool rig_pair_client_step(struct rig_pair *p)
{
	int got = 0;

	if (!p->is_client_done) {
		int e = SSL_do_handshake(p->client);

		p->is_client_done = e == 1;
		if (e != 1 && SSL_get_error(p->client, e) == SSL_ERROR_SSL)
			p->has_failed = true;
	}
	got = BIO_read(SSL_get_wbio(p->client), p->to_server + p->to_server_n,
		       (int)(RIG_WIRE - p->to_server_n));
	p->to_server_n += got > 0 ? (size_t)got : 0;
	return got > 0;
}

bool rig_pair_step(struct rig_pair *p)
{
	uint8_t wire[12 << 10];
	struct wbuf out = wbuf_of(wire, sizeof wire);
	struct view in = { 0 };
	bool has_moved = rig_pair_client_step(p);

	in = view_of(p->to_server, p->to_server_n);
	if (!p->is_server_done && !p->has_failed) {
		p->server_error = tls_handshake(p->server, &in, &out);
		p->is_server_done = p->server_error == E_OK;
		p->has_failed = p->server_error == E_PROTO;
	}
	has_moved = has_moved || in.n != p->to_server_n || out.n;
	memmove(p->to_server, in.p ? in.p : p->to_server, in.n);
	p->to_server_n = in.n;
	if (out.n)
		BIO_write(SSL_get_rbio(p->client), wire, (int)out.n);
	return has_moved;
}

void rig_pair_run(struct rig_pair *p)
{
	for (int i = 0; i < 20 && !(p->is_server_done && p->is_client_done); i++) {
		bool has_moved = rig_pair_step(p);

		if (tls_conn_is_parked(p->server))
			rig_sign(p->rig);
		else if (!has_moved || p->has_failed)
			break;
	}
	(void)rig_pair_client_step(p); /* an alert, or the session tickets */
}

static void rig_fill(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i * 7 + (i >> 8));
}

bool rig_pair_from_server(struct rig_pair *p, size_t n)
{
	uint8_t *data = malloc(n), *got = malloc(n), *wire = malloc(tls_wire_bytes(n));
	struct wbuf out = wbuf_of(wire, tls_wire_bytes(n));
	size_t at = 0;
	bool is_same = false;

	rig_fill(data, n);
	if (tls_write(p->server, view_of(data, n), &out) == E_OK) {
		BIO_write(SSL_get_rbio(p->client), wire, (int)out.n);
		while (at < n) {
			int r = SSL_read(p->client, got + at, (int)(n - at));

			if (r <= 0)
				break;
			at += (size_t)r;
		}
		is_same = at == n && memcmp(data, got, n) == 0;
	}
	free(data);
	free(got);
	free(wire);
	return is_same;
}

bool rig_pair_from_client(struct rig_pair *p, size_t n)
{
	uint8_t *data = malloc(n), *got = malloc(n);
	struct wbuf plain = wbuf_of(got, n);
	bool is_same = false;
	struct view in = { 0 };

	rig_fill(data, n);
	if (SSL_write(p->client, data, (int)n) == (int)n) {
		(void)rig_pair_client_step(p);
		in = view_of(p->to_server, p->to_server_n);
		is_same = tls_read(p->server, &in, &plain) == E_OK && in.n == 0 && plain.n == n &&
			  memcmp(data, got, n) == 0;
		p->to_server_n = 0;
	}
	free(data);
	free(got);
	return is_same;
}
