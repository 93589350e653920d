/*
 * Form bodies: application/x-www-form-urlencoded (WHATWG URL §5.1), read strictly and in place.
 *
 * Strict: names and values of printable ASCII, '+' and %XX only, as browsers send them; no empty
 * name, no pair without '=', no name twice, no NUL, and what comes out is UTF-8. So that no two
 * readers can disagree about what a body says (THREATS 3a G).
 */
#ifndef PROTO_FORM_H
#define PROTO_FORM_H

#include "base/view.h"

enum { FORM_FIELDS = 24 /* of one body; more are refused */ };

struct form_field {
	struct view name, value; /* decoded; lie in the caller's buffer */
};

/* Zero is valid: no fields. */
struct form {
	struct form_field fields[FORM_FIELDS];
	size_t n;
};

/*
 * form_parse - decodes p[0 .. n) where it lies; the buffer then belongs to ret
 * E_PROTO not such a body · E_LIMIT more than FORM_FIELDS. What is in the buffer is spoilt then too
 */
enum err form_parse(uint8_t *p, size_t n, struct form *ret);

/* form_get - a field's value; empty when there is none. form_has - is it there? */
struct view form_get(const struct form *f, struct view name);
bool form_has(const struct form *f, struct view name);

#endif
