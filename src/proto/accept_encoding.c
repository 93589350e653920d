/* Negotiation of content codings; one pass over the list, weights in thousandths. */
#include "proto/accept_encoding.h"

#include "proto/field.h"

enum { WEIGHT_FULL = ACCEPT_ENCODING_WEIGHT, WEIGHT_DIGITS = 3 };

static const struct view accept_encoding_names[ENCODING_N] = {
	[ENCODING_IDENTITY] = VIEW_INIT("identity"),
	[ENCODING_GZIP] = VIEW_INIT("gzip"),
	[ENCODING_BR] = VIEW_INIT("br"),
	[ENCODING_ZSTD] = VIEW_INIT("zstd"),
};

struct view accept_encoding_name(enum encoding coding)
{
	//@ admit tables: coding < ENCODING_N ==> view_ok(accept_encoding_names[coding]);
	return accept_encoding_names[coding];
}

/* ENCODING_N: none that we know. */
/*@ requires view_ok(name);
  @ assigns \nothing;
  @ ensures 0 <= \result <= ENCODING_N;
  @*/
static enum encoding accept_encoding_of(struct view name)
{
	/*@ loop invariant i <= ENCODING_N;
	  @ loop assigns i;
	  @ loop variant ENCODING_N - i;
	  @*/
	for (unsigned i = 0; i < ENCODING_N; i++) {
		//@ admit tables: i < ENCODING_N ==> view_ok(accept_encoding_names[i]);
		if (view_ieq(name, accept_encoding_names[i]))
			return (enum encoding)i;
	}
	/* RFC 9110 §8.4.1.3: x-gzip is gzip */
	return view_ieq(name, VIEW("x-gzip")) ? ENCODING_GZIP : ENCODING_N;
}

enum err accept_encoding_qvalue(struct view v, uint16_t *ret)
{
	unsigned q = 0, unit = WEIGHT_FULL;

	if (v.n == 0 || v.n > 2 + WEIGHT_DIGITS || (v.p[0] != '0' && v.p[0] != '1'))
		return E_PROTO;
	if (v.n > 1 && v.p[1] != '.')
		return E_PROTO;
	q = (unsigned)(v.p[0] - '0') * unit;
	/*@ loop invariant 2 <= i;
	  @ loop assigns i, unit, q;
	  @ loop variant v.n - i;
	  @*/
	for (size_t i = 2; i < v.n; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return E_PROTO;
		unit /= 10;
		q += (unsigned)(v.p[i] - '0') * unit;
	}
	if (q > WEIGHT_FULL)
		return E_PROTO;
	*ret = (uint16_t)q;
	return E_OK;
}

/* One element: a coding, and its weight if it has one. */
/*@ requires view_ok(v) && \valid(ret_name) && \valid(ret_q) && \separated(ret_name, ret_q);
  @ assigns *ret_name, *ret_q;
  @ ensures \result == E_OK || \result == E_PROTO;
  @ ensures \result == E_OK ==> view_ok(*ret_name);
  @*/
static enum err accept_encoding_element(struct view v, struct view *ret_name, uint16_t *ret_q)
{
	size_t semicolon = view_find(v, ';');
	struct view weight = view_trim(view_slice(v, semicolon + 1, v.n));

	*ret_name = view_trim(view_slice(v, 0, semicolon));
	*ret_q = WEIGHT_FULL;
	if (!field_is_token(*ret_name))
		return E_PROTO;
	if (semicolon == v.n)
		return E_OK;
	if (!view_starts(weight, VIEW("q=")) && !view_starts(weight, VIEW("Q=")))
		return E_PROTO;
	return accept_encoding_qvalue(view_slice(weight, 2, weight.n), ret_q);
}

/*@ requires \valid(a) && view_ok(name);
  @ assigns *a;
  @ ensures a->elements == \old(a->elements);
  @*/
static void accept_encoding_take(struct accept_encoding *a, struct view name, uint16_t q)
{
	enum encoding coding = accept_encoding_of(name);

	if (view_eq(name, VIEW("*")) && !a->has_any) {
		a->has_any = true;
		a->any = q;
	} else if (coding != ENCODING_N && !(a->named & 1u << coding)) {
		a->named |= (uint8_t)(1u << coding);
		a->q[coding] = q;
	}
}

void accept_encoding_add(struct accept_encoding *a, struct view value)
{
	struct view element = { 0 };

	/*@ loop invariant view_ok(value) && value.n < SIZE_MAX;
	  @ loop assigns value, element, *a;
	  @ loop variant value.n;
	  @*/
	while (a->elements < ACCEPT_ENCODING_ELEMENTS && field_list_next(&value, &element)) {
		struct view name = { 0 };
		uint16_t q = 0;

		a->elements++;
		if (accept_encoding_element(element, &name, &q) == E_OK)
			accept_encoding_take(a, name, q);
	}
}

/*@ requires \valid_read(a) && 0 <= coding < ENCODING_N;
  @ assigns \nothing;
  @*/
static uint16_t accept_encoding_weight(const struct accept_encoding *a, enum encoding coding)
{
	if (a->named & 1u << coding)
		return a->q[coding];
	if (a->has_any)
		return a->any;
	return 0;
}

enum encoding accept_encoding_choose(const struct accept_encoding *a, const uint8_t *offer,
				     size_t offer_n)
{
	/* identity that is not named is taken by everybody, and preferred to nothing */
	uint16_t best_q = a->named & 1u << ENCODING_IDENTITY ? a->q[ENCODING_IDENTITY] : 0;
	enum encoding best = ENCODING_IDENTITY;

	/*@ loop invariant i <= offer_n && 0 <= best < ENCODING_N;
	  @ loop assigns i, best, best_q;
	  @ loop variant offer_n - i;
	  @*/
	for (size_t i = 0; i < offer_n; i++) {
		enum encoding coding = (enum encoding)offer[i];
		uint16_t q = coding == ENCODING_IDENTITY ? 0 : accept_encoding_weight(a, coding);
		bool is_better = best == ENCODING_IDENTITY ? q >= best_q : q > best_q;

		if (q && is_better) {
			best = coding;
			best_q = q;
		}
	}
	return best;
}
