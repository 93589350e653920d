/*
 * HTTP/2 fields to the text of an HTTP/1.1 head (RFC 9113 §8), strict.
 *
 * Pure: decoded fields in, one at a time, text out; that text then goes through http1_parse_request
 * or http1_parse_response like everybody's, so a conversion can't create what those refuse. What is
 * refused here is what has no place in an HTTP/2 message, or what would change the text's shape:
 * pseudo-fields that are unknown, repeated, missing or late, names that are not lower-case tokens,
 * values with bytes that no field may have, fields of a connection, an :authority that disagrees
 * with Host, two lengths.
 */
#ifndef PROTO_H2_MESSAGE_H
#define PROTO_H2_MESSAGE_H

#include "base/wbuf.h"
#include "proto/http1.h"

enum h2_message_kind { H2_MESSAGE_REQUEST, H2_MESSAGE_RESPONSE, H2_MESSAGE_TRAILERS };

/* The pseudo-fields, RFC 9113 §8.3 and RFC 8441 §4. */
enum h2_message_pseudo {
	H2_PSEUDO_METHOD,
	H2_PSEUDO_SCHEME,
	H2_PSEUDO_PATH,
	H2_PSEUDO_AUTHORITY,
	H2_PSEUDO_PROTOCOL,
	H2_PSEUDO_STATUS,
	H2_PSEUDO_N
};

struct h2_message_at {
	uint32_t at, n;
};

/* One head being made; zero and h2_message_begin before use. */
struct h2_message {
	struct wbuf w;	   /* borrows: values of pseudo-fields, then the text */
	size_t text_at;	   /* where the text begins */
	size_t cookies_at; /* crumbs of Cookie lie from here to the buffer's end, first one last */
	struct h2_message_at pseudo[H2_PSEUDO_N];
	uint64_t length; /* content-length */
	uint64_t bytes;	 /* names and values so far, and 32 for each (RFC 9113 §6.5.2) */
	uint16_t status;
	uint8_t kind;	 /* enum h2_message_kind */
	uint8_t method;	 /* enum http_method */
	uint8_t seen;	 /* 1 << enum h2_message_pseudo */
	bool has_line;	 /* the start line has been written */
	bool has_length; /* ... and so on */
	bool has_host;
	bool is_full;	   /* the text did not fit */
	bool is_extended;  /* an extended CONNECT for a WebSocket (RFC 8441); the caller says so of
			      the one that a response answers */
	bool is_chunked;   /* h2_message_end: content follows as chunks */
	bool is_grpc;	   /* content-type: application/grpc... */
	bool has_trailer;  /* trailers are announced */
	bool is_head_only; /* response: to HEAD, or 1xx, 204, 304: no content follows */
};

enum {
	H2_MESSAGE_NONCE = 16, /* bytes that a WebSocket's key is made of */
	H2_MESSAGE_ACCEPT = 28 /* of its answer */
};

/*
 * h2_message_begin - memory is borrowed until the head has been taken; at most 4 GB
 *   method   of the request that a response answers
 */
void h2_message_begin(struct h2_message *m, enum h2_message_kind kind, struct wbuf memory,
		      enum http_method method);

/* h2_message_field - the next field. E_PROTO: the message is malformed (RFC 9113 §8.1.1). When it
 * does not fit m->is_full says so and nothing more is kept */
enum err h2_message_field(struct h2_message *m, struct view name, struct view value);

/* h2_message_accept - the Sec-WebSocket-Accept for a Sec-WebSocket-Key, RFC 6455 §4.2.2 */
void h2_message_accept(struct view key, uint8_t ret[H2_MESSAGE_ACCEPT]);

/*
 * h2_message_end - all fields have been given
 *   is_last   END_STREAM: no content follows
 *   secret    of an extended CONNECT: H2_MESSAGE_NONCE random bytes for its Sec-WebSocket-Key; of
 *             the answer to one: the Sec-WebSocket-Accept that the client expects
 *   ret       the text: a head with its final CRLF; trailers: lines without it
 * E_PROTO malformed · E_LIMIT it did not fit
 * Content follows as it is when m->has_length, in chunks when m->is_chunked.
 */
enum err h2_message_end(struct h2_message *m, bool is_last, struct view secret, struct view *ret);

#endif
