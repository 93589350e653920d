/*
 * The command: asks the keeper for the shared pages every interval, as `sluis status` does, and
 * shows what changed. Nobody else is disturbed.
 */
#include "tool/top.h"

#include "ipc/tool_keeper.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "tool/ask.h"
#include "tool/top_draw.h"
#include "tool/top_json.h"
#include "tool/top_screen.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { TOP_TEXT = 1 << 20, TOP_INTERVAL_MAX = 60 };

static const char top_usage[] =
	"usage: sluis top [--once] [--json] [--interval SECONDS] [--state DIR]\n"
	"\n"
	"What happens now: rates, latency and health of listeners, routes, pools, servers and\n"
	"roles, once a second or every SECONDS (1 to 60).\n"
	"--once: one page of all of them, after one interval; --json: the same for programs\n"
	"(docs/top.md).\n"
	"\n"
	"Keys: l listeners, r routes, p pools, s servers, o roles, tab the next one;\n"
	"sorted by t requests, n name, x errors, y latency; up and down; q ends.\n";

struct top {
	const char *state;
	bool is_once, is_json;
	uint64_t interval_ms;
	struct snapshot *s;
	struct top_sample now[TOP_VIEWS], before[TOP_VIEWS];
	struct top_line *lines; /* of one view, sorted */
	size_t line_n;
	struct top_screen screen;
	struct top_terminal terminal;
	uint32_t generation;
	char *text;
};

/* -1: go on; otherwise the exit status */
static int top_read_options(struct top *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "state", required_argument, NULL, 's' },
		{ "interval", required_argument, NULL, 'i' },
		{ "once", no_argument, NULL, 'o' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	uint64_t seconds = 1;
	int c = 0;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		bool is_number = c != 'i' || view_dec(view_str(optarg), &seconds) == E_OK;

		t->state = c == 's' ? optarg : t->state;
		t->is_once |= c == 'o' || c == 'j';
		t->is_json |= c == 'j';
		if (c == 'h' || c == '?' || !is_number || seconds < 1 ||
		    seconds > TOP_INTERVAL_MAX) {
			(void)fputs(top_usage, c == 'h' ? stdout : stderr);
			return c == 'h' ? 0 : 2;
		}
	}
	t->interval_ms = seconds * 1000;
	if (optind == argc)
		return -1;
	(void)fputs(top_usage, stderr);
	return 2;
}

/* What was now is before; then asks. The exit status: 0 it has come. */
static int top_ask(struct top *t)
{
	int status = 0;

	for (unsigned v = 0; v < TOP_VIEWS; v++) {
		top_sample_free(&t->before[v]);
		t->before[v] = t->now[v];
		t->now[v] = (struct top_sample){ 0 };
	}
	status = ask_keeper(t->state, TOOL_STATUS, (struct view){ 0 }, snapshot_row, t->s);
	for (unsigned v = 0; status == 0 && v < TOP_VIEWS; v++)
		if (top_sample_take(t->s, (enum top_view)v, clock_mono_ns(), &t->now[v]) != E_OK)
			status = 1;
	t->generation = t->s->generation;
	snapshot_release(t->s);
	return status;
}

static void top_title(const struct top *t, char *title, size_t cap)
{
	time_t now = time(NULL);
	struct tm tm = { 0 };

	(void)gmtime_r(&now, &tm);
	(void)snprintf(
		title, cap, "sluis top  %02d:%02d:%02d UTC  configuration %u  %zu %s  every %u s",
		tm.tm_hour, tm.tm_min, tm.tm_sec, (unsigned)t->generation, t->line_n,
		top_view_name((enum top_view)t->screen.view), (unsigned)(t->interval_ms / 1000));
}

static void top_sort(struct top *t)
{
	const struct top_sample *now = &t->now[t->screen.view];

	free(t->lines);
	t->line_n = 0;
	t->lines = calloc(now->n + 1, sizeof *t->lines);
	if (!t->lines)
		return;
	t->line_n = now->n;
	top_draw_sort(now, &t->before[t->screen.view], (enum top_order)t->screen.order, t->lines);
	if (t->screen.from >= t->line_n)
		t->screen.from = 0;
}

