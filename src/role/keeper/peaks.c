/* Pages are mapped for the moment: only what was ever written to takes memory. */
#include "role/keeper/peaks.h"

#include "ipc/pages.h"
#include "role/keeper/events.h"
#include "sys/shm.h"

enum { PEAKS_EVERY_MS = 10000 };

/* What is watched, and how few are never a peak. */
static const struct peaks_row {
	const char *name;
	uint64_t floor;
} peaks_rows[KEEPER_PEAKS] = {
	[KEEPER_PEAK_LOGINS] = { "log-ins that failed", 20 },
	[KEEPER_PEAK_HANDSHAKES] = { "TLS handshakes that failed", 100 },
	[KEEPER_PEAK_ANSWERS] = { "answers of class 5xx", 100 },
};

struct peaks_sum {
	uint64_t n[KEEPER_PEAKS], of[KEEPER_PEAKS];
};

static void peaks_add_load(struct peaks_sum *sum, const struct keeper_page *page)
{
	const struct page_load_page *p = NULL;
	void *map = NULL;
	size_t bytes = 0;

	if (page->ro < 0 || shm_map(page->ro, false, &map, &bytes) != E_OK)
		return;
	p = map;
	for (unsigned i = 0; bytes >= sizeof *p && i < IMAGE_LISTENER_SLOTS; i++) {
		const struct page_load_listener *l = &p->listener[i];

		sum->n[KEEPER_PEAK_HANDSHAKES] += PAGE_GET(l->handshakes_failed);
		sum->of[KEEPER_PEAK_HANDSHAKES] +=
			PAGE_GET(l->handshakes_failed) + PAGE_GET(l->handshakes);
		sum->n[KEEPER_PEAK_ANSWERS] += PAGE_GET(l->status[5]);
		sum->of[KEEPER_PEAK_ANSWERS] += PAGE_GET(l->requests);
	}
	shm_unmap(map, bytes);
}

static void peaks_tell(struct keeper *k, enum keeper_peak which, uint64_t n)
{
	char text[128];
	struct wbuf w = wbuf_of(text, sizeof text);

	wbuf_dec(&w, n);
	WBUF_LIT(&w, " in ten seconds; before it were ");
	wbuf_dec(&w, k->peaks.peak[which].mean / 256);
	WBUF_LIT(&w, " on average");
	events_put(k, RECORD_ALARM, "failures.peak", view_str(peaks_rows[which].name), "seen",
		   wbuf_view(&w));
}

/* Since the last look; a page that was made anew begins at 0. */
static uint64_t peaks_grown(uint64_t *was, uint64_t now)
{
	uint64_t n = now > *was ? now - *was : 0;

	*was = now;
	return n;
}

static void peaks_look(struct keeper *k)
{
	struct keeper_peaks *ps = &k->peaks;
	struct peaks_sum sum = { 0 };

	for (unsigned i = 0; i < ROLE_EDGES_MAX; i++)
		peaks_add_load(&sum, &k->load[i]);
	peaks_add_load(&sum, &k->cell_load);
	if (k->gate_rows)
		sum.n[KEEPER_PEAK_LOGINS] = PAGE_GET(k->gate_rows->logins_failed);
	for (unsigned i = 0; i < KEEPER_PEAKS; i++) {
		uint64_t n = peaks_grown(&ps->n[i], sum.n[i]),
			 of = peaks_grown(&ps->of[i], sum.of[i]);

		ps->peak[i].floor = peaks_rows[i].floor;
		if (ps->is_begun && peak_feed(&ps->peak[i], n, of))
			peaks_tell(k, (enum keeper_peak)i, n);
	}
	ps->is_begun = true; /* what there was before a keeper took over is no peak */
}

uint64_t peaks_tick(struct keeper *k)
{
	if (k->stop.stage != STOP_NOT || !k->is_ready)
		return UINT64_MAX;
	if (k->loop.now_ms >= k->peaks.due_ms) {
		k->peaks.due_ms = k->loop.now_ms + PEAKS_EVERY_MS;
		peaks_look(k);
	}
	return k->peaks.due_ms;
}
