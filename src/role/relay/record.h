/* The record of a session, when it ends; audit makes a line of it (docs/streams.md). */
#ifndef ROLE_RELAY_RECORD_H
#define ROLE_RELAY_RECORD_H

#include "role/relay/relay.h"

/* record_where - keeps the names of s's route, pool and server, at most 56 bytes of each: they
 * outlive the configuration that has them */
void record_where(const struct relay *r, struct relay_session *s, const struct image_rule *rule);

/* record_session - s ends, for this reason; a full ring counts it as lost */
void record_session(struct relay *r, const struct relay_session *s, enum relay_end why);

#endif
