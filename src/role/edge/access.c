/*
 * Records. Only the length of a query is kept, never its content, nor any cookie or token
 * (DEFAULTS 8.15.02). A full ring costs the record of an access, and its loss is itself recorded.
 */
#include "role/edge/access.h"

#include "role/edge/conn.h"
#include "role/edge/count.h"
#include "role/edge/gate.h"
#include "role/edge/trace.h"

#include "sys/clock.h"

#include <errno.h>
#include <sys/socket.h>

enum { ACCESS_AGENT_MAX = 256, ACCESS_PATH_MAX = 2048 };

/* One packet per record; what the kernel's buffer does not take now waits, or is counted. */
static enum err access_send(const struct edge *e, struct view record)
{
	ssize_t n = send(e->audit.fd, record.p, record.n, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n >= 0)
		return E_OK;
	return errno == EAGAIN || errno == ENOBUFS ? E_AGAIN : E_CLOSED;
}

/* A cell's own word for records that it could not hand over. */
static enum err access_tell_lost(struct edge *e)
{
	uint8_t record[512], text[32];
	struct wbuf w = wbuf_of(record, sizeof record), n = wbuf_of(text, sizeof text);
	struct record_event event = { .kind = RECORD_EVENT,
				      .wall_us = clock_wall_us(),
				      .action = VIEW("audit.gap"),
				      .object = VIEW("cell"),
				      .result = VIEW("lost") };

	wbuf_dec(&n, e->audit_lost);
	WBUF_LIT(&n, " records");
	event.detail = wbuf_view(&n);
	record_put_event(&w, &event);
	TRY(access_send(e, wbuf_view(&w)));
	e->audit_lost = 0;
	return E_OK;
}

bool access_flush(struct edge *e)
{
	struct view rest = view_of(e->audit_kept, e->audit_kept_n), record = { 0 };
	struct wbuf left = wbuf_of(e->audit_kept, sizeof e->audit_kept);

	while (rest.n) {
		struct view next = rest;

		INVARIANT(view_str16(&next, &record) == E_OK);
		if (access_send(e, record) != E_OK)
			break;
		rest = next;
	}
	for (size_t i = 0; i < rest.n; i++) /* overlapping, towards the front */
		wbuf_u8(&left, rest.p[i]);
	e->audit_kept_n = (uint32_t)left.n;
	return left.n == 0;
}

/* An upgrade replaces audit, and a cell outlives it: what it has served meanwhile is told to the
 * next one. E_LIMIT: there is no room, and it is lost */
static enum err access_keep(struct edge *e, struct view record)
{
	struct wbuf w = { .p = e->audit_kept, .n = e->audit_kept_n, .cap = sizeof e->audit_kept };

	wbuf_str16(&w, record);
	if (wbuf_check(&w) != E_OK)
		return E_LIMIT;
	e->audit_kept_n = (uint32_t)w.n;
	return E_OK;
}

/* To the audit role: through the ring, or a cell's channel. E_LIMIT, E_AGAIN, E_CLOSED it was not
 * taken: an access record has been counted as lost, an event has to wait */
static enum err access_hand_over(struct edge *e, enum ring_class class, struct view record)
{
	enum err got = E_OK;

	if (!e->serves_cells)
		return ring_put(&e->ring, class, record);
	if (e->audit_kept_n && !access_flush(e) && class == RING_ACCESS)
		got = E_AGAIN; /* in their order */
	if (got == E_OK && e->audit_lost)
		got = access_tell_lost(e);
	if (got == E_OK)
		got = access_send(e, record);
	if (got != E_OK && class == RING_ACCESS)
		got = access_keep(e, record);
	e->audit_lost += got != E_OK && class == RING_ACCESS;
	return got;
}

void access_why(struct exchange *x, const char *why)
{
	x->why = why;
}

static struct view access_span(const struct exchange *x, struct span16 at)
{
	return view_of(x->head->p + at.at, at.n);
}

