/* Levels of isolation for datagrams (promise P8): what a session carries nobody here can see. */
#ifndef ROLE_RELAY_LEVEL_H
#define ROLE_RELAY_LEVEL_H

#include "role/relay/relay.h"

/* level_lets - a session of this client with that listener, new or running, may be */
bool level_lets(struct relay *r, uint16_t slot, const struct ip *ip, bool is_running);

/* level_tick - levels that came since the last one end what they no longer allow */
void level_tick(struct relay *r);

#endif
