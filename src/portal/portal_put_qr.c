/* QR codes (ISO/IEC 18004) by libqrencode, as paths of an svg element: no image, no data: address,
 * nothing that a content policy has to allow. It is given our own texts only; needs malloc, and no
 * system call of its own. */
#include "portal/portal.h"
#include "portal/portal_put.h"

#include <qrencode.h>

enum {
	QR_QUIET = 4, /* modules of white around it (§5.3.8) */
	QR_DARK = 1   /* lowest bit of a module in QRcode.data */
};

static bool portal_put_qr_is_dark(const QRcode *qr, int x, int y)
{
	return qr->data[y * qr->width + x] & QR_DARK;
}

/* One run of dark modules: a rectangle of height 1. */
static void portal_put_qr_run(struct wbuf *w, int x, int y, int n)
{
	WBUF_LIT(w, "M");
	wbuf_dec(w, (uint64_t)(x + QR_QUIET));
	WBUF_LIT(w, " ");
	wbuf_dec(w, (uint64_t)(y + QR_QUIET));
	WBUF_LIT(w, "h");
	wbuf_dec(w, (uint64_t)n);
	WBUF_LIT(w, "v1h-");
	wbuf_dec(w, (uint64_t)n);
	WBUF_LIT(w, "z");
}

static void portal_put_qr_path(struct wbuf *w, const QRcode *qr)
{
	for (int y = 0; y < qr->width; y++) {
		for (int x = 0, n = 0; x < qr->width; x += n + 1) {
			for (n = 0; x + n < qr->width && portal_put_qr_is_dark(qr, x + n, y);)
				n++;
			if (n > 0)
				portal_put_qr_run(w, x, y, n);
		}
	}
}

void portal_put_qr(struct wbuf *w, struct view v)
{
	QRcode *qr = NULL;
	uint64_t size = 0;

	if (v.n == 0 || v.n > PORTAL_QR_MAX)
		return;
	qr = QRcode_encodeData((int)v.n, v.p, 0, QR_ECLEVEL_M);
	if (!qr)
		return;
	size = (uint64_t)qr->width + 2 * QR_QUIET;
	WBUF_LIT(w, "<svg viewBox=\"0 0 ");
	wbuf_dec(w, size);
	WBUF_LIT(w, " ");
	wbuf_dec(w, size);
	WBUF_LIT(w, "\" shape-rendering=\"crispEdges\" aria-hidden=\"true\"><path fill=\"#fff\" "
		    "d=\"M0 0h");
	wbuf_dec(w, size);
	WBUF_LIT(w, "v");
	wbuf_dec(w, size);
	WBUF_LIT(w, "h-");
	wbuf_dec(w, size);
	WBUF_LIT(w, "z\"/><path fill=\"#000\" d=\"");
	portal_put_qr_path(w, qr);
	WBUF_LIT(w, "\"/></svg>");
	QRcode_free(qr);
}
