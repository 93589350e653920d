/* Lines into indicators: what each looks like decides, in the order of a table. */
#include "tool/hunt_list.h"

#include "base/utf8.h"
#include "tool/hunt_value.h"
#include "tool/hunt_words.h"

enum { LIST_LINE = HUNT_VALUE_BYTES + 256 };

struct list_type {
	struct view name;
	enum hunt_field field;
	enum hunt_how how;
};

/* type:value; type~value is looked for inside. */
static const struct list_type list_types[] = {
	{ VIEW_INIT("ip:"), HUNT_IP, HUNT_IS },
	{ VIEW_INIT("net:"), HUNT_IP, HUNT_IS },
	{ VIEW_INIT("host:"), HUNT_HOST, HUNT_IS },
	{ VIEW_INIT("host~"), HUNT_HOST, HUNT_HAS },
	{ VIEW_INIT("url:"), HUNT_URL, HUNT_IS },
	{ VIEW_INIT("url-prefix:"), HUNT_URL, HUNT_BEGINS },
	{ VIEW_INIT("path:"), HUNT_PATH, HUNT_IS },
	{ VIEW_INIT("path-prefix:"), HUNT_PATH, HUNT_BEGINS },
	{ VIEW_INIT("path~"), HUNT_PATH, HUNT_HAS },
	{ VIEW_INIT("agent:"), HUNT_AGENT, HUNT_IS },
	{ VIEW_INIT("agent-prefix:"), HUNT_AGENT, HUNT_BEGINS },
	{ VIEW_INIT("agent~"), HUNT_AGENT, HUNT_HAS },
	{ VIEW_INIT("user:"), HUNT_USER, HUNT_IS },
	{ VIEW_INIT("tls:"), HUNT_TLS, HUNT_IS },
};

struct list_reader {
	struct hunt_set *set;
	struct view file;
	hunt_list_tell *tell;
	void *arg;
	uint32_t line;
	bool is_bad;
	uint8_t room[HUNT_VALUE_ROOM];
};

/* What a line is about. */
struct list_item {
	enum hunt_field field;
	enum hunt_how how;
	struct view text;
};

static enum err list_refuse(struct list_reader *r, size_t column, const char *why)
{
	struct hunt_list_error e = { .line = r->line, .column = (uint32_t)column + 1, .why = why };

	r->is_bad = true;
	r->tell(r->arg, &e);
	return E_PROTO;
}

/* "  # name" at the end: the comment is what the indicator is called. */
static size_t list_comment(struct view line)
{
	for (size_t i = 0; i < line.n; i++)
		if (line.p[i] == '#' && (i == 0 || line.p[i - 1] == ' ' || line.p[i - 1] == '\t'))
			return i;
	return line.n;
}

static bool list_type(struct view text, struct list_item *ret)
{
	for (size_t i = 0; i < sizeof list_types / sizeof *list_types; i++) {
		const struct list_type *t = &list_types[i];

		if (!view_starts(text, t->name))
			continue;
		*ret = (struct list_item){
			.field = t->field,
			.how = t->how,
			.text = view_trim(view_slice(text, t->name.n, text.n)),
		};
		return true;
	}
	return false;
}

static bool list_is_hex64(struct view v)
{
	size_t n = 0;

	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i] | 0x20;

		if (v.p[i] != ':' && !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
		n += v.p[i] != ':';
	}
	return n == 64;
}

/* product/version, with or without a comment (RFC 9110 §10.1.5): no dot before the slash, which a
 * host name has */
static bool list_is_agent(struct view v)
{
	size_t slash = view_find(v, '/'), space = view_find(v, ' ');

	return slash && slash < v.n && slash < space && view_find(v, '.') > slash &&
	       view_find(v, ':') > slash && slash + 1 < v.n && v.p[slash + 1] != '/';
}

static bool list_is_network(struct view v)
{
	struct hunt_value ip = { 0 };

	return hunt_value_ip(view_slice(v, 0, view_find(v, '/')), &ip) == E_OK;
}

static bool list_is_url(struct view v)
{
	return view_ieq(view_slice(v, 0, 7), VIEW("http://")) ||
	       view_ieq(view_slice(v, 0, 8), VIEW("https://"));
}

