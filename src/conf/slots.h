/*
 * Slots: the places in shared pages that servers and listeners keep over reloads.
 *
 * A slot stays with its name as long as the name stays; a new name gets one that the image before
 * did not use, so that whoever still works by that image meets no stranger in it.
 */
#ifndef CONF_SLOTS_H
#define CONF_SLOTS_H

#include "conf/names.h"

struct slots {
	struct names before; /* key to slot, in the image before */
	uint8_t *state;	     /* per slot: enum slots_state */
	uint32_t cap;	     /* slots there are */
	uint32_t next;	     /* where the search for a free one goes on */
};

enum slots_state { SLOTS_FREE, SLOTS_BEFORE /* the image before has it */, SLOTS_TAKEN };

void slots_init(struct slots *s, struct arena *region, uint32_t cap);

/* slots_had - the image before has key in slot; key stays borrowed */
void slots_had(struct slots *s, struct view key, uint32_t slot);

/* slots_keep - the slot that key had and now has again; NAMES_NONE: it had none */
uint32_t slots_keep(struct slots *s, struct view key);

/* slots_take - a slot for something new, after all slots_keep; NAMES_NONE: none is left */
uint32_t slots_take(struct slots *s);

#endif
