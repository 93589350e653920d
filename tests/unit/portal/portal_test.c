/* Pages as a whole: each is made in each language; no hostile value is more than text in any of
 * them (A10, A19); headers as DEFAULTS 5b has them; languages by RFC 9110 §12.5.4. */
#include "tests/unit/portal/samples.h"

#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

static uint8_t room[PORTAL_PAGE_MAX], more[PORTAL_PAGE_MAX];

static bool has(struct view v, const char *text)
{
	struct view part = view_str(text);

	for (; v.n >= part.n; v = view_slice(v, 1, v.n))
		if (view_starts(v, part))
			return true;
	return false;
}

static size_t count(struct view v, uint8_t byte)
{
	size_t n = 0;

	for (size_t i = 0; i < v.n; i++)
		n += v.p[i] == byte;
	return n;
}

static struct view make(void *bytes, enum portal_page_kind kind, const struct portal_model *m)
{
	struct wbuf w = wbuf_of(bytes, PORTAL_PAGE_MAX);

	CHECK_OK(portal_page(&w, kind, m));
	return wbuf_view(&w);
}

static void test_samples(void **state)
{
	static const char *const lang[] = { "<html lang=\"nl\">", "<html lang=\"en\">" };
	unsigned seen = 0;

	(void)state;
	for (size_t l = 0; l < PORTAL_LANGUAGES; l++) {
		struct sample_room lists = { 0 };

		for (size_t i = 0;; i++) {
			struct sample s = samples_get(i, (enum portal_language)l, &lists);
			struct view page = { 0 };

			if (!s.name)
				break;
			page = make(room, s.kind, &s.model);
			seen |= 1u << s.kind;
			CHECK_ROW(s.name, view_starts(page, VIEW("<!DOCTYPE html>\n")) &&
						  has(page, lang[l]));
			CHECK_ROW(s.name, has(page, "<h1>") && has(page, "</main>") &&
						  has(page, "<title>"));
			CHECK_ROW(s.name, view_ends(page, VIEW("</html>\n")));
			CHECK_ROW(s.name,
				  !has(page, "style=") && !has(page, "{{") && !has(page, "$"));
		}
	}
	assert_int_equal(seen, (1u << PORTAL_PAGES) - 2);
	assert_int_equal(portal_page(&(struct wbuf){ .p = room, .cap = sizeof room }, PORTAL_PAGES,
				     &(struct portal_model){ 0 }),
			 E_LIMIT);
}

/* Whatever the values are, a page has the same elements and the same quotes as with a harmless one.
 */
static void test_hostile(void **state)
{
	static const struct view values[] = {
		VIEW_INIT("\"><script>alert(1)</script>"),
		VIEW_INIT("' onmouseover='alert(1)"),
		VIEW_INIT("javascript:alert(1)"),
		VIEW_INIT("--><img src=x onerror=alert(1)>"),
		VIEW_INIT("</title><base href=//evil>"),
		VIEW_INIT("{{user}}{0}$width%s%n"),
		VIEW_INIT("\xff\xfe<\xc0\xbc>\0\x1b[2J\r\n\r\n"),
		VIEW_INIT("\0\x05<a>\"&"),
	};
	struct sample_room lists = { 0 }, plain_lists = { 0 };
	struct portal_model plain = samples_hostile(VIEW("abc"), &plain_lists);

	(void)state;
	plain.otpauth_uri = (struct view){ 0 };
	for (size_t v = 0; v < COUNT_OF(values); v++) {
		struct portal_model m = samples_hostile(values[v], &lists);

		m.otpauth_uri = (struct view){ 0 }; /* its picture is another one for each text */
		for (int kind = 1; kind < PORTAL_PAGES; kind++) {
			struct view want = make(room, (enum portal_page_kind)kind, &plain);
			struct view page = make(more, (enum portal_page_kind)kind, &m);

			assert_int_equal(count(page, '<'), count(want, '<'));
			assert_int_equal(count(page, '>'), count(want, '>'));
			assert_int_equal(count(page, '"'), count(want, '"'));
			assert_int_equal(count(page, '\''), 0);
			assert_false(has(page, "href=\"javascript:") ||
				     has(page, "url=javascript:"));
			assert_int_equal(count(page, 0) + count(page, 0x1b) + count(page, '\r'), 0);
		}
	}
}

