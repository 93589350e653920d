/* Active health checks; run by the dialer. */
#include "role/dialer/probe.h"

#include "proto/proxy_protocol.h"
#include "role/dialer/event.h"
#include "role/dialer/health.h"
#include "role/dialer/probe_h2.h"
#include "role/dialer/probe_http.h"
#include "role/dialer/probe_tls.h"
#include "sys/clock.h"
#include "sys/connect.h"
#include "sys/fd.h"

#include <stdlib.h>

enum { PROBE_BUFFER = PROBE_HTTP_HEAD_MAX, PROBE_BUSY_MS = 128, PROBE_FIRST_MS = 1000 };

enum probe_state {
	PROBE_FREE,
	PROBE_CALLING,
	PROBE_HANDSHAKE,
	PROBE_SENDING,
	PROBE_READING,
	PROBE_STATES
};

struct probe {
	struct loop_source source;
	struct dialer_timer timer;
	struct list node; /* free list */
	struct ssl_st *ssl;
	struct probe_http http;
	struct probe_h2 h2;
	uint64_t started_ns, freed_turn;
	uint32_t server, call;
	uint32_t sent; /* of the request, which starts the buffer while it is sent */
	uint32_t size; /* bytes in buf */
	bool was_used;
	uint8_t state;
	uint8_t buf[PROBE_BUFFER];
};

struct probe_table {
	struct probe *probe; /* DIALER_PROBES */
	struct list free;
	uint16_t *border;    /* of all pools' expect_body, end to end */
	uint32_t *border_at; /* per pool: where its part starts */
};

/* --- the table --- */

static struct view probe_needle(const struct dialer *d, const struct image_pool *pool)
{
	return view_slice(image_view(&d->image, pool->health_body), 0, PROBE_HTTP_NEEDLE_MAX);
}

static enum err probe_init_needles(struct dialer *d, struct probe_table *t)
{
	uint32_t n = image_count(&d->image, IMAGE_POOL), total = 0;

	t->border_at = calloc(n + 1, sizeof *t->border_at);
	if (!t->border_at)
		return E_NOMEM;
	for (uint32_t i = 0; i < n; i++) {
		t->border_at[i] = total;
		total += (uint32_t)probe_needle(d, image_pool_at(&d->image, i)).n;
	}
	t->border = calloc((size_t)total + 1, sizeof *t->border);
	if (!t->border)
		return E_NOMEM;
	for (uint32_t i = 0; i < n; i++)
		probe_http_borders(probe_needle(d, image_pool_at(&d->image, i)),
				   t->border + t->border_at[i]);
	return E_OK;
}

enum err probe_init(struct dialer *d)
{
	struct probe_table *t = calloc(1, sizeof *t);

	if (!t)
		return E_NOMEM;
	d->probes = t;
	list_init(&t->free);
	t->probe = calloc(DIALER_PROBES, sizeof *t->probe);
	if (!t->probe)
		return E_NOMEM;
	for (uint32_t i = 0; i < DIALER_PROBES; i++) {
		struct probe *p = &t->probe[i];

		p->source = (struct loop_source){ .fd = -1, .kind = DIALER_SOURCE_PROBE };
		p->timer.kind = DIALER_TIMER_PROBE;
		wheel_entry_init(&p->timer.entry);
		p->call = DIALER_NONE;
		list_append(&t->free, &p->node);
	}
	for (uint32_t i = 0; i < d->server_n; i++) {
		d->server[i].check.kind = DIALER_TIMER_CHECK;
		wheel_entry_init(&d->server[i].check.entry);
	}
	TRY(probe_init_needles(d, t));
	return probe_tls_init(d);
}

/* A slot rests for the turn in which it was freed: its source may still be in the batch. */
static struct probe *probe_take(struct dialer *d)
{
	struct probe *p = NULL;

	if (list_is_empty(&d->probes->free))
		return NULL;
	p = LIST_OWNER(d->probes->free.next, struct probe, node);
	if (p->was_used && p->freed_turn == d->loop.turn)
		return NULL;
	list_remove(&p->node);
	return p;
}

