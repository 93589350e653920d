/* Taking a server out of its pool and back: found by name here, asked for by slot. */
#include "tool/server.h"

#include "conf/value.h"
#include "tool/ask.h"
#include "tool/command_line.h"
#include "tool/server_wait.h"
#include "tool/snapshot.h"

#include <stdio.h>
#include <stdlib.h>

static const char server_usage[] =
	"usage: sluis server drain|enable|disable|reset POOL/NAME [--wait[=TIME]] [--state DIR]\n"
	"\n"
	"  drain     no new clients; what is under way goes on, and clients that persistence\n"
	"            keeps there stay\n"
	"  --wait    with drain: until nothing is under way there and, with persistence, none of\n"
	"            its clients has asked for TIME (1m when left out)\n"
	"  disable   the same, and no health checks\n"
	"  enable    in use again\n"
	"  reset     as the configuration says\n"
	"\n"
	"The state lasts over reloads, until the server or Sluis is gone. NAME is the server's "
	"name, or\n"
	"its address as the configuration writes it.\n";

static int server_state(const char *word)
{
	static const char *const words[] = { "reset", "enable", "drain", "disable" };

	for (int i = 0; i < 4; i++)
		if (view_eq(view_str(words[i]), view_str(word)))
			return i;
	return -1;
}

bool server_is_state(const char *word)
{
	return server_state(word) >= 0;
}

static const struct image_server *server_find(const struct snapshot *s, struct view path)
{
	size_t slash = view_find(path, '/');
	struct view pool = view_slice(path, 0, slash), name = view_slice(path, slash + 1, path.n);

	for (uint32_t i = 0; s->image.header && i < image_count(&s->image, IMAGE_SERVER); i++) {
		const struct image_server *server = image_server_at(&s->image, i);
		const struct image_pool *p = image_pool_at(&s->image, server->pool);

		if (view_eq(image_view(&s->image, p->name), pool) &&
		    view_eq(image_view(&s->image, server->name), name))
			return server;
	}
	return NULL;
}

static void server_list(const struct snapshot *s)
{
	(void)fputs("sluis: the servers are:\n", stderr);
	for (uint32_t i = 0; s->image.header && i < image_count(&s->image, IMAGE_SERVER); i++) {
		const struct image_server *server = image_server_at(&s->image, i);
		const struct image_pool *p = image_pool_at(&s->image, server->pool);
		char line[600];
		struct wbuf w = wbuf_of(line, sizeof line);

		WBUF_LIT(&w, "  ");
		wbuf_view_put(&w, image_view(&s->image, p->name));
		WBUF_LIT(&w, "/");
		wbuf_view_put(&w, image_view(&s->image, server->name));
		ask_put_line(true, wbuf_view(&w));
	}
}

enum { SERVER_QUIET_MS = 60000 };

/* --wait[=TIME]: how long its clients must be quiet. E_PROTO (told) */
static enum err server_quiet_ms(const struct command_line *o, int state, uint64_t *ret_ms)
{
	*ret_ms = SERVER_QUIET_MS;
	if (!o->wait)
		return E_OK;
	if (state == PAGE_ADMIN_DRAIN &&
	    (!o->wait[0] || value_duration(view_str(o->wait), ret_ms) == E_OK))
		return E_OK;
	(void)fputs(server_usage, stderr);
	return E_PROTO;
}

static int server_set(const struct command_line *o, const struct snapshot *s, const char *path,
		      int state)
{
	const struct image_server *server = server_find(s, view_str(path));
	uint64_t quiet_ms = 0;
	uint8_t body[16];
	struct wbuf w = wbuf_of(body, sizeof body);
	int status = 0;

	if (server_quiet_ms(o, state, &quiet_ms) != E_OK)
		return 2;
	if (!server) {
		(void)fprintf(stderr, "sluis: there is no server %s\n", path);
		server_list(s);
		return 1;
	}
	wbuf_u32(&w, server->slot);
	wbuf_u32(&w, server->slot_gen);
	wbuf_u8(&w, (uint8_t)state);
	status = ask_keeper(o->state, TOOL_SERVER_STATE, wbuf_view(&w), NULL, NULL);
	if (status == 0)
		status = server_wait_applied(s, path, server, (unsigned)state);
	if (status != 0 || !o->wait)
		return status;
	if (image_pool_at(&s->image, server->pool)->persist == IMAGE_PERSIST_NOT)
		quiet_ms = 0;
	return server_wait(o->state, path, *server, quiet_ms);
}

int server_main(int argc, char **argv)
{
	struct command_line o = { 0 };
	struct snapshot *s = NULL;
	int state = 0, status = command_line_read(argc, argv, server_usage, COMMAND_LINE_WAIT, &o);

	if (status < 0)
		status = command_line_count(&o, argc, 2, 2, server_usage);
	if (status >= 0)
		return status;
	state = server_state(argv[o.rest]);
	s = calloc(1, sizeof *s);
	if (state < 0 || !s) {
		(void)fputs(server_usage, stderr);
		free(s);
		return 2;
	}
	status = ask_keeper(o.state, TOOL_STATUS, (struct view){ 0 }, snapshot_row, s);
	if (status == 0)
		status = server_set(&o, s, argv[o.rest + 1], state);
	free(s);
	return status;
}
