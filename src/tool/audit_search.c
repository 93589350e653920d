/*
 * Every record is looked at; those that match are printed as `audit tail` prints them, and counted
 * all the same when more match than are wanted. With --json nothing but lines of the log goes to
 * standard output.
 */
#include "tool/audit_search.h"

#include "tool/audit_ask.h"
#include "tool/audit_print.h"

#include <stdio.h>
#include <stdlib.h>

struct search {
	struct audit_ask ask;
	uint8_t *out; /* AUDIT_PRINT_MAX */
	uint64_t matched;
};

/* The line has been read once, so it is a record; audit_line_parse only says it otherwise. */
static enum err search_print(struct search *s, const struct log_line *l)
{
	struct wbuf w = wbuf_of(s->out, AUDIT_PRINT_MAX);
	struct audit_line a = { 0 };
	const char *why = NULL;

	audit_progress_clear(&s->ask.progress);
	if (!s->ask.is_json && audit_line_parse(l->text, &a, &why) == E_OK)
		audit_print_record(&w, &a);
	else
		audit_line_put_printable(&w, l->text);
	WBUF_LIT(&w, "\n");
	/* Whoever read it has enough: no need to read on. */
	return fwrite(w.p, 1, w.n, stdout) == w.n ? E_OK : E_SYS;
}

static enum err search_on_line(void *arg, const struct log_line *l)
{
	struct search *s = arg;

	if (!audit_match_line(&s->ask.match, l))
		return E_OK;
	s->matched++;
	return s->matched <= s->ask.lines ? search_print(s, l) : E_OK;
}

static void search_end(const struct search *s)
{
	FILE *to = s->ask.is_json ? stderr : stdout;
	uint64_t ms = audit_progress_ms(&s->ask.progress);

	if (s->matched > s->ask.lines)
		(void)fprintf(to, "... and %llu more\n",
			      (unsigned long long)(s->matched - s->ask.lines));
	(void)fprintf(to, "%llu of %llu records matched, %llu segments read in %llu.%02llu s\n",
		      (unsigned long long)s->matched, (unsigned long long)s->ask.result.records,
		      (unsigned long long)s->ask.result.segments, (unsigned long long)(ms / 1000),
		      (unsigned long long)(ms % 1000 / 10));
	if (s->ask.result.strange)
		(void)fprintf(to,
			      "note: %llu lines are no records and were left out; sluis audit "
			      "verify says where\n",
			      (unsigned long long)s->ask.result.strange);
}

int audit_search_main(int argc, char **argv, const char *usage)
{
	struct search s = { .ask = { .command = "search", .lines = UINT64_MAX } };
	int status = audit_ask_options(&s.ask, argc, argv, (1u << AUDIT_MATCH_N) - 1, usage);

	if (status >= 0)
		return status;
	s.out = malloc(AUDIT_PRINT_MAX);
	status = s.out && audit_ask_run(&s.ask, search_on_line, &s) == E_OK ? 0 : 1;
	if (status == 0)
		search_end(&s);
	free(s.out);
	return fflush(stdout) == 0 ? status : 1;
}
