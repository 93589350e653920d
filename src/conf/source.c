/* Finding, reading and joining configuration files; config role and `sluis check`. */
#include "conf/source.h"

#include "conf/names.h"
#include "conf/region.h"
#include "sys/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *source_cstr(struct view v)
{
	return v.n ? (const char *)v.p : "";
}

/* Why a file can't be read, and what to do about rights: the config role has a uid of its own. */
static const char *source_why(struct arena *region, int error)
{
	char reason[128] = "", text[300] = "";
	const char *plain = strerror_r(error, reason, sizeof reason);

	if (error == EACCES)
		(void)snprintf(text, sizeof text,
			       "%s: it must be readable by uid %u, under which the configuration "
			       "is read (chmod 644, or chgrp to its group)",
			       plain, (unsigned)geteuid());
	else
		(void)snprintf(text, sizeof text, "%s", plain);
	return source_cstr(region_copy(region, view_str(text)));
}

enum err source_read(struct arena *region, struct view path, size_t max, struct view *ret,
		     const char **ret_why)
{
	AUTO_FD fd = open(source_cstr(path), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st = { 0 };
	struct wbuf w = { 0 };
	size_t size = 0;

	if (fd < 0 || fstat(fd, &st) < 0) {
		*ret_why = source_why(region, errno);
		return E_SYS;
	}
	if (!S_ISREG(st.st_mode)) {
		*ret_why = "it is not a regular file";
		return E_DENIED;
	}
	size = (size_t)st.st_size;
	if (size > max) {
		*ret_why = "it is too large";
		return E_LIMIT;
	}
	w = wbuf_of(region_alloc(region, size + 1, 1, 1), size + 1);
	if (fd_read_all(fd, &w) != E_OK) {
		*ret_why = "reading it failed, or it grew while it was read";
		return E_SYS;
	}
	*ret = wbuf_view(&w);
	return E_OK;
}

/* The part of a path up to and with its last '/'; empty: none. */
static struct view source_dir(struct view path)
{
	while (path.n && path.p[path.n - 1] != '/')
		path.n--;
	return path;
}

static struct view source_absolute(struct arena *region, struct view path)
{
	char cwd[PATH_MAX] = "";

	if (view_starts(path, VIEW("/")))
		return region_copy(region, path);
	if (!getcwd(cwd, sizeof cwd - 1))
		return region_copy(region, path);
	return region_join(region, region_join(region, view_str(cwd), VIEW("/")), path);
}

struct view source_path(const struct source *s, struct place at, struct view name)
{
	if (view_starts(name, VIEW("/")) || at.file >= s->diag->file_n)
		return region_copy(s->region, name);
	return region_join(s->region, s->dirs[at.file], name);
}

/* One file to its tree; shown is its name for people, real where it lies. */
static struct node *source_tree(struct source *s, struct view shown, struct view real,
				struct place named_at)
{
	struct diag *d = s->diag;
	struct view text = { 0 };
	const char *why = NULL;
	uint16_t file = d->file_n;

	if (file >= SOURCE_FILES_MAX || s->bytes > SOURCE_TOTAL_MAX) {
		diag_error(d, named_at, "the configuration has too many or too large files");
		return NULL;
	}
	d->files[file] = region_copy(s->region, shown);
	s->dirs[file] = region_copy(s->region, source_dir(real));
	d->file_n++;
	if (s->from) {
		text = s->from->files[file].text;
	} else if (source_read(s->region, real, SOURCE_FILE_MAX, &text, &why) != E_OK) {
		diag_error(d, named_at, "%.*s can't be read: %s", DIAG_VIEW(shown), why);
		return NULL;
	}
	s->bytes += text.n;
	s->files[file] = (struct document_file){ .shown = d->files[file],
						 .path = region_copy(s->region, real),
						 .text = text };
	return yaml_reader_parse(&s->yaml, text, file);
}

struct node *source_text(struct source *s, struct view shown, struct view text)
{
	struct diag *d = s->diag;
	uint16_t file = d->file_n;

	INVARIANT(file < SOURCE_FILES_MAX + SOURCE_TEXTS_MAX);
	d->files[file] = region_copy(s->region, shown);
	s->dirs[file] = s->dirs[0];
	d->file_n++;
	return yaml_reader_parse(&s->yaml, text, file);
}

static struct node *source_file(struct source *s, struct view shown, struct view real,
				struct place named_at)
{
	struct node *tree = source_tree(s, shown, real, named_at);

	s->is_broken |= tree == NULL;
	return tree;
}

/* Pattern with any number of '*', which stands for any bytes; linear in pattern times name. */
static bool source_matches(struct view pattern, struct view name)
{
	size_t p = 0, n = 0, star = SIZE_MAX, mark = 0;

	while (n < name.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			mark = n;
		} else if (p < pattern.n && pattern.p[p] == name.p[n]) {
			p++;
			n++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			n = ++mark;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

static int source_compare(const void *left, const void *right)
{
	const struct view *a = left, *b = right;
	size_t n = a->n < b->n ? a->n : b->n;

	for (size_t i = 0; i < n; i++)
		if (a->p[i] != b->p[i])
			return a->p[i] < b->p[i] ? -1 : 1;
	return (a->n > b->n) - (a->n < b->n);
}

/* The names in dir that match, sorted; files that start with a dot are left alone. */
static struct view *source_list(struct source *s, DIR *dir, struct view pattern, size_t *ret_n)
{
	struct view *names = REGION_NEW(s->region, struct view, SOURCE_FILES_MAX);
	const struct dirent *entry = NULL;
	size_t n = 0;

	/* one process, one thread: readdir's state is ours alone */
	while (n < SOURCE_FILES_MAX && (entry = readdir(dir)) != NULL) { // NOLINT
		struct view name = view_str(entry->d_name);

		if (name.p[0] != '.' && source_matches(pattern, name))
			names[n++] = region_copy(s->region, name);
	}
	if (n)
		qsort(names, n, sizeof names[0], source_compare);
	*ret_n = n;
	return names;
}

/*
 * Joins one file's tree to the whole: lists go on, what is there twice is an error. The whole has
 * one entry per option, so the search is short.
 */
static void source_join(struct source *s, struct node *whole, struct node *part)
{
	struct node *next = NULL;

	for (struct node *n = part->first; n; n = next) {
		struct node *have = NULL;

		next = n->next;
		for (have = whole->first; have && !view_eq(have->key, n->key);)
			have = have->next;
		if (!have) {
			node_append(whole, n);
		} else if (have->kind == NODE_LIST && n->kind == NODE_LIST) {
			if (n->first && have->last)
				have->last->next = n->first;
			else if (n->first)
				have->first = n->first;
			have->last = n->last ? n->last : have->last;
			have->n += n->n;
		} else {
			diag_error(s->diag, n->key_at, "\"%.*s\" is given twice: it is also at %s",
				   DIAG_VIEW(n->key),
				   source_cstr(diag_place(s->diag, have->key_at)));
		}
	}
}

static void source_include_file(struct source *s, struct node *whole, struct view shown,
				struct view real, struct place at)
{
	struct node *part = source_file(s, shown, real, at);
	const struct node *nested = NULL;

	if (!part)
		return;
	if (part->kind != NODE_MAP) {
		diag_error(s->diag, part->at, "expected options, like in the main file");
		return;
	}
	nested = node_get(part, "include");
	if (nested)
		diag_error(s->diag, nested->key_at, "only the main file may include others");
	else
		source_join(s, whole, part);
}

/* One pattern of "include": a file, or '*' in the last part of the path. */
static void source_include(struct source *s, struct node *whole, const struct node *item,
			   struct view shown_dir)
{
	struct view pattern = item->text, dir = source_dir(pattern);
	struct view last = view_slice(pattern, dir.n, pattern.n), real = { 0 };
	struct view *names = NULL;
	size_t n = 0;
	DIR *handle = NULL;

	if (item->kind != NODE_SCALAR || last.n == 0 || view_find(dir, '*') < dir.n) {
		diag_error(
			s->diag, item->at,
			"expected a file, or a pattern with '*' in its last part: conf.d/*.yaml");
		return;
	}
	if (view_starts(pattern, VIEW("/")))
		shown_dir = (struct view){ 0 };
	shown_dir = region_join(s->region, shown_dir, dir);
	real = source_path(s, item->at, dir);
	if (view_find(last, '*') == last.n) {
		source_include_file(s, whole, region_join(s->region, shown_dir, last),
				    region_join(s->region, real, last), item->at);
		return;
	}
	handle = opendir(source_cstr(real));
	if (!handle) {
		if (errno != ENOENT) /* no directory: nothing to include yet */
			diag_error(s->diag, item->at, "%.*s can't be read: %s",
				   DIAG_VIEW(shown_dir), source_why(s->region, errno));
		return;
	}
	names = source_list(s, handle, last, &n);
	(void)closedir(handle);
	for (size_t i = 0; i < n; i++)
		source_include_file(s, whole, region_join(s->region, shown_dir, names[i]),
				    region_join(s->region, real, names[i]), item->at);
}

/* What "include" names, in its order; from a document: its other files. */
static void source_includes(struct source *s, struct node *whole, struct view shown)
{
	const struct node *include = node_get(whole, "include");

	for (uint32_t i = 1; s->from && i < s->from->file_n; i++)
		source_include_file(s, whole, s->from->files[i].shown, s->from->files[i].path,
				    whole->at);
	if (s->from)
		return;
	if (include && include->kind != NODE_LIST)
		diag_error(s->diag, include->at, "expected a list: [conf.d/*.yaml]");
	else if (include)
		for (const struct node *n = include->first; n; n = n->next)
			source_include(s, whole, n, source_dir(shown));
}

struct node *source_load(struct source *s, const char *path)
{
	struct view shown = s->from ? s->from->files[0].shown : view_str(path),
		    real = s->from ? s->from->files[0].path : source_absolute(s->region, shown);
	struct node *whole = NULL;

	s->dirs = REGION_NEW(s->region, struct view, SOURCE_FILES_MAX + SOURCE_TEXTS_MAX);
	s->files = REGION_NEW(s->region, struct document_file, SOURCE_FILES_MAX);
	s->yaml = (struct yaml_reader){ .region = s->region, .diag = s->diag };
	whole = source_file(s, shown, real, (struct place){ 0 });
	if (!whole)
		return NULL;
	if (whole->kind != NODE_MAP) {
		diag_error(s->diag, whole->at,
			   "expected options: \"listeners:\", \"backends:\", \"routes:\", ...");
		return NULL;
	}
	source_includes(s, whole, shown);
	return whole;
}
