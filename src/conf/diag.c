/* The collector of problems; config role and `sluis check`. */
#include "conf/diag.h"

#include "base/wbuf.h"
#include "conf/region.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void diag_init(struct diag *d, struct arena *region)
{
	*d = (struct diag){ .region = region };
	d->items = REGION_NEW(region, struct diag_item, DIAG_MAX);
	d->files = REGION_NEW(region, struct view, UINT16_MAX);
}

static void diag_put_escaped(struct wbuf *w, struct view text)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c >= 0x20 && c != 0x7f) {
			wbuf_put(w, &c, 1);
		} else {
			WBUF_LIT(w, "\\x");
			wbuf_hex(w, view_of(&c, 1));
		}
	}
}

static void diag_add(struct diag *d, struct place at, enum diag_level level, const char *format,
		     va_list ap) __attribute__((format(printf, 4, 0)));

static void diag_add(struct diag *d, struct place at, enum diag_level level, const char *format,
		     va_list ap)
{
	char text[DIAG_TEXT_MAX] = "", line[DIAG_TEXT_MAX * 3];
	struct wbuf w = wbuf_of(line, sizeof line);

	d->errors += level == DIAG_ERROR;
	d->warnings += level == DIAG_WARNING;
	if (d->n == DIAG_MAX || vsnprintf(text, sizeof text, format, ap) < 0)
		return;
	diag_put_escaped(&w, view_str(text));
	d->items[d->n++] = (struct diag_item){
		.at = at,
		.level = (uint8_t)level,
		.text = region_copy(d->region, wbuf_view(&w)),
	};
}

void diag_error(struct diag *d, struct place at, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	diag_add(d, at, DIAG_ERROR, format, ap);
	va_end(ap);
}

void diag_warning(struct diag *d, struct place at, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	diag_add(d, at, DIAG_WARNING, format, ap);
	va_end(ap);
}

static struct view diag_file(const struct diag *d, struct place at)
{
	return at.file < d->file_n ? d->files[at.file] : VIEW("(configuration)");
}

struct place diag_name(struct diag *d, uint16_t file, struct view name)
{
	if (d->named_n == d->named_cap) {
		uint32_t cap = d->named_cap ? d->named_cap * 2 : 256;
		struct view *grown = REGION_NEW(d->region, struct view, cap);

		for (uint32_t i = 0; i < d->named_n; i++)
			grown[i] = d->named[i];
		d->named = grown;
		d->named_cap = cap;
	}
	d->named_file = file;
	d->named[d->named_n++] = name;
	return (struct place){ .file = file, .line = d->named_n, .column = 1 };
}

/* The file, and where in it. */
static void diag_put_place(struct wbuf *w, const struct diag *d, struct place at, bool has_column)
{
	diag_put_escaped(w, view_slice(diag_file(d, at), 0, 200));
	if (!at.line)
		return;
	if (d->named_n && at.file == d->named_file && at.line <= d->named_n) {
		WBUF_LIT(w, ": ");
		diag_put_escaped(w, view_slice(d->named[at.line - 1], 0, 200));
		return;
	}
	WBUF_LIT(w, ":");
	wbuf_dec(w, at.line);
	if (!has_column)
		return;
	WBUF_LIT(w, ":");
	wbuf_dec(w, at.column);
}

struct view diag_place(struct diag *d, struct place at)
{
	char text[2048];
	struct wbuf w = wbuf_of(text, sizeof text);

	diag_put_place(&w, d, at, false);
	return region_copy(d->region, wbuf_view(&w));
}

static int diag_compare_number(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int diag_compare(const void *left, const void *right)
{
	const struct diag_item *a = left, *b = right;
	int order = diag_compare_number(a->at.file, b->at.file);

	if (order == 0)
		order = diag_compare_number(a->at.line, b->at.line);
	if (order == 0)
		order = diag_compare_number(a->at.column, b->at.column);
	/* Items were found in the order of their texts in the region: that keeps the sort stable.
	 */
	return order != 0 ? order : (a->text.p > b->text.p) - (a->text.p < b->text.p);
}

static void diag_put(struct wbuf *w, const struct diag *d, const struct diag_item *i)
{
	diag_put_place(w, d, i->at, true);
	wbuf_str(w, i->level == DIAG_ERROR ? ": error: " : ": warning: ");
	wbuf_view_put(w, i->text);
}

void diag_tell(struct diag *d, void (*sink)(void *arg, enum diag_level level, const char *text),
	       void *arg)
{
	char line[4001];

	if (d->n)
		qsort(d->items, d->n, sizeof d->items[0], diag_compare);
	for (uint32_t i = 0; i < d->n; i++) {
		struct wbuf w = wbuf_of(line, sizeof line - 1);

		diag_put(&w, d, &d->items[i]);
		line[w.n] = '\0';
		sink(arg, (enum diag_level)d->items[i].level, line);
	}
	if (d->errors + d->warnings > d->n) {
		(void)snprintf(line, sizeof line, "and %u more problems",
			       d->errors + d->warnings - d->n);
		sink(arg, DIAG_ERROR, line);
	}
}
