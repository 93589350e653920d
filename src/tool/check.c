/* Checking a configuration; the checker itself is src/conf, as in the config role. */
#include "tool/check.h"

#include "conf/conf.h"
#include "tool/ask.h"
#include "tool/command_line.h"

#include <stdio.h>

static const char check_usage[] =
	"usage: sluis check FILE\n"
	"\n"
	"Checks a configuration and everything it includes; changes nothing. Every problem is "
	"told\n"
	"as FILE:LINE:COLUMN: error: ..., exit status 1 when there is an error.\n";

static void check_tell(void *arg, enum diag_level level, const char *text)
{
	(void)arg;
	(void)level;
	ask_put_line(true, view_str(text));
}

int check_main(int argc, char **argv)
{
	struct command_line o = { 0 };
	struct conf_result result = { 0 };
	struct conf_input in = { .sink = check_tell };
	enum err e = E_OK;
	int status = command_line_read(argc, argv, check_usage, 0, &o);

	if (status < 0)
		status = command_line_count(&o, argc, 1, 1, check_usage);
	if (status >= 0)
		return status;
	in.path = argv[o.rest];
	e = conf_check_file(&in, &result, NULL);
	if (e == E_OK)
		(void)printf("%s: ok, %u warnings\n", in.path, (unsigned)result.warnings);
	else
		(void)fprintf(stderr, "%s: %u errors, %u warnings\n", in.path,
			      (unsigned)result.errors, (unsigned)result.warnings);
	return e == E_OK ? 0 : 1;
}
