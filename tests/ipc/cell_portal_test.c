/*
 * The portal of a cell: log-in, forms, pages, the way to applications (THREATS A10, A14, A15, A17).
 * The authority is the test's.
 */
#include "tests/ipc/cell_kit.h"
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SESSION "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaA"
#define LOGIN	"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbA"
#define HOST	"Host: login.example.nl\r\n"
#define LOGGED	"Cookie: __Host-sluis=" SESSION "\r\n"
#define BEGUN	"Cookie: __Host-sluis-login=" LOGIN "\r\n"
#define SAME	"Sec-Fetch-Site: same-origin\r\n"

static char room[32 * 1024];

static const char *get(const char *path, const char *more)
{
	snprintf(room, sizeof room, "GET %s HTTP/1.1\r\n" HOST "%s\r\n", path, more);
	return room;
}

static const char *post(const char *path, const char *more, const char *body)
{
	struct wbuf w = wbuf_of(room, sizeof room - 1);

	WBUF_LIT(&w, "POST ");
	wbuf_str(&w, path);
	WBUF_LIT(&w, " HTTP/1.1\r\n" HOST "Content-Type: application/x-www-form-urlencoded\r\n");
	wbuf_str(&w, more);
	WBUF_LIT(&w, "Content-Length: ");
	wbuf_dec(&w, strlen(body));
	WBUF_LIT(&w, "\r\n\r\n");
	wbuf_str(&w, body);
	CHECK_OK(wbuf_check(&w));
	room[w.n] = 0;
	return room;
}

/* What field t has to be, for a token. */
static const char *t_of(const char *token)
{
	static char text[2 + TOKEN_TEXT + 1];
	struct wbuf w = wbuf_of(text, sizeof text - 1);
	struct token t = { 0 };

	CHECK_OK(token_read(view_str(token), &t));
	WBUF_LIT(&w, "t=");
	token_put(&w, &t.form);
	text[w.n] = 0;
	return text;
}

