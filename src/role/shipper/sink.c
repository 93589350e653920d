/*
 * One receiver: dial, TLS, stream, and the places that are safe. TCP says what its side's kernel
 * has taken, never what its syslog daemon has written; so what was taken in the last seconds before
 * a connection breaks goes out again, and only an answered goodbye (RFC 5425 §4.4) settles all.
 */
#include "role/shipper/shipper.h"

#include "base/hash.h"
#include "base/list.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

void sink_event(struct sink *s, enum record_kind kind, const char *action, const char *result,
		struct view detail)
{
	uint8_t body[1024];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct record_event e = { .kind = kind,
				  .wall_us = clock_wall_us(),
				  .action = view_str(action),
				  .object = view_str(s->name),
				  .result = view_str(result),
				  .origin = VIEW("shipper[0]"),
				  .detail = detail };

	record_put_event(&w, &e);
	if (!s->x->ring.data || ring_put(&s->x->ring, RING_EVENT, wbuf_view(&w)) != E_OK)
		log_line(LOG_WARNING, "%s: %s: %.*s", action, s->name, (int)detail.n, detail.p);
}

/* Is it asked, one connection for each question? Else it is streamed to. */
static bool sink_asks(const struct sink *s)
{
	return s->observer || s->hook;
}

static void sink_close(struct sink *s)
{
	s->tls = tls_conn_free(s->tls);
	loop_close(&s->source);
	s->plain.n = s->wire.n = s->wire_at = s->in.n = 0;
	s->plain.bad = s->wire.bad = false;
	s->mark_n = 0;
	s->bytes = 0;
}

void sink_lost(struct sink *s, uint64_t from, uint64_t n)
{
	uint8_t text[96];
	struct wbuf w = wbuf_of(text, sizeof text);

	wbuf_dec(&w, n);
	WBUF_LIT(&w, " records from about ");
	wbuf_dec(&w, from);
	WBUF_LIT(&w, " on were removed before they were sent");
	sink_event(s, RECORD_ALARM, "audit.ship_gap", "lost", wbuf_view(&w));
}

/* From the safe place on again. */
static void sink_rewind(struct sink *s)
{
	uint64_t skipped = 0;

	s->log.file.fd = fd_close(s->log.file.fd);
	s->is_at_end = false;
	if (reader_open(&s->log, s->x->log_fd, &s->safe, &skipped) != E_OK)
		return; /* no log yet: looked for again with the next try */
	if (skipped) {
		sink_lost(s, s->safe.seq + 1, skipped);
		s->safe = s->log.at;
	}
}

static void sink_failed(struct sink *s, const char *why)
{
	uint64_t first_ms = s->hook ? HOOK_RETRY_MS : SHIPPER_RETRY_MS,
		 most_ms = s->hook ? HOOK_RETRY_MAX_MS : SHIPPER_RETRY_MAX_MS,
		 wait_ms = first_ms << (s->tries < 8 ? s->tries : 8);

	sink_close(s);
	if (s->failing_ms == 0) {
		s->failing_ms = s->x->loop.now_ms + 1;
		log_line(LOG_WARNING, "the log's receiver %s: %s", s->name, why);
		if (!s->observer) /* of a witness, silence is what counts */
			sink_event(s, RECORD_ALARM, "audit.ship_failed", "waits", view_str(why));
	}
	s->tries++;
	s->due_ms = s->x->loop.now_ms + (wait_ms < most_ms ? wait_ms : most_ms);
	s->state = s->x->is_ending ? SINK_OVER : SINK_WAITING;
}

void sink_refused(struct sink *s, const char *why)
{
	if (s->state == SINK_DIALING)
		sink_failed(s, why);
}

