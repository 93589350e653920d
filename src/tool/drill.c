/* One twin per role, a few at a time; what an act did is told by the kernel, not by the role. */
#include "tool/drill.h"

#include "ipc/tool_keeper.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "tool/ask.h"
#include "tool/drill_plan.h"
#include "tool/drill_print.h"
#include "tool/drill_svg.h"
#include "tool/state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DRILL_AT_ONCE = 4, DRILL_LOOK_MS = 20, DRILL_SHOW_MS = 200 };

static const char drill_usage[] =
	"usage: sluis drill [--role ROLE] [--act ACT] [--long] [--json] [--svg FILE]\n"
	"                   [--config FILE] [--state DIR]\n"
	"\n"
	"What could somebody do who has taken over a process of this instance? Beside it a twin "
	"is\n"
	"started for each role: the same programs and configuration, in namespaces of its own, "
	"where\n"
	"an intruder has the role's place, with its sandbox, descriptors, channels and pages, and\n"
	"tries what attackers try. The instance that runs is not touched; its log says that a "
	"drill\n"
	"began, and how it ended.\n"
	"\n"
	"  --role ROLE   only this one (edge, cell, signer, ...)\n"
	"  --act ACT     only this one, of those that --list prints\n"
	"  --list        the acts: group, name, what it tries, which promise it attacks\n"
	"  --long        each act of each role, not only those that worked\n"
	"  --json        for programs (docs/drill.md)\n"
	"  --svg FILE    draws who can reach what\n"
	"  --config FILE this configuration instead of the one that is in force\n"
	"\n"
	"Exit status: 0 nothing worked that must not, 1 a breach, or not all could be tried,\n"
	"2 the command line is not understood.\n";

struct drill {
	const char *state, *role, *act, *svg, *config;
	bool is_json, is_long, wants_acts;
	struct drill_plan plan;
	struct drill_roles roles;
	struct drill_twin twin[ROLE_N];
	struct drill_result result;
	int signal_fd;
	uint64_t shown_ms;
};

/* ---- running them ---- */

static unsigned drill_count(const struct drill *d, enum drill_state state)
{
	unsigned n = 0;

	for (unsigned i = 0; i < d->result.twin_n; i++)
		n += d->twin[i].state == state;
	return n;
}

static void drill_show(struct drill *d, bool is_last)
{
	uint64_t now = clock_mono_ms();
	unsigned births = 0;

	if (!isatty(STDERR_FILENO) || (!is_last && now - d->shown_ms < DRILL_SHOW_MS))
		return;
	d->shown_ms = now;
	for (unsigned i = 0; i < d->result.twin_n; i++)
		births += d->twin[i].seen_births;
	if (is_last)
		(void)fprintf(stderr, "\r\033[K");
	else
		(void)fprintf(stderr, "\r\033[K%u of %u roles done, %u processes taken over",
			      drill_count(d, DRILL_DONE), d->result.twin_n, births);
	(void)fflush(stderr);
}

/* As many as there are processors: each compiles a configuration, and starts many processes. */
static unsigned drill_at_once(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 2 ? 2 : n > DRILL_AT_ONCE ? DRILL_AT_ONCE : (unsigned)n;
}

static void drill_fill(struct drill *d)
{
	for (unsigned i = 0; i < d->result.twin_n; i++) {
		if (drill_count(d, DRILL_RUNNING) >= drill_at_once())
			return;
		if (d->twin[i].state == DRILL_WAITING && drill_twin_start(&d->twin[i]) != E_OK)
			drill_twin_end(&d->twin[i]);
	}
}

/* What has not come to its end by now does not. */
static void drill_cut(struct drill_twin *t)
{
	if (t->state != DRILL_RUNNING && t->state != DRILL_WAITING)
		return;
	if (t->state == DRILL_RUNNING)
		drill_twin_end(t);
	t->state = DRILL_BROKEN;
	(void)snprintf(t->why, sizeof t->why, "it was interrupted");
}

