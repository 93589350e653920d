/* The reference: split into lines, match each by hand, then count. No tables, no positions kept. */
#include "tests/fuzz/reference_http1.h"

#include <string.h>

struct text {
	const uint8_t *p;
	size_t n;
};

static struct text cut(struct text t, size_t from, size_t to)
{
	return (struct text){ t.p + from, to - from };
}

static int low(int c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static bool is(struct text t, const char *word)
{
	size_t i = 0;

	for (; i < t.n && word[i]; i++)
		if (low(t.p[i]) != word[i])
			return false;
	return i == t.n && !word[i];
}

static bool is_exactly(struct text t, const char *word)
{
	return t.n == strlen(word) && (t.n == 0 || memcmp(t.p, word, t.n) == 0);
}

static bool begins(struct text t, const char *word)
{
	return t.n >= strlen(word) && is(cut(t, 0, strlen(word)), word);
}

/* tchar, RFC 9110 §5.6.2 */
static bool is_tchar(int c)
{
	if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return true;
	return c == '!' || c == '#' || c == '$' || c == '%' || c == '&' || c == '\'' || c == '*' ||
	       c == '+' || c == '-' || c == '.' || c == '^' || c == '_' || c == '`' || c == '|' ||
	       c == '~';
}

static bool is_token(struct text t)
{
	for (size_t i = 0; i < t.n; i++)
		if (!is_tchar(t.p[i]))
			return false;
	return t.n > 0;
}

static size_t find(struct text t, int c)
{
	size_t i = 0;

	while (i < t.n && t.p[i] != c)
		i++;
	return i;
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static struct text trimmed(struct text t)
{
	size_t from = 0, to = t.n;

	while (from < to && (t.p[from] == ' ' || t.p[from] == '\t'))
		from++;
	while (to > from && (t.p[to - 1] == ' ' || t.p[to - 1] == '\t'))
		to--;
	return cut(t, from, to);
}

struct message {
	struct text method;
	int minor;
	unsigned hosts, lengths, codings, expects;
	uint64_t length;
	bool is_close, is_keep_alive;
};

/* authority-form: uri-host ":" port */
static bool is_authority(struct text t)
{
	size_t colon = t.n;

	for (size_t i = 0; i < t.n; i++) {
		if (t.p[i] == ':')
			colon = i;
		if (t.p[i] == '/' || t.p[i] == '?' || t.p[i] == '#' || t.p[i] == '@')
			return false;
	}
	if (colon == 0 || colon == t.n || t.n - colon - 1 < 1 || t.n - colon - 1 > 5)
		return false;
	for (size_t i = colon + 1; i < t.n; i++)
		if (!is_digit(t.p[i]))
			return false;
	return true;
}

/* RFC 9112 §3.2 */
static bool is_target(struct text target, struct text method)
{
	for (size_t i = 0; i < target.n; i++)
		if (target.p[i] < 0x21 || target.p[i] > 0x7e)
			return false;
	if (target.n == 0)
		return false;
	if (is_exactly(method, "CONNECT"))
		return is_authority(target);
	if (target.p[0] == '/')
		return true;
	if (is_exactly(target, "*"))
		return is_exactly(method, "OPTIONS");
	return begins(target, "http://") || begins(target, "https://");
}

/* RFC 9112 §2.3, §3 */
static bool request_line(struct text line, struct message *m)
{
	size_t sp1 = find(line, ' '), sp2 = 0;
	struct text rest = { 0 }, version = { 0 };

	if (sp1 == line.n)
		return false;
	m->method = cut(line, 0, sp1);
	rest = cut(line, sp1 + 1, line.n);
	sp2 = find(rest, ' ');
	if (sp2 == rest.n)
		return false;
	version = cut(rest, sp2 + 1, rest.n);
	if (!is_token(m->method) || !is_target(cut(rest, 0, sp2), m->method))
		return false;
	if (version.n != 8 || !is_exactly(cut(version, 0, 7), "HTTP/1.") || !is_digit(version.p[7]))
		return false;
	m->minor = version.p[7] == '0' ? 0 : 1;
	return true;
}

static bool on_host(struct text v, struct message *m)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] < 0x21 || v.p[i] > 0x7e || v.p[i] == ',')
			return false;
	return v.n > 0 && ++m->hosts == 1;
}