static void sink_dial(struct sink *s)
{
	struct shipper *x = s->x;
	uint8_t body[8];
	struct wbuf w = wbuf_of(body, sizeof body);

	if (x->dialer.fd < 0)
		return; /* the keeper brings one */
	s->ask_seq = ++x->asked;
	wbuf_u32(&w, s->server->slot);
	wbuf_u32(&w, s->server->slot_gen);
	if (frame_send(x->dialer.fd, EDGE_DIAL, s->ask_seq, wbuf_view(&w), NULL, 0) != E_OK)
		return; /* its queue is full, or it has just gone */
	s->state = SINK_DIALING;
	s->due_ms = x->loop.now_ms + SHIPPER_DIAL_MS;
}

/* ---- bytes out ---- */

/* E_OK all of wire is sent · E_AGAIN · E_CLOSED */
static enum err sink_send(struct sink *s)
{
	while (s->wire_at < s->wire.n) {
		struct view rest = view_slice(wbuf_view(&s->wire), s->wire_at, s->wire.n);
		ssize_t n = send(s->source.fd, rest.p, rest.n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? E_AGAIN : E_CLOSED;
		s->wire_at += (size_t)n;
		s->bytes += (uint64_t)n;
		s->due_ms = s->x->loop.now_ms +
			    (s->hook ? (uint64_t)SHIPPER_HANDSHAKE_MS : (uint64_t)SHIPPER_STALL_MS);
	}
	s->wire.n = s->wire_at = 0;
	return E_OK;
}

static enum err sink_want(struct sink *s, bool wants_room)
{
	return loop_change(&s->x->loop, &s->source, wants_room ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

/* Lines, as many as fit. E_AGAIN: there are none now */
static enum err sink_fill(struct sink *s)
{
	struct view line = { 0 };
	enum err e = E_OK;

	s->is_at_end = false;
	while (s->plain.n < SHIPPER_BATCH) {
		e = reader_next(&s->log, s->x->log_fd, &line);
		if (e == E_LIMIT) {
			sink_event(s, RECORD_ALARM, "audit.ship_gap", "lost",
				   VIEW("a line longer than any record was passed over"));
			continue;
		}
		if (e != E_OK)
			break;
		line_put(s->x, &s->plain, line);
		if (s->x->page)
			PAGE_ADD(s->x->page->messages, 1);
		INVARIANT(!s->plain.bad);
	}
	s->is_at_end = e == E_AGAIN;
	if (s->is_at_end && s->plain.n == 0)
		s->all_ms = s->x->loop.now_ms;
	if (s->log.lost)
		sink_lost(s, s->log.at.seq + 1 - s->log.lost, s->log.lost);
	s->log.lost = 0;
	if (e == E_SYS)
		return e;
	return s->plain.n ? E_OK : E_AGAIN;
}

/* What is sent so far becomes safe later: at most so often, so that the marks reach far enough. */
static void sink_mark(struct sink *s)
{
	struct mark *last = s->mark_n ? &s->mark[s->mark_n - 1] : NULL;
	uint64_t now = s->x->loop.now_ms;

	if (s->mark_n == SHIPPER_MARKS ||
	    (last && (now - last->ms < SHIPPER_POLL_MS || last->bytes == s->bytes)))
		return;
	s->mark[s->mark_n++] = (struct mark){ .at = s->log.at, .ms = now, .bytes = s->bytes };
}

/* To a witness or a webhook: the one question, and then its answer is waited for. */
static void sink_ask(struct sink *s)
{
	enum err e = sink_send(s);

	if (e == E_CLOSED)
		sink_failed(s, "the connection broke");
	else if (sink_want(s, e == E_AGAIN) != E_OK)
		sink_failed(s, "epoll");
}

/* Messages go out until the receiver takes no more, or there are none. */
static void sink_pump(struct sink *s)
{
	for (;;) {
		enum err e = sink_send(s);

		if (e == E_OK) {
			sink_mark(s);
			e = sink_fill(s);
			if (e == E_AGAIN) {
				if (sink_want(s, false) != E_OK)
					sink_failed(s, "epoll");
				return;
			}
		} else if (e == E_AGAIN) {
			if (sink_want(s, true) != E_OK)
				sink_failed(s, "epoll");
			return;
		}
		if (e == E_SYS) {
			sink_failed(s, "the log can't be read");
			return;
		}
		if (e != E_OK || tls_write(s->tls, wbuf_view(&s->plain), &s->wire) != E_OK) {
			sink_failed(s, "the connection broke");
			return;
		}
		s->plain.n = 0;
		s->due_ms = s->x->loop.now_ms + SHIPPER_STALL_MS;
	}
}

/* ---- the connection ---- */

static void sink_stream(struct sink *s)
{
	s->state = SINK_STREAMING;
	s->due_ms = s->x->loop.now_ms + SHIPPER_STALL_MS;
	if (sink_asks(s)) {
		bool is_put = s->hook ? hook_put_request(s) : observer_put(s);

		s->due_ms = s->x->loop.now_ms + SHIPPER_HANDSHAKE_MS;
		if (!is_put || tls_write(s->tls, wbuf_view(&s->plain), &s->wire) != E_OK)
			sink_failed(s, "the question can't be asked");
		else
			sink_ask(s);
		return;
	}
	sink_rewind(s);
	sink_pump(s);
}

/* Records have arrived and the connection has stood since: an outage is over only now, so that one
 * that breaks again and again is one outage, with ever longer waits, and not a line each time. */
static void sink_resumed(struct sink *s)
{
	uint8_t text[96];
	struct wbuf w = wbuf_of(text, sizeof text);

	s->tries = 0;
	if (s->failing_ms == 0)
		return;
	WBUF_LIT(&w, "up to record ");
	wbuf_dec(&w, s->safe.seq);
	WBUF_LIT(&w, ", after ");
	wbuf_dec(&w, (s->x->loop.now_ms - s->failing_ms) / 1000);
	WBUF_LIT(&w, " s");
	sink_event(s, RECORD_EVENT, "audit.ship_resumed", "ok", wbuf_view(&w));
	log_line(LOG_INFO, "the log's receiver %s takes records again", s->name);
	s->failing_ms = 0;
}

/* The receiver has ended its side: after our goodbye that says that it has read all of it. */
static void sink_ended(struct sink *s, bool is_orderly)
{
	if (s->state == SINK_ENDING && is_orderly) {
		s->safe = s->log.at;
		sink_close(s);
		s->state = SINK_OVER;
		return;
	}
	sink_failed(s, is_orderly ? "it ended the connection" : "the connection broke");
}

/* A webhook's answer. false: the connection is over with it */
static bool sink_hooked(struct sink *s, struct view plain, bool is_end)
{
	bool is_taken = false;
	enum err e = hook_take(s, plain, is_end, &is_taken);
	char why[64] = "its answer is not understood";

	if (e == E_AGAIN)
		return true;
	if (e == E_DENIED)
		(void)snprintf(why, sizeof why, "it answered %u", s->hook->status);
	if (e != E_OK) {
		sink_failed(s, why);
		return false;
	}
	sink_close(s);
	s->state = s->x->is_ending ? SINK_OVER : SINK_WAITING;
	if (is_taken) {
		s->due_ms = s->x->loop.now_ms;
		sink_resumed(s);
	}
	return false;
}

/* The answer to a question. false: the connection is over with it */
static bool sink_answer(struct sink *s, struct view plain, bool is_end)
{
	enum err e = E_OK;

	if (s->hook)
		return sink_hooked(s, plain, is_end);
	e = observer_take(s, plain, is_end);
	if (e == E_AGAIN)
		return true;
	if (e == E_OK) {
		sink_close(s);
		s->tries = 0;
		s->failing_ms = 0;
		s->state = s->x->is_ending ? SINK_OVER : SINK_WAITING;
	} else {
		sink_failed(s, "its answer is not understood");
	}
	return false;
}

/* What a receiver says is nothing to us, but that it goes. */
static void sink_take(struct sink *s, struct view in)
{
	uint8_t plain[1024];
	struct wbuf out = wbuf_of(plain, sizeof plain);
	enum err e = E_OK;

	do {
		out.n = 0;
		e = tls_read(s->tls, &in, &out);
		if (sink_asks(s) && s->state == SINK_STREAMING && (out.n || e == E_CLOSED) &&
		    !sink_answer(s, wbuf_view(&out), e == E_CLOSED))
			return;
	} while (e == E_OK);
	if (e == E_CLOSED)
		sink_ended(s, true);
	else if (e == E_PROTO)
		sink_ended(s, false);
}

static void sink_shake(struct sink *s)
{
	struct view in = wbuf_view(&s->in);
	enum err e = tls_handshake(s->tls, &in, &s->wire), sent = E_OK;
	char why[200] = "";

	s->in.n = 0;
	sent = sink_send(s);
	if (e == E_PROTO) {
		(void)snprintf(why, sizeof why, "TLS: %s", tls_conn_error(s->tls));
		sink_failed(s, why);
	} else if (sent == E_CLOSED) {
		sink_failed(s, "it ended the connection during the handshake");
	} else if (e == E_OK) {
		sink_take(s, in); /* tickets may follow at once */
		if (s->tls)
			sink_stream(s);
	} else if (sink_want(s, sent == E_AGAIN) != E_OK) {
		sink_failed(s, "epoll");
	}
}

void sink_connected(struct sink *s, int fd)
{
	const struct image_address *a = &s->server->address;
	bool has_name = a->kind == IMAGE_ADDRESS_NAME;
	struct view name = has_name ? image_view(&s->x->image, a->name) : (struct view){ 0 };

	if (s->state != SINK_DIALING) {
		(void)fd_close(fd);
		return;
	}
	s->source = (struct loop_source){ .fd = fd, .kind = SHIPPER_SINK };
	s->tls = tls_conn_connect(s->site, name, has_name ? NULL : &a->ip);
	if (!s->tls || loop_add(&s->x->loop, &s->source, EPOLLIN) != E_OK) {
		sink_failed(s, "no memory for TLS");
		return;
	}
	s->state = SINK_HANDSHAKE;
	s->due_ms = s->x->loop.now_ms + SHIPPER_HANDSHAKE_MS;
	sink_shake(s);
}

static void sink_read(struct sink *s)
{
	ssize_t n = recv(s->source.fd, s->in.p, s->in.cap, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		sink_ended(s, n == 0);
		return;
	}
	s->in.n = (size_t)n;
	if (s->state == SINK_HANDSHAKE) {
		sink_shake(s);
		return;
	}
	sink_take(s, wbuf_view(&s->in));
	s->in.n = 0;
}

void sink_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct sink *s = LIST_OWNER(source, struct sink, source);

	(void)owner;
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		sink_read(s);
	if (s->source.fd < 0)
		return;
	if (s->state == SINK_STREAMING && sink_asks(s))
		sink_ask(s);
	else if (s->state == SINK_STREAMING)
		sink_pump(s);
	else if (s->state == SINK_HANDSHAKE && (events & EPOLLOUT))
		sink_shake(s);
}

/* ---- what time brings ---- */

/* Marks that are old enough, and whose bytes the other side's kernel has. */
static void sink_settle(struct sink *s)
{
	int unsent = 0;
	unsigned n = 0;

	if (s->mark_n == 0 || ioctl(s->source.fd, SIOCOUTQ, &unsent) < 0 || unsent < 0)
		return;
	while (n < s->mark_n && s->x->loop.now_ms - s->mark[n].ms >= SHIPPER_SAFE_MS &&
	       s->mark[n].bytes + (uint64_t)unsent <= s->bytes)
		n++;
	if (n == 0)
		return;
	s->safe = s->mark[n - 1].at;
	for (unsigned i = n; i < s->mark_n; i++)
		s->mark[i - n] = s->mark[i];
	s->mark_n -= n;
	sink_resumed(s);
}

static void sink_save(struct sink *s, bool is_due)
{
	if (s->observer || (s->hook && s->hook->is_new))
		return;
	if ((s->safe.first == s->saved.first && s->safe.offset == s->saved.offset) ||
	    (!is_due && s->x->loop.now_ms < s->save_ms))
		return;
	s->save_ms = s->x->loop.now_ms + SHIPPER_SAVE_MS;
	if (reader_save(s->x->own_fd, s->cursor, view_str(s->name), &s->safe) != E_OK)
		(void)log_errno("the place in the log that was sent");
	else
		s->saved = s->safe;
}

/* Everything is out: a goodbye, and what the receiver says to it. */
static void sink_end(struct sink *s)
{
	if (sink_asks(s)) {
		sink_close(s);
		s->state = SINK_OVER;
	} else if (s->state == SINK_STREAMING && s->is_at_end && s->wire.n == 0) {
		tls_shutdown(s->tls, &s->wire);
		if (sink_send(s) != E_OK || shutdown(s->source.fd, SHUT_WR) < 0)
			sink_failed(s, "the connection broke");
		else
			s->state = SINK_ENDING;
	} else if (s->state != SINK_STREAMING && s->state != SINK_ENDING) {
		sink_close(s);
		s->state = SINK_OVER;
	}
}

static const char *sink_late(const struct sink *s)
{
	if (s->x->loop.now_ms < s->due_ms)
		return NULL;
	if (s->state == SINK_DIALING)
		return "the dialer does not answer";
	if (s->state == SINK_HANDSHAKE)
		return "it does not finish the handshake";
	return s->wire.n ? "it takes nothing any more" : sink_asks(s) ? "it does not answer" : NULL;
}

/* Is a connection wanted now? */
static bool sink_is_due(struct sink *s)
{
	if (s->state != SINK_WAITING || s->x->is_ending || s->x->loop.now_ms < s->due_ms)
		return false;
	if (s->hook)
		return hook_wants(s);
	return !s->observer || observer_wants(s);
}

int sink_tick(struct sink *s)
{
	const char *why = s->state == SINK_WAITING || s->state == SINK_OVER ? NULL : sink_late(s);

	if (why)
		sink_failed(s, why);
	if (sink_is_due(s))
		sink_dial(s);
	if (s->state == SINK_STREAMING && !sink_asks(s)) {
		if (s->wire.n == 0)
			sink_pump(s);
		if (s->state == SINK_STREAMING)
			sink_settle(s);
	}
	if (s->x->is_ending)
		sink_end(s);
	sink_save(s, s->x->is_ending);
	if (s->observer && s->observer->is_walking)
		return 1;
	return s->state == SINK_STREAMING ? SHIPPER_POLL_MS : 2 * SHIPPER_POLL_MS;
}

enum err sink_init(struct shipper *x, unsigned i, struct arena *a)
{
	struct sink *s = &x->sink[i];
	uint32_t pool = x->image.header->ships.first + i;
	uint8_t *plain = ARENA_NEW(a, uint8_t, SHIPPER_PLAIN),
		*in = ARENA_NEW(a, uint8_t, SHIPPER_IN),
		*wire = ARENA_NEW(a, uint8_t, SHIPPER_WIRE),
		*buf = ARENA_NEW(a, uint8_t, AUDIT_FILE_BUFFER);
	struct wbuf name = wbuf_of(s->name, sizeof s->name - 1);

	s->x = x;
	s->all_ms = x->loop.now_ms;
	s->pool = image_pool_at(&x->image, pool);
	s->server = image_server_at(&x->image, s->pool->servers.first);
	s->source.fd = s->log.file.fd = -1;
	if (!plain || !wire || !in || !buf)
		return E_NOMEM;
	s->log.file.buf = buf;
	s->plain = wbuf_of(plain, SHIPPER_PLAIN);
	s->wire = wbuf_of(wire, SHIPPER_WIRE);
	s->in = wbuf_of(in, SHIPPER_IN);
	wbuf_view_put(&name, image_view(&x->image, s->server->name));
	(void)snprintf(s->cursor, sizeof s->cursor, "cursor-%016llx",
		       (unsigned long long)hash_fnv1a(wbuf_view(&name)));
	return tls_client_site_new(x->tls, &x->image, pool, x->generation, NULL, &s->site);
}
