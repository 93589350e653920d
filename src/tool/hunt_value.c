/* Texts into values. */
#include "tool/hunt_value.h"

#define SAY(why, text)                                                                             \
	do {                                                                                       \
		if (why)                                                                           \
			*(why) = (text);                                                           \
	} while (0)

struct value_pair {
	struct view from, to;
};

static const struct value_pair value_fangs[] = {
	{ VIEW_INIT("[.]"), VIEW_INIT(".") },
	{ VIEW_INIT("(.)"), VIEW_INIT(".") },
	{ VIEW_INIT("{.}"), VIEW_INIT(".") },
	{ VIEW_INIT("[dot]"), VIEW_INIT(".") },
	{ VIEW_INIT("(dot)"), VIEW_INIT(".") },
	{ VIEW_INIT("[:]"), VIEW_INIT(":") },
	{ VIEW_INIT("[://]"), VIEW_INIT("://") },
	{ VIEW_INIT("[:]//"), VIEW_INIT("://") },
	{ VIEW_INIT("hxxps://"), VIEW_INIT("https://") },
	{ VIEW_INIT("hxxp://"), VIEW_INIT("http://") },
};

static uint8_t value_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static void value_put_lower(struct wbuf *w, struct view v)
{
	for (size_t i = 0; i < v.n; i++)
		wbuf_u8(w, value_lower(v.p[i]));
}

static size_t value_find(struct view v, struct view what)
{
	for (size_t i = 0; i + what.n <= v.n; i++)
		if (view_starts(view_slice(v, i, what.n), what))
			return i;
	return v.n;
}

static const struct value_pair *value_fang(struct view v)
{
	for (size_t i = 0; i < sizeof value_fangs / sizeof *value_fangs; i++)
		if (view_ieq(view_slice(v, 0, value_fangs[i].from.n), value_fangs[i].from))
			return &value_fangs[i];
	return NULL;
}

bool hunt_value_refang(struct view text, struct wbuf *w)
{
	bool had = false, is_word = true;

	/* hxxp[:]// and hxxp[://] are two disguises in one: the scheme's goes by itself */
	if (view_ieq(view_slice(text, 0, 4), VIEW("hxxp"))) {
		WBUF_LIT(w, "http");
		text = view_slice(text, 4, text.n);
		had = true;
		is_word = false;
	}
	while (text.n) {
		const struct value_pair *f = value_fang(text);

		if (f && (is_word || f->from.p[0] != 'h')) {
			wbuf_view_put(w, f->to);
			text = view_slice(text, f->from.n, text.n);
			had = true;
		} else {
			wbuf_u8(w, text.p[0]);
			text = view_slice(text, 1, text.n);
		}
	}
	return had;
}

enum err hunt_value_ip(struct view text, struct hunt_value *ret)
{
	struct ip_net net = { 0 };

	TRY(ip_net_parse(text, &net));
	*ret = (struct hunt_value){ .field = HUNT_IP, .net = net };
	return E_OK;
}

static bool value_is_label(uint8_t c)
{
	uint8_t l = value_lower(c);

	return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool hunt_value_is_host(struct view text)
{
	size_t dots = 0, label = 0;
	bool is_number = true;

	if (view_ends(text, VIEW(".")))
		text.n--;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '.') {
			if (label == 0)
				return false;
			dots++;
			label = 0;
			is_number = true;
		} else if (value_is_label(text.p[i]) && label < 63) {
			is_number = is_number && text.p[i] >= '0' && text.p[i] <= '9';
			label++;
		} else {
			return false;
		}
	}
	return dots && label && !is_number && text.n <= 253;
}

static bool value_is_plain(struct view v)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] <= ' ' || v.p[i] == 0x7f)
			return false;
	return true;
}

static enum err value_host(enum hunt_how how, struct view text, struct wbuf *w,
			   const char **ret_why)
{
	bool is_whole = how == HUNT_IS;
	struct hunt_value ip = { 0 };

	if (is_whole && view_ends(text, VIEW(".")))
		text.n--; /* the root, which nobody writes */
	if (text.n == 0 || !value_is_plain(text) || view_find(text, '/') < text.n ||
	    (is_whole && hunt_value_ip(text, &ip) != E_OK && view_find(text, ':') < text.n)) {
		SAY(ret_why, "that is no host name: write it without scheme, port and path");
		return E_PROTO;
	}
	value_put_lower(w, text);
	return E_OK;
}

static enum err value_tls(enum hunt_how how, struct view text, struct wbuf *w, const char **ret_why)
{
	size_t from = w->n;

	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = value_lower(text.p[i]);

