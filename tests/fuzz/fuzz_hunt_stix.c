/*
 * Patterns and bundles of STIX 2.1, and advisories of CSAF 2.0. A pattern that can't be used leaves
 * nothing behind and has a reason; one that can is a whole formula. Of every indicator of a
 * document something is said: it is hunted for, or it is told.
 */
#include "tests/fuzz/fuzz.h"

#include "tests/unit/tool/hunt_kit.h"
#include "tool/hunt_csaf.h"
#include "tool/hunt_pattern.h"
#include "tool/hunt_stix.h"

/* Each group but the first came with an operator, and none takes what isn't there. */
static void check_formula(const struct hunt_set *s)
{
	for (size_t i = 0; i < s->indicator_n; i++) {
		const struct hunt_indicator *d = &s->indicator[i];
		size_t operands = 0;

		for (size_t o = d->op; o < d->op + d->op_n; o++) {
			INVARIANT(s->op[o] >= 0 || operands >= 2);
			operands = s->op[o] >= 0 ? operands + 1 : operands - 1;
		}
		INVARIANT(operands == d->has_and);
	}
	for (size_t i = 0; i < s->term_n; i++)
		INVARIANT(s->term[i].group < s->group_n);
	for (size_t i = 0; i < s->group_n; i++)
		INVARIANT(s->group[i].indicator < s->indicator_n);
}

static size_t match(const struct hunt_set *s)
{
	struct hunt_kit k = { .origin = "203.0.113.7:1",
			      .object = "https://www.evil.example/a",
			      .agent = "curl/8",
			      .actor = "anna" };
	struct log_line l = hunt_kit_line(&k, 1);
	struct hunt_match *m = NULL;
	const uint32_t *hit = NULL;
	size_t n = 0;

	check_formula(s);
	if (hunt_match_new(s, &m) != E_OK) {
		INVARIANT(s->term_n > HUNT_SAME);
		return 0;
	}
	n = hunt_match_line(m, &l, &hit);
	INVARIANT(n <= s->indicator_n && hunt_match_line(m, &l, &hit) == n);
	hunt_match_done(m);
	return n;
}

static void check_pattern(struct view text)
{
	struct hunt_set s = { 0 };
	struct hunt_pattern p = { 0 };

	INVARIANT(hunt_set_begin(&s, &(struct hunt_indicator){ .kind = "" }) == E_OK);
	INVARIANT(hunt_pattern_read(&s, text, &p) == E_OK);
	INVARIANT(p.is_usable || p.is_partly);
	INVARIANT(!p.is_partly || (p.at <= text.n && p.why[0]));
	INVARIANT(p.is_usable ? s.term_n && p.kind : !s.term_n && !s.group_n && !s.op_n);
	if (p.is_usable) {
		hunt_set_end(&s);
		(void)match(&s);
	}
	hunt_set_done(&s);
}

static size_t count_indicators(const json_t *doc)
{
	const json_t *objects = json_object_get(doc, "objects"), *object = NULL;
	const char *type = json_string_value(json_object_get(doc, "type"));
	size_t n = 0, i = 0;

	if (type && view_eq(view_str(type), VIEW("indicator")))
		return 1;
	json_array_foreach(objects, i, object)
	{
		const json_t *t = json_object_get(object, "type");

		n += view_eq(view_of(json_string_value(t), json_string_length(t)),
			     VIEW("indicator"));
	}
	return n;
}

static void check_document(struct view text)
{
	json_t *doc = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
	struct hunt_set s = { 0 };

	if (doc && hunt_stix_is(doc) && hunt_stix_read(&s, VIEW("f"), doc) == E_OK) {
		size_t said =
			s.indicator_n + s.counted[HUNT_REVOKED] + s.counted[HUNT_NOT_UNDERSTOOD];

		for (size_t i = 0; i < s.indicator_n; i++)
			said -= s.indicator[i].is_partly;
		INVARIANT(said == count_indicators(doc));
	}
	(void)match(&s);
	if (doc && hunt_csaf_is(doc))
		INVARIANT(hunt_csaf_read(&s, VIEW("f"), doc) == E_OK);
	(void)match(&s);
	hunt_set_done(&s);
	json_decref(doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = fuzz_copy(view_of(data, size));

	if (size && data[0] == '{')
		check_document(view_of(copy, size));
	else
		check_pattern(view_of(copy, size));
	free(copy);
	return 0;
}
