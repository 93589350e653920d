/*
 * The authority: to be somebody, or to change what is decided, without a factor of anybody's
 * (promises P1, P6, P7, P8). A cell introduces itself as the role would, and then asks for each
 * thing with a token that it has made up.
 */
#include "drill/peer.h"
#include "ipc/audit_authority.h"
#include "ipc/cell_authority.h"
#include "ipc/gate_words.h"
#include "ipc/pages.h"
#include "ipc/spawner.h"
#include "ipc/tool_authority.h"

#include <unistd.h>

enum { AUTHORITY_BODY = 3000, AUTHORITY_MANY = 64, AUTHORITY_GUESSES = 12 };

/* SHA-256 of the empty string, of 32 zeros, and of nothing at all. */
static const struct hash32 authority_made_up = { "an intruder has made this token" };
static const struct hash32 authority_zero;
static const struct hash32 authority_of_empty = {
	{ 0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
	  0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
	  0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55 }
};

static uint8_t authority_first(struct view body)
{
	uint8_t b = 0;

	(void)(view_u8(&body, &b) == E_OK);
	return b;
}

/* Of sessions, grants and verdicts. */
static bool authority_says_yes(struct view body)
{
	return authority_first(body) == GATE_OK || authority_first(body) == GATE_ENROL;
}

static bool authority_login_done(struct view body)
{
	return authority_first(body) == LOGIN_DONE;
}

/* Rows of somebody: what is listed is not empty. */
static bool authority_has_rows(struct view body)
{
	return body.n > 6;
}

static enum err authority_hello(struct intruder *x)
{
	const struct cell_hello h = { .sni = VIEW("localhost") };
	uint8_t body[AUTHORITY_BODY];
	struct wbuf w = wbuf_of(body, sizeof body);
	int fd = peer_fd(x, ROLE_AUTHORITY);

	if (x->has_hello)
		return E_OK;
	if (fd < 0 || cell_hello_put(&w, &h) != E_OK)
		return E_CLOSED;
	x->has_hello = true;
	return frame_send(fd, CELL_HELLO, 0, wbuf_view(&w), NULL, 0);
}

struct authority_wish {
	uint8_t type, won;
	bool (*is_won)(struct view body);
	const char *text;
};

static struct act_got authority_ask(struct intruder *x, const struct authority_wish *wish,
				    enum err made, const struct wbuf *w)
{
	const struct peer_ask a = { .peer = ROLE_AUTHORITY,
				    .type = wish->type,
				    .won = wish->won,
				    .is_won = wish->is_won,
				    .body = wbuf_view(w),
				    .text = wish->text };

	if (made != E_OK || authority_hello(x) != E_OK)
		return act_unable("the question can't be asked");
	return peer_ask(x, &a);
}

/* Most are of this form: a wish, the message, how it is written. */
#define AUTHORITY_ACT(fn, form, members, ...)                                                      \
	static struct act_got fn(struct intruder *x)                                               \
	{                                                                                          \
		static const struct authority_wish wish = { __VA_ARGS__ };                         \
		const struct form m = AUTHORITY_MEMBERS members;                                   \
		uint8_t body[AUTHORITY_BODY];                                                      \
		struct wbuf w = wbuf_of(body, sizeof body);                                        \
		enum err made = form##_put(&w, &m);                                                \
                                                                                                   \
		return authority_ask(x, &wish, made, &w);                                          \
	}                                                                                          \
	struct authority_wish
#define AUTHORITY_MEMBERS(...)                                                                     \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

static uint64_t authority_app(const struct intruder *x)
{
	struct image im = { 0 };

	return peer_image(x, &im) && image_count(&im, IMAGE_APP) ? image_app_at(&im, 0)->id : 1;
}

/* ---- to be somebody ---- */

AUTHORITY_ACT(authority_session_made_up, cell_token, (.token = authority_made_up), CELL_SESSION,
	      AUTHORITY_SESSION, authority_says_yes, "a session");
