/*
 * Compression. A stream is taken for the time of one answer; when all are in use, or one can't be
 * set up, the answer goes as it is. The server's framing has been taken off before and chunks of
 * our own are put around what comes out, so nothing of how the body came reaches the client.
 *
 * A request or an answer with credentials is left alone: with them the length of a compressed
 * answer can tell an attacker, who has part of it reflected, what else is in it (BREACH: Gluck,
 * Harris, Prado, 2013). So is everything that says that its bytes matter: no-transform (RFC 9111
 * §5.2.2.6), digests (RFC 9530), parts (206), announced trailers.
 */
#include "role/edge/compress.h"

#include "role/edge/answer.h"
#include "role/edge/banner.h"
#include "role/edge/body.h"
#include "role/edge/tripwire.h"

_Static_assert((int)IMAGE_COMPRESS_FAST == (int)COMPRESS_FAST &&
		       (int)IMAGE_COMPRESS_SMALL == (int)COMPRESS_SMALL,
	       "one scale");

enum {
	COMPRESS_FRAME = 32,	/* room for a chunk's size, its end, and the last chunk */
	COMPRESS_BEHIND = 2048, /* room for a banner */
	COMPRESS_TRIM_MS = 2000 /* a stream that rested so long gives its memory back */
};

static const struct image_compress *compress_option(const struct exchange *x)
{
	return image_compress_at(&x->g->image, x->rule->compress);
}

/* ---- the request ---- */

static bool compress_has_word(struct view list, struct view word)
{
	struct view element = { 0 };

	while (field_list_next(&list, &element))
		if (view_ieq(element, word))
			return true;
	return false;
}

void compress_ask(struct exchange *x, struct view head, const struct http1_head *h)
{
	static const uint8_t order[] = { ENCODING_ZSTD, ENCODING_BR, ENCODING_GZIP };
	const struct image_compress *option = compress_option(x);
	struct accept_encoding accept = { 0 };
	uint8_t offer[sizeof order];
	size_t n = 0;

	for (size_t i = 0; i < h->field_n; i++) {
		const struct field *f = &h->fields[i];
		struct view value = field_value_view(head, f);

		if (!option->even_with_credentials &&
		    (f->id == FIELD_COOKIE || f->id == FIELD_AUTHORIZATION))
			return;
		if (f->id == FIELD_CACHE_CONTROL && compress_has_word(value, VIEW("no-transform")))
			return;
		if (view_ieq(field_name_view(head, f), VIEW("accept-encoding")))
			accept_encoding_add(&accept, value);
	}
	for (size_t i = 0; i < sizeof order; i++)
		if (option->algorithms & 1u << order[i])
			offer[n++] = order[i];
	if (!(x->flags & X_OLD_CLIENT))
		x->coding = (uint8_t)accept_encoding_choose(&accept, offer, n);
}

/* ---- the answer's head ---- */

static bool compress_has_type(const struct exchange *x, struct view value)
{
	const struct image *im = &x->g->image;
	const struct image_range *types = &compress_option(x)->types;
	struct view type = view_trim(view_slice(value, 0, view_find(value, ';')));

	for (uint32_t i = 0; i < types->n; i++) {
		struct view t = image_view(im, *image_media_type_at(im, types->first + i));

		if (view_ieq(view_ends(t, VIEW("/")) ? view_slice(type, 0, t.n) : type, t))
			return true;
	}
	return false;
}

/* Fields that forbid it, whatever they say. */
static bool compress_is_forbidden_by(struct view head, const struct field *f,
				     const struct image_compress *option)
{
	static const struct view names[] = { VIEW_INIT("content-digest"), VIEW_INIT("repr-digest"),
					     VIEW_INIT("digest"), VIEW_INIT("content-md5") };
	struct view name = field_name_view(head, f);

	if (f->id == FIELD_CONTENT_ENCODING || f->id == FIELD_CONTENT_RANGE ||
	    f->id == FIELD_TRAILER)
		return true;
	if (f->id == FIELD_SET_COOKIE)
		return !option->even_with_credentials;
	if (f->id == FIELD_CACHE_CONTROL)
		return compress_has_word(field_value_view(head, f), VIEW("no-transform"));
	for (size_t i = 0; f->id == FIELD_OTHER && i < sizeof names / sizeof names[0]; i++)
		if (view_ieq(name, names[i]))
			return true;
	return false;
}

