/* A scripted HTTP server for tests. */
#include "dialer_server.h"

#include "dialer_kit.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static ssize_t server_read(int fd, SSL *ssl, char *buf, size_t n)
{
	return ssl ? SSL_read(ssl, buf, (int)n) : recv(fd, buf, n, 0);
}

static ssize_t server_write(int fd, SSL *ssl, const char *buf, size_t n)
{
	return ssl ? SSL_write(ssl, buf, (int)n) : send(fd, buf, n, MSG_NOSIGNAL);
}

static bool server_take_request(struct server_script *s, int fd, SSL *ssl)
{
	size_t n = 0;

	while (n < sizeof s->request - 1) {
		ssize_t got = server_read(fd, ssl, s->request + n, sizeof s->request - 1 - n);

		if (got <= 0)
			return false;
		n += (size_t)got;
		s->request[n] = '\0';
		if (strstr(s->request, "\r\n\r\n"))
			break;
	}
	atomic_fetch_add(&s->requests, 1);
	return true;
}

static void server_answer(struct server_script *s, int fd, SSL *ssl)
{
	size_t n = atomic_load(&s->response_n), step = atomic_load(&s->step);

	for (size_t at = 0; at < n;) {
		size_t len = step && step < n - at ? step : n - at;
		ssize_t sent = server_write(fd, ssl, s->response + at, len);

		if (sent <= 0)
			return;
		at += (size_t)sent;
		if (step)
			(void)usleep(500);
	}
}

static void server_connection(struct server_script *s, int fd, SSL_CTX *tls)
{
	SSL *ssl = tls ? SSL_new(tls) : NULL;
	struct linger hard = { 1, 0 };
	char rest[64];

	if (ssl) {
		SSL_set_fd(ssl, fd);
		if (SSL_accept(ssl) != 1)
			goto out;
	}
	if (!atomic_load(&s->speaks_first) && !server_take_request(s, fd, ssl))
		goto out;
	if (atomic_load(&s->is_reset)) {
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
		goto out;
	}
	if (atomic_load(&s->is_mute)) {
		while (server_read(fd, ssl, rest, sizeof rest) > 0)
			;
		goto out;
	}
	server_answer(s, fd, ssl);
	if (ssl)
		(void)SSL_shutdown(ssl);
out:
	SSL_free(ssl);
	(void)close(fd);
}

static void server_run(struct server_script *s, int listener, SSL_CTX *tls)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGPIPE, SIG_IGN);
	for (;;) {
		struct pollfd p = { .fd = listener, .events = POLLIN };
		int fd = -1;

		(void)poll(&p, 1, -1);
		fd = accept(listener, NULL, NULL);
		if (fd >= 0)
			server_connection(s, fd, tls);
	}
}

void server_start(struct server *s, const char *address, struct ssl_ctx_st *tls)
{
	int listener = kit_listen(address, 64, &s->port);

	s->script = mmap(NULL, sizeof *s->script, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s->script == MAP_FAILED)
		abort();
	s->pid = fork();
	if (s->pid == 0) {
		server_run(s->script, listener, tls);
		_exit(0);
	}
	(void)close(listener);
}

void server_stop(struct server *s)
{
	if (s->pid > 0) {
		(void)kill(s->pid, SIGKILL);
		(void)waitpid(s->pid, NULL, 0);
		(void)munmap(s->script, sizeof *s->script);
	}
	s->pid = 0;
}

void server_say(struct server *s, const char *response)
{
	size_t n = strlen(response);

	if (n > SERVER_RESPONSE_MAX)
		abort();
	memcpy(s->script->response, response, n);
	atomic_store(&s->script->response_n, n);
}

struct ssl_ctx_st *server_certificate(const char *san, bool is_rsa,
				      struct x509_st **ret_certificate)
{
	EVP_PKEY *key = is_rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509V3_CTX v3;
	X509_EXTENSION *e = NULL;
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (!key || !x || !ctx)
		abort();
	(void)X509_set_version(x, 2);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	(void)X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	(void)X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	(void)X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
					 (const unsigned char *)"test", -1, -1, 0);
	(void)X509_set_issuer_name(x, X509_get_subject_name(x));
	(void)X509_set_pubkey(x, key);
	X509V3_set_ctx(&v3, x, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &v3, NID_subject_alt_name, san);
	if (!e || X509_add_ext(x, e, -1) != 1 || X509_sign(x, key, EVP_sha256()) == 0 ||
	    SSL_CTX_use_certificate(ctx, x) != 1 || SSL_CTX_use_PrivateKey(ctx, key) != 1)
		abort();
	if (is_rsa)
		(void)SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
	X509_EXTENSION_free(e);
	EVP_PKEY_free(key);
	*ret_certificate = x;
	return ctx;
}
