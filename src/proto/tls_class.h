/*
 * What kind of program a TLS client is, from its ClientHello: a text in the manner of JA4, the same
 * for one browser over all of its connections, so that a cookie which comes back from another kind
 * of program is noticed (THREATS A: a stolen session). No identity: everybody with the same browser
 * has the same text, and whoever steals a cookie can imitate it; it makes theft visible, no more.
 *
 * In it: the newest version offered, cipher suites and extensions sorted (Chromium shuffles its
 * extensions), signature algorithms in order. Not in it, because one browser differs in them from
 * connection to connection: GREASE (RFC 8701), the server's name, ALPN and what belongs to it (a
 * WebSocket's connection offers HTTP/1.1 alone), what resumption and a second ClientHello add
 * (RFC 8446 §4.1.2), padding, encrypted names, compression of certificates.
 */
#ifndef PROTO_TLS_CLASS_H
#define PROTO_TLS_CLASS_H

#include "base/wbuf.h"

enum {
	TLS_CLASS_NUMBERS = 256, /* of a kind, that count; more is a class of its own */
	TLS_CLASS_MAX = 4096	 /* bytes of text, at most */
};

/*
 * tls_class_put - appends the text
 *   hello   the handshake message ClientHello with its head of four bytes; hostile
 * E_PROTO it is none · E_LIMIT more numbers than count, or w is full: w is not to be used
 */
enum err tls_class_put(struct wbuf *w, struct view hello);

#endif
