/*
 * The metrics page, Prometheus text format 0.0.4: one table of metrics over the image and the
 * shared pages, rendered piece by piece so that no page is too large for a fixed buffer. Pure.
 */
#ifndef ROLE_CONSOLE_METRICS_H
#define ROLE_CONSOLE_METRICS_H

#include "base/wbuf.h"
#include "conf/image.h"
#include "ipc/pages.h"
#include "ipc/role.h"

enum { METRICS_LINE_MAX = 2048 }; /* room that one step wants */

struct metrics_source {
	const struct image *image;
	const struct page_health_page *health; /* NULL: none yet */
	const struct page_keeper_page *keeper; /* likewise */
	const struct page_audit_page *audit;
	const struct page_exporter_page *exporter;
	const struct page_shipper_page *shipper;
	const struct page_cells_page *cells;
	const struct page_gate_page *gate;
	const struct page_load_page *const *load; /* PAGE_LOADS of them; NULL: no such edge */
	uint64_t now_mono_ms;
	bool has_edge;	     /* some edge's event loop turns */
	bool is_openmetrics; /* OpenMetrics 1.0 instead of Prometheus text 0.0.4 */
};

/* Where rendering goes on; all zero: at the beginning. */
struct metrics_position {
	uint32_t row, item;
	uint32_t sub;
	bool has_words; /* of this row */
};

/* metrics_put - as much as fits; true when the page is whole */
bool metrics_put(const struct metrics_source *s, struct metrics_position *at, struct wbuf *w);

/* metrics_why_unhealthy - NULL when there is an image, a living dialer and an edge; else a fixed
 * text */
const char *metrics_why_unhealthy(const struct metrics_source *s);

#endif
