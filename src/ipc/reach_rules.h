/*
 * What a dialer of an image may reach: its servers, and name servers when a server has a name. The
 * keeper turns this into kernel rules (sys/reach) before the dialer is born.
 */
#ifndef IPC_REACH_RULES_H
#define IPC_REACH_RULES_H

#include "conf/image.h"
#include "sys/reach.h"

/* reach_rules_count - how many rules reach_rules_fill writes at most */
size_t reach_rules_count(const struct image *im, size_t resolver_n);

/*
 * reach_rules_fill - the rules of an image
 *   resolvers  borrows: from resolv_servers(); only used when some server has a name
 *   ret        reach_rules_count() elements
 * How many were written. An address is itself and its port; a name is every network of its pool's
 * resolve_to (without any: every address) and its port; a path needs none.
 */
size_t reach_rules_fill(const struct image *im, const struct ip *resolvers, size_t resolver_n,
			struct reach_rule *ret);

#endif
