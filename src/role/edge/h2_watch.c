/*
 * What frames cost, and which ones should not have come. The library, which keeps nothing of closed
 * streams, drops frames of them all alike; and it forgives what RFC 9113 does not.
 */
#include "role/edge/h2_watch.h"

#include "role/edge/abuse.h"
#include "role/edge/h2_session.h"

enum { WATCH_ODDITIES = 10000 /* frames of a server between two answers that bring nothing */ };

struct page_load_listener *h2_watch_load(const struct h2_session *n)
{
	return &n->edge->load->listener[OWNER_OF(n->conn, struct client, conn)->slot];
}

int h2_watch_charge(struct h2_session *n, enum page_abuse act)
{
	bool is_over = n->is_server
			       ? abuse_add(n->edge, OWNER_OF(n->conn, struct client, conn), act)
			       : ++n->oddities > WATCH_ODDITIES;

	if (!is_over)
		return 0;
	n->error = NGHTTP2_ENHANCE_YOUR_CALM;
	return NGHTTP2_ERR_CALLBACK_FAILURE;
}

int h2_watch_overdoes(struct h2_session *n)
{
	if (n->is_server && !n->error)
		abuse_end(n->edge, OWNER_OF(n->conn, struct client, conn), PAGE_ABUSE_HEADER, true);
	n->error = NGHTTP2_ENHANCE_YOUR_CALM;
	return NGHTTP2_ERR_CALLBACK_FAILURE;
}

/* A stream that is taken back costs us what was done for it (CVE-2023-44487). */
static int watch_charge_reset(struct h2_session *n, int32_t id)
{
	const struct h2_stream *s = nghttp2_session_get_stream_user_data(n->ng, id);

	if (n->is_server)
		PAGE_ADD(h2_watch_load(n)->h2_resets_received, 1);
	return h2_watch_charge(n, s && !s->said_end ? PAGE_ABUSE_RESET : PAGE_ABUSE_EMPTY);
}

static int watch_charge_window(struct h2_session *n)
{
	if (!n->window_credit)
		return h2_watch_charge(n, PAGE_ABUSE_WINDOW);
	n->window_credit--;
	return 0;
}

static int watch_wrong(struct h2_session *n, uint32_t error)
{
	n->error = error;
	return NGHTTP2_ERR_CALLBACK_FAILURE;
}

static bool watch_is_gone(const struct h2_session *n, int32_t id)
{
	return id <= n->gone.last && !n->is_leaving && !nghttp2_session_find_stream(n->ng, id);
}

/* Content or fields of stream id. RFC 9113 §5.1, §5.1.1 */
static int watch_gone(struct h2_session *n, int32_t id)
{
	enum h2_gone_state what = H2_GONE_CROSSED;

	if (!watch_is_gone(n, id))
		return 0;
	what = h2_gone_what(&n->gone, id);
	if (what == H2_GONE_CROSSED)
		return 0;
	return watch_wrong(n,
			   what == H2_GONE_NEVER ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_STREAM_CLOSED);
}

static int watch_fields(struct h2_session *n, int32_t id)
{
	return n->is_server && h2_gone_begin(&n->gone, id) ? 0 : watch_gone(n, id);
}

/* RFC 9113 §6.3; the library doesn't look at it */
static int watch_priority(struct h2_session *n, const nghttp2_frame_hd *hd)
{
	return hd->type == NGHTTP2_PRIORITY && hd->stream_id == 0
		       ? watch_wrong(n, NGHTTP2_PROTOCOL_ERROR)
		       : h2_watch_charge(n, PAGE_ABUSE_PRIORITY);
}

int h2_watch_begin(nghttp2_session *ng, const nghttp2_frame_hd *hd, void *owner)
{
	struct h2_session *n = owner;

	(void)ng;
	switch (hd->type) {
	case NGHTTP2_DATA:	   /* h2_watch_feed */
	case NGHTTP2_CONTINUATION: /* the library bounds them */
		return 0;
	case NGHTTP2_HEADERS:
		return watch_fields(n, hd->stream_id);
	case NGHTTP2_RST_STREAM:
		n->gone.taken_back = hd->stream_id;
		return watch_charge_reset(n, hd->stream_id);
	case NGHTTP2_WINDOW_UPDATE:
		return watch_charge_window(n);
	case NGHTTP2_SETTINGS:
		return hd->flags & NGHTTP2_FLAG_ACK ? 0 : h2_watch_charge(n, PAGE_ABUSE_SETTINGS);
	case NGHTTP2_PING:
		return h2_watch_charge(n, PAGE_ABUSE_PING);
	case NGHTTP2_PRIORITY:
	case NGHTTP2_PRIORITY_UPDATE:
		return watch_priority(n, hd);
	default:
		return h2_watch_charge(n, PAGE_ABUSE_UNKNOWN);
	}
}

int h2_watch_unknown(nghttp2_session *ng, void **payload, const nghttp2_frame_hd *hd, void *owner)
{
	(void)ng;
	(void)payload;
	(void)hd;
	(void)owner;
	return NGHTTP2_ERR_CANCEL; /* it is left out */
}

