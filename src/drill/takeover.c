/*
 * Where the intruder gets in: functions that the linker puts in front of those of the role. Until
 * the role is ready they only look on, and write down what the role is given.
 */
#include "drill/intruder.h"
#include "ipc/keeper_role.h"
#include "sys/shm.h"

#include <unistd.h>

__typeof__(keeper_role_boot) __real_keeper_role_boot, __wrap_keeper_role_boot;
__typeof__(keeper_role_ready) __real_keeper_role_ready, __wrap_keeper_role_ready;
__typeof__(frame_receive) __real_frame_receive, __wrap_frame_receive;
__typeof__(shm_map) __real_shm_map, __wrap_shm_map;

struct intruder takeover_intruder; /* wrapped functions have no argument for it */

static void takeover_note(struct intruder *x, const struct frame *f)
{
	struct view in = f->body;
	uint8_t kind = 0;
	uint16_t index = 0;

	x->page_kind = 0;
	if (f->fd_n < 1)
		return;
	if (f->type == KEEPER_PATH && x->dir_n < INTRUDER_FDS)
		x->dir[x->dir_n++] = f->fds[0];
	if (f->type == KEEPER_LISTENER && x->listener_n < INTRUDER_FDS)
		x->listener[x->listener_n++] = f->fds[0];
	if (view_u8(&in, &kind) != E_OK || view_u16(&in, &index) != E_OK)
		return;
	if (f->type == KEEPER_PAGE)
		x->page_kind = kind;
	if (f->type == KEEPER_CHANNEL && x->channel_n < INTRUDER_CHANNELS)
		x->channel[x->channel_n++] = (struct intruder_channel){ f->fds[0], index, kind };
}

enum err __wrap_frame_receive(int fd, uint8_t buf[FRAME_MAX], struct frame *ret)
{
	enum err e = __real_frame_receive(fd, buf, ret);

	if (e == E_OK && fd == ROLE_CHANNEL_FD && !takeover_intruder.is_in)
		takeover_note(&takeover_intruder, ret);
	return e;
}

enum err __wrap_shm_map(int fd, bool is_writable, void **ret, size_t *ret_bytes)
{
	struct intruder *x = &takeover_intruder;
	size_t n = 0;
	enum err e = __real_shm_map(fd, is_writable, ret, &n);

	if (e != E_OK)
		return e;
	if (ret_bytes)
		*ret_bytes = n;
	if (x->board && x->map_n < INTRUDER_MAPS)
		x->map[x->map_n++] = (struct intruder_map){ *ret, n, is_writable, x->page_kind };
	return E_OK;
}

enum err __wrap_keeper_role_boot(const struct frame_table *t, void *role,
				 struct role_identity *ret_self)
{
	if (!intruder_open(&takeover_intruder))
		_exit(2);
	return __real_keeper_role_boot(t, role, ret_self);
}

enum err __wrap_keeper_role_ready(const char *have, const char *weaker)
{
	struct intruder *x = &takeover_intruder;

	TRY(__real_keeper_role_ready(have, weaker));
	x->role = (uint8_t)x->board->role;
	if (x->role != ROLE_CELL) /* the spawner goes on, and its cells are taken over */
		intruder_run(x);
	return E_OK;
}
