/*
 * Not a test: the two TLS libraries that could stand behind tls/tls.h, side by side in one
 * process: OpenSSL through that interface, GnuTLS bare, with the same shape (wire bytes from and to
 * memory, the private key behind a callback, one ticket key, X25519 and AES-128-GCM). Only the
 * server's side is timed; what the signature itself costs is taken out of both. The two are
 * measured in turns, and their ratio is what counts.
 */
#include "rig.h"

#include "tls/tls_heap.h"

#include <assert.h>
#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 20, HANDSHAKES = 50, MESSAGES = 500, IDLE = 1000, BULK = 64 << 10 };

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* One client and the server under test; wire bytes wait in to_server and to_client. */
struct peer {
	struct rig *rig;
	SSL *client;
	struct tls_conn *ours;
	gnutls_session_t gnu;
	struct view in; /* what GnuTLS may pull */
	struct wbuf *out;
	double spent, signing; /* microseconds */
};

struct library {
	const char *name;
	void (*open)(struct peer *p);
	bool (*handshake)(struct peer *p, struct view *in, struct wbuf *out);
	void (*read)(struct peer *p, struct view in, struct wbuf *plain);
	void (*write)(struct peer *p, struct view plain, struct wbuf *wire);
	void (*close)(struct peer *p);
	size_t (*memory)(void);
};

/* ---- OpenSSL, as the edge uses it ---- */

static void ours_open(struct peer *p)
{
	p->ours = tls_conn_accept(p->rig->sites[0], p);
	assert(p->ours);
}

static bool ours_handshake(struct peer *p, struct view *in, struct wbuf *out)
{
	enum err e = tls_handshake(p->ours, in, out);

	if (tls_conn_is_parked(p->ours)) {
		double t = now_us();

		(void)!loop_turn(&p->rig->signer->loop, 0);
		p->signing += now_us() - t;
		(void)!tls_signer_client_pump(tls_library_signer(p->rig->lib), p->rig->signer_fd);
		e = tls_handshake(p->ours, in, out);
	}
	return e == E_OK;
}

static void ours_read(struct peer *p, struct view in, struct wbuf *plain)
{
	(void)!tls_read(p->ours, &in, plain);
}

static void ours_write(struct peer *p, struct view plain, struct wbuf *wire)
{
	(void)!tls_write(p->ours, plain, wire);
}

static void ours_close(struct peer *p)
{
	p->ours = tls_conn_free(p->ours);
}

static size_t ours_memory(void)
{
	struct tls_heap_stat s;

	tls_heap_stat(&s);
	return s.used;
}

/* ---- GnuTLS ---- */

static struct {
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priority;
	gnutls_datum_t ticket_key;
	EVP_PKEY *key;
	double signing;
} gnu;

/* For ECDSA and RSA GnuTLS hands out the hash alone, never the message (see ARCHITECTURE §8). */
static int gnu_sign(gnutls_privkey_t key, gnutls_sign_algorithm_t algorithm, void *owner,
		    unsigned flags, const gnutls_datum_t *hash, gnutls_datum_t *signature)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(gnu.key, NULL);
	double t = now_us();
	size_t n = 256;

	(void)key;
	(void)algorithm;
	(void)owner;
	(void)flags;
	signature->data = gnutls_malloc(n);
	assert(EVP_PKEY_sign_init(c) == 1);
	assert(EVP_PKEY_sign(c, signature->data, &n, hash->data, hash->size) == 1);
	signature->size = (unsigned)n;
	EVP_PKEY_CTX_free(c);
	gnu.signing += now_us() - t;
	return 0;
}

static int gnu_key_info(gnutls_privkey_t key, unsigned flags, void *owner)
{
	(void)key;
	(void)owner;
	if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO)
		return GNUTLS_PK_ECDSA;
	if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS)
		return 256;
	if (flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO)
		return GNUTLS_FLAGS_TO_SIGN_ALGO(flags) == GNUTLS_SIGN_ECDSA_SECP256R1_SHA256;
	return -1;
}

