/*
 * Canaries of an edge or a cell: where they lie, and what happens when one is about to leave
 * (promise P6; base/canary.h).
 *
 * They lie behind every read, in front of every buffer, between the scratch arrays, among the
 * blocks of the TLS library's heap and on a page of their own: a read out of bounds that runs on
 * meets one. Every byte for a client or a server is searched before it is encrypted, framed or
 * sent, and what is compressed before it is compressed. What passes inside the kernel (splice) has
 * never been in this process.
 *
 * Not seen: a leak that ends before it has passed a whole marker, one of bytes that the TLS library
 * makes itself (a Heartbleed), and one that is coded on its way (not by us: those are searched).
 */
#ifndef ROLE_EDGE_TRIPWIRE_H
#define ROLE_EDGE_TRIPWIRE_H

#include "role/edge/edge.h"

/* tripwire_init - the first canaries of this process; after the TLS library's heap was set up.
 * E_SYS (logged) */
enum err tripwire_init(struct edge *e);

/* tripwire_renew - others in the place of those that were inherited: first of all in a cell */
void tripwire_renew(struct edge *e);

/* tripwire_forget - the scratch arrays were given back to the kernel, canaries and all: they are
 * put back with the next read */
void tripwire_forget(struct edge *e);

/* tripwire_behind - one behind what w holds, as much as there is room for; nothing of w changes */
void tripwire_behind(struct edge *e, const struct wbuf *w);

/*
 * tripwire_check - v is about to go out on k
 *   at   in-out: of canary_scan
 * Does not return when a canary is in it: nothing of v is sent, all connections are cut, the alarm
 * is recorded, and the process waits to be frozen.
 */
void tripwire_check(struct edge *e, struct conn *k, struct view v, uint8_t *at);

/* tripwire_token_hash - SHA-256 of one of this process's canaries as who gets it shown has it: of a
 * token's 32 bytes, of a password's text; zero on failure */
void tripwire_token_hash(const struct edge *e, enum canary_kind kind, uint8_t ret[32]);

/* tripwire_announce - the hashes of this process's canaries, into the audit log; edges */
void tripwire_announce(struct edge *e);

#endif