/* False: somebody pressed Ctrl-C. */
static bool drill_run(struct drill *d)
{
	struct pollfd p = { .fd = d->signal_fd, .events = POLLIN };
	bool is_cut = false;

	while (!is_cut) {
		drill_fill(d);
		if (!drill_count(d, DRILL_RUNNING))
			break;
		is_cut = poll(&p, 1, DRILL_LOOK_MS) > 0;
		for (unsigned i = 0; i < d->result.twin_n; i++)
			if (d->twin[i].state == DRILL_RUNNING)
				drill_twin_look(&d->twin[i]);
		drill_show(d, false);
	}
	for (unsigned i = 0; i < d->result.twin_n; i++)
		drill_cut(&d->twin[i]);
	drill_show(d, true);
	return !is_cut;
}

/* ---- before and after ---- */

static void drill_note(const struct drill *d, enum tool_drill what, struct view text)
{
	uint8_t body[TOOL_REASON_MAX + 8];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_u8(&w, (uint8_t)what);
	wbuf_str16(&w, view_slice(text, 0, TOOL_REASON_MAX));
	if (ask_keeper(d->state, TOOL_DRILL, wbuf_view(&w), NULL, NULL) != 0)
		(void)fprintf(stderr, "sluis drill: the log has not heard of this\n");
}

/* Root drills an ordinary user's instance as that user: it would not be the same otherwise. */
static bool drill_become(const char *state_option)
{
	char dir[STATE_DIR_MAX + 1], path[STATE_DIR_MAX + 32];
	struct stat st = { 0 };

	if (geteuid() != 0)
		return true;
	if (state_dir_path(state_option, dir) != E_OK)
		return false;
	(void)snprintf(path, sizeof path, "%s/control.sock", dir);
	if (stat(path, &st) < 0 || st.st_uid == 0)
		return true;
	/* Dumpable again: who is not may not say which ids its children have */
	if (setgroups(0, NULL) == 0 && setresgid(st.st_gid, st.st_gid, st.st_gid) == 0 &&
	    setresuid(st.st_uid, st.st_uid, st.st_uid) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0)
		return true;
	perror("sluis drill: becoming the user of the instance");
	return false;
}

static bool drill_signals(struct drill *d)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return false;
	d->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return d->signal_fd >= 0;
}

/* One of the roles, or all. */
static bool drill_choose(struct drill *d)
{
	for (unsigned i = 0; i < d->roles.n; i++) {
		struct drill_twin *t = &d->twin[d->result.twin_n];

		if (d->role && strcmp(d->role, role_name(d->roles.role[i])) != 0)
			continue;
		t->plan = &d->plan;
		t->role = d->roles.role[i];
		t->uid = d->roles.uid[i];
		d->result.twin_n++;
	}
	if (d->result.twin_n)
		return true;
	(void)fprintf(stderr, "sluis drill: no role %s runs here:", d->role);
	for (unsigned i = 0; i < d->roles.n; i++)
		(void)fprintf(stderr, " %s", role_name(d->roles.role[i]));
	(void)fputc('\n', stderr);
	return false;
}

/* What excuses some acts; it is as it is in the twin as well. */
static void drill_conditions(struct drill *d, const struct snapshot *seen)
{
	uint8_t *so = &d->result.is_so;

	if (geteuid() != 0)
		*so |= ALLOWED_USER;
	if (!seen->health || PAGE_GET(seen->health->reach) != PAGE_REACH_ADDRESSES)
		*so |= ALLOWED_PORTS;
	for (size_t i = 0; i < seen->role_n; i++)
		if (seen->roles[i].weaker[0])
			*so |= ALLOWED_WEAKER;
}

static bool drill_prepare(struct drill *d)
{
	struct snapshot *seen = calloc(1, sizeof *seen);
	bool is_ready = false;

	if (!seen) {
		perror("sluis drill");
		return false;
	}
	if (ask_keeper(d->state, TOOL_STATUS, (struct view){ 0 }, snapshot_row, seen) == 0)
		is_ready = drill_plan_make(d->state, d->config, seen, &d->plan, &d->roles);
	drill_conditions(d, seen);
	snapshot_release(seen);
	free(seen);
	return is_ready && drill_choose(d);
}

