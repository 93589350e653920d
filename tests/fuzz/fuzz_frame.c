/*
 * Frames as a hostile neighbour may send them (THREATS A20): any header, any number of descriptors
 * whatever it claims, packets longer than a frame. What gets to a handler is
 * what the table allows, and no descriptor is left open.
 *
 * Input: packets: how they are sent (bits: a true header, one byte too long, boot),
 * descriptors, version, type, claimed descriptors, LEN BODY.
 */
#include "ipc/frame.h"
#include "sys/fd.h"
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TRUE_HEADER = 1, TOO_LONG = 2, BOOT = 4, PACKETS = 32 };
enum { SENT_FDS = 6, ROOM = FRAME_MAX + 1 };

struct seen {
	unsigned n, type;
	size_t bytes;
};

static enum err on_any(void *role, struct frame *f)
{
	struct seen *s = role;

	s->n++;
	s->type = f->type;
	s->bytes = f->body.n;
	return E_OK;
}

static enum err on_fd(void *role, struct frame *f)
{
	INVARIANT(f->fd_n >= 1 && f->fds[0] >= 0);
	if (f->body.n && f->body.p[0] & 1) /* it may also leave them */
		(void)fd_close(frame_take_fd(f, 0));
	return on_any(role, f);
}

static enum err on_refused(void *role, struct frame *f)
{
	(void)on_any(role, f);
	return E_PROTO;
}

static const struct frame_def defs[] = {
	{ 1, 0, FRAME_BOOT | FRAME_RUN, 0, FRAME_BODY_MAX, on_any },
	{ 2, 1, FRAME_BOOT, 1, 4, on_fd },
	{ 3, 4, FRAME_RUN, 0, 8, on_fd },
	{ 4, 0, FRAME_RUN, 2, 2, on_refused },
};

static const struct frame_table table = { defs, sizeof defs / sizeof defs[0] };

struct packet {
	uint8_t how, fds, version, type, claimed;
	struct view body;
};

static struct packet packet_get(struct view *in)
{
	struct packet p = { .how = fuzz_u8(in) };

	p.fds = fuzz_u8(in) % (SENT_FDS + 1);
	p.version = fuzz_u8(in);
	p.type = fuzz_u8(in);
	p.claimed = fuzz_u8(in);
	p.body = fuzz_some(in, FRAME_BODY_MAX);
	if (p.how & TRUE_HEADER) {
		p.version = FRAME_VERSION;
		p.type = (uint8_t)(p.type % 6);
		p.claimed = p.fds;
	}
	return p;
}

/* The bytes of a packet; how long it is. */
static size_t packet_put(const struct packet *p, uint8_t room[ROOM])
{
	struct wbuf w = wbuf_of(room, ROOM);

	wbuf_u8(&w, p->version);
	wbuf_u8(&w, p->type);
	wbuf_u16(&w, p->claimed);
	wbuf_u32(&w, 7);
	wbuf_view_put(&w, p->body);
	while (p->how & TOO_LONG && w.n < ROOM)
		wbuf_u8(&w, 0);
	return w.n;
}

static void packet_send(const struct packet *p, int fd)
{
	static uint8_t room[ROOM];
	union {
		char bytes[CMSG_SPACE(SENT_FDS * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { room, packet_put(p, room) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes };
	struct cmsghdr *h = &control.align;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	m.msg_controllen = p->fds ? CMSG_SPACE(p->fds * sizeof(int)) : 0;
	if (p->fds) {
		*h = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
				       .cmsg_type = SCM_RIGHTS,
				       .cmsg_len = CMSG_LEN(p->fds * sizeof(int)) };
		for (unsigned i = 0; i < p->fds; i++)
			((int *)(void *)CMSG_DATA(h))[i] = null;
	}
	if (!m.msg_controllen)
		m.msg_control = NULL;
	INVARIANT(sendmsg(fd, &m, MSG_NOSIGNAL) == (ssize_t)iov.iov_len);
	(void)fd_close(null);
}

/* May it get to a handler? Written a second time, in another way than the code. */
static bool packet_is_fit(const struct packet *p)
{
	bool is_boot = p->how & BOOT;
	size_t n = p->body.n;

	if (p->how & TOO_LONG || p->version != FRAME_VERSION || p->fds > FRAME_FDS ||
	    p->claimed != p->fds)
		return false;
	switch (p->type) {
	case 1:
		return p->fds == 0;
	case 2:
		return is_boot && p->fds == 1 && n >= 1 && n <= 4;
	case 3:
		return !is_boot && p->fds == 4 && n <= 8;
	case 4:
		return !is_boot && p->fds == 0 && n == 2;
	default:
		return false;
	}
}

static void packet_check(const struct packet *p, int ours, int theirs)
{
	struct seen seen = { 0 };
	enum err e = E_OK;

	packet_send(p, ours);
	e = frame_pump(theirs, &table, p->how & BOOT ? FRAME_BOOT : FRAME_RUN, &seen, 1);
	INVARIANT(seen.n == packet_is_fit(p));
	INVARIANT(!seen.n || (seen.type == p->type && seen.bytes == p->body.n));
	INVARIANT((e == E_OK) == (seen.n == 1 && p->type != 4));
	INVARIANT(e == E_OK || e == E_PROTO || e == E_DENIED);
}

/* What is sent comes as it was, or not at all. */
static void check_send(struct view body, uint8_t type, unsigned fds)
{
	static uint8_t buf[FRAME_MAX];
	int ends[2] = { -1, -1 }, some[FRAME_FDS + 1] = { 0 };
	struct frame f = { 0 };
	enum err e = E_OK;

	INVARIANT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
	e = frame_send(ends[0], type, 9, body, some, fds);
	INVARIANT((e == E_LIMIT) == (body.n > FRAME_BODY_MAX || fds > FRAME_FDS));
	if (e == E_OK) {
		INVARIANT(frame_receive(ends[1], buf, &f) == E_OK && f.fd_n == fds);
		INVARIANT(f.type == type && f.seq == 9 && view_eq(f.body, body));
		frame_done(&f);
	}
	for (unsigned i = 0; i < 4096 && e == E_OK && type == 0xff; i++) /* seldom: it takes long */
		e = frame_send(ends[0], type, 9, body, NULL, 0);
	INVARIANT(e == E_AGAIN || e == E_LIMIT || (e == E_OK && type != 0xff));
	(void)fd_close(ends[1]);
	if (e == E_AGAIN)
		INVARIANT(frame_send(ends[0], type, 9, body, NULL, 0) == E_CLOSED);
	INVARIANT(frame_receive(ends[0], buf, &f) == E_CLOSED);
	(void)fd_close(ends[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view in = view_of(data, size);
	int ends[2] = { -1, -1 }, before = -1, after = -1;
	struct packet p = { 0 };

	INVARIANT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
	before = dup(0); /* the lowest number that is free */
	(void)fd_close(before);
	for (unsigned i = 0; i < PACKETS && in.n; i++) {
		p = packet_get(&in);
		packet_check(&p, ends[0], ends[1]);
	}
	check_send(p.body, p.type, p.fds);
	after = dup(0);
	INVARIANT(after == before);
	(void)fd_close(after);
	(void)fd_close(ends[0]);
	(void)fd_close(ends[1]);
	return 0;
}
