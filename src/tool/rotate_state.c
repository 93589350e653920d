/* One form for the file and for --json. */
#include "tool/rotate_state.h"

#include "base/date.h"
#include "sys/fd.h"
#include "tool/admin_rows.h"
#include "tool/rotate_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROTATE_STATE_VERSION = 1 };

static const char rotate_state_file[] = "rotation.json";

static const char *const rotate_state_kinds[ROTATE_KINDS] = {
	[ROTATE_SESSIONS] = "sessions", [ROTATE_TOKEN] = "token",
	[ROTATE_KEEPER_KEY] = "key",	[ROTATE_CERTIFICATE] = "certificate",
	[ROTATE_APP] = "application",	[ROTATE_AUDIT] = "audit",
	[ROTATE_FACTORS] = "factors",
};

static const char *const rotate_state_owners[ROTATE_KINDS] = {
	[ROTATE_SESSIONS] = "machine",	    [ROTATE_TOKEN] = "machine",
	[ROTATE_KEEPER_KEY] = "machine",    [ROTATE_CERTIFICATE] = "certificate authority",
	[ROTATE_APP] = "application owner", [ROTATE_AUDIT] = "administrator",
	[ROTATE_FACTORS] = "administrator",
};

static const char *const rotate_state_words[ROTATE_PROGRESSES] = { "open", "done", "waived" };

const char *rotate_state_kind(unsigned kind)
{
	return kind < ROTATE_KINDS && rotate_state_kinds[kind] ? rotate_state_kinds[kind] : "";
}

const char *rotate_state_progress(unsigned progress)
{
	return progress < ROTATE_PROGRESSES ? rotate_state_words[progress] : "";
}

const char *rotate_state_owner(unsigned kind)
{
	return kind < ROTATE_KINDS && rotate_state_owners[kind] ? rotate_state_owners[kind] : "";
}

void rotate_state_text(char *to, size_t cap, struct view v)
{
	size_t n = 0;

	for (; n < v.n && n + 1 < cap; n++)
		to[n] = v.p[n] < 0x20 || v.p[n] == 0x7f ? '?' : (char)v.p[n];
	/* Never half a character: continuation bytes at the cut go (RFC 3629 §3) */
	if (n < v.n && (v.p[n] & 0xc0) == 0x80) {
		while (n && (v.p[n] & 0xc0) == 0x80)
			n--;
	}
	to[n] = '\0';
}

struct rotate_item *rotate_state_find(struct rotation *r, struct view name)
{
	for (size_t i = 0; i < r->n; i++)
		if (view_eq(view_str(r->items[i].name), name))
			return &r->items[i];
	return NULL;
}

size_t rotate_state_open_n(const struct rotation *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->items[i].progress == ROTATE_OPEN;
	return n;
}

/* ---- from JSON ---- */

/* A member that is a text of at most cap - 1 bytes without control characters. */
static bool rotate_state_get_text(const json_t *o, const char *key, char *to, size_t cap)
{
	const json_t *value = json_object_get(o, key);
	struct view v = { 0 };

	if (!json_is_string(value))
		return false;
	v = view_of(json_string_value(value), json_string_length(value));
	if (v.n >= cap)
		return false;
	rotate_state_text(to, cap, v);
	return view_eq(view_str(to), v);
}

static bool rotate_state_get_print(const json_t *o, const char *key, char *to)
{
	struct view v = { 0 };

	if (!rotate_state_get_text(o, key, to, ROTATE_PRINT + 1))
		return false;
	v = view_str(to);
	for (size_t i = 0; i < v.n; i++)
		if (!(v.p[i] >= '0' && v.p[i] <= '9') && !(v.p[i] >= 'a' && v.p[i] <= 'f'))
			return false;
	return v.n == 0 || v.n == ROTATE_PRINT;
}

/* null is 0 */
static bool rotate_state_get_time(const json_t *o, const char *key, int64_t *ret_s)
{
	const json_t *value = json_object_get(o, key);
	int64_t us = 0;

	*ret_s = 0;
	if (json_is_null(value))
		return true;
	if (!json_is_string(value) ||
	    date_parse_utc(view_of(json_string_value(value), json_string_length(value)), &us) !=
		    E_OK ||
	    us <= 0)
		return false;
	*ret_s = us / 1000000;
	return true;
}

static bool rotate_state_get_uid(const json_t *o, uint32_t *ret)
{
	const json_t *value = json_object_get(o, "uid");
	json_int_t n = json_is_integer(value) ? json_integer_value(value) : -1;

	if (n < 0 || n > (json_int_t)UINT32_MAX)
		return false;
	*ret = (uint32_t)n;
	return true;
}

static bool rotate_state_get_word(const json_t *o, const char *key, const char *const *words,
				  unsigned n, uint8_t *ret)
{
	const char *word = json_string_value(json_object_get(o, key));

	for (unsigned i = 0; word && i < n; i++)
		if (words[i] && view_eq(view_str(words[i]), view_str(word))) {
			*ret = (uint8_t)i;
			return true;
		}
	return false;
}

