/*
 * NAME
 *   sluis-shipper - sends the audit log to receivers elsewhere
 *
 * DESCRIPTION
 *   Runs when the configuration has log.ship. Reads the segments of the audit log as they grow and
 *   sends every line as a syslog message (RFC 5424) over TLS (RFC 5425) to each receiver, in order
 *   and at least once: what a receiver may not have when a connection breaks goes out again, and a
 *   receiver that was away gets what it missed, from the disk. Where it had come is kept per
 *   receiver; a new receiver gets the log from its beginning. A reload starts another shipper,
 *   which goes on from there. A witness (C2SP tlog-witness) is shown each checkpoint of the log's
 *   tree with a proof that it goes on from the one before, and its countersignature is kept. A
 * webhook gets every alarm as JSON with its explanation, in order, at least once, and at most 60 a
 * minute.
 *
 * SECURITY
 *   Reads the log's directory and can't write there; writes DIR/ship and nothing else; has no key.
 *   It makes no connection: the dialer hands it connected sockets, and to receivers of the log
 *   alone (P4). A receiver's certificate and name are verified, always; what a receiver says is
 *   decrypted and thrown away. Lines of the log are bytes to it: it looks for their end, and for
 *   three fields in fixed places, and what is no record goes out as it is.
 *
 * FILES
 *   DIR/audit/audit-<sequence>.jsonl  the log, read
 *   DIR/ship/cursor-<receiver>        how far that receiver has come
 *   DIR/ship/hook-<receiver>-<n>      how far that webhook has come
 *   DIR/ship/cosigned-<witness>       the newest checkpoint that it has countersigned
 *
 * SIGNALS
 *   None are handled. The keeper's DRAIN message ends it in order.
 *
 * IPC
 *   keeper: IMAGE, PATH, PAGE, RING, CHANNEL, DRAIN. dialer: as edges do (ipc/edge_dialer.h).
 */
#include "role/shipper/shipper.h"

#include "sys/fd.h"
#include "sys/log.h"
#include "sys/shm.h"
#include "tls/tls_heap.h"

#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum {
	MAIN_SINK = SHIPPER_PLAIN + SHIPPER_WIRE + SHIPPER_IN + AUDIT_FILE_BUFFER + 1024,
	MAIN_ARENA = sizeof(struct shipper) + IMAGE_SHIPS_MAX * MAIN_SINK + 4096,
	MAIN_TLS = 8 << 20,
	MAIN_FRAMES = 64,
	MAIN_END_MS = 2000 /* for goodbyes, at most */
};

static enum err on_image(void *role, struct frame *f)
{
	struct shipper *x = role;
	AUTO_FD fd = frame_take_fd(f, 0);
	struct view in = f->body;
	const char *why = NULL;
	size_t n = 0;
	enum err e = E_OK;

	TRY(view_u32(&in, &x->generation));
	if (x->image_map || !shm_is_sealed(fd))
		return E_PROTO;
	TRY(shm_map(fd, false, &x->image_map, &n));
	e = image_check(view_of(x->image_map, n), &x->image, &why);
	if (e != E_OK)
		log_line(LOG_ERROR, "the image is unusable: %s", why);
	return e;
}

/* First the log's directory, then its own. */
static enum err on_path(void *role, struct frame *f)
{
	struct shipper *x = role;
	int *fd = x->log_fd < 0 ? &x->log_fd : &x->own_fd;

	if (*fd >= 0)
		return E_DENIED;
	*fd = frame_take_fd(f, 0);
	return E_OK;
}

static enum err on_page(void *role, struct frame *f)
{
	struct shipper *x = role;
	AUTO_FD fd = frame_take_fd(f, 0);
	struct view in = f->body;
	uint8_t kind = 0;
	void *p = NULL;
	size_t n = 0;