static const char *form(const char *token, const char *rest)
{
	static char body[18000];
	struct wbuf w = wbuf_of(body, sizeof body - 1);

	wbuf_str(&w, t_of(token));
	wbuf_str(&w, rest);
	CHECK_OK(wbuf_check(&w));
	body[w.n] = 0;
	return body;
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

static bool leads_to(struct view answer, const char *place)
{
	char line[512];

	snprintf(line, sizeof line, "\r\nLocation: %s\r\n", place);
	return is_status(answer, "303") && says(answer, line);
}

/* Every page of the portal, whatever went wrong (DEFAULTS 5b). */
static bool is_page(struct view answer, const char *status)
{
	return is_status(answer, status) && says(answer, "<!DOCTYPE html>") &&
	       says(answer, "default-src 'none'") && says(answer, "frame-ancestors 'none'") &&
	       says(answer, "X-Content-Type-Options: nosniff\r\n") &&
	       says(answer, "Cache-Control: no-store") && says(answer, "X-Request-Id: ");
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

/* ---- paths and methods ---- */

static void test_who_is_not_logged_in(void **state)
{
	static const char *const paths[] = { "/", "/factors", "/factors/password", "/sessions",
					     "/denied?app=cases" };
	struct kit *k = *state;

	for (size_t i = 0; i < COUNT_OF(paths); i++)
		CHECK_ROW(paths[i], is_status(kit_ask(k, get(paths[i], "")), "303"));
	assert_true(leads_to(kit_ask(k, get("/factors", "")), "/login"));
	assert_int_equal(k->asked[CELL_SESSION], 0);
}

static void test_paths_that_are_none(void **state)
{
	static const char *const paths[] = { "/x",
					     "/login/",
					     "/LOGIN",
					     "/assets/x.css",
					     "/invite/",
					     "/invite/x",
					     "/.sluis/enter",
					     "/.well-known/security.txt",
					     "/enter",
					     "/enter?app=nothing",
					     "/login/../x" };
	struct kit *k = *state;

	for (size_t i = 0; i < COUNT_OF(paths); i++)
		CHECK_ROW(paths[i], is_page(kit_ask(k, get(paths[i], "")), "404"));
}

static void test_methods(void **state)
{
	struct kit *k = *state;
	struct view a = kit_ask(k, "PUT /login HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n");

	assert_true(is_status(a, "405") && says(a, "\r\nAllow: GET, HEAD, POST\r\n"));
	a = kit_ask(k, "OPTIONS / HTTP/1.1\r\n" HOST "\r\n");
	assert_true(is_status(a, "405") && says(a, "\r\nAllow: GET, HEAD\r\n"));
	a = kit_ask(k, get("/logout", LOGGED));
	assert_true(is_status(a, "405") && says(a, "\r\nAllow: POST\r\n"));
	a = kit_ask(k, post("/factors", SAME LOGGED, form(SESSION, "")));
	assert_true(is_status(a, "405") && says(a, "\r\nAllow: GET, HEAD\r\n"));
	a = kit_ask(k, "HEAD /login HTTP/1.1\r\n" HOST "\r\n");
	assert_true(is_status(a, "200") && says(a, "Content-Length: ") &&
		    view_ends(a, VIEW("\r\n\r\n")));
	assert_int_equal(k->server_n, 0);
}

/* ---- log-in ---- */

static void test_log_in_page(void **state)
{
	struct kit *k = *state;
	struct view a = kit_ask(k, get("/login", "Accept-Language: nl\r\n"));

	assert_true(is_page(a, "200") && says(a, "lang=\"nl\""));
	assert_true(says(a, "Set-Cookie: __Host-sluis-login="));
	assert_true(says(a, "; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600\r\n"));
	assert_true(says(a, "name=\"password\""));
	/* the one that it has goes on */
	a = kit_ask(k, get("/login", BEGUN));
	assert_true(is_page(a, "200") && !says(a, "Set-Cookie") && says(a, t_of(LOGIN) + 2));
	assert_false(says(a, LOGIN));
}

static void test_log_in(void **state)
{
	struct kit *k = *state;
	struct view a = kit_ask(
		k, post("/login", SAME BEGUN, form(LOGIN, "&user=anna&password=secret+word")));

	assert_true(is_page(a, "200") && says(a, "one-time-code"));
	assert_false(says(a, "secret"));
	a = kit_ask(k, post("/login/code", SAME BEGUN, form(LOGIN, "&code=000000")));
	assert_true(is_page(a, "403") && says(a, "Set-Cookie: __Host-sluis-login="));
	assert_false(says(a, "Set-Cookie: __Host-sluis="));
	a = kit_ask(k, post("/login/code", SAME BEGUN, form(LOGIN, "&code=123456")));
	assert_true(leads_to(a, "/"));
	assert_true(says(a, "Set-Cookie: __Host-sluis="));
	assert_true(says(a, "Set-Cookie: __Host-sluis-login=; Path=/; Secure; HttpOnly; "
			    "SameSite=Lax; Max-Age=0\r\n"));
	/* no token that was there before becomes the session's */
	assert_false(says(a, SESSION) || says(a, LOGIN));
}

static void test_log_in_for_an_application(void **state)
{
	struct kit *k = *state;
	struct view a = kit_ask(k, post("/login/code", SAME BEGUN,
					form(LOGIN, "&code=123456&app=cases&nonce=" LOGIN)));

	/* no redirect: form-action holds for where it leads */
	assert_true(is_page(a, "200"));
	assert_true(says(a, "/enter?app=cases&amp;nonce=" LOGIN));
	a = kit_ask(k, post("/login/code", SAME BEGUN,
			    form(LOGIN, "&code=123456&app=https%3A%2F%2Fevil.nl&nonce=x")));
	assert_true(leads_to(a, "/"));
}

static void test_too_many_tries(void **state)
{
	struct kit *k = *state;
	struct view a = { 0 };

	k->login_state = LOGIN_FIRST;
	k->reason = GATE_WHY_WAIT;
	k->wait_s = 17;
	a = kit_ask(k, post("/login", SAME BEGUN, form(LOGIN, "&user=anna&password=x")));
	assert_true(is_page(a, "429") && says(a, "\r\nRetry-After: 17\r\n"));
}

static void test_log_in_states(void **state)
{
	static const struct {
		uint8_t login_state;
		const char *status;
	} cases[] = { { LOGIN_FIRST, "200" }, { LOGIN_CODE, "200" },
		      { LOGIN_DONE, "303" },  { LOGIN_FAILED, "403" },
		      { LOGIN_GONE, "403" },  { 0, "503" },
		      { 99, "503" } };
	struct kit *k = *state;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		k->login_state = cases[i].login_state;
		CHECK_ROW(cases[i].status,
			  is_status(kit_ask(k, post("/login", SAME BEGUN,
						    form(LOGIN, "&user=a&password=b"))),
				    cases[i].status));
	}
}

/* Longer than anything that can be right: no question, the same answer as for what is wrong. */
static void test_long_secrets(void **state)
{
	static char body[4000];
	struct kit *k = *state;
	size_t n = (size_t)snprintf(body, sizeof body, "&user=a&password=");

	while (n < 2000)
		body[n++] = 'x';
	assert_true(is_page(kit_ask(k, post("/login", SAME BEGUN, form(LOGIN, body))), "403"));
	assert_int_equal(k->asked[CELL_PASSWORD], 0);
}

static void test_passkey(void **state)
{
	struct kit *k = *state;
	struct view a = { 0 };

	k->offers = GATE_PASSKEY | GATE_PASSWORD;
	a = kit_ask(k, get("/login", BEGUN));
	assert_true(is_page(a, "200") && says(a, "passkey"));
	assert_int_equal(k->asked[CELL_PASSKEY_ASK], 1);
	k->login_state = LOGIN_DONE;
	a = kit_ask(k, post("/login/passkey", SAME BEGUN,
			    form(LOGIN, "&credential=YQ&client_data=YQ&auth_data=YQ&signature=YQ"
					"&user_handle=YQ")));
	assert_true(leads_to(a, "/"));
	a = kit_ask(k, post("/login/passkey", SAME BEGUN,
			    form(LOGIN, "&credential=!&client_data=YQ&auth_data=YQ&signature=YQ"
					"&user_handle=YQ")));
	assert_true(is_page(a, "403"));
	assert_int_equal(k->asked[CELL_PASSKEY_PROVE], 1);
}

/* ---- forms (CSRF) ---- */

static void test_forms_of_other_sites(void **state)
{
	static const char *const heads[] = {
		"",
		"Sec-Fetch-Site: cross-site\r\n",
		"Sec-Fetch-Site: same-site\r\n",
		"Origin: https://evil.nl\r\n",
		"Origin: null\r\n",
		"Origin: https://cases.example.nl:8443\r\n",
		SAME "Origin: https://evil.nl\r\n",
		"Sec-Fetch-Site: cross-site\r\nOrigin: https://login.example.nl:8443\r\n",
		SAME SAME,
	};
	struct kit *k = *state;
	char more[512];

	kit_token(k, 0, VIEW(SESSION), GATE_OK);
	for (size_t i = 0; i < COUNT_OF(heads); i++) {
		snprintf(more, sizeof more, "%s" LOGGED, heads[i]);
		CHECK_ROW(heads[i],
			  is_page(kit_ask(k, post("/logout", more, form(SESSION, ""))), "403"));
	}
	assert_int_equal(k->asked[CELL_LOGOUT], 0);
	assert_true(is_page(
		kit_ask(k, post("/logout", "Origin: https://login.example.nl:8443\r\n" LOGGED,
				form(SESSION, "&everywhere=1"))),
		"200"));
	assert_int_equal(k->asked[CELL_LOGOUT], 1);
}

static void test_forms_of_other_sessions(void **state)
{
	struct kit *k = *state;
	static const char *const bodies[] = { "", "t=", "t=x", "a=b", ("t=" SESSION) };

	kit_token(k, 0, VIEW(SESSION), GATE_OK);
	for (size_t i = 0; i < COUNT_OF(bodies); i++)
		CHECK_ROW(bodies[i],
			  is_page(kit_ask(k, post("/logout", SAME LOGGED, bodies[i])), "403"));
	assert_true(is_page(kit_ask(k, post("/logout", SAME LOGGED, form(LOGIN, ""))), "403"));
	assert_true(is_page(kit_ask(k, post("/logout", SAME, form(SESSION, ""))), "403"));
	assert_int_equal(k->asked[CELL_LOGOUT], 0);
}

static void test_bodies_that_are_no_forms(void **state)
{
	struct kit *k = *state;
	static char large[17000];
	struct view a = { 0 };

	assert_true(is_page(kit_ask(k, post("/login", SAME BEGUN, form(LOGIN, "&user"))), "400"));
	assert_true(
		is_page(kit_ask(k, post("/login", SAME BEGUN, form(LOGIN, "&user=%ff"))), "400"));
	assert_true(is_page(kit_ask(k, post("/login", SAME BEGUN, form(LOGIN, "&t=1"))), "400"));
	snprintf(room, sizeof room,
		 "POST /login HTTP/1.1\r\n" HOST SAME BEGUN
		 "Content-Type: text/plain\r\nContent-Length: 1\r\n\r\nx");
	assert_true(is_page(kit_ask(k, room), "415"));
	for (size_t i = 0; i < sizeof large - 1; i++)
		large[i] = 'a';
	large[0] = '&';
	large[2] = '=';
	a = kit_ask(k, post("/login", SAME BEGUN, large));
	assert_true(is_page(a, "413"));
	assert_int_equal(k->asked[CELL_PASSWORD], 0);
}

/* In pieces, in chunks, and announced. */
static void test_bodies_in_pieces(void **state)
{
	struct kit *k = *state;
	const char *body = form(LOGIN, "&user=a&password=b");
	char text[512];

	kit_connect(k);
	kit_send(k, VIEW("POST /login HTTP/1.1\r\n" HOST SAME BEGUN "Expect: 100-continue\r\n"
			 "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
			 "Transfer-Encoding: chunked\r\n\r\n"));
	assert_true(view_starts(view_of(k->answer, k->answer_n),
				VIEW("HTTP/1.1 100 Continue\r\n\r\n")));
	for (size_t i = 0; body[i]; i++) {
		snprintf(text, sizeof text, "1\r\n%c\r\n", body[i]);
		kit_send(k, view_str(text));
	}
	assert_int_equal(k->asked[CELL_PASSWORD], 0);
	kit_send(k, VIEW("0\r\n\r\n"));
	assert_int_equal(k->asked[CELL_PASSWORD], 1);
	assert_true(says(view_of(k->answer, k->answer_n), "HTTP/1.1 200 OK\r\n"));
}

static void test_many_forms(void **state)
{
	struct kit *k = *state;
	int clients[PORTER_FORMS];

	for (unsigned i = 0; i < PORTER_FORMS; i++) {
		kit_connect(k);
		kit_send(k, VIEW("POST /login HTTP/1.1\r\n" HOST SAME BEGUN
				 "Content-Type: application/x-www-form-urlencoded\r\n"
				 "Content-Length: 10\r\n\r\na"));
		clients[i] = k->client;
		k->client = -1;
	}
	assert_true(is_page(kit_ask(k, post("/login", SAME BEGUN, form(LOGIN, ""))), "503"));
	for (unsigned i = 0; i < PORTER_FORMS; i++)
		(void)close(clients[i]);
	kit_turn(k);
	kit_turn(k);
	assert_true(is_page(kit_ask(k, post("/login", SAME BEGUN, form(LOGIN, ""))), "200"));
}

/* ---- sessions ---- */

static void test_pages(void **state)
{
	static const char *const paths[] = { "/", "/factors", "/factors/password", "/sessions" };
	struct kit *k = *state;

	kit_token(k, 0, VIEW(SESSION), GATE_OK);
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		struct view a = kit_ask(k, get(paths[i], LOGGED "Accept-Language: en\r\n"));

		CHECK_ROW(paths[i], is_page(a, "200") && says(a, "Anna &lt;b&gt;"));
		CHECK_ROW(paths[i], !says(a, "<script>") && !says(a, "<i>") && !says(a, SESSION));
		CHECK_ROW(paths[i], says(a, t_of(SESSION) + 2));
	}
	assert_true(says(kit_ask(k, get("/", LOGGED "Accept-Language: nl\r\n")), ">Zaken<"));
	assert_true(leads_to(kit_ask(k, get("/login", LOGGED)), "/"));
	assert_true(leads_to(kit_ask(k, get("/login?app=cases&nonce=" LOGIN, LOGGED)),
			     "/enter?app=cases&nonce=" LOGIN));
}

