/*
 * The spawner between a keeper, its four links and cells that were taken over (THREATS A20, P1):
 * whatever they say, no cell ends but one that the authority means, what is counted goes into the
 * spawners' stripe alone and never more than a cell can have counted, and descriptors do not leak.
 *
 * Input: operations. 0 PHASE ROW KINDS LEN BODY: the keeper; 1 LINK TYPE LEN BODY; 2 counts of a
 * cell, field by field; 3 TYPE LEN BODY: a cell's frame as it is; 4 the loop turns.
 */
#include "role/cell/lifeline.h"
#include "role/spawner/birth.h"
#include "role/spawner/counted.h"
#include "role/spawner/link.h"
#include "role/spawner/pending.h"
#include "role/spawner/zygote.h"
#include "sys/fd.h"
#include "tests/fuzz/fuzz_fd.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static loop_handler *const handlers[SPAWNER_KINDS] = {
	[SPAWNER_KEEPER] = link_on_event,	  [SPAWNER_LINK] = link_on_event,
	[SPAWNER_LISTENER] = pending_on_listener, [SPAWNER_PEER] = pending_on_peer,
	[SPAWNER_LIFELINE] = birth_on_lifeline,	  [SPAWNER_PIDFD] = birth_on_pidfd,
};

enum { OPS = 5, STEPS = 48, SLOT = 17, SERIAL = 4, LISTENER_SLOT = 2 };

static const uint8_t roles[LINKS] = { ROLE_SIGNER, ROLE_DIALER, ROLE_AUTHORITY, ROLE_AUDIT };

struct rig {
	struct spawner *s;
	int links[LINKS], cell;
};

static int pair(int *ret_theirs)
{
	int fds[2] = { -1, -1 };

	INVARIANT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
	*ret_theirs = fds[0];
	return fds[1];
}

static void keeper(struct rig *r, struct view *in)
{
	static uint8_t room[FRAME_BODY_MAX];
	uint8_t phase = fuzz_u8(in), row = fuzz_u8(in);
	const struct frame_def *d = &zygote_table.defs[row % zygote_table.n];
	struct frame f = { .type = phase & 2 ? row : d->type, .seq = phase, .fd_n = d->fds };
	struct wbuf w = wbuf_of(room, sizeof room);

	for (unsigned i = 0; i < f.fd_n; i++)
		f.fds[i] = fuzz_fd_make((enum fuzz_fd_kind)(fuzz_u8(in) % FUZZ_FD_KINDS),
					(struct view){ 0 });
	wbuf_view_put(&w, fuzz_some(in, 64));
	while (w.n < d->min)
		wbuf_u8(&w, 0);
	f.body = view_slice(wbuf_view(&w), 0, phase & 4 ? w.n : d->max);
	if (d->type != KEEPER_IMAGE || phase & 1) /* an image is for a spawner that begins */
		(void)frame_dispatch(&zygote_table, phase & 1 ? FRAME_RUN : FRAME_BOOT, r->s, &f);
	frame_done(&f);
}

static void counts(struct rig *r, struct view *in)
{
	uint8_t body[4 + 8 * CELL_COUNT_BYTES];
	struct wbuf w = wbuf_of(body, sizeof body);
	unsigned n = fuzz_u8(in) % 8;

	wbuf_u32(&w, fuzz_u8(in));
	for (unsigned i = 0; i < n; i++) {
		struct cell_count c = { .kind = fuzz_u8(in) % (CELL_COUNT_KINDS + 1) };

		c.word = fuzz_u8(in);
		c.slot = fuzz_u8(in) == 255 ? fuzz_u32(in) : LISTENER_SLOT;
		c.gen = fuzz_u8(in);
		c.more = fuzz_u8(in) == 255 ? fuzz_u64(in) : fuzz_u16(in);
		cell_spawner_put(&w, &c);
	}
	(void)frame_send(r->cell, CELL_COUNTS, 0, wbuf_view(&w), NULL, 0);
}

static void step(struct rig *r, struct view *in)
{
	uint8_t op = fuzz_u8(in) % OPS, type = 0;
	struct spawner_cell_slot *c = &r->s->cells[SLOT];

	if (op == 0)
		keeper(r, in);
	if (op == 1) {
		int to = r->links[fuzz_u8(in) % LINKS];

		type = fuzz_u8(in);
		(void)frame_send(to, type, 0, fuzz_some(in, 64), NULL, 0);
	}
	if (op == 2)
		counts(r, in);
	if (op == 3) {
		type = fuzz_u8(in);
		(void)frame_send(r->cell, type, 0, fuzz_some(in, 64), NULL, 0);
	}
	if ((op == 2 || op == 3) && c->lifeline.fd >= 0 && type != CELL_LEAKS) {
		enum err e = counted_pump(c, 4);

		INVARIANT(e != E_SYS);
		c->heard = 0;
	}
	if (op == 4) {
		INVARIANT(loop_turn(&r->s->loop, 0) == E_OK);
		link_turn(r->s);
	}
}

/* What an input leaves of itself: a spawner's memory is large, so one serves all inputs. */
static void forget(struct spawner *s)
{
	link_init(s);
	birth_init(s);
	pending_init(s);
	s->e->health = NULL;
	s->e->gate_page = NULL;
	s->e->image_fd = -1;
	for (unsigned i = 0; i < IMAGE_LISTENER_SLOTS; i++)
		s->e->coming_listener_fd[i] = -1;
	s->ring = (struct ring_writer){ 0 };
	s->is_draining = s->is_stopping = false;
	s->cells[SLOT] = (struct spawner_cell_slot){ .s = s,
						     .lifeline = { .fd = -1 },
						     .pidfd = { .fd = -1 } };
	INVARIANT(loop_init(&s->loop, s, handlers, SPAWNER_KINDS) == E_OK);
}

static void open_rig(struct rig *r, struct spawner *s)
{
	struct spawner_cell_slot *c = NULL;

	forget(s);
	r->s = s;
	s->page = calloc(1, sizeof *s->page);
	s->load = calloc(1, sizeof *s->load);
	INVARIANT(s->page && s->load);
	for (unsigned i = 0; i < LINKS; i++) {
		int theirs = -1;

		r->links[i] = pair(&theirs);
		INVARIANT(link_set(r->s, (enum role)roles[i], theirs) == E_OK);
	}
	c = &r->s->cells[SLOT];
	r->cell = pair(&c->lifeline.fd);
	c->serial = SERIAL;
	c->who = (struct spawner_cell){ .slot = SLOT, .serial = SERIAL, .listener = LISTENER_SLOT };
	PAGE_SET(r->s->page->cell[SLOT].serial, SERIAL);
}

/* What a cell says it has counted is its listener's. */
static void judge(const struct rig *r)
{
	for (unsigned i = 0; i < IMAGE_LISTENER_SLOTS; i++)
		if (i != LISTENER_SLOT)
			INVARIANT(PAGE_GET(r->s->load->listener[i].accepted) == 0);
	INVARIANT(PAGE_GET(r->s->load->listener[LISTENER_SLOT].connections) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct spawner *s;
	struct view in = view_of(data, size);
	struct rig r = { 0 };
	struct page_cells_page *page = NULL;
	struct page_load_page *load = NULL;

	s = s ? s : zygote_new();
	INVARIANT(s);
	fuzz_fd_mark();
	open_rig(&r, s);
	page = r.s->page;
	load = r.s->load;
	for (unsigned i = 0; i < STEPS && in.n; i++)
		step(&r, &in);
	r.s->load = load;
	judge(&r);
	fuzz_fd_sweep();
	free(page);
	free(load);
	return 0;
}
