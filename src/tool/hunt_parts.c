/* The automaton: states in an array, their edges in one hash table, the root's in an array. */
#include "tool/hunt_parts.h"

#include "base/hash.h"

#include <stdlib.h>

static bool parts_is_mine(const struct hunt_value *v, enum hunt_field field)
{
	return v->field == field && v->how == HUNT_HAS;
}

static size_t parts_place(const struct hunt_parts *t, uint32_t state, uint8_t byte)
{
	size_t at = (size_t)(((uint64_t)state << 8 | byte) * 0x9e3779b97f4a7c15u >> 20) & t->mask;

	while (t->edge[at] &&
	       (t->part[t->edge[at]].parent != state || t->part[t->edge[at]].byte != byte))
		at = (at + 1) & t->mask;
	return at;
}

static uint32_t parts_child(const struct hunt_parts *t, uint32_t state, uint8_t byte)
{
	return state ? t->edge[parts_place(t, state, byte)] : t->root[byte];
}

static uint32_t parts_grow(struct hunt_parts *t, uint32_t state, uint8_t byte)
{
	uint32_t child = parts_child(t, state, byte);

	if (child)
		return child;
	child = (uint32_t)t->part_n++;
	if (state)
		t->edge[parts_place(t, state, byte)] = child;
	else
		t->root[byte] = child;
	t->part[child] = (struct hunt_part){ .parent = state, .byte = byte, .term = HUNT_NONE };
	return child;
}

static void parts_insert(struct hunt_parts *t, struct view text, uint32_t term)
{
	uint32_t state = 0;

	for (size_t i = 0; i < text.n; i++)
		state = parts_grow(t, state, text.p[i]);
	t->next[term] = t->part[state].term;
	t->part[state].term = term;
}

static uint32_t parts_step(const struct hunt_parts *t, uint32_t state, uint8_t byte)
{
	uint32_t to = parts_child(t, state, byte);

	while (!to && state) {
		state = t->part[state].fail;
		to = parts_child(t, state, byte);
	}
	return to;
}

/* States by the length of their texts, shorter ones first. */
static void parts_order(const struct hunt_parts *t, uint32_t *depth, uint32_t *count,
			uint32_t *order)
{
	/* A parent was made before its children. */
	for (size_t i = 1; i < t->part_n; i++) {
		depth[i] = depth[t->part[i].parent] + 1;
		count[depth[i] + 1]++;
	}
	for (size_t d = 1; d < HUNT_VALUE_BYTES + 2; d++)
		count[d] += count[d - 1];
	for (size_t i = 1; i < t->part_n; i++)
		order[count[depth[i]]++] = (uint32_t)i;
}

/* In that order: what a state falls back to is done before it. */
static enum err parts_link(struct hunt_parts *t)
{
	uint32_t *depth = calloc(t->part_n, sizeof *depth);
	uint32_t *order = calloc(t->part_n, sizeof *order);
	uint32_t *count = calloc(HUNT_VALUE_BYTES + 2, sizeof *count);
	enum err e = depth && order && count ? E_OK : E_NOMEM;

	if (e == E_OK)
		parts_order(t, depth, count, order);
	for (size_t i = 0; e == E_OK && i + 1 < t->part_n; i++) {
		struct hunt_part *p = &t->part[order[i]];

		if (p->parent)
			p->fail = parts_step(t, t->part[p->parent].fail, p->byte);
		p->out = t->part[p->fail].term != HUNT_NONE ? p->fail : t->part[p->fail].out;
	}
	free(depth);
	free(order);
	free(count);
	return e;
}

static bool parts_are_too_many(const struct hunt_parts *t)
{
	for (size_t i = 1; i < t->part_n; i++) {
		uint32_t n = 0;

		for (uint32_t v = t->part[i].term; v != HUNT_NONE; v = t->next[v])
			if (++n > HUNT_SAME)
				return true;
	}
	return false;
}

enum err hunt_parts_new(const struct hunt_set *s, enum hunt_field field, struct hunt_parts *ret)
{
	size_t n = 1, size = 16;
	enum err e = E_NOMEM;

	*ret = (struct hunt_parts){ 0 };
	for (size_t i = 0; i < s->term_n; i++)
		if (parts_is_mine(&s->term[i].value, field))
			n += s->term[i].value.text.n;
	if (n == 1)
		return E_OK;
	while (size < 2 * n)
		size *= 2;
	ret->mask = size - 1;
	ret->part = calloc(n, sizeof *ret->part);
	ret->edge = calloc(size, sizeof *ret->edge);
	ret->next = calloc(s->term_n, sizeof *ret->next);
	if (ret->part && ret->edge && ret->next) {
		ret->part_n = 1;
		ret->part[0].term = HUNT_NONE;
		for (size_t i = 0; i < s->term_n; i++)
			if (parts_is_mine(&s->term[i].value, field))
				parts_insert(ret, s->term[i].value.text, (uint32_t)i);
		e = parts_are_too_many(ret) ? E_LIMIT : parts_link(ret);
	}
	if (e != E_OK)
		hunt_parts_done(ret);
	return e;
}

void hunt_parts_done(struct hunt_parts *t)
{
	free(t->part);
	free(t->edge);
	free(t->next);
	*t = (struct hunt_parts){ 0 };
}

void hunt_parts_find(const struct hunt_parts *t, struct view text, hunt_parts_found *found,
		     void *arg)
{
	uint32_t state = 0;

	if (t->part_n == 0)
		return;
	for (size_t i = 0; i < text.n; i++) {
		uint32_t at = 0;

		state = parts_step(t, state, text.p[i]);
		at = t->part[state].term != HUNT_NONE ? state : t->part[state].out;
		for (; at; at = t->part[at].out)
			for (uint32_t v = t->part[at].term; v != HUNT_NONE; v = t->next[v])
				found(arg, v);
	}
}
