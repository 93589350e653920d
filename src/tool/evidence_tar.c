/* The reader parses three fields, writes the header that they would give, and compares. */
#include "tool/evidence_tar.h"

enum {
	TAR_MODE_AT = 100,
	TAR_SIZE_AT = 124,
	TAR_TIME_AT = 136,
	TAR_SUM_AT = 148,
	TAR_DIGITS = 11,
	TAR_SUM_END = 156
};

static bool tar_is_plain(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-' || c == '@' || c == '+';
}

bool evidence_tar_is_name(struct view name)
{
	struct view rest = name;

	if (name.n == 0 || name.n >= EVIDENCE_TAR_NAME)
		return false;
	for (;;) {
		struct view part = view_slice(rest, 0, view_find(rest, '/'));

		if (part.n == 0 || part.p[0] == '.')
			return false;
		for (size_t i = 0; i < part.n; i++)
			if (!tar_is_plain(part.p[i]))
				return false;
		if (part.n == rest.n)
			return true;
		rest = view_slice(rest, part.n + 1, rest.n);
	}
}

static void tar_octal(struct wbuf *w, uint64_t x, unsigned digits)
{
	for (unsigned i = digits; i-- > 0;)
		wbuf_u8(w, (uint8_t)('0' + (x >> (3 * i) & 7)));
}

static void tar_zeros(struct wbuf *w, size_t until)
{
	while (!w->bad && w->n < until)
		wbuf_u8(w, 0);
}

/* All but the checksum, which counts as spaces. */
static void tar_fields(struct wbuf *w, const struct evidence_tar *t)
{
	wbuf_str(w, t->name);
	tar_zeros(w, TAR_MODE_AT);
	wbuf_put(w, "0000400\0000000000\0000000000\0", 24);
	tar_octal(w, t->bytes, TAR_DIGITS);
	tar_zeros(w, TAR_TIME_AT);
	tar_octal(w, t->mtime_s, TAR_DIGITS);
	tar_zeros(w, TAR_SUM_AT);
	wbuf_str(w, "        0");
	tar_zeros(w, 257);
	wbuf_put(w, "ustar\00000root", 12);
	tar_zeros(w, 297);
	wbuf_str(w, "root");
	tar_zeros(w, 329);
	wbuf_put(w, "0000000\0000000000\0", 16);
	tar_zeros(w, EVIDENCE_TAR_BLOCK);
}

enum err evidence_tar_put(const struct evidence_tar *t, uint8_t ret[EVIDENCE_TAR_BLOCK])
{
	struct wbuf w = wbuf_of(ret, EVIDENCE_TAR_BLOCK), sum = { 0 };
	uint64_t total = 0;

	if (!evidence_tar_is_name(view_str(t->name)) || t->bytes > EVIDENCE_TAR_BYTES_MAX ||
	    t->mtime_s > EVIDENCE_TAR_BYTES_MAX)
		return E_LIMIT;
	tar_fields(&w, t);
	TRY(wbuf_check(&w));
	for (size_t i = 0; i < EVIDENCE_TAR_BLOCK; i++)
		total += ret[i];
	sum = wbuf_of(&ret[TAR_SUM_AT], TAR_SUM_END - TAR_SUM_AT);
	tar_octal(&sum, total, 6);
	wbuf_put(&sum, "\0 ", 2);
	return wbuf_check(&sum);
}

static enum err tar_number(struct view block, size_t at, uint64_t *ret)
{
	uint64_t x = 0;

	for (size_t i = at; i < at + TAR_DIGITS; i++) {
		if (block.p[i] < '0' || block.p[i] > '7')
			return E_PROTO;
		x = x << 3 | (uint64_t)(block.p[i] - '0');
	}
	*ret = x;
	return E_OK;
}

enum err evidence_tar_get(struct view block, struct evidence_tar *ret)
{
	struct evidence_tar t = { 0 };
	uint8_t again[EVIDENCE_TAR_BLOCK];
	struct wbuf w = wbuf_of(t.name, sizeof t.name - 1);
	bool is_zero = true;

	if (block.n != EVIDENCE_TAR_BLOCK)
		return E_PROTO;
	for (size_t i = 0; i < block.n; i++)
		is_zero &= block.p[i] == 0;
	if (is_zero)
		return E_CLOSED;
	wbuf_view_put(&w, view_slice(block, 0, view_find(block, 0)));
	TRY(tar_number(block, TAR_SIZE_AT, &t.bytes));
	TRY(tar_number(block, TAR_TIME_AT, &t.mtime_s));
	if (w.bad || evidence_tar_put(&t, again) != E_OK ||
	    !view_eq(block, view_of(again, sizeof again)))
		return E_PROTO;
	*ret = t;
	return E_OK;
}

size_t evidence_tar_padding(uint64_t bytes)
{
	return (size_t)((EVIDENCE_TAR_BLOCK - bytes % EVIDENCE_TAR_BLOCK) % EVIDENCE_TAR_BLOCK);
}