static bool on_length(struct text v, struct message *m)
{
	if (v.n < 1 || v.n > 18 || ++m->lengths > 1)
		return false;
	for (size_t i = 0; i < v.n; i++) {
		if (!is_digit(v.p[i]))
			return false;
		m->length = m->length * 10 + (uint64_t)(v.p[i] - '0');
	}
	return true;
}

static bool on_option(struct text v, struct message *m)
{
	v = trimmed(v);
	if (v.n == 0)
		return true;
	m->is_close |= is(v, "close");
	m->is_keep_alive |= is(v, "keep-alive");
	return is_token(v) && !is(v, "host") && !is(v, "content-length") &&
	       !is(v, "content_length") && !is(v, "transfer-encoding") &&
	       !is(v, "transfer_encoding");
}

/* A quote makes what is in it no token; so a comma may be taken for the end of an option here. */
static bool on_connection(struct text v, struct message *m)
{
	for (;;) {
		size_t comma = find(v, ',');

		if (!on_option(cut(v, 0, comma), m))
			return false;
		if (comma == v.n)
			return true;
		v = cut(v, comma + 1, v.n);
	}
}

static bool field(struct text name, struct text v, struct message *m)
{
	static const char *const look_alikes[] = {
		"content_length",     "transfer_encoding",   "keep_alive",     "proxy_connection",
		"proxy_authenticate", "proxy_authorization", "http2_settings",
	};

	for (size_t i = 0; i < sizeof look_alikes / sizeof look_alikes[0]; i++)
		if (is(name, look_alikes[i]))
			return false;
	if (is(name, "host"))
		return on_host(v, m);
	if (is(name, "content-length"))
		return on_length(v, m);
	if (is(name, "transfer-encoding"))
		return m->minor == 1 && is(v, "chunked") && ++m->codings == 1;
	if (is(name, "connection"))
		return on_connection(v, m);
	if (is(name, "expect") && m->minor == 1)
		return is(v, "100-continue") && ++m->expects == 1;
	return true;
}

/* field-name ":" OWS field-value OWS, RFC 9112 §5 */
static bool field_line(struct text line, struct message *m)
{
	size_t colon = find(line, ':');

	if (colon == line.n || !is_token(cut(line, 0, colon)))
		return false;
	for (size_t i = colon + 1; i < line.n; i++) {
		int c = line.p[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return field(cut(line, 0, colon), trimmed(cut(line, colon + 1, line.n)), m);
}

/* Position of the next CR LF, or n. */
static size_t line_end(struct text t, size_t from)
{
	for (size_t i = from; i + 1 < t.n; i++)
		if (t.p[i] == '\r' && t.p[i + 1] == '\n')
			return i;
	return t.n;
}

static struct reference verdict(const struct message *m, size_t n, size_t field_n)
{
	struct reference r = { .n = n, .field_n = field_n, .length = m->length };

	if (m->hosts != 1 && m->minor == 1)
		return r;
	if (m->lengths && m->codings)
		return r;
	r.is_good = true;
	r.body = m->codings ? REFERENCE_CHUNKED : m->lengths ? REFERENCE_LENGTH : REFERENCE_NONE;
	r.is_persistent = !m->is_close && (m->minor == 1 || m->is_keep_alive);
	return r;
}

struct reference reference_http1_request(const uint8_t *p, size_t n, size_t limit, size_t field_cap)
{
	struct text all = { p, n < limit ? n : limit };
	struct reference bad = { 0 };
	struct message m = { 0 };
	size_t at = line_end(all, 0), lines = 0;

	if (at == all.n || !request_line(cut(all, 0, at), &m))
		return bad;
	for (;;) {
		size_t from = at + 2;

		at = line_end(all, from);
		if (at == all.n)
			return bad;
		if (at == from)
			return verdict(&m, at + 2, lines);
		if (++lines > field_cap || !field_line(cut(all, from, at), &m))
			return bad;
	}
}
