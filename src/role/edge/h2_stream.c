/*
 * Streams. From frames to text: a head as it was made, content as one chunk per reading (or as it
 * is, when its length was stated), the last chunk and trailers when the stream ends. From text to
 * frames: h2_send.c.
 *
 * Content counts as read, and the peer may send as much again, when it has been handed on; so a
 * stream holds at most two windows of it.
 */
#include "role/edge/h2_stream.h"

#include "role/edge/buffer.h"
#include "role/edge/client.h"
#include "role/edge/h2_send.h"
#include "role/edge/h2_session.h"

enum {
	STREAM_SILENT_MS = 1000 /* a server that says nothing for so long gets no new streams */
};

/* ---- begin and end ---- */

struct h2_stream *h2_stream_new(struct h2_session *n, int32_t id)
{
	struct edge *e = n->edge;
	struct h2_stream *s = e->free_h2_streams;

	if (s)
		e->free_h2_streams = s->next;
	else if (e->h2_stream_high < e->h2_stream_cap)
		s = &e->h2_streams[e->h2_stream_high++];
	if (!s)
		return NULL;
	*s = (struct h2_stream){ .session = n, .id = id, .began_ms = e->loop.now_ms };
	s->is_first = !n->had_stream;
	n->had_stream = true;
	list_init(&s->ready);
	list_init(&s->parked);
	list_append(&n->streams, &s->node);
	n->stream_n++;
	return s;
}

void h2_stream_attach(struct edge *e, struct h2_stream *s, struct conn *k, enum source_kind kind)
{
	*k = (struct conn){ .source = { .fd = -1, .kind = (uint8_t)kind }, .edge = e, .stream = s };
	wheel_entry_init(&k->timer);
	s->conn = k;
}

/* The request that waited longest takes the place of one that has ended. */
static void stream_leave(struct h2_session *n, struct h2_stream *s)
{
	list_remove(&s->parked);
	n->closing_n -= s->is_closing;
	if (!s->is_running)
		return;
	n->running_n--;
	if (!list_is_empty(&n->parked) && !n->is_dead)
		h2_stream_is_ready(OWNER_OF(n->parked.next, struct h2_stream, parked));
}

static void stream_free(struct h2_stream *s)
{
	struct h2_session *n = s->session;
	struct edge *e = n->edge;

	if (s->id && !s->is_closed)
		(void)nghttp2_session_set_stream_user_data(n->ng, s->id, NULL);
	if (s->content && n->ng) /* read now, as far as the connection's window is concerned */
		(void)nghttp2_session_consume_connection(n->ng, s->content->n - s->content->at);
	s->text = buffer_put(&e->buffers, s->text);
	s->content = buffer_put(&e->buffers, s->content);
	s->trailers = buffer_put(&e->buffers, s->trailers);
	s->trailers_out = buffer_put(&e->buffers, s->trailers_out);
	if (n->heading == s)
		n->heading = NULL;
	list_remove(&s->node);
	list_remove(&s->ready);
	stream_leave(n, s);
	s->session = NULL;
	s->next = e->free_h2_streams;
	e->free_h2_streams = s;
	h2_session_lost_stream(n);
}

void h2_stream_drop(struct h2_stream *s)
{
	stream_free(s);
}

void h2_stream_reset(struct h2_stream *s, uint32_t error)
{
	if (s->id && !s->is_closed &&
	    nghttp2_submit_rst_stream(s->session->ng, NGHTTP2_FLAG_NONE, s->id, error) != 0)
		s->session->is_dead = true;
	h2_session_touch(s->session);
}

/*
 * A stream whose other half is still open is told that the rest is not wanted: with NO_ERROR behind
 * a whole answer (RFC 9113 §8.1), CANCEL at a server, REFUSED_STREAM for what was never looked at.
 */
static uint32_t stream_close_code(const struct h2_stream *s, bool want_reset)
{
	if (!s->session->is_server)
		return NGHTTP2_CANCEL;
	if (s->text)
		return NGHTTP2_REFUSED_STREAM;
	return s->said_end && !want_reset ? NGHTTP2_NO_ERROR : NGHTTP2_INTERNAL_ERROR;
}

/*
 * THREATS A18: a connection that leads nowhere fails one request, not all that come. Either the
 * server has said nothing since this one began, or it stopped within a frame, which would take in
 * the answers to the next ones.
 */
static bool stream_leads_nowhere(const struct edge *e, const struct h2_stream *s)
{
	const struct h2_session *n = s->session;
	bool is_within = n->watch.left || n->watch.head_n;
	uint64_t since_ms = is_within ? n->read_ms : s->began_ms;

	if (!is_within && (s->has_head || n->read_ms > s->began_ms))
		return false;
	return !s->has_ended && e->loop.now_ms - since_ms >= STREAM_SILENT_MS;
}

