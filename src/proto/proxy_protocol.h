/*
 * The PROXY protocol, versions 1 and 2: who the client is, said by a balancer in front of us, or by
 * us to a server (HAProxy's specification proxy-protocol.txt, cited by its sections).
 *
 * Only §2's two forms are recognised, to the letter. A header that says nothing about an internet
 * address (UNKNOWN, LOCAL, AF_UNSPEC, AF_UNIX) is valid: the connection's own addresses count then.
 * What else a v2 header carries (TLVs, §2.2) is stepped over within its bounds; a checksum among
 * them is verified (§2.2.2).
 */
#ifndef PROTO_PROXY_PROTOCOL_H
#define PROTO_PROXY_PROTOCOL_H

#include "base/ip.h"

enum {
	PROXY_PROTOCOL_V1_MAX = 107, /* §2.1, CRLF included */
	PROXY_PROTOCOL_MAX = 4096, /* of v2, TLVs included: §2.2 permits 65551, nobody sends it */
	PROXY_PROTOCOL_PUT_MAX = 107 /* of what is written here */
};

struct proxy_protocol {
	struct ip source, destination;
	uint16_t source_port, destination_port;
	bool has_addresses; /* false: only that somebody connected */
	bool is_datagram;   /* v2: UDP */
};

/*
 * proxy_protocol_parse - one header from the front of v
 *   v       borrows; hostile
 *   ret_n   on E_OK the header's length in bytes
 * E_AGAIN it may become one · E_PROTO it is none, whatever follows. Constant work until it is
 * complete
 */
/*@ requires view_ok(v) && \valid(ret) && \valid(ret_n) && \separated(ret, ret_n);
  @ requires v.n > 0 ==> \separated(v.p + (0 .. v.n - 1), ret, ret_n);
  @ assigns *ret, *ret_n;
  @ ensures \result == E_OK || \result == E_AGAIN || \result == E_PROTO;
  @ ensures \result == E_OK ==> 0 < *ret_n <= v.n && *ret_n <= PROXY_PROTOCOL_MAX;
  @ ensures \result != E_OK ==> *ret == \old(*ret);
  @*/
enum err proxy_protocol_parse(struct view v, struct proxy_protocol *ret, size_t *ret_n);

/* proxy_protocol_put_v1 - §2.1; without addresses "PROXY UNKNOWN" */
/*@ requires wbuf_ok(w) && \valid_read(p);
  @ requires \separated(p, w, w->p + (0 .. w->cap - 1));
  @ assigns w->n, w->bad, w->p[w->n .. w->cap - 1];
  @ ensures wbuf_ok(w) && wbuf_grew{Pre, Post}(w);
  @*/
void proxy_protocol_put_v1(struct wbuf *w, const struct proxy_protocol *p);

/* proxy_protocol_put_v2 - §2.2; without addresses a LOCAL header: the sender speaks for itself */
/*@ requires wbuf_ok(w) && \valid_read(p);
  @ requires \separated(p, w, w->p + (0 .. w->cap - 1));
  @ assigns w->n, w->bad, w->p[w->n .. w->cap - 1];
  @ ensures wbuf_ok(w) && wbuf_grew{Pre, Post}(w);
  @*/
void proxy_protocol_put_v2(struct wbuf *w, const struct proxy_protocol *p);

#endif