static void test_session_verdicts(void **state)
{
	static const struct {
		uint8_t verdict;
		const char *status, *place;
	} cases[] = {
		{ GATE_NONE, "303", "/login" },
		{ GATE_ENDED, "303", "/login" },
		{ GATE_MISMATCH, "303", "/login?step=1" },
		{ GATE_STEP_UP, "303", "/login?step=1" },
		{ GATE_ENROL, "303", "/factors" },
		{ GATE_OTHER, "421", NULL },
		{ GATE_DENIED, "403", NULL },
		{ 99, "303", "/login" },
	};
	struct kit *k = *state;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct view a = { 0 };

		kit_forget(k);
		kit_token(k, 0, VIEW(SESSION), cases[i].verdict);
		a = kit_ask(k, get("/", LOGGED));
		CHECK_ROW(cases[i].status, is_status(a, cases[i].status));
		CHECK_ROW(cases[i].status, !cases[i].place || leads_to(a, cases[i].place));
		assert_int_equal(k->asked[CELL_APPS], 0);
	}
}

static void test_enrolling_opens_factors_alone(void **state)
{
	struct kit *k = *state;

	kit_token(k, 0, VIEW(SESSION), GATE_OK)->flags = GATE_IS_ENROLLING;
	assert_true(leads_to(kit_ask(k, get("/", LOGGED)), "/factors"));
	assert_true(leads_to(kit_ask(k, get("/sessions", LOGGED)), "/factors"));
	assert_true(is_page(kit_ask(k, get("/factors", LOGGED)), "200"));
}

