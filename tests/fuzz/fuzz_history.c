/*
 * Bytes from a disk as an entry of the history, and as a document: refused with a reason, or taken
 * apart into parts that lie inside of them and give the same bytes again.
 */
#include "conf/document.h"
#include "conf/region.h"
#include "fuzz.h"
#include "ipc/history_entry.h"

static void check_inside(struct view all, struct view part)
{
	INVARIANT(part.n == 0 || (part.p >= all.p && part.p + part.n <= all.p + all.n));
}

static void check_entry(struct view bytes)
{
	struct history_entry e = { 0 };
	const char *why = "";
	uint8_t head[HISTORY_HEAD_MAX];
	struct wbuf w = wbuf_of(head, sizeof head);

	if (history_entry_read(bytes, &e, &why) != E_OK) {
		INVARIANT(*why);
		return;
	}
	check_inside(bytes, e.reason);
	check_inside(bytes, e.diff);
	check_inside(bytes, e.document);
	history_entry_put_head(&w, &e);
	/* a byte that says is_pinned with another number than 1 is the only other way to write it
	 */
	INVARIANT(w.bad || w.n + e.diff.n + e.document.n == bytes.n);
}

static void check_document(struct view bytes)
{
	static uint8_t out[1 << 20];
	struct wbuf w = wbuf_of(out, sizeof out);
	struct arena region = { 0 };
	struct document d = { 0 };

	if (region_open(&region) != E_OK)
		abort();
	if (document_read(bytes, &region, &d) == E_OK && bytes.n <= sizeof out) {
		INVARIANT(document_bytes(&d) == bytes.n && document_write(&d, &w) == E_OK);
		INVARIANT(view_eq(wbuf_view(&w), bytes));
	}
	region_close(&region);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_entry(view_of(data, size));
	check_document(view_of(data, size));
	return 0;
}
