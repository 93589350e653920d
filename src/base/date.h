/* Dates as text, from seconds since 1970 (UTC); pure, no locale and no time zone. */
#ifndef BASE_DATE_H
#define BASE_DATE_H

#include "base/wbuf.h"

/* date_put_http - IMF-fixdate, RFC 9110 §5.6.7; 29 bytes */
void date_put_http(struct wbuf *w, int64_t wall_s);

/* date_parse_http - one of the three forms of RFC 9110 §5.6.7; the day's name is not looked at.
 * E_PROTO: none of them, or no such moment */
enum err date_parse_http(struct view v, int64_t *ret_wall_s);

/* date_put_utc - RFC 3339 in UTC with microseconds, 27 bytes: 2026-01-02T03:04:05.000006Z */
void date_put_utc(struct wbuf *w, int64_t wall_us);

/* date_parse_utc - RFC 3339 §5.6 in UTC ("Z"), with or without up to six digits of a second's
 * parts. E_PROTO: not that, or no such moment */
enum err date_parse_utc(struct view v, int64_t *ret_wall_us);

#endif