static void test_rotation(void **state)
{
	struct kit *k = *state;
	struct view a = { 0 };

	kit_token(k, 0, VIEW(SESSION), GATE_OK)->flags = GATE_WANTS_ROTATION;
	a = kit_ask(k, get("/factors", LOGGED));
	assert_true(is_page(a, "200") && says(a, "Set-Cookie: __Host-sluis="));
	/* forms of this page go with the new one */
	assert_false(says(a, t_of(SESSION) + 2));
	assert_int_equal(k->asked[CELL_ROTATE], 1);
}

static void test_what_forms_do(void **state)
{
	static const struct {
		const char *path, *fields, *place;
		uint8_t question;
	} cases[] = {
		{ "/sessions/end", "&number=5", "/sessions?done=ended", CELL_SESSION_END },
		{ "/factors/remove", "&number=3", "/factors?done=removed", CELL_FACTOR_REMOVE },
		{ "/factors/totp/confirm", "&name=phone&code=123456", "/factors?done=added",
		  CELL_TOTP_END },
		{ "/factors/passkey/confirm", "&name=key&client_data=YQ&attestation=YQ",
		  "/factors?done=added", CELL_PASSKEY_END },
		{ "/factors/password", "&old=a&fresh=longer+password&again=longer+password",
		  "/factors?done=password", CELL_PASSWORD_SET },
	};
	struct kit *k = *state;

	kit_token(k, 0, VIEW(SESSION), GATE_OK);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct view a = kit_ask(
			k, post(cases[i].path, SAME LOGGED, form(SESSION, cases[i].fields)));

		CHECK_ROW(cases[i].path, leads_to(a, cases[i].place));
		assert_int_equal(k->asked[cases[i].question], 1);
	}
	/* the page again, with what was wrong */
	k->reason = GATE_WHY_WRONG;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct view a = kit_ask(
			k, post(cases[i].path, SAME LOGGED, form(SESSION, cases[i].fields)));

		CHECK_ROW(cases[i].path, is_page(a, "403"));
		CHECK_ROW(cases[i].path, !says(a, "longer"));
	}
	/* a factor has to be shown again first */
	k->reason = GATE_WHY_FRESH;
	assert_true(leads_to(
		kit_ask(k, post("/factors/remove", SAME LOGGED, form(SESSION, "&number=3"))),
		"/login?step=1"));
}

