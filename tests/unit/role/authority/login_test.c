/* Logging in: passwords and codes, passkeys, invitations, factors, and what strangers can tell from
 * it (THREATS A11, A15; NIST SP 800-63B §5.2.2; RFC 6238 §5.2; WebAuthn §7). */
#include "../../check.h"

#include "role/authority/factor.h"
#include "role/authority/login.h"
#include "tests/ipc/authority_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct scene {
	struct authority_kit k;
	struct hash32 token;
	uint8_t key[20];
	int cell;
	uint16_t logins;
};

static int setup(void **state)
{
	struct scene *s = calloc(1, sizeof *s);

	authority_kit_open(&s->k, authority_kit_yaml);
	authority_kit_user(&s->k, "jan", "");
	s->token = authority_kit_hash(1, 1);
	s->cell = authority_kit_cell(&s->k, 1, "192.0.2.1", 1);
	authority_kit_enrol(&s->k, s->cell, "jan", &s->token, s->key);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;

	close(s->cell);
	authority_kit_close(&s->k);
	free(s);
	return 0;
}

static struct authority_login login_of(const struct kit_reply *r)
{
	struct authority_login l = { 0 };

	assert_int_equal(r->type, AUTHORITY_LOGIN);
	CHECK_OK(authority_login_get(r->body, &l));
	return l;
}

static struct authority_refused refused_of(const struct kit_reply *r)
{
	struct authority_refused no = { 0 };

	assert_int_equal(r->type, AUTHORITY_REFUSED);
	CHECK_OK(authority_refused_get(r->body, &no));
	return no;
}

static struct authority_login begin(struct scene *s, int cell, const struct hash32 *login,
				    const struct hash32 *session, uint64_t app)
{
	struct cell_login ask = { .transaction = *login, .app = app };
	struct kit_reply r;

	if (session)
		ask.session = *session;
	AUTHORITY_ASK(&s->k, cell, CELL_LOGIN, cell_login, ask, &r);
	return login_of(&r);
}

static struct authority_login password(struct scene *s, int cell, const struct hash32 *login,
				       const char *name, const char *text)
{
	const struct cell_password ask = { .transaction = *login,
					   .user = view_str(name),
					   .password = view_str(text) };
	struct kit_reply r;

	AUTHORITY_ASK(&s->k, cell, CELL_PASSWORD, cell_password, ask, &r);
	return login_of(&r);
}

static struct authority_login code(struct scene *s, int cell, const struct hash32 *login,
				   const char *text, uint8_t is_recovery)
{
	const struct cell_code ask = { .transaction = *login,
				       .code = view_str(text),
				       .is_recovery = is_recovery };
	struct kit_reply r;

	AUTHORITY_ASK(&s->k, cell, CELL_CODE, cell_code, ask, &r);
	return login_of(&r);
}

static const char *now(struct scene *s, char at[7])
{
	return authority_kit_code(&s->k, s->key, at);
}

static uint8_t finish(struct scene *s, int cell, const struct hash32 *login,
		      const struct hash32 *token)
{
	const struct cell_login_end ask = { .transaction = *login,
					    .token = *token,
					    .agent = VIEW("a browser") };
	struct authority_session got = { 0 };
	struct kit_reply r;

	AUTHORITY_ASK(&s->k, cell, CELL_LOGIN_END, cell_login_end, ask, &r);
	assert_int_equal(r.type, AUTHORITY_SESSION);
	CHECK_OK(authority_session_get(r.body, &got));
	return got.verdict;
}

/* ---- passwords and codes ---- */

