/*
 * One connection's bytes. A read shorter than what was asked for means the socket is empty, so the
 * usual read costs one system call; epoll (edge-triggered) tells when there is more.
 */
#include "role/edge/conn.h"

#include "role/edge/buffer.h"
#include "role/edge/h2_send.h"
#include "role/edge/h2_stream.h"
#include "role/edge/pipe.h"
#include "role/edge/tripwire.h"
#include "sys/fd.h"
#include "sys/log.h"

#include <errno.h>
#include <sys/socket.h>

/* A TLS record may wait inside the library: its plaintext must fit beside what is read now. */
enum { CONN_TLS_HELD = 17 * 1024, CONN_TLS_ROOM = READ_BYTES - 1024 };

void conn_open(struct edge *e, struct conn *k, int fd, enum source_kind kind)
{
	k->source = (struct loop_source){ .fd = fd, .kind = (uint8_t)kind };
	k->said_end = k->cant_send = k->was_cut = false;
	k->is_bulk = false;
	k->sees_end = k->has_ended = k->wants_write = k->is_watched = k->is_broken = false;
	k->can_read = kind == SOURCE_CLIENT; /* a server is asked first */
	k->tls = NULL;
	k->stream = NULL;
	k->session = NULL;
	k->in = k->out = NULL;
	k->edge = e;
	k->canary_at = 0;
	wheel_entry_init(&k->timer);
}

enum err conn_watch(struct edge *e, struct conn *k)
{
	uint32_t events = EPOLLIN | EPOLLRDHUP | EPOLLET | (k->wants_write ? EPOLLOUT : 0);

	if (k->is_watched)
		return E_OK;
	k->is_watched = true;
	return loop_add(&e->loop, &k->source, events);
}