AUTHORITY_ACT(authority_session_zero, cell_token, (.token = authority_zero), CELL_SESSION,
	      AUTHORITY_SESSION, authority_says_yes, "a session");
AUTHORITY_ACT(authority_session_empty, cell_token, (.token = authority_of_empty), CELL_SESSION,
	      AUTHORITY_SESSION, authority_says_yes, "a session");
AUTHORITY_ACT(authority_grant, cell_token, (.app = authority_app(x), .token = authority_made_up),
	      CELL_GRANT, AUTHORITY_GRANT, authority_says_yes, "an application");
AUTHORITY_ACT(authority_grant_portal, cell_token, (.token = authority_made_up), CELL_GRANT,
	      AUTHORITY_GRANT, authority_says_yes, "an application");
AUTHORITY_ACT(authority_rotate, cell_rotate, (.old = authority_zero, .fresh = authority_made_up),
	      CELL_ROTATE, AUTHORITY_DONE, NULL, "another token for somebody's session");
AUTHORITY_ACT(authority_login_end, cell_login_end,
	      (.transaction = authority_made_up, .token = authority_made_up), CELL_LOGIN_END,
	      AUTHORITY_SESSION, authority_says_yes, "a session that nobody logged in to");
AUTHORITY_ACT(authority_code, cell_code, (.transaction = authority_made_up, .code = VIEW("000000")),
	      CELL_CODE, AUTHORITY_LOGIN, authority_login_done, "a log-in by a code alone");
AUTHORITY_ACT(authority_recovery, cell_code,
	      (.transaction = authority_made_up, .is_recovery = 1, .code = VIEW("aaaa-aaaa-aaaa")),
	      CELL_CODE, AUTHORITY_LOGIN, authority_login_done,
	      "a log-in by a recovery code alone");
AUTHORITY_ACT(authority_passkey, cell_passkey_prove,
	      (.transaction = authority_made_up, .credential = VIEW("guess"),
	       .client_data = VIEW("{\"type\":\"webauthn.get\"}"), .auth_data = VIEW("x"),
	       .signature = VIEW("y")),
	      CELL_PASSKEY_PROVE, AUTHORITY_LOGIN, authority_login_done, "a log-in by a passkey");
AUTHORITY_ACT(authority_step_up, cell_login,
	      (.transaction = authority_made_up, .session = authority_of_empty,
	       .app = authority_app(x)),
	      CELL_LOGIN, AUTHORITY_LOGIN, authority_login_done, "a step-up without a factor");
AUTHORITY_ACT(authority_ticket, cell_ticket,
	      (.token = authority_made_up, .app = authority_app(x), .nonce = authority_made_up,
	       .code = authority_made_up),
	      CELL_TICKET, AUTHORITY_VERDICT, authority_says_yes, "a way into an application");
AUTHORITY_ACT(authority_enter, cell_enter,
	      (.app = authority_app(x), .code = authority_made_up, .nonce = authority_made_up,
	       .token = authority_made_up),
	      CELL_ENTER, AUTHORITY_GRANT, authority_says_yes, "an application");
AUTHORITY_ACT(authority_invited, cell_invited,
	      (.invite = authority_made_up, .token = authority_made_up), CELL_INVITED,
	      AUTHORITY_SESSION, authority_says_yes, "somebody's invitation");
AUTHORITY_ACT(authority_invite_zero, cell_invited,
	      (.invite = authority_zero, .token = authority_made_up), CELL_INVITED,
	      AUTHORITY_SESSION, authority_says_yes, "somebody's invitation");

/* ---- to change, or to see, what is somebody's ---- */

AUTHORITY_ACT(authority_apps, cell_page, (.token = authority_made_up), CELL_APPS, AUTHORITY_APPS,
	      authority_has_rows, "somebody's applications");
AUTHORITY_ACT(authority_factors, cell_page, (.token = authority_made_up), CELL_FACTORS,
	      AUTHORITY_LIST, authority_has_rows, "somebody's factors");
