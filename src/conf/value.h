/*
 * What one scalar means, by its kind: numbers, sizes, durations, addresses, status ranges.
 * Pure; the whole text must be used up. E_PROTO: not of this kind · E_LIMIT: too large to hold.
 */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include "conf/image.h"

/* An address as written. */
struct value_address {
	uint8_t kind; /* enum image_address_kind; 0: none */
	uint16_t port;
	struct ip ip;
	struct view name; /* IMAGE_ADDRESS_NAME: as written; IMAGE_ADDRESS_UNIX: path; borrowed */
};

enum err value_bool(struct view text, bool *ret);

/* value_number - decimal digits */
enum err value_number(struct view text, uint64_t *ret);

/* value_size - bytes: a number, or one with k, m or g (powers of 1024) */
enum err value_size(struct view text, uint64_t *ret);

/* value_duration - milliseconds: a number with ms, s, m, h or d; "0" needs no unit */
enum err value_duration(struct view text, uint64_t *ret_ms);

/* value_factor - hundredths: "2", "1.5", "1.25" */
enum err value_factor(struct view text, uint64_t *ret_hundredths);

/* value_address - "127.0.0.1:80", "[::1]:80", "host.name:80", "unix:/path" */
enum err value_address(struct view text, struct value_address *ret);

/* value_status_range - "204" or "200-399", both of 100..599 */
enum err value_status_range(struct view text, struct image_status_range *ret);

/* value_is_name - letters, digits, '-', '_' and '.', at most 63, beginning with a letter or digit
 */
bool value_is_name(struct view text);

/* value_is_dns_name - labels of letters, digits, '-' and '_' (RFC 1123 §2.1), at most 253 bytes,
 * no final dot; not an IPv4 address */
bool value_is_dns_name(struct view text);

/* value_put_* - the shortest text that value_* reads back: "16k", "90s"; for the manual */
void value_put_size(struct wbuf *w, uint64_t bytes);
void value_put_duration(struct wbuf *w, uint64_t ms);
void value_put_factor(struct wbuf *w, uint64_t hundredths);

#endif
