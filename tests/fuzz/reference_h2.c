/* The reference: one question after the other over the whole list, and a text built by appending.
 */
#include "tests/fuzz/reference_h2.h"

#include <string.h>

struct list {
	const struct reference_h2_field *f;
	size_t n;
};

static bool is_name(const struct reference_h2_field *f, const char *name)
{
	return f->name_n == strlen(name) && memcmp(f->name, name, f->name_n) == 0;
}

static int low(int c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static bool is_same(const struct reference_h2_field *a, const char *text, size_t n)
{
	if (a->value_n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (low(a->value[i]) != low((uint8_t)text[i]))
			return false;
	return true;
}

static size_t count(const struct list *l, const char *name)
{
	size_t found = 0;

	for (size_t i = 0; i < l->n; i++)
		found += is_name(&l->f[i], name);
	return found;
}

/* The first one; NULL: none. */
static const struct reference_h2_field *get(const struct list *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (is_name(&l->f[i], name))
			return &l->f[i];
	return NULL;
}

static bool is_value(const struct list *l, const char *name, const char *value)
{
	const struct reference_h2_field *f = get(l, name);

	return f && f->value_n == strlen(value) && memcmp(f->value, value, f->value_n) == 0;
}

/* ---- RFC 9113 §8.2: what any field may be ---- */

static bool is_token_byte(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_good_name(const struct reference_h2_field *f)
{
	for (size_t i = 0; i < f->name_n; i++)
		if (!is_token_byte(f->name[i]))
			return false;
	return f->name_n > 0;
}

static bool is_space(int c)
{
	return c == ' ' || c == '\t';
}

static bool is_good_value(const struct reference_h2_field *f)
{
	for (size_t i = 0; i < f->value_n; i++)
		if ((f->value[i] < 0x20 && f->value[i] != '\t') || f->value[i] == 0x7f)
			return false;
	return f->value_n == 0 || !(is_space(f->value[0]) || is_space(f->value[f->value_n - 1]));
}

/* §8.3: known, once, in front, and printable */
static bool is_good_pseudo(const struct list *l, size_t at)
{
	static const char *const known[] = { ":method", ":scheme", ":path", ":authority",
					     ":protocol" };
	const struct reference_h2_field *f = &l->f[at];
	bool is_known = false;

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		is_known |= is_name(f, known[i]) && count(l, known[i]) == 1;
	for (size_t i = 0; i < at; i++)
		is_known &= l->f[i].name_n > 0 && l->f[i].name[0] == ':';
	for (size_t i = 0; i < f->value_n; i++)
		is_known &= f->value[i] > 0x20 && f->value[i] < 0x7f;
	return is_known && f->value_n > 0;
}

static bool is_of_connection(const struct reference_h2_field *f)
{
	return is_name(f, "connection") || is_name(f, "proxy-connection") ||
	       is_name(f, "keep-alive") || is_name(f, "transfer-encoding") || is_name(f, "upgrade");
}

static bool is_good_field(const struct list *l, size_t at)
{
	const struct reference_h2_field *f = &l->f[at], *authority = get(l, ":authority");

	if (f->name_n && f->name[0] == ':')
		return is_good_pseudo(l, at);
	if (!is_good_name(f) || !is_good_value(f) || is_of_connection(f))
		return false;
	if (is_name(f, "te"))
		return is_same(f, "trailers", 8);
	if (is_name(f, "host") && authority)
		return is_same(f, (const char *)authority->value, authority->value_n);
	return true;
}

/* ---- §8.3.1, §8.5, RFC 8441 §4: what a request must have ---- */

static bool is_method(const struct list *l)
{
	const struct reference_h2_field *f = get(l, ":method");

	for (size_t i = 0; f && i < f->value_n; i++)
		if (!is_token_byte(low(f->value[i])))
			return false;
	return f != NULL;
}

static bool is_target(const struct list *l)
{
	const struct reference_h2_field *path = get(l, ":path");

	if (!path || !(is_value(l, ":scheme", "http") || is_value(l, ":scheme", "https")))
		return false;
	return path->value[0] == '/' ||
	       (is_value(l, ":path", "*") && is_value(l, ":method", "OPTIONS"));
}

static bool is_good_start(const struct list *l)
{
	bool is_connect = is_value(l, ":method", "CONNECT");

	if (!is_method(l))
		return false;
	if (get(l, ":protocol"))
		return is_connect && get(l, ":authority") && is_target(l);
	if (is_connect)
		return get(l, ":authority") && !get(l, ":scheme") && !get(l, ":path");
	return is_target(l);
}

static bool is_websocket(const struct list *l)
{
	return is_value(l, ":protocol", "websocket");
}

/* §8.1.1: one number, and what follows may be so long */
static bool is_good_length(const struct list *l, bool is_last)
{
	const struct reference_h2_field *f = get(l, "content-length");
	bool is_zero = true;

	if (!f)
		return true;
	if (count(l, "content-length") > 1 || f->value_n == 0 || f->value_n > 18 || is_websocket(l))
		return false;
	for (size_t i = 0; i < f->value_n; i++) {
		if (f->value[i] < '0' || f->value[i] > '9')
			return false;
		is_zero &= f->value[i] == '0';
	}
	return is_zero || !is_last;
}

/* ---- the head ---- */

struct text {
	char *p;
	size_t n;
};

static void add(struct text *t, const void *p, size_t n)
{
	if (n)
		memcpy(t->p + t->n, p, n);
	t->n += n;
}

static void say(struct text *t, const char *words)
{
	add(t, words, strlen(words));
}

static void add_line(struct text *t, const struct reference_h2_field *f)
{
	add(t, f->name, f->name_n);
	say(t, ": ");
	add(t, f->value, f->value_n);
	say(t, "\r\n");
}

static void add_start(struct text *t, const struct list *l)
{
	const struct reference_h2_field *method = get(l, ":method"), *host = get(l, ":authority"),
					*target = get(l, ":path");
	bool is_connect = is_value(l, ":method", "CONNECT") && !is_websocket(l);

	if (is_websocket(l))
		say(t, "GET");
	else
		add(t, method->value, method->value_n);
	say(t, " ");
	target = is_connect ? host : target;
	add(t, target->value, target->value_n);
	say(t, " HTTP/1.1\r\n");
	if (!host)
		return;
	say(t, "Host: ");
	add(t, host->value, host->value_n);
	say(t, "\r\n");
}

/* Lines in the order of the fields; not those that have been said, or are said later. */
static void add_field(struct text *t, const struct list *l, const struct reference_h2_field *f)
{
	bool is_handshake = is_name(f, "sec-websocket-key") || is_name(f, "sec-websocket-accept");

	if (f->name[0] == ':' || is_name(f, "cookie") || is_name(f, "content-length") ||
	    is_name(f, "http2-settings") || (is_handshake && is_websocket(l)) ||
	    (is_name(f, "host") && get(l, ":authority")))
		return;
	if (is_name(f, "te"))
		say(t, "te: trailers\r\nconnection: te\r\n");
	else
		add_line(t, f);
}

/* §8.2.3 */
static void add_cookies(struct text *t, const struct list *l)
{
	bool is_first = true;

	for (size_t i = 0; i < l->n; i++) {
		if (!is_name(&l->f[i], "cookie"))
			continue;
		say(t, is_first ? "Cookie: " : "; ");
		add(t, l->f[i].value, l->f[i].value_n);
		is_first = false;
	}
	if (!is_first)
		say(t, "\r\n");
}

static bool is_grpc(const struct list *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (is_name(&l->f[i], "content-type") && l->f[i].value_n >= 16 &&
		    memcmp(l->f[i].value, "application/grpc", 16) == 0)
			return true;
	return false;
}

/* RFC 9112 §6: a length as it was stated but for zeros in front, or chunks where trailers may come
 */
static void add_framing(struct text *t, const struct list *l, bool is_last)
{
	const struct reference_h2_field *length = get(l, "content-length");
	size_t zeros = 0;

	if (is_last && !length)
		return;
	if (!is_last && (!length || get(l, "trailer") || is_grpc(l))) {
		say(t, "transfer-encoding: chunked\r\n");
		return;
	}
	while (zeros + 1 < length->value_n && length->value[zeros] == '0')
		zeros++;
	say(t, "content-length: ");
	add(t, length->value + zeros, length->value_n - zeros);
	say(t, "\r\n");
}

size_t reference_h2_request(const struct reference_h2_field *f, size_t n, bool is_last,
			    const char *key, char *ret)
{
	struct list l = { f, n };
	struct text t = { ret, 0 };

	for (size_t i = 0; i < n; i++)
		if (!is_good_field(&l, i))
			return 0;
	if (!is_good_start(&l) || !is_good_length(&l, is_last))
		return 0;
	add_start(&t, &l);
	for (size_t i = 0; i < n; i++)
		add_field(&t, &l, &f[i]);
	add_cookies(&t, &l);
	if (is_websocket(&l)) {
		say(&t, "connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-key: ");
		say(&t, key);
		say(&t, "\r\n");
	} else {
		add_framing(&t, &l, is_last);
	}
	say(&t, "\r\n");
	return t.n;
}
