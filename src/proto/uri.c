/*
 * Canonical request targets and hosts; pure. Runs once per request in the edge, before the gate and
 * the routes look at anything. Hostile input. The hard part is that every program behind us must
 * see the path that we decided by: so the canonical form is what is sent, and forms that programs
 * are known to read differently are refused (THREATS A4).
 */
#include "proto/uri.h"

#include "proto/scan.h"

enum uri_class {
	URI_PLAIN, /* pchar that stands for itself, RFC 3986 §3.3 */
	URI_SLASH,
	URI_PERCENT,
	URI_QUERY,  /* '?' */
	URI_ESCAPE, /* visible, but not allowed in a path */
	URI_REFUSE
};

#define P_ URI_PLAIN
#define L_ URI_SLASH
#define C_ URI_PERCENT
#define Q_ URI_QUERY
#define E_ URI_ESCAPE
#define R_ URI_REFUSE

/* clang-format off */
static const uint8_t uri_classes[256] = {
	R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_,
	R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_,
	R_, P_, E_, R_, P_, C_, P_, P_, P_, P_, P_, P_, P_, P_, P_, L_,
	P_, P_, P_, P_, P_, P_, P_, P_, P_, P_, P_, P_, E_, P_, E_, Q_,
	P_, P_, P_, P_, P_, P_, P_, P_, P_, P_, P_, P_, P_, P_, P_, P_,
	P_, P_, P_, P_, P_, P_, P_, P_, P_, P_, P_, E_, R_, E_, E_, P_,
	E_, P_, P_, P_, P_, P_, P_, P_, P_, P_, P_, P_, P_, P_, P_, P_,
	P_, P_, P_, P_, P_, P_, P_, P_, P_, P_, P_, E_, E_, E_, P_, R_,
	R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_,
	R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_,
	R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_,
	R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_,
	R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_,
	R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_,
	R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_,
	R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_, R_,
};
/* clang-format on */

/*@ assigns \nothing;
  @ ensures URI_PLAIN <= \result <= URI_REFUSE;
  @*/
static enum uri_class uri_class_of(uint8_t c)
{
	//@ admit tables: uri_classes[c] <= URI_REFUSE;
	return (enum uri_class)uri_classes[c];
}

//@ assigns \nothing;
static bool uri_is_letter_or_digit(uint8_t c)
{
	uint8_t lower = c | 0x20;

	return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z');
}

