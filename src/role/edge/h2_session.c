/*
 * Sessions. Callbacks of the library put what came into streams and never run an exchange; when
 * all that was read has been taken, the streams concerned are run one after the other. What they
 * send is made into frames at once, in one buffer, and leaves in one send at the end of the turn.
 */
#include "role/edge/h2_session.h"

#include "role/edge/abuse.h"
#include "role/edge/buffer.h"
#include "role/edge/conn.h"
#include "role/edge/h2_client.h"
#include "role/edge/h2_send.h"
#include "role/edge/h2_server.h"
#include "role/edge/h2_stream.h"
#include "role/edge/h2_watch.h"

enum {
	SESSION_READS = 8,	  /* of one connection before others get their turn */
	SESSION_BLOCK_FACTOR = 4, /* a field block larger than so many heads ends the session */
	SESSION_CREDIT = 64,	  /* WINDOW_UPDATE at the begin */
	SESSION_CREDIT_MAX = 10000,
	SESSION_NOTICE_MS = 1000 /* from the first GOAWAY to the last */
};

/* ---- field blocks ---- */

static int session_on_begin_headers(nghttp2_session *ng, const nghttp2_frame *frame, void *owner)
{
	struct h2_session *n = owner;
	struct edge *e = n->edge;
	bool is_request = frame->headers.cat == NGHTTP2_HCAT_REQUEST;
	enum h2_message_kind kind = H2_MESSAGE_TRAILERS;
	struct h2_stream *s = NULL;

	if (is_request && !n->is_leaving) {
		s = n->stream_n - n->closing_n < n->stream_max
			    ? h2_stream_new(n, frame->hd.stream_id)
			    : NULL;
		kind = H2_MESSAGE_REQUEST;
		if (s)
			(void)nghttp2_session_set_stream_user_data(ng, s->id, s);
	} else if (!is_request) {
		s = nghttp2_session_get_stream_user_data(ng, frame->hd.stream_id);
		if (!n->is_server && s && !s->has_head)
			kind = H2_MESSAGE_RESPONSE;
	}
	n->heading = s;
	n->block_began_ms = e->loop.now_ms;
	if (!n->head)
		n->head = buffer_get(&e->buffers);
	if (!s || !n->head) {
		n->heading = NULL;
		return is_request ? nghttp2_submit_rst_stream(ng, NGHTTP2_FLAG_NONE,
							      frame->hd.stream_id,
							      NGHTTP2_REFUSED_STREAM)
				  : 0;
	}
	h2_message_begin(&n->message, kind, wbuf_of(n->head->p, BUFFER_BYTES),
			 (enum http_method)s->method);
	n->message.is_extended = kind == H2_MESSAGE_RESPONSE && s->is_extended;
	return 0;
}

static void session_malformed(struct h2_stream *s)
{
	if (s->is_malformed)
		return;
	s->is_malformed = true;
	h2_stream_reset(s, NGHTTP2_PROTOCOL_ERROR);
}

static int session_on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name,
			     size_t name_n, const uint8_t *value, size_t value_n, uint8_t flags,
			     void *owner)
{
	struct h2_session *n = owner;
	struct h2_message *m = &n->message;

	(void)ng;
	(void)flags;
	if (!n->heading || n->heading->id != frame->hd.stream_id) {
		n->stray_bytes += name_n + value_n;
		return n->stray_bytes > (uint64_t)SESSION_BLOCK_FACTOR * BUFFER_BYTES
			       ? h2_watch_overdoes(n)
			       : 0;
	}
	/* small on the wire, large in memory: THREATS A8 */
	if (m->bytes > (uint64_t)SESSION_BLOCK_FACTOR * BUFFER_BYTES)
		return h2_watch_overdoes(n);
	if (!n->heading->is_malformed &&
	    h2_message_field(m, view_of(name, name_n), view_of(value, value_n)) != E_OK)
		session_malformed(n->heading);
	return 0;
}

/* What the library itself finds wrong with a field makes the whole message malformed. */
static int session_on_invalid_header(nghttp2_session *ng, const nghttp2_frame *frame,
				     nghttp2_rcbuf *name, nghttp2_rcbuf *value, uint8_t flags,
				     void *owner)
{
	struct h2_session *n = owner;

	(void)ng;
	(void)frame;
	(void)name;
	(void)value;
	(void)flags;
	if (n->heading)
		session_malformed(n->heading);
	return 0;
}

