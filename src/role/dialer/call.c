/* Connecting to servers; run by the dialer, the only process that may. */
#include "role/dialer/call.h"

#include "role/dialer/edge_channel.h"
#include "role/dialer/eject.h"
#include "role/dialer/event.h"
#include "role/dialer/health.h"
#include "role/dialer/name.h"
#include "role/dialer/probe.h"
#include "sys/connect.h"
#include "sys/fd.h"

#include <stdlib.h>

enum err call_init(struct dialer *d)
{
	list_init(&d->call_free);
	d->call = calloc(DIALER_CALLS, sizeof *d->call);
	if (!d->call)
		return E_NOMEM;
	for (uint32_t i = 0; i < DIALER_CALLS; i++) {
		struct call *c = &d->call[i];

		c->fd = -1;
		c->timer.kind = DIALER_TIMER_CALL;
		wheel_entry_init(&c->timer.entry);
		for (unsigned k = 0; k < CALL_RACE; k++) {
			c->tries[k].source.fd = -1;
			c->tries[k].source.kind = DIALER_SOURCE_TRY;
			c->tries[k].call = i;
		}
		list_append(&d->call_free, &c->node);
	}
	return E_OK;
}

static void call_close_tries(struct call *c)
{
	for (unsigned k = 0; k < CALL_RACE; k++)
		loop_close(&c->tries[k].source);
}

void call_free(struct dialer *d, struct call *c)
{
	call_close_tries(c);
	c->fd = fd_close(c->fd);
	dialer_timer_cancel(&c->timer);
	list_remove(&c->node);
	if (c->owner == CALL_OF_EDGE)
		d->calls_of_edges--;
	c->state = CALL_FREE;
	c->gen++;
	c->freed_turn = d->loop.turn;
	list_append(&d->call_free, &c->node);
}

void call_cancel(struct dialer *d, struct call *c)
{
	if (c->state != CALL_FREE)
		call_free(d, c);
}

void call_done(struct dialer *d)
{
	for (uint32_t i = 0; d->call && i < DIALER_CALLS; i++)
		call_cancel(d, &d->call[i]);
	free(d->call);
	d->call = NULL;
}

/* A slot that was freed in this turn may still have events in the current batch: it rests. The
 * list is in order of freeing, so when its first one is too young all are. */
static struct call *call_take(struct dialer *d, enum call_owner owner)
{
	struct call *c = NULL;

	if (list_is_empty(&d->call_free) ||
	    (owner == CALL_OF_EDGE && d->calls_of_edges >= DIALER_CALLS_OF_EDGES))
		return NULL;
	c = LIST_OWNER(d->call_free.next, struct call, node);
	if (c->gen != 0 && c->freed_turn == d->loop.turn)
		return NULL;
	list_remove(&c->node);
	if (owner == CALL_OF_EDGE)
		d->calls_of_edges++;
	return c;
}

/* What a failed call means for its server; DIAL_BUSY is this process's own trouble. */
static void call_count(struct dialer *d, const struct call *c, bool is_connected)
{
	struct dialer_server *s = &d->server[c->server];

	if (c->owner != CALL_OF_EDGE)
		return;
	if (is_connected)
		s->state.dials_ok++;
	else
		s->state.dials_failed++;
	health_publish(d, s);
	if (!is_connected && c->why != DIAL_BUSY)
		eject_failure(d, s);
}

static void call_end(struct dialer *d, struct call *c, int fd)
{
	call_close_tries(c);
	dialer_timer_cancel(&c->timer);
	list_remove(&c->node);
	c->fd = fd;
	c->state = CALL_ANSWERING;
	call_count(d, c, fd >= 0);
	if (c->owner == CALL_OF_EDGE)
		edge_channel_answer(d, c);
	else
		probe_on_call(d, c);
}

static unsigned call_open_n(const struct call *c)
{
	unsigned n = 0;

	for (unsigned k = 0; k < CALL_RACE; k++)
		n += c->tries[k].source.fd >= 0;
	return n;
}

static struct call_try *call_free_try(struct call *c)
{
	for (unsigned k = 0; k < CALL_RACE; k++)
		if (c->tries[k].source.fd < 0)
			return &c->tries[k];
	return NULL;
}

static uint8_t call_why(enum connect_result r)
{
	static const uint8_t why[] = {
		[CONNECT_OK] = DIAL_UNREACHABLE,  [CONNECT_REFUSED] = DIAL_REFUSED,
		[CONNECT_TIMEOUT] = DIAL_TIMEOUT, [CONNECT_UNREACHABLE] = DIAL_UNREACHABLE,
		[CONNECT_BUSY] = DIAL_BUSY,	  [CONNECT_FORBIDDEN] = DIAL_UNREACHABLE,
	};

	return why[r];
}

