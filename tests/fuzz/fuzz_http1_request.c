/* Request heads: positions, prefixes, pieces, at the full limit and at one that cuts. */
#include "tests/fuzz/fuzz_http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view in = view_of(data, size);

	fuzz_head(in, FUZZ_LIMIT, FUZZ_METHOD_NONE);
	fuzz_head(in, 1 + fuzz_choice(in, 2, size + 8), FUZZ_METHOD_NONE);
	return 0;
}
