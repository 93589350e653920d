/*
 * Cells that there are not: who introduces cells can introduce one that is himself, and speak for
 * it (docs/gateway.md, "If a process is taken over"). What it then gets is what any stranger's cell
 * has, and no more.
 */
#include "drill/peer.h"
#include "ipc/cell_authority.h"
#include "ipc/edge_dialer.h"
#include "ipc/edge_signer.h"
#include "ipc/spawner.h"
#include "sys/clock.h"

#include <sys/socket.h>
#include <unistd.h>

enum {
	SPAWNER_SLOT = CELL_SLOTS - 2,
	SPAWNER_BODY = 1024,
	SPAWNER_FLOOD = 10000,
	SPAWNER_MANY = 8
};

/* "TLS 1.3, server CertificateVerify", as a handshake has it (RFC 8446 §4.4.3). */
#define SPAWNER_HANDSHAKE                                                                          \
	"                                                                "                         \
	"TLS 1.3, server CertificateVerify\0"                                                      \
	"0123456789abcdef0123456789abcdef"

static const struct image_listener *spawner_listener(const struct image *im)
{
	for (uint32_t i = 0; i < image_count(im, IMAGE_LISTENER); i++)
		if (image_listener_at(im, i)->flags & IMAGE_CELL)
			return image_listener_at(im, i);
	return NULL;
}

static enum err spawner_tell(int to, uint32_t slot, uint16_t listener, int given)
{
	const struct spawner_cell who = { .slot = slot,
					  .serial = clock_mono_ms() + UINT32_MAX,
					  .listener = listener };
	uint8_t body[64];
	struct wbuf w = wbuf_of(body, sizeof body);

	TRY(spawner_cell_put(&w, &who));
	return frame_send(to, SPAWNER_CELL, 0, wbuf_view(&w), &given, 1);
}

/* A cell of its own at this peer; its end. -1: it can't. */
static int spawner_invent(struct intruder *x, enum role peer, uint32_t slot)
{
	const struct image_listener *l = NULL;
	int to = peer_fd(x, peer), pair[2] = { -1, -1 };
	struct image im = { 0 };

	if (to < 0 || !peer_image(x, &im))
		return -1;
	l = spawner_listener(&im);
	if (!l || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0 ||
	    spawner_tell(to, slot, l->slot, pair[1]) != E_OK)
		return -1;
	(void)close(pair[1]);
	return pair[0];
}

static struct act_got spawner_sign_with(struct intruder *x, int fd, uint32_t certificate,
					uint16_t scheme)
{
	uint8_t body[SPAWNER_BODY];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct peer_ask a = { .fd = fd,
			      .type = EDGE_SIGN,
			      .won = SIGNER_SIGNED,
			      .text = "a signature with the listener's certificate" };

	wbuf_u32(&w, certificate);
	wbuf_u16(&w, scheme);
	wbuf_str16(&w, VIEW(SPAWNER_HANDSHAKE));
	a.body = wbuf_view(&w);
	return peer_ask(x, &a);
}

/* The scheme is one of few, and the certificate one of few: what a cell would know. */
static struct act_got spawner_sign(struct intruder *x)
{
	static const uint16_t schemes[] = { [IMAGE_KEY_RSA] = 0x0804,
					    [IMAGE_KEY_P256] = 0x0403,
					    [IMAGE_KEY_P384] = 0x0503,
					    [IMAGE_KEY_ED25519] = 0x0807 };
	int fd = spawner_invent(x, ROLE_SIGNER, SPAWNER_SLOT);
	struct act_got got = act_unable("it can't introduce cells");
	struct image im = { 0 };

	for (uint32_t i = 0;
	     fd >= 0 && peer_image(x, &im) && i < image_count(&im, IMAGE_CERTIFICATE); i++) {
		const struct image_certificate *c = image_certificate_at(&im, i);

		if (!c->is_server || c->key_type >= sizeof schemes / sizeof *schemes)
			continue;
		got = spawner_sign_with(x, fd, i, schemes[c->key_type]);
		if (got.outcome == BOARD_WORKED)
			break;
	}
	return got;
}

