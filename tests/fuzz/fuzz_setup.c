/*
 * What a running cell, with the edge's code, or a relay is told by keeper, spawner and dialer that
 * were taken over (THREATS A20): frames of their tables with any bodies and descriptors of any kind
 * come between requests; it takes them or ends the conversation, and serves on.
 *
 * Input: frames: WHOSE table, its row or a type, the kinds of descriptors, LEN BODY.
 */
#if defined(FUZZ_CELL)
#include "role/cell/lifeline.h"
#include "role/edge/dial.h"
#include "role/edge/setup.h"
#include "tests/ipc/cell_kit.h"
#else
#include "role/relay/dial.h"
#include "role/relay/setup.h"
#include "tests/ipc/relay_kit.h"
#endif

#include "sys/fd.h"
#include "tests/fuzz/fuzz_fd.h"

#include <sys/socket.h>

enum { FRAMES = 32, OWN_TYPE = 0x80, WHOLE = 0x40, BODY = 256 };

static const char yaml[] =
	"listeners: [{name: dns, address: \"127.0.0.1:53\", protocol: udp, backend: "
	"b}]\nbackends: [{name: b, servers: [\"127.0.0.1:1\"]}]\n";

/* One frame of the input as a handler gets it; what it does not take is closed. */
static enum err tell(struct view *in, const struct frame_table *t, uint8_t how, void *role)
{
	static uint8_t room[BODY];
	uint8_t row = fuzz_u8(in);
	const struct frame_def *d = &t->defs[row % t->n];
	struct frame f = { .type = how & OWN_TYPE ? row : d->type, .seq = how, .fd_n = d->fds };
	struct wbuf w = wbuf_of(room, sizeof room);

	for (unsigned i = 0; i < f.fd_n; i++) {
		uint8_t kind = fuzz_u8(in) % FUZZ_FD_KINDS;

		f.fds[i] = fuzz_fd_make((enum fuzz_fd_kind)kind, fuzz_some(in, 64));
	}
	wbuf_view_put(&w, fuzz_some(in, BODY - 1));
	while (w.n < d->min)
		wbuf_u8(&w, 0);
	f.body = view_slice(wbuf_view(&w), 0, how & WHOLE ? w.n : d->max);
	f.seq = how & WHOLE ? fuzz_u32(in) : how & 3;
	return frame_dispatch(t, FRAME_RUN, role, &f);
}

#if defined(FUZZ_CELL)

static struct kit *kit;

/* What would end it, or take the place of what all inputs use: images, pages, rings. */
static bool is_for_good(uint8_t how, struct view in)
{
	uint8_t row = fuzz_u8(&in);
	uint8_t type = how & OWN_TYPE ? row : setup_table.defs[row % setup_table.n].type;

	return type == KEEPER_IMAGE || type == KEEPER_PAGE || type == KEEPER_RING ||
	       type == KEEPER_DRAIN;
}

/* The next input finds a cell that nobody has told anything. */
static void forget(struct edge *e)
{
	int ends[2] = { -1, -1 };

	e->is_draining = false;
	INVARIANT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
	(void)fd_close(kit->dialer);
	kit->dialer = ends[0];
	INVARIANT(dial_set_channel(e, ends[1]) == E_OK);
	for (unsigned i = 0; i < IMAGE_LISTENER_SLOTS; i++)
		e->coming_listener_fd[i] = fd_close(e->coming_listener_fd[i]);
	e->coming_signer_fd = fd_close(e->coming_signer_fd);
	e->coming_dialer_fd = fd_close(e->coming_dialer_fd);
	loop_close(&e->audit);
	kit_new_authority(kit);
	kit_forget(kit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct frame_table *tables[] = { &lifeline_table, &dial_table, &setup_table };
	struct view in = view_of(data, size);

	fuzz_fd_keep_role_channel();
	fuzz_fd_use_image(yaml);
	if (!kit)
		kit = kit_new();
	kit_forget(kit);
	kit_connect(kit);
	for (unsigned i = 0; i < FRAMES && in.n; i++) {
		uint8_t how = fuzz_u8(&in), which = how % 4;

		if (which == 3) {
			kit_send(kit, VIEW("GET /a HTTP/1.1\r\nHost: cases.example.nl\r\n\r\n"));
			kit_turn(kit);
		} else if (which == 2 && is_for_good(how, in)) {
			(void)fuzz_u8(&in);
		} else {
			(void)tell(&in, tables[which], how, kit->edge);
			kit->edge->is_draining = false;
		}
	}
	kit_turn(kit);
	forget(kit->edge);
	return 0;
}

#else

static const char site[] =
	"listeners:\n  - {name: dns, address: \"127.0.0.1:PORT\", protocol: udp, backend: b}\n"
	"backends:\n  - {name: b, servers: [\"127.0.0.1:5\", \"127.0.0.1:6\"]}\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct frame_table *tables[] = { &setup_table, &dial_table };
	static struct relay_kit k;
	struct view in = view_of(data, size);
	int client = -1;

	fuzz_fd_keep_role_channel();
	fuzz_fd_use_image(yaml);
	k = (struct relay_kit){ 0 };
	relay_kit_open(&k, site);
	client = relay_kit_client(&k);
	for (unsigned i = 0; i < FRAMES && in.n; i++) {
		uint8_t how = fuzz_u8(&in);

		if (how % 3 == 2)
			(void)(send(client, "a", 1, MSG_NOSIGNAL) + relay_kit_answer(&k));
		else
			(void)tell(&in, tables[how % 3], how, k.r);
		k.r->is_draining = false;
		relay_kit_turn(&k);
	}
	(void)fd_close(client);
	relay_kit_close(&k);
	return 0;
}

#endif
