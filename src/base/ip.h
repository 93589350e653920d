/*
 * IP addresses, networks and endpoints as values. IPv4 is held in its IPv6-mapped form
 * (RFC 4291 §2.5.5.2), so that one comparison serves both.
 */
#ifndef BASE_IP_H
#define BASE_IP_H

#include "base/wbuf.h"

struct ip {
	uint8_t b[16]; /* network order */
};

struct ip_net {
	struct ip ip;
	uint8_t bits; /* of the 128 */
};

/*@ requires \valid_read(a);
  @ assigns \nothing;
  @*/
bool ip_is_v4(const struct ip *a);

/* ip_parse - textual IPv4 (four decimal parts, no leading zeros) or IPv6 (RFC 4291 §2.2), no scope.
 * E_PROTO */
/*@ requires view_ok(text) && \valid(ret);
  @ assigns *ret;
  @ ensures \result == E_OK || \result == E_PROTO;
  @ ensures \result == E_PROTO ==> *ret == \old(*ret);
  @*/
enum err ip_parse(struct view text, struct ip *ret);

/* ip_net_parse - address, or address/bits; host bits must be zero. E_PROTO */
/*@ requires view_ok(text) && \valid(ret);
  @ assigns *ret;
  @ ensures \result == E_OK || \result == E_PROTO;
  @ ensures \result == E_PROTO ==> *ret == \old(*ret);
  @ ensures \result == E_OK ==> ret->bits <= 128;
  @*/
enum err ip_net_parse(struct view text, struct ip_net *ret);

/*@ requires \valid_read(net) && \valid_read(a) && net->bits <= 128;
  @ assigns \nothing;
  @*/
bool ip_net_has(const struct ip_net *net, const struct ip *a);

/* ip_source - a as limits count it: an IPv4 address whole, of an IPv6 address its /64, because
 * whoever has one of it has them all (RFC 4291 §2.5.1) */
/*@ requires \valid_read(a);
  @ assigns \nothing;
  @*/
struct ip ip_source(const struct ip *a);

/*@ requires \valid_read(a) && \valid_read(b);
  @ assigns \nothing;
  @*/
bool ip_eq(const struct ip *a, const struct ip *b);

/* ip_put - text form; IPv6 by RFC 5952 */
/*@ requires wbuf_ok(w) && \valid_read(a);
  @ requires \separated(a, w, w->p + (0 .. w->cap - 1));
  @ assigns w->n, w->bad, w->p[w->n .. w->cap - 1];
  @ ensures wbuf_ok(w) && wbuf_grew{Pre, Post}(w);
  @*/
void ip_put(struct wbuf *w, const struct ip *a);

/* ip_put_endpoint - address:port, IPv6 in brackets */
/*@ requires wbuf_ok(w) && \valid_read(a);
  @ requires \separated(a, w, w->p + (0 .. w->cap - 1));
  @ assigns w->n, w->bad, w->p[w->n .. w->cap - 1];
  @ ensures wbuf_ok(w) && wbuf_grew{Pre, Post}(w);
  @*/
void ip_put_endpoint(struct wbuf *w, const struct ip *a, uint16_t port);

#endif
