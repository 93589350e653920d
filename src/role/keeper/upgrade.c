/* The upgrade, up to the execution of the new program. */
#include "role/keeper/upgrade.h"

#include "role/keeper/change.h"
#include "role/keeper/control.h"
#include "role/keeper/events.h"
#include "role/keeper/handover.h"
#include "role/keeper/ring_table.h"
#include "role/keeper/roles.h"
#include "role/keeper/say.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/process.h"
#include "sys/spawn.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { UPGRADE_WAIT_MS = 30000, UPGRADE_POLL_MS = 100, UPGRADE_ARGS_MAX = 32 };

static void upgrade_path(const struct keeper_options *o, char *ret, size_t cap)
{
	(void)snprintf(ret, cap, "%s/sluis-keeper", o->programs);
}

static void upgrade_refuse(struct keeper *k, const char *why)
{
	k->upgrade.is_wanted = false;
	k->upgrade.is_checked = false;
	control_change_begins(k);
	say_format(k, SAY_ERROR, "error: no upgrade: %s; everything goes on as before", why);
	events_put(k, RECORD_EVENT, "sluis.upgrade", view_str(k->options.programs), "refused",
		   view_str(why));
	control_change_done(k, true);
}

void upgrade_request(struct keeper *k)
{
	if (k->upgrade.is_wanted || k->stop.stage != STOP_NOT)
		return;
	k->upgrade.is_wanted = true;
	k->upgrade.is_checked = false;
	k->upgrade.deadline_ms = k->loop.now_ms + UPGRADE_WAIT_MS;
}

/* Nothing half done may be handed over: no change, no role at its birth, no message that waits. */
static bool upgrade_is_quiet(const struct keeper *k)
{
	if (k->change.state != CHANGE_IDLE)
		return false;
	for (size_t i = 0; i < KEEPER_CHILDREN; i++) {
		const struct keeper_child *c = &k->children[i];

		if (c->state == CHILD_FREE)
			continue;
		if (c->state == CHILD_STARTING || c->swap || !list_is_empty(&c->outbox))
			return false;
	}
	return true;
}

/* The new program reads the handover without acting on it. Its channel is that memory file. */
static void upgrade_check(struct keeper *k)
{
	char path[KEEPER_PATH_MAX + 64];
	const char *why = "";
	AUTO_FD state = -1;
	pid_t pid = 0;
	int pidfd = -1;
	struct spawn_spec spec = { .program = path,
				   .argv0 = "sluis-keeper-self-check",
				   .uid = geteuid(),
				   .gid = getegid(),
				   .cgroup_fd = -1,
				   .wants_no_namespaces = true };

	upgrade_path(&k->options, path, sizeof path);
	if (handover_write(k, &state) != E_OK) {
		upgrade_refuse(k, "what runs can't be written down");
		return;
	}
	spec.channel_fd = state;
	if (spawn_role(&spec, &pid, &pidfd, &why) != E_OK) {
		upgrade_refuse(k, "the new sluis-keeper can't be executed");
		return;
	}
	k->upgrade.check = (struct loop_source){ .fd = pidfd, .kind = KEEPER_ON_SELF_CHECK };
	if (loop_add(&k->loop, &k->upgrade.check, EPOLLIN) != E_OK)
		loop_close(&k->upgrade.check);
}

void upgrade_on_check(void *owner, struct loop_source *source, uint32_t events)
{
	struct keeper *k = owner;
	struct process_end end = { 0 };
	enum err e = process_reap(source->fd, &end);

	(void)events;
	if (e == E_AGAIN)
		return;
	loop_close(source);
	if (e != E_OK || end.is_signal || end.value != 0)
		upgrade_refuse(k, "the new programs do not fit (see the messages above)");
	else
		k->upgrade.is_checked = true;
}

struct upgrade_args {
	char text[4][32]; /* numbers */
	char *argv[UPGRADE_ARGS_MAX];
	size_t n;
};