AUTHORITY_ACT(authority_sessions, cell_page, (.token = authority_made_up), CELL_SESSIONS,
	      AUTHORITY_LIST, authority_has_rows, "somebody's sessions");
AUTHORITY_ACT(authority_session_end, cell_number, (.token = authority_made_up, .number = 1),
	      CELL_SESSION_END, AUTHORITY_DONE, NULL, "the end of somebody's session");
AUTHORITY_ACT(authority_totp_begin, cell_token, (.token = authority_made_up), CELL_TOTP_BEGIN,
	      AUTHORITY_SECRET, NULL, "a factor in somebody's name");
AUTHORITY_ACT(authority_totp_end, cell_totp_end,
	      (.token = authority_made_up, .name = VIEW("x"), .code = VIEW("000000")),
	      CELL_TOTP_END, AUTHORITY_DONE, NULL, "a factor in somebody's name");
AUTHORITY_ACT(authority_passkey_begin, cell_token, (.token = authority_made_up), CELL_PASSKEY_BEGIN,
	      AUTHORITY_CHALLENGE, NULL, "a passkey in somebody's name");
AUTHORITY_ACT(authority_passkey_end, cell_passkey_end,
	      (.token = authority_made_up, .name = VIEW("x"), .client_data = VIEW("{}"),
	       .attestation = VIEW("x")),
	      CELL_PASSKEY_END, AUTHORITY_DONE, NULL, "a passkey in somebody's name");
AUTHORITY_ACT(authority_factor_remove, cell_number, (.token = authority_made_up, .number = 1),
	      CELL_FACTOR_REMOVE, AUTHORITY_DONE, NULL, "somebody's factor removed");
AUTHORITY_ACT(authority_recovery_codes, cell_token, (.token = authority_made_up), CELL_RECOVERY,
	      AUTHORITY_CODES, NULL, "somebody's recovery codes");
AUTHORITY_ACT(authority_password_set, cell_password_set,
	      (.token = authority_made_up, .fresh = VIEW("an intruder's password")),
	      CELL_PASSWORD_SET, AUTHORITY_DONE, NULL, "somebody's password changed");
AUTHORITY_ACT(authority_locale, cell_locale, (.token = authority_made_up, .locale = VIEW("nl")),
	      CELL_LOCALE, AUTHORITY_DONE, NULL, "somebody's language changed");

/* ---- in the wrong order, too often ---- */

static struct act_got authority_before_hello(struct intruder *x)
{
	const struct cell_token m = { .token = authority_made_up };
	uint8_t body[AUTHORITY_BODY];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct peer_ask a = { .peer = ROLE_AUTHORITY,
			      .type = CELL_SESSION,
			      .won = AUTHORITY_SESSION,
			      .text = "an answer before it said who it is" };

	if (cell_token_put(&w, &m) != E_OK)
		return act_unable("the question can't be made");
	a.body = wbuf_view(&w);
	x->is_spent = true;
	return x->has_hello ? act_unable("it has said who it is") : peer_ask(x, &a);
}

static struct act_got authority_hello_twice(struct intruder *x)
{
	struct intruder_channel c = { .peer = ROLE_AUTHORITY };

	x->is_spent = true;
	if (authority_hello(x) != E_OK)
		return act_unable("it has no such channel");
	x->has_hello = false;
	(void)(authority_hello(x) == E_OK);
	c.fd = peer_fd(x, ROLE_AUTHORITY);
	return peer_probe(x, &c) == E_OK ? act_worked("it is somebody else now")
					 : act_refused(0, "the channel was closed");
}

/* state, reason, offers, then how long to wait before another try counts. */
static bool authority_may_go_on(struct view body)
{
	struct authority_login l = { 0 };

	return authority_login_get(body, &l) == E_OK && !l.wait_s && l.state != LOGIN_GONE;
}

