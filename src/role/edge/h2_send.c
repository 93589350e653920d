/*
 * Streams from text to frames: what the edge's other modules send is parsed as strictly as if it
 * had come from a socket.
 */
#include "role/edge/h2_send.h"

#include "role/edge/buffer.h"
#include "role/edge/h2_session.h"
#include "role/edge/h2_stream.h"

enum {
	SEND_TRAILERS = 64,
	SEND_ROOM_MIN = 4096 /* read from a server for a stream whose window is closed */
};

/* ---- room ---- */

/*
 * What waits for a client lies in this process's memory, per stream; so servers are read only as
 * far as the client's windows go, and not at all while its connection takes nothing (THREATS A22).
 */
size_t h2_send_room(struct h2_stream *s)
{
	struct h2_session *n = s->session;
	int32_t window = 0, all = 0;

	if (s->is_closed)
		return READ_BYTES;
	if (n->conn->out) {
		n->is_waited_for = true;
		return 0;
	}
	window = nghttp2_session_get_stream_remote_window_size(n->ng, s->id);
	all = nghttp2_session_get_remote_window_size(n->ng);
	if (all < window)
		window = all;
	if (window < SEND_ROOM_MIN)
		return SEND_ROOM_MIN;
	return window < READ_BYTES ? (size_t)window : READ_BYTES;
}

/* ---- content and trailers, as the library asks for them ---- */

/* The library copies names and values. */
static size_t send_convert(const struct h2_fields *f, nghttp2_nv *nv)
{
	for (size_t i = 0; i < f->n; i++)
		nv[i] = (nghttp2_nv){ .name = (uint8_t *)(uintptr_t)f->p[i].name.p,
				      .namelen = f->p[i].name.n,
				      .value = (uint8_t *)(uintptr_t)f->p[i].value.p,
				      .valuelen = f->p[i].value.n };
	return f->n;
}

/* Trailers go out as the last frame: END_STREAM is on them. */
static ssize_t source_end(struct h2_stream *s, uint32_t *ret_flags)
{
	struct edge *e = s->session->edge;
	nghttp2_nv nv[SEND_TRAILERS];
	struct h2_field fields[SEND_TRAILERS];
	uint8_t names[CHUNKED_TRAILER_MAX];
	struct h2_fields f = { .p = fields,
			       .cap = SEND_TRAILERS,
			       .scratch = wbuf_of(names, sizeof names) };

	*ret_flags |= NGHTTP2_DATA_FLAG_EOF;
	s->ends_next = true;
	if (!s->trailers_out)
		return 0;
	*ret_flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
	if (h2_fields_trailers(&f, buffer_view(s->trailers_out)) != E_OK ||
	    nghttp2_submit_trailer(s->session->ng, s->id, nv, send_convert(&f, nv)) != 0)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	s->trailers_out = buffer_put(&e->buffers, s->trailers_out);
	return 0;
}

