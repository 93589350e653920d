/*
 * Writing and reading audit lines; pure. Runs in the audit role over what workers claim and over
 * what lies on disk, and in the `sluis` command over logs of unknown origin.
 */
#include "ipc/audit_line.h"

/* What a byte of text is: a bit set per question. */
enum {
	LINE_PLAIN = 1,	   /* stands for itself in a JSON string that may be shown anywhere */
	LINE_PRINTABLE = 2 /* may be shown on a terminal */
};

static const uint8_t line_class[256] = {
	[0x20 ... 0x21] = LINE_PLAIN | LINE_PRINTABLE, ['"'] = LINE_PRINTABLE,
	[0x23 ... 0x25] = LINE_PLAIN | LINE_PRINTABLE, ['&'] = LINE_PRINTABLE,
	[0x27 ... 0x3b] = LINE_PLAIN | LINE_PRINTABLE, ['<'] = LINE_PRINTABLE,
	['='] = LINE_PLAIN | LINE_PRINTABLE,	       ['>'] = LINE_PRINTABLE,
	[0x3f ... 0x5b] = LINE_PLAIN | LINE_PRINTABLE, ['\\'] = LINE_PRINTABLE,
	[0x5d ... 0x7e] = LINE_PLAIN | LINE_PRINTABLE,
};

#if defined(__SSE2__)

#include <emmintrin.h>

/* Is any of the 16 bytes at p not LINE_PLAIN? Decides nothing that the table doesn't. */
static unsigned line_not_plain(const uint8_t *p)
{
	__m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i bad = _mm_cmplt_epi8(x, _mm_set1_epi8(0x20)); /* signed: also all above 0x7f */

	bad = _mm_or_si128(bad, _mm_cmpeq_epi8(x, _mm_set1_epi8(0x7f)));
	bad = _mm_or_si128(bad, _mm_cmpeq_epi8(x, _mm_set1_epi8('"')));
	bad = _mm_or_si128(bad, _mm_cmpeq_epi8(x, _mm_set1_epi8('\\')));
	bad = _mm_or_si128(bad, _mm_cmpeq_epi8(x, _mm_set1_epi8('&')));
	/* '<' and '>' differ in one bit */
	bad = _mm_or_si128(bad,
			   _mm_cmpeq_epi8(_mm_or_si128(x, _mm_set1_epi8(2)), _mm_set1_epi8('>')));
	return (unsigned)_mm_movemask_epi8(bad);
}

/* How far LINE_PLAIN reaches from position at. hot */
static size_t line_plain(struct view v, size_t at)
{
	while (v.n - at >= 16) {
		unsigned bad = line_not_plain(v.p + at);

		if (bad)
			return at + (size_t)__builtin_ctz(bad);
		at += 16;
	}
	while (at < v.n && (line_class[v.p[at]] & LINE_PLAIN))
		at++;
	return at;
}

#else

static size_t line_plain(struct view v, size_t at)
{
	while (at < v.n && (line_class[v.p[at]] & LINE_PLAIN))
		at++;
	return at;
}

#endif

/*
 * Characters that show nothing, or change how their neighbours are shown: controls (C1), bidi
 * marks, embeddings and isolates (UAX #9), zero-width and other default-ignorable ones (UAX #44),
 * line and paragraph separators, the byte order mark, noncharacters.
 */
static const uint32_t line_hidden[] = {
	/* first, last of each range */
	0x80,	0x9f,	0xad,	0xad,	0x34f,	 0x34f,	  0x61c,   0x61c,   0x115f,  0x1160,
	0x17b4, 0x17b5, 0x180b, 0x180f, 0x200b,	 0x200f,  0x2028,  0x202e,  0x2060,  0x206f,
	0x3164, 0x3164, 0xe000, 0xf8ff, 0xfdd0,	 0xfdef,  0xfe00,  0xfe0f,  0xfeff,  0xfeff,
	0xffa0, 0xffa0, 0xfff0, 0xffff, 0x1bca0, 0x1bca3, 0x1d173, 0x1d17a, 0xe0000, 0x10ffff,
};

static bool line_is_hidden(uint32_t c)
{
	for (size_t i = 0; i < sizeof line_hidden / sizeof line_hidden[0]; i += 2)
		if (c >= line_hidden[i] && c <= line_hidden[i + 1])
			return true;
	return false;
}

