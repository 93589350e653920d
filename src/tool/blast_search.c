/* A table by the first two bytes leads to the few needles that begin so. */
#include "tool/blast_search.h"

#include "base/wbuf.h"

#include <stdlib.h>

enum err blast_search_new(struct blast_search **ret)
{
	struct blast_search *s = calloc(1, sizeof *s);

	if (!s)
		return E_NOMEM;
	if (secret_new(BLAST_SEARCH_BYTES, &s->bytes) != E_OK) {
		free(s);
		return E_SYS;
	}
	*ret = s;
	return E_OK;
}

void blast_search_free(struct blast_search *s)
{
	if (s)
		secret_done(&s->bytes);
	free(s);
}

static uint16_t search_first(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

enum err blast_search_add(struct blast_search *s, unsigned key, struct view needle)
{
	struct wbuf w = wbuf_of(s->bytes.p, s->bytes.n);
	struct blast_needle *one = &s->needle[s->needle_n];
	uint16_t *first = NULL;

	w.n = s->bytes_n;
	if (key >= BLAST_SEARCH_KEYS || s->needle_n == BLAST_SEARCH_NEEDLES ||
	    needle.n < BLAST_SEARCH_LEAST || needle.n > BLAST_SEARCH_MOST)
		return E_LIMIT;
	wbuf_view_put(&w, needle);
	TRY(wbuf_check(&w));
	first = &s->first[search_first(needle.p)];
	*one = (struct blast_needle){ .at = (uint32_t)s->bytes_n,
				      .n = (uint32_t)needle.n,
				      .key = (uint16_t)key,
				      .next = *first };
	*first = (uint16_t)++s->needle_n;
	s->bytes_n = w.n;
	s->longest = needle.n > s->longest ? needle.n : s->longest;
	return E_OK;
}

static void search_at(const struct blast_search *s, struct view text, uint16_t i, uint64_t *ret)
{
	for (; i; i = s->needle[i - 1].next) {
		const struct blast_needle *n = &s->needle[i - 1];

		if (view_starts(text, view_of(&s->bytes.p[n->at], n->n)))
			*ret |= UINT64_C(1) << n->key;
	}
}

void blast_search_find(const struct blast_search *s, struct view text, uint64_t *ret)
{
	for (size_t at = 0; at + 1 < text.n; at++) {
		uint16_t i = s->first[search_first(&text.p[at])];

		if (i)
			search_at(s, view_slice(text, at, text.n), i, ret);
	}
}