static void test_right(void **state)
{
	struct scene *s = *state;
	struct hash32 login = authority_kit_hash(2, 1), token = authority_kit_hash(3, 1);
	int cell = authority_kit_cell(&s->k, 2, "198.51.100.1", 5);
	char at[7];

	assert_int_equal(begin(s, cell, &login, NULL, 0).state, LOGIN_FIRST);
	assert_int_equal(begin(s, cell, &login, NULL, 0).offers, GATE_PASSKEY | GATE_PASSWORD);
	assert_int_equal(finish(s, cell, &login, &token), GATE_NONE);
	assert_int_equal(begin(s, cell, &login, NULL, 7).app, 7);
	assert_int_equal(password(s, cell, &login, " Jan", "correct horse battery").state,
			 LOGIN_CODE);
	assert_int_equal(begin(s, cell, &login, NULL, 7).state, LOGIN_CODE);
	assert_int_equal(finish(s, cell, &login, &token), GATE_NONE); /* half of it is nothing */
	assert_int_equal(begin(s, cell, &login, NULL, 7).state, LOGIN_FIRST);
	assert_int_equal(password(s, cell, &login, "jan", "correct horse battery").state,
			 LOGIN_CODE);
	assert_int_equal(code(s, cell, &login, now(s, at), 0).state, LOGIN_DONE);
	assert_int_equal(finish(s, cell, &login, &token), GATE_OK);
	assert_int_equal(finish(s, cell, &login, &token), GATE_NONE); /* once */
	assert_int_equal(authority_kit_told(&s->k, "login.ok ok jan"), 1);
	close(cell);
}

/* Wrong user, wrong password, wrong code: the same answers, the same waits. */
static void test_nothing_is_told(void **state)
{
	struct scene *s = *state;
	static const struct {
		const char *name, *password;
	} rows[] = {
		{ "jan", "a wrong password" },
		{ "nobody", "a wrong password" },
		{ "jan", "correct horse battery" },
		{ "No Such Name!", "correct horse battery" },
	};

	for (uint16_t i = 0; i < COUNT_OF(rows); i++) {
		struct hash32 login = authority_kit_hash(4, i);
		char ip[16] = "203.0.0.1";
		int cell = -1;

		ip[6] = (char)('1' + i); /* networks that no failure was counted for */
		cell = authority_kit_cell(&s->k, 2, ip, 5);
		if (i == 2) /* the counter of jan's account is as far as a stranger's would be */
			delay_forgive(
				&s->k.a->delay,
				&(struct delay_key){
					delay_account(&s->k.a->delay, VIEW("jan"), NULL), 0 });
		(void)begin(s, cell, &login, NULL, 0);
		for (unsigned n = 0; n < 5; n++) {
			struct authority_login l =
				password(s, cell, &login, rows[i].name, rows[i].password);

			assert_int_equal(l.state, LOGIN_CODE);
			assert_int_equal(l.reason, GATE_WHY_NOTHING);
			assert_int_equal(l.offers, GATE_TOTP | GATE_RECOVERY);
			l = code(s, cell, &login, "000000", 0);
			assert_int_equal(l.state, LOGIN_FAILED);
			assert_int_equal(l.reason, GATE_WHY_WRONG);
			assert_int_equal(l.wait_s, n < 2 ? 0u : 1u << (n - 2));
			if (l.wait_s) {
				l = password(s, cell, &login, rows[i].name, rows[i].password);
				assert_int_equal(l.reason, GATE_WHY_WAIT);
				assert_int_equal(l.wait_s, 1u << (n - 2));
			}
			authority_kit_wait(&s->k, l.wait_s);
		}
		close(cell);
	}
	/* the audit log knows names that exist, and no others */
	assert_int_equal(authority_kit_told(&s->k, "login.failed refused jan"), 10);
	assert_int_equal(authority_kit_told(&s->k, "login.failed refused - "), 10);
	assert_null(strstr(s->k.logged, "nobody"));
	assert_null(strstr(s->k.logged, "wrong password"));
	assert_null(strstr(s->k.logged, "000000"));
}

/* However often a stranger fails, jan logs in from where jan was before. */
static void test_no_lock_out(void **state)
{
	struct scene *s = *state;
	struct hash32 login = authority_kit_hash(4, 1), token = authority_kit_hash(3, 1);
	int stranger = authority_kit_cell(&s->k, 2, "203.0.113.1", 5);

	for (unsigned n = 0; n < 12; n++) {
		(void)begin(s, stranger, &login, NULL, 0);
		(void)password(s, stranger, &login, "jan", "guess");
		(void)code(s, stranger, &login, "000000", 0);
		authority_kit_wait(&s->k, 60);
	}
	(void)password(s, stranger, &login, "jan", "guess");
	assert_int_equal(password(s, stranger, &login, "jan", "guess").reason, GATE_WHY_WAIT);
	close(s->cell);
	s->cell = authority_kit_cell(&s->k, 1, "192.0.2.77", 9);
	assert_int_equal(authority_kit_login(&s->k, s->cell, "jan", s->key, &token), GATE_OK);
	close(stranger);
}

