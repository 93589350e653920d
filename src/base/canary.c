/* Canaries. The vector loop finds where to look; what it finds is compared byte by byte. */
#include "base/canary.h"

static const char canary_letters[64] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789Qz";

/* What the last character of 32 bytes in base64url may be: its lower two bits are not used. */
static const char canary_last[16] = "AEIMQUYcgkosw048";

static void canary_make_marker(struct canary *c, const uint8_t *random)
{
	for (size_t i = 0; i < CANARY_MARKER; i++)
		c->marker[i] = (uint8_t)canary_letters[random[i] & 63];
	for (size_t i = 1; i < CANARY_MARKER; i++)
		if (c->marker[i] == c->marker[0])
			c->marker[i] = c->marker[0] == 'x' ? 'y' : 'x';
}

static void canary_make_token(struct canary *c, enum canary_kind kind, const uint8_t *random)
{
	uint8_t *t = c->token[kind];

	for (size_t i = 0; i < CANARY_TOKEN - 1; i++)
		t[i] = i < CANARY_MARKER ? c->marker[i] : (uint8_t)canary_letters[random[i] & 63];
	t[CANARY_TOKEN - 1] = (uint8_t)canary_last[random[CANARY_TOKEN - 1] & 15];
}

static void canary_put_token(struct wbuf *w, const struct canary *c, enum canary_kind kind)
{
	wbuf_put(w, c->token[kind], CANARY_TOKEN);
}

void canary_make(struct canary *c, const uint8_t random[CANARY_RANDOM])
{
	struct wbuf w = wbuf_of(c->text, sizeof c->text);

	*c = (struct canary){ 0 };
	canary_make_marker(c, random);
	for (unsigned i = 0; i < CANARY_KINDS; i++)
		canary_make_token(c, (enum canary_kind)i,
				  random + CANARY_MARKER + (size_t)i * CANARY_TOKEN);
	canary_put_token(&w, c, CANARY_SESSION);
	WBUF_LIT(&w, "; Path=/; Secure; HttpOnly\r\nAuthorization: Bearer ");
	canary_put_token(&w, c, CANARY_BEARER);
	WBUF_LIT(&w, "\r\n\r\npassword=");
	canary_put_token(&w, c, CANARY_PASSWORD);
	WBUF_LIT(&w, "\n-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEI");
	canary_put_token(&w, c, CANARY_KEY);
	WBUF_LIT(&w, "\n-----END PRIVATE KEY-----\n");
	INVARIANT(wbuf_check(&w) == E_OK);
}

static bool canary_is_at(const struct canary *c, const uint8_t *p, size_t from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != c->marker[from + i])
			return false;
	return true;
}

static size_t canary_find_slowly(const struct canary *c, struct view v, size_t from)
{
	for (size_t i = from; i + CANARY_MARKER <= v.n; i++)
		if (v.p[i] == c->marker[0] && canary_is_at(c, v.p + i, 0, CANARY_MARKER))
			return i;
	return v.n;
}

#if defined(__SSE2__)

#include <emmintrin.h>

enum { CANARY_STEP = 16, CANARY_STRIDE = 4 * CANARY_STEP, CANARY_TAIL = CANARY_MARKER - 1 };

/* The places of the 16 from p on where the marker's first and last byte would fit. */
static __m128i canary_fits(const uint8_t *p, __m128i first, __m128i last)
{
	__m128i a = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i b = _mm_loadu_si128((const __m128i *)(const void *)(p + CANARY_TAIL));

	return _mm_and_si128(_mm_cmpeq_epi8(a, first), _mm_cmpeq_epi8(b, last));
}

/* Whether any of the 64 does. */
static bool canary_may_be(const uint8_t *p, __m128i first, __m128i last)
{
	__m128i x = _mm_or_si128(canary_fits(p, first, last),
				 canary_fits(p + CANARY_STEP, first, last));
	__m128i y = _mm_or_si128(canary_fits(p + 2 * CANARY_STEP, first, last),
				 canary_fits(p + 3 * CANARY_STEP, first, last));

	return _mm_movemask_epi8(_mm_or_si128(x, y)) != 0;
}