static void access_put_string(struct wbuf *w, const struct exchange *x, enum record_tag tag,
			      struct image_str s)
{
	record_put_text(w, tag, image_view(&x->g->image, s));
}

/* Behind a gate: who is logged in. */
static void access_put_actor(struct wbuf *w, const struct exchange *x)
{
	const struct gate_hooks *gate = x->c->conn.edge ? x->c->conn.edge->gate : NULL;
	struct view user = x->gate && gate ? gate->user(x) : (struct view){ 0 };

	record_put_text(w, RECORD_TAG_ACTOR, user.n ? user : VIEW("-"));
	if (user.n)
		record_put_number(w, RECORD_TAG_SESSION, gate->session(x));
}

static void access_put_who(struct wbuf *w, const struct exchange *x)
{
	const struct client *c = x->c;
	uint8_t text[64];
	struct wbuf t = wbuf_of(text, sizeof text);

	ip_put_endpoint(&t, &c->ip, c->port);
	record_put_text(w, RECORD_TAG_ORIGIN, wbuf_view(&t));
	access_put_actor(w, x);
	if (!c->proxy.is_used)
		return;
	t.n = 0;
	ip_put_endpoint(&t, &c->proxy.peer, c->proxy.peer_port);
	record_put_text(w, RECORD_TAG_PEER, wbuf_view(&t));
}

/* A stream's only name is what its client asks TLS for. */
static void access_put_stream(struct wbuf *w, const struct exchange *x)
{
	uint8_t text[300];
	struct wbuf t = wbuf_of(text, sizeof text);

	wbuf_view_put(&t, VIEW("tls://"));
	wbuf_view_put(&t, access_span(x, x->host_at));
	record_put_text(w, RECORD_TAG_OBJECT, x->host_at.n ? wbuf_view(&t) : VIEW("-"));
}

/* An invitation's link is a secret (DEFAULTS 8.15.02): whoever reads the log would have it. */
struct view access_path(const struct exchange *x)
{
	struct view path = view_slice(access_span(x, x->path_at), 0, ACCESS_PATH_MAX);
	bool is_portal = x->rule && x->rule->action == IMAGE_ACTION_PORTAL;

	return is_portal && view_starts(path, VIEW("/invite/")) ? VIEW("/invite/-") : path;
}

static void access_put_object(struct wbuf *w, const struct exchange *x)
{
	uint8_t text[ACCESS_PATH_MAX + 600];
	struct wbuf t = wbuf_of(text, sizeof text);

	if (x->flags & X_RAW) {
		access_put_stream(w, x);
		return;
	}
	wbuf_view_put(&t, conn_tls(&x->c->conn) ? VIEW("https://") : VIEW("http://"));
	wbuf_view_put(&t, view_slice(access_span(x, x->host_at), 0, 512));
	wbuf_view_put(&t, access_path(x));
	record_put_text(w, RECORD_TAG_OBJECT, x->path_at.n ? wbuf_view(&t) : VIEW("-"));
}

static void access_put_result(struct wbuf *w, const struct exchange *x)
{
	uint8_t text[8];
	struct wbuf t = wbuf_of(text, sizeof text);

	if (x->status)
		wbuf_dec(&t, x->status);
	else if (x->flags & X_RAW && x->why)
		WBUF_LIT(&t, "failed");
	else
		WBUF_LIT(&t, "aborted");
	record_put_text(w, RECORD_TAG_RESULT, wbuf_view(&t));
}

static void access_put_tls(struct wbuf *w, const struct client *c)
{
	uint8_t text[64];
	struct wbuf t = wbuf_of(text, sizeof text);

	const struct tls_conn *tls = conn_tls(&c->conn);

	if (!tls)
		return;
	wbuf_str(&t, tls_conn_version(tls));
	WBUF_LIT(&t, " ");
	wbuf_str(&t, tls_conn_cipher(tls));
	record_put_text(w, RECORD_TAG_TLS, wbuf_view(&t));
}

