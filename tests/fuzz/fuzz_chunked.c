/* The chunked coding: pieces give what the whole gives, nothing is consumed that is not there, and
 * what was decoded survives being encoded again. */
#include "tests/fuzz/fuzz.h"

#include "proto/chunked.h"

struct decoded {
	struct wbuf data, trailers;
	size_t used;
	enum err e; /* E_OK: the end was reached */
};

static struct decoded decoded_new(size_t n)
{
	return (struct decoded){ .data = wbuf_of(malloc(n + 1), n + 1),
				 .trailers = wbuf_of(malloc(n + 1), n + 1) };
}

static void decoded_done(struct decoded *d)
{
	free(d->data.p);
	free(d->trailers.p);
}

/* All pieces that part holds; part is what is left of the message, or its front. */
static enum err decode_part(struct chunked *c, struct decoded *d, struct view part)
{
	uint8_t *copy = fuzz_copy(part);
	struct view in = view_of(copy, part.n), v = { 0 };
	enum chunked_piece piece = CHUNKED_DATA;
	enum err e = E_OK;

	while (e == E_OK) {
		size_t was = in.n;

		e = chunked_next(c, &in, &piece, &v);
		INVARIANT(in.n <= was);
		d->used += was - in.n;
		if (e != E_OK || piece == CHUNKED_END)
			break;
		INVARIANT(v.n > 0 && v.n <= was - in.n);
		wbuf_view_put(piece == CHUNKED_DATA ? &d->data : &d->trailers, v);
	}
	free(copy);
	return e;
}

static struct decoded decode(struct view in, size_t step)
{
	struct decoded d = decoded_new(in.n);
	struct chunked c = { 0 };
	size_t n = 0;

	do {
		n = n + step < in.n ? n + step : in.n;
		d.e = decode_part(&c, &d, view_slice(in, d.used, n - d.used));
	} while (d.e == E_AGAIN && n < in.n);
	INVARIANT(!d.data.bad && !d.trailers.bad && d.used <= in.n);
	return d;
}

static void check_pieces(const struct decoded *whole, struct view in, size_t step)
{
	struct decoded parts = decode(in, step);

	INVARIANT(parts.e == whole->e);
	INVARIANT(parts.e != E_OK || parts.used == whole->used);
	INVARIANT(view_eq(wbuf_view(&parts.data), wbuf_view(&whole->data)));
	INVARIANT(view_eq(wbuf_view(&parts.trailers), wbuf_view(&whole->trailers)));
	decoded_done(&parts);
}

static void check_round_trip(const struct decoded *whole)
{
	size_t n = whole->data.n + whole->trailers.n + 64;
	struct wbuf w = wbuf_of(malloc(n), n);
	struct decoded again = { 0 };

	if (whole->data.n) {
		chunked_put_size(&w, whole->data.n);
		wbuf_view_put(&w, wbuf_view(&whole->data));
		WBUF_LIT(&w, "\r\n");
	}
	WBUF_LIT(&w, "0\r\n");
	wbuf_view_put(&w, wbuf_view(&whole->trailers));
	WBUF_LIT(&w, "\r\n");
	again = decode(wbuf_view(&w), w.n);
	INVARIANT(again.e == E_OK && again.used == w.n);
	INVARIANT(view_eq(wbuf_view(&again.data), wbuf_view(&whole->data)));
	INVARIANT(view_eq(wbuf_view(&again.trailers), wbuf_view(&whole->trailers)));
	decoded_done(&again);
	free(w.p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view in = view_of(data, size);
	struct decoded whole = decode(in, size ? size : 1);

	if (size) {
		check_pieces(&whole, in, 1 + fuzz_choice(in, 1, size));
		if (size <= 4096)
			check_pieces(&whole, in, 1);
	}
	if (whole.e == E_OK)
		check_round_trip(&whole);
	decoded_done(&whole);
	return 0;
}
