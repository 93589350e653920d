/*
 * Processes of roles. The keeper believes the kernel (the pidfd) about their end, and their
 * channel about everything else; a role that breaks the protocol is killed (THREATS A20).
 */
#include "role/keeper/child.h"

#include "ipc/keeper_role.h"
#include "role/keeper/boot.h"
#include "role/keeper/change.h"
#include "role/keeper/drill.h"
#include "role/keeper/events.h"
#include "role/keeper/fence.h"
#include "role/keeper/hear.h"
#include "role/keeper/post.h"
#include "role/keeper/purge.h"
#include "role/keeper/ring_table.h"
#include "role/keeper/roles.h"
#include "role/keeper/seat.h"
#include "role/keeper/usage.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/spawn.h"

#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>

/* Frames handled per event: a role that floods the keeper does not keep it from the others. */
enum { CHILD_BUDGET = 64 };

bool child_is_alive(const struct keeper_child *c)
{
	return c && c->state != CHILD_FREE;
}

static struct keeper_child *child_slot(struct keeper *k)
{
	for (size_t i = 0; i < KEEPER_CHILDREN; i++)
		if (k->children[i].state == CHILD_FREE && k->children[i].freed_turn != k->loop.turn)
			return &k->children[i];
	log_line(LOG_ERROR, "too many processes: %d", KEEPER_CHILDREN);
	return NULL;
}

static enum err child_spawn(struct keeper_child *c, int channel_fd, int *ret_pidfd)
{
	struct keeper *k = c->k;
	enum role role = (enum role)c->role;
	const struct roles_row *row = roles_row(role);
	char path[KEEPER_PATH_MAX + 64];
	const char *why = "";
	struct spawn_spec spec = { .program = path,
				   .argv0 = row->program,
				   .channel_fd = channel_fd,
				   .uid = k->users[role].uid,
				   .gid = k->users[role].gid,
				   .wants_network = row->wants_network,
				   .wants_parents_pids = row->shares_pids,
				   .wants_read_any = row->wants_read_any,
				   .wants_no_namespaces = k->has_no_namespaces,
				   .cgroup_fd = c->fence.cgroup_fd,
				   .memlock = row->memlock };
	enum err e = E_OK;

	(void)snprintf(path, sizeof path, "%s/%s", k->options.programs,
		       drill_program(k, role, c->index, row->program));
	e = spawn_role(&spec, &c->pid, ret_pidfd, &why);
	if (e == E_DENIED && (k->options.weaker & 1u << 4) && (k->options.weaker & 1u << 5)) {
		spec.wants_no_namespaces = k->has_no_namespaces = true;
		e = spawn_role(&spec, &c->pid, ret_pidfd, &why);
	}
	if (e == E_DENIED)
		log_line(LOG_ERROR, "%s: %s; or --allow-weaker P4 --allow-weaker P5", row->program,
			 why);
	return e;
}

enum err child_adopt(struct keeper_child *c, int channel, int pidfd)
{
	c->channel = (struct loop_source){ .fd = channel, .kind = KEEPER_ON_CHANNEL };
	c->pidfd = (struct loop_source){ .fd = pidfd, .kind = KEEPER_ON_PIDFD };
	list_init(&c->outbox);
	if (channel >= 0) {
		TRY(fd_set_nonblocking(channel));
		TRY(loop_add(&c->k->loop, &c->channel, EPOLLIN));
	}
	return loop_add(&c->k->loop, &c->pidfd, EPOLLIN);
}

static enum err child_born(struct keeper_child *c, const struct keeper_image *image)
{
	AUTO_FD here = -1;
	AUTO_FD there = -1;
	int pair[2] = { -1, -1 }, pidfd = -1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return log_errno("socketpair");
	here = pair[0];
	there = pair[1];
	fence_open(c, image);
	TRY(child_spawn(c, there, &pidfd));
	c->state = CHILD_STARTING;
	TRY(child_adopt(c, fd_steal(&here), pidfd));
	return boot_post(c, image);
}

struct keeper_child *child_start(struct keeper *k, enum role role, uint16_t index,
				 const struct keeper_image *image, bool is_candidate)
{
	struct keeper_child *c = child_slot(k);
	enum err e = E_OK;

	if (!c)
		return NULL;
	*c = (struct keeper_child){ .k = k,
				    .channel = { .fd = -1 },
				    .pidfd = { .fd = -1 },
				    .fence = { .cgroup_fd = -1, .parent_fd = -1 },
				    .role = (uint8_t)role,
				    .index = index,
				    .is_candidate = is_candidate,
				    .generation = image->generation,
				    .started_ms = clock_mono_ms(),
				    .started_wall_s = clock_wall_us() / 1000000 };
	list_init(&c->outbox);
	c->deadline_ms = c->started_ms + (role == ROLE_CONFIG ? KEEPER_CONFIG_MS : KEEPER_BOOT_MS);
	e = child_born(c, image);
	if (e == E_OK || e == E_CLOSED)
		return c; /* closed already: its pidfd tells how it ended */
	(void)snprintf(k->change.why, sizeof k->change.why, "%s could not be started",
		       role_name(role));
	if (c->state == CHILD_FREE) {
		fence_close(c);
		return NULL;
	}
	child_kill(c);
	return c;
}