/* RFC 6238 §5.2: a code is good once, whoever has seen it. */
static void test_replayed_code(void **state)
{
	struct scene *s = *state;
	struct hash32 first = authority_kit_hash(4, 1), second = authority_kit_hash(4, 2);
	char at[7];

	(void)begin(s, s->cell, &first, NULL, 0);
	(void)begin(s, s->cell, &second, NULL, 0);
	(void)password(s, s->cell, &first, "jan", "correct horse battery");
	(void)password(s, s->cell, &second, "jan", "correct horse battery");
	assert_int_equal(code(s, s->cell, &first, now(s, at), 0).state, LOGIN_DONE);
	assert_int_equal(code(s, s->cell, &second, at, 0).state, LOGIN_FAILED);
	authority_kit_restart(&s->k); /* nor after a crash */
	close(s->cell);
	s->cell = authority_kit_cell(&s->k, 1, "192.0.2.1", 1);
	(void)begin(s, s->cell, &second, NULL, 0);
	(void)password(s, s->cell, &second, "jan", "correct horse battery");
	assert_int_equal(code(s, s->cell, &second, at, 0).state, LOGIN_FAILED);
}

static void test_recovery(void **state)
{
	struct scene *s = *state;
	const struct cell_token ask = { .token = s->token };
	struct authority_codes codes = { 0 };
	struct kit_reply r;
	char one[32] = { 0 }, two[32] = { 0 };

	AUTHORITY_ASK(&s->k, s->cell, CELL_RECOVERY, cell_token, ask, &r);
	assert_int_equal(r.type, AUTHORITY_CODES);
	CHECK_OK(authority_codes_get(r.body, &codes));
	assert_int_equal(codes.lines.n, FACTOR_CODES * 20);
	memcpy(one, codes.lines.p, 19);
	memcpy(two, codes.lines.p + 20, 19);
	for (unsigned i = 0; two[i]; i++)
		two[i] = (char)(two[i] >= 'a' && two[i] <= 'z' ? two[i] - 32 : two[i]);
	for (unsigned i = 0; i < 4; i++) {
		const char *use = i == 2 ? two : i == 3 ? "aaaa-aaaa-aaaa-aaaa" : one;
		struct hash32 login = authority_kit_hash(4, (uint16_t)i);

		(void)begin(s, s->cell, &login, NULL, 0);
		(void)password(s, s->cell, &login, "jan", "correct horse battery");
		assert_int_equal(code(s, s->cell, &login, use, 1).state,
				 i == 0 || i == 2 ? LOGIN_DONE : LOGIN_FAILED);
	}
	assert_int_equal(authority_kit_told(&s->k, "factor.used ok jan 9 left"), 1);
	assert_int_equal(authority_kit_told(&s->k, "factor.used ok jan 8 left"), 1);
}

/* A flood of log-ins from one network takes that network's share. */
static void test_transactions_are_few(void **state)
{
	struct scene *s = *state;
	struct hash32 first = authority_kit_hash(4, 0), theirs = authority_kit_hash(5, 0);
	int other = authority_kit_cell(&s->k, 2, "203.0.113.1", 5);

	(void)begin(s, other, &theirs, NULL, 3);
	for (uint16_t i = 0; i <= AUTHORITY_LOGINS_PER_SOURCE; i++) {
		struct hash32 login = authority_kit_hash(4, i);

		(void)begin(s, s->cell, &login, NULL, 3);
	}
	assert_int_equal(begin(s, other, &theirs, NULL, 9).app, 3);
	assert_int_equal(begin(s, s->cell, &first, NULL, 9).app, 9); /* it is a new one */
	authority_kit_wait(&s->k, 601);
	assert_int_equal(begin(s, other, &theirs, NULL, 9).app, 9); /* ten minutes */
	close(other);
}

