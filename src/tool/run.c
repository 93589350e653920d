/* Starting an instance: options are checked here, the keeper is executed in this process. */
#include "tool/run.h"

#include "base/view.h"
#include "tool/program_place.h"
#include "tool/state_dir.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { RUN_ARGS_MAX = 32 };

static const char run_usage[] =
	"usage: sluis run --config FILE [options]\n"
	"\n"
	"Starts Sluis and stays in the foreground; says \"ready\" when every listener accepts.\n"
	"SIGHUP reloads, SIGUSR2 replaces the programs, SIGTERM finishes what is under way.\n"
	"\n"
	"  --config FILE           the configuration\n"
	"  --state DIR             where log, audit key and control socket live\n"
	"                          (default: /var/lib/sluis, or ~/.local/state/sluis)\n"
	"  --allow-weaker P4|P5    start although this kernel can't keep the promise\n"
	"  --uid-range BASE        as root: ids of roles without a system user sluis-ROLE (61100)\n"
	"  --drain-ms N            at stop: how long edges may finish (30000)\n"
	"  --programs DIR          where the programs of the roles are\n"
	"  --help\n";

struct run {
	char *argv[RUN_ARGS_MAX + 1];
	int n;
	bool has_config;
	const char *state, *programs;
};

static void run_add(struct run *r, const char *option, const char *value)
{
	if (r->n + 2 > RUN_ARGS_MAX)
		return;
	r->argv[r->n++] = (char *)(uintptr_t)option;
	r->argv[r->n++] = (char *)(uintptr_t)value;
}

/* -1: go on */
static int run_options(int argc, char **argv, struct run *r)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "state", required_argument, NULL, 's' },
		{ "allow-weaker", required_argument, NULL, 'w' },
		{ "uid-range", required_argument, NULL, 'u' },
		{ "drain-ms", required_argument, NULL, 'd' },
		{ "programs", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	static const char *const passed[128] = { ['c'] = "--config",
						 ['w'] = "--allow-weaker",
						 ['u'] = "--uid-range",
						 ['d'] = "--drain-ms" };
	int c = 0;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 's')
			r->state = optarg;
		else if (c == 'p')
			r->programs = optarg;
		else if (c > 0 && c < 128 && passed[c])
			run_add(r, passed[c], optarg);
		else
			break;
		r->has_config |= c == 'c';
	}
	if (c == -1 && optind == argc && r->has_config)
		return -1;
	(void)fputs(run_usage, c == 'h' ? stdout : stderr);
	return c == 'h' ? 0 : 2;
}

int run_main(int argc, char **argv)
{
	char name[] = "sluis-keeper";
	struct run r = { .argv = { name }, .n = 1 };
	char state[STATE_DIR_MAX + 1], place[PROGRAM_PLACE_MAX];
	char program[PROGRAM_PLACE_MAX + 64], reason[128] = "";
	int status = run_options(argc, argv, &r);

	if (status >= 0)
		return status;
	if (state_dir_path(r.state, state) != E_OK)
		return 1;
	run_add(&r, "--state", state);
	if (r.programs)
		run_add(&r, "--programs", r.programs);
	if (!program_place_find(r.programs, "sluis-keeper", place)) {
		(void)fprintf(stderr, "sluis: sluis-keeper is neither beside sluis nor in "
				      "../libexec/sluis: the installation is incomplete\n");
		return 1;
	}
	(void)snprintf(program, sizeof program, "%s/sluis-keeper", place);
	(void)execv(program, r.argv);
	(void)fprintf(stderr, "sluis: %s: %s\n", program, strerror_r(errno, reason, sizeof reason));
	return 1;
}
