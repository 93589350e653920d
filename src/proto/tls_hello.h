/*
 * What a TLS ClientHello asks for, read without decrypting anything: for listeners that pass TLS
 * through (RFC 8446 §4.1.2, §5.1; RFC 6066 §3; RFC 7301 §3.1).
 *
 * The message may come in several records, and records in several reads. Everything is bounded:
 * the message to 16 KB, and with it the number of bytes that are kept before a decision.
 */
#ifndef PROTO_TLS_HELLO_H
#define PROTO_TLS_HELLO_H

#include "base/wbuf.h"

enum {
	TLS_HELLO_MAX = 16 * 1024,     /* of the handshake message */
	TLS_HELLO_WIRE_MAX = 24 * 1024 /* of the records that it comes in */
};

struct tls_hello {
	struct view sni;  /* host name as sent, checked to be one; empty: none was sent */
	struct view alpn; /* the list: u8 length and name each; empty: none was sent */
};

/*
 * tls_hello_parse - the ClientHello at the front of v
 *   v          borrows; all bytes since the connection began; hostile
 *   progress   0 at first; where the first record begins that is not whole, between calls
 *   scratch    TLS_HELLO_MAX bytes at least: used when the message comes in several records
 *   ret        on E_OK views into v or scratch
 * E_AGAIN more must come · E_PROTO not a ClientHello · E_LIMIT too long
 * Constant work per call until a record is complete.
 */
/*@ requires view_ok(v) && \valid(progress) && *progress <= v.n && \valid(ret);
  @ requires wbuf_ok(scratch) && \separated(progress, scratch, ret);
  @ requires \separated(scratch->p + (0 .. scratch->cap - 1), progress, ret);
  @ requires v.n > 0 ==>
  @	\separated(v.p + (0 .. v.n - 1), scratch, scratch->p + (0 .. scratch->cap - 1));
  @ assigns *progress, *ret, scratch->n, scratch->bad, scratch->p[0 .. scratch->cap - 1];
  @ ensures wbuf_ok(scratch) && *progress <= v.n;
  @ ensures \result == E_OK || \result == E_AGAIN || \result == E_PROTO || \result == E_LIMIT;
  @ ensures \result != E_OK ==> *ret == \old(*ret);
  @ ensures \result == E_OK ==> view_ok(ret->sni) && view_ok(ret->alpn) && ret->sni.n <= 253;
  @*/
enum err tls_hello_parse(struct view v, size_t *progress, struct wbuf *scratch,
			 struct tls_hello *ret);

/* tls_hello_put_alert - the fatal alert with this description (RFC 8446 §6.2) in a record of its
 * own */
/*@ requires wbuf_ok(w);
  @ assigns w->n, w->bad, w->p[w->n .. w->cap - 1];
  @ ensures wbuf_ok(w) && wbuf_grew{Pre, Post}(w);
  @*/
void tls_hello_put_alert(struct wbuf *w, uint8_t description);

enum {
	TLS_ALERT_DECODE_ERROR = 50,
	TLS_ALERT_INTERNAL_ERROR = 80,
	TLS_ALERT_UNRECOGNIZED_NAME = 112
};

#endif
