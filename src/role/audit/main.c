/*
 * NAME
 *   sluis-audit - keeps the audit log
 *
 * DESCRIPTION
 *   Reads records from the shared rings of all other roles, renders each as one JSON line with the
 *   six fields of BIO2 8.15.01, chains the lines by SHA-256, makes them leaves of a Merkle tree
 * (RFC 9162), appends them to segment files, and has chain and tree signed by the signer every five
 *   seconds and at the end (promise P9). A segment lasts a UTC day or 64 MB; its first line has the
 *   tree up to there. Segments older than log.audit_retention are removed whole, and the log says
 *   so. What workers could not hand over is counted in the log ("gap"); a disk that refuses delays
 *   the log and never the traffic.
 *
 * SECURITY
 *   Every byte in a ring is hostile: a ring that makes no sense is closed and its writer named.
 *   Text reaches the log only in escaped form. This process has the log directory and nothing else:
 *   no network, no other file, no key; workers have no way to read, seek or take back.
 *
 * FILES
 *   DIR/audit/audit-<sequence>.jsonl  segments
 *   DIR/audit/head                    the newest checkpoint line
 *   DIR/audit/audit.pub               the public key that checkpoints are signed under
 *   DIR/audit/checkpoint              the newest checkpoint of the tree, a signed note (C2SP)
 *   DIR/audit/audit.vkey              the same key as verifiers of notes want it
 *
 * SIGNALS
 *   None are handled. SIGKILL loses nothing: the rings keep what was not released, and the next
 *   audit process finds in the log what was written already.
 *
 * IPC
 *   keeper: IMAGE, PAGE, RING, RING_END, CHANNEL, PATH, DRAIN; answers RING_DONE.
 *   signer: CHECKPOINT, TREE, PUBLIC_KEY. authority: ALARM, CANARY (ipc/audit_authority.h).
 */
#include "role/audit/audit.h"

#include "base/arena.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/shm.h"

#include <sys/mman.h>
#include <sys/stat.h>

enum {
	MAIN_ARENA = CHAIN_OUT + AUDIT_FILE_BUFFER + RINGS_MAX * RING_RECORD_MAX + (1 << 19),
	MAIN_FRAMES = 64, /* per wake-up */
	MAIN_UNSIGNED_MS = 1000
};

/* Retention and whether requests are logged; the image is not kept. */
static enum err on_image(void *role, struct frame *f)
{
	struct audit *a = role;
	AUTO_FD fd = frame_take_fd(f, 0);
	struct image image = { 0 };
	const char *why = NULL;
	void *p = NULL;
	size_t n = 0;
	enum err e = E_OK;

	if (!shm_is_sealed(fd))
		return E_PROTO;
	TRY(shm_map(fd, false, &p, &n));
	e = image_check(view_of(p, n), &image, &why);
	if (e == E_OK) {
		a->retention_s = image.header->audit_retention_s;
		a->retention.due_ms = a->loop.now_ms;
		a->rings.skips_access = !image.header->log_access;
	} else {
		log_line(LOG_ERROR, "the image is unusable: %s", why);
	}
	shm_unmap(p, n);
	return e;
}

static enum err on_page(void *role, struct frame *f)
{
	AUTO_FD fd = frame_take_fd(f, 0);

	return tell_map(role, fd);
}

static enum err on_ring(void *role, struct frame *f)
{
	struct audit *a = role;
	AUTO_FD data = frame_take_fd(f, 0);
	AUTO_FD cursor = frame_take_fd(f, 1);
	struct view in = f->body;
	uint32_t id = 0;
	uint16_t index = 0;
	uint8_t writer = 0, name[RINGS_NAME];
	struct wbuf w = wbuf_of(name, sizeof name);
	enum err e = E_OK;

	TRY(view_u32(&in, &id));
	TRY(view_u8(&in, &writer));
	TRY(view_u16(&in, &index));
	TRY(view_end(&in));
	wbuf_str(&w, role_name((enum role)writer));
	WBUF_LIT(&w, "[");
	wbuf_dec(&w, index);
	WBUF_LIT(&w, "]");
	e = rings_add(&a->rings, id, wbuf_view(&w), data, cursor);
	if (e != E_OK)
		log_line(LOG_ERROR, "ring %u of %s[%u] can't be used: %s", id,
			 role_name((enum role)writer), index, err_name(e));
	/* A worker may have spoilt its ring before it came here: that is its loss, not ours. */
	return e == E_PROTO ? E_OK : e;
}

