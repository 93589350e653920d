/* The history of configurations, from its files: also of an instance that does not run. */
#include "tool/past.h"

#include "base/date.h"
#include "conf/conf.h"
#include "conf/document.h"
#include "ipc/history_entry.h"
#include "sys/fd.h"
#include "sys/shm.h"
#include "tool/ask.h"
#include "tool/change_ask.h"
#include "tool/state_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAST_ENTRIES = 2048 };

static const char past_usage[] =
	"usage: sluis history [--json] [--state DIR]\n"
	"       sluis history show NUMBER [--config | --json] [--state DIR]\n"
	"\n"
	"Every configuration that was applied, newest last: when, who, how, why. The last 100 are "
	"kept.\n"
	"  show   what the entry changed; --config: the whole configuration that was in force "
	"then\n";

static const char past_rollback_usage[] =
	"usage: sluis rollback NUMBER [--reason TEXT] [--dry-run] [--json] [--state DIR]\n"
	"\n"
	"Applies an entry of `sluis history` again, files and run-time changes as they were then, "
	"after\n"
	"checking it anew. It stays, over restarts too, until `sluis reload` applies the files "
	"again.\n"
	"--dry-run: prints what would change.\n";

struct past_options {
	const char *state, *reason;
	bool is_json, is_dry, wants_config;
	int rest;
};

/* takes: the letters of options that this command has. */
static int past_read(int argc, char **argv, const char *usage, const char *takes,
		     struct past_options *ret)
{
	static const struct option options[] = {
		{ "state", required_argument, NULL, 's' },
		{ "reason", required_argument, NULL, 'r' },
		{ "json", no_argument, NULL, 'j' },
		{ "dry-run", no_argument, NULL, 'n' },
		{ "config", no_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c = 0;

	*ret = (struct past_options){ 0 };
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c != 'h' && view_find(view_str(takes), (uint8_t)c) == view_str(takes).n)
			c = '?';
		ret->state = c == 's' ? optarg : ret->state;
		ret->reason = c == 'r' ? optarg : ret->reason;
		ret->is_json |= c == 'j';
		ret->is_dry |= c == 'n';
		ret->wants_config |= c == 'c';
		if (c == 'h' || c == '?') {
			(void)fputs(usage, c == 'h' ? stdout : stderr);
			return c == 'h' ? 0 : 2;
		}
	}
	ret->rest = optind;
	return -1;
}

/* ---- entries ---- */

static int past_directory(const char *state)
{
	char dir[STATE_DIR_MAX + 1], path[STATE_DIR_MAX + 16];
	int fd = -1;

	if (state_dir_path(state, dir) != E_OK)
		return -1;
	(void)snprintf(path, sizeof path, "%s/config", dir);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		char reason[128] = "";

		(void)fprintf(stderr, "sluis: %s: %s\n", path,
			      strerror_r(errno, reason, sizeof reason));
	}
	return fd;
}

/* An entry, mapped as long as the command lives. False: *ret_why says why not. */
static bool past_entry(int dir, uint32_t number, struct history_entry *ret, const char **ret_why)
{
	char name[16];
	AUTO_FD fd = -1;
	void *p = NULL;
	size_t n = 0;

	(void)snprintf(name, sizeof name, "%08u", (unsigned)number);
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	*ret_why = fd < 0 && errno == ENOENT ? "there is no such entry" : "it can't be read";
	if (fd < 0)
		return false;
	*ret_why = "it is damaged: it is empty";
	if (shm_map(fd, false, &p, &n) != E_OK)
		return false;
	if (history_entry_read(view_of(p, n), ret, ret_why) != E_OK)
		return false;
	*ret_why = "it is damaged: it is another entry";
	return ret->number == number;
}

static int past_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The numbers of the entries that are there, in order. */
static size_t past_numbers(int dir, uint32_t numbers[PAST_ENTRIES])
{
	int copy = fcntl(dir, F_DUPFD_CLOEXEC, 3);
	DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *entry = NULL;
	size_t n = 0;

	/* one process, one thread: readdir's state is ours alone */
	while (d && n < PAST_ENTRIES && (entry = readdir(d)) != NULL) { // NOLINT
		struct view name = view_str(entry->d_name);
		uint64_t number = 0;

		if (name.n == 8 && view_dec(name, &number) == E_OK)
			numbers[n++] = (uint32_t)number;
	}
	if (d)
		(void)closedir(d);
	if (n)
		qsort(numbers, n, sizeof numbers[0], past_compare);
	return n;
}

static uint32_t past_number(const char *text)
{
	uint64_t number = 0;

	if (view_dec(view_str(text), &number) != E_OK || number > 99999999)
		return 0;
	return (uint32_t)number;
}

/* ---- printing ---- */

static uint32_t past_lines(struct view diff)
{
	uint32_t n = 0;

	for (size_t i = 0; i < diff.n; i++)
		n += diff.p[i] == '\n';
	return n;
}

static void past_put_head(const struct history_entry *e)
{
	char line[600];
	struct wbuf w = wbuf_of(line, sizeof line);

	wbuf_dec(&w, e->number);
	while (w.n < 6)
		WBUF_LIT(&w, " ");
	date_put_utc(&w, e->wall_us - e->wall_us % 1000000);
	WBUF_LIT(&w, "  uid ");
	wbuf_dec(&w, e->uid);
	WBUF_LIT(&w, "  ");
	wbuf_str(&w, history_entry_kind_name(e->kind));
	if (e->from) {
		WBUF_LIT(&w, " to ");
		wbuf_dec(&w, e->from);
	}
	WBUF_LIT(&w, ", ");
	wbuf_dec(&w, past_lines(e->diff));
	wbuf_view_put(&w, past_lines(e->diff) == 1 ? VIEW(" difference") : VIEW(" differences"));
	if (e->reason.n) {
		WBUF_LIT(&w, ": ");
		wbuf_view_put(&w, e->reason);
	}
	ask_put_line(false, wbuf_view(&w));
}

