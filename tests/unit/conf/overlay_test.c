/*
 * conf/overlay.c, overlay_apply.c, diff.c, document.c, yaml_writer.c: run-time changes on top of a
 * file, as a table: the changes in force, the change that is asked for, and what becomes of them.
 */
#include "conf/conf.h"
#include "conf/document.h"
#include "conf/region.h"
#include "sys/fd.h"
#include "sys/shm.h"
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 1 << 16 };

static const char site[] =
	"listeners: [{name: l, address: \"127.0.0.1:80\", protocol: http}]\n"
	"backends:\n"
	"  - name: web\n"
	"    servers: [\"127.0.0.1:1\", {name: b, address: \"127.0.0.1:2\", weight: 3}]\n"
	"  - {name: old, servers: [\"127.0.0.1:3\"]}\n"
	"routes:\n"
	"  - {name: all, hosts: [\"*\"], backend: web}\n";

#define AT_B   "- {at: [backends, web, servers, b], do: "
#define AT_C   "- {at: [backends, web, servers, c], do: "
#define AT_WEB "- {at: [backends, web], do: "
#define AT_OLD "- {at: [backends, old], do: "

struct row {
	const char *name, *changes, *edit;
	const char *after; /* the changes that are in force then; NULL: refused */
	const char *tells; /* differences, or a part of the error */
};

