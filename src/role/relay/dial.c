/* The dialer's channel. A full one is no failure: what could not be sent goes with its next event.
 */
#include "role/relay/dial.h"

#include "role/relay/session.h"
#include "role/relay/table.h"
#include "sys/fd.h"
#include "sys/log.h"

enum { DIAL_FRAMES = 64 };

static enum err dial_send(struct relay *r, struct relay_session *s)
{
	uint8_t body[8];
	struct wbuf w = wbuf_of(body, sizeof body);
	enum err sent = E_CLOSED;

	wbuf_u32(&w, s->server.slot);
	wbuf_u32(&w, s->server.gen);
	if (r->dialer.fd >= 0)
		sent = frame_send(r->dialer.fd, EDGE_DIAL, table_seq(r, s), wbuf_view(&w), NULL, 0);
	s->is_sent = sent == E_OK;
	r->dial_rest |= sent != E_OK;
	return sent;
}

static void dial_send_rest(struct relay *r)
{
	if (!r->dial_rest)
		return;
	r->dial_rest = false;
	for (struct list *n = r->dialing.next; n != &r->dialing; n = n->next) {
		struct relay_session *s = LIST_OWNER(n, struct relay_session, dialing);

		if (!s->is_sent && dial_send(r, s) != E_OK)
			return;
	}
}

void dial_ask(struct relay *r, struct relay_session *s)
{
	if (s->state != SESSION_DIALING) {
		s->state = SESSION_DIALING;
		list_append(&r->dialing, &s->dialing);
		r->dialing_n++;
	}
	if (dial_send(r, s) == E_LIMIT)
		log_line(LOG_ERROR, "a question to the dialer is too long");
}

void dial_forget(struct relay *r, struct relay_session *s)
{
	if (s->state != SESSION_DIALING)
		return;
	list_remove(&s->dialing);
	r->dialing_n--;
	s->is_sent = false;
}

enum err dial_set_channel(struct relay *r, int fd)
{
	loop_close(&r->dialer);
	r->dialer = (struct loop_source){ .fd = fd, .kind = RELAY_DIALER };
	for (struct list *n = r->dialing.next; n != &r->dialing; n = n->next)
		LIST_OWNER(n, struct relay_session, dialing)->is_sent = false;
	r->dial_rest = true;
	if (fd_set_nonblocking(fd) != E_OK ||
	    loop_add(&r->loop, &r->dialer, EPOLLIN | EPOLLOUT | EPOLLET) != E_OK) {
		loop_close(&r->dialer);
		return E_SYS;
	}
	dial_send_rest(r);
	return E_OK;
}

static void dial_tell(struct relay *r, uint8_t type, struct relay_id server, enum dial_failure why)
{
	uint8_t body[9];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_u32(&w, server.slot);
	wbuf_u32(&w, server.gen);
	if (type == EDGE_FAILURE)
		wbuf_u8(&w, (uint8_t)why);
	if (r->dialer.fd >= 0 &&
	    frame_send(r->dialer.fd, type, 0, wbuf_view(&w), NULL, 0) == E_LIMIT)
		log_line(LOG_ERROR, "a report to the dialer is too long");
}

void dial_tell_failure(struct relay *r, struct relay_id server, enum dial_failure why)
{
	r->has_failed[server.slot] = true;
	dial_tell(r, EDGE_FAILURE, server, why);
}

void dial_tell_success(struct relay *r, struct relay_id server)
{
	if (!r->has_failed[server.slot])
		return;
	r->has_failed[server.slot] = false;
	dial_tell(r, EDGE_SUCCESS, server, DIAL_RESET);
}

/* The session that an answer names; NULL: it has ended meanwhile. */
static struct relay_session *dial_session(struct relay *r, uint32_t seq)
{
	struct relay_session *s = table_at(r, seq);

	return s && s->state == SESSION_DIALING && s->is_sent ? s : NULL;
}

static enum err dial_on_connected(void *role, struct frame *f)
{
	struct relay *r = role;
	struct relay_session *s = dial_session(r, f->seq);

	if (f->is_short) {
		if (s)
			session_not_connected(r, s);
		return E_OK;
	}
	if (!datagram_is(f->fds[0]))
		return E_DENIED;
	if (s)
		session_connected(r, s, frame_take_fd(f, 0));
	return E_OK;
}

static enum err dial_on_failed(void *role, struct frame *f)
{
	struct relay *r = role;
	struct relay_session *s = dial_session(r, f->seq);
	uint8_t why = 0;

	TRY(view_u8(&f->body, &why));
	if (why < DIAL_REFUSED || why > DIAL_TLS)
		return E_PROTO;
	if (s)
		session_not_connected(r, s);
	return E_OK;
}

static const struct frame_def dial_defs[] = {
	{ DIALER_CONNECTED, 1, FRAME_RUN | FRAME_SHORT, 0, 0, dial_on_connected },
	{ DIALER_FAILED, 0, FRAME_RUN, 1, 1, dial_on_failed },
};

const struct frame_table dial_table = { dial_defs, sizeof dial_defs / sizeof dial_defs[0] };

void dial_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct relay *r = owner;
	enum err got = E_OK;

	(void)events;
	while (got == E_OK && source->fd >= 0)
		got = frame_pump(source->fd, &dial_table, FRAME_RUN, r, DIAL_FRAMES);
	if (got != E_AGAIN && source->fd >= 0) {
		log_line(LOG_WARNING, "the dialer's channel ended: %s", err_name(got));
		loop_close(source); /* the keeper brings a new one */
		return;
	}
	dial_send_rest(r);
}