/* A whole request: its stream becomes a connection. */
static enum err session_take_request(struct h2_session *n, struct h2_stream *s, enum err made,
				     struct view text)
{
	s->has_head = true;
	if (made == E_OK && text.n > n->header_size)
		made = E_LIMIT;
	s->is_too_large = made == E_LIMIT;
	if (made == E_LIMIT && h2_watch_charge(n, PAGE_ABUSE_HEADER) != 0)
		h2_session_end(n, n->error);
	if (made == E_OK)
		made = h2_stream_on_head(s, &n->message, text, &n->head);
	if (made != E_OK && made != E_LIMIT)
		return made;
	s->method = n->message.method;
	return h2_client_open(n->edge, n, s);
}

static enum err session_take_block(struct h2_session *n, struct h2_stream *s, bool is_last)
{
	struct h2_message *m = &n->message;
	uint8_t nonce[H2_MESSAGE_NONCE];
	struct wbuf w = wbuf_of(nonce, sizeof nonce);
	struct view secret = view_of(s->accept, sizeof s->accept), text = { 0 };
	enum err made = E_OK;

	if (m->is_extended || m->kind == H2_MESSAGE_REQUEST) {
		wbuf_u64(&w, rng_next(&n->edge->rng));
		wbuf_u64(&w, rng_next(&n->edge->rng));
	}
	if (m->kind == H2_MESSAGE_REQUEST)
		secret = wbuf_view(&w);
	made = h2_message_end(m, is_last, secret, &text);
	if (m->kind == H2_MESSAGE_REQUEST && (made == E_OK || made == E_LIMIT))
		return session_take_request(n, s, made, text);
	TRY(made);
	if (m->kind == H2_MESSAGE_TRAILERS)
		return h2_stream_on_trailers(s, text, &n->head);
	n->oddities = 0;
	s->has_head = m->status >= 200 || m->status == 101;
	return h2_stream_on_head(s, m, text, &n->head);
}

static void session_on_block(struct h2_session *n, const nghttp2_frame *frame)
{
	struct h2_stream *s = n->heading;
	bool is_last = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
	enum err taken = E_OK;

	n->heading = NULL;
	n->block_began_ms = 0;
	if (!s || s->is_malformed || s->id != frame->hd.stream_id)
		return;
	taken = session_take_block(n, s, is_last);
	if (taken == E_OK && is_last)
		taken = h2_stream_on_end(s);
	if (taken == E_PROTO)
		session_malformed(s);
	else if (taken != E_OK)
		h2_stream_reset(s, NGHTTP2_REFUSED_STREAM);
	if (taken == E_OK)
		h2_stream_is_ready(s);
}

/* ---- other frames ---- */

static void session_on_data_end(struct h2_session *n, const nghttp2_frame *frame)
{
	struct h2_stream *s = nghttp2_session_get_stream_user_data(n->ng, frame->hd.stream_id);

	if (!s || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM) || s->is_malformed)
		return;
	if (h2_stream_on_end(s) != E_OK)
		session_malformed(s);
	else
		h2_stream_is_ready(s);
}

/* Something that all of its streams may have waited for has come. */
static void session_wake(struct h2_session *n)
{
	for (struct list *l = n->streams.next; l != &n->streams; l = l->next)
		h2_stream_is_ready(OWNER_OF(l, struct h2_stream, node));
}

/* The first settings of a server tell what may be sent to it. */
static void session_on_settings(struct h2_session *n, const nghttp2_frame *frame)
{
	if (frame->hd.flags & NGHTTP2_FLAG_ACK || n->has_settings)
		return;
	n->has_settings = true;
	if (!n->is_server)
		session_wake(n);
}

static int session_on_frame(nghttp2_session *ng, const nghttp2_frame *frame, void *owner)
{
	struct h2_session *n = owner;

	(void)ng;
	switch (frame->hd.type) {
	case NGHTTP2_HEADERS:
		session_on_block(n, frame);
		break;
	case NGHTTP2_DATA:
		session_on_data_end(n, frame);
		break;
	case NGHTTP2_SETTINGS:
		session_on_settings(n, frame);
		break;
	case NGHTTP2_GOAWAY:
		n->is_leaving = true;
		list_remove(&n->node);
		break;
	default:
		break;
	}
	return 0;
}

static int session_on_data(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *p,
			   size_t size, void *owner)
{
	struct h2_session *n = owner;
	struct h2_stream *s = nghttp2_session_get_stream_user_data(ng, id);
	enum err taken = E_CLOSED;

	(void)flags;
	if (s && s->conn && !s->is_malformed)
		taken = h2_stream_on_content(s, view_of(p, size));
	if (taken == E_PROTO)
		session_malformed(s);
	else if (taken == E_NOMEM || taken == E_LIMIT)
		h2_stream_reset(s, NGHTTP2_INTERNAL_ERROR);
	if (taken == E_OK)
		h2_stream_is_ready(s);
	else
		(void)nghttp2_session_consume(ng, id, size);
	h2_session_touch(n);
	return 0;
}

