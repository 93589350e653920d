/* ipc/history_entry.c: what is written is read; whatever a disk does to it is found (THREATS A22).
 */
#include "ipc/history_entry.h"
#include "tests/unit/check.h"

static uint8_t bytes[2048];

static struct view entry(struct view diff, struct view document)
{
	struct history_entry e = { .number = 7,
				   .uid = 1000,
				   .from = 3,
				   .wall_us = 1700000000000001,
				   .kind = HISTORY_ROLLBACK,
				   .is_pinned = true,
				   .reason = VIEW("because"),
				   .diff = diff,
				   .document = document };
	struct wbuf w = wbuf_of(bytes, sizeof bytes);

	history_entry_put_head(&w, &e);
	wbuf_view_put(&w, diff);
	wbuf_view_put(&w, document);
	CHECK_OK(wbuf_check(&w));
	return wbuf_view(&w);
}

static void test_round_trip(void **state)
{
	struct view all = entry(VIEW("- routes/x\n"), VIEW("SLUISDOC"));
	struct history_entry e = { 0 };
	const char *why = "";

	(void)state;
	CHECK_OK(history_entry_read(all, &e, &why));
	assert_int_equal(e.number, 7);
	assert_int_equal(e.uid, 1000);
	assert_int_equal(e.from, 3);
	assert_true(e.wall_us == 1700000000000001 && e.is_pinned && e.kind == HISTORY_ROLLBACK);
	assert_true(view_eq(e.reason, VIEW("because")) && view_eq(e.diff, VIEW("- routes/x\n")));
	assert_true(view_eq(e.document, VIEW("SLUISDOC")));
	CHECK_OK(history_entry_read(entry(VIEW(""), VIEW("")), &e, &why));
}

static void test_damage(void **state)
{
	struct view all = entry(VIEW("- routes/x\n"), VIEW("SLUISDOC"));
	struct history_entry e = { .number = 99 };

	(void)state;
	for (size_t n = 0; n < all.n; n++) {
		const char *why = "";

		CHECK_ERR(history_entry_read(view_slice(all, 0, n), &e, &why), E_PROTO);
		assert_true(*why);
	}
	for (size_t i = 0; i < all.n; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			const char *why = "";

			bytes[i] ^= (uint8_t)(1u << bit);
			CHECK_ERR(history_entry_read(all, &e, &why), E_PROTO);
			assert_true(*why);
			bytes[i] ^= (uint8_t)(1u << bit);
		}
	}
	assert_int_equal(e.number, 99); /* untouched on failure */
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(history_entry_kind_name(HISTORY_CHANGE), "change");
	assert_string_equal(history_entry_kind_name(HISTORY_UPGRADE), "upgrade");
	assert_string_equal(history_entry_kind_name(200), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