void h2_stream_close(struct edge *e, struct conn *k, bool want_reset)
{
	struct h2_stream *s = k->stream;

	if (!want_reset && !k->is_broken && s->body_kind == BODY_UNTIL_CLOSE)
		h2_send_end(e, k);
	if (!s->session->is_server && stream_leads_nowhere(e, s))
		h2_session_leave(s->session);
	if (!s->said_end || !s->has_ended)
		h2_stream_reset(s, stream_close_code(s, want_reset));
	k->stream = NULL;
	stream_free(s);
}

void h2_stream_is_ready(struct h2_stream *s)
{
	if (list_is_empty(&s->ready))
		list_append(&s->session->ready, &s->ready);
	h2_session_touch(s->session);
}

bool h2_stream_was_refused(const struct conn *k)
{
	return k->stream && k->stream->is_refused;
}

bool h2_stream_was_stale(const struct conn *k)
{
	return k->stream && k->stream->was_cut && !k->stream->is_first;
}

/* Whose turn it is when something has happened to a stream. NULL: nobody's */
static struct client *stream_client(const struct h2_stream *s)
{
	struct conn *k = s->conn;
	struct upstream *u = NULL;

	if (!k)
		return NULL;
	if (k->source.kind == SOURCE_CLIENT)
		return OWNER_OF(k, struct client, conn);
	u = OWNER_OF(k, struct upstream, conn);
	return u->x ? u->x->c : NULL;
}

void h2_stream_run_later(struct edge *e, struct h2_stream *s)
{
	struct client *c = stream_client(s);

	list_remove(&s->ready);
	if (c)
		client_run_later(e, c);
}

void h2_stream_run(struct edge *e, struct h2_stream *s)
{
	struct client *c = stream_client(s);

	list_remove(&s->ready);
	if (c)
		client_run(e, c);
}

/* ---- from frames ---- */

/* The buffer that holds text becomes *to, or its bytes go behind what is there. */
static enum err stream_take_over(struct edge *e, struct buffer **to, struct buffer **taken,
				 struct view text)
{
	struct buffer *b = *taken;

	if (*to)
		return buffer_append(*to, text);
	b->at = (uint32_t)(text.p - b->p);
	b->n = b->at + (uint32_t)text.n;
	*to = b;
	*taken = NULL;
	(void)e;
	return E_OK;
}

enum err h2_stream_on_head(struct h2_stream *s, const struct h2_message *m, struct view text,
			   struct buffer **taken)
{
	TRY(stream_take_over(s->session->edge, &s->text, taken, text));
	if (m->kind == H2_MESSAGE_RESPONSE && m->status < 200 && m->status != 101)
		return E_OK;
	if (m->kind == H2_MESSAGE_REQUEST) {
		s->method = m->method;
		s->is_extended = m->is_extended;
	}
	s->content_kind = H2_CONTENT_NONE;
	if (m->is_extended && (m->kind == H2_MESSAGE_REQUEST || m->status == 101)) {
		s->content_kind = H2_CONTENT_RAW;
	} else if (m->is_chunked) {
		s->content_kind = H2_CONTENT_CHUNKED;
	} else if (m->has_length && !m->is_head_only) {
		s->content_kind = H2_CONTENT_LENGTH;
		s->content_left = m->length;
	}
	return E_OK;
}

enum err h2_stream_on_trailers(struct h2_stream *s, struct view text, struct buffer **taken)
{
	if (s->content_kind != H2_CONTENT_CHUNKED)
		return E_OK; /* no place for them: they may be left out (RFC 9110 §6.5.1) */
	return stream_take_over(s->session->edge, &s->trailers, taken, text);
}

enum err h2_stream_on_content(struct h2_stream *s, struct view data)
{
	struct edge *e = s->session->edge;

	if (s->content_kind == H2_CONTENT_NONE)
		return E_PROTO;
	if (s->content_kind == H2_CONTENT_LENGTH) {
		if (data.n > s->content_left)
			return E_PROTO; /* RFC 9113 §8.1.1 */
		s->content_left -= data.n;
	}
	if (!s->content)
		s->content = buffer_get(&e->buffers);
	if (!s->content)
		return E_NOMEM;
	if (s->content->n == 0)
		s->content->at = s->content->n = H2_SIZE_LINE;
	return buffer_append(s->content, data);
}

enum err h2_stream_on_end(struct h2_stream *s)
{
	if (s->content_kind == H2_CONTENT_LENGTH && s->content_left)
		return E_PROTO; /* RFC 9113 §8.1.1 */
	s->has_ended = true;
	return E_OK;
}

void h2_stream_on_close(struct h2_stream *s, uint32_t error)
{
	s->is_closed = true;
	s->is_refused |= error == NGHTTP2_REFUSED_STREAM;
	if (!s->conn) {
		stream_free(s);
		return;
	}
	s->is_closing = true;
	s->session->closing_n++;
	/* RFC 9113 §8.1: a server that has answered may say NO_ERROR to the rest of the request */
	if (!s->has_ended || (!s->said_end && s->session->is_server))
		s->conn->is_broken = true;
	if (!s->said_end)
		s->conn->cant_send = true;
	h2_stream_is_ready(s);
}