/* RFC 3986 §2.3 */
//@ assigns \nothing;
static bool uri_is_unreserved(uint8_t c)
{
	return uri_is_letter_or_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/* Value of a hexadecimal digit; -1 when it is none. */
/*@ assigns \nothing;
  @ ensures -1 <= \result <= 15;
  @*/
static int uri_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that the escape at the front of v stands for. */
/*@ requires view_ok(v) && \valid(ret);
  @ assigns *ret;
  @ ensures \result ==> v.n >= 3;
  @*/
static bool uri_unescape(struct view v, uint8_t *ret)
{
	int high = v.n >= 3 ? uri_digit(v.p[1]) : -1, low = v.n >= 3 ? uri_digit(v.p[2]) : -1;

	if (high < 0 || low < 0)
		return false;
	*ret = (uint8_t)(high * 16 + low);
	return true;
}

/* An escape that no path may have: it hides a separator or a control byte. */
//@ assigns \nothing;
static bool uri_is_forbidden_escape(uint8_t c)
{
	return c == '/' || c == '\\' || c < 0x20 || c == 0x7f;
}

/*@ requires view_ok(v);
  @ assigns \nothing;
  @ ensures \result ==> v.n >= 3;
  @*/
static bool uri_escape_is_canonical(struct view v)
{
	uint8_t c = 0;

	return uri_unescape(v, &c) && !uri_is_unreserved(c) && !uri_is_forbidden_escape(c) &&
	       v.p[1] < 'a' && v.p[2] < 'a';
}

/* The segment at the front of v is "." or "..", or one of them with a parameter. An escaped dot is
 * no concern here: it is not canonical in itself. */
/*@ requires view_ok(v);
  @ assigns \nothing;
  @*/
static bool uri_may_be_dots(struct view v)
{
	size_t n = 0;

	/*@ loop invariant n <= v.n && n <= 2;
	  @ loop assigns n;
	  @ loop variant 2 - n;
	  @*/
	while (n < v.n && n < 2 && v.p[n] == '.')
		n++;
	if (n == 0 || n == v.n)
		return n != 0;
	if (v.p[n] == '%')
		return view_ieq(view_slice(v, n, 3), VIEW("%3B"));
	return v.p[n] == '/' || v.p[n] == '?' || v.p[n] == ';';
}

/* hot: the path at the front of t needs no change; *ret_end is where it ends. */
/*@ requires view_ok(t) && \valid(ret_end);
  @ assigns *ret_end;
  @ ensures \result ==> *ret_end <= t.n;
  @*/
static bool uri_is_canonical(struct view t, size_t *ret_end)
{
	size_t i = 0;

	/*@ loop invariant i <= t.n;
	  @ loop assigns i;
	  @ loop variant t.n - i;
	  @*/
	for (;;) {
		/*@ loop invariant \at(i, LoopEntry) <= i <= t.n;
		  @ loop assigns i;
		  @ loop variant t.n - i;
		  @*/
		while (i < t.n && uri_class_of(t.p[i]) == URI_PLAIN)
			i++;
		if (i == t.n)
			break;
		switch (uri_class_of(t.p[i])) {
		case URI_PLAIN:
		case URI_SLASH:
			i++;
			if (i < t.n && (t.p[i] == '/' || t.p[i] == '.') &&
			    (t.p[i] == '/' || uri_may_be_dots(view_slice(t, i, t.n))))
				return false;
			continue;
		case URI_PERCENT:
			if (!uri_escape_is_canonical(view_slice(t, i, 3)))
				return false;
			i += 3;
			continue;
		case URI_QUERY:
			*ret_end = i;
			return true;
		case URI_ESCAPE:
		case URI_REFUSE:
			return false;
		}
	}
	*ret_end = i;
	return true;
}

/*@ requires \valid(ret_why);
  @ assigns *ret_why;
  @ ensures \result == E_PROTO;
  @*/
static enum err uri_refuse(const char **ret_why, const char *text)
{
	*ret_why = text;
	return E_PROTO;
}

/*@ requires wbuf_ok(w);
  @ assigns w->n, w->bad, w->p[w->n .. w->cap - 1];
  @ ensures wbuf_ok(w) && wbuf_grew{Pre, Post}(w);
  @*/
static void uri_put_escape(struct wbuf *w, uint8_t c)
{
	static const char digits[16] = "0123456789ABCDEF";
	const char escape[3] = { '%', digits[c / 16], digits[c % 16] };

	wbuf_put(w, escape, sizeof escape);
}

/* One byte or escape from the front of *segment, in canonical form. */
/*@ requires wbuf_ok(w) && \valid(segment) && view_ok(*segment) && segment->n > 0;
  @ requires \valid(ret_why) && \separated(w, segment, ret_why);
  @ requires \separated(w->p + (0 .. w->cap - 1), segment, ret_why);
  @ assigns *segment, *ret_why, w->n, w->bad, w->p[w->n .. w->cap - 1];
  @ ensures view_ok(*segment) && wbuf_ok(w) && wbuf_grew{Pre, Post}(w);
  @ ensures \result == E_OK || \result == E_PROTO;
  @ ensures \result == E_OK ==> segment->n < \old(segment->n);
  @*/
static enum err uri_put_one(struct wbuf *w, struct view *segment, const char **ret_why)
{
	uint8_t c = segment->p[0];
	size_t used = 1;

	switch (uri_class_of(c)) {
	case URI_PLAIN:
		wbuf_u8(w, c);
		break;
	case URI_PERCENT:
		used = 3;
		if (!uri_unescape(*segment, &c))
			return uri_refuse(ret_why, "broken escape in the path");
		if (uri_is_forbidden_escape(c))
			return uri_refuse(ret_why, "escaped separator or control byte in the path");
		if (uri_is_unreserved(c))
			wbuf_u8(w, c);
		else
			uri_put_escape(w, c);
		break;
	case URI_ESCAPE:
		uri_put_escape(w, c);
		break;
	case URI_SLASH:
	case URI_QUERY:
	case URI_REFUSE:
		return uri_refuse(ret_why, "forbidden byte in the path");
	}
	*segment = view_slice(*segment, used, segment->n);
	return E_OK;
}

/* "." or ".." with a path parameter: some servers drop the parameter and then climb. */
/*@ requires view_ok(segment);
  @ assigns \nothing;
  @*/
static bool uri_is_dots_with_parameter(struct view segment)
{
	size_t dots = 0;

	/*@ loop invariant dots <= segment.n && dots <= 2;
	  @ loop assigns dots;
	  @ loop variant 2 - dots;
	  @*/
	while (dots < segment.n && dots < 2 && segment.p[dots] == '.')
		dots++;
	segment = view_slice(segment, dots, segment.n);
	return dots && (view_starts(segment, VIEW(";")) || view_starts(segment, VIEW("%3B")));
}

/* Length of the path w, which starts at from, without its last segment and that one's slash. */
/*@ requires wbuf_ok(w) && from <= w->n;
  @ assigns \nothing;
  @ ensures from <= \result <= w->n;
  @*/
static size_t uri_parent(const struct wbuf *w, size_t from)
{
	size_t n = w->n;

	/*@ loop invariant from <= n <= w->n;
	  @ loop assigns n;
	  @ loop variant n;
	  @*/
	while (n > from && w->p[n - 1] != '/')
		n--;
	return n > from ? n - 1 : from;
}

/*
 * Appends "/" and one segment to the canonical path that starts at from in w; what is empty or "."
 * adds nothing and ".." takes one away. *ret_is_open: the path so far lacks the slash at its end.
 */
/*@ requires wbuf_ok(w) && from <= w->n && view_ok(raw);
  @ requires \valid(ret_is_open) && \valid(ret_why) && \separated(w, ret_is_open, ret_why);
  @ requires \separated(w->p + (0 .. w->cap - 1), ret_is_open, ret_why);
  @ assigns *ret_is_open, *ret_why, w->n, w->bad, w->p[from .. w->cap - 1];
  @ ensures wbuf_ok(w) && from <= w->n && w->p == \old(w->p) && w->cap == \old(w->cap);
  @ ensures \result == E_OK || \result == E_PROTO || \result == E_LIMIT;
  @*/
static enum err uri_put_segment(struct wbuf *w, size_t from, struct view raw, bool *ret_is_open,
				const char **ret_why)
{
	size_t mark = w->n;
	struct view segment = { 0 };

	*ret_is_open = true;
	if (raw.n == 0)
		return E_OK;
	WBUF_LIT(w, "/");
	/*@ loop invariant view_ok(raw) && wbuf_ok(w) && wbuf_grew{Pre, Here}(w);
	  @ loop assigns raw, *ret_why, w->n, w->bad, w->p[\at(w->n, Pre) .. w->cap - 1];
	  @ loop variant raw.n;
	  @*/
	while (raw.n)
		TRY(uri_put_one(w, &raw, ret_why));
	TRY(wbuf_check(w));
	segment = view_slice(wbuf_view(w), mark + 1, w->n);
	if (uri_is_dots_with_parameter(segment))
		return uri_refuse(ret_why, "dot segment with a parameter");
	*ret_is_open = false;
	if (view_eq(segment, VIEW(".")) || view_eq(segment, VIEW(".."))) {
		*ret_is_open = true;
		w->n = mark;
		if (segment.n == 2 && mark == from)
			return uri_refuse(ret_why, "path climbs above the root");
		if (segment.n == 2)
			w->n = uri_parent(w, from);
	}
	return E_OK;
}

/* The whole path in canonical form, appended to w; RFC 3986 §5.2.4 after "//" became "/". */
/*@ requires wbuf_ok(w) && view_ok(path);
  @ requires \valid(ret_why) && \separated(w, ret_why, w->p + (0 .. w->cap - 1));
  @ assigns *ret_why, w->n, w->bad, w->p[w->n .. w->cap - 1];
  @ ensures wbuf_ok(w) && wbuf_grew{Pre, Post}(w);
  @ ensures \result == E_OK || \result == E_PROTO || \result == E_LIMIT;
  @*/
static enum err uri_put_path(struct wbuf *w, struct view path, const char **ret_why)
{
	size_t from = w->n;
	bool is_open = false;

	/*@ loop invariant view_ok(path) && wbuf_ok(w) && wbuf_grew{Pre, Here}(w);
	  @ loop assigns path, is_open, *ret_why, w->n, w->bad, w->p[\at(w->n, Pre) .. w->cap - 1];
	  @ loop variant path.n;
	  @*/
	while (path.n) { /* starts with '/' each time */
		struct view rest = view_slice(path, 1, path.n);
		size_t slash = view_find(rest, '/');

		TRY(uri_put_segment(w, from, view_slice(rest, 0, slash), &is_open, ret_why));
		path = view_slice(rest, slash, rest.n);
	}
	if (is_open)
		WBUF_LIT(w, "/");
	return wbuf_check(w);
}

/*@ requires view_ok(rest) && \valid(t) && \valid(ret_why) && \separated(t, ret_why);
  @ assigns t->query, *ret_why;
  @ ensures \result == E_OK || \result == E_PROTO;
  @ ensures view_ok(t->query) || t->query == \old(t->query);
  @*/
static enum err uri_query(struct view rest, struct uri_target *t, const char **ret_why)
{
	if (rest.n == 0)
		return E_OK;
	t->query = view_of(rest.p + 1, rest.n - 1); /* hot: rest.p[0] is '?' */
	if (scan_vchar(t->query) != t->query.n || view_find(t->query, '#') != t->query.n)
		return uri_refuse(ret_why, "forbidden byte in the query");
	return E_OK;
}

enum err uri_target_parse(struct view target, struct wbuf *scratch, struct uri_target *ret,
			  const char **ret_why)
{
	struct uri_target t = { 0 };
	struct wbuf w = { 0 };
	size_t end = 0;

	w = *scratch;
	if (view_eq(target, VIEW("*"))) {
		*ret = (struct uri_target){ .path = target };
		return E_OK;
	}
	if (target.n == 0 || target.p[0] != '/')
		return uri_refuse(ret_why, "path does not start with a slash");
	if (uri_is_canonical(target, &end)) {
		t.path = view_slice(target, 0, end);
	} else {
		end = view_find(target, '?');
		TRY(uri_put_path(&w, view_slice(target, 0, end), ret_why));
		t.path = view_slice(wbuf_view(&w), scratch->n, w.n);
		t.is_changed = !view_eq(t.path, view_slice(target, 0, end));
	}
	//@ assert wbuf_ok(&w) && w.p == scratch->p && w.cap == scratch->cap && w.n >= scratch->n;
	TRY(uri_query(view_slice(target, end, target.n), &t, ret_why));
	if (t.is_changed)
		*scratch = w;
	else
		t.path = view_slice(target, 0, end);
	//@ assert wbuf_ok(scratch) && wbuf_grew{Pre, Here}(scratch);
	//@ assert view_ok(t.path) && view_ok(t.query);
	*ret = t;
	return E_OK;
}

/* A number from 1 to 65535 without leading zeros. */
/*@ requires view_ok(v) && \valid(ret);
  @ assigns *ret;
  @ ensures \result == E_OK || \result == E_PROTO;
  @*/
static enum err uri_port(struct view v, uint16_t *ret)
{
	uint64_t port = 0;

	if (v.n > 5)
		return E_PROTO;
	TRY(view_dec(v, &port));
	if (v.p[0] == '0' || port > UINT16_MAX)
		return E_PROTO;
	*ret = (uint16_t)port;
	return E_OK;
}

enum { URI_LABEL_MAX = 63, URI_NAME_MAX = 253 };

/* Labels of letters, digits, '-' and '_' with single dots between them, RFC 1035 §2.3.4. */
/*@ requires view_ok(v) && \valid(ret_has_upper);
  @ assigns *ret_has_upper;
  @ ensures \result == E_OK || \result == E_PROTO;
  @ ensures \result == E_OK ==> 0 < v.n <= URI_NAME_MAX;
  @*/
static enum err uri_name_check(struct view v, bool *ret_has_upper)
{
	size_t label = 0;
	bool has_upper = false;

	if (v.n == 0 || v.n > URI_NAME_MAX)
		return E_PROTO;
	/*@ loop invariant i <= v.n;
	  @ loop assigns i, label, has_upper;
	  @ loop variant v.n - i;
	  @*/
	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i];

		if (c == '.' ? label == 0 : !uri_is_letter_or_digit(c) && c != '-' && c != '_')
			return E_PROTO;
		label = c == '.' ? 0 : label + 1;
		if (label > URI_LABEL_MAX)
			return E_PROTO;
		has_upper |= c >= 'A' && c <= 'Z';
	}
	*ret_has_upper = has_upper;
	return label ? E_OK : E_PROTO;
}

