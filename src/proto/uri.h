/*
 * Request targets and hosts in one canonical form, made once, before anything is decided by them
 * (THREATS A4, G): what routing sees is what the server is sent.
 *
 * Path: %XX of unreserved bytes decoded, other escapes in upper case, bytes that RFC 3986 does not
 * allow in a path escaped, "//" merged to "/", then "." and ".." segments removed (RFC 3986
 * §5.2.4). Refused: %2F and %5C, '\', %00 and other escaped control bytes, '#', bytes outside
 * 0x21..0x7E, a broken escape, a ".." above the root, and a segment that is "." or ".." followed by
 * ';' or "%3B". Query: kept byte for byte; refused: '#', bytes outside 0x21..0x7E.
 */
#ifndef PROTO_URI_H
#define PROTO_URI_H

#include "base/ip.h"

struct uri_target {
	struct view path;  /* canonical; starts with '/'; or "*" */
	struct view query; /* without '?'; p is NULL when there is none */
	bool is_changed;   /* path differs from what came: it lies in the scratch buffer */
};

/*
 * uri_target_parse - canonical path and query of an origin-form target
 *   target    borrows; hostile
 *   scratch   where a changed path is written; needs room for 3 * target.n bytes
 * E_PROTO refused (*ret_why says which rule) · E_LIMIT scratch too small. No copy when nothing
 * changes.
 */
/*@ requires view_ok(target) && wbuf_ok(scratch) && \valid(ret) && \valid(ret_why);
  @ requires \separated(ret, ret_why, scratch, scratch->p + (0 .. scratch->cap - 1));
  @ requires target.n > 0 ==>
  @	\separated(target.p + (0 .. target.n - 1), scratch, scratch->p + (0 .. scratch->cap - 1));
  @ assigns *ret, *ret_why, *scratch, scratch->p[scratch->n .. scratch->cap - 1];
  @ ensures wbuf_ok(scratch) && wbuf_grew{Pre, Post}(scratch);
  @ ensures \result == E_OK || \result == E_PROTO || \result == E_LIMIT;
  @ ensures \result == E_OK ==> view_ok(ret->path) && view_ok(ret->query);
  @ ensures \result != E_OK ==> *ret == \old(*ret) && *scratch == \old(*scratch);
  @*/
enum err uri_target_parse(struct view target, struct wbuf *scratch, struct uri_target *ret,
			  const char **ret_why);

struct uri_host {
	struct view name; /* lower case, no trailing dot, no brackets' change: "[::1]" keeps them */
	uint16_t port;	  /* 0 when none was given */
	bool is_ip;	  /* an address literal */
};

/*
 * uri_host_parse - a Host value or authority, RFC 9110 §7.2, RFC 3986 §3.2.2 without userinfo
 *   scratch   where a lower-cased name is written when it differs from what came
 * E_PROTO: empty, userinfo, comma, scope id, bad port, label over 63 or name over 253 bytes, bytes
 * outside letters, digits, '-', '_', '.'
 */
/*@ requires view_ok(text) && wbuf_ok(scratch) && \valid(ret);
  @ requires \separated(ret, scratch, scratch->p + (0 .. scratch->cap - 1));
  @ assigns *ret, *scratch, scratch->p[scratch->n .. scratch->cap - 1];
  @ ensures wbuf_ok(scratch) && wbuf_grew{Pre, Post}(scratch);
  @ ensures \result == E_OK || \result == E_PROTO || \result == E_LIMIT;
  @ ensures \result == E_OK ==> view_ok(ret->name);
  @ ensures \result != E_OK ==> *ret == \old(*ret) && *scratch == \old(*scratch);
  @*/
enum err uri_host_parse(struct view text, struct wbuf *scratch, struct uri_host *ret);

/*
 * uri_absolute_split - authority and origin-form rest of an absolute-form target (http or https
 * only) The rest is "/" when the path is empty; a query without a path is kept behind scheme-less
 * "/": E_PROTO refused.
 */
/*@ requires view_ok(target) && \valid(ret_is_https) && \valid(ret_authority) && \valid(ret_rest);
  @ requires \separated(ret_is_https, ret_authority, ret_rest);
  @ assigns *ret_is_https, *ret_authority, *ret_rest;
  @ ensures \result == E_OK || \result == E_PROTO;
  @ ensures \result == E_OK ==> view_ok(*ret_authority) && ret_authority->n > 0;
  @ ensures \result == E_OK ==> view_ok(*ret_rest) && ret_rest->n > 0;
  @*/
enum err uri_absolute_split(struct view target, bool *ret_is_https, struct view *ret_authority,
			    struct view *ret_rest);

#endif
