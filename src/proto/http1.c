/*
 * HTTP/1 heads: start lines, the loop over the fields, and the waiting for the rest; pure. Runs in
 * the edge and in cells on bytes of clients and servers, both hostile, and in the dialer on health
 * answers. One pass over a complete head; positions only, no copies.
 *
 * Every check looks at bytes from left to right and the first one that fails decides. So a head
 * that comes in pieces gets the same verdict as one that comes at once.
 */
#include "proto/http1.h"

#include "proto/http1_rules.h"
#include "proto/http1_shape.h"
#include "proto/scan.h"

/* One pass over the bytes of one head. */
struct http1_pass {
	struct view head; /* what came, cut at the limit */
	size_t at;	  /* first byte not looked at */
	bool is_full;	  /* the limit is reached: what is missing will not be read */
	struct http1_head h;
	struct http1_error *why;
	enum http_method asked; /* response: the method of its request */
	bool is_request;
};

/*@ predicate http1_pass_ok(struct http1_pass *s) =
  @	\valid(s) && view_ok(s->head) && s->at <= s->head.n <= 65535 && \valid(s->why) &&
  @	s->h.field_n <= s->h.field_cap && http1_room(&s->h) &&
  @	http1_apart(s->head, &s->h, s->why) &&
  @	\separated(s, s->why, s->h.fields + (0 .. s->h.field_cap - 1)) &&
  @	(s->head.n > 0 ==> \separated(s->head.p + (0 .. s->head.n - 1), s));
  @ predicate http1_pass_is_new(struct http1_pass *s) =
  @	s->at == 0 && s->h.field_n == 0 && s->h.method == 0 && s->h.method_n == 0 &&
  @	s->h.target == 0 && s->h.target_n == 0;
  @*/

struct http_method_row {
	struct view name;
	bool is_safe, is_idempotent;
};

static const struct http_method_row method_rows[METHOD_N] = {
	[METHOD_OTHER] = { { 0 }, false, false },
	[METHOD_GET] = { VIEW_INIT("GET"), true, true },
	[METHOD_HEAD] = { VIEW_INIT("HEAD"), true, true },
	[METHOD_POST] = { VIEW_INIT("POST"), false, false },
	[METHOD_PUT] = { VIEW_INIT("PUT"), false, true },
	[METHOD_DELETE] = { VIEW_INIT("DELETE"), false, true },
	[METHOD_OPTIONS] = { VIEW_INIT("OPTIONS"), true, true },
	[METHOD_PATCH] = { VIEW_INIT("PATCH"), false, false },
	[METHOD_TRACE] = { VIEW_INIT("TRACE"), true, true },
	[METHOD_CONNECT] = { VIEW_INIT("CONNECT"), false, false },
};

enum http_method http_method_of(struct view name)
{
	/*@ loop invariant METHOD_GET <= m <= METHOD_N;
	  @ loop assigns m;
	  @ loop variant METHOD_N - m;
	  @*/
	for (unsigned m = METHOD_GET; m < METHOD_N; m++) {
		//@ admit tables: m < METHOD_N ==> view_ok(method_rows[m].name);
		if (view_eq(name, method_rows[m].name))
			return (enum http_method)m;
	}
	return METHOD_OTHER;
}

struct view http_method_name(enum http_method m)
{
	//@ admit tables: (unsigned)m < METHOD_N ==> view_ok(method_rows[m].name);
	return (unsigned)m < METHOD_N ? method_rows[m].name : (struct view){ 0 };
}

bool http_method_is_safe(enum http_method m)
{
	return (unsigned)m < METHOD_N && method_rows[m].is_safe;
}

bool http_method_is_idempotent(enum http_method m)
{
	return (unsigned)m < METHOD_N && method_rows[m].is_idempotent;
}

/*@ requires http1_pass_ok(s);
  @ assigns *s->why;
  @ ensures http1_pass_ok(s);
  @ ensures \result == E_PROTO;
  @*/
static enum err refuse(struct http1_pass *s, uint16_t status, const char *text)
{
	return http1_rules_refuse(s->why, status, text);
}

/*@ requires \valid_read(s) && view_ok(s->head) && at <= s->head.n;
  @ assigns \nothing;
  @ ensures view_ok(\result) && \result.p == s->head.p + at && \result.n == s->head.n - at;
  @*/