static void test_pages_that_forms_show(void **state)
{
	struct kit *k = *state;
	struct view a = { 0 };

	kit_token(k, 0, VIEW(SESSION), GATE_OK);
	a = kit_ask(k, post("/factors/totp", SAME LOGGED, form(SESSION, "")));
	assert_true(is_page(a, "200") && says(a, "<svg"));
	a = kit_ask(k, post("/factors/passkey", SAME LOGGED, form(SESSION, "")));
	assert_true(is_page(a, "200"));
	a = kit_ask(k, post("/factors/recovery", SAME LOGGED, form(SESSION, "")));
	assert_true(is_page(a, "200") && says(a, "one"));
	a = kit_ask(k, post("/factors/password", SAME LOGGED,
			    form(SESSION, "&fresh=one+password&again=another")));
	assert_true(is_page(a, "403"));
	assert_int_equal(k->asked[CELL_PASSWORD_SET], 0);
}

/* ---- to an application ---- */

static void test_ticket(void **state)
{
	struct kit *k = *state;
	struct view a = kit_ask(k, get("/enter?app=cases&nonce=" LOGIN, ""));

	assert_true(leads_to(a, "/login?app=cases&nonce=" LOGIN));
	kit_token(k, 0, VIEW(SESSION), GATE_OK);
	a = kit_ask(k, get("/enter?app=cases&nonce=" LOGIN, LOGGED));
	assert_true(is_status(a, "303"));
	assert_true(says(a, "\r\nLocation: https://cases.example.nl:8443/.sluis/enter?code="));
	/* without a nonce it has to begin at the application */
	a = kit_ask(k, get("/enter?app=cases", LOGGED));
	assert_true(leads_to(a, "https://cases.example.nl:8443"));
	assert_int_equal(k->asked[CELL_TICKET], 1);
	a = kit_ask(k, get("/enter?app=cases&nonce=" LOGIN "&nonce=" LOGIN, LOGGED));
	assert_true(leads_to(a, "https://cases.example.nl:8443"));
	k->ticket = GATE_DENIED;
	assert_true(is_page(kit_ask(k, get("/enter?app=cases&nonce=" LOGIN, LOGGED)), "403"));
	k->ticket = GATE_STEP_UP;
	assert_true(leads_to(kit_ask(k, get("/enter?app=cases&nonce=" LOGIN, LOGGED)),
			     "/login?app=cases&nonce=" LOGIN "&step=1"));
	k->ticket = GATE_OTHER;
	assert_true(is_status(kit_ask(k, get("/enter?app=cases&nonce=" LOGIN, LOGGED)), "421"));
	kit_forget(k);
	a = kit_ask(k, get("/enter?app=cases&nonce=" LOGIN, LOGGED));
	assert_true(leads_to(a, "/login?app=cases&nonce=" LOGIN));
	assert_true(says(a, "Set-Cookie: __Host-sluis=; "));
}

