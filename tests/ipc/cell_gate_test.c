/*
 * A cell's gate to applications: what goes on to a server, and what a server is told (promises P1,
 * P6, P7; THREATS A5, A6, A15, A17, A20). The authority is the test's.
 */
#include "ipc/record.h"
#include "role/cell/lifeline.h"
#include "role/edge/access.h"
#include "tests/ipc/cell_kit.h"
#include "tests/unit/check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define GOOD	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaA"
#define OTHER	  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbA"
#define APP	  "Cookie: __Host-sluis-app=" GOOD "\r\n"
#define NAVIGATES "Sec-Fetch-Mode: navigate\r\n"

static char room[8192];

/* A request for a path, with more lines. */
static const char *get(const char *host, const char *path, const char *more)
{
	struct wbuf w = wbuf_of(room, sizeof room - 1);

	WBUF_LIT(&w, "GET ");
	wbuf_str(&w, path);
	WBUF_LIT(&w, " HTTP/1.1\r\nHost: ");
	wbuf_str(&w, host);
	WBUF_LIT(&w, ".example.nl\r\n");
	wbuf_str(&w, more);
	WBUF_LIT(&w, "\r\n");
	CHECK_OK(wbuf_check(&w));
	room[w.n] = 0;
	return room;
}

static bool says(struct view answer, const char *text)
{
	return kit_has(answer, view_str(text));
}

static bool is_status(struct view answer, const char *status)
{
	char line[32];

	snprintf(line, sizeof line, "HTTP/1.1 %s ", status);
	return view_starts(answer, view_str(line));
}

static int open_kit(void **state)
{
	*state = kit_new();
	return 0;
}

static int close_kit(void **state)
{
	kit_free(*state);
	return 0;
}

static int setup(void **state)
{
	kit_forget(*state);
	return 0;
}

/* ---- without a grant ---- */

static void test_navigation_goes_to_the_portal(void **state)
{
	struct kit *k = *state;
	struct view a = kit_ask(k, get("cases", "/a%20b?x=1", NAVIGATES));

	assert_true(is_status(a, "303"));
	assert_true(says(a, "\r\nLocation: https://login.example.nl:8443/enter?app=cases&nonce="));
	assert_true(says(a, "\r\nSet-Cookie: __Host-sluis-enter="));
	assert_true(says(a, "; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600\r\n"));
	assert_true(says(a, "Cache-Control: no-store\r\n"));
	/* who says nothing about the mode is taken at Accept */
	assert_true(
		is_status(kit_ask(k, get("cases", "/", "Accept: text/html,*/*;q=0.8\r\n")), "303"));
	assert_int_equal(k->server_n, 0);
	assert_int_equal(k->asked[CELL_GRANT], 0);
}

static void test_others_get_401(void **state)
{
	static const char *const heads[] = {
		"",
		"Accept: application/json\r\n",
		"Accept: text/html\r\nX-Requested-With: XMLHttpRequest\r\n",
		"Accept: text/html\r\nSec-Fetch-Mode: cors\r\n",
		"Sec-Fetch-Mode: navigate\r\nSec-Fetch-Mode: navigate\r\n",
		("Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
		 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-Fetch-Mode: navigate\r\n"),
	};
	struct kit *k = *state;

	for (size_t i = 0; i < COUNT_OF(heads); i++) {
		struct view a = kit_ask(k, get("cases", "/", heads[i]));

		CHECK_ROW(heads[i], is_status(a, "401"));
		CHECK_ROW(heads[i], says(a, "\r\nContent-Type: application/problem+json\r\n"));
		CHECK_ROW(heads[i], says(a, "\r\nWWW-Authenticate: Sluis realm=\"cases\", "
					    "renew=\"https://login.example.nl:8443/enter?app="
					    "cases\"\r\n"));
		CHECK_ROW(heads[i], says(a, ",\"renew\":\"https://login.example.nl:8443/enter?app="
					    "cases\"}"));
		CHECK_ROW(heads[i], !says(a, "Set-Cookie"));
	}
	assert_int_equal(k->server_n, 0);
}

/* THREATS A17: a preflight has no cookies, and gets no further than anything else without. */
static void test_methods_without_a_grant(void **state)
{
	static const char *const methods[] = { "OPTIONS", "POST",  "PUT", "DELETE",
					       "PATCH",	  "TRACE", "BREW" };
	struct kit *k = *state;

	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		snprintf(room, sizeof room,
			 "%s / HTTP/1.1\r\nHost: cases.example.nl\r\nOrigin: https://evil.nl\r\n"
			 "Sec-Fetch-Mode: navigate\r\nContent-Length: 0\r\n"
			 "Access-Control-Request-Method: PUT\r\n\r\n",
			 methods[i]);
		CHECK_ROW(methods[i], is_status(kit_ask(k, room), "401"));
	}
	assert_true(is_status(kit_ask(k, "OPTIONS * HTTP/1.1\r\nHost: cases.example.nl\r\n\r\n"),
			      "401"));
	assert_int_equal(k->server_n, 0);
}

