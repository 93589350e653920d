/* Run-time changes that the files do not know yet. */
#include "tool/changes.h"

#include "conf/conf.h"
#include "conf/document.h"
#include "conf/yaml_writer.h"
#include "tool/ask.h"
#include "tool/change_ask.h"
#include "tool/changes_json.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHANGES_BYTES = DOCUMENT_BYTES_MAX, CHANGES_APPLY_MAX = 1 << 20 };

static const char changes_usage[] =
	"usage: sluis changes [--json] [--state DIR]\n"
	"       sluis changes save [--state DIR]\n"
	"       sluis changes apply FILE|- [--reason TEXT] [--dry-run] [--json] [--state DIR]\n"
	"       sluis changes drop PATH|--all [--reason TEXT] [--dry-run] [--json]\n"
	"                          [--state DIR]\n"
	"\n"
	"Run-time changes that are in force over the files, one per line; nothing: the files say "
	"it "
	"all.\n"
	"  save   prints the whole configuration, files and changes in one, to become the file\n"
	"  apply  makes the changes of a list like the one that is printed, all or none of them\n"
	"  drop   takes changes back at a path and below: backends/web/servers/b\n";

static const char changes_diff_usage[] =
	"usage: sluis diff FILE [--json] [--state DIR]\n"
	"\n"
	"What `sluis reload` would change if FILE were the configuration; nothing is changed. "
	"Exit\n"
	"status: 0 nothing, 3 something, 1 FILE does not check or nothing runs.\n";

struct changes_options {
	const char *state, *reason;
	bool is_all, is_dry, is_json;
	int rest;
};

/* takes: the letters of options that this command has. */
static int changes_read(int argc, char **argv, const char *usage, const char *takes,
			struct changes_options *ret)
{
	static const struct option options[] = {
		{ "state", required_argument, NULL, 's' },
		{ "reason", required_argument, NULL, 'r' },
		{ "all", no_argument, NULL, 'a' },
		{ "dry-run", no_argument, NULL, 'n' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c = 0;

	*ret = (struct changes_options){ 0 };
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c != 'h' && view_find(view_str(takes), (uint8_t)c) == view_str(takes).n)
			c = '?';
		if (c == 's')
			ret->state = optarg;
		else if (c == 'r')
			ret->reason = optarg;
		else if (c == 'a')
			ret->is_all = true;
		else if (c == 'n')
			ret->is_dry = true;
		else if (c == 'j')
			ret->is_json = true;
		else
			(void)fputs(usage, c == 'h' ? stdout : stderr);
		if (c == 'h' || c == '?')
			return c == 'h' ? 0 : 2;
	}
	ret->rest = optind;
	return -1;
}

static void changes_tell(void *arg, enum diag_level level, const char *text)
{
	(void)arg;
	(void)level;
	ask_put_line(true, view_str(text));
}

static int changes_print(const struct changes_options *o, bool changes_only)
{
	struct conf_input in = { .path = "", .sink = changes_tell };
	struct wbuf w = wbuf_of(malloc(CHANGES_BYTES), CHANGES_BYTES);
	bool is_pinned = false;
	uint32_t number = 0;
	int status = w.p ? change_ask_running(o->state, &in.target, &number, &is_pinned) : 1;

	if (status == 0 && conf_print_text(&in, changes_only, &w) != E_OK)
		status = 1;
	if (status == 0 && o->is_json)
		status = changes_json_print(wbuf_view(&w), number, is_pinned);
	else if (status == 0 && fwrite(w.p, 1, w.n, stdout) != w.n)
		status = 1;
	if (status == 0 && is_pinned && !o->is_json)
		(void)fprintf(stderr,
			      "sluis: entry %u of the history is in force, not the files: `sluis "
			      "reload` applies the files\n",
			      (unsigned)number);
	free(w.p);
	return status;
}

/* "backends/web/servers/b" to a place; what is behind the third '/' is a name, whatever it holds.
 */
static void changes_put_place(struct wbuf *w, struct view path)
{
	WBUF_LIT(w, "- at: [");
	for (unsigned i = 0; path.n; i++) {
		size_t n = i < 3 ? view_find(path, '/') : path.n;

		wbuf_str(w, i ? ", " : "");
		yaml_writer_text(w, view_slice(path, 0, n));
		path = view_slice(path, n + 1, path.n);
	}
	WBUF_LIT(w, "]\n  do: drop\n");
}

static int changes_drop(const struct changes_options *o, const char *path)
{
	uint8_t text[8192];
	struct wbuf w = wbuf_of(text, sizeof text);
	struct change_ask a = { .state = o->state,
				.reason = o->reason,
				.is_dry = o->is_dry,
				.is_json = o->is_json,
				.kind = TOOL_CHANGE_EDIT };

	changes_put_place(&w, view_str(path));
	a.text = wbuf_view(&w);
	return w.bad ? 2 : change_ask_send(&a);
}

/* A list of changes, as `sluis changes` prints it, in one step. */
static int changes_apply(const struct changes_options *o, const char *path)
{
	struct change_ask a = { .state = o->state,
				.reason = o->reason,
				.is_dry = o->is_dry,
				.is_json = o->is_json,
				.kind = TOOL_CHANGE_EDIT };
	bool is_stdin = view_eq(view_str(path), VIEW("-"));
	FILE *file = is_stdin ? stdin : fopen(path, "re");
	uint8_t *text = malloc(CHANGES_APPLY_MAX + 1);
	size_t n = 0;
	int status = 1;

	if (file && text)
		n = fread(text, 1, CHANGES_APPLY_MAX + 1, file);
	if (!file || !text || ferror(file))
		perror(path);
	else if (n == 0 || n > CHANGES_APPLY_MAX)
		(void)fprintf(stderr, "sluis: %s: expected a list of changes, 1 MB at most\n",
			      path);
	else
		status = 0;
	a.text = view_of(text, n);
	if (status == 0)
		status = change_ask_send(&a);
	if (file && !is_stdin)
		(void)fclose(file);
	free(text);
	return status;
}

int changes_main(int argc, char **argv)
{
	struct changes_options o = { 0 };
	int status = changes_read(argc, argv, changes_usage, "sranj", &o), n = argc - o.rest;
	struct view verb = { 0 };

	if (status >= 0)
		return status;
	if (n == 0)
		return changes_print(&o, true);
	verb = view_str(argv[o.rest]);
	if (n == 1 && !o.is_json && view_eq(verb, VIEW("save")))
		return changes_print(&o, false);
	if (n == 2 && !o.is_all && view_eq(verb, VIEW("apply")))
		return changes_apply(&o, argv[o.rest + 1]);
	if (view_eq(verb, VIEW("drop")) && n == (o.is_all ? 1 : 2))
		return changes_drop(&o, o.is_all ? "" : argv[o.rest + 1]);
	(void)fputs(changes_usage, stderr);
	return 2;
}

int changes_diff_main(int argc, char **argv)
{
	struct changes_options o = { 0 };
	int status = changes_read(argc, argv, changes_diff_usage, "sj", &o);

	if (status < 0 && argc - o.rest != 1) {
		(void)fputs(changes_diff_usage, stderr);
		status = 2;
	}
	return status >= 0 ? status : change_ask_diff(o.state, argv[o.rest], o.is_json);
}