static struct act_got spawner_sign_many(struct intruder *x)
{
	struct act_got got = act_unable("it can't introduce cells");
	int fd = spawner_invent(x, ROLE_SIGNER, SPAWNER_SLOT);
	struct image im = { 0 };

	if (fd < 0 || !peer_image(x, &im) || !image_count(&im, IMAGE_CERTIFICATE))
		return got;
	for (unsigned i = 0; i < SPAWNER_MANY; i++) {
		got = spawner_sign_with(x, fd, 0, 0x0403);
		if (got.outcome != BOARD_WORKED)
			return got;
	}
	return got;
}

/* That nobody listens there is not the dialer's doing. */
static bool spawner_has_dialled(struct view body)
{
	uint8_t why = 0;

	return view_u8(&body, &why) != E_OK || (why != DIAL_UNKNOWN && why != DIAL_BUSY);
}

/* Every server of every application. */
static struct act_got spawner_app(struct intruder *x)
{
	struct act_got got = act_unable("it can't introduce cells");
	int fd = spawner_invent(x, ROLE_DIALER, SPAWNER_SLOT);
	struct image im = { 0 };

	if (fd < 0 || !peer_image(x, &im))
		return got;
	for (uint32_t i = 0; i < image_count(&im, IMAGE_SERVER); i++) {
		const struct image_server *s = image_server_at(&im, i);
		uint8_t body[8];
		struct wbuf w = wbuf_of(body, sizeof body);
		struct peer_ask a = { .fd = fd,
				      .type = EDGE_DIAL,
				      .is_won = spawner_has_dialled,
				      .text = "a server without anybody's session" };
		bool is_app = false;

		for (uint32_t k = 0; k < image_count(&im, IMAGE_APP); k++)
			is_app |= image_app_at(&im, k)->pool == s->pool;
		if (!is_app)
			continue;
		wbuf_u32(&w, s->slot);
		wbuf_u32(&w, s->slot_gen);
		a.body = wbuf_view(&w);
		got = peer_ask(x, &a);
		if (got.outcome == BOARD_WORKED)
			break;
	}
	return got;
}

static bool spawner_says_yes(struct view body)
{
	uint8_t verdict = 0;

	return view_u8(&body, &verdict) == E_OK && verdict == GATE_OK;
}

static struct act_got spawner_session(struct intruder *x)
{
	const struct cell_hello hello = { .sni = VIEW("localhost") };
	const struct cell_token token = { .token = { "a spawner has made this token" } };
	int fd = spawner_invent(x, ROLE_AUTHORITY, SPAWNER_SLOT);
	uint8_t body[SPAWNER_BODY];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct peer_ask a = { .fd = fd,
			      .type = CELL_SESSION,
			      .won = AUTHORITY_SESSION,
			      .is_won = spawner_says_yes,
			      .text = "a session" };

	if (fd < 0 || cell_hello_put(&w, &hello) != E_OK ||
	    frame_send(fd, CELL_HELLO, 0, wbuf_view(&w), NULL, 0) != E_OK)
		return act_unable("it can't introduce cells");
	w.n = 0;
	if (cell_token_put(&w, &token) != E_OK)
		return act_unable("the question can't be made");
	a.body = wbuf_view(&w);
	return peer_ask(x, &a);
}

/* ---- descriptors that are no channel ---- */

static struct act_got spawner_not_channel(struct intruder *x, enum role peer)
{
	unsigned births = peer_births(x, 0);
	int to = peer_fd(x, peer);
	const int given[] = { STDERR_FILENO, STDOUT_FILENO, STDIN_FILENO,
			      x->listener_n ? x->listener[0] : STDIN_FILENO };

	if (to < 0)
		return act_unable("it has no such channel");
	for (unsigned i = 0; i < sizeof given / sizeof *given; i++)
		if (spawner_tell(to, SPAWNER_SLOT - i, 0, given[i]) != E_OK)
			break;
	return peer_births(x, 4 * PEER_STILL_MS) > births
		       ? act_worked("its peer has died")
		       : act_refused(0, "no channel is made of it");
}