static enum err authority_put_guess(struct wbuf *w, uint8_t type, const struct hash32 *transaction)
{
	const struct cell_login login = { .transaction = *transaction };
	const struct cell_password password = { .transaction = *transaction,
						.user = VIEW("root"),
						.password = VIEW("correct horse battery") };
	const struct cell_code code = { .transaction = *transaction, .code = VIEW("000000") };

	if (type == CELL_LOGIN)
		return cell_login_put(w, &login);
	return type == CELL_PASSWORD ? cell_password_put(w, &password) : cell_code_put(w, &code);
}

/* Whole log-ins, password and code, one after the other. */
static struct act_got authority_guess(struct intruder *x)
{
	static const uint8_t steps[] = { CELL_LOGIN, CELL_PASSWORD, CELL_CODE };
	struct hash32 transaction = authority_made_up;
	struct act_got got = { 0 };

	for (unsigned i = 0; i < AUTHORITY_GUESSES * sizeof steps; i++) {
		const struct authority_wish wish = { steps[i % sizeof steps], AUTHORITY_LOGIN,
						     authority_may_go_on,
						     "as many guesses as it can ask for" };
		uint8_t body[AUTHORITY_BODY];
		struct wbuf w = wbuf_of(body, sizeof body);
		enum err made = E_OK;

		transaction.b[0] = (uint8_t)(i / sizeof steps);
		made = authority_put_guess(&w, wish.type, &transaction);
		got = authority_ask(x, &wish, made, &w);
		if (got.outcome != BOARD_WORKED)
			return got;
	}
	return got;
}

/* Without hearing one answer. */
static struct act_got authority_many(struct intruder *x)
{
	const struct cell_token m = { .token = authority_made_up };
	uint8_t body[AUTHORITY_BODY];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct intruder_channel c = { .peer = ROLE_AUTHORITY };
	enum err e = cell_token_put(&w, &m);

	c.fd = peer_fd(x, ROLE_AUTHORITY);
	x->is_spent = true;
	if (c.fd < 0 || e != E_OK || authority_hello(x) != E_OK)
		return act_unable("it has no such channel");
	for (unsigned i = 0; e == E_OK && i < AUTHORITY_MANY; i++)
		e = frame_send(c.fd, CELL_PASSKEY_ASK, 1, wbuf_view(&w), NULL, 0);
	return peer_probe(x, &c) == E_OK ? act_worked("it may ask without an end")
					 : act_refused(0, "the channel was closed");
}

/* ---- another cell's session ---- */

static const struct page_gate_page *authority_page(const struct intruder *x)
{
	for (size_t i = 0; i < x->map_n; i++)
		if (x->map[i].kind == PAGE_GATE && x->map[i].bytes >= sizeof(struct page_gate_page))
			return x->map[i].p;
	return NULL;
}

/* Keeps sessions of others alive, and ends them: by their place on the gate page. */
static struct act_got authority_used(struct intruder *x)
{
	struct intruder_channel c = { .peer = ROLE_AUTHORITY, .fd = peer_fd(x, ROLE_AUTHORITY) };
	const struct page_gate_page *page = authority_page(x);
	uint8_t body[AUTHORITY_BODY];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct cell_used m = { .slot = PAGE_SESSIONS, .generation = 1 };

	if (c.fd < 0 || !page || authority_hello(x) != E_OK || cell_used_put(&w, &m) != E_OK)
		return act_unable("it has no such channel");
	x->is_spent = true;
	(void)(frame_send(c.fd, CELL_USED, 0, wbuf_view(&w), NULL, 0) == E_OK);
	return peer_probe(x, &c) == E_OK ? act_worked("sessions beyond the table")
					 : act_refused(0, "the channel was closed");
}

static struct act_got authority_logout(struct intruder *x)
{
	static const struct authority_wish wish = { CELL_LOGOUT, AUTHORITY_DONE, NULL, "" };
	const struct page_gate_page *page = authority_page(x);
	const struct cell_logout m = { .token = authority_made_up, .everywhere = 1 };
	uint8_t body[AUTHORITY_BODY];
	struct wbuf w = wbuf_of(body, sizeof body);
	enum err made = cell_logout_put(&w, &m);
	uint64_t before = page ? PAGE_GET(page->revocations) : 0;
	struct act_got got = authority_ask(x, &wish, made, &w);