/* ---- language, invitations, assets ---- */

static void test_language(void **state)
{
	static const char *const backs[] = { "%2F%2Fevil.nl",  "https%3A%2F%2Fevil.nl",
					     "%2F%5Cevil.nl",  "%2Fx",
					     "%2Flogout",      "%2Fenter%3Fapp%3Dcases",
					     "%2Fa%0D%0AX%3A1" };
	struct kit *k = *state;
	char body[256];
	struct view a = kit_ask(k, post("/language", SAME BEGUN,
					form(LOGIN, "&language=nl&back=%2Flogin%3Fapp%3Dcases")));

	assert_true(leads_to(a, "/login?app=cases"));
	assert_true(says(a, "Set-Cookie: __Host-sluis-language=nl; "));
	for (size_t i = 0; i < COUNT_OF(backs); i++) {
		snprintf(body, sizeof body, "&language=evil&back=%s", backs[i]);
		a = kit_ask(k, post("/language", SAME BEGUN, form(LOGIN, body)));
		CHECK_ROW(backs[i], leads_to(a, "/"));
		CHECK_ROW(backs[i], !says(a, "evil"));
	}
	a = kit_ask(k,
		    get("/login", "Cookie: __Host-sluis-language=nl\r\nAccept-Language: en\r\n"));
	assert_true(says(a, "lang=\"nl\""));
	kit_token(k, 0, VIEW(SESSION), GATE_OK);
	(void)kit_ask(k, post("/language", SAME LOGGED, form(SESSION, "&language=nl&back=%2F")));
	assert_int_equal(k->asked[CELL_LOCALE], 1);
}

static void test_invitation(void **state)
{
	struct kit *k = *state;
	struct view a = kit_ask(k, get("/invite/" LOGIN, ""));

	assert_true(is_page(a, "200") && says(a, LOGIN));
	assert_int_equal(k->asked[CELL_INVITED], 0); /* a link that is looked at is not used */
	assert_true(is_page(kit_ask(k, get("/invite/" LOGIN "x", "")), "404"));
	a = kit_ask(k, post("/invite", SAME BEGUN, form(LOGIN, "&invite=" SESSION)));
	assert_true(leads_to(a, "/factors") && says(a, "Set-Cookie: __Host-sluis="));
}