static void probe_free(struct dialer *d, struct probe *p)
{
	if (p->call != DIALER_NONE)
		call_cancel(d, &d->call[p->call]);
	p->call = DIALER_NONE;
	p->ssl = probe_tls_free(p->ssl);
	probe_h2_end(&p->h2);
	loop_close(&p->source);
	dialer_timer_cancel(&p->timer);
	d->server[p->server].is_checking = false;
	p->state = PROBE_FREE;
	p->was_used = true;
	p->freed_turn = d->loop.turn;
	list_append(&d->probes->free, &p->node);
}

void probe_stop(struct dialer *d)
{
	for (uint32_t i = 0; i < DIALER_PROBES; i++)
		if (d->probes->probe[i].state != PROBE_FREE)
			probe_free(d, &d->probes->probe[i]);
	for (uint32_t i = 0; i < d->server_n; i++)
		dialer_timer_cancel(&d->server[i].check);
}

void probe_done(struct dialer *d)
{
	if (!d->probes)
		return;
	if (d->probes->probe)
		probe_stop(d);
	probe_tls_done(d);
	free(d->probes->probe);
	free(d->probes->border);
	free(d->probes->border_at);
	free(d->probes);
	d->probes = NULL;
}

/* --- what a check says about its server --- */

static void probe_detail(const struct dialer_server *s, enum page_check check, struct wbuf *w)
{
	static const char *const text[PAGE_CHECK_N] = {
		[PAGE_CHECK_NONE] = "",
		[PAGE_CHECK_OK] = "the check passes",
		[PAGE_CHECK_REFUSED] = "connection refused or reset",
		[PAGE_CHECK_TIMEOUT] = "no answer in time",
		[PAGE_CHECK_UNREACHABLE] = "unreachable",
		[PAGE_CHECK_NAME] = "the name has no usable address",
		[PAGE_CHECK_STATUS] = "unexpected status ",
		[PAGE_CHECK_BODY] = "the body lacks the expected text",
		[PAGE_CHECK_PROTOCOL] = "the answer is not valid HTTP",
		[PAGE_CHECK_TLS] = "TLS failed",
		[PAGE_CHECK_SERVING] = "its gRPC service does not serve",
	};

	wbuf_str(w, text[check]);
	if (check == PAGE_CHECK_STATUS)
		wbuf_dec(w, s->state.last_status);
}

static void probe_turn(struct dialer *d, struct dialer_server *s, enum page_health health,
		       enum page_check check)
{
	char detail[64] = "";
	struct wbuf w = wbuf_of(detail, sizeof detail - 1);
	bool is_up = health == PAGE_HEALTH_UP;

	s->state.health = (uint8_t)health;
	s->state.changed_wall_s = s->state.checked_wall_s;
	probe_detail(s, check, &w);
	event_put(d, is_up ? "server.up" : "server.down", s, is_up ? "up" : "down", detail);
}

/* The first check decides at once; later fall or rise of them in a row are needed. */
static void probe_judge(struct dialer *d, struct dialer_server *s, enum page_check check)
{
	struct dialer_state *state = &s->state;
	bool is_first = state->health == PAGE_HEALTH_UNKNOWN;

	if (check == PAGE_CHECK_OK) {
		state->checks_ok++;
		s->fails = 0;
		s->passes += s->passes < UINT32_MAX;
		if (state->health != PAGE_HEALTH_UP &&
		    (is_first || s->passes >= s->pool->health_rise))
			probe_turn(d, s, PAGE_HEALTH_UP, check);
	} else {
		state->checks_failed++;
		s->passes = 0;
		s->fails += s->fails < UINT32_MAX;
		if (state->health != PAGE_HEALTH_DOWN &&
		    (is_first || s->fails >= s->pool->health_fall))
			probe_turn(d, s, PAGE_HEALTH_DOWN, check);
	}
}

