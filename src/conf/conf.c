/*
 * The way of a configuration: files, tree, model, checks, hosts, image. Runs in the config role
 * and in `sluis check`; nothing here outlives the call but the memory file.
 */
#include "conf/conf.h"

#include "conf/compile.h"
#include "conf/diff.h"
#include "conf/options.h"
#include "conf/overlay.h"
#include "conf/region.h"
#include "conf/yaml_writer.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/shm.h"

#include <stdio.h>

enum { CONF_DIFF_BYTES = 1 << 20, CONF_DIFF_TOLD = 40 };

/* One run. */
struct conf_run {
	const struct conf_input *in;
	struct arena region;
	struct diag diag;
	struct source source;
	struct document running, target;
	struct overlay overlay;
	struct diff diff;
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
	if (l->protocol != IMAGE_HTTPS)
		return;
	cover->has_https = true;
	cover->is_covered |=
		l->flags & IMAGE_DEFAULT_CERTIFICATE || image_find_sni(im, l, name) != IMAGE_NONE;
}

/* The portal and applications are on every listener of their route, and each has certificates of
 * its own. */
static void conf_check_gate(struct conf_run *r, const struct image *im,
			    const struct model_route *route)
{
	const struct model_text *host = &route->hosts.p[0];

	for (uint32_t i = 0; i < route->listeners.n; i++) {
		const struct image_listener *l = image_listener_at(im, route->listeners.p[i].index);

		if (!(l->flags & IMAGE_DEFAULT_CERTIFICATE) &&
		    image_find_sni(im, l, host->text) == IMAGE_NONE)
			diag_warning(&r->diag, host->at->at,
				     "no certificate of listener \"%.*s\" covers \"%.*s\": clients "
				     "that ask for it are refused",
				     DIAG_VIEW(image_view(im, l->name)), DIAG_VIEW(host->text));
	}
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
			if (!(image_listener_at(im, l)->flags & IMAGE_CELL))
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

		if (route->is_gate)
			conf_check_gate(r, im, route);
		for (uint32_t k = 0; !route->is_gate && k < route->hosts.n; k++)
			conf_check_host(r, im, route, &route->hosts.p[k]);
	}
}

/* What in->running and in->target hold. False: told. */
static bool conf_documents(struct conf_run *r)
{
	const struct conf_input *in = r->in;

	if (in->running.n && document_read(in->running, &r->region, &r->running) != E_OK) {
		diag_error(&r->diag, (struct place){ 0 },
			   "the configuration that was in force last can't be read");
		return false;
	}
	if (in->target.n && document_read(in->target, &r->region, &r->target) != E_OK) {
		diag_error(&r->diag, (struct place){ 0 },
			   "what is to be applied is no configuration");
		return false;
	}
	if (in->edit.n && !r->running.file_n) {
		diag_error(&r->diag, (struct place){ 0 }, "there is nothing in force to change");
		return false;
	}
	return true;
}

/* The tree of a document as it stood; nobody is told what is wrong with it now. NULL: none. */
static const struct node *conf_before(struct conf_run *r)
{
	struct diag diag = { 0 };
	struct source source = { .region = &r->region, .diag = &diag, .from = &r->running };
	struct overlay overlay = { .source = &source };
	struct node *root = NULL;

	if (!r->running.file_n)
		return NULL;
	diag_init(&diag, &r->region);
	root = source_load(&source, "");
	if (root && overlay_read(&overlay, r->running.changes, false))
		overlay_apply(&overlay, root);
	return root;
}

/* One tree of files and changes. NULL: told. */
static struct node *conf_tree(struct conf_run *r)
{
	const struct document *from = r->in->target.n ? &r->target
				      : r->in->edit.n ? &r->running
						      : NULL;
	const struct document *changes = from ? from : &r->running;
	struct node *root = NULL;

	r->source = (struct source){ .region = &r->region, .diag = &r->diag, .from = from };
	r->overlay = (struct overlay){ .source = &r->source };
	root = source_load(&r->source, r->in->path);
	if (!root || r->source.is_broken)
		return NULL;
	if (!overlay_read(&r->overlay, changes->changes, false) ||
	    !overlay_read(&r->overlay, r->in->edit, true))
		return NULL;
	overlay_apply(&r->overlay, root);
	return root;
}

