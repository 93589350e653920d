/* Everything here is done with what every role may: send, receive, and look at the clock. */
#include "drill/peer.h"

#include "drill/channel.h"
#include "ipc/audit_signer.h"
#include "ipc/authority_signer.h"
#include "ipc/authority_verifier.h"
#include "ipc/cell_authority.h"
#include "ipc/edge_dialer.h"
#include "ipc/edge_signer.h"
#include "ipc/keeper_role.h"
#include "sys/clock.h"
#include "sys/fd.h"

enum { PEER_FRAMES = 64 };

enum err peer_hear(int fd, uint32_t ms, uint8_t buf[FRAME_MAX], struct frame *ret, int *ret_fd)
{
	uint64_t until_ms = clock_mono_ms() + ms;
	enum err e = E_AGAIN;

	do
		e = frame_receive(fd, buf, ret);
	while (e == E_AGAIN && clock_mono_ms() < until_ms);
	if (e == E_OK && ret_fd && ret->fd_n)
		*ret_fd = frame_take_fd(ret, 0);
	if (e == E_OK)
		frame_done(ret);
	return e;
}

/* What the keeper, or a cell's spawner, brings after the start; anything else is not for us. */
static bool peer_gather(struct intruder *x, uint32_t wait_ms)
{
	uint8_t buf[FRAME_MAX], role = 0;
	struct frame f = { 0 };
	uint16_t index = 0;
	int fd = -1;

	if (peer_hear(ROLE_CHANNEL_FD, wait_ms, buf, &f, &fd) != E_OK)
		return false;
	if (f.type == KEEPER_CHANNEL && fd >= 0 && view_u8(&f.body, &role) == E_OK &&
	    view_u16(&f.body, &index) == E_OK && x->channel_n < INTRUDER_CHANNELS)
		x->channel[x->channel_n++] = (struct intruder_channel){ fd, index, role };
	else if (fd >= 0)
		(void)fd_close(fd);
	return true;
}

int peer_fd(struct intruder *x, enum role peer)
{
	uint64_t until_ms = clock_mono_ms() + PEER_BIRTH_MS;
	int fd = x->role ? channel_of(x, peer) : -1;

	while (fd < 0 && x->role && clock_mono_ms() < until_ms) {
		(void)peer_gather(x, PEER_STILL_MS);
		fd = channel_of(x, peer);
	}
	return fd;
}

/* The same peer, once more. */
static bool peer_is_again(const struct intruder *x, size_t i)
{
	const struct intruder_channel *c = &x->channel[i];

	for (size_t k = 0; k < i; k++)
		if (x->channel[k].peer == c->peer && x->channel[k].index == c->index)
			return true;
	return false;
}

unsigned peer_births(struct intruder *x, uint32_t wait_ms)
{
	unsigned n = 0;

	if (x->role && !x->channel_n)
		(void)peer_gather(x, PEER_BIRTH_MS);
	for (unsigned i = 0; x->role && i < PEER_FRAMES && peer_gather(x, wait_ms); i++)
		continue;
	for (size_t i = 0; i < x->channel_n; i++)
		n += peer_is_again(x, i);
	return n;
}

static struct act_got peer_judge(struct intruder *x, const struct peer_ask *a, uint32_t seq, int fd)
{
	uint64_t until_ms = clock_mono_ms() + PEER_WAIT_MS;
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };

	while (clock_mono_ms() < until_ms) {
		enum err e = peer_hear(fd, PEER_WAIT_MS, buf, &f, NULL);

		x->is_spent |= e != E_OK;
		if (e != E_OK)
			return act_refused(0,
					   e == E_AGAIN ? "no answer" : "the channel was closed");
		if ((!a->won || f.type == a->won) && f.seq == seq &&
		    (!a->is_won || a->is_won(f.body)))
			return act_worked(a->text);
		if (f.seq == seq)
			return act_refused(0, "refused by its peer");
	}
	return act_refused(0, "no answer");
}

struct act_got peer_ask(struct intruder *x, const struct peer_ask *a)
{
	int fd = a->fd ? a->fd : peer_fd(x, a->peer);
	uint32_t seq = a->seq ? a->seq : PEER_SEQ;
	enum err e = E_OK;

	if (fd < 0)
		return act_unable("it has no such channel");
	e = frame_send(fd, a->type, seq, a->body, a->pass, a->pass ? 1 : 0);
	if (e == E_OK)
		return peer_judge(x, a, seq, fd);
	x->is_spent = true;
	return act_refused(0, "the channel is closed");
}

enum err peer_tell(int fd, uint8_t type, uint32_t seq, struct view body, const int *pass)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };
	enum err e = frame_send(fd, type, seq, body, pass, pass ? 1 : 0);

	if (e == E_OK)
		e = peer_hear(fd, PEER_CLOSE_MS, buf, &f, NULL);
	return e == E_AGAIN ? E_OK : e;
}

/* ---- harmless questions ---- */

struct peer_question {
	uint8_t role, peer, type, bytes; /* that many zeros */
};

static const struct peer_question peer_questions[] = {
	{ ROLE_EDGE, ROLE_SIGNER, EDGE_SIGN, 8 },
	{ ROLE_CELL, ROLE_SIGNER, EDGE_SIGN, 8 },
	{ ROLE_AUDIT, ROLE_SIGNER, AUDIT_PUBLIC_KEY, 0 },
	{ ROLE_AUTHORITY, ROLE_SIGNER, AUTHORITY_TOKEN_KEYS, 0 },
	{ ROLE_AUTHORITY, ROLE_VERIFIER, VERIFY_PASSWORD, 4 },
	{ ROLE_EDGE, ROLE_DIALER, EDGE_DIAL, 8 },
	{ ROLE_CELL, ROLE_DIALER, EDGE_DIAL, 8 },
	{ ROLE_RELAY, ROLE_DIALER, EDGE_DIAL, 8 },
	{ ROLE_SHIPPER, ROLE_DIALER, EDGE_DIAL, 8 },
	{ ROLE_CELL, ROLE_AUTHORITY, CELL_KEYS, 0 },
};

static const struct peer_question *peer_question_of(uint8_t role, uint8_t peer)
{
	for (size_t i = 0; i < sizeof peer_questions / sizeof *peer_questions; i++)
		if (peer_questions[i].role == role && peer_questions[i].peer == peer)
			return &peer_questions[i];
	return NULL;
}

enum err peer_probe(struct intruder *x, const struct intruder_channel *c)
{
	static const uint8_t zeros[8];
	const struct peer_question *q = peer_question_of(x->role, c->peer);
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };
	enum err e = E_OK;

	if (!q)
		return E_AGAIN;
	e = frame_send(c->fd, q->type, PEER_SEQ, view_of(zeros, q->bytes), NULL, 0);
	while (e == E_OK) {
		e = peer_hear(c->fd, PEER_WAIT_MS, buf, &f, NULL);
		if (e == E_OK && f.seq == PEER_SEQ)
			return E_OK;
	}
	return e == E_AGAIN ? E_AGAIN : E_CLOSED;
}

/* ---- what it knows ---- */

bool peer_image(const struct intruder *x, struct image *ret)
{
	for (size_t i = 0; i < x->map_n; i++) {
		const struct intruder_map *m = &x->map[i];
		const struct image_header *h = m->p;

		if (m->kind || m->is_writable || m->bytes < sizeof *h || h->magic != IMAGE_MAGIC)
			continue;
		ret->header = h;
		return true;
	}
	return false;
}