/* A flood from many networks keeps nobody out: who is past the password goes on, right or wrong
 * alike, and who is not begins with it (THREATS A22). */
static void test_flood_of_transactions(void **state)
{
	struct scene *s = *state;
	struct hash32 right = authority_kit_hash(6, 0), wrong = authority_kit_hash(6, 1),
		      page = authority_kit_hash(6, 2);

	(void)begin(s, s->cell, &right, NULL, 0);
	(void)begin(s, s->cell, &wrong, NULL, 0);
	(void)begin(s, s->cell, &page, NULL, 0);
	assert_int_equal(password(s, s->cell, &right, "jan", "correct horse battery").state,
			 LOGIN_CODE);
	assert_int_equal(password(s, s->cell, &wrong, "jan", "incorrect horse").state, LOGIN_CODE);
	for (uint16_t i = 0; i < AUTHORITY_LOGINS + AUTHORITY_LOGINS_PER_SOURCE; i++) {
		struct hash32 login = authority_kit_hash(4, i);
		char from[32];
		int cell = -1;

		snprintf(from, sizeof from, "198.%d.%d.1", 18 + i / 256, i % 256);
		cell = authority_kit_cell(&s->k, (uint16_t)(2 + i % 64), from, 5);
		(void)begin(s, cell, &login, NULL, 3);
		close(cell);
		authority_kit_run(&s->k);
	}
	assert_non_null(login_find(s->k.a, &right));
	assert_non_null(login_find(s->k.a, &wrong));
	assert_null(login_find(s->k.a, &page));
	assert_int_equal(password(s, s->cell, &page, "jan", "correct horse battery").state,
			 LOGIN_CODE);
}

/* A hash of yesterday's parameters is made anew when the password was right. */
static void test_rehash(void **state)
{
	struct scene *s = *state;
	struct hash32 login = authority_kit_hash(4, 0);
	struct factor before = { 0 }, after = { 0 };

	CHECK_OK(factor_of_kind(s->k.a, 1, GATE_PASSWORD, &before));
	s->k.is_old = true;
	(void)begin(s, s->cell, &login, NULL, 0);
	(void)password(s, s->cell, &login, "jan", "correct horse battery");
	authority_kit_run(&s->k);
	assert_int_equal(s->k.a->verify_count, 3); /* enrolled, checked, hashed again */
	CHECK_OK(factor_of_kind(s->k.a, 1, GATE_PASSWORD, &after));
	assert_int_equal(before.id, after.id);
}

/* The verifier's queue is short; strangers have three quarters of it. */
static void test_verifier_is_busy(void **state)
{
	struct scene *s = *state;
	int cells[32];
	unsigned waiting = 0, busy = 0;

	s->k.is_mute = true;
	for (unsigned c = 0; c < 32; c++) {
		char ip[16] = "203.0.0.1";

		ip[6] = (char)('1' + c % 8);
		cells[c] = authority_kit_cell(&s->k, 2 + c, ip, 5);
		for (uint16_t i = 0; i < AUTHORITY_VERIFIES_OF_CELL; i++) {
			const struct cell_password ask = { .transaction = authority_kit_hash(
								   (uint8_t)(10 + c), i),
							   .user = VIEW("nobody"),
							   .password = VIEW("guess") };
			struct hash32 login = ask.transaction;
			struct kit_reply r;
			uint8_t body[512];
			struct wbuf w = wbuf_of(body, sizeof body);

			(void)begin(s, cells[c], &login, NULL, 0);
			s->k.a->delay = (struct delay){ 0 };
			CHECK_OK(cell_password_put(&w, &ask));
			if (!authority_kit_ask(&s->k, cells[c], CELL_PASSWORD, &w, &r))
				waiting++;
			else
				busy += refused_of(&r).reason == GATE_WHY_BUSY;
		}
	}
	assert_int_equal(waiting, AUTHORITY_STRANGERS);
	assert_int_equal(busy, 64 - AUTHORITY_STRANGERS);
	for (unsigned c = 0; c < 32; c++)
		close(cells[c]);
}

/* ---- passkeys ---- */