static int drill_finish(struct drill *d, bool is_whole)
{
	struct drill_sums s = drill_result_total(&d->result);
	bool is_failed = !is_whole || s.n[DRILL_UNFINISHED] || drill_count(d, DRILL_BROKEN);
	char text[256];
	struct wbuf w = wbuf_of(text, sizeof text);

	drill_print_summary(&d->result, &w);
	drill_note(d,
		   s.n[DRILL_BREACH] ? TOOL_DRILL_BREACHED
		   : is_failed	     ? TOOL_DRILL_FAILED
				     : TOOL_DRILL_ENDED,
		   wbuf_view(&w));
	if (d->is_json)
		is_failed |= drill_print_json(&d->result) != 0;
	else
		drill_print(&d->result, d->is_long);
	if (d->svg)
		is_failed |= drill_svg_write(&d->result, d->svg) != E_OK;
	return s.n[DRILL_BREACH] || is_failed;
}

static int drill_do(struct drill *d)
{
	uint64_t began = clock_mono_ms();
	uint32_t act = act_count();
	bool is_whole = false;

	d->plan.last = act_count();
	if (d->act) {
		act = act_find(d->act);
		if (act == act_count()) {
			(void)fprintf(stderr, "sluis drill: no act is called %s\n", d->act);
			return 2;
		}
		d->plan.first = act;
		d->plan.last = act + 1;
	}
	if (!drill_become(d->state) || !drill_signals(d) || !drill_prepare(d))
		return 1;
	d->result.twin = d->twin;
	drill_note(d, TOOL_DRILL_BEGAN, view_str(d->role ? d->role : "every role"));
	is_whole = drill_run(d);
	d->result.ms = clock_mono_ms() - began;
	return drill_finish(d, is_whole);
}

static int drill_list(void)
{
	enum act_group group = ACT_FILES;
	uint32_t n = act_count();

	for (uint32_t i = 0; i < n; i++) {
		const struct act *a = act_at(i, &group);

		(void)printf("%-10s %-26s %-9s %s\n", act_group_name(group), a->name, a->cites,
			     a->tries);
	}
	return 0;
}

static const struct option drill_options[] = {
	{ "role", required_argument, NULL, 'r' },   { "act", required_argument, NULL, 'a' },
	{ "list", no_argument, NULL, 'l' },	    { "long", no_argument, NULL, 'L' },
	{ "json", no_argument, NULL, 'j' },	    { "svg", required_argument, NULL, 'v' },
	{ "config", required_argument, NULL, 'c' }, { "state", required_argument, NULL, 's' },
	{ "help", no_argument, NULL, 'h' },	    { 0 },
};

/* False: not one of them. */
static bool drill_option(int c, struct drill *d)
{
	switch (c) {
	case 'r':
		d->role = optarg;
		return true;
	case 'a':
		d->act = optarg;
		return true;
	case 'l':
		d->wants_acts = true;
		return true;
	case 'L':
		d->is_long = true;
		return true;
	case 'j':
		d->is_json = true;
		return true;
	case 'v':
		d->svg = optarg;
		return true;
	case 'c':
		d->config = optarg;
		return true;
	case 's':
		d->state = optarg;
		return true;
	default:
		return false;
	}
}

int drill_main(int argc, char **argv)
{
	struct drill *d = calloc(1, sizeof *d);
	int c = 0, status = 1;

	if (!d) {
		perror("sluis drill");
		return 1;
	}
	while ((c = getopt_long(argc, argv, "h", drill_options, NULL)) != -1)
		if (!drill_option(c, d))
			break;
	if (c != -1 || optind != argc) {
		(void)fputs(drill_usage, c == 'h' ? stdout : stderr);
		status = c == 'h' ? 0 : 2;
	} else {
		status = d->wants_acts ? drill_list() : drill_do(d);
	}
	drill_plan_done(&d->plan);
	free(d);
	return status;
}
