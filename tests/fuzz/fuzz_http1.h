/* Properties of every parsed HTTP/1 head, request or response. */
#ifndef TESTS_FUZZ_FUZZ_HTTP1_H
#define TESTS_FUZZ_FUZZ_HTTP1_H

#include "tests/fuzz/fuzz.h"

#include "proto/http1.h"

enum { FUZZ_FIELDS = 200, FUZZ_LIMIT = 65535, FUZZ_METHOD_NONE = METHOD_N };

struct fuzz_head {
	struct field fields[FUZZ_FIELDS];
	struct http1_head h;
	struct http1_error why;
	size_t progress;
	enum err e;
};

/* fuzz_parse - in as a request (asked is FUZZ_METHOD_NONE) or as the answer to a method */
static inline void fuzz_parse(struct fuzz_head *r, struct view in, size_t limit, int asked)
{
	uint8_t *copy = fuzz_copy(in);
	struct view exact = view_of(copy, in.n);

	r->h = (struct http1_head){ .fields = r->fields, .field_cap = FUZZ_FIELDS };
	r->e = asked == FUZZ_METHOD_NONE
		       ? http1_parse_request(exact, limit, &r->progress, &r->h, &r->why)
		       : http1_parse_response(exact, limit, (enum http_method)asked, &r->progress,
					      &r->h, &r->why);
	free(copy);
}

/* Lines and the start line, put together again, are the head. */
static inline void fuzz_round_trip(const struct fuzz_head *r, struct view in)
{
	size_t at = r->h.fields_at;

	INVARIANT(r->h.n <= in.n && r->h.fields_at + 2u <= r->h.n);
	INVARIANT(view_ends(view_slice(in, 0, at), VIEW("\r\n")));
	for (size_t i = 0; i < r->h.field_n; i++) {
		const struct field *f = &r->h.fields[i];
		struct view line = http1_line(in, &r->h, i);

		INVARIANT(f->name == at && f->id < FIELD_N);
		INVARIANT(field_is_token(field_name_view(in, f)));
		INVARIANT(field_is_value(field_value_view(in, f)));
		INVARIANT(f->name + f->name_n < f->value);
		INVARIANT((size_t)f->value + f->value_n + 2 <= at + line.n);
		INVARIANT(view_ends(line, VIEW("\r\n")));
		INVARIANT(view_find(line, '\n') == line.n - 1);
		at += line.n;
	}
	INVARIANT(view_eq(view_slice(in, at, r->h.n - at), VIEW("\r\n")));
	INVARIANT(r->h.host == UINT16_MAX || r->h.fields[r->h.host].id == FIELD_HOST);
}

static inline bool fuzz_same(const struct fuzz_head *a, const struct fuzz_head *b)
{
	if (a->e != b->e)
		return false;
	if (a->e == E_LIMIT) /* which of two limits is met first depends on how much came at once */
		return a->why.status == b->why.status;
	if (a->e == E_PROTO)
		return a->why.status == b->why.status && a->why.why == b->why.why;
	if (a->e == E_AGAIN)
		return true;
	return a->h.n == b->h.n && a->h.field_n == b->h.field_n && a->h.body == b->h.body &&
	       a->h.flags == b->h.flags && a->h.content_length == b->h.content_length &&
	       memcmp(a->fields, b->fields, a->h.field_n * sizeof a->fields[0]) == 0;
}

/*
 * fuzz_pieces - in by pieces of step bytes gives what the whole gave. An error of meaning, or too
 * many fields, may be noticed later in pieces: at the end of the head.
 */
static inline void fuzz_pieces(const struct fuzz_head *whole, struct view in, size_t limit,
			       int asked, size_t step)
{
	static struct fuzz_head parts;
	size_t n = 0;

	parts.progress = 0;
	do {
		n = n + step < in.n ? n + step : in.n;
		fuzz_parse(&parts, view_slice(in, 0, n), limit, asked);
	} while (parts.e == E_AGAIN && n < in.n);
	if (parts.e == E_AGAIN && (whole->e == E_PROTO || whole->e == E_LIMIT)) {
		uint8_t *closed = malloc(in.n + 4);

		if (!closed)
			abort();
		memcpy(closed, in.p, in.n);
		memcpy(closed + in.n, "\r\n\r\n", 4);
		fuzz_parse(&parts, view_of(closed, in.n + 4), limit, asked);
		free(closed);
	}
	INVARIANT(fuzz_same(whole, &parts));
}

/* fuzz_head - every property of one input */
static inline void fuzz_head(struct view in, size_t limit, int asked)
{
	static struct fuzz_head whole, prefix;

	whole.progress = prefix.progress = 0;
	fuzz_parse(&whole, in, limit, asked);
	if (whole.e == E_OK) {
		fuzz_round_trip(&whole, in);
		fuzz_parse(&prefix, view_slice(in, 0, whole.h.n - 1), limit, asked);
		INVARIANT(prefix.e == E_AGAIN);
	}
	INVARIANT(whole.e == E_AGAIN || whole.progress == 0);
	if (in.n == 0)
		return;
	fuzz_pieces(&whole, in, limit, asked, 1 + fuzz_choice(in, 1, in.n));
	if (in.n <= 2048)
		fuzz_pieces(&whole, in, limit, asked, 1);
}

#endif
