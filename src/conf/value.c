/* Scalars of the configuration; pure. */
#include "conf/value.h"

struct value_unit {
	const char *word;
	uint64_t factor;
};

static const struct value_unit value_sizes[] = {
	{ "g", 1u << 30 },
	{ "m", 1u << 20 },
	{ "k", 1u << 10 },
	{ "", 1 },
};

/* Longest first among those that others end in: "ms" before "m" and "s". */
static const struct value_unit value_durations[] = {
	{ "d", 86400000 }, { "h", 3600000 }, { "ms", 1 }, { "m", 60000 }, { "s", 1000 },
};

enum err value_bool(struct view text, bool *ret)
{
	bool is_true = view_eq(text, VIEW("true"));

	if (!is_true && !view_eq(text, VIEW("false")))
		return E_PROTO;
	*ret = is_true;
	return E_OK;
}

enum err value_number(struct view text, uint64_t *ret)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < '0' || text.p[i] > '9')
			return E_PROTO;
	if (text.n > 19)
		return E_LIMIT;
	return view_dec(text, ret);
}

static enum err value_with_unit(struct view text, const struct value_unit *units, size_t n,
				uint64_t *ret)
{
	size_t digits = 0;
	struct view unit = { 0 };
	uint64_t x = 0;

	while (digits < text.n && text.p[digits] >= '0' && text.p[digits] <= '9')
		digits++;
	unit = view_slice(text, digits, text.n);
	if (digits == 0)
		return E_PROTO;
	for (size_t i = 0; i < n; i++) {
		if (!view_eq(unit, view_str(units[i].word)))
			continue;
		TRY(value_number(view_slice(text, 0, digits), &x));
		if (__builtin_mul_overflow(x, units[i].factor, &x))
			return E_LIMIT;
		*ret = x;
		return E_OK;
	}
	return E_PROTO;
}

enum err value_size(struct view text, uint64_t *ret)
{
	return value_with_unit(text, value_sizes, sizeof value_sizes / sizeof value_sizes[0], ret);
}

enum err value_duration(struct view text, uint64_t *ret_ms)
{
	if (view_eq(text, VIEW("0"))) {
		*ret_ms = 0;
		return E_OK;
	}
	return value_with_unit(text, value_durations,
			       sizeof value_durations / sizeof value_durations[0], ret_ms);
}

enum err value_factor(struct view text, uint64_t *ret_hundredths)
{
	size_t dot = view_find(text, '.');
	struct view rest = view_slice(text, dot + 1, text.n);
	uint64_t whole = 0, part = 0;

	TRY(value_number(view_slice(text, 0, dot), &whole));
	if (dot < text.n) {
		if (rest.n > 2)
			return E_PROTO;
		TRY(value_number(rest, &part));
		part *= rest.n == 1 ? 10 : 1;
	}
	if (__builtin_mul_overflow(whole, 100, &whole) ||
	    __builtin_add_overflow(whole, part, &whole))
		return E_LIMIT;
	*ret_hundredths = whole;
	return E_OK;
}

/* Position of the last ':', or text.n. */
static size_t value_last_colon(struct view text)
{
	for (size_t i = text.n; i > 0; i--)
		if (text.p[i - 1] == ':')
			return i - 1;
	return text.n;
}

enum err value_address(struct view text, struct value_address *ret)
{
	size_t colon = value_last_colon(text);
	struct view host = view_slice(text, 0, colon), port = view_slice(text, colon + 1, text.n);
	struct value_address a = { 0 };
	uint64_t number = 0;

