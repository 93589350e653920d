/* A ClientHello taken apart for its numbers; pure, linear but for sorting a bounded list. */
#include "proto/tls_class.h"

enum {
	CLASS_HEAD = 4,
	CLASS_CLIENT_HELLO = 1,
	CLASS_RANDOM = 32,
	CLASS_NAME = 0,
	CLASS_ALGORITHMS = 13,
	CLASS_VERSIONS = 43
};

struct class_list {
	uint16_t at[TLS_CLASS_NUMBERS];
	size_t n;
};

struct class_hello {
	uint16_t version;
	struct class_list suites, extensions, algorithms;
};

/* RFC 8701 §2: 0x0a0a, 0x1a1a, ... 0xfafa */
static bool class_is_grease(uint16_t x)
{
	return (x & 0x0f0f) == 0x0a0a && x >> 8 == (x & 0xff);
}

/* Extensions that a browser sends on some of its connections and not on others. */
static bool class_comes_and_goes(uint16_t type)
{
	static const uint16_t types[] = {
		CLASS_NAME /* an address has none */,
		16 /* ALPN */,
		21 /* padding */,
		27 /* compress_certificate: Firefox leaves it out now and then */,
		35 /* session_ticket */,
		41 /* pre_shared_key */,
		42 /* early_data */,
		44 /* cookie */,
		17513 /* application settings, for HTTP/2 alone */,
		17613 /* likewise, the newer one */,
		65037 /* encrypted_client_hello, left out when it is tried again without */
	};

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (type == types[i])
			return true;
	return false;
}

static enum err class_add(struct class_list *l, uint16_t x)
{
	if (class_is_grease(x))
		return E_OK;
	if (l->n == TLS_CLASS_NUMBERS)
		return E_LIMIT;
	l->at[l->n++] = x;
	return E_OK;
}

static enum err class_add_all(struct class_list *l, struct view numbers)
{
	uint16_t x = 0;

	if (numbers.n % 2)
		return E_PROTO;
	while (view_u16(&numbers, &x) == E_OK)
		TRY(class_add(l, x));
	return E_OK;
}

/* Insertion: the list is short, and mostly sorted when it is long. */
static void class_sort(struct class_list *l)
{
	for (size_t i = 1; i < l->n; i++) {
		uint16_t x = l->at[i];
		size_t k = i;

		for (; k && l->at[k - 1] > x; k--)
			l->at[k] = l->at[k - 1];
		l->at[k] = x;
	}
}

static enum err class_str8(struct view *in, struct view *ret)
{
	uint8_t n = 0;

	TRY(view_u8(in, &n));
	return view_take(in, n, ret);
}

/* RFC 8446 §4.2.1: the newest one offered takes the place of the field in front. */
static enum err class_versions(struct class_hello *h, struct view content)
{
	struct view list = { 0 };
	uint16_t x = 0, best = 0;

	TRY(class_str8(&content, &list));
	TRY(view_end(&content));
	while (view_u16(&list, &x) == E_OK)
		if (!class_is_grease(x) && x > best)
			best = x;
	h->version = best ? best : h->version;
	return view_end(&list);
}

static enum err class_extension(struct class_hello *h, uint16_t type, struct view content)
{
	struct view list = { 0 };

	if (type == CLASS_VERSIONS)
		TRY(class_versions(h, content));
	if (type == CLASS_ALGORITHMS) {
		TRY(view_str16(&content, &list));
		TRY(view_end(&content));
		TRY(class_add_all(&h->algorithms, list));
	}
	return class_comes_and_goes(type) ? E_OK : class_add(&h->extensions, type);
}

static enum err class_extensions(struct class_hello *h, struct view in)
{
	while (in.n) {
		struct view content = { 0 };
		uint16_t type = 0;

		TRY(view_u16(&in, &type));
		TRY(view_str16(&in, &content));
		TRY(class_extension(h, type, content));
	}
	return E_OK;
}

/* RFC 8446 §4.1.2 */
static enum err class_read(struct class_hello *h, struct view in)
{
	struct view head = { 0 }, part = { 0 };

	TRY(view_take(&in, CLASS_HEAD, &head));
	if (head.p[0] != CLASS_CLIENT_HELLO)
		return E_PROTO;
	TRY(view_u16(&in, &h->version));
	TRY(view_take(&in, CLASS_RANDOM, &part));
	TRY(class_str8(&in, &part));
	TRY(view_str16(&in, &part));
	TRY(class_add_all(&h->suites, part));
	TRY(class_str8(&in, &part));
	if (in.n == 0)
		return E_OK; /* before extensions there were */
	TRY(view_str16(&in, &part));
	TRY(view_end(&in));
	return class_extensions(h, part);
}

static void class_put_number(struct wbuf *w, uint16_t x)
{
	uint8_t b[2] = { (uint8_t)(x >> 8), (uint8_t)x };

	wbuf_hex(w, view_of(b, sizeof b));
}

static void class_put_list(struct wbuf *w, const struct class_list *l)
{
	WBUF_LIT(w, " ");
	for (size_t i = 0; i < l->n; i++) {
		if (i)
			WBUF_LIT(w, ",");
		class_put_number(w, l->at[i]);
	}
}

enum err tls_class_put(struct wbuf *w, struct view hello)
{
	struct class_hello h = { 0 };
	enum err got = class_read(&h, hello);

	if (got != E_OK)
		return got == E_SHORT ? E_PROTO : got;
	class_sort(&h.suites);
	class_sort(&h.extensions);
	WBUF_LIT(w, "tls ");
	class_put_number(w, h.version);
	class_put_list(w, &h.suites);
	class_put_list(w, &h.extensions);
	class_put_list(w, &h.algorithms);
	return wbuf_check(w);
}
