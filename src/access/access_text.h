/* Conditions in words: as configured, with what was found. For `sluis explain`. */
#ifndef ACCESS_ACCESS_TEXT_H
#define ACCESS_ACCESS_TEXT_H

#include "access/access.h"

/* access_text_put - "zone office (10.0.0.0/8): the address is 192.0.2.1", at most ACCESS_TEXT_MAX
 * bytes */
enum { ACCESS_TEXT_MAX = 512 };
void access_text_put(struct wbuf *w, const struct image *im, const struct access_step *step,
		     const struct access_facts *facts);

/* access_text_factors - "password, totp"; "none" */
void access_text_factors(struct wbuf *w, uint8_t factors);

#endif
