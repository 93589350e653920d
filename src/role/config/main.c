/*
 * NAME
 *     sluis-config - compiles the configuration of Sluis
 *
 * DESCRIPTION
 *     Started by the keeper for each start and each reload, and only then: reads the configuration
 *     and the public certificates it names, checks all of it, and gives the keeper either a sealed
 *     image, which every other role maps, or every error with file, line and column. Then it ends.
 *     Nothing of the instance that runs changes unless the keeper gets an image (promise P10).
 *
 * SECURITY
 *     Parses YAML and X.509 that people wrote: trusted to mean well, not to be well-formed. It runs
 *     under its own uid without any capability, without a network, read-only, with a short list of
 *     system calls. It knows private keys by the names of their files only, which it never opens
 *     (promise P2); that their files are readable by the signer alone is up to their owner, and
 *     a chain file that holds a private key is refused. Whoever takes this process over can give
 *     the keeper a wrong image, and nothing else: image_check lets no reader be harmed by it.
 *
 * FILES
 *     The configuration, the files it includes, certificate chains and issuers; read when it
 *     starts. /etc/ssl/certs/ca-certificates.crt for servers that are verified by the system's
 *     issuers.
 *
 * SIGNALS
 *     None are handled.
 *
 * IPC
 *     keeper: PATH, IMAGE, DOCUMENT, GO; READY, DIAGNOSTIC, then DOCUMENT and IMAGE, or FAILED.
 */
#include "conf/conf.h"
#include "ipc/keeper_role.h"
#include "role/config/sandbox.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/shm.h"

#include <limits.h>
#include <poll.h>
#include <stdlib.h>

struct config {
	struct role_identity self;
	char path[PATH_MAX];
	struct image previous;
	bool has_previous;
	uint32_t generation;			    /* that the keeper counts on from */
	struct view documents[DOCUMENT_TARGET + 1]; /* by enum document_kind; mapped */
	bool is_deaf;				    /* the keeper takes no more messages */
};

/* str16 path of the configuration; what follows is for others. */
static enum err on_path(void *role, struct frame *f)
{
	struct config *c = role;
	struct view in = f->body, path = { 0 };
	struct wbuf w = wbuf_of(c->path, sizeof c->path - 1);

	TRY(view_str16(&in, &path));
	if (!view_starts(path, VIEW("/")) || view_find(path, 0) != path.n)
		return E_PROTO;
	wbuf_view_put(&w, path);
	TRY(wbuf_check(&w));
	c->path[w.n] = '\0';
	return E_OK;
}

/* The image in force: a sealed memory file, checked like anywhere else. */
static enum err on_image(void *role, struct frame *f)
{
	struct config *c = role;
	struct view in = f->body;
	AUTO_FD fd = frame_take_fd(f, 0);
	const char *why = "";
	void *p = NULL;
	size_t n = 0;

	TRY(view_u32(&in, &c->generation));
	TRY(view_end(&in));
	if (!shm_is_sealed(fd) || c->has_previous)
		return E_PROTO;
	TRY(shm_map(fd, false, &p, &n));
	if (image_check(view_of(p, n), &c->previous, &why) != E_OK) {
		log_line(LOG_ERROR, "the image in force is no image: %s", why);
		return E_PROTO;
	}
	c->has_previous = true;
	return E_OK;
}

/* Texts to work on: what is in force, a change to it, or what to apply instead of the files. */
static enum err on_document(void *role, struct frame *f)
{
	struct config *c = role;
	struct view in = f->body;
	AUTO_FD fd = frame_take_fd(f, 0);
	uint8_t kind = 0;
	void *p = NULL;
	size_t n = 0;

	TRY(view_u8(&in, &kind));
	if (kind < DOCUMENT_RUNNING || kind > DOCUMENT_TARGET || c->documents[kind].p ||
	    !shm_is_sealed(fd))
		return E_PROTO;
	TRY(shm_map(fd, false, &p, &n));
	c->documents[kind] = view_of(p, n);
	return E_OK;
}