/* The largest page of lists that the authority sends at once fits. */
static void test_room(void **state)
{
	static struct portal_app apps[200];
	static struct portal_session sessions[100];
	static const char title[] =
		"Een applicatie met een lange naam & een <ampersand> of twee, zodat het "
		"niet te krap wordt voor wie die ook heeft";
	struct portal_model m = { .csrf = VIEW("w3Xq6z0Zb0m4m1w6YV7hJ2q0yqf3oI1V3b8Qe0g2s9A"),
				  .user = VIEW("x") };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(apps); i++)
		apps[i] = (struct portal_app){
			view_str(title),
			VIEW("https://applicatie-met-een-lange-naam.intern.example.nl")
		};
	m.apps = apps;
	m.apps_n = COUNT_OF(apps);
	make(room, PORTAL_APPS, &m);
	for (size_t i = 0; i < COUNT_OF(sessions); i++)
		sessions[i] =
			(struct portal_session){ .number = UINT32_MAX, .began_s = 1, .seen_s = 1 };
	m.sessions = sessions;
	m.sessions_n = COUNT_OF(sessions);
	m.now_s = 1795000000;
	make(room, PORTAL_SESSIONS, &m);
}

static void test_no_room(void **state)
{
	struct sample_room lists = { 0 };
	struct sample s = samples_get(0, PORTAL_NL, &lists);

	(void)state;
	for (size_t cap = 0; cap < 3000; cap += 7) {
		struct wbuf w = wbuf_of(room, cap);

		CHECK_ERR(portal_page(&w, s.kind, &s.model), E_LIMIT);
		assert_true(w.n <= cap);
	}
}

static void test_headers(void **state)
{
	static const char *const lines[] = {
		"Content-Type: text/html; charset=utf-8\r\n",
		"Cache-Control: no-store\r\n",
		"Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
		"img-src "
		"'self'; font-src 'self'; connect-src 'self'; frame-src 'none'; frame-ancestors "
		"'none'; "
		"base-uri 'none'; form-action 'self'\r\n",
		"X-Frame-Options: DENY\r\n",
		"Referrer-Policy: same-origin\r\n",
		"Cross-Origin-Opener-Policy: same-origin\r\n",
		"Cross-Origin-Resource-Policy: same-origin\r\n",
		"Permissions-Policy: camera=()",
		"Content-Language: nl\r\n",
	};
	struct wbuf w = wbuf_of(room, sizeof room);

	(void)state;
	portal_put_headers(&w, PORTAL_NL);
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		CHECK_ROW(lines[i], has(wbuf_view(&w), lines[i]));
	assert_true(view_ends(wbuf_view(&w), VIEW("\r\n")));
}

/* Every asset that a page names is there, under that name and no other. */
static void test_assets(void **state)
{
	struct sample_room lists = { 0 };
	struct sample s = samples_get(0, PORTAL_EN, &lists);
	struct view page = make(more, s.kind, &s.model);
	struct portal_asset asset = { 0 };
	size_t found = 0;

	(void)state;
	for (struct view rest = page; rest.n > 0; rest = view_slice(rest, 1, rest.n)) {
		struct view path = view_slice(rest, 0, view_find(rest, '"'));
		struct wbuf w = wbuf_of(room, sizeof room);

		if (!view_starts(path, VIEW("/assets/")))
			continue;
		assert_true(portal_asset(path, &asset));
		assert_true(view_eq(asset.path, path) && asset.body.n > 100 && asset.etag.n == 66);
		portal_asset_put_headers(&w, &asset);
		assert_true(has(wbuf_view(&w),
				"Cache-Control: public, max-age=31536000, immutable\r\n"));
		assert_true(has(wbuf_view(&w), "ETag: \""));
		found++;
	}
	assert_true(found >= 3);
	assert_false(portal_asset(VIEW(""), &asset));
	assert_false(portal_asset(VIEW("/assets/"), &asset));
	assert_false(portal_asset(VIEW("/assets/portal.css"), &asset));
	assert_false(portal_asset(VIEW("/assets/../fields"), &asset));
}

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(portal_language(VIEW("nl"), VIEW("")), PORTAL_NL);
	assert_int_equal(portal_language(VIEW("nl"), VIEW("en")), PORTAL_EN);
	assert_int_equal(portal_language(VIEW("nl"), VIEW("de")), PORTAL_NL);
	assert_int_equal(portal_language(VIEW("de, fr;q=0.5"), VIEW("")), PORTAL_EN);
	assert_int_equal(portal_language(VIEW(""), VIEW("")), PORTAL_EN);
	assert_int_equal(portal_notice(VIEW("added")), PORTAL_NOTE_ADDED);
	assert_int_equal(portal_notice(VIEW("ended")), PORTAL_NOTE_ENDED);
	assert_int_equal(portal_notice(VIEW("")), PORTAL_NOTE_NOTHING);
	assert_int_equal(portal_notice(VIEW("<script>")), PORTAL_NOTE_NOTHING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples), cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_room),	cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_headers), cmocka_unit_test(test_assets),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
