/*
 * NAME
 *   sluis-herald - serves the status page on an address of its own
 *
 * DESCRIPTION
 *   Answers GET and HEAD of four paths on the address that the configuration names
 *   (status_page.address): / for people, in Dutch and English, /status.json, /feed.atom, and the
 *   page's style sheet. They say which services are open, limited or closed, and since when, as the
 *   levels of isolation are published (promise P8), and what the operator says (sluis incident
 *   message). It looks at that memory four times a second and at each request, so that it is right
 *   when every other process is gone; what can't be read is shown as not known. It runs only with
 *   status_page.
 *
 * SECURITY
 *   Faces anybody. Has no key, no file, no channel but the keeper's, no way to connect, and only
 *   read-only memory of others: whoever takes it over can say something untrue on this page, and
 *   nothing else. At most 256 clients, half of them of one network; a head has 5 s and 4 KB, an
 *   answer 20 s. No byte of a request gets into an answer. It speaks no TLS: that would need
 *   another process for each handshake, which may be gone (docs/status-page.md).
 *
 * FILES
 *   None.
 *
 * SIGNALS
 *   None are handled.
 *
 * IPC
 *   keeper: IMAGE, PAGE (gate), LISTENER (slot 65535), DRAIN.
 */
#include "role/herald/herald.h"

#include "sys/fd.h"
#include "sys/log.h"

#include <sys/mman.h>

enum { MAIN_FRAMES = 64 /* per wake-up */ };

#define MAIN_ARENA (sizeof(struct herald) + (size_t)HERALD_SETS * SHEET_KINDS * HERALD_SHEET + 4096)

static enum err on_image(void *role, struct frame *f)
{
	AUTO_FD fd = frame_take_fd(f, 0);

	return sheets_take_image(role, fd);
}

static enum err on_page(void *role, struct frame *f)
{
	AUTO_FD fd = frame_take_fd(f, 0);
	struct view in = f->body;
	uint8_t kind = 0;

	TRY(view_u8(&in, &kind));
	return sheets_take_page(role, kind, fd);
}

/* The page's address; in the run phase a changed one takes the place of the old. */
static enum err on_listener(void *role, struct frame *f)
{
	struct herald *h = role;
	struct view in = f->body;
	uint16_t slot = 0;

	TRY(view_u16(&in, &slot));
	TRY(view_end(&in));
	if (slot != UINT16_MAX)
		return E_DENIED;
	loop_close(&h->listener);
	h->listener = (struct loop_source){ .fd = frame_take_fd(f, 0), .kind = HERALD_LISTENER };
	TRY(fd_set_nonblocking(h->listener.fd));
	return loop_add(&h->loop, &h->listener, EPOLLIN);
}

static enum err on_drain(void *role, struct frame *f)
{
	struct herald *h = role;

	(void)f;
	loop_close(&h->listener);
	h->is_ending = true;
	return E_OK;
}

enum { MAIN_BOTH = FRAME_BOOT | FRAME_RUN };

static const struct frame_def main_defs[] = {
	{ KEEPER_IMAGE, 1, MAIN_BOTH, 4, 4, on_image },
	{ KEEPER_PAGE, 1, FRAME_BOOT, 4, 4, on_page },
	{ KEEPER_LISTENER, 1, MAIN_BOTH, 2, 2, on_listener },
	{ KEEPER_DRAIN, 0, FRAME_RUN, 4, 4, on_drain },
};

static const struct frame_table main_table = { main_defs, sizeof main_defs / sizeof main_defs[0] };

static void main_on_keeper(void *owner, struct loop_source *source, uint32_t events)
{
	struct herald *h = owner;
	enum err e = frame_pump(source->fd, &main_table, FRAME_RUN, h, MAIN_FRAMES);

	(void)events;
	if (e == E_OK || e == E_AGAIN)
		return;
	if (e != E_CLOSED)
		log_line(LOG_ERROR, "the keeper's message is refused (%s)", err_name(e));
	loop_close(source);
	loop_close(&h->listener);
	h->is_ending = true;
}

static loop_handler *const main_handlers[HERALD_SOURCES] = {
	[HERALD_KEEPER] = main_on_keeper,
	[HERALD_LISTENER] = client_on_listener,
	[HERALD_CLIENT] = client_on_event,
};

static bool main_is_done(const struct herald *h)
{
	for (size_t i = 0; i < HERALD_CLIENTS; i++)
		if (h->client[i].state != CLIENT_FREE)
			return false;
	return h->is_ending;
}

static int main_loop(struct herald *h)
{
	while (!main_is_done(h)) {
		if (loop_turn(&h->loop, HERALD_TICK_MS) != E_OK)
			return 1;
		if (h->loop.now_ms < h->tick_ms && !h->is_ending)
			continue;
		h->tick_ms = h->loop.now_ms + HERALD_TICK_MS;
		sheets_look(h);
		client_tick(h);
	}
	return 0;
}

static enum err main_boot(struct herald *h, struct arena *memory)
{
	h->listener.fd = -1;
	h->keeper = (struct loop_source){ .fd = ROLE_CHANNEL_FD, .kind = HERALD_KEEPER };
	client_init(h);
	TRY(sheets_init(h, memory));
	TRY(loop_init(&h->loop, h, main_handlers, HERALD_SOURCES));
	TRY(keeper_role_boot(&main_table, h, &h->self));
	if (!h->image || !h->gate) {
		keeper_role_failed("the keeper did not send an image and the gate page");
		return E_PROTO;
	}
	TRY(fd_set_nonblocking(ROLE_CHANNEL_FD));
	return loop_add(&h->loop, &h->keeper, EPOLLIN);
}

int main(void)
{
	void *p = mmap(NULL, MAIN_ARENA, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct arena memory = { .p = p, .cap = MAIN_ARENA };
	struct sandbox_run run = { 0 };
	struct sandbox_report report = { 0 };
	struct herald *h = NULL;

	if (p == MAP_FAILED) {
		(void)log_errno("memory for the herald role");
		return 1;
	}
	h = ARENA_NEW(&memory, struct herald, 1);
	if (!h || main_boot(h, &memory) != E_OK)
		return 1;
	run.weaker = h->self.weaker;
	if (sandbox_enter(&herald_sandbox, &run, &report) != E_OK) {
		keeper_role_failed("%s", report.weaker);
		return 1;
	}
	if (keeper_role_ready(report.have, report.weaker) != E_OK)
		return 1;
	return main_loop(h);
}
