/*
 * An HTTP/2 request's fields by the book (RFC 9113 §8, RFC 8441 §4), and the HTTP/1.1 head that
 * they mean (docs/http2.md): slow, plain, and sharing nothing with the conversion that it judges.
 */
#ifndef TESTS_FUZZ_REFERENCE_H2_H
#define TESTS_FUZZ_REFERENCE_H2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REFERENCE_H2_FIELDS = 128, REFERENCE_H2_TEXT = 1 << 17 };

struct reference_h2_field {
	const uint8_t *name, *value;
	size_t name_n, value_n;
};

/*
 * reference_h2_request - the head that these fields mean
 *   is_last   no content follows
 *   key       of a WebSocket: what stands behind sec-websocket-key
 *   ret       room for REFERENCE_H2_TEXT bytes
 * Its length; 0: the fields are no request
 */
size_t reference_h2_request(const struct reference_h2_field *f, size_t n, bool is_last,
			    const char *key, char *ret);

#endif
