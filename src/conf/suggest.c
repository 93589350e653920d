/* Nearest names; pure. */
#include "conf/suggest.h"

enum { SUGGEST_MAX = 64 };

static uint8_t suggest_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static size_t suggest_min(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t suggest_distance(struct view a, struct view b, size_t limit)
{
	/* rows[i % 3] is the row of the first i bytes of a; two back serves transpositions */
	uint8_t rows[3][SUGGEST_MAX + 1] = { 0 };

	if (a.n > SUGGEST_MAX || b.n > SUGGEST_MAX || a.n > b.n + limit || b.n > a.n + limit)
		return limit + 1;
	for (size_t j = 0; j <= b.n; j++)
		rows[0][j] = (uint8_t)j;
	for (size_t i = 1; i <= a.n; i++) {
		uint8_t *row = rows[i % 3], ca = suggest_lower(a.p[i - 1]);
		const uint8_t *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];

		row[0] = (uint8_t)i;
		for (size_t j = 1; j <= b.n; j++) {
			uint8_t cb = suggest_lower(b.p[j - 1]);
			size_t d = suggest_min(up[j], row[j - 1]) + 1u;

			d = suggest_min(d, up[j - 1] + (size_t)(ca != cb));
			if (i > 1 && j > 1 && ca == suggest_lower(b.p[j - 2]) &&
			    suggest_lower(a.p[i - 2]) == cb)
				d = suggest_min(d, up2[j - 2] + 1u);
			row[j] = (uint8_t)d;
		}
	}
	return suggest_min(rows[a.n % 3][b.n], limit + 1);
}

struct suggest suggest_for(struct view word)
{
	return (struct suggest){ .word = word, .distance = SUGGEST_DISTANCE + 1 };
}

void suggest_offer(struct suggest *s, struct view candidate)
{
	size_t d = suggest_distance(s->word, candidate, SUGGEST_DISTANCE);

	/* Two changes in a word of three letters make any word: at most a third of it may differ.
	 */
	if (d < s->distance && d * 3 <= s->word.n + 2) {
		s->distance = d;
		s->best = candidate;
	}
}