static void test_verdicts(void **state)
{
	static const struct {
		uint8_t verdict;
		const char *navigation, *other;
	} cases[] = {
		{ GATE_NONE, "303", "401" },   { GATE_STEP_UP, "303", "401" },
		{ GATE_DENIED, "303", "403" }, { GATE_MISMATCH, "303", "401" },
		{ GATE_ENDED, "303", "401" },  { GATE_OTHER, "421", "421" },
		{ GATE_ENROL, "303", "401" },  { GATE_VERDICTS, "303", "401" },
		{ 255, "303", "401" },	       { 0, "503", "503" },
	};
	struct kit *k = *state;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct view a = { 0 };

		kit_forget(k);
		kit_token(k, kit_app(k, "cases"), VIEW(GOOD), cases[i].verdict);
		a = kit_ask(k, get("cases", "/", APP NAVIGATES));
		CHECK_ROW(cases[i].navigation, is_status(a, cases[i].navigation));
		if (cases[i].verdict == GATE_DENIED)
			assert_true(says(a, "Location: https://login.example.nl:8443/denied?app="
					    "cases\r\n"));
		if (cases[i].verdict == GATE_OTHER)
			assert_true(says(a, "Connection: close\r\n"));
		CHECK_ROW(cases[i].other,
			  is_status(kit_ask(k, get("cases", "/", APP)), cases[i].other));
		assert_int_equal(k->server_n, 0);
		/* nothing but a good answer is remembered */
		assert_int_equal(k->asked[CELL_GRANT], 2);
	}
}

/* THREATS A5: what is there twice, or is no token, is none. */
static void test_cookies_that_are_none(void **state)
{
	static const char *const heads[] = {
		"Cookie: __Host-sluis-app=" GOOD "; __Host-sluis-app=" GOOD "\r\n",
		"Cookie: __Host-sluis-app=" GOOD "\r\nCookie: __Host-sluis-app=" OTHER "\r\n",
		"Cookie: __Host-sluis-app=" GOOD "A\r\n",
		"Cookie: __Host-sluis-app=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaB\r\n",
		"Cookie: __Host-sluis-app=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa+A\r\n",
		"Cookie: __Host-sluis-app=\"" GOOD "\"\r\n",
		"Cookie: __host-sluis-app=" GOOD "\r\n",
		"Cookie: __Host-sluis-app =" GOOD "\r\n",
		"Cookie: __Host-sluis=" GOOD "\r\n",
		"Cookie2: __Host-sluis-app=" GOOD "\r\n",
		"Authorization: " GOOD "\r\n",
	};
	struct kit *k = *state;

	kit_token(k, kit_app(k, "cases"), VIEW(GOOD), GATE_OK);
	for (size_t i = 0; i < COUNT_OF(heads); i++)
		CHECK_ROW(heads[i], is_status(kit_ask(k, get("cases", "/", heads[i])), "401"));
	assert_int_equal(k->asked[CELL_GRANT], 0);
	assert_int_equal(k->server_n, 0);
}

/* One application's token is nothing at another one's host, nor the portal's. */
static void test_token_of_another_host(void **state)
{
	struct kit *k = *state;

	kit_token(k, kit_app(k, "cases"), VIEW(GOOD), GATE_OK);
	kit_token(k, 0, VIEW(OTHER), GATE_OK);
	assert_true(is_status(kit_ask(k, get("wiki", "/", APP)), "401"));
	assert_true(is_status(
		kit_ask(k, get("cases", "/", "Cookie: __Host-sluis-app=" OTHER "\r\n")), "401"));
	assert_int_equal(k->server_n, 0);
}

/* ---- with one ---- */

