/*
 * Frames over SOCK_SEQPACKET. Both ends treat the other as hostile: the header is checked before
 * the table, the table before the handler, and descriptors nobody took are closed.
 */
#include "ipc/frame.h"

#include "sys/fd.h"
#include "sys/log.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* Room for FRAME_FDS descriptors in a control message, aligned as the kernel wants it. */
union frame_control {
	char bytes[CMSG_SPACE(FRAME_FDS * sizeof(int))];
	struct cmsghdr align;
};

static void frame_attach(struct msghdr *m, union frame_control *c, const int *fds, unsigned fd_n)
{
	struct cmsghdr *h = NULL;
	int *at = NULL;

	m->msg_control = c->bytes;
	m->msg_controllen = CMSG_SPACE(fd_n * sizeof(int));
	h = CMSG_FIRSTHDR(m);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(fd_n * sizeof(int));
	at = (int *)(void *)CMSG_DATA(h);
	for (unsigned i = 0; i < fd_n; i++)
		at[i] = fds[i];
}

static enum err frame_send_error(void)
{
	if (errno == EAGAIN || errno == ENOBUFS)
		return E_AGAIN;
	if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
		return E_CLOSED;
	return log_errno("sendmsg to a neighbour");
}

enum err frame_send(int fd, uint8_t type, uint32_t seq, struct view body, const int *fds,
		    unsigned fd_n)
{
	uint8_t header[FRAME_HEADER];
	struct wbuf w = wbuf_of(header, sizeof header);
	struct iovec iov[2] = { { header, sizeof header }, { (void *)(uintptr_t)body.p, body.n } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = body.n ? 2 : 1 };
	union frame_control control = { 0 };
	ssize_t n = 0;

	if (body.n > FRAME_BODY_MAX || fd_n > FRAME_FDS)
		return E_LIMIT;
	wbuf_u8(&w, FRAME_VERSION);
	wbuf_u8(&w, type);
	wbuf_u16(&w, (uint16_t)fd_n);
	wbuf_u32(&w, seq);
	if (fd_n)
		frame_attach(&m, &control, fds, fd_n);
	do {
		n = sendmsg(fd, &m, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? frame_send_error() : E_OK;
}

/* Moves received descriptors into ret; more of them than FRAME_FDS can't arrive (MSG_CTRUNC). */
static void frame_collect(struct msghdr *m, struct frame *ret)
{
	for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
		const int *at = (const int *)(void *)CMSG_DATA(h);
		size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n && ret->fd_n < FRAME_FDS; i++)
			ret->fds[ret->fd_n++] = at[i];
	}
}

static enum err frame_parse(struct view in, struct frame *ret)
{
	uint8_t version = 0;
	uint16_t fd_n = 0;

	TRY(view_u8(&in, &version));
	TRY(view_u8(&in, &ret->type));
	TRY(view_u16(&in, &fd_n));
	TRY(view_u32(&in, &ret->seq));
	ret->body = in;
	if (ret->is_short && fd_n <= FRAME_FDS)
		frame_done(ret);
	else if (fd_n != ret->fd_n)
		return E_PROTO;
	return version == FRAME_VERSION ? E_OK : E_PROTO;
}

enum err frame_receive_short(int fd, uint8_t buf[FRAME_MAX], struct frame *ret)
{
	struct iovec iov = { buf, FRAME_MAX };
	union frame_control control = { 0 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control.bytes,
			    .msg_controllen = sizeof control.bytes };
	struct frame f = { 0 };
	ssize_t n = 0;

	do {
		n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return E_AGAIN;
	if (n < 0 && errno == ECONNRESET)
		return E_CLOSED;
	if (n < 0)
		return log_errno("recvmsg from a neighbour");
	if (n == 0)
		return E_CLOSED;
	frame_collect(&m, &f);
	/* The kernel cuts a list that is longer than FRAME_FDS at FRAME_FDS; a shorter one only
	 * when this process may open no more (EMFILE). So a neighbour can't make it look like that
	 * (THREATS A20) */
	f.is_short = (m.msg_flags & MSG_CTRUNC) && f.fd_n < FRAME_FDS;
	if ((m.msg_flags & MSG_TRUNC) || ((m.msg_flags & MSG_CTRUNC) && !f.is_short) ||
	    frame_parse(view_of(buf, (size_t)n), &f) != E_OK) {
		frame_done(&f);
		return E_PROTO;
	}
	*ret = f;
	return E_OK;
}

enum err frame_receive(int fd, uint8_t buf[FRAME_MAX], struct frame *ret)
{
	struct frame f = { 0 };

	TRY(frame_receive_short(fd, buf, &f));
	if (f.is_short)
		return E_NOMEM;
	*ret = f;
	return E_OK;
}

int frame_take_fd(struct frame *f, unsigned i)
{
	INVARIANT(i < f->fd_n && f->fds[i] >= 0);
	return fd_steal(&f->fds[i]);
}

void frame_done(struct frame *f)
{
	for (unsigned i = 0; i < f->fd_n; i++)
		f->fds[i] = fd_close(f->fds[i]);
	f->fd_n = 0;
}

static const struct frame_def *frame_find(const struct frame_table *t, uint8_t type)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->defs[i].type == type)
			return &t->defs[i];
	return NULL;
}

static bool frame_has_fds(const struct frame_def *d, const struct frame *f)
{
	return f->is_short ? d->fds && (d->phases & FRAME_SHORT) : d->fds == f->fd_n;
}

enum err frame_dispatch(const struct frame_table *t, enum frame_phase phase, void *role,
			struct frame *f)
{
	const struct frame_def *d = frame_find(t, f->type);
	enum err e = E_DENIED;

	if (d && (d->phases & (unsigned)phase) && frame_has_fds(d, f) && f->body.n >= d->min &&
	    f->body.n <= d->max)
		e = d->on(role, f);
	frame_done(f);
	return e;
}

enum err frame_pump(int fd, const struct frame_table *t, enum frame_phase phase, void *role,
		    unsigned budget)
{
	uint8_t buf[FRAME_MAX];

	for (unsigned i = 0; i < budget; i++) {
		struct frame f = { 0 };

		TRY(frame_receive_short(fd, buf, &f));
		TRY(frame_dispatch(t, phase, role, &f));
	}
	return E_OK;
}
