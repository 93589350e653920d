/*
 * Persistence: a client stays at the server it was given, by a sealed cookie or by its address.
 *
 * A cookie says {server, time}, sealed under a key that only Sluis has: nobody can read an address
 * in it, make one, or take it to another pool. What is forged, damaged, too old or of another
 * pool counts as none. For addresses the client's own is hashed over the servers (maglev.h), and
 * a table in the load pages remembers who was where, so that a server that comes or goes moves no
 * one who is there already; each edge writes its own table and reads all of them.
 */
#ifndef ROLE_EDGE_PERSIST_H
#define ROLE_EDGE_PERSIST_H

#include "role/edge/edge.h"

enum { PERSIST_TOKEN_MAX = 80 /* of a cookie's value */ };

/* persist_init - keys as KEEPER_PERSIST brought them (e->persist_keys); random ones when it did
 * not. E_NOMEM */
enum err persist_init(struct edge *e);

/* persist_begin - x's pool, which has persistence, is known and its head is built: finds the server
 * it belongs to, and takes our cookie out of the head */
void persist_begin(struct edge *e, struct exchange *x);

/* persist_pick - pool_pick for such a pool: the client's own server when it may still be asked */
enum err persist_pick(struct edge *e, struct exchange *x);

/* persist_put - the Set-Cookie line of x's final answer, if it needs one */
void persist_put(struct edge *e, struct exchange *x, struct wbuf *w);

/* What is in a cookie. */
struct persist_token {
	uint64_t pool, server; /* persist_id */
	uint32_t issued_s;     /* wall clock */
};

/* persist_seal - appends the cookie's value. E_SYS, E_LIMIT */
enum err persist_seal(const struct edge *e, const struct persist_token *t, struct wbuf *w);

/* persist_open - value: as a client sent it. E_DENIED not one of ours */
enum err persist_open(const struct edge *e, struct view value, struct persist_token *ret);

#endif