/* hot */
size_t canary_find(const struct canary *c, struct view v)
{
	__m128i first = _mm_set1_epi8((char)c->marker[0]),
		last = _mm_set1_epi8((char)c->marker[CANARY_TAIL]);
	size_t i = 0;

	for (; v.n - i >= CANARY_STRIDE + CANARY_TAIL; i += CANARY_STRIDE) {
		struct view part = view_of(v.p + i, CANARY_STRIDE + CANARY_TAIL);
		size_t at = part.n;

		if (__builtin_expect(canary_may_be(part.p, first, last), 0))
			at = canary_find_slowly(c, part, 0);
		if (at < part.n)
			return i + at;
	}
	if (v.n < CANARY_STEP + CANARY_TAIL)
		return canary_find_slowly(c, v, 0);
	while (i + CANARY_TAIL < v.n) {
		/* The last step ends where v does, and looks at some places again */
		size_t at =
			v.n - i >= CANARY_STEP + CANARY_TAIL ? i : v.n - CANARY_STEP - CANARY_TAIL;
		struct view part = view_of(v.p + at, CANARY_STEP + CANARY_TAIL);
		size_t found = part.n;

		if (_mm_movemask_epi8(canary_fits(part.p, first, last)))
			found = canary_find_slowly(c, part, 0);
		if (found < part.n)
			return at + found;
		i = at + CANARY_STEP;
	}
	return v.n;
}

/* Whether the last bytes of v have one that the marker begins with. */
static bool canary_may_end(const struct canary *c, struct view v)
{
	__m128i x = _mm_set1_epi8((char)c->marker[0]);

	if (v.n < CANARY_STEP)
		return true;
	return _mm_movemask_epi8(_mm_cmpeq_epi8(
		       x, _mm_loadu_si128(
				  (const __m128i *)(const void *)(v.p + v.n - CANARY_STEP)))) != 0;
}

#else

size_t canary_find(const struct canary *c, struct view v)
{
	return canary_find_slowly(c, v, 0);
}

static bool canary_may_end(const struct canary *c, struct view v)
{
	(void)c;
	(void)v;
	return true;
}

#endif

/* How much of the marker v ends with: less than all of it. */
static uint8_t canary_ends_with(const struct canary *c, struct view v)
{
	size_t most = v.n < CANARY_MARKER - 1 ? v.n : CANARY_MARKER - 1;

	for (size_t n = most; n > 0; n--)
		if (v.p[v.n - n] == c->marker[0] && canary_is_at(c, v.p + v.n - n, 0, n))
			return (uint8_t)n;
	return 0;
}

bool canary_scan(const struct canary *c, struct view v, uint8_t *at)
{
	if (v.n == 0 || !c->marker[0])
		return false;
	if (*at) {
		size_t left = (size_t)CANARY_MARKER - *at, n = v.n < left ? v.n : left;

		if (canary_is_at(c, v.p, *at, n)) {
			*at = (uint8_t)(*at + n);
			return *at == CANARY_MARKER;
		}
	}
	*at = 0;
	if (canary_find(c, v) < v.n)
		return true;
	if (canary_may_end(c, v))
		*at = canary_ends_with(c, v);
	return false;
}

enum canary_kind canary_which(const struct canary *c, struct view v)
{
	size_t i = CANARY_MARKER, n = v.n < CANARY_TOKEN ? v.n : CANARY_TOKEN;

	for (unsigned kind = 0; kind < CANARY_KINDS && n > i + 1; kind++) {
		for (i = CANARY_MARKER; i < n && v.p[i] == c->token[kind][i];)
			i++;
		if (i == n)
			return (enum canary_kind)kind;
		i = CANARY_MARKER;
	}
	return CANARY_KINDS;
}

const char *canary_kind_name(enum canary_kind kind)
{
	static const char *const names[CANARY_KINDS + 1] = { [CANARY_SESSION] = "session",
							     [CANARY_BEARER] = "bearer",
							     [CANARY_PASSWORD] = "password",
							     [CANARY_KEY] = "key",
							     [CANARY_KINDS] = "marker" };

	return names[kind];
}
