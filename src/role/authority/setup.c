/* A new image changes what is decided, and ends no session by itself. */
#include "role/authority/setup.h"

#include "role/authority/alarm.h"
#include "role/authority/cell.h"
#include "role/authority/decide.h"
#include "role/authority/incident.h"
#include "role/authority/isolate.h"
#include "role/authority/login.h"
#include "role/authority/reach.h"
#include "role/authority/recover.h"
#include "role/authority/recover_key.h"
#include "role/authority/reseal.h"
#include "role/authority/room.h"
#include "role/authority/session_end.h"
#include "role/authority/sign.h"
#include "role/authority/spawner.h"
#include "role/authority/store_place.h"
#include "role/authority/tool.h"
#include "role/authority/verify.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/program.h"
#include "sys/secret.h"
#include "sys/shm.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { SETUP_FRAMES = 64, SETUP_BOTH = FRAME_BOOT | FRAME_RUN };

static void setup_on_keeper(void *owner, struct loop_source *source, uint32_t events);

static loop_handler *const setup_handlers[SOURCES] = {
	[SOURCE_KEEPER] = setup_on_keeper,   [SOURCE_SIGNER] = sign_on_event,
	[SOURCE_VERIFIER] = verify_on_event, [SOURCE_DIALER] = reach_on_event,
	[SOURCE_SPAWNER] = spawner_on_event, [SOURCE_CELL] = cell_on_event,
	[SOURCE_TOOL] = tool_on_event,	     [SOURCE_AUDIT] = alarm_on_event,
};

struct authority *setup_new(void)
{
	struct authority *a = secret_home(sizeof *a);

	if (!a)
		return NULL;
	a->keeper.fd = a->signer.fd = a->verifier.fd = a->audit.fd = a->image_fd = a->dir_fd = -1;
	for (unsigned i = 0; i < AUTHORITY_DIALERS; i++)
		a->dialers[i].source.fd = -1;
	for (unsigned i = 0; i < AUTHORITY_SPAWNERS; i++)
		a->spawners[i].fd = -1;
	for (unsigned i = 0; i < CELL_SLOTS; i++) {
		a->cells[i].source.fd = -1;
		a->cells[i].a = a;
	}
	for (unsigned i = 0; i < AUTHORITY_TOOLS; i++) {
		a->tools[i].source.fd = -1;
		a->tools[i].a = a;
	}
	return a;
}

static void setup_refresh(struct authority *a)
{
	a->now_ms = clock_mono_ms();
	a->wall_us = (uint64_t)clock_wall_us();
}

enum err setup_prepare(struct authority *a)
{
	secret_random(a->hash_key, sizeof a->hash_key);
	secret_random(a->delay.key, sizeof a->delay.key);
	login_open(a);
	setup_refresh(a);
	TRY(store_place_init(-1, STORE_HEAP_BYTES));
	/* passwords on their way, and secrets that are about to be enrolled */
	if (mlock(a->verifies, sizeof a->verifies) < 0 ||
	    mlock(a->enrolments, sizeof a->enrolments) < 0)
		log_line(LOG_WARNING,
			 "memory for secrets can't be locked and may be swapped: raise the "
			 "memory lock limit to 1 MB");
	return loop_init(&a->loop, a, setup_handlers, SOURCES);
}

/* ---- images ---- */

enum err setup_image(struct authority *a, int fd, uint32_t number, const char **ret_why)
{
	struct authority_image next = { 0 };
	enum err e = E_PROTO;

	*ret_why = "the image is not sealed, or can't be mapped";
	if (shm_is_sealed(fd) && shm_map(fd, false, &next.map, &next.bytes) == E_OK)
		e = image_check(view_of(next.map, next.bytes), &next.image, ret_why);
	(void)fd_close(fd);
	if (e != E_OK) {
		if (next.map)
			shm_unmap(next.map, next.bytes);
		return e;
	}
	if (a->now.map)
		shm_unmap(a->now.map, a->now.bytes);
	a->now = next;
	isolate_remap(a);
	a->rules_until_s = 0;
	a->image_number = number;
	if (a->gate)
		PAGE_SET(a->gate->image, number);
	return E_OK;
}

static enum err setup_on_image(void *role, struct frame *f)
{
	struct authority *a = role;
	struct view in = f->body;
	const char *why = "";
	uint32_t number = 0;

	TRY(view_u32(&in, &number));
	if (!a->now.map) { /* boot: looked at when the sandbox is closed */
		(void)fd_close(a->image_fd);
		a->image_fd = frame_take_fd(f, 0);
		a->image_number = number;
		return E_OK;
	}
	if (setup_image(a, frame_take_fd(f, 0), number, &why) == E_OK) {
		recover_key_image(a);
		decide_all_again(a);
		isolate_tell_orphans(a);
	} else {
		keeper_role_failed("authority: generation %u can't be used: %s", number, why);
	}
	return E_OK;
}

/* ---- what boot brings ---- */

static enum err setup_on_page(void *role, struct frame *f)
{
	struct authority *a = role;
	struct view in = f->body;
	AUTO_FD fd = frame_take_fd(f, 0);
	uint8_t kind = 0, is_writable = 0;
	uint16_t index = 0;
	size_t bytes = 0;
	void *p = NULL;

