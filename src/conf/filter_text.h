/*
 * What a rule's filters come to, in words for people: the order in which they are applied, the
 * route's and the rule's own put together. Pure; for `sluis explain`.
 */
#ifndef CONF_FILTER_TEXT_H
#define CONF_FILTER_TEXT_H

#include "conf/image.h"

/*
 * filter_text_next - the next thing that the filters do
 *   at    in-out; 0 before the first
 *   w     is given one line without its end: "rate limit: 100 per 1s, at once 50, by source
 * address" False: there is none any more. A line that does not fit is cut where w is full.
 */
bool filter_text_next(const struct image *im, const struct image_rule *rule, uint32_t *at,
		      struct wbuf *w);

#endif
