/* What RFC 9111 lets a shared cache do, on heads as text: §3, §3.5, §4.2 to §4.3.2, §5; Vary §4.1
 * (lists: RFC 9110 §5.3). (tests/e2e/test_cache.py holds the same against a running edge.) */
#include "tests/unit/check.h"

#include "cache/cache_policy.h"
#include "cache/cache_vary.h"

#include <stdio.h>

#define NOW 784111777 /* Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110 §5.6.7 */

struct parsed {
	char text[2048];
	struct field fields[32];
	struct http1_head h;
	struct view head;
};

static void parse(struct parsed *p, const char *start, const char *fields)
{
	struct http1_error why = { 0 };
	size_t progress = 0;
	bool is_request = start[0] == 'G';

	(void)snprintf(p->text, sizeof p->text, "%s\r\n%s%s\r\n", start,
		       is_request ? "Host: a\r\n" : "", fields);
	p->h = (struct http1_head){ .fields = p->fields, .field_cap = 32 };
	p->head = view_str(p->text);
	CHECK_OK(is_request
			 ? http1_parse_request(p->head, 2048, &progress, &p->h, &why)
			 : http1_parse_response(p->head, 2048, METHOD_GET, &progress, &p->h, &why));
}

static struct cache_request read_request(struct parsed *p, const char *fields)
{
	struct cache_request q = { 0 };

	parse(p, "GET / HTTP/1.1", fields);
	cache_policy_read(p->head, &p->h, &q);
	return q;
}

