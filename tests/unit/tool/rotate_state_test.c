/* The checklist of a rotation, as it is read back: what it said, or nothing. */
#include "../check.h"
#include "../guard.h"

#include "tool/rotate_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD                                                                                       \
	"{\"version\": 1, \"reason\": \"r\", \"begun\": \"2026-07-17T06:30:00Z\","                 \
	" \"finished\": null, \"uid\": 0, \"items\": ["
#define PRINT "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define ITEM(name, kind, state, was, at)                                                           \
	"{\"name\": \"" name "\", \"kind\": \"" kind "\", \"owner\": \"x\", \"state\": \"" state   \
	"\", \"evidence\": \"e\", \"was\": \"" was "\", \"now\": \"\", \"at\": " at                \
	", \"uid\": 4294967295}"

static enum err parse(const char *text, struct rotation *r)
{
	struct guard g = guard_new(1 << 20);
	enum err e = rotate_state_parse(guard_put(&g, view_str(text)), r);

	guard_done(&g);
	return e;
}

static void test_good(void **state)
{
	struct rotation *r = calloc(1, sizeof *r), *again = calloc(1, sizeof *again);
	json_t *doc = NULL;
	char *text = NULL;

	(void)state;
	CHECK_OK(parse(HEAD ITEM("token.key", "token", "open", PRINT,
				 "null") ", " ITEM("certificate/caf\303\251", "certificate", "done",
						   "", "\"2026-07-17T07:00:00Z\"") "]}",
		       r));
	assert_int_equal(r->n, 2);
	assert_int_equal(r->items[0].kind, ROTATE_TOKEN);
	assert_string_equal(r->items[0].was, PRINT);
	assert_int_equal(r->items[1].progress, ROTATE_IS_DONE);
	assert_int_equal(r->items[1].uid, UINT32_MAX);
	assert_int_equal(r->items[1].at_s - r->begun_s, 1800);
	assert_int_equal(rotate_state_open_n(r), 1);
	assert_ptr_equal(rotate_state_find(r, VIEW("token.key")), &r->items[0]);
	assert_null(rotate_state_find(r, VIEW("token")));
	doc = rotate_state_json(r);
	text = json_dumps(doc, 0);
	CHECK_OK(parse(text, again));
	assert_int_equal(memcmp(r, again, sizeof *r), 0);
	free(text);
	json_decref(doc);
	free(r);
	free(again);
}

static void test_bad(void **state)
{
	static const char *const bad[] = {
		"",
		"{}",
		"[]",
		"null",
		HEAD "]",
		HEAD "1]}",
		HEAD "{}]}",
		HEAD ITEM("", "token", "open", "", "null") "]}",
		HEAD ITEM("a\\u0000b", "token", "open", "", "null") "]}",
		HEAD ITEM("a\\nb", "token", "open", "", "null") "]}",
		HEAD ITEM("a\\u001bb", "token", "open", "", "null") "]}",
		HEAD ITEM("a", "tokens", "open", "", "null") "]}",
		HEAD ITEM("a", "", "open", "", "null") "]}",
		HEAD ITEM("a", "token", "Done", "", "null") "]}",
		HEAD ITEM("a", "token", "open", "00", "null") "]}",
		HEAD ITEM("a", "token", "open", PRINT "0", "null") "]}",
		HEAD ITEM("a", "token", "open", "", "1") "]}",
		HEAD ITEM("a", "token", "open", "", "\"2026-02-30T00:00:00Z\"") "]}",
		/* closed without a moment, open with one */
		HEAD ITEM("a", "token", "done", "", "null") "]}",
		HEAD ITEM("a", "token", "open", "", "\"2026-07-17T07:00:00Z\"") "]}",
		/* the same name twice, the same member twice */
		HEAD ITEM("a", "token", "open", "", "null") ", " ITEM("a", "token", "open", "",
								      "null") "]}",
		"{\"version\": 1, \"version\": 1}",
		"{\"version\": 2, \"reason\": \"r\", \"begun\": \"2026-07-17T06:30:00Z\","
		" \"finished\": null, \"uid\": 0, \"items\": []}",
		"{\"version\": 1, \"reason\": \"r\", \"begun\": null, \"finished\": null,"
		" \"uid\": 0, \"items\": []}",
		"{\"version\": 1, \"reason\": \"r\", \"begun\": \"2026-07-17T06:30:00Z\","
		" \"finished\": null, \"uid\": -1, \"items\": []}",
		"{\"version\": 1, \"reason\": \"r\", \"begun\": \"2026-07-17T06:30:00Z\","
		" \"finished\": null, \"uid\": 4294967296, \"items\": []}",
	};
	struct rotation *r = calloc(1, sizeof *r);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		if (parse(bad[i], r) != E_PROTO)
			fail_msg("taken: %s", bad[i]);
	free(r);
}

static void test_bounds(void **state)
{
	struct rotation *r = calloc(1, sizeof *r);
	size_t cap = 1 << 20, n = 0;
	char *text = malloc(cap), name[ROTATE_NAME + 2];

	(void)state;
	for (unsigned over = 0; over < 2; over++) {
		n = (size_t)snprintf(text, cap, "%s", HEAD);
		for (unsigned i = 0; i < ROTATE_ITEMS + over; i++)
			n += (size_t)snprintf(
				text + n, cap - n, "%s%s%u%s", i ? "," : "", "{\"name\": \"", i,
				"\", \"kind\": \"token\", \"owner\": \"\", \"state\": "
				"\"open\", \"evidence\": \"\", \"was\": \"\", \"now\": "
				"\"\", \"at\": null, \"uid\": 0}");
		(void)snprintf(text + n, cap - n, "]}");
		assert_int_equal(parse(text, r), over ? E_LIMIT : E_OK);
	}
	for (unsigned over = 0; over < 2; over++) {
		memset(name, 'a', sizeof name);
		name[ROTATE_NAME + over] = '\0';
		(void)snprintf(text, cap,
			       "%s{\"name\": \"%s\", \"kind\": \"token\", \"owner\": \"\", "
			       "\"state\": \"open\", \"evidence\": \"\", \"was\": \"\", \"now\": "
			       "\"\", \"at\": null, \"uid\": 0}]}",
			       HEAD, name);
		assert_int_equal(parse(text, r), over ? E_PROTO : E_OK);
	}
	free(text);
	free(r);
}

/* RFC 3629 §3: a character is there whole, or not at all */
static void test_text(void **state)
{
	char to[6];

	(void)state;
	rotate_state_text(to, sizeof to, VIEW("abc"));
	assert_string_equal(to, "abc");
	rotate_state_text(to, sizeof to, VIEW("a\033[2J"));
	assert_string_equal(to, "a?[2J");
	rotate_state_text(to, sizeof to, VIEW("abcd\303\251"));
	assert_string_equal(to, "abcd");
	rotate_state_text(to, sizeof to, VIEW("abc\342\202\254"));
	assert_string_equal(to, "abc");
	rotate_state_text(to, sizeof to, VIEW("abcdefgh"));
	assert_string_equal(to, "abcde");
	rotate_state_text(to, sizeof to, VIEW("\200\200\200\200\200\200\200"));
	assert_string_equal(to, "");
	assert_string_equal(rotate_state_kind(ROTATE_KINDS), "");
	assert_string_equal(rotate_state_progress(ROTATE_PROGRESSES), "");
	assert_string_equal(rotate_state_owner(0), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