static void gnu_init(struct rig *r)
{
	unsigned char *der = NULL;
	int n = i2d_X509(r->certs[RIG_P256], &der);
	gnutls_datum_t d = { .data = der, .size = (unsigned)n };
	gnutls_pcert_st *cert = calloc(1, sizeof *cert);
	gnutls_privkey_t key = NULL;
	int e = 0;

	gnu.key = r->keys[RIG_P256];
	assert(gnutls_global_init() == 0);
	assert(gnutls_certificate_allocate_credentials(&gnu.credentials) == 0);
	assert(gnutls_pcert_import_x509_raw(cert, &d, GNUTLS_X509_FMT_DER, 0) == 0);
	assert(gnutls_privkey_init(&key) == 0);
	e = gnutls_privkey_import_ext4(key, NULL, NULL, gnu_sign, NULL, NULL, gnu_key_info, 0);
	assert(e == 0);
	e = gnutls_certificate_set_key(gnu.credentials, NULL, 0, cert, 1, key);
	assert(e == 0);
	e = gnutls_priority_init(&gnu.priority,
				 "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:"
				 "-GROUP-ALL:+GROUP-X25519",
				 NULL);
	assert(e == 0);
	assert(gnutls_session_ticket_key_generate(&gnu.ticket_key) == 0);
}

static ssize_t gnu_pull(gnutls_transport_ptr_t owner, void *to, size_t n)
{
	struct peer *p = owner;
	struct view v = { 0 };

	if (p->in.n == 0) {
		gnutls_transport_set_errno(p->gnu, EAGAIN);
		return -1;
	}
	(void)!view_take(&p->in, n < p->in.n ? n : p->in.n, &v);
	memcpy(to, v.p, v.n);
	return (ssize_t)v.n;
}

static ssize_t gnu_push(gnutls_transport_ptr_t owner, const giovec_t *iov, int n)
{
	struct peer *p = owner;
	ssize_t sum = 0;

	for (int i = 0; i < n; i++) {
		wbuf_put(p->out, iov[i].iov_base, iov[i].iov_len);
		sum += (ssize_t)iov[i].iov_len;
	}
	return sum;
}

static void gnu_open(struct peer *p)
{
	assert(gnutls_init(&p->gnu, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL |
					    GNUTLS_NO_AUTO_SEND_TICKET) == 0);
	gnutls_priority_set(p->gnu, gnu.priority);
	gnutls_credentials_set(p->gnu, GNUTLS_CRD_CERTIFICATE, gnu.credentials);
	gnutls_session_ticket_enable_server(p->gnu, &gnu.ticket_key);
	gnutls_transport_set_ptr(p->gnu, p);
	gnutls_transport_set_pull_function(p->gnu, gnu_pull);
	gnutls_transport_set_vec_push_function(p->gnu, gnu_push);
}

static bool gnu_handshake(struct peer *p, struct view *in, struct wbuf *out)
{
	double before = gnu.signing;
	int e = 0;

	p->in = *in;
	p->out = out;
	e = gnutls_handshake(p->gnu);
	p->signing += gnu.signing - before;
	if (e == 0)
		gnutls_session_ticket_send(p->gnu, 1, 0); /* as many as OpenSSL sends */
	*in = p->in;
	return e == 0;
}

static void gnu_read(struct peer *p, struct view in, struct wbuf *plain)
{
	ssize_t n = 0;

	p->in = in;
	do {
		n = gnutls_record_recv(p->gnu, plain->p + plain->n, plain->cap - plain->n);
		if (n > 0)
			plain->n += (size_t)n;
	} while (n > 0 && p->in.n);
}

static void gnu_write(struct peer *p, struct view plain, struct wbuf *wire)
{
	struct view part = { 0 };

	p->out = wire;
	while (plain.n) {
		(void)!view_take(&plain, plain.n < 16384 ? plain.n : 16384, &part);
		assert(gnutls_record_send(p->gnu, part.p, part.n) == (ssize_t)part.n);
	}
}