static void enrol_key(struct scene *s, const char *attestation)
{
	const struct cell_token ask = { .token = s->token };
	const struct cell_passkey_end end = { .token = s->token,
					      .name = VIEW("a key"),
					      .attestation = view_str(attestation) };
	struct kit_reply r;

	AUTHORITY_ASK(&s->k, s->cell, CELL_PASSKEY_BEGIN, cell_token, ask, &r);
	assert_int_equal(r.type, AUTHORITY_CHALLENGE);
	AUTHORITY_ASK(&s->k, s->cell, CELL_PASSKEY_END, cell_passkey_end, end, &r);
	assert_int_equal(r.type, AUTHORITY_DONE);
}

static uint8_t prove(struct scene *s, int cell, const struct hash32 *login, const char *credential,
		     const char *signature)
{
	const struct cell_transaction ask = { .transaction = *login };
	const struct cell_passkey_prove proof = { .transaction = *login,
						  .credential = view_str(credential),
						  .signature = view_str(signature) };
	struct kit_reply r;

	AUTHORITY_ASK(&s->k, cell, CELL_PASSKEY_ASK, cell_transaction, ask, &r);
	assert_int_equal(r.type, AUTHORITY_CHALLENGE);
	AUTHORITY_ASK(&s->k, cell, CELL_PASSKEY_PROVE, cell_passkey_prove, proof, &r);
	return login_of(&r).state;
}

static void test_passkey(void **state)
{
	struct scene *s = *state;
	struct hash32 login = authority_kit_hash(4, 1), token = authority_kit_hash(3, 1);
	const struct cell_passkey_prove again = { .transaction = login,
						  .credential = VIEW("one"),
						  .signature = VIEW("one") };
	int cell = authority_kit_cell(&s->k, 2, "203.0.113.1", 5);
	struct kit_reply r;

	enrol_key(s, "key one");
	(void)begin(s, cell, &login, NULL, 0);
	assert_int_equal(prove(s, cell, &login, "two", "two"), LOGIN_FAILED);
	assert_int_equal(prove(s, cell, &login, "one", "two"), LOGIN_FAILED);
	assert_int_equal(prove(s, cell, &login, "one", "one"), LOGIN_DONE);
	assert_int_equal(finish(s, cell, &login, &token), GATE_OK);
	/* a challenge is good once */
	(void)begin(s, cell, &login, NULL, 0);
	AUTHORITY_ASK(&s->k, cell, CELL_PASSKEY_PROVE, cell_passkey_prove, again, &r);
	assert_int_equal(login_of(&r).state, LOGIN_GONE);
	close(cell);
}

/* WebAuthn §7.1 step 26: a key is one user's; one that the verifier refuses is nobody's. */
static void test_passkey_twice(void **state)
{
	struct scene *s = *state;
	const struct cell_token ask = { .token = s->token };
	struct cell_passkey_end end = { .token = s->token, .name = VIEW("again") };
	static const char *const attestations[] = { "key one", "no key" };
	struct kit_reply r;

	enrol_key(s, "key one");
	for (unsigned i = 0; i < 2; i++) {
		end.attestation = view_str(attestations[i]);
		AUTHORITY_ASK(&s->k, s->cell, CELL_PASSKEY_BEGIN, cell_token, ask, &r);
		AUTHORITY_ASK(&s->k, s->cell, CELL_PASSKEY_END, cell_passkey_end, end, &r);
		assert_int_equal(refused_of(&r).reason, GATE_WHY_ATTESTATION);
	}
	AUTHORITY_ASK(&s->k, s->cell, CELL_PASSKEY_END, cell_passkey_end, end, &r);
	assert_int_equal(refused_of(&r).reason, GATE_WHY_EXPIRED); /* without a challenge */
}

/* WebAuthn §6.1.1: a counter that goes back, or stands still, means that there are two. */
static void test_copied_passkey(void **state)
{
	struct scene *s = *state;
	struct hash32 login = authority_kit_hash(4, 1);

	s->k.key_count = 5;
	enrol_key(s, "key one");
	(void)begin(s, s->cell, &login, NULL, 0);
	assert_int_equal(prove(s, s->cell, &login, "one", "one"), LOGIN_FAILED);
	s->k.key_count = 6;
	assert_int_equal(prove(s, s->cell, &login, "one", "one"), LOGIN_DONE);
	login = authority_kit_hash(4, 2);
	(void)begin(s, s->cell, &login, NULL, 0);
	s->k.key_count = 2;
	assert_int_equal(prove(s, s->cell, &login, "one", "one"), LOGIN_FAILED);
	assert_int_equal(authority_kit_told(&s->k, "factor.copied refused jan"), 2);
}

