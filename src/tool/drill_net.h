/* The network of a twin: every address is its own, and nothing leaves. */
#ifndef TOOL_DRILL_NET_H
#define TOOL_DRILL_NET_H

#include "base/err.h"

#include <stdint.h>

/* drill_net_open - in a new network namespace: loopback is up, all addresses lead to it.
 * ret_has_ipv6: those of IPv6 too. E_SYS: errno says why */
enum err drill_net_open(uint8_t *ret_has_ipv6);

#endif
