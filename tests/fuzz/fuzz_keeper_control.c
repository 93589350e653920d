/*
 * The keeper against a role and a command that both say what the input says: any frames, in any
 * order. Properties: it goes on, descriptors do not leak, one question per connection, and texts
 * stay within their fields.
 *
 * Input: for each frame a byte that chooses who speaks, a type, a length, and the body.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/ipc/keeper_kit.h"

#include "role/keeper/control.h"
#include "role/keeper/hear.h"
#include "sys/fd.h"

#include <unistd.h>

static void speak(int peer, uint8_t type, struct view body, bool with_fd)
{
	int fds[1] = { 0 };
	enum err e = frame_send(peer, type, 0, body, fds, with_fd);

	INVARIANT(e == E_OK || e == E_AGAIN || e == E_CLOSED);
}

/* A reload or an upgrade would start programs. */
static void keep_quiet(struct keeper *k)
{
	k->change.state = CHANGE_SWAP;
	k->change.deadline_ms = UINT64_MAX;
	k->upgrade.is_wanted = false;
}

static void check_child(const struct keeper_child *c)
{
	INVARIANT(view_str(c->have).n < sizeof c->have);
	INVARIANT(view_str(c->weaker).n < sizeof c->weaker);
	INVARIANT(c->state <= CHILD_RETIRED);
}

/* One frame of the input, said by the role or by the command. */
static enum err step(struct view *in, int role_peer, int client_peer)
{
	uint8_t who = 0, type = 0, n = 0;
	struct view body = { 0 };

	TRY(view_u8(in, &who));
	TRY(view_u8(in, &type));
	TRY(view_u8(in, &n));
	body = view_slice(*in, 0, n);
	*in = view_slice(*in, n, in->n);
	speak(who & 1 ? role_peer : client_peer, type, body, who & 2);
	return E_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct keeper *k = keeper_kit_new();
	struct view in = view_of(data, size);
	int role_peer = -1, client_peer = -1, before = -1, after = -1;
	uint8_t who = 0;
	struct keeper_child *c = NULL;
	struct keeper_client *client = NULL;

	(void)view_u8(&in, &who);
	c = keeper_kit_child(k, (enum role)(ROLE_CONFIG + who % (ROLE_N - ROLE_CONFIG)),
			     who & 128 ? CHILD_RUNNING : CHILD_STARTING, &role_peer);
	client = keeper_kit_client(k, &client_peer);
	INVARIANT(client && fd_set_nonblocking(role_peer) == E_OK);
	keep_quiet(k);
	before = dup(0); /* the lowest free number */
	for (unsigned i = 0; i < 64 && step(&in, role_peer, client_peer) == E_OK; i++) {
		enum err e = c->channel.fd >= 0 ? hear_pump(c, 4) : E_CLOSED;

		check_child(c);
		if (e != E_OK && e != E_AGAIN)
			loop_close(&c->channel);
		if (client->source.fd >= 0)
			control_on_client(k, &client->source, EPOLLIN);
		keep_quiet(k);
	}
	fd_close(before);
	after = dup(0);
	INVARIANT(after <= before); /* nothing below it was left open */
	fd_close(after);
	fd_close(role_peer);
	fd_close(client_peer);
	keeper_kit_free(k);
	return 0;
}