static void test_grant_passes(void **state)
{
	struct kit *k = *state;

	kit_token(k, kit_app(k, "cases"), VIEW(GOOD), GATE_OK);
	(void)kit_ask(k, get("cases", "/list?a=b", APP "X-Plain: 1\r\n"));
	assert_int_equal(k->server_n, 1);
	assert_true(kit_got_has(k, VIEW("GET /list?a=b HTTP/1.1\r\nHost: cases.example.nl\r\n")));
	assert_true(kit_got_has(k, VIEW("\r\nX-Identity: anna\r\n")));
	assert_true(kit_got_has(k, VIEW("\r\nX-Sluis-Assertion: head.payload.signature\r\n")));
	assert_true(kit_got_has(k, VIEW("\r\nX-Plain: 1\r\n")));
	assert_false(kit_got_has(k, VIEW("Cookie")));
	kit_serve(k, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
	assert_true(is_status(view_of(k->answer, k->answer_n), "200"));
	/* the next one needs no question */
	kit_send(k, view_str(get("cases", "/two", APP)));
	assert_true(kit_got_has(k, VIEW("GET /two HTTP/1.1")));
	assert_int_equal(k->asked[CELL_GRANT], 1);
}

static void test_application_without_assertions(void **state)
{
	struct kit *k = *state;

	kit_token(k, kit_app(k, "wiki"), VIEW(GOOD), GATE_OK);
	k->assertion = (struct view){ 0 };
	(void)kit_ask(k,
		      get("wiki", "/", APP "X-Sluis-Assertion: forged\r\nRemote_User: root\r\n"));
	assert_true(kit_got_has(k, VIEW("\r\nRemote-User: anna\r\n")));
	assert_false(kit_got_has(k, VIEW("forged")));
	assert_false(kit_got_has(k, VIEW("root")));
	/* one that wants them gets nothing without */
	kit_token(k, kit_app(k, "cases"), VIEW(GOOD), GATE_OK);
	assert_true(is_status(kit_ask(k, get("cases", "/", APP)), "503"));
	assert_int_equal(k->server_n, 1);
}

/* THREATS A5, A6: in every spelling. */
static void test_spellings_of_identity(void **state)
{
	static const char *const names[] = {
		"X-Identity",	     "x-identity",	  "X_Identity",	       "x_IDENTITY",
		"X-Sluis-Assertion", "x_sluis_assertion", "X-Sluis-Anything",  "X_SLUIS-Identity",
		"X-Sluis-Mirror",    "X.Sluis.Identity",  "x!sluis~assertion", "X.Identity",
	};
	struct kit *k = *state;

	kit_token(k, kit_app(k, "cases"), VIEW(GOOD), GATE_OK);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		char more[256];

		snprintf(more, sizeof more, APP "%s: forged\r\n", names[i]);
		(void)kit_ask(k, get("cases", "/", more));
	}
	assert_int_equal(k->server_n, COUNT_OF(names));
	assert_false(kit_got_has(k, VIEW("forged")));
}

/* ... and in trailers, which some servers read as fields. */
static void test_no_trailers(void **state)
{
	struct kit *k = *state;

	kit_token(k, kit_app(k, "cases"), VIEW(GOOD), GATE_OK);
	(void)kit_ask(k, "POST / HTTP/1.1\r\nHost: cases.example.nl\r\n" APP
			 "Transfer-Encoding: chunked\r\n\r\n"
			 "2\r\nhi\r\n0\r\nX-Identity: forged\r\nX-Two: 2\r\n\r\n");
	assert_true(kit_got_has(k, VIEW("hi\r\n0\r\n\r\n")));
	assert_false(kit_got_has(k, VIEW("forged")));
}

static void test_other_cookies_stay(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "a=1; __Host-sluis-app=" GOOD "; b=\"2;  3\"", "a=1; b=\"2;  3\"" },
		{ "__Host-sluis-app=" GOOD ";a=1;b=2", "a=1;b=2" },
		{ "a=1 ;__Host-sluis-app=" GOOD, "a=1" },
		{ "__HOST-SLUIS-X=1; a=__Host-sluis; __Host-sluis-app=" GOOD, "a=__Host-sluis" },
		{ "__Host-sluis; __Host-sluis-app=" GOOD "; c", "c" },
	};
	struct kit *k = *state;

	kit_token(k, kit_app(k, "cases"), VIEW(GOOD), GATE_OK);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char more[256], want[256];

		snprintf(more, sizeof more, "Cookie: %s\r\nCookie: other=1;x\r\n", cases[i].in);
		snprintf(want, sizeof want, "\r\nCookie: %s\r\n", cases[i].out);
		(void)kit_ask(k, get("cases", "/", more));
		CHECK_ROW(cases[i].in, kit_got_has(k, view_str(want)));
	}
	assert_true(kit_got_has(k, VIEW("\r\nCookie: other=1;x\r\n")));
	assert_false(kit_got_has(k, VIEW(GOOD)));
}

/* THREATS A4, A17: nothing below /.sluis is the application's, however it is written. */
static void test_own_paths(void **state)
{
	static const char *const paths[] = {
		"/.sluis",	   "/.sluis/",	      "/.sluis/x",	   "/.SLUIS/enterx",
		"/.Sluis/x",	   "//.sluis/x",      "/a/../.sluis/x",	   "/%2esluis/x",
		"/.%73luis/x",	   "/./.sluis/x",     "/.sluis/../.sluis", "/.sluis;a=b/x",
		"/.sluis/enter/x", "/.sluis//enterx", "/.sluis/enter/",	   "/.sluis/jwks.json/",
	};
	struct kit *k = *state;

	kit_token(k, kit_app(k, "cases"), VIEW(GOOD), GATE_OK);
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		struct view a = kit_ask(k, get("cases", paths[i], APP));

		CHECK_ROW(paths[i], is_status(a, "404") || is_status(a, "400"));
		CHECK_ROW(paths[i], k->server_n == 0);
	}
	/* what leads out of it again is the application's */
	(void)kit_ask(k, get("cases", "/.sluis/../b", APP));
	assert_true(kit_got_has(k, VIEW("GET /b HTTP/1.1")));
}

