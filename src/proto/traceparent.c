/* W3C Trace Context: version-traceid-parentid-flags. */
#include "proto/traceparent.h"

enum { TRACEPARENT_SAMPLED = 1 };

/*@ assigns \nothing;
  @ ensures -1 <= \result <= 15;
  @*/
static int traceparent_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; /* upper case is not valid */
}

/* n hexadecimal digits from the front, and what they are worth when there are few. */
/*@ requires \valid(v) && view_ok(*v) && \valid(ret) && \valid(ret_value);
  @ requires \separated(v, ret, ret_value);
  @ assigns *v, *ret, *ret_value;
  @ ensures view_ok(*v);
  @ ensures \result == E_OK || \result == E_SHORT || \result == E_PROTO;
  @ ensures \result == E_OK ==> view_ok(*ret) && ret->n == n;
  @*/
static enum err traceparent_take(struct view *v, size_t n, struct view *ret, unsigned *ret_value)
{
	unsigned value = 0;

	TRY(view_take(v, n, ret));
	/*@ loop invariant i <= n;
	  @ loop assigns i, value;
	  @ loop variant n - i;
	  @*/
	for (size_t i = 0; i < n; i++) {
		int d = traceparent_digit(ret->p[i]);

		if (d < 0)
			return E_PROTO;
		value = value << 4 | (unsigned)d;
	}
	*ret_value = value;
	return E_OK;
}

/*@ requires \valid(v) && view_ok(*v);
  @ assigns *v;
  @ ensures view_ok(*v);
  @ ensures \result == E_OK || \result == E_SHORT || \result == E_PROTO;
  @*/
static enum err traceparent_dash(struct view *v)
{
	uint8_t c = 0;

	TRY(view_u8(v, &c));
	return c == '-' ? E_OK : E_PROTO;
}

/*@ requires view_ok(id);
  @ assigns \nothing;
  @*/
static bool traceparent_is_zero(struct view id)
{
	/*@ loop invariant i <= id.n;
	  @ loop assigns i;
	  @ loop variant id.n - i;
	  @*/
	for (size_t i = 0; i < id.n; i++)
		if (id.p[i] != '0')
			return false;
	return true;
}

/*@ requires view_ok(v) && \valid(ret);
  @ assigns *ret;
  @ ensures \result == E_OK || \result == E_SHORT || \result == E_PROTO;
  @ ensures \result == E_OK ==> view_ok(ret->trace_id) && ret->trace_id.n == TRACEPARENT_TRACE;
  @ ensures \result == E_OK ==> view_ok(ret->parent_id) && ret->parent_id.n == TRACEPARENT_SPAN;
  @*/
static enum err traceparent_read(struct view v, struct traceparent *ret)
{
	struct view part = { 0 };
	unsigned version = 0, flags = 0, unused = 0;

	TRY(traceparent_take(&v, 2, &part, &version));
	TRY(traceparent_dash(&v));
	TRY(traceparent_take(&v, TRACEPARENT_TRACE, &ret->trace_id, &unused));
	TRY(traceparent_dash(&v));
	TRY(traceparent_take(&v, TRACEPARENT_SPAN, &ret->parent_id, &unused));
	TRY(traceparent_dash(&v));
	TRY(traceparent_take(&v, 2, &part, &flags));
	if (version == 0xff || (version == 0 && v.n) || (v.n && v.p[0] != '-'))
		return E_PROTO;
	if (traceparent_is_zero(ret->trace_id) || traceparent_is_zero(ret->parent_id))
		return E_PROTO;
	ret->is_sampled = flags & TRACEPARENT_SAMPLED;
	return E_OK;
}

enum err traceparent_parse(struct view v, struct traceparent *ret)
{
	struct traceparent t = { 0 };

	if (traceparent_read(v, &t) != E_OK)
		return E_PROTO;
	*ret = t;
	return E_OK;
}

void traceparent_put(struct wbuf *w, const struct traceparent *t)
{
	WBUF_LIT(w, "00-");
	wbuf_view_put(w, t->trace_id);
	WBUF_LIT(w, "-");
	wbuf_view_put(w, t->parent_id);
	wbuf_view_put(w, t->is_sampled ? VIEW("-01") : VIEW("-00"));
}
