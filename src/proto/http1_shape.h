/*
 * Waiting for the end of a head: a look at each byte once, however small the pieces that it comes
 * in, that also notices at once what can't be HTTP. Inside of http1; not for others.
 */
#ifndef PROTO_HTTP1_SHAPE_H
#define PROTO_HTTP1_SHAPE_H

#include "base/view.h"

/*
 * http1_shape_advance - looks at the bytes of in that are new since the last call
 *   in        everything of the head so far, at most 65535 bytes
 *   progress  in-out; 0 before the first call
 * E_AGAIN no end in sight · E_OK the head's end is there · E_PROTO this is no head
 * E_OK and E_PROTO are hints and stay what they are: the parser decides.
 */
/*@ requires view_ok(in) && in.n <= 65535 && \valid(progress) && *progress / 0x100000000 <= 12;
  @ requires in.n > 0 ==> \separated(in.p + (0 .. in.n - 1), progress);
  @ assigns *progress;
  @ ensures *progress / 0x100000000 <= 12;
  @ ensures \result == E_OK || \result == E_AGAIN || \result == E_PROTO;
  @*/
enum err http1_shape_advance(struct view in, bool is_request, size_t *progress);

#endif
