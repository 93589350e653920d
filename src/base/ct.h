/* Comparison of secrets in time that depends on the length alone. */
#ifndef BASE_CT_H
#define BASE_CT_H

#include "base/view.h"

/* ct_equal - same length and bytes; looks at every byte */
bool ct_equal(struct view a, struct view b);

#endif
