/*
 * Frames that are none, to every process that listens to this one (THREATS A20, promise P11): too
 * short, too long, of no type, with descriptors that nobody wants, as if it were the keeper. The
 * conversation has to end there: a peer that still answers a harmless question was fooled, and one
 * that died of it has been taken down.
 */
#include "drill/peer.h"
#include "ipc/keeper_role.h"
#include "ipc/pages.h"
#include "sys/clock.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	FRAMES_BYTES = 5000,
	FRAMES_RIGHTS = 253, /* SCM_MAX_FD */
	FRAMES_FLOOD = 10000,
	FRAMES_NO_TYPE = 200,
	FRAMES_BEAT_MS = 7000,
	FRAMES_CLOSE_MS = 4000
};

/* What is sent: bytes as they are, and some descriptors. */
struct frames_packet {
	struct view bytes;
	unsigned fd_n;
	uint16_t said_fds; /* in the header, when bytes is empty: a frame of no type */
	bool has_credentials;
};

union frames_control {
	char bytes[CMSG_SPACE(FRAMES_RIGHTS * sizeof(int))];
	struct cmsghdr align;
};

static void frames_attach(struct msghdr *m, union frames_control *c, const struct frames_packet *p)
{
	size_t n = p->has_credentials ? sizeof(struct ucred) : p->fd_n * sizeof(int);
	struct cmsghdr *h = NULL;
	struct wbuf w = { 0 };

	m->msg_control = c->bytes;
	m->msg_controllen = CMSG_SPACE(n);
	h = CMSG_FIRSTHDR(m);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = p->has_credentials ? SCM_CREDENTIALS : SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(n);
	w = wbuf_of(CMSG_DATA(h), n);
	if (p->has_credentials) {
		const struct ucred root = { .pid = 1 };

		wbuf_put(&w, &root, sizeof root);
	}
	for (unsigned i = 0; i < p->fd_n; i++) {
		const int given = STDERR_FILENO;

		wbuf_put(&w, &given, sizeof given);
	}
}

static ssize_t frames_send(int fd, const struct frames_packet *p)
{
	uint8_t header[FRAME_HEADER];
	struct wbuf w = wbuf_of(header, sizeof header);
	union frames_control control = { 0 };
	struct iovec iov = { (void *)(uintptr_t)p->bytes.p, p->bytes.n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (!p->bytes.p) {
		wbuf_u8(&w, FRAME_VERSION);
		wbuf_u8(&w, FRAMES_NO_TYPE);
		wbuf_u16(&w, p->said_fds);
		wbuf_u32(&w, 0);
		iov = (struct iovec){ header, sizeof header };
	}
	if (p->fd_n || p->has_credentials)
		frames_attach(&m, &control, p);
	return sendmsg(fd, &m, MSG_NOSIGNAL);
}

/* Somebody takes what is sent there: it does not fill. */
static bool frames_is_read(int fd, const struct frames_packet *p)
{
	unsigned n = 0;

	while (n < FRAMES_FLOOD && frames_send(fd, p) >= 0)
		n++;
	return n == FRAMES_FLOOD;
}

/* Whether its peer goes on listening: it answers, or, where it never answers, can still be told
 * something, and takes it. */
static bool frames_goes_on(struct intruder *x, const struct intruder_channel *c,
			   const struct frames_packet *p)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };
	enum err e = peer_probe(x, c);

	if (e != E_AGAIN)
		return e == E_OK;
	while (e != E_CLOSED && e != E_PROTO) {
		e = peer_hear(c->fd, FRAMES_CLOSE_MS, buf, &f, NULL);
		if (e == E_AGAIN)
			return frames_is_read(c->fd, p);
	}
	return false;
}

/* The packet to each peer of its own. Cells' records are no frames: audit takes any of their bytes
 * for one, and blames the cell. */
static struct act_got frames_each(struct intruder *x, const struct frames_packet *p)
{
	unsigned births = peer_births(x, PEER_STILL_MS), n = 0;
	size_t channel_n = x->channel_n;
	int error = 0;

	for (size_t i = 0; i < channel_n; i++) {
		const struct intruder_channel *c = &x->channel[i];

		if (c->peer == ROLE_KEEPER || c->fd == ROLE_CHANNEL_FD)
			continue;
		n++;
		if (frames_send(c->fd, p) < 0)
			error = errno;
		else if (frames_goes_on(x, c, p))
			return act_worked("its peer goes on listening");
	}
	if (!n)
		return act_unable("nobody but the keeper listens to it");
	if (peer_births(x, PEER_STILL_MS) > births)
		return act_worked("its peer has died");
	return act_refused(error, error ? NULL : "every channel was closed, or is read by nobody");
}

#define FRAMES_EACH(fn, ...)                                                                       \
	static struct act_got fn(struct intruder *x)                                               \
	{                                                                                          \
		const struct frames_packet p = { __VA_ARGS__ };                                    \
                                                                                                   \
		return frames_each(x, &p);                                                         \
	}

static const uint8_t frames_zeros[FRAMES_BYTES];

