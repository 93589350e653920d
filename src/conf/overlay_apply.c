/* Run-time changes carried out on the tree of the files; before anything is checked, so that the
 * checks see one configuration. */
#include "conf/overlay.h"
#include "conf/overlay_unset.h"
#include "conf/region.h"

/* Where a change happens. */
struct overlay_spot {
	struct node *list; /* that the item is, or would be, in */
	struct node *item; /* NULL: it is not there */
};

static struct node *overlay_new(const struct overlay *o, enum node_kind kind, struct view key,
				struct place at)
{
	struct node *n = REGION_NEW(o->source->region, struct node, 1);

	*n = (struct node){ .kind = (uint8_t)kind, .at = at, .key = key, .key_at = at };
	return n;
}

static struct node *overlay_item(const struct node *list, struct view name)
{
	struct node *n = list->first;

	while (n && !view_eq(node_name(n), name))
		n = n->next;
	return n;
}

/* "10.0.0.11:8080" in the place of a server's options: what it stands for. */
static void overlay_unfold(const struct overlay *o, struct node *item)
{
	struct node *address = NULL;

	if (item->kind != NODE_SCALAR)
		return;
	address = overlay_new(o, NODE_SCALAR, VIEW("address"), item->at);
	address->text = item->text;
	item->kind = NODE_MAP;
	item->text = (struct view){ 0 };
	node_append(item, address);
}

static bool overlay_go(const struct overlay *o, struct node *root, const struct overlay_change *c,
		       struct overlay_spot *ret)
{
	struct node *map = root;

	for (unsigned i = 0; i < c->at_n; i += 2) {
		struct node *list = node_find(map, c->at[i]);

		if (!list && c->act == OVERLAY_ADD && i + 2 == c->at_n) {
			list = overlay_new(o, NODE_LIST, c->at[i], c->place);
			node_append(map, list);
		}
		if (!list || list->kind != NODE_LIST) {
			*ret = (struct overlay_spot){ 0 };
			return false;
		}
		*ret = (struct overlay_spot){ .list = list,
					      .item = overlay_item(list, c->at[i + 1]) };
		map = ret->item;
		if (!map && i + 2 < c->at_n)
			return false;
		if (i + 2 < c->at_n)
			overlay_unfold(o, map);
	}
	return true;
}

/* The map that a dotted option lies in, made where it is missing; *key: its last part. */
static struct node *overlay_inside(const struct overlay *o, struct node *map, struct place at,
				   struct view *key)
{
	size_t dot = view_find(*key, '.');

	while (dot < key->n) {
		struct view part = view_slice(*key, 0, dot);
		struct node *inner = node_find(map, part);

		if (!inner) {
			inner = overlay_new(o, NODE_MAP, part, at);
			node_append(map, inner);
		}
		if (inner->kind != NODE_MAP)
			return NULL;
		map = inner;
		*key = view_slice(*key, dot + 1, key->n);
		dot = view_find(*key, '.');
	}
	return map;
}

/* False: it is so already. */
static bool overlay_set_one(const struct overlay *o, struct node *item, const struct node *option)
{
	struct view key = option->key;
	struct node *map = overlay_inside(o, item, option->at, &key), *have = NULL, *next = NULL;

	if (!map) {
		diag_error(o->source->diag, option->at, "\"%.*s\" is not inside of a map here",
			   DIAG_VIEW(option->key));
		return true;
	}
	have = node_find(map, key);
	if (have && node_is_same(have, option))
		return false;
	if (!have) {
		have = overlay_new(o, NODE_SCALAR, key, option->at);
		node_append(map, have);
	}
	next = have->next;
	*have = *node_copy(o->source->region, option);
	have->key = key;
	have->next = next;
	return true;
}

/* The item that an add makes: its name first, unless it is called after its address. */
static struct node *overlay_make(const struct overlay *o, const struct overlay_change *c)
{
	struct node *item = overlay_new(o, NODE_MAP, (struct view){ 0 }, c->place);
	const struct node *address = node_get(c->with, "address");
	struct view name = c->at[c->at_n - 1];

	if (!node_get(c->with, "name") && !(address && view_eq(address->text, name))) {
		struct node *n = overlay_new(o, NODE_SCALAR, VIEW("name"), c->place);

		n->text = name;
		node_append(item, n);
	}
	for (const struct node *n = c->with->first; n; n = n->next)
		(void)overlay_set_one(o, item, n);
	return item;
}

static bool overlay_says_the_same(const struct overlay *o, struct node *item,
				  const struct node *made)
{
	overlay_unfold(o, item);
	return node_is_same(item, made);
}

static void overlay_add(struct overlay *o, struct overlay_change *c,
			const struct overlay_spot *spot)
{
	struct node *item = overlay_make(o, c);
	const struct node *before = NULL;

	if (spot->item && !c->is_new && overlay_says_the_same(o, spot->item, item)) {
		c->is_void = true;
		return;
	}
	if (spot->item) {
		diag_error(o->source->diag, c->place, "there is one already, at %.*s%s",
			   DIAG_VIEW(diag_place(o->source->diag, spot->item->at)),
			   c->is_new ? ""
				     : ": `sluis changes drop` with this path leaves it to the "
				       "files");
		return;
	}
	if (c->before.n)
		before = overlay_item(spot->list, c->before);
	if (c->before.n && !before && c->is_new)
		diag_error(o->source->diag, c->place, "there is no \"%.*s\" to put it in front of",
			   DIAG_VIEW(c->before));
	node_insert(spot->list, item, before);
}

static void overlay_set(struct overlay *o, struct overlay_change *c,
			const struct overlay_spot *spot)
{
	bool is_change = false;

	overlay_unfold(o, spot->item);
	is_change = overlay_unset_do(o, c, spot->item);
	for (const struct node *n = c->with ? c->with->first : NULL; n; n = n->next)
		is_change |= overlay_set_one(o, spot->item, n);
	c->is_void = !is_change;
}

static void overlay_missing(const struct overlay *o, const struct overlay_change *c)
{
	diag_error(o->source->diag, c->place, "%s",
		   c->is_new
			   ? "there is none of that name"
			   : "the files have none of that name any more: `sluis changes drop` with "
			     "this path forgets the change");
}

static void overlay_do(struct overlay *o, struct node *root, struct overlay_change *c)
{
	struct overlay_spot spot = { 0 };
	bool has_list = overlay_go(o, root, c, &spot), is_there = has_list && spot.item;

	if (c->act == OVERLAY_ADD && has_list) {
		overlay_add(o, c, &spot);
	} else if (c->act == OVERLAY_REPLACE && has_list) {
		node_insert(spot.list, overlay_make(o, c), spot.item);
		if (spot.item)
			node_remove(spot.list, spot.item);
	} else if (c->act == OVERLAY_SET && is_there) {
		overlay_set(o, c, &spot);
	} else if (c->act == OVERLAY_REMOVE && is_there) {
		node_remove(spot.list, spot.item);
	} else if (c->act == OVERLAY_REMOVE && !c->is_new) {
		c->is_void = true;
	} else {
		overlay_missing(o, c);
	}
}

void overlay_apply(struct overlay *o, struct node *root)
{
	for (struct overlay_change *c = o->first; c; c = c->next)
		overlay_do(o, root, c);
}
