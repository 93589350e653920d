/*
 * The edge's one interface to the TLS library (OpenSSL 3.0). No other header of the tree includes
 * OpenSSL's for a connection's sake.
 *
 * Nothing in here does a system call for a connection: wire bytes come in through a view and go
 * out through a wbuf, and the edge itself receives and sends. No private key is here either (P2):
 * a handshake that needs a signature parks, the signer is asked (tls_signer_client), and the
 * `on_ready` hook says when to go on. All memory comes from tls_heap, bounded and wiped.
 *
 * Life: tls_heap_init, tls_library_new at boot; a tls_site per listener and certificate and a
 * tls_client_site per pool for each generation; a tls_conn per connection, which keeps the site it
 * uses, so that a generation may drop its sites while connections made with them live on.
 */
#ifndef TLS_TLS_H
#define TLS_TLS_H

#include "base/wbuf.h"
#include "conf/image.h"

struct tls_library;
struct tls_site;	/* one certificate on one listener */
struct tls_client_site; /* how servers of one pool are spoken to */
struct tls_conn;
struct tls_signer_client;

/* Session ticket keys as KEEPER_SECRET brings them: name, MAC key, cipher key. */
struct tls_ticket_keys {
	uint8_t b[80];
};

/* What the edge is asked and told; a const table, kept by the library. */
struct tls_hooks {
	/* which site answers a client? sni: lower case, empty when the client sent none; borrowed.
	 * NULL refuses the client (unrecognized_name) */
	struct tls_site *(*choose)(void *owner, struct view sni);
	/* a parked handshake can go on: call tls_handshake (now or later), or tls_conn_free */
	void (*on_ready)(void *owner, struct tls_conn *conn);
};

/* tls_library_new - E_NOMEM: OpenSSL could not be set up; ret is untouched */
enum err tls_library_new(const struct tls_hooks *hooks, struct tls_library **ret);

/* tls_library_free - after all of its sites and connections; NULL is fine; returns NULL */
struct tls_library *tls_library_free(struct tls_library *lib);

/* tls_library_keep_class - from now on what kind of program each client is gets known */
void tls_library_keep_class(struct tls_library *lib);

/* tls_library_signer - the way to the signer, owned by the library: tls_signer_client.h */
struct tls_signer_client *tls_library_signer(struct tls_library *lib);

struct tls_site_spec {
	const struct image *image; /* borrowed until tls_site_new returns */
	uint32_t listener;	   /* index in the image */
	uint32_t certificate;	   /* index in the image, and what the signer is asked by */
	uint32_t generation;	   /* of the image: which signer holds the key */
	const struct tls_ticket_keys *tickets; /* borrowed; NULL: sessions are not resumed */
};

/*
 * tls_site_new - E_PROTO: the certificate can't be used (tls_library_error says why) · E_NOMEM
 * Sessions are bound to the listener's slot and the certificate's fingerprint (A16): a ticket
 * given by one site is never accepted by another.
 */
enum err tls_site_new(struct tls_library *lib, const struct tls_site_spec *spec,
		      struct tls_site **ret);
struct tls_site *tls_site_free(struct tls_site *site); /* drops the caller's hold; returns NULL */

/*
 * tls_client_site_new - for pool `pool` of the image, which is borrowed until return
 *   like   NULL, or the site of a pool of the same image that trusts the same anchors: shared
 * E_PROTO: an anchor or the client certificate can't be used · E_NOMEM
 */
enum err tls_client_site_new(struct tls_library *lib, const struct image *image, uint32_t pool,
			     uint32_t generation, const struct tls_client_site *like,
			     struct tls_client_site **ret);
struct tls_client_site *tls_client_site_free(struct tls_client_site *site);

/* tls_library_error - why the last tls_*_new failed, for one log line; never NULL */
const char *tls_library_error(const struct tls_library *lib);

/*
 * tls_conn_accept - a server's side
 *   site   used until the client has said its name: any of the listener's; best the likeliest
 *   owner  given to the hooks; may be set later by tls_conn_set_owner, before tls_handshake
 * NULL: no memory left
 */
struct tls_conn *tls_conn_accept(struct tls_site *site, void *owner);

/*
 * tls_conn_connect - a client's side
 *   name   what is verified and sent as SNI, unless the pool's tls.name says otherwise; empty: ip
 *   ip     verified when there is no name; NULL: none
 * NULL: no memory left, or nothing to verify against though the pool wants it
 */
