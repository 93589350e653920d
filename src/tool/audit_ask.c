/* Options in one table for both commands, each of which takes a part of it. */
#include "tool/audit_ask.h"

#include "sys/clock.h"
#include "sys/fd.h"
#include "tool/audit_when.h"

#include <getopt.h>
#include <stdio.h>

enum {
	ASK_MATCH = 256, /* and the audit_match_by */
	ASK_SINCE = ASK_MATCH + AUDIT_MATCH_N,
	ASK_UNTIL,
	ASK_STATE,
	ASK_DIRECTORY,
	ASK_JSON,
	ASK_HELP
};

static const struct option ask_options[] = {
	{ "user", required_argument, NULL, ASK_MATCH + AUDIT_MATCH_USER },
	{ "app", required_argument, NULL, ASK_MATCH + AUDIT_MATCH_APP },
	{ "route", required_argument, NULL, ASK_MATCH + AUDIT_MATCH_ROUTE },
	{ "host", required_argument, NULL, ASK_MATCH + AUDIT_MATCH_HOST },
	{ "method", required_argument, NULL, ASK_MATCH + AUDIT_MATCH_METHOD },
	{ "status", required_argument, NULL, ASK_MATCH + AUDIT_MATCH_STATUS },
	{ "kind", required_argument, NULL, ASK_MATCH + AUDIT_MATCH_KIND },
	{ "action", required_argument, NULL, ASK_MATCH + AUDIT_MATCH_ACTION },
	{ "text", required_argument, NULL, ASK_MATCH + AUDIT_MATCH_TEXTS },
	{ "session", required_argument, NULL, ASK_MATCH + AUDIT_MATCH_SESSION },
	{ "source", required_argument, NULL, ASK_MATCH + AUDIT_MATCH_SOURCE },
	{ "since", required_argument, NULL, ASK_SINCE },
	{ "until", required_argument, NULL, ASK_UNTIL },
	{ "lines", required_argument, NULL, 'n' },
	{ "state", required_argument, NULL, ASK_STATE },
	{ "directory", required_argument, NULL, ASK_DIRECTORY },
	{ "json", no_argument, NULL, ASK_JSON },
	{ "help", no_argument, NULL, ASK_HELP },
	{ NULL, 0, NULL, 0 },
};

static const char *ask_when(const char *text, int64_t *ret_us)
{
	if (audit_when_parse(view_str(text), clock_wall_us(), ret_us) == E_OK)
		return NULL;
	return "a moment is expected: 2026-07-17T06:30:00Z, 2026-07-17, or a span back from now "
	       "such as 90m or 7d";
}

/* One option. NULL: taken; else what is wrong with its value */
static const char *ask_option(struct audit_ask *a, int c, const char *arg)
{
	const char *why = NULL;

	switch (c) {
	case ASK_SINCE:
		return ask_when(arg, &a->since_us);
	case ASK_UNTIL:
		return ask_when(arg, &a->until_us);
	case 'n':
		return view_dec(view_str(arg), &a->lines) == E_OK ? NULL : "a number is expected";
	case ASK_STATE:
		a->place.state = arg;
		return NULL;
	case ASK_DIRECTORY:
		a->place.directory = arg;
		return NULL;
	case ASK_JSON:
		a->is_json = true;
		return NULL;
	default:
		return audit_match_add(&a->match, (enum audit_match_by)(c - ASK_MATCH), arg,
				       &why) == E_OK
			       ? NULL
			       : why;
	}
}

static bool ask_takes(int c, unsigned takes)
{
	return c != '?' && c != ASK_HELP &&
	       (c < ASK_MATCH || c >= ASK_SINCE || takes >> (c - ASK_MATCH) & 1);
}

int audit_ask_options(struct audit_ask *a, int argc, char **argv, unsigned takes, const char *usage)
{
	const char *why = NULL, *of = NULL; /* the first value that won't do; --help may follow */
	int c = 0, at = -1;

	while ((c = getopt_long(argc, argv, "n:", ask_options, &at)) != -1) {
		const char *bad = NULL;

		if (!ask_takes(c, takes)) {
			(void)fputs(usage, c == ASK_HELP ? stdout : stderr);
			return c == ASK_HELP ? 0 : 2;
		}
		bad = ask_option(a, c, optarg);
		if (bad && !why) {
			why = bad;
			of = c == 'n' ? "lines" : ask_options[at].name;
		}
	}
	if (why) {
		(void)fprintf(stderr, "sluis audit %s: --%s: %s\n", a->command, of, why);
		return 2;
	}
	if (optind != argc) {
		(void)fputs(usage, stderr);
		return 2;
	}
	return -1;
}

/* What log_scan calls back, with the caller's own argument beside the progress. */
struct ask_run {
	struct audit_ask *a;
	enum err (*on_line)(void *, const struct log_line *);
	void *arg;
};

static void ask_on_progress(void *arg, uint64_t done, uint64_t total)
{
	struct ask_run *r = arg;

	audit_progress_show(&r->a->progress, done, total);
}

static enum err ask_on_line(void *arg, const struct log_line *l)
{
	const struct ask_run *r = arg;

	return r->on_line(r->arg, l);
}

enum err audit_ask_run(struct audit_ask *a, enum err (*on_line)(void *, const struct log_line *),
		       void *arg)
{
	struct ask_run r = { .a = a, .on_line = on_line, .arg = arg };
	struct log_scan s = {
		.since_us = a->since_us, .until_us = a->until_us, .on_line = ask_on_line, .arg = &r
	};
	AUTO_FD dir = -1;
	enum err e = E_OK;

	audit_progress_begin(&a->progress);
	TRY(audit_place_open(&a->place, &dir));
	s.dir_fd = dir;
	if (a->progress.is_wanted)
		s.on_progress = ask_on_progress;
	e = log_scan_run(&s, &a->result);
	audit_progress_clear(&a->progress);
	if (e != E_OK)
		(void)fprintf(stderr, "sluis audit %s: %s\n", a->command,
			      e == E_CLOSED ? "there is no segment in the log directory"
					    : "the log can't be read to its end");
	return e;
}