static void gnu_close(struct peer *p)
{
	gnutls_deinit(p->gnu);
	p->gnu = NULL;
}

static size_t gnu_memory(void)
{
	return mallinfo2().uordblks;
}

static const struct library libraries[2] = {
	{ "OpenSSL", ours_open, ours_handshake, ours_read, ours_write, ours_close, ours_memory },
	{ "GnuTLS", gnu_open, gnu_handshake, gnu_read, gnu_write, gnu_close, gnu_memory },
};

/* ---- what is measured ---- */

struct cost {
	double full, resumed, small_read, small_write, bulk;
	size_t idle;
};

static uint8_t wire[256 << 10], plain[256 << 10], flight[256 << 10];

static struct view from_client(struct peer *p)
{
	int n = BIO_read(SSL_get_wbio(p->client), flight, sizeof flight);

	return view_of(flight, n > 0 ? (size_t)n : 0);
}

static void to_client(struct peer *p, const struct wbuf *w)
{
	if (w->n)
		assert(BIO_write(SSL_get_rbio(p->client), w->p, (int)w->n) == (int)w->n);
}

static void client_open(struct peer *p, SSL_CTX *ctx, SSL_SESSION *session)
{
	p->client = SSL_new(ctx);
	SSL_set_bio(p->client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_connect_state(p->client);
	SSL_set_tlsext_host_name(p->client, "p256.test");
	if (session)
		SSL_set_session(p->client, session);
}

static void shake(const struct library *l, struct peer *p)
{
	bool is_done = false;

	for (int i = 0; i < 6 && !(is_done && SSL_is_init_finished(p->client)); i++) {
		struct wbuf out = wbuf_of(wire, sizeof wire);
		struct view in = { 0 };
		double t = 0;

		(void)SSL_do_handshake(p->client);
		in = from_client(p);
		t = now_us();
		if (!is_done)
			is_done = l->handshake(p, &in, &out);
		p->spent += now_us() - t;
		to_client(p, &out);
	}
	assert(is_done && SSL_is_init_finished(p->client));
}

static void open_pair(const struct library *l, struct peer *p, SSL_CTX *ctx, SSL_SESSION *session)
{
	double t = 0;

	client_open(p, ctx, session);
	t = now_us();
	l->open(p);
	p->spent += now_us() - t;
	shake(l, p);
}

static void close_pair(const struct library *l, struct peer *p)
{
	double t = now_us();

	l->close(p);
	p->spent += now_us() - t;
	SSL_set_shutdown(p->client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(p->client); /* its session stays fit to be resumed */
}

/* One message each way, so that the tickets arrive. */
static SSL_SESSION *session_of(const struct library *l, struct peer *p)
{
	struct wbuf w = wbuf_of(wire, sizeof wire), got = wbuf_of(plain, sizeof plain);

	SSL_write(p->client, "x", 1);
	l->read(p, from_client(p), &got);
	l->write(p, VIEW("y"), &w);
	to_client(p, &w);
	assert(SSL_read(p->client, plain, 1) == 1);
	return SSL_get1_session(p->client);
}

static double handshakes(const struct library *l, struct rig *r, SSL_CTX *ctx, bool is_resumed)
{
	struct peer p = { .rig = r };
	SSL_SESSION *session = NULL, *once = NULL;
	double sum = 0;

	if (is_resumed) {
		open_pair(l, &p, ctx, NULL);
		session = session_of(l, &p);
		close_pair(l, &p);
	}
	for (int i = 0; i < HANDSHAKES; i++) {
		p = (struct peer){ .rig = r };
		if (session)
			once = SSL_SESSION_dup(session); /* the client uses each only once */
		open_pair(l, &p, ctx, once);
		assert(!is_resumed || SSL_session_reused(p.client));
		close_pair(l, &p);
		SSL_SESSION_free(once);
		sum += p.spent - p.signing;
	}
	SSL_SESSION_free(session);
	return sum / HANDSHAKES;
}

static double reads(const struct library *l, struct peer *p)
{
	double sum = 0;

	for (int i = 0; i < MESSAGES; i++) {
		struct wbuf got = wbuf_of(plain, sizeof plain);
		struct view in = { 0 };
		double t = 0;

		SSL_write(p->client, wire, 400);
		in = from_client(p);
		t = now_us();
		l->read(p, in, &got);
		sum += now_us() - t;
		assert(got.n == 400);
	}
	return sum / MESSAGES;
}

static double writes(const struct library *l, struct peer *p, size_t n, int count)
{
	double sum = 0;

	for (int i = 0; i < count; i++) {
		struct wbuf w = wbuf_of(wire, sizeof wire);
		double t = now_us();

		l->write(p, view_of(plain, n), &w);
		sum += now_us() - t;
	}
	return sum / count;
}

static size_t idle(const struct library *l, struct rig *r, SSL_CTX *ctx)
{
	static struct peer pairs[IDLE];
	size_t before = l->memory(), after = 0;

	for (int i = 0; i < IDLE; i++) {
		pairs[i] = (struct peer){ .rig = r };
		open_pair(l, &pairs[i], ctx, NULL);
		SSL_SESSION_free(session_of(l, &pairs[i]));
		SSL_free(pairs[i].client);
	}
	after = l->memory();
	for (int i = 0; i < IDLE; i++)
		l->close(&pairs[i]);
	return (after - before) / IDLE;
}

static void measure(const struct library *l, struct rig *r, SSL_CTX *ctx, struct cost *c)
{
	struct peer p = { .rig = r };

	c->full += handshakes(l, r, ctx, false) / ROUNDS;
	c->resumed += handshakes(l, r, ctx, true) / ROUNDS;
	open_pair(l, &p, ctx, NULL);
	c->small_read += reads(l, &p) / ROUNDS;
	c->small_write += writes(l, &p, 1100, MESSAGES) / ROUNDS;
	c->bulk += writes(l, &p, BULK, 50) / ROUNDS;
	close_pair(l, &p);
}

int main(void)
{
	struct rig_client spec = { .name = "p256.test",
				   .suites = "TLS_AES_128_GCM_SHA256",
				   .groups = "X25519",
				   .version = TLS1_3_VERSION };
	struct cost costs[2] = { 0 };
	const struct cost *o = &costs[0], *g = &costs[1];
	struct rig *r = NULL;
	SSL_CTX *ctx = NULL;

	assert(tls_heap_init(512 << 20, HEAP_PLAIN) == E_OK);
	r = rig_new();
	gnu_init(r);
	ctx = rig_client_context(&spec);
	for (int round = 0; round < ROUNDS; round++)
		for (int i = 0; i < 2; i++)
			measure(&libraries[(i + round) % 2], r, ctx, &costs[(i + round) % 2]);
	for (int i = 0; i < 2; i++)
		costs[i].idle = idle(&libraries[i], r, ctx);
	printf("%-34s %10s %10s %7s\n", "", "OpenSSL", "GnuTLS", "ratio");
#define ROW(text, member)                                                                          \
	printf("%-34s %10.2f %10.2f %7.2f\n", text, o->member, g->member, g->member / o->member)
	ROW("full handshake, not signing, us", full);
	ROW("resumed handshake, us", resumed);
	ROW("read of 400 bytes, us", small_read);
	ROW("write of 1100 bytes, us", small_write);
	ROW("write of 64 KB, us", bulk);
	printf("%-34s %10zu %10zu %7.2f\n", "idle connection, bytes", o->idle, g->idle,
	       (double)g->idle / (double)o->idle);
	SSL_CTX_free(ctx);
	rig_free(r);
	return 0;
}
