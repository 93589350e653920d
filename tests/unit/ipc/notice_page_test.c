/* ipc/notice_page.c, ipc/incident_words.c: what is said is read whole, as it was, or not at all. */
#include "ipc/notice_page.h"

#include "base/rng.h"
#include "base/wbuf.h"
#include "tests/unit/check.h"

static struct notice notice_of(const char *nl, const char *en)
{
	struct notice n = { .since_s = 1784246400 };
	struct wbuf w[NOTICE_LANGUAGES] = { wbuf_of(n.text[0], NOTICE_MAX),
					    wbuf_of(n.text[1], NOTICE_MAX) };

	wbuf_str(&w[NOTICE_NL], nl);
	wbuf_str(&w[NOTICE_EN], en);
	n.n[NOTICE_NL] = (uint16_t)w[NOTICE_NL].n;
	n.n[NOTICE_EN] = (uint16_t)w[NOTICE_EN].n;
	return n;
}

static void test_round(void **state)
{
	static struct notice_page p;
	struct notice n = notice_of("Wij zoeken \xe2\x82\xac", ""), got = { 0 };
	char longest[NOTICE_MAX + 1] = "";

	(void)state;
	assert_int_equal(notice_page_read(&p, &got), E_OK); /* nothing was ever said */
	assert_int_equal(got.since_s + got.n[0] + got.n[1], 0);
	notice_page_publish(&p, &n);
	assert_int_equal(notice_page_read(&p, &got), E_OK);
	CHECK_VIEW(notice_page_text(&got, NOTICE_NL), "Wij zoeken \xe2\x82\xac");
	assert_int_equal(notice_page_text(&got, NOTICE_EN).n, 0);
	assert_int_equal(got.since_s, n.since_s);
	assert_int_equal(got.version, notice_page_version(&p));
	for (size_t i = 0; i < NOTICE_MAX; i++)
		longest[i] = (char)('a' + i % 26);
	n = notice_of(longest, longest);
	notice_page_publish(&p, &n);
	assert_int_equal(notice_page_read(&p, &got), E_OK);
	CHECK_VIEW(notice_page_text(&got, NOTICE_EN), longest);
}

/* A writer that died in the middle of it; the next one repairs it. */
static void test_torn(void **state)
{
	static struct notice_page p;
	struct notice n = notice_of("a", "b"), got = { 0 };

	(void)state;
	notice_page_publish(&p, &n);
	atomic_store(&p.version, 7);
	assert_int_equal(notice_page_read(&p, &got), E_AGAIN);
	assert_int_equal(got.version, 7);
	assert_int_equal(got.n[0] + got.n[1], 0);
	notice_page_publish(&p, &n);
	assert_int_equal(notice_page_read(&p, &got), E_OK);
	assert_int_equal(got.version, 8);
}

/* Whatever its writer makes of it: lengths beyond the text, bytes that nobody may write. */
static void test_lies(void **state)
{
	static struct notice_page p;
	struct notice n = notice_of("fine", "fine"), got = { 0 };
	struct rng rng = { .s = { 1, 2 } };
	uint64_t *words = (uint64_t *)&p;

	(void)state;
	notice_page_publish(&p, &n);
	atomic_store(&p.n[0], NOTICE_MAX + 1);
	assert_int_equal(notice_page_read(&p, &got), E_AGAIN);
	notice_page_publish(&p, &n);
	atomic_store(&p.words[1][0], 0x1b);
	assert_int_equal(notice_page_read(&p, &got), E_AGAIN);
	for (unsigned round = 0; round < 20000; round++) {
		notice_page_publish(&p, &n);
		for (unsigned i = 0; i < 1 + round % 5; i++)
			words[rng_below(&rng, sizeof p / sizeof *words)] = rng_next(&rng);
		if (notice_page_read(&p, &got) != E_OK)
			assert_int_equal(got.n[0] + got.n[1], 0);
		for (unsigned l = 0; l < NOTICE_LANGUAGES; l++)
			assert_true(!got.n[l] ||
				    !incident_words_fit(notice_page_text(&got, l), NOTICE_MAX, 0));
	}
}

static void test_words(void **state)
{
	static const char *const good[] = { "a", "caf\xc3\xa9 <b> & \"", "\xf0\x9f\x94\x92" };
	static const char *const bad[] = { "",
					   "a\x01",
					   "\x7f",
					   "\xc2\x9b",
					   "\xe2\x80\xae",
					   "\xe2\x81\xa6",
					   "\xef\xbb\xbf",
					   "\xe2\x80\xa8",
					   "\xf3\xa0\x81\x81",
					   "\xff",
					   "\xc3",
					   "a\nb" };

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_null(incident_words_fit(view_str(good[i]), 20, false));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_non_null(incident_words_fit(view_str(bad[i]), 20, false));
	assert_null(incident_words_fit(VIEW("a\nb"), 3, true));
	assert_non_null(incident_words_fit(VIEW("a\nb"), 2, true));
	assert_non_null(incident_words_fit(VIEW("a\tb"), 20, true));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_torn),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
