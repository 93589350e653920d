/*
 * The authority between hostile cells, of which one has a session of its own (THREATS A20, A10):
 * whatever they say in whatever order, no answer to them has the name of another user, and that
 * user's session stands.
 *
 * Input: operations. 0 CELL TYPE N BYTES: a frame as it is; 1 CELL TYPE then pieces until 0: 1 own
 * token, 2 a token that is none, 3 an application's id, 4 N text, 5 a number, 6 zeros; 2: time
 * passes; 3: the verifier and the signer answer, or not; 4: another cell in this place.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/ipc/authority_kit.h"

#include <string.h>
#include <unistd.h>

enum { CELLS = 4, STEPS = 120, PIECES = 8 };

struct rig {
	struct authority_kit k;
	struct hash32 jan, eve;
	int cell[CELLS], jans;
};

static uint8_t next(struct view *in)
{
	uint8_t b = 0;

	return view_u8(in, &b) == E_OK ? b : 0;
}

static struct view some(struct view *in, size_t most)
{
	size_t n = next(in);
	struct view got = { 0 };

	n = n > most ? most : n;
	got = view_slice(*in, 0, n);
	*in = view_slice(*in, got.n, in->n);
	return got;
}

/* What the cell hears is its own. */
static void rig_hear(struct rig *g, unsigned i)
{
	struct kit_reply r;

	while (authority_kit_hear(&g->k, g->cell[i], &r))
		INVARIANT(!memmem(r.body.p, r.body.n, "jansen", 6));
}

static void rig_piece(struct rig *g, struct view *in, uint8_t kind, struct wbuf *w)
{
	struct hash32 none = authority_kit_hash(next(in), 7);
	static const char *const apps[] = { "cases", "files", "vault" };

	if (kind == 1)
		wbuf_put(w, g->eve.b, sizeof g->eve.b);
	else if (kind == 2)
		wbuf_put(w, none.b, sizeof none.b);
	else if (kind == 3)
		wbuf_u64(w, authority_kit_app(&g->k, apps[none.b[31] % 3]));
	else if (kind == 4)
		wbuf_str16(w, some(in, 200));
	else if (kind == 5)
		wbuf_u32(w, none.b[31]);
	else
		wbuf_put(w, (uint8_t[32]){ 0 }, 32);
}

static void rig_say(struct rig *g, struct view *in, bool is_whole)
{
	static uint32_t seq;
	uint8_t body[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(body, sizeof body);
	unsigned i = next(in) % CELLS;
	uint8_t type = next(in) % (CELL_USED + 2), kind = 0;

	if (is_whole)
		wbuf_view_put(&w, some(in, 255));
	for (unsigned n = 0; !is_whole && n < PIECES && (kind = next(in) % 7) != 0; n++)
		rig_piece(g, in, kind, &w);
	authority_kit_say(g->cell[i], type, type == CELL_USED ? 0 : ++seq, wbuf_view(&w));
	rig_hear(g, i);
}

static void rig_cell(struct rig *g, unsigned i)
{
	static const char *const ips[] = { "192.0.2.1", "198.51.100.7", "2001:db8::1",
					   "203.0.113.9" };

	close(g->cell[i]);
	g->cell[i] = authority_kit_cell(&g->k, 2 + i, ips[i], (uint8_t)i);
}

static void rig_open(struct rig *g)
{
	uint8_t key[20];

	authority_kit_open(&g->k, authority_kit_yaml);
	authority_kit_user(&g->k, "jansen", "");
	authority_kit_user(&g->k, "eve", "");
	g->jan = authority_kit_hash(1, 1);
	g->eve = authority_kit_hash(2, 2);
	g->jans = authority_kit_cell(&g->k, 1, "192.0.2.1", 1);
	authority_kit_enrol(&g->k, g->jans, "jansen", &g->jan, key);
	for (unsigned i = 0; i < CELLS; i++) {
		g->cell[i] = -1;
		rig_cell(g, i);
	}
	authority_kit_enrol(&g->k, g->cell[0], "eve", &g->eve, key);
}

static void rig_close(struct rig *g)
{
	g->k.is_mute = false;
	authority_kit_run(&g->k);
	INVARIANT(authority_kit_session(&g->k, g->jans, &g->jan, NULL) == GATE_OK);
	for (unsigned i = 0; i < CELLS; i++)
		close(g->cell[i]);
	close(g->jans);
	authority_kit_close(&g->k);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct rig g;
	struct view in = view_of(data, n);

	if (memmem(data, n, "jansen", 6))
		return 0; /* what eve calls her keys is her own */
	g = (struct rig){ 0 };
	rig_open(&g);
	for (unsigned step = 0; step < STEPS && in.n; step++) {
		uint8_t op = next(&in) % 5;

		if (op < 2)
			rig_say(&g, &in, op == 0);
		else if (op == 2)
			authority_kit_wait(&g.k, next(&in) % 8);
		else if (op == 3)
			g.k.is_mute = !g.k.is_mute;
		else
			rig_cell(&g, next(&in) % CELLS);
	}
	rig_close(&g);
	return 0;
}
