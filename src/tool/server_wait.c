/*
 * What is left on a server: requests under way, and clients that belong to it. How many clients
 * have its cookie nobody knows; whether one of them still asks is seen by a counter that stands
 * still.
 */
#include "tool/server_wait.h"

#include "sys/clock.h"
#include "tool/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct server_wait {
	struct image_server server;
	const char *label;
	uint64_t quiet_ms, kept, kept_at_ms, told_in_flight;
	bool has_told;
};

enum { SERVER_WAIT_APPLIED_MS = 5000, SERVER_WAIT_LOOK_MS = 5 };

static void server_wait_pause(unsigned ms)
{
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	(void)nanosleep(&t, NULL);
}

static bool server_wait_is(const struct snapshot *s, const struct image_server *server,
			   unsigned state)
{
	const struct page_health_entry *e = snapshot_health(s, server);

	return e ? PAGE_GET(e->admin) == state : state == PAGE_ADMIN_CONFIGURED;
}

int server_wait_applied(const struct snapshot *s, const char *label,
			const struct image_server *server, unsigned state)
{
	uint64_t until_ms = clock_mono_ms() + SERVER_WAIT_APPLIED_MS;

	while (!server_wait_is(s, server, state)) {
		if (clock_mono_ms() >= until_ms) {
			(void)fprintf(stderr,
				      "sluis: %s: asked for, but not applied within %d s; "
				      "sluis status says what it is\n",
				      label, SERVER_WAIT_APPLIED_MS / 1000);
			return 1;
		}
		server_wait_pause(SERVER_WAIT_LOOK_MS);
	}
	return 0;
}

static void server_wait_tell(struct server_wait *w, uint64_t in_flight, bool is_quiet)
{
	uint8_t line[400];
	struct wbuf t = wbuf_of(line, sizeof line);

	if (w->has_told && w->told_in_flight == in_flight && !is_quiet)
		return;
	w->has_told = true;
	w->told_in_flight = in_flight;
	wbuf_str(&t, w->label);
	WBUF_LIT(&t, ": ");
	wbuf_dec(&t, in_flight);
	wbuf_str(&t, in_flight == 1 ? " request under way" : " requests under way");
	if (w->quiet_ms && !is_quiet)
		WBUF_LIT(&t, ", its clients still ask");
	ask_put_line(false, wbuf_view(&t));
	(void)fflush(stdout);
}

/* One look. True: nothing is left. */
static bool server_wait_look(struct server_wait *w, const struct snapshot *s)
{
	struct snapshot_server now = snapshot_server(s, &w->server);
	bool is_quiet = false;

	/* whose request is under way is not quiet */
	if (now.kept != w->kept || now.in_flight) {
		w->kept = now.kept;
		w->kept_at_ms = clock_mono_ms();
	}
	is_quiet = clock_mono_ms() - w->kept_at_ms >= w->quiet_ms;
	server_wait_tell(w, now.in_flight, is_quiet && now.in_flight == 0);
	return is_quiet && now.in_flight == 0;
}

int server_wait(const char *state, const char *label, struct image_server server, uint64_t quiet_ms)
{
	struct server_wait w = { .server = server,
				 .label = label,
				 .quiet_ms = quiet_ms,
				 .kept_at_ms = clock_mono_ms() };
	struct snapshot *s = calloc(1, sizeof *s);
	bool is_over = false;
	int status = s ? 0 : 1;

	while (status == 0 && !is_over) {
		server_wait_pause(
			1000); /* also before the first look: edges hear of it in a moment */
		status = ask_keeper(state, TOOL_STATUS, (struct view){ 0 }, snapshot_row, s);
		is_over = status == 0 && server_wait_look(&w, s);
		snapshot_release(s);
	}
	free(s);
	return status;
}