void child_kill(struct keeper_child *c)
{
	c->deadline_ms = 0;
	if (c->pidfd.fd >= 0)
		process_signal(c->pidfd.fd, SIGKILL);
}

void child_drain(struct keeper_child *c, uint32_t deadline_ms)
{
	uint8_t body[4];
	struct wbuf w = wbuf_of(body, sizeof body);

	c->is_draining = true;
	wbuf_u32(&w, deadline_ms);
	if (post_simple(c, KEEPER_DRAIN, wbuf_view(&w)) == E_NOMEM)
		child_kill(c);
	c->deadline_ms = c->k->loop.now_ms + deadline_ms + KEEPER_GONE_MS;
}

void child_retire(struct keeper_child *c, uint32_t deadline_ms)
{
	if (c->state == CHILD_FREE)
		return;
	c->state = CHILD_RETIRED;
	c->swap = 0;
	child_drain(c, deadline_ms);
}

static void child_tell_end(struct keeper_child *c, const struct process_end *end)
{
	char text[PROCESS_END_MAX];
	struct wbuf w = wbuf_of(text, sizeof text);
	bool is_clean = !end->is_signal && end->value == 0;

	process_end_put(&w, c->pid, end);
	if (end->is_signal && end->value == SIGSYS) /* P5 */
		events_put_child(c, RECORD_ALARM, "sandbox.violation", "failed", wbuf_view(&w));
	else if (end->is_signal && process_is_fault(end->value))
		events_put_child(c, RECORD_ALARM, "role.crashed", "failed", wbuf_view(&w));
	events_put_child(c, RECORD_EVENT, is_clean ? "role.ended" : "role.killed",
			 is_clean ? "ok" : "failed", wbuf_view(&w));
	if (!is_clean && c->role != ROLE_CONFIG && c->k->stop.stage == STOP_NOT)
		log_line(LOG_WARNING, "%s[%u]: %.*s", role_name((enum role)c->role),
			 (unsigned)c->index, (int)w.n, text);
}

static void child_free(struct keeper_child *c)
{
	post_forget(c);
	loop_close(&c->channel);
	loop_close(&c->pidfd);
	purge_on_end(c);
	ring_table_end(c->k, c->ring);
	c->ring = 0;
	fence_close(c);
	c->state = CHILD_FREE;
	c->freed_turn = c->k->loop.turn;
}

/* A role without a channel can't be spoken to; it gets a moment to end by itself. */
static void child_close_channel(struct keeper_child *c)
{
	post_forget(c);
	loop_close(&c->channel);
	if (c->state == CHILD_FREE)
		return;
	c->deadline_ms = c->k->loop.now_ms + KEEPER_GONE_MS;
}

static void child_hear(struct keeper_child *c, unsigned budget)
{
	enum err e = hear_pump(c, budget);

	if (e == E_OK || e == E_AGAIN)
		return;
	if (e != E_CLOSED) {
		log_line(LOG_ERROR, "%s[%u] broke the protocol (%s) and is ended",
			 role_name((enum role)c->role), (unsigned)c->index, err_name(e));
		events_put_child(c, RECORD_ALARM, "ipc.violation", "failed", view_str(err_name(e)));
		c->has_failed = true;
		child_kill(c);
	}
	child_close_channel(c);
}

void child_on_channel(void *owner, struct loop_source *source, uint32_t events)
{
	struct keeper_child *c = LIST_OWNER(source, struct keeper_child, channel);

	(void)owner;
	if (events & EPOLLOUT)
		post_flush(c);
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		child_hear(c, CHILD_BUDGET);
}

void child_on_pidfd(void *owner, struct loop_source *source, uint32_t events)
{
	struct keeper_child *c = LIST_OWNER(source, struct keeper_child, pidfd);
	struct process_end end = { 0 };
	enum err e = process_reap(c->pidfd.fd, &end);

	(void)owner;
	(void)events;
	if (e == E_AGAIN)
		return;
	if (e != E_OK)
		end = (struct process_end){ .value = 255 };
	/* What it said before it ended counts: the reason of a failure, an image */
	if (c->channel.fd >= 0)
		child_hear(c, UINT32_MAX);
	drill_on_end(c, &end);
	child_tell_end(c, &end);
	usage_ended(c->k, c);
	child_free(c);
	if (change_on_end(c, &end))
		return;
	seat_on_end(c, &end);
}

uint64_t child_tick(struct keeper *k)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < KEEPER_CHILDREN; i++) {
		struct keeper_child *c = &k->children[i];

		if (c->state == CHILD_FREE || c->deadline_ms == 0)
			continue;
		if (c->deadline_ms > k->loop.now_ms) {
			next = c->deadline_ms < next ? c->deadline_ms : next;
			continue;
		}
		if (c->state == CHILD_STARTING || c->swap)
			log_line(LOG_ERROR, "%s[%u] did not answer in time and is ended",
				 role_name((enum role)c->role), (unsigned)c->index);
		child_kill(c);
	}
	return next;
}
