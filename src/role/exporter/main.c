/*
 * NAME
 *   sluis-exporter - sends spans of traced requests to an OpenTelemetry collector
 *
 * DESCRIPTION
 *   Runs when the configuration has tracing. Edges tell it of requests that are traced; it makes
 *   OTLP of them (JSON over HTTP/1.1) and posts a batch when it is half full or a second old. Two
 *   batches of 256 KB are all it keeps: a collector that is slow or away costs spans, which are
 *   counted (docs/metrics.md), and never time of a request. A batch is tried five times at most.
 *
 * SECURITY
 *   Has no key, no file and no listener. Edges are hostile: a span that is malformed ends their
 *   channel, and what they say appears in quotes only. Started by root, cgroup BPF rules hold it to
 *   the collector's address and port; otherwise Landlock holds it to the port (P4). The collector
 *   is believed no further than its status. A reload that names another collector starts another
 *   exporter.
 *
 * FILES
 *   None.
 *
 * SIGNALS
 *   None are handled.
 *
 * IPC
 *   keeper: IMAGE, PAGE, CHANNEL, DRAIN. edges: SPANS (ipc/edge_exporter.h).
 */
#include "role/exporter/exporter.h"

#include "ipc/edge_exporter.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/shm.h"

#include <sys/mman.h>

enum { MAIN_ARENA = sizeof(struct exporter) + 2 * EXPORTER_BATCH + 4096, MAIN_FRAMES = 64 };

/* The collector; the image is not kept. */
static enum err main_use_image(struct exporter *x, const struct image *im)
{
	const struct image_header *h = im->header;
	struct wbuf path = wbuf_of(x->path, sizeof x->path - 1);
	struct wbuf service = wbuf_of(x->service, sizeof x->service - 1);

	if (h->tracing.kind != IMAGE_ADDRESS_IP)
		return E_PROTO;
	x->ip = h->tracing.ip;
	x->port = h->tracing.port;
	wbuf_view_put(&path, image_view(im, h->tracing_path));
	otlp_text(&service, image_view(im, h->tracing_service));
	x->has_collector = !path.bad && !service.bad;
	return x->has_collector ? E_OK : E_PROTO;
}

static enum err on_image(void *role, struct frame *f)
{
	struct exporter *x = role;
	AUTO_FD fd = frame_take_fd(f, 0);
	struct image image = { 0 };
	const char *why = NULL;
	void *p = NULL;
	size_t n = 0;
	enum err e = E_OK;

	if (x->has_collector || !shm_is_sealed(fd))
		return E_PROTO;
	TRY(shm_map(fd, false, &p, &n));
	e = image_check(view_of(p, n), &image, &why);
	if (e == E_OK)
		e = main_use_image(x, &image);
	else
		log_line(LOG_ERROR, "the image is unusable: %s", why);
	shm_unmap(p, n);
	return e;
}

static enum err on_page(void *role, struct frame *f)
{
	struct exporter *x = role;
	AUTO_FD fd = frame_take_fd(f, 0);
	struct view in = f->body;
	uint8_t kind = 0;
	uint16_t index = 0;
	void *p = NULL;
	size_t n = 0;

	TRY(view_u8(&in, &kind));
	TRY(view_u16(&in, &index));
	if (kind != PAGE_EXPORTER || x->page || !shm_size_is_sealed(fd))
		return E_PROTO;
	x->is_reach_by_address = index & 1;
	TRY(shm_map(fd, true, &p, &n));
	if (n < sizeof *x->page) {
		shm_unmap(p, n);
		return E_PROTO;
	}
	x->page = p;
	return E_OK;
}

static enum err on_channel(void *role, struct frame *f)
{
	struct exporter *x = role;
	struct view in = f->body;
	uint8_t peer = 0;
	int fd = -1;

	TRY(view_u8(&in, &peer));
	if (peer != ROLE_EDGE)
		return E_DENIED;
	fd = frame_take_fd(f, 0);
	for (unsigned i = 0; i < EXPORTER_EDGES; i++) {
		struct loop_source *s = &x->edges[i];

		if (s->fd >= 0 || (x->edge_freed[i] && x->edge_freed[i] == x->loop.turn))
			continue;
		*s = (struct loop_source){ .fd = fd, .kind = EXPORTER_EDGE };
		TRY(fd_set_nonblocking(fd));
		return loop_add(&x->loop, s, EPOLLIN);
	}
	(void)fd_close(fd);
	log_line(LOG_ERROR, "too many edges at once: one has no traces");
	return E_OK;
}