static bool compress_is_candidate(const struct exchange *x, struct view head,
				  const struct http1_head *h)
{
	const struct image_compress *option = compress_option(x);
	bool has_type = false, has_length = false;

	if (h->status == 304)
		return true;
	if (h->status == 204 || h->status == 205 || h->status == 206)
		return false;
	for (size_t i = 0; i < h->field_n; i++) {
		const struct field *f = &h->fields[i];

		if (compress_is_forbidden_by(head, f, option))
			return false;
		has_type |= f->id == FIELD_CONTENT_TYPE &&
			    compress_has_type(x, field_value_view(head, f));
		has_length |= f->id == FIELD_CONTENT_LENGTH;
	}
	return has_type && (!has_length || h->content_length >= option->min_bytes);
}

/* One that is free, or one that was never used. */
static struct compress_slot *compress_slot(struct edge *e)
{
	struct compress_slot *z = e->compress.free;

	if (z) {
		e->compress.free = z->next;
		return z;
	}
	if (e->compress.n == COMPRESS_SLOTS ||
	    compress_stream_map(&e->compress.all[e->compress.n].stream) != E_OK)
		return NULL;
	return &e->compress.all[e->compress.n++];
}

static void compress_slot_put(struct edge *e, struct compress_slot *z)
{
	compress_stream_close(&z->stream);
	z->used_ms = e->loop.now_ms;
	z->next = e->compress.free;
	e->compress.free = z;
}

static enum compress_state compress_open(struct edge *e, struct exchange *x,
					 enum compress_level level, uint64_t length)
{
	struct compress_slot *z = compress_slot(e);

	if (z &&
	    compress_stream_open(&z->stream, (enum encoding)x->coding, level, length) != E_OK) {
		compress_slot_put(e, z);
		z = NULL;
	}
	if (!z) {
		PAGE_ADD(e->load->delivery.compress_refused, 1);
		return COMPRESS_VARY;
	}
	z->canary_at = 0;
	x->z = z;
	x->answer.is_chunked = false;
	PAGE_ADD(e->load->delivery.compressed, 1);
	return COMPRESS_ON;
}

void compress_begin(struct edge *e, struct exchange *x, struct view head,
		    const struct http1_head *h)
{
	if (!compress_is_candidate(x, head, h))
		return;
	x->compress = COMPRESS_VARY;
	if (x->coding == ENCODING_IDENTITY)
		return;
	if (x->answer.is_done) {
		bool is_head = x->method == METHOD_HEAD || h->status == 304;

		x->compress = is_head ? COMPRESS_HEAD : COMPRESS_VARY;
		return;
	}
	x->compress = (uint8_t)compress_open(e, x, (enum compress_level)compress_option(x)->level,
					     h->body == BODY_LENGTH ? h->content_length : 0);
}

bool compress_pass(struct edge *e, struct exchange *x)
{
	x->coding = ENCODING_IDENTITY;
	x->compress = (uint8_t)compress_open(e, x, COMPRESS_FAST, 0);
	if (x->compress != COMPRESS_ON)
		x->compress = COMPRESS_OFF;
	return x->compress == COMPRESS_ON;
}

bool compress_drops(struct view head, const struct field *f)
{
	struct view name = field_name_view(head, f);

	if (f->id == FIELD_CONTENT_LENGTH)
		return true;
	return f->id == FIELD_OTHER &&
	       (view_ieq(name, VIEW("etag")) || view_ieq(name, VIEW("accept-ranges")));
}

/* The bytes are others now, so the tag may only say that they mean the same (RFC 9110 §8.8.3). */
static void compress_put_etag(struct wbuf *w, struct view value)
{
	WBUF_LIT(w, "ETag: ");
	if (!view_starts(value, VIEW("W/")))
		WBUF_LIT(w, "W/");
	wbuf_view_put(w, value);
	WBUF_LIT(w, "\r\n");
}