static int session_on_close(nghttp2_session *ng, int32_t id, uint32_t error, void *owner)
{
	struct h2_stream *s = nghttp2_session_get_stream_user_data(ng, id);

	h2_watch_close(owner, id);
	if (s)
		h2_stream_on_close(s, error);
	return 0;
}

static int session_send_data(nghttp2_session *ng, nghttp2_frame *frame, const uint8_t *head,
			     size_t n, nghttp2_data_source *source, void *owner)
{
	struct h2_session *session = owner;
	struct h2_stream *s = nghttp2_session_get_stream_user_data(ng, frame->hd.stream_id);

	(void)source;
	if (!s)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	if (BUFFER_BYTES - session->out->n < n + H2_FRAME_HEAD)
		return NGHTTP2_ERR_WOULDBLOCK; /* asked again when the buffer has been sent */
	if (buffer_append(session->out, view_of(head, H2_FRAME_HEAD)) != E_OK)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	h2_send_write(s, n, session->out);
	if (session->window_credit < SESSION_CREDIT_MAX)
		session->window_credit += 4; /* of the stream and the connection, and again */
	return 0;
}

/* ---- set up ---- */

static void *session_malloc(size_t n, void *heap)
{
	return heap_get(heap, n);
}

static void session_free(void *p, void *heap)
{
	heap_put(heap, p);
}

static void *session_calloc(size_t count, size_t size, void *heap)
{
	size_t n = 0;

	return __builtin_mul_overflow(count, size, &n) ? NULL : heap_get(heap, n);
}

static void *session_realloc(void *p, size_t n, void *heap)
{
	return heap_resize(heap, p, n);
}

static void session_set_callbacks(nghttp2_session_callbacks *c)
{
	nghttp2_session_callbacks_set_on_begin_frame_callback(c, h2_watch_begin);
	nghttp2_session_callbacks_set_unpack_extension_callback(c, h2_watch_unknown);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(c, h2_watch_invalid);
	nghttp2_session_callbacks_set_on_frame_send_callback(c, h2_watch_sent);
	nghttp2_session_callbacks_set_on_begin_headers_callback(c, session_on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(c, session_on_header);
	nghttp2_session_callbacks_set_on_invalid_header_callback2(c, session_on_invalid_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(c, session_on_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, session_on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(c, session_on_close);
	nghttp2_session_callbacks_set_send_data_callback(c, session_send_data);
}

enum err h2_session_init(struct edge *e)
{
	list_init(&e->h2_dirty);
	TRY(heap_init(&e->h2_heap, H2_LIBRARY_BYTES, HEAP_PLAIN));
	if (nghttp2_session_callbacks_new(&e->h2_callbacks) != 0 ||
	    nghttp2_option_new(&e->h2_options) != 0)
		return E_NOMEM;
	session_set_callbacks(e->h2_callbacks);
	nghttp2_option_set_no_auto_window_update(e->h2_options, 1);
	nghttp2_option_set_no_closed_streams(e->h2_options, 1);
	/* frames of unknown types are ignored (RFC 9113 §5.5), but they count */
	for (unsigned type = NGHTTP2_CONTINUATION + 1; type <= UINT8_MAX; type++)
		nghttp2_option_set_user_recv_extension_type(e->h2_options, (uint8_t)type);
	nghttp2_option_set_peer_max_concurrent_streams(e->h2_options, 100);
	return E_OK;
}

static struct h2_session *session_new(struct edge *e, struct conn *k)
{
	struct h2_session *n = e->free_h2_sessions;

	if (n)
		e->free_h2_sessions = n->next;
	else if (e->h2_session_high < e->h2_session_cap)
		n = &e->h2_sessions[e->h2_session_high++];
	if (!n)
		return NULL;
	*n = (struct h2_session){ .edge = e, .conn = k };
	list_init(&n->streams);
	list_init(&n->ready);
	list_init(&n->parked);
	list_init(&n->dirty);
	list_init(&n->node);
	return n;
}

static void session_give(struct edge *e, struct h2_session *n)
{
	n->ng = NULL;
	n->next = e->free_h2_sessions;
	e->free_h2_sessions = n;
}

/* RFC 9113 §6.5.2, RFC 8441 §3, RFC 9218 §2.1 */
static int session_say_settings(struct h2_session *n, const struct h2_session_spec *spec)
{
	nghttp2_settings_entry s[] = {
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, H2_WINDOW },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, spec->header_size },
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, spec->streams },
		{ NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1 },
		{ NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1 },
	};

	if (!n->is_server)
		s[3] = (nghttp2_settings_entry){ NGHTTP2_SETTINGS_ENABLE_PUSH, 0 };
	return nghttp2_submit_settings(n->ng, NGHTTP2_FLAG_NONE, s,
				       n->is_server ? sizeof s / sizeof s[0] : 4);
}