	if (!page || got.outcome != BOARD_WORKED)
		return got;
	return PAGE_GET(page->revocations) == before
		       ? act_refused(0, "what is not there has ended; nothing was revoked")
		       : act_worked("somebody's sessions ended");
}

/* ---- as if it were the command ---- */

static struct act_got authority_tool(struct intruder *x, const struct tool_act *act)
{
	uint8_t body[AUTHORITY_BODY];
	struct wbuf w = wbuf_of(body, sizeof body);
	const struct page_gate_page *page = authority_page(x);
	uint64_t before = page ? level_page_version(&page->levels) : 0;
	struct peer_ask a = { .peer = ROLE_AUTHORITY,
			      .type = TOOL_ACT,
			      .won = AUTHORITY_TOOL_END,
			      .is_won = authority_says_yes,
			      .text = "what only an administrator may" };
	struct act_got got = { 0 };

	if (tool_act_put(&w, act) != E_OK)
		return act_unable("the act can't be written");
	a.body = wbuf_view(&w);
	got = peer_ask(x, &a);
	if (page && level_page_version(&page->levels) != before)
		return act_worked("the levels of isolation have changed");
	return got;
}

#define AUTHORITY_TOOL(fn, ...)                                                                    \
	static struct act_got fn(struct intruder *x)                                               \
	{                                                                                          \
		const struct tool_act act = { __VA_ARGS__ };                                       \
                                                                                                   \
		return authority_tool(x, &act);                                                    \
	}                                                                                          \
	struct authority_wish

AUTHORITY_TOOL(authority_user_add, .kind = ACT_USER_ADD, .name = VIEW("intruder"),
	       .title = VIEW("Intruder"));
AUTHORITY_TOOL(authority_user_reset, .kind = ACT_USER_RESET, .name = VIEW("root"));
AUTHORITY_TOOL(authority_revoke_all, .kind = ACT_SESSION_REVOKE, .flags = 1);
AUTHORITY_TOOL(authority_invite, .kind = ACT_INVITE_ADD, .name = VIEW("root"), .number = 3600,
	       .secret = authority_made_up);
AUTHORITY_TOOL(authority_open, .kind = ACT_LEVEL_SET, .title = VIEW("an intruder's wish"),
	       .flags = TOOL_LEVEL_FLAGS(0, 0, 0));
AUTHORITY_TOOL(authority_close, .kind = ACT_LEVEL_SET, .title = VIEW("an intruder's wish"),
	       .flags = TOOL_LEVEL_FLAGS(1, 0, 0));
AUTHORITY_TOOL(authority_alarm_close, .kind = ACT_ALARM_CLOSE, .number = 1,
	       .title = VIEW("nothing happened"));
AUTHORITY_TOOL(authority_advance, .kind = ACT_RECOVER_ADVANCE, .name = VIEW("cases"),
	       .flags = UINT32_MAX);
AUTHORITY_TOOL(authority_approve, .kind = ACT_RECOVER_APPROVE, .number = 1, .name = VIEW("root"),
	       .list = VIEW("correct horse battery"), .locale = VIEW("000000"));
AUTHORITY_TOOL(authority_notice, .kind = ACT_NOTICE_SET,
	       .list = VIEW("Alles in orde\nAll is well"));

/* ---- as if it were audit, or a spawner ---- */

static struct act_got authority_alarm(struct intruder *x)
{
	const struct audit_alarm m = { .seq = 1,
				       .wall_us = 1,
				       .action = VIEW("canary.leaked"),
				       .object = VIEW("edge[0]"),
				       .result = VIEW("ended"),
				       .origin = VIEW("keeper[0]"),
				       .writer = VIEW("keeper[0]"),
				       .detail = VIEW("an intruder's word") };
	const struct page_gate_page *page = authority_page(x);
	uint64_t before = page ? PAGE_GET(page->alarms) : 0;
	uint8_t body[AUTHORITY_BODY];
	struct wbuf w = wbuf_of(body, sizeof body);
	int fd = peer_fd(x, ROLE_AUTHORITY);
	enum err e = E_OK;

