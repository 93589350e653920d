/* Indicators in arrays that grow; their texts in blocks that stay where they are. */
#include "tool/hunt_set.h"

#include <stdlib.h>

enum { SET_BLOCK = 1 << 16 };

struct hunt_text {
	struct hunt_text *next;
	struct wbuf w;
	uint8_t b[];
};

/* Room for one more of size bytes; cap grows by half as much again. */
static enum err set_grow(void **p, size_t n, size_t *cap, size_t max, size_t size)
{
	size_t want = *cap + *cap / 2 + 64;
	void *grown = NULL;

	if (n >= max)
		return E_LIMIT;
	if (n < *cap)
		return E_OK;
	grown = reallocarray(*p, want < max ? want : max, size);
	if (!grown)
		return E_NOMEM;
	*p = grown;
	*cap = want < max ? want : max;
	return E_OK;
}

/* A row of an array of the set; its pointer is read and written as what it is. */
#define SET_GROW(s, what, max)                                                                     \
	do {                                                                                       \
		void *set_p = (s)->what;                                                           \
		TRY(set_grow(&set_p, (s)->what##_n, &(s)->what##_cap, (max), sizeof *(s)->what));  \
		(s)->what = set_p;                                                                 \
	} while (0)

void hunt_set_done(struct hunt_set *s)
{
	while (s->texts) {
		struct hunt_text *t = s->texts;

		s->texts = t->next;
		free(t);
	}
	free(s->indicator);
	free(s->term);
	free(s->group);
	free(s->op);
	free(s->remark);
	*s = (struct hunt_set){ 0 };
}

enum err hunt_set_keep(struct hunt_set *s, struct view text, struct view *ret)
{
	struct hunt_text *t = s->texts;
	size_t n = text.n > SET_BLOCK ? text.n : SET_BLOCK, at = 0;

	if (text.n == 0) {
		*ret = (struct view){ 0 };
		return E_OK;
	}
	if (text.n > HUNT_TEXT - s->text_bytes)
		return E_LIMIT;
	if (!t || wbuf_room(&t->w) < text.n) {
		t = malloc(sizeof *t + n);
		if (!t)
			return E_NOMEM;
		*t = (struct hunt_text){ .next = s->texts, .w = wbuf_of(t->b, n) };
		s->texts = t;
	}
	at = t->w.n;
	wbuf_view_put(&t->w, text);
	s->text_bytes += text.n;
	*ret = view_slice(wbuf_view(&t->w), at, text.n);
	return E_OK;
}

enum err hunt_set_begin(struct hunt_set *s, const struct hunt_indicator *i)
{
	struct hunt_indicator kept = *i;
	const struct hunt_indicator *last = NULL;

	SET_GROW(s, indicator, HUNT_INDICATORS);
	if (s->indicator_n)
		last = &s->indicator[s->indicator_n - 1];
	TRY(hunt_set_keep(s, i->text, &kept.text));
	TRY(hunt_set_keep(s, i->name, &kept.name));
	TRY(hunt_set_keep(s, i->id, &kept.id));
	TRY(hunt_set_keep(s, i->where, &kept.where));
	if (last && view_eq(last->file, i->file))
		kept.file = last->file;
	else
		TRY(hunt_set_keep(s, i->file, &kept.file));
	kept.op = (uint32_t)s->op_n;
	kept.op_n = 0;
	s->indicator[s->indicator_n++] = kept;
	return E_OK;
}

enum err hunt_set_group(struct hunt_set *s)
{
	SET_GROW(s, group, HUNT_VALUES);
	SET_GROW(s, op, HUNT_OPS);
	s->group[s->group_n].indicator = (uint32_t)(s->indicator_n - 1);
	s->op[s->op_n++] = (int32_t)s->group_n++;
	return E_OK;
}

enum err hunt_set_value(struct hunt_set *s, const struct hunt_value *v)
{
	struct hunt_value kept = *v;

	if (v->text.n > HUNT_VALUE_BYTES)
		return E_LIMIT;
	if (v->field == HUNT_AGENT && v->how == HUNT_IS)
		kept.text = view_slice(v->text, 0, HUNT_AGENT_BYTES);
	SET_GROW(s, term, HUNT_VALUES);
	if (v->how == HUNT_HAS) {
		if (v->text.n > HUNT_PARTS - s->part_bytes)
			return E_LIMIT;
		s->part_bytes += v->text.n;
	}
	TRY(hunt_set_keep(s, kept.text, &kept.text));
	s->term[s->term_n++] =
		(struct hunt_term){ .value = kept, .group = (uint32_t)(s->group_n - 1) };
	return E_OK;
}

enum err hunt_set_op(struct hunt_set *s, int32_t op)
{
	SET_GROW(s, op, HUNT_OPS);
	s->op[s->op_n++] = op;
	return E_OK;
}

void hunt_set_end(struct hunt_set *s)
{
	struct hunt_indicator *i = &s->indicator[s->indicator_n - 1];

	i->op_n = (uint32_t)s->op_n - i->op;
	i->has_and = false;
	for (size_t o = i->op; o < s->op_n; o++)
		i->has_and |= s->op[o] == HUNT_OP_AND;
	if (!i->has_and) {
		s->op_n = i->op;
		i->op_n = 0;
	}
}

void hunt_set_drop(struct hunt_set *s)
{
	s->indicator_n--;
}

enum err hunt_set_add(struct hunt_set *s, const struct hunt_indicator *i,
		      const struct hunt_value *v)
{
	TRY(hunt_set_begin(s, i));
	TRY(hunt_set_group(s));
	TRY(hunt_set_value(s, v));
	hunt_set_end(s);
	return E_OK;
}

struct hunt_mark hunt_set_mark(const struct hunt_set *s)
{
	return (struct hunt_mark){ .term_n = s->term_n,
				   .group_n = s->group_n,
				   .op_n = s->op_n,
				   .part_bytes = s->part_bytes };
}

void hunt_set_back(struct hunt_set *s, const struct hunt_mark *m)
{
	s->term_n = m->term_n;
	s->group_n = m->group_n;
	s->op_n = m->op_n;
	s->part_bytes = m->part_bytes;
}

enum err hunt_set_remark(struct hunt_set *s, const struct hunt_remark *r)
{
	struct hunt_remark kept = *r;

	s->counted[r->kind]++;
	if (s->remark_n == HUNT_REMARKS_KEPT)
		return E_OK;
	SET_GROW(s, remark, HUNT_REMARKS_KEPT);
	TRY(hunt_set_keep(s, r->file, &kept.file));
	TRY(hunt_set_keep(s, view_slice(r->where, 0, 256), &kept.where));
	TRY(hunt_set_keep(s, view_slice(r->id, 0, 256), &kept.id));
	TRY(hunt_set_keep(s, view_slice(r->what, 0, 256), &kept.what));
	s->remark[s->remark_n++] = kept;
	return E_OK;
}