static struct view http1_rest(const struct http1_pass *s, size_t at)
{
	return view_of(s->head.p + at, s->head.n - at); /* hot: at <= n everywhere */
}

/* "HTTP/" DIGIT "." DIGIT at s->at, RFC 9112 §2.3. */
/*@ requires http1_pass_ok(s);
  @ assigns s->at, s->h.minor, *s->why;
  @ ensures http1_pass_ok(s);
  @ ensures \result == E_OK || \result == E_AGAIN || \result == E_PROTO;
  @ ensures \result == E_OK ==> s->at == \old(s->at) + 8;
  @*/
static enum err http1_version(struct http1_pass *s)
{
	static const struct view shape = VIEW_INIT("HTTP/0.0");
	struct view v = http1_rest(s, s->at);

	/*@ loop invariant i <= 8 && i <= v.n;
	  @ loop assigns i;
	  @ loop variant 8 - i;
	  @*/
	for (size_t i = 0; i < shape.n; i++) {
		uint8_t want = shape.p[i];

		if (i == v.n)
			return E_AGAIN;
		if (want == '0' ? v.p[i] < '0' || v.p[i] > '9' : v.p[i] != want)
			return refuse(s, 400, "malformed HTTP version");
	}
	if (v.p[5] != '1')
		return refuse(s, 505, "HTTP version is not 1.x");
	s->h.minor = v.p[7] != '0';
	s->at += shape.n;
	return E_OK;
}

/* Why a line that should end here does not: c is where its CRLF should begin. */
//@ assigns \nothing;
static const char *http1_line_why(uint8_t c)
{
	if (c == '\n')
		return "bare line feed"; /* RFC 9112 §2.2 */
	if (c == '\r')
		return "bare carriage return"; /* RFC 9112 §2.2 */
	return "malformed start line";
}

/*@ requires http1_pass_ok(s);
  @ assigns s->at, *s->why;
  @ ensures http1_pass_ok(s);
  @ ensures \result == E_OK || \result == E_AGAIN || \result == E_PROTO;
  @ ensures \result == E_OK ==> s->at == \old(s->at) + 2;
  @*/
static enum err http1_line_end(struct http1_pass *s)
{
	struct view v = http1_rest(s, s->at);

	if (v.n == 0 || (v.n == 1 && v.p[0] == '\r'))
		return E_AGAIN;
	if (v.p[0] != '\r' || v.p[1] != '\n')
		return refuse(s, 400, http1_line_why(v.p[0]));
	s->at += 2;
	return E_OK;
}

/* host ":" port and nothing that belongs to another part of a URI, RFC 9112 §3.2.3. */
/*@ requires view_ok(v);
  @ assigns \nothing;
  @*/
static bool is_authority(struct view v)
{
	size_t digits = 0;

	/*@ loop invariant digits <= v.n;
	  @ loop assigns digits;
	  @ loop variant v.n - digits;
	  @*/
	while (digits < v.n && v.p[v.n - 1 - digits] >= '0' && v.p[v.n - 1 - digits] <= '9')
		digits++;
	if (digits == 0 || digits > 5 || v.n < digits + 2 || v.p[v.n - 1 - digits] != ':')
		return false;
	/*@ loop invariant i <= v.n;
	  @ loop assigns i;
	  @ loop variant v.n - i;
	  @*/
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] == '/' || v.p[i] == '?' || v.p[i] == '#' || v.p[i] == '@')
			return false;
	return true;
}

/*@ requires view_ok(v);
  @ assigns \nothing;
  @*/
static bool is_absolute(struct view v)
{
	return view_ieq(view_slice(v, 0, 7), VIEW("http://")) ||
	       view_ieq(view_slice(v, 0, 8), VIEW("https://"));
}

/* RFC 9112 §3.2: which of the four forms, and whether the method allows it. */
/*@ requires http1_pass_ok(s) && view_ok(v) && v.n > 0;
  @ assigns s->h.target_form, *s->why;
  @ ensures http1_pass_ok(s);
  @ ensures \result == E_OK || \result == E_PROTO;
  @*/
