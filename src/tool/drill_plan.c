/* The keeper's own command line says how it was started: as the kernel has it. */
#include "tool/drill_plan.h"

#include "tool/proc_file.h"
#include "tool/process_list.h"
#include "tool/program_place.h"
#include "tool/state_dir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLAN_LINE_MAX = 32768 };

/* Options of a keeper, all with a value; those of an upgrade and of the instance alone don't pass.
 */
static bool plan_passes(struct view option)
{
	static const char *const passed[] = { "--config", "--programs", "--allow-weaker",
					      "--uid-range" };

	for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
		if (view_eq(option, view_str(passed[i])))
			return true;
	return false;
}

static bool plan_add(struct drill_plan *p, struct view text)
{
	char *s = p->arg_n < DRILL_ARGS ? strndup((const char *)text.p, text.n) : NULL;

	if (s)
		p->args[p->arg_n++] = s;
	return s != NULL;
}

static void plan_path(struct view value, char *ret)
{
	(void)snprintf(ret, DRILL_PATH, "%.*s", (int)(value.n < DRILL_PATH ? value.n : 0),
		       (const char *)value.p);
}

/* "--config" and its value may be one word. */
static bool plan_option(struct drill_plan *p, struct view word, struct view next, char *programs)
{
	size_t at = view_find(word, '=');
	struct view option = view_slice(word, 0, at),
		    value = at < word.n ? view_slice(word, at + 1, word.n) : next;

	if (!plan_passes(option))
		return true;
	if (view_eq(option, VIEW("--config")))
		plan_path(value, p->config);
	if (view_eq(option, VIEW("--programs")))
		plan_path(value, programs);
	return plan_add(p, option) && plan_add(p, value);
}

static bool plan_line(struct drill_plan *p, struct view line, char *programs)
{
	while (line.n) {
		struct view word = view_slice(line, 0, view_find(line, 0)), next = { 0 };

		line = view_slice(line, word.n + 1, line.n);
		next = view_slice(line, 0, view_find(line, 0));
		if (view_starts(word, VIEW("--")) && !plan_option(p, word, next, programs))
			return false;
	}
	return p->config[0] != '\0';
}

static bool plan_keeper(struct drill_plan *p, int pid)
{
	char programs[DRILL_PATH] = "", place[PROGRAM_PLACE_MAX];
	struct proc_file line = { 0 };
	bool is_read = proc_file_read(pid, "cmdline", PLAN_LINE_MAX, &line) == E_OK;

	if (is_read)
		is_read = plan_line(p, view_of(line.p, line.n), programs);
	proc_file_done(&line);
	if (!is_read) {
		(void)fprintf(stderr,
			      "sluis drill: how the keeper (pid %d) was started can't be "
			      "seen\n",
			      pid);
		return false;
	}
	if (!program_place_find(*programs ? programs : NULL, "sluis-keeper", place)) {
		(void)fprintf(stderr, "sluis drill: sluis-keeper is not where it was installed\n");
		return false;
	}
	(void)snprintf(p->keeper, sizeof p->keeper, "%.480s/sluis-keeper", place);
	return true;
}

/* Another file than the instance's: the last --config counts. */
static bool plan_config(struct drill_plan *p, const char *config)
{
	char *whole = realpath(config, NULL);
	bool is_added = whole && plan_add(p, VIEW("--config")) && plan_add(p, view_str(whole));

	if (whole)
		plan_path(view_str(whole), p->config);
	else
		perror(config);
	free(whole);
	p->has_own_config = true;
	return is_added;
}

static void plan_role(struct drill_roles *r, enum role role, uid_t uid)
{
	for (unsigned i = 0; i < r->n; i++)
		if (r->role[i] == role)
			return;
	r->role[r->n] = role;
	r->uid[r->n++] = uid;
}

static void plan_cells(struct drill_plan *p, const struct snapshot *seen)
{
	for (uint32_t i = 0; seen->image.header && i < image_count(&seen->image, IMAGE_LISTENER);
	     i++) {
		const struct image_listener *l = image_listener_at(&seen->image, i);

		if (!(l->flags & IMAGE_CELL) || l->address.kind != IMAGE_ADDRESS_IP)
			continue;
		p->cell_ip = l->address.ip;
		p->cell_port = l->address.port;
		return;
	}
}

/* Config runs at changes only, cells are no child of the keeper's: their users are those of who
 * starts them. */
static void plan_roles(const struct drill_plan *p, const struct snapshot *seen,
		       struct drill_roles *r)
{
	uid_t config = 0;

	for (unsigned role = ROLE_CONFIG; role < ROLE_PROGRAMS; role++)
		for (size_t i = 0; i < seen->role_n; i++)
			if (seen->roles[i].role == role && role != ROLE_CONFIG)
				plan_role(r, (enum role)role, (uid_t)seen->roles[i].uid);
	for (unsigned i = 0; i < r->n; i++)
		if (r->role[i] == ROLE_EDGE)
			config = r->uid[i];
	plan_role(r, ROLE_CONFIG, config);
	for (unsigned i = 0; p->cell_port && i < r->n; i++)
		if (r->role[i] == ROLE_SPAWNER) {
			plan_role(r, ROLE_CELL, r->uid[i]);
			return;
		}
}

bool drill_plan_make(const char *state_option, const char *config, const struct snapshot *seen,
		     struct drill_plan *plan, struct drill_roles *roles)
{
	char state[STATE_DIR_MAX + 1];
	struct process_list l = { 0 };
	int keeper = 0;

	if (state_dir_path(state_option, state) != E_OK)
		return false;
	if (process_list_of(state, &l) == E_OK)
		keeper = l.keeper;
	process_list_done(&l);
	if (!keeper || view_str(state).n >= sizeof plan->state) {
		(void)fprintf(stderr, "sluis drill: no Sluis runs with state directory %s\n",
			      state);
		return false;
	}
	(void)snprintf(plan->state, sizeof plan->state, "%.*s", DRILL_PATH - 1, state);
	if (!plan_keeper(plan, keeper) || (config && !plan_config(plan, config)))
		return false;
	plan_cells(plan, seen);
	plan_roles(plan, seen, roles);
	return true;
}

void drill_plan_done(struct drill_plan *plan)
{
	for (unsigned i = 0; i < plan->arg_n; i++)
		free(plan->args[i]);
	plan->arg_n = 0;
}
