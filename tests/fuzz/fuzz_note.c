/*
 * Notes and verifier keys from anybody: what is taken has one spelling (what was read, written
 * again, is the same bytes), and no signature of a key is found on it that was not made with it.
 */
#include "tests/fuzz/fuzz.h"

#include "ipc/note_proof.h"

static const struct audit_key fuzz_key = { { 7 } };

static void check_checkpoint(struct view text)
{
	struct note_checkpoint c = { 0 };
	static uint8_t room[NOTE_MAX + 128];
	struct wbuf w = wbuf_of(room, sizeof room);

	if (note_get_checkpoint(text, &c) != E_OK)
		return;
	note_put_checkpoint(&w, &c);
	INVARIANT(!w.bad && view_starts(text, wbuf_view(&w)));
}

static void check_note(struct view v, struct audit_hash *h)
{
	struct note n = { 0 };
	struct note_signature s = { 0 };
	struct note_key key = { 0 };
	struct view rest = { 0 };
	uint64_t at = 0;
	unsigned lines = 0;

	if (note_get(v, &n) != E_OK)
		return;
	INVARIANT(n.text.n + 1 + n.signatures.n == v.n);
	check_checkpoint(n.text);
	rest = n.signatures;
	while (note_next(&rest, &s) == E_OK) {
		lines++;
		INVARIANT(s.name.n > 0 && s.n > 0);
		if (note_key_make(h, s.name, NOTE_ED25519, &fuzz_key, &key) == E_OK)
			INVARIANT(note_check(&key, n.text, &s, &at) == E_DENIED);
	}
	INVARIANT(rest.n == 0 && lines > 0 && lines <= NOTE_LINES);
}

/* Written again it is the same, but for the record's base64, which is not read. */
static void check_proof(struct view v)
{
	static uint8_t room[1 << 20];
	struct wbuf w = wbuf_of(room, sizeof room);
	struct note_proof p = { 0 };

	if (note_proof_get(v, &p) != E_OK || p.extra.n)
		return;
	note_proof_put(&w, &p, (struct view){ 0 });
	INVARIANT(!w.bad && p.path.n <= MERKLE_PROOF_MAX);
	if (!p.is_inclusion)
		INVARIANT(view_eq(wbuf_view(&w), v));
}

static void check_key(struct view v, struct audit_hash *h)
{
	struct note_key key = { 0 };
	uint8_t room[NOTE_VKEY_MAX];
	struct wbuf w = wbuf_of(room, sizeof room);

	if (note_key_get(h, v, &key) != E_OK)
		return;
	note_key_put(&w, &key);
	INVARIANT(!w.bad && view_eq(wbuf_view(&w), v));
}

static void check_frontier(struct view v)
{
	struct merkle_frontier f = { 0 };
	uint8_t room[MERKLE_FRONTIER_TEXT];
	struct wbuf w = wbuf_of(room, sizeof room);
	uint64_t size = 0;

	if (view_u64(&v, &size) != E_OK || merkle_get(size, v, &f) != E_OK)
		return;
	merkle_put(&w, &f);
	INVARIANT(!w.bad && view_eq(wbuf_view(&w), v));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = fuzz_copy(view_of(data, size));
	struct view v = view_of(copy, size);
	struct audit_hash h = { 0 };

	INVARIANT(audit_hash_init(&h) == E_OK);
	check_note(v, &h);
	check_checkpoint(v);
	check_proof(v);
	check_key(v, &h);
	check_frontier(v);
	audit_hash_done(&h);
	free(copy);
	return 0;
}