/* A stream that the library refuses never becomes one, but its content may be on its way. */
int h2_watch_invalid(nghttp2_session *ng, const nghttp2_frame *frame, int error, void *owner)
{
	struct h2_session *n = owner;

	(void)error;
	if (frame->hd.type == NGHTTP2_HEADERS &&
	    !nghttp2_session_find_stream(ng, frame->hd.stream_id))
		h2_gone_reset(&n->gone, frame->hd.stream_id);
	return 0;
}

void h2_watch_close(struct h2_session *n, int32_t id)
{
	if (id != n->gone.taken_back && nghttp2_session_get_stream_remote_close(n->ng, id) == 0)
		h2_gone_reset(&n->gone, id);
}

/* A reset that we are made to send costs as much as one that is sent (CVE-2025-8671), and more. */
static void watch_sent_reset(struct h2_session *n, uint32_t code)
{
	/* A window above 2^31-1. When SETTINGS made it so, the connection's end is asked for; the
	 * library ends the stream (RFC 9113 §6.9.1, §6.9.2). */
	if (code == NGHTTP2_FLOW_CONTROL_ERROR)
		h2_session_end(n, code);
	if (!n->is_server)
		return;
	PAGE_ADD(h2_watch_load(n)->h2_resets_sent, 1);
	if (code == NGHTTP2_NO_ERROR || code == NGHTTP2_CANCEL || code == NGHTTP2_INTERNAL_ERROR)
		return;
	if (h2_watch_charge(n, code == NGHTTP2_REFUSED_STREAM ? PAGE_ABUSE_REFUSED
							      : PAGE_ABUSE_MALFORMED) != 0)
		h2_session_end(n, n->error);
}

/* Why a connection ends that has not been charged for it yet. */
static void watch_sent_goaway(struct h2_session *n, uint32_t code)
{
	PAGE_ADD(h2_watch_load(n)->h2_goaways, 1);
	if (code != NGHTTP2_NO_ERROR && code != NGHTTP2_ENHANCE_YOUR_CALM)
		abuse_end(n->edge, OWNER_OF(n->conn, struct client, conn), PAGE_ABUSE_PROTOCOL,
			  false);
}

int h2_watch_sent(nghttp2_session *ng, const nghttp2_frame *frame, void *owner)
{
	struct h2_session *n = owner;

	(void)ng;
	if (frame->hd.type == NGHTTP2_RST_STREAM)
		watch_sent_reset(n, frame->rst_stream.error_code);
	else if (frame->hd.type == NGHTTP2_GOAWAY && n->is_server)
		watch_sent_goaway(n, frame->goaway.error_code);
	return 0;
}

/* ---- content ---- */

/* The head of a frame that has come. */
struct watch_frame {
	uint32_t length;
	uint8_t type, flags;
	int32_t id;
};

static struct watch_frame watch_frame_of(const uint8_t *p)
{
	uint32_t first = 0, id = 0;
	struct view v = view_of(p, H2_FRAME_HEAD);
	struct watch_frame f = { 0 };

	INVARIANT(view_u32(&v, &first) == E_OK && view_u8(&v, &f.flags) == E_OK &&
		  view_u32(&v, &id) == E_OK);
	f.length = first >> 8;
	f.type = (uint8_t)first;
	f.id = (int32_t)(id & INT32_MAX); /* RFC 9113 §4.1: the reserved bit is ignored */
	return f;
}

/* What content is worth nothing. The end of a stream is worth something, once. */
static int watch_data(struct h2_session *n, const struct watch_frame *f)
{
	bool is_empty = f->length == 0 || f->flags & NGHTTP2_FLAG_PADDED,
	     is_gone = f->id && watch_is_gone(n, f->id);

	if (is_gone && watch_gone(n, f->id) != 0)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	if (!is_empty || (f->flags & NGHTTP2_FLAG_END_STREAM && !is_gone))
		return 0;
	return h2_watch_charge(n, PAGE_ABUSE_EMPTY);
}

/* Of v what belongs to the frame under way, or to the head of the next one. True: a head is whole
 */
static bool watch_walk(struct h2_watch *w, struct view *v)
{
	size_t n = v->n < w->left ? v->n : w->left;

	*v = view_slice(*v, n, v->n);
	w->left -= (uint32_t)n;
	while (v->n && w->left == 0 && w->head_n < H2_FRAME_HEAD)
		INVARIANT(view_u8(v, &w->head[w->head_n++]) == E_OK);
	if (w->head_n < H2_FRAME_HEAD)
		return false;
	w->head_n = 0;
	return true;
}

ssize_t h2_watch_feed(struct h2_session *n, struct view v)
{
	struct view rest = v;
	bool saw_reset = false;

	while (watch_walk(&n->watch, &rest)) {
		struct watch_frame f = watch_frame_of(n->watch.head);
		size_t came = v.n - rest.n;

		n->watch.left = f.length;
		saw_reset |= f.type == NGHTTP2_RST_STREAM;
		if (f.type != NGHTTP2_DATA)
			continue;
		if (saw_reset) { /* which streams are there is known when they have been taken */
			ssize_t used = nghttp2_session_mem_recv(n->ng, v.p, came);

			if (used < 0)
				return used;
			v = rest;
			saw_reset = false;
		}
		if (watch_data(n, &f) != 0)
			return NGHTTP2_ERR_CALLBACK_FAILURE;
	}
	return nghttp2_session_mem_recv(n->ng, v.p, v.n);
}