	if (view_starts(text, VIEW("unix:"))) {
		a = (struct value_address){ .kind = IMAGE_ADDRESS_UNIX,
					    .name = view_slice(text, 5, text.n) };
		if (!view_starts(a.name, VIEW("/")) || a.name.n < 2 || a.name.n > 107)
			return E_PROTO;
		*ret = a;
		return E_OK;
	}
	TRY(value_number(port, &number));
	if (number == 0 || number > UINT16_MAX)
		return E_PROTO;
	a.port = (uint16_t)number;
	a.kind = IMAGE_ADDRESS_IP;
	if (view_starts(host, VIEW("[")) && view_ends(host, VIEW("]"))) {
		host = view_slice(host, 1, host.n - 2);
		if (view_find(host, ':') == host.n)
			return E_PROTO;
		TRY(ip_parse(host, &a.ip));
	} else if (ip_parse(host, &a.ip) == E_OK) {
		if (view_find(host, ':') != host.n)
			return E_PROTO; /* "::1:80" is an address without a port, or not */
	} else if (value_is_dns_name(host)) {
		a.kind = IMAGE_ADDRESS_NAME;
		a.name = host;
	} else {
		return E_PROTO;
	}
	*ret = a;
	return E_OK;
}

enum err value_status_range(struct view text, struct image_status_range *ret)
{
	size_t dash = view_find(text, '-');
	uint64_t from = 0, to = 0;

	TRY(value_number(view_slice(text, 0, dash), &from));
	to = from;
	if (dash < text.n)
		TRY(value_number(view_slice(text, dash + 1, text.n), &to));
	if (from < 100 || to > 599 || from > to)
		return E_PROTO;
	*ret = (struct image_status_range){ .from = (uint16_t)from, .to = (uint16_t)to };
	return E_OK;
}

static bool value_is_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool value_is_name(struct view text)
{
	if (text.n == 0 || text.n > 63 || !value_is_alnum(text.p[0]))
		return false;
	for (size_t i = 0; i < text.n; i++)
		if (!value_is_alnum(text.p[i]) && text.p[i] != '-' && text.p[i] != '_' &&
		    text.p[i] != '.')
			return false;
	return true;
}

static bool value_is_label(struct view label, bool *ret_has_letter)
{
	if (label.n == 0 || label.n > 63 || label.p[0] == '-' || label.p[label.n - 1] == '-')
		return false;
	for (size_t i = 0; i < label.n; i++) {
		uint8_t c = label.p[i];

		if (!value_is_alnum(c) && c != '-' && c != '_')
			return false;
		*ret_has_letter |= c < '0' || c > '9';
	}
	return true;
}

bool value_is_dns_name(struct view text)
{
	bool has_letter = false;

	if (text.n == 0 || text.n > 253)
		return false;
	for (;;) {
		size_t dot = view_find(text, '.');

		has_letter = false;
		if (!value_is_label(view_slice(text, 0, dot), &has_letter))
			return false;
		if (dot == text.n)
			return has_letter; /* the last label of an address in numbers has none */
		text = view_slice(text, dot + 1, text.n);
		if (text.n == 0)
			return false;
	}
}

static void value_put_with_unit(struct wbuf *w, uint64_t x, const struct value_unit *units,
				size_t n)
{
	const struct value_unit *best = NULL;

	for (size_t i = 0; i < n; i++)
		if (x % units[i].factor == 0 && (!best || units[i].factor > best->factor))
			best = &units[i];
	if (x == 0 || !best) {
		wbuf_dec(w, x);
		return;
	}
	wbuf_dec(w, x / best->factor);
	wbuf_str(w, best->word);
}

void value_put_size(struct wbuf *w, uint64_t bytes)
{
	value_put_with_unit(w, bytes, value_sizes, sizeof value_sizes / sizeof value_sizes[0]);
}

void value_put_factor(struct wbuf *w, uint64_t hundredths)
{
	wbuf_dec(w, hundredths / 100);
	if (hundredths % 100 == 0)
		return;
	WBUF_LIT(w, ".");
	wbuf_dec(w, hundredths / 10 % 10);
	if (hundredths % 10)
		wbuf_dec(w, hundredths % 10);
}

void value_put_duration(struct wbuf *w, uint64_t ms)
{
	value_put_with_unit(w, ms, value_durations,
			    sizeof value_durations / sizeof value_durations[0]);
}
