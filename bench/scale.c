/*
 * What a large configuration costs in CPU time, measured on the functions that do it: compile FILE,
 * check the image, look up rules, and load it into an edge. bench/scale makes the file and prints
 * the table.
 *
 *     bench-scale FILE      one line per figure: name, number, unit
 */
#include "conf/conf.h"
#include "role/edge/generation.h"
#include "role/edge/run.h"
#include "route/route.h"
#include "sys/fd.h"
#include "sys/shm.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { SCALE_ROUNDS = 5, SCALE_LOOKUPS = 1000000, SCALE_PATHS = 8192, SCALE_PATH_ROUNDS = 200 };

static void must(bool is_good, const char *what)
{
	if (is_good)
		return;
	(void)fprintf(stderr, "bench-scale: %s\n", what);
	exit(1);
}

/* Of this process: what others do beside it counts as little as can be. */
static uint64_t cpu_ns(void)
{
	struct timespec t = { 0 };

	must(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0, "clock");
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a && a < b ? a : b;
}

static void tell(void *arg, enum diag_level level, const char *text)
{
	(void)arg;
	if (level == DIAG_ERROR)
		(void)fprintf(stderr, "%s\n", text);
}

static void say_us(const char *name, uint64_t ns)
{
	(void)printf("%s %.1f us\n", name, (double)ns / 1000);
}

static int compile(const char *path)
{
	struct conf_input in = { .path = path, .sink = tell };
	struct conf_result result = { 0 };
	uint64_t best = 0;
	int fd = -1;

	for (unsigned i = 0; i < 3; i++) {
		uint64_t from = cpu_ns();

		fd_close(fd);
		must(conf_check_file(&in, &result, &fd) == E_OK, "the file does not check");
		best = least(best, cpu_ns() - from);
	}
	say_us("compile", best);
	(void)printf("image %lu bytes\n", (unsigned long)result.bytes);
	return fd;
}

static struct image check(int fd)
{
	struct image im = { 0 };
	const char *why = "";
	uint64_t best = 0;
	void *p = NULL;
	size_t n = 0;

	must(shm_map(fd, false, &p, &n) == E_OK, "mmap");
	for (unsigned i = 0; i < SCALE_ROUNDS; i++) {
		uint64_t from = cpu_ns();

		must(image_check(view_of(p, n), &im, &why) == E_OK, why);
		best = least(best, cpu_ns() - from);
	}
	say_us("check", best);
	return im;
}

/* Names that the image has, in an order that no cache likes. */
static void look_up(const struct image *im)
{
	const struct image_listener *l = image_listener_at(im, 0);
	struct http1_head head = { 0 };
	struct ip source = { 0 };
	struct route_request q = { .target = { .path = VIEW("/api/v3/x") },
				   .method = METHOD_GET,
				   .method_name = VIEW("GET"),
				   .fields = &head,
				   .source = &source };
	uint64_t best = 0, found = 0;

	for (unsigned round = 0; round < SCALE_ROUNDS; round++) {
		uint64_t from = cpu_ns();

		for (uint32_t i = 0; i < SCALE_LOOKUPS; i++) {
			uint32_t at = (i * 2654435761u) & (l->hosts.n - 1);
			const struct image_host *h = image_host_at(im, l->hosts.first + at);

			if (!h->name.n)
				continue;
			q.host = image_view(im, h->name);
			found += route_find(im, l, &q, NULL) != NULL;
		}
		best = least(best, cpu_ns() - from);
	}
	must(found > 0, "no rule was found");
	found /= SCALE_ROUNDS;
	(void)printf("lookup %.1f ns\n", (double)best / (double)found);
}

/* The paths of some of a host's rules, in an order that no cache likes, one behind the other as
 * requests are in a buffer. */
static void scatter_paths(const struct image *im, const struct image_host *h,
			  struct view ret[static SCALE_PATHS])
{
	static uint8_t bytes[SCALE_PATHS * 64];
	struct wbuf w = wbuf_of(bytes, sizeof bytes);

