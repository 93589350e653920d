/*
 * OPTION=VALUE from the command line to the words of the configuration. What they mean is for the
 * config role to say: nothing is checked here but the form.
 */
#include "tool/edit.h"

#include "conf/yaml_writer.h"
#include "tool/change_ask.h"
#include "tool/server.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { EDIT_UNSET_MAX = 64 };

/* What can be changed, and where it stands in a configuration. */
struct edit_kind {
	const char *command;
	const char *list;   /* "backends" */
	const char *inner;  /* list of the part behind the '/'; NULL: the name has none */
	const char *values; /* what an argument without '=' gives, or NULL: "address" */
	const char *place, *example;
};

static const struct edit_kind edit_kinds[] = {
	{ "server", "backends", "servers", "address", "BACKEND/NAME",
	  "add web/c 10.0.0.13:8080 weight=2" },
	{ "backend", "backends", NULL, NULL, "NAME",
	  "add api 'servers=[10.0.0.21:8080]' 'health={path: /healthz}'" },
	{ "route", "routes", "rules", NULL, "NAME[/RULE]",
	  "add shop 'hosts=[shop.example.nl]' backend=web" },
	{ "certificate", "certificates", NULL, NULL, "NAME",
	  "replace www chain=www.pem key=www.key" },
	{ "listener", "listeners", NULL, NULL, "NAME", "set public limits.connections=5000" },
};

static const char *const edit_acts[][2] = {
	{ "add", "add" }, { "set", "set" }, { "replace", "set" }, { "remove", "remove" }
};

struct edit {
	const struct edit_kind *kind;
	struct change_ask ask;
	const char *before;		   /* --before */
	const char *unset[EDIT_UNSET_MAX]; /* --unset */
	size_t unset_n;
	char text[CHANGE_ASK_BYTES];
	struct wbuf w;
};

static void edit_usage(const struct edit_kind *k, FILE *to)
{
	(void)fprintf(to,
		      "usage: sluis %s add|set|%sremove %s [OPTION=VALUE]...\n"
		      "           [--unset OPTION]... [--before NAME] [--reason TEXT] [--dry-run]\n"
		      "           [--json] [--state DIR]\n",
		      k->command,
		      view_eq(view_str(k->list), VIEW("certificates")) ? "replace|" : "", k->place);
	if (k->inner && view_eq(view_str(k->inner), VIEW("servers")))
		(void)fputs("       sluis server drain|enable|disable|reset BACKEND/NAME "
			    "[--wait[=TIME]]\n           [--state DIR]\n",
			    to);
	(void)fprintf(
		to,
		"\nChanges the running configuration as an edited file would, and says what "
		"changes. "
		"OPTION\nand VALUE are those of the file (docs/options.md): weight=2, "
		"health.path=/healthz, and\n'[a, b]' or '{a: b}' for lists and maps. --unset "
		"goes with set: as if the file did not have\nthe option. The change lasts over "
		"reloads and restarts, until the files say the same or\n`sluis changes drop` "
		"takes it back.\n\nexample: sluis %s %s\n",
		k->command, k->example);
}

static const char *edit_act(const char *word)
{
	for (size_t i = 0; i < sizeof edit_acts / sizeof *edit_acts; i++)
		if (view_eq(view_str(edit_acts[i][0]), view_str(word)))
			return edit_acts[i][1];
	return NULL;
}

/* "web/10.0.0.1:80": the item, and what is inside of it. A server's name may hold a '/' of its own
 * (unix:/run/x). */
static bool edit_put_place(struct edit *e, const char *place)
{
	struct view path = view_str(place);
	size_t slash = e->kind->inner ? view_find(path, '/') : path.n;
	bool wants_inner = e->kind->values != NULL;

	if (path.n == 0 || slash == 0 || slash + 1 == path.n || (wants_inner && slash == path.n))
		return false;
	WBUF_LIT(&e->w, "- at: [");
	wbuf_str(&e->w, e->kind->list);
	WBUF_LIT(&e->w, ", ");
	yaml_writer_text(&e->w, view_slice(path, 0, slash));
	if (slash < path.n) {
		WBUF_LIT(&e->w, ", ");
		wbuf_str(&e->w, e->kind->inner);
		WBUF_LIT(&e->w, ", ");
		yaml_writer_text(&e->w, view_slice(path, slash + 1, path.n));
	}
	WBUF_LIT(&e->w, "]\n");
	return true;
}

/* Options that name a file: relative to where the command is typed, not to the configuration. */
static bool edit_is_file(struct view option, struct view value)
{
	bool is = view_eq(option, VIEW("chain")) || view_eq(option, VIEW("key")) ||
		  view_eq(option, VIEW("ca")) || view_ends(option, VIEW(".ca"));

	return is && value.n && *value.p != '/' && !view_starts(value, VIEW("pkcs11:"));
}

static void edit_put_file(struct edit *e, struct view value)
{
	char path[8192] = "";
	struct wbuf w = { 0 };

	if (!getcwd(path, sizeof path / 2))
		path[0] = '\0';
	w = wbuf_of(path, sizeof path);
	w.n = view_str(path).n;
	WBUF_LIT(&w, "/");
	wbuf_view_put(&w, value);
	yaml_writer_text(&e->w, wbuf_view(&w));
}

