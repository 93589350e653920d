/* Where clients may come from: the one decision about networks that edge and `sluis explain`
 * share. */
#ifndef ROUTE_ALLOW_H
#define ROUTE_ALLOW_H

#include "conf/image.h"

/* allow_source - does every allow_networks of the filter have this address, and no deny_networks?
 */
bool allow_source(const struct image *im, const struct image_filter *f, const struct ip *source);

#endif