static enum err on_ring_end(void *role, struct frame *f)
{
	struct audit *a = role;
	struct view in = f->body;
	uint32_t id = 0;

	TRY(view_u32(&in, &id));
	if (rings_end(&a->rings, id) == E_OK)
		return E_OK;
	/* Never mapped, because it was spoilt: there is nothing to wait for. */
	return frame_send(a->keeper.fd, ROLE_RING_DONE, 0, f->body, NULL, 0);
}

static enum err on_channel(void *role, struct frame *f)
{
	struct audit *a = role;
	struct view in = f->body;
	uint16_t index = 0;
	uint8_t peer = 0;

	TRY(view_u8(&in, &peer));
	TRY(view_u16(&in, &index));
	TRY(view_end(&in));
	if (peer == ROLE_SPAWNER)
		return cells_attach(a, frame_take_fd(f, 0));
	if (peer == ROLE_AUTHORITY)
		return alarms_attach(&a->alarms, &a->loop, frame_take_fd(f, 0), AUDIT_AUTHORITY);
	return peer == ROLE_SIGNER ? checkpoint_attach(a, frame_take_fd(f, 0)) : E_DENIED;
}

static enum err on_path(void *role, struct frame *f)
{
	struct audit *a = role;

	if (a->segment.dir_fd >= 0)
		return E_DENIED;
	a->segment.dir_fd = frame_take_fd(f, 0);
	return E_OK;
}

static enum err on_drain(void *role, struct frame *f)
{
	struct audit *a = role;
	struct view in = f->body;
	uint32_t ms = 0;

	TRY(view_u32(&in, &ms));
	if (a->state == AUDIT_RUNNING)
		a->state = AUDIT_DRAINING;
	a->drain_ms = a->loop.now_ms + ms;
	return E_OK;
}

enum { MAIN_BOTH = FRAME_BOOT | FRAME_RUN };

static const struct frame_def main_defs[] = {
	{ KEEPER_IMAGE, 1, MAIN_BOTH, 4, 4, on_image },
	{ KEEPER_PAGE, 1, FRAME_BOOT, 4, 4, on_page },
	{ KEEPER_RING, 2, MAIN_BOTH, 7, 7, on_ring },
	{ KEEPER_RING_END, 0, FRAME_RUN, 4, 4, on_ring_end },
	{ KEEPER_CHANNEL, 1, MAIN_BOTH, 3, 3, on_channel },
	{ KEEPER_PATH, 1, FRAME_BOOT, 0, 512, on_path },
	{ KEEPER_DRAIN, 0, FRAME_RUN, 4, 4, on_drain },
};

static const struct frame_table main_table = { main_defs, sizeof main_defs / sizeof main_defs[0] };

static void main_on_keeper(void *owner, struct loop_source *source, uint32_t events)
{
	struct audit *a = owner;
	enum err e = frame_pump(source->fd, &main_table, FRAME_RUN, a, MAIN_FRAMES);

	(void)events;
	if (e == E_OK || e == E_AGAIN)
		return;
	if (e != E_CLOSED)
		log_line(LOG_ERROR, "the keeper's message is refused (%s)", err_name(e));
	/* Without a keeper nobody writes any more: what is in the rings is the last there is. */
	loop_close(source);
	a->drain_ms = a->loop.now_ms + MAIN_UNSIGNED_MS;
	if (a->state == AUDIT_RUNNING)
		a->state = AUDIT_DRAINING;
}

static void main_on_authority(void *owner, struct loop_source *source, uint32_t events)
{
	struct audit *a = owner;

	(void)source;
	(void)events;
	alarms_on_event(&a->alarms);
}

static loop_handler *const main_handlers[AUDIT_SOURCES] = {
	[AUDIT_AUTHORITY] = main_on_authority, [AUDIT_KEEPER] = main_on_keeper,
	[AUDIT_SIGNER] = checkpoint_on_signer, [AUDIT_SPAWNER] = cells_on_spawner,
	[AUDIT_CELL] = cells_on_event,
};