void compress_put_fields(struct wbuf *w, const struct exchange *x, struct view head,
			 const struct http1_head *h)
{
	bool is_coded = x->compress >= COMPRESS_HEAD, has_vary = false;

	for (size_t i = 0; i < h->field_n; i++) {
		struct view name = field_name_view(head, &h->fields[i]);
		struct view value = field_value_view(head, &h->fields[i]);

		if (h->fields[i].id != FIELD_OTHER)
			continue;
		if (is_coded && view_ieq(name, VIEW("etag")))
			compress_put_etag(w, value);
		if (view_ieq(name, VIEW("vary")))
			has_vary |= compress_has_word(value, VIEW("accept-encoding")) ||
				    compress_has_word(value, VIEW("*"));
	}
	if (!has_vary)
		WBUF_LIT(w, "Vary: Accept-Encoding\r\n");
	if (is_coded && h->status != 304) {
		WBUF_LIT(w, "Content-Encoding: ");
		wbuf_view_put(w, accept_encoding_name((enum encoding)x->coding));
		WBUF_LIT(w, "\r\n");
	}
	if (x->compress == COMPRESS_ON)
		WBUF_LIT(w, "Transfer-Encoding: chunked\r\n");
}

/* ---- the answer's body ---- */

bool compress_has_more(const struct exchange *x)
{
	return compress_stream_pending(&x->z->stream).n ||
	       (x->answer.is_done && x->compress == COMPRESS_ON);
}

/* What has come out as a chunk behind what w holds, as much as fits; behind all of it the end. */
static void compress_frame(struct exchange *x, struct wbuf *w)
{
	struct compress_stream *s = &x->z->stream;
	struct view v = compress_stream_pending(s);
	size_t room = wbuf_room(w), n = 0;

	if (room <= COMPRESS_FRAME)
		return;
	n = v.n < room - COMPRESS_FRAME ? v.n : room - COMPRESS_FRAME;
	if (n) {
		chunked_put_size(w, n);
		wbuf_put(w, v.p, n);
		WBUF_LIT(w, "\r\n");
		compress_stream_take(s, n);
	}
	if (n == v.n && x->answer.is_done) {
		WBUF_LIT(w, "0\r\n\r\n");
		x->compress = COMPRESS_DONE;
	}
}

/* The end, and what comes behind it. */
static enum err compress_end(struct edge *e, struct exchange *x, struct view content)
{
	uint8_t text[COMPRESS_BEHIND];
	struct wbuf behind = wbuf_of(text, sizeof text);

	if (banner_is_due(x)) {
		TRY(compress_stream_put(&x->z->stream, content, COMPRESS_STREAM_GO));
		banner_put(&behind, e, x);
		TRY(wbuf_check(&behind));
		content = wbuf_view(&behind);
	}
	return compress_stream_put(&x->z->stream, content, COMPRESS_STREAM_END);
}

enum err compress_take(struct edge *e, struct exchange *x, struct view content, struct wbuf *w)
{
	tripwire_check(x->c->conn.edge, &x->c->conn, content, &x->z->canary_at);
	TRY(x->answer.is_done ? compress_end(e, x, content)
			      : compress_stream_put(&x->z->stream, content, COMPRESS_STREAM_GO));
	compress_frame(x, w);
	return E_OK;
}

enum err compress_send(struct edge *e, struct exchange *x)
{
	while (compress_has_more(x) && !x->c->conn.out) {
		struct wbuf w = wbuf_of(e->piece, sizeof e->piece);

		compress_frame(x, &w);
		TRY(wbuf_check(&w));
		TRY(answer_send(e, x, wbuf_view(&w)));
	}
	return E_OK;
}

enum err compress_pause(struct edge *e, struct exchange *x)
{
	if (!x->z->stream.is_dirty)
		return E_OK;
	TRY(compress_stream_put(&x->z->stream, (struct view){ 0 }, COMPRESS_STREAM_FLUSH));
	return compress_send(e, x);
}

enum err compress_finish(struct edge *e, struct exchange *x)
{
	TRY(compress_end(e, x, (struct view){ 0 }));
	return compress_send(e, x);
}

/* ---- streams ---- */

void compress_drop(struct edge *e, struct exchange *x)
{
	if (!x->z)
		return;
	PAGE_ADD(e->load->delivery.compress_in, x->z->stream.in_n);
	PAGE_ADD(e->load->delivery.compress_out, x->z->stream.out_n);
	compress_slot_put(e, x->z);
	x->z = NULL;
}

void compress_tick(struct edge *e)
{
	for (struct compress_slot *z = e->compress.free; z; z = z->next)
		if (z->used_ms + COMPRESS_TRIM_MS <= e->loop.now_ms &&
		    compress_stream_trim(&z->stream) != E_OK)
			return;
}