struct tls_conn *tls_conn_connect(struct tls_client_site *site, struct view name,
				  const struct ip *ip);

void tls_conn_set_owner(struct tls_conn *c, void *owner);

/* tls_conn_free - at any time but from inside a hook of the same connection's tls_handshake: a
 * pending signature is given up; NULL is fine; returns NULL */
struct tls_conn *tls_conn_free(struct tls_conn *c);

/*
 * tls_handshake - as far as the bytes go
 *   in    wire bytes; consumed up to the end of the handshake; the rest is for tls_read
 *   out   wire bytes to send are appended, also (the alert) on failure; give it 16 KB of room
 * E_OK done · E_AGAIN more bytes are needed, or on_ready (tls_conn_is_parked) · E_LIMIT out is
 * full: call again with room · E_PROTO failed, tls_conn_error says why
 */
enum err tls_handshake(struct tls_conn *c, struct view *in, struct wbuf *out);

/* tls_conn_is_parked - waits for the signer: tls_handshake would say E_AGAIN without reading */
bool tls_conn_is_parked(const struct tls_conn *c);

/*
 * tls_read - decrypts into plain what `in` holds; a record that is not whole yet is kept
 * E_OK plain grew · E_AGAIN all of `in` is used and nothing came of it · E_CLOSED the peer said
 * close_notify; what it sent before is in plain · E_PROTO broken; tls_shutdown gives the alert.
 * `in` is always used up unless plain is full or the answer is E_CLOSED or E_PROTO. When plain
 * got full there may be more inside: tls_read gives it even when `in` is empty.
 */
enum err tls_read(struct tls_conn *c, struct view *in, struct wbuf *plain);

/* tls_write - encrypts all of plain; wire must have tls_wire_bytes(plain.n) of room. E_PROTO:
 * broken */
enum err tls_write(struct tls_conn *c, struct view plain, struct wbuf *wire);

/* tls_wire_bytes - the most that n bytes become on the wire, pending answers included */
size_t tls_wire_bytes(size_t n);

/* tls_shutdown - appends a pending alert, or close_notify; 64 bytes are enough */
void tls_shutdown(struct tls_conn *c, struct wbuf *out);

/* After the handshake; all borrowed, texts never NULL. */
const char *tls_conn_version(const struct tls_conn *c);	 /* "TLSv1.3" */
const char *tls_conn_cipher(const struct tls_conn *c);	 /* "TLS_AES_128_GCM_SHA256" */
struct view tls_conn_protocol(const struct tls_conn *c); /* agreed on by ALPN; may be empty */
bool tls_conn_is_resumed(const struct tls_conn *c);
struct view tls_conn_sni(const struct tls_conn *c); /* server side: lower case; may be empty */
enum { TLS_CERTIFICATE_MAX = 8192, TLS_CERTIFICATE_HASH = 32 };

/* tls_conn_certificate - server side: appends the client's certificate (DER), which was verified.
 * E_AGAIN it showed none, or was not asked · E_LIMIT no room. tls_conn_certificate_hash - its
 * SHA-256; false: none */
enum err tls_conn_certificate(const struct tls_conn *c, struct wbuf *der);
bool tls_conn_certificate_hash(const struct tls_conn *c, uint8_t ret[TLS_CERTIFICATE_HASH]);

struct tls_site *tls_conn_site(const struct tls_conn *c); /* server side: the chosen one */
const char *tls_conn_error(const struct tls_conn *c);	  /* why it failed; "" when it didn't */

enum { TLS_CLASS_BYTES = 32 };

/* tls_conn_class - SHA-256 of what proto/tls_class.h says of the client, TLS_CLASS_BYTES; empty:
 * it was not asked for (tls_library_keep_class), or there was no memory */
struct view tls_conn_class(const struct tls_conn *c);

/* Why a connection failed, for counting. */
enum tls_failure {
	TLS_FAILURE_NONE = 0,
	TLS_FAILURE_OTHER,
	TLS_FAILURE_NAME /* no site for the name it asked for */,
	TLS_FAILURE_PROTOCOL /* a version that is not offered, or no TLS at all */,
	TLS_FAILURE_PARAMETERS /* no cipher suite, group or signature in common */,
	TLS_FAILURE_ALERT /* the peer refused */,
	TLS_FAILURES
};

/* tls_conn_failure - TLS_FAILURE_NONE when it has not failed */
enum tls_failure tls_conn_failure(const struct tls_conn *c);

#endif
