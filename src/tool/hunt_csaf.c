/* Words of notes into indicators. */
#include "tool/hunt_csaf.h"

#include "tool/hunt_value.h"
#include "tool/hunt_words.h"

enum { CSAF_WORD = HUNT_VALUE_BYTES };

struct csaf_reader {
	struct hunt_set *set;
	struct view file, id, where;
	bool is_about; /* the note is about indicators */
	uint8_t place[400];
	uint8_t plain[CSAF_WORD + 16], value[HUNT_VALUE_ROOM];
};

static struct view csaf_text(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return view_of(json_string_value(value), json_string_length(value));
}

bool hunt_csaf_is(const json_t *doc)
{
	return json_is_string(json_object_get(json_object_get(doc, "document"), "csaf_version"));
}

static bool csaf_has(struct view text, struct view word)
{
	for (size_t i = 0; i + word.n <= text.n; i++)
		if (view_ieq(view_slice(text, i, word.n), word))
			return true;
	return false;
}

static bool csaf_is_about(struct view title)
{
	return csaf_has(title, VIEW("indicator")) || csaf_has(title, VIEW("ioc")) ||
	       csaf_has(title, VIEW("compromise"));
}

static bool csaf_is_gap(uint8_t c)
{
	return c <= ' ' || c == ',' || c == ';' || c == '"' || c == '<' || c == '>' || c == '|' ||
	       c == '`' || c == '\'';
}

/* The sentence's punctuation, and brackets that don't pair inside the word. */
static bool csaf_is_before(struct view word)
{
	uint8_t c = word.p[0];

	return c == '(' || c == '*' || (c == '[' && view_find(word, ']') == word.n - 1);
}

static bool csaf_is_behind(struct view word)
{
	uint8_t c = word.p[word.n - 1];

	if (c == ')' || c == ']')
		return view_find(word, c == ')' ? '(' : '[') == word.n;
	return view_find(VIEW(".:*!?"), c) < 5;
}

static struct view csaf_strip(struct view word)
{
	while (word.n && csaf_is_before(word))
		word = view_slice(word, 1, word.n);
	while (word.n && csaf_is_behind(word))
		word.n--;
	return word;
}

/* What a word that is no longer disguised is; HUNT_FIELDS: nothing. */
static enum hunt_field csaf_look(struct view word)
{
	struct hunt_value ip = { 0 };

	if (hunt_value_ip(word, &ip) == E_OK)
		return HUNT_IP;
	if (view_ieq(view_slice(word, 0, 7), VIEW("http://")) ||
	    view_ieq(view_slice(word, 0, 8), VIEW("https://")))
		return HUNT_URL;
	return hunt_value_is_host(word) ? HUNT_HOST : HUNT_FIELDS;
}

static enum err csaf_refuse(struct csaf_reader *r, struct view word)
{
	struct hunt_remark m = { .kind = HUNT_NOT_UNDERSTOOD,
				 .file = r->file,
				 .where = r->where,
				 .id = r->id,
				 .what = word };

	return hunt_set_remark(r->set, &m);
}

static enum err csaf_word(struct csaf_reader *r, struct view word)
{
	struct wbuf plain = wbuf_of(r->plain, sizeof r->plain);
	struct wbuf w = wbuf_of(r->value, sizeof r->value);
	struct hunt_indicator i = { .text = word, .id = r->id, .file = r->file, .where = r->where };
	enum hunt_field field = HUNT_FIELDS;
	struct hunt_value v = { 0 };
	bool was_disguised = false;

	if (word.n < 2 || word.n > CSAF_WORD)
		return word.n < 2 ? E_OK : csaf_refuse(r, view_slice(word, 0, 100));
	was_disguised = hunt_value_refang(word, &plain);
	field = csaf_look(wbuf_view(&plain));
	if (!was_disguised && (!r->is_about || field == HUNT_HOST || field == HUNT_FIELDS))
		return E_OK;
	if (field == HUNT_FIELDS ||
	    hunt_value_make(field, HUNT_IS, wbuf_view(&plain), &w, &v, NULL) != E_OK)
		return csaf_refuse(r, word);
	i.kind = hunt_words_kind(&v);
	return hunt_set_add(r->set, &i, &v);
}

static enum err csaf_note(struct csaf_reader *r, const json_t *note)
{
	struct view text = csaf_text(note, "text");

	r->is_about = csaf_is_about(csaf_text(note, "title"));
	while (text.n) {
		size_t n = 0;

		while (n < text.n && !csaf_is_gap(text.p[n]))
			n++;
		TRY(csaf_word(r, csaf_strip(view_slice(text, 0, n))));
		text = view_slice(text, n + 1, text.n);
	}
	return E_OK;
}

/* of: "document." or "vulnerabilities[2]." */
static enum err csaf_notes(struct csaf_reader *r, struct view of, const json_t *notes)
{
	for (size_t n = 0; n < json_array_size(notes); n++) {
		const json_t *note = json_array_get(notes, n);
		struct view title = csaf_text(note, "title");
		struct wbuf w = wbuf_of(r->place, sizeof r->place);

		wbuf_view_put(&w, of);
		WBUF_LIT(&w, "notes[");
		wbuf_dec(&w, n);
		WBUF_LIT(&w, "] (");
		wbuf_view_put(&w, title.n ? view_slice(title, 0, 100)
					  : view_slice(csaf_text(note, "category"), 0, 100));
		WBUF_LIT(&w, ")");
		r->where = wbuf_view(&w);
		TRY(csaf_note(r, note));
	}
	return E_OK;
}

enum err hunt_csaf_read(struct hunt_set *s, struct view file, const json_t *doc)
{
	const json_t *document = json_object_get(doc, "document");
	const json_t *all = json_object_get(doc, "vulnerabilities");
	struct csaf_reader r = { .set = s, .file = file };

	if (!hunt_csaf_is(doc))
		return E_PROTO;
	r.id = csaf_text(json_object_get(document, "tracking"), "id");
	TRY(csaf_notes(&r, VIEW("document."), json_object_get(document, "notes")));
	for (size_t n = 0; n < json_array_size(all); n++) {
		uint8_t of[48];
		struct wbuf w = wbuf_of(of, sizeof of);

		WBUF_LIT(&w, "vulnerabilities[");
		wbuf_dec(&w, n);
		WBUF_LIT(&w, "].");
		TRY(csaf_notes(&r, wbuf_view(&w),
			       json_object_get(json_array_get(all, n), "notes")));
	}
	return E_OK;
}
