/* Sessions: tokens, rotation and theft, binding, ends (promises P2, P7; THREATS A10-A12, A17). */
#include "../../check.h"

#include "role/authority/session.h"
#include "tests/ipc/authority_kit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct scene {
	struct authority_kit k;
	struct hash32 token, app_token;
	uint64_t cases;
	uint8_t key[20];
	int cell;
};

static int setup(void **state)
{
	struct scene *s = calloc(1, sizeof *s);
	struct tool_act group = { .kind = ACT_GROUP_ADD, .name = VIEW("staff") };

	authority_kit_open(&s->k, authority_kit_yaml);
	assert_true(authority_kit_act(&s->k, &group, NULL).is_done);
	authority_kit_user(&s->k, "jan", "staff");
	s->token = authority_kit_hash(1, 1);
	s->app_token = authority_kit_hash(3, 1);
	s->cases = authority_kit_app(&s->k, "cases");
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

static void enter(struct scene *s)
{
	assert_int_equal(authority_kit_enter(&s->k, s->cell, s->cases, &s->token, &s->app_token),
			 GATE_OK);
}

static uint8_t shown(struct scene *s, const struct hash32 *token)
{
	return authority_kit_session(&s->k, s->cell, token, NULL);
}

static uint8_t granted(struct scene *s, const struct hash32 *token)
{
	return authority_kit_grant(&s->k, s->cell, s->cases, token, NULL);
}

static bool rotate(struct scene *s, uint64_t app, const struct hash32 *old,
		   const struct hash32 *fresh)
{
	const struct cell_rotate ask = { .app = app, .old = *old, .fresh = *fresh };
	struct kit_reply r;

	AUTHORITY_ASK(&s->k, s->cell, CELL_ROTATE, cell_rotate, ask, &r);
	return r.type == AUTHORITY_DONE;
}

static struct authority_tool_end act(struct scene *s, enum tool_act_kind kind, const char *name,
				     const char *list)
{
	const struct tool_act a = { .kind = (uint8_t)kind,
				    .name = view_str(name),
				    .list = view_str(list) };

	return authority_kit_act(&s->k, &a, NULL);
}

static void test_enrol_makes_session(void **state)
{
	struct scene *s = *state;
	struct authority_session got = { 0 };

	assert_int_equal(authority_kit_session(&s->k, s->cell, &s->token, &got), GATE_OK);
	assert_int_equal(got.factors, GATE_PASSWORD | GATE_TOTP);
	CHECK_VIEW(got.user, "jan");
	assert_int_equal(s->k.gate->session[got.slot], got.generation);
	assert_int_equal(s->k.gate->logged_in[1], 1);
	assert_int_equal(authority_kit_told(&s->k, "invite.used ok jan"), 1);
	assert_int_equal(authority_kit_told(&s->k, "invite.made ok uid:1000"), 1);
}

static void test_login_and_app(void **state)
{
	struct scene *s = *state;
	struct hash32 token = authority_kit_hash(2, 1), app_token = authority_kit_hash(4, 1);
	int cell = authority_kit_cell(&s->k, 2, "192.0.2.1", 1);
	struct authority_grant g = { 0 };

	assert_int_equal(authority_kit_login(&s->k, cell, "jan", s->key, &token), GATE_OK);
	assert_int_equal(authority_kit_enter(&s->k, cell, s->cases, &token, &app_token), GATE_OK);
	assert_int_equal(s->k.last_allowed, s->cases);
	assert_int_equal(authority_kit_grant(&s->k, cell, s->cases, &app_token, &g), GATE_OK);
	CHECK_VIEW(g.assertion, "jwt of jan");
	CHECK_VIEW(g.user, "jan");
	assert_true(g.fresh_s > s->k.wall_s && g.fresh_s <= s->k.wall_s + 40);
	/* a token is good for its own host alone */
	assert_int_equal(authority_kit_session(&s->k, cell, &app_token, NULL), GATE_NONE);
	assert_int_equal(authority_kit_grant(&s->k, cell, authority_kit_app(&s->k, "files"),
					     &app_token, NULL),
			 GATE_NONE);
	assert_int_equal(authority_kit_grant(&s->k, cell, s->cases, &token, NULL), GATE_NONE);
	close(cell);
}

/* A code enters once, for its application, with its nonce, within half a minute. */
static void test_tickets(void **state)
{
	struct scene *s = *state;
	struct cell_ticket ticket = { .token = s->token,
				      .app = s->cases,
				      .nonce = authority_kit_hash(5, 1),
				      .code = authority_kit_hash(6, 1) };
	struct cell_enter enter = { .app = s->cases, .code = ticket.code, .nonce = ticket.nonce };
	struct authority_grant g = { 0 };
	struct kit_reply r;

	for (unsigned i = 0; i < 5; i++) {
		ticket.code = enter.code = authority_kit_hash(6, (uint16_t)i);
		enter.nonce = ticket.nonce;
		enter.app = s->cases;
		enter.token = authority_kit_hash(7, (uint16_t)i);
		AUTHORITY_ASK(&s->k, s->cell, CELL_TICKET, cell_ticket, ticket, &r);
		assert_int_equal(r.type, AUTHORITY_VERDICT);
		if (i == 1)
			enter.nonce.b[3] ^= 1;
		if (i == 2)
			enter.app = authority_kit_app(&s->k, "files");
		if (i == 3)
			authority_kit_wait(&s->k, 31);
		AUTHORITY_ASK(&s->k, s->cell, CELL_ENTER, cell_enter, enter, &r);
		CHECK_OK(authority_grant_get(r.body, &g));
		assert_int_equal(g.verdict, i == 0 || i == 4 ? GATE_OK : GATE_NONE);
		enter.nonce = ticket.nonce;
		enter.app = s->cases;
		enter.token = authority_kit_hash(8, (uint16_t)i);
		AUTHORITY_ASK(&s->k, s->cell, CELL_ENTER, cell_enter, enter, &r);
		CHECK_OK(authority_grant_get(r.body, &g));
		assert_int_equal(g.verdict, GATE_NONE); /* once, whatever came of it */
	}
}

static void test_rotation(void **state)
{
	struct scene *s = *state;
	struct hash32 fresh = authority_kit_hash(1, 2);
	struct authority_session got = { 0 };

	assert_int_equal(authority_kit_session(&s->k, s->cell, &s->token, &got), GATE_OK);
	assert_false(got.flags & GATE_WANTS_ROTATION);
	authority_kit_wait(&s->k, 301);
	assert_int_equal(authority_kit_session(&s->k, s->cell, &s->token, &got), GATE_OK);
	assert_true(got.flags & GATE_WANTS_ROTATION);
	/* one is asked, the next who comes at the same moment is not */
	assert_int_equal(authority_kit_session(&s->k, s->cell, &s->token, &got), GATE_OK);
	assert_false(got.flags & GATE_WANTS_ROTATION);
	assert_true(rotate(s, 0, &s->token, &fresh));
	/* the answer may have been lost: the old one is good as long as the new one is not used */
	authority_kit_wait(&s->k, 60);
	assert_int_equal(shown(s, &s->token), GATE_OK);
	assert_int_equal(shown(s, &fresh), GATE_OK);
	/* answers cross */
	authority_kit_wait(&s->k, AUTHORITY_GRACE_S - 1);
	assert_int_equal(shown(s, &s->token), GATE_OK);
	assert_int_equal(shown(s, &fresh), GATE_OK);
	/* who brings it later has a copy */
	authority_kit_wait(&s->k, 1);
	assert_int_equal(shown(s, &s->token), GATE_ENDED);
	assert_int_equal(shown(s, &fresh), GATE_ENDED);
	assert_int_equal(s->k.gate->session[got.slot], 0);
	assert_int_equal(s->k.gate->reuses, 1);
	assert_int_equal(authority_kit_told(&s->k, "session.reuse ended jan"), 1);
}

/* The token of an application likewise: the portal's session ends with it. */
static void test_app_token_reuse(void **state)
{
	struct scene *s = *state;
	struct hash32 fresh = authority_kit_hash(3, 2);
	struct authority_grant g = { 0 };

	enter(s);
	authority_kit_wait(&s->k, 301);
	assert_int_equal(authority_kit_grant(&s->k, s->cell, s->cases, &s->app_token, &g), GATE_OK);
	assert_true(g.flags & GATE_WANTS_ROTATION);
	assert_true(rotate(s, s->cases, &s->app_token, &fresh));
	assert_int_equal(granted(s, &fresh), GATE_OK);
	authority_kit_wait(&s->k, AUTHORITY_GRACE_S + 1);
	assert_int_equal(granted(s, &s->app_token), GATE_ENDED);
	assert_int_equal(shown(s, &s->token), GATE_ENDED);
	assert_int_equal(granted(s, &fresh), GATE_ENDED);
}

/* Entering again replaces the token: the old one is soon unknown, and nobody cries theft. */
static void test_enter_again(void **state)
{
	struct scene *s = *state;
	struct hash32 first = s->app_token;

	enter(s);
	s->app_token = authority_kit_hash(3, 3);
	enter(s);
	assert_int_equal(granted(s, &first), GATE_OK);
	authority_kit_wait(&s->k, AUTHORITY_GRACE_S + 1);
	assert_int_equal(granted(s, &first), GATE_NONE);
	assert_int_equal(granted(s, &s->app_token), GATE_OK);
	assert_int_equal(s->k.gate->reuses, 0);
}

static void test_rotate_needs_current(void **state)
{
	struct scene *s = *state;
	struct hash32 fresh = authority_kit_hash(1, 2), third = authority_kit_hash(1, 3),
		      nobody = authority_kit_hash(9, 9), zero = { 0 };

	assert_false(rotate(s, 0, &nobody, &fresh));
	assert_false(rotate(s, 0, &s->token, &zero));
	assert_true(rotate(s, 0, &s->token, &fresh));
	assert_false(rotate(s, 0, &s->token, &fresh)); /* a hash is somebody's once */
	assert_int_equal(shown(s, &fresh), GATE_OK);
	assert_false(rotate(s, 0, &s->token, &third));
}

/* strict: network (RFC 6177 §2: a site) and kind of client; a thief of the cookie has neither. */
static void test_binding(void **state)
{
	struct scene *s = *state;
	int near = authority_kit_cell(&s->k, 2, "192.0.2.200", 1),
	    far = authority_kit_cell(&s->k, 3, "198.51.100.1", 1),
	    other = authority_kit_cell(&s->k, 4, "192.0.2.1", 2);

	assert_int_equal(authority_kit_session(&s->k, near, &s->token, NULL), GATE_OK);
	assert_int_equal(authority_kit_session(&s->k, far, &s->token, NULL), GATE_MISMATCH);
	assert_int_equal(authority_kit_session(&s->k, other, &s->token, NULL), GATE_MISMATCH);
	assert_int_equal(authority_kit_session(&s->k, far, &s->token, NULL), GATE_MISMATCH);
	assert_int_equal(authority_kit_told(&s->k, "session.moved asked jan another network"), 1);
	assert_int_equal(authority_kit_told(&s->k, "session.moved asked jan another client"), 1);
	assert_int_equal(s->k.gate->logged_in[3], 0);
	assert_int_equal(shown(s, &s->token), GATE_OK);
	close(near);
	close(far);
	close(other);
}

/* A factor again, and it is bound to where that was. */
static void test_bound_anew(void **state)
{
	struct scene *s = *state;
	struct hash32 fresh = authority_kit_hash(2, 1);
	int far = authority_kit_cell(&s->k, 3, "198.51.100.1", 1);

	assert_int_equal(authority_kit_session(&s->k, far, &s->token, NULL), GATE_MISMATCH);
	assert_int_equal(authority_kit_step_up(&s->k, far, "jan", s->key, &s->token, &fresh),
			 GATE_OK);
	assert_int_equal(authority_kit_session(&s->k, far, &fresh, NULL), GATE_OK);
	assert_int_equal(shown(s, &fresh), GATE_MISMATCH);
	close(far);
}

static void test_mismatch_ends(void **state)
{
	struct scene *s = *state;
	char yaml[4096];
	struct wbuf w = wbuf_of(yaml, sizeof yaml - 1);
	const char *at = strstr(authority_kit_yaml, "step_up: 5m");
	int far = authority_kit_cell(&s->k, 3, "198.51.100.1", 1);

	wbuf_put(&w, authority_kit_yaml, (size_t)(at - authority_kit_yaml));
	WBUF_LIT(&w, "on_mismatch: end, ");
	wbuf_str(&w, at);
	yaml[w.n] = 0;
	authority_kit_reload(&s->k, yaml);
	assert_int_equal(authority_kit_session(&s->k, far, &s->token, NULL), GATE_ENDED);
	assert_int_equal(shown(s, &s->token), GATE_ENDED);
	close(far);
}

/* A connection is one person's. */
static void test_other(void **state)
{
	struct scene *s = *state;
	struct hash32 token = authority_kit_hash(2, 7);
	uint8_t key[20];
	int cell = authority_kit_cell(&s->k, 2, "192.0.2.1", 1);

	authority_kit_user(&s->k, "piet", "");
	authority_kit_enrol(&s->k, cell, "piet", &token, key);
	assert_int_equal(authority_kit_session(&s->k, cell, &s->token, NULL), GATE_OTHER);
	assert_int_equal(shown(s, &token), GATE_OTHER);
	assert_int_equal(authority_kit_session(&s->k, cell, &token, NULL), GATE_OK);
	close(cell);
}

static void test_idle(void **state)
{
	struct scene *s = *state;

	for (unsigned i = 0; i < 4; i++) {
		authority_kit_wait(&s->k, 29 * 60);
		assert_int_equal(shown(s, &s->token), GATE_OK);
	}
	authority_kit_restart(&s->k);
	close(s->cell);
	s->cell = authority_kit_cell(&s->k, 1, "192.0.2.1", 1);
	assert_int_equal(shown(s, &s->token), GATE_OK);
	authority_kit_wait(&s->k, 30 * 60 + 1);
	assert_int_equal(shown(s, &s->token), GATE_ENDED);
}

/* Use of a WebSocket counts, of the cell's own session alone. */
static void test_used(void **state)
{
	struct scene *s = *state;
	struct authority_session got = { 0 };
	struct cell_used used = { 0 };
	int other = authority_kit_cell(&s->k, 2, "192.0.2.1", 1);
	uint8_t body[16];
	struct wbuf w = wbuf_of(body, sizeof body);

	assert_int_equal(authority_kit_session(&s->k, s->cell, &s->token, &got), GATE_OK);
	used.slot = got.slot;
	used.generation = got.generation;
	CHECK_OK(cell_used_put(&w, &used));
	for (unsigned i = 0; i < 4; i++) {
		authority_kit_wait(&s->k, 29 * 60);
		authority_kit_say(s->cell, CELL_USED, 0, wbuf_view(&w));
		authority_kit_run(&s->k);
	}
	assert_int_equal(shown(s, &s->token), GATE_OK);
	authority_kit_wait(&s->k, 29 * 60);
	authority_kit_say(other, CELL_USED, 0, wbuf_view(&w));
	authority_kit_wait(&s->k, 2 * 60);
	assert_int_equal(shown(s, &s->token), GATE_ENDED);
	close(other);
}

static void test_lifetime(void **state)
{
	struct scene *s = *state;

	for (unsigned i = 0; i < 10 * 60 / 25; i++) {
		authority_kit_wait(&s->k, 25 * 60);
		if (i < 23)
			assert_int_equal(shown(s, &s->token), GATE_OK);
	}
	assert_int_equal(shown(s, &s->token), GATE_ENDED);
	assert_int_equal(authority_kit_told(&s->k, "session.ended ended jan its time is up"), 1);
}

/* P7: the page at once, dialers too, and the cell that goes on two seconds later. */
static void test_revoke(void **state)
{
	struct scene *s = *state;
	struct authority_session got = { 0 };
	struct tool_act act = { .kind = ACT_SESSION_REVOKE, .flags = 1 };
	struct kit_reply r;

	enter(s);
	assert_int_equal(authority_kit_session(&s->k, s->cell, &s->token, &got), GATE_OK);
	assert_true(authority_kit_act(&s->k, &act, NULL).is_done);
	assert_int_equal(s->k.gate->session[got.slot], 0);
	assert_int_equal(s->k.gate->logged_in[1], 0);
	assert_int_equal(s->k.forbids, 1);
	assert_int_equal(shown(s, &s->token), GATE_ENDED);
	assert_int_equal(granted(s, &s->app_token), GATE_ENDED);
	authority_kit_wait(&s->k, 1);
	assert_int_equal(s->k.kills, 0);
	authority_kit_wait(&s->k, 1);
	assert_int_equal(s->k.kills, 1);
	assert_false(authority_kit_hear(&s->k, s->cell, &r));
	assert_int_equal(authority_kit_told(&s->k, "session.revoked ended uid:1000 by command"), 1);
}

static void test_logout(void **state)
{
	struct scene *s = *state;
	struct cell_logout ask = { .token = s->token };
	struct kit_reply r;

	enter(s);
	AUTHORITY_ASK(&s->k, s->cell, CELL_LOGOUT, cell_logout, ask, &r);
	assert_int_equal(r.type, AUTHORITY_DONE);
	assert_int_equal(granted(s, &s->app_token), GATE_ENDED);
	AUTHORITY_ASK(&s->k, s->cell, CELL_LOGOUT, cell_logout, ask, &r);
	assert_int_equal(r.type, AUTHORITY_DONE); /* again: it has ended */
	assert_int_equal(authority_kit_told(&s->k, "logout ok jan"), 1);
}

static void test_disable(void **state)
{
	struct scene *s = *state;

	assert_true(act(s, ACT_USER_DISABLE, "jan", "").is_done);
	assert_int_equal(shown(s, &s->token), GATE_ENDED);
	assert_int_equal(authority_kit_told(&s->k, "user.disabled ok uid:1000"), 1);
}

/* P11: a crash loses no session; P7: streams go on under the same generation. */
static void test_restart(void **state)
{
	struct scene *s = *state;
	struct authority_session before = { 0 }, after = { 0 };

	enter(s);
	assert_int_equal(authority_kit_session(&s->k, s->cell, &s->token, &before), GATE_OK);
	authority_kit_restart(&s->k);
	close(s->cell);
	assert_int_equal(s->k.gate->session[before.slot], before.generation);
	s->cell = authority_kit_cell(&s->k, 1, "192.0.2.1", 1);
	assert_int_equal(authority_kit_session(&s->k, s->cell, &s->token, &after), GATE_OK);
	assert_int_equal(after.generation, before.generation);
	assert_int_equal(granted(s, &s->app_token), GATE_OK);
}

/* Another program wrote the store: all sessions end. */
static void test_upgrade(void **state)
{
	struct scene *s = *state;
	struct store_ask q = store_ask(&s->k.a->store, Q_META_SET);

	store_put_text(&q, VIEW("program"));
	store_put_blob(&q, VIEW("another one"));
	CHECK_OK(store_run(&q));
	authority_kit_restart(&s->k);
	close(s->cell);
	s->cell = authority_kit_cell(&s->k, 1, "192.0.2.1", 1);
	assert_int_equal(shown(s, &s->token), GATE_ENDED);
	assert_int_equal(authority_kit_told(&s->k, "session.revoked ended jan Sluis was upgraded"),
			 1);
}

/* Another key of assertions likewise. */
static void test_other_key(void **state)
{
	struct scene *s = *state;
	struct store_ask q = store_ask(&s->k.a->store, Q_META_SET);

	store_put_text(&q, VIEW("token_key"));
	store_put_hash(&q, &s->token);
	CHECK_OK(store_run(&q));
	authority_kit_restart(&s->k);
	close(s->cell);
	s->cell = authority_kit_cell(&s->k, 1, "192.0.2.1", 1);
	assert_int_equal(shown(s, &s->token), GATE_ENDED);
}

/* Groups and rules: whoever may no longer is asked anew at once. */
static void test_again(void **state)
{
	struct scene *s = *state;
	struct authority_session got = { 0 };
	struct authority_grant g = { 0 };
	char yaml[4096];
	char *at = NULL;

	enter(s);
	assert_int_equal(authority_kit_session(&s->k, s->cell, &s->token, &got), GATE_OK);
	assert_true(act(s, ACT_GROUP_LEAVE, "staff", "jan").is_done);
	assert_int_not_equal(s->k.gate->session[got.slot], got.generation);
	assert_int_equal(s->k.forbids, 1);
	assert_int_equal(granted(s, &s->app_token), GATE_DENIED);
	assert_int_equal(shown(s, &s->token), GATE_OK);
	assert_int_equal(authority_kit_told(&s->k, "access.denied refused jan"), 1);

	assert_true(act(s, ACT_GROUP_JOIN, "staff", "jan").is_done);
	assert_int_equal(authority_kit_grant(&s->k, s->cell, s->cases, &s->app_token, &g), GATE_OK);
	strcpy(yaml, authority_kit_yaml);
	at = strstr(yaml, "{group: staff}");
	assert_non_null(at);
	at[9] = 'x';
	authority_kit_reload(&s->k, yaml);
	assert_int_not_equal(s->k.gate->session[g.slot], g.generation);
	assert_int_equal(granted(s, &s->app_token), GATE_DENIED);
}

/* The minute of the day, as rules write it; in the machine's time zone, as rules mean it. */
static void put_minute(struct wbuf *w, uint64_t wall_s)
{
	time_t at = (time_t)wall_s;
	struct tm tm = { 0 };
	char text[8];

	assert_non_null(localtime_r(&at, &tm));
	(void)strftime(text, sizeof text, "%H:%M", &tm);
	wbuf_str(w, text);
}

/* A stream asks for nothing anew: when its time is over it ends without a request (P7). */
static void test_time_ends(void **state)
{
	struct scene *s = *state;
	struct authority_grant g = { 0 };
	char yaml[4096];
	struct wbuf w = wbuf_of(yaml, sizeof yaml - 1);
	struct view all = view_str(authority_kit_yaml), rule = VIEW("{group: staff}");
	const char *found = strstr(authority_kit_yaml, "{group: staff}");
	size_t at = 0;

	assert_non_null(found);
	at = (size_t)(found - authority_kit_yaml);
	wbuf_view_put(&w, view_slice(all, 0, at));
	WBUF_LIT(&w, "{time: {from: \"");
	put_minute(&w, s->k.wall_s - 7200);
	WBUF_LIT(&w, "\", to: \"");
	put_minute(&w, s->k.wall_s + 120);
	WBUF_LIT(&w, "\"}}");
	wbuf_view_put(&w, view_slice(all, at + rule.n, all.n));
	assert_int_equal(wbuf_check(&w), E_OK);
	yaml[w.n] = 0;
	authority_kit_reload(&s->k, yaml);
	enter(s);
	assert_int_equal(authority_kit_grant(&s->k, s->cell, s->cases, &s->app_token, &g), GATE_OK);
	authority_kit_wait(&s->k, 30);
	assert_int_equal(s->k.gate->session[g.slot], g.generation);
	authority_kit_wait(&s->k, 120);
	assert_int_not_equal(s->k.gate->session[g.slot], g.generation);
	assert_int_equal(granted(s, &s->app_token), GATE_DENIED);
	assert_int_equal(shown(s, &s->token), GATE_OK);
}

static bool has(const char *p, size_t n, const uint8_t *what, size_t what_n)
{
	return memmem(p, n, what, what_n) != NULL;
}

/* A copy of the store: hashes of tokens, a hash of the password, and a sealed key. The first two
 * are what the cell and the verifier made; the key must not be there. */
static void test_copied_store(void **state)
{
	struct scene *s = *state;
	static const char *const files[] = { "sluis.db", "sluis.db-wal" };
	static char text[8 << 20];
	size_t n = 0;

	enter(s);
	for (unsigned i = 0; i < 2; i++) {
		int fd = openat(s->k.dir_fd, files[i], O_RDONLY);
		ssize_t got = fd < 0 ? 0 : read(fd, text + n, sizeof text - n);

		assert_true(got >= 0);
		n += (size_t)got;
		close(fd);
	}
	assert_true(has(text, n, s->token.b, 32)); /* the search works: this is a hash */
	assert_true(has(text, n, (const uint8_t *)"phone", 5));
	assert_false(has(text, n, s->key, 20));
	assert_false(has(text, n, s->key, 8));
}

static void test_sessions_per_user(void **state)
{
	struct scene *s = *state;

	for (uint16_t i = 0; i < AUTHORITY_SESSIONS_PER_USER; i++) {
		struct hash32 token = authority_kit_hash(9, i);
		int cell = authority_kit_cell(&s->k, 2, "192.0.2.1", 1);

		assert_int_equal(authority_kit_login(&s->k, cell, "jan", s->key, &token), GATE_OK);
		close(cell);
	}
	assert_int_equal(s->k.gate->sessions, AUTHORITY_SESSIONS_PER_USER);
	close(s->cell); /* its session was the one used longest ago */
	s->cell = authority_kit_cell(&s->k, 1, "192.0.2.1", 1);
	assert_int_equal(shown(s, &s->token), GATE_ENDED);
}

/* P7: all at once, in few transactions; none ends that the log does not hear of. */
static void test_revoke_all(void **state)
{
	struct scene *s = *state;
	const struct tool_act act = { .kind = ACT_SESSION_REVOKE, .flags = 1 };
	struct authority_cell cell = { .a = s->k.a, .slot = 9, .serial = 9 };
	struct authority_tool_end end = { 0 };
	unsigned rows[16] = { 0 };

	for (uint16_t i = 0; i < 600; i++) {
		struct session_wish wish = { .user = 2u + i / 30, .factors = GATE_PASSKEY };
		struct hash32 token = authority_kit_hash(9, i);
		struct session made = { 0 };
		char name[4] = "u00";

		name[1] = (char)('a' + i / 30);
		if (i % 30 == 0)
			authority_kit_user(&s->k, name, "");
		CHECK_OK(session_make(s->k.a, &cell, &wish, &token, &made));
	}
	end = authority_kit_act(&s->k, &act, rows);
	assert_true(end.is_done);
	assert_int_equal(end.n, 601);
	assert_true(rows[AUTHORITY_PROGRESS] >= 3);
	assert_int_equal(s->k.gate->sessions, 0);
	for (unsigned i = 0; i < PAGE_SESSIONS; i++)
		assert_int_equal(s->k.gate->session[i], 0);
	assert_int_equal(authority_kit_told(&s->k, "session.revoked ended uid:1000"), 601);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_enrol_makes_session),
		CASE(test_login_and_app),
		CASE(test_tickets),
		CASE(test_rotation),
		CASE(test_app_token_reuse),
		CASE(test_enter_again),
		CASE(test_rotate_needs_current),
		CASE(test_binding),
		CASE(test_bound_anew),
		CASE(test_mismatch_ends),
		CASE(test_other),
		CASE(test_idle),
		CASE(test_used),
		CASE(test_lifetime),
		CASE(test_revoke),
		CASE(test_logout),
		CASE(test_disable),
		CASE(test_restart),
		CASE(test_upgrade),
		CASE(test_other_key),
		CASE(test_again),
		CASE(test_time_ends),
		CASE(test_copied_store),
		CASE(test_sessions_per_user),
		CASE(test_revoke_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