/*@ requires wbuf_ok(scratch) && view_ok(v) && \valid(ret);
  @ requires \separated(ret, scratch, scratch->p + (0 .. scratch->cap - 1));
  @ assigns *ret, *scratch, scratch->p[scratch->n .. scratch->cap - 1];
  @ ensures wbuf_ok(scratch) && wbuf_grew{Pre, Post}(scratch);
  @ ensures \result == E_OK || \result == E_LIMIT;
  @ ensures \result == E_OK ==> view_ok(*ret);
  @ ensures \result != E_OK ==> *scratch == \old(*scratch);
  @*/
static enum err uri_put_lower(struct wbuf *scratch, struct view v, struct view *ret)
{
	struct wbuf w = { 0 };

	w = *scratch;
	/*@ loop invariant i <= v.n && wbuf_ok(&w) && w.p == scratch->p && w.cap == scratch->cap;
	  @ loop invariant scratch->n <= w.n;
	  @ loop assigns i, w.n, w.bad, w.p[scratch->n .. w.cap - 1];
	  @ loop variant v.n - i;
	  @*/
	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i];

		wbuf_u8(&w, c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c);
	}
	TRY(wbuf_check(&w));
	*ret = view_slice(wbuf_view(&w), scratch->n, v.n);
	*scratch = w;
	return E_OK;
}