/* An application that wants a passkey: step-up by one, and no more is asked. */
static void test_step_up(void **state)
{
	struct scene *s = *state;
	uint64_t vault = authority_kit_app(&s->k, "vault");
	struct hash32 login = authority_kit_hash(4, 1), app = authority_kit_hash(6, 1),
		      fresh = authority_kit_hash(7, 1);
	struct authority_login l = { 0 };

	enrol_key(s, "key one");
	authority_kit_forget_factor(&s->k, "jan", GATE_PASSWORD | GATE_TOTP);
	assert_int_equal(authority_kit_enter(&s->k, s->cell, vault, &s->token, &app), GATE_STEP_UP);
	l = begin(s, s->cell, &login, &s->token, vault);
	assert_int_equal(l.offers, GATE_PASSKEY);
	assert_int_equal(prove(s, s->cell, &login, "one", "one"), LOGIN_DONE);
	assert_int_equal(finish(s, s->cell, &login, &fresh), GATE_OK);
	assert_int_equal(authority_kit_enter(&s->k, s->cell, vault, &fresh, &app), GATE_OK);
}

/* Combinations of a passkey and something else, in either order; a second factor is of the same
 * user. */
static void test_combinations(void **state)
{
	struct scene *s = *state;
	static const char *const required[] = { "[[passkey, password]]     ",
						"[[passkey, totp]]         " };
	struct hash32 login = authority_kit_hash(4, 1);
	char yaml[4096], at[7];
	char *place = NULL;

	enrol_key(s, "key one");
	for (unsigned i = 0; i < 2; i++) {
		strcpy(yaml, authority_kit_yaml);
		place = strstr(yaml, "[[passkey], [password, totp]]");
		assert_non_null(place);
		memset(place, ' ', 29);
		memcpy(place, required[i], strlen(required[i]));
		authority_kit_reload(&s->k, yaml);
		login = authority_kit_hash(4, (uint16_t)i);
		(void)begin(s, s->cell, &login, NULL, 0);
		assert_int_equal(prove(s, s->cell, &login, "one", "one"),
				 i == 0 ? LOGIN_FIRST : LOGIN_CODE);
		if (i == 1) {
			assert_int_equal(code(s, s->cell, &login, now(s, at), 0).state, LOGIN_DONE);
			continue;
		}
		assert_int_equal(begin(s, s->cell, &login, NULL, 0).offers, GATE_PASSWORD);
		assert_int_equal(password(s, s->cell, &login, "jan", "correct horse battery").state,
				 LOGIN_DONE);
		login = authority_kit_hash(5, 1);
		(void)begin(s, s->cell, &login, NULL, 0);
		assert_int_equal(password(s, s->cell, &login, "jan", "correct horse battery").state,
				 LOGIN_FIRST);
		assert_int_equal(prove(s, s->cell, &login, "one", "one"), LOGIN_DONE);
		/* eve's password beside jan's key is nothing */
		authority_kit_user(&s->k, "eve", "");
		login = authority_kit_hash(5, 2);
		(void)begin(s, s->cell, &login, NULL, 0);
		assert_int_equal(prove(s, s->cell, &login, "one", "one"), LOGIN_FIRST);
		assert_int_equal(password(s, s->cell, &login, "eve", "correct horse battery").state,
				 LOGIN_FAILED);
	}
}

/* ---- invitations ---- */

static uint8_t look(struct scene *s, const struct hash32 *invite)
{
	const struct cell_transaction ask = { .transaction = *invite };
	struct authority_verdict v = { 0 };
	struct kit_reply r;

	AUTHORITY_ASK(&s->k, s->cell, CELL_INVITE_LOOK, cell_transaction, ask, &r);
	CHECK_OK(authority_verdict_get(r.body, &v));
	assert_int_equal(v.verdict, v.reason == GATE_WHY_NOTHING ? GATE_OK : GATE_DENIED);
	return v.reason;
}

