/*
 * Run-time changes: what `sluis server`, `backend`, `route` and `certificate` say, kept as a list
 * of changes on top of the files, in the same words as the files.
 *
 *   - {at: [backends, web, servers, b], do: set, with: {weight: 5, slow.start: 1s}}
 *   - {at: [routes, shop], do: set, with: {backends: [{name: a}]}, without: [backend]}
 *   - {at: [backends, web, servers, c], do: add, with: {address: "10.0.0.13:8080"}, before: b}
 *   - {at: [backends, old], do: remove}
 *   - {at: [backends, web], do: drop}
 *
 * `at` walks from the top: a list of the configuration, the name of an item, a list of the item,
 * and so on. `set` gives options new values ("health.path": one inside a map), and takes those of
 * `without` out first; `drop` takes changes at or below a place back. The list is applied in its
 * order, and kept short: at most one change per place, none below a place that is removed.
 */
#ifndef CONF_OVERLAY_H
#define CONF_OVERLAY_H

#include "conf/source.h"

enum { OVERLAY_DEPTH = 4, OVERLAY_CHANGES = 4096 };

enum overlay_act {
	OVERLAY_ADD = 1,
	OVERLAY_SET,
	OVERLAY_REMOVE,
	OVERLAY_REPLACE, /* removed, then added: takes the place of the files' item */
	OVERLAY_DROP	 /* in an edit only */
};

struct overlay_change {
	struct overlay_change *next;
	struct view at[OVERLAY_DEPTH];
	struct view path;     /* for people: "backends/web/servers/b" */
	struct view before;   /* OVERLAY_ADD: in front of this item; empty: at the end */
	struct node *with;    /* NODE_MAP; NULL: nothing */
	struct node *without; /* OVERLAY_SET: NODE_LIST of names of options; NULL: none */
	struct place place;   /* of the change as such */
	uint8_t at_n;
	uint8_t act;  /* enum overlay_act */
	bool is_new;  /* asked for this time: its item must be there, or not, as it says */
	bool is_void; /* the files say the same by now: it is left out from now on */
};

struct overlay {
	struct source *source; /* its region and diag are used */
	uint16_t file;	       /* of diag: the run-time changes */
	bool has_file;
	struct overlay_change *first;
	uint32_t n;
};

/* overlay_read - the changes of a text are added to o's, each as is_new says. False: told */
bool overlay_read(struct overlay *o, struct view text, bool is_new);

/* overlay_apply - carries the changes out on the tree of a configuration; what is wrong is told by
 * the place of the change. The tree then holds nodes of o */
void overlay_apply(struct overlay *o, struct node *root);

/* overlay_put - the changes as a text; void ones are left out. E_LIMIT */
enum err overlay_put(const struct overlay *o, struct wbuf *w);

#endif
