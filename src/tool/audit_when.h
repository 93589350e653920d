/* Moments as people type them: --since, --until. */
#ifndef TOOL_AUDIT_WHEN_H
#define TOOL_AUDIT_WHEN_H

#include "base/view.h"

/*
 * audit_when_parse - RFC 3339 in UTC ("2026-07-17T06:30:00Z"), a date (its first moment, UTC), or a
 * span back from now_us: a number with s, m, h, d or w
 *   ret_us  since 1970, at least 1
 * E_PROTO none of these
 */
enum err audit_when_parse(struct view text, int64_t now_us, int64_t *ret_us);

#endif