/* The end without a signature: nobody is there to give one. */
static bool main_gives_up(struct audit *a)
{
	bool is_alone = a->state == AUDIT_STOPPING && a->checkpoints.signer.fd < 0;

	if (a->state == AUDIT_RUNNING)
		return false;
	if (!is_alone)
		a->unsigned_ms = 0;
	else if (a->unsigned_ms == 0)
		a->unsigned_ms = a->loop.now_ms;
	return a->loop.now_ms >= a->drain_ms ||
	       (is_alone && a->loop.now_ms - a->unsigned_ms >= MAIN_UNSIGNED_MS);
}

/* The records of a cell whose channel was missed would wait for ever: the next audit is told of
 * every cell that is there, and reads on where this one was. */
static int main_begin_anew(struct audit *a)
{
	const struct audit_note note = {
		.kind = VIEW("alarm"),
		.action = VIEW("audit.lost"),
		.object = VIEW("cells"),
		.result = VIEW("failed"),
		.detail = VIEW(
			"no descriptor was left for their channels; last words of those that ended "
			"just now may be lost"),
	};

	log_line(LOG_ERROR, "no descriptor was left for a cell's records: audit begins anew");
	if (journal_note(a, &note) == E_OK)
		(void)journal_flush(a);
	return 1;
}

static int main_loop(struct audit *a)
{
	while (a->state != AUDIT_STOPPED) {
		if (loop_turn(&a->loop, a->wait_ms) != E_OK || journal_turn(a) != E_OK ||
		    checkpoint_turn(a) != E_OK || retention_turn(a) != E_OK)
			return 1;
		if (a->cells.has_missed)
			return main_begin_anew(a);
		alarms_turn(&a->alarms, a->loop.now_ms);
		if (a->state != AUDIT_STOPPED && main_gives_up(a)) {
			log_line(LOG_WARNING, "the audit log ends without a signature");
			return 1;
		}
	}
	return 0;
}

static enum err main_boot(struct audit *a, struct arena *memory)
{
	uint8_t *out = ARENA_NEW(memory, uint8_t, CHAIN_OUT);

	a->segment.dir_fd = a->segment.fd = -1;
	a->checkpoints.signer.fd = a->alarms.authority.fd = -1;
	a->keeper = (struct loop_source){ .fd = ROLE_CHANNEL_FD, .kind = AUDIT_KEEPER };
	if (!out)
		return E_NOMEM;
	TRY(rings_init(&a->rings, memory));
	TRY(cells_init(a));
	TRY(loop_init(&a->loop, a, main_handlers, AUDIT_SOURCES));
	TRY(keeper_role_boot(&main_table, a, &a->self));
	TRY(fd_set_nonblocking(ROLE_CHANNEL_FD));
	TRY(loop_add(&a->loop, &a->keeper, EPOLLIN));
	TRY(chain_init(&a->chain, out, a->self.boot_id));
	a->chain.alarms = &a->alarms;
	return E_OK;
}

/* The sandbox is closed before the first byte of an old log is read. */
static int main_run(struct audit *a, struct arena *memory)
{
	struct sandbox_path log = { .fd = a->segment.dir_fd, .want_write = true };
	struct sandbox_run run = { .paths = &log, .path_n = 1, .weaker = a->self.weaker };
	struct sandbox_report report = { 0 };
	uint8_t *buf = ARENA_NEW(memory, uint8_t, AUDIT_FILE_BUFFER);
	const char *why = NULL;

	if (a->segment.dir_fd < 0 || !buf) {
		keeper_role_failed("audit: no log directory was given");
		return 1;
	}
	if (sandbox_enter(&audit_sandbox, &run, &report) != E_OK) {
		keeper_role_failed("%s", report.weaker);
		return 1;
	}
	if (journal_start(a, buf, &why) != E_OK) {
		keeper_role_failed("audit: %s", why);
		return 1;
	}
	if (keeper_role_ready(report.have, report.weaker) != E_OK)
		return 1;
	return main_loop(a);
}

static void main_done(struct audit *a)
{
	audit_hash_done(&a->chain.digest);
	loop_done(&a->loop);
}

int main(void)
{
	void *p =
		mmap(NULL, MAIN_ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct arena memory = { .p = p, .cap = MAIN_ARENA };
	struct audit *a = NULL;
	int status = 1;

	(void)umask(027);
	if (p == MAP_FAILED) {
		(void)log_errno("memory for the audit role");
		return 1;
	}
	a = ARENA_NEW(&memory, struct audit, 1);
	if (!a)
		return 1;
	if (main_boot(a, &memory) == E_OK)
		status = main_run(a, &memory);
	main_done(a);
	return status;
}