/* One UTF-8 character of two bytes or more (RFC 3629 §4); 0 when the bytes are none. */
static size_t line_utf8(struct view v, uint32_t *ret)
{
	uint8_t lead = v.p[0];
	size_t n = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
	uint32_t c = lead & (0x7fu >> n), least = n == 2 ? 0x80 : n == 3 ? 0x800 : 0x10000;

	if (lead < 0xc2 || lead > 0xf4 || v.n < n)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((v.p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (v.p[i] & 0x3fu);
	}
	if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return n;
}

static void line_put_u16(struct wbuf *w, uint32_t x)
{
	uint8_t b[2] = { (uint8_t)(x >> 8), (uint8_t)x };

	WBUF_LIT(w, "\\u");
	wbuf_hex(w, view_of(b, sizeof b));
}

static void line_put_escaped(struct wbuf *w, uint32_t c)
{
	if (c > 0xffff) { /* RFC 8259 §7: a surrogate pair */
		line_put_u16(w, 0xd800 + ((c - 0x10000) >> 10));
		line_put_u16(w, 0xdc00 + ((c - 0x10000) & 0x3ff));
	} else {
		line_put_u16(w, c);
	}
}

/* One character that does not belong to a run of plain ones; returns its bytes. */
static size_t line_put_special(struct wbuf *w, struct view v)
{
	uint32_t c = v.p[0];
	size_t n = c >= 0x80 ? line_utf8(v, &c) : 1;

	if (n > 1 && !line_is_hidden(c)) {
		wbuf_put(w, v.p, n);
	} else if (c == '"' || c == '\\') {
		uint8_t b[2] = { '\\', (uint8_t)c };

		wbuf_put(w, b, sizeof b);
	} else {
		line_put_escaped(w, n ? c : v.p[0]);
	}
	return n ? n : 1;
}

void audit_line_put_text(struct wbuf *w, struct view text)
{
	while (text.n) {
		size_t run = line_plain(text, 0);

		wbuf_put(w, text.p, run);
		text = view_slice(text, run, text.n);
		if (text.n)
			text = view_slice(text, line_put_special(w, text), text.n);
	}
}

void audit_line_put_printable(struct wbuf *w, struct view text)
{
	while (text.n) {
		size_t run = 0;

		while (run < text.n && (line_class[text.p[run]] & LINE_PRINTABLE))
			run++;
		wbuf_put(w, text.p, run);
		text = view_slice(text, run, text.n);
		if (text.n)
			text = view_slice(text, line_put_special(w, text), text.n);
	}
}

/* The digit's value plus one; 0: no lower-case hexadecimal digit. */
static const uint8_t line_digit[256] = {
	['0'] = 1,  ['1'] = 2,	['2'] = 3,  ['3'] = 4,	['4'] = 5,  ['5'] = 6,
	['6'] = 7,  ['7'] = 8,	['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
	['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

enum err audit_line_get_hex(struct view hex, uint8_t *ret, size_t n)
{
	if (hex.n != 2 * n)
		return E_PROTO;
	for (size_t i = 0; i < n; i++) {
		unsigned high = line_digit[hex.p[2 * i]], low = line_digit[hex.p[2 * i + 1]];

		if (high == 0 || low == 0)
			return E_PROTO;
		ret[i] = (uint8_t)((high - 1) << 4 | (low - 1));
	}
	return E_OK;
}

static bool line_skip(struct view *v, struct view what)
{
	if (!view_starts(*v, what))
		return false;
	*v = view_slice(*v, what.n, v->n);
	return true;
}

/* An escape as line_put_special writes it; returns its bytes, 0 for any other. */
static size_t line_escape(struct view v)
{
	uint8_t b[2];

	if (v.n >= 2 && (v.p[1] == '"' || v.p[1] == '\\'))
		return 2;
	if (v.n >= 6 && v.p[1] == 'u' && audit_line_get_hex(view_of(v.p + 2, 4), b, 2) == E_OK)
		return 6;
	return 0;
}

/* A string up to and with its closing quote, the opening one being gone. */
static enum err line_string(struct view *v, struct view *ret)
{
	size_t at = 0;

	for (;;) {
		uint32_t c = 0;
		size_t n = 0;

		at = line_plain(*v, at);
		if (at == v->n)
			return E_PROTO;
		if (v->p[at] == '"')
			break;
		if (v->p[at] == '\\')
			n = line_escape(view_slice(*v, at, v->n));
		else if (v->p[at] >= 0x80)
			n = line_utf8(view_slice(*v, at, v->n), &c);
		if (n == 0 || line_is_hidden(c))
			return E_PROTO;
		at += n;
	}
	*ret = view_of(v->p, at);
	*v = view_slice(*v, at + 1, v->n);
	return E_OK;
}

/* A number as wbuf_dec writes it: no sign, no leading zero, below 2^64. */
static enum err line_number(struct view *v, struct audit_line_field *ret)
{
	size_t n = 0;
	uint64_t x = 0;

	while (n < v->n && v->p[n] >= '0' && v->p[n] <= '9') {
		if (__builtin_mul_overflow(x, UINT64_C(10), &x) ||
		    __builtin_add_overflow(x, (uint64_t)(v->p[n] - '0'), &x))
			return E_PROTO;
		n++;
	}
	if (n == 0 || (n > 1 && v->p[0] == '0'))
		return E_PROTO;
	ret->type = AUDIT_LINE_NUMBER;
	ret->number = x;
	ret->text = view_of(v->p, n);
	*v = view_slice(*v, n, v->n);
	return E_OK;
}

static enum err line_value(struct view *v, struct audit_line_field *ret)
{
	if (line_skip(v, VIEW("\""))) {
		ret->type = AUDIT_LINE_TEXT;
		return line_string(v, &ret->text);
	}
	for (unsigned i = 0; i < 2; i++) {
		struct view word = i ? VIEW("true") : VIEW("false");

		if (!line_skip(v, word))
			continue;
		*ret = (struct audit_line_field){
			.key = ret->key, .text = word, .number = i, .type = AUDIT_LINE_BOOL
		};
		return E_OK;
	}
	return line_number(v, ret);
}

enum err audit_line_next(struct view *more, struct audit_line_field *ret)
{
	struct view v = *more;
	struct audit_line_field f = { 0 };

	if (v.n == 0)
		return E_AGAIN;
	if (!line_skip(&v, VIEW(",\"")))
		return E_PROTO;
	TRY(line_string(&v, &f.key));
	if (!line_skip(&v, VIEW(":")))
		return E_PROTO;
	TRY(line_value(&v, &f));
	*more = v;
	*ret = f;
	return E_OK;
}

bool audit_line_find(const struct audit_line *l, struct view key, enum audit_line_type type,
		     struct audit_line_field *ret)
{
	struct view more = l->more;
	struct audit_line_field f = { 0 };

	while (audit_line_next(&more, &f) == E_OK) {
		if (f.type == type && view_eq(f.key, key)) {
			*ret = f;
			return true;
		}
	}
	return false;
}

/* One text of the fixed ones, with what stands before it. */
static enum err line_fixed_text(struct view *v, struct view before, struct view *ret)
{
	return line_skip(v, before) ? line_string(v, ret) : E_PROTO;
}

/* The eight texts and the number that every line begins with, in this order. */
static enum err line_fixed(struct view *v, struct audit_line *l)
{
	struct audit_line_field seq = { 0 };

	TRY(line_fixed_text(v, VIEW("{\"time\":\""), &l->time));
	TRY(line_fixed_text(v, VIEW(",\"id\":\""), &l->id));
	if (!line_skip(v, VIEW(",\"seq\":")))
		return E_PROTO;
	TRY(line_number(v, &seq));
	l->seq = seq.number;
	l->seq_text = seq.text;
	TRY(line_fixed_text(v, VIEW(",\"kind\":\""), &l->kind));
	TRY(line_fixed_text(v, VIEW(",\"action\":\""), &l->action));
	TRY(line_fixed_text(v, VIEW(",\"object\":\""), &l->object));
	TRY(line_fixed_text(v, VIEW(",\"result\":\""), &l->result));
	TRY(line_fixed_text(v, VIEW(",\"origin\":\""), &l->origin));
	return line_fixed_text(v, VIEW(",\"actor\":\""), &l->actor);
}

static bool line_is_fixed_key(struct view key)
{
	const struct view keys[] = { VIEW("time"),   VIEW("id"),     VIEW("seq"),    VIEW("kind"),
				     VIEW("action"), VIEW("object"), VIEW("result"), VIEW("origin"),
				     VIEW("actor"),  VIEW("prev") };

	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (key.n == keys[i].n && view_eq(key, keys[i]))
			return true;
	return false;
}

enum err audit_line_begin(struct view line, struct audit_line *ret, const char **ret_why)
{
	static const size_t tail_n = sizeof ",\"prev\":\"\"}" - 1 + (size_t)2 * AUDIT_LINE_HASH;
	struct audit_line l = { 0 };
	struct view v = line, tail = { 0 };

	*ret_why = "is not an audit record: the fixed fields are not there";
	TRY(line_fixed(&v, &l));
	*ret_why = "is not an audit record: it does not end with the hash of the record before";
	if (v.n < tail_n)
		return E_PROTO;
	l.more = view_slice(v, 0, v.n - tail_n);
	tail = view_slice(v, v.n - tail_n, tail_n);
	if (!line_skip(&tail, VIEW(",\"prev\":\"")) ||
	    !view_eq(view_slice(tail, tail.n - 2, 2), VIEW("\"}")))
		return E_PROTO;
	TRY(audit_line_get_hex(view_slice(tail, 0, tail.n - 2), l.prev.b, sizeof l.prev.b));
	*ret = l;
	return E_OK;
}

enum err audit_line_parse(struct view line, struct audit_line *ret, const char **ret_why)
{
	struct audit_line l = { 0 };
	struct audit_line_field f = { 0 };
	struct view v = { 0 };

	TRY(audit_line_begin(line, &l, ret_why));
	*ret_why = "is not an audit record: a field is malformed or stands there twice";
	for (v = l.more; v.n;) {
		TRY(audit_line_next(&v, &f));
		if (line_is_fixed_key(f.key))
			return E_PROTO;
	}
	*ret = l;
	return E_OK;
}