	TRY(view_u8(&in, &kind));
	TRY(view_u16(&in, &index));
	TRY(view_u8(&in, &is_writable));
	if (kind == PAGE_HEALTH && !is_writable && !a->health && shm_size_is_sealed(fd)) {
		TRY(shm_map(fd, false, &p, &bytes));
		a->health = p;
		return bytes < sizeof *a->health ? E_PROTO : E_OK;
	}
	if (kind != PAGE_GATE || !is_writable || a->gate || !shm_size_is_sealed(fd))
		return E_PROTO;
	TRY(shm_map(fd, true, &p, &bytes));
	if (bytes < sizeof *a->gate)
		return E_PROTO;
	a->gate = p;
	a->was_upgraded = index & 1;
	return E_OK;
}

static enum err setup_on_ring(void *role, struct frame *f)
{
	struct authority *a = role;
	AUTO_FD data = frame_take_fd(f, 0);
	AUTO_FD cursor = frame_take_fd(f, 1);

	return a->ring.data ? E_DENIED : ring_writer_map(data, cursor, &a->ring);
}

static enum err setup_on_path(void *role, struct frame *f)
{
	struct authority *a = role;

	if (a->dir_fd >= 0)
		return E_DENIED;
	a->dir_fd = frame_take_fd(f, 0);
	return E_OK;
}

static enum err setup_on_secret(void *role, struct frame *f)
{
	struct authority *a = role;
	struct wbuf w = a->has_secret ? wbuf_of(a->secret_next, sizeof a->secret_next)
				      : wbuf_of(a->secret, sizeof a->secret);

	if (a->has_secret_next)
		return E_DENIED;
	wbuf_view_put(&w, f->body);
	a->has_secret_next = a->has_secret;
	a->has_secret = true;
	return wbuf_check(&w);
}

/* ---- channels, at boot and later ---- */

static enum err setup_on_channel(void *role, struct frame *f)
{
	struct authority *a = role;
	struct view in = f->body;
	uint8_t peer = 0;

	TRY(view_u8(&in, &peer));
	switch (peer) {
	case ROLE_SIGNER:
		return sign_set_channel(a, frame_take_fd(f, 0));
	case ROLE_VERIFIER:
		return verify_set_channel(a, frame_take_fd(f, 0));
	case ROLE_DIALER:
		return reach_add(a, frame_take_fd(f, 0));
	case ROLE_AUDIT:
		return alarm_set_channel(a, frame_take_fd(f, 0));
	case ROLE_SPAWNER:
		return spawner_add(a, frame_take_fd(f, 0));
	default:
		return E_DENIED;
	}
}

static enum err setup_on_command(void *role, struct frame *f)
{
	struct authority *a = role;
	struct view in = f->body;
	uint32_t uid = 0;

	TRY(view_u32(&in, &uid));
	/* no place for one more: it sees its channel end */
	if (tool_add(a, uid, frame_take_fd(f, 0)) == E_SYS)
		return E_SYS;
	return E_OK;
}

/* Questions that it works on when it is told to end get their answer. */
enum { SETUP_GRACE_MS = 500 };

static enum err setup_on_drain(void *role, struct frame *f)
{
	struct authority *a = role;
	struct view in = f->body;
	uint32_t ms = 0;

	TRY(view_u32(&in, &ms));
	a->is_draining = true;
	a->drain_ms = a->now_ms + (ms < SETUP_GRACE_MS ? ms : SETUP_GRACE_MS);
	return E_OK;
}

static const struct frame_def setup_defs[] = {
	{ KEEPER_IMAGE, 1, SETUP_BOTH, 4, 4, setup_on_image },
	{ KEEPER_PAGE, 1, FRAME_BOOT, 4, 4, setup_on_page },
	{ KEEPER_RING, 2, FRAME_BOOT, 7, 7, setup_on_ring },
	{ KEEPER_PATH, 1, FRAME_BOOT, 0, 512, setup_on_path },
	{ KEEPER_SECRET, 0, FRAME_BOOT, VAULT_KEY, VAULT_KEY, setup_on_secret },
	{ KEEPER_CHANNEL, 1, SETUP_BOTH, 3, 3, setup_on_channel },
	{ KEEPER_COMMAND, 1, FRAME_RUN, 4, 4, setup_on_command },
	{ KEEPER_DRAIN, 0, FRAME_RUN, 4, 4, setup_on_drain },
};

const struct frame_table setup_table = { setup_defs, sizeof setup_defs / sizeof setup_defs[0] };

/* ---- beginning ---- */

/* An upgrade, or another program than wrote the sessions: that ends them (its tokens may be known
 * to somebody who knew a hole of the old one). */
static enum err setup_compare_program(struct authority *a)
{
	const struct tell t = { .action = "session.revoked",
				.result = "ended",
				.detail = VIEW_INIT("Sluis was upgraded") };
	struct store_ask q = store_ask(&a->store, Q_META_GET);
	uint8_t at[PROGRAM_ID_MAX];
	struct wbuf now = wbuf_of(at, sizeof at);
	bool is_same = false;
	enum err e = E_OK;