static enum err http1_target(struct http1_pass *s, struct view v)
{
	if (s->h.method_id == METHOD_CONNECT) {
		s->h.target_form = TARGET_AUTHORITY;
		return is_authority(v) ? E_OK : refuse(s, 400, "CONNECT needs host:port");
	}
	if (v.p[0] == '/') {
		s->h.target_form = TARGET_ORIGIN;
		return E_OK;
	}
	if (view_eq(v, VIEW("*")) && s->h.method_id == METHOD_OPTIONS) {
		s->h.target_form = TARGET_ASTERISK;
		return E_OK;
	}
	s->h.target_form = TARGET_ABSOLUTE;
	return is_absolute(v) ? E_OK : refuse(s, 400, "malformed request target");
}

/* method SP request-target SP HTTP-version CRLF, RFC 9112 §3. */
/*@ requires http1_pass_ok(s) && s->at == 0;
  @ assigns s->at, s->h.method_n, s->h.method_id, s->h.target, s->h.target_n, s->h.target_form,
  @   s->h.minor, *s->why;
  @ ensures http1_pass_ok(s);
  @ ensures \result == E_OK || \result == E_AGAIN || \result == E_PROTO;
  @ ensures \result == E_OK ==>
  @	s->h.method_n <= s->at && s->h.target + s->h.target_n <= s->at;
  @*/
static enum err http1_request_line(struct http1_pass *s)
{
	size_t method_n = scan_token(s->head), target = method_n + 1, end = 0;

	if (method_n == s->head.n)
		return E_AGAIN;
	if (method_n == 0 || s->head.p[method_n] != ' ')
		return refuse(s, 400, "malformed method");
	s->h.method_n = (uint16_t)method_n;
	s->h.method_id = (uint8_t)http_method_of(view_of(s->head.p, method_n));
	end = target + scan_vchar(http1_rest(s, target));
	if (end == s->head.n)
		return E_AGAIN;
	if (end == target || s->head.p[end] != ' ')
		return refuse(s, 400, "malformed request line");
	s->h.target = (uint16_t)target;
	s->h.target_n = (uint16_t)(end - target);
	TRY(http1_target(s, view_of(s->head.p + target, end - target)));
	s->at = end + 1;
	TRY(http1_version(s));
	return http1_line_end(s);
}

/* SP 3DIGIT, RFC 9112 §4. */
/*@ requires http1_pass_ok(s);
  @ assigns s->at, s->h.status, *s->why;
  @ ensures http1_pass_ok(s);
  @ ensures \result == E_OK || \result == E_AGAIN || \result == E_PROTO;
  @ ensures \result == E_OK ==> s->at == \old(s->at) + 4 && 100 <= s->h.status <= 599;
  @*/
static enum err http1_status(struct http1_pass *s)
{
	struct view v = http1_rest(s, s->at);
	unsigned status = 0;

	/*@ loop invariant i <= 4 && i <= v.n;
	  @ loop assigns i, status;
	  @ loop variant 4 - i;
	  @*/
	for (size_t i = 0; i < 4; i++) {
		if (i == v.n)
			return E_AGAIN;
		if (i == 0 ? v.p[i] != ' ' : v.p[i] < '0' || v.p[i] > '9')
			return refuse(s, 502, "malformed status line");
		if (i > 0)
			status = status * 10 + (unsigned)(v.p[i] - '0');
	}
	if (status < 100 || status > 599)
		return refuse(s, 502, "status out of range"); /* RFC 9110 §15 */
	s->h.status = (uint16_t)status;
	s->at += 4;
	return E_OK;
}

/* HTTP-version SP status-code [ SP reason-phrase ] CRLF: many servers omit the last space. */
/*@ requires http1_pass_ok(s) && s->h.method == 0 && s->h.method_n == 0;
  @ assigns s->at, s->h.minor, s->h.status, s->h.method, s->h.method_n, *s->why;
  @ ensures http1_pass_ok(s);
  @ ensures \result == E_OK || \result == E_AGAIN || \result == E_PROTO;
  @ ensures \result == E_OK ==> s->h.method + s->h.method_n <= s->at;
  @*/