static bool edit_put_option(struct edit *e, const char *argument, bool is_first)
{
	struct view text = view_str(argument), value = { 0 };
	size_t eq = view_find(text, '=');
	struct view option = view_slice(text, 0, eq);

	if (eq == text.n && is_first && e->kind->values) {
		option = view_str(e->kind->values);
		value = text;
	} else if (eq == text.n || eq == 0) {
		(void)fprintf(stderr, "sluis: expected OPTION=VALUE, not %s\n", argument);
		return false;
	} else {
		value = view_slice(text, eq + 1, text.n);
	}
	wbuf_str(&e->w, is_first ? "  with: {" : ", ");
	yaml_writer_text(&e->w, option);
	WBUF_LIT(&e->w, ": ");
	if (value.n && (*value.p == '[' || *value.p == '{'))
		wbuf_view_put(&e->w, value);
	else if (edit_is_file(option, value))
		edit_put_file(e, value);
	else
		yaml_writer_text(&e->w, value);
	return true;
}

/* A server that is called after its address needs no address again. */
static bool edit_has_address(int n, char **options)
{
	for (int i = 0; i < n; i++)
		if (view_starts(view_str(options[i]), VIEW("address=")) ||
		    view_find(view_str(options[i]), '=') == view_str(options[i]).n)
			return true;
	return false;
}

static bool edit_put_options(struct edit *e, const char *act, const char *place, int n,
			     char **options)
{
	bool is_first = true;

	if (view_eq(view_str(act), VIEW("add")) && e->kind->values &&
	    !edit_has_address(n, options)) {
		struct view path = view_str(place);
		size_t slash = view_find(path, '/');

		WBUF_LIT(&e->w, "  with: {address: ");
		yaml_writer_text(&e->w, view_slice(path, slash + 1, path.n));
		is_first = false;
	}
	for (int i = 0; i < n; i++, is_first = false)
		if (!edit_put_option(e, options[i], is_first))
			return false;
	if (!is_first)
		WBUF_LIT(&e->w, "}\n");
	return true;
}

static int edit_options_read(struct edit *e, int argc, char **argv)
{
	static const struct option options[] = {
		{ "state", required_argument, NULL, 's' },
		{ "reason", required_argument, NULL, 'r' },
		{ "before", required_argument, NULL, 'b' },
		{ "unset", required_argument, NULL, 'u' },
		{ "json", no_argument, NULL, 'j' },
		{ "dry-run", no_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c = 0;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 's')
			e->ask.state = optarg;
		else if (c == 'r')
			e->ask.reason = optarg;
		else if (c == 'b')
			e->before = optarg;
		else if (c == 'n')
			e->ask.is_dry = true;
		else if (c == 'j')
			e->ask.is_json = true;
		else if (c == 'u' && e->unset_n < EDIT_UNSET_MAX)
			e->unset[e->unset_n++] = optarg;
		else
			return c == 'h' ? 0 : 2;
	}
	return -1;
}

static bool edit_put_unset(struct edit *e, const char *act)
{
	if (e->unset_n && !view_eq(view_str(act), VIEW("set"))) {
		(void)fputs("sluis: --unset goes with set\n", stderr);
		return false;
	}
	for (size_t i = 0; i < e->unset_n; i++) {
		wbuf_str(&e->w, i ? ", " : "  without: [");
		yaml_writer_text(&e->w, view_str(e->unset[i]));
	}
	if (e->unset_n)
		WBUF_LIT(&e->w, "]\n");
	return true;
}

/* The change as text. False: told, or the form is wrong. */
static bool edit_put(struct edit *e, const char *act, int n, char **arguments)
{
	if (!edit_put_place(e, arguments[0])) {
		(void)fprintf(stderr, "sluis: expected %s, not %s\n", e->kind->place, arguments[0]);
		return false;
	}
	WBUF_LIT(&e->w, "  do: ");
	wbuf_str(&e->w, act);
	WBUF_LIT(&e->w, "\n");
	if (e->before) {
		WBUF_LIT(&e->w, "  before: ");
		yaml_writer_text(&e->w, view_str(e->before));
		WBUF_LIT(&e->w, "\n");
	}
	if (!edit_put_options(e, act, arguments[0], n - 1, arguments + 1) ||
	    !edit_put_unset(e, act))
		return false;
	if (!e->w.bad)
		return true;
	(void)fputs("sluis: that is too long for a run-time change: put it into a file\n", stderr);
	return false;
}

static int edit_with(struct edit *e, int argc, char **argv)
{
	int status = edit_options_read(e, argc, argv);
	const char *act = status < 0 && argc - optind >= 2 ? edit_act(argv[optind]) : NULL;

	e->w = wbuf_of(e->text, sizeof e->text);
	if (status < 0 && !act)
		status = 2;
	if (status >= 0) {
		edit_usage(e->kind, status == 0 ? stdout : stderr);
		return status;
	}
	if (!edit_put(e, act, argc - optind - 1, argv + optind + 1))
		return 2;
	e->ask.text = wbuf_view(&e->w);
	return change_ask_send(&e->ask);
}

static int edit_run(const struct edit_kind *kind, int argc, char **argv)
{
	struct edit *e = calloc(1, sizeof *e);
	int status = 1;

	if (!e) {
		perror("sluis");
		return 1;
	}
	*e = (struct edit){ .kind = kind, .ask = { .kind = TOOL_CHANGE_EDIT } };
	status = edit_with(e, argc, argv);
	free(e);
	return status;
}

int edit_server(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (server_is_state(argv[i]))
			return server_main(argc, argv);
	return edit_run(&edit_kinds[0], argc, argv);
}

int edit_backend(int argc, char **argv)
{
	return edit_run(&edit_kinds[1], argc, argv);
}

int edit_route(int argc, char **argv)
{
	return edit_run(&edit_kinds[2], argc, argv);
}

int edit_certificate(int argc, char **argv)
{
	return edit_run(&edit_kinds[3], argc, argv);
}

int edit_listener(int argc, char **argv)
{
	return edit_run(&edit_kinds[4], argc, argv);
}
