/*
 * `sluis user` and its like against an authority that answers what it should, and one that doesn't
 * (A20): rows become JSON, refusals an exit status, nonsense ends the conversation.
 */
#include "ipc/cell_authority.h"
#include "tests/unit/check.h"
#include "tool/admin_ask.h"
#include "tool/admin_line.h"

#include <getopt.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DAY = 1764000000 };

static void say(int fd, uint8_t type, const struct wbuf *w)
{
	assert_false(w->bad);
	assert_int_equal(frame_send(fd, type, 1, wbuf_view(w), NULL, 0), E_OK);
}

static void say_end(int fd, bool is_done, uint32_t n, const char *text)
{
	struct authority_tool_end end = { is_done, n, view_str(text) };
	uint8_t body[600];
	struct wbuf w = wbuf_of(body, sizeof body);

	CHECK_OK(authority_tool_end_put(&w, &end));
	say(fd, AUTHORITY_TOOL_END, &w);
}

static void say_user(int fd, const char *title)
{
	struct tool_user_row r = { .factors = GATE_PASSKEY | GATE_TOTP,
				   .sessions = 2,
				   .created_s = DAY,
				   .name = VIEW("jan"),
				   .title = view_str(title),
				   .groups = VIEW("staff\nothers"),
				   .locale = VIEW("nl") };
	uint8_t body[2000];
	struct wbuf w = wbuf_of(body, sizeof body);

	CHECK_OK(tool_user_row_put(&w, &r));
	say(fd, AUTHORITY_USER, &w);
}

static int pair(int *ret_authority)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	*ret_authority = fds[1];
	return fds[0];
}

static void test_rows(void **state)
{
	struct tool_act act = { .kind = ACT_USER_LIST };
	struct admin_answer a = { 0 };
	int authority = -1, fd = pair(&authority);
	const json_t *u = NULL;

	(void)state;
	say_user(authority, "Jan");
	say_user(authority, "\xff"); /* no UTF-8 */
	say_end(authority, true, 2, "");
	assert_int_equal(admin_ask(fd, NULL, &act, &a), 0);
	assert_int_equal(json_array_size(a.users), 2);
	u = json_array_get(a.users, 0);
	assert_string_equal(json_string_value(json_object_get(u, "name")), "jan");
	assert_string_equal(json_string_value(json_object_get(u, "created")),
			    "2025-11-24T16:00:00Z");
	assert_true(json_is_null(json_object_get(u, "seen")));
	assert_true(json_is_true(json_object_get(u, "enabled")));
	assert_int_equal(json_array_size(json_object_get(u, "groups")), 2);
	assert_string_equal(json_string_value(json_array_get(json_object_get(u, "factors"), 0)),
			    "totp");
	assert_true(json_is_null(json_object_get(json_array_get(a.users, 1), "title")));
	admin_answer_done(&a);
	close(fd);
	close(authority);
}

static void test_other_rows(void **state)
{
	struct tool_session_row s = { .number = 7,
				      .factors = 1,
				      .until_s = DAY,
				      .user = VIEW("jan"),
				      .agent = VIEW("Firefox") };
	struct tool_invite_row i = { .number = 3, .is_used = 1, .by = VIEW("uid:0") };
	struct tool_group_row g = { .users = 4, .name = VIEW("staff") };
	struct authority_factor_row f = { .number = 1, .kind = GATE_PASSKEY, .is_device_bound = 1 };
	struct tool_explain_row x = { .verdict = GATE_OK, .is_true = 1, .text = VIEW("group a") };
	struct tool_progress p = { 1, 2 };
	struct tool_act act = { .kind = ACT_USER_SHOW };
	struct admin_answer a = { 0 };
	int authority = -1, fd = pair(&authority);
	uint8_t body[1000];
	struct wbuf w = wbuf_of(body, sizeof body);

#define SAY(type, T, row)                                                                          \
	do {                                                                                       \
		w.n = 0;                                                                           \
		CHECK_OK(T##_put(&w, &(row)));                                                     \
		say(authority, type, &w);                                                          \
	} while (0)
	(void)state;
	SAY(AUTHORITY_TOOL_SESSION, tool_session_row, s);
	SAY(AUTHORITY_INVITE, tool_invite_row, i);
	SAY(AUTHORITY_GROUP, tool_group_row, g);
	SAY(AUTHORITY_TOOL_FACTOR, authority_factor_row, f);
	SAY(AUTHORITY_EXPLAIN, tool_explain_row, x);
	SAY(AUTHORITY_PROGRESS, tool_progress, p);
	SAY(200, tool_progress, p); /* a newer authority's: nothing to us */
	say_end(authority, true, 1, "ended");
	assert_int_equal(admin_ask(fd, NULL, &act, &a), 0);
	assert_int_equal(
		json_integer_value(json_object_get(json_array_get(a.sessions, 0), "number")), 7);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(a.factors, 0), "kind")),
		"passkey");
	assert_true(json_is_true(json_object_get(json_array_get(a.invites, 0), "used")));
	assert_int_equal(json_integer_value(json_object_get(json_array_get(a.groups, 0), "users")),
			 4);
	assert_string_equal(a.end.text, "ended");
	admin_answer_done(&a);
	close(fd);
	close(authority);
}

