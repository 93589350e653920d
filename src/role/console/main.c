/*
 * NAME
 *   sluis-console - serves the metrics on an address of their own
 *
 * DESCRIPTION
 *   Answers GET and HEAD of two paths on the address that the configuration names
 * (metrics.address): /metrics in Prometheus text format 0.0.4, summed over all edges, and /healthz,
 * which is 200 while the dialer and at least one edge give signs of life and 503 with a reason
 * otherwise. It only reads memory that the edges and the dialer write; no request takes any of
 * their time.
 *
 * SECURITY
 *   Has no key, no file, no way to connect, and is not on the path of any request. At most 64
 *   clients; a head has 10 s and 8 KB, an answer is made as fast as it is taken. Who may reach the
 *   address is for the address to say: it should be a loopback or management one (BIO2 8.20.02).
 *
 * FILES
 *   None.
 *
 * SIGNALS
 *   None are handled.
 *
 * IPC
 *   keeper: IMAGE, PAGE, LISTENER (slot 65535), DRAIN.
 */
#include "role/console/console.h"

#include "sys/fd.h"
#include "sys/log.h"

#include <sys/mman.h>

enum {
	MAIN_ARENA = sizeof(struct console) + (size_t)CONSOLE_CLIENTS * (CONSOLE_IN + CONSOLE_OUT) +
		     4096,
	MAIN_FRAMES = 64 /* per wake-up */
};

static enum err on_image(void *role, struct frame *f)
{
	AUTO_FD fd = frame_take_fd(f, 0);

	return pages_take_image(role, fd);
}

static enum err on_page(void *role, struct frame *f)
{
	AUTO_FD fd = frame_take_fd(f, 0);
	struct view in = f->body;
	uint8_t kind = 0, is_writable = 0;
	uint16_t index = 0;

	TRY(view_u8(&in, &kind));
	TRY(view_u16(&in, &index));
	TRY(view_u8(&in, &is_writable));
	TRY(view_end(&in));
	return pages_take_page(role, kind, index, fd);
}

/* The metrics address; in the run phase a changed one takes the place of the old. */
static enum err on_listener(void *role, struct frame *f)
{
	struct console *c = role;
	struct view in = f->body;
	uint16_t slot = 0;

	TRY(view_u16(&in, &slot));
	TRY(view_end(&in));
	if (slot != UINT16_MAX)
		return E_DENIED;
	loop_close(&c->listener);
	c->listener = (struct loop_source){ .fd = frame_take_fd(f, 0), .kind = CONSOLE_LISTENER };
	TRY(fd_set_nonblocking(c->listener.fd));
	return loop_add(&c->loop, &c->listener, EPOLLIN);
}

static enum err on_drain(void *role, struct frame *f)
{
	struct console *c = role;

	(void)f;
	loop_close(&c->listener);
	c->is_ending = true;
	return E_OK;
}

enum { MAIN_BOTH = FRAME_BOOT | FRAME_RUN };

static const struct frame_def main_defs[] = {
	{ KEEPER_IMAGE, 1, MAIN_BOTH, 4, 4, on_image },
	{ KEEPER_PAGE, 1, MAIN_BOTH, 4, 4, on_page },
	{ KEEPER_LISTENER, 1, MAIN_BOTH, 2, 2, on_listener },
	{ KEEPER_DRAIN, 0, FRAME_RUN, 4, 4, on_drain },
};

static const struct frame_table main_table = { main_defs, sizeof main_defs / sizeof main_defs[0] };

static void main_on_keeper(void *owner, struct loop_source *source, uint32_t events)
{
	struct console *c = owner;
	enum err e = frame_pump(source->fd, &main_table, FRAME_RUN, c, MAIN_FRAMES);

	(void)events;
	if (e == E_OK || e == E_AGAIN)
		return;
	if (e != E_CLOSED)
		log_line(LOG_ERROR, "the keeper's message is refused (%s)", err_name(e));
	loop_close(source);
	loop_close(&c->listener);
	c->is_ending = true;
}

static loop_handler *const main_handlers[CONSOLE_SOURCES] = {
	[CONSOLE_KEEPER] = main_on_keeper,
	[CONSOLE_LISTENER] = client_on_listener,
	[CONSOLE_CLIENT] = client_on_event,
};

static bool main_is_done(const struct console *c)
{
	for (size_t i = 0; i < CONSOLE_CLIENTS; i++)
		if (c->client[i].state != CLIENT_FREE)
			return false;
	return c->is_ending;
}

static int main_loop(struct console *c)
{
	while (!main_is_done(c)) {
		if (loop_turn(&c->loop, CONSOLE_TICK_MS) != E_OK)
			return 1;
		if (c->loop.now_ms < c->tick_ms && !c->is_ending)
			continue;
		c->tick_ms = c->loop.now_ms + CONSOLE_TICK_MS;
		pages_tick(c);
		client_tick(c);
	}
	return 0;
}

static enum err main_boot(struct console *c, struct arena *memory)
{
	c->listener.fd = -1;
	c->keeper = (struct loop_source){ .fd = ROLE_CHANNEL_FD, .kind = CONSOLE_KEEPER };
	TRY(client_init(c, memory));
	TRY(loop_init(&c->loop, c, main_handlers, CONSOLE_SOURCES));
	TRY(keeper_role_boot(&main_table, c, &c->self));
	TRY(fd_set_nonblocking(ROLE_CHANNEL_FD));
	return loop_add(&c->loop, &c->keeper, EPOLLIN);
}

int main(void)
{
	void *p =
		mmap(NULL, MAIN_ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct arena memory = { .p = p, .cap = MAIN_ARENA };
	struct sandbox_run run = { 0 };
	struct sandbox_report report = { 0 };
	struct console *c = NULL;

	if (p == MAP_FAILED) {
		(void)log_errno("memory for the console role");
		return 1;
	}
	c = ARENA_NEW(&memory, struct console, 1);
	if (!c || main_boot(c, &memory) != E_OK)
		return 1;
	run.weaker = c->self.weaker;
	if (sandbox_enter(&console_sandbox, &run, &report) != E_OK) {
		keeper_role_failed("%s", report.weaker);
		return 1;
	}
	if (keeper_role_ready(report.have, report.weaker) != E_OK)
		return 1;
	return main_loop(c);
}
