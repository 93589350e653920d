/*
 * One pass: requests are added up, events and alarms about the same user, source, application or
 * session are kept as they are. Both in memory of a fixed size; what no longer fits is counted, and
 * said.
 */
#include "tool/audit_reached.h"

#include "tool/reached_print.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	REACHED_TAKES = 1 << AUDIT_MATCH_USER | 1 << AUDIT_MATCH_SOURCE | 1 << AUDIT_MATCH_APP |
			1 << AUDIT_MATCH_ROUTE | 1 << AUDIT_MATCH_HOST | 1 << AUDIT_MATCH_SESSION
};

static void reached_keep(struct reached_events *v, struct view line)
{
	struct wbuf w = wbuf_of(v->text, REACHED_EVENTS_TEXT);

	w.n = v->text_n;
	if (v->kept == REACHED_EVENTS || wbuf_room(&w) <= line.n) {
		v->more++;
		return;
	}
	wbuf_view_put(&w, line);
	WBUF_LIT(&w, "\n");
	v->text_n = w.n;
	v->kept++;
}

static enum err reached_on_line(void *arg, const struct log_line *l)
{
	struct reached *r = arg;
	struct view kind = l->field[LOG_KIND];

	if (view_eq(kind, VIEW("access"))) {
		r->has_session |= l->field[LOG_SESSION].p != NULL;
		if (audit_match_line(&r->ask.match, l))
			reached_table_add(&r->table, l);
	} else if (view_eq(kind, VIEW("event")) || view_eq(kind, VIEW("alarm"))) {
		if (audit_match_event(&r->ask.match, l))
			reached_keep(&r->events, l->text);
	}
	return E_OK;
}

static enum err reached_run(struct reached *r)
{
	TRY(audit_ask_run(&r->ask, reached_on_line, r));
	reached_table_sort(&r->table);
	if (!r->ask.is_json)
		return reached_print_text(r);
	reached_print_json(r);
	return E_OK;
}

static bool reached_is_asked(const struct audit_match *m)
{
	for (unsigned i = 0; i < AUDIT_MATCH_N; i++)
		if (m->by[i].p)
			return true;
	return false;
}

int audit_reached_main(int argc, char **argv, const char *usage)
{
	struct reached r = { .ask = { .command = "reached" } };
	int status = audit_ask_options(&r.ask, argc, argv, REACHED_TAKES, usage);

	if (status >= 0)
		return status;
	if (!reached_is_asked(&r.ask.match)) {
		(void)fputs("sluis audit reached: whose? --session, --user, --source, --app, "
			    "--route or --host\n",
			    stderr);
		return 2;
	}
	r.events.text = malloc(REACHED_EVENTS_TEXT);
	status = r.events.text && reached_table_init(&r.table) == E_OK && reached_run(&r) == E_OK
			 ? 0
			 : 1;
	reached_table_done(&r.table);
	free(r.events.text);
	return fflush(stdout) == 0 ? status : 1;
}
