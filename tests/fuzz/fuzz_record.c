/*
 * A ring as a hostile worker may leave it: whatever lies in its data page, audit either makes lines
 * that its own strict reader takes and whose chain holds, or closes the ring (A20, A27, F).
 * Input: one byte that says how much of the ring counts as written, then the ring's contents.
 */
#include "tests/fuzz/fuzz.h"

#include "base/arena.h"
#include "ipc/audit_line.h"
#include "role/audit/rings.h"
#include "sys/fd.h"
#include "sys/shm.h"

/* Every line is a record of its own, linked to the one before. */
static void check_lines(struct view out, struct audit_hash *digest)
{
	struct audit_line_hash last = { 0 };
	uint64_t seq = 0;

	while (out.n) {
		struct view text = view_slice(out, 0, view_find(out, '\n'));
		struct audit_line l = { 0 };
		const char *why = NULL;

		INVARIANT(text.n < out.n && text.n < AUDIT_LINE_MAX);
		INVARIANT(audit_line_parse(text, &l, &why) == E_OK);
		INVARIANT(l.seq == ++seq);
		INVARIANT(view_eq(view_of(l.prev.b, sizeof l.prev.b),
				  view_of(last.b, sizeof last.b)));
		INVARIANT(l.action.n && l.object.n && l.result.n && l.origin.n && l.actor.n &&
			  l.time.n == 27);
		for (size_t i = 0; i < text.n; i++)
			INVARIANT(text.p[i] >= 0x20 && text.p[i] != 0x7f);
		INVARIANT(audit_hash_of(digest, text, &last) == E_OK);
		out = view_slice(out, text.n + 1, out.n);
	}
}

/* Fills the ring: frames cut from the input where they fit the form, and the raw bytes otherwise.
 */
static void fill(struct ring_writer *w, struct view in)
{
	uint8_t how = 0;

	if (view_u8(&in, &how) != E_OK)
		return;
	if (how & 1) { /* the bytes as they are, and a head that may lie */
		if (in.n)
			memcpy(w->data->at, in.p, in.n < w->bytes ? in.n : w->bytes);
		atomic_store(&w->data->head, (uint64_t)how << (how >> 3));
		return;
	}
	while (in.n) { /* well-formed frames with any contents */
		uint8_t n = 0;
		struct view record = { 0 };

		if (view_u8(&in, &n) != E_OK)
			return;
		record = view_slice(in, 0, n ? n : 1);
		in = view_slice(in, record.n, in.n);
		if (record.n == 0 || ring_put(w, RING_EVENT, record) != E_OK)
			return;
	}
}

static void run(struct rings *rs, struct chain *c)
{
	for (unsigned i = 0; i < 64; i++) {
		struct rings_fault fault = { 0 };
		enum err e = rings_collect(rs, c, 1, &fault);

		INVARIANT(e == E_OK || e == E_AGAIN);
		rings_release(rs);
		if (e == E_AGAIN)
			return;
	}
	INVARIANT(false); /* the ring never ends */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t memory_n = sizeof(struct rings) + RINGS_MAX * RING_RECORD_MAX + 4096;
	struct arena memory = { .p = calloc(1, memory_n), .cap = memory_n };
	struct rings *rs = ARENA_NEW(&memory, struct rings, 1);
	struct ring_writer w = { 0 };
	struct chain c = { 0 };
	uint8_t *out = malloc(CHAIN_OUT);
	void *p = NULL;
	int data_fd = -1, cursor_fd = -1;

	INVARIANT(memory.p && rs && out && rings_init(rs, &memory) == E_OK);
	INVARIANT(chain_init(&c, out, 7) == E_OK);
	INVARIANT(shm_new("ring", ring_data_bytes(RING_BYTES_SMALL), &data_fd) == E_OK);
	INVARIANT(shm_new("cursor", sizeof(struct ring_cursor), &cursor_fd) == E_OK);
	INVARIANT(shm_map(data_fd, true, &p, NULL) == E_OK);
	ring_init(p, RING_BYTES_SMALL);
	shm_unmap(p, ring_data_bytes(RING_BYTES_SMALL));
	INVARIANT(ring_writer_map(data_fd, cursor_fd, &w) == E_OK);
	INVARIANT(rings_add(rs, 1, VIEW("edge[0]"), data_fd, cursor_fd) == E_OK);
	fill(&w, view_of(data, size));
	run(rs, &c);
	check_lines(wbuf_view(&c.out), &c.digest);
	ring_reader_unmap(&rs->slot[0].reader);
	ring_writer_unmap(&w);
	fd_close(data_fd);
	fd_close(cursor_fd);
	audit_hash_done(&c.digest);
	free(out);
	free(memory.p);
	return 0;
}