static struct act_got spawner_to_signer(struct intruder *x)
{
	return spawner_not_channel(x, ROLE_SIGNER);
}

static struct act_got spawner_to_dialer(struct intruder *x)
{
	return spawner_not_channel(x, ROLE_DIALER);
}

static struct act_got spawner_to_authority(struct intruder *x)
{
	return spawner_not_channel(x, ROLE_AUTHORITY);
}

static struct act_got spawner_to_audit(struct intruder *x)
{
	return spawner_not_channel(x, ROLE_AUDIT);
}

/* ---- one cell floods, its neighbour asks ---- */

static struct act_got spawner_beside(struct intruder *x, enum role peer, uint8_t type)
{
	static const uint8_t zeros[8];
	int loud = spawner_invent(x, peer, SPAWNER_SLOT),
	    quiet = spawner_invent(x, peer, SPAWNER_SLOT - 1);
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };

	if (loud < 0 || quiet < 0)
		return act_unable("it can't introduce cells");
	for (unsigned i = 0; i < SPAWNER_FLOOD; i++)
		(void)(frame_send(loud, type, i + 1, view_of(zeros, sizeof zeros), NULL, 0) ==
		       E_OK);
	if (frame_send(quiet, type, PEER_SEQ, view_of(zeros, sizeof zeros), NULL, 0) != E_OK)
		return act_worked("the neighbour is not heard");
	return peer_hear(quiet, 5 * PEER_WAIT_MS, buf, &f, NULL) == E_OK
		       ? act_refused(0, "its neighbour has an answer all the same")
		       : act_worked("the neighbour has no answer");
}

static struct act_got spawner_flood_signer(struct intruder *x)
{
	return spawner_beside(x, ROLE_SIGNER, EDGE_SIGN);
}

static struct act_got spawner_flood_dialer(struct intruder *x)
{
	return spawner_beside(x, ROLE_DIALER, EDGE_DIAL);
}

#define SPAWNER_ROW(what, text, promise, how)                                                      \
	{                                                                                          \
		.name = (what), .tries = (text), .cites = (promise), .run = (how),                 \
		.roles = ACT_ROLE(ROLE_SPAWNER), .flags = ACT_ENDS | ACT_LAST,                     \
		.unfit = "it has no channel"                                                       \
	}

static const struct act spawner_acts[] = {
	SPAWNER_ROW("invent-signature", "sign for a cell that there is not", "P3 C", spawner_sign),
	SPAWNER_ROW("invent-signatures", "sign more for it than a connection has", "P3 C",
		    spawner_sign_many),
	SPAWNER_ROW("invent-server", "reach applications for a cell that there is not", "P4 E",
		    spawner_app),
	SPAWNER_ROW("invent-session", "be somebody in a cell that there is not", "P6 D",
		    spawner_session),
	SPAWNER_ROW("no-channel-signer", "hand the signer files and listeners as cells", "P11 A20",
		    spawner_to_signer),
	SPAWNER_ROW("no-channel-dialer", "hand the dialer files and listeners as cells", "P11 A20",
		    spawner_to_dialer),
	SPAWNER_ROW("no-channel-authority", "hand the authority files and listeners as cells",
		    "P11 A20", spawner_to_authority),
	SPAWNER_ROW("no-channel-audit", "hand audit files and listeners as cells", "P11 A20",
		    spawner_to_audit),
	SPAWNER_ROW("flood-beside-signer", "keep a neighbour from the signer", "P11 A22",
		    spawner_flood_signer),
	SPAWNER_ROW("flood-beside-dialer", "keep a neighbour from the dialer", "P11 A22",
		    spawner_flood_dialer),
};

const struct act_table act_spawner = { spawner_acts, sizeof spawner_acts / sizeof *spawner_acts,
				       ACT_PEERS };