static const struct row rows[] = {
	{ "set", "", AT_B "set, with: {weight: 5}}\n", AT_B "set, with: {weight: 5}}\n",
	  "backends/web/servers/b/weight: 3 -> 5\n" },
	{ "set what is so already", "", AT_B "set, with: {weight: 3}}\n", "", "" },
	{ "set again: one change", AT_B "set, with: {weight: 5}}\n",
	  AT_B "set, with: {weight: 6}}\n", AT_B "set, with: {weight: 6}}\n",
	  "backends/web/servers/b/weight: 5 -> 6\n" },
	{ "set back", AT_B "set, with: {weight: 5}}\n", AT_B "set, with: {weight: 3}}\n", "",
	  "backends/web/servers/b/weight: 5 -> 3\n" },
	{ "set another option", AT_B "set, with: {weight: 5}}\n",
	  AT_B "set, with: {state: drain}}\n", AT_B "set, with: {weight: 5, state: drain}}\n",
	  "backends/web/servers/b/state: enabled (default) -> drain\n" },
	{ "set a server that is only an address", "",
	  "- {at: [backends, web, servers, \"127.0.0.1:1\"], do: set, with: {weight: 2}}\n",
	  "- {at: [backends, web, servers, \"127.0.0.1:1\"], do: set, with: {weight: 2}}\n",
	  "backends/web/servers/127.0.0.1:1/weight: 1 (default) -> 2\n" },
	{ "set inside of a map", "", AT_WEB "set, with: {health.path: /h}}\n",
	  AT_WEB "set, with: {health.path: /h}}\n",
	  "backends/web/health: not set -> {path: /h}\n" },
	{ "a map goes before what was inside of it", AT_WEB "set, with: {health.path: /h}}\n",
	  AT_WEB "set, with: {health: {tcp: true}}}\n",
	  AT_WEB "set, with: {health: {tcp: true}}}\n",
	  "backends/web/health/path: /h -> not set\n" },
	{ "unset", "", AT_B "set, without: [weight]}\n", AT_B "set, without: [weight]}\n",
	  "backends/web/servers/b/weight: 3 -> 1 (default)\n" },
	{ "unset what is not set", "", AT_B "set, without: [state]}\n", NULL,
	  "backends/web/servers/b/state: error: it is not set here" },
	{ "unset what no option is called", AT_B "set, with: {weight: 5}}\n",
	  AT_B "set, without: [no_such]}\n", NULL, "error: it is not set here" },
	{ "unset twice", AT_B "set, without: [weight]}\n", AT_B "set, without: [weight]}\n", NULL,
	  "error: it is not set here" },
	{ "unset what a change set over the file", AT_B "set, with: {weight: 5}}\n",
	  AT_B "set, without: [weight]}\n", AT_B "set, without: [weight]}\n",
	  "backends/web/servers/b/weight: 5 -> 1 (default)\n" },
	{ "unset what a change alone set", AT_B "set, with: {state: drain, weight: 7}}\n",
	  AT_B "set, without: [state]}\n", AT_B "set, with: {weight: 7}, without: [state]}\n",
	  "backends/web/servers/b/state: drain -> enabled (default)\n" },
	{ "unset all that a change set", AT_B "set, with: {state: drain}}\n",
	  AT_B "set, without: [state]}\n", "",
	  "backends/web/servers/b/state: drain -> enabled (default)\n" },
	{ "set again what was unset", AT_B "set, without: [weight]}\n",
	  AT_B "set, with: {weight: 9}}\n", AT_B "set, with: {weight: 9}}\n",
	  "backends/web/servers/b/weight: 1 (default) -> 9\n" },
	{ "set and unset at once", "", AT_B "set, with: {backup: true}, without: [weight]}\n",
	  AT_B "set, with: {backup: true}, without: [weight]}\n",
	  "backends/web/servers/b/weight: 3 -> 1 (default)\n"
	  "backends/web/servers/b/backup: false (default) -> true\n" },
	{ "unset inside of a map that a change set",
	  AT_WEB "set, with: {health: {path: /h, interval: 1s}}}\n",
	  AT_WEB "set, without: [health.interval]}\n",
	  AT_WEB "set, with: {health: {path: /h}}, without: [health.interval]}\n",
	  "backends/web/health/interval: 1s -> 2s (default)\n" },
	{ "unset a map with what was set inside", AT_WEB "set, with: {health.path: /h}}\n",
	  AT_WEB "set, without: [health]}\n", "", "backends/web/health: {path: /h} -> not set\n" },
	{ "unset of what was added", AT_C "add, with: {address: \"127.0.0.1:4\", weight: 2}}\n",
	  AT_C "set, without: [weight]}\n", AT_C "add, with: {address: \"127.0.0.1:4\"}}\n",
	  "backends/web/servers/c/weight: 2 -> 1 (default)\n" },
	{ "unset of what was added without it", AT_C "add, with: {address: \"127.0.0.1:4\"}}\n",
	  AT_C "set, without: [weight]}\n", NULL, "error: it is not set here" },
	{ "unset what is needed", "", AT_WEB "set, without: [servers]}\n", NULL, "servers" },
	{ "unset a name", "", AT_B "set, without: [name]}\n", NULL, "a name can't be unset" },
	{ "without, and not set", "", AT_B "remove, without: [weight]}\n", NULL,
	  "with do: set alone" },
	{ "without nothing", "", AT_B "set, without: []}\n", NULL, "a list of options" },
	{ "without a list", "", AT_B "set, without: [[weight]]}\n", NULL, "the name of an option" },
	{ "drop an unset", AT_B "set, without: [weight]}\n", AT_B "drop}\n", "",
	  "backends/web/servers/b/weight: 1 (default) -> 3\n" },
	{ "add", "", AT_C "add, with: {address: \"127.0.0.1:4\"}}\n",
	  AT_C "add, with: {address: \"127.0.0.1:4\"}}\n",
	  "+ backends/web/servers/c: {name: c, address: \"127.0.0.1:4\"}\n" },
	{ "add a zone", "", "- {at: [zones, office], do: add, with: {networks: [10.0.0.0/8]}}\n",
	  "- {at: [zones, office], do: add, with: {networks: [10.0.0.0/8]}}\n",
	  "zones: not set -> [{name: office, networks: [10.0.0.0/8]}]\n" },
	{ "a listener that is used from inside", "",
	  "- {at: [listeners, l], do: set, with: {inside: true}}\n",
	  "- {at: [listeners, l], do: set, with: {inside: true}}\n",
	  "listeners/l/inside: false (default) -> true\n" },
	{ "isolation is of the files", "", "- {at: [isolation], do: set, with: {soak: 1h}}\n", NULL,
	  "a change says do: add" },
	{ "set inside of an access rule, without a portal", "",
	  "- {at: [apps, a], do: add, with: {host: a.example.nl, backend: web, access.allow.user: "
	  "jan}}\n",
	  NULL, "error: applications are reached through the portal" },
	{ "add in front", "", AT_C "add, before: b, with: {address: \"127.0.0.1:4\"}}\n",
	  AT_C "add, before: b, with: {address: \"127.0.0.1:4\"}}\n",
	  "+ backends/web/servers/c: {name: c, address: \"127.0.0.1:4\"}\n" },
	{ "add in front of nothing", "", AT_C "add, before: z, with: {address: \"127.0.0.1:4\"}}\n",
	  NULL, "run-time change: backends/web/servers/c: error: there is no \"z\"" },
	{ "add, then set", AT_C "add, with: {address: \"127.0.0.1:4\"}}\n",
	  AT_C "set, with: {weight: 2}}\n",
	  AT_C "add, with: {address: \"127.0.0.1:4\", weight: 2}}\n",
	  "backends/web/servers/c/weight: 1 (default) -> 2\n" },
	{ "add, then set inside of a map", AT_OLD "remove}\n",
	  AT_OLD "add, with: {servers: [\"127.0.0.1:9\"]}}\n" AT_OLD
		 "set, with: {health.path: /h}}\n",
	  AT_OLD "replace, with: {servers: [\"127.0.0.1:9\"], health.path: /h}}\n",
	  "+ backends/old: {name: old, servers: [\"127.0.0.1:9\"], health: {path: /h}}\n" },
	{ "add, then remove: nothing happened", AT_C "add, with: {address: \"127.0.0.1:4\"}}\n",
	  AT_C "remove}\n", "", "- backends/web/servers/c\n" },
	{ "add what is there", "", AT_B "add, with: {address: \"127.0.0.1:4\"}}\n", NULL,
	  "run-time change: backends/web/servers/b: error: there is one already, at site.yaml:4" },
	{ "add what was added", AT_C "add, with: {address: \"127.0.0.1:4\"}}\n",
	  AT_C "add, with: {address: \"127.0.0.1:5\"}}\n", NULL,
	  "there is one already, at run-time "
	  "change: "
	  "backends/web/servers/c" },
	{ "add where there is nothing", "",
	  "- {at: [backends, z, servers, c], do: add, with: {address: \"127.0.0.1:4\"}}\n", NULL,
	  "there is none of that name" },
	{ "remove", "", AT_OLD "remove}\n", AT_OLD "remove}\n", "- backends/old\n" },
	{ "remove takes what is inside along",
	  AT_WEB "set, with: {balance: round_robin}}\n" AT_OLD
		 "set, with: {balance: round_robin}}\n",
	  AT_OLD "remove}\n", AT_WEB "set, with: {balance: round_robin}}\n" AT_OLD "remove}\n",
	  "- backends/old\n" },
	{ "remove what is not there", "", AT_C "remove}\n", NULL, "there is none of that name" },
	{ "remove what is used", "", AT_WEB "remove}\n", NULL, "backend \"web\"" },
	{ "a list anew: changes inside are moot",
	  AT_B "set, with: {weight: 5}}\n" AT_C "add, with: {address: \"127.0.0.1:4\"}}\n",
	  AT_WEB "set, with: {servers: [\"127.0.0.1:7\"]}}\n",
	  AT_WEB "set, with: {servers: [\"127.0.0.1:7\"]}}\n",
	  "- backends/web/servers/127.0.0.1:1\n" },
	{ "drop", AT_B "set, with: {weight: 5}}\n" AT_OLD "remove}\n", AT_B "drop}\n",
	  AT_OLD "remove}\n", "backends/web/servers/b/weight: 5 -> 3\n" },
	{ "drop at and below", AT_B "set, with: {weight: 5}}\n" AT_OLD "remove}\n",
	  AT_WEB "drop}\n", AT_OLD "remove}\n", "backends/web/servers/b/weight: 5 -> 3\n" },
	{ "drop everything", AT_B "set, with: {weight: 5}}\n" AT_OLD "remove}\n",
	  "- {at: [], do: drop}\n", "", "backends/web/servers/b/weight: 5 -> 3\n" },
	{ "drop what is not there", AT_B "set, with: {weight: 5}}\n", AT_OLD "drop}\n", NULL,
	  "there is no run-time change to drop" },
	{ "a value that is wrong", "", AT_B "set, with: {weight: 500}}\n", NULL,
	  "run-time change: backends/web/servers/b/weight: error: weight: " },
	{ "an option that is none", "", AT_B "set, with: {wait: 5}}\n", NULL,
	  "run-time change: backends/web/servers/b/wait: error: " },
	{ "no change", "", "- {at: [backends, web], do: nothing}\n", NULL,
	  "a change says do: add" },
	{ "no place", "", "- {do: set, with: {edges: 2}}\n", NULL, "begins with its place" },
	{ "a place that is a list", "", "- {at: [backends], do: remove}\n", NULL,
	  "a change says do: add" },
	{ "only everything may be dropped without a place", "", "- {at: [], do: remove}\n", NULL,
	  "a change says do: add" },
	{ "set nothing", "", AT_B "set}\n", NULL, "say which options" },
	{ "remove with options", "", AT_B "remove, with: {weight: 2}}\n", NULL,
	  "takes no options" },
	{ "too deep a place", "", "- {at: [a, b, c, d, e, f], do: remove}\n", NULL,
	  "begins with its place" },
	{ "no list", "", "at: [backends]\n", NULL, "expected a list of changes" },
	{ "inside of what is no map", "", AT_B "set, with: {weight.x: 5}}\n", NULL,
	  "is not inside of a map" },
};

