/* What the files of src/tls share; nobody else includes this. */
#ifndef TLS_TLS_INTERNAL_H
#define TLS_TLS_INTERNAL_H

#include "base/list.h"
#include "tls/tls.h"
#include "tls/tls_signer_client.h"

#include <openssl/ssl.h>

enum { TLS_LATE_BYTES = 40, TLS_NO_SLOT = UINT32_MAX };

struct tls_library {
	OSSL_LIB_CTX *libctx; /* of our own: no configuration file, no engine, no other provider */
	OSSL_PROVIDER *standard, *sluis;
	BIO_METHOD *bio;
	const struct tls_hooks *hooks;
	struct tls_signer_client *signer;
	struct tls_provider *provider; /* of sluis: owned by it */
	const char *error;
	bool keeps_class; /* of each client */
};

struct tls_site {
	struct tls_library *lib;
	SSL_CTX *ctx;
	uint32_t refs;
	bool has_h2;	  /* offers HTTP/2 */
	bool asks_client; /* for a certificate: no session is resumed */
	bool has_tickets; /* sessions may be resumed */
};

struct tls_client_site {
	struct tls_library *lib;
	SSL_CTX *ctx;
	char *name; /* of the pool: NULL when the server's own counts */
	uint32_t refs;
	bool want_verify;
	bool is_h2;	      /* HTTP/2 and nothing else is offered */
	bool has_certificate; /* signatures may be needed: handshakes run as async jobs */
};

enum tls_conn_state { TLS_CONN_HANDSHAKE, TLS_CONN_OPEN, TLS_CONN_FAILED };

struct tls_conn {
	SSL *ssl;
	struct tls_library *lib;
	struct tls_site *site;		     /* server side; held */
	struct tls_client_site *client_site; /* client side; held */
	void *owner;
	const struct tls_hooks *hooks;
	struct view *in;  /* only during a call */
	struct wbuf *out; /* only during a call that may write */
	const char *error;
	char *sni;	       /* NULL: none */
	uint8_t *client_class; /* TLS_CLASS_BYTES; NULL: not known */
	struct list node;      /* waits for an async job */
	uint32_t slot;	       /* of the signer client while parked */
	uint8_t state;	       /* enum tls_conn_state */
	uint8_t failure;       /* enum tls_failure */
	bool is_queued;
	bool has_signed;
	bool owes_ticket; /* it is sent with the first answer */
	uint8_t quiet_n;  /* records in a row without data */
	uint8_t late_n;
	uint8_t late[TLS_LATE_BYTES]; /* an alert made while there was no place for it */
};

/* tls_conn_bio_method - the BIO between a connection's SSL and its views; owned by the library */
BIO_METHOD *tls_conn_bio_method(void);

/* tls_conn_client_hello - what each server side context calls first: chooses the site */
int tls_conn_client_hello(SSL *ssl, int *ret_alert, void *arg);

/* tls_client_class_watch - the first message of the client is looked at */
void tls_client_class_watch(struct tls_conn *c);

/* tls_library_fail - remembers why for tls_library_error; returns e */
enum err tls_library_fail(struct tls_library *lib, const char *what, enum err e);

#endif