static bool rotate_state_get_item(const json_t *o, struct rotate_item *i)
{
	return json_is_object(o) && json_object_size(o) == 9 &&
	       rotate_state_get_text(o, "name", i->name, sizeof i->name) && i->name[0] &&
	       rotate_state_get_word(o, "kind", rotate_state_kinds, ROTATE_KINDS, &i->kind) &&
	       rotate_state_get_word(o, "state", rotate_state_words, ROTATE_PROGRESSES,
				     &i->progress) &&
	       json_is_string(json_object_get(o, "owner")) &&
	       rotate_state_get_text(o, "evidence", i->evidence, sizeof i->evidence) &&
	       rotate_state_get_print(o, "was", i->was) &&
	       rotate_state_get_print(o, "now", i->now) && rotate_state_get_uid(o, &i->uid) &&
	       rotate_state_get_time(o, "at", &i->at_s) &&
	       (i->progress == ROTATE_OPEN) == (i->at_s == 0);
}

static enum err rotate_state_get_items(const json_t *list, struct rotation *r)
{
	if (!json_is_array(list))
		return E_PROTO;
	if (json_array_size(list) > ROTATE_ITEMS)
		return E_LIMIT;
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct rotate_item *item = &r->items[i];

		*item = (struct rotate_item){ 0 };
		if (!rotate_state_get_item(json_array_get(list, i), item) ||
		    rotate_state_find(r, view_str(item->name)))
			return E_PROTO;
		r->n = i + 1;
	}
	return E_OK;
}

static enum err rotate_state_get(const json_t *o, struct rotation *r)
{
	if (!json_is_object(o) ||
	    json_integer_value(json_object_get(o, "version")) != ROTATE_STATE_VERSION ||
	    !rotate_state_get_text(o, "reason", r->reason, sizeof r->reason) ||
	    !rotate_state_get_time(o, "begun", &r->begun_s) || r->begun_s == 0 ||
	    !rotate_state_get_time(o, "finished", &r->finished_s) ||
	    !rotate_state_get_uid(o, &r->uid))
		return E_PROTO;
	return rotate_state_get_items(json_object_get(o, "items"), r);
}

enum err rotate_state_parse(struct view text, struct rotation *ret)
{
	json_t *doc = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
	enum err e = E_PROTO;

	ret->n = 0;
	if (doc)
		e = rotate_state_get(doc, ret);
	json_decref(doc);
	return e;
}

/* ---- to JSON ---- */

static json_t *rotate_state_put_item(const struct rotate_item *i)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:I}", "name", i->name, "kind",
			 rotate_state_kind(i->kind), "owner", rotate_state_owner(i->kind), "state",
			 rotate_state_progress(i->progress), "evidence", i->evidence, "was", i->was,
			 "now", i->now, "at", admin_rows_time((uint64_t)i->at_s), "uid",
			 (json_int_t)i->uid);
}

json_t *rotate_state_json(const struct rotation *r)
{
	json_t *items = json_array();

	for (size_t i = 0; i < r->n; i++)
		if (json_array_append_new(items, rotate_state_put_item(&r->items[i])) < 0) {
			json_decref(items);
			return NULL;
		}
	return json_pack("{s:i, s:s, s:o, s:o, s:I, s:o}", "version", ROTATE_STATE_VERSION,
			 "reason", r->reason, "begun", admin_rows_time((uint64_t)r->begun_s),
			 "finished", admin_rows_time((uint64_t)r->finished_s), "uid",
			 (json_int_t)r->uid, "items", items);
}

/* ---- files ---- */

enum err rotate_state_load(int dir_fd, struct rotation *ret)
{
	struct wbuf w = wbuf_of(malloc(ROTATE_STATE_BYTES), ROTATE_STATE_BYTES);
	enum err e = w.p ? rotate_file_read(dir_fd, rotate_state_file, &w) : E_NOMEM;

	if (e == E_OK) {
		e = rotate_state_parse(wbuf_view(&w), ret);
		if (e != E_OK)
			(void)fprintf(stderr,
				      "sluis: %s is damaged: look at it, and move it away to begin "
				      "anew\n",
				      rotate_state_file);
		e = e == E_OK ? E_OK : E_DENIED;
	}
	free(w.p);
	return e;
}

enum err rotate_state_save(int dir_fd, const struct rotation *r)
{
	const struct rotate_file_owner owner = { .uid = geteuid(), .gid = getegid(), .mode = 0600 };
	json_t *doc = rotate_state_json(r);
	char *text = doc ? json_dumps(doc, JSON_INDENT(1)) : NULL;
	enum err e = E_NOMEM;

	json_decref(doc);
	if (text)
		e = rotate_file_put(dir_fd, rotate_state_file, &owner, view_str(text));
	else
		(void)fputs("sluis: the checklist can't be written down: a text is not UTF-8?\n",
			    stderr);
	free(text);
	return e;
}

enum err rotate_state_archive(int dir_fd, const struct rotation *r)
{
	char name[64];

	(void)snprintf(name, sizeof name, "rotation.%lld.json", (long long)r->begun_s);
	if (renameat(dir_fd, rotate_state_file, dir_fd, name) == 0 && fsync(dir_fd) == 0)
		return E_OK;
	return rotate_file_failed(name);
}