static enum err top_show(struct top *t)
{
	struct wbuf w = wbuf_of(t->text, TOP_TEXT);
	char title[160];

	top_sort(t);
	top_title(t, title, sizeof title);
	top_draw(&w, &t->screen, t->lines, t->line_n, title);
	return fd_write_all(STDOUT_FILENO, wbuf_view(&w));
}

/* False: the end. */
static bool top_on_key(struct top *t, int key)
{
	static const struct {
		char key;
		uint8_t view, order; /* TOP_VIEWS, TOP_ORDERS: as it was */
	} keys[] = {
		{ 'l', TOP_LISTENERS, TOP_ORDERS }, { 'r', TOP_ROUTES, TOP_ORDERS },
		{ 'p', TOP_POOLS, TOP_ORDERS },	    { 's', TOP_SERVERS, TOP_ORDERS },
		{ 'o', TOP_ROLES, TOP_ORDERS },	    { 't', TOP_VIEWS, TOP_BY_RATE },
		{ 'n', TOP_VIEWS, TOP_BY_NAME },    { 'x', TOP_VIEWS, TOP_BY_FAILED },
		{ 'y', TOP_VIEWS, TOP_BY_LATENCY },
	};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		if (key != keys[i].key)
			continue;
		t->screen.from = 0;
		if (keys[i].view < TOP_VIEWS)
			t->screen.view = keys[i].view;
		if (keys[i].order < TOP_ORDERS)
			t->screen.order = keys[i].order;
	}
	if (key == '\t')
		t->screen.view = (uint8_t)((t->screen.view + 1u) % TOP_VIEWS);
	if (key == TOP_KEY_UP && t->screen.from)
		t->screen.from--;
	if (key == TOP_KEY_DOWN && t->screen.from + 1 < t->line_n)
		t->screen.from++;
	return key != 'q' && key != TOP_KEY_END;
}

static int top_live(struct top *t)
{
	uint64_t due_ms = 0;
	int status = 0;

	if (top_screen_open(&t->terminal) != E_OK)
		return 1;
	t->screen.is_terminal = true;
	for (int key = TOP_KEY_NONE; status == 0 && top_on_key(t, key);) {
		uint64_t now_ms = clock_mono_ms();

		if (now_ms >= due_ms) {
			status = top_ask(t);
			due_ms = now_ms + t->interval_ms;
		}
		top_screen_size(&t->screen.lines, &t->screen.columns);
		if (status == 0 && top_show(t) != E_OK)
			break;
		now_ms = clock_mono_ms();
		key = top_screen_key(&t->terminal, due_ms > now_ms ? (int)(due_ms - now_ms) : 0);
	}
	top_screen_close(&t->terminal);
	return status;
}

static int top_once(struct top *t)
{
	struct timespec interval = { .tv_sec = (time_t)(t->interval_ms / 1000) };
	int status = top_ask(t);

	if (status == 0) {
		(void)nanosleep(&interval, NULL);
		status = top_ask(t);
	}
	if (status == 0 && t->is_json)
		return top_json_print(t->now, t->before, t->generation);
	for (unsigned v = 0; status == 0 && v < TOP_VIEWS; v++) {
		t->screen.view = (uint8_t)v;
		t->screen.from = 0;
		if (top_show(t) != E_OK || fd_write_all(STDOUT_FILENO, VIEW("\n")) != E_OK)
			status = 1;
	}
	return status;
}

int top_main(int argc, char **argv)
{
	struct top t = { .screen = { .view = TOP_SERVERS } };
	int status = top_read_options(&t, argc, argv);

	if (status >= 0)
		return status;
	t.s = calloc(1, sizeof *t.s);
	t.text = malloc(TOP_TEXT);
	if (!t.s || !t.text) {
		perror("sluis");
		status = 1;
	} else {
		status = t.is_once ? top_once(&t) : top_live(&t);
	}
	for (unsigned v = 0; v < TOP_VIEWS; v++) {
		top_sample_free(&t.now[v]);
		top_sample_free(&t.before[v]);
	}
	free(t.lines);
	free(t.text);
	free(t.s);
	return status;
}
