/*
 * A role's own birth and its channel to the keeper (THREATS A20, P11), one program per role, with
 * the role's main.c in it: whatever the keeper says, in whatever phase, with whatever descriptors,
 * the role takes it or ends the conversation, and reads no memory that is not what it says.
 *
 * Input: how it is introduced, then frames. Of each: which phase it begins (a bit), its row in the
 * role's table or a type of its own, the kinds of its descriptors and what is in them, LEN BODY.
 */
#define main fuzz_main_of_role
int fuzz_main_of_role(void);

#if defined(FUZZ_CONSOLE)
#include "role/console/main.c"
#define ROLE console
#elif defined(FUZZ_HERALD)
#include "role/herald/main.c"
#define ROLE herald
#elif defined(FUZZ_EXPORTER)
#include "role/exporter/main.c"
#define ROLE	   exporter
#define PEER_TABLE main_edge_table
#elif defined(FUZZ_AUDIT)
#include "role/audit/main.c"
#define ROLE audit
#elif defined(FUZZ_SHIPPER)
#include "role/shipper/main.c"
#define ROLE	   shipper
#define PEER_TABLE main_dialer_table
#elif defined(FUZZ_SIGNER)
#include "role/signer/main.c"
#define ROLE signer
#elif defined(FUZZ_VERIFIER)
#include "role/verifier/main.c"
#define ROLE verifier
#elif defined(FUZZ_CONFIG)
#include "role/config/main.c"
#define ROLE	   config
#define main_table boot_table
#define main_defs  boot_defs
#endif
#undef main

#include "base/arena.h"
#include "sys/fd.h"
#include "tests/fuzz/fuzz_fd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef PEER_TABLE
#define PEER_TABLE main_table
#endif

enum { FRAMES = 24, LIVE = 8, GOES = 0x80, OWN_TYPE = 0x40, OF_PEER = 0x20, OF_LIVE = 0x10 };

/* Those whose peers can be heard before their keys and memory are there. */
#if defined(FUZZ_AUDIT) || defined(FUZZ_EXPORTER) || defined(FUZZ_SHIPPER)
#define HEARS 1
#else
#define HEARS 0
#endif

static const char yaml[] =
	"listeners: [{name: staff, address: \"127.0.0.1:8443\", protocol: https,"
	" certificates: [www], default_certificate: true, isolation: cell}]\n"
	"certificates: [{name: www, chain: CERTS/www.crt, key: CERTS/dummy.key}]\n"
	"backends: [{name: web, servers: [\"127.0.0.1:8080\"]}]\n"
	"gateway: {host: login.example.nl, title: Example}\n"
	"identity: [{name: local, type: local}]\n"
	"factors: {require: [[passkey], [password, totp]]}\n"
	"apps: [{name: cases, host: cases.example.nl, backend: web,"
	" access: {allow: {everyone: true}}}]\n"
	"tracing: {otlp: \"http://127.0.0.1:4318\"}\n"
	"metrics: {address: \"127.0.0.1:9464\"}\n"
	"status_page: {address: \"127.0.0.1:8090\", title: Services}\n"
	"log: {ship: [{syslog_tls: \"127.0.0.1:6514\", ca: CERTS/root.crt}]}\n";

struct bed {
	struct ROLE *x;
	struct arena memory;
	int keeper, peer[2];
	int live[LIVE]; /* others' ends of channels that it was given */
	unsigned live_n;
};

/* ---- what each main does before its first message ---- */

#if defined(FUZZ_CONSOLE)
static enum err prepare(struct console *c, struct arena *memory)
{
	c->listener.fd = -1;
	TRY(client_init(c, memory));
	return loop_init(&c->loop, c, main_handlers, CONSOLE_SOURCES);
}
#elif defined(FUZZ_HERALD)
static enum err prepare(struct herald *h, struct arena *memory)
{
	h->listener.fd = -1;
	client_init(h);
	TRY(sheets_init(h, memory));
	return loop_init(&h->loop, h, main_handlers, HERALD_SOURCES);
}
#elif defined(FUZZ_EXPORTER)
static enum err prepare(struct exporter *x, struct arena *memory)
{
	for (unsigned i = 0; i < EXPORTER_EDGES; i++)
		x->edges[i].fd = -1;
	TRY(post_init(x, memory));
	return loop_init(&x->loop, x, main_handlers, EXPORTER_SOURCES);
}
#elif defined(FUZZ_AUDIT)
static enum err prepare(struct audit *a, struct arena *memory)
{
	static void *slots;

