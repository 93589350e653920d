/* The stage for tests of the keeper's dispatchers. */
#include "tests/ipc/keeper_kit.h"

#include "role/keeper/child.h"
#include "role/keeper/control.h"
#include "role/keeper/fresh.h"
#include "role/keeper/upgrade.h"
#include "sys/fd.h"

#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void on_signal(void *owner, struct loop_source *source, uint32_t events)
{
	(void)owner;
	(void)source;
	(void)events;
}

static loop_handler *const handlers[KEEPER_SOURCES] = {
	[KEEPER_ON_CHANNEL] = child_on_channel, [KEEPER_ON_PIDFD] = child_on_pidfd,
	[KEEPER_ON_SIGNAL] = on_signal,		[KEEPER_ON_CONTROL] = control_on_listen,
	[KEEPER_ON_CLIENT] = control_on_client, [KEEPER_ON_SELF_CHECK] = upgrade_on_check,
};

struct keeper *keeper_kit_new(void)
{
	struct keeper *k =
		mmap(NULL, sizeof *k, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (k == MAP_FAILED)
		abort();
	fresh_init(k);
	k->is_ready = true;
	if (loop_init(&k->loop, k, handlers, KEEPER_SOURCES) != E_OK)
		abort();
	k->loop.turn = 1;
	return k;
}

void keeper_kit_free(struct keeper *k)
{
	for (size_t i = 0; i < KEEPER_CHILDREN; i++) {
		struct keeper_child *c = &k->children[i];

		if (c->state == CHILD_FREE)
			continue;
		(void)kill(c->pid, SIGKILL);
		(void)waitpid(c->pid, NULL, 0);
		loop_close(&c->channel);
		loop_close(&c->pidfd);
	}
	for (unsigned i = 0; i < KEEPER_CLIENTS; i++)
		loop_close(&k->clients[i].source);
	loop_done(&k->loop);
	(void)munmap(k, sizeof *k);
}

struct keeper_child *keeper_kit_child(struct keeper *k, enum role role,
				      enum keeper_child_state state, int *ret_peer)
{
	struct keeper_child *c = k->children;
	int pair[2] = { -1, -1 };

	while (c->state != CHILD_FREE)
		c++;
	*c = (struct keeper_child){ .k = k, .role = (uint8_t)role, .state = (uint8_t)state };
	c->fence = (struct reach){ .cgroup_fd = -1, .parent_fd = -1 };
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		abort();
	c->pid = fork();
	if (c->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* A copy of a descriptor keeps its events coming after the keeper has closed it */
		(void)close_range(STDERR_FILENO + 1, UINT_MAX, 0);
		for (;;)
			(void)pause();
	}
	if (c->pid < 0 || child_adopt(c, pair[0], (int)syscall(SYS_pidfd_open, c->pid, 0)) != E_OK)
		abort();
	*ret_peer = pair[1];
	return c;
}

struct keeper_client *keeper_kit_client(struct keeper *k, int *ret_peer)
{
	int pair[2] = { -1, -1 };

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		abort();
	*ret_peer = pair[1];
	control_adopt(k, pair[0], 0);
	for (unsigned i = 0; i < KEEPER_CLIENTS; i++) {
		if (k->clients[i].source.fd == pair[0]) {
			k->clients[i].wait = CLIENT_IDLE;
			return &k->clients[i];
		}
	}
	return NULL;
}

/* Who broke the protocol has been killed: its end is still to come. */
static bool keeper_kit_is_dying(const struct keeper *k)
{
	for (size_t i = 0; i < KEEPER_CHILDREN; i++)
		if (k->children[i].state != CHILD_FREE && k->children[i].channel.fd < 0 &&
		    k->children[i].has_failed)
			return true;
	return false;
}

void keeper_kit_turn(struct keeper *k)
{
	for (unsigned i = 0; i < 8 || (i < 2000 && keeper_kit_is_dying(k)); i++)
		if (loop_turn(&k->loop, 5) != E_OK)
			abort();
}