static void tell(void *arg, enum diag_level level, const char *text)
{
	struct wbuf *w = arg;

	(void)level;
	wbuf_str(w, text);
	WBUF_LIT(w, "\n");
}

static struct view document_of(const char *text, const char *changes, struct wbuf *w)
{
	struct document_file file = { .shown = VIEW("site.yaml"),
				      .path = VIEW("/site.yaml"),
				      .text = view_str(text) };
	struct document d = { .files = &file, .file_n = 1, .changes = view_str(changes) };

	CHECK_OK(document_write(&d, w));
	assert_int_equal(w->n, document_bytes(&d));
	return wbuf_view(w);
}

/* The changes in a document that was made. */
static void check_changes(const struct row *row, int fd)
{
	struct arena region = { 0 };
	struct document d = { 0 };
	void *p = NULL;
	size_t n = 0;

	CHECK_OK(region_open(&region));
	CHECK_OK(shm_map(fd, false, &p, &n));
	CHECK_OK(document_read(view_of(p, n), &region, &d));
	if (!view_eq(d.changes, view_str(row->after)))
		fail_msg("%s: in force: %.*s", row->name, (int)d.changes.n,
			 (const char *)d.changes.p);
	assert_true(view_eq(d.files[0].text, view_str(site)));
	shm_unmap(p, n);
	region_close(&region);
}

