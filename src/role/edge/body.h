/* Message bodies on their way through: counted, taken out of one framing and put into another. */
#ifndef ROLE_EDGE_BODY_H
#define ROLE_EDGE_BODY_H

#include "role/edge/edge.h"

/* body_init - how it comes (enum http_body), its length with BODY_LENGTH, and whether it goes in
 * chunks */
void body_init(struct body *b, enum http_body kind, uint64_t length, bool is_chunked);

/*
 * body_next - the next bytes to send, from the front of in
 *   in       in-out; an incomplete line of the chunked coding is left in it
 *   scratch  empty; at least in->n + 10 KB; where re-framed bytes are built
 *   ret      borrowed from in or scratch; may be empty
 * E_OK (b->is_done tells the end) · E_PROTO the coding is broken · E_LIMIT it is, or the content is
 * over b->limit
 */
enum err body_next(struct body *b, struct view *in, struct wbuf *scratch, struct view *ret);

/* body_run - bytes that are next and need no look: they go as they come. UINT64_MAX: all, to the
 * sender's end */
uint64_t body_run(const struct body *b);

/* body_pass - n of them have gone. E_LIMIT the content is over b->limit */
enum err body_pass(struct body *b, uint64_t n);

/* body_content - the content in what body_next gave; before: b->moved at the time of the call */
struct view body_content(const struct body *b, struct view given, uint64_t before);

/* body_end - the sender has closed: E_OK when that is how this body ends, E_PROTO when it was cut
 */
enum err body_end(struct body *b);

#endif
