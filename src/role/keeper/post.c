/*
 * A role that does not read must not stop the keeper: what its socket does not take waits in a
 * pool, and when the pool is empty the role is ended.
 */
#include "role/keeper/post.h"

#include "sys/fd.h"
#include "sys/log.h"

#include <fcntl.h>

static void post_drop(struct keeper *k, struct keeper_parcel *p)
{
	for (unsigned i = 0; p->takes && i < p->fd_n; i++)
		p->fds[i] = fd_close(p->fds[i]);
	list_remove(&p->node);
	list_append(&k->free_parcels, &p->node);
}

static enum err post_keep(struct keeper_child *c, const struct post *in)
{
	struct keeper *k = c->k;
	struct keeper_parcel *p = NULL;
	struct wbuf w;

	if (list_is_empty(&k->free_parcels))
		return E_NOMEM;
	p = LIST_OWNER(k->free_parcels.next, struct keeper_parcel, node);
	p->type = in->type;
	p->fd_n = 0;
	p->takes = true;
	p->body = in->body;
	/* What was borrowed may be closed, and its number used again, before this is sent */
	for (unsigned i = 0; i < in->fd_n; i++) {
		p->fds[i] = in->takes ? in->fds[i] : fcntl(in->fds[i], F_DUPFD_CLOEXEC, 3);
		if (p->fds[i] < 0) {
			(void)log_errno("dup");
			post_drop(k, p);
			return E_NOMEM;
		}
		p->fd_n++;
	}
	if (in->body.n <= KEEPER_PARCEL_BYTES) {
		w = wbuf_of(p->bytes, sizeof p->bytes);
		wbuf_view_put(&w, in->body);
		p->body = wbuf_view(&w);
	}
	list_remove(&p->node);
	list_append(&c->outbox, &p->node);
	return E_OK;
}

static void post_listen(struct keeper_child *c, bool want_out)
{
	if (want_out == c->has_epollout || c->channel.fd < 0)
		return;
	c->has_epollout = want_out;
	/* A failure is logged; the deadline of the role then ends it */
	if (loop_change(&c->k->loop, &c->channel, want_out ? EPOLLIN | EPOLLOUT : EPOLLIN) != E_OK)
		c->has_epollout = false;
}

static enum err post_now_or_later(struct keeper_child *c, const struct post *p, bool *ret_kept)
{
	enum err e = E_AGAIN;

	if (c->channel.fd < 0)
		return E_CLOSED;
	if (list_is_empty(&c->outbox))
		e = frame_send(c->channel.fd, p->type, 0, p->body, p->fds, p->fd_n);
	if (e != E_AGAIN)
		return e;
	e = post_keep(c, p);
	*ret_kept = e == E_OK;
	post_listen(c, true);
	return e;
}

enum err post_send(struct keeper_child *c, const struct post *p)
{
	bool is_kept = false;
	enum err e = post_now_or_later(c, p, &is_kept);

	for (unsigned i = 0; p->takes && !is_kept && i < p->fd_n; i++)
		fd_close(p->fds[i]);
	return e;
}

enum err post_now(struct keeper_child *c, uint8_t type, struct view body)
{
	if (c->channel.fd < 0)
		return E_CLOSED;
	if (!list_is_empty(&c->outbox))
		return E_AGAIN;
	return frame_send(c->channel.fd, type, 0, body, NULL, 0);
}

void post_flush(struct keeper_child *c)
{
	while (!list_is_empty(&c->outbox)) {
		struct keeper_parcel *p = LIST_OWNER(c->outbox.next, struct keeper_parcel, node);

		if (frame_send(c->channel.fd, p->type, 0, p->body, p->fds, p->fd_n) == E_AGAIN)
			return;
		/* Gone or refused: the role's end follows, there is nothing to say to it */
		post_drop(c->k, p);
	}
	post_listen(c, false);
}

void post_forget(struct keeper_child *c)
{
	while (!list_is_empty(&c->outbox))
		post_drop(c->k, LIST_OWNER(c->outbox.next, struct keeper_parcel, node));
}

enum err post_simple(struct keeper_child *c, uint8_t type, struct view body)
{
	struct post p = { .type = type, .body = body };

	return post_send(c, &p);
}
