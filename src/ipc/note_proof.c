/* The two texts that carry a path of hashes, and the checkpoint behind an empty line. */
#include "ipc/note_proof.h"

#include "base/base64.h"

static const char proof_first[] = "c2sp.org/tlog-proof@v1";

void note_proof_put(struct wbuf *w, const struct note_proof *p, struct view record)
{
	if (p->is_inclusion) {
		wbuf_str(w, proof_first);
		WBUF_LIT(w, "\nextra ");
		base64_put(w, record);
		WBUF_LIT(w, "\nindex ");
	} else {
		WBUF_LIT(w, "old ");
	}
	wbuf_dec(w, p->place);
	WBUF_LIT(w, "\n");
	for (unsigned i = 0; i < p->path.n; i++) {
		base64_put(w, view_of(p->path.node[i].b, sizeof p->path.node[i].b));
		WBUF_LIT(w, "\n");
	}
	WBUF_LIT(w, "\n");
	wbuf_view_put(w, p->note);
}

/* "<word> <rest>": the rest. E_PROTO: another word */
static enum err proof_get_word(struct view line, struct view word, struct view *ret)
{
	if (!view_starts(line, word))
		return E_PROTO;
	*ret = view_slice(line, word.n, line.n);
	return E_OK;
}

/* The lines in front of the hashes. */
static enum err proof_get_head(struct view *rest, struct note_proof *p)
{
	struct view line = { 0 }, number = { 0 };

	TRY(note_take_line(rest, &line));
	p->is_inclusion = view_eq(line, view_str(proof_first));
	if (!p->is_inclusion) {
		TRY(proof_get_word(line, VIEW("old "), &number));
		return note_get_number(number, &p->place);
	}
	TRY(note_take_line(rest, &line));
	if (proof_get_word(line, VIEW("extra "), &p->extra) == E_OK)
		TRY(note_take_line(rest, &line));
	TRY(proof_get_word(line, VIEW("index "), &number));
	return note_get_number(number, &p->place);
}

enum err note_proof_get(struct view text, struct note_proof *ret)
{
	struct note_proof p = { 0 };
	struct view rest = text, line = { 0 };

	if (proof_get_head(&rest, &p) != E_OK)
		return E_PROTO;
	for (;;) {
		if (note_take_line(&rest, &line) != E_OK)
			return E_PROTO;
		if (line.n == 0)
			break;
		if (p.path.n == MERKLE_PROOF_MAX)
			return E_LIMIT;
		TRY(note_get_hash(line, &p.path.node[p.path.n++]));
	}
	p.note = rest;
	*ret = p;
	return E_OK;
}