	if (fd < 0 || audit_alarm_put(&w, &m) != E_OK)
		return act_unable("it has no such channel");
	x->is_spent = true;
	e = peer_tell(fd, AUDIT_ALARM, 0, wbuf_view(&w), NULL);
	if (page && PAGE_GET(page->alarms) > before)
		return act_worked("an alarm in the keeper's name");
	if (e != E_OK)
		return act_refused(0, "the channel was closed");
	return act_worked("taken for an alarm");
}

static struct act_got authority_introduce(struct intruder *x)
{
	const struct spawner_cell c = { .slot = 1, .serial = UINT32_MAX };
	static const int given = STDERR_FILENO;
	uint8_t body[64];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct intruder_channel to = { .peer = ROLE_AUTHORITY, .fd = peer_fd(x, ROLE_AUTHORITY) };

	if (to.fd < 0 || spawner_cell_put(&w, &c) != E_OK)
		return act_unable("it has no such channel");
	x->is_spent = true;
	if (peer_tell(to.fd, SPAWNER_CELL, 0, wbuf_view(&w), &given) != E_OK)
		return act_refused(0, "the channel was closed");
	return act_worked("the authority goes on listening");
}

enum {
	AUTHORITY_CELL = ACT_ROLE(ROLE_CELL),
	AUTHORITY_PEERS = ACT_ROLE(ROLE_CELL) | ACT_ROLE(ROLE_SPAWNER) | ACT_ROLE(ROLE_AUDIT) |
			  ACT_ROLE(ROLE_DIALER) | ACT_ROLE(ROLE_VERIFIER) | ACT_ROLE(ROLE_SIGNER),
	/* what a signer says is looked for among questions, and found to be none: act_answer.c */
	AUTHORITY_TELLERS = AUTHORITY_PEERS & ~(unsigned)ACT_ROLE(ROLE_SIGNER)
};

#define AUTHORITY_ROW(what, text, promise, who, how)                                               \
	{                                                                                          \
		.name = (what), .tries = (text), .cites = (promise), .run = (how), .roles = (who), \
		.flags = ACT_LAST, .unfit = "it has no channel"                                    \
	}
#define AUTHORITY_ASK(what, text, how)	 AUTHORITY_ROW(what, text, "P6 D", AUTHORITY_CELL, how)
#define AUTHORITY_ADMIN(what, text, how) AUTHORITY_ROW(what, text, "P8 J", AUTHORITY_CELL, how)
#define AUTHORITY_ALL(what, text, how)	 AUTHORITY_ROW(what, text, "P8 J", AUTHORITY_PEERS, how)

