/* HTTP/2 of health checks; run by the dialer. */
#include "role/dialer/probe_h2.h"

#include <nghttp2/nghttp2.h>

enum { PROBE_H2_STREAM = 1, PROBE_H2_FIELDS = 8, PROBE_H2_AUTHORITY = 300 };

static void h2_decide(struct probe_h2 *p, enum page_check verdict)
{
	if (p->verdict == PAGE_CHECK_NONE)
		p->verdict = (uint8_t)verdict;
}

/* ---- what comes ---- */

static int h2_on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name,
			size_t name_n, const uint8_t *value, size_t value_n, uint8_t flags,
			void *owner)
{
	struct probe_h2 *p = owner;
	struct view key = view_of(name, name_n);
	uint64_t number = 0;

	(void)ng;
	(void)flags;
	p->fields += (uint32_t)(name_n + value_n);
	if (frame->hd.stream_id != PROBE_H2_STREAM || p->fields > PROBE_HTTP_HEAD_MAX) {
		h2_decide(p, PAGE_CHECK_PROTOCOL);
		return 0;
	}
	if (view_eq(key, VIEW(":status")) && view_dec(view_of(value, value_n), &number) == E_OK)
		p->http->status = (uint16_t)number; /* three digits: the library has looked */
	if (view_eq(key, VIEW("grpc-status")) && !p->has_grpc_status) {
		p->has_grpc_status = true;
		p->is_grpc_ok = view_eq(view_of(value, value_n), VIEW("0"));
	}
	return 0;
}

/* Interim answers, then the one that counts, then perhaps trailers. */
static void h2_on_head(struct probe_h2 *p)
{
	struct probe_http *http = p->http;

	if (p->has_head)
		return;
	if (http->status < 200) {
		http->status = 0;
		if (++http->interim > PROBE_HTTP_INTERIM_MAX)
			h2_decide(p, PAGE_CHECK_PROTOCOL);
		return;
	}
	p->has_head = true;
	if (!probe_http_is_expected(http))
		h2_decide(p, PAGE_CHECK_STATUS);
	else if (!p->is_grpc && http->needle.n == 0)
		h2_decide(p, PAGE_CHECK_OK);
}

/* All of it has come. */
static void h2_on_end(struct probe_h2 *p)
{
	enum err serves = E_DENIED;

	if (!p->is_grpc) {
		h2_decide(p, PAGE_CHECK_BODY);
		return;
	}
	if (p->has_grpc_status && p->is_grpc_ok)
		serves = probe_grpc_serves(view_of(p->answer, p->answer_n));
	if (!p->has_grpc_status || serves == E_PROTO)
		h2_decide(p, PAGE_CHECK_PROTOCOL);
	else
		h2_decide(p, serves == E_OK ? PAGE_CHECK_OK : PAGE_CHECK_SERVING);
}

static int h2_on_frame(nghttp2_session *ng, const nghttp2_frame *frame, void *owner)
{
	struct probe_h2 *p = owner;
	bool is_head = frame->hd.type == NGHTTP2_HEADERS;

	(void)ng;
	if (frame->hd.stream_id != PROBE_H2_STREAM)
		return 0;
	if (is_head)
		h2_on_head(p);
	if ((is_head || frame->hd.type == NGHTTP2_DATA) &&
	    frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
		h2_on_end(p);
	return 0;
}

static int h2_on_data(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *data, size_t n,
		      void *owner)
{
	struct probe_h2 *p = owner;
	struct wbuf w = { .p = p->answer, .n = p->answer_n, .cap = sizeof p->answer };
	enum page_check seen = PAGE_CHECK_NONE;

	(void)ng;
	(void)flags;
	(void)id;
	if (p->verdict != PAGE_CHECK_NONE)
		return 0; /* what it says now changes nothing */
	if (!p->is_grpc) {
		seen = probe_http_content(p->http, view_of(data, n));
		if (seen != PAGE_CHECK_NONE)
			h2_decide(p, seen);
		return 0;
	}
	wbuf_put(&w, data, n);
	if (w.bad)
		h2_decide(p, PAGE_CHECK_PROTOCOL);
	p->answer_n = (uint8_t)w.n;
	return 0;
}

static int h2_on_invalid(nghttp2_session *ng, const nghttp2_frame *frame, int error, void *owner)
{
	(void)ng;
	(void)frame;
	(void)error;
	h2_decide(owner, PAGE_CHECK_PROTOCOL);
	return 0;
}

/* Whatever the library ends for its own reasons was wrong. */
static int h2_on_sent(nghttp2_session *ng, const nghttp2_frame *frame, void *owner)
{
	(void)ng;
	if (frame->hd.type == NGHTTP2_RST_STREAM || frame->hd.type == NGHTTP2_GOAWAY)
		h2_decide(owner, PAGE_CHECK_PROTOCOL);
	return 0;
}

/* Before its end: refused, reset, or the server goes. */
static int h2_on_close(nghttp2_session *ng, int32_t id, uint32_t error, void *owner)
{
	(void)ng;
	(void)id;
	(void)error;
	h2_decide(owner, PAGE_CHECK_REFUSED);
	return 0;
}

/* ---- what is sent ---- */

static ssize_t h2_source(nghttp2_session *ng, int32_t id, uint8_t *to, size_t max, uint32_t *flags,
			 nghttp2_data_source *source, void *owner)
{
	struct probe_h2 *p = owner;
	struct view rest = view_of(p->ask + p->ask_at, (size_t)(p->ask_n - p->ask_at));
	struct wbuf w = wbuf_of(to, max);

	(void)ng;
	(void)id;
	(void)source;
	rest = view_slice(rest, 0, max);
	wbuf_view_put(&w, rest);
	p->ask_at = (uint8_t)(p->ask_at + rest.n);
	if (p->ask_at == p->ask_n)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)rest.n;
}

