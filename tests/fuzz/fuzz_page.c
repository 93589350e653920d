/*
 * The gate page between an authority and its readers (promise P8): what is published is read as it
 * was; a page with any other bytes in it, or in the middle of being written, closes everything and
 * says nothing.
 *
 * Input: how many levels and their fields, two notices, then words of the page to overwrite.
 */
#include "base/wbuf.h"
#include "ipc/level_page.h"
#include "ipc/notice_page.h"
#include "tests/fuzz/fuzz.h"

static struct level_entry entry_get(struct view *in)
{
	struct level_entry e = { .since_s = fuzz_u32(in) };
	struct wbuf name = wbuf_of(e.name, sizeof e.name);

	e.until_s = fuzz_u32(in);
	e.mask = fuzz_u16(in);
	e.scope = fuzz_u8(in) % (LEVEL_SCOPES + 1);
	e.is_exercise = fuzz_u8(in) & 1;
	wbuf_view_put(&name, fuzz_some(in, LEVEL_NAME_MAX));
	e.name_n = (uint8_t)name.n;
	return e;
}

static bool is_same(const struct level_entry *a, const struct level_entry *b)
{
	return a->since_s == b->since_s && a->until_s == b->until_s && a->mask == b->mask &&
	       a->scope == b->scope && a->is_exercise == b->is_exercise &&
	       view_eq(view_of(a->name, a->name_n), view_of(b->name, b->name_n));
}

static void is_closed(const struct level_book *b)
{
	INVARIANT(b->n == 1 && b->at[0].scope == LEVEL_OF_ALL && !b->at[0].is_exercise &&
		  b->at[0].mask == LEVEL_BIT(LEVEL_CLOSED));
}

static void check_levels(struct level_page *page, struct view *in)
{
	static struct level_entry entries[LEVEL_ENTRIES];
	static struct level_book book;
	uint32_t n = fuzz_u8(in) % 8u, claimed = n;
	bool is_sound = true;

	for (uint32_t i = 0; i < n; i++) {
		entries[i] = entry_get(in);
		is_sound &= level_is_sound(&entries[i]);
	}
	if (n && fuzz_u8(in) == 0xff) /* more than there is room for: cut */
		claimed = LEVEL_ENTRIES + n;
	for (uint32_t i = n; i < LEVEL_ENTRIES && claimed > n; i++)
		entries[i] = entries[0];
	level_page_publish(page, entries, claimed);
	if (!is_sound) {
		INVARIANT(level_page_read(page, &book) == E_AGAIN);
		is_closed(&book);
		return;
	}
	INVARIANT(level_page_read(page, &book) == E_OK);
	INVARIANT(book.n == (claimed > LEVEL_ENTRIES ? LEVEL_ENTRIES : claimed));
	for (uint32_t i = 0; i < n; i++)
		INVARIANT(is_same(&book.at[i], &entries[i]));
}

static void check_notice(struct notice_page *page, struct view *in)
{
	static struct notice n, got;
	bool is_sound = true;

	n = (struct notice){ .since_s = fuzz_u32(in) };
	for (unsigned l = 0; l < NOTICE_LANGUAGES; l++) {
		struct wbuf w = wbuf_of(n.text[l], NOTICE_MAX);
		struct view text = fuzz_some(in, NOTICE_MAX);

		wbuf_view_put(&w, text);
		n.n[l] = (uint16_t)text.n;
		is_sound &= text.n == 0 || !incident_words_fit(text, NOTICE_MAX, false);
	}
	notice_page_publish(page, &n);
	INVARIANT((notice_page_read(page, &got) == E_OK) == is_sound);
	for (unsigned l = 0; l < NOTICE_LANGUAGES; l++) {
		struct view text = notice_page_text(&got, (enum notice_language)l);

		INVARIANT(is_sound ? view_eq(text, view_of(n.text[l], n.n[l])) : text.n == 0);
	}
}

/* A writer that was stopped, or lies. */
static void spoil(_Atomic uint64_t *words, size_t n, struct view *in)
{
	for (unsigned i = 0; i < 8 && in->n; i++) {
		size_t at = fuzz_u8(in);

		atomic_store(&words[at % n], fuzz_u8(in) & 1 ? fuzz_u64(in) : fuzz_u8(in));
	}
}

static void check_spoilt(struct level_page *levels, struct notice_page *notice, struct view *in)
{
	static struct level_book book;
	static struct notice got;

	spoil(&levels->version, 40, in);
	spoil(&notice->version, 20, in);
	if (level_page_read(levels, &book) != E_OK)
		is_closed(&book);
	for (uint32_t i = 0; i < book.n; i++)
		INVARIANT(level_is_sound(&book.at[i]));
	if (notice_page_read(notice, &got) != E_OK)
		INVARIANT(got.n[NOTICE_NL] == 0 && got.n[NOTICE_EN] == 0 && got.since_s == 0);
	INVARIANT(got.n[NOTICE_NL] <= NOTICE_MAX && got.n[NOTICE_EN] <= NOTICE_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct level_page levels;
	static struct notice_page notice;
	static struct level_book book;
	struct view in = view_of(data, size);

	levels = (struct level_page){ 0 };
	notice = (struct notice_page){ 0 };
	INVARIANT(level_page_read(&levels, &book) == E_AGAIN);
	is_closed(&book);
	check_levels(&levels, &in);
	check_notice(&notice, &in);
	check_spoilt(&levels, &notice, &in);
	return 0;
}
