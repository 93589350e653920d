/*
 * A request head by the book: slow, plain, and sharing nothing with the parser that it judges.
 * Written from the grammar of RFC 9112 and the list of refusals in src/proto/http1.h.
 */
#ifndef TESTS_FUZZ_REFERENCE_HTTP1_H
#define TESTS_FUZZ_REFERENCE_HTTP1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum reference_body { REFERENCE_NONE, REFERENCE_LENGTH, REFERENCE_CHUNKED };

struct reference {
	bool is_good; /* a complete, acceptable head is at the front; else nothing below counts */
	size_t n;
	size_t field_n;
	enum reference_body body;
	uint64_t length;
	bool is_persistent;
};

struct reference reference_http1_request(const uint8_t *p, size_t n, size_t limit,
					 size_t field_cap);

#endif