static enum err http1_status_line(struct http1_pass *s)
{
	TRY(http1_version(s));
	TRY(http1_status(s));
	if (s->at == s->head.n)
		return E_AGAIN;
	if (s->head.p[s->at] == ' ') {
		s->at++;
		s->h.method = (uint16_t)s->at;
		s->h.method_n = (uint16_t)scan_value(http1_rest(s, s->at));
		s->at += s->h.method_n;
	}
	return http1_line_end(s);
}

/*@ requires http1_pass_ok(s) && http1_pass_is_new(s);
  @ assigns s->at, s->h.minor, s->h.status, s->h.method, s->h.method_n, s->h.method_id;
  @ assigns s->h.target, s->h.target_n, s->h.target_form, *s->why;
  @ ensures http1_pass_ok(s) && s->h.field_n == 0;
  @ ensures \result == E_OK || \result == E_AGAIN || \result == E_PROTO;
  @ ensures \result == E_OK ==> s->h.method + s->h.method_n <= s->at &&
  @	s->h.target + s->h.target_n <= s->at;
  @*/
static enum err http1_start_line(struct http1_pass *s)
{
	return s->is_request ? http1_request_line(s) : http1_status_line(s);
}

/* What the field behind the last one means, when its name is known. */
/*@ requires http1_pass_ok(s) && http1_rules_ok(rules) && rules->why == s->why;
  @ requires s->h.field_n < s->h.field_cap;
  @ requires \separated(s, rules, s->h.fields + (0 .. s->h.field_cap - 1));
  @ requires http1_fields_in(s->h.fields, s->h.field_n + 1, s->head.n);
  @ assigns *s->why, rules->length, rules->seen, rules->flags, rules->host;
  @ ensures http1_pass_ok(s) && http1_rules_ok(rules);
  @ ensures \result == E_OK || \result == E_PROTO;
  @ ensures http1_fields_in(s->h.fields, s->h.field_n + 1, s->head.n);
  @*/
static enum err http1_known(struct http1_pass *s, struct http1_rules *rules)
{
	const struct field *f = s->h.fields + s->h.field_n;

	return f->id == FIELD_OTHER ? E_OK : http1_rules_add(rules, s->head, f, s->h.field_n);
}

/* One field line, as the next of s->h.fields, which has room. */
/*@ requires http1_pass_ok(s) && http1_rules_ok(rules) && rules->why == s->why;
  @ requires s->h.field_n < s->h.field_cap;
  @ requires \separated(s, rules, s->h.fields + (0 .. s->h.field_cap - 1));
  @ requires http1_fields_in(s->h.fields, s->h.field_n, s->head.n);
  @ assigns s->at, s->h.field_n, s->h.fields[0 .. s->h.field_cap - 1], *s->why;
  @ assigns rules->length, rules->seen, rules->flags, rules->host;
  @ ensures http1_pass_ok(s);
  @ ensures \result == E_OK ==> http1_rules_ok(rules);
  @ ensures \result == E_OK || \result == E_AGAIN || \result == E_PROTO;
  @ ensures \result == E_OK ==> s->at > \old(s->at);
  @ ensures \result == E_OK ==> http1_fields_in(s->h.fields, s->h.field_n, s->head.n);
  @*/
static enum err http1_field(struct http1_pass *s, struct http1_rules *rules)
{
	struct field *f = s->h.fields + s->h.field_n;
	const char *text = NULL;
	enum err e = field_parse(s->head, s->at, f, &s->at, &text);

	//@ assert http1_pass_ok(s) && http1_rules_ok(rules) && rules->why == s->why;
	if (e == E_PROTO)
		return refuse(s, 400, text);
	TRY(e);
	//@ assert http1_fields_in(s->h.fields, s->h.field_n + 1, s->head.n);
	TRY(http1_known(s, rules));
	s->h.field_n++;
	//@ assert http1_pass_ok(s);
	//@ assert http1_fields_in(s->h.fields, s->h.field_n, s->head.n);
	return E_OK;
}

