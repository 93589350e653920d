/*
 * TLS of health checks: the dialer's only use of a TLS library, as a client, with trust anchors and
 * never a key. A pool's anchors are parsed once, at boot; pools with the same anchors share them.
 */
#ifndef ROLE_DIALER_PROBE_TLS_H
#define ROLE_DIALER_PROBE_TLS_H

#include "role/dialer/dialer.h"

struct ssl_st;

/* probe_tls_init - contexts for all pools that are checked over https. E_NOMEM · E_SYS (logged) */
enum err probe_tls_init(struct dialer *d);
void probe_tls_done(struct dialer *d);

/* probe_tls_is_used - checks of this pool go through TLS */
bool probe_tls_is_used(const struct image_pool *pool);

/* probe_tls_new - a client connection over fd (borrowed) that expects server s; NULL: no memory */
struct ssl_st *probe_tls_new(struct dialer *d, const struct dialer_server *s, int fd);
struct ssl_st *probe_tls_free(struct ssl_st *ssl);

/* probe_tls_handshake - E_AGAIN more must come · E_PROTO failed: no trust, wrong name, no TLS */
enum err probe_tls_handshake(struct ssl_st *ssl);

/* probe_tls_chose_h2 - the server speaks HTTP/2 (ALPN); after the handshake */
bool probe_tls_chose_h2(const struct ssl_st *ssl);

/* probe_tls_send, probe_tls_receive - as connect_send and connect_receive */
enum err probe_tls_send(struct ssl_st *ssl, struct view v, size_t *ret_sent);
enum err probe_tls_receive(struct ssl_st *ssl, struct wbuf *w);

#endif
