/*
 * Indicators of a STIX 2.1 bundle (§8): its indicator objects (§4.7) whose pattern_type is stix.
 *
 * Those that are revoked (§3.2) are told and passed over; so is what their patterns ask that the
 * audit log can't answer.
 */
#ifndef TOOL_HUNT_STIX_H
#define TOOL_HUNT_STIX_H

#include "tool/hunt_set.h"

#include <jansson.h>

/* hunt_stix_is - it says that it is a bundle, or an indicator by itself */
bool hunt_stix_is(const json_t *doc);

/* hunt_stix_read - all of them. E_PROTO it is no bundle · E_LIMIT, E_NOMEM of the set */
enum err hunt_stix_read(struct hunt_set *s, struct view file, const json_t *doc);

#endif