	a->segment.dir_fd = a->segment.fd = -1;
	a->checkpoints.signer.fd = a->alarms.authority.fd = -1;
	TRY(rings_init(&a->rings, memory));
	TRY(chain_init(&a->chain, ARENA_NEW(memory, uint8_t, CHAIN_OUT), 7));
	a->chain.alarms = &a->alarms;
	if (slots)
		INVARIANT(munmap(slots, CELLS_MAX * sizeof *a->cells.slot) == 0);
	TRY(cells_init(a));
	slots = a->cells.slot;
	return loop_init(&a->loop, a, main_handlers, AUDIT_SOURCES);
}
#elif defined(FUZZ_SHIPPER)
static enum err prepare(struct shipper *x, struct arena *memory)
{
	(void)memory;
	x->log_fd = x->own_fd = x->dialer.fd = -1;
	return loop_init(&x->loop, x, main_handlers, SHIPPER_SOURCES);
}
#elif defined(FUZZ_SIGNER)
static enum err prepare(struct signer *s, struct arena *memory)
{
	(void)memory;
	s->image_fd = s->dir_fd = -1;
	for (size_t i = 0; i < SIGNER_PEERS; i++)
		s->peers[i].source.fd = -1;
	return loop_init(&s->loop, s, main_handlers, SIGNER_SOURCES);
}
#elif defined(FUZZ_VERIFIER)
static enum err prepare(struct verifier *v, struct arena *memory)
{
	(void)memory;
	for (unsigned i = 0; i < VERIFIER_CHANNELS; i++)
		v->channels[i].source.fd = -1;
	return loop_init(&v->loop, v, main_handlers, VERIFIER_SOURCES);
}
#else
static enum err prepare(struct config *c, struct arena *memory)
{
	(void)c;
	(void)memory;
	return E_OK;
}
#endif

/* ---- frames ---- */

static size_t put_body(struct view *in, const struct frame_def *d, uint8_t *room)
{
	struct wbuf w = wbuf_of(room, FRAME_BODY_MAX);
	struct view body = fuzz_some(in, FRAME_BODY_MAX);

	wbuf_view_put(&w, view_slice(body, 0, d ? d->max : FRAME_BODY_MAX));
	while (d && w.n < d->min)
		wbuf_u8(&w, 0);
	return w.n;
}

static int live_channel(struct bed *b)
{
	int ends[2] = { -1, -1 };

	if (!HEARS || b->live_n == LIVE)
		return fuzz_fd_make(FUZZ_FD_SOCKET, (struct view){ 0 });
	INVARIANT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
	b->live[b->live_n++] = ends[0];
	return ends[1];
}

/* One frame of the input to fd; how it began. */
static uint8_t say(struct bed *b, struct view *in, const struct frame_table *t, int fd)
{
	static uint8_t room[FRAME_BODY_MAX];
	uint8_t how = fuzz_u8(in), which = fuzz_u8(in);
	const struct frame_def *d = how & OWN_TYPE ? NULL : &t->defs[which % t->n];
	unsigned fd_n = d ? d->fds : which % (FRAME_FDS + 1u);
	int fds[FRAME_FDS] = { -1, -1, -1, -1 };
	struct view bytes = { 0 };
	size_t n = 0;
	enum err e = E_OK;

	for (unsigned i = 0; i < fd_n; i++) {
		uint8_t kind = fuzz_u8(in) % (FUZZ_FD_KINDS + 2);

		if (kind >= FUZZ_FD_KINDS) {
			fds[i] = live_channel(b);
			continue;
		}
		bytes = kind == FUZZ_FD_SPOILT || kind == FUZZ_FD_BYTES || kind == FUZZ_FD_OPEN
				? fuzz_some(in, 1024)
				: (struct view){ 0 };
		fds[i] = fuzz_fd_make((enum fuzz_fd_kind)kind, bytes);
	}
	n = put_body(in, d, room);
	e = frame_send(fd, d ? d->type : which, how, view_of(room, n), fds, fd_n);
	INVARIANT(e == E_OK || e == E_AGAIN || e == E_CLOSED);
	for (unsigned i = 0; i < fd_n; i++)
		(void)fd_close(fds[i]);
	return how;
}

/* What the role says of itself arrives as it is, cut to what a frame holds. */
static void speak(struct bed *b, struct view *in)
{
	char text[1200] = { 0 };
	uint8_t buf[FRAME_MAX];
	struct wbuf w = wbuf_of(text, sizeof text - 1);
	struct frame f = { 0 };
	struct view said = { 0 }, rest = { 0 };
	bool is_ready = fuzz_u8(in) & 1;

	wbuf_view_put(&w, fuzz_some(in, sizeof text - 1));
	if (is_ready)
		INVARIANT(keeper_role_ready(text, "") == E_OK);
	else
		keeper_role_failed("%s", text);
	while (frame_receive(b->keeper, buf, &f) == E_OK && f.type != ROLE_READY &&
	       f.type != ROLE_FAILED)
		frame_done(&f); /* a role may have refused something before */
	rest = f.body;
	INVARIANT(f.type == (is_ready ? ROLE_READY : ROLE_FAILED) &&
		  view_str16(&rest, &said) == E_OK);
	INVARIANT(view_eq(said, view_slice(view_str(text), 0, is_ready ? 1024 : 999)));
	frame_done(&f);
}