	program_put_id(&now);
	store_put_text(&q, VIEW("program"));
	e = store_next(&q);
	if (e == E_OK) {
		is_same = !a->was_upgraded && view_eq(store_bytes(&q, 0), wbuf_view(&now));
		store_end(&q);
	}
	if (e == E_SYS || is_same)
		return e == E_SYS ? E_SYS : E_OK;
	TRY(session_end_all(a, 0, 0, &t, NULL));
	q = store_ask(&a->store, Q_META_SET);
	store_put_text(&q, VIEW("program"));
	store_put_blob(&q, wbuf_view(&now));
	return store_run(&q);
}

/* Made of the secret that stays, so that the next authority has the same. */
static void setup_cell_key(struct authority *a)
{
	uint8_t text[VAULT_KEY + 16];
	struct wbuf w = wbuf_of(text, sizeof text);
	struct hash32 h = { 0 };
	struct view in = view_of(h.b, sizeof h.b);

	WBUF_LIT(&w, "sluis cells");
	wbuf_put(&w, a->secret, sizeof a->secret);
	vault_hash(&a->vault, wbuf_view(&w), &h);
	for (unsigned i = 0; i < 2; i++)
		INVARIANT(view_u64(&in, &a->cell_key[i]) == E_OK);
	secret_wipe(text, sizeof text);
	secret_wipe(&h, sizeof h);
}

static enum err setup_open(struct authority *a, const char **ret_why)
{
	TRY(store_open(&a->store, a->dir_fd, ret_why));
	TRY(reseal_store(a, ret_why));
	setup_cell_key(a);
	secret_wipe(a->secret, sizeof a->secret);
	*ret_why = "the sessions of the store can't be read";
	TRY(session_open(a));
	*ret_why = "the levels of isolation can't be read from the store";
	TRY(isolate_open(a));
	*ret_why = "the alarms of the store can't be read";
	TRY(alarm_open(a));
	*ret_why = "the staged return can't be read from the store";
	TRY(recover_key_open(a));
	TRY(recover_open(a));
	*ret_why = "the incidents can't be read from the store";
	TRY(incident_open(a));
	*ret_why = "the sessions of the store can't be read";
	TRY(setup_compare_program(a));
	*ret_why = "the signer's channel can't be used";
	return E_OK;
}

enum err setup_begin(struct authority *a, const char **ret_why)
{
	*ret_why = "the keeper did not send an image, the gate page, a ring, a directory and a key";
	if (a->image_fd < 0 || !a->gate || !a->ring.data || a->dir_fd < 0 || !a->has_secret)
		return E_PROTO;
	TRY(setup_image(a, fd_steal(&a->image_fd), a->image_number, ret_why));
	setup_refresh(a);
	return setup_open(a, ret_why);
}

enum err setup_watch_keeper(struct authority *a)
{
	a->keeper = (struct loop_source){ .fd = ROLE_CHANNEL_FD, .kind = SOURCE_KEEPER };
	TRY(fd_set_nonblocking(ROLE_CHANNEL_FD));
	return loop_add(&a->loop, &a->keeper, EPOLLIN);
}

/* ---- running ---- */

static void setup_on_keeper(void *owner, struct loop_source *source, uint32_t events)
{
	struct authority *a = owner;
	enum err got = frame_pump(source->fd, &setup_table, FRAME_RUN, a, SETUP_FRAMES);

	(void)events;
	if (got == E_OK || got == E_AGAIN)
		return;
	if (got != E_CLOSED)
		log_line(LOG_ERROR, "the keeper's message is refused (%s)", err_name(got));
	loop_close(source); /* the loop ends: without a keeper there is nobody to serve */
}

void setup_tick(struct authority *a)
{
	PAGE_SET(a->gate->beat_mono_ms, a->now_ms);
	PAGE_SET(a->gate->alarms, alarm_count_open(a));
	verify_tick(a);
	sign_tick(a);
	cell_tick(a);
	reach_tick(a);
	session_tick(a);
	decide_tick(a);
	isolate_tick(a);
	recover_tick(a);
	room_tick(a);
}

/* Nobody waits for an answer. */
static bool setup_is_quiet(const struct authority *a)
{
	if (a->verify_n)
		return false;
	for (unsigned i = 0; i < CELL_SLOTS; i++)
		if (a->cells[i].serial && a->cells[i].open)
			return false;
	for (unsigned i = 0; i < AUTHORITY_TOOLS; i++)
		if (a->tools[i].source.fd >= 0)
			return false;
	return true;
}

enum err setup_turn(struct authority *a, int max_ms)
{
	TRY(loop_turn(&a->loop, max_ms));
	setup_refresh(a);
	if (a->now_ms - a->tick_ms >= AUTHORITY_TICK_MS) {
		a->tick_ms = a->now_ms;
		setup_tick(a);
	}
	if (a->keeper.fd < 0 || (a->is_draining && (a->now_ms >= a->drain_ms || setup_is_quiet(a))))
		return E_CLOSED;
	return E_OK;
}
