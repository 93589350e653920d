/*
 * One head through the parser in every way that the network may bring it: whole, cut once at each
 * place, and byte by byte; each time ending at a guard page. All ways must agree.
 */
#ifndef TESTS_UNIT_PROTO_HTTP1_RIG_H
#define TESTS_UNIT_PROTO_HTTP1_RIG_H

#include "tests/unit/check.h"
#include "tests/unit/guard.h"

#include "proto/http1.h"

enum { RIG_FIELDS = 8, RIG_LIMIT = 8192 };

struct rig {
	struct field fields[RIG_FIELDS];
	struct http1_head h;
	struct http1_error why;
	size_t progress;
	enum err e;
};

struct rig_case {
	bool is_request;
	enum http_method asked;
	size_t limit;
	struct view in;
};

static inline void rig_step(struct rig *r, const struct rig_case *c, struct view in)
{
	size_t *progress = &r->progress;

	r->h = (struct http1_head){ .fields = r->fields, .field_cap = RIG_FIELDS };
	r->e = c->is_request
		       ? http1_parse_request(in, c->limit, progress, &r->h, &r->why)
		       : http1_parse_response(in, c->limit, c->asked, progress, &r->h, &r->why);
}

static inline bool rig_same(const struct rig *a, const struct rig *b)
{
	if (a->e != b->e)
		return false;
	if (a->e == E_PROTO || a->e == E_LIMIT)
		return a->why.status == b->why.status && a->why.why == b->why.why;
	if (a->e != E_OK)
		return true;
	return a->h.n == b->h.n && a->h.field_n == b->h.field_n && a->h.body == b->h.body &&
	       a->h.flags == b->h.flags && a->h.content_length == b->h.content_length &&
	       memcmp(a->fields, b->fields, a->h.field_n * sizeof a->fields[0]) == 0;
}

/* Pieces of step bytes, the first one of first bytes, until there is a verdict. */
static inline void rig_pieces(struct rig *r, const struct rig_case *c, struct guard *g,
			      size_t first, size_t step)
{
	for (size_t n = first;; n += step) {
		struct view in = guard_put(g, view_slice(c->in, 0, n));

		rig_step(r, c, in);
		if (r->e != E_AGAIN || n >= c->in.n)
			return;
	}
}

/*
 * A head whose error is in what a field means is refused at once when it comes whole, and at its
 * end when it comes in pieces: so this gives it an end, and there must be a verdict.
 */
static inline void rig_finish(struct rig *r, const struct rig_case *c, struct guard *g)
{
	static uint8_t room[RIG_LIMIT];

	memcpy(room, c->in.p, c->in.n);
	memcpy(room + c->in.n, "\r\n\r\n", 4);
	rig_step(r, c, guard_put(g, view_of(room, c->in.n + 4)));
}

static inline void rig_compare(const char *name, const struct rig_case *c, const struct rig *whole,
			       struct rig *parts, struct guard *g)
{
	if (whole->e == E_PROTO && parts->e == E_AGAIN)
		rig_finish(parts, c, g);
	CHECK_ROW(name, rig_same(whole, parts));
}

/* rig_run - the verdict on a head; fails the test when the ways disagree. h.fields points at what
 * was on this stack: the copy's fields are in fields */
static inline struct rig rig_run(const char *name, const struct rig_case *c)
{
	struct guard g = guard_new(c->in.n + 4);
	struct rig whole = { 0 };

	rig_pieces(&whole, c, &g, c->in.n, 1);
	for (size_t cut = 0; cut <= c->in.n; cut++) {
		struct rig parts = { 0 };

		rig_pieces(&parts, c, &g, cut, c->in.n - cut ? c->in.n - cut : 1);
		rig_compare(name, c, &whole, &parts, &g);
	}
	for (size_t step = 1; step <= 3; step++) {
		struct rig bytes = { 0 };

		rig_pieces(&bytes, c, &g, 0, step);
		rig_compare(name, c, &whole, &bytes, &g);
	}
	guard_done(&g);
	return whole;
}

static inline struct rig rig_request(const char *name, struct view in)
{
	struct rig_case c = { .is_request = true, .limit = RIG_LIMIT, .in = in };

	return rig_run(name, &c);
}

static inline struct rig rig_response(const char *name, enum http_method asked, struct view in)
{
	struct rig_case c = { .asked = asked, .limit = RIG_LIMIT, .in = in };

	return rig_run(name, &c);
}

#endif
