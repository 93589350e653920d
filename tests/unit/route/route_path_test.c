/*
 * route/route_path.c: whatever the rules and the path, the path index leads to the rule that
 * looking at each in turn (route_judge, which explain asks) leads to. Random rules over few
 * segments, so that they meet, shadow and nest.
 */
#include "route/route.h"
#include "route/route_path.h"

#include "base/hash.h"
#include "tests/unit/check.h"
#include "tests/unit/conf/make_image.h"

enum { SETS = 60, QUESTIONS = 400, RULES_MAX = 90, TEXT = 32768 };

struct draw {
	uint64_t seed;
};

static uint32_t draw_below(struct draw *d, uint32_t n)
{
	d->seed = hash_mix(d->seed + 1);
	return (uint32_t)(d->seed >> 33) % n;
}

/* "/a/b": up to deepest segments; a slash behind them at times */
static void put_path(struct draw *d, struct wbuf *w, uint32_t deepest)
{
	static const char *const segments[] = { "a", "b", "ab", "a.b", "long-segment" };
	uint32_t n = draw_below(d, deepest + 1);

	for (uint32_t i = 0; i < n; i++) {
		wbuf_str(w, "/");
		wbuf_str(w, segments[draw_below(d, COUNT_OF(segments))]);
	}
	if (n == 0 || draw_below(d, 5) == 0)
		wbuf_str(w, "/");
}

/* A condition on the path, or none; now and then one on something else beside it. */
static void put_rule(struct draw *d, struct wbuf *w, uint32_t index)
{
	static const char *const kinds[] = { "path_exact: ", "path_exact: ", "path_prefix: ",
					     "path_prefix: ", "path_regex: " };
	char name[40];
	uint32_t kind = draw_below(d, COUNT_OF(kinds) + 1);

	(void)snprintf(name, sizeof name, "      - {name: r%u, match: {", index);
	wbuf_str(w, name);
	if (kind < COUNT_OF(kinds)) {
		wbuf_str(w, kinds[kind]);
		put_path(d, w, 4);
	}
	if (kind == COUNT_OF(kinds) || draw_below(d, 3) == 0)
		wbuf_str(w, kind == COUNT_OF(kinds) ? "methods: [PUT]" : ", methods: [PUT]");
	wbuf_str(w, "}, backend: p}\n");
}

static void put_config(struct draw *d, struct wbuf *w, uint32_t rules)
{
	wbuf_str(w, "listeners: [{name: l, address: \"127.0.0.1:80\", protocol: http}]\n"
		    "backends: [{name: p, servers: [\"127.0.0.1:1\"]}]\n"
		    "routes:\n  - name: one\n    hosts: [\"*\"]\n    rules:\n");
	for (uint32_t i = 0; i < rules; i++)
		put_rule(d, w, i);
	wbuf_str(w, "  - {name: two, hosts: [\"*\"], backend: p}\n");
	wbuf_u8(w, 0);
	assert_false(w->bad);
}

static const struct image_rule *judge_all(const struct image *im, const struct route_request *q,
					  const struct route_regexes *regexes)
{
	const struct image_host *h = image_find_host(im, image_listener_at(im, 0), q->host);
	uint32_t field = 0;

	for (uint32_t i = 0; i < h->rules.n; i++) {
		uint32_t index = *image_rule_index_at(im, h->rules.first + i);

		if (route_judge(im, index, q, regexes, &field) == ROUTE_TAKES)
			return image_rule_at(im, index);
	}
	return NULL;
}

static void compare(const struct image *im, const struct route_regexes *regexes, struct view path,
		    bool is_put)
{
	struct http1_head head = { 0 };
	struct ip source = { 0 };
	struct route_request q = { .host = VIEW("x"),
				   .target = { .path = path },
				   .method = is_put ? METHOD_PUT : METHOD_GET,
				   .method_name = is_put ? VIEW("PUT") : VIEW("GET"),
				   .fields = &head,
				   .source = &source };
	const struct image_rule *want = judge_all(im, &q, regexes),
				*got = route_find(im, image_listener_at(im, 0), &q, regexes);

	if (got != want)
		fail_msg("%.*s: rule %td, not %td", (int)path.n, (const char *)path.p,
			 got - image_rule_at(im, 0), want - image_rule_at(im, 0));
}

static void test_index_and_scan_agree(void **state)
{
	struct draw d = { 20 };
	uint8_t *text = calloc(1, TEXT), bytes[256];
	uint32_t indexed = 0;

	(void)state;
	for (uint32_t set = 0; set < SETS; set++) {
		struct wbuf w = wbuf_of(text, TEXT);
		struct route_regexes *regexes = NULL;
		struct made_image m;

		put_config(&d, &w, 1 + draw_below(&d, RULES_MAX));
		m = make_image((const char *)text, NULL, 0);
		CHECK_OK(route_regexes_new(&m.im, &regexes));
		indexed += image_count(&m.im, IMAGE_PATHS);
		for (uint32_t i = 0; i < QUESTIONS; i++) {
			struct wbuf path = wbuf_of(bytes, sizeof bytes);

			put_path(&d, &path, 6);
			compare(&m.im, regexes, wbuf_view(&path), i % 2);
		}
		compare(&m.im, regexes, VIEW("*"), false); /* OPTIONS *, RFC 9112 §3.2.4 */
		compare(&m.im, regexes, VIEW(""), false);
		regexes = route_regexes_free(regexes);
		unmake_image(&m);
	}
	assert_in_range(indexed, SETS / 2, SETS - 1); /* short lists have none */
	free(text);
}

/* More nested prefixes on one path than a merge holds: every rule is looked at instead. */
static void test_deeply_nested_prefixes(void **state)
{
	char text[4096];
	struct wbuf w = wbuf_of((uint8_t *)text, sizeof text);
	struct route_path found;
	struct made_image m;
	struct view deep = VIEW("/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0");

	(void)state;
	wbuf_str(&w, "listeners: [{name: l, address: \"127.0.0.1:80\", protocol: http}]\n"
		     "backends: [{name: p, servers: [\"127.0.0.1:1\"]}]\n"
		     "routes:\n  - name: one\n    hosts: [\"*\"]\n    rules:\n");
	for (uint32_t i = 24; i > 0; i--) {
		wbuf_str(&w, "      - {match: {path_prefix: ");
		wbuf_view_put(&w, view_slice(deep, 0, (size_t)2 * i));
		wbuf_str(&w, "}, backend: p}\n");
	}
	wbuf_u8(&w, 0);
	m = make_image(text, NULL, 0);
	assert_int_equal(image_count(&m.im, IMAGE_PATHS), 1);
	assert_false(route_path_begin(&m.im, image_paths_at(&m.im, 0), deep, &found));
	for (size_t n = 1; n <= deep.n; n++)
		compare(&m.im, NULL, view_slice(deep, 0, n), false);
	unmake_image(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_index_and_scan_agree),
		cmocka_unit_test(test_deeply_nested_prefixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
