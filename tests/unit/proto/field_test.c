/* Names, lines and lists of fields. */
#include "tests/unit/check.h"
#include "tests/unit/guard.h"

#include "base/wbuf.h"
#include "proto/field.h"

/* name with its letters in the other case and, when asked, '-' as '_' */
static struct view respell(struct wbuf *w, struct view name, bool with_underscore)
{
	w->n = 0;
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = name.p[i];

		if (c == '-' && with_underscore)
			c = '_';
		else if (((c | 0x20) >= 'a') && ((c | 0x20) <= 'z'))
			c ^= 0x20;
		wbuf_u8(w, c);
	}
	return wbuf_view(w);
}

static void test_every_name_is_found_in_every_spelling(void **state)
{
	uint8_t room[64];
	struct wbuf w = wbuf_of(room, sizeof room);

	(void)state;
	for (unsigned i = FIELD_OTHER + 1; i < FIELD_N; i++) {
		struct view name = field_name((enum field_id)i);
		bool has_dash = view_find(name, '-') != name.n, is_alias = true;

		if (i == FIELD_X_FORWARDED_OTHER || i == FIELD_TAKEN_OUT)
			continue;
		assert_true(field_is_token(name));
		assert_int_equal(field_id_of(name, &is_alias), i);
		assert_false(is_alias);
		assert_int_equal(field_id_of(respell(&w, name, false), &is_alias), i);
		assert_false(is_alias);
		assert_int_equal(field_id_of(respell(&w, name, true), &is_alias), i);
		assert_true(is_alias == has_dash);
	}
}

static void test_near_misses_are_other(void **state)
{
	static const char *const names[] = { "",
					     "Hos",
					     "Hosts",
					     "H\x4fSU",
					     "Ho st",
					     "X-Forwarded",
					     "X-Forwarded-",
					     "X-Forwardedy",
					     "Content-Lengt\x08",
					     "Content\rLength",
					     "Cookie2" };
	bool is_alias = true;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		CHECK_ROW(names[i], field_id_of(view_str(names[i]), &is_alias) == FIELD_OTHER);
		assert_false(is_alias);
	}
}

static void test_forwarded_family(void **state)
{
	static const struct {
		const char *name;
		bool is_alias;
	} rows[] = {
		{ "X-Forwarded-Port", false }, { "x-forwarded-ssl", false },
		{ "X_Forwarded-Port", true },  { "X-Forwarded_Prefix", true },
		{ "X-Forwarded-Foro", false }, { "X-Forwarded-Client-Certificate-Chain", false },
	};
	bool is_alias = false;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		enum field_id id = field_id_of(view_str(rows[i].name), &is_alias);

		CHECK_ROW(rows[i].name, id == FIELD_X_FORWARDED_OTHER);
		CHECK_ROW(rows[i].name, is_alias == rows[i].is_alias);
	}
}

static void test_flags(void **state)
{
	(void)state;
	assert_int_equal(field_flags(FIELD_OTHER), 0);
	assert_int_equal(field_flags(FIELD_N), 0);
	assert_int_equal(field_flags(FIELD_USER_AGENT), 0);
	assert_int_equal(field_flags(FIELD_CONTENT_LENGTH), FIELD_FRAMING | FIELD_NO_TRAILER);
	assert_int_equal(field_flags(FIELD_TRANSFER_ENCODING),
			 FIELD_FRAMING | FIELD_HOP | FIELD_NO_TRAILER);
	/* RFC 9110 §7.6.1 */
	assert_true(field_flags(FIELD_CONNECTION) & FIELD_HOP);
	assert_true(field_flags(FIELD_PROXY_CONNECTION) & FIELD_HOP);
	assert_true(field_flags(FIELD_KEEP_ALIVE) & FIELD_HOP);
	assert_true(field_flags(FIELD_TE) & FIELD_HOP);
	assert_true(field_flags(FIELD_UPGRADE) & FIELD_HOP);
	/* THREATS A6 */
	for (int id = FIELD_FORWARDED; id <= FIELD_CLIENT_CERT_CHAIN; id++)
		assert_int_equal(field_flags((enum field_id)id), FIELD_TRUST);
}

static void test_parse_line(void **state)
{
	struct view line = VIEW("??X-Real_IP: \t 192.0.2.1 \t\r\nnext");
	struct guard g = guard_new(64);
	struct field f = { 0 };
	const char *why = NULL;
	size_t next = 0;

	(void)state;
	for (size_t n = 2; n < line.n - 4; n++)
		CHECK_ERR(field_parse(guard_put(&g, view_slice(line, 0, n)), 2, &f, &next, &why),
			  E_AGAIN);
	CHECK_OK(field_parse(guard_put(&g, view_slice(line, 0, line.n - 4)), 2, &f, &next, &why));
	assert_int_equal(next, line.n - 4);
	CHECK_VIEW(field_name_view(line, &f), "X-Real_IP");
	CHECK_VIEW(field_value_view(line, &f), "192.0.2.1");
	assert_int_equal(f.id, FIELD_X_REAL_IP);
	guard_done(&g);
}

static void test_value_and_token(void **state)
{
	(void)state;
	assert_true(field_is_value((struct view){ 0 }) && !field_is_token((struct view){ 0 }));
	assert_true(field_is_value(VIEW(" a\t\xff")) && !field_is_token(VIEW("a b")));
	assert_false(field_is_value(VIEW("a\r")) || field_is_value(VIEW("a\0")));
	assert_true(field_is_token(VIEW("a-_.!")));
}

/* RFC 9110 §5.6.1 */
static void test_list(void **state)
{
	static const struct {
		const char *list, *elements; /* each followed by '|' */
	} rows[] = {
		{ "", "" },
		{ " ,, \t,", "" },
		{ "a", "a|" },
		{ "a, b ,c", "a|b|c|" },
		{ ",a,,b,", "a|b|" },
		{ "\"a,b\", c", "\"a,b\"|c|" },
		{ "\"a\\\",b\", c", "\"a\\\",b\"|c|" }, /* RFC 9110 §5.6.4 quoted-pair */
		{ "a=\"b, c", "a=\"b, c|" },
		{ "\"a\\", "\"a\\|" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t room[64];
		struct wbuf w = wbuf_of(room, sizeof room);
		struct guard g = guard_new(64);
		struct view rest = guard_put(&g, view_str(rows[i].list)), element = { 0 };

		while (field_list_next(&rest, &element)) {
			wbuf_view_put(&w, element);
			WBUF_LIT(&w, "|");
		}
		CHECK_ROW(rows[i].list, view_eq(wbuf_view(&w), view_str(rows[i].elements)));
		guard_done(&g);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_name_is_found_in_every_spelling),
		cmocka_unit_test(test_near_misses_are_other),
		cmocka_unit_test(test_forwarded_family),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_parse_line),
		cmocka_unit_test(test_value_and_token),
		cmocka_unit_test(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