/* Files to a model without errors, with its hosts; false: told. */
static bool conf_read(struct conf_run *r)
{
	struct option_parse parse = { .region = &r->region, .diag = &r->diag };
	const struct node *root = NULL;

	diag_init(&r->diag, &r->region);
	if (!conf_documents(r))
		return false;
	root = conf_tree(r);
	if (!root)
		return false;
	if (r->in->wants_document)
		diff_run(&r->diff, &r->region, conf_before(r), root);
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
static enum err conf_publish(const char *name, struct view bytes, int *ret_fd)
{
	AUTO_FD fd = -1;
	void *p = NULL;
	struct wbuf w = { 0 };

	TRY(shm_new(name, bytes.n, &fd));
	TRY(shm_map(fd, true, &p, NULL));
	w = wbuf_of(p, bytes.n);
	wbuf_view_put(&w, bytes);
	shm_unmap(p, bytes.n);
	TRY(shm_seal(fd));
	*ret_fd = fd_steal(&fd);
	return E_OK;
}

static enum err conf_publish_document(struct conf_run *r, int *ret_fd)
{
	struct document d = { .files = r->source.files };
	struct wbuf changes = wbuf_of(region_alloc(&r->region, DOCUMENT_CHANGES_MAX, 1, 1),
				      DOCUMENT_CHANGES_MAX),
		    w = { 0 };
	size_t n = 0;

	while (d.file_n < DOCUMENT_FILES_MAX && d.files[d.file_n].path.n)
		d.file_n++;
	TRY(overlay_put(&r->overlay, &changes));
	d.changes = wbuf_view(&changes);
	n = document_bytes(&d);
	w = wbuf_of(region_alloc(&r->region, n, 1, 1), n);
	TRY(document_write(&d, &w));
	return conf_publish("sluis-document", wbuf_view(&w), ret_fd);
}

static enum err conf_publish_diff(struct conf_run *r, int *ret_fd)
{
	struct wbuf w = wbuf_of(region_alloc(&r->region, CONF_DIFF_BYTES, 1, 1), CONF_DIFF_BYTES);

	diff_put(&r->diff, &w);
	return w.n ? conf_publish("sluis-diff", wbuf_view(&w), ret_fd) : E_OK;
}

/* The first lines of the difference; all of them are in the history. */
static void conf_tell_diff(const struct conf_run *r)
{
	char line[DIFF_LINE_BYTES + 1];
	uint32_t i = 0;

	if (!r->running.file_n)
		return; /* everything is new */
	for (; i < r->diff.line_n && i < CONF_DIFF_TOLD; i++) {
		struct wbuf w = wbuf_of(line, sizeof line - 1);

		wbuf_view_put(&w, r->diff.lines[i]);
		line[w.n] = '\0';
		r->in->sink(r->in->arg, DIAG_CHANGE, line);
	}
	if (r->diff.all == i)
		return;
	(void)snprintf(line, sizeof line, "and %u more", (unsigned)(r->diff.all - i));
	r->in->sink(r->in->arg, DIAG_CHANGE, line);
}

static enum err conf_publish_all(struct conf_run *r, struct view image, struct conf_result *ret,
				 int *ret_image_fd)
{
	AUTO_FD fd = -1;
	AUTO_FD document = -1;

	if (ret_image_fd)
		TRY(conf_publish("sluis-image", image, &fd));
	if (r->in->wants_document) {
		TRY(conf_publish_document(r, &document));
		TRY(conf_publish_diff(r, &ret->diff_fd));
	}
	ret->document_fd = fd_steal(&document);
	if (ret_image_fd)
		*ret_image_fd = fd_steal(&fd);
	return E_OK;
}

enum err conf_check_file(const struct conf_input *in, struct conf_result *ret, int *ret_image_fd)
{
	struct conf_run r = { .in = in };
	struct view bytes = { 0 };
	enum err e = E_PROTO;

	TRY(region_open(&r.region));
	*ret = (struct conf_result){ .document_fd = -1, .diff_fd = -1 };
	if (conf_read(&r) && conf_compile(&r, &bytes))
		e = conf_publish_all(&r, bytes, ret, ret_image_fd);
	diag_tell(&r.diag, in->sink, in->arg);
	if (e == E_OK)
		conf_tell_diff(&r);
	ret->errors = r.diag.errors;
	ret->warnings = r.diag.warnings;
	ret->generation = r.compile.build.header.generation;
	ret->bytes = bytes.n;
	ret->differences = r.diff.all;
	region_close(&r.region);
	return e;
}

enum err conf_print_text(const struct conf_input *in, bool changes_only, struct wbuf *w)
{
	struct conf_run r = { .in = in };
	struct node *root = NULL;
	const struct node *include = NULL;

	TRY(region_open(&r.region));
	diag_init(&r.diag, &r.region);
	if (conf_documents(&r))
		root = conf_tree(&r);
	include = root ? node_get(root, "include") : NULL;
	if (include)
		node_remove(root, include);
	if (root && !changes_only)
		yaml_writer_document(w, root);
	else if (root && overlay_put(&r.overlay, w) != E_OK)
		w->bad = true;
	diag_tell(&r.diag, in->sink, in->arg);
	region_close(&r.region);
	if (!root || r.diag.errors)
		return E_PROTO;
	return wbuf_check(w);
}
