/* What of a request leads to a server, in pools that hash (balance: maglev, ring_hash,
 * source_address). */
#ifndef ROLE_EDGE_KEY_H
#define ROLE_EDGE_KEY_H

#include "role/edge/edge.h"

enum key_state { KEY_UNKNOWN, KEY_NONE, KEY_FOUND };

/*
 * key_find - the hash of x's key, for its pool; found once, from the head as servers are sent it
 * False: the pool hashes nothing, or the request has no such field, cookie or parameter
 */
bool key_find(const struct edge *e, struct exchange *x, uint64_t *ret);

/*
 * key_of_head - the bytes that kind and name stand for, in a head that this process wrote
 *   head    borrows; request line, fields, empty line
 *   name    of the field in lower case, the cookie (RFC 6265 §4.2.1) or the parameter
 *   w       takes the key: the values of all such fields, one after the other
 * False: there is none, it is empty, or it does not fit
 */
bool key_of_head(struct view head, enum image_hash kind, struct view name, struct wbuf *w);

#endif
