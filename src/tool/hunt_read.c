/* Reading files; what is wrong in them is said with file, line and column. */
#include "tool/hunt_read.h"

#include "ipc/audit_line.h"
#include "sys/fd.h"
#include "tool/hunt_csaf.h"
#include "tool/hunt_list.h"
#include "tool/hunt_stix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_ERRORS_SHOWN = 20 };

static const char *const read_names[HUNT_FORMATS] = {
	[HUNT_ANY] = "any",
	[HUNT_LIST] = "list",
	[HUNT_STIX] = "stix",
	[HUNT_CSAF] = "csaf",
};

enum err hunt_read_format(const char *name, enum hunt_format *ret)
{
	for (unsigned f = HUNT_LIST; f < HUNT_FORMATS; f++) {
		if (!view_eq(view_str(name), view_str(read_names[f])))
			continue;
		*ret = (enum hunt_format)f;
		return E_OK;
	}
	return E_PROTO;
}

struct read_list {
	const char *name;
	unsigned errors;
};

static void read_on_error(void *arg, const struct hunt_list_error *e)
{
	struct read_list *l = arg;

	if (l->errors++ < READ_ERRORS_SHOWN)
		(void)fprintf(stderr, "%s:%u:%u: %s\n", l->name, (unsigned)e->line,
			      (unsigned)e->column, e->why);
}

static enum err read_list(struct hunt_set *s, const char *name, struct view text)
{
	struct read_list l = { .name = name };
	enum err e = hunt_list_read(s, view_str(name), text, read_on_error, &l);

	if (l.errors > READ_ERRORS_SHOWN)
		(void)fprintf(stderr, "%s: %u more like these\n", name,
			      l.errors - READ_ERRORS_SHOWN);
	return e;
}

/* jansson's words quote the file: nothing of it may move a terminal. */
static void read_refuse_json(const char *name, const json_error_t *error)
{
	uint8_t text[JSON_ERROR_TEXT_LENGTH * 8];
	struct wbuf w = wbuf_of(text, sizeof text);

	audit_line_put_printable(&w, view_str(error->text));
	(void)fprintf(stderr, "%s:%d:%d: this is no JSON: %.*s\n", name, error->line, error->column,
		      (int)w.n, (const char *)w.p);
}

static enum err read_json(struct hunt_set *s, enum hunt_format format, const char *name,
			  struct view text)
{
	json_error_t error = { 0 };
	json_t *doc = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &error);
	enum err e = E_PROTO;

	if (!doc) {
		read_refuse_json(name, &error);
		return E_PROTO;
	}
	if (format == HUNT_STIX || (format == HUNT_ANY && hunt_stix_is(doc)))
		e = hunt_stix_read(s, view_str(name), doc);
	else if (format == HUNT_CSAF || hunt_csaf_is(doc))
		e = hunt_csaf_read(s, view_str(name), doc);
	if (e == E_PROTO)
		(void)fprintf(stderr,
			      "%s: this is neither a STIX 2.1 bundle (\"type\": \"bundle\", "
			      "\"objects\": [...]) nor a CSAF 2.0 advisory "
			      "(document.csaf_version)\n",
			      name);
	json_decref(doc);
	return e;
}

/* JSON of an object begins so; a line of a list never does. */
static bool read_is_json(struct view text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] != ' ' && text.p[i] != '\t' && text.p[i] != '\n' && text.p[i] != '\r')
			return text.p[i] == '{';
	return false;
}

enum err hunt_read_text(struct hunt_set *s, enum hunt_format format, const char *name,
			struct view text)
{
	bool is_list = format == HUNT_LIST || (format == HUNT_ANY && !read_is_json(text));
	enum err e = is_list ? read_list(s, name, text) : read_json(s, format, name, text);

	if (e == E_LIMIT)
		(void)fprintf(stderr,
			      "%s: too much: all files together have at most %d indicators, %d "
			      "values, and %d MB of text to be found inside others\n",
			      name, HUNT_INDICATORS, HUNT_VALUES, HUNT_PARTS >> 20);
	if (e == E_NOMEM)
		(void)fprintf(stderr, "%s: there is not enough memory\n", name);
	return e;
}

static enum err read_refuse(const char *path, const char *why)
{
	char reason[128] = "";

	(void)fprintf(stderr, "sluis hunt: %s: %s\n", path,
		      why ? why : strerror_r(errno, reason, sizeof reason));
	return E_SYS;
}

static enum err read_bytes(int fd, const char *path, struct wbuf *w)
{
	for (;;) {
		ssize_t n = read(fd, w->p + w->n, w->cap - w->n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return read_refuse(path, NULL);
		if (n == 0)
			return E_OK;
		w->n += (size_t)n;
		if (w->n == w->cap)
			return read_refuse(path, "it is too big: at most 64 MB");
	}
}

enum err hunt_read_file(struct hunt_set *s, enum hunt_format format, const char *path)
{
	bool is_standard = view_eq(view_str(path), VIEW("-"));
	AUTO_FD fd = is_standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
				 : open(path, O_RDONLY | O_CLOEXEC);
	struct stat st = { 0 };
	size_t room = HUNT_FILE_BYTES + 1;
	struct wbuf w = { 0 };
	enum err e = E_SYS;

	if (fd < 0 || fstat(fd, &st) != 0)
		return read_refuse(path, NULL);
	if (S_ISREG(st.st_mode) && st.st_size < HUNT_FILE_BYTES)
		room = (size_t)st.st_size + 4096;
	w = wbuf_of(malloc(room), room);
	if (!w.p)
		return read_refuse(path, "there is not enough memory");
	e = read_bytes(fd, path, &w);
	if (e == E_OK)
		e = hunt_read_text(s, format, is_standard ? "standard input" : path, wbuf_view(&w));
	free(w.p);
	return e;
}