	TRY(view_u8(&in, &kind));
	if (kind != PAGE_SHIPPER || x->page || !shm_size_is_sealed(fd))
		return E_PROTO;
	TRY(shm_map(fd, true, &p, &n));
	if (n < sizeof *x->page) {
		shm_unmap(p, n);
		return E_PROTO;
	}
	x->page = p;
	return E_OK;
}

static enum err on_ring(void *role, struct frame *f)
{
	struct shipper *x = role;
	AUTO_FD data = frame_take_fd(f, 0);
	AUTO_FD cursor = frame_take_fd(f, 1);

	return x->ring.data ? E_DENIED : ring_writer_map(data, cursor, &x->ring);
}

static enum err on_channel(void *role, struct frame *f)
{
	struct shipper *x = role;
	struct view in = f->body;
	uint16_t index = 0;
	uint8_t peer = 0;

	TRY(view_u8(&in, &peer));
	TRY(view_u16(&in, &index));
	TRY(view_end(&in));
	if (peer != ROLE_DIALER)
		return E_DENIED;
	loop_close(&x->dialer);
	x->dialer = (struct loop_source){ .fd = frame_take_fd(f, 0), .kind = SHIPPER_DIALER };
	TRY(fd_set_nonblocking(x->dialer.fd));
	for (unsigned i = 0; i < x->sink_n; i++)
		sink_refused(&x->sink[i], "the dialer was replaced");
	return loop_add(&x->loop, &x->dialer, EPOLLIN);
}

static enum err on_drain(void *role, struct frame *f)
{
	struct shipper *x = role;
	struct view in = f->body;
	uint32_t ms = 0;

	TRY(view_u32(&in, &ms));
	x->is_ending = true;
	x->end_ms = x->loop.now_ms + (ms / 2 < MAIN_END_MS ? ms / 2 : (uint32_t)MAIN_END_MS);
	return E_OK;
}

static const struct frame_def main_defs[] = {
	{ KEEPER_IMAGE, 1, FRAME_BOOT, 4, 4, on_image },
	{ KEEPER_PATH, 1, FRAME_BOOT, 0, 512, on_path },
	{ KEEPER_PAGE, 1, FRAME_BOOT, 4, 4, on_page },
	{ KEEPER_RING, 2, FRAME_BOOT, 7, 7, on_ring },
	{ KEEPER_CHANNEL, 1, FRAME_BOOT | FRAME_RUN, 3, 3, on_channel },
	{ KEEPER_DRAIN, 0, FRAME_RUN, 4, 4, on_drain },
};
static const struct frame_table main_table = { main_defs, sizeof main_defs / sizeof main_defs[0] };

static void main_on_keeper(void *owner, struct loop_source *source, uint32_t events)
{
	struct shipper *x = owner;
	enum err e = frame_pump(source->fd, &main_table, FRAME_RUN, x, MAIN_FRAMES);

	(void)events;
	if (e == E_OK || e == E_AGAIN)
		return;
	if (e != E_CLOSED)
		log_line(LOG_ERROR, "the keeper's message is refused (%s)", err_name(e));
	loop_close(source);
	x->is_ending = true;
	x->end_ms = x->loop.now_ms;
}

/* ---- the dialer ---- */

/* Whose question that was; NULL: it was given up. */
static struct sink *main_asker(struct shipper *x, uint32_t seq)
{
	for (unsigned i = 0; i < x->sink_n; i++)
		if (x->sink[i].state == SINK_DIALING && x->sink[i].ask_seq == seq)
			return &x->sink[i];
	return NULL;
}

static enum err on_connected(void *role, struct frame *f)
{
	struct shipper *x = role;
	struct sink *s = main_asker(x, f->seq);

	if (s && f->is_short)
		sink_refused(s, "the shipper has no descriptor left");
	else if (s)
		sink_connected(s, frame_take_fd(f, 0));
	return E_OK;
}

