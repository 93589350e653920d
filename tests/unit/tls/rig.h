/*
 * What the TLS tests share: certificates made on the spot, an image of them, a real signer in the
 * same process on a socketpair, and clients of plain OpenSSL whose bytes go through memory.
 */
#ifndef TESTS_UNIT_TLS_RIG_H
#define TESTS_UNIT_TLS_RIG_H

#include "role/signer/peer.h"
#include "tls/tls.h"
#include "tls/tls_signer_client.h"

#include <openssl/ssl.h>

enum { RIG_P256, RIG_P384, RIG_RSA, RIG_ED25519, RIG_OTHER, RIG_CERTS }; /* OTHER: P-256 again */
enum { RIG_LISTENERS = 2, RIG_POOLS = 5, RIG_SITES = RIG_LISTENERS * RIG_CERTS };
enum { RIG_WIRE = 1 << 17 };
/* pools: verified, by another name, wrong anchor, unverified, with a client certificate */
enum { RIG_POOL_PLAIN, RIG_POOL_NAMED, RIG_POOL_WRONG, RIG_POOL_BLIND, RIG_POOL_CLIENT };

struct rig {
	EVP_PKEY *keys[RIG_CERTS];
	X509 *certs[RIG_CERTS];
	uint8_t *bytes; /* of the image */
	size_t bytes_n;
	struct image image;
	struct signer *signer;
	struct keys_key *signer_keys;
	int signer_fd; /* the edge's end of the channel */
	struct tls_library *lib;
	struct tls_site *sites[RIG_SITES];
	unsigned ready; /* calls of on_ready */
	struct tls_conn *ready_conn;
	struct tls_site *refuse_with; /* not NULL: choose always gives this */
	bool refuses;
	char asked[256]; /* the name choose was last asked for */
};

/* One client against one server connection; buffers are big enough for every test. */
struct rig_pair {
	struct rig *rig;
	struct tls_conn *server;
	SSL *client;
	uint8_t *to_server; /* RIG_WIRE bytes */
	size_t to_server_n;
	bool is_server_done, is_client_done, has_failed;
	enum err server_error;
};

struct rig_client {
	int version;	      /* 0: any */
	const char *name;     /* SNI; NULL: none */
	const char *alpn;     /* NULL: none */
	SSL_SESSION *session; /* to resume; borrowed */
	const char *sigalgs, *groups, *ciphers, *suites;
};

struct rig *rig_new(void);
void rig_free(struct rig *r);

/* rig_connect_signer - a new channel between edge and signer for generation 1 */
void rig_connect_signer(struct rig *r);

/* rig_sign - the signer answers everything asked so far; the answers reach the TLS side */
void rig_sign(struct rig *r);

SSL_CTX *rig_client_context(const struct rig_client *spec);
void rig_pair_open(struct rig_pair *p, struct rig *r, unsigned site, SSL_CTX *client,
		   const struct rig_client *spec);
void rig_pair_close(struct rig_pair *p);

/* rig_pair_step - moves what is there once in both directions; false: nothing moved */
bool rig_pair_step(struct rig_pair *p);

/* rig_pair_run - until both sides are done, or one failed, or nothing moves */
void rig_pair_run(struct rig_pair *p);

/* rig_pair_from_server, rig_pair_from_client - n bytes through; true when they arrive unchanged */
bool rig_pair_from_server(struct rig_pair *p, size_t n);
bool rig_pair_from_client(struct rig_pair *p, size_t n);

#endif