enum err h2_session_open(struct edge *e, struct conn *k, const struct h2_session_spec *spec)
{
	nghttp2_mem mem = { &e->h2_heap, session_malloc, session_free, session_calloc,
			    session_realloc };
	struct h2_session *n = session_new(e, k);
	int made = NGHTTP2_ERR_NOMEM;

	if (!n)
		return E_NOMEM;
	n->is_server = spec->is_server;
	n->window_credit = SESSION_CREDIT;
	n->watch.left = spec->is_server ? NGHTTP2_CLIENT_MAGIC_LEN : 0;
	n->header_size = spec->header_size;
	n->stream_max = spec->streams;
	if (spec->is_server)
		made = nghttp2_session_server_new3(&n->ng, e->h2_callbacks, n, e->h2_options, &mem);
	else
		made = nghttp2_session_client_new3(&n->ng, e->h2_callbacks, n, e->h2_options, &mem);
	if (made != 0) {
		session_give(e, n);
		return E_NOMEM;
	}
	if (session_say_settings(n, spec) != 0 ||
	    nghttp2_session_set_local_window_size(n->ng, NGHTTP2_FLAG_NONE, 0,
						  H2_CONNECTION_WINDOW) != 0) {
		nghttp2_session_del(n->ng);
		session_give(e, n);
		return E_NOMEM;
	}
	k->session = n;
	h2_session_touch(n);
	return E_OK;
}

/* A stream's connection ends with that of its session; what it is part of ends with it. */
static void session_break(struct edge *e, struct h2_stream *s)
{
	struct conn *k = s->conn;

	s->is_closed = s->was_cut = true;
	if (!k) {
		h2_stream_drop(s);
		return;
	}
	k->is_broken = true;
	h2_stream_run(e, s);
	/* a client that runs with a broken connection closes it */
	INVARIANT(!s->session || !s->session->is_server || k->stream != s);
}

void h2_session_lost_stream(struct h2_session *n)
{
	n->stream_n--;
	if (n->ng)
		h2_session_touch(n);
	else if (n->stream_n == 0)
		session_give(n->edge, n);
}

void h2_session_free(struct edge *e, struct conn *k)
{
	struct h2_session *n = k->session;

	struct list streams;

	if (n->is_server)
		PAGE_ADD(h2_watch_load(n)->h2_sessions, (uint32_t)-1);
	n->is_dead = true;
	list_move(&streams, &n->streams);
	n->stream_n++; /* keeps the slot */
	while (!list_is_empty(&streams)) {
		struct h2_stream *s = OWNER_OF(streams.next, struct h2_stream, node);

		list_remove(&s->node);
		list_append(&n->streams, &s->node);
		session_break(e, s);
	}
	list_remove(&n->dirty);
	list_remove(&n->node);
	n->out = buffer_put(&e->buffers, n->out);
	n->head = buffer_put(&e->buffers, n->head);
	nghttp2_session_del(n->ng);
	n->ng = NULL;
	n->conn = NULL;
	k->session = NULL;
	h2_session_lost_stream(n);
}

/* ---- reading ---- */

static void session_run_ready(struct edge *e, struct h2_session *n)
{
	while (!list_is_empty(&n->ready))
		h2_stream_run(e, OWNER_OF(n->ready.next, struct h2_stream, ready));
}

static enum err session_feed(struct h2_session *n, struct view v)
{
	ssize_t used = h2_watch_feed(n, v);

	if (used >= 0)
		return E_OK;
	if (used == NGHTTP2_ERR_BAD_CLIENT_MAGIC)
		return E_PROTO;
	if (used == NGHTTP2_ERR_FLOODED || used == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS)
		(void)h2_watch_overdoes(n);
	if (!n->error)
		n->error = NGHTTP2_INTERNAL_ERROR;
	h2_session_end(n, n->error);
	return E_OK;
}

static enum err session_read_some(struct edge *e, struct h2_session *n)
{
	struct view v = conn_pending(n->conn);

