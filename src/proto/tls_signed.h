/*
 * What a TLS endpoint asks its private key to sign, taken apart (promise P3).
 *
 * TLS 1.3: RFC 8446 §4.4.3, 64 bytes 0x20, context string, 0x00, transcript hash of 32 or 48 bytes.
 * TLS 1.2: RFC 8422 §5.4 ServerKeyExchange: client random, server random, ECParameters
 * (named_curve), ECPoint of exactly the curve's length. Nothing else is recognised, so nothing else
 * is ever signed.
 */
#ifndef PROTO_TLS_SIGNED_H
#define PROTO_TLS_SIGNED_H

#include "base/view.h"

enum tls_signed_kind {
	TLS_SIGNED_NONE = 0,
	TLS_SIGNED_13_SERVER, /* "TLS 1.3, server CertificateVerify" */
	TLS_SIGNED_13_CLIENT, /* "TLS 1.3, client CertificateVerify" */
	TLS_SIGNED_12_KEY_EXCHANGE
};

struct tls_signed {
	enum tls_signed_kind kind;
	uint16_t hash_bytes; /* 1.3: 32 or 48 */
	uint16_t group;	     /* 1.2: IANA named group: 23, 24, 25, 29, 30 */
};

/* tls_signed_parse - E_PROTO: not one of the three shapes, byte for byte */
/*@ requires view_ok(message) && \valid(ret);
  @ assigns *ret;
  @ ensures \result == E_OK || \result == E_PROTO;
  @ ensures \result == E_PROTO ==> *ret == \old(*ret);
  @ ensures \result == E_OK ==> ret->kind != TLS_SIGNED_NONE;
  @*/
enum err tls_signed_parse(struct view message, struct tls_signed *ret);

#endif