/* Begins connecting to one address. False: it failed at once, c->why says why. */
static bool call_try_one(struct dialer *d, struct call *c, struct call_try *t, const struct ip *ip)
{
	const struct dialer_server *s = &d->server[c->server];
	enum connect_result r = CONNECT_OK;
	int fd = -1;

	if (s->conf->address.kind == IMAGE_ADDRESS_UNIX)
		r = connect_unix(image_view(&d->image, s->conf->address.name), &fd);
	else if (c->is_datagram)
		r = connect_udp(ip, s->conf->address.port, &fd);
	else
		r = connect_tcp(ip, s->conf->address.port, &fd);
	if (r == CONNECT_FORBIDDEN && s->conf->address.kind != IMAGE_ADDRESS_UNIX)
		event_alarm(d, s, "the kernel refused a connection of the dialer's own");
	if (r != CONNECT_OK) {
		c->why = call_why(r);
		return false;
	}
	t->source.fd = fd;
	if (c->is_datagram)
		return true; /* it stands already */
	if (loop_add(&d->loop, &t->source, EPOLLOUT | EPOLLET) != E_OK) {
		loop_close(&t->source);
		c->why = DIAL_BUSY;
		return false;
	}
	return true;
}

/* Keeps as many tries going as it may; ends the call when nothing is left to hope for. */
static void call_advance(struct dialer *d, struct call *c)
{
	struct call_try *t = call_free_try(c);

	while (t && c->address_next < c->address_n) {
		const struct ip *ip = &c->address[c->address_next++];

		if (call_try_one(d, c, t, ip))
			break;
	}
	if (c->is_datagram && call_open_n(c)) {
		call_end(d, c, fd_steal(&c->tries[0].source.fd));
		return;
	}
	if (call_open_n(c) == 0) {
		call_end(d, c, -1);
		return;
	}
	c->stagger_ms = c->address_next < c->address_n && call_free_try(c)
				? d->loop.now_ms + CALL_STAGGER_MS
				: 0;
	dialer_timer_set(d, &c->timer,
			 c->stagger_ms && c->stagger_ms < c->deadline_ms ? c->stagger_ms
									 : c->deadline_ms);
}

/* Where to: at once, later (it is on a name's waiting list), or nowhere. */
static void call_locate(struct dialer *d, struct call *c)
{
	const struct dialer_server *s = &d->server[c->server];
	enum err e = E_OK;

	if (s->conf->address.kind == IMAGE_ADDRESS_IP)
		c->address[0] = s->conf->address.ip;
	if (s->name == DIALER_NONE) {
		c->address_n = 1;
	} else {
		e = name_addresses(d, s, c->address, &c->address_n);
		c->why = DIAL_NAME;
	}
	if (e == E_AGAIN) {
		c->state = CALL_NAMING;
		name_wait(d, s, &c->node);
		dialer_timer_set(d, &c->timer, c->deadline_ms);
		return;
	}
	c->state = CALL_CONNECTING;
	call_advance(d, c);
}

enum err call_start(struct dialer *d, const struct call_request *want, uint32_t *ret)
{
	struct call *c = call_take(d, want->owner);
	uint32_t gen = 0;

	if (!c)
		return E_LIMIT;
	gen = c->gen;
	c->server = want->server;
	c->owner = (uint8_t)want->owner;
	c->owner_index = want->owner_index;
	c->seq = want->seq;
	c->is_datagram = want->is_datagram;
	c->address_n = c->address_next = 0;
	c->why = DIAL_UNREACHABLE;
	c->deadline_ms = d->loop.now_ms + want->timeout_ms;
	call_locate(d, c);
	*ret = c->gen == gen ? (uint32_t)(c - d->call) : DIALER_NONE;
	return E_OK;
}

void call_on_name(struct dialer *d, struct call *c)
{
	list_remove(&c->node);
	call_locate(d, c);
}

void call_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct dialer *d = owner;
	struct call_try *t = LIST_OWNER(source, struct call_try, source);
	struct call *c = &d->call[t->call];
	enum connect_result r = connect_finish(source->fd);

	(void)events; /* writable or failed: the socket knows which */
	if (r == CONNECT_OK) {
		call_end(d, c, loop_remove(&d->loop, source));
		return;
	}
	c->why = call_why(r);
	loop_close(source);
	call_advance(d, c);
}

void call_on_timer(struct dialer *d, struct dialer_timer *t)
{
	struct call *c = LIST_OWNER(t, struct call, timer);

	if (d->loop.now_ms < c->deadline_ms) {
		call_advance(d, c);
		return;
	}
	c->why = c->state == CALL_NAMING ? DIAL_NAME : DIAL_TIMEOUT;
	call_end(d, c, -1);
}
