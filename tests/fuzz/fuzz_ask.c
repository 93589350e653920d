/*
 * A cell's questions, and an authority that answers anything (THREATS A20): each question gets one
 * answer of its kind, or none; what nobody asked ends the conversation; no question is told twice,
 * and the table is as full as it says.
 *
 * Input: operations. 0 TYPE LEN BODY: a question; 1 TYPE SEQ LEN BODY: an answer (SEQ beside the
 * last question's); 2: the oldest question is answered as it should be; 3: who asked has gone; 4:
 * the channel is lost; 5: another channel; 6: a packet that is no frame.
 */
#include "role/cell/ask.h"
#include "sys/fd.h"
#include "tests/fuzz/fuzz.h"

#include <sys/socket.h>

enum { OPS = 7, STEPS = 200 };

struct rig {
	struct ask ask;
	int ends[2];
	uint32_t who; /* the last that asked */
	uint8_t waits[256];
	bool asks_again;
};

static void on_answer(void *owner, uint32_t who, const struct ask_answer *a)
{
	struct rig *r = owner;

	INVARIANT(who != ASK_NOBODY && r->waits[who & 255]);
	r->waits[who & 255] = 0;
	INVARIANT(a->type <= AUTHORITY_KEYS);
	if (r->asks_again && a->type == 0 &&
	    ask_send(&r->ask, r->ends[0], CELL_KEYS, (struct view){ 0 }, who) == E_OK)
		r->waits[who & 255] = 1;
}

static const struct ask_hooks hooks = { .answered = on_answer };

static void open_channel(struct rig *r)
{
	INVARIANT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, r->ends) ==
		  0);
}

static void close_channel(struct rig *r)
{
	r->ends[0] = fd_close(r->ends[0]);
	r->ends[1] = fd_close(r->ends[1]);
}

static void lose(struct rig *r)
{
	close_channel(r);
	ask_lost(&r->ask);
}

/* What the cell makes of all that has come. */
static void hear(struct rig *r)
{
	enum err e = r->ends[0] >= 0 ? ask_take(&r->ask, r->ends[0]) : E_AGAIN;

	INVARIANT(e != E_OK);
	if (e != E_AGAIN)
		lose(r);
}

static void question(struct rig *r, struct view *in)
{
	uint8_t type = fuzz_u8(in), who = (uint8_t)(++r->who % 255 + 1);
	enum err e = E_OK;

	if (r->waits[who])
		return;
	e = ask_send(&r->ask, r->ends[0], type, fuzz_some(in, FRAME_BODY_MAX), who);
	INVARIANT((e == E_DENIED) == (ask_wait_ms(type) == 0));
	r->waits[who] = e == E_OK;
}

static void answer(struct rig *r, struct view *in)
{
	uint8_t type = fuzz_u8(in), beside = fuzz_u8(in);

	if (r->ends[1] >= 0)
		(void)frame_send(r->ends[1], type, r->ask.seq - beside, fuzz_some(in, 4000), NULL,
				 0);
	hear(r);
}

static void good_answer(struct rig *r, struct view *in)
{
	static uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };
	uint8_t type = fuzz_u8(in) % (AUTHORITY_KEYS + 1);

	if (r->ends[1] < 0 || frame_receive(r->ends[1], buf, &f) != E_OK)
		return;
	INVARIANT(f.fd_n == 0 && f.seq);
	(void)frame_send(r->ends[1], type, f.seq, (struct view){ 0 }, NULL, 0);
	hear(r);
}

static void judge(const struct rig *r)
{
	unsigned used = 0;

	for (unsigned i = 0; i < CELL_QUESTIONS; i++)
		used += r->ask.questions[i].seq != 0;
	INVARIANT(used == r->ask.under_way && used <= CELL_QUESTIONS);
}

static void step(struct rig *r, struct view *in)
{
	uint8_t op = fuzz_u8(in) % OPS, who = 0;

	if (op == 0) {
		question(r, in);
	} else if (op == 1) {
		answer(r, in);
	} else if (op == 2) {
		good_answer(r, in);
	} else if (op == 3) {
		who = fuzz_u8(in);
		ask_forget(&r->ask, who);
		r->waits[who] = 0;
	} else if (op == 4 && r->ends[0] >= 0) {
		lose(r);
	} else if (op == 5 && r->ends[0] < 0) {
		open_channel(r);
		ask_again(&r->ask, r->ends[0]);
	} else if (op == 6 && r->ends[1] >= 0) {
		struct view bytes = fuzz_some(in, 64);

		(void)send(r->ends[1], bytes.p, bytes.n, MSG_NOSIGNAL);
		ask_tell(r->ends[0], CELL_USED, bytes);
		hear(r);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view in = view_of(data, size);
	struct rig r = { .ask = { .hooks = &hooks } };

	r.ask.owner = &r;
	r.asks_again = fuzz_u8(&in) & 1;
	open_channel(&r);
	for (unsigned i = 0; i < STEPS && in.n; i++) {
		step(&r, &in);
		judge(&r);
	}
	r.asks_again = false;
	close_channel(&r);
	return 0;
}