static void test_keys_of_assertions(void **state)
{
	struct kit *k = *state;
	struct view a = kit_ask(k, get("cases", "/.sluis/jwks.json", ""));

	assert_true(is_status(a, "200") && says(a, "\r\n\r\n{\"keys\":[]}"));
	assert_true(says(a, "Content-Type: application/json\r\n"));
	a = kit_ask(k, "POST /.sluis/jwks.json HTTP/1.1\r\nHost: cases.example.nl\r\n"
		       "Content-Length: 0\r\n\r\n");
	assert_true(is_status(a, "405") && says(a, "\r\nAllow: GET, HEAD\r\n"));
}

/* ---- coming back from the portal ---- */

static struct view enter_cookie(struct view answer)
{
	const uint8_t *from = memmem(answer.p, answer.n, "__Host-sluis-enter=", 19);
	struct view rest = { 0 };

	assert_non_null(from);
	rest = view_slice(answer, (size_t)(from - answer.p), answer.n);
	return view_slice(rest, 0, view_find(rest, ';'));
}

static void test_enter(void **state)
{
	struct kit *k = *state;
	char more[4200] = { 0 };
	struct wbuf w = wbuf_of(more, sizeof more - 1);
	struct view a = kit_ask(k, get("cases", "/deep/a?x=1&y", NAVIGATES));
	const char *nonce = memmem(a.p, a.n, "&nonce=", 7);
	struct token code = { 0 };

	WBUF_LIT(&w, "Cookie: ");
	wbuf_view_put(&w, enter_cookie(a));
	WBUF_LIT(&w, "\r\n" NAVIGATES);
	CHECK_OK(token_hash_read(view_of(nonce + 7, TOKEN_TEXT), &k->nonce));
	CHECK_OK(token_read(VIEW(OTHER), &code));
	k->code = code.hash;
	/* another code, no cookie, another browser's cookie: nothing */
	a = kit_ask(k, get("cases", "/.sluis/enter?code=" GOOD, more));
	assert_true(is_status(a, "303") && !says(a, "__Host-sluis-app"));
	a = kit_ask(k, get("cases", "/.sluis/enter?code=" OTHER, NAVIGATES));
	assert_true(is_status(a, "303") && says(a, "Location: /\r\n") &&
		    !says(a, "__Host-sluis-app"));
	a = kit_ask(k, get("cases", "/.sluis/enter?code=" OTHER,
			   "Cookie: __Host-sluis-enter=" GOOD ".Lw\r\n"));
	assert_true(is_status(a, "303") && !says(a, "__Host-sluis-app"));
	/* the right one */
	a = kit_ask(k, get("cases", "/.sluis/enter?code=" OTHER, more));
	assert_true(is_status(a, "303") && says(a, "Location: /deep/a?x=1&y\r\n"));
	assert_true(says(a, "Set-Cookie: __Host-sluis-app="));
	assert_true(says(a, "Set-Cookie: __Host-sluis-enter=; Path=/; Secure; HttpOnly; "
			    "SameSite=Lax; Max-Age=0\r\n"));
	assert_int_equal(k->server_n, 0);
}

/* A redirect leads to a path of this host and nowhere else (THREATS A14: open redirects). */
static void test_return_paths(void **state)
{
	static const char *const backs[] = {
		"Ly9ldmlsLm5s" /* //evil.nl */,
		"L1xldmlsLm5s" /* /\evil.nl */,
		"aHR0cHM6Ly9ldmlsLm5s" /* https://evil.nl */,
		"L2ENClNldC1Db29raWU6IGE9MQ" /* /a CRLF Set-Cookie: a=1 */,
		"LwAv" /* / NUL / */,
		"L2EvLi4vYg" /* /a/../b */,
		"Ly5zbHVpcy9sb2dvdXQ" /* /.sluis/logout */,
		"L2EjYg" /* /a#b */,
		"",
		"!",
		"Lw==",
	};
	struct kit *k = *state;

	for (size_t i = 0; i < COUNT_OF(backs); i++) {
		char more[256];
		struct view a = { 0 };

		snprintf(more, sizeof more, "Cookie: __Host-sluis-enter=" GOOD ".%s\r\n", backs[i]);
		a = kit_ask(k, get("cases", "/.sluis/enter?code=" OTHER, more));
		CHECK_ROW(backs[i], is_status(a, "303") && says(a, "Location: /\r\n"));
		CHECK_ROW(backs[i], !says(a, "evil") && !says(a, "a=1"));
	}
}

static void test_logout_at_an_application(void **state)
{
	struct kit *k = *state;
	static const char post[] = "POST /.sluis/logout HTTP/1.1\r\nHost: cases.example.nl\r\n" APP
				   "Content-Length: 0\r\n%s\r\n";
	struct view a = { 0 };

	kit_token(k, kit_app(k, "cases"), VIEW(GOOD), GATE_OK);
	snprintf(room, sizeof room, post, "Sec-Fetch-Site: cross-site\r\n");
	assert_true(is_status(kit_ask(k, room), "403"));
	snprintf(room, sizeof room, post, "Origin: https://evil.nl\r\n");
	assert_true(is_status(kit_ask(k, room), "403"));
	snprintf(room, sizeof room, post, "");
	assert_true(is_status(kit_ask(k, room), "403"));
	assert_int_equal(k->asked[CELL_LOGOUT], 0);
	snprintf(room, sizeof room, post, "Origin: https://cases.example.nl:8443\r\n");
	a = kit_ask(k, room);
	assert_true(is_status(a, "303") && says(a, "Max-Age=0\r\n"));
	assert_int_equal(k->asked[CELL_LOGOUT], 1);
}