static const struct frame_def boot_defs[] = {
	{ KEEPER_PATH, 0, FRAME_BOOT, 2, FRAME_BODY_MAX, on_path },
	{ KEEPER_IMAGE, 1, FRAME_BOOT, 4, 4, on_image },
	{ KEEPER_DOCUMENT, 1, FRAME_BOOT, 1, 1, on_document },
};
static const struct frame_table boot_table = { boot_defs, sizeof boot_defs / sizeof boot_defs[0] };

/* Sends one frame; waits when the keeper is slower than we are. */
static void config_tell(struct config *c, enum role_message type, struct view body, const int *fd)
{
	struct pollfd ready = { .fd = ROLE_CHANNEL_FD, .events = POLLOUT };
	enum err e = E_AGAIN;

	while (e == E_AGAIN && !c->is_deaf) {
		e = frame_send(ROLE_CHANNEL_FD, (uint8_t)type, 0, body, fd, fd ? 1 : 0);
		if (e == E_AGAIN)
			(void)poll(&ready, 1, -1);
	}
	c->is_deaf |= e != E_OK;
}

static void config_on_problem(void *arg, enum diag_level level, const char *text)
{
	struct config *c = arg;
	uint8_t body[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_u8(&w, (uint8_t)level);
	wbuf_str16(&w, view_slice(view_str(text), 0, sizeof body - 3));
	config_tell(c, ROLE_DIAGNOSTIC, wbuf_view(&w), NULL);
}

static void config_tell_document(struct config *c, enum document_kind kind, int fd)
{
	uint8_t body = (uint8_t)kind;

	if (fd >= 0)
		config_tell(c, ROLE_DOCUMENT, view_of(&body, 1), &fd);
}

/* The work: an image to the keeper, or what is wrong. */
static int config_compile(struct config *c)
{
	struct conf_input in = {
		.path = c->path,
		.previous = c->has_previous ? &c->previous : NULL,
		.generation = c->generation,
		.running = c->documents[DOCUMENT_RUNNING],
		.edit = c->documents[DOCUMENT_EDIT],
		.target = c->documents[DOCUMENT_TARGET],
		.wants_document = true,
		.sink = config_on_problem,
		.arg = c,
	};
	struct conf_result result = { 0 };
	AUTO_FD fd = -1;
	uint8_t body[4];
	struct wbuf w = wbuf_of(body, sizeof body);
	enum err e = conf_check_file(&in, &result, &fd);

	if (e == E_PROTO)
		keeper_role_failed("%u %s in the configuration", result.errors,
				   result.errors == 1 ? "error" : "errors");
	else if (e != E_OK)
		keeper_role_failed("the configuration could not be compiled: %s", err_name(e));
	if (e != E_OK)
		return EXIT_FAILURE;
	config_tell_document(c, DOCUMENT_MADE, result.document_fd);
	config_tell_document(c, DOCUMENT_DIFF, result.diff_fd);
	wbuf_u32(&w, result.generation);
	config_tell(c, ROLE_IMAGE, wbuf_view(&w), &fd);
	return c->is_deaf ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(void)
{
	struct config config = { 0 };
	const struct sandbox_path root = { .path = "/", .fd = -1 };
	struct sandbox_run run = { .paths = &root, .path_n = 1 };
	struct sandbox_report report = { 0 };
	enum err e = keeper_role_boot(&boot_table, &config, &config.self);

	if (e != E_OK || !config.path[0]) {
		keeper_role_failed("config: the keeper did not say what to read: %s", err_name(e));
		return EXIT_FAILURE;
	}
	run.weaker = config.self.weaker;
	if (sandbox_enter(&config_sandbox, &run, &report) != E_OK) {
		keeper_role_failed("%s", report.weaker[0] ? report.weaker : "P5: the sandbox");
		return EXIT_FAILURE;
	}
	if (keeper_role_ready(report.have, report.weaker) != E_OK)
		return EXIT_FAILURE;
	return config_compile(&config);
}
