/* Objects of a bundle into indicators, by jansson; patterns by hunt_pattern.c. */
#include "tool/hunt_stix.h"

#include "base/date.h"
#include "tool/hunt_pattern.h"

static struct view stix_text(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return view_of(json_string_value(value), json_string_length(value));
}

static bool stix_is(const json_t *object, const char *key, const char *text)
{
	return view_eq(stix_text(object, key), view_str(text));
}

bool hunt_stix_is(const json_t *doc)
{
	return stix_is(doc, "type", "bundle") || stix_is(doc, "type", "indicator");
}

/* Where it is and why, as remark. */
static enum err stix_remark(struct hunt_set *s, const struct hunt_indicator *i,
			    enum hunt_remark_kind kind, struct view why)
{
	struct hunt_remark r = {
		.kind = kind, .file = i->file, .where = i->where, .id = i->id, .what = why
	};

	return hunt_set_remark(s, &r);
}

static enum err stix_remark_pattern(struct hunt_set *s, const struct hunt_indicator *i,
				    const struct hunt_pattern *p)
{
	uint8_t text[400];
	struct wbuf w = wbuf_of(text, sizeof text);

	WBUF_LIT(&w, "pattern, byte ");
	wbuf_dec(&w, p->at + 1);
	WBUF_LIT(&w, ": ");
	wbuf_str(&w, p->why);
	WBUF_LIT(&w, ": ");
	wbuf_view_put(&w, view_slice(i->text, p->at, 60));
	if (p->is_usable)
		WBUF_LIT(&w, " (the rest is hunted for)");
	return stix_remark(s, i, HUNT_NOT_UNDERSTOOD, wbuf_view(&w));
}

/* §4.7: valid_from and valid_until, timestamps of §2.16; an unreadable one is open. */
static void stix_validity(const json_t *object, struct hunt_indicator *i)
{
	(void)(date_parse_utc(stix_text(object, "valid_from"), &i->from_us) == E_OK);
	(void)(date_parse_utc(stix_text(object, "valid_until"), &i->until_us) == E_OK);
}

static enum err stix_indicator(struct hunt_set *s, struct hunt_indicator *i, const json_t *object)
{
	struct hunt_pattern p = { 0 };

	i->text = stix_text(object, "pattern");
	i->name = stix_text(object, "name");
	i->id = stix_text(object, "id");
	if (json_is_true(json_object_get(object, "revoked")))
		return stix_remark(s, i, HUNT_REVOKED, VIEW("it is revoked"));
	if (!stix_is(object, "pattern_type", "stix"))
		return stix_remark(s, i, HUNT_NOT_UNDERSTOOD, VIEW("its pattern_type is not stix"));
	if (i->text.n == 0)
		return stix_remark(s, i, HUNT_NOT_UNDERSTOOD, VIEW("it has no pattern"));
	stix_validity(object, i);
	TRY(hunt_set_begin(s, i));
	TRY(hunt_pattern_read(s, i->text, &p));
	if (p.is_partly)
		TRY(stix_remark_pattern(s, i, &p));
	if (!p.is_usable) {
		hunt_set_drop(s);
		return E_OK;
	}
	s->indicator[s->indicator_n - 1].kind = p.kind;
	s->indicator[s->indicator_n - 1].is_partly = p.is_partly;
	hunt_set_end(s);
	return E_OK;
}

static enum err stix_object(struct hunt_set *s, struct view file, size_t n, const json_t *object)
{
	uint8_t where[40];
	struct wbuf w = wbuf_of(where, sizeof where);
	struct hunt_indicator i = { .file = file };

	if (!stix_is(object, "type", "indicator"))
		return E_OK;
	WBUF_LIT(&w, "objects[");
	wbuf_dec(&w, n);
	WBUF_LIT(&w, "]");
	i.where = wbuf_view(&w);
	return stix_indicator(s, &i, object);
}

enum err hunt_stix_read(struct hunt_set *s, struct view file, const json_t *doc)
{
	const json_t *objects = json_object_get(doc, "objects");

	if (stix_is(doc, "type", "indicator"))
		return stix_object(s, file, 0, doc);
	if (!stix_is(doc, "type", "bundle") || (objects && !json_is_array(objects)))
		return E_PROTO;
	for (size_t n = 0; n < json_array_size(objects); n++)
		TRY(stix_object(s, file, n, json_array_get(objects, n)));
	return E_OK;
}
