/* A scripted HTTP server for tests, in a process of its own; over TLS when it is given a context.
 */
#ifndef TESTS_IPC_DIALER_SERVER_H
#define TESTS_IPC_DIALER_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct ssl_ctx_st;
struct x509_st;

enum { SERVER_RESPONSE_MAX = 1 << 18, SERVER_REQUEST_MAX = 8192 };

/* In memory that both processes have. */
struct server_script {
	char response[SERVER_RESPONSE_MAX];
	char request[SERVER_REQUEST_MAX]; /* the last one, NUL-terminated */
	_Atomic size_t response_n;
	_Atomic size_t step;	   /* bytes per send with a pause between; 0 = all at once */
	_Atomic bool is_mute;	   /* takes the request and says nothing */
	_Atomic bool is_reset;	   /* closes with a reset instead of answering */
	_Atomic bool speaks_first; /* does not wait for a request */
	_Atomic unsigned requests;
};

struct server {
	struct server_script *script;
	pid_t pid;
	uint16_t port;
};

/* server_start - listens on address, answers every connection with the script's response, closes */
void server_start(struct server *s, const char *address, struct ssl_ctx_st *tls);
void server_stop(struct server *s);

/* server_say - what it answers from now on */
void server_say(struct server *s, const char *response);

/* server_certificate - a new self-signed certificate for DNS names and addresses ("DNS:x,IP:y"),
 * and a server context that has it: P-256 and TLS 1.3, or RSA and TLS 1.2 */
struct ssl_ctx_st *server_certificate(const char *san, bool is_rsa,
				      struct x509_st **ret_certificate);

#endif