static void test_assets(void **state)
{
	struct kit *k = *state;
	struct view a = kit_ask(k, get("/login", ""));
	const uint8_t *at = memmem(a.p, a.n, "/assets/", 8);
	char path[128] = { 0 };

	assert_non_null(at);
	for (size_t i = 0; i < sizeof path - 1 && at[i] != '"'; i++)
		path[i] = (char)at[i];
	a = kit_ask(k, get(path, ""));
	assert_true(is_status(a, "200") && says(a, "X-Content-Type-Options: nosniff\r\n"));
	assert_false(says(a, "Set-Cookie"));
}

/* ---- the authority's fault ---- */

static void test_without_an_authority(void **state)
{
	struct kit *k = *state;

	kit_token(k, 0, VIEW(SESSION), GATE_OK);
	kit_lose_authority(k);
	kit_turn(k);
	/* a password is not kept for later */
	assert_true(is_page(
		kit_ask(k, post("/login", SAME BEGUN, form(LOGIN, "&user=a&password=b"))), "503"));
	kit_connect(k);
	kit_send(k, view_str(get("/", LOGGED)));
	assert_int_equal(k->answer_n, 0);
	kit_new_authority(k);
	kit_turn(k);
	kit_turn(k);
	assert_true(is_page(view_of(k->answer, k->answer_n), "200"));
}

/* What changes something is not done twice: nobody knows whether it was done. */
static void test_authority_dies_on_the_way(void **state)
{
	struct kit *k = *state;

	k->is_silent = true;
	kit_connect(k);
	kit_send(k, view_str(post("/login", SAME BEGUN, form(LOGIN, "&user=a&password=b"))));
	assert_int_equal(k->asked[CELL_PASSWORD], 1);
	kit_lose_authority(k);
	kit_turn(k);
	kit_turn(k);
	assert_true(is_page(view_of(k->answer, k->answer_n), "503"));
	kit_new_authority(k);
	kit_turn(k);
	assert_int_equal(k->asked[CELL_PASSWORD], 1);
}

static void test_hostile_answers(void **state)
{
	static const char *const paths[] = { "/",
					     "/factors",
					     "/sessions",
					     "/login",
					     "/enter?app=cases&nonce=" LOGIN,
					     "/invite/" LOGIN };
	struct kit *k = *state;

	kit_token(k, 0, VIEW(SESSION), GATE_OK);
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		k->is_hostile = true;
		kit_connect(k);
		kit_send(k, view_str(get(paths[i], LOGGED)));
		CHECK_ROW(paths[i], k->edge->authority.fd < 0);
		CHECK_ROW(paths[i], !says(view_of(k->answer, k->answer_n), "200 OK"));
		kit_new_authority(k);
		k->is_hostile = false;
		kit_turn(k);
	}
	assert_int_equal(k->server_n, 0);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_who_is_not_logged_in),
		TEST(test_paths_that_are_none),
		TEST(test_methods),
		TEST(test_log_in_page),
		TEST(test_log_in),
		TEST(test_log_in_for_an_application),
		TEST(test_too_many_tries),
		TEST(test_log_in_states),
		TEST(test_long_secrets),
		TEST(test_passkey),
		TEST(test_forms_of_other_sites),
		TEST(test_forms_of_other_sessions),
		TEST(test_bodies_that_are_no_forms),
		TEST(test_bodies_in_pieces),
		TEST(test_many_forms),
		TEST(test_pages),
		TEST(test_session_verdicts),
		TEST(test_enrolling_opens_factors_alone),
		TEST(test_rotation),
		TEST(test_what_forms_do),
		TEST(test_pages_that_forms_show),
		TEST(test_ticket),
		TEST(test_language),
		TEST(test_invitation),
		TEST(test_assets),
		TEST(test_without_an_authority),
		TEST(test_authority_dies_on_the_way),
		TEST(test_hostile_answers),
	};

	return cmocka_run_group_tests(tests, open_kit, close_kit);
}