static void test_invitations(void **state)
{
	struct scene *s = *state;
	struct hash32 secret = authority_kit_hash(8, 1), unknown = authority_kit_hash(8, 2),
		      one = authority_kit_hash(9, 1), two = authority_kit_hash(9, 2);
	const struct tool_act act = {
		.kind = ACT_INVITE_ADD, .name = VIEW("piet"), .number = 3600, .secret = secret
	};
	struct cell_invited open = { .invite = secret, .token = one, .agent = VIEW("a browser") };
	int cell = -1;
	struct kit_reply r;

	authority_kit_user(&s->k, "piet", "");
	cell = authority_kit_cell(&s->k, 2, "203.0.113.1", 5);
	assert_true(authority_kit_act(&s->k, &act, NULL).is_done);
	assert_int_equal(look(s, &secret), GATE_WHY_NOTHING);
	assert_int_equal(look(s, &unknown), GATE_WHY_UNKNOWN);
	AUTHORITY_ASK(&s->k, cell, CELL_INVITED, cell_invited, open, &r);
	assert_int_equal(authority_kit_session(&s->k, cell, &one, NULL), GATE_ENROL);
	/* it may do nothing but enrol */
	assert_int_equal(
		authority_kit_enter(&s->k, cell, authority_kit_app(&s->k, "files"), &one, &unknown),
		GATE_ENROL);
	open.token = two;
	AUTHORITY_ASK(&s->k, cell, CELL_INVITED, cell_invited, open, &r);
	assert_int_equal(authority_kit_session(&s->k, cell, &one, NULL), GATE_ENDED);
	assert_int_equal(authority_kit_session(&s->k, cell, &two, NULL), GATE_ENROL);
	authority_kit_enrol_factors(&s->k, cell, &two, s->key);
	assert_int_equal(authority_kit_session(&s->k, cell, &two, NULL), GATE_OK);
	assert_int_equal(look(s, &secret), GATE_WHY_USED);
	AUTHORITY_ASK(&s->k, cell, CELL_INVITED, cell_invited, open, &r);
	assert_int_equal(refused_of(&r).reason, GATE_WHY_USED);
	close(cell);
}

static void test_invitation_expires(void **state)
{
	struct scene *s = *state;
	const struct tool_act act = { .kind = ACT_INVITE_ADD,
				      .name = VIEW("jan"),
				      .number = 60,
				      .secret = authority_kit_hash(8, 1) };

	assert_true(authority_kit_act(&s->k, &act, NULL).is_done);
	authority_kit_wait(&s->k, 61);
	assert_int_equal(look(s, &act.secret), GATE_WHY_EXPIRED);
}

/* ---- factors ---- */

static uint8_t remove_factor(struct scene *s, uint8_t kind)
{
	struct factor f = { 0 };
	struct cell_number ask = { .token = s->token };
	struct kit_reply r;

	CHECK_OK(factor_of_kind(s->k.a, 1, kind, &f));
	ask.number = f.id;
	AUTHORITY_ASK(&s->k, s->cell, CELL_FACTOR_REMOVE, cell_number, ask, &r);
	return r.type == AUTHORITY_DONE ? 0 : refused_of(&r).reason;
}

static void test_last_factor(void **state)
{
	struct scene *s = *state;

	assert_int_equal(remove_factor(s, GATE_TOTP), GATE_WHY_LAST);
	assert_int_equal(remove_factor(s, GATE_PASSWORD), GATE_WHY_LAST);
	enrol_key(s, "key one");
	assert_int_equal(remove_factor(s, GATE_TOTP), 0);
	assert_int_equal(remove_factor(s, GATE_PASSKEY), GATE_WHY_LAST);
	assert_int_equal(authority_kit_told(&s->k, "factor.removed ok jan phone"), 1);
}