static void probe_finish(struct dialer *d, struct probe *p, enum page_check check)
{
	struct dialer_server *s = &d->server[p->server];
	uint64_t took_us = (clock_mono_ns() - p->started_ns) / 1000;
	uint64_t took_ms = took_us / 1000;
	uint32_t interval_ms = s->pool->health_interval_ms;

	probe_free(d, p);
	dialer_timer_set(d, &s->check,
			 d->loop.now_ms + (took_ms < interval_ms ? interval_ms - took_ms : 1));
	if (check == PAGE_CHECK_NONE)
		return; /* this machine's own trouble: it says nothing about the server */
	s->state.last_check = (uint8_t)check;
	s->state.last_status = p->http.status;
	s->state.check_us = took_us < UINT32_MAX ? (uint32_t)took_us : UINT32_MAX;
	s->state.checked_wall_s = (uint64_t)(clock_wall_us() / 1000000);
	probe_judge(d, s, check);
	health_publish(d, s);
}

/* --- one check --- */

static enum page_check probe_why(uint8_t why)
{
	switch ((enum dial_failure)why) {
	case DIAL_REFUSED:
	case DIAL_RESET:
		return PAGE_CHECK_REFUSED;
	case DIAL_TIMEOUT:
		return PAGE_CHECK_TIMEOUT;
	case DIAL_NAME:
		return PAGE_CHECK_NAME;
	case DIAL_BUSY:
	case DIAL_UNKNOWN:
		return PAGE_CHECK_NONE;
	case DIAL_UNREACHABLE:
	case DIAL_ANSWER:
	case DIAL_TLS:
	default:
		return PAGE_CHECK_UNREACHABLE;
	}
}

static enum err probe_send(struct probe *p, struct view v, size_t *ret_sent)
{
	return p->ssl ? probe_tls_send(p->ssl, v, ret_sent)
		      : connect_send(p->source.fd, v, ret_sent);
}

static enum err probe_receive(struct probe *p, struct wbuf *w)
{
	return p->ssl ? probe_tls_receive(p->ssl, w) : connect_receive(p->source.fd, w);
}

static enum page_check probe_broken(const struct probe *p, enum err e)
{
	return p->ssl && e == E_PROTO ? PAGE_CHECK_TLS : PAGE_CHECK_REFUSED;
}

/* Each step: PAGE_CHECK_NONE with the state unchanged waits for the next event, with a new state
 * goes on; anything else is the verdict. */
static enum page_check probe_step_handshake(struct probe *p)
{
	enum err e = probe_tls_handshake(p->ssl);

	if (e == E_OK && p->h2.ng && !probe_tls_chose_h2(p->ssl))
		return PAGE_CHECK_TLS;
	if (e == E_OK)
		p->state = PROBE_SENDING;
	return e == E_OK || e == E_AGAIN ? PAGE_CHECK_NONE : PAGE_CHECK_TLS;
}

static enum page_check probe_step_send(struct probe *p)
{
	while (p->sent < p->size) {
		size_t n = 0;
		enum err e = probe_send(p, view_of(p->buf + p->sent, p->size - p->sent), &n);

		if (e == E_AGAIN)
			return PAGE_CHECK_NONE;
		if (e != E_OK)
			return probe_broken(p, e);
		p->sent += (uint32_t)n;
	}
	p->size = 0;
	p->state = PROBE_READING;
	return PAGE_CHECK_NONE;
}

/* HTTP/2: all that comes is taken, and may have to be answered. */
static enum page_check probe_step_read_h2(struct probe *p)
{
	for (;;) {
		struct wbuf in = wbuf_of(p->buf, sizeof p->buf), out = in;
		enum err e = probe_receive(p, &in);
		enum page_check r = PAGE_CHECK_NONE;

		if (e == E_AGAIN)
			return PAGE_CHECK_NONE;
		if (e != E_OK && e != E_SHORT)
			return probe_broken(p, e);
		r = probe_h2_feed(&p->h2, wbuf_view(&in), e == E_SHORT);
		if (r != PAGE_CHECK_NONE)
			return r;
		probe_h2_pull(&p->h2, &out);
		if (out.n == 0)
			continue;
		p->size = (uint32_t)out.n;
		p->sent = 0;
		p->state = PROBE_SENDING;
		return PAGE_CHECK_NONE;
	}
}