static void check(const struct row *row)
{
	static char bytes[TEXT_MAX], said[TEXT_MAX];
	struct wbuf w = wbuf_of(bytes, sizeof bytes), out = wbuf_of(said, sizeof said - 1);
	struct conf_input in = { .path = "",
				 .running = document_of(site, row->changes, &w),
				 .edit = view_str(row->edit),
				 .sink = tell,
				 .arg = &out,
				 .wants_document = true };
	struct conf_result result = { 0 };
	int fd = -1;
	enum err e = conf_check_file(&in, &result, &fd);

	said[out.n] = '\0';
	if ((e == E_OK) != (row->after != NULL) || !strstr(said, row->tells))
		fail_msg("%s: %s: %s", row->name, err_name(e), said);
	if (e != E_OK)
		return;
	check_changes(row, result.document_fd);
	if (!*row->tells)
		assert_int_equal(result.differences, 0);
	fd_close(result.document_fd);
	fd_close(result.diff_fd);
	fd_close(fd);
}

static void test_changes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		check(&rows[i]);
}

/* What a diff of two files says, line by line. */
static void test_diff(void **state)
{
	static const char now[] =
		"routes:\n"
		"  - {name: new, hosts: [a.nl, b.nl], backend: web}\n"
		"  - {name: all, hosts: [\"*\"], rules: [{match: {path_exact: /x}, respond: "
		"{status: "
		"403}}], backend: web}\n"
		"backends:\n"
		"  - name: web\n"
		"    balance: round_robin\n"
		"    servers: [{name: b, address: \"127.0.0.1:2\", weight: 3}, {address: "
		"\"127.0.0.1:1\"}]\n"
		"listeners: [{name: l, address: \"127.0.0.1:80\", protocol: http}]\n";
	static const char expected[] =
		"+ routes/new: {name: new, hosts: [a.nl, b.nl], backend: web}\n"
		"routes/all/rules: not set -> [{match: {path_exact: /x}, respond: {status: 403}}]\n"
		"- backends/old\n"
		"backends/web/servers: another order\n"
		"backends/web/balance: least_requests (default) -> round_robin\n";
	static char bytes[TEXT_MAX], other[TEXT_MAX], said[TEXT_MAX];
	struct wbuf w = wbuf_of(bytes, sizeof bytes), v = wbuf_of(other, sizeof other),
		    out = wbuf_of(said, sizeof said - 1);
	struct conf_input in = { .path = "",
				 .running = document_of(site, "", &w),
				 .target = document_of(now, "", &v),
				 .sink = tell,
				 .arg = &out,
				 .wants_document = true };
	struct conf_result result = { 0 };
	char line[200];

	(void)state;
	CHECK_OK(conf_check_file(&in, &result, NULL));
	for (struct view rest = view_str(expected); rest.n;) {
		size_t n = view_find(rest, '\n');

		struct wbuf one = wbuf_of(line, sizeof line - 1);

		wbuf_view_put(&one, view_slice(rest, 0, n + 1));
		line[one.n] = '\0';
		if (!strstr(said, line))
			fail_msg("missing: %s in: %s", line, said);
		rest = view_slice(rest, n + 1, rest.n);
	}
	assert_int_equal(result.differences, 5);
	fd_close(result.document_fd);
	fd_close(result.diff_fd);
}

