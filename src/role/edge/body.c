/*
 * Bodies. One of known length passes as it is, without a copy. A chunked one is decoded and framed
 * anew, one chunk per read, so that nothing of the sender's framing reaches the receiver (THREATS
 * A1).
 */
#include "role/edge/body.h"

/* Eight hexadecimal digits and CRLF, right behind which the data goes. */
enum { BODY_SIZE_LINE = 10 };

void body_init(struct body *b, enum http_body kind, uint64_t length, bool is_chunked)
{
	*b = (struct body){ .kind = (uint8_t)kind, .left = length, .is_chunked = is_chunked };
	b->is_done = kind == BODY_NONE || (kind == BODY_LENGTH && length == 0);
}

static void body_close_chunk(struct body *b, struct wbuf *w)
{
	size_t data = w->n - BODY_SIZE_LINE;

	if (!b->is_chunked)
		return;
	if (data == 0) {
		w->n = 0;
		return;
	}
	for (unsigned i = 0; i < 8; i++)
		w->p[i] = (uint8_t) "0123456789abcdef"[data >> (28 - 4 * i) & 15];
	w->p[8] = '\r';
	w->p[9] = '\n';
	WBUF_LIT(w, "\r\n");
}

/* The part of a chunked body behind its data: last chunk and trailers. */
static void body_put_tail(struct body *b, struct wbuf *w, enum chunked_piece piece,
			  struct view line)
{
	if (!b->in_trailers)
		body_close_chunk(b, w);
	b->is_done = piece == CHUNKED_END;
	if (b->is_chunked && !b->in_trailers)
		WBUF_LIT(w, "0\r\n");
	b->in_trailers = true;
	if (b->is_chunked && piece == CHUNKED_TRAILER)
		wbuf_view_put(w, b->drops_trailers ? (struct view){ 0 } : line);
	else if (b->is_chunked)
		WBUF_LIT(w, "\r\n");
}

static enum err body_next_chunked(struct body *b, struct view *in, struct wbuf *w, struct view *ret)
{
	size_t from = b->is_chunked ? 0 : BODY_SIZE_LINE;
	enum err e = E_OK;

	if (!b->in_trailers)
		w->n = BODY_SIZE_LINE;
	while (!b->is_done) {
		enum chunked_piece piece = CHUNKED_DATA;
		struct view data = { 0 };

		e = chunked_next(&b->chunks, in, &piece, &data);
		if (e != E_OK)
			break;
		if (piece == CHUNKED_DATA) {
			wbuf_view_put(w, data);
			b->moved += data.n;
		} else {
			body_put_tail(b, w, piece, data);
		}
	}
	if (e != E_OK && e != E_AGAIN)
		return e;
	if (!b->in_trailers)
		body_close_chunk(b, w);
	TRY(wbuf_check(w));
	*ret = view_slice(wbuf_view(w), from, w->n);
	return E_OK;
}

/* One that comes without chunks and has to go in chunks. */
static void body_frame(struct view data, struct body *b, struct wbuf *w, struct view *ret)
{
	w->n = BODY_SIZE_LINE;
	wbuf_view_put(w, data);
	body_close_chunk(b, w);
	*ret = wbuf_view(w);
}

uint64_t body_run(const struct body *b)
{
	if (b->is_done || b->is_chunked || b->kind == BODY_CHUNKED)
		return 0;
	return b->kind == BODY_LENGTH ? b->left : UINT64_MAX;
}

enum err body_pass(struct body *b, uint64_t n)
{
	b->moved += n;
	if (b->kind == BODY_LENGTH) {
		b->left -= n;
		b->is_done = b->left == 0;
	}
	return b->limit && b->moved > b->limit ? E_LIMIT : E_OK;
}

static enum err body_move(struct body *b, struct view *in, struct wbuf *scratch, struct view *ret)
{
	struct view data = { 0 };

	*ret = (struct view){ 0 };
	if (b->is_done)
		return E_OK;
	if (b->kind == BODY_CHUNKED)
		return body_next_chunked(b, in, scratch, ret);
	TRY(view_take(in, b->kind == BODY_LENGTH && b->left < in->n ? (size_t)b->left : in->n,
		      &data));
	(void)body_pass(b, data.n); /* the limit is looked at when all of it is known */
	if (b->is_chunked && data.n)
		body_frame(data, b, scratch, ret);
	else
		*ret = data;
	return wbuf_check(scratch);
}

enum err body_next(struct body *b, struct view *in, struct wbuf *scratch, struct view *ret)
{
	TRY(body_move(b, in, scratch, ret));
	return b->limit && b->moved > b->limit ? E_LIMIT : E_OK;
}

struct view body_content(const struct body *b, struct view given, uint64_t before)
{
	size_t n = (size_t)(b->moved - before);

	return view_slice(given, b->is_chunked ? BODY_SIZE_LINE : 0, n);
}

enum err body_end(struct body *b)
{
	if (b->kind != BODY_UNTIL_CLOSE)
		return E_PROTO;
	b->is_done = true;
	return E_OK;
}