/* ---- as text ---- */

static enum err fill_head(struct edge *e, struct h2_stream *s)
{
	struct conn *k = s->conn;

	if (!s->text)
		return E_OK;
	if (k->in) {
		TRY(buffer_append(k->in, buffer_view(s->text)));
		s->text = buffer_put(&e->buffers, s->text);
	}
	if (s->text)
		k->in = s->text;
	s->text = NULL;
	return E_OK;
}

/* Content becomes one chunk where it lies. */
static void fill_chunk_here(struct buffer *b)
{
	uint32_t n = b->n - b->at;
	struct wbuf w = wbuf_of(b->p, H2_SIZE_LINE);

	for (unsigned i = 0; i < 8; i++)
		wbuf_u8(&w, (uint8_t) "0123456789abcdef"[n >> (28 - 4 * i) & 15]);
	WBUF_LIT(&w, "\r\n");
	b->at = 0;
	w = (struct wbuf){ .p = b->p, .n = b->n, .cap = BUFFER_BYTES };
	WBUF_LIT(&w, "\r\n");
	b->n = (uint32_t)w.n;
}

/* ... or behind what has not been used yet, when there is room. */
static void fill_behind(struct conn *k, struct view data, bool is_chunk)
{
	struct wbuf w = { .p = k->in->p, .n = k->in->n, .cap = BUFFER_BYTES };

	if (is_chunk)
		chunked_put_size(&w, data.n);
	wbuf_view_put(&w, data);
	if (is_chunk)
		WBUF_LIT(&w, "\r\n");
	k->in->n = (uint32_t)w.n;
}

/*
 * A body of stated length is complete when its last byte has gone, whatever comes then; so that
 * byte waits until the stream's end has shown that the length was right (THREATS A2).
 */
static void fill_hold(struct h2_stream *s)
{
	struct buffer *b = s->content;

	if (s->content_kind != H2_CONTENT_LENGTH || s->content_left || s->has_ended || s->has_held)
		return;
	s->held = b->p[--b->n];
	s->has_held = true;
}

static void fill_content(struct edge *e, struct h2_stream *s)
{
	struct conn *k = s->conn;
	bool is_chunk = s->content_kind == H2_CONTENT_CHUNKED;
	uint32_t n = s->content ? s->content->n - s->content->at : 0;

	if (!s->content || (k->in && buffer_room(k->in) < n + 2 * H2_SIZE_LINE))
		return;
	if (!s->is_closed)
		(void)nghttp2_session_consume(s->session->ng, s->id, n);
	else if (s->session->ng)
		(void)nghttp2_session_consume_connection(s->session->ng, n);
	h2_session_touch(s->session);
	fill_hold(s);
	if (k->in) {
		fill_behind(k, buffer_view(s->content), is_chunk);
		s->content = buffer_put(&e->buffers, s->content);
		return;
	}
	if (is_chunk)
		fill_chunk_here(s->content);
	k->in = s->content;
	s->content = NULL;
}

/* What ends a message: the byte that was held, or the last chunk and the trailers. */
static enum err fill_end(struct edge *e, struct h2_stream *s)
{
	struct conn *k = s->conn;
	struct view trailers = buffer_view(s->trailers);

	if (!s->has_ended || s->gave_end || s->content)
		return E_OK;
	if (s->content_kind == H2_CONTENT_CHUNKED || s->has_held) {
		if (!k->in)
			k->in = buffer_get(&e->buffers);
		if (!k->in)
			return E_NOMEM;
		if (buffer_room(k->in) < trailers.n + H2_SIZE_LINE)
			return E_OK;
	}
	s->gave_end = true;
	if (s->has_held)
		return buffer_append(k->in, view_of(&s->held, 1));
	if (s->content_kind != H2_CONTENT_CHUNKED)
		return E_OK;
	TRY(buffer_append(k->in, VIEW("0\r\n")));
	TRY(buffer_append(k->in, trailers));
	s->trailers = buffer_put(&e->buffers, s->trailers);
	return buffer_append(k->in, VIEW("\r\n"));
}

enum err h2_stream_fill(struct edge *e, struct conn *k, struct view *ret)
{
	struct h2_stream *s = k->stream;
	size_t had = buffer_view(k->in).n;

	if (k->is_broken && s->session->is_server)
		return E_PROTO; /* nobody is there to get an answer */
	if (s->is_too_large)
		return E_LIMIT;
	TRY(fill_head(e, s));
	fill_content(e, s);
	TRY(fill_end(e, s));
	*ret = buffer_view(k->in);
	if (ret->n != had)
		return E_OK;
	if (k->is_broken)
		return E_PROTO;
	return s->gave_end ? E_CLOSED : E_AGAIN;
}