static void introduce(struct bed *b, struct view *in)
{
	uint8_t body[64], how = fuzz_u8(in);
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_u8(&w, how & 1 ? fuzz_u8(in) : ROLE_CONSOLE);
	wbuf_u16(&w, 0);
	wbuf_u32(&w, 7);
	wbuf_u32(&w, 0);
	if (how & 2)
		wbuf_view_put(&w, fuzz_some(in, 40));
	INVARIANT(frame_send(b->keeper, how & 4 ? how : KEEPER_IDENTITY, 0, wbuf_view(&w), NULL,
			     0) == E_OK);
}

/* Boot messages wait in the channel before the role looks: it may block. */
static enum err boot(struct bed *b, struct view *in)
{
	enum err e = E_OK;
	bool goes = false;

	introduce(b, in);
	for (unsigned i = 0; i < FRAMES && in->n && !goes; i++)
		goes = say(b, in, &main_table, b->keeper) & GOES;
	if (!goes || frame_send(b->keeper, KEEPER_GO, 0, (struct view){ 0 }, NULL, 0) != E_OK)
		INVARIANT(shutdown(b->keeper, SHUT_WR) == 0);
	e = keeper_role_boot(&main_table, b->x, &b->x->self);
	INVARIANT(e != E_AGAIN);
	return e;
}

#if !defined(FUZZ_CONFIG)
/* What others say over channels that the role was given, and what it makes of it. */
static void say_live(struct bed *b, struct view *in)
{
	static const uint8_t lengths[] = { 0, 1, 32, 64 };
	uint8_t room[64] = { 0 }, how = fuzz_u8(in), type = fuzz_u8(in), kind = fuzz_u8(in);
	struct wbuf w = wbuf_of(room, sizeof room);
	struct view body = { 0 };
	int fd = type & 0x80 ? live_channel(b) : -1;

	wbuf_view_put(&w, fuzz_some(in, sizeof room));
	body = kind & 4 ? wbuf_view(&w) : view_of(room, lengths[kind & 3]);
	if (b->live_n)
		(void)frame_send(b->live[how % b->live_n], type & 7, kind >> 4, body, &fd, fd >= 0);
	(void)fd_close(fd);
	for (unsigned i = 0; i < 2; i++)
		INVARIANT(loop_turn(&b->x->loop, 0) == E_OK);
}

/* Then each is looked at when it has come. */
static void run(struct bed *b, struct view *in)
{
	struct loop_source *keeper = &b->x->keeper;

	INVARIANT(fd_set_nonblocking(ROLE_CHANNEL_FD) == E_OK);
	keeper->fd = ROLE_CHANNEL_FD;
	for (unsigned i = 0; i < FRAMES && in->n && keeper->fd >= 0; i++) {
		if (HEARS && (in->p[0] & OF_LIVE)) {
			say_live(b, in);
			continue;
		}
		if (in->p[0] & OF_PEER) {
			(void)say(b, in, &PEER_TABLE, b->peer[0]);
			(void)frame_pump(b->peer[1], &PEER_TABLE, FRAME_RUN, b->x, 1);
			continue;
		}
		(void)say(b, in, &main_table, b->keeper);
		main_on_keeper(b->x, keeper, EPOLLIN);
	}
}
#else
static void run(struct bed *b, struct view *in)
{
	(void)b;
	(void)in;
}
#endif

#if defined(FUZZ_SIGNER) || defined(FUZZ_VERIFIER) || defined(FUZZ_CONFIG)
enum { MEMORY = sizeof(struct ROLE) + 4096 };
#else
enum { MEMORY = MAIN_ARENA };
#endif

static void open_bed(struct bed *b)
{
	void *p = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int ends[2] = { -1, -1 };

	INVARIANT(p != MAP_FAILED);
	b->memory = (struct arena){ .p = p, .cap = MEMORY };
	b->x = ARENA_NEW(&b->memory, struct ROLE, 1);
	INVARIANT(b->x);
	INVARIANT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
	INVARIANT(dup3(ends[0], ROLE_CHANNEL_FD, O_CLOEXEC) == ROLE_CHANNEL_FD);
	(void)fd_close(ends[0]);
	b->keeper = ends[1];
	INVARIANT(fd_set_nonblocking(b->keeper) == E_OK);
	INVARIANT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, b->peer) ==
		  0);
	INVARIANT(prepare(b->x, &b->memory) == E_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view in = view_of(data, size);
	struct bed b = { 0 };

	fuzz_fd_keep_role_channel(); /* the engine opens files, too */
	fuzz_fd_mark();
	fuzz_fd_use_image(yaml);
	open_bed(&b);
	if (boot(&b, &in) == E_OK) {
		speak(&b, &in);
		run(&b, &in);
	}
	fuzz_fd_sweep();
	INVARIANT(munmap(b.memory.p, MEMORY) == 0);
	return 0;
}
