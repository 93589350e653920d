/*
 * Not a test: CPU time of a full handshake on the server's side, ours (edge and signer parts) and
 * plain OpenSSL's with the key in the process; and the memory of an idle connection.
 */
#include "rig.h"

#include "tls/tls_heap.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

struct cost {
	double fresh, first, sign, second, rest;
};

/* The signer's part is measured around its loop turn; the rest of it, the client's, is not. */
static void ours(struct rig *r, SSL_CTX *ctx, const struct rig_client *spec, struct cost *c)
{
	uint8_t wire[8 << 10], flight[4096];
	struct wbuf out = wbuf_of(wire, sizeof wire);
	struct rig_pair p;
	struct view in = { 0 };
	double t = now();
	int n = 0;

	rig_pair_open(&p, r, 0, ctx, spec);
	p.server = tls_conn_free(p.server);
	t = now();
	p.server = tls_conn_accept(r->sites[0], &p);
	c->fresh += now() - t;
	(void)SSL_do_handshake(p.client);
	n = BIO_read(SSL_get_wbio(p.client), flight, sizeof flight);
	in = view_of(flight, (size_t)n);
	t = now();
	(void)!tls_handshake(p.server, &in, &out);
	c->first += now() - t;
	if (tls_conn_is_parked(p.server)) {
		t = now();
		(void)!loop_turn(&r->signer->loop, 0);
		c->sign += now() - t;
		t = now();
		(void)!tls_signer_client_pump(tls_library_signer(r->lib), r->signer_fd);
		(void)!tls_handshake(p.server, &in, &out);
		c->second += now() - t;
	}
	BIO_write(SSL_get_rbio(p.client), wire, (int)out.n);
	n = SSL_do_handshake(p.client);
	assert(n == 1);
	n = BIO_read(SSL_get_wbio(p.client), flight, sizeof flight);
	in = view_of(flight, (size_t)n);
	out.n = 0;
	t = now();
	(void)!tls_handshake(p.server, &in, &out);
	p.server = tls_conn_free(p.server);
	c->rest += now() - t;
	rig_pair_close(&p);
}

static double plain(SSL_CTX *server_ctx, SSL_CTX *ctx)
{
	SSL *c = SSL_new(ctx), *s = NULL;
	BIO *to_s = BIO_new(BIO_s_mem()), *to_c = BIO_new(BIO_s_mem());
	double t = now(), sum = 0;

	BIO_up_ref(to_s);
	BIO_up_ref(to_c);
	SSL_set_bio(c, to_c, to_s);
	SSL_set_connect_state(c);
	t = now();
	s = SSL_new(server_ctx);
	SSL_set_bio(s, to_s, to_c);
	SSL_set_accept_state(s);
	sum += now() - t;
	(void)SSL_do_handshake(c);
	t = now();
	(void)SSL_do_handshake(s);
	sum += now() - t;
	(void)SSL_do_handshake(c);
	t = now();
	(void)SSL_do_handshake(s);
	SSL_free(s);
	sum += now() - t;
	SSL_free(c);
	return sum;
}

static void memory(struct rig *r, SSL_CTX *ctx, const struct rig_client *spec)
{
	enum { N = 1000 };
	static struct rig_pair pairs[N];
	struct heap_stat a, b;

	tls_heap_stat(&a);
	for (int i = 0; i < N; i++) {
		rig_pair_open(&pairs[i], r, 0, ctx, spec);
		rig_pair_run(&pairs[i]);
		rig_pair_from_client(&pairs[i], 500);
		rig_pair_from_server(&pairs[i], 1000);
		SSL_free(pairs[i].client); /* its memory is in the same heap */
		pairs[i].client = NULL;
	}
	tls_heap_stat(&b);
	printf("idle connection: %zu bytes of the heap\n", (b.used - a.used) / N);
	for (int i = 0; i < N; i++)
		rig_pair_close(&pairs[i]);
}

static void transfer(struct rig *r, SSL_CTX *ctx, const struct rig_client *spec)
{
	enum { N = 20000 };
	static uint8_t wire[80 << 10], got[80 << 10], flights[100][600];
	int sizes[100];
	uint8_t data[1100] = { 0 };
	struct rig_pair p;
	double read = 0, write = 0;

	rig_pair_open(&p, r, 0, ctx, spec);
	rig_pair_run(&p);
	for (int i = 0; i < N; i += 100) {
		double t = 0;

		for (int k = 0; k < 100; k++) {
			SSL_write(p.client, data, 100);
			sizes[k] = BIO_read(SSL_get_wbio(p.client), flights[k], 600);
		}
		t = now();
		for (int k = 0; k < 100; k++) {
			struct view in = view_of(flights[k], (size_t)sizes[k]);
			struct wbuf w = wbuf_of(got, sizeof got);

			(void)!tls_read(p.server, &in, &w);
		}
		read += now() - t;
		t = now();
		for (int k = 0; k < 100; k++) {
			struct wbuf w = wbuf_of(wire, sizeof wire);

			(void)!tls_write(p.server, view_of(data, sizeof data), &w);
		}
		write += now() - t;
	}
	printf("read 100 bytes %.2f us, write 1100 bytes %.2f us\n", read / N, write / N);
	rig_pair_close(&p);
}

int main(int argc, char **argv)
{
	struct rig_client spec = { .name = "p256.test",
				   .suites = "TLS_AES_128_GCM_SHA256",
				   .groups = "X25519",
				   .version = TLS1_3_VERSION };
	int n = argc > 1 ? atoi(argv[1]) : 2000;
	struct cost c = { 0 };
	struct rig *r = NULL;
	SSL_CTX *ctx = NULL, *server_ctx = NULL;
	double base = 0;

	if (argc < 3)
		assert(tls_heap_init(256 << 20, HEAP_PLAIN) == E_OK);
	r = rig_new();
	ctx = rig_client_context(&spec);
	server_ctx = SSL_CTX_new(TLS_server_method());
	SSL_CTX_use_certificate(server_ctx, r->certs[0]);
	SSL_CTX_use_PrivateKey(server_ctx, r->keys[0]);
	for (int i = 0; i < n; i++) {
		ours(r, ctx, &spec, &c);
		base += plain(server_ctx, ctx);
	}
	printf("ours: new %.1f first %.1f sign %.1f second %.1f last %.1f = %.1f us\n", c.fresh / n,
	       c.first / n, c.sign / n, c.second / n, c.rest / n,
	       (c.fresh + c.first + c.sign + c.second + c.rest) / n);
	printf("plain OpenSSL: %.1f us\n", base / n);
	if (argc < 4) {
		memory(r, ctx, &spec);
		transfer(r, ctx, &spec);
	}
	SSL_CTX_free(ctx);
	SSL_CTX_free(server_ctx);
	rig_free(r);
	return 0;
}