static enum err on_failed(void *role, struct frame *f)
{
	static const char *const whys[] = {
		[DIAL_REFUSED] = "it refuses connections",
		[DIAL_TIMEOUT] = "it does not answer",
		[DIAL_UNREACHABLE] = "it can't be reached",
		[DIAL_NAME] = "its name does not resolve",
		[DIAL_UNKNOWN] = "the dialer does not know it",
		[DIAL_BUSY] = "the dialer has too much to do",
	};
	struct shipper *x = role;
	struct sink *s = main_asker(x, f->seq);
	struct view in = f->body;
	uint8_t why = 0;

	TRY(view_u8(&in, &why));
	if (why == 0 || why > DIAL_TLS)
		return E_PROTO;
	if (s)
		sink_refused(s, why < sizeof whys / sizeof whys[0] ? whys[why]
								   : "it can't be reached");
	return E_OK;
}

static const struct frame_def main_dialer_defs[] = {
	{ DIALER_CONNECTED, 1, FRAME_RUN | FRAME_SHORT, 0, 0, on_connected },
	{ DIALER_FAILED, 0, FRAME_RUN, 1, 1, on_failed },
};
static const struct frame_table main_dialer_table = {
	main_dialer_defs, sizeof main_dialer_defs / sizeof main_dialer_defs[0]
};

static void main_on_dialer(void *owner, struct loop_source *source, uint32_t events)
{
	struct shipper *x = owner;
	enum err e = frame_pump(source->fd, &main_dialer_table, FRAME_RUN, x, MAIN_FRAMES);

	(void)events;
	if (e == E_OK || e == E_AGAIN)
		return;
	if (e != E_CLOSED)
		log_line(LOG_ERROR, "the dialer broke the protocol (%s)", err_name(e));
	loop_close(source); /* the keeper brings the next one */
	for (unsigned i = 0; i < x->sink_n; i++)
		sink_refused(&x->sink[i], "the dialer is gone");
}

static loop_handler *const main_handlers[SHIPPER_SOURCES] = {
	[SHIPPER_KEEPER] = main_on_keeper,
	[SHIPPER_DIALER] = main_on_dialer,
	[SHIPPER_SINK] = sink_on_event,
};

/* ---- birth and life ---- */

static struct tls_site *main_choose(void *owner, struct view sni)
{
	(void)owner;
	(void)sni;
	return NULL; /* nobody is served here */
}

static void main_on_ready(void *owner, struct tls_conn *conn)
{
	(void)owner;
	(void)conn;
}

static const struct tls_hooks main_hooks = { .choose = main_choose, .on_ready = main_on_ready };

/* RFC 5424 §6.2.4: printable, without blanks. */
static void main_find_host(struct shipper *x)
{
	if (gethostname(x->host, SHIPPER_HOST_MAX) < 0)
		x->host[0] = '\0';
	for (size_t i = 0; i < SHIPPER_HOST_MAX && x->host[i]; i++)
		if (x->host[i] <= ' ' || x->host[i] >= 0x7f)
			x->host[i] = '-';
	if (!x->host[0])
		x->host[0] = '-';
}

static enum err main_boot(struct shipper *x)
{
	x->log_fd = x->own_fd = x->dialer.fd = -1;
	x->keeper = (struct loop_source){ .fd = ROLE_CHANNEL_FD, .kind = SHIPPER_KEEPER };
	tzset(); /* now: later there is no file to read the time zone from */
	main_find_host(x);
	TRY(loop_init(&x->loop, x, main_handlers, SHIPPER_SOURCES));
	TRY(keeper_role_boot(&main_table, x, &x->self));
	if (!x->image_map || x->log_fd < 0 || x->own_fd < 0 || !x->image.header->ships.n) {
		keeper_role_failed("shipper: the keeper did not send a log and receivers");
		return E_PROTO;
	}
	TRY(tls_heap_init(MAIN_TLS, HEAP_PLAIN));
	TRY(audit_hash_init(&x->digest));
	TRY(tls_library_new(&main_hooks, &x->tls));
	TRY(fd_set_nonblocking(ROLE_CHANNEL_FD));
	return loop_add(&x->loop, &x->keeper, EPOLLIN);
}

