/* Open addressing over 64-bit FNV-1a: the keys come from the person who configures, not from
 * clients. */
#include "conf/names.h"

#include "base/hash.h"
#include "conf/region.h"

/* The slot of key, or the free one where it belongs; the table is never full. */
static struct names_slot *names_slot_of(const struct names *t, uint64_t hash, struct view key)
{
	for (uint32_t i = (uint32_t)hash;; i++) {
		struct names_slot *s = &t->slots[i & (t->cap - 1)];

		if (!s->key.p || (s->hash == hash && view_eq(s->key, key)))
			return s;
	}
}

static void names_grow(struct names *t)
{
	struct names old = *t;

	t->cap = old.cap ? old.cap * 2 : 16;
	t->slots = REGION_NEW(t->region, struct names_slot, t->cap);
	for (uint32_t i = 0; i < old.cap; i++)
		if (old.slots[i].key.p)
			*names_slot_of(t, old.slots[i].hash, old.slots[i].key) = old.slots[i];
}

uint32_t names_get(const struct names *t, struct view key)
{
	const struct names_slot *s = t->cap ? names_slot_of(t, hash_fnv1a(key), key) : NULL;

	return s && s->key.p ? s->value : NAMES_NONE;
}

uint32_t names_put(struct names *t, struct view key, uint32_t value)
{
	uint64_t hash = hash_fnv1a(key);
	struct names_slot *s = NULL;

	if (t->n >= t->cap / 2)
		names_grow(t);
	s = names_slot_of(t, hash, key);
	if (s->key.p)
		return s->value;
	*s = (struct names_slot){ .hash = hash, .key = key.p ? key : VIEW(""), .value = value };
	t->n++;
	return NAMES_NONE;
}

void names_set(struct names *t, struct view key, uint32_t value)
{
	if (names_put(t, key, value) != NAMES_NONE)
		names_slot_of(t, hash_fnv1a(key), key)->value = value;
}