static enum err on_drain(void *role, struct frame *f)
{
	struct exporter *x = role;
	struct view in = f->body;
	uint32_t ms = 0;

	TRY(view_u32(&in, &ms));
	x->is_ending = true;
	x->end_ms = x->loop.now_ms + ms;
	return E_OK;
}

enum { MAIN_BOTH = FRAME_BOOT | FRAME_RUN };

static const struct frame_def main_defs[] = {
	{ KEEPER_IMAGE, 1, FRAME_BOOT, 4, 4, on_image },
	{ KEEPER_PAGE, 1, FRAME_BOOT, 4, 4, on_page },
	{ KEEPER_CHANNEL, 1, MAIN_BOTH, 3, 3, on_channel },
	{ KEEPER_DRAIN, 0, FRAME_RUN, 4, 4, on_drain },
};
static const struct frame_table main_table = { main_defs, sizeof main_defs / sizeof main_defs[0] };

static enum err on_spans(void *role, struct frame *f)
{
	struct exporter *x = role;
	struct view rest = f->body;

	while (rest.n) {
		struct span s = { 0 };

		TRY(span_next(&rest, &s));
		post_take(x, &s);
	}
	return E_OK;
}

static const struct frame_def main_edge_defs[] = {
	{ EDGE_SPANS, 0, FRAME_RUN, 1, FRAME_BODY_MAX, on_spans },
};
static const struct frame_table main_edge_table = { main_edge_defs, 1 };

static void main_on_edge(void *owner, struct loop_source *source, uint32_t events)
{
	struct exporter *x = owner;
	enum err e = frame_pump(source->fd, &main_edge_table, FRAME_RUN, x, MAIN_FRAMES);

	(void)events;
	if (e == E_OK || e == E_AGAIN)
		return;
	if (e != E_CLOSED)
		log_line(LOG_ERROR, "spans of an edge are malformed (%s): it is not heard any more",
			 err_name(e));
	x->edge_freed[source - x->edges] = x->loop.turn;
	loop_close(source);
}

static void main_on_keeper(void *owner, struct loop_source *source, uint32_t events)
{
	struct exporter *x = owner;
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

static loop_handler *const main_handlers[EXPORTER_SOURCES] = {
	[EXPORTER_KEEPER] = main_on_keeper,
	[EXPORTER_EDGE] = main_on_edge,
	[EXPORTER_COLLECTOR] = post_on_collector,
};

static int main_loop(struct exporter *x)
{
	int wait_ms = -1;

	while (!x->is_ending || (!post_is_empty(x) && x->loop.now_ms < x->end_ms)) {
		if (loop_turn(&x->loop, wait_ms) != E_OK)
			return 1;
		wait_ms = post_tick(x);
	}
	return 0;
}

static enum err main_boot(struct exporter *x, struct arena *memory)
{
	x->keeper = (struct loop_source){ .fd = ROLE_CHANNEL_FD, .kind = EXPORTER_KEEPER };
	for (unsigned i = 0; i < EXPORTER_EDGES; i++)
		x->edges[i].fd = -1;
	TRY(loop_init(&x->loop, x, main_handlers, EXPORTER_SOURCES));
	TRY(keeper_role_boot(&main_table, x, &x->self));
	if (!x->has_collector) {
		keeper_role_failed("exporter: the image names no collector");
		return E_PROTO;
	}
	TRY(post_init(x, memory));
	TRY(fd_set_nonblocking(ROLE_CHANNEL_FD));
	return loop_add(&x->loop, &x->keeper, EPOLLIN);
}

int main(void)
{
	void *p =
		mmap(NULL, MAIN_ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct arena memory = { .p = p, .cap = MAIN_ARENA };
	struct sandbox_port port = { 0 };
	struct sandbox_run run = { .ports = &port, .port_n = 1, .limits_ports = true };
	struct sandbox_report report = { 0 };
	struct exporter *x = NULL;

	log_open("exporter", 0);
	if (p == MAP_FAILED) {
		(void)log_errno("memory for the exporter role");
		return 1;
	}
	x = ARENA_NEW(&memory, struct exporter, 1);
	if (!x || main_boot(x, &memory) != E_OK)
		return 1;
	port.port = x->port;
	run.has_other_reach = x->is_reach_by_address;
	run.weaker = x->self.weaker;
	if (sandbox_enter(&exporter_sandbox, &run, &report) != E_OK) {
		keeper_role_failed("%s", report.weaker);
		return 1;
	}
	if (keeper_role_ready(report.have, report.weaker) != E_OK)
		return 1;
	return main_loop(x);
}
