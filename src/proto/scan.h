/*
 * How far a run of allowed bytes reaches: the inner loops of every text parser here.
 *
 * On x86-64 they look at 16 bytes at a time (SSE2 is part of its baseline); elsewhere one by one.
 * They never read outside v.
 */
#ifndef PROTO_SCAN_H
#define PROTO_SCAN_H

#include "base/view.h"

/* scan_token - leading token characters of v, RFC 9110 §5.6.2 */
/*@ requires view_ok(v);
  @ assigns \nothing;
  @ ensures \result <= v.n;
  @*/
size_t scan_token(struct view v);

/* scan_value - leading field-content bytes of v: HTAB, SP, VCHAR, obs-text (RFC 9110 §5.5) */
/*@ requires view_ok(v);
  @ assigns \nothing;
  @ ensures \result <= v.n;
  @*/
size_t scan_value(struct view v);

/* scan_vchar - leading visible ASCII characters of v: 0x21..0x7E */
/*@ requires view_ok(v);
  @ assigns \nothing;
  @ ensures \result <= v.n;
  @*/
size_t scan_vchar(struct view v);

#endif