static void access_put_where(struct wbuf *w, const struct exchange *x)
{
	access_put_string(w, x, RECORD_TAG_LISTENER, x->listener->name);
	if (x->rule)
		access_put_string(w, x, RECORD_TAG_ROUTE, x->rule->name);
	if (x->pool)
		access_put_string(w, x, RECORD_TAG_POOL, x->pool->name);
	if (x->server)
		access_put_string(w, x, RECORD_TAG_SERVER, x->server->name);
}

static struct view access_protocol(const struct exchange *x)
{
	if (x->c->is_stream)
		return VIEW("HTTP/2");
	return x->flags & X_OLD_CLIENT ? VIEW("HTTP/1.0") : VIEW("HTTP/1.1");
}

static void access_put_numbers(struct wbuf *w, const struct edge *e, const struct exchange *x)
{
	record_put_number(w, RECORD_TAG_BYTES_IN, x->request.moved);
	record_put_number(w, RECORD_TAG_BYTES_OUT, x->bytes_out);
	record_put_number(w, RECORD_TAG_DURATION_US, (e->loop.now_ns - x->start_ns) / 1000);
	if (x->first_byte_ns)
		record_put_number(w, RECORD_TAG_FIRST_BYTE_US,
				  (x->first_byte_ns - x->start_ns) / 1000);
	if (x->tries > 1)
		record_put_number(w, RECORD_TAG_TRIES, x->tries);
	if (x->query_n)
		record_put_number(w, RECORD_TAG_QUERY_BYTES, x->query_n);
}

/* Where the time went on the way to the server; of the last try. */
static void access_put_phases(struct wbuf *w, const struct exchange *x)
{
	if (x->queue_ms)
		record_put_number(w, RECORD_TAG_QUEUE_US, (uint64_t)x->queue_ms * 1000);
	if (!x->connected_ns)
		return;
	record_put_number(w, RECORD_TAG_CONNECT_US, (x->connected_ns - x->asked_ns) / 1000);
	if (x->pool->protocol == IMAGE_HTTPS && x->sent_ns > x->connected_ns)
		record_put_number(w, RECORD_TAG_TLS_SERVER_US,
				  (x->sent_ns - x->connected_ns) / 1000);
}

static void access_put_hash(struct wbuf *w, enum record_tag tag, struct view hash)
{
	uint8_t text[2 * TLS_CERTIFICATE_HASH];
	struct wbuf t = wbuf_of(text, sizeof text);

	if (!hash.n)
		return;
	wbuf_hex(&t, hash);
	record_put_text(w, tag, wbuf_view(&t));
}

static void access_put_certificate(struct wbuf *w, const struct tls_conn *tls)
{
	uint8_t hash[TLS_CERTIFICATE_HASH];

	if (tls_conn_certificate_hash(tls, hash))
		access_put_hash(w, RECORD_TAG_CLIENT_CERTIFICATE, view_of(hash, sizeof hash));
}

/* With the first request of a connection: how TLS began. */
static void access_put_handshake(struct wbuf *w, const struct exchange *x)
{
	const struct client *c = x->c;
	const struct tls_conn *tls = conn_tls(&c->conn);
	struct view sni = { 0 };

	if (!tls || c->requests != 1)
		return;
	record_put_number(w, RECORD_TAG_HANDSHAKE_US, c->handshake_us);
	if (tls_conn_is_resumed(tls))
		record_put_number(w, RECORD_TAG_TLS_RESUMED, 1);
	access_put_certificate(w, tls);
	access_put_hash(w, RECORD_TAG_TLS_CLASS, tls_conn_class(tls));
	sni = tls_conn_sni(tls);
	if (!view_starts(access_span(x, x->host_at), sni))
		record_put_text(w, RECORD_TAG_SNI, sni);
}