/* ---- rotation, age ---- */

static void test_rotation(void **state)
{
	struct kit *k = *state;
	struct kit_token *t = kit_token(k, kit_app(k, "cases"), VIEW(GOOD), GATE_OK);
	struct view a = { 0 };

	t->flags = GATE_WANTS_ROTATION;
	(void)kit_ask(k, get("cases", "/", APP));
	assert_int_equal(k->asked[CELL_ROTATE], 1);
	assert_false(kit_got_has(k, VIEW("Set-Cookie")));
	kit_serve(k, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: own=1\r\n\r\nhi");
	a = view_of(k->answer, k->answer_n);
	assert_true(says(a, "Set-Cookie: __Host-sluis-app=") && says(a, "Set-Cookie: own=1\r\n"));
	/* the old one is good for what is under way, and is not rotated twice */
	kit_send(k, view_str(get("cases", "/2", APP)));
	assert_true(kit_got_has(k, VIEW("GET /2 ")));
	assert_int_equal(k->asked[CELL_ROTATE], 1);
}

/* The answer of an upgrade has no place for a cookie. */
static void test_no_rotation_with_an_upgrade(void **state)
{
	struct kit *k = *state;
	struct kit_token *t = kit_token(k, kit_app(k, "cases"), VIEW(GOOD), GATE_OK);

	t->flags = GATE_WANTS_ROTATION;
	(void)kit_ask(k, get("cases", "/",
			     APP "Connection: upgrade\r\nUpgrade: websocket\r\n"
				 "Origin: https://cases.example.nl:8443\r\n"));
	assert_int_equal(k->server_n, 1);
	assert_int_equal(k->asked[CELL_ROTATE], 0);
}

static void test_asked_again_when_it_ages(void **state)
{
	struct kit *k = *state;

	kit_token(k, kit_app(k, "cases"), VIEW(GOOD), GATE_OK);
	k->fresh_s = 0;
	for (unsigned i = 1; i < 4; i++) {
		(void)kit_ask(k, get("cases", "/", APP));
		assert_int_equal(k->asked[CELL_GRANT], i);
		assert_int_equal(k->server_n, i);
	}
}

/* Cross-site WebSocket hijacking: no page of another origin opens one with the person's cookie. */
static void test_web_sockets(void **state)
{
	static const char *const origins[] = { "https://evil.nl", "null",
					       "http://cases.example.nl:8443",
					       "https://wiki.example.nl:8443",
					       "https://cases.example.nl" };
	struct kit *k = *state;
	char more[512];

	kit_token(k, kit_app(k, "cases"), VIEW(GOOD), GATE_OK);
	for (size_t i = 0; i < COUNT_OF(origins); i++) {
		snprintf(more, sizeof more,
			 APP "Connection: upgrade\r\nUpgrade: websocket\r\nOrigin: %s\r\n",
			 origins[i]);
		CHECK_ROW(origins[i], is_status(kit_ask(k, get("cases", "/", more)), "403"));
	}
	assert_int_equal(k->server_n, 0);
	(void)kit_ask(k, get("cases", "/", APP "Connection: upgrade\r\nUpgrade: websocket\r\n"));
	assert_true(kit_got_has(k, VIEW("Upgrade: websocket")));
}

/* ---- the end of a session (P7) ---- */

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double until_cut(struct kit *k)
{
	double began = seconds();
	uint8_t byte = 0;

	while (seconds() - began < 2) {
		ssize_t got = recv(k->client, &byte, 1, MSG_DONTWAIT);

		if (got == 0 || (got < 0 && errno == ECONNRESET))
			break;
		(void)usleep(2000);
		kit_turn(k);
	}
	return seconds() - began;
}

static void test_revocation_cuts_an_answer(void **state)
{
	struct kit *k = *state;

	kit_token(k, kit_app(k, "cases"), VIEW(GOOD), GATE_OK);
	(void)kit_ask(k, get("cases", "/", APP));
	kit_serve(k, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
	assert_true(says(view_of(k->answer, k->answer_n), "half"));
	k->page->session[1]++;
	assert_true(until_cut(k) < 0.35);
	/* and a request that comes now asks anew */
	(void)kit_ask(k, get("cases", "/again", APP));
	assert_int_equal(k->asked[CELL_GRANT], 2);
}

static void test_revocation_cuts_a_tunnel(void **state)
{
	struct kit *k = *state;

	kit_token(k, kit_app(k, "cases"), VIEW(GOOD), GATE_OK);
	(void)kit_ask(k, get("cases", "/", APP "Connection: upgrade\r\nUpgrade: websocket\r\n"));
	kit_serve(k, "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
	kit_serve(k, "abc");
	assert_true(says(view_of(k->answer, k->answer_n), "\r\n\r\nabc"));
	k->page->session[1] = 0;
	assert_true(until_cut(k) < 0.35);
	assert_int_equal(k->edge->client_n, 0);
}

static void test_lifetime_cuts(void **state)
{
	struct kit *k = *state;

	kit_token(k, kit_app(k, "cases"), VIEW(GOOD), GATE_OK);
	k->until_s = (uint64_t)time(NULL) + 2;
	(void)kit_ask(k, get("cases", "/", APP));
	kit_serve(k, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
	while ((uint64_t)time(NULL) < k->until_s)
		kit_turn(k);
	assert_true(until_cut(k) < 0.35);
}

/* A session that ends while its request waits for a server lets nothing through. */
static void test_ended_in_between(void **state)
{
	struct kit *k = *state;

	kit_token(k, kit_app(k, "cases"), VIEW(GOOD), GATE_OK);
	(void)kit_ask(k, get("cases", "/", APP));
	kit_serve(k, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
	k->page->session[1]++;
	k->tokens[0].verdict = GATE_ENDED;
	assert_true(is_status(kit_ask(k, get("cases", "/two", APP)), "401"));
	assert_false(kit_got_has(k, VIEW("/two")));
}

/* ---- the authority's fault ---- */

static void test_answers_that_make_no_sense(void **state)
{
	struct kit *k = *state;
	static const struct view users[] = { VIEW_INIT(""), VIEW_INIT("anna\r\nX-Admin: 1"),
					     VIEW_INIT("an na"), VIEW_INIT("ann\xc3\xa4") };

	kit_token(k, kit_app(k, "cases"), VIEW(GOOD), GATE_OK);
	for (size_t i = 0; i < COUNT_OF(users); i++) {
		k->user = users[i];
		assert_true(is_status(kit_ask(k, get("cases", "/", APP)), "401"));
	}
	k->user = VIEW("anna");
	k->assertion = VIEW("a\r\nX-Admin: 1");
	assert_true(is_status(kit_ask(k, get("cases", "/", APP)), "401"));
	k->assertion = VIEW("a.b.c");
	k->slot = PAGE_SESSIONS;
	assert_true(is_status(kit_ask(k, get("cases", "/", APP)), "401"));
	k->slot = 0;
	assert_true(is_status(kit_ask(k, get("cases", "/", APP)), "401"));
	k->slot = 2; /* another generation than the page has */
	assert_true(is_status(kit_ask(k, get("cases", "/", APP)), "401"));
	k->slot = 1;
	k->until_s = 1;
	assert_true(is_status(kit_ask(k, get("cases", "/", APP)), "401"));
	assert_int_equal(k->server_n, 0);
}

/* An answer of another kind ends the channel; nothing is believed, and nothing goes through. */
static void test_hostile_answers(void **state)
{
	struct kit *k = *state;

	kit_token(k, kit_app(k, "cases"), VIEW(GOOD), GATE_OK);
	k->is_hostile = true;
	kit_connect(k);
	kit_send(k, view_str(get("cases", "/", APP)));
	kit_turn(k);
	assert_true(k->edge->authority.fd < 0);
	assert_int_equal(k->server_n, 0);
	/* what is safe is asked again of the next one */
	k->is_hostile = false;
	kit_new_authority(k);
	kit_turn(k);
	assert_int_equal(k->server_n, 1);
	assert_int_equal(k->asked[CELL_GRANT], 2);
	/* an answer to nothing */
	(void)frame_send(k->authority, AUTHORITY_DONE, 9999, (struct view){ 0 }, NULL, 0);
	kit_turn(k);
	assert_true(k->edge->authority.fd < 0);
	kit_new_authority(k);
	(void)frame_send(k->authority, AUTHORITY_DONE, 0, (struct view){ 0 }, NULL, 0);
	kit_turn(k);
	assert_true(k->edge->authority.fd < 0);
	kit_new_authority(k);
}

static void test_authority_starts_again(void **state)
{
	struct kit *k = *state;

	kit_token(k, kit_app(k, "cases"), VIEW(GOOD), GATE_OK);
	k->is_silent = true;
	kit_connect(k);
	kit_send(k, view_str(get("cases", "/", APP)));
	assert_int_equal(k->asked[CELL_GRANT], 1);
	kit_lose_authority(k);
	kit_turn(k);
	assert_int_equal(k->answer_n, 0);
	k->is_silent = false;
	kit_new_authority(k);
	kit_turn(k);
	assert_true(kit_got_has(k, VIEW("GET / HTTP/1.1")));
	/* who comes while there is none waits, too */
	kit_lose_authority(k);
	kit_turn(k);
	kit_connect(k);
	kit_send(k, view_str(get("cases", "/later", "Cookie: __Host-sluis-app=" OTHER "\r\n")));
	assert_int_equal(k->answer_n, 0);
	kit_new_authority(k);
	kit_turn(k);
	assert_true(is_status(view_of(k->answer, k->answer_n), "401"));
}

/* The client leaves while the question is under way; the answer comes to nobody. */
static void test_late_answer(void **state)
{
	struct kit *k = *state;

	kit_token(k, kit_app(k, "cases"), VIEW(GOOD), GATE_OK);
	k->is_silent = true;
	kit_connect(k);
	kit_send(k, view_str(get("cases", "/.sluis/jwks.json", "")));
	assert_int_equal(k->open_n, 1);
	kit_connect(k);
	kit_turn(k);
	(void)frame_send(k->authority, AUTHORITY_KEYS, k->seqs[0], VIEW("\0\2{}"), NULL, 0);
	kit_turn(k);
	assert_true(k->edge->authority.fd >= 0);
	assert_int_equal(k->edge->porter->ask.under_way, 0);
	/* a second answer to the same is one to nothing */
	(void)frame_send(k->authority, AUTHORITY_KEYS, k->seqs[0], VIEW("\0\2{}"), NULL, 0);
	kit_turn(k);
	assert_true(k->edge->authority.fd < 0);
	kit_new_authority(k);
}

/* Never more than CELL_QUESTIONS under way (the kit would end): the next one gets 503. */
static void test_many_questions(void **state)
{
	struct kit *k = *state;
	int clients[CELL_QUESTIONS + 1];

	k->is_silent = true;
	for (unsigned i = 0; i <= CELL_QUESTIONS; i++) {
		kit_connect(k);
		kit_send(k, view_str(get("cases", "/.sluis/jwks.json", "")));
		clients[i] = k->client;
		k->client = -1;
	}
	assert_int_equal(k->open_n, CELL_QUESTIONS);
	k->client = clients[CELL_QUESTIONS];
	kit_turn(k);
	assert_true(is_status(view_of(k->answer, k->answer_n), "503"));
	for (unsigned i = 0; i < CELL_QUESTIONS; i++)
		(void)close(clients[i]);
	kit_new_authority(k);
}

static void test_silent_authority(void **state)
{
	struct kit *k = *state;
	double began = seconds();

	kit_token(k, kit_app(k, "cases"), VIEW(GOOD), GATE_OK);
	k->is_silent = true;
	kit_connect(k);
	kit_send(k, view_str(get("cases", "/", APP)));
	while (!k->answer_n && seconds() - began < 7) {
		(void)usleep(20000);
		kit_turn(k);
	}
	assert_true(is_status(view_of(k->answer, k->answer_n), "503"));
	assert_true(seconds() - began > 4.5);
	assert_int_equal(k->server_n, 0);
	kit_new_authority(k);
}

/* ---- bodies that wait ---- */

static void test_body_waits_for_the_grant(void **state)
{
	struct kit *k = *state;

	kit_token(k, kit_app(k, "cases"), VIEW(GOOD), GATE_OK);
	k->is_silent = true;
	kit_connect(k);
	kit_send(k, VIEW("POST / HTTP/1.1\r\nHost: cases.example.nl\r\n" APP
			 "Expect: 100-continue\r\nContent-Length: 10\r\n\r\nhello"));
	kit_send(k, VIEW("world"));
	assert_int_equal(k->server_n, 0);
	assert_int_equal(k->answer_n, 0); /* 100 is the server's to say */
	kit_lose_authority(k);
	k->is_silent = false;
	kit_new_authority(k);
	kit_turn(k);
	assert_true(kit_got_has(k, VIEW("\r\nExpect: 100-continue\r\n")));
	assert_true(kit_got_has(k, VIEW("\r\n\r\nhelloworld")));
}

/* Without a grant a body is not read: the connection ends after the answer. */
static void test_body_without_a_grant(void **state)
{
	struct kit *k = *state;
	struct view a = kit_ask(k, "POST / HTTP/1.1\r\nHost: cases.example.nl\r\n"
				   "Content-Length: 100000\r\n\r\nhello");

	assert_true(is_status(a, "401") && says(a, "Connection: close\r\n"));
	assert_int_equal(k->server_n, 0);
}

/* Many at once ask one question, and all go on with its answer. */
static void test_one_question_for_many(void **state)
{
	struct kit *k = *state;
	int clients[5];

	kit_token(k, kit_app(k, "cases"), VIEW(GOOD), GATE_OK);
	k->is_silent = true;
	for (unsigned i = 0; i < 5; i++) {
		kit_connect(k);
		kit_send(k, view_str(get("cases", "/", APP)));
		clients[i] = k->client;
		k->client = -1;
	}
	assert_int_equal(k->asked[CELL_GRANT], 1);
	k->is_silent = false;
	kit_new_authority(k);
	kit_turn(k);
	assert_int_equal(k->server_n, 5);
	for (unsigned i = 0; i < 5; i++)
		(void)close(clients[i]);
}

/* Use of a session over a tunnel is told, but not that somebody listens. */
static void test_use_is_told(void **state)
{
	struct kit *k = *state;

	kit_token(k, kit_app(k, "cases"), VIEW(GOOD), GATE_OK);
	(void)kit_ask(k, get("cases", "/", APP "Connection: upgrade\r\nUpgrade: websocket\r\n"));
	kit_serve(k, "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
	for (unsigned i = 0; i < 2; i++) {
		k->asked[CELL_USED] = 0;
		if (i)
			kit_send(k, VIEW("typed"));
		else
			kit_serve(k, "told");
		k->edge->porter->used_ms = k->edge->porter->ticked_ms = 0;
		(void)usleep(70000);
		kit_turn(k);
		assert_int_equal(k->asked[CELL_USED], i);
	}
}

/* ---- records ---- */

/* The target of the access record that waits at an audit's end of a channel; "" when there is none.
 */
static struct view record_object(int fd)
{
	static uint8_t record[RING_RECORD_MAX];
	ssize_t n = recv(fd, record, sizeof record, MSG_DONTWAIT);
	struct view rest = view_of(record, n > 0 ? (size_t)n : 0);
	struct record_field field = { 0 };

	while (rest.n && record_next(&rest, &field) == E_OK)
		if (field.tag == RECORD_TAG_OBJECT)
			return field.text;
	return (struct view){ 0 };
}

/* P9, P11: what is served while there is no audit is told to the next one, once and in its order.
 */
static void test_records_wait_for_audit(void **state)
{
	struct kit *k = *state;
	char path[64] = { 0 };
	int ends[2] = { -1, -1 };

	k->edge->audit_kept_n = 0; /* of the tests before */
	k->edge->audit_lost = 0;
	for (unsigned i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "/kept%u", i);
		assert_true(is_status(kit_ask(k, get("cases", path, "")), "401"));
	}
	assert_int_equal(k->edge->audit_lost, 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	CHECK_OK(lifeline_take(k->edge, ROLE_AUDIT, ends[0]));
	assert_true(is_status(kit_ask(k, get("cases", "/kept3", "")), "401"));
	for (unsigned i = 0; i < 4; i++) {
		snprintf(path, sizeof path, "http://cases.example.nl/kept%u", i);
		CHECK_ROW(path, view_eq(record_object(ends[1]), view_str(path)));
	}
	assert_int_equal(record_object(ends[1]).n, 0);
	loop_close(&k->edge->audit);
	close(ends[1]);
}

/* ... and what there was no room for is counted, and told first of all that follows. */
static void test_records_without_room(void **state)
{
	struct kit *k = *state;
	unsigned asked = 0, got = 0;
	int ends[2] = { -1, -1 };
	struct view object = { 0 };

	k->edge->audit_kept_n = 0; /* of the tests before */
	k->edge->audit_lost = 0;
	while (!k->edge->audit_lost && asked < AUDIT_KEPT / 64) {
		(void)kit_ask(k, get("cases", "/full", ""));
		asked++;
	}
	assert_int_equal(k->edge->audit_lost, 1);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	CHECK_OK(lifeline_take(k->edge, ROLE_AUDIT, ends[0]));
	for (unsigned tries = 0; got < asked - 1 && tries < AUDIT_KEPT; tries++) {
		object = record_object(ends[1]);
		got += object.n != 0;
		if (!object.n)
			(void)access_flush(k->edge);
	}
	assert_int_equal(got, asked - 1);
	(void)kit_ask(k, get("cases", "/after", ""));
	assert_true(view_eq(record_object(ends[1]), VIEW("cell")));
	assert_true(view_eq(record_object(ends[1]), VIEW("http://cases.example.nl/after")));
	assert_int_equal(k->edge->audit_lost, 0);
	loop_close(&k->edge->audit);
	close(ends[1]);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_navigation_goes_to_the_portal),
		TEST(test_others_get_401),
		TEST(test_methods_without_a_grant),
		TEST(test_verdicts),
		TEST(test_cookies_that_are_none),
		TEST(test_token_of_another_host),
		TEST(test_grant_passes),
		TEST(test_application_without_assertions),
		TEST(test_spellings_of_identity),
		TEST(test_no_trailers),
		TEST(test_other_cookies_stay),
		TEST(test_own_paths),
		TEST(test_keys_of_assertions),
		TEST(test_enter),
		TEST(test_return_paths),
		TEST(test_logout_at_an_application),
		TEST(test_rotation),
		TEST(test_no_rotation_with_an_upgrade),
		TEST(test_asked_again_when_it_ages),
		TEST(test_web_sockets),
		TEST(test_revocation_cuts_an_answer),
		TEST(test_revocation_cuts_a_tunnel),
		TEST(test_lifetime_cuts),
		TEST(test_ended_in_between),
		TEST(test_answers_that_make_no_sense),
		TEST(test_hostile_answers),
		TEST(test_authority_starts_again),
		TEST(test_late_answer),
		TEST(test_many_questions),
		TEST(test_silent_authority),
		TEST(test_body_waits_for_the_grant),
		TEST(test_body_without_a_grant),
		TEST(test_one_question_for_many),
		TEST(test_use_is_told),
		TEST(test_records_wait_for_audit),
		TEST(test_records_without_room),
	};

	return cmocka_run_group_tests(tests, open_kit, close_kit);
}
