/* Constant-time comparison; pure. */
#include "base/ct.h"

bool ct_equal(struct view a, struct view b)
{
	uint8_t d = 0;

	if (a.n != b.n)
		return false;
	/*@ loop invariant i <= a.n;
	  @ loop assigns i, d;
	  @ loop variant a.n - i;
	  @*/
	for (size_t i = 0; i < a.n; i++)
		d = (uint8_t)(d | (a.p[i] ^ b.p[i]));
	return d == 0;
}
