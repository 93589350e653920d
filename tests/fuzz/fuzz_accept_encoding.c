/* Accept-Encoding: a choice is one that was offered and named or taken by "*", what has no weight
 * is never chosen, and cutting the list into lines at its commas changes nothing. */
#include "tests/fuzz/fuzz.h"

#include "proto/accept_encoding.h"

static const uint8_t offer[] = { ENCODING_ZSTD, ENCODING_BR, ENCODING_GZIP };

static void check_choice(const struct accept_encoding *a, enum encoding got)
{
	INVARIANT(got < ENCODING_N);
	for (unsigned i = 0; i < ENCODING_N; i++)
		INVARIANT(a->q[i] <= 1000 && a->any <= 1000);
	if (got == ENCODING_IDENTITY)
		return;
	INVARIANT((a->named & 1u << got) ? a->q[got] > 0 : a->has_any && a->any > 0);
	for (unsigned i = 0; i < sizeof offer; i++)
		INVARIANT(!(a->named & 1u << offer[i]) || !(a->named & 1u << got) ||
			  a->q[offer[i]] <= a->q[got]);
}

/* Where no quote can hide a comma. */
static void check_lines(struct view in, enum encoding want)
{
	struct accept_encoding a = { 0 };

	if (view_find(in, '"') != in.n)
		return;
	while (in.n) {
		size_t comma = view_find(in, ',');

		accept_encoding_add(&a, view_slice(in, 0, comma));
		in = view_slice(in, comma + 1, in.n);
	}
	INVARIANT(accept_encoding_choose(&a, offer, sizeof offer) == want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view in = view_of(data, size);
	uint8_t *copy = fuzz_copy(in);
	struct accept_encoding a = { 0 };
	enum encoding got = ENCODING_IDENTITY;

	in = view_of(copy, size);
	accept_encoding_add(&a, in);
	got = accept_encoding_choose(&a, offer, sizeof offer);
	check_choice(&a, got);
	check_lines(in, got);
	free(copy);
	return 0;
}