/* "[" IPv6address "]" at the front of text; anything else in brackets is refused. */
/*@ requires view_ok(text) && \valid(ret) && \valid(ret_has_upper) && \valid(ret_rest);
  @ requires \separated(ret, ret_has_upper, ret_rest);
  @ assigns *ret, *ret_has_upper, *ret_rest;
  @ ensures \result == E_OK || \result == E_PROTO;
  @ ensures \result == E_OK ==> view_ok(ret->name) && ret->name.n > 0 && view_ok(*ret_rest);
  @*/
static enum err uri_ip6(struct view text, struct uri_host *ret, bool *ret_has_upper,
			struct view *ret_rest)
{
	size_t close = view_find(text, ']');
	struct view inner = view_slice(text, 1, close - 1);
	struct ip ip = { 0 };

	if (close == text.n || view_find(inner, ':') == inner.n)
		return E_PROTO;
	TRY(ip_parse(inner, &ip));
	ret->name = view_slice(text, 0, close + 1);
	ret->is_ip = true;
	/*@ loop invariant i <= inner.n;
	  @ loop assigns i, *ret_has_upper;
	  @ loop variant inner.n - i;
	  @*/
	for (size_t i = 0; i < inner.n; i++)
		*ret_has_upper |= inner.p[i] >= 'A' && inner.p[i] <= 'F';
	*ret_rest = view_slice(text, close + 1, text.n);
	return E_OK;
}

