/* A checklist that is taken is written down as one that says the same; nothing in it could move a
 * terminal's cursor. */
#include "tests/fuzz/fuzz.h"

#include "tool/rotate_state.h"

static void check_text(const char *text, size_t cap)
{
	struct view v = view_str(text);

	INVARIANT(v.n < cap);
	for (size_t i = 0; i < v.n; i++)
		INVARIANT(v.p[i] >= 0x20 && v.p[i] != 0x7f);
}

static void check_item(const struct rotate_item *i)
{
	check_text(i->name, sizeof i->name);
	check_text(i->evidence, sizeof i->evidence);
	check_text(i->was, sizeof i->was);
	check_text(i->now, sizeof i->now);
	INVARIANT(*rotate_state_kind(i->kind) && *rotate_state_progress(i->progress));
	INVARIANT((i->progress == ROTATE_OPEN) == (i->at_s == 0));
}

static void check_again(const struct rotation *r, struct rotation *again)
{
	json_t *doc = rotate_state_json(r);
	char *text = doc ? json_dumps(doc, 0) : NULL;

	INVARIANT(text && rotate_state_parse(view_str(text), again) == E_OK);
	INVARIANT(again->n == r->n && again->begun_s == r->begun_s && again->uid == r->uid);
	for (size_t i = 0; i < r->n; i++)
		INVARIANT(memcmp(&r->items[i], &again->items[i], sizeof r->items[i]) == 0);
	free(text);
	json_decref(doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = fuzz_copy(view_of(data, size));
	struct rotation *r = calloc(1, sizeof *r), *again = calloc(1, sizeof *again);

	if (!r || !again)
		abort();
	if (rotate_state_parse(view_of(copy, size), r) == E_OK) {
		check_text(r->reason, sizeof r->reason);
		for (size_t i = 0; i < r->n; i++)
			check_item(&r->items[i]);
		check_again(r, again);
	}
	free(again);
	free(r);
	free(copy);
	return 0;
}