/*@ requires http1_pass_ok(s) && http1_rules_ok(rules) && rules->why == s->why;
  @ requires s->h.field_n == 0 && \separated(s, rules, s->h.fields + (0 .. s->h.field_cap - 1));
  @ assigns s->at, s->h.fields_at, s->h.field_n, s->h.fields[0 .. s->h.field_cap - 1], *s->why;
  @ assigns rules->length, rules->seen, rules->flags, rules->host;
  @ ensures http1_pass_ok(s);
  @ ensures \result == E_OK ==> http1_rules_ok(rules);
  @ ensures \result == E_OK || \result == E_AGAIN || \result == E_PROTO || \result == E_LIMIT;
  @ ensures \result == E_OK ==> \old(s->at) <= s->at && s->h.fields_at <= s->at;
  @ ensures \result == E_OK ==> http1_fields_in(s->h.fields, s->h.field_n, s->head.n);
  @*/
static enum err http1_fields(struct http1_pass *s, struct http1_rules *rules)
{
	s->h.fields_at = (uint16_t)s->at;
	/*@ loop invariant http1_pass_ok(s) && http1_rules_ok(rules);
	  @ loop invariant \at(s->at, Pre) <= s->at && rules->why == s->why;
	  @ loop invariant s->why == \at(s->why, Pre) && s->h.fields == \at(s->h.fields, Pre);
	  @ loop invariant http1_fields_in(s->h.fields, s->h.field_n, s->head.n);
	  @ loop assigns s->at, s->h.field_n, *\at(s->why, Pre);
	  @ loop assigns \at(s->h.fields, Pre)[0 .. \at(s->h.field_cap, Pre) - 1];
	  @ loop assigns rules->length, rules->seen, rules->flags, rules->host;
	  @ loop variant s->head.n - s->at;
	  @*/
	while (s->at != s->head.n) {
		if (s->head.p[s->at] == '\r') {
			enum err e = http1_line_end(s);

			//@ assert http1_fields_in(s->h.fields, s->h.field_n, s->head.n);
			return e;
		}
		if (s->h.field_n == s->h.field_cap) {
			*s->why = (struct http1_error){ 431, "too many fields" };
			//@ assert http1_pass_ok(s);
			return E_LIMIT;
		}
		TRY(http1_field(s, rules));
	}
	return E_AGAIN;
}

/*@ requires http1_pass_ok(s) && http1_pass_is_new(s);
  @ assigns s->at, s->h, s->h.fields[0 .. s->h.field_cap - 1], *s->why;
  @ ensures http1_pass_ok(s);
  @ ensures s->h.fields == \old(s->h.fields) && s->h.field_cap == \old(s->h.field_cap);
  @ ensures \result == E_OK || \result == E_AGAIN || \result == E_PROTO || \result == E_LIMIT;
  @ ensures \result == E_OK ==> http1_head_ok(&s->h, s->head.n);
  @*/
static enum err http1_head_parse(struct http1_pass *s)
{
	struct http1_rules rules = { 0 };

	TRY(http1_start_line(s));
	rules = http1_rules_start(s->is_request, s->h.minor, s->why);
	//@ assert http1_pass_ok(s) && http1_rules_ok(&rules) && rules.why == s->why;
	TRY(http1_fields(s, &rules));
	s->h.n = (uint32_t)s->at;
	return s->is_request ? http1_rules_end_request(&rules, &s->h)
			     : http1_rules_end_response(&rules, s->asked, &s->h);
}

/* The head does not end within its limit. RFC 9110 §15.5.15, RFC 6585 §5. */
/*@ requires http1_pass_ok(s);
  @ assigns *s->why;
  @ ensures http1_pass_ok(s);
  @ ensures \result == E_LIMIT;
  @*/
static enum err http1_too_long(struct http1_pass *s)
{
	bool is_line = view_find(s->head, '\n') == s->head.n;

	*s->why = is_line ? (struct http1_error){ 414, "start line too long" }
			  : (struct http1_error){ 431, "head too long" };
	return E_LIMIT;
}