	if (v.n == 0)
		TRY(conn_fill(e, n->conn, READ_BYTES, &v));
	n->read_ms = e->loop.now_ms;
	TRY(session_feed(n, v));
	return conn_keep(e, n->conn, (struct view){ 0 });
}

enum err h2_session_read(struct edge *e, struct h2_session *n)
{
	enum err got = E_OK;

	h2_session_touch(n);
	/* who takes none of our frames is not listened to */
	for (unsigned i = 0; i < SESSION_READS && got == E_OK; i++) {
		got = n->conn->out || n->is_dead ? E_AGAIN : session_read_some(e, n);
		session_run_ready(e, n);
	}
	return got;
}

/* ---- writing ---- */

static void session_write(struct edge *e, struct h2_session *n)
{
	struct view v = buffer_view(n->out);

	if (v.n && conn_send(e, n->conn, v) != E_OK)
		n->is_dead = true;
	n->out->at = n->out->n = 0;
}

/* One step of the library into the buffer, which has room for it. False when nothing came. */
static bool session_pump_once(struct h2_session *n)
{
	size_t had = n->out->n;
	const uint8_t *p = NULL;
	ssize_t got = nghttp2_session_mem_send(n->ng, &p);

	if (got < 0 || (got > 0 && buffer_append(n->out, view_of(p, (size_t)got)) != E_OK))
		n->is_dead = true;
	return got > 0 || n->out->n != had;
}

void h2_session_pump(struct h2_session *n)
{
	struct edge *e = n->edge;
	bool goes_on = true;

	while (goes_on && !n->is_dead && !n->conn->out) {
		if (!n->out)
			n->out = buffer_get(&e->buffers);
		if (!n->out)
			return;
		if (BUFFER_BYTES - n->out->n < H2_OUT_ROOM)
			session_write(e, n);
		else
			goes_on = session_pump_once(n);
	}
}

void h2_session_touch(struct h2_session *n)
{
	if (n->ng && list_is_empty(&n->dirty))
		list_append(&n->edge->h2_dirty, &n->dirty);
}

/* Nothing more will come of it. */
static bool h2_session_is_done(const struct h2_session *n)
{
	if (n->out || nghttp2_session_want_write(n->ng))
		return false;
	return (n->is_leaving && n->stream_n == 0) || !nghttp2_session_want_read(n->ng);
}

enum err h2_session_flush(struct edge *e, struct h2_session *n)
{
	list_remove(&n->dirty);
	h2_session_pump(n);
	if (n->out && !n->conn->out)
		session_write(e, n);
	if (n->is_waited_for && !n->conn->out) {
		n->is_waited_for = false;
		session_wake(n);
	}
	if (n->out && n->out->n == 0)
		n->out = buffer_put(&e->buffers, n->out);
	return n->is_dead || h2_session_is_done(n) ? E_CLOSED : E_OK;
}

void h2_session_flush_all(struct edge *e)
{
	struct list dirty;

	list_move(&dirty, &e->h2_dirty); /* who is touched meanwhile waits for the next turn */
	while (!list_is_empty(&dirty)) {
		struct h2_session *n = OWNER_OF(dirty.next, struct h2_session, dirty);

		list_remove(&n->dirty);
		if (n->is_server)
			h2_client_flush(e, OWNER_OF(n->conn, struct client, conn));
		else
			h2_server_flush(e, OWNER_OF(n->conn, struct upstream, conn));
	}
}

void h2_session_end(struct h2_session *n, uint32_t error)
{
	if (nghttp2_session_terminate_session(n->ng, error) != 0)
		n->is_dead = true;
	h2_session_touch(n);
}

void h2_session_drain(struct edge *e, struct h2_session *n)
{
	if (n->is_leaving)
		return;
	if (!n->drain_at_ms) {
		n->drain_at_ms = e->loop.now_ms + SESSION_NOTICE_MS;
		if (nghttp2_submit_shutdown_notice(n->ng) != 0)
			n->is_dead = true;
	} else if (e->loop.now_ms >= n->drain_at_ms) {
		n->is_leaving = true;
		if (nghttp2_submit_goaway(n->ng, NGHTTP2_FLAG_NONE,
					  nghttp2_session_get_last_proc_stream_id(n->ng),
					  NGHTTP2_NO_ERROR, NULL, 0) != 0)
			n->is_dead = true;
	}
	h2_session_touch(n);
}

void h2_session_leave(struct h2_session *n)
{
	list_remove(&n->node);
	if (n->is_leaving || !n->ng)
		return;
	n->is_leaving = true;
	if (nghttp2_submit_goaway(n->ng, NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, NULL, 0) != 0)
		n->is_dead = true;
	h2_session_touch(n);
}
