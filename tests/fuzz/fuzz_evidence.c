/*
 * A bundle of evidence as a stranger hands it in: its tar, its signature, the frame around
 * encrypted content, and the kernel's maps. Properties: any division into pieces gives the same
 * files; what is taken is what the writer would write; no position lies outside the input.
 */
#include "tests/fuzz/fuzz.h"

#include "base/proc_maps.h"
#include "tool/evidence_ber.h"
#include "tool/evidence_bundle.h"
#include "tool/evidence_check.h"
#include "tool/evidence_read.h"

static enum err read_in_pieces(struct view v, size_t first, struct evidence_read *r)
{
	enum err e = E_OK;

	INVARIANT(evidence_read_init(r) == E_OK);
	e = evidence_read_push(r, view_slice(v, 0, first));
	return e == E_OK ? evidence_read_push(r, view_slice(v, first, v.n)) : e;
}

static void check_bundle(struct view v)
{
	struct evidence_read a = { 0 }, b = { 0 };
	struct evidence_check c = { 0 };
	enum err e = read_in_pieces(v, v.n, &a);

	INVARIANT(e == read_in_pieces(v, fuzz_choice(v, 1, v.n + 1), &b));
	INVARIANT(a.file_n == b.file_n && a.manifest_n == b.manifest_n);
	INVARIANT(a.signature_n <= sizeof a.signature);
	for (size_t i = 0; i < a.file_n; i++) {
		INVARIANT(evidence_tar_is_name(view_str(a.file[i].name)));
		INVARIANT(view_eq(view_of(a.file[i].sha256, EVIDENCE_HASH),
				  view_of(b.file[i].sha256, EVIDENCE_HASH)));
	}
	if (e == E_OK && evidence_read_end(&a) == E_OK) {
		INVARIANT(a.file_n >= 2);
		INVARIANT(evidence_check_run(&c, &a) == E_OK);
		evidence_check_done(&c);
	}
	evidence_read_done(&a);
	evidence_read_done(&b);
}

static void check_signature(struct view v)
{
	struct evidence_signature s = { 0 };
	uint8_t again[EVIDENCE_SIGNATURE_MAX];
	struct wbuf w = wbuf_of(again, sizeof again);

	if (evidence_bundle_get_signature(v, &s) != E_OK)
		return;
	evidence_bundle_put_signature(&w, &s);
	INVARIANT(!w.bad && view_eq(wbuf_view(&w), v));
}

static void check_frame(struct view v)
{
	size_t at = 0, head = 0, n = 0;

	if (evidence_ber_front(v, &at) == E_OK)
		INVARIANT(at + 2 <= v.n && v.p[at] == 0xa0);
	if (evidence_ber_piece(v, &head, &n) == E_OK)
		INVARIANT(head >= 2 && head <= EVIDENCE_BER_HEAD && head <= v.n &&
			  n <= EVIDENCE_BER_PIECE);
	if (evidence_ber_tail(v) == E_OK)
		INVARIANT(v.n >= 26);
}

static void check_maps(struct view v)
{
	struct proc_map m = { 0 };
	size_t before = v.n;

	while (proc_maps_next(&v, &m) == E_OK) {
		INVARIANT(v.n < before && m.to > m.from && m.path.n <= m.line.n);
		before = v.n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = fuzz_copy(view_of(data, size));
	struct view v = view_of(copy, size);

	check_bundle(v);
	check_signature(v);
	check_frame(v);
	check_maps(v);
	free(copy);
	return 0;
}
