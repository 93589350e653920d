/*
 * Patterns of a purge against keys: whatever the text is, no key of another host is matched, a
 * prefix matches what the URL matches, and the key of a URL is matched by that URL.
 *
 * Input: a kind, the length of the text, the text, the key.
 */
#include "tests/fuzz/fuzz.h"

#include "base/wbuf.h"
#include "cache/cache_pattern.h"

/* The host of a key begins with the pattern's, and then there is a port, or the path. */
static void check_host(const struct cache_pattern *p, struct view key)
{
	struct view rest = view_slice(key, view_find(key, '|') + 1, key.n);

	INVARIANT(view_ieq(view_slice(rest, 0, p->host.n), p->host));
	INVARIANT(rest.n > p->host.n && (rest.p[p->host.n] == '/' || rest.p[p->host.n] == ':'));
}

/* The key that a URL without spaces has is matched by it. */
static void check_own(const struct cache_pattern *p)
{
	uint8_t bytes[1024];
	struct wbuf w = wbuf_of(bytes, sizeof bytes);

	if (p->kind != CACHE_PATTERN_URL || view_find(p->target, ' ') != p->target.n ||
	    view_find(p->scheme, '|') != p->scheme.n)
		return;
	wbuf_view_put(&w, p->scheme);
	WBUF_LIT(&w, "|");
	wbuf_view_put(&w, p->host);
	wbuf_view_put(&w, p->target);
	WBUF_LIT(&w, "  server");
	INVARIANT(w.bad || cache_pattern_matches(p, wbuf_view(&w)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = fuzz_copy(view_of(data, size));
	struct view in = view_of(copy, size), text = { 0 };
	struct cache_pattern p = { 0 }, longer = { 0 };
	uint8_t kind = 0, n = 0;

	(void)view_u8(&in, &kind);
	(void)view_u8(&in, &n);
	text = view_slice(in, 0, n);
	in = view_slice(in, n, in.n);
	if (cache_pattern_read(kind, text, &p) == E_OK) {
		bool is_match = cache_pattern_matches(&p, in);

		if (is_match && p.kind != CACHE_PATTERN_ALL)
			check_host(&p, in);
		longer = p;
		longer.kind = CACHE_PATTERN_PREFIX;
		INVARIANT(!is_match || p.kind != CACHE_PATTERN_URL ||
			  cache_pattern_matches(&longer, in));
		check_own(&p);
	}
	free(copy);
	return 0;
}
