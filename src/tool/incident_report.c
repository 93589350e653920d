/* A file is made for its owner alone, and never over another one: a report is a record. */
#include "tool/incident_report.h"

#include "conf/value.h"
#include "sys/clock.h"
#include "tool/incident_doc.h"
#include "tool/incident_markdown.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct report_options {
	const char *output;
	enum form_kind form;
	enum form_language language;
	bool is_json;
};

static const struct option report_options[] = {
	{ "form", required_argument, NULL, 'f' },
	{ "format", required_argument, NULL, 'm' },
	{ "language", required_argument, NULL, 'l' },
	{ "output", required_argument, NULL, 'o' },
	{ "margin", required_argument, NULL, 'g' },
	{ "state", required_argument, NULL, 's' },
	{ "directory", required_argument, NULL, 'd' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

/* NULL: taken; else what is wrong. */
static const char *report_word(struct report_options *o, int c, struct view word)
{
	if (c == 'f') {
		o->form = incident_form_kind(word);
		return o->form == FORMS
			       ? "--form: timeline, early-warning, 72-hours or data-protection"
			       : NULL;
	}
	if (c == 'm') {
		o->is_json = view_eq(word, VIEW("json"));
		return o->is_json || view_eq(word, VIEW("markdown")) ? NULL
								     : "--format: markdown or json";
	}
	o->language = view_eq(word, VIEW("nl")) ? FORM_NL : FORM_EN;
	return o->language == FORM_NL || view_eq(word, VIEW("en")) ? NULL : "--language: nl or en";
}

static const char *report_option(struct report_options *o, struct gather *g, int c)
{
	uint64_t ms = 0;

	switch (c) {
	case 'o':
		o->output = optarg;
		return NULL;
	case 's':
		g->place.state = optarg;
		return NULL;
	case 'd':
		g->place.directory = optarg;
		return NULL;
	case 'g':
		if (value_duration(view_str(optarg), &ms) != E_OK ||
		    ms > UINT64_C(366) * 24 * 3600 * 1000)
			return "--margin takes a time like 24h, a year at most";
		g->margin_us = (int64_t)ms * 1000;
		return NULL;
	default:
		return report_word(o, c, view_str(optarg));
	}
}

static int report_refuse(const char *why, const char *usage)
{
	(void)fprintf(stderr, "sluis: %s\n\n%s", why, usage);
	return 2;
}

/* -1: go on. */
static int report_read(int argc, char **argv, struct report_options *o, struct gather *g,
		       const char *usage)
{
	const char *why = NULL; /* the first value that won't do; --help may follow */
	uint64_t n = 0;
	int c = 0;

	while ((c = getopt_long(argc, argv, "", report_options, NULL)) != -1) {
		const char *bad = NULL;

		if (c == 'h' || c == '?') {
			(void)fputs(usage, c == 'h' ? stdout : stderr);
			return c == 'h' ? 0 : 2;
		}
		bad = report_option(o, g, c);
		why = why ? why : bad;
	}
	if (why)
		return report_refuse(why, usage);
	if (argc - optind > 1)
		return report_refuse("that is too much", usage);
	if (argc > optind &&
	    (view_dec(view_str(argv[optind]), &n) != E_OK || n == 0 || n > UINT32_MAX))
		return report_refuse("the number of an incident is expected", usage);
	g->wanted = (uint32_t)n;
	return -1;
}

static FILE *report_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
	char reason[128] = "";

	if (!f)
		(void)fprintf(stderr, "sluis: %s: %s\n", path,
			      strerror_r(errno, reason, sizeof reason));
	if (!f && fd >= 0)
		(void)close(fd);
	return f;
}

static int report_write(const struct report_options *o, const json_t *doc)
{
	FILE *to = o->output ? report_file(o->output) : stdout;
	bool is_bad = false;

	if (!to)
		return 1;
	if (o->is_json) {
		(void)json_dumpf(doc, to, JSON_INDENT(2));
		(void)fputs("\n", to);
	} else {
		incident_markdown_put(to, doc, o->language);
	}
	is_bad = ferror(to) != 0 || fflush(to) != 0;
	is_bad |= o->output && fclose(to) != 0;
	if (is_bad)
		(void)fprintf(stderr, "sluis: the report could not be written whole\n");
	return is_bad;
}

static int report_make(const struct report_options *o, struct gather *g)
{
	enum err e = incident_gather_run(g);
	json_t *doc = NULL;
	int status = 1;

	if (e == E_CLOSED && g->wanted)
		(void)fprintf(stderr, "sluis: the log has no incident %u\n", g->wanted);
	else if (e == E_CLOSED)
		(void)fprintf(stderr, "sluis: the log has no incident: `sluis incident open`\n");
	if (e == E_OK) {
		doc = incident_doc_make(g, o->form, o->language);
		if (!doc)
			(void)fprintf(stderr, "sluis: there is no memory for the report\n");
	}
	if (doc)
		status = report_write(o, doc);
	json_decref(doc);
	return status;
}

int incident_report_main(int argc, char **argv, const char *usage)
{
	struct report_options o = { .form = FORM_TIMELINE, .language = FORM_EN };
	struct gather g = { .margin_us = (int64_t)GATHER_MARGIN_S * 1000000 };
	int status = report_read(argc, argv, &o, &g, usage);

	if (status >= 0)
		return status;
	g.now_us = clock_wall_us();
	if (incident_gather_init(&g) == E_OK)
		status = report_make(&o, &g);
	else
		(void)fprintf(stderr, "sluis: there is no memory for the report\n");
	incident_gather_done(&g);
	return status < 0 ? 1 : status;
}
