/* Form bodies: what was read says the same when it is written and read again; every field is UTF-8,
 * has a name of its own, and lies in the buffer. */
#include "tests/fuzz/fuzz.h"

#include "base/utf8.h"
#include "base/wbuf.h"
#include "proto/form.h"

enum { FUZZ_MAX = 2048 };

/* Every byte as %XX. */
static void put_escaped(struct wbuf *w, struct view v)
{
	for (size_t i = 0; i < v.n; i++) {
		WBUF_LIT(w, "%");
		wbuf_hex(w, view_slice(v, i, 1));
	}
}

static void check_field(const struct form *f, size_t i, struct view body)
{
	const struct form_field *field = &f->fields[i];

	INVARIANT(field->name.n > 0 && field->name.p >= body.p);
	INVARIANT(field->value.p + field->value.n <= body.p + body.n);
	INVARIANT(utf8_is_valid(field->name) && utf8_is_valid(field->value));
	INVARIANT(view_find(field->name, 0) == field->name.n);
	INVARIANT(view_find(field->value, 0) == field->value.n);
	INVARIANT(form_has(f, field->name) && view_eq(form_get(f, field->name), field->value));
	for (size_t j = 0; j < i; j++)
		INVARIANT(!view_eq(f->fields[j].name, field->name));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint8_t body[FUZZ_MAX], again[4 * FUZZ_MAX];
	struct wbuf copy = wbuf_of(body, sizeof body), w = wbuf_of(again, sizeof again);
	struct form f = { 0 }, g = { 0 };

	if (n > FUZZ_MAX)
		return 0;
	wbuf_put(&copy, p, n);
	if (form_parse(body, n, &f) != E_OK)
		return 0;
	INVARIANT(f.n <= FORM_FIELDS && (f.n > 0) == (n > 0));
	for (size_t i = 0; i < f.n; i++) {
		check_field(&f, i, view_of(body, n));
		if (i > 0)
			WBUF_LIT(&w, "&");
		put_escaped(&w, f.fields[i].name);
		WBUF_LIT(&w, "=");
		put_escaped(&w, f.fields[i].value);
	}
	INVARIANT(!w.bad && form_parse(again, w.n, &g) == E_OK && g.n == f.n);
	for (size_t i = 0; i < f.n; i++) {
		INVARIANT(view_eq(g.fields[i].name, f.fields[i].name));
		INVARIANT(view_eq(g.fields[i].value, f.fields[i].value));
	}
	return 0;
}