/* How it went wrong, if it did. */
static void access_put_end(struct wbuf *w, const struct exchange *x)
{
	static const char *const ends[] = { [X_END_WELL] = "",
					    [X_END_CLIENT] = "client",
					    [X_END_SERVER] = "server",
					    [X_END_TIMEOUT] = "timeout" };
	uint8_t text[512];
	struct wbuf t = wbuf_of(text, sizeof text);

	if (x->end)
		record_put_text(w, RECORD_TAG_ENDED, view_str(ends[x->end]));
	if (!x->why)
		return;
	wbuf_str(&t, x->why);
	if (x->cause && view_str(x->cause).n < sizeof text / 2) {
		WBUF_LIT(&t, ": ");
		wbuf_str(&t, x->cause);
	}
	record_put_text(w, RECORD_TAG_DETAIL, wbuf_view(&t));
}

/* A request that went well may be one of many that have no record. */
static bool access_is_left_out(struct edge *e, const struct exchange *x)
{
	unsigned percent = x->g->image.header->log_percent;
	bool went_well = x->status && x->status < 400 && !x->end && !x->why && !x->level;

	return percent < 100 && went_well && rng_below(&e->rng, 100) >= percent;
}

static void access_write(struct edge *e, struct exchange *x)
{
	uint8_t record[RING_RECORD_MAX];
	struct wbuf w = wbuf_of(record, sizeof record);

	record_put_number(&w, RECORD_TAG_KIND, RECORD_ACCESS);
	record_put_number(&w, RECORD_TAG_TIME, (uint64_t)clock_wall_us());
	record_put_text(&w, RECORD_TAG_ACTION,
			x->flags & X_RAW ? VIEW("connect")
			: x->method_at.n ? view_slice(access_span(x, x->method_at), 0, 64)
					 : VIEW("-"));
	access_put_object(&w, x);
	access_put_result(&w, x);
	access_put_who(&w, x);
	record_put_text(&w, RECORD_TAG_REQUEST_ID, view_of(x->request_id, sizeof x->request_id));
	access_put_where(&w, x);
	record_put_text(&w, RECORD_TAG_PROTOCOL, access_protocol(x));
	access_put_numbers(&w, e, x);
	access_put_tls(&w, x->c);
	if (x->agent_at.n)
		record_put_text(&w, RECORD_TAG_USER_AGENT,
				view_slice(access_span(x, x->agent_at), 0, ACCESS_AGENT_MAX));
	if (x->trace.is_continued)
		record_put_text(&w, RECORD_TAG_TRACE_ID,
				view_of(x->trace.trace_id, sizeof x->trace.trace_id));
	access_put_phases(&w, x);
	access_put_handshake(&w, x);
	access_put_end(&w, x);
	if (x->level)
		record_put_text(&w, RECORD_TAG_LEVEL, level_name((enum level)x->level));
	if (x->level_exercise)
		record_put_text(&w, RECORD_TAG_EXERCISE, level_name((enum level)x->level_exercise));
	if (x->g->image.header->log_percent < 100 && !x->end && !x->why && x->status < 400)
		record_put_number(&w, RECORD_TAG_SAMPLE_PERCENT, x->g->image.header->log_percent);
	if (wbuf_check(&w) != E_OK || access_hand_over(e, RING_ACCESS, wbuf_view(&w)) != E_OK)
		return; /* counted by the ring, recorded by audit */
}

void access_record(struct edge *e, struct exchange *x)
{
	bool is_wanted = x->g->image.header->log_access && !access_is_left_out(e, x);

	count_request(e, x);
	/* What passed under a level has to be provable, whatever the log leaves out (P8, P9) */
	if (is_wanted || x->level || x->level_exercise)
		access_write(e, x);
	if (x->trace.is_sampled)
		trace_end(e, x);
}

void access_note_stream(struct exchange *x)
{
	struct wbuf w = { .p = x->head->p, .n = x->head->n, .cap = BUFFER_BYTES };

	access_put_where(&w, x);
	if (x->tries > 1)
		record_put_number(&w, RECORD_TAG_TRIES, x->tries);
	record_put_number(&w, RECORD_TAG_FIRST_BYTE_US, (x->first_byte_ns - x->start_ns) / 1000);
	x->where_at =
		(struct span16){ .at = (uint16_t)x->head->n, .n = (uint16_t)(w.n - x->head->n) };
	x->head->n = (uint32_t)w.n;
}