/* Printed, a configuration with its changes is one that means the same. */
static void test_print(void **state)
{
	static char bytes[TEXT_MAX], text[TEXT_MAX], said[TEXT_MAX];
	struct wbuf w = wbuf_of(bytes, sizeof bytes), out = wbuf_of(text, sizeof text),
		    told = wbuf_of(said, sizeof said);
	struct conf_input in = { .path = "",
				 .target = document_of(site, AT_B "set, with: {weight: 5}}\n", &w),
				 .sink = tell,
				 .arg = &told };

	(void)state;
	CHECK_OK(conf_print_text(&in, false, &out));
	assert_non_null(strstr(text,
			       "  - name: web\n    servers: [\"127.0.0.1:1\", {name: b, address: "
			       "\"127.0.0.1:2\", weight: 5}]\n"));
	out.n = 0;
	CHECK_OK(conf_print_text(&in, true, &out));
	assert_true(view_eq(wbuf_view(&out), VIEW(AT_B "set, with: {weight: 5}}\n")));
	out = wbuf_of(text, 10);
	CHECK_ERR(conf_print_text(&in, true, &out), E_LIMIT);
	in.target = view_slice(in.target, 0, in.target.n - 1);
	CHECK_ERR(conf_print_text(&in, true, &out), E_PROTO);
}

/* Every cut, and every byte changed in the container's own fields, is refused or still a document.
 */
static void test_documents(void **state)
{
	static char bytes[TEXT_MAX];
	struct wbuf w = wbuf_of(bytes, sizeof bytes);
	struct view all = document_of("a: b\n", "x", &w);
	struct document d = { 0 };
	struct arena region = { 0 };

	(void)state;
	CHECK_OK(region_open(&region));
	CHECK_OK(document_read(all, &region, &d));
	assert_int_equal(d.file_n, 1);
	assert_true(view_eq(d.files[0].shown, VIEW("site.yaml")) && view_eq(d.changes, VIEW("x")));
	for (size_t n = 0; n < all.n; n++)
		CHECK_ERR(document_read(view_slice(all, 0, n), &region, &d), E_PROTO);
	for (size_t i = 0; i < 20; i++) { /* magic, version, count, length */
		bytes[i] ^= 0x41;
		CHECK_ERR(document_read(all, &region, &d), E_PROTO);
		bytes[i] ^= 0x41;
	}
	bytes[20] = '\0'; /* a NUL in a name */
	CHECK_ERR(document_read(all, &region, &d), E_PROTO);
	region_close(&region);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_diff),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_documents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