static enum page_check probe_step_read(struct probe *p)
{
	if (p->h2.ng)
		return probe_step_read_h2(p);
	for (;;) {
		struct wbuf w = { .p = p->buf, .n = p->size, .cap = sizeof p->buf };
		enum err e = probe_receive(p, &w);
		struct view in = wbuf_view(&w);
		enum page_check r = PAGE_CHECK_NONE;

		if (e == E_AGAIN)
			return PAGE_CHECK_NONE;
		if (e != E_OK && e != E_SHORT)
			return probe_broken(p, e);
		r = probe_http_feed(&p->http, &in, e == E_SHORT);
		if (r != PAGE_CHECK_NONE)
			return r;
		if (e == E_SHORT)
			return PAGE_CHECK_PROTOCOL;
		/* What is left is part of one line: shorter than what was consumed, or nothing was.
		 */
		if (in.p != p->buf) {
			struct wbuf front = wbuf_of(p->buf, sizeof p->buf);

			if (in.n > (size_t)(in.p - p->buf))
				return PAGE_CHECK_PROTOCOL;
			wbuf_view_put(&front, in);
		}
		p->size = (uint32_t)in.n;
		if (p->size == sizeof p->buf)
			return PAGE_CHECK_PROTOCOL;
	}
}

static enum page_check probe_step(struct probe *p)
{
	switch ((enum probe_state)p->state) {
	case PROBE_HANDSHAKE:
		return probe_step_handshake(p);
	case PROBE_SENDING:
		return probe_step_send(p);
	case PROBE_READING:
		return probe_step_read(p);
	case PROBE_FREE:
	case PROBE_CALLING:
	case PROBE_STATES:
	default:
		return PAGE_CHECK_NONE;
	}
}

void probe_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct dialer *d = owner;
	struct probe *p = LIST_OWNER(source, struct probe, source);
	enum page_check r = PAGE_CHECK_NONE;
	uint8_t was = 0;

	(void)events; /* edge-triggered: whatever it was, the step finds out */
	do {
		was = p->state;
		r = probe_step(p);
	} while (r == PAGE_CHECK_NONE && p->state != was);
	if (r != PAGE_CHECK_NONE)
		probe_finish(d, p, r);
}

/* What is sent first. E_NOMEM */
static enum err probe_ask(struct dialer *d, struct probe *p, struct wbuf *w)
{
	const struct dialer_server *s = &d->server[p->server];

	probe_http_begin(&p->http, &d->image, s->pool);
	if (s->pool->is_h2) {
		TRY(probe_h2_begin(&p->h2, &p->http, &d->image, s->conf));
		probe_h2_pull(&p->h2, w);
	} else {
		probe_http_request(w, &d->image, s->conf);
	}
	return w->bad ? E_NOMEM : E_OK;
}

static void probe_talk(struct dialer *d, struct probe *p, int fd)
{
	const struct dialer_server *s = &d->server[p->server];
	struct wbuf w = wbuf_of(p->buf, sizeof p->buf);
	bool is_tls = s->pool->protocol == IMAGE_HTTPS;
	enum err asked = E_OK;

	p->source.fd = fd;
	p->http.needle = probe_needle(d, s->pool);
	p->http.border = d->probes->border + d->probes->border_at[s->conf->pool];
	asked = probe_ask(d, p, &w);
	p->size = (uint32_t)w.n;
	p->sent = 0;
	p->state = is_tls ? PROBE_HANDSHAKE : PROBE_SENDING;
	p->ssl = is_tls ? probe_tls_new(d, s, fd) : NULL;
	if (asked != E_OK || (is_tls && !p->ssl) ||
	    loop_add(&d->loop, &p->source, EPOLLIN | EPOLLOUT | EPOLLET) != E_OK)
		probe_finish(d, p, PAGE_CHECK_NONE);
}