/* Parses when there is hope of an end, and waits cheaply when there is none. */
/*@ requires http1_pass_ok(s) && http1_pass_is_new(s);
  @ requires \valid(progress) && http1_progress_ok(*progress) && \valid(ret);
  @ requires ret->fields == s->h.fields && ret->field_cap == s->h.field_cap;
  @ requires \separated(s, progress, ret, s->why, s->h.fields + (0 .. s->h.field_cap - 1));
  @ requires s->head.n > 0 ==> \separated(s->head.p + (0 .. s->head.n - 1), progress, ret);
  @ assigns *s, *progress, *ret, *s->why, s->h.fields[0 .. s->h.field_cap - 1];
  @ ensures http1_progress_ok(*progress);
  @ ensures ret->fields == \old(ret->fields) && ret->field_cap == \old(ret->field_cap);
  @ ensures \result == E_OK || \result == E_AGAIN || \result == E_PROTO || \result == E_LIMIT;
  @ ensures \result == E_OK ==> http1_head_ok(ret, s->head.n);
  @*/
static enum err http1_parse(struct http1_pass *s, size_t *progress, struct http1_head *ret)
{
	enum err e = E_OK;

	if (*progress != 0 && !s->is_full &&
	    http1_shape_advance(s->head, s->is_request, progress) == E_AGAIN)
		return E_AGAIN;
	e = http1_head_parse(s);
	if (e == E_AGAIN && s->is_full)
		e = http1_too_long(s);
	if (e == E_AGAIN) {
		/* Only a note for the next call: the parser has just said that more may come. */
		(void)!http1_shape_advance(s->head, s->is_request, progress);
		return E_AGAIN;
	}
	*progress = 0;
	if (e == E_OK)
		*ret = s->h;
	return e;
}

/* Makes s, which is zero, a pass over in, cut at limit. */
/*@ requires \valid(s) && s->at == 0 && http1_pass_is_new(s) && view_ok(in);
  @ requires \valid_read(ret) && \valid(why) && http1_room(ret) && http1_apart(in, ret, why);
  @ requires \separated(s, ret, why, ret->fields + (0 .. ret->field_cap - 1));
  @ requires in.n > 0 ==> \separated(in.p + (0 .. in.n - 1), s);
  @ assigns s->head, s->is_full, s->h.fields, s->h.field_cap, s->why;
  @ ensures http1_pass_ok(s) && http1_pass_is_new(s);
  @ ensures s->h.fields == ret->fields && s->h.field_cap == ret->field_cap && s->why == why;
  @ ensures s->head.p == in.p && s->head.n <= in.n;
  @*/
static void http1_pass_start(struct http1_pass *s, struct view in, size_t limit,
			     const struct http1_head *ret, struct http1_error *why)
{
	size_t most = limit < UINT16_MAX ? limit : UINT16_MAX;

	s->head = view_of(in.p, in.n < most ? in.n : most);
	s->is_full = in.n >= most;
	s->h.fields = ret->fields;
	s->h.field_cap = ret->field_cap;
	s->why = why;
}

enum err http1_parse_request(struct view in, size_t limit, size_t *progress, struct http1_head *ret,
			     struct http1_error *ret_why)
{
	struct http1_pass s = { .is_request = true };

	http1_pass_start(&s, in, limit, ret, ret_why);
	return http1_parse(&s, progress, ret);
}

enum err http1_parse_response(struct view in, size_t limit, enum http_method method,
			      size_t *progress, struct http1_head *ret, struct http1_error *ret_why)
{
	struct http1_pass s = { .asked = method };
	enum err e = E_OK;

	http1_pass_start(&s, in, limit, ret, ret_why);
	e = http1_parse(&s, progress, ret);
	if (e == E_PROTO || e == E_LIMIT)
		ret_why->status = 502;
	return e;
}

size_t http1_skip_crlf(struct view in)
{
	return view_starts(in, VIEW("\r\n")) ? 2 : 0;
}

bool http1_connection_has(struct view head, const struct http1_head *h, struct view name)
{
	/*@ loop invariant i <= h->field_n;
	  @ loop assigns i;
	  @ loop variant h->field_n - i;
	  @*/
	for (size_t i = 0; i < h->field_n; i++) {
		struct view list = { 0 }, option = { 0 };

		if (h->fields[i].id != FIELD_CONNECTION)
			continue;
		list = field_value_view(head, &h->fields[i]);
		/*@ loop invariant view_ok(list) && list.n < SIZE_MAX;
		  @ loop assigns list, option;
		  @ loop variant list.n;
		  @*/
		while (field_list_next(&list, &option))
			if (view_ieq(option, name))
				return true;
	}
	return false;
}
