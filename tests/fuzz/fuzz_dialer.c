/*
 * The dialer's dispatchers as a hostile edge and a confused keeper see them: any series of frames
 * to either table, with turns of the loop between. Servers refuse, do not exist, or have names
 * that nobody resolves, so every call ends by itself.
 *
 * Input: records of a byte `what` (low two bits: edge 0, edge 1, keeper, turns; the others: type or
 * count), a byte of sequence number, a byte of length, and that many bytes of body.
 * Property: what is counted as pending is what is pending, and with the edges gone nothing is left.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/ipc/dialer_kit.h"

#include "role/dialer/call.h"
#include "role/dialer/edge_channel.h"
#include "role/dialer/keeper_channel.h"

#include <unistd.h>

static void fuzz_drain(int edge)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };

	while (frame_receive(edge, buf, &f) == E_OK)
		frame_done(&f);
}

static void fuzz_counts_agree(const struct dialer *d)
{
	uint32_t of_edges = 0, pending = 0;

	for (uint32_t i = 0; i < DIALER_CALLS; i++)
		of_edges += d->call[i].state != CALL_FREE && d->call[i].owner == CALL_OF_EDGE;
	for (uint32_t i = 0; i < DIALER_EDGES; i++)
		pending += d->edge[i].is_used ? d->edge[i].pending : 0;
	INVARIANT(of_edges == d->calls_of_edges && of_edges == pending);
	INVARIANT(d->ejected_of_pool[0] <= d->server_n / 2);
}

/* One record; false when the channel it went to is to be closed. */
static bool fuzz_record(struct kit *k, const int edge[2], struct view *in)
{
	struct frame f = { 0 };
	uint8_t what = 0, seq = 0, n = 0;
	enum err e = E_OK;

	if (view_u8(in, &what) != E_OK || view_u8(in, &seq) != E_OK || view_u8(in, &n) != E_OK)
		return false;
	f.type = (uint8_t)(what >> 2 & 15);
	f.seq = seq;
	f.body = view_slice(*in, 0, n);
	*in = view_slice(*in, f.body.n, in->n);
	switch (what & 3) {
	case 0:
	case 1:
		e = frame_dispatch(&edge_channel_tables[ROLE_EDGE], FRAME_RUN,
				   &k->d->edge[what & 1], &f);
		break;
	case 2:
		e = frame_dispatch(&keeper_channel_run, FRAME_RUN, k->d, &f);
		break;
	default:
		kit_spin(k, what >> 2 & 7);
		if (seq & 1)
			fuzz_drain(edge[0]);
		break;
	}
	fuzz_counts_agree(k->d);
	return e == E_OK;
}

static void fuzz_start(struct kit *k)
{
	const struct dialer_setup setup = { .resolvers = "127.0.0.1:1",
					    .hosts = VIEW("127.0.0.1 known.test\n") };

	kit_image_init(&k->image);
	kit_pool(&k->image, "web")->outlier_errors = 1;
	kit_server(&k->image, "127.0.0.1", 1);
	kit_server(&k->image, "/nonexistent/socket", 0);
	kit_server(&k->image, "known.test", 1);
	kit_server(&k->image, "unknown.test", 1);
	kit_start(k, &setup, NULL);
}

/* What an input leaves of itself: its tables are large, so one dialer serves all inputs. */
static void fuzz_forget(struct dialer *d)
{
	for (uint32_t i = 0; i < d->server_n; i++) {
		struct dialer_server *s = &d->server[i];

		dialer_timer_cancel(&s->eject);
		s->state = (struct dialer_state){ 0 };
		s->errors = s->ejections_in_a_row = 0;
		s->returned_ms = 0;
		s->is_admin_told = false;
	}
	d->ejected_of_pool[0] = 0;
	d->is_draining = d->is_over = false;
	d->drain_by_ms = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct kit kit;
	struct view in = view_of(data, size < 4096 ? size : 4096);
	int edge[2];

	if (!kit.d)
		fuzz_start(&kit);
	fuzz_forget(kit.d);
	kit_spin(&kit, 1); /* a channel's slot rests for a turn: these are the first two again */
	edge[0] = kit_edge(&kit);
	edge[1] = kit_edge(&kit);
	kit_spin(&kit, 1);
	while (in.n && fuzz_record(&kit, edge, &in))
		continue;
	(void)close(edge[0]);
	(void)close(edge[1]);
	kit.edge = -1;
	kit_spin(&kit, 2);
	fuzz_counts_agree(kit.d);
	INVARIANT(kit.d->edge_n == 0 && kit.d->calls_of_edges == 0);
	return 0;
}
