/* Comparison of secrets in time that depends on the length alone. */
#ifndef BASE_CT_H
#define BASE_CT_H

#include "base/view.h"

/* ct_equal - same length and bytes; looks at every byte */
/*@ requires view_ok(a) && view_ok(b);
  @ assigns \nothing;
  @ ensures \result ==> a.n == b.n;
  @*/
bool ct_equal(struct view a, struct view b);

#endif