static nghttp2_nv h2_nv(struct view name, struct view value)
{
	return (nghttp2_nv){ .name = (uint8_t *)(uintptr_t)name.p,
			     .namelen = name.n,
			     .value = (uint8_t *)(uintptr_t)value.p,
			     .valuelen = value.n };
}

static enum err h2_submit(struct probe_h2 *p, const struct image *im, const struct image_server *s)
{
	const struct image_pool *pool = image_pool_at(im, s->pool);
	const nghttp2_data_provider source = { .read_callback = h2_source };
	const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, PROBE_HTTP_HEAD_MAX },
	};
	uint8_t authority[PROBE_H2_AUTHORITY];
	struct wbuf host = wbuf_of(authority, sizeof authority);
	nghttp2_nv nv[PROBE_H2_FIELDS];
	size_t n = 0;

	probe_http_host(&host, im, s, pool);
	nv[n++] = h2_nv(VIEW(":method"), p->is_grpc ? VIEW("POST") : probe_http_method(im, pool));
	nv[n++] = h2_nv(VIEW(":scheme"),
			pool->protocol == IMAGE_HTTPS ? VIEW("https") : VIEW("http"));
	nv[n++] = h2_nv(VIEW(":authority"), wbuf_view(&host));
	nv[n++] = h2_nv(VIEW(":path"), p->is_grpc ? VIEW("/grpc.health.v1.Health/Check")
						  : image_view(im, pool->health_path));
	nv[n++] = h2_nv(VIEW("user-agent"), VIEW("sluis-health"));
	if (p->is_grpc) {
		nv[n++] = h2_nv(VIEW("te"), VIEW("trailers"));
		nv[n++] = h2_nv(VIEW("content-type"), VIEW("application/grpc"));
	} else {
		nv[n++] = h2_nv(VIEW("accept"), VIEW("*/*"));
	}
	if (host.bad || nghttp2_submit_settings(p->ng, NGHTTP2_FLAG_NONE, settings, 2) != 0 ||
	    nghttp2_submit_request(p->ng, NULL, nv, n, p->is_grpc ? &source : NULL, NULL) !=
		    PROBE_H2_STREAM)
		return E_NOMEM;
	return E_OK;
}

static enum err h2_session(struct probe_h2 *p)
{
	nghttp2_session_callbacks *c = NULL;
	int made = NGHTTP2_ERR_NOMEM;

	if (nghttp2_session_callbacks_new(&c) != 0)
		return E_NOMEM;
	nghttp2_session_callbacks_set_on_header_callback(c, h2_on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(c, h2_on_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, h2_on_data);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(c, h2_on_invalid);
	nghttp2_session_callbacks_set_on_frame_send_callback(c, h2_on_sent);
	nghttp2_session_callbacks_set_on_stream_close_callback(c, h2_on_close);
	made = nghttp2_session_client_new(&p->ng, c, p);
	nghttp2_session_callbacks_del(c);
	return made == 0 ? E_OK : E_NOMEM;
}

enum err probe_h2_begin(struct probe_h2 *p, struct probe_http *http, const struct image *im,
			const struct image_server *s)
{
	const struct image_pool *pool = image_pool_at(im, s->pool);
	struct wbuf ask = wbuf_of(p->ask, sizeof p->ask);

	*p = (struct probe_h2){ .http = http, .is_grpc = pool->health_kind == IMAGE_HEALTH_GRPC };
	if (p->is_grpc)
		probe_grpc_put(&ask, image_view(im, pool->health_path));
	p->ask_n = (uint8_t)ask.n;
	TRY(h2_session(p));
	return h2_submit(p, im, s);
}

void probe_h2_end(struct probe_h2 *p)
{
	nghttp2_session_del(p->ng);
	p->ng = NULL;
}

void probe_h2_pull(struct probe_h2 *p, struct wbuf *w)
{
	const uint8_t *data = NULL;
	ssize_t n = 1;

	/* what one step gives is a frame of ours: small */
	while (n > 0 && wbuf_room(w) > PROBE_HTTP_HEAD_MAX / 2) {
		n = nghttp2_session_mem_send(p->ng, &data);
		if (n > 0)
			wbuf_put(w, data, (size_t)n);
	}
	if (n < 0 || w->bad)
		h2_decide(p, PAGE_CHECK_PROTOCOL);
}

enum page_check probe_h2_feed(struct probe_h2 *p, struct view in, bool is_end)
{
	p->received += (uint32_t)in.n;
	if (nghttp2_session_mem_recv(p->ng, in.p, in.n) < 0 ||
	    (p->received > PROBE_H2_BYTES_MAX && p->verdict == PAGE_CHECK_NONE))
		h2_decide(p, PAGE_CHECK_PROTOCOL);
	if (is_end || !nghttp2_session_want_read(p->ng))
		h2_decide(p, PAGE_CHECK_PROTOCOL);
	return (enum page_check)p->verdict;
}