FRAMES_EACH(frames_no_type, .said_fds = 0)
FRAMES_EACH(frames_short, .bytes = VIEW("\1\1\0"))
FRAMES_EACH(frames_version, .bytes = VIEW("\377\1\0\0\0\0\0\1"))
FRAMES_EACH(frames_long, .bytes = view_of(frames_zeros, sizeof frames_zeros))
FRAMES_EACH(frames_absent, .said_fds = 2)
FRAMES_EACH(frames_stray, .fd_n = 1)
FRAMES_EACH(frames_few, .said_fds = 4, .fd_n = 4)
FRAMES_EACH(frames_many, .said_fds = FRAMES_RIGHTS, .fd_n = FRAMES_RIGHTS)
FRAMES_EACH(frames_credentials, .has_credentials = true)
FRAMES_EACH(frames_go, .bytes = VIEW("\1\12\0\0\0\0\0\0"))
FRAMES_EACH(frames_secret, .bytes = VIEW("\1\7\0\0\0\0\0\0"
					 "0123456789012345678901234567890123456789"
					 "0123456789012345678901234567890123456789"))
FRAMES_EACH(frames_identity, .bytes = VIEW("\1\1\0\0\0\0\0\0\12\0\0\0\0\0\1\377\377\377\377"))

/* ---- much ---- */

/* Authority and dialer say every second, each on its page, that they live. */
static uint64_t frames_beat(const struct intruder_map *m)
{
	const struct page_health_page *health = m->p;
	const struct page_gate_page *gate = m->p;

	return m->kind == PAGE_GATE ? PAGE_GET(gate->beat_mono_ms) : PAGE_GET(health->beat_mono_ms);
}

/* Whether those go on with their work whose pages it reads. */
static bool frames_live(const struct intruder *x)
{
	for (size_t i = 0; i < x->map_n; i++) {
		const struct intruder_map *m = &x->map[i];
		uint64_t until_ms = clock_mono_ms() + FRAMES_BEAT_MS, before = 0;

		if (m->is_writable || (m->kind != PAGE_GATE && m->kind != PAGE_HEALTH))
			continue;
		before = frames_beat(m);
		while (frames_beat(m) == before)
			if (clock_mono_ms() > until_ms)
				return false;
	}
	return true;
}

static struct act_got frames_flood(struct intruder *x)
{
	const struct frames_packet p = { .bytes = view_of(frames_zeros, FRAME_MAX) };
	unsigned n = 0;

	(void)peer_births(x, PEER_STILL_MS);
	for (size_t i = 0; i < x->channel_n; i++)
		for (unsigned k = 0; k < FRAMES_FLOOD; k++)
			n += frames_send(x->channel[i].fd, &p) >= 0;
	if (!x->channel_n)
		return act_unable("nobody but the keeper listens to it");
	if (n == FRAMES_FLOOD * x->channel_n)
		return act_worked("all of it was taken");
	return frames_live(x) ? act_refused(0, "the channels fill, or close; others go on")
			      : act_worked("a peer stands still");
}

/* Those who have most to do with strangers try all, the others what differs most. */
enum {
	FRAMES_SOME = ACT_ROLE(ROLE_EDGE) | ACT_ROLE(ROLE_CELL) | ACT_ROLE(ROLE_VERIFIER),
	FRAMES_ALL = FRAMES_SOME | ACT_ROLE(ROLE_SIGNER) | ACT_ROLE(ROLE_DIALER) |
		     ACT_ROLE(ROLE_AUDIT) | ACT_ROLE(ROLE_RELAY) | ACT_ROLE(ROLE_AUTHORITY) |
		     ACT_ROLE(ROLE_SPAWNER) | ACT_ROLE(ROLE_SHIPPER) | ACT_ROLE(ROLE_EXPORTER)
};

#define FRAMES_ROW(what, text, who, how)                                                           \
	{                                                                                          \
		.name = (what), .tries = (text), .cites = "P11 A20", .run = (how), .roles = (who), \
		.flags = ACT_ENDS | ACT_LAST, .unfit = "it has no channel"                         \
	}

static const struct act frames_acts[] = {
	FRAMES_ROW("frame-no-type", "say to its peers what is no message", FRAMES_ALL,
		   frames_no_type),
	FRAMES_ROW("frame-short", "say less than a frame", FRAMES_SOME, frames_short),
	FRAMES_ROW("frame-version", "speak another version", FRAMES_SOME, frames_version),
	FRAMES_ROW("frame-long", "say more than a frame may have", FRAMES_SOME, frames_long),
	FRAMES_ROW("frame-absent", "announce descriptors that are not there", FRAMES_SOME,
		   frames_absent),
	FRAMES_ROW("frame-stray", "pass a descriptor that is not announced", FRAMES_SOME,
		   frames_stray),
	FRAMES_ROW("frame-descriptors", "pass descriptors that nobody wants", FRAMES_ALL,
		   frames_few),
	FRAMES_ROW("frame-many-descriptors", "pass as many descriptors as the kernel lets it",
		   FRAMES_SOME, frames_many),
	FRAMES_ROW("frame-credentials", "claim to be process 1, and root", FRAMES_SOME,
		   frames_credentials),
	FRAMES_ROW("frame-go", "begin its peers' birth again", FRAMES_SOME, frames_go),
	FRAMES_ROW("frame-secret", "give its peers a key, as if it were the keeper", FRAMES_SOME,
		   frames_secret),
	FRAMES_ROW("frame-identity", "tell its peers who they are", FRAMES_SOME, frames_identity),
	FRAMES_ROW("frame-flood", "send ten thousand frames at once", FRAMES_ALL, frames_flood),
};

const struct act_table act_frames = { frames_acts, sizeof frames_acts / sizeof *frames_acts,
				      ACT_PEERS };