		if (c == ':')
			continue;
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			from = SIZE_MAX;
		wbuf_u8(w, c);
	}
	if (how == HUNT_IS && from != SIZE_MAX && w->n - from == 64)
		return E_OK;
	SAY(ret_why,
	    "write a SHA-256, of a client's certificate or its tls_class: 64 hexadecimal digits");
	return E_PROTO;
}

/* host:port, or [address]:port, without the port. */
static struct view value_bare(struct view authority)
{
	size_t at = view_find(authority, '@');
	size_t colon = 0;

	if (at < authority.n)
		authority = view_slice(authority, at + 1, authority.n);
	if (authority.n && authority.p[0] == '[') {
		size_t end = view_find(authority, ']');

		return view_slice(authority, 0, end < authority.n ? end + 1 : authority.n);
	}
	colon = view_find(authority, ':');
	return view_slice(authority, 0, colon);
}

/* RFC 3986 §3: scheme://authority/path?query#fragment; the log has host and path. */
static enum err value_url(enum hunt_how how, struct view text, struct wbuf *w, const char **ret_why)
{
	size_t scheme = value_find(text, VIEW("://"));
	bool is_from_start = how == HUNT_IS || how == HUNT_BEGINS;
	size_t slash = 0, end = 0;

	if (text.n == 0 || !value_is_plain(text) || is_from_start != (scheme < text.n)) {
		SAY(ret_why, "write a whole URL, such as https://www.example.nl/path");
		return E_PROTO;
	}
	if (is_from_start)
		text = view_slice(text, scheme + 3, text.n);
	text = view_slice(text, 0, view_find(text, '#'));
	text = view_slice(text, 0, view_find(text, '?'));
	if (!is_from_start) {
		wbuf_view_put(w, text);
		return text.n ? E_OK : E_PROTO;
	}
	slash = view_find(text, '/');
	end = w->n;
	/* A beginning may end inside the host. */
	value_put_lower(w, how == HUNT_BEGINS && slash == text.n
				   ? text
				   : value_bare(view_slice(text, 0, slash)));
	if (w->n == end) {
		SAY(ret_why, "that URL has no host");
		return E_PROTO;
	}
	wbuf_view_put(w, view_slice(text, slash, text.n));
	if (slash == text.n && how == HUNT_IS)
		WBUF_LIT(w, "/");
	return E_OK;
}

static enum err value_path(enum hunt_how how, struct view text, struct wbuf *w,
			   const char **ret_why)
{
	text = view_slice(text, 0, view_find(text, '?'));
	if (text.n == 0 || !value_is_plain(text) ||
	    ((how == HUNT_IS || how == HUNT_BEGINS) && text.p[0] != '/')) {
		SAY(ret_why, "a path begins with /");
		return E_PROTO;
	}
	wbuf_view_put(w, text);
	return E_OK;
}

static enum err value_text(enum hunt_how how, struct view text, struct wbuf *w,
			   const char **ret_why)
{
	(void)how;
	if (text.n == 0) {
		SAY(ret_why, "there is no value");
		return E_PROTO;
	}
	wbuf_view_put(w, text);
	return E_OK;
}

typedef enum err value_writer(enum hunt_how how, struct view text, struct wbuf *w,
			      const char **ret_why);

static value_writer *const value_writers[HUNT_FIELDS] = {
	[HUNT_HOST] = value_host,  [HUNT_PATH] = value_path, [HUNT_URL] = value_url,
	[HUNT_AGENT] = value_text, [HUNT_USER] = value_text, [HUNT_TLS] = value_tls,
};

enum err hunt_value_make(enum hunt_field field, enum hunt_how how, struct view text, struct wbuf *w,
			 struct hunt_value *ret, const char **ret_why)
{
	size_t from = w->n;

	if (text.n > HUNT_VALUE_BYTES) {
		SAY(ret_why, "a value has at most 4096 bytes");
		return E_LIMIT;
	}
	if (field == HUNT_IP) {
		if (how == HUNT_IS && hunt_value_ip(text, ret) == E_OK)
			return E_OK;
		SAY(ret_why, "write an address, or a network without bits beyond its length, such "
			     "as 203.0.113.0/24");
		return E_PROTO;
	}
	TRY(value_writers[field](how, text, w, ret_why));
	TRY(wbuf_check(w));
	*ret = (struct hunt_value){ .field = field,
				    .how = how,
				    .text = view_slice(wbuf_view(w), from, w->n) };
	return ret->text.n ? E_OK : E_PROTO;
}
