/* Networks, sorted; each knows the one that it lies in. One binary search finds the narrowest that
 * has an address, and from there all others. */
#ifndef TOOL_HUNT_NETS_H
#define TOOL_HUNT_NETS_H

#include "tool/hunt_set.h"

struct hunt_net {
	uint64_t high, low; /* its first address */
	uint32_t term;	    /* of the set; the same network may be there more than once */
	uint32_t inside;    /* index of the narrowest network around it, or HUNT_NONE */
	uint8_t bits;
};

struct hunt_nets {
	struct hunt_net *net;
	size_t n;
};

/* hunt_nets_new - those of a set. E_NOMEM · E_LIMIT one is there more than HUNT_SAME times */
enum err hunt_nets_new(const struct hunt_set *s, struct hunt_nets *ret);
void hunt_nets_done(struct hunt_nets *t);

/* hunt_nets_first - index of the narrowest network with that address; the next ones are inside of
 * inside. HUNT_NONE */
uint32_t hunt_nets_first(const struct hunt_nets *t, const struct ip *a);

#endif