static void test_needs_fresh(void **state)
{
	struct scene *s = *state;
	const struct cell_token ask = { .token = s->token };
	struct kit_reply r;

	authority_kit_wait(&s->k, 301);
	AUTHORITY_ASK(&s->k, s->cell, CELL_TOTP_BEGIN, cell_token, ask, &r);
	assert_int_equal(refused_of(&r).reason, GATE_WHY_FRESH);
	assert_int_equal(remove_factor(s, GATE_TOTP), GATE_WHY_FRESH);
}

/* A wrong code does not need another scan; ten of them do. */
static void test_totp_enrolment(void **state)
{
	struct scene *s = *state;
	const struct cell_token ask = { .token = s->token };
	const struct cell_totp_end wrong = { .token = s->token,
					     .name = VIEW("tablet"),
					     .code = VIEW("000000") };
	struct authority_secret a = { 0 }, b = { 0 };
	struct kit_reply r, q;

	AUTHORITY_ASK(&s->k, s->cell, CELL_TOTP_BEGIN, cell_token, ask, &r);
	CHECK_OK(authority_secret_get(r.body, &a));
	assert_true(view_starts(a.uri, VIEW("otpauth://totp/Example:jan?secret=")));
	AUTHORITY_ASK(&s->k, s->cell, CELL_TOTP_END, cell_totp_end, wrong, &q);
	assert_int_equal(refused_of(&q).reason, GATE_WHY_WRONG);
	AUTHORITY_ASK(&s->k, s->cell, CELL_TOTP_BEGIN, cell_token, ask, &q);
	CHECK_OK(authority_secret_get(q.body, &b));
	assert_true(view_eq(a.base32, b.base32));
	for (unsigned i = 0; i < 9; i++)
		AUTHORITY_ASK(&s->k, s->cell, CELL_TOTP_END, cell_totp_end, wrong, &q);
	AUTHORITY_ASK(&s->k, s->cell, CELL_TOTP_END, cell_totp_end, wrong, &q);
	assert_int_equal(refused_of(&q).reason, GATE_WHY_EXPIRED);
}

static uint8_t set_password(struct scene *s, const char *old, const char *fresh)
{
	const struct cell_password_set ask = { .token = s->token,
					       .old = view_str(old),
					       .fresh = view_str(fresh) };
	struct kit_reply r;

	AUTHORITY_ASK(&s->k, s->cell, CELL_PASSWORD_SET, cell_password_set, ask, &r);
	return r.type == AUTHORITY_DONE ? 0 : refused_of(&r).reason;
}

static void test_password_change(void **state)
{
	struct scene *s = *state;
	struct hash32 token = authority_kit_hash(3, 1);
	int cell = authority_kit_cell(&s->k, 2, "192.0.2.1", 1);

	assert_int_equal(authority_kit_login(&s->k, cell, "jan", s->key, &token), GATE_OK);
	assert_int_equal(set_password(s, "correct horse battery", "short"), GATE_WHY_WEAK);
	assert_int_equal(set_password(s, "correct horse battery", "A PERSON"), GATE_WHY_WEAK);
	assert_int_equal(set_password(s, "not the old one", "another long password"),
			 GATE_WHY_WRONG);
	assert_int_equal(set_password(s, "correct horse battery", "another long password"), 0);
	/* whoever knew the old one may be logged in elsewhere */
	assert_int_equal(authority_kit_session(&s->k, cell, &token, NULL), GATE_ENDED);
	assert_int_equal(authority_kit_session(&s->k, s->cell, &s->token, NULL), GATE_OK);
	assert_int_equal(authority_kit_told(&s->k, "password.changed ok jan"), 2);
	close(cell);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_right),
		CASE(test_nothing_is_told),
		CASE(test_no_lock_out),
		CASE(test_replayed_code),
		CASE(test_recovery),
		CASE(test_transactions_are_few),
		CASE(test_rehash),
		CASE(test_verifier_is_busy),
		CASE(test_flood_of_transactions),
		CASE(test_passkey),
		CASE(test_passkey_twice),
		CASE(test_copied_passkey),
		CASE(test_step_up),
		CASE(test_combinations),
		CASE(test_invitations),
		CASE(test_invitation_expires),
		CASE(test_last_factor),
		CASE(test_needs_fresh),
		CASE(test_totp_enrolment),
		CASE(test_password_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