/* false: it was to be one, and has no key that is one */
static bool main_make_witness(struct shipper *x, unsigned i)
{
	struct view key = image_view(&x->image, x->image.header->ship_key[i]);

	return key.n == 0 || observer_init(&x->sink[i], &x->observer[i], key) == E_OK;
}

/* In the sandbox: what DIR/ship and the log hold is read here first. */
static enum err main_begin(struct shipper *x, struct arena *memory)
{
	INVARIANT(tls_wire_bytes(SHIPPER_PLAIN) <= SHIPPER_WIRE);
	for (unsigned i = 0; i < x->image.header->ships.n; i++) {
		struct sink *s = &x->sink[i];

		if (sink_init(x, i, memory) != E_OK) {
			keeper_role_failed("shipper: %s", tls_library_error(x->tls));
			return E_PROTO;
		}
		if (!main_make_witness(x, i))
			s->state = SINK_OVER;
		if (image_view(&x->image, x->image.header->ship_path[i]).n)
			hook_init(s, &x->hook[i],
				  image_view(&x->image, x->image.header->ship_path[i]));
		else if (!s->observer &&
			 reader_load(x->own_fd, s->cursor, view_str(s->name), &s->safe))
			s->saved = s->safe;
		x->sink_n++;
	}
	return E_OK;
}

static bool main_goes_on(const struct shipper *x)
{
	if (!x->is_ending)
		return true;
	for (unsigned i = 0; i < x->sink_n; i++)
		if (x->sink[i].state != SINK_OVER && x->loop.now_ms < x->end_ms)
			return true;
	return false;
}

/* How far it is, for the metrics. */
static void main_tell(struct shipper *x)
{
	uint64_t failing = 0, behind_ms = 0;

	for (unsigned i = 0; i < x->sink_n; i++) {
		const struct sink *s = &x->sink[i];

		failing += s->failing_ms != 0 || s->state == SINK_OVER;
		if (!s->observer && x->loop.now_ms - s->all_ms > behind_ms)
			behind_ms = x->loop.now_ms - s->all_ms;
	}
	if (!x->page)
		return;
	PAGE_SET(x->page->failing, failing);
	PAGE_SET(x->page->behind_ms, behind_ms);
}

static int main_loop(struct shipper *x)
{
	int wait_ms = 0;

	while (main_goes_on(x)) {
		if (loop_turn(&x->loop, wait_ms) != E_OK)
			return 1;
		wait_ms = 2 * SHIPPER_POLL_MS;
		for (unsigned i = 0; i < x->sink_n; i++) {
			int ms = sink_tick(&x->sink[i]);

			wait_ms = ms < wait_ms ? ms : wait_ms;
		}
		main_tell(x);
	}
	return 0;
}

static int main_run(struct shipper *x, struct arena *memory)
{
	struct sandbox_path paths[] = { { .fd = x->log_fd },
					{ .fd = x->own_fd, .want_write = true } };
	struct sandbox_run run = { .paths = paths, .path_n = 2, .weaker = x->self.weaker };
	struct sandbox_report report = { 0 };

	if (sandbox_enter(&shipper_sandbox, &run, &report) != E_OK) {
		keeper_role_failed("%s", report.weaker);
		return 1;
	}
	if (main_begin(x, memory) != E_OK || keeper_role_ready(report.have, report.weaker) != E_OK)
		return 1;
	return main_loop(x);
}

int main(void)
{
	void *p =
		mmap(NULL, MAIN_ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct arena memory = { .p = p, .cap = MAIN_ARENA };
	struct shipper *x = NULL;

	log_open("shipper", 0);
	if (p == MAP_FAILED) {
		(void)log_errno("memory for the shipper role");
		return 1;
	}
	x = ARENA_NEW(&memory, struct shipper, 1);
	return x && main_boot(x) == E_OK ? main_run(x, &memory) : 1;
}