/* How a tunnel ended. */
static struct view access_end(const struct exchange *x)
{
	if (x->end == X_END_TIMEOUT)
		return VIEW("timeout");
	if (!(x->flags & X_RAW))
		return VIEW("ok");
	return x->c->conn.is_broken || x->u->conn.is_broken ? VIEW("reset") : VIEW("ok");
}

void access_tunnel_end(struct edge *e, struct exchange *x)
{
	uint8_t record[RING_RECORD_MAX];
	struct wbuf w = wbuf_of(record, sizeof record);
	bool is_raw = x->flags & X_RAW;

	count_tunnel_end(e, x);
	if (!e->now->image.header->log_access)
		return;
	record_put_number(&w, RECORD_TAG_KIND, RECORD_ACCESS);
	record_put_number(&w, RECORD_TAG_TIME, (uint64_t)clock_wall_us());
	record_put_text(&w, RECORD_TAG_ACTION, is_raw ? VIEW("connect") : VIEW("tunnel.closed"));
	access_put_object(&w, x);
	record_put_text(&w, RECORD_TAG_RESULT, access_end(x));
	access_put_who(&w, x);
	record_put_text(&w, RECORD_TAG_REQUEST_ID, view_of(x->request_id, sizeof x->request_id));
	wbuf_view_put(&w, access_span(x, x->where_at));
	record_put_number(&w, RECORD_TAG_BYTES_IN, x->request.moved);
	record_put_number(&w, RECORD_TAG_BYTES_OUT, x->answer.moved);
	record_put_number(&w, RECORD_TAG_DURATION_US, (e->loop.now_ns - x->start_ns) / 1000);
	if (wbuf_check(&w) != E_OK || access_hand_over(e, RING_ACCESS, wbuf_view(&w)) != E_OK)
		return;
}

/* "edge[0]", "cell[17]" */
static void access_put_self(struct wbuf *w, const struct edge *e)
{
	wbuf_str(w, role_name((enum role)e->self.role));
	WBUF_LIT(w, "[");
	wbuf_dec(w, e->self.role == ROLE_CELL ? e->me.slot : e->self.index);
	WBUF_LIT(w, "]");
}

enum err access_alarm(struct edge *e, const struct exchange *x, struct view action,
		      struct view detail)
{
	uint8_t record[2048], self[32], from[64];
	struct wbuf w = wbuf_of(record, sizeof record), me = wbuf_of(self, sizeof self),
		    origin = wbuf_of(from, sizeof from);
	struct record_event event = { .kind = RECORD_ALARM,
				      .wall_us = clock_wall_us(),
				      .action = action,
				      .result = VIEW("failed"),
				      .detail = detail };

	access_put_self(&me, e);
	if (x)
		ip_put_endpoint(&origin, &x->c->ip, x->c->port);
	event.object = wbuf_view(&me);
	event.origin = wbuf_view(&origin);
	record_put_event(&w, &event);
	if (x && x->listener)
		access_put_where(&w, x);
	if (x)
		record_put_text(&w, RECORD_TAG_REQUEST_ID,
				view_of(x->request_id, sizeof x->request_id));
	TRY(wbuf_check(&w));
	return access_hand_over(e, RING_EVENT, wbuf_view(&w));
}

enum err access_event(struct edge *e, struct view action, struct view object, struct view result,
		      struct view detail)
{
	uint8_t record[1024], text[32];
	struct wbuf w = wbuf_of(record, sizeof record), origin = wbuf_of(text, sizeof text);
	struct record_event event = { .kind = RECORD_EVENT,
				      .wall_us = clock_wall_us(),
				      .action = action,
				      .object = object,
				      .result = result,
				      .detail = detail };

	access_put_self(&origin, e);
	event.origin = wbuf_view(&origin);
	record_put_event(&w, &event);
	TRY(wbuf_check(&w));
	return access_hand_over(e, RING_EVENT, wbuf_view(&w));
}
