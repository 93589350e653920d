/*
 * Asking the dialer. A pending dial belongs to a server, not to a request: whoever waits longest
 * for that server gets the connection. A dialer that dies or is replaced loses nothing: what is
 * pending is asked for again on the new channel (promise P11).
 */
#include "role/edge/dial.h"

#include "role/edge/pool.h"
#include "role/edge/upstream.h"
#include "sys/fd.h"
#include "sys/log.h"

static enum err dial_send(struct edge *e, uint32_t seq)
{
	struct dial *d = &e->dials[seq];
	uint8_t body[8];
	struct wbuf w = wbuf_of(body, sizeof body);
	enum err sent = E_CLOSED;

	wbuf_u32(&w, d->slot);
	wbuf_u32(&w, d->slot_gen);
	if (e->dialer.fd >= 0)
		sent = frame_send(e->dialer.fd, EDGE_DIAL, seq, wbuf_view(&w), NULL, 0);
	d->is_sent = sent == E_OK;
	e->dial_rest |= sent != E_OK;
	return sent;
}

/* A full channel is no failure: what could not be sent goes with the next event of the channel. */
static void dial_send_rest(struct edge *e)
{
	if (!e->dial_rest)
		return;
	e->dial_rest = false;
	for (uint32_t i = 0; i < DIALS_MAX; i++)
		if (e->dials[i].is_used && !e->dials[i].is_sent && dial_send(e, i) != E_OK)
			return;
}

enum err dial_ask(struct edge *e, uint32_t slot, uint32_t slot_gen)
{
	bool was_behind = false;

	for (uint32_t n = 0; n < DIALS_MAX; n++) {
		uint32_t i = e->dial_at++ % DIALS_MAX;

		if (e->dials[i].is_used)
			continue;
		e->dials[i] = (struct dial){ .slot = slot, .slot_gen = slot_gen, .is_used = true };
		pool_server(e, slot, slot_gen)->dialing++;
		was_behind = e->dial_rest;
		if (dial_send(e, i) != E_OK && !was_behind)
			log_line(LOG_INFO, "dials wait for the dialer"); /* once, not for each */
		return E_OK;
	}
	return E_LIMIT;
}

enum err dial_set_channel(struct edge *e, int fd)
{
	loop_close(&e->dialer);
	e->dialer = (struct loop_source){ .fd = fd, .kind = SOURCE_DIALER };
	e->dial_rest = true;
	for (uint32_t i = 0; i < DIALS_MAX; i++)
		e->dials[i].is_sent = false;
	if (fd_set_nonblocking(fd) != E_OK ||
	    loop_add(&e->loop, &e->dialer, EPOLLIN | EPOLLOUT | EPOLLET) != E_OK) {
		loop_close(&e->dialer);
		return E_SYS;
	}
	dial_send_rest(e);
	return E_OK;
}

static void dial_tell(struct edge *e, uint8_t type, const struct image_server *s,
		      enum dial_failure why)
{
	uint8_t body[9];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_u32(&w, s->slot);
	wbuf_u32(&w, s->slot_gen);
	if (type == EDGE_FAILURE)
		wbuf_u8(&w, (uint8_t)why);
	if (e->dialer.fd >= 0 &&
	    frame_send(e->dialer.fd, type, 0, wbuf_view(&w), NULL, 0) == E_LIMIT)
		log_line(LOG_ERROR, "a report to the dialer is too long");
}

void dial_tell_failure(struct edge *e, const struct image_server *s, enum dial_failure why)
{
	pool_server(e, s->slot, s->slot_gen)->has_failed = true;
	dial_tell(e, EDGE_FAILURE, s, why);
}

void dial_tell_success(struct edge *e, const struct image_server *s)
{
	struct server_state *state = pool_server(e, s->slot, s->slot_gen);

	if (!state->has_failed)
		return;
	state->has_failed = false;
	dial_tell(e, EDGE_SUCCESS, s, DIAL_RESET);
}

/* The pending dial that a reply names, no longer pending; a reply to nothing is the dialer's fault.
 */
static enum err dial_take(struct edge *e, uint32_t seq, struct dial *ret)
{
	struct server_state *s = NULL;

	if (seq >= DIALS_MAX || !e->dials[seq].is_used || !e->dials[seq].is_sent)
		return E_DENIED;
	*ret = e->dials[seq];
	e->dials[seq].is_used = false;
	s = pool_server(e, ret->slot, ret->slot_gen);
	if (s->dialing)
		s->dialing--;
	return E_OK;
}

static enum err dial_on_connected(void *role, struct frame *f)
{
	struct edge *e = role;
	struct dial d = { 0 };

	TRY(dial_take(e, f->seq, &d));
	if (f->is_short)
		upstream_not_connected(e, d.slot, d.slot_gen, DIAL_BUSY);
	else
		upstream_connected(e, d.slot, d.slot_gen, frame_take_fd(f, 0));
	return E_OK;
}

static enum err dial_on_failed(void *role, struct frame *f)
{
	struct edge *e = role;
	struct dial d = { 0 };
	uint8_t why = 0;

	TRY(view_u8(&f->body, &why));
	if (why < DIAL_REFUSED || why > DIAL_TLS)
		return E_PROTO;
	TRY(dial_take(e, f->seq, &d));
	upstream_not_connected(e, d.slot, d.slot_gen, (enum dial_failure)why);
	return E_OK;
}

static const struct frame_def dial_defs[] = {
	{ DIALER_CONNECTED, 1, FRAME_RUN | FRAME_SHORT, 0, 0, dial_on_connected },
	{ DIALER_FAILED, 0, FRAME_RUN, 1, 1, dial_on_failed },
};

const struct frame_table dial_table = { dial_defs, sizeof dial_defs / sizeof dial_defs[0] };

void dial_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct edge *e = owner;
	enum err got = E_OK;

	(void)events;
	while (got == E_OK && source->fd >= 0)
		got = frame_pump(source->fd, &dial_table, FRAME_RUN, e, 64);
	if (got != E_AGAIN && source->fd >= 0) {
		log_line(LOG_WARNING, "the dialer's channel ended: %s", err_name(got));
		loop_close(source); /* the keeper brings a new one */
		return;
	}
	dial_send_rest(e);
}