static void test_refused(void **state)
{
	struct tool_act act = { .kind = ACT_USER_ADD, .name = VIEW("jan") };
	struct admin_answer a = { 0 };
	int authority = -1, fd = pair(&authority);

	(void)state;
	say_end(authority, false, 0, "there is one of this name\x1b[2J");
	assert_int_equal(admin_ask(fd, NULL, &act, &a), 1);
	assert_false(a.end.is_done);
	admin_answer_done(&a);
	close(fd);
	close(authority);
}

/* Half a row, an answer without an end, no answer at all, and more than a name can be. */
static void test_nonsense(void **state)
{
	static const uint8_t half[3] = { 0 };
	static char name[GATE_TITLE_MAX + 2];
	struct tool_act act = { .kind = ACT_USER_LIST };
	struct admin_answer a = { 0 };
	int authority = -1, fd = pair(&authority);
	struct wbuf w = wbuf_of((void *)(uintptr_t)half, sizeof half);

	(void)state;
	w.n = sizeof half;
	for (uint8_t type = AUTHORITY_TOOL_END; type <= AUTHORITY_PROGRESS; type++) {
		if (type == AUTHORITY_EXPLAIN)
			continue; /* another command's */
		say(authority, type, &w);
		assert_int_equal(admin_ask(fd, NULL, &act, &a), 1);
		admin_answer_done(&a);
	}
	say_user(authority, "x");
	shutdown(authority, SHUT_WR);
	assert_int_equal(admin_ask(fd, NULL, &act, &a), 1);
	admin_answer_done(&a);
	close(authority);
	assert_int_equal(admin_ask(fd, NULL, &act, &a), 1);
	admin_answer_done(&a);
	memset(name, 'a', sizeof name - 1);
	act.name = view_str(name);
	assert_int_equal(admin_ask(fd, NULL, &act, &a), 1);
	admin_answer_done(&a);
	close(fd);
}

static int ran; /* of the verb */

static int run(const struct admin_line *o)
{
	ran++;
	return o->name_n;
}

static int line(const char *a, const char *b, const char *c)
{
	static const struct admin_verb verbs[] = {
		{ "list", 0, 0, 0, run },
		{ "add", ADMIN_TITLE | ADMIN_GOOD_FOR, 1, 2, run },
		{ "join", ADMIN_YES, 2, 255, run },
		{ 0 },
	};
	char words[4][32] = { "user" };
	char *argv[5] = { words[0] };
	const char *given[] = { a, b, c };
	int n = 1;

	for (size_t i = 0; i < COUNT_OF(given) && given[i]; i++, n++) {
		strncpy(words[n], given[i], sizeof words[n] - 1);
		argv[n] = words[n];
	}
	ran = 0;
	optind = 0; /* getopt begins anew */
	return admin_line_run(n, argv, verbs, "usage\n");
}

static void test_line(void **state)
{
	(void)state;
	assert_int_equal(line("list", NULL, NULL), 0);
	assert_int_equal(ran, 1);
	assert_int_equal(line("add", "jan", NULL), 1);
	assert_int_equal(line("add", "jan", "piet"), 2);
	assert_int_equal(ran, 1);
	static const char *const wrong[][3] = {
		{ NULL, NULL, NULL },		{ "nothing", NULL, NULL },
		{ "list", "jan", NULL },	{ "list", "--yes", NULL },
		{ "add", NULL, NULL },		{ "join", "a", NULL },
		{ "add", "--nosuch", "a" },	{ "add", "--good-for=1y", "a" },
		{ "add", "--good-for=0", "a" },
	};

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		assert_int_equal(line(wrong[i][0], wrong[i][1], wrong[i][2]), 2);
		assert_int_equal(ran, 0);
	}
	assert_int_equal(line("add", "--help", NULL), 0);
	assert_int_equal(line("--help", NULL, NULL), 0);
	assert_int_equal(ran, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),	cmocka_unit_test(test_other_rows),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
