/*
 * Files in, a set; the log through the matcher; a report out. Runs with the rights of who types it,
 * changes nothing, and asks no running instance.
 */
#include "tool/hunt.h"

#include "sys/clock.h"
#include "sys/fd.h"
#include "tool/audit_place.h"
#include "tool/audit_progress.h"
#include "tool/audit_when.h"
#include "tool/hunt_read.h"
#include "tool/hunt_report.h"

#include <getopt.h>
#include <stdio.h>

enum { HUNT_FOUND = 3, HUNT_RECORDS = 3, HUNT_RECORDS_MAX = 1000 };

static const char hunt_usage[] =
	"usage: sluis hunt FILE... [options]\n"
	"\n"
	"Looks for indicators of compromise in the whole audit log that is kept. FILE (-: "
	"standard\n"
	"input) is a list, one indicator per line (an address, network, URL, path, host name, "
	"user\n"
	"agent, or type:value), a STIX 2.1 bundle, or a CSAF 2.0 advisory.\n"
	"\n"
	"  --since TIME, --until TIME   only records from TIME on, or before it:\n"
	"                      2026-07-17T06:30:00Z, 2026-07-17, or so long ago: 90m, 24h, 7d\n"
	"  --format FORMAT     list, stix or csaf (by default what it looks like)\n"
	"  -n, --records MAX   the first MAX records of each indicator (3)\n"
	"  --json              the outcome as JSON\n"
	"  --state DIR         state directory of the instance\n"
	"  --directory DIR     the log directory itself, for a copy\n"
	"  --help              this text\n"
	"\n"
	"exits 0 when nothing was found, 3 when something was, 1 when it failed, 2 when the "
	"command\n"
	"line is not understood.\n";

static const struct option hunt_options[] = {
	{ "since", required_argument, NULL, 'S' },
	{ "until", required_argument, NULL, 'U' },
	{ "format", required_argument, NULL, 'f' },
	{ "records", required_argument, NULL, 'n' },
	{ "json", no_argument, NULL, 'j' },
	{ "state", required_argument, NULL, 's' },
	{ "directory", required_argument, NULL, 'd' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct hunt {
	struct audit_place place;
	enum hunt_format format;
	int64_t since_us, until_us;
	const char *since, *until, *named, *first; /* options as typed */
	uint64_t records;
	bool is_json;
	struct audit_progress progress;
	struct hunt_set set;
	struct hunt_match *match;
	struct hunt_found found;
	struct log_scan_result scan;
};

static int hunt_mistake(const char *what)
{
	(void)fprintf(stderr, "sluis hunt: %s\n", what);
	return 2;
}

static int hunt_when(const char *text, int64_t *ret_us)
{
	if (!text || audit_when_parse(view_str(text), clock_wall_us(), ret_us) == E_OK)
		return -1;
	return hunt_mistake("--since and --until take 2026-07-17T06:30:00Z, 2026-07-17, or so long "
			    "ago: 90m, 24h, 7d");
}

/* -1: go on. */
static int hunt_option(struct hunt *h, int c, const char *arg)
{
	switch (c) {
	case 'S':
		h->since = arg;
		return -1;
	case 'U':
		h->until = arg;
		return -1;
	case 'f':
		h->named = arg;
		return -1;
	case 'n':
		h->first = arg;
		return -1;
	case 'j':
		h->is_json = true;
		return -1;
	case 's':
		h->place.state = arg;
		return -1;
	case 'd':
		h->place.directory = arg;
		return -1;
	default:
		(void)fputs(hunt_usage, c == 'h' ? stdout : stderr);
		return c == 'h' ? 0 : 2;
	}
}

/* What was typed behind the options. -1: go on. */
static int hunt_values(struct hunt *h)
{
	if (hunt_when(h->since, &h->since_us) >= 0 || hunt_when(h->until, &h->until_us) >= 0)
		return 2;
	if (h->named && hunt_read_format(h->named, &h->format) != E_OK)
		return hunt_mistake("--format is list, stix or csaf");
	if (h->first &&
	    (view_dec(view_str(h->first), &h->records) != E_OK || h->records > HUNT_RECORDS_MAX))
		return hunt_mistake("--records is a number, 1000 at most");
	return -1;
}

static enum err hunt_on_line(void *arg, const struct log_line *line)
{
	struct hunt *h = arg;
	const uint32_t *hits = NULL;
	size_t n = hunt_match_line(h->match, line, &hits);

	return n ? hunt_found_add(&h->found, line, hits, n) : E_OK;
}

static void hunt_on_progress(void *arg, uint64_t done, uint64_t total)
{
	struct hunt *h = arg;

	audit_progress_show(&h->progress, done, total);
}

static enum err hunt_scan(struct hunt *h)
{
	struct log_scan s = { .since_us = h->since_us,
			      .until_us = h->until_us,
			      .on_line = hunt_on_line,
			      .on_progress = hunt_on_progress,
			      .arg = h };
	AUTO_FD dir = -1;
	enum err e = E_OK;

	TRY(audit_place_open(&h->place, &dir));
	s.dir_fd = dir;
	e = log_scan_run(&s, &h->scan);
	audit_progress_clear(&h->progress);
	if (e != E_OK)
		(void)hunt_mistake(e == E_CLOSED  ? "there is no segment in the log directory"
				   : e == E_NOMEM ? "there is not enough memory"
						  : "the log can't be read to its end");
	return e;
}

static int hunt_run(struct hunt *h)
{
	struct hunt_report r = { .set = &h->set, .found = &h->found };
	enum err e = E_OK;

	if (h->set.indicator_n == 0) {
		(void)hunt_mistake("there is no indicator to hunt for in what was given");
		/* Why not is in the report. */
	} else if (hunt_scan(h) != E_OK) {
		return 1;
	}
	r.scan = h->scan;
	r.ms = audit_progress_ms(&h->progress);
	e = h->is_json ? hunt_report_json(&r) : hunt_report_text(&r);
	if (e != E_OK || h->set.indicator_n == 0)
		return 1;
	return h->found.matching ? HUNT_FOUND : 0;
}

static int hunt_files(struct hunt *h, int n, char **paths)
{
	bool is_good = true;
	int status = 1;
	enum err e = E_OK;

	for (int i = 0; i < n; i++)
		is_good &= hunt_read_file(&h->set, h->format, paths[i]) == E_OK;
	if (!is_good)
		return 1;
	e = hunt_match_new(&h->set, &h->match);
	if (e == E_OK)
		e = hunt_found_new(&h->set, h->records, &h->found);
	if (e == E_OK)
		status = hunt_run(h);
	else
		(void)hunt_mistake(e == E_LIMIT
					   ? "a value is there more than 1,000 times: write it once"
					   : "there is not enough memory");
	hunt_match_done(h->match);
	hunt_found_done(&h->found);
	return status;
}

int hunt_main(int argc, char **argv)
{
	struct hunt h = { .records = HUNT_RECORDS };
	int c = 0, status = -1;

	while (status < 0 && (c = getopt_long(argc, argv, "n:h", hunt_options, NULL)) != -1)
		status = hunt_option(&h, c, optarg);
	if (status >= 0)
		return status;
	if (optind == argc) {
		(void)fputs(hunt_usage, stderr);
		return 2;
	}
	if (hunt_values(&h) >= 0)
		return 2;
	audit_progress_begin(&h.progress);
	status = hunt_files(&h, argc - optind, argv + optind);
	hunt_set_done(&h.set);
	return status;
}
