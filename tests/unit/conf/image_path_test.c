/* conf/image_path.c: a path index that is not sound is refused; made from a right one. */
#include "conf/image_path.h"

#include "tests/unit/check.h"
#include "tests/unit/conf/make_image.h"

#include <string.h>

enum { SAME = 20, TEXT = 8192 };

/* Twenty rules for one path, then twenty paths, and two without. */
static struct made_image made(void)
{
	static const char front[] =
		"listeners: [{name: l, address: \"127.0.0.1:80\", protocol: http}]\n"
		"backends: [{name: p, servers: [\"127.0.0.1:1\"]}]\n"
		"routes:\n  - name: one\n    hosts: [\"*\"]\n    rules:\n";
	char text[TEXT];
	size_t n = sizeof front - 1;

	memcpy(text, front, n);
	for (int i = 0; i < SAME; i++)
		n += (size_t)snprintf(
			text + n, sizeof text - n,
			"      - {match: {path_exact: /same, query: {a: \"%d\"}}, backend: p}\n"
			"      - {match: {path_prefix: /p%d}, backend: p}\n",
			i, i);
	(void)snprintf(text + n, sizeof text - n,
		       "      - {match: {path_regex: q}, backend: p}\n    backend: p\n");
	return make_image(text, NULL, 0);
}

static void *element(uint8_t *p, enum image_section s, size_t i)
{
	const struct image_header *h = (const struct image_header *)(const void *)p;

	return p + h->section[s].at + i * image_section_size(s);
}

/* Changes what is about to be checked. */
typedef void spoil_fn(uint8_t *p, struct image_paths *paths, struct image_path *same,
		      struct image_path *other);

static void spoil_table_size(uint8_t *p, struct image_paths *paths, struct image_path *same,
			     struct image_path *other)
{
	(void)p, (void)same, (void)other;
	paths->table.n--;
}

static void spoil_hash(uint8_t *p, struct image_paths *paths, struct image_path *same,
		       struct image_path *other)
{
	(void)p, (void)paths, (void)other;
	same->hash ^= (uint64_t)1 << 40;
}

static void spoil_order(uint8_t *p, struct image_paths *paths, struct image_path *same,
			struct image_path *other)
{
	uint32_t *list = element(p, IMAGE_RULE_INDEX, same->exact.first), first = list[0];

	(void)paths, (void)other;
	list[0] = list[1];
	list[1] = first;
}

static void spoil_others(uint8_t *p, struct image_paths *paths, struct image_path *same,
			 struct image_path *other)
{
	uint32_t *list = element(p, IMAGE_RULE_INDEX, paths->others.first);

	(void)same, (void)other;
	list[0] = list[1];
}

static void spoil_kind(uint8_t *p, struct image_paths *paths, struct image_path *same,
		       struct image_path *other)
{
	(void)p, (void)paths, (void)same;
	other->exact = other->prefix;
	other->prefix.n = 0;
}

static void spoil_path(uint8_t *p, struct image_paths *paths, struct image_path *same,
		       struct image_path *other)
{
	uint32_t *list = element(p, IMAGE_RULE_INDEX, other->prefix.first);

	(void)paths, (void)same;
	*list += 2;
}

static void spoil_shared(uint8_t *p, struct image_paths *paths, struct image_path *same,
			 struct image_path *other)
{
	(void)p, (void)same;
	other->prefix = paths->others;
}

static void test_unsound_ones_are_refused(void **state)
{
	static const struct {
		const char *name;
		spoil_fn *spoil;
	} rows[] = {
		{ "table size", spoil_table_size },	    { "hash", spoil_hash },
		{ "order of a path's rules", spoil_order }, { "order of others", spoil_others },
		{ "kind of a rule", spoil_kind },	    { "path of a rule", spoil_path },
		{ "shared rules", spoil_shared },
	};
	struct made_image m = made();
	uint8_t *p = NULL;

	(void)state;
	assert_int_equal(image_count(&m.im, IMAGE_PATHS), 1);
	assert_int_equal(image_paths_at(&m.im, 0)->others.n, 2);
	assert_int_equal(posix_memalign((void **)&p, 8, m.n), 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct image_path *same = NULL, *other = NULL;
		struct image im = { 0 };
		const char *why = NULL;

		memcpy(p, m.p, m.n);
		for (size_t k = 0; k < image_count(&m.im, IMAGE_PATH); k++) {
			struct image_path *e = element(p, IMAGE_PATH, k);

			same = e->exact.n == SAME ? e : same;
			other = e->prefix.n && !other ? e : other;
		}
		assert_non_null(same);
		assert_non_null(other);
		rows[i].spoil(p, element(p, IMAGE_PATHS, 0), same, other);
		CHECK_ROW(rows[i].name, image_check(view_of(p, m.n), &im, &why) == E_PROTO);
	}
	free(p);
	unmake_image(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_unsound_ones_are_refused) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
