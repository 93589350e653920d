/* The svg shows the modules that the library made: no more, no fewer. */
#include "tests/unit/check.h"

#include "portal/portal.h"
#include "portal/portal_put.h"

#include <qrencode.h>
#include <stdio.h>
#include <string.h>

enum { SIDE_MAX = 200 };

static char room[PORTAL_PAGE_MAX];

static const char *make(struct view v)
{
	struct wbuf w = wbuf_of(room, sizeof room - 1);

	portal_put_qr(&w, v);
	assert_false(w.bad);
	room[w.n] = 0;
	return room;
}

/* Draws the second path of the element: "Mx yhNv1h-Nz" again and again. */
static int draw(const char *svg, bool pixels[SIDE_MAX][SIDE_MAX])
{
	const char *at = strstr(svg, "#000");
	int side = 0, x = 0, y = 0, n = 0, back = 0, used = 0;

	assert_non_null(at);
	assert_int_equal(sscanf(svg, "<svg viewBox=\"0 0 %d", &side), 1);
	at = strstr(at, "d=\"") + 3;
	while (sscanf(at, "M%d %dh%dv1h-%dz%n", &x, &y, &n, &back, &used) == 4) {
		assert_int_equal(n, back);
		assert_in_range(x + n, 0, side - 4);
		for (int i = 0; i < n; i++)
			pixels[y][x + i] = true;
		at += used;
	}
	assert_string_equal(at, "\"/></svg>");
	return side;
}

static void test_same(void **state)
{
	static const struct view texts[] = {
		VIEW_INIT("a"),
		VIEW_INIT(
			"otpauth://totp/"
			"De%20Sluis:jan?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=De%20Sluis"),
		VIEW_INIT("\"><script>\0\xff"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		static bool pixels[SIDE_MAX][SIDE_MAX];
		QRcode *qr = QRcode_encodeData((int)texts[i].n, texts[i].p, 0, QR_ECLEVEL_M);
		int side = 0;

		for (int y = 0; y < SIDE_MAX; y++)
			for (int x = 0; x < SIDE_MAX; x++)
				pixels[y][x] = false;
		side = draw(make(texts[i]), pixels);
		assert_int_equal(side, qr->width + 8);
		for (int y = 0; y < qr->width; y++)
			for (int x = 0; x < qr->width; x++)
				assert_int_equal(pixels[y + 4][x + 4],
						 qr->data[y * qr->width + x] & 1);
		QRcode_free(qr);
	}
}

static void test_bounds(void **state)
{
	static uint8_t text[PORTAL_QR_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = 'x';
	assert_string_equal(make((struct view){ 0 }), "");
	assert_string_equal(make(view_of(text, PORTAL_QR_MAX + 1)), "");
	assert_true(strlen(make(view_of(text, PORTAL_QR_MAX))) < 48 * 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