static void test_judge(void **state)
{
	static const struct {
		const char *request, *answer;
		enum err e;
		uint32_t lifetime_s, age_s;
	} rows[] = {
		{ "", "Cache-Control: max-age=60\r\n", E_OK, 60, 2 },
		{ "", "Cache-Control: max-age=60\r\nAge: 7\r\n", E_OK, 60, 9 },
		{ "", "Cache-Control: max-age=60\r\nDate: Sun, 06 Nov 1994 08:49:27 GMT\r\n", E_OK,
		  60, 10 },
		{ "", "Cache-Control: max-age=60\r\nDate: Sun, 06 Nov 1994 08:59:37 GMT\r\n", E_OK,
		  60, 2 }, /* a clock that is ahead makes nothing younger */
		{ "", "Expires: Sunday, 06-Nov-94 08:50:37 GMT\r\n", E_OK, 60, 2 },
		{ "", "Expires: Sun Nov  6 08:50:37 1994\r\n", E_OK, 60, 2 },
		{ "",
		  "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nExpires: Sun, 06 Nov 1994 08:49:47 "
		  "GMT\r\n",
		  E_OK, 10, 2 },
		{ "", "Expires: tomorrow\r\n", E_DENIED, 0, 0 },
		{ "", "ETag: \"x\"\r\nExpires: tomorrow\r\n", E_OK, 0, 2 },
		{ "", "ETag: \"x\"\r\n", E_DENIED, 0, 0 },
		{ "", "", E_DENIED, 0, 0 },
		{ "", "Cache-Control: max-age=99999999999\r\n", E_OK, CACHE_DELTA_MAX, 2 },
		{ "", "Cache-Control: no-cache\r\n", E_DENIED, 0, 0 },
		{ "", "Cache-Control: no-cache\r\nLast-Modified: x\r\n", E_OK, 0, 2 },
		{ "Cache-Control: no-store\r\n", "Cache-Control: max-age=60\r\n", E_DENIED, 0, 0 },
		{ "Authorization: a b\r\n", "Cache-Control: max-age=60\r\n", E_DENIED, 0, 0 },
		{ "Authorization: a b\r\n", "Cache-Control: max-age=60, public\r\n", E_OK, 60, 2 },
		{ "Cookie: a=b\r\n", "Cache-Control: max-age=60\r\n", E_DENIED, 0, 0 },
		{ "Cookie: a=b\r\n", "Cache-Control: s-maxage=60\r\n", E_OK, 60, 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct parsed request, answer;
		struct cache_request q = read_request(&request, rows[i].request);
		struct cache_times t = { .asked_s = NOW - 2, .now_s = NOW };
		struct cache_life l = { 0 };

		parse(&answer, "HTTP/1.1 200 OK", rows[i].answer);
		CHECK_ROW(rows[i].answer,
			  cache_policy_judge(&q, answer.head, &answer.h, &t, &l) == rows[i].e);
		CHECK_ROW(rows[i].answer, l.lifetime_s == rows[i].lifetime_s);
		CHECK_ROW(rows[i].answer, l.age_s == rows[i].age_s);
	}
}

static void test_use(void **state)
{
	static const struct {
		const char *request;
		struct cache_life life;
		uint32_t held_s;
		enum cache_use want;
	} rows[] = {
		{ "", { .lifetime_s = 10 }, 9, CACHE_USE_FRESH },
		{ "", { .lifetime_s = 10 }, 10, CACHE_USE_VALIDATE },
		{ "", { .lifetime_s = 10, .age_s = 5 }, 5, CACHE_USE_VALIDATE },
		{ "", { .lifetime_s = 10, .age_s = UINT32_MAX }, UINT32_MAX, CACHE_USE_VALIDATE },
		{ "", { .lifetime_s = 10, .flags = CACHE_LIFE_VALIDATE }, 0, CACHE_USE_VALIDATE },
		{ "Cache-Control: max-age=3\r\n", { .lifetime_s = 10 }, 3, CACHE_USE_FRESH },
		{ "Cache-Control: max-age=3\r\n", { .lifetime_s = 10 }, 4, CACHE_USE_VALIDATE },
		{ "Cache-Control: min-fresh=3\r\n", { .lifetime_s = 10 }, 7, CACHE_USE_FRESH },
		{ "Cache-Control: min-fresh=3\r\n", { .lifetime_s = 10 }, 8, CACHE_USE_VALIDATE },
		{ "Cache-Control: max-stale=3\r\n", { .lifetime_s = 10 }, 12, CACHE_USE_STALE },
		{ "Cache-Control: max-stale=3\r\n", { .lifetime_s = 10 }, 13, CACHE_USE_VALIDATE },
		{ "Cache-Control: max-stale\r\n", { .lifetime_s = 10 }, 9999, CACHE_USE_STALE },
		{ "Cache-Control: max-stale\r\n",
		  { .lifetime_s = 10, .flags = CACHE_LIFE_NO_STALE },
		  10,
		  CACHE_USE_VALIDATE },
		{ "Pragma: no-cache\r\n", { .lifetime_s = 10 }, 0, CACHE_USE_VALIDATE },
		{ "Authorization: x\r\n", { .lifetime_s = 10 }, 0, CACHE_USE_NEVER },
		{ "Authorization: x\r\n",
		  { .lifetime_s = 10, .flags = CACHE_LIFE_CONSENT },
		  0,
		  CACHE_USE_FRESH },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct parsed request;
		struct cache_request q = read_request(&request, rows[i].request);

		CHECK_ROW(rows[i].request,
			  cache_policy_use(&q, &rows[i].life, rows[i].held_s) == rows[i].want);
	}
}

static void test_read(void **state)
{
	struct parsed p;
	struct cache_request q = read_request(&p, "X-HTTP-Method-Override: POST\r\n");

	(void)state;
	assert_true(q.is_odd && !q.is_partial);
	q = read_request(&p, "Range: bytes=0-1\r\n");
	assert_true(q.is_partial && !q.is_odd);
	q = read_request(&p, "If-None-Match: \"a\"\r\nIf-None-Match: \"b\"\r\n");
	assert_true(q.is_partial);
}

/* RFC 9110 §8.8.3.2 */
static void test_tags(void **state)
{
	(void)state;
	assert_true(cache_policy_same_tag(VIEW("\"a\""), VIEW("W/\"a\"")));
	assert_false(cache_policy_same_tag(VIEW("\"a\""), VIEW("\"A\"")));
	assert_false(cache_policy_same_tag((struct view){ 0 }, (struct view){ 0 }));
}

static void test_vary(void **state)
{
	struct parsed answer, one, other;
	uint8_t room[1024];
	struct wbuf w = wbuf_of(room, sizeof room);

	(void)state;
	parse(&answer, "HTTP/1.1 200 OK", "Vary: Accept, X-A\r\nvary: x-b\r\n");
	parse(&one, "GET / HTTP/1.1", "X-A: 1\r\naccept: b\r\nAccept:  a \r\n");
	CHECK_OK(cache_vary_put(&w, answer.head, &answer.h, one.head, &one.h));
	assert_true(cache_vary_matches(wbuf_view(&w), one.head, &one.h));
	parse(&other, "GET / HTTP/1.1", "Accept: b, a\r\nX-A: 1\r\nX-C: 4\r\n");
	assert_true(cache_vary_matches(wbuf_view(&w), other.head, &other.h));
	parse(&other, "GET / HTTP/1.1", "Accept: a, b\r\nX-A: 1\r\n");
	assert_false(cache_vary_matches(wbuf_view(&w), other.head, &other.h));
	parse(&other, "GET / HTTP/1.1", "Accept: b, a\r\nX-A: 1\r\nX-B: \r\nX-B: 1\r\n");
	assert_false(cache_vary_matches(wbuf_view(&w), other.head, &other.h));
	for (size_t i = 0; i < 3; i++) {
		static const char *const bad[] = { "Vary: *\r\n", "Vary: a, *\r\n",
						   "Vary: a b\r\n" };

		parse(&answer, "HTTP/1.1 200 OK", bad[i]);
		w.n = 0;
		CHECK_ERR(cache_vary_put(&w, answer.head, &answer.h, one.head, &one.h), E_DENIED);
	}
	parse(&answer, "HTTP/1.1 200 OK", "Vary: Accept\r\n");
	w = wbuf_of(room, 5);
	CHECK_ERR(cache_vary_put(&w, answer.head, &answer.h, one.head, &one.h), E_DENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge), cmocka_unit_test(test_use),
		cmocka_unit_test(test_read),  cmocka_unit_test(test_tags),
		cmocka_unit_test(test_vary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