static json_t *past_json_text(struct view v)
{
	json_t *text = json_stringn((const char *)v.p, v.n);

	return text ? text : json_null();
}

static json_t *past_json(const struct history_entry *e)
{
	json_t *lines = json_array();
	struct view rest = e->diff;
	char when[32];
	struct wbuf w = wbuf_of(when, sizeof when);

	date_put_utc(&w, e->wall_us);
	while (rest.n) {
		size_t n = view_find(rest, '\n');

		(void)json_array_append_new(lines, past_json_text(view_slice(rest, 0, n)));
		rest = view_slice(rest, n + 1, rest.n);
	}
	return json_pack("{s:I, s:o, s:I, s:s, s:o, s:b, s:o, s:o}", "number",
			 (json_int_t)e->number, "time", past_json_text(wbuf_view(&w)), "uid",
			 (json_int_t)e->uid, "kind", history_entry_kind_name(e->kind), "from",
			 e->from ? json_integer(e->from) : json_null(), "pinned", (int)e->is_pinned,
			 "reason", past_json_text(e->reason), "differences", lines);
}

static int past_json_print(json_t *doc)
{
	int status = doc && json_dumpf(doc, stdout, JSON_INDENT(2)) == 0 ? 0 : 1;

	json_decref(doc);
	(void)putchar('\n');
	return status;
}

static void past_refuse(uint32_t number, const char *why)
{
	(void)fprintf(stderr, "sluis: entry %u of the history: %s\n", (unsigned)number, why);
}

/* One that is damaged is told; the others are shown. */
static int past_list(int dir, bool is_json)
{
	uint32_t numbers[PAST_ENTRIES];
	json_t *list = is_json ? json_array() : NULL;
	size_t n = past_numbers(dir, numbers);
	int status = 0;

	for (size_t i = 0; i < n; i++) {
		struct history_entry e = { 0 };
		const char *why = "";

		if (!past_entry(dir, numbers[i], &e, &why)) {
			past_refuse(numbers[i], why);
			status = 1;
		} else if (is_json) {
			(void)json_array_append_new(list, past_json(&e));
		} else {
			past_put_head(&e);
		}
	}
	if (is_json && past_json_print(list) != 0)
		return 1;
	return status;
}

static void past_tell(void *arg, enum diag_level level, const char *text)
{
	(void)arg;
	(void)level;
	ask_put_line(true, view_str(text));
}

static int past_show_config(const struct history_entry *e)
{
	struct conf_input in = { .path = "", .sink = past_tell, .target = e->document };
	struct wbuf w = wbuf_of(malloc(DOCUMENT_BYTES_MAX), DOCUMENT_BYTES_MAX);
	int status = 1;

	if (w.p && conf_print_text(&in, false, &w) == E_OK)
		status = fwrite(w.p, 1, w.n, stdout) == w.n ? 0 : 1;
	free(w.p);
	return status;
}

static int past_show(int dir, const struct past_options *o, uint32_t number)
{
	struct history_entry e = { 0 };
	const char *why = "";
	struct view rest = { 0 };

	if (!past_entry(dir, number, &e, &why)) {
		past_refuse(number, why);
		return 1;
	}
	if (o->wants_config)
		return past_show_config(&e);
	if (o->is_json)
		return past_json_print(past_json(&e));
	past_put_head(&e);
	for (rest = e.diff; rest.n;) {
		size_t n = view_find(rest, '\n');

		ask_put_line(false, view_slice(rest, 0, n));
		rest = view_slice(rest, n + 1, rest.n);
	}
	return 0;
}

int past_main(int argc, char **argv)
{
	struct past_options o = { 0 };
	int status = past_read(argc, argv, past_usage, "sjc", &o), n = argc - o.rest;
	bool is_show = status < 0 && n == 2 && view_eq(view_str(argv[o.rest]), VIEW("show"));
	uint32_t number = is_show ? past_number(argv[o.rest + 1]) : 0;
	AUTO_FD dir = -1;

	if (status >= 0)
		return status;
	if ((n != 0 && !is_show) || (is_show && number == 0)) {
		(void)fputs(past_usage, stderr);
		return 2;
	}
	dir = past_directory(o.state);
	if (dir < 0)
		return 1;
	return is_show ? past_show(dir, &o, number) : past_list(dir, o.is_json);
}

int past_rollback_main(int argc, char **argv)
{
	struct past_options o = { 0 };
	int status = past_read(argc, argv, past_rollback_usage, "srjn", &o);
	struct change_ask a = { .kind = TOOL_CHANGE_TARGET };
	struct history_entry e = { 0 };
	const char *why = "";
	AUTO_FD dir = -1;

	if (status >= 0)
		return status;
	a.from = argc - o.rest == 1 ? past_number(argv[o.rest]) : 0;
	if (a.from == 0) {
		(void)fputs(past_rollback_usage, stderr);
		return 2;
	}
	dir = past_directory(o.state);
	if (dir < 0)
		return 1;
	if (!past_entry(dir, a.from, &e, &why)) {
		past_refuse(a.from, why);
		return 1;
	}
	a.state = o.state;
	a.reason = o.reason;
	a.is_dry = o.is_dry;
	a.is_json = o.is_json;
	a.text = e.document;
	return change_ask_send(&a);
}