/* The library asks for the next content, at most max bytes, and then has it written. */
static ssize_t source_next(struct h2_stream *s, size_t max, uint32_t *ret_flags)
{
	size_t have = s->piece.n + (s->conn ? buffer_view(s->conn->out).n : 0);
	size_t n = have < max ? have : max;

	if (have == 0 && !s->has_all) {
		s->is_deferred = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	*ret_flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	if (n == have && s->has_all && source_end(s, ret_flags) < 0)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	/* in front of trailers the library leaves out a frame without content */
	if (n == 0 && *ret_flags & NGHTTP2_DATA_FLAG_NO_END_STREAM)
		h2_send_write(s, 0, NULL);
	return (ssize_t)n;
}

static ssize_t send_source(nghttp2_session *ng, int32_t id, uint8_t *to, size_t max,
			   uint32_t *flags, nghttp2_data_source *source, void *owner)
{
	struct h2_stream *s = nghttp2_session_get_stream_user_data(ng, id);

	(void)source;
	(void)to;
	(void)owner;
	return s ? source_next(s, max, flags) : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

/* ---- heads ---- */

/* Whether content follows the head in v, so that END_STREAM comes later. */
static bool send_has_body(const struct h2_stream *s, struct view rest)
{
	if (s->body_kind == BODY_NONE || (s->body_kind == BODY_LENGTH && s->body_left == 0))
		return false;
	return s->body_kind != BODY_CHUNKED || !view_eq(rest, VIEW("0\r\n\r\n"));
}

static enum err send_submit(struct h2_stream *s, const struct h2_fields *f, bool has_body)
{
	struct h2_session *n = s->session;
	nghttp2_nv *nv = n->edge->h2_nv;
	nghttp2_data_provider source = { .read_callback = send_source };
	size_t nv_n = send_convert(f, nv);
	int32_t id = 0;

	s->said_end = !has_body;
	if (n->is_server)
		return nghttp2_submit_response(n->ng, s->id, nv, nv_n, has_body ? &source : NULL)
			       ? E_NOMEM
			       : E_OK;
	id = nghttp2_submit_request(n->ng, NULL, nv, nv_n, has_body ? &source : NULL, s);
	if (id < 0)
		return E_NOMEM;
	s->id = id;
	(void)h2_gone_begin(&n->gone, id);
	return E_OK;
}

/* A request's head, to a server. */
static enum err send_request(struct edge *e, struct h2_stream *s, struct h2_fields *f,
			     struct view *v)
{
	struct http1_head h = { .fields = e->fields, .field_cap = FIELDS_MAX };
	struct http1_error why = { 0 };
	size_t progress = 0;
	struct view head = { 0 };

	TRY(http1_parse_request(*v, UINT16_MAX, &progress, &h, &why));
	TRY(view_take(v, h.n, &head));
	s->method = h.method_id;
	s->is_extended = h.flags & HTTP1_WEBSOCKET;
	s->body_kind = h.body;
	s->body_left = h.content_length;
	s->text_kind = s->is_extended ? H2_TEXT_RAW : H2_TEXT_BODY;
	for (size_t i = 0; s->is_extended && i < h.field_n; i++)
		if (view_ieq(field_name_view(head, &h.fields[i]), VIEW("Sec-WebSocket-Key")))
			h2_message_accept(field_value_view(head, &h.fields[i]), s->accept);
	TRY(h2_fields_request(f, head, &h, s->session->conn->tls != NULL));
	return send_submit(s, f, s->is_extended || send_has_body(s, *v));
}

static enum err send_interim(struct h2_stream *s, const struct h2_fields *f)
{
	nghttp2_nv *nv = s->session->edge->h2_nv;

	return nghttp2_submit_headers(s->session->ng, NGHTTP2_FLAG_NONE, s->id, NULL, nv,
				      send_convert(f, nv), NULL) < 0
		       ? E_NOMEM
		       : E_OK;
}

/* One head of an answer, to a client. */
static enum err send_response(struct edge *e, struct h2_stream *s, struct h2_fields *f,
			      struct view *v)
{
	struct http1_head h = { .fields = e->fields, .field_cap = FIELDS_MAX };
	struct http1_error why = { 0 };
	size_t progress = 0;
	struct view head = { 0 };
	bool is_switch = false;

	TRY(http1_parse_response(*v, UINT16_MAX, (enum http_method)s->method, &progress, &h, &why));
	TRY(view_take(v, h.n, &head));
	is_switch = h.status == 101;
	if (is_switch && !s->is_extended)
		return E_PROTO; /* RFC 9113 §8.6 */
	TRY(h2_fields_response(f, head, &h, s->is_extended));
	if (h.status < 200 && !is_switch)
		return send_interim(s, f);
	s->body_kind = h.body;
	s->body_left = h.content_length;
	s->text_kind = is_switch ? H2_TEXT_RAW : H2_TEXT_BODY;
	return send_submit(s, f, is_switch || send_has_body(s, *v));
}

static enum err send_head(struct edge *e, struct h2_stream *s, struct view *v)
{
	struct h2_fields f = { .p = e->h2_fields,
			       .cap = FIELDS_MAX,
			       .scratch = wbuf_of(e->path, sizeof e->path) };
	enum err sent = E_OK;

	if (s->session->is_server)
		sent = send_response(e, s, &f, v);
	else
		sent = send_request(e, s, &f, v);
	if (sent == E_OK && s->said_end) {
		s->text_kind = H2_TEXT_DONE;
		*v = (struct view){ 0 };
	}
	return sent == E_AGAIN ? E_PROTO : sent; /* a head always comes in one piece */
}

/* ---- bodies ---- */

/* Content to be sent, behind what waits. */
static enum err send_content(struct edge *e, struct h2_stream *s, struct view data)
{
	struct conn *k = s->conn;

	if (k->out)
		return buffer_append(k->out, data);
	if (s->is_deferred && !s->is_closed) {
		s->is_deferred = false;
		(void)nghttp2_session_resume_data(s->session->ng, s->id);
	}
	s->piece = data;
	h2_session_pump(s->session);
	data = s->piece;
	s->piece = (struct view){ 0 };
	if (data.n == 0)
		return E_OK;
	k->out = buffer_get(&e->buffers);
	return k->out ? buffer_append(k->out, data) : E_NOMEM;
}

static enum err send_trailer(struct edge *e, struct h2_stream *s, struct view line)
{
	if (!s->trailers_out)
		s->trailers_out = buffer_get(&e->buffers);
	return s->trailers_out ? buffer_append(s->trailers_out, line) : E_NOMEM;
}

/* What chunks hold. The last data and the end are sent together. */
static enum err send_chunks(struct edge *e, struct h2_stream *s, struct view v)
{
	struct view data = { 0 };
	enum err got = E_OK;

	while (got == E_OK && !s->has_all) {
		enum chunked_piece piece = CHUNKED_DATA;
		struct view part = { 0 };

		got = chunked_next(&s->chunks, &v, &piece, &part);
		if (got != E_OK)
			break;
		if (piece == CHUNKED_TRAILER)
			TRY(send_trailer(e, s, part));
		s->has_all = piece == CHUNKED_END;
		if (piece != CHUNKED_DATA)
			continue;
		if (data.n)
			TRY(send_content(e, s, data));
		data = part;
	}
	if (got != E_OK && got != E_AGAIN)
		return got;
	if (v.n)
		return E_PROTO; /* lines always come in one piece, and nothing behind the end */
	return data.n || s->has_all ? send_content(e, s, data) : E_OK;
}

static enum err send_body(struct edge *e, struct h2_stream *s, struct view v)
{
	if (s->body_kind == BODY_CHUNKED && s->text_kind == H2_TEXT_BODY)
		return send_chunks(e, s, v);
	if (s->body_kind == BODY_LENGTH && s->text_kind == H2_TEXT_BODY) {
		if (v.n > s->body_left)
			return E_PROTO;
		s->body_left -= v.n;
		s->has_all = s->body_left == 0;
	}
	return send_content(e, s, v);
}

enum err h2_send(struct edge *e, struct conn *k, struct view v)
{
	struct h2_stream *s = k->stream;
	enum err sent = E_OK;

	if (k->is_broken || s->is_closed)
		return E_CLOSED;
	h2_session_touch(s->session);
	list_remove(&s->node); /* who has sent comes last when room is given out */
	list_append(&s->session->streams, &s->node);
	while (sent == E_OK && s->text_kind == H2_TEXT_HEAD && v.n)
		sent = send_head(e, s, &v);
	if (sent == E_OK && v.n && s->text_kind == H2_TEXT_DONE)
		return E_PROTO;
	if (sent == E_OK && v.n)
		sent = send_body(e, s, v);
	return sent;
}

enum err h2_send_flush(struct edge *e, struct conn *k)
{
	(void)e;
	if (k->is_broken || k->stream->is_closed)
		return E_CLOSED;
	return E_AGAIN; /* what waits goes when the session is flushed */
}

void h2_send_end(struct edge *e, struct conn *k)
{
	struct h2_stream *s = k->stream;

	if (s->has_all || s->text_kind == H2_TEXT_HEAD || s->text_kind == H2_TEXT_DONE ||
	    k->is_broken || s->is_closed)
		return;
	s->has_all = true;
	if (send_content(e, s, (struct view){ 0 }) != E_OK)
		k->is_broken = true;
}

/* ---- what the library takes ---- */

void h2_send_write(struct h2_stream *s, size_t n, struct buffer *to)
{
	struct wbuf w = { 0 };
	struct buffer *out = s->conn->out;

	s->has_moved = true;
	if (s->ends_next) {
		s->said_end = true;
		h2_stream_is_ready(s);
	}
	if (n == 0)
		return;
	w = (struct wbuf){ .p = to->p, .n = to->n, .cap = BUFFER_BYTES };
	if (out) {
		wbuf_view_put(&w, view_slice(buffer_view(out), 0, n));
		out->at += (uint32_t)n;
	} else {
		wbuf_view_put(&w, view_slice(s->piece, 0, n));
		s->piece = view_slice(s->piece, n, s->piece.n);
	}
	INVARIANT(!w.bad);
	to->n = (uint32_t)w.n;
	if (out && out->at == out->n) {
		s->conn->out = buffer_put(&s->session->edge->buffers, out);
		h2_stream_is_ready(s);
	}
}
