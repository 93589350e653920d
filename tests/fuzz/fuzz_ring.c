/*
 * A ring between an honest writer and audit, and one whose writer was taken over (THREATS A20, P9):
 * records come in order and whole, an event is never dropped, what was dropped is counted; and
 * whatever is written over head, counts and lengths, the reader stays inside and says so.
 *
 * Input: operations. 0 CLASS LEN: a record; 1: the oldest is got; 2: what was got is released; 3:
 * how many are missing; 4 WHERE NUMBER: somebody writes over a word; 5 N: many records.
 */
#include "ipc/ring.h"
#include "sys/fd.h"
#include "sys/shm.h"
#include "tests/fuzz/fuzz.h"

enum { OPS = 6, STEPS = 400, QUEUE = 1 << 15 };

struct rig {
	struct ring_writer w;
	struct ring_reader r;
	size_t queue[QUEUE]; /* lengths of what was put, in order */
	uint32_t in, out;
	uint64_t dropped, told;
	bool is_spoilt;
};

static void put(struct rig *g, enum ring_class c, size_t n)
{
	static uint8_t bytes[RING_RECORD_MAX + 1];
	enum err e = E_OK;

	for (size_t i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(g->in >> 8 * (i % 4));
	e = ring_put(&g->w, c, view_of(bytes, n));
	INVARIANT((e == E_PROTO) == (n == 0 || n > RING_RECORD_MAX));
	INVARIANT(e != E_LIMIT || c == RING_ACCESS);
	INVARIANT(e != E_AGAIN || c == RING_EVENT);
	g->dropped += e == E_LIMIT;
	if (e == E_OK)
		g->queue[g->in++ % QUEUE] = n;
}

static void get(struct rig *g)
{
	static uint8_t buf[RING_RECORD_MAX];
	struct view got = { 0 };
	enum err e = ring_get(&g->r, buf, &got);

	INVARIANT(e != E_OK || (got.n > 0 && got.n <= RING_RECORD_MAX));
	if (g->is_spoilt)
		return;
	INVARIANT(e == (g->in == g->out ? E_AGAIN : E_OK));
	if (e != E_OK)
		return;
	INVARIANT(got.n == g->queue[g->out % QUEUE]);
	for (size_t i = 0; i < 8 && i < got.n; i++)
		INVARIANT(got.p[i] == (uint8_t)(g->out >> 8 * (i % 4)));
	g->out++;
}

static void lost(struct rig *g)
{
	uint64_t fresh = 0, total = 0;
	enum err e = ring_lost(&g->r, &fresh, &total);

	if (g->is_spoilt)
		return;
	INVARIANT(e == E_OK && total == g->dropped && fresh == g->dropped - g->told);
	g->told = g->dropped;
}

static void spoil(struct rig *g, struct view *in)
{
	uint8_t where = fuzz_u8(in);
	uint64_t x = where & 128 ? fuzz_u64(in) : fuzz_u8(in);

	g->is_spoilt = true;
	if (where % 4 == 0)
		atomic_store(&g->w.data->head, x);
	else if (where % 4 == 1)
		atomic_store(&g->w.data->dropped, x);
	else if (where % 4 == 2)
		g->w.data->bytes = (uint32_t)x;
	else
		memcpy(g->w.data->at + (g->r.tail & (g->w.bytes - 1) & ~(uint64_t)3), &x, 4);
}

static void step(struct rig *g, struct view *in)
{
	uint8_t op = fuzz_u8(in) % OPS, n = 0;
	enum ring_class c = op == 0 && (fuzz_u8(in) & 1) ? RING_EVENT : RING_ACCESS;

	if (op == 0)
		put(g, c, fuzz_u16(in) % 9000);
	if (op == 1)
		get(g);
	if (op == 2)
		ring_release(&g->r);
	if (op == 3)
		lost(g);
	if (op == 4)
		spoil(g, in);
	if (op == 5)
		for (n = fuzz_u8(in); n; n--)
			put(g, n & 1 ? RING_EVENT : RING_ACCESS, 1u + n * 8u);
	if (op == 5)
		for (n = fuzz_u8(in); n; n--)
			get(g);
	INVARIANT(ring_waiting(&g->r) <= RING_BYTES_SMALL);
}

/* What is no ring is not mapped as one. */
static void check_maps(int data, int cursor)
{
	struct ring_writer w = { 0 };
	struct ring_reader r = { 0 };
	AUTO_FD small = -1;

	INVARIANT(shm_new("small", 64, &small) == E_OK);
	INVARIANT(ring_writer_map(small, cursor, &w) != E_OK);
	INVARIANT(ring_reader_map(small, cursor, &r) != E_OK);
	INVARIANT(ring_reader_map(data, 0, &r) != E_OK && ring_writer_map(-1, -1, &w) != E_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rig g;
	struct view in = view_of(data, size);
	AUTO_FD data_fd = -1;
	AUTO_FD cursor_fd = -1;
	void *p = NULL;

	g = (struct rig){ 0 };
	INVARIANT(shm_new("data", ring_data_bytes(RING_BYTES_SMALL), &data_fd) == E_OK);
	INVARIANT(shm_new("cursor", sizeof(struct ring_cursor), &cursor_fd) == E_OK);
	INVARIANT(shm_map(data_fd, true, &p, NULL) == E_OK);
	ring_init(p, RING_BYTES_SMALL);
	shm_unmap(p, ring_data_bytes(RING_BYTES_SMALL));
	if (size == 1) /* once is enough */
		check_maps(data_fd, cursor_fd);
	INVARIANT(ring_writer_map(data_fd, cursor_fd, &g.w) == E_OK);
	INVARIANT(ring_reader_map(data_fd, cursor_fd, &g.r) == E_OK);
	for (unsigned i = 0; i < STEPS && in.n; i++)
		step(&g, &in);
	ring_writer_unmap(&g.w);
	ring_reader_unmap(&g.r);
	return 0;
}