static const struct act authority_acts[] = {
	AUTHORITY_ASK("ask-before-hello", "ask before it has said who it is",
		      authority_before_hello),
	AUTHORITY_ASK("session-made-up", "show a token that it has made up",
		      authority_session_made_up),
	AUTHORITY_ASK("session-zero", "show the hash of nothing", authority_session_zero),
	AUTHORITY_ASK("session-empty", "show the hash of an empty token", authority_session_empty),
	AUTHORITY_ASK("grant-made-up", "open an application with a token that it has made up",
		      authority_grant),
	AUTHORITY_ASK("grant-portal", "open the portal as an application", authority_grant_portal),
	AUTHORITY_ASK("rotate-made-up", "change the token of a session that it has not",
		      authority_rotate),
	AUTHORITY_ASK("login-unasked", "end a log-in that nobody began", authority_login_end),
	AUTHORITY_ASK("login-code-alone", "log in by a code alone", authority_code),
	AUTHORITY_ASK("login-recovery-alone", "log in by a recovery code alone",
		      authority_recovery),
	AUTHORITY_ASK("login-passkey-unasked", "answer a challenge that nobody gave",
		      authority_passkey),
	AUTHORITY_ASK("step-up-nothing", "step up without a factor", authority_step_up),
	AUTHORITY_ASK("login-guess", "guess a password, as fast as it can", authority_guess),
	AUTHORITY_ASK("ticket-made-up", "have a code made for an application", authority_ticket),
	AUTHORITY_ASK("enter-made-up", "enter an application by a code that it has made up",
		      authority_enter),
	AUTHORITY_ASK("invitation-guess", "open an invitation by a guess", authority_invited),
	AUTHORITY_ASK("invitation-zero", "open an invitation by the hash of nothing",
		      authority_invite_zero),
	AUTHORITY_ASK("list-applications", "list somebody's applications", authority_apps),
	AUTHORITY_ASK("list-factors", "list somebody's factors", authority_factors),
	AUTHORITY_ASK("list-sessions", "list somebody's sessions", authority_sessions),
	AUTHORITY_ASK("end-session", "end somebody's session by its number", authority_session_end),
	AUTHORITY_ASK("logout-everywhere", "log somebody out everywhere", authority_logout),
	AUTHORITY_ASK("used-beyond", "keep a session beyond the table alive", authority_used),
	AUTHORITY_ASK("enrol-app-begin", "begin an authenticator app in somebody's name",
		      authority_totp_begin),
	AUTHORITY_ASK("enrol-app-end", "enrol an authenticator app in somebody's name",
		      authority_totp_end),
	AUTHORITY_ASK("enrol-passkey-begin", "begin a passkey in somebody's name",
		      authority_passkey_begin),
	AUTHORITY_ASK("enrol-passkey-end", "enrol a passkey in somebody's name",
		      authority_passkey_end),
	AUTHORITY_ASK("remove-factor", "remove somebody's factor", authority_factor_remove),
	AUTHORITY_ASK("recovery-codes", "have recovery codes made of somebody's",
		      authority_recovery_codes),
	AUTHORITY_ASK("set-password", "set somebody's password", authority_password_set),
	AUTHORITY_ASK("set-language", "change what somebody has chosen", authority_locale),
	AUTHORITY_ASK("hello-twice", "say who it is, twice", authority_hello_twice),
	AUTHORITY_ASK("ask-many", "ask without hearing one answer", authority_many),
	AUTHORITY_ALL("admin-user-add", "add a user, as if it were the command",
		      authority_user_add),
	AUTHORITY_ADMIN("admin-user-reset", "take a user's factors away", authority_user_reset),
	AUTHORITY_ADMIN("admin-revoke-all", "end all sessions", authority_revoke_all),
	AUTHORITY_ADMIN("admin-invite", "invite itself in somebody's name", authority_invite),
	AUTHORITY_ALL("admin-open", "lift every level of isolation", authority_open),
	AUTHORITY_ADMIN("admin-close", "close everything", authority_close),
	AUTHORITY_ADMIN("admin-alarm-close", "close an alarm", authority_alarm_close),
	AUTHORITY_ADMIN("admin-advance", "advance an application's return", authority_advance),
	AUTHORITY_ADMIN("admin-approve", "approve a return", authority_approve),
	AUTHORITY_ADMIN("admin-notice", "say on the status page that all is well",
			authority_notice),
	AUTHORITY_ROW("alarm-in-anothers-name", "raise an alarm in the keeper's name", "P9 F",
		      AUTHORITY_TELLERS, authority_alarm),
	AUTHORITY_ROW("introduce-to-authority", "introduce a cell that there is not", "P1 A20",
		      AUTHORITY_TELLERS & ~(unsigned)ACT_ROLE(ROLE_SPAWNER), authority_introduce),
};

const struct act_table act_authority = { authority_acts,
					 sizeof authority_acts / sizeof *authority_acts,
					 ACT_AUTHORITY };
