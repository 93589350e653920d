/* Faults of the kind that the proofs are for: none of these functions may be provable. */
#include "base/wbuf.h"

/*@ requires view_ok(v);
  @ assigns \nothing;
  @*/
static size_t wrong_read_behind(struct view v)
{
	size_t i = 0;

	/*@ loop invariant i <= v.n;
	  @ loop assigns i;
	  @ loop variant v.n - i;
	  @*/
	while (i < v.n && v.p[i + 1] == ' ')
		i++;
	return i;
}

/*@ requires view_ok(v);
  @ assigns \nothing;
  @*/
static uint8_t wrong_read_empty(struct view v)
{
	return v.p[0];
}

/*@ requires wbuf_ok(w);
  @ assigns w->n, w->p[w->n .. w->cap - 1];
  @ ensures wbuf_ok(w);
  @*/
static void wrong_write_full(struct wbuf *w)
{
	w->p[w->n++] = 0;
}

/*@ requires view_ok(v) && from <= 1000;
  @ assigns \nothing;
  @*/
static uint8_t wrong_difference(struct view v, size_t from)
{
	return v.n - from > 4 ? v.p[from + 3] : 0;
}

/*@ requires \valid(v) && view_ok(*v);
  @ assigns *v;
  @ ensures view_ok(*v);
  @*/
static void wrong_forget_length(struct view *v)
{
	if (v->n)
		v->p++;
}

/*@ requires digit <= 9 && size <= 1000000;
  @ assigns \nothing;
  @ ensures \result == size * 10 + digit;
  @*/
static uint16_t wrong_cut_number(uint32_t size, uint32_t digit)
{
	return (uint16_t)(size * 10 + digit);
}

/*@ requires view_ok(v);
  @ assigns \nothing;
  @*/
static size_t wrong_no_end(struct view v)
{
	size_t i = 0;

	/*@ loop invariant i <= v.n;
	  @ loop assigns i;
	  @ loop variant v.n - i;
	  @*/
	while (i < v.n)
		i += v.p[i] == ' ';
	return i;
}

/* Calls that break their callee's contract. */
/*@ requires view_ok(v);
  @ assigns \nothing;
  @*/
static bool wrong_call(struct view v)
{
	return view_eq(view_of(v.p, v.n + 1), v);
}
