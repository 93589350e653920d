/* A cell is taken over at the first turn of its loop. Its spawner, which sees how it ends, works on
 * undisturbed. */
#include "drill/intruder.h"
#include "role/cell/cell.h"
#include "role/edge/run.h"
#include "sys/process.h"

__typeof__(run_turn) __real_run_turn, __wrap_run_turn;
__typeof__(process_reap) __real_process_reap, __wrap_process_reap;

extern struct intruder takeover_intruder;

enum err __wrap_run_turn(struct edge *e, int max_ms)
{
	static const uint8_t peers[CELL_FDS] = {
		[CELL_FD_LIFELINE] = ROLE_SPAWNER, [CELL_FD_SIGNER] = ROLE_SIGNER,
		[CELL_FD_DIALER] = ROLE_DIALER,	   [CELL_FD_AUTHORITY] = ROLE_AUTHORITY,
		[CELL_FD_AUDIT] = ROLE_AUDIT,
	};
	struct intruder *x = &takeover_intruder;

	if (x->role != ROLE_CELL)
		return __real_run_turn(e, max_ms);
	x->channel_n = x->listener_n = x->dir_n = 0; /* those were the spawner's */
	for (unsigned i = 0; i < CELL_FDS; i++)
		if (peers[i])
			x->channel[x->channel_n++] =
				(struct intruder_channel){ ROLE_CHANNEL_FD + (int)i, 0, peers[i] };
	intruder_run(x);
}

enum err __wrap_process_reap(int pidfd, struct process_end *ret)
{
	enum err e = __real_process_reap(pidfd, ret);

	if (e == E_OK && takeover_intruder.role == ROLE_CELL)
		board_end(takeover_intruder.board, ret->is_signal ? ret->value : 0, ret->value);
	return e;
}