void conn_close(struct edge *e, struct conn *k, bool want_reset)
{
	struct linger l = { .l_onoff = 1 };

	if (k->stream)
		h2_stream_close(e, k, want_reset);
	if (want_reset && k->source.fd >= 0)
		(void)setsockopt(k->source.fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
	loop_close(&k->source);
	wheel_cancel(&k->timer);
	k->in = buffer_put(&e->buffers, k->in);
	conn_drop_spill(e, k);
	k->tls = tls_conn_free(k->tls);
}

const struct tls_conn *conn_tls(const struct conn *k)
{
	return k->stream ? k->stream->session->conn->tls : k->tls;
}

size_t conn_room(const struct conn *k)
{
	if (k->out)
		return 0;
	return k->stream ? h2_send_room(k->stream) : READ_BYTES;
}

void conn_note(struct conn *k, uint32_t events)
{
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		k->can_read = true;
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		k->sees_end = true; /* its event has come with that of the last bytes */
	if ((events & EPOLLERR) && k->source.kind == SOURCE_CLIENT)
		k->is_broken = true; /* a server may have answered before it ended: recv tells */
}

bool conn_is_quiet(const struct conn *k, uint8_t *byte)
{
	return recv(k->source.fd, byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

struct view conn_pending(const struct conn *k)
{
	return buffer_view(k->in);
}

/* One recv into `into`; also moves can_read and has_ended. */
static enum err conn_receive(struct conn *k, struct wbuf *into, size_t max)
{
	size_t room = wbuf_room(into) < max ? wbuf_room(into) : max;
	ssize_t n = 0;

	if (k->is_broken)
		return E_PROTO;
	if (k->has_ended)
		return E_CLOSED;
	if (!k->can_read)
		return E_AGAIN;
	n = recv(k->source.fd, into->p + into->n, room, 0);
	if (n > 0) {
		into->n += (size_t)n;
		tripwire_behind(k->edge, into);
		k->is_bulk = (size_t)n == room;
		k->can_read = k->is_bulk || k->sees_end;
		return E_OK;
	}
	k->can_read = false;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return E_AGAIN;
	k->has_ended = true;
	k->is_broken = n < 0;
	return n < 0 ? E_PROTO : E_CLOSED;
}

enum err conn_peek(struct conn *k, struct wbuf *into)
{
	ssize_t n = 0;

	if (k->is_broken || !k->can_read)
		return k->is_broken ? E_PROTO : E_AGAIN;
	n = recv(k->source.fd, into->p, wbuf_room(into), MSG_PEEK);
	k->can_read = false; /* more of it brings an event */
	if (n > 0) {
		into->n = (size_t)n;
		return E_OK;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return E_AGAIN;
	k->has_ended = true;
	return n < 0 ? E_PROTO : E_CLOSED;
}

enum err conn_skip(struct edge *e, struct conn *k, size_t n)
{
	k->can_read = true;
	return n <= sizeof e->in && recv(k->source.fd, e->in, n, 0) == (ssize_t)n ? E_OK : E_PROTO;
}

/* Where new bytes go: behind the kept ones, or into the scratch when there are none. */
static struct wbuf conn_target(struct conn *k, uint8_t *scratch, size_t cap)
{
	if (!k->in)
		return wbuf_of(scratch, cap);
	(void)buffer_room(k->in);
	return (struct wbuf){ .p = k->in->p, .n = k->in->n, .cap = BUFFER_BYTES };
}

static struct view conn_took(struct conn *k, const struct wbuf *w)
{
	if (k->in)
		k->in->n = (uint32_t)w->n;
	return wbuf_view(w);
}

/* One read's worth of records. E_AGAIN: no content in them */
static enum err conn_fill_records(struct edge *e, struct conn *k, size_t max, struct wbuf *plain)
{
	struct wbuf wire = wbuf_of(e->in, sizeof e->in);
	size_t room = wbuf_room(plain), had = plain->n;
	enum err got = E_OK;
	struct view in = { 0 };

	if (room <= CONN_TLS_HELD)
		return E_LIMIT;
	room -= CONN_TLS_HELD;
	got = conn_receive(k, &wire, max < room ? max : room);
	k->was_cut |= got == E_CLOSED; /* a FIN without close_notify (RFC 8446 §6.1) */
	if (got != E_OK)
		return got;
	in = wbuf_view(&wire);
	got = tls_read(k->tls, &in, plain);
	tripwire_behind(e, plain);
	k->is_broken |= got == E_PROTO;
	k->has_ended |= got == E_CLOSED;
	if (plain->n != had)
		return E_OK; /* what came before an end counts first */
	return got == E_OK ? E_AGAIN : got;
}

static enum err conn_fill_tls(struct edge *e, struct conn *k, size_t max, struct view *ret)
{
	struct wbuf plain = conn_target(k, e->plain, sizeof e->plain);
	enum err got = E_AGAIN;

	do { /* a part of a record is no reason to stop: the end may be right behind it */
		got = conn_fill_records(e, k, max, &plain);
	} while (got == E_AGAIN && k->can_read);
	*ret = conn_took(k, &plain);
	return got;
}

enum err conn_fill(struct edge *e, struct conn *k, size_t max, struct view *ret)
{
	struct wbuf w = { 0 };

	if (k->stream)
		return h2_stream_fill(e, k, ret);
	if (k->tls && (k->is_broken || k->has_ended))
		return k->is_broken ? E_PROTO : E_CLOSED;
	if (k->tls)
		return conn_fill_tls(e, k, max, ret);
	w = conn_target(k, e->in, sizeof e->in);
	if (wbuf_room(&w) == 0)
		return E_LIMIT;
	TRY(conn_receive(k, &w, max));
	*ret = conn_took(k, &w);
	return E_OK;
}

enum err conn_keep(struct edge *e, struct conn *k, struct view rest)
{
	if (k->in && rest.n) {
		k->in->at = k->in->n - (uint32_t)rest.n;
		return E_OK;
	}
	k->in = buffer_put(&e->buffers, k->in);
	if (rest.n == 0)
		return E_OK;
	k->in = buffer_get(&e->buffers);
	return k->in ? buffer_append(k->in, rest) : E_NOMEM;
}

/* A client that takes nothing any more is gone; a server may have said why, and that is still to be
 * read. */
static enum err conn_is_left(struct conn *k)
{
	k->cant_send = k->can_read = true;
	k->is_broken = k->source.kind == SOURCE_CLIENT;
	return E_CLOSED;
}

static enum err conn_send_error(struct conn *k)
{
	return errno == EAGAIN || errno == EINTR ? E_OK : conn_is_left(k);
}

/* From the first spill on the loop also tells when there is room again. */
static enum err conn_want_write(struct edge *e, struct conn *k)
{
	if (k->wants_write)
		return E_OK;
	k->wants_write = true;
	if (!k->is_watched)
		return conn_watch(e, k);
	return loop_change(&e->loop, &k->source, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

static enum err conn_spill(struct edge *e, struct conn *k, struct view rest)
{
	if (!k->out)
		k->out = buffer_get(&e->buffers);
	if (!k->out)
		return E_NOMEM;
	TRY(buffer_append(k->out, rest));
	return conn_want_write(e, k);
}

void conn_drop_spill(struct edge *e, struct conn *k)
{
	if (k->out)
		k->out->pipe = pipe_put(&e->pipes, k->out->pipe);
	k->out = buffer_put(&e->buffers, k->out);
}

/* A socket without TLS; streams and shadows have none. */
static bool conn_is_plain(const struct conn *k)
{
	return k->source.fd >= 0 && !k->tls && !k->stream;
}

bool conn_can_splice(const struct conn *from, const struct conn *to)
{
	return conn_is_plain(from) && conn_is_plain(to) && !from->in && !to->out && !to->cant_send;
}

/* The pipe of k's spill, as far as it goes. */
static enum err conn_flush_pipe(struct edge *e, struct conn *k)
{
	enum err got = pipe_drain(k->out->pipe, k->source.fd);

	if (got == E_OK)
		k->out->pipe = pipe_put(&e->pipes, k->out->pipe);
	return got == E_CLOSED ? conn_is_left(k) : got;
}

enum err conn_splice(struct edge *e, struct conn *from, struct conn *to, size_t max, size_t *ret)
{
	enum err got = E_OK;

	if (from->is_broken || from->has_ended)
		return from->is_broken ? E_PROTO : E_CLOSED;
	if (!from->can_read)
		return E_AGAIN;
	to->out = buffer_get(&e->buffers); /* now: what a pipe holds can't be put back */
	if (to->out)
		to->out->pipe = pipe_get(&e->pipes);
	if (!to->out || !to->out->pipe) {
		conn_drop_spill(e, to);
		return E_LIMIT;
	}
	got = pipe_fill(to->out->pipe, from->source.fd, max, ret);
	from->is_bulk = got == E_OK;
	if (got == E_OK && conn_flush_pipe(e, to) == E_AGAIN)
		return conn_want_write(e, to);
	conn_drop_spill(e, to);
	if (got == E_OK)
		return E_OK;
	from->can_read = false;
	from->has_ended = got != E_AGAIN;
	from->is_broken = got == E_PROTO;
	return got;
}

/* What is in v leaves as it is. */
static enum err conn_send_bytes(struct edge *e, struct conn *k, struct view v)
{
	ssize_t n = 0;

	if (v.n == 0)
		return E_OK;
	if (!k->out) {
		n = send(k->source.fd, v.p, v.n, MSG_NOSIGNAL);
		if (n < 0) {
			TRY(conn_send_error(k));
			n = 0;
		}
	}
	return (size_t)n == v.n ? E_OK : conn_spill(e, k, view_slice(v, (size_t)n, v.n));
}

enum err conn_send_wire(struct edge *e, struct conn *k, struct view v)
{
	tripwire_check(e, k, v, &k->canary_at);
	return conn_send_bytes(e, k, v);
}

static enum err conn_send_tls(struct edge *e, struct conn *k, struct view v, bool is_last)
{
	do {
		struct wbuf wire = wbuf_of(e->wire, sizeof e->wire);
		struct view part = view_slice(v, 0, CONN_TLS_ROOM);

		if (part.n)
			TRY(tls_write(k->tls, part, &wire));
		v = view_slice(v, part.n, v.n);
		if (is_last && v.n == 0) {
			tls_shutdown(k->tls, &wire);
			k->said_end = true;
		}
		TRY(conn_send_bytes(e, k, wbuf_view(&wire)));
	} while (v.n);
	return E_OK;
}

enum err conn_send(struct edge *e, struct conn *k, struct view v)
{
	tripwire_check(e, k, v, &k->canary_at);
	if (k->stream)
		return h2_send(e, k, v);
	return k->tls ? conn_send_tls(e, k, v, false) : conn_send_bytes(e, k, v);
}

enum err conn_send_last(struct edge *e, struct conn *k, struct view v)
{
	tripwire_check(e, k, v, &k->canary_at);
	if (k->stream)
		return h2_send(e, k, v);
	return k->tls ? conn_send_tls(e, k, v, true) : conn_send_bytes(e, k, v);
}

enum err conn_flush(struct edge *e, struct conn *k)
{
	struct view v = buffer_view(k->out);
	ssize_t n = 0;

	if (!k->out)
		return E_OK;
	if (k->stream)
		return h2_send_flush(e, k);
	if (k->out->pipe) {
		TRY(conn_flush_pipe(e, k));
		v = buffer_view(k->out);
	}
	n = v.n ? send(k->source.fd, v.p, v.n, MSG_NOSIGNAL) : 0;
	if (n < 0) {
		TRY(conn_send_error(k));
		return E_AGAIN;
	}
	k->out->at += (uint32_t)n;
	if ((size_t)n < v.n)
		return E_AGAIN;
	k->out = buffer_put(&e->buffers, k->out);
	return E_OK;
}

/* The first bytes of the application may have come together with the last ones of the handshake. */
static enum err conn_early_bytes(struct edge *e, struct conn *k, struct view wire)
{
	struct wbuf plain = wbuf_of(e->plain, sizeof e->plain);
	enum err got = tls_read(k->tls, &wire, &plain);

	if (got == E_PROTO)
		return got;
	k->has_ended = got == E_CLOSED;
	return conn_keep(e, k, wbuf_view(&plain));
}

enum err conn_handshake(struct edge *e, struct conn *k)
{
	while (!tls_conn_is_parked(k->tls)) {
		struct wbuf wire = wbuf_of(e->in, sizeof e->in),
			    out = wbuf_of(e->wire, sizeof e->wire);
		struct view in = { 0 };
		enum err got = conn_receive(k, &wire, sizeof e->in), step = E_AGAIN;

		if (got == E_CLOSED || got == E_PROTO)
			return got;
		in = wbuf_view(&wire);
		step = tls_handshake(k->tls, &in, &out);
		if (conn_send_wire(e, k, wbuf_view(&out)) != E_OK)
			return E_CLOSED;
		if (step == E_OK)
			return conn_early_bytes(e, k, in);
		if (step != E_AGAIN || got == E_AGAIN)
			return step;
	}
	return E_AGAIN;
}

void conn_say_end(struct edge *e, struct conn *k)
{
	if (!k->tls || k->said_end || k->is_broken)
		return;
	if (conn_send_last(e, k, (struct view){ 0 }) != E_OK)
		k->is_broken = true;
}

void conn_end(struct edge *e, struct conn *k)
{
	if (k->stream)
		h2_send_end(e, k);
	conn_say_end(e, k);
	if (k->source.fd >= 0)
		(void)shutdown(k->source.fd, SHUT_WR);
}