/*@ requires view_ok(text) && \valid(ret) && \valid(ret_has_upper) && \valid(ret_rest);
  @ requires \separated(ret, ret_has_upper, ret_rest);
  @ assigns *ret, *ret_has_upper, *ret_rest;
  @ ensures \result == E_OK || \result == E_PROTO;
  @ ensures \result == E_OK ==> view_ok(ret->name) && ret->name.n > 0 && view_ok(*ret_rest);
  @*/
static enum err uri_reg_name(struct view text, struct uri_host *ret, bool *ret_has_upper,
			     struct view *ret_rest)
{
	size_t colon = view_find(text, ':');
	struct view name = view_slice(text, 0, colon);
	struct ip ip = { 0 };

	if (view_ends(name, VIEW(".")))
		name.n--;
	TRY(uri_name_check(name, ret_has_upper));
	ret->name = name;
	ret->is_ip = ip_parse(name, &ip) == E_OK;
	*ret_rest = view_slice(text, colon, text.n);
	return E_OK;
}

enum err uri_host_parse(struct view text, struct wbuf *scratch, struct uri_host *ret)
{
	struct uri_host h = { 0 };
	struct view rest = { 0 };
	bool has_upper = false;

	if (view_starts(text, VIEW("[")))
		TRY(uri_ip6(text, &h, &has_upper, &rest));
	else
		TRY(uri_reg_name(text, &h, &has_upper, &rest));
	if (rest.n) {
		if (rest.p[0] != ':')
			return E_PROTO;
		TRY(uri_port(view_slice(rest, 1, rest.n), &h.port));
	}
	if (has_upper)
		TRY(uri_put_lower(scratch, h.name, &h.name));
	*ret = h;
	return E_OK;
}

enum err uri_absolute_split(struct view target, bool *ret_is_https, struct view *ret_authority,
			    struct view *ret_rest)
{
	bool is_https = view_ieq(view_slice(target, 0, 8), VIEW("https://"));
	struct view v = { 0 }, rest = { 0 };
	size_t slash = 0;

	if (!is_https && !view_ieq(view_slice(target, 0, 7), VIEW("http://")))
		return E_PROTO;
	v = view_slice(target, is_https ? 8 : 7, target.n);
	slash = view_find(v, '/');
	rest = view_slice(v, slash, v.n);
	v = view_slice(v, 0, slash);
	/* An empty host is not allowed (RFC 9110 §4.2.1), and "?" before "/" has two readings (A4).
	 */
	if (v.n == 0 || view_find(v, '?') != v.n)
		return E_PROTO;
	*ret_is_https = is_https;
	*ret_authority = v;
	*ret_rest = rest.n ? rest : VIEW("/");
	return E_OK;
}
