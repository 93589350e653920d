/* Open addressing; the hash of a beginning is that of the bytes so far, so that one walk over a
 * text has them all. */
#include "tool/hunt_texts.h"

#include "base/hash.h"

#include <stdlib.h>

/* Which way a text is walked: ends are hashed from their last byte on. */
enum { TEXTS_FORTH, TEXTS_BACK };

static uint64_t texts_start(enum hunt_field field, enum hunt_how how)
{
	return hash_fnv1a_add(hash_fnv1a_add(HASH_FNV1A_START, (uint8_t)field), (uint8_t)how);
}

static uint64_t texts_hash(const struct hunt_value *v)
{
	uint64_t h = texts_start(v->field, v->how);

	for (size_t i = 0; i < v->text.n; i++)
		h = hash_fnv1a_add(h, v->text.p[v->how == HUNT_ENDS ? v->text.n - 1 - i : i]);
	return hash_mix(h);
}

static bool texts_same(const struct hunt_value *a, const struct hunt_value *b)
{
	return a->field == b->field && a->how == b->how && view_eq(a->text, b->text);
}

static bool texts_is_mine(const struct hunt_value *v)
{
	return v->field != HUNT_IP && v->how != HUNT_HAS;
}

static void texts_insert(struct hunt_texts *t, uint32_t term)
{
	const struct hunt_value *v = &t->set->term[term].value;
	uint64_t h = texts_hash(v);
	size_t at = h & t->mask;
	bool is_back = v->how == HUNT_ENDS;

	while (t->slot[at] &&
	       !(t->hash[at] == h && texts_same(&t->set->term[t->slot[at] - 1].value, v)))
		at = (at + 1) & t->mask;
	t->next[term] = t->slot[at] ? t->slot[at] - 1 : HUNT_NONE;
	t->slot[at] = term + 1;
	t->hash[at] = h;
	t->has[v->field] = true;
	if (v->how == HUNT_IS)
		return;
	t->lengths[v->field][is_back][v->text.n] = 1;
	if (v->text.n > t->longest[v->field][is_back])
		t->longest[v->field][is_back] = v->text.n;
}

static bool texts_are_too_many(const struct hunt_texts *t)
{
	for (size_t at = 0; at <= t->mask; at++) {
		uint32_t n = 0;

		for (uint32_t v = t->slot[at] - 1; v != HUNT_NONE; v = t->next[v])
			if (++n > HUNT_SAME)
				return true;
	}
	return false;
}

enum err hunt_texts_new(const struct hunt_set *s, struct hunt_texts *ret)
{
	size_t n = 0, size = 16;

	*ret = (struct hunt_texts){ .set = s };
	for (size_t i = 0; i < s->term_n; i++)
		n += texts_is_mine(&s->term[i].value);
	while (size < 2 * n)
		size *= 2;
	ret->mask = size - 1;
	ret->slot = calloc(size, sizeof *ret->slot);
	ret->hash = calloc(size, sizeof *ret->hash);
	ret->next = calloc(s->term_n + 1, sizeof *ret->next);
	if (!ret->slot || !ret->hash || !ret->next) {
		hunt_texts_done(ret);
		return E_NOMEM;
	}
	for (size_t i = 0; i < s->term_n; i++)
		if (texts_is_mine(&s->term[i].value))
			texts_insert(ret, (uint32_t)i);
	if (texts_are_too_many(ret)) {
		hunt_texts_done(ret);
		return E_LIMIT;
	}
	return E_OK;
}

void hunt_texts_done(struct hunt_texts *t)
{
	free(t->slot);
	free(t->hash);
	free(t->next);
	t->slot = t->next = NULL;
	t->hash = NULL;
}

/* What one look-up is for. */
struct texts_look {
	const struct hunt_texts *t;
	enum hunt_field field;
	hunt_texts_found *found;
	void *arg;
};

static void texts_look(const struct texts_look *l, enum hunt_how how, struct view text, uint64_t h)
{
	const struct hunt_texts *t = l->t;
	struct hunt_value v = { .field = l->field, .how = how, .text = text };

	h = hash_mix(h);
	for (size_t at = h & t->mask; t->slot[at]; at = (at + 1) & t->mask) {
		uint32_t term = t->slot[at] - 1;

		if (t->hash[at] != h || !texts_same(&t->set->term[term].value, &v))
			continue;
		for (; term != HUNT_NONE; term = t->next[term])
			l->found(l->arg, term);
		return;
	}
}

static void texts_walk(const struct texts_look *l, struct view text, bool is_back)
{
	const uint8_t *lengths = l->t->lengths[l->field][is_back];
	size_t n = l->t->longest[l->field][is_back];
	enum hunt_how how = is_back ? HUNT_ENDS : HUNT_BEGINS;
	uint64_t h = texts_start(l->field, how);

	if (n > text.n)
		n = text.n;
	for (size_t i = 0; i < n; i++) {
		h = hash_fnv1a_add(h, text.p[is_back ? text.n - 1 - i : i]);
		if (lengths[i + 1])
			texts_look(l, how, view_slice(text, is_back ? text.n - 1 - i : 0, i + 1),
				   h);
	}
}

void hunt_texts_find(const struct hunt_texts *t, enum hunt_field field, struct view text,
		     hunt_texts_found *found, void *arg)
{
	struct texts_look l = { t, field, found, arg };
	uint64_t h = texts_start(field, HUNT_IS);

	if (!t->has[field] || text.n == 0)
		return;
	for (size_t i = 0; i < text.n; i++)
		h = hash_fnv1a_add(h, text.p[i]);
	texts_look(&l, HUNT_IS, text, h);
	texts_walk(&l, text, TEXTS_FORTH);
	texts_walk(&l, text, TEXTS_BACK);
}
