/* A heading, a line of column names, a line per row; widths add up to 79. */
#include "tool/top_draw.h"

#include <stdio.h>
#include <stdlib.h>

enum { TOP_DRAW_AROUND = 3 /* heading, names, keys */, TOP_DRAW_LINE = 256 };

static int top_by_rate(const void *a, const void *b)
{
	const struct top_line *x = a, *y = b;
	uint64_t p = x->requests_s + x->cpu_permille, q = y->requests_s + y->cpu_permille;

	return (p < q) - (p > q);
}

static int top_by_failed(const void *a, const void *b)
{
	const struct top_line *x = a, *y = b;

	return (x->failed_s < y->failed_s) - (x->failed_s > y->failed_s);
}

static int top_by_latency(const void *a, const void *b)
{
	const struct top_line *x = a, *y = b;

	return (x->p99_us < y->p99_us) - (x->p99_us > y->p99_us);
}

static int top_compare_names(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (*a > *b) - (*a < *b);
}

static int top_by_name(const void *a, const void *b)
{
	const struct top_line *x = a, *y = b;

	return top_compare_names(x->name, y->name);
}

void top_draw_sort(const struct top_sample *now, const struct top_sample *before,
		   enum top_order order, struct top_line *ret)
{
	static int (*const orders[TOP_ORDERS])(const void *,
					       const void *) = { top_by_rate, top_by_name,
								 top_by_failed, top_by_latency };

	for (size_t i = 0; i < now->n; i++)
		ret[i] = top_sample_line(now, before, i);
	qsort(ret, now->n, sizeof *ret, orders[order]);
}

/* 999, 1.2k, 34M: at most five characters. */
static const char *top_number(char text[16], uint64_t x)
{
	static const char units[] = " kMGTPE";
	unsigned u = 0;
	uint64_t tenths = x * 10;

	if (x < 1000) {
		(void)snprintf(text, 16, "%lu", (unsigned long)x);
		return text;
	}
	for (tenths = x / 100, u = 1; tenths >= 10000; u++)
		tenths /= 1000;
	if (tenths < 100)
		(void)snprintf(text, 16, "%lu.%lu%c", (unsigned long)tenths / 10,
			       (unsigned long)tenths % 10, units[u]);
	else
		(void)snprintf(text, 16, "%lu%c", (unsigned long)tenths / 10, units[u]);
	return text;
}

static const char *top_time(char text[16], uint64_t us)
{
	if (us == 0)
		(void)snprintf(text, 16, "-");
	else if (us < 10000)
		(void)snprintf(text, 16, "%lu.%lums", (unsigned long)us / 1000,
			       (unsigned long)us % 1000 / 100);
	else if (us < 1000000)
		(void)snprintf(text, 16, "%lums", (unsigned long)us / 1000);
	else
		(void)snprintf(text, 16, "%lu.%lus", (unsigned long)(us / 1000000 % 100000),
			       (unsigned long)(us % 1000000 / 100000));
	return text;
}

static void top_end_line(struct wbuf *w, const struct top_screen *s)
{
	wbuf_str(w, s->is_terminal ? "\x1b[K\r\n" : "\n");
}

/* One line of text, cut to the terminal's width. */
static void top_put(struct wbuf *w, const struct top_screen *s, const char *text)
{
	struct view v = view_str(text);

	wbuf_view_put(w, s->is_terminal ? view_slice(v, 0, s->columns) : v);
	top_end_line(w, s);
}

static void top_put_role(struct wbuf *w, const struct top_screen *s, const struct top_line *l)
{
	char line[TOP_DRAW_LINE], a[16], b[16];

	(void)snprintf(line, sizeof line, "%-20.20s %-8.8s %6lu.%lu%% %8s %8s", l->name, l->state,
		       (unsigned long)l->cpu_permille / 10, (unsigned long)l->cpu_permille % 10,
		       top_number(a, l->resident), top_number(b, l->active));
	top_put(w, s, line);
}

static void top_put_row(struct wbuf *w, const struct top_screen *s, const struct top_line *l)
{
	char line[TOP_DRAW_LINE], a[16], b[16], c[16], d[16], e[16], f[16], g[16], h[16];

	(void)snprintf(line, sizeof line, "%-20.20s %-8.8s %5s %5s %5s %5s %6s %6s %5s %5s",
		       l->name, l->state, top_number(a, l->requests_s), top_number(b, l->failed_s),
		       top_number(c, l->bytes_in_s), top_number(d, l->bytes_out_s),
		       top_time(e, l->p50_us), top_time(f, l->p99_us), top_number(g, l->active),
		       top_number(h, l->queue));
	top_put(w, s, line);
}

static void top_put_heads(struct wbuf *w, const struct top_screen *s)
{
	char line[TOP_DRAW_LINE];

	if (s->is_terminal)
		WBUF_LIT(w, "\x1b[7m");
	if (s->view == TOP_ROLES)
		(void)snprintf(line, sizeof line, "%-20s %-8s %8s %8s %8s", "role", "state", "cpu",
			       "memory", "conns");
	else
		(void)snprintf(line, sizeof line, "%-20s %-8s %5s %5s %5s %5s %6s %6s %5s %5s",
			       top_view_name((enum top_view)s->view), "state", "req/s", "err/s",
			       "in/s", "out/s", "p50", "p99", "act", "queue");
	top_put(w, s, line);
	if (s->is_terminal)
		WBUF_LIT(w, "\x1b[m");
}

void top_draw(struct wbuf *w, const struct top_screen *s, const struct top_line *lines, size_t n,
	      const char *title)
{
	size_t room = s->lines > TOP_DRAW_AROUND ? s->lines - TOP_DRAW_AROUND : 0;
	size_t shown = n > s->from ? n - s->from : 0;

	if (s->is_terminal)
		WBUF_LIT(w, "\x1b[H");
	top_put(w, s, title);
	top_put_heads(w, s);
	if (s->is_terminal && shown > room)
		shown = room;
	for (size_t i = 0; i < shown && wbuf_room(w) > 2 * TOP_DRAW_LINE; i++) {
		if (s->view == TOP_ROLES)
			top_put_role(w, s, &lines[s->from + i]);
		else
			top_put_row(w, s, &lines[s->from + i]);
	}
	if (!s->is_terminal)
		return;
	WBUF_LIT(w, "\x1b[J");
	wbuf_view_put(w, view_slice(VIEW("l r p s o view  tab next  t n x y sort  up down  q quit"),
				    0, s->columns));
}