/* What it looks like. */
static bool list_look(struct view v, struct list_item *ret)
{
	size_t n = v.n ? v.n - 1 : 0;

	*ret = (struct list_item){ .how = HUNT_IS, .text = v };
	if (list_is_network(v)) {
		ret->field = HUNT_IP;
	} else if (v.p[0] == '/' || list_is_url(v)) {
		ret->field = v.p[0] == '/' ? HUNT_PATH : HUNT_URL;
		if (v.p[n] == '*') {
			ret->how = HUNT_BEGINS;
			ret->text = view_slice(v, 0, n);
		}
	} else if (list_is_hex64(v)) { /* SHA-256 */
		ret->field = HUNT_TLS;
	} else if (view_starts(v, VIEW("*.")) && hunt_value_is_host(view_slice(v, 2, v.n))) {
		ret->field = HUNT_HOST;
		ret->how = HUNT_ENDS;
		ret->text = view_slice(v, 1, v.n);
	} else if (hunt_value_is_host(v)) {
		ret->field = HUNT_HOST;
	} else if (list_is_agent(v)) {
		ret->field = HUNT_AGENT;
	} else {
		return false;
	}
	return true;
}

static enum err list_take(struct list_reader *r, const struct list_item *item,
			  struct hunt_indicator *i, size_t column)
{
	struct wbuf w = wbuf_of(r->room, sizeof r->room);
	struct hunt_value v = { 0 };
	const char *why = "it is too long";
	uint8_t where[32];
	struct wbuf at = wbuf_of(where, sizeof where);
	enum err e = hunt_value_make(item->field, item->how, item->text, &w, &v, &why);

	if (e != E_OK)
		return list_refuse(r, column, why);
	WBUF_LIT(&at, "line ");
	wbuf_dec(&at, r->line);
	i->where = wbuf_view(&at);
	i->kind = hunt_words_kind(&v);
	i->file = r->file;
	return hunt_set_add(r->set, i, &v);
}

/* *.example.nl behind host: too. */
static void list_widen(struct list_item *item)
{
	if (item->field == HUNT_HOST && item->how == HUNT_IS &&
	    view_starts(item->text, VIEW("*."))) {
		item->how = HUNT_ENDS;
		item->text = view_slice(item->text, 1, item->text.n);
	}
}

static size_t list_strange(struct view line)
{
	struct view rest = line;

	while (rest.n) {
		size_t at = line.n - rest.n;
		uint32_t c = 0;

		if (utf8_next(&rest, &c) != E_OK || (c < 0x20 && c != '\t') || c == 0x7f)
			return at;
	}
	return line.n;
}

static enum err list_line(struct list_reader *r, struct view line)
{
	struct hunt_indicator i = { 0 };
	struct list_item item = { 0 };
	uint8_t plain[LIST_LINE];
	struct wbuf w = wbuf_of(plain, sizeof plain);
	size_t comment = list_comment(line), column = 0;
	struct view text = view_trim(view_slice(line, 0, comment));

	if (text.n == 0)
		return E_OK;
	if (line.n > LIST_LINE)
		return list_refuse(r, LIST_LINE, "the line is too long: 4096 bytes at most");
	if (list_strange(line) < line.n)
		return list_refuse(r, list_strange(line),
				   "this is no text in UTF-8: write the list as plain text");
	column = (size_t)(text.p - line.p);
	i.text = text;
	i.name = view_trim(view_slice(line, comment + 1, line.n));
	if (list_type(text, &item)) {
		list_widen(&item);
		column += item.text.n ? (size_t)(item.text.p - text.p) : text.n;
		/* An address may be in disguise behind its type too; texts mean what they say. */
		if (item.field <= HUNT_URL && hunt_value_refang(item.text, &w))
			item.text = wbuf_view(&w);
		return list_take(r, &item, &i, column);
	}
	(void)hunt_value_refang(text, &w);
	/* A user agent may hold what looks like a disguise. */
	if (!list_look(wbuf_view(&w), &item))
		return list_refuse(r, column,
				   "this could be several things: write host:, user:, agent:, "
				   "agent~ (a part of it), path: or url: before it");
	if (item.field == HUNT_AGENT)
		item.text = text;
	return list_take(r, &item, &i, column);
}

enum err hunt_list_read(struct hunt_set *s, struct view file, struct view text,
			hunt_list_tell *tell, void *arg)
{
	struct list_reader r = { .set = s, .file = file, .tell = tell, .arg = arg };

	if (view_starts(text, VIEW("\xef\xbb\xbf")))
		text = view_slice(text, 3, text.n); /* as some editors begin UTF-8 */
	while (text.n) {
		size_t n = view_find(text, '\n');
		struct view line = view_slice(text, 0, n);
		enum err e = E_OK;

		r.line++;
		if (view_ends(line, VIEW("\r")))
			line.n--;
		e = list_line(&r, line);
		if (e != E_OK && e != E_PROTO)
			return e;
		text = view_slice(text, n + 1, text.n);
	}
	return r.is_bad ? E_PROTO : E_OK;
}