	for (uint32_t i = 0; i < SCALE_PATHS; i++) {
		uint64_t at = (uint64_t)(i * 2654435761u) * h->rules.n >> 32;
		uint32_t index = *image_rule_index_at(im, h->rules.first + (uint32_t)at);
		size_t from = w.n;

		wbuf_view_put(&w, image_view(im, image_rule_at(im, index)->path));
		ret[i] = view_slice(wbuf_view(&w), from, w.n);
	}
	must(!w.bad, "paths of at most 64 bytes");
}

/* Rules of the first host, by their own paths. */
static void look_up_paths(const struct image *im)
{
	static struct view paths[SCALE_PATHS];
	const struct image_listener *l = image_listener_at(im, 0);
	const struct image_host *h = image_host_at(im, l->hosts.first);
	struct http1_head head = { 0 };
	struct ip source = { 0 };
	struct route_request q = {
		.method = METHOD_GET, .method_name = VIEW("GET"), .fields = &head, .source = &source
	};
	uint64_t best = 0;

	while (!h->name.n)
		h++; /* a listener with hosts has a name */
	q.host = image_view(im, h->name);
	scatter_paths(im, h, paths);
	for (unsigned round = 0; round < SCALE_PATH_ROUNDS; round++) {
		uint64_t from = cpu_ns();

		for (uint32_t i = 0; i < SCALE_PATHS; i++) {
			q.target.path = paths[i];
			must(route_find(im, l, &q, NULL) != NULL, "no rule was found");
		}
		best = least(best, cpu_ns() - from);
	}
	(void)printf("lookup_path %.1f ns\n", (double)best / SCALE_PATHS);
}

/* The longest of the steps in which it is made ready. */
static uint64_t go_on(struct generation *g)
{
	uint64_t longest = 0;

	for (bool is_ready = false; !is_ready;) {
		uint64_t from = cpu_ns(), took = 0;

		is_ready = generation_go_on(g, GENERATION_STEPS);
		took = cpu_ns() - from;
		longest = took > longest ? took : longest;
	}
	return longest;
}

/* Loaded beside the one in use, then dropped: both stop the edge's loop for so long. */
static void load(struct edge *e, int fd)
{
	uint64_t loading = 0, dropping = 0, longest = 0;
	const char *why = "";

	e->health = calloc(1, sizeof *e->health);
	e->load = calloc(1, sizeof *e->load);
	must(e->health && e->load, "pages");
	e->loads[0] = e->load;
	e->load_n = 1;
	must(generation_load(e, fd, 1, &e->now, &why) == E_OK, why); /* as when it starts */
	for (uint32_t i = 1; i < SCALE_ROUNDS; i++) {
		struct generation *g = NULL;
		uint64_t from = cpu_ns();

		must(generation_load(e, fd, i + 1, &g, &why) == E_OK, why);
		loading = least(loading, cpu_ns() - from);
		longest = least(longest, go_on(g));
		from = cpu_ns();
		generation_drop(e, g);
		dropping = least(dropping, cpu_ns() - from);
	}
	say_us("load", loading);
	say_us("step", longest);
	say_us("drop", dropping);
}

static void per_pool(void)
{
	size_t image = sizeof(struct image_pool) + 2 * sizeof(struct image_server),
	       health = 2 * sizeof(struct page_health_entry),
	       edge = sizeof(struct page_load_pool) + 2 * sizeof(struct page_load_server);

	(void)printf("pool_image %zu bytes\npool_health %zu bytes\npool_edge %zu bytes\n", image,
		     health, edge);
}

int main(int argc, char **argv)
{
	struct edge *e = run_new();
	struct image im = { 0 };
	int fd = -1;

	must(e && run_prepare(e) == E_OK, "an edge"); /* before anything allocates in OpenSSL */
	must(argc == 2, "usage: bench-scale FILE");
	fd = compile(argv[1]);
	im = check(fd);
	look_up(&im);
	look_up_paths(&im);
	per_pool();
	(void)fflush(stdout);
	load(e, fd);
	return 0;
}