static void upgrade_arg(struct upgrade_args *a, const char *option, const char *value)
{
	a->argv[a->n++] = (char *)(uintptr_t)option;
	a->argv[a->n++] = (char *)(uintptr_t)value;
}

/* What this keeper was told, made absolute: its working directory is not the caller's any more. */
static void upgrade_args(struct upgrade_args *a, const struct keeper_options *o, int handover_fd)
{
	a->argv[a->n++] = (char *)(uintptr_t) "sluis-keeper";
	upgrade_arg(a, "--config", o->config);
	upgrade_arg(a, "--state", o->state);
	upgrade_arg(a, "--programs", o->programs);
	if (o->weaker & 1u << 4)
		upgrade_arg(a, "--allow-weaker", "P4");
	if (o->weaker & 1u << 5)
		upgrade_arg(a, "--allow-weaker", "P5");
	(void)snprintf(a->text[0], sizeof a->text[0], "%u", (unsigned)o->uid_base);
	upgrade_arg(a, "--uid-range", a->text[0]);
	(void)snprintf(a->text[1], sizeof a->text[1], "%u", (unsigned)o->drain_ms);
	upgrade_arg(a, "--drain-ms", a->text[1]);
	(void)snprintf(a->text[2], sizeof a->text[2], "%d", handover_fd);
	upgrade_arg(a, "--handover", a->text[2]);
}

static void upgrade_execute(struct keeper *k)
{
	char path[KEEPER_PATH_MAX + 64];
	struct upgrade_args args = { 0 };
	AUTO_FD state = -1;

	upgrade_path(&k->options, path, sizeof path);
	/* The new program's records come through a ring of their own */
	ring_table_end(k, k->own_ring);
	if (handover_write(k, &state) == E_OK && handover_inherit(k, state, true) == E_OK) {
		upgrade_args(&args, &k->options, state);
		log_line(LOG_INFO, "the new program takes over");
		(void)execve(path, args.argv, (char *const *)(uintptr_t)k->envp);
		(void)log_errno(path);
	}
	(void)handover_inherit(k, state, false);
	ring_writer_unmap(&k->events);
	if (events_open(k) != E_OK)
		log_line(LOG_ERROR, "the keeper records nothing any more");
	upgrade_refuse(k, "the new sluis-keeper could not be executed");
}

uint64_t upgrade_tick(struct keeper *k)
{
	struct keeper_upgrade *u = &k->upgrade;

	if (!u->is_wanted || k->stop.stage != STOP_NOT || u->check.fd >= 0)
		return UINT64_MAX;
	if (!upgrade_is_quiet(k)) {
		if (k->loop.now_ms > u->deadline_ms)
			upgrade_refuse(k, "something else is under way for too long");
		return k->loop.now_ms + UPGRADE_POLL_MS;
	}
	if (u->is_checked)
		upgrade_execute(k);
	else
		upgrade_check(k);
	return u->is_wanted ? k->loop.now_ms + UPGRADE_POLL_MS : UINT64_MAX;
}

int upgrade_self_check(struct keeper *k, int handover_fd)
{
	const struct keeper_options *o = &k->options;
	int status = 0;

	if (handover_fd >= 0 && handover_read(k, handover_fd) != E_OK) {
		log_line(LOG_ERROR, "this sluis-keeper does not understand the running one: "
				    "restart instead");
		return 1;
	}

	for (unsigned r = ROLE_CONFIG; r < ROLE_PROGRAMS; r++) {
		char path[KEEPER_PATH_MAX + 64];
		struct stat st = { 0 };

		(void)snprintf(path, sizeof path, "%s/%s", o->programs,
			       roles_row((enum role)r)->program);
		if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & S_IXUSR)) {
			log_line(LOG_ERROR, "%s is missing or can't be executed", path);
			status = 1;
		}
	}
	return status;
}
