/* Moments as people and STIX write them. */
#ifndef TOOL_HUNT_TIME_H
#define TOOL_HUNT_TIME_H

#include "base/view.h"

/*
 * hunt_time_parse - 2026-01-02, 2026-01-02T03:04[:05[.678]] with Z or +01:00 or nothing (UTC)
 * (RFC 3339 §5.6); microseconds since 1970. E_PROTO
 */
enum err hunt_time_parse(struct view text, int64_t *ret_us);

/* hunt_time_option - the same, or so long ago: 90m, 24h, 7d, 2w. E_PROTO */
enum err hunt_time_option(struct view text, int64_t now_us, int64_t *ret_us);

#endif
