/*
 * The cache's reading of heads: the first line feed pair of the input parts a request's fields from
 * an answer's. What was selected by a request matches that request; what is fresh was fresh before;
 * what is stored can be read back.
 */
#include "tests/fuzz/fuzz.h"

#include "cache/cache_store.h"
#include "cache/cache_vary.h"

enum { HEAD_MAX = 8192, FIELDS = 64, BLOCKS = 16 };

struct head {
	uint8_t text[HEAD_MAX + 64];
	struct wbuf w;
	struct field fields[FIELDS];
	struct http1_head h;
};

static bool parse(struct head *p, struct view start, struct view fields, bool is_request)
{
	struct http1_error why = { 0 };
	size_t progress = 0;

	p->w = wbuf_of(p->text, sizeof p->text);
	wbuf_view_put(&p->w, start);
	wbuf_view_put(&p->w, view_slice(fields, 0, HEAD_MAX));
	WBUF_LIT(&p->w, "\r\n\r\n");
	p->h = (struct http1_head){ .fields = p->fields, .field_cap = FIELDS };
	return (is_request
			? http1_parse_request(wbuf_view(&p->w), UINT16_MAX, &progress, &p->h, &why)
			: http1_parse_response(wbuf_view(&p->w), UINT16_MAX, METHOD_GET, &progress,
					       &p->h, &why)) == E_OK;
}

static void check_life(const struct cache_request *q, const struct cache_life *l)
{
	enum cache_use before = CACHE_USE_FRESH;

	INVARIANT(l->lifetime_s <= CACHE_DELTA_MAX && l->age_s <= CACHE_DELTA_MAX);
	for (uint32_t s = 0; s < 4000; s += 37) {
		enum cache_use now = cache_policy_use(q, l, s);

		INVARIANT(now != CACHE_USE_FRESH || before == CACHE_USE_FRESH);
		INVARIANT(now != CACHE_USE_FRESH || cache_policy_stale_s(l, s) == 0);
		before = now;
	}
}

static void check_store(struct view vary, struct view head)
{
	static const uint64_t key[2] = { 1, 2 };
	void *memory = calloc(1, cache_store_bytes(BLOCKS));
	uint8_t back[HEAD_MAX + 64];
	struct wbuf w = wbuf_of(back, sizeof back);
	struct cache_store s = { 0 };
	struct cache_entry *e = NULL;

	cache_store_init(&s, memory, BLOCKS, key);
	cache_store_limit(&s, BLOCKS);
	e = cache_store_new(&s, 1, VIEW("key"), vary);
	INVARIANT(e && cache_store_append(&s, e, head) == E_OK);
	cache_store_commit(&s, e);
	INVARIANT(cache_store_find(&s, VIEW("key"), e->hash, NULL) == e);
	cache_store_read(&s, e, e->key_n + e->vary_n, sizeof back, &w);
	INVARIANT(view_eq(wbuf_view(&w), head) && view_eq(cache_store_vary(&s, e), vary));
	free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct head request, answer;
	struct view in = view_of(data, size);
	size_t cut = 0;
	uint8_t vary[1024];
	struct wbuf v = wbuf_of(vary, sizeof vary);
	struct cache_times t = { .asked_s = 784111770, .now_s = 784111777 };
	struct cache_request q = { 0 };
	struct cache_life l = { 0 };

	while (cut + 1 < size && !(data[cut] == '\n' && data[cut + 1] == '\n'))
		cut++;
	if (!parse(&request, VIEW("GET / HTTP/1.1\r\nHost: a\r\n"), view_slice(in, 0, cut), true) ||
	    !parse(&answer, VIEW("HTTP/1.1 200 OK\r\n"), view_slice(in, cut + 2, size), false))
		return 0;
	cache_policy_read(wbuf_view(&request.w), &request.h, &q);
	(void)cache_policy_matches(&q, wbuf_view(&answer.w), &answer.h);
	if (cache_policy_judge(&q, wbuf_view(&answer.w), &answer.h, &t, &l) == E_OK)
		check_life(&q, &l);
	if (cache_vary_put(&v, wbuf_view(&answer.w), &answer.h, wbuf_view(&request.w),
			   &request.h) != E_OK)
		return 0;
	INVARIANT(cache_vary_matches(wbuf_view(&v), wbuf_view(&request.w), &request.h));
	check_store(wbuf_view(&v), wbuf_view(&answer.w));
	return 0;
}
