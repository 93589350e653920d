/* Response heads, as answers to the methods that decide about the body. */
#include "tests/fuzz/fuzz_http1.h"

/* RFC 9112 §6.3 from the other side: which statuses and methods may have a body at all. */
static void check_body(struct view in, int asked)
{
	static struct fuzz_head r;
	bool may_have = asked != METHOD_HEAD;

	r.progress = 0;
	fuzz_parse(&r, in, FUZZ_LIMIT, asked);
	if (r.e != E_OK)
		return;
	INVARIANT(r.h.status >= 100 && r.h.status <= 599);
	may_have &= r.h.status >= 200 && r.h.status != 204 && r.h.status != 304;
	may_have &= asked != METHOD_CONNECT || r.h.status >= 300;
	INVARIANT(may_have == (r.h.body != BODY_NONE));
	INVARIANT(r.h.body != BODY_UNTIL_CLOSE || !(r.h.flags & HTTP1_KEEP_ALIVE));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int asked[] = { METHOD_GET, METHOD_HEAD, METHOD_CONNECT };
	struct view in = view_of(data, size);

	for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
		fuzz_head(in, FUZZ_LIMIT, asked[i]);
		check_body(in, asked[i]);
	}
	fuzz_head(in, 1 + fuzz_choice(in, 2, size + 8), METHOD_GET);
	return 0;
}