/* Nobody's connection: what a server that expects a PROXY header is told first. It fits into what a
 * new connection takes at once. */
static enum err probe_introduce(const struct image_pool *pool, int fd)
{
	const struct proxy_protocol nobody = { 0 };
	uint8_t bytes[PROXY_PROTOCOL_PUT_MAX];
	struct wbuf w = wbuf_of(bytes, sizeof bytes);
	size_t sent = 0;

	if (pool->send_proxy == 1)
		proxy_protocol_put_v1(&w, &nobody);
	else if (pool->send_proxy)
		proxy_protocol_put_v2(&w, &nobody);
	if (w.n == 0)
		return E_OK;
	TRY(connect_send(fd, wbuf_view(&w), &sent));
	return sent == w.n ? E_OK : E_SYS;
}

void probe_on_call(struct dialer *d, struct call *c)
{
	struct probe *p = &d->probes->probe[c->owner_index];
	const struct image_pool *pool = d->server[p->server].pool;
	int fd = fd_steal(&c->fd);
	uint8_t why = c->why;

	p->call = DIALER_NONE;
	call_free(d, c);
	if (fd < 0) {
		probe_finish(d, p, probe_why(why));
	} else if (probe_introduce(pool, fd) != E_OK) {
		(void)fd_close(fd);
		probe_finish(d, p, PAGE_CHECK_REFUSED);
	} else if (pool->health_kind == IMAGE_HEALTH_TCP ||
		   (pool->protocol == IMAGE_HTTPS && !probe_tls_is_used(pool))) {
		(void)fd_close(fd);
		probe_finish(d, p, PAGE_CHECK_OK);
	} else {
		probe_talk(d, p, fd);
	}
}

void probe_on_timer(struct dialer *d, struct dialer_timer *t)
{
	probe_finish(d, LIST_OWNER(t, struct probe, timer), PAGE_CHECK_TIMEOUT);
}

/* --- when --- */

void probe_schedule_first(struct dialer *d, struct dialer_server *s)
{
	uint32_t within_ms = s->pool->health_interval_ms;

	if (s->pool->health_kind == IMAGE_HEALTH_NONE || s->is_checking)
		return;
	within_ms = within_ms < PROBE_FIRST_MS ? within_ms : PROBE_FIRST_MS;
	dialer_timer_set(d, &s->check, d->loop.now_ms + rng_below(&d->rng, within_ms + 1));
}

static bool probe_is_wanted(const struct dialer_server *s)
{
	if (s->state.admin == PAGE_ADMIN_CONFIGURED)
		return s->conf->state != IMAGE_SERVER_DISABLED;
	return s->state.admin != PAGE_ADMIN_DISABLED;
}

void probe_on_check(struct dialer *d, struct dialer_timer *t)
{
	struct dialer_server *s = LIST_OWNER(t, struct dialer_server, check);
	struct call_request want = { .owner = CALL_OF_PROBE,
				     .server = (uint32_t)(s - d->server),
				     .timeout_ms = s->pool->health_timeout_ms };
	struct probe *p = NULL;
	uint32_t call = DIALER_NONE;

	if (!d->is_writer || s->is_checking)
		return;
	if (!probe_is_wanted(s)) {
		dialer_timer_set(d, t, d->loop.now_ms + s->pool->health_interval_ms);
		return;
	}
	p = probe_take(d);
	if (!p) {
		dialer_timer_set(d, t, d->loop.now_ms + PROBE_BUSY_MS);
		return;
	}
	p->server = want.server;
	p->state = PROBE_CALLING;
	p->started_ns = clock_mono_ns();
	p->http.status = 0;
	s->is_checking = true;
	want.owner_index = (uint32_t)(p - d->probes->probe);
	dialer_timer_set(d, &p->timer, d->loop.now_ms + want.timeout_ms);
	if (call_start(d, &want, &call) != E_OK)
		probe_finish(d, p, PAGE_CHECK_NONE);
	else if (call != DIALER_NONE)
		p->call = call; /* else it has ended already, and this check with it or further */
}
