/*
 * The way of a configuration: files, tree, model, checks, hosts, image. Runs in the config role
 * and in `sluis check`; nothing here outlives the call but the memory file.
 */
#include "conf/conf.h"

#include "conf/compile.h"
#include "conf/options.h"
#include "conf/region.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/shm.h"

/* One run. */
struct conf_run {
	const struct conf_input *in;
	struct arena region;
	struct diag diag;
	struct source source;
	struct model model;
	struct check check;
	struct hosts hosts;
	struct compile compile;
};

/* How a host of a route is served over all listeners of the route. */
struct conf_cover {
	bool has_http, has_https, is_covered;
};

static void conf_cover_add(struct conf_cover *cover, const struct image *im, uint32_t listener,
			   struct view name)
{
	const struct image_listener *l = image_listener_at(im, listener);

	if (l->protocol == IMAGE_HTTP) {
		cover->has_http |= !(l->flags & IMAGE_REDIRECT_TO_HTTPS);
		return;
	}
	cover->has_https = true;
	cover->is_covered |=
		l->flags & IMAGE_DEFAULT_CERTIFICATE || image_find_sni(im, l, name) != IMAGE_NONE;
}

static void conf_check_host(struct conf_run *r, const struct image *im,
			    const struct model_route *route, const struct model_text *host)
{
	struct conf_cover cover = { 0 };
	struct view name = host->text;

	if (view_eq(name, VIEW("*")))
		return;
	if (view_starts(name, VIEW("*."))) /* any label in front stands for all of them */
		name = region_join(&r->region, VIEW("x"), hosts_stored(name));
	if (!route->listeners.p)
		for (uint32_t l = 0; l < r->model.listeners.n; l++)
			conf_cover_add(&cover, im, l, name);
	for (uint32_t l = 0; route->listeners.p && l < route->listeners.n; l++)
		conf_cover_add(&cover, im, route->listeners.p[l].index, name);
	if (cover.has_https && !cover.has_http && !cover.is_covered)
		diag_warning(&r->diag, host->at->at,
			     "no certificate of its listeners covers \"%.*s\": clients that ask "
			     "for it are refused",
			     DIAG_VIEW(host->text));
}

static void conf_check_hosts(struct conf_run *r, const struct image *im)
{
	for (uint32_t i = 0; i < r->model.routes.n; i++) {
		const struct model_route *route = MODEL_AT(struct model_route, r->model.routes, i);

		for (uint32_t k = 0; k < route->hosts.n; k++)
			conf_check_host(r, im, route, &route->hosts.p[k]);
	}
}

/* Files to a model without errors, with its hosts; false: told. */
static bool conf_read(struct conf_run *r)
{
	struct option_parse parse = { .region = &r->region, .diag = &r->diag };
	const struct node *root = NULL;

	diag_init(&r->diag, &r->region);
	r->source = (struct source){ .region = &r->region, .diag = &r->diag };
	root = source_load(&r->source, r->in->path);
	if (!root || r->source.is_broken)
		return false;
	option_parse(&parse, options_top(), root, &r->model);
	r->check = (struct check){
		.region = &r->region,
		.diag = &r->diag,
		.source = &r->source,
		.model = &r->model,
		.reader = { .region = &r->region,
			    .diag = &r->diag,
			    .now_s = clock_wall_us() / 1000000 },
	};
	check_run(&r->check);
	if (hosts_build(&r->check, &r->hosts))
		hosts_check(&r->check, &r->hosts);
	return r->diag.errors == 0;
}

/* The image's bytes, checked as every reader will check them. */
static bool conf_compile(struct conf_run *r, struct view *ret)
{
	struct image im = { 0 };
	const char *why = "";
	struct wbuf w = { 0 };
	size_t n = 0;

	r->compile = (struct compile){ .check = &r->check,
				       .hosts = &r->hosts,
				       .previous = r->in->previous };
	if (!compile_run(&r->compile, r->in->generation))
		return false;
	n = build_bytes(&r->compile.build);
	w = wbuf_of(region_alloc(&r->region, n, 1, 8), n);
	build_write(&r->compile.build, &w);
	INVARIANT(!w.bad && w.n == n);
	INVARIANT(image_check(wbuf_view(&w), &im, &why) == E_OK);
	conf_check_hosts(r, &im);
	*ret = wbuf_view(&w);
	return true;
}

/* The bytes in a sealed memory file. */
static enum err conf_publish(struct view bytes, int *ret_fd)
{
	AUTO_FD fd = -1;
	void *p = NULL;
	struct wbuf w = { 0 };

	TRY(shm_new("sluis-image", bytes.n, &fd));
	TRY(shm_map(fd, true, &p, NULL));
	w = wbuf_of(p, bytes.n);
	wbuf_view_put(&w, bytes);
	shm_unmap(p, bytes.n);
	TRY(shm_seal(fd));
	*ret_fd = fd_steal(&fd);
	return E_OK;
}

enum err conf_check_file(const struct conf_input *in, struct conf_result *ret, int *ret_image_fd)
{
	struct conf_run r = { .in = in };
	struct view bytes = { 0 };
	enum err e = E_PROTO;

	TRY(region_open(&r.region));
	if (conf_read(&r) && conf_compile(&r, &bytes))
		e = ret_image_fd ? conf_publish(bytes, ret_image_fd) : E_OK;
	diag_tell(&r.diag, in->sink, in->arg);
	*ret = (struct conf_result){
		.errors = r.diag.errors,
		.warnings = r.diag.warnings,
		.generation = r.compile.build.header.generation,
		.bytes = bytes.n,
	};
	region_close(&r.region);
	return e;
}
