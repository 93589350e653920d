/* Runs of allowed bytes; pure. The vector loops decide nothing that the tables don't: they only
 * find the place to look at. */
#include "proto/scan.h"

enum { SCAN_TOKEN = 1, SCAN_VALUE = 2, SCAN_VCHAR = 4 };

#define T_ (SCAN_TOKEN | SCAN_VALUE | SCAN_VCHAR)
#define D_ (SCAN_VALUE | SCAN_VCHAR) /* delimiters: DQUOTE and (),/:;<=>?@[\]{} */
#define S_ SCAN_VALUE		     /* SP, HTAB, obs-text */

/* clang-format off */
static const uint8_t scan_class[256] = {
	0,  0,  0,  0,  0,  0,  0,  0,  0,  S_, 0,  0,  0,  0,  0,  0,
	0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
	S_, T_, D_, T_, T_, T_, T_, T_, D_, D_, T_, T_, D_, T_, T_, D_,
	T_, T_, T_, T_, T_, T_, T_, T_, T_, T_, D_, D_, D_, D_, D_, D_,
	D_, T_, T_, T_, T_, T_, T_, T_, T_, T_, T_, T_, T_, T_, T_, T_,
	T_, T_, T_, T_, T_, T_, T_, T_, T_, T_, T_, D_, D_, D_, T_, T_,
	T_, T_, T_, T_, T_, T_, T_, T_, T_, T_, T_, T_, T_, T_, T_, T_,
	T_, T_, T_, T_, T_, T_, T_, T_, T_, T_, T_, D_, T_, D_, T_, 0,
	S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_,
	S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_,
	S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_,
	S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_,
	S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_,
	S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_,
	S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_,
	S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_, S_,
};
/* clang-format on */

#if defined(__SSE2__)

#include <emmintrin.h>

static __m128i scan_load(const uint8_t *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* Bytes of x from lo to lo + span, as unsigned numbers. */
static __m128i scan_range(__m128i x, int lo, int span)
{
	__m128i at = _mm_sub_epi8(x, _mm_set1_epi8((char)lo));

	return _mm_cmpeq_epi8(_mm_min_epu8(at, _mm_set1_epi8((char)span)), at);
}

/* One bit per byte of the 16 at p that is not a letter, a digit or '-': what names are made of. */
static unsigned scan_not_word(const uint8_t *p)
{
	__m128i x = scan_load(p), alpha = scan_range(_mm_or_si128(x, _mm_set1_epi8(0x20)), 'a', 25);
	__m128i rest = _mm_or_si128(scan_range(x, '0', 9), _mm_cmpeq_epi8(x, _mm_set1_epi8('-')));

	return (unsigned)_mm_movemask_epi8(_mm_or_si128(alpha, rest)) ^ 0xffffu;
}

/* One bit per byte that no field value may have: control bytes but HTAB, and DEL. */
static unsigned scan_not_value(const uint8_t *p)
{
	__m128i x = scan_load(p), low = scan_range(x, 0, 0x1f);
	__m128i tab = _mm_cmpeq_epi8(x, _mm_set1_epi8('\t'));
	__m128i del = _mm_cmpeq_epi8(x, _mm_set1_epi8(0x7f));

	return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_andnot_si128(tab, low), del));
}

static unsigned scan_not_vchar(const uint8_t *p)
{
	return (unsigned)_mm_movemask_epi8(scan_range(scan_load(p), 0x21, 0x7e - 0x21)) ^ 0xffffu;
}

static size_t scan_first(unsigned mask)
{
	return (size_t)__builtin_ctz(mask);
}

/* hot */
size_t scan_token(struct view v)
{
	size_t i = 0;

	while (v.n - i >= 16) {
		unsigned odd = scan_not_word(v.p + i);

		if (odd == 0) {
			i += 16;
			continue;
		}
		i += scan_first(odd);
		if (!(scan_class[v.p[i]] & SCAN_TOKEN))
			return i;
		i++; /* one of the rarer token characters: "_", ".", "!" ... */
	}
	while (i < v.n && (scan_class[v.p[i]] & SCAN_TOKEN))
		i++;
	return i;
}

/* hot */
size_t scan_value(struct view v)
{
	size_t i = 0;

	for (; v.n - i >= 16; i += 16) {
		unsigned odd = scan_not_value(v.p + i);

		if (odd != 0)
			return i + scan_first(odd);
	}
	while (i < v.n && (scan_class[v.p[i]] & SCAN_VALUE))
		i++;
	return i;
}

/* hot */
size_t scan_vchar(struct view v)
{
	size_t i = 0;

	for (; v.n - i >= 16; i += 16) {
		unsigned odd = scan_not_vchar(v.p + i);

		if (odd != 0)
			return i + scan_first(odd);
	}
	while (i < v.n && (scan_class[v.p[i]] & SCAN_VCHAR))
		i++;
	return i;
}

#else

/*@ requires view_ok(v);
  @ assigns \nothing;
  @ ensures \result <= v.n;
  @*/
static size_t scan_run(struct view v, uint8_t class)
{
	size_t i = 0;

	/*@ loop invariant i <= v.n;
	  @ loop assigns i;
	  @ loop variant v.n - i;
	  @*/
	while (i < v.n && (scan_class[v.p[i]] & class))
		i++;
	return i;
}

size_t scan_token(struct view v)
{
	return scan_run(v, SCAN_TOKEN);
}

size_t scan_value(struct view v)
{
	return scan_run(v, SCAN_VALUE);
}

size_t scan_vchar(struct view v)
{
	return scan_run(v, SCAN_VCHAR);
}

#endif
